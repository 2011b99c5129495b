// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The decision log, made queryable. An index beside the log follows its files from a thread of its
// own and can be made anew from them at any time; the log stays the one truth, every row that is
// found is read from it and looked at again. Who asks waits: not on an event loop. Any thread.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

enum {
    DECISIONS_TEXT_MAX = 1024,  // bytes of one that is asked for
    DECISIONS_OUTCOMES_MAX = 8, // asked for at once
    DECISIONS_BUCKETS_MAX = 1000,
    DECISIONS_KEYS_MAX = 100, // of a summary; what is beyond is counted together
};

struct decisions;

struct decisions_options {
    const char *log;   // path of the decision log
    const char *index; // path of the index, made when missing; one process at a time
    // Called by the index's thread when there are new rows to be found. May be NULL.
    void (*advanced)(void *argument);
    void *argument;
};
// Starts to follow. What is wrong with the index does not keep it from starting: it is made anew,
// or tried again later.
int decisions_open(const struct decisions_options *options, struct decisions **ret,
                   struct error *error) MUST_CHECK;
void decisions_close(struct decisions *decisions); // NULL accepted

struct decisions_state {
    bool up;            // the index can be written
    uint64_t row;       // the newest that is indexed
    uint64_t behind;    // bytes of the log that are not
    uint64_t behind_ms; // since when it has not been level with the log
};
struct decisions_state decisions_state(const struct decisions *decisions);

// ---- Rows

// The texts of a row. Those before DECISIONS_ID are told by the index.
enum decisions_text {
    DECISIONS_ORGANISATION,
    DECISIONS_GRANT,
    DECISIONS_SERVER,
    DECISIONS_METHOD,
    DECISIONS_SUBJECT,
    DECISIONS_OUTCOME,
    DECISIONS_RULE,
    DECISIONS_REASON,
    DECISIONS_POLICY,
    DECISIONS_POLICY_VERSION,
    DECISIONS_ID,
    DECISIONS_SESSION,
    DECISIONS_CLIENT,
    DECISIONS_PEER,
    DECISIONS_TRACE,
    DECISIONS_TEXTS,
};
struct decisions_row {
    uint64_t number;
    int64_t time_ms;
    bool note;                           // no decision: the log says something about itself
    struct slice texts[DECISIONS_TEXTS]; // as in the line: escaped, without quotes; NULL: none
    struct slice line;                   // without its line feed
    unsigned char link[32];
};
// Reads a line. False: it is no row.
bool decisions_row_read(struct slice line, struct decisions_row *ret);

// What is asked for; everything that is given must hold. Texts are plain (not escaped).
struct decisions_filter {
    bool everybody;            // rows of all organisations and of none: for the operator alone
    struct slice organisation; // else those of this one
    int64_t from_ms, to_ms;    // the first included, the second not; 0: no such bound
    struct slice wanted[DECISIONS_TEXTS]; // exactly this; NULL: any. A server by its name, or as
                                          // the log has it; outcomes are told below
    struct slice outcomes[DECISIONS_OUTCOMES_MAX]; // any of them
    size_t outcome_count;                          // 0: any
    struct slice text; // in the grant, server, method, subject, rule, reason or policy, in capitals
                       // or not (ASCII); NULL: any
};

struct decisions_page {
    uint64_t after; // the last row of the page before, 0: from the end that the direction names
    uint64_t until; // no newer row than this, 0: any
    bool newest_first;
    size_t limit;      // rows
    size_t bytes_most; // of their lines together; one row is given anyway
    int64_t budget_us; // time to look; 0: without end
};
struct decisions_found {
    uint64_t position; // everything up to this row has been looked at: where to go on
    bool more;         // there is at least one more, or the time was over
    bool complete;     // false: the time was over before the page was full
};
typedef int (*decisions_row_cb)(void *argument, const struct decisions_row *row);
// Calls back for each row of the page in its order. A result other than 0 ends it and is returned.
// ERROR_AGAIN: the index cannot be read now.
int decisions_find(struct decisions *decisions, const struct decisions_filter *filter,
                   const struct decisions_page *page, decisions_row_cb visit, void *argument,
                   struct decisions_found *ret, struct error *error) MUST_CHECK;

// ---- Many rows, the oldest first, for who judges each of them himself
struct decisions_piece {
    uint64_t after;     // the last row of the piece before, 0: from the oldest
    uint64_t until;     // no newer row than this, 0: any
    uint64_t rows_most; // 0: any number; counted by blocks of some thousands
    int64_t budget_us;  // time to read; 0: without end
};
struct decisions_given {
    uint64_t position; // everything up to this row has been looked at: where to go on
    uint64_t rows;     // that were given
    uint64_t gone;     // that the index knows of, and that are not in the log any more as they were
    uint64_t oldest;   // the first row that there is, 0: there is none
    int64_t last_ms;   // of the last row that was given, 0: none was
    bool more;         // the time or the number was over
};
// Whole lines, each with its line feed.
typedef int (*decisions_lines_cb)(void *argument, struct slice lines);
// Gives all lines that the index says may be asked for, and a few others: only the first and the
// last of what is given at once is looked at again. Otherwise as decisions_find.
int decisions_read(struct decisions *decisions, const struct decisions_filter *filter,
                   const struct decisions_piece *piece, decisions_lines_cb visit, void *argument,
                   struct decisions_given *ret, struct error *error) MUST_CHECK;

// ---- Counts

enum decisions_key { DECISIONS_BY_NOTHING = -1 }; // or one of the texts before DECISIONS_ID
struct decisions_summary {
    int64_t interval_ms; // of a bucket; they begin at multiples of it
    int by;              // enum decisions_text or DECISIONS_BY_NOTHING
    int64_t budget_us;
};
struct decisions_count {
    int64_t begins_ms;
    struct slice key; // as in the line; empty: it has none; NULL: all further keys together
    uint64_t rows;
};
typedef int (*decisions_count_cb)(void *argument, const struct decisions_count *count);
struct decisions_counted {
    uint64_t rows;
    uint64_t unsure; // rows of which the index does not know whether they are asked for
    bool complete;   // false: the time was over; the oldest are not counted
};
// Of rows that the filter's organisation, times and texts before DECISIONS_ID (but not its `text`)
// tell: counts above 0, in order of time. `from_ms` and `to_ms` must be given and have at most
// DECISIONS_BUCKETS_MAX buckets between them: ERROR_RANGE.
int decisions_summarise(struct decisions *decisions, const struct decisions_filter *filter,
                        const struct decisions_summary *summary, decisions_count_cb visit,
                        void *argument, struct decisions_counted *ret,
                        struct error *error) MUST_CHECK;
