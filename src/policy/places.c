// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The parts of a policy that can decide something, for counting which of them ever did.
#include "policy/policy_internal.h"

#include <stdio.h>

struct teller {
    const struct policy *policy;
    void (*callback)(void *argument, const struct policy_place *place);
    void *argument;
};

struct json_position policy_position(const struct policy *policy, size_t offset)
{
    return json_position(policy->doc.text, offset);
}

static void tell(const struct teller *t, struct slice pointer, uint32_t node)
{
    const struct policy_place place = {pointer, json_at(&t->policy->doc, node)->start};
    t->callback(t->argument, &place);
}

static void tell_predicates(const struct teller *t, const struct predicates *predicates)
{
    for (size_t i = 0; i < predicates->count; i++)
        tell(t, predicates->items[i].pointer, predicates->items[i].node);
}

static void tell_results(const struct teller *t, const struct results *results)
{
    char pointer[1024 + 32];
    if (results->has_max) {
        int length =
            snprintf(pointer, sizeof pointer, "%.*s/max_bytes",
                     (int)(results->pointer.length < 1000 ? results->pointer.length : 1000),
                     results->pointer.data);
        tell(t, slice_of(pointer, (size_t)length), results->node);
    }
    tell_predicates(t, &results->deny_if);
    uint32_t list = results->redactor_count == 0
                        ? JSON_NONE
                        : json_get(&t->policy->doc, results->node, "redact");
    uint32_t item = list == JSON_NONE ? JSON_NONE : json_first_element(&t->policy->doc, list);
    for (size_t i = 0; item != JSON_NONE; i++) {
        int length =
            snprintf(pointer, sizeof pointer, "%.*s/redact/%zu",
                     (int)(results->pointer.length < 1000 ? results->pointer.length : 1000),
                     results->pointer.data, i);
        tell(t, slice_of(pointer, (size_t)length), item);
        item = json_next_element(&t->policy->doc, list, item);
    }
}

static void tell_rule(const struct teller *t, const struct rule *rule)
{
    tell_predicates(t, &rule->require);
    tell_predicates(t, &rule->deny_if);
    tell_predicates(t, &rule->approve_if);
    for (size_t i = 0; i < rule->limits.count; i++)
        tell(t, rule->limits.items[i].charge.rule, rule->limits.items[i].node);
    tell_results(t, &rule->results);
}

static void tell_section(const struct teller *t, const struct section *section)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct rule *rule = &section->entries[i].rule;
        bool acts = rule->action != ACTION_ALLOW || rule->tried != ACTION_ALLOW;
        tell(t, acts ? rule->action_pointer : rule->pointer, section->entries[i].selector.node);
        tell_rule(t, rule);
    }
}

static void tell_hide(const struct teller *t)
{
    char pointer[40];
    for (size_t i = 0; i < t->policy->hide.count; i++) {
        int length = snprintf(pointer, sizeof pointer, "/hide/%zu", i);
        tell(t, slice_of(pointer, (size_t)length), t->policy->hide.items[i].node);
    }
}

static void tell_runaway(const struct teller *t)
{
    static const char *const parts[] = {"identical_calls", "denials_in_a_row"};
    const struct json_doc *doc = &t->policy->doc;
    uint32_t node = json_get(doc, 0, "runaway");
    for (size_t i = 0; i < 2 && node != JSON_NONE; i++) {
        uint32_t part = json_get(doc, node, parts[i]);
        if (part != JSON_NONE)
            tell(t,
                 i == 0 ? SLICE_LITERAL("/runaway/identical_calls")
                        : SLICE_LITERAL("/runaway/denials_in_a_row"),
                 part);
    }
}

static void tell_default(const struct teller *t, const char *pointer, const char *section)
{
    const struct json_doc *doc = &t->policy->doc;
    uint32_t node = section == NULL ? 0 : json_get(doc, 0, section);
    node = node == JSON_NONE ? node : json_get(doc, node, "default");
    if (node != JSON_NONE)
        tell(t, slice_from_string(pointer), node);
}

void policy_places(const struct policy *policy,
                   void (*callback)(void *argument, const struct policy_place *place),
                   void *argument)
{
    const struct teller t = {policy, callback, argument};
    tell_hide(&t);
    tell_rule(&t, &policy->all_tools);
    tell_section(&t, &policy->tools);
    tell_section(&t, &policy->resources);
    tell_section(&t, &policy->prompts);
    for (size_t i = 0; i < policy->method_count; i++)
        tell(&t, policy->methods[i].pointer, policy->methods[i].node);
    tell_results(&t, &policy->results);
    tell_runaway(&t);
    tell_default(&t, "/default", NULL);
    tell_default(&t, "/resources/default", "resources");
    tell_default(&t, "/prompts/default", "prompts");
}
