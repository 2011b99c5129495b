// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The lines that policy_explain writes for one condition: what was asked and what was found.
#include "policy/policy_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_MAX = 80, VALUES_MAX = 4 };

void trace(struct decision *d, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_append_string(d->trace, text);
}

// Raw JSON cut to a readable length, never inside a character.
static void show_raw(struct buffer *out, struct slice raw)
{
    size_t length = raw.length;
    if (length > SHOWN_MAX) {
        length = SHOWN_MAX;
        while (length > 0 && ((unsigned char)raw.data[length] & 0xC0) == 0x80)
            length--;
    }
    buffer_append(out, slice_of(raw.data, length));
    if (length < raw.length)
        buffer_append_string(out, "...");
}

struct shower {
    struct decision *d;
    size_t count;
};

static void show_value(void *argument, const struct value *value)
{
    struct shower *s = argument;
    struct buffer *out = s->d->trace;
    if (s->count++ >= VALUES_MAX) {
        if (s->count == VALUES_MAX + 2)
            buffer_append_string(out, ", ...");
        return;
    }
    if (s->count > 1)
        buffer_append_string(out, ", ");
    switch (value->kind) {
    case VALUE_MISSING: buffer_append_string(out, "missing"); break;
    case VALUE_TROUBLE: buffer_append_string(out, "not readable"); break;
    case VALUE_UNKNOWN: buffer_append_string(out, "not known"); break;
    case VALUE_NODE: show_raw(out, json_raw(value->doc, value->node)); break;
    case VALUE_TEXT: json_write_string(out, value->text); break;
    case VALUE_NUMBER: buffer_append_number(out, value->number); break;
    case VALUE_TAGS:
        for (size_t i = 0; i < s->d->call->grant_tag_count; i++) {
            buffer_append_string(out, i == 0 ? "[" : ",");
            json_write_string(out, s->d->call->grant_tags[i]);
        }
        buffer_append_string(out, s->d->call->grant_tag_count == 0 ? "[]" : "]");
        break;
    }
}

static const char *const operator_names[] = {
    [OP_EQ] = "eq",
    [OP_NEQ] = "neq",
    [OP_IN] = "in",
    [OP_NOT_IN] = "not_in",
    [OP_LT] = "lt",
    [OP_LTE] = "lte",
    [OP_GT] = "gt",
    [OP_GTE] = "gte",
    [OP_EXISTS] = "exists",
    [OP_CONTAINS] = "contains",
    [OP_NOT_CONTAINS] = "not_contains",
    [OP_STARTS_WITH] = "starts_with",
    [OP_ENDS_WITH] = "ends_with",
    [OP_REGEX] = "regex",
    [OP_NOT_REGEX] = "not_regex",
    [OP_LENGTH_LT] = "length_lt",
    [OP_LENGTH_LTE] = "length_lte",
    [OP_LENGTH_GT] = "length_gt",
    [OP_LENGTH_GTE] = "length_gte",
    [OP_WITHIN_PATH] = "within_path",
    [OP_URL_HOST_IN] = "url_host_in",
    [OP_CIDR_IN] = "cidr_in",
};

const char *condition_op_name(enum condition_op op)
{
    return operator_names[op];
}

void trace_condition(struct decision *d, const struct condition *condition, enum result result)
{
    struct buffer *out = d->trace;
    trace(d, "  %.*s %s ", SLICE_PRINT(condition->path.text), operator_names[condition->op]);
    if (condition->value != JSON_NONE)
        show_raw(out, json_raw(&d->policy->doc, condition->value));
    else
        buffer_append_string(out, "true");
    buffer_append_string(out, "; found ");
    struct slice kept = d->trouble; // showing the values walks the path a second time
    struct shower s = {.d = d};
    path_walk(d, &condition->path, show_value, &s);
    d->trouble = kept;
    buffer_append_string(out, result == RESULT_YES       ? ": yes\n"
                              : result == RESULT_NO      ? ": no\n"
                              : result == RESULT_UNKNOWN ? ": not known\n"
                                                         : ": cannot be judged\n");
    if (d->steps != NULL)
        step_condition(d, condition, result);
}

// ---- Which entry applies

void trace_hide(struct decision *d, const struct selector *hider)
{
    if (hider == NULL)
        trace(d, "hide: no selector matches\n");
    else
        trace(d, "hide: matched by '%.*s'\n", SLICE_PRINT(hider->text));
    if (d->steps != NULL)
        step_hide(d, hider);
}

const char *selector_kind_name(enum selector_kind kind)
{
    static const char *const names[] = {[SELECTOR_EXACT] = "exact name",
                                        [SELECTOR_GLOB] = "pattern",
                                        [SELECTOR_CATEGORY] = "category",
                                        [SELECTOR_ANY] = "everything"};
    return names[kind];
}

bool selector_matches(const struct selector *selector, const struct policy_call *call)
{
    switch (selector->kind) {
    case SELECTOR_EXACT: return slice_equal(selector->text, call->name);
    case SELECTOR_GLOB: return glob_matches(selector->text, call->name);
    case SELECTOR_CATEGORY: return selector->category == call->category;
    case SELECTOR_ANY: return true;
    }
    return false;
}

// The others that match are named too, up to a few.
void trace_selection(struct decision *d, const struct section *section,
                     const struct selection *selection)
{
    const struct entry *chosen = selection->entry;
    if (chosen == NULL)
        trace(d, "selected by: (no such entry)\n");
    else
        trace(d, "selected by: %.*s (%s)\n", SLICE_PRINT(chosen->rule.pointer),
              selector_kind_name(chosen->selector.kind));
    if (selection->rival != NULL)
        trace(d, "  and by %.*s, which is as specific\n",
              SLICE_PRINT(selection->rival->rule.pointer));
    for (size_t i = 0, shown = 0; i < section->count && shown < VALUES_MAX; i++) {
        const struct entry *entry = &section->entries[i];
        if (entry == chosen || entry == selection->rival ||
            !selector_matches(&entry->selector, d->call))
            continue;
        shown++;
        trace(d, "  %.*s is less specific\n", SLICE_PRINT(entry->rule.pointer));
    }
    if (d->steps != NULL)
        step_selection(d, section, selection);
}

// ---- Predicates, limits, what only observes

void trace_predicate(struct decision *d, const struct predicate *predicate)
{
    trace(d, "%.*s%s%.*s%s\n", SLICE_PRINT(predicate->pointer),
          predicate->id.length > 0 ? " [" : "", SLICE_PRINT(predicate->id),
          predicate->id.length > 0 ? "]" : "");
    if (d->steps != NULL)
        step_predicate(d, predicate);
}

void trace_held(struct decision *d, enum result result)
{
    trace(d, "  -> %s\n",
          result == RESULT_YES       ? "holds"
          : result == RESULT_NO      ? "does not hold"
          : result == RESULT_UNKNOWN ? "is not known"
                                     : "cannot be judged: the call is denied");
    if (d->steps != NULL)
        step_held(d, result);
}

void trace_charge(struct decision *d, const struct limit *limit, const struct policy_charge *charge)
{
    char amount[DECIMAL_TEXT_SIZE], max[DECIMAL_TEXT_SIZE];
    decimal_format(charge->amount, amount);
    decimal_format(charge->max, max);
    trace(d, "%.*s\n  charges %s of at most %s%s\n", SLICE_PRINT(charge->rule), amount, max,
          limit->observe ? ", and only observes" : "");
    if (d->steps != NULL)
        step_charge(d, limit, charge);
}

void trace_observed(struct decision *d, enum policy_outcome outcome, struct slice rule)
{
    trace(d, "  observed only: the call would have been %s here\n",
          outcome == POLICY_ASK ? "put to a person" : "denied");
    if (d->steps != NULL)
        step_observed(d, outcome, rule);
}

// What comes before the policy is asked.
static void trace_runaway(struct decision *d, const struct policy_runaway *runaway)
{
    char window[WINDOW_WORDS];
    trace(d, "runaway: the grant is paused");
    if (runaway->identical_max > 0) {
        words_window(runaway->window_ms, false, window);
        trace(d, " after more than %lld identical calls per %s", (long long)runaway->identical_max,
              window);
    }
    if (runaway->denials > 0)
        trace(d, "%s after %lld denials in a row", runaway->identical_max > 0 ? ", or" : "",
              (long long)runaway->denials);
    trace(d, "\n");
    if (d->steps != NULL)
        step_runaway(d, runaway);
}

// ---- The whole

static const char *outcome_text(const struct policy_verdict *verdict)
{
    switch (verdict->outcome) {
    case POLICY_ALLOW: return "allowed";
    case POLICY_ASK: return "a person must approve";
    case POLICY_DENY: break;
    }
    return verdict->hidden ? "denied, as if the name did not exist" : "denied";
}

void policy_explain(const struct policy *policy, const struct policy_call *call,
                    struct arena *arena, struct policy_verdict *ret, struct buffer *out,
                    struct buffer *steps)
{
    static const char *const subjects[] = {"tool", "resource", "prompt", "method"};
    struct decision d = {.policy = policy,
                         .call = call,
                         .arena = arena,
                         .verdict = ret,
                         .trace = out,
                         .steps = steps};
    if (steps != NULL)
        buffer_append_string(steps, "[");
    trace(&d, "%s '%.*s'", subjects[call->subject], SLICE_PRINT(decide_shown(call->name)));
    if (call->subject == POLICY_TOOL)
        trace(&d, " (%s)", catalogue_category_name(call->category));
    trace(&d, "\n");
    if (policy != NULL && policy->runaway.set && call->subject == POLICY_TOOL)
        trace_runaway(&d, &policy->runaway);
    decide_judge(&d);
    if (steps != NULL)
        buffer_append_string(steps, "]");
    trace(&d, "=> %s by %.*s\n", outcome_text(ret), SLICE_PRINT(ret->rule));
    if (ret->reason.length > 0)
        trace(&d, "   %.*s\n", SLICE_PRINT(ret->reason));
    if (ret->observed.noted)
        trace(&d, "   observed: would have been %s by %.*s\n",
              ret->observed.outcome == POLICY_ASK ? "put to a person" : "denied",
              SLICE_PRINT(ret->observed.rule));
}
