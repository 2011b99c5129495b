// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The policy language, version "1" (docs/policy.md): parse, compile, decide, explain. Everything is
// a pure function of (compiled policy, call, time): no I/O, no clock, no global. A compiled policy
// is immutable and may be read by any thread; it is reference-counted.
#pragma once

#include "base/arena.h"
#include "base/decimal.h"
#include "base/error.h"
#include "catalogue/catalogue.h"
#include "json/json.h"

struct policy;

// One complaint about a document.
struct policy_problem {
    struct json_position at;
    bool warning; // lint: the policy works, but probably not as meant
    char text[400];
};
struct policy_problems {
    struct policy_problem *items; // owned
    size_t count;
};
void policy_problems_release(struct policy_problems *problems);

// Compiles a document. All problems are listed, not only the first. 0 when there is no error
// (warnings may be there); ERROR_CONFIG with errors in `ret_problems` and *ret_policy NULL.
// `name` is shown in denials and logs. The text is not needed afterwards.
int policy_compile(struct slice text, struct slice name, struct policy **ret_policy,
                   struct policy_problems *ret_problems) MUST_CHECK;
struct policy *policy_ref(struct policy *policy);
void policy_unref(struct policy *policy); // NULL accepted
struct slice policy_name(const struct policy *policy);
// Content hash, "sha256:" and 16 hexadecimal digits of the canonical document; names the version.
struct slice policy_version(const struct policy *policy);
// True when some rule depends on a tool's category ("@read").
bool policy_uses_categories(const struct policy *policy);

enum policy_subject { POLICY_TOOL, POLICY_RESOURCE, POLICY_PROMPT, POLICY_METHOD };

// What is to be judged. All slices borrowed for the call.
struct policy_call {
    enum policy_subject subject;
    struct slice name;          // tool or prompt name, resource URI, method name
    const struct json_doc *doc; // the message; may be NULL when args is JSON_NONE
    uint32_t args;              // node of the arguments (an object), JSON_NONE if absent
    enum catalogue_category category;
    struct slice server;
    struct slice grant_label;
    const struct slice *grant_tags;
    size_t grant_tag_count;
    struct slice client_name; // empty when unknown
    uint64_t session_calls;   // tool calls of this session before this one
    int64_t now_ms;           // wall clock
};

enum policy_outcome { POLICY_ALLOW, POLICY_DENY, POLICY_ASK };
enum policy_scope {
    POLICY_SCOPE_GRANT,
    POLICY_SCOPE_SESSION,
    POLICY_SCOPE_SERVER,
    POLICY_SCOPE_ORGANISATION
};

// A limit that the call would be charged to. Lives in the arena given to policy_decide; `rule`,
// `counter` and `on_deny` point into the policy.
struct policy_charge {
    struct slice rule;    // "/tools/add_order/limits/daily_volume"
    struct slice counter; // its name; that of a rate_limit is its pointer
    struct slice per;     // canonical text of the `per` value, empty without `per`
    enum policy_scope scope;
    bool sliding;        // else UTC-aligned fixed windows
    bool successes_only; // "count": "successes"
    int64_t window_ms;   // for calendar windows "month" in fixed mode see `calendar_month`
    bool calendar_month;
    struct decimal max;
    struct decimal amount;
    struct slice on_deny; // for the agent; never empty: made when the document has none
};

struct policy_verdict {
    enum policy_outcome outcome;
    bool hidden;         // answer as if the name did not exist
    struct slice rule;   // JSON Pointer or a name in parentheses: docs/policy.md, "Names of rules"
    struct slice reason; // for the agent, without prefix; in the policy or the arena
    const struct policy_charge *charges; // for ALLOW and ASK, in order of checking
    size_t charge_count;
};

// Judges. Never fails: what cannot be judged (arena full, type error) is a DENY that says so.
// A NULL policy denies with "(no policy)".
void policy_decide(const struct policy *policy, const struct policy_call *call, struct arena *arena,
                   struct policy_verdict *ret);

// May this name appear in a list? Never depends on arguments or history.
bool policy_lists(const struct policy *policy, enum policy_subject subject, struct slice name,
                  enum catalogue_category category);

// Methods that are always let through: initialize, ping, discovery, cancellation, progress, lists
// (which are filtered), log level and log messages, task follow-ups. See docs/policy.md. One of
// them a policy may deny, notifications/message: policy_decide knows, this does not.
bool policy_is_housekeeping(struct slice method);

// ---- Results (docs/policy.md, "Results"): what a call's answer must not bring back
struct policy_answer {
    const struct json_doc *doc; // of the message
    uint32_t whole;  // the node that the client would see: the result or the error object
    uint32_t result; // what result.* paths start from; JSON_NONE for an error
    // Asked now and then while expressions run over long texts: false gives up, and the answer is
    // withheld. NULL never gives up.
    bool (*may_go_on)(void *argument);
    void *argument;
};
// A change to the message's text: these bytes of doc->text become the replacement.
struct policy_change {
    uint32_t start;
    uint32_t length;
    struct slice replacement; // in the arena or the policy
};
struct policy_answer_verdict {
    bool denied;
    struct slice rule;                   // of a denial: "/tools/x/results/deny_if/0"
    struct slice reason;                 // of a denial, for the agent
    const struct policy_change *changes; // in text order, none overlaps another; in the arena
    size_t change_count;
};
// True when some rule of the policy looks at what comes back; else policy_decide_answer changes
// nothing. False for NULL: nothing was asked then.
bool policy_judges_answers(const struct policy *policy);
// Judges what came back for a call that was allowed. `call` names the subject (a tool, resource or
// prompt; its doc and args are not looked at). An empty name stands for one that is not known: then
// an answer is denied whenever some rule might have wanted to see it. Never fails: what cannot be
// inspected is denied.
void policy_decide_answer(const struct policy *policy, const struct policy_call *call,
                          const struct policy_answer *answer, struct arena *arena,
                          struct policy_answer_verdict *ret);

// Like policy_decide, and writes what was looked at, step by step, as text for people.
void policy_explain(const struct policy *policy, const struct policy_call *call,
                    struct arena *arena, struct policy_verdict *ret, struct buffer *out);

// ---- What a policy says of a tool before there is a call
enum policy_reach {
    POLICY_REACH_NEVER,   // no call passes, whatever its arguments
    POLICY_REACH_ASKS,    // none without a person
    POLICY_REACH_DEPENDS, // on arguments, the client, the session or the time
    POLICY_REACH_OPEN,    // every call, within the limits
};
// A limit that every call of the tool is charged to.
struct policy_bound {
    struct policy_charge charge; // `per` is its value where all calls of tool and grant share one
    struct slice per;            // the path that splits it, else empty
    bool splits;                 // by what the agent chooses, or by what is not known
    struct slice sum_of;         // the argument that is added up; empty: calls are counted
    bool has_most;               // the rules let no call with a larger amount through:
    struct decimal most;
};
struct policy_outlook {
    enum policy_reach reach;
    bool hidden, listed;
    bool may_ask;                      // a person may be asked; always so with ASKS
    struct slice rule;                 // what decides or selects; in the policy or constant
    const struct policy_bound *bounds; // in the arena; none with NEVER
    size_t bound_count;
};
// Of `call` the name, category, server and grant are looked at; an empty label: any grant. Never
// says NEVER, OPEN or ASKS where some call of them is treated otherwise; a NULL policy lets none
// pass. 0 or ERROR_NO_MEMORY.
int policy_foresee(const struct policy *policy, const struct policy_call *call, struct arena *arena,
                   struct policy_outlook *ret) MUST_CHECK;

// ---- What differs between two policies for those who call
enum policy_gravity {
    POLICY_LOOSENED,  // something passes that did not
    POLICY_ALTERED,   // it cannot be told in which direction
    POLICY_TIGHTENED, // something does not pass any more
    POLICY_WORDING,   // what is said, not what is decided
};
struct policy_difference {
    enum policy_gravity gravity;
    const char *kind; // "newly_allowed", "limit_raised": docs/policy.md, "Comparing two policies"
    const char *subject;   // "tool", "resource", "prompt", "method", "everything"
    struct slice selector; // names that it is about: an exact one, a glob, "*"
    struct slice second;   // and that match this as well; empty: none
    unsigned categories;   // of tools, a bit for each (1 << CATALOGUE_READ); 0: whatever
    struct slice from, to; // places: JSON Pointers, or names in parentheses
    struct slice text;     // a sentence without a full stop
};
struct policy_differences {
    struct policy_difference *items; // loosened first; in the arena
    size_t count;
    bool too_many; // there are more
};
// Whatever the two decide differently about a name is covered by a difference about it, unless
// there are too many; a difference may turn out to make none. What it points to lives in the arena
// and in the policies. ERROR_NO_MEMORY when the arena is full.
int policy_compare(const struct policy *from, const struct policy *to, struct arena *arena,
                   struct policy_differences *ret) MUST_CHECK;
// Is it about calls of this name?
bool policy_difference_covers(const struct policy_difference *difference,
                              enum policy_subject subject, struct slice name,
                              enum catalogue_category category);
// A JSON array of objects; lines for people.
void policy_differences_json(const struct policy_differences *all, struct buffer *out);
void policy_differences_text(const struct policy_differences *all, struct buffer *out);
extern const char *const policy_gravity_words[]; // by gravity; NULL-terminated
// ---- What may be logged of arguments (docs/decision-log.md, "Values of arguments")
struct policy_mask; // immutable, counted; any thread
enum { POLICY_MASK_VALUE_MOST = 16 * 1024, POLICY_MASK_MOST = 64 * 1024 };
// As policy_compile.
int policy_mask_compile(struct slice text, struct policy_mask **ret,
                        struct policy_problems *ret_problems) MUST_CHECK;
struct policy_mask *policy_mask_ref(struct policy_mask *mask);
void policy_mask_unref(struct policy_mask *mask); // NULL accepted
struct policy_masked_call {
    const struct json_doc *doc;
    uint32_t args;
    // Asked now and then while expressions are matched; what was not matched when it says no is
    // left out. NULL: always.
    bool (*may_go_on)(void *argument);
    void *argument;
};
// Appends a JSON object in one line with what the mask leaves of the arguments, at most
// POLICY_MASK_MOST bytes, to `out`, which is empty. Answers how many arguments are missing in it.
// Scratch memory comes from the arena.
size_t policy_mask_write(const struct policy_mask *mask, const struct policy_masked_call *call,
                         struct arena *arena, struct buffer *out);
