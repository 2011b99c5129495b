// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a rule says besides its action: a sentence for each predicate, limit and part of results.
#include "policy/summary_internal.h"

#include <stdio.h>

static void put(struct summary *s, const char *text)
{
    buffer_append_string(&s->text, text);
}

static void put_id(struct summary *s, const struct predicate *predicate)
{
    if (predicate->id.length == 0)
        return;
    buffer_append(&s->text, predicate->id);
    put(s, ": ");
}

// ---- Predicates

struct list_words {
    const char *part, *always, *when;
    enum quantifier quantifier;
};

static void tell_predicates(struct summary *s, const struct predicates *predicates,
                            const struct list_words *words)
{
    for (size_t i = 0; i < predicates->count; i++) {
        const struct predicate *predicate = &predicates->items[i];
        put_id(s, predicate);
        put(s, predicate->count == 0 ? words->always : words->when);
        summary_conditions(s, predicate, words->quantifier);
        put(s, ".");
        summary_quote(s, "The agent is told: ", predicate->on_deny);
        summary_tell(s, predicate->pointer, words->part, predicate->observe);
    }
}

// ---- Limits

static void tell_limit(struct summary *s, const struct limit *limit)
{
    static const char *const scopes[] = {
        [POLICY_SCOPE_GRANT] = " for each grant",
        [POLICY_SCOPE_SESSION] = " for each session",
        [POLICY_SCOPE_SERVER] = " for all grants of the server together",
        [POLICY_SCOPE_ORGANISATION] = " for all grants of the organisation together"};
    const struct policy_charge *charge = &limit->charge;
    char max[DECIMAL_TEXT_SIZE], window[WINDOW_WORDS];
    uint32_t on_deny = json_get(&s->policy->doc, limit->node, "on_deny");
    decimal_format(charge->max, max);
    words_window(charge->window_ms, charge->calendar_month, window);
    buffer_append_format(&s->text, "At most %s ", max);
    if (limit->has_increment)
        buffer_append_format(&s->text, "in sum of %.*s%s", SLICE_PRINT(limit->increment.text),
                             limit->as_number ? " (as a number, also in a text)" : "");
    else
        put(s, decimal_compare(charge->max, decimal_from_integer(1)) == 0 ? "call" : "calls");
    buffer_append_format(&s->text, " per %s%s%s", window,
                         charge->sliding ? "" : " of the clock (UTC)", scopes[charge->scope]);
    if (limit->has_per)
        buffer_append_format(&s->text, " and each %.*s", SLICE_PRINT(limit->per.text));
    put(s, charge->successes_only ? "; what fails does not count." : ".");
    if (on_deny != JSON_NONE)
        summary_quote(s, "The agent is told: ", charge->on_deny);
    summary_tell(s, charge->rule, "limit", limit->observe);
}

// ---- How a person is asked

static void tell_approval(struct summary *s, const struct rule *rule)
{
    const struct approval *approval = &rule->approval;
    if (!approval->given)
        return;
    if (approval->approvers == 1)
        put(s, "Where a person is asked, one must agree");
    else
        buffer_append_format(&s->text, "Where a person is asked, %lld different people must agree",
                             (long long)approval->approvers);
    put(s, "; the call waits for up to ");
    summary_duration(&s->text, approval->wait_ms);
    put(s, ", the question stands for ");
    summary_duration(&s->text, approval->expires_ms);
    put(s, ".");
    summary_tell(s, summary_pointer(s, rule->pointer, "approval"), "approval", rule->observe);
}

// ---- Results

static void put_member(struct summary *s, uint32_t item, const char *name, bool list)
{
    uint32_t node = json_get(&s->policy->doc, item, name);
    if (node != JSON_NONE)
        summary_value(s, node, list);
}

static void put_redactor(struct summary *s, const struct redactor *redactor, uint32_t item)
{
    bool kinds = json_get(&s->policy->doc, item, "kinds") != JSON_NONE;
    switch (redactor->kind) {
    case REDACT_PATH:
        put(s, "Of what comes back, the value at ");
        buffer_append(&s->text, redactor->path.text);
        break;
    case REDACT_REGEX:
        put(s, "In what comes back, text that matches the expression ");
        put_member(s, item, "pattern", false);
        break;
    case REDACT_DETECTED:
        if (redactor->detects == DETECT_SECRET) {
            put(s, "In what comes back, each credential");
        } else {
            put(s, "In what comes back, personal data");
            put(s, kinds ? " of the kind " : "");
            put_member(s, item, "kinds", true);
        }
        break;
    }
    put(s, " is replaced by ");
    json_write_string(&s->text, redactor->with);
    put(s, ".");
}

static void tell_redactors(struct summary *s, const struct results *results)
{
    uint32_t list = json_get(&s->policy->doc, results->node, "redact");
    uint32_t item = list == JSON_NONE ? JSON_NONE : json_first_element(&s->policy->doc, list);
    char name[40];
    for (size_t i = 0; i < results->redactor_count && item != JSON_NONE; i++) {
        put_redactor(s, &results->redactors[i], item);
        snprintf(name, sizeof name, "redact/%zu", i);
        summary_tell(s, summary_pointer(s, results->pointer, name), "results", results->observe);
        item = json_next_element(&s->policy->doc, list, item);
    }
    if (!results->reads_text)
        return;
    put(s, results->binary_allowed
               ? "Images, audio and other binary content pass, though nobody can look into them."
               : "Images, audio and other binary content are withheld, as nobody can look into "
                 "them.");
    summary_tell(s, summary_pointer(s, results->pointer, "binary"), "results", results->observe);
}

void summary_results(struct summary *s, const struct results *results)
{
    static const struct list_words words = {"results", "What comes back is always withheld",
                                            "What comes back is withheld if ", QUANTIFIER_ANY};
    if (!results->given)
        return;
    if (results->has_max) {
        buffer_append_format(&s->text,
                             "What comes back is withheld if it has more than %llu bytes.",
                             (unsigned long long)results->max_bytes);
        summary_tell(s, summary_pointer(s, results->pointer, "max_bytes"), "results",
                     results->observe);
    }
    tell_predicates(s, &results->deny_if, &words);
    tell_redactors(s, results);
}

// ---- All of it

void summary_rule(struct summary *s, const struct rule *rule)
{
    static const struct list_words require = {"require", "Nothing is required", "Denied unless ",
                                              QUANTIFIER_ALL};
    static const struct list_words deny_if = {"deny_if", "Always denied", "Denied if ",
                                              QUANTIFIER_ANY};
    static const struct list_words approve_if = {"approve_if", "A person is always asked",
                                                 "A person is asked if ", QUANTIFIER_ANY};
    tell_predicates(s, &rule->require, &require);
    tell_predicates(s, &rule->deny_if, &deny_if);
    for (size_t i = 0; i < rule->limits.count; i++)
        tell_limit(s, &rule->limits.items[i]);
    tell_predicates(s, &rule->approve_if, &approve_if);
    tell_approval(s, rule);
    summary_results(s, &rule->results);
}
