// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The compiled form of a policy and what the files of this folder share. Everything below a
// struct policy lives in its arena (or in its JSON document), is written by the compiler alone and
// never changes afterwards.
#pragma once

#include "base/buffer.h"
#include "base/table.h"
#include "detect/detect.h"
#include "policy/policy.h"

#include <stdatomic.h>

// ---- Paths: "args.items[*].price"
enum path_root {
    ROOT_ARGS,
    ROOT_RESULT, // in `results` only
    ROOT_TOOL_NAME,
    ROOT_TOOL_CATEGORY,
    ROOT_GRANT_LABEL,
    ROOT_GRANT_TAGS,
    ROOT_CLIENT_NAME,
    ROOT_SESSION_CALLS,
    ROOT_TIME_HOUR,
    ROOT_TIME_WEEKDAY,
};
enum step_kind { STEP_MEMBER, STEP_INDEX, STEP_EACH };
struct path_step {
    enum step_kind kind;
    uint32_t index;    // STEP_INDEX
    struct slice name; // STEP_MEMBER
};
struct path {
    struct slice text;  // as written
    struct slice label; // for messages: "Argument 'items[*].price'"
    enum path_root root;
    const struct path_step *steps;
    size_t count;
    bool each; // holds a [*]
};

// ---- Conditions
enum condition_op {
    OP_EQ,
    OP_NEQ,
    OP_IN,
    OP_NOT_IN,
    OP_LT,
    OP_LTE,
    OP_GT,
    OP_GTE,
    OP_EXISTS,
    OP_CONTAINS,
    OP_NOT_CONTAINS,
    OP_STARTS_WITH,
    OP_ENDS_WITH,
    OP_REGEX,
    OP_NOT_REGEX,
    OP_LENGTH_LT,
    OP_LENGTH_LTE,
    OP_LENGTH_GT,
    OP_LENGTH_GTE,
    OP_WITHIN_PATH,
    OP_URL_HOST_IN,
    OP_CIDR_IN,
};
struct regex;
struct network {
    uint8_t address[16]; // host bits are zero
    uint8_t bits;
    bool ipv4; // the first four bytes count
};
struct host_pattern {
    struct slice name; // lower-case; an address in canonical form
    bool below;        // was "*.name"
};
struct condition {
    struct path path;
    enum condition_op op;
    bool as_number;
    bool expected;     // OP_EXISTS
    uint32_t value;    // node of the policy's document; JSON_NONE for exists without value
    struct slice text; // string operand, or the text of a number
    uint64_t length;   // OP_LENGTH_*
    const struct regex *regex;
    const struct slice *folders; // OP_WITHIN_PATH: normalised
    const struct host_pattern *hosts;
    const struct network *networks;
    size_t count; // of folders, hosts or networks
    uint32_t node;
};
struct predicate {
    struct slice id;      // empty when absent
    struct slice pointer; // "/tools/x/deny_if/0"
    struct slice on_deny; // empty when absent
    const struct condition *conditions;
    size_t count;
    uint32_t node;
    bool structured; // reads result.structuredContent
    bool observe;    // what it decides is noted, and nothing more
};
struct predicates {
    const struct predicate *items;
    size_t count;
};

// ---- Results
enum redactor_kind { REDACT_DETECTED, REDACT_REGEX, REDACT_PATH };
struct redactor {
    enum redactor_kind kind;
    unsigned detects; // enum detect_kind
    const struct regex *regex;
    struct path path;
    struct slice with;
};
struct results {
    bool given;
    bool observe;         // as a rule's
    struct slice pointer; // "/tools/x/results"
    uint32_t node;
    bool has_max;
    uint64_t max_bytes;
    const struct redactor *redactors;
    size_t redactor_count;
    bool reads_text; // a redactor looks into texts, which those in base64 do not show
    bool binary_allowed;
    struct predicates deny_if;
};

// ---- Limits
struct limit {
    struct policy_charge charge; // all but `per` and `amount`
    bool has_increment, has_per, as_number;
    bool observe; // counts, and denies nothing
    struct path increment;
    struct path per;
    uint32_t node; // for messages of the compiler
};
struct limits {
    const struct limit *items;
    size_t count;
};

// ---- Rules and the sections that hold them
enum action { ACTION_ALLOW, ACTION_DENY, ACTION_HIDE, ACTION_REQUIRE_APPROVAL };
struct approval {
    bool given;
    int64_t wait_ms, expires_ms;
    int64_t approvers;
};
struct rule {
    struct slice pointer; // "/tools/x"
    uint32_t node;
    struct slice action_pointer; // "/tools/x/action"
    struct slice reason;         // empty when absent
    enum action action;
    enum action tried; // of a rule that observes: what it would do, and `action` allows
    bool observe;
    struct predicates require, deny_if, approve_if;
    struct limits limits;
    struct approval approval;
    struct results results;
};
enum selector_kind { SELECTOR_EXACT, SELECTOR_GLOB, SELECTOR_CATEGORY, SELECTOR_ANY };
struct selector {
    enum selector_kind kind;
    enum catalogue_category category;
    struct slice text;
    size_t literal; // characters of a glob that are no wildcard
    uint32_t node;  // for messages of the compiler
};
struct entry {
    struct selector selector;
    struct rule rule;
};
enum { CATEGORY_COUNT = CATALOGUE_UNKNOWN };
struct section {
    const char *noun; // "Tool", "Resource", "Prompt"
    bool default_allow;
    struct entry *entries;
    size_t count;
    struct table exact;
    const struct entry **globs; // longest literal part first, then in document order
    size_t glob_count;
    const struct entry *by_category[CATEGORY_COUNT];
    const struct entry *any;
};
struct hide_list {
    struct selector *items;
    size_t count;
    struct table exact;
    bool others; // holds something else than exact names
};
struct method_rule {
    struct slice name;
    struct slice pointer;
    uint32_t node; // its key
    bool allow;
};
struct policy {
    atomic_uint references;
    struct arena arena;
    struct json_doc doc; // of a copy of the text in the arena
    struct slice name, version;
    bool list_callable, uses_categories;
    unsigned roots; // that its paths start from: 1 << enum path_root
    struct hide_list hide;
    struct rule all_tools;
    struct results results; // of every tool, resource and prompt
    bool judges_answers;
    struct policy_runaway runaway;
    struct section tools, resources, prompts;
    struct method_rule *methods;
    size_t method_count;
    bool default_allow;
    struct regex *regexes; // to be freed
};

// ---- Matching, all pure.
bool glob_matches(struct slice pattern, struct slice text);
// Surely matches whatever the other pattern matches; false also when that is not seen.
bool glob_covers(struct slice pattern, struct slice other);
bool glob_overlaps(struct slice a, struct slice b); // may both match one text?
size_t glob_literal(struct slice pattern);
// Exactly one of found, ambiguous, neither.
struct selection {
    const struct entry *entry;
    const struct entry *rival; // another glob just as long: the call must be denied
    bool hidden;               // one of them hides
};
struct selection section_select(const struct section *section, struct slice name,
                                enum catalogue_category category);
// The selector that hides the name, or NULL.
const struct selector *hide_find(const struct hide_list *hide, struct slice name,
                                 enum catalogue_category category);
const struct method_rule *method_find(const struct policy *policy, struct slice method);
bool method_is_judged_by_name(struct slice method); // tools/call and the like
// A URI that another reader could resolve to a different one ("..", "%2e", backslash).
bool uri_is_ambiguous(struct slice uri);

// Lexical normalisation of an absolute path into `out` (at least path.length + 1 bytes). 0, or
// the length is 0 and the path is not absolute or holds NUL or a backslash.
size_t path_normalise(struct slice path, char *out);
bool path_is_within(struct slice path, struct slice folder); // both normalised
// Lower-case host of an http(s) URL, or false; `out` has room for 256 bytes.
enum { HOST_SIZE = 256 };
bool url_host(struct slice url, char out[HOST_SIZE], struct slice *ret);
bool host_normalise(struct slice host, char out[HOST_SIZE], struct slice *ret);
bool host_matches(const struct host_pattern *pattern, struct slice host);
bool network_parse(struct slice text, struct network *ret, bool *ret_host_bits);
bool address_parse(struct slice text, struct network *ret); // bits are all
bool network_contains(const struct network *network, const struct network *address);

// ---- Regular expressions (PCRE2).
struct regex_scratch { // of one decision; zero at first
    void *context, *data, *limits;
    uint64_t work;
    bool (*may_go_on)(void *argument); // set for results: asked instead of counting work
    void *argument;
};
enum regex_result { REGEX_NO, REGEX_YES, REGEX_LIMIT };
enum regex_result regex_match(const struct regex *regex, struct slice text,
                              struct regex_scratch *scratch, struct arena *arena);
bool regex_matches_empty(const struct regex *regex);
// Does the match need more than so many steps from some place of the text? For lint.
bool regex_exceeds(const struct regex *regex, struct slice text, uint32_t steps,
                   struct arena *arena);
// The first match that starts at or behind `from`. The work is bounded by scratch->may_go_on.
enum regex_result regex_find(const struct regex *regex, struct slice text, size_t from,
                             struct regex_scratch *scratch, struct arena *arena, size_t *ret_start,
                             size_t *ret_end);
void regex_free_all(struct regex *first);

// ---- Deciding.
struct decision {
    const struct policy *policy;
    const struct policy_call *call;
    struct arena *arena;
    struct policy_verdict *verdict;
    struct buffer *trace; // NULL but for explain
    struct buffer *steps; // the same as JSON, or NULL
    struct slice trouble; // why the call cannot be judged
    struct policy_observation observed;
    uint64_t observed_work; // of expressions: what observes has a budget of its own
    struct regex_scratch regex;
    struct detect_work detect;
    const struct policy_answer *answer; // set when a result is judged
    struct slice trouble_rule;
    const struct json_doc *structured; // what stands in for result.structuredContent, or NULL
};
// RESULT_UNKNOWN: with gaps only.
enum result { RESULT_NO, RESULT_YES, RESULT_TROUBLE, RESULT_UNKNOWN };
enum quantifier { QUANTIFIER_ALL, QUANTIFIER_ANY };

enum value_kind {
    VALUE_MISSING,
    VALUE_NODE,
    VALUE_TEXT,
    VALUE_NUMBER,
    VALUE_TAGS,
    VALUE_TROUBLE,
    VALUE_UNKNOWN, // with gaps only
};
struct value {
    enum value_kind kind;
    const struct json_doc *doc; // VALUE_NODE
    uint32_t node;              // VALUE_NODE
    struct slice text;          // VALUE_TEXT
    uint64_t number;            // VALUE_NUMBER
};
typedef void (*value_cb)(void *argument, const struct value *value);
// Calls back for every value that the path leads to, missing ones and troubles included: at
// least once. The reason of a trouble is in d->trouble.
void path_walk(struct decision *d, const struct path *path, value_cb callback, void *argument);
// For paths without [*].
struct value path_find(struct decision *d, const struct path *path);
void trouble(struct decision *d, const char *format, ...) PRINTF_LIKE(2, 3);
enum json_type value_type(const struct value *value);

// Comes to the verdict.
void decide_judge(struct decision *d);
// The name cut to what a sentence can hold, never inside a character.
struct slice decide_shown(struct slice name);
bool path_reads_structured(const struct path *path);
// The verdict's parts that callers outside decide.c need.
enum result predicate_holds(struct decision *d, const struct predicate *predicate,
                            enum quantifier quantifier, const struct condition **ret_failed);

// Redacts: the changes go to `ret`. False after a trouble, which d->trouble_rule names.
struct answer_rules {
    const struct results **sets; // the subject's own, of all tools, of the document; in the arena
    size_t count;
};
// A string of the result that is itself a JSON document.
struct inner_text {
    uint32_t node;
    struct json_doc doc; // owned
};
struct inner_texts {
    struct inner_text *items; // in text order; in the arena
    size_t count, capacity;
};
bool redact_answer(struct decision *d, const struct answer_rules *rules,
                   const struct inner_texts *inner, struct policy_answer_verdict *ret);

// For one value that is given, whatever the path leads to.
enum result condition_holds_for(struct decision *d, const struct condition *condition,
                                const struct value *value);
const char *condition_op_name(enum condition_op op);
enum result condition_holds(struct decision *d, const struct condition *condition,
                            enum quantifier quantifier);
// The amount and `per` of a charge; false after a trouble.
bool limit_charge_of(struct decision *d, const struct limit *limit, struct policy_charge *ret);

// "day", "2 hours", "90 seconds"
enum { WINDOW_WORDS = 40 };
void words_window(int64_t window_ms, bool calendar_month, char ret[WINDOW_WORDS]);
// Names come from whoever wrote the policy, and may be read on a terminal.
void words_plain(struct buffer *out, struct slice text);

void trace(struct decision *d, const char *format, ...) PRINTF_LIKE(2, 3);
void trace_condition(struct decision *d, const struct condition *condition, enum result result);
void trace_hide(struct decision *d, const struct selector *hider);
void trace_selection(struct decision *d, const struct section *section,
                     const struct selection *selection);
void trace_predicate(struct decision *d, const struct predicate *predicate);
void trace_held(struct decision *d, enum result result);
void trace_charge(struct decision *d, const struct limit *limit,
                  const struct policy_charge *charge);
void trace_observed(struct decision *d, enum policy_outcome outcome, struct slice rule);
// Those for programs (explain_json.c); called where d->steps is not NULL.
bool selector_matches(const struct selector *selector, const struct policy_call *call);
const char *selector_kind_name(enum selector_kind kind);
void step_runaway(struct decision *d, const struct policy_runaway *runaway);
void step_hide(struct decision *d, const struct selector *hider);
void step_selection(struct decision *d, const struct section *section,
                    const struct selection *selection);
void step_predicate(struct decision *d, const struct predicate *predicate);
void step_condition(struct decision *d, const struct condition *condition, enum result result);
void step_held(struct decision *d, enum result result);
void step_charge(struct decision *d, const struct limit *limit, const struct policy_charge *charge);
void step_observed(struct decision *d, enum policy_outcome outcome, struct slice rule);
