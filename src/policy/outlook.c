// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a policy says of a tool before there is a call: whether any call can pass, and what holds
// those that do. What depends on arguments, the client, the session or the time stays open.
#include "policy/policy_internal.h"

// NO and YES hold for every call; MAYBE: that depends on the call, or it could not be judged now.
enum prospect { PROSPECT_NO, PROSPECT_YES, PROSPECT_MAYBE };

struct outlook {
    struct decision d;
    const struct section *section;
    struct policy_outlook *ret;
    const struct rule *own, *all;
    bool no_memory; // for what a limit is kept for
};

// Is the same for all calls of this grant and tool, and known.
static bool is_known(const struct outlook *o, const struct path *path)
{
    switch (path->root) {
    case ROOT_TOOL_NAME:
    case ROOT_TOOL_CATEGORY: return true;
    case ROOT_GRANT_LABEL:
    case ROOT_GRANT_TAGS: return o->d.call->grant_label.length > 0;
    default: return false;
    }
}

static void never(struct outlook *o, struct slice rule)
{
    o->ret->reach = POLICY_REACH_NEVER;
    o->ret->rule = rule;
}

// ---- By name

static bool stopped_by_name(struct outlook *o)
{
    const struct policy_call *call = o->d.call;
    const struct policy *policy = o->d.policy;
    struct selection found = section_select(o->section, call->name, call->category);
    if (hide_find(&policy->hide, call->name, call->category) != NULL || found.hidden) {
        o->ret->hidden = true;
        never(o, SLICE_LITERAL("(hidden)"));
    } else if (found.rival != NULL) {
        never(o, SLICE_LITERAL("(ambiguous selectors)"));
    } else if (found.entry == NULL && !o->section->default_allow) {
        never(o, SLICE_LITERAL("(default deny)"));
    } else if (found.entry != NULL && found.entry->rule.action == ACTION_DENY) {
        never(o, found.entry->rule.action_pointer);
    } else if (found.entry != NULL) {
        o->own = &found.entry->rule;
        o->ret->rule = o->own->pointer;
    }
    return o->ret->reach == POLICY_REACH_NEVER;
}

// ---- By predicates

// In order, and the first that does not hold ends it: what stands behind a condition that depends
// on the call may not be looked at.
static enum prospect foresee(struct outlook *o, const struct predicate *predicate,
                             enum quantifier quantifier)
{
    for (size_t i = 0; i < predicate->count; i++) {
        const struct condition *condition = &predicate->conditions[i];
        if (!is_known(o, &condition->path))
            return PROSPECT_MAYBE;
        enum result result = condition_holds(&o->d, condition, quantifier);
        if (result != RESULT_YES)
            return result == RESULT_NO ? PROSPECT_NO : PROSPECT_MAYBE;
    }
    return PROSPECT_YES;
}

static bool stopped_by_require(struct outlook *o, const struct rule *rule)
{
    for (size_t i = 0; i < rule->require.count; i++) {
        if (rule->require.items[i].observe)
            continue;
        enum prospect prospect = foresee(o, &rule->require.items[i], QUANTIFIER_ALL);
        if (prospect == PROSPECT_MAYBE)
            o->ret->reach = POLICY_REACH_DEPENDS;
        else if (prospect != PROSPECT_YES)
            never(o, rule->require.items[i].pointer);
        if (o->ret->reach == POLICY_REACH_NEVER)
            return true;
    }
    return false;
}

static bool stopped_by_deny_if(struct outlook *o, const struct rule *rule)
{
    for (size_t i = 0; i < rule->deny_if.count; i++) {
        if (rule->deny_if.items[i].observe)
            continue;
        enum prospect prospect = foresee(o, &rule->deny_if.items[i], QUANTIFIER_ANY);
        if (prospect == PROSPECT_MAYBE)
            o->ret->reach = POLICY_REACH_DEPENDS;
        else if (prospect != PROSPECT_NO)
            never(o, rule->deny_if.items[i].pointer);
        if (o->ret->reach == POLICY_REACH_NEVER)
            return true;
    }
    return false;
}

// The first that surely asks names the rule, unless the action did.
static void look_for_questions(struct outlook *o, const struct rule *rule, bool *asks)
{
    for (size_t i = 0; i < rule->approve_if.count; i++) {
        const struct predicate *predicate = &rule->approve_if.items[i];
        enum prospect prospect =
            predicate->observe ? PROSPECT_NO : foresee(o, predicate, QUANTIFIER_ANY);
        if (prospect == PROSPECT_NO)
            continue;
        o->ret->may_ask = true;
        if (prospect == PROSPECT_MAYBE)
            o->ret->reach = POLICY_REACH_DEPENDS;
        else if (!*asks)
            o->ret->rule = predicate->pointer;
        *asks = *asks || prospect == PROSPECT_YES;
    }
}

// ---- By limits

static bool same_path(const struct path *a, const struct path *b)
{
    return slice_equal(a->text, b->text);
}

static void lower(struct policy_bound *bound, const struct condition *condition)
{
    struct decimal value;
    if (decimal_parse(condition->text, &value) != 0 ||
        (bound->has_most && decimal_compare(bound->most, value) <= 0))
        return;
    bound->has_most = true;
    bound->most = value;
}

// The largest amount of one call that the rule's predicates let through, where they say so plainly.
static void find_most(const struct rule *rule, const struct path *amount,
                      struct policy_bound *bound)
{
    for (size_t i = 0; i < rule->require.count; i++)
        for (size_t j = 0; j < rule->require.items[i].count; j++) {
            const struct condition *condition = &rule->require.items[i].conditions[j];
            if (!rule->require.items[i].observe && same_path(&condition->path, amount) &&
                (condition->op == OP_LT || condition->op == OP_LTE))
                lower(bound, condition);
        }
    for (size_t i = 0; i < rule->deny_if.count; i++) {
        const struct predicate *predicate = &rule->deny_if.items[i];
        if (!predicate->observe && predicate->count == 1 &&
            same_path(&predicate->conditions[0].path, amount) &&
            (predicate->conditions[0].op == OP_GT || predicate->conditions[0].op == OP_GTE))
            lower(bound, &predicate->conditions[0]);
    }
}

// What a limit is kept for, where every call of the tool has the same. False: that differs by call.
static bool foresee_per(struct outlook *o, const struct limit *limit, struct policy_bound *ret)
{
    if (!is_known(o, &limit->per))
        return false;
    if (limit_charge_of(&o->d, limit, &ret->charge))
        return true;
    enum value_kind kind = path_find(&o->d, &limit->per).kind;
    o->no_memory |= kind == VALUE_TEXT || kind == VALUE_TAGS || kind == VALUE_NUMBER;
    return false;
}

// False when no call can ever be charged.
static bool foresee_limit(struct outlook *o, const struct limit *limit, struct policy_bound *ret)
{
    struct limit known = *limit;
    *ret = (struct policy_bound){.charge = limit->charge};
    known.has_increment = false;
    ret->splits = limit->has_per && !foresee_per(o, &known, ret);
    if (limit->has_per)
        ret->per = limit->per.text;
    if (limit->has_increment) {
        ret->sum_of = limit->increment.text;
        find_most(o->own, &limit->increment, ret);
        find_most(o->all, &limit->increment, ret);
    }
    if (limit->has_increment || ret->splits)
        o->ret->reach = POLICY_REACH_DEPENDS;
    return limit->has_increment || decimal_compare(limit->charge.max, decimal_from_integer(1)) >= 0;
}

// *ret_stopped when no call gets through them.
static int look_at_limits(struct outlook *o, bool *ret_stopped)
{
    const struct limits *sets[] = {&o->own->limits, &o->all->limits};
    size_t count = sets[0]->count + sets[1]->count, at = 0;
    struct policy_bound *bounds = arena_take(o->d.arena, (count + 1) * sizeof *bounds);
    *ret_stopped = false;
    if (bounds == NULL)
        return ERROR_NO_MEMORY;
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sets[s]->count; i++) {
            if (sets[s]->items[i].observe)
                continue;
            if (!foresee_limit(o, &sets[s]->items[i], &bounds[at++])) {
                never(o, sets[s]->items[i].charge.rule);
                *ret_stopped = true;
                return 0;
            }
        }
    if (o->no_memory)
        return ERROR_NO_MEMORY;
    o->ret->bounds = bounds;
    o->ret->bound_count = at;
    return 0;
}

static bool stopped_by_rules(struct outlook *o)
{
    return stopped_by_name(o) || stopped_by_require(o, o->own) || stopped_by_require(o, o->all) ||
           stopped_by_deny_if(o, o->own) || stopped_by_deny_if(o, o->all);
}

static void look_for_approval(struct outlook *o)
{
    bool asks = o->own->action == ACTION_REQUIRE_APPROVAL;
    o->ret->may_ask = asks;
    if (asks)
        o->ret->rule = o->own->action_pointer;
    look_for_questions(o, o->own, &asks);
    look_for_questions(o, o->all, &asks);
    if (asks)
        o->ret->reach = POLICY_REACH_ASKS;
}

int policy_foresee(const struct policy *policy, const struct policy_call *call, struct arena *arena,
                   struct policy_outlook *ret)
{
    static const struct rule none = {0};
    struct policy_verdict unused;
    struct outlook o = {.d = {.policy = policy, .call = call, .arena = arena, .verdict = &unused},
                        .ret = ret,
                        .own = &none,
                        .all = &none};
    bool stopped = false;
    *ret = (struct policy_outlook){.reach = POLICY_REACH_OPEN,
                                   .rule = SLICE_LITERAL("(default allow)")};
    if (policy == NULL) {
        never(&o, SLICE_LITERAL("(no policy)"));
        return 0;
    }
    o.section = &policy->tools;
    o.all = &policy->all_tools;
    ret->listed = policy_lists(policy, POLICY_TOOL, call->name, call->category);
    if (stopped_by_rules(&o))
        return 0;
    int result = look_at_limits(&o, &stopped);
    if (result != 0 || stopped)
        return result;
    look_for_approval(&o);
    if (policy->runaway.set && policy->runaway.identical_max > 0)
        ret->fuse = &policy->runaway;
    return 0;
}
