// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside of sink/: a sink's thread (run.c), its position, what it makes of rows and how these get
// out. Everything belongs to the sink's thread unless it says otherwise.
#pragma once

#include "sink/sink.h"

#include "audit/audit.h"
#include "base/buffer.h"
#include "base/thread.h"
#include "json/json.h"

#include <stdatomic.h>

enum {
    SINK_BATCH_BYTES = 1024 * 1024, // about; one row more may be in it
    SINK_NAP_MS = 200,              // between looks at the log
    SINK_CLOSE_MS = 2000,
};

// ---- row.c: what is known of a row besides its text.
struct sink_row {
    struct slice line;
    uint64_t number; // 0: not of the log, this sink is told something
    struct slice time, outcome, server, method, subject, note, trace; // empty: none, or escaped
    const struct json_doc *doc;                                       // of the line
};
// False: it is no object with a time, which no row of the log is. The row points into the line and
// the document.
bool sink_row_read(struct json_doc *doc, struct slice line, uint64_t number, struct sink_row *ret);
bool sink_row_wanted(const struct sink_options *options, const struct sink_row *row);
enum sink_severity { SINK_ERROR = 3, SINK_WARNING, SINK_NOTICE, SINK_INFORMATION }; // RFC 5424
enum sink_severity sink_row_severity(const struct sink_row *row);

// ---- position.c: how far a sink has come, in a file of two lines. The first is written after each
// batch; the second, a minute or two older, is on disk for sure, for when the machine lost the
// newest rows of the log.
struct sink_position {
    int fd; // -1: none
    struct chain_hasher *hasher;
    struct chain_state former; // for the second line, when the next minute is over
    uint64_t kept_us;          // when the second line was written last
};
enum sink_place { SINK_PLACE_NEWEST, SINK_PLACE_SAFE, SINK_PLACES };
// Makes the file if it is missing. *ret_new: it was, or holds nothing. ERROR_AGAIN: another process
// has it.
int sink_position_open(struct sink_position *position, const char *path, bool *ret_new,
                       struct error *error) MUST_CHECK;
// Writes both lines.
int sink_position_begin(struct sink_position *position, const struct chain_state *state) MUST_CHECK;
// False: that line is not whole.
bool sink_position_read(const struct sink_position *position, enum sink_place place,
                        struct chain_state *ret);
int sink_position_write(struct sink_position *position, const struct chain_state *state) MUST_CHECK;
void sink_position_close(struct sink_position *position);

// ---- A batch: rows that are sent at once.
struct sink_batch {
    struct buffer body;
    size_t rows;
    uint64_t first, last;     // numbers of its rows; 0: only what is told
    struct chain_state after; // the position when it has been delivered
};

enum sink_result {
    SINK_DELIVERED,
    SINK_LATER,   // try again
    SINK_REFUSED, // these bytes will never be taken
};
struct sink_delivery {
    enum sink_result result;
    uint64_t wait_ms;  // what the peer asked for; 0: nothing
    uint64_t rejected; // rows that it took, but did not keep
    char text[320];    // why not, for people
};

struct sink;
// What differs between kinds.
struct sink_kind_operations {
    void (*begin)(struct sink *sink, struct sink_batch *batch);
    void (*add)(struct sink *sink, struct sink_batch *batch, const struct sink_row *row);
    void (*end)(struct sink *sink, struct sink_batch *batch);
    void (*deliver)(struct sink *sink, const struct sink_batch *batch, struct sink_delivery *ret);
    void (*close)(struct sink *sink);
};
extern const struct sink_kind_operations sink_syslog, sink_otlp, sink_webhook;

struct sink_syslog_link;
struct fetch;

struct sink {
    struct sink_options options; // a copy
    const struct sink_kind_operations *operations;
    const char *log_path, *ca_file; // owned, as the next
    char *position_path;
    struct fetch *fetch;           // borrowed; of the HTTP kinds
    struct sink_syslog_link *link; // owned; of syslog
    struct sink_position position;
    struct audit_follower *follower;
    struct json_doc doc;
    struct sink_batch batch;
    struct buffer scratch;                                // a row on its way into the batch
    struct chain_state reached;                           // the position
    size_t rows_most;                                     // of a batch; fewer after a refusal
    bool elsewhere;                                       // another process sends to it
    unsigned int failures;                                // in a row
    uint64_t told_us, told_position_us, told_rejected_us; // when the operator was told of a failure
    uint64_t looked_us;                                   // when the log's newest row was looked at
    char hostname[256];
    // Shared with other threads
    pthread_t thread;
    bool started, has_waker;
    struct waker waker;
    atomic_bool stop, done;
    atomic_uint_fast64_t stop_at_us;
    atomic_bool failing;              // the last attempt was no success
    atomic_uint_fast64_t row, newest; // how far it has come, and the log's newest
    atomic_int_fast64_t oldest_ms;    // time of the oldest row that waits; 0: none
    struct metric *sent, *failed, *missed, *rejected;
};

// Of kinds that have nothing to do there.
void sink_no_frame(struct sink *sink, struct sink_batch *batch);
void sink_nothing(struct sink *sink);

// options.c
void sink_options_copy(struct sink_options *to, const struct sink_options *from);
void sink_options_release(struct sink_options *options);

// run.c: the thread.
void *sink_run(void *sink);
// It is time to give up whatever is waited for.
bool sink_must_end(const struct sink *sink);
// Of attempt number `failures`, from 1: doubles from half a second to a minute, and by chance up to
// half of it less. What the peer asks for counts, if it is longer, up to an hour.
uint64_t sink_backoff_ms(unsigned int failures, uint64_t asked_ms, uint32_t chance);
