// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a policy would have decided about calls that are in the decision log (docs/policy.md, "What
// would this have changed"). Lines in, differences out: no sockets, no files, no clock. Calls are
// played in the order in which they were decided, so limits count as they would have counted; what
// people answered then is assumed again. What the log does not tell is never guessed: such calls
// are counted apart. One thread.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "policy/policy.h"

enum {
    REHEARSE_EXAMPLES = 3,  // of each kind of difference
    REHEARSE_GROUPS = 1000, // kinds of differences that are told apart; the others are counted
};

// ---- A line of the log
struct rehearse_row {
    int64_t time_ms; // when the message was done with
    int64_t decide_us, upstream_us, total_us;
    // As in the line: escaped, without quotes; data is NULL for null and where there is none.
    struct slice id, organisation, grant, server, session, client, direction, method, subject;
    struct slice outcome, rule, reason, policy, policy_version, answer, approval;
    struct slice keys;      // the array as it stands there, or NULL
    struct slice arguments; // the object, or NULL
    int64_t keys_total, left_out;
    uint64_t number; // of the row, 0: not told
    bool note;       // the log says something about itself
};
// False: it is no row. Nothing of the chain is verified.
bool rehearse_row_read(struct slice line, struct rehearse_row *ret);

// ---- A rehearsal
struct rehearse;

// Of a tool when the call was made. UNKNOWN is an answer, too; false: it is not known what the
// gateway knew.
struct rehearse_category {
    enum catalogue_category category;
    bool then;        // it is known to be that of the time of the call, not only today's
    int64_t until_ms; // the same for calls before; INT64_MAX: for all later ones
};
typedef bool (*rehearse_category_cb)(void *argument, struct slice organisation, struct slice server,
                                     struct slice tool, int64_t at_ms,
                                     struct rehearse_category *ret);
// Today's tags of a grant; false: they are not known.
typedef bool (*rehearse_tags_cb)(void *argument, struct slice organisation, struct slice grant,
                                 const struct slice **ret, size_t *ret_count);

// ---- What is known beside the log: the catalogue's past, and today's tags
struct inventory;
struct rehearse_past;
// `inventory` is borrowed, and not used otherwise meanwhile; NULL: there is none. NULL: no memory.
struct rehearse_past *rehearse_past_new(struct inventory *inventory);
void rehearse_past_free(struct rehearse_past *past); // NULL accepted
// Copies. `organisation` is empty for what the configuration file declares.
int rehearse_past_add_grant(struct rehearse_past *past, struct slice organisation,
                            struct slice grant, const struct slice *tags, size_t count) MUST_CHECK;
// What a person says the tool is, today.
int rehearse_past_add_override(struct rehearse_past *past, struct slice organisation,
                               struct slice server, struct slice tool,
                               enum catalogue_category category) MUST_CHECK;
// For the options; the argument is a struct rehearse_past.
bool rehearse_past_category(void *past, struct slice organisation, struct slice server,
                            struct slice tool, int64_t at_ms, struct rehearse_category *ret);
bool rehearse_past_tags(void *past, struct slice organisation, struct slice grant,
                        const struct slice **ret, size_t *ret_count);

struct rehearse_options {
    struct policy *draft;      // a reference is taken
    int64_t from_ms, to_ms;    // the first included, the second not; INT64_MIN and INT64_MAX: all
    bool everybody;            // calls of all organisations and of none
    struct slice organisation; // else of this one
    struct slice grant, server, policy; // of these alone; data NULL: of any. Copied.
    rehearse_category_cb category;      // NULL: never known
    rehearse_tags_cb tags;              // the same
    void *argument;
    size_t memory_max; // of each of its parts; 0: some hundreds of MiB
    // Asked before each call that takes long to judge: true ends it all. NULL: never.
    bool (*over)(void *argument);
    void *over_argument;
};
int rehearse_new(const struct rehearse_options *options, struct rehearse **ret) MUST_CHECK;
void rehearse_free(struct rehearse *rehearse); // NULL accepted
// Since when rows must be given: limits are full of what was before the first call.
int64_t rehearse_begins_ms(const struct rehearse *rehearse);
// What is given begins with the log: no session is older. Before the first line; who gives the very
// first row need not say it.
void rehearse_from_the_start(struct rehearse *rehearse);
// Lines in the order of the log, without line feeds; they need not live on. 0, ERROR_NO_MEMORY, or
// ERROR_TIMEOUT when it is over: then only rehearse_finish is left, which plays nothing further.
int rehearse_line(struct rehearse *rehearse, struct slice line) MUST_CHECK;
// The same from the bytes of files, in pieces; between two files, and after the last one, comes
// rehearse_end_file. What is no line of at most 1 MiB is a line that is no row.
int rehearse_feed(struct rehearse *rehearse, struct slice piece) MUST_CHECK;
int rehearse_end_file(struct rehearse *rehearse) MUST_CHECK;
// After the last line.
int rehearse_finish(struct rehearse *rehearse) MUST_CHECK;

// ---- What came out
enum rehearse_outcome {
    REHEARSE_ALLOWED,
    REHEARSE_DENIED,
    REHEARSE_HIDDEN,
    REHEARSE_ASKED, // a person
    REHEARSE_OUTCOMES,
};
struct rehearse_example {
    char id[36]; // of the exchange
    int64_t time_ms;
    struct slice grant;
};
// Calls that differ in the same way, or of which it cannot be told for the same reason.
struct rehearse_group {
    enum rehearse_outcome was, is;
    struct slice organisation, server, method, subject;
    struct slice was_rule, is_rule; // `is_rule` of what cannot be told: the rule that wants to know
    struct slice missing;           // what cannot be told for want of: a path; else empty
    bool by_limit;                  // the draft's rule is a limit
    bool withheld;                  // then the answer was withheld
    uint64_t calls, grants;
    struct rehearse_example examples[REHEARSE_EXAMPLES]; // the first ones
    size_t example_count;
};
struct rehearse_counts {
    uint64_t lines, strange;   // strange: no rows
    uint64_t before;           // rows before the time, read for the limits
    uint64_t replayed;         // calls that were judged again: the sum of the next five
    uint64_t same, other_rule; // the same outcome, by the same rule or another one
    uint64_t changed, unsure;
    uint64_t same_question; // of `same`: asked again what was asked then
    uint64_t changed_grants, grants;
    uint64_t matrix[REHEARSE_OUTCOMES][REHEARSE_OUTCOMES]; // of `changed`
    uint64_t observed; // of `replayed`: the gateway only observed
    // Not replayed:
    uint64_t refused;             // before any policy was asked
    uint64_t from_servers;        // what servers said
    uint64_t housekeeping;        // what no policy denies: lists, pings
    uint64_t gateways_own;        // denied for reasons that no policy has: quarantine, the disk
    uint64_t with_values;         // of `replayed`: the log has the values of their arguments
    uint64_t categories_of_today; // of `replayed`: judged by what the catalogue says today
    uint64_t tags_of_today;       // of `replayed`: judged by the tags that the grant has today
    uint64_t out_of_order; // so late in the log that their limits may be counted in another order
    uint64_t more_changed, more_unsure; // calls that are in no group
    uint64_t fuses;                     // how often the draft's fuse surely blew
    uint64_t fuse_unsure;      // how often it may have blown besides: taken as if it had not
    uint64_t paused;           // of `replayed`: denied because the draft's fuse had blown before
    int64_t first_ms, last_ms; // of what was replayed
};
const struct rehearse_counts *rehearse_counts(const struct rehearse *rehearse);
// The largest first; live as long as the rehearsal.
const struct rehearse_group *const *rehearse_changes(const struct rehearse *rehearse,
                                                     size_t *ret_count);
const struct rehearse_group *const *rehearse_unsure(const struct rehearse *rehearse,
                                                    size_t *ret_count);
// For people; `draft` is what they call it. As members of a JSON object, without brackets.
void rehearse_write_text(const struct rehearse *rehearse, struct slice draft, struct buffer *out);
void rehearse_write_json(const struct rehearse *rehearse, struct buffer *out);

// ---- A suggestion: the tightest policy under which what one grant did at one server would have
// passed (docs/policy.md, "A policy from what was done")
struct suggestion;
struct suggestion_options {
    int64_t from_ms, to_ms;
    bool everybody;
    struct slice organisation;
    struct slice grant, server;    // copied; without a server, the only one that there is
    bool include_observed;         // what passed only because the gateway observed
    rehearse_category_cb category; // NULL: by the names of the tools
    void *argument;
};
int suggestion_new(const struct suggestion_options *options, struct suggestion **ret) MUST_CHECK;
void suggestion_free(struct suggestion *suggestion); // NULL accepted
// As those of a rehearsal.
int suggestion_feed(struct suggestion *suggestion, struct slice piece) MUST_CHECK;
int suggestion_end_file(struct suggestion *suggestion) MUST_CHECK;
struct suggestion_counts {
    uint64_t calls, left_out; // that it is founded on; of this grant, but denied, refused, failed
    uint64_t observed;        // of `calls`
    uint64_t masked;          // calls of which the log has no values
    uint64_t unnamed;         // calls of tools whose names no exact selector can say: denied
    uint64_t other_servers;   // calls of other servers than the first, where none was asked for
    size_t tools, asking;     // asking: those that wait for a person
    size_t too_many;          // names beyond what is kept: denied
};
const struct suggestion_counts *suggestion_counts(const struct suggestion *suggestion);
struct slice suggestion_server(const struct suggestion *suggestion); // that it is for
// The document, appended, with a line feed behind it; limits are `margin` times the highest rate
// seen (1 or more). Calls that did not pass then may pass under it and use up its limits: play it,
// and ask again with a larger margin where that shows.
void suggestion_write(struct suggestion *suggestion, int64_t margin, struct buffer *out);
// Of a rehearsal of it: how many calls that had passed would be denied.
uint64_t rehearse_lost(const struct rehearse *rehearse);
// Feeds the same log to a rehearsal and finishes it; 0 or an error, which ends it all.
typedef int (*suggestion_play_cb)(void *argument, struct rehearse *rehearse);
struct suggestion_proof {
    int64_t margin;       // of the document
    uint64_t lost, asked; // calls that had passed and would be denied, would wait for a person
};
// Writes the document and plays it, with wider limits where calls that did not pass then use them
// up: up to a margin of 100. `memory_max` as in rehearse_options.
int suggestion_prove(struct suggestion *suggestion, int64_t margin, size_t memory_max,
                     suggestion_play_cb play, void *argument, struct buffer *out,
                     struct suggestion_proof *ret) MUST_CHECK;
enum { SUGGESTION_MARGIN = 2, SUGGESTION_MARGIN_MAX = 100 }; // unless another is asked for
