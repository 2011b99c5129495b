// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What one agent can do with all of its servers together (docs/stack.md): what becomes of each
// tool, how much can happen in ten minutes, and which tools together make an attack possible; under
// the policies in force and under starter policies. Pure: no I/O, no clock; any thread.
#pragma once

#include "base/arena.h"
#include "catalogue/catalogue.h"
#include "policy/policy.h"

enum { STACK_WINDOW_MS = 10 * 60 * 1000, STACK_TOOLS_MAX = 20000, STACK_SERVERS_MAX = 1000 };
#define STACK_UNLIMITED UINT64_MAX

struct stack_tool {
    struct slice name; // whole and decoded
    enum catalogue_category category;
    uint32_t signals; // bits, 1 << enum catalogue_signal
    bool misleads;    // as in struct catalogue_entry
    bool waits;       // for somebody to accept its definition: no call passes meanwhile
    // Words of its definition that are names of tools, perhaps of other servers.
    struct slice named[CATALOGUE_FINDINGS_EACH];
    size_t named_count;
};
struct stack_server {
    struct slice name;
    const struct stack_tool *tools;
    size_t count;
    bool judged; // false: whatever is called passes (no gateway, or a policy that only observes)
    const struct policy *policy; // when judged; NULL lets nothing pass
};
// Everything is borrowed, also by the report.
struct stack {
    const struct stack_server *servers; // no two of one name
    size_t count;
    struct slice grant_label; // empty: not known, whatever the tags
    const struct slice *grant_tags;
    size_t grant_tag_count;
};

// What becomes of a tool's calls.
enum stack_outcome {
    STACK_FREE,
    STACK_LIMITED, // every call passes, within limits
    STACK_DEPENDS, // on arguments, the client, the session or the time; and within limits
    STACK_ASKS,    // none without a person
    STACK_DENIED,
    STACK_HIDDEN,
};
enum stack_when { STACK_NOW, STACK_STARTER, STACK_WHENS };

struct stack_view {
    enum stack_outcome outcome;
    bool listed;       // the agent sees its definition
    bool may_ask;      // some calls may wait for a person
    struct slice rule; // what decides or selects; empty where nothing judges
    uint64_t calls;    // most of them in any ten minutes without a person
    uint64_t same;     // and most with the same arguments: `calls`, or less where a fuse is set
    const struct policy_bound *bounds;
    size_t bound_count;
};
struct stack_row {
    const struct stack_server *server;
    const struct stack_tool *tool;
    struct stack_view views[STACK_WHENS];
};

// The worst of ten minutes: nothing beyond it can happen, it need not be possible.
struct stack_worst {
    uint32_t tools;   // in all
    uint32_t open;    // can be called without a person
    uint32_t endless; // of those, bounded by nothing
    uint32_t fused;   // and of those, such as a fuse stops when the arguments stay the same
    uint32_t asking;  // with a person alone
    uint64_t same;    // most calls of one of the fused with the same arguments
    uint64_t calls;   // most without a person; STACK_UNLIMITED when some are endless
};
// An amount that a limit adds up.
struct stack_sum {
    const struct stack_row *row;
    const struct policy_bound *bound;
    struct decimal most; // in any ten minutes
};
enum { STACK_ALL_CATEGORIES = CATALOGUE_UNKNOWN + 1, STACK_CATEGORIES };

enum stack_danger {
    STACK_EXFILTRATION,
    STACK_STRANGERS_CODE,
    STACK_STRANGERS_MONEY,
    STACK_STRANGERS_LOSS,
    STACK_PLANTED_TEXT,
    STACK_CREDENTIALS,
    STACK_ALONE,
    STACK_RUNAWAY,
    STACK_MISLEADING,
    STACK_STEERING,
    STACK_SAME_NAMES,
    STACK_DANGERS,
};
enum stack_state {
    STACK_POSSIBLE,     // without a person
    STACK_RESTRICTED,   // the same, but one part only where its rules' conditions let it
    STACK_NEEDS_PERSON, // one part at least
    STACK_BROKEN,       // one part at least is denied
};
enum { STACK_LEGS = 3, STACK_PATTERNS = 3 };
struct stack_leg {
    const char *what; // "private data in"
    const struct stack_row *const *rows;
    size_t count;
};
enum stack_fix {
    STACK_LET_ASK,
    STACK_LET_HIDE,
    STACK_LET_ADVISE, // the rule that is recommended for the tool's category
};
struct stack_combination {
    enum stack_danger danger;
    const char *name;  // "exfiltration"
    const char *title; // "Private data can be carried out"
    const char *says;  // how, in a sentence or two
    struct stack_leg legs[STACK_LEGS];
    size_t leg_count;
    const char *patterns[STACK_PATTERNS]; // slugs of attack patterns; NULL: no more
    enum stack_state states[STACK_WHENS];
    const struct stack_server *one_server; // has all legs by itself, else NULL
    size_t fix;                            // the leg whose tools, treated so, break it:
    enum stack_fix by;
};

struct stack_report {
    struct arena arena;             // owned
    const struct policy **starters; // by server; owned
    size_t starter_count;
    struct stack_row *rows; // by server, then in the server's order
    size_t count;
    struct stack_worst worst[STACK_WHENS][STACK_CATEGORIES]; // the last: all together
    struct stack_sum *sums;                                  // under the policies in force
    size_t sum_count;
    struct stack_combination *combinations; // possible ones first
    size_t combination_count;
    bool too_many; // there are more names that look alike
};

// The report is released by stack_report_release, also after a failure. ERROR_NO_MEMORY;
// ERROR_TOO_LARGE beyond STACK_TOOLS_MAX or STACK_SERVERS_MAX, or for a starter policy.
int stack_look(const struct stack *stack, struct stack_report *ret) MUST_CHECK;
void stack_report_release(struct stack_report *report);

// A tool's object of a list, classified and searched for signals. The name points into the document
// or the arena. False: it has no name.
bool stack_read_tool(const struct json_doc *doc, uint32_t node, struct slice server,
                     struct arena *arena, struct stack_tool *ret);

// The starter policy of a server, as text (docs/stack.md). ERROR_NO_MEMORY, ERROR_TOO_LARGE.
int stack_write_starter(struct buffer *out, const struct stack_server *server) MUST_CHECK;

const char *stack_outcome_name(enum stack_outcome outcome); // "free" ... "hidden"
const char *stack_state_name(enum stack_state state);       // "possible" ... "broken"
const char *stack_say_state(enum stack_state state);        // the same for people
// "at most 300 calls of 2 tools, 1 denied"
void stack_say_worst(struct buffer *out, const struct stack_worst *worst);
// How to break a combination: a sentence; and the rules as `tools` of each server's policy,
// {"server":{"tool":rule}}.
void stack_say_fix(struct buffer *out, const struct stack_combination *combination);
void stack_write_fix(struct buffer *out, const struct stack_combination *combination);

// One JSON object (docs/stack.md, "As JSON"); text for people, names without control characters.
void stack_write_json(struct buffer *out, const struct stack *stack,
                      const struct stack_report *report);
void stack_write_text(struct buffer *out, const struct stack *stack,
                      const struct stack_report *report);
