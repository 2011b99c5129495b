// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The draft's verdict on a call of the log, with what the log does not tell as gaps.
#include "rehearse/rehearse_internal.h"

// ---- The arguments: their values where the log has them, else their names

enum veil { VEIL_NONE, VEIL_PARTS, VEIL_ALL };
struct veils {
    enum veil veil;
    bool more; // there were more arguments than are named
};

static bool ends_with(struct slice text, const char *end)
{
    size_t length = strlen(end);
    return text.length >= length && memcmp(text.data + text.length - length, end, length) == 0;
}

bool rehearse_may_be_masked(struct slice raw)
{
    struct slice text = slice_of(raw.data + 1, raw.length - 2);
    static const struct slice left_out = {"[left out: ", 11}, redacted = {"[redacted]", 10};
    if (text.length == 0)
        return false;
    return *text.data == '{' || *text.data == '[' || ends_with(text, " bytes in all]") ||
           slice_starts_with(text, left_out) ||
           memmem(text.data, text.length, redacted.data, redacted.length) != NULL ||
           memmem(text.data, text.length, "\xEF\xBF\xBD", 3) != NULL;
}

static bool is_doubtful(void *argument, const struct json_doc *doc, uint32_t node)
{
    const struct veils *veils = argument;
    if (node == 0)
        return veils->more;
    if (json_at(doc, node)->is_key)
        return false;
    if (veils->veil == VEIL_ALL)
        return true;
    return veils->veil == VEIL_PARTS && json_type(doc, node) == JSON_STRING &&
           rehearse_may_be_masked(json_raw(doc, node));
}

static bool is_named(const struct json_doc *doc, struct slice key)
{
    for (uint32_t at = json_first_key(doc, 0); at != JSON_NONE; at = json_next_key(doc, 0, at))
        if (slice_equal(json_raw(doc, at), key))
            return true;
    return false;
}

// Every name in `keys` that the object does not have yet, with a value that says nothing.
static void add_names(struct rehearse *r, struct slice keys, bool first)
{
    if (keys.data == NULL || json_scan(&r->text, keys, NULL, NULL, NULL) != 0 ||
        json_type(&r->text, 0) != JSON_ARRAY)
        return;
    for (uint32_t key = json_first_element(&r->text, 0); key != JSON_NONE;
         key = json_next_element(&r->text, 0, key)) {
        struct slice raw = json_raw(&r->text, key);
        if (json_type(&r->text, key) != JSON_STRING || (!first && is_named(&r->doc, raw)))
            continue;
        if (r->merged.length > 1)
            buffer_append_string(&r->merged, ",");
        buffer_append(&r->merged, raw);
        buffer_append_string(&r->merged, ":\"[redacted]\"");
    }
}

// False: there are none, or nothing is known of them.
static bool read_arguments(struct rehearse *r, const struct rehearse_row *row, struct veils *ret)
{
    static const struct json_limits limits = {.nodes = 1000000};
    bool values = row->arguments.data != NULL;
    *ret = (struct veils){.veil = values ? VEIL_PARTS : VEIL_ALL, .more = row->keys_total > 0};
    if (!values && row->keys.data == NULL)
        return false;
    if (values && json_scan(&r->doc, row->arguments, &limits, NULL, NULL) != 0)
        values = false;
    ret->veil = values ? ret->veil : VEIL_ALL;
    if (values && row->left_out == 0)
        return true;
    buffer_clear(&r->merged);
    if (values)
        buffer_append(&r->merged, slice_of(row->arguments.data, row->arguments.length - 1));
    else
        buffer_append_string(&r->merged, "{");
    add_names(r, row->keys, !values);
    buffer_append_string(&r->merged, "}");
    // What cannot be read was written by nobody we know: nothing is known of it.
    if (r->merged.failed ||
        json_scan(&r->doc, buffer_slice(&r->merged), &limits, NULL, NULL) != 0) {
        ret->more = json_scan(&r->doc, SLICE_LITERAL("{}"), NULL, NULL, NULL) == 0;
        return ret->more;
    }
    return true;
}

static bool is_cut(struct slice text)
{
    enum { TEXT_MAX = 1024, LAST_CHARACTER = 4 };
    return text.length > TEXT_MAX - LAST_CHARACTER && ends_with(text, "\xE2\x80\xA6");
}

// A name that was cut is not known.
static bool any_cut(struct slice keys)
{
    return keys.data != NULL && memmem(keys.data, keys.length, "\xE2\x80\xA6", 3) != NULL;
}

// ---- The category

static bool same_verdict(const struct policy_verdict *a, const struct policy_verdict *b)
{
    return a->outcome == b->outcome && a->hidden == b->hidden && slice_equal(a->rule, b->rule);
}

static void decide(struct rehearse *r, struct policy_call *call, struct rehearse_verdict *ret,
                   struct policy_verdict *verdict)
{
    policy_decide(r->options.draft, call, &r->scratch, verdict);
    ret->missing = call->gaps->path;
    ret->missing_rule = call->gaps->rule;
    call->gaps->path = call->gaps->rule = (struct slice){0};
}

// Whatever it was: sure when all of them come to the same.
static void decide_any_category(struct rehearse *r, struct policy_call *call,
                                struct rehearse_verdict *ret, struct policy_verdict *verdict)
{
    struct policy_verdict other;
    struct rehearse_verdict gaps = {0};
    call->category = CATALOGUE_UNKNOWN;
    decide(r, call, ret, verdict);
    for (unsigned i = 0; i < CATALOGUE_UNKNOWN; i++) {
        call->category = (enum catalogue_category)i;
        decide(r, call, &gaps, &other);
        if (gaps.missing.length > 0 && ret->missing.length == 0)
            ret->missing = gaps.missing, ret->missing_rule = gaps.missing_rule;
        if (same_verdict(verdict, &other) || ret->missing.length > 0 ||
            (verdict->outcome == POLICY_DENY && other.outcome == POLICY_DENY &&
             verdict->hidden == other.hidden))
            continue;
        ret->missing = SLICE_LITERAL("tool.category");
        ret->missing_rule = other.rule;
    }
}

static void decide_category(struct rehearse *r, const struct rehearse_class *class,
                            struct policy_call *call, struct rehearse_verdict *ret,
                            struct policy_verdict *verdict)
{
    struct rehearse_category found = {CATALOGUE_UNKNOWN, true, INT64_MAX};
    bool known = true;
    if (r->categories && call->subject == POLICY_TOOL)
        known = r->options.category != NULL &&
                r->options.category(r->options.argument, class->organisation, class->server,
                                    class->subject, call->now_ms, &found);
    call->category = found.category;
    ret->until_ms = found.until_ms;
    ret->category_of_today = known && !found.then;
    if (known)
        decide(r, call, ret, verdict);
    else
        decide_any_category(r, call, ret, verdict);
}

// ---- The whole

// Under the very draft the same call came to the same once already: what was decided then tells
// what the log does not.
static void remember(const struct rehearse_class *class, struct rehearse_verdict *ret)
{
    bool by_limit = rehearse_is_limit(class->rule);
    if (ret->missing.length == 0 || !class->same_draft || class->observed)
        return;
    bool denied = (class->was == REHEARSE_DENIED || class->was == REHEARSE_HIDDEN) && !by_limit;
    for (size_t i = 0; i < ret->charge_count + ret->watched_count && !denied; i++)
        if (ret->charges[i].unsure_amount || ret->charges[i].unsure_per)
            return;
    ret->missing = ret->missing_rule = (struct slice){0};
    if (denied) {
        ret->outcome = POLICY_DENY;
        ret->hidden = class->was == REHEARSE_HIDDEN;
        ret->charge_count = ret->watched_count = 0;
        ret->observed = (struct policy_observation){0};
        ret->rule = class->rule;
    } else if (class->was == REHEARSE_ASKED || class->approved) {
        ret->outcome = POLICY_ASK;
        ret->rule = class->rule.length > 0 ? class->rule : ret->rule;
    } else if (class->was == REHEARSE_ALLOWED) {
        ret->outcome = POLICY_ALLOW;
    }
}

void rehearse_judge(struct rehearse *r, const struct rehearse_class *class,
                    const struct rehearse_row *row, const struct rehearse_moment *moment,
                    struct rehearse_verdict *ret, unsigned *ret_read)
{
    struct veils veils;
    struct policy_verdict verdict;
    struct policy_gaps gaps = {
        .session_calls = !moment->session_known, .doubtful = is_doubtful, .argument = &veils};
    struct policy_call call = {.subject = class->judged_as,
                               .name = class->judged_as == POLICY_METHOD ? class->method
                                                                         : class->subject,
                               .args = JSON_NONE,
                               .server = class->server,
                               .grant_label = class->grant,
                               .client_name = class->client,
                               .session_calls = moment->session_calls,
                               .now_ms = moment->at_ms,
                               .gaps = &gaps};
    *ret = (struct rehearse_verdict){0};
    if (read_arguments(r, row, &veils)) {
        veils.more = veils.more || any_cut(row->keys);
        call.doc = &r->doc;
        call.args = 0;
    }
    if (r->traits.tags)
        gaps.tags = r->options.tags == NULL ||
                    !r->options.tags(r->options.argument, class->organisation, class->grant,
                                     &call.grant_tags, &call.grant_tag_count);
    ret->tags_of_today = r->traits.tags && !gaps.tags;
    decide_category(r, class, &call, ret, &verdict);
    ret->outcome = verdict.outcome;
    ret->hidden = verdict.hidden;
    ret->rule = verdict.rule;
    ret->charges = verdict.charges;
    if (verdict.outcome != POLICY_DENY) {
        ret->charge_count = verdict.charge_count;
        ret->watched_count = verdict.watched_count;
        ret->observed = verdict.observed;
    }
    if (is_cut(call.name)) { // by the log: it was longer
        ret->missing = SLICE_LITERAL("tool.name");
        ret->missing_rule = verdict.rule;
    }
    remember(class, ret);
    *ret_read = gaps.read;
}
