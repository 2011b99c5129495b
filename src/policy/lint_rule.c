// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One rule: conditions that exclude each other or say nothing, parts that are never reached, and
// parts that only observe.
#include "policy/lint_internal.h"

#include <stdio.h>

enum { QUOTE_SIZE = 200, VALUE_SHOWN = 80 };

struct looked_at {             // a rule, or `all_tools`
    const struct entry *entry; // NULL for `all_tools`
    const struct rule *rule;
    const struct predicates *also; // what `all_tools` requires besides; NULL for itself
};

static void quote(const struct lint *l, const struct condition *condition, char out[QUOTE_SIZE])
{
    struct slice value = condition->value == JSON_NONE
                             ? SLICE_LITERAL("true")
                             : json_raw(&l->policy->doc, condition->value);
    size_t shown = value.length < VALUE_SHOWN ? value.length : VALUE_SHOWN;
    while (shown > 0 && shown < value.length && ((unsigned char)value.data[shown] & 0xC0) == 0x80)
        shown--;
    snprintf(out, QUOTE_SIZE, "%.60s %s %.*s%s", condition->path.text.data,
             condition_op_name(condition->op), (int)shown, value.data,
             shown < value.length ? "..." : "");
}

static struct lint_place place_of(const struct predicate *predicate)
{
    return (struct lint_place){predicate->node, predicate->pointer};
}

static void add_all(struct lint *l, const struct predicate *predicate, struct lint_conditions *ret)
{
    for (size_t i = 0; i < predicate->count; i++)
        if (!predicate->conditions[i].path.each)
            lint_add(l, &predicate->conditions[i], ret);
}

// ---- What is required

static void look_at_requires(struct lint *l, const struct looked_at *at,
                             struct lint_conditions *ret_required)
{
    const struct condition *first = NULL, *second = NULL;
    char a[QUOTE_SIZE], b[QUOTE_SIZE];
    if (at->also != NULL)
        lint_collect(l, at->also, ret_required);
    size_t others = ret_required->count;
    lint_collect(l, &at->rule->require, ret_required);
    if (!lint_never(l, at->entry, ret_required, ret_required->count - others, &first, &second))
        return;
    const struct lint_place place = {first->node, at->rule->pointer};
    quote(l, first, a);
    if (second == NULL) {
        lint_tell(l, POLICY_SERIOUS, "no-call-passes", place, "Correct the condition.",
                  "'%s' is required and can never hold, so every call is denied", a);
        return;
    }
    quote(l, second, b);
    lint_tell(l, POLICY_SERIOUS, "no-call-passes", place, "Correct one of the two conditions.",
              "'%s' and '%s' are both required and exclude each other, so every call is denied", b,
              a);
}

// One that the tool's own name and category, or the clock, always meet.
static void look_for_empty_requires(struct lint *l, const struct looked_at *at)
{
    const struct lint_conditions nothing = {0};
    for (size_t i = 0; i < at->rule->require.count; i++) {
        const struct predicate *predicate = &at->rule->require.items[i];
        bool always = predicate->count > 0;
        for (size_t j = 0; j < predicate->count && always; j++)
            always = lint_follows(l, at->entry, &nothing, &predicate->conditions[j]);
        if (always)
            lint_tell(l, POLICY_DOUBTFUL, "always-holds", place_of(predicate),
                      "Remove it, or correct its conditions.", "every call meets this");
    }
}

// ---- deny_if and approve_if

static bool follows(struct lint *l, const struct looked_at *at,
                    const struct lint_conditions *required, const struct predicate *predicate)
{
    for (size_t i = 0; i < predicate->count; i++)
        if (!lint_follows(l, at->entry, required, &predicate->conditions[i]))
            return false;
    return predicate->count > 0;
}

static void tell_never(struct lint *l, const struct predicate *predicate,
                       const struct condition *first, const struct condition *second, bool alone)
{
    char a[QUOTE_SIZE], b[QUOTE_SIZE];
    quote(l, first, a);
    if (second == NULL) {
        lint_tell(l, POLICY_SERIOUS, "never-holds", place_of(predicate), "Correct the condition.",
                  "'%s' can never hold", a);
        return;
    }
    quote(l, second, b);
    lint_tell(l, POLICY_SERIOUS, "never-holds", place_of(predicate),
              alone ? "Correct one of the two, or make them two predicates: one's conditions must "
                      "all hold."
                    : "Remove it: it is denied before this is looked at.",
              alone ? "'%s' and '%s' exclude each other, so this never holds"
                    : "'%s' is required, so '%s' never holds here",
              b, a);
}

static void look_at_predicate(struct lint *l, const struct looked_at *at,
                              const struct lint_conditions *required,
                              const struct predicate *predicate, bool denies)
{
    const struct condition *first = NULL, *second = NULL;
    struct lint_conditions own = {0}, all = {0};
    add_all(l, predicate, &own);
    if (lint_never(l, at->entry, &own, own.count, &first, &second)) {
        tell_never(l, predicate, first, second, true);
        return;
    }
    for (size_t i = 0; i < required->count; i++)
        lint_add(l, required->items[i], &all);
    add_all(l, predicate, &all);
    if (lint_never(l, at->entry, &all, own.count, &first, &second))
        tell_never(l, predicate, first, second, false);
    else if (follows(l, at, required, predicate))
        lint_tell(l, POLICY_DOUBTFUL, "always-holds", place_of(predicate),
                  "Correct its conditions; \"conditions\": [] says it plainly.",
                  denies ? "this holds for every call that gets here, so every call is denied"
                         : "this holds for every call that gets here, so a person is always asked");
}

// ---- What is never reached

static bool is_unconditional(const struct predicate *predicate)
{
    return predicate->count == 0 && !predicate->observe;
}

static void look_behind(struct lint *l, const struct looked_at *at)
{
    const struct rule *rule = at->rule;
    for (size_t i = 0; i < rule->deny_if.count; i++) {
        size_t behind = rule->deny_if.count - i - 1 + rule->approve_if.count + rule->limits.count +
                        rule->results.given;
        if (!is_unconditional(&rule->deny_if.items[i]))
            continue;
        if (behind > 0)
            lint_tell(l, POLICY_SERIOUS, "unreachable-rule", place_of(&rule->deny_if.items[i]),
                      "Remove what stands behind it, or give this conditions.",
                      "this denies every call; %zu part%s of the rule behind it %s never reached",
                      behind, behind == 1 ? "" : "s", behind == 1 ? "is" : "are");
        return;
    }
}

// A single condition, so that what it catches is plain.
static void look_for_shadow(struct lint *l, const struct looked_at *at,
                            const struct predicates *list, size_t place)
{
    const struct predicate *predicate = &list->items[place];
    struct lint_conditions own = {0};
    add_all(l, predicate, &own);
    for (size_t i = 0; i < place && predicate->count > 0; i++) {
        const struct predicate *before = &list->items[i];
        if (before->observe || before->count == 0 || !follows(l, at, &own, before))
            continue;
        lint_tell(l, POLICY_DOUBTFUL, "shadowed", place_of(predicate),
                  "Remove it, or put the narrower one first.",
                  "whatever this catches is caught by %.200s before", before->pointer.data);
        return;
    }
}

// ---- All of a rule

static void look_at_expressions(struct lint *l, const struct predicates *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < list->items[i].count; j++)
            if (list->items[i].conditions[j].regex != NULL)
                lint_expression(l, &list->items[i].conditions[j], list->items[i].pointer);
}

static void look_at_mode(struct lint *l, const struct rule *rule)
{
    static const char advice[] = "Take \"mode\" away once the log shows what you expect.";
    const struct predicates *lists[] = {&rule->require, &rule->deny_if, &rule->approve_if};
    if (rule->observe) {
        lint_tell(l, POLICY_REMARK, "observes", (struct lint_place){rule->node, rule->pointer},
                  advice, "this rule only observes: it blocks nothing");
        return;
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t j = 0; j < lists[i]->count; j++)
            if (lists[i]->items[j].observe)
                lint_tell(l, POLICY_REMARK, "observes", place_of(&lists[i]->items[j]), advice,
                          "this only observes: it blocks nothing");
    for (size_t i = 0; i < rule->limits.count; i++)
        if (rule->limits.items[i].observe)
            lint_tell(
                l, POLICY_REMARK, "observes",
                (struct lint_place){rule->limits.items[i].node, rule->limits.items[i].charge.rule},
                advice, "this limit only observes: it denies nothing");
}

static void look_at_rule(struct lint *l, const struct looked_at *at)
{
    struct lint_conditions required = {0};
    const struct rule *rule = at->rule;
    look_at_requires(l, at, &required);
    look_for_empty_requires(l, at);
    for (size_t i = 0; i < rule->deny_if.count; i++) {
        look_at_predicate(l, at, &required, &rule->deny_if.items[i], true);
        look_for_shadow(l, at, &rule->deny_if, i);
    }
    for (size_t i = 0; i < rule->approve_if.count; i++)
        look_at_predicate(l, at, &required, &rule->approve_if.items[i], false);
    look_behind(l, at);
    look_at_expressions(l, &rule->require);
    look_at_expressions(l, &rule->deny_if);
    look_at_expressions(l, &rule->approve_if);
    look_at_expressions(l, &rule->results.deny_if);
    look_at_mode(l, rule);
}

void lint_rules(struct lint *l)
{
    const struct policy *policy = l->policy;
    const struct section *sections[] = {&policy->tools, &policy->resources, &policy->prompts};
    look_at_rule(l, &(struct looked_at){NULL, &policy->all_tools, NULL});
    look_at_expressions(l, &policy->results.deny_if);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        for (size_t j = 0; j < sections[i]->count; j++) {
            const struct entry *entry = &sections[i]->entries[j];
            const struct looked_at at = {entry, &entry->rule,
                                         i == 0 ? &policy->all_tools.require : NULL};
            look_at_rule(l, &at);
        }
}
