// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A file of expected decisions, for `sallyport policy test` (docs/policy.md, "Testing a policy"):
// cases.c reads the file, cases_call.c what it says about one call, cases_run.c asks the policy,
// cases_report.c says what came out.
#pragma once

#include "base/table.h"
#include "cli/cli_internal.h"

enum case_outcome { CASE_ANY, CASE_ALLOW, CASE_DENY, CASE_ASK, CASE_HIDE, CASE_OBSERVE };

// One call and what is expected of it: a case, or a step of its sequence. Slices live in the
// file's text or arena.
struct case_call {
    uint32_t node;           // where it stands in the file
    struct policy_call call; // now_ms: when, waits before it included
    struct slice session;    // its name within the file; empty when none is given
    bool sets_session_calls; // said here, not inherited: the count goes on from it
    int64_t repeat;          // at least 1
    enum case_outcome expect;
    struct slice rule, reason; // data NULL: any
    int listed;                // 0 or 1; -1: any
    uint32_t result;           // what the server answers; JSON_NONE: nothing is said of it
    uint32_t returns;          // what must be left of it; JSON_NONE: any
};

struct case_entry {
    uint32_t node;
    struct slice name; // empty when none is given
    struct case_call *steps;
    size_t step_count;
    bool sequence;
};

struct case_problem {
    struct case_problem *next;
    const char *path; // of the cases or of the policy
    struct policy_problem problem;
};

struct cases {
    const char *path;
    const char *policy_path; // NULL when none is named
    struct policy *policy;
    struct buffer text;
    struct json_doc doc;
    struct arena arena;
    struct case_entry *entries;
    size_t count;
    struct case_problem *problems; // in reading order
    size_t problem_count, errors;
};

// ---- cases.c
// Reads the file and its policy. `policy_path` takes the place of the one that the file names, NULL
// does not. With `errors` above 0 nothing of it may be run. Release it in any case; it stays where
// it is meanwhile.
void cases_load(struct cases *cases, const char *path, const char *policy_path);
void cases_release(struct cases *cases);
struct json_position cases_position(const struct cases *cases, uint32_t node);
void cases_complain(struct cases *cases, uint32_t node, const char *format, ...) PRINTF_LIKE(3, 4);
// Complains unless the node is of that type.
bool cases_expect(struct cases *cases, uint32_t node, enum json_type type, const char *what);
// data is NULL after a complaint.
struct slice cases_string(struct cases *cases, uint32_t node, const char *what);
// "unknown key 'tol' in a case; did you mean 'tool'?"
void cases_unknown_word(struct cases *cases, uint32_t node, const char *kind, const char *where,
                        const char *const *known, size_t count);

// ---- cases_call.c
enum case_place {
    IN_DEFAULTS = 1,
    IN_CASE = 2,
    IN_SEQUENCE = 4, // a case that holds a sequence: what it says goes for all steps
    IN_STEP = 8,
};
// What goes for calls about which nothing is said.
struct case_call cases_blank(void);
// Reads an object on top of what `base` says; expectations are not inherited.
void cases_read_call(struct cases *cases, uint32_t node, enum case_place place,
                     const struct case_call *base, struct case_call *ret);

// ---- cases_run.c
// What the policy and its limits decided. The slices live until the next case is run.
struct case_verdict {
    enum case_outcome outcome;
    struct slice rule, reason;
    struct policy_observation observed; // what would have stopped a call that was allowed
    bool paused_by_denials;             // this call was one too many
    bool listed;                        // meant only where a listing was expected
    const struct json_doc *returned;    // what was left of the result; NULL without one
};
struct case_failure {
    const struct case_call *step;
    int64_t repetition; // from 1
    struct case_verdict verdict;
};
struct case_runner {
    const struct cases *cases;
    struct limit_table *limits; // of the case
    struct table sessions;      // of the case: what counts as a session -> calls so far
    struct table fuses;         // of the case: a grant's label -> struct case_fuse
    struct arena memory;        // of the case
    struct arena call_memory;
    struct json_doc returned;  // of the call
    struct coverage *coverage; // NULL: not counted
};
void cases_runner_init(struct case_runner *runner, const struct cases *cases);
void cases_runner_release(struct case_runner *runner);
// Runs a case from empty counters up to its first failure. True: it passed.
bool cases_run(struct case_runner *runner, const struct case_entry *entry,
               struct case_failure *ret_failure);

// ---- cases_fuse.c: the policy's `runaway`
struct case_fuse {
    int64_t denials;  // in a row
    struct slice why; // it is paused; data NULL: it is not
};
// NULL when memory is short.
struct case_fuse *cases_fuse_of(struct case_runner *runner, struct slice grant);
// True when the call is denied because the grant is paused, or just now runs away.
bool cases_fuse_stops(struct case_runner *runner, struct case_fuse *fuse,
                      const struct policy_call *call, struct case_verdict *ret);
// What came of a call may pause the grant.
void cases_fuse_note(struct case_runner *runner, struct case_fuse *fuse,
                     const struct policy_call *call, struct case_verdict *verdict);

// ---- cases_coverage.c: which parts of the policies any case's call was decided by
struct coverage; // of all files of one run; by policy
struct coverage *coverage_new(void);
void coverage_free(struct coverage *coverage); // NULL accepted
// The policy is another one than before. False: memory is short.
bool coverage_begin(struct coverage *coverage, const char *path, const struct policy *policy);
// For calls of that policy from now on.
const struct policy_watcher *coverage_watcher(const struct coverage *coverage);
void coverage_decided(struct coverage *coverage, const struct case_call *step,
                      const struct case_verdict *verdict);
// The share of parts that decided something, in hundredths; 100 when there is none.
unsigned int coverage_percent(const struct coverage *coverage);
void coverage_write_text(const struct coverage *coverage, struct buffer *out);
void coverage_write_json(const struct coverage *coverage, struct buffer *out);

// ---- cases_formats.c: for other programs
// Test Anything Protocol, version 14; the plan goes last.
void tap_write_case(const struct cases *cases, const struct case_entry *entry,
                    const struct case_failure *failure, size_t number, struct buffer *out);
void tap_write_broken(const struct cases *cases, size_t number, struct buffer *out);
struct junit_suite { // of one file
    size_t tests, failures;
    struct buffer cases;
};
void junit_write_case(const struct cases *cases, const struct case_entry *entry,
                      const struct case_failure *failure, struct junit_suite *suite);
void junit_write_suite(const struct cases *cases, const struct junit_suite *suite,
                       struct buffer *out);
// Everything; the suites as above.
int junit_save(const char *path, struct slice suites);

// ---- cases_report.c
// Control characters become '?'.
void cases_write_plain(struct buffer *out, struct slice text);
// What the case calls itself, or what it calls.
void cases_write_name(struct buffer *out, const struct case_entry *entry);
void cases_write_expected(const struct cases *cases, const struct case_call *step,
                          struct buffer *out);
void cases_write_decided(const struct case_call *step, const struct case_verdict *verdict,
                         struct buffer *out);
void cases_write_problems(const struct cases *cases, bool json, struct buffer *out);
// `failure` is NULL for a case that passed.
void cases_write_text(const struct cases *cases, const struct case_entry *entry,
                      const struct case_failure *failure, struct buffer *out);
void cases_write_json(const struct cases *cases, const struct case_entry *entry,
                      const struct case_failure *failure, struct buffer *out);
