// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files that compile a document share.
#pragma once

#include "policy/policy_internal.h"

// An out-of-memory is remembered in `no_memory` and ends the compilation late;
// until then slices and arrays may be empty.
struct compiler {
    struct policy *policy;
    const struct json_doc *doc;
    struct policy_problems *problems;
    size_t problem_capacity;
    size_t errors;
    bool no_memory;
    bool in_results; // paths start from the result, not from the arguments
    bool observe;    // within a rule that only observes
};
struct policy *compile_new_policy(void);
// Fills the policy's document; ERROR_CONFIG with a problem, ERROR_NO_MEMORY.
int compile_scan(struct compiler *c, struct slice text) MUST_CHECK;
void compile_sort_problems(struct policy_problems *problems); // in the order of the text
void compile_error(struct compiler *c, uint32_t node, const char *format, ...) PRINTF_LIKE(3, 4);
void compile_warning(struct compiler *c, uint32_t node, const char *format, ...) PRINTF_LIKE(3, 4);
void compile_problem_at(struct compiler *c, struct json_position at, bool warning,
                        const char *text);
void *compile_take(struct compiler *c, size_t count, size_t size); // zeroed; NULL notes no_memory
struct slice compile_format(struct compiler *c, const char *format, ...) PRINTF_LIKE(2, 3);
// JSON Pointer of a member or element.
struct slice compile_pointer(struct compiler *c, struct slice parent, struct slice name);
struct slice compile_pointer_index(struct compiler *c, struct slice parent, size_t index);
// The node's type, with an error when it is another one.
bool compile_expect(struct compiler *c, uint32_t node, enum json_type type, const char *what);
bool compile_expect_boolean(struct compiler *c, uint32_t node, const char *what);
// A string node's value; empty after an error.
struct slice compile_string(struct compiler *c, uint32_t node, const char *what);
// Index of a string node's value among NULL-terminated names, -1 after an error.
int compile_choice(struct compiler *c, uint32_t node, const char *what, const char *const *names);
// Names every key of the object that is not among `keys` (NULL-terminated).
void compile_keys(struct compiler *c, uint32_t object, struct slice where, const char *const *keys);
// The object's 'mode': true when what it says only observes, by itself or by the rule around it.
bool compile_mode(struct compiler *c, uint32_t object);
// The nearest of the names within an edit distance of 3, else NULL.
const char *compile_nearest(struct slice word, const char *const *names);

bool compile_path(struct compiler *c, uint32_t node, struct path *ret);
void compile_condition(struct compiler *c, uint32_t node, struct slice where,
                       struct condition *ret);
void compile_predicates(struct compiler *c, uint32_t node, struct slice where, const char *list,
                        struct predicates *ret);
void compile_limits(struct compiler *c, uint32_t limits, uint32_t rate_limit, struct slice where,
                    struct limits *ret);
void compile_shared_counters(struct compiler *c); // after all rules, as the next
void compile_count_limits(struct compiler *c);
// Fills in the length of the window; `calendar_month` too.
void compile_window(struct compiler *c, uint32_t node, struct policy_charge *ret);
void compile_runaway(struct compiler *c, uint32_t node, struct policy_runaway *ret);
bool compile_duration(struct compiler *c, uint32_t node, const char *what, int64_t *ret_ms);
void compile_results(struct compiler *c, uint32_t node, struct slice where, struct results *ret);
enum rule_place { RULE_OF_ENTRY, RULE_OF_ALL_TOOLS };
void compile_rule(struct compiler *c, uint32_t node, struct slice where, enum rule_place place,
                  struct rule *ret);
bool compile_selector(struct compiler *c, uint32_t node, bool categories, struct selector *ret);
void compile_section(struct compiler *c, uint32_t node, const char *name, bool categories,
                     struct section *ret);
void compile_hide(struct compiler *c, uint32_t node, struct hide_list *ret);
void compile_methods(struct compiler *c, uint32_t node);
void compile_lint(struct compiler *c); // what only the whole document shows
// NULL after an error was reported.
const struct regex *regex_compile(struct compiler *c, uint32_t node, struct slice pattern);
