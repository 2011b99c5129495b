// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The steps of a decision for programs: a JSON array, in the order in which they were taken.
#include "policy/policy_internal.h"

enum { VALUES_MAX = 8, VALUE_MOST = 1000, START_SHOWN = 200 };

// The next element of whatever array is open.
static void next(struct buffer *out)
{
    struct slice text = buffer_slice(out);
    char last = text.length == 0 ? '[' : text.data[text.length - 1];
    buffer_append_string(out, last == '[' ? "{" : ",{");
}

static void put(struct buffer *out, const char *name, struct slice value)
{
    buffer_append_format(out, "\"%s\":", name);
    json_write_string(out, value);
}

void step_runaway(struct decision *d, const struct policy_runaway *runaway)
{
    next(d->steps);
    buffer_append_format(
        d->steps,
        "\"step\":\"runaway\",\"identicalMax\":%lld,\"windowMs\":%lld,\"denialsMax\":%lld}",
        (long long)runaway->identical_max, (long long)runaway->window_ms,
        (long long)runaway->denials);
}

void step_hide(struct decision *d, const struct selector *hider)
{
    next(d->steps);
    buffer_append_string(d->steps, "\"step\":\"hide\",\"selector\":");
    if (hider == NULL)
        buffer_append_string(d->steps, "null");
    else
        json_write_string(d->steps, hider->text);
    buffer_append_string(d->steps, "}");
}

static void put_entry(struct buffer *out, const struct entry *entry)
{
    if (entry == NULL) {
        buffer_append_string(out, "null");
        return;
    }
    buffer_append_string(out, "{");
    put(out, "rule", entry->rule.pointer);
    buffer_append_format(out, ",\"by\":\"%s\",\"observes\":%s}",
                         selector_kind_name(entry->selector.kind),
                         entry->rule.observe ? "true" : "false");
}

void step_selection(struct decision *d, const struct section *section,
                    const struct selection *selection)
{
    struct buffer *out = d->steps;
    size_t shown = 0;
    next(out);
    buffer_append_string(out, "\"step\":\"select\",\"entry\":");
    put_entry(out, selection->entry);
    buffer_append_string(out, ",\"rival\":");
    put_entry(out, selection->rival);
    buffer_append_string(out, ",\"others\":[");
    for (size_t i = 0; i < section->count && shown < VALUES_MAX; i++) {
        const struct entry *entry = &section->entries[i];
        if (entry == selection->entry || entry == selection->rival ||
            !selector_matches(&entry->selector, d->call))
            continue;
        buffer_append_string(out, shown++ == 0 ? "" : ",");
        put_entry(out, entry);
    }
    buffer_append_string(out, "]}");
}

// "require" of "/tools/x/require/0".
static struct slice list_of(struct slice pointer)
{
    size_t end = pointer.length;
    while (end > 0 && pointer.data[end - 1] != '/')
        end--;
    size_t start = end == 0 ? 0 : end - 1;
    while (start > 0 && pointer.data[start - 1] != '/')
        start--;
    return end == 0 ? pointer : slice_of(pointer.data + start, end - 1 - start);
}

void step_predicate(struct decision *d, const struct predicate *predicate)
{
    next(d->steps);
    put(d->steps, "step", list_of(predicate->pointer));
    buffer_append_string(d->steps, ",");
    put(d->steps, "rule", predicate->pointer);
    buffer_append_string(d->steps, ",");
    put(d->steps, "id", predicate->id);
    buffer_append_format(d->steps, ",\"observes\":%s,\"conditions\":[",
                         predicate->observe ? "true" : "false");
}

static const char *word_of(enum result result)
{
    switch (result) {
    case RESULT_YES: return "yes";
    case RESULT_NO: return "no";
    case RESULT_UNKNOWN: return "unknown";
    case RESULT_TROUBLE: break;
    }
    return "cannot be judged";
}

void step_held(struct decision *d, enum result result)
{
    buffer_append_format(d->steps, "],\"holds\":\"%s\"}", word_of(result));
}

// ---- Values that were looked at

struct shower {
    struct decision *d;
    size_t count;
};

static void put_raw(struct buffer *out, struct slice raw)
{
    size_t length = START_SHOWN;
    if (raw.length <= VALUE_MOST) {
        buffer_append_string(out, "{\"value\":");
        buffer_append(out, raw);
    } else {
        while (length > 0 && ((unsigned char)raw.data[length] & 0xC0) == 0x80)
            length--;
        buffer_append_string(out, "{\"start\":");
        json_write_string(out, slice_of(raw.data, length));
    }
    buffer_append_string(out, "}");
}

static void put_tags(struct buffer *out, const struct policy_call *call)
{
    buffer_append_string(out, "{\"value\":[");
    for (size_t i = 0; i < call->grant_tag_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, call->grant_tags[i]);
    }
    buffer_append_string(out, "]}");
}

static void show_value(void *argument, const struct value *value)
{
    struct shower *s = argument;
    struct buffer *out = s->d->steps;
    if (s->count++ >= VALUES_MAX)
        return;
    buffer_append_string(out, s->count == 1 ? "" : ",");
    switch (value->kind) {
    case VALUE_NODE: put_raw(out, json_raw(value->doc, value->node)); break;
    case VALUE_TEXT:
        buffer_append_string(out, "{");
        put(out, "value", value->text);
        buffer_append_string(out, "}");
        break;
    case VALUE_NUMBER:
        buffer_append_string(out, "{\"value\":");
        buffer_append_number(out, value->number);
        buffer_append_string(out, "}");
        break;
    case VALUE_TAGS: put_tags(out, s->d->call); break;
    case VALUE_MISSING: buffer_append_string(out, "{\"missing\":true}"); break;
    default: buffer_append_string(out, "{\"readable\":false}");
    }
}

void step_condition(struct decision *d, const struct condition *condition, enum result result)
{
    struct buffer *out = d->steps;
    struct slice kept = d->trouble; // walking the path a second time
    struct shower s = {.d = d};
    next(out);
    put(out, "path", condition->path.text);
    buffer_append_format(out, ",\"op\":\"%s\",\"value\":", condition_op_name(condition->op));
    struct slice value = condition->value == JSON_NONE
                             ? SLICE_LITERAL("true")
                             : json_raw(&d->policy->doc, condition->value);
    buffer_append(out, value.length > VALUE_MOST ? SLICE_LITERAL("null") : value);
    buffer_append_string(out, ",\"found\":[");
    path_walk(d, &condition->path, show_value, &s);
    d->trouble = kept;
    buffer_append_format(out, "],\"foundCount\":%zu,\"holds\":\"%s\"", s.count, word_of(result));
    if (result == RESULT_TROUBLE) {
        buffer_append_string(out, ",");
        put(out, "trouble", d->trouble);
    }
    buffer_append_string(out, "}");
}

// ---- Limits, and what only observes

const char *policy_scope_name(enum policy_scope scope)
{
    static const char *const names[] = {[POLICY_SCOPE_GRANT] = "grant",
                                        [POLICY_SCOPE_SESSION] = "session",
                                        [POLICY_SCOPE_SERVER] = "server",
                                        [POLICY_SCOPE_ORGANISATION] = "organisation"};
    return names[scope];
}

// The members of a charge, behind the brace.
static void put_charge(struct buffer *out, const struct policy_charge *charge, bool observes)
{
    char amount[DECIMAL_TEXT_SIZE], max[DECIMAL_TEXT_SIZE];
    decimal_format(charge->amount, amount);
    decimal_format(charge->max, max);
    put(out, "rule", charge->rule);
    buffer_append_string(out, ",");
    put(out, "counter", charge->counter);
    buffer_append_format(
        out, ",\"scope\":\"%s\",\"amount\":%s,\"max\":%s,\"windowMs\":%lld,\"observes\":%s}",
        policy_scope_name(charge->scope), amount, max, (long long)charge->window_ms,
        observes ? "true" : "false");
}

void step_charge(struct decision *d, const struct limit *limit, const struct policy_charge *charge)
{
    next(d->steps);
    buffer_append_string(d->steps, "\"step\":\"limit\",");
    put_charge(d->steps, charge, limit->observe);
}

void step_observed(struct decision *d, enum policy_outcome outcome, struct slice rule)
{
    next(d->steps);
    buffer_append_format(d->steps, "\"step\":\"observed\",\"would\":\"%s\",",
                         outcome == POLICY_ASK ? "ask" : "deny");
    put(d->steps, "rule", rule);
    buffer_append_string(d->steps, "}");
}

// ---- The verdict

static const char *outcome_name(enum policy_outcome outcome)
{
    return outcome == POLICY_ALLOW ? "allowed" : outcome == POLICY_ASK ? "approval" : "denied";
}

static void put_observed(struct buffer *out, const struct policy_observation *observed)
{
    buffer_append_string(out, ",\"observed\":");
    if (!observed->noted) {
        buffer_append_string(out, "null");
        return;
    }
    buffer_append_format(out, "{\"outcome\":\"%s\",\"hidden\":%s,", outcome_name(observed->outcome),
                         observed->hidden ? "true" : "false");
    put(out, "rule", observed->rule);
    buffer_append_string(out, ",");
    put(out, "reason", observed->reason);
    buffer_append_string(out, "}");
}

static void put_charges(struct buffer *out, const struct policy_verdict *verdict)
{
    buffer_append_string(out, ",\"charges\":[");
    for (size_t i = 0; i < verdict->charge_count + verdict->watched_count; i++) {
        next(out);
        put_charge(out, &verdict->charges[i], i >= verdict->charge_count);
    }
    buffer_append_string(out, "]");
}

void policy_explanation_json(const struct policy *policy, const struct policy_verdict *verdict,
                             struct slice steps, struct slice text, struct buffer *out)
{
    struct slice none = SLICE_LITERAL("");
    buffer_append_format(out, "\"outcome\":\"%s\",\"hidden\":%s,", outcome_name(verdict->outcome),
                         verdict->hidden ? "true" : "false");
    put(out, "rule", verdict->rule);
    buffer_append_string(out, ",");
    put(out, "reason", verdict->reason);
    buffer_append_string(out, ",");
    put(out, "policy", policy == NULL ? none : policy_name(policy));
    buffer_append_string(out, ",");
    put(out, "version", policy == NULL ? none : policy_version(policy));
    put_observed(out, &verdict->observed);
    put_charges(out, verdict);
    buffer_append_string(out, ",\"steps\":");
    buffer_append(out, steps);
    buffer_append_string(out, ",");
    put(out, "text", text);
}
