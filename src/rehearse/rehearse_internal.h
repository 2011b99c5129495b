// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside rehearse/: a line is read (row.c) and belongs to a class of calls that differ in nothing
// that the draft's rules look at (class.c). Where a verdict depends on nothing else it is made once
// for the class (judge.c); what depends on limits, sessions or values waits in a queue (queue.c)
// until every earlier call has been seen, is counted (tally.c) and compared (run.c, report.c).
#pragma once

#include "base/clock.h"
#include "base/table.h"
#include "limit/limit.h"
#include "rehearse/rehearse.h"

// ---- row.c
struct rehearse_minute { // the time that was read last; zero at first
    char text[16];
    int64_t begins_ms;
};
bool rehearse_time(struct slice text, struct rehearse_minute *minute, int64_t *ret_ms);
int64_t rehearse_decided_ms(const struct rehearse_row *row);
bool rehearse_read(struct slice line, struct rehearse_minute *minute, struct rehearse_row *ret);

// ---- lines.c: files in pieces, as lines
struct rehearse_lines {
    struct buffer rest; // of a line whose end has not come
    bool too_long;      // what came of it is not kept
};
typedef int (*rehearse_line_cb)(void *argument, struct slice line);
void rehearse_lines_init(struct rehearse_lines *lines);
void rehearse_lines_release(struct rehearse_lines *lines);
int rehearse_lines_feed(struct rehearse_lines *lines, struct slice piece, rehearse_line_cb visit,
                        void *argument) MUST_CHECK;
int rehearse_lines_end(struct rehearse_lines *lines, rehearse_line_cb visit,
                       void *argument) MUST_CHECK;

// ---- class.c: what calls have in common
enum rehearse_kind {
    REHEARSE_CALL,
    REHEARSE_REFUSED,
    REHEARSE_SERVER,
    REHEARSE_HOUSEKEEPING,
    REHEARSE_OWN, // a denial that no policy decides
};
// A verdict of the draft before limits and people.
struct rehearse_verdict {
    enum policy_outcome outcome;
    bool hidden;
    struct slice rule;
    const struct policy_charge *charges; // and behind them those of limits that only observe
    size_t charge_count, watched_count;
    struct policy_observation observed; // what a part that only observes says
    struct slice missing, missing_rule; // what it depends on and is not known; empty: it is sure
    bool missing_charge;                // and that is an amount, or what splits a counter
    const struct slice
        *keys; // of the charges' counters, where calls of a class share them; or NULL
    bool category_of_today, tags_of_today;
    int64_t until_ms; // what it was judged by may have been otherwise from then on
};
struct rehearse_class {
    struct slice key; // owned by the rehearsal's arena, as is all below
    enum rehearse_kind kind;
    struct slice organisation, grant, server, client, method, subject, rule;
    enum policy_subject judged_as;
    enum rehearse_outcome was;
    bool observed;         // the gateway let it pass whatever the rules said
    bool approved;         // a person had agreed
    bool withheld;         // it ran, and its answer was withheld
    bool same_draft;       // the policy was the very draft
    bool has_values;       // the log has values of its arguments
    bool settled;          // `verdict` is that of every call of the class
    bool tried;            // it was asked whether it is settled
    bool counted, changed; // its grant is among those that were counted
    struct rehearse_verdict verdict;
    struct rehearse_group *group; // that its last difference went to
    struct rehearse_grant *fused; // of the fuse; NULL: not asked for yet
};

// ---- queue.c: calls in the order in which they were decided
struct rehearse_event {
    int64_t at_ms;
    uint64_t place;                 // in the order in which they came
    struct rehearse_class *class;   // NULL: made anew from the line
    char *line;                     // owned; NULL where the class says everything
    struct limit_receipt *receipts; // owned; a reservation that goes back, and no call
    uint32_t length;                // of the line; or how many receipts there are
    uint32_t lasted_ms;             // until it was done with
    bool not_run, failed;           // what became of it: see audit_answer
    bool before;                    // the time that is asked about
    bool pause;                     // no call that is played: one that a pause denied
    bool has_id, has_session, print_sure;
    uint64_t id[2], session; // 16 hexadecimal digits each, as the gateway makes them
    uint64_t print;          // of the arguments; not sure: of their names
};
struct rehearse_queue {
    struct rehearse_event *items; // owned; those that came in order, the earliest at `first`
    size_t first, count, capacity;
    struct rehearse_event *late; // owned; a heap of the others, the earliest first
    size_t late_count, late_capacity;
    uint64_t places;
    size_t bytes;        // of lines that wait
    int64_t released_ms; // of what was taken out last
};
void rehearse_queue_release(struct rehearse_queue *queue);
// Takes what the event owns. ERROR_NO_MEMORY: it took nothing.
int rehearse_queue_put(struct rehearse_queue *queue, const struct rehearse_event *event) MUST_CHECK;
// The earliest event that is not after `until_ms`; the caller owns what it has.
bool rehearse_queue_take(struct rehearse_queue *queue, int64_t until_ms,
                         struct rehearse_event *ret);
void rehearse_event_release(struct rehearse_event *event);

// ---- tally.c: limits and sessions on the clock of the log
enum rehearse_fit { REHEARSE_FITS, REHEARSE_FULL, REHEARSE_FIT_UNSURE };
struct rehearse_tally {
    struct limit_table *sure; // what was surely charged
    struct limit_table *most; // and what may have been; NULL: nothing is ever unsure
    struct table tainted;     // counters with charges of which it is not known what they split by
    struct table sessions;
    struct arena arena;  // of what is in the tables
    bool from_the_start; // of the log: no session is older
};
struct rehearse_payer {
    struct slice organisation, grant, server, client;
    struct slice session; // its bits, or empty
};
int rehearse_tally_init(struct rehearse_tally *tally, bool unsure, size_t memory_max) MUST_CHECK;
void rehearse_tally_release(struct rehearse_tally *tally);
enum rehearse_charge_mode {
    REHEARSE_LOOK, // would they fit
    REHEARSE_TAKE, // and takes them
    REHEARSE_MAYBE // the call may have run or not
};
// *ret_index: the charge that does not fit, or of which it is not known. Where `receipts` is given
// (room for two of each charge) what was taken can go back. ERROR_NO_MEMORY.
int rehearse_tally_charge(struct rehearse_tally *tally, const struct rehearse_verdict *verdict,
                          const struct rehearse_payer *payer, enum rehearse_charge_mode mode,
                          int64_t at_ms, struct arena *arena, struct limit_receipt *receipts,
                          enum rehearse_fit *ret, size_t *ret_index) MUST_CHECK;
// The key of the charge's counter; data is NULL when it is split by sessions, or memory is short.
struct slice rehearse_tally_key(const struct policy_charge *charge,
                                const struct rehearse_payer *payer, struct arena *arena);
void rehearse_tally_give_back(struct rehearse_tally *tally, const struct limit_receipt *receipts,
                              size_t count);
struct rehearse_session {
    uint64_t calls; // of tools, until now
    bool known;     // false: there may be more or fewer
};
// NULL: there are too many. `begins`: it is opened now.
struct rehearse_session *rehearse_tally_session(struct rehearse_tally *tally,
                                                const struct rehearse_payer *payer, bool begins);

// ---- fuse.c
struct rehearse_end;
struct rehearse_fuse {
    const struct policy_runaway *runaway; // of the draft; NULL: it has none
    struct table grants;
    struct limit_table *calls; // identical ones
    struct arena arena;
};
int rehearse_fuse_init(struct rehearse_fuse *fuse, const struct policy *draft,
                       size_t memory_max) MUST_CHECK;
void rehearse_fuse_release(struct rehearse_fuse *fuse);
void rehearse_print(struct rehearse *r, const struct rehearse_row *row,
                    struct rehearse_event *event);
// Before the call is judged: true, with its end, when it is denied because its grant is paused.
bool rehearse_fuse_stops(struct rehearse *r, struct rehearse_class *class,
                         const struct rehearse_event *event, struct rehearse_end *ret,
                         int *ret_result);
// Behind its judgement.
void rehearse_fuse_note(struct rehearse *r, struct rehearse_class *class,
                        const struct rehearse_end *end);
void rehearse_fuse_saw_pause(struct rehearse *r, struct rehearse_class *class);

// ---- report.c
struct rehearse_report {
    struct table groups, grants, changed_grants; // keys and values in the arena
    struct arena arena;
    struct rehearse_group **changes, **unsure; // owned; sorted when all is over
    size_t change_count, unsure_count;
    struct rehearse_counts counts;
};

struct rehearse {
    struct rehearse_options options; // its texts live in the arena
    struct policy_traits traits;
    bool categories;
    struct rehearse_minute minute;
    struct arena arena; // of classes
    struct table classes;
    size_t class_count;
    struct arena scratch; // of one call
    struct json_doc doc;  // of its arguments
    struct json_doc text; // of one string
    struct buffer merged;
    struct rehearse_lines lines;
    struct rehearse_queue queue;
    struct rehearse_tally tally;
    struct rehearse_report report;
    struct rehearse_fuse fuse;
    int64_t newest_ms;
    bool begun;
};
// The class of a row; NULL when there are too many already, and then *spare is filled. ERROR_*.
int rehearse_classify(struct rehearse *r, const struct rehearse_row *row,
                      struct rehearse_class *spare, struct rehearse_class **ret) MUST_CHECK;

// A text of the line as it was meant; data is NULL when memory is short.
struct slice rehearse_text(struct json_doc *doc, struct slice text, struct arena *arena);
enum policy_subject rehearse_subject(struct slice method, struct slice subject);
// Texts that the mask of the log may have changed (docs/decision-log.md, "Values of arguments").
bool rehearse_may_be_masked(struct slice raw);
bool rehearse_is_of_results(struct slice rule);

// ---- judge.c
struct rehearse_moment {
    int64_t at_ms;
    bool session_known;
    uint64_t session_calls;
};
// What the draft says of the call. *ret_read: what of POLICY_READ_... that depended on beside the
// class. Lives in r->scratch. `row` has the arguments.
void rehearse_judge(struct rehearse *r, const struct rehearse_class *class,
                    const struct rehearse_row *row, const struct rehearse_moment *moment,
                    struct rehearse_verdict *ret, unsigned *ret_read);

// ---- run.c
enum { REHEARSE_LATEST_MS = 2 * 60 * 1000 }; // so long may a call take until it is in the log
struct rehearse_payer rehearse_payer_of(const struct rehearse_class *class,
                                        const struct rehearse_event *event);
int rehearse_finish_call(struct rehearse *r, struct rehearse_class *class,
                         const struct rehearse_event *event, const struct rehearse_verdict *verdict,
                         struct rehearse_end *ret) MUST_CHECK;
bool rehearse_is_over(const struct rehearse *r);
// Those that wait and were decided until then.
int rehearse_take_turns(struct rehearse *r, int64_t until_ms) MUST_CHECK;

// ---- report.c
bool rehearse_is_limit(struct slice rule);
struct rehearse_end { // what the draft makes of a call
    enum rehearse_outcome is;
    struct slice rule, missing;
    bool by_limit, unsure;
};
// Counts a call whose end is known.
int rehearse_note(struct rehearse *r, struct rehearse_class *class,
                  const struct rehearse_event *event, const struct rehearse_end *end) MUST_CHECK;
int rehearse_report_init(struct rehearse_report *report, size_t memory_max) MUST_CHECK;
void rehearse_report_release(struct rehearse_report *report);
int rehearse_report_sort(struct rehearse_report *report) MUST_CHECK;
int rehearse_report_grant(struct rehearse_report *report, struct table *grants,
                          struct slice organisation, struct slice grant) MUST_CHECK;
extern const char *const rehearse_words[REHEARSE_OUTCOMES];
