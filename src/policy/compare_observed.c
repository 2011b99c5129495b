// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs in the parts of two rules that only observe. They block nothing, so a difference is
// one of what is logged; they are held against each other as texts.
#include "policy/compare_internal.h"

struct observed { // one part
    const char *what;
    struct slice text, on_deny, place;
    bool matched;
};
struct side {
    struct observed *items; // in the arena
    size_t count;
};

static void add(struct side *side, const char *what, struct slice text, struct slice on_deny,
                struct slice place)
{
    side->items[side->count++] = (struct observed){what, text, on_deny, place, false};
}

static void add_predicates(struct comparison *c, const struct treatment *side, const char *what,
                           const struct predicates *predicates, struct side *ret)
{
    const struct policy *policy = side->policy;
    for (size_t i = 0; i < predicates->count; i++) {
        const struct predicate *predicate = &predicates->items[i];
        uint32_t conditions = compare_member(policy, predicate->node, "conditions");
        if (predicate->observe)
            add(ret, what, compare_canonical(c, policy, conditions), predicate->on_deny,
                predicate->pointer);
    }
}

// Without its mode, which may be the rule's.
static void add_results(struct comparison *c, const struct policy *policy,
                        const struct results *results, struct side *ret)
{
    static const char *const parts[] = {"max_bytes", "deny_if", "redact", "binary"};
    struct slice text = SLICE_LITERAL("");
    if (!results->given || !results->observe)
        return;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint32_t node = compare_member(policy, results->node, parts[i]);
        if (node != JSON_NONE)
            text = arena_format(c->arena, "%.*s%s%s %.*s", SLICE_PRINT(text),
                                text.length == 0 ? "" : ", ", parts[i],
                                SLICE_PRINT(compare_canonical(c, policy, node)));
    }
    c->no_memory = c->no_memory || text.data == NULL;
    add(ret, "of what comes back", text, (struct slice){0}, results->pointer);
}

static const char *word_of(enum action action)
{
    return action == ACTION_HIDE ? "hides" : action == ACTION_DENY ? "denies" : "asks a person for";
}

static bool collect(struct comparison *c, const struct treatment *side, struct side *ret)
{
    const struct rule *rule = side->rule;
    size_t most =
        rule->require.count + rule->deny_if.count + rule->approve_if.count + rule->limits.count + 2;
    *ret = (struct side){.items = arena_take(c->arena, most * sizeof *ret->items)};
    if (ret->items == NULL)
        return false;
    if (rule->tried != ACTION_ALLOW)
        add(ret, word_of(rule->tried), SLICE_LITERAL("every call"), rule->reason,
            rule->action_pointer);
    add_predicates(c, side, "must hold", &rule->require, ret);
    add_predicates(c, side, "denies", &rule->deny_if, ret);
    add_predicates(c, side, "asks a person", &rule->approve_if, ret);
    for (size_t i = 0; i < rule->limits.count; i++) {
        const struct limit *limit = &rule->limits.items[i];
        if (limit->observe)
            add(ret, "at most", compare_describe_limit(c, limit), limit->charge.on_deny,
                limit->charge.rule);
    }
    add_results(c, side->policy, &rule->results, ret);
    return true;
}

static void tell(struct comparison *c, const struct policy_difference *about,
                 const struct observed *part, bool added)
{
    struct policy_difference one = *about;
    *(added ? &one.to : &one.from) = part->place;
    compare_tell(c, &one, POLICY_OBSERVED, added ? "observed_added" : "observed_removed",
                 "%s observed: %s %.*s", added ? "only" : "no longer", part->what,
                 part->text.length > 300 ? 300 : (int)part->text.length, part->text.data);
}

static void match(struct comparison *c, const struct policy_difference *about, struct side *from,
                  struct side *to)
{
    for (size_t i = 0; i < from->count; i++)
        for (size_t j = 0; j < to->count && !from->items[i].matched; j++) {
            struct observed *a = &from->items[i], *b = &to->items[j];
            if (b->matched || strcmp(a->what, b->what) != 0 || !slice_equal(a->text, b->text))
                continue;
            a->matched = b->matched = true;
            struct policy_difference one = *about;
            one.from = a->place;
            one.to = b->place;
            if (!slice_equal(a->on_deny, b->on_deny))
                compare_tell(c, &one, POLICY_WORDING, "on_deny",
                             "what is observed is explained otherwise");
        }
}

static void compare_sides(struct comparison *c, const struct policy_difference *about,
                          struct side *from, struct side *to)
{
    match(c, about, from, to);
    for (size_t i = 0; i < from->count; i++)
        if (!from->items[i].matched)
            tell(c, about, &from->items[i], false);
    for (size_t j = 0; j < to->count; j++)
        if (!to->items[j].matched)
            tell(c, about, &to->items[j], true);
}

void compare_observed(struct comparison *c, const struct policy_difference *about,
                      const struct treatment *from, const struct treatment *to)
{
    struct side before, after;
    if (collect(c, from, &before) && collect(c, to, &after))
        compare_sides(c, about, &before, &after);
    else
        c->no_memory = true;
}

void compare_observed_results(struct comparison *c, const struct policy_difference *about)
{
    static const struct rule none = {0};
    struct rule before = none, after = none;
    before.results = c->from->results;
    after.results = c->to->results;
    const struct treatment from = {c->from, &before, JSON_NONE, ACTION_ALLOW, about->from};
    const struct treatment to = {c->to, &after, JSON_NONE, ACTION_ALLOW, about->to};
    compare_observed(c, about, &from, &to);
}
