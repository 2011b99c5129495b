// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Lint: lint.c has the document and its selectors, lint_rule.c one rule, lint_sets.c which values
// conditions leave, lint_tools.c and lint_schema.c the rules before a server's tools, lint_regex.c
// expressions that give up.
#pragma once

#include "policy/policy_internal.h"

struct lint {
    const struct policy *policy;
    const struct policy_tool *tools;
    size_t tool_count;
    struct arena *arena;
    struct policy_findings *ret;
    size_t work; // values held against conditions, names against patterns
    size_t quick_tries, slow_tries, matches; // of expressions
    struct arena scratch;                    // of one try
    struct decision d;
    struct policy_call call;
    struct policy_verdict unused;
    bool no_memory;
};
enum { LINT_WORK_MAX = 2 * 1000 * 1000 };
// False when all that may be spent is spent: the findings then say that there may be more.
bool lint_may_go_on(struct lint *l, size_t work);

// What a finding is about.
struct lint_place {
    uint32_t node;
    struct slice rule;
};
void lint_tell(struct lint *l, enum policy_weight weight, const char *kind, struct lint_place place,
               const char *advice, const char *format, ...) PRINTF_LIKE(6, 7);

// Conditions that must all hold, about whatever.
struct lint_conditions {
    const struct condition **items;
    size_t count, capacity;
};
void lint_collect(struct lint *l, const struct predicates *predicates, struct lint_conditions *ret);
void lint_add(struct lint *l, const struct condition *condition, struct lint_conditions *ret);

// lint_sets.c: what an operator can be satisfied by.
bool lint_is_order(enum condition_op op);
bool lint_is_length(enum condition_op op);
bool lint_wants_text(enum condition_op op);
// The entry whose rule the conditions are of may be NULL: `all_tools`.
// Two conditions that no value satisfies together, or one alone (*ret_second NULL). `fresh` of
// them, at the end, must be among the guilty. False also when that is not seen.
bool lint_never(struct lint *l, const struct entry *entry, const struct lint_conditions *all,
                size_t fresh, const struct condition **ret_first,
                const struct condition **ret_second);
// Every value that satisfies `all` satisfies the condition, too.
bool lint_follows(struct lint *l, const struct entry *entry, const struct lint_conditions *all,
                  const struct condition *condition);

void lint_rules(struct lint *l); // lint_rule.c
void lint_tools(struct lint *l); // lint_tools.c
void lint_expression(struct lint *l, const struct condition *condition, struct slice rule);
// lint_schema.c: the rule before the tools that it is for, as indices.
void lint_schema(struct lint *l, const struct rule *rule, const size_t *tools, size_t count);
// The nearest name among the server's tools, or NULL.
const char *lint_nearest_word(struct lint *l, struct slice word, const struct slice *words,
                              size_t count);
