// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Comparing policies: compare.c has the document, compare_class.c which entries meet,
// compare_rule.c, compare_limit.c and compare_results.c two rules that do, compare_observed.c what
// only observes, compare_runaway.c the fuse.
#pragma once

#include "policy/policy_internal.h"

struct comparison {
    const struct policy *from, *to;
    struct arena *arena;
    struct policy_differences *ret;
    size_t work; // patterns held against patterns
    bool no_memory;
};
struct treatment { // of names by one of the policies
    const struct policy *policy;
    const struct rule *rule; // never NULL
    uint32_t node;           // of the rule; JSON_NONE: there is none
    enum action action;
    struct slice place; // what says so: a JSON Pointer, or a name in parentheses
};
// Adds a difference like `about`, whose rest it fills in.
void compare_tell(struct comparison *c, const struct policy_difference *about,
                  enum policy_gravity gravity, const char *kind, const char *format, ...)
    PRINTF_LIKE(5, 6);
// The values' canonical JSON are the same; both may be JSON_NONE.
bool compare_same(struct comparison *c, uint32_t from, uint32_t to);
struct slice compare_canonical(struct comparison *c, const struct policy *policy, uint32_t node);
uint32_t compare_member(const struct policy *policy, uint32_t object, const char *name);
// Is every element of the list also one of the other? False, too, where that is too much work.
bool compare_list_within(struct comparison *c, const struct policy *policy, uint32_t list,
                         const struct policy *other_policy, uint32_t other);
// Canonical JSON to be shown, cut where it is long.
struct slice compare_quote(struct comparison *c, const struct policy *policy, uint32_t node);
// Two rules under which calls are possible.
void compare_rules(struct comparison *c, const struct policy_difference *about,
                   const struct treatment *from, const struct treatment *to);
void compare_results(struct comparison *c, const struct policy_difference *about, uint32_t from,
                     uint32_t to);
void compare_runaway(struct comparison *c);
// What only observes: what is logged, and blocks nothing. One text for each part on either side.
void compare_observed(struct comparison *c, const struct policy_difference *about,
                      const struct treatment *from, const struct treatment *to);
void compare_observed_results(struct comparison *c, const struct policy_difference *about);
struct slice compare_describe_limit(struct comparison *c, const struct limit *limit);
void compare_limits(struct comparison *c, const struct policy_difference *about,
                    const struct limits *from, const struct limits *to);
// The sentence's subject: "tools that match 'get_*'".
void compare_name_class(struct comparison *c, struct policy_difference *about);
// All names of a section.
void compare_classes(struct comparison *c, const struct section *from, const struct section *to,
                     const struct policy_difference *about);
