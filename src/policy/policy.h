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
// What its rules look at besides names, in any of them.
struct policy_traits {
    bool time, session_calls, tags, arguments, client;
    bool shared_limits;        // some limit counts the calls of several grants together
    bool successes;            // or only calls that succeed
    int64_t longest_window_ms; // of its limits; 0: there are none
};
struct policy_traits policy_traits(const struct policy *policy);

enum policy_subject { POLICY_TOOL, POLICY_RESOURCE, POLICY_PROMPT, POLICY_METHOD };

// What is not known any more of a call that is judged again, and what that means for the verdict.
enum { POLICY_READ_ARGUMENTS = 1, POLICY_READ_SESSION = 2, POLICY_READ_TIME = 4 };
struct policy_gaps {
    bool tags, session_calls; // these are not known
    // May this value of the arguments have been another one? Of an object that holds others: may it
    // have had further members? NULL: never.
    bool (*doubtful)(void *argument, const struct json_doc *doc, uint32_t node);
    void *argument;
    // Out: what was looked at (POLICY_READ_...); and the first path that is not known and on which
    // the outcome depends, with the rule that reads it. Empty: the outcome is sure.
    unsigned read;
    struct slice path, rule;
};

// Hears of every part of a policy that is looked at, by its place (policy_places has them all), and
// whether it held: a predicate, that is; an entry that selects and a limit that is charged hold.
struct policy_watcher {
    void (*looked)(void *argument, struct slice pointer, bool held);
    void *argument;
};

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
    struct slice client_name;             // empty when unknown
    uint64_t session_calls;               // tool calls of this session before this one
    int64_t now_ms;                       // wall clock
    struct policy_gaps *gaps;             // NULL: everything is known
    const struct policy_watcher *watcher; // NULL: nobody
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
    bool sums;           // adds up an argument; else it counts calls
    int64_t window_ms;   // for calendar windows "month" in fixed mode see `calendar_month`
    bool calendar_month;
    struct decimal max;
    struct decimal amount;
    struct slice noted;             // what the log says of it: a JSON object, but for its end
    struct slice on_deny;           // for the agent; never empty: made when the document has none
    bool unsure_amount, unsure_per; // with gaps: these are not known
};

enum { POLICY_CHARGES_MAX = 64 }; // of one call; under more limits every call is denied

// Every limit of a policy, wherever it stands, as a charge without `per` and amount.
void policy_limits(const struct policy *policy,
                   void (*visit)(void *argument, const struct policy_charge *limit),
                   void *argument);

// When a grant is to be paused until a person looks at it. Not judged here: who counts the calls
// of a grant asks for it.
struct policy_runaway {
    bool set;
    int64_t identical_max; // so many calls of one tool with the same arguments are fine; 0: any
    int64_t window_ms;     // in any window of this length
    int64_t denials;       // in a row, over all tools; 0: any
    struct slice reason;   // for the agent and for people; may be empty
};
// NULL: never.
const struct policy_runaway *policy_runaway(const struct policy *policy);

// How a person is to be asked.
struct policy_asking {
    int64_t wait_ms;    // how long the call is held
    int64_t expires_ms; // how long the question stands
    int64_t approvers;  // how many different people must say yes
};

// What a part of the policy that only observes ("mode": "observe") would have decided.
struct policy_observation {
    bool noted;                  // else the rest says nothing
    enum policy_outcome outcome; // DENY or ASK
    bool hidden;
    struct slice rule, reason; // as in a verdict
};
struct policy_verdict {
    enum policy_outcome outcome;
    bool hidden;         // answer as if the name did not exist
    struct slice rule;   // JSON Pointer or a name in parentheses: docs/policy.md, "Names of rules"
    struct slice reason; // for the agent, without prefix; in the policy or the arena
    struct policy_asking asking;         // for ASK
    const struct policy_charge *charges; // for ALLOW and ASK, in order of checking
    size_t charge_count;
    // Behind the others in `charges`: limits that only observe. Each is reserved for itself, and
    // one that does not fit stops nothing.
    size_t watched_count;
    struct policy_observation observed; // for ALLOW and ASK: the first that would have stopped it
};

// Judges. Never fails: what cannot be judged (arena full, type error) is a DENY that says so.
// A NULL policy denies with "(no policy)". With gaps that leave the outcome open, the verdict is
// what it would be if nothing that is not known denied or asked.
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
    // Of what only observes: what would have withheld the result, and how much more would have been
    // changed.
    struct policy_observation observed;
    size_t watched_changes;
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

// Judges what a server says besides the answer: progress, log lines, questions to the client.
// news->whole is what it carries, news->result JSON_NONE. Redactions of text apply, and a block
// that lets no result through; with a call that is not known (POLICY_METHOD, or no name) the
// redactions of all blocks together. Never fails, as above.
void policy_decide_news(const struct policy *policy, const struct policy_call *call,
                        const struct policy_answer *news, struct arena *arena,
                        struct policy_answer_verdict *ret);

// Like policy_decide, and writes what was looked at, step by step: as text for people, and to
// `steps`, which may be NULL, as a JSON array (docs/policy.md, "Explaining a decision"). Both quote
// the call's values.
void policy_explain(const struct policy *policy, const struct policy_call *call,
                    struct arena *arena, struct policy_verdict *ret, struct buffer *out,
                    struct buffer *steps);
// All of it as members of a JSON object, without its braces: outcome, hidden, rule, reason, policy,
// version, observed, charges, steps, text. `steps` and `text` are what policy_explain wrote.
void policy_explanation_json(const struct policy *policy, const struct policy_verdict *verdict,
                             struct slice steps, struct slice text, struct buffer *out);
const char *policy_scope_name(enum policy_scope scope); // "grant" ... "organisation"

// ---- The parts of a policy that can decide something
struct policy_place {
    struct slice pointer; // JSON Pointer; valid during the callback
    size_t offset;        // in the document, for policy_position
};
// Selectors of `hide`, entries (by their `action` where that is not "allow"), predicates, limits,
// methods, `max_bytes` and items of `redact` of results, the parts of `runaway`, and the defaults.
void policy_places(const struct policy *policy,
                   void (*callback)(void *argument, const struct policy_place *place),
                   void *argument);
struct json_position policy_position(const struct policy *policy, size_t offset);

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
    // What stops calls with the same arguments, also of a tool that no limit bounds; in the policy.
    // NULL: nothing does, or no call passes.
    const struct policy_runaway *fuse;
};
// Of `call` the name, category, server and grant are looked at; an empty label: any grant. Never
// says NEVER, OPEN or ASKS where some call of them is treated otherwise; a NULL policy lets none
// pass. 0 or ERROR_NO_MEMORY.
int policy_foresee(const struct policy *policy, const struct policy_call *call, struct arena *arena,
                   struct policy_outlook *ret) MUST_CHECK;

// ---- What a policy means, in plain sentences
struct policy_sentence { // all valid during the callback
    struct slice rule;   // which part says so: a JSON Pointer
    const char *subject; // "tool", "resource", "prompt", "method", "everything"
    struct slice about;  // the selector of the names that it is about; may be empty
    const char *part;    // "entry", "require", "limit": docs/policy.md, "In plain words"
    bool observes;       // it is only logged
    struct slice text;
};
// A sentence for each part: nothing that the document says is left out. Those on an entry come
// right behind its own. 0 or ERROR_NO_MEMORY.
int policy_summarise(const struct policy *policy,
                     void (*tell)(void *argument, const struct policy_sentence *sentence),
                     void *argument) MUST_CHECK;
int policy_summary_json(const struct policy *policy, struct buffer *out) MUST_CHECK; // an array
int policy_summary_text(const struct policy *policy, struct buffer *out) MUST_CHECK; // lines

// ---- What differs between two policies for those who call
enum policy_gravity {
    POLICY_LOOSENED,  // something passes that did not
    POLICY_ALTERED,   // it cannot be told in which direction
    POLICY_TIGHTENED, // something does not pass any more
    POLICY_OBSERVED,  // what is logged: of what only observes
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
// ---- Lint: what is in force and probably not meant (docs/policy.md, "Lint")
enum policy_weight {
    POLICY_SERIOUS,  // a part that can never do what it says
    POLICY_DOUBTFUL, // probably not meant
    POLICY_REMARK,   // worth knowing
};
extern const char *const policy_weight_words[]; // "serious", "doubtful", "remark"; NULL ends it
struct policy_finding {
    enum policy_weight weight;
    struct json_position at;
    const char *kind;    // "never-holds": docs/policy.md
    struct slice rule;   // what it is about: a JSON Pointer; may be empty
    struct slice text;   // a sentence without a full stop
    struct slice advice; // another one: what to do
};
struct policy_findings {
    struct policy_finding *items; // in the order of the document; in the arena
    size_t count;
    bool too_many; // there are more, or not all could be looked at
};
// A tool of the server that the policy is for.
struct policy_tool {
    const struct catalogue_tool *definition; // its doc and texts stay valid meanwhile
    enum catalogue_category category;
};
// The tools of a list of definitions (a node of `doc`, which stays), with the categories that the
// classifier gives them. `server`: its name, may be empty. 0 or ERROR_NO_MEMORY.
int policy_read_tools(const struct json_doc *doc, uint32_t list, struct slice server,
                      struct arena *arena, struct policy_tool **ret, size_t *ret_count) MUST_CHECK;
// `tools` may be NULL: then nothing is said that depends on a server. Looks at texts in the policy
// only; the work is bounded. 0 or ERROR_NO_MEMORY.
int policy_lint(const struct policy *policy, const struct policy_tool *tools, size_t tool_count,
                struct arena *arena, struct policy_findings *ret) MUST_CHECK;
// `{"weight","kind","line","column","rule","text","advice"}`.
void policy_finding_json(const struct policy_finding *finding, struct buffer *out);

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
