// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

#include <errno.h>

enum {
    DEFAULT_RING = 8 * 1024 * 1024,
    BATCH_MAX = 1024 * 1024, // bytes formatted before they are written
    NAP_MS = 20,             // gathers a batch; the longest that a busy log keeps a reader waiting
    RETRY_MS = 200,
};
static const uint64_t CLOSE_US = 5000000;

struct audit_log {
    struct audit_ring *lanes; // owned; one for each thread that writes
    size_t lane_count;
    char *path; // owned
    struct waker waker;
    pthread_t thread;
    atomic_bool sleeping; // the writer waits for a first record
    atomic_bool stop, reopen;
    atomic_bool failing; // the last write failed
    atomic_uint_fast64_t written, dropped, failed_writes;
    // The writer's own from here.
    struct audit_file file;
    struct buffer lines; // formatted, not yet written
    size_t line_count;
    struct audit_second second;
    uint64_t stop_at_us;
};

// The lane whose next record is the oldest, so that lines stand almost in the order of time; NULL
// when there is no record.
static struct audit_ring *next_lane(struct audit_log *log, const struct audit_cell **ret)
{
    struct audit_ring *oldest = NULL;
    *ret = NULL;
    for (size_t i = 0; i < log->lane_count; i++) {
        const struct audit_cell *cell = audit_ring_peek(&log->lanes[i]);
        if (cell == NULL || (*ret != NULL && (*ret)->time_ms <= cell->time_ms))
            continue;
        oldest = &log->lanes[i];
        *ret = cell;
    }
    return oldest;
}

static bool is_empty(struct audit_log *log)
{
    const struct audit_cell *cell;
    return next_lane(log, &cell) == NULL;
}

// Formats what has come in; false when there is no memory for a line.
static bool format_batch(struct audit_log *log)
{
    const struct audit_cell *cell;
    struct audit_ring *lane;
    while (log->lines.length < BATCH_MAX && (lane = next_lane(log, &cell)) != NULL) {
        size_t before = log->lines.length;
        audit_line(&log->lines, &log->second, cell);
        if (log->lines.failed) {
            log->lines.length = before;
            log->lines.failed = false;
            errno = ENOMEM;
            return before > 0;
        }
        audit_ring_drop(lane, cell);
        log->line_count++;
    }
    return true;
}

static void note_result(struct audit_log *log, bool failed, int cause)
{
    if (failed)
        atomic_fetch_add_explicit(&log->failed_writes, 1, memory_order_relaxed);
    if (atomic_exchange(&log->failing, failed) == failed)
        return;
    if (failed)
        log_event(
            LOG_ERROR, "audit",
            "cannot write the decision log '%s': %s; calls are denied until it can be written",
            log->path, strerror(cause));
    else
        log_event(LOG_INFO, "audit", "the decision log '%s' can be written again", log->path);
}

// False when something is left that could not be written.
static bool write_batch(struct audit_log *log)
{
    bool failed = !format_batch(log);
    if (!failed && log->lines.length == 0)
        return true;
    failed = failed || audit_file_write(&log->file, &log->lines) != 0;
    note_result(log, failed, errno);
    if (failed)
        return false;
    atomic_fetch_add_explicit(&log->written, log->line_count, memory_order_relaxed);
    log->line_count = 0;
    return true;
}

// Opens the path anew when asked; when that fails, the old file is kept and the wish stands.
static bool reopen_if_asked(struct audit_log *log)
{
    struct error error;
    if (!atomic_exchange(&log->reopen, false))
        return true;
    if (audit_file_reopen(&log->file, &log->lines, &error) == 0)
        return true;
    log_event(LOG_ERROR, "audit", "%s; the old file stays in use", error.text);
    return false;
}

static bool nothing_to_do(struct audit_log *log)
{
    return is_empty(log) && !atomic_load(&log->stop) && !atomic_load(&log->reopen);
}

static void rest(struct audit_log *log)
{
    if (waker_wait(&log->waker, NAP_MS) || !nothing_to_do(log))
        return;
    // Say so first, then look once more: a record that comes between is seen by one of the two.
    atomic_store(&log->sleeping, true);
    if (nothing_to_do(log))
        waker_wait(&log->waker, -1);
    atomic_store(&log->sleeping, false);
}

static bool time_to_stop(struct audit_log *log, bool all_written)
{
    if (!atomic_load(&log->stop))
        return false;
    if (log->stop_at_us == 0)
        log->stop_at_us = clock_monotonic_us() + CLOSE_US;
    return (all_written && is_empty(log)) || clock_monotonic_us() >= log->stop_at_us;
}

static void *run_writer(void *argument)
{
    struct audit_log *log = argument;
    for (;;) {
        bool reopened = reopen_if_asked(log);
        bool all_written = write_batch(log);
        if (time_to_stop(log, all_written))
            break;
        if (!reopened)
            atomic_store(&log->reopen, true);
        if (!all_written || !reopened)
            waker_wait(&log->waker, RETRY_MS);
        else if (is_empty(log))
            rest(log);
    }
    return NULL;
}

static void free_log(struct audit_log *log)
{
    audit_file_close(&log->file, &log->lines);
    buffer_release(&log->lines);
    for (size_t i = 0; i < log->lane_count; i++)
        audit_ring_release(&log->lanes[i]);
    memory_free(log->lanes);
    memory_free(log->path);
    memory_free(log);
}

static int start_writer(struct audit_log *log, struct error *error)
{
    if (waker_open(&log->waker) != 0)
        return error_set(error, ERROR_IO, "cannot start the decision log: %s", strerror(errno));
    if (thread_start(&log->thread, run_writer, log) == 0)
        return 0;
    waker_close(&log->waker);
    return error_set(error, ERROR_NO_MEMORY, "cannot start the decision log's thread");
}

static int open_lanes(struct audit_log *log, size_t lanes, size_t ring_bytes, struct error *error)
{
    log->lanes = memory_new(lanes * sizeof *log->lanes);
    for (; log->lane_count < lanes; log->lane_count++)
        if (!audit_ring_init(&log->lanes[log->lane_count],
                             ring_bytes == 0 ? DEFAULT_RING : ring_bytes))
            return error_set(error, ERROR_NO_MEMORY, "no memory for the decision log");
    return 0;
}

int audit_open(const char *path, size_t lanes, size_t ring_bytes, struct audit_log **ret,
               struct error *error)
{
    struct audit_log *log = memory_new(sizeof *log);
    log->path = memory_copy_string(path, strlen(path));
    log->file.fd = -1;
    buffer_init(&log->lines, 0);
    int failed = open_lanes(log, lanes, ring_bytes, error);
    if (failed == 0)
        failed = audit_file_open(&log->file, log->path, error);
    if (failed == 0)
        failed = start_writer(log, error);
    if (failed != 0)
        free_log(log);
    else
        *ret = log;
    return failed;
}

bool audit_write(struct audit_log *log, size_t lane, const struct audit_record *record)
{
    if (!audit_ring_put(&log->lanes[lane], record)) {
        atomic_fetch_add_explicit(&log->dropped, 1, memory_order_relaxed);
        return false;
    }
    if (atomic_load(&log->sleeping) && atomic_exchange(&log->sleeping, false))
        waker_wake(&log->waker);
    return true;
}

bool audit_ready(const struct audit_log *log, size_t lane)
{
    return !atomic_load_explicit(&log->failing, memory_order_relaxed) &&
           audit_ring_has_room(&log->lanes[lane]);
}

struct audit_stats audit_log_stats(const struct audit_log *log)
{
    return (struct audit_stats){
        .written = atomic_load_explicit(&log->written, memory_order_relaxed),
        .dropped = atomic_load_explicit(&log->dropped, memory_order_relaxed),
        .failed_writes = atomic_load_explicit(&log->failed_writes, memory_order_relaxed),
    };
}

void audit_reopen(struct audit_log *log)
{
    atomic_store(&log->reopen, true);
    waker_wake(&log->waker);
}

void audit_close(struct audit_log *log)
{
    if (log == NULL)
        return;
    atomic_store(&log->stop, true);
    waker_wake(&log->waker);
    pthread_join(log->thread, NULL);
    if (!is_empty(log) || log->lines.length > 0)
        log_event(LOG_ERROR, "audit", "decisions are lost: '%s' could not be written", log->path);
    waker_close(&log->waker);
    free_log(log);
}
