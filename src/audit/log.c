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
    TURN_MS = 2, // until another process has let go of the file
    CHECKPOINT_MS = 60000,
};
static const uint64_t CLOSE_US = 5000000;
static const uint64_t KEEP_US = 60000000; // between looks at what is kept
static const uint64_t TURN_US = 2000000;  // another process has it for too long

struct audit_log {
    struct audit_ring *lanes; // owned; one for each thread that writes
    size_t lane_count;
    char *path; // owned
    enum audit_on_failure on_failure;
    struct waker waker;
    pthread_t thread;
    atomic_bool sleeping; // the writer waits for a first record
    atomic_bool stop, reopen;
    atomic_bool failing; // the last write failed
    atomic_uint_fast64_t written, dropped, failed_writes;
    atomic_int_fast64_t dropped_first_ms, dropped_last_ms; // 0: none since it was told
    atomic_uint_fast64_t keep_ms, keep_bytes;
    // The writer's own from here.
    struct audit_journal journal;
    struct buffer lines; // formatted, not yet written
    size_t line_count;
    struct audit_second second;
    uint64_t checkpoint_us, signed_us; // how often, and when last
    uint64_t told;                     // drops that stand in the log
    struct audit_loss loss;            // those that do not; a count of 0: none
    uint64_t waits_since_us;           // for its turn at the file; 0: it does not
    uint64_t keep_at_us;               // when to look at it next
    uint64_t keep_failed_us;           // not before this, after a failure
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
        log_event(LOG_ERROR, "audit", "cannot write the decision log '%s': %s; until it can be, %s",
                  log->path, strerror(cause),
                  log->on_failure == AUDIT_DENY ? "calls are denied"
                                                : "calls pass and some are not recorded");
    else
        log_event(LOG_INFO, "audit", "the decision log '%s' can be written again", log->path);
}

// ---- What the chain says besides

// Records that found no room are told behind the rows that had it.
static const struct audit_loss *loss_to_tell(struct audit_log *log)
{
    uint64_t dropped = atomic_load(&log->dropped);
    int64_t first = atomic_exchange(&log->dropped_first_ms, 0);
    if (log->loss.since_ms == 0)
        log->loss.since_ms = first;
    log->loss.count = dropped - log->told;
    log->loss.until_ms = atomic_load(&log->dropped_last_ms);
    return log->loss.count == 0 ? NULL : &log->loss;
}

// When the next checkpoint is due; UINT64_MAX while there is nothing new to vouch for.
static uint64_t checkpoint_at(const struct audit_log *log)
{
    return log->journal.state.rows == log->journal.vouched ? UINT64_MAX
                                                           : log->signed_us + log->checkpoint_us;
}

static void note_written(struct audit_log *log, uint64_t vouched)
{
    if (log->journal.vouched != vouched)
        log->signed_us = clock_monotonic_us();
    log->told += log->loss.count;
    log->loss = (struct audit_loss){0};
    atomic_fetch_add_explicit(&log->written, log->line_count, memory_order_relaxed);
    log->line_count = 0;
    log->waits_since_us = 0;
}

static bool waits_for_turn(struct audit_log *log)
{
    uint64_t now = clock_monotonic_us();
    if (log->waits_since_us == 0)
        log->waits_since_us = now;
    errno = EWOULDBLOCK;
    return now - log->waits_since_us < TURN_US;
}

// ---- The writer

enum progress { PROGRESS_DONE, PROGRESS_TURN, PROGRESS_FAILED };

static enum progress write_batch(struct audit_log *log, const char *sign)
{
    struct audit_wish wish = {.sign = sign};
    uint64_t vouched = log->journal.vouched;
    int result = format_batch(log) ? 0 : ERROR_NO_MEMORY;
    wish.loss = loss_to_tell(log);
    if (result == 0 && log->lines.length == 0 && wish.loss == NULL && sign == NULL &&
        log->journal.announced && log->journal.sealed.length == 0)
        return PROGRESS_DONE;
    if (result == 0)
        result = audit_journal_write(&log->journal, &log->lines, &wish);
    if (result == ERROR_AGAIN && waits_for_turn(log))
        return PROGRESS_TURN;
    note_result(log, result != 0, errno);
    if (result != 0)
        return PROGRESS_FAILED;
    note_written(log, vouched);
    return PROGRESS_DONE;
}

// Opens the path anew when asked; when that fails, the old file is kept and the wish stands.
static bool reopen_if_asked(struct audit_log *log)
{
    struct error error;
    if (!atomic_exchange(&log->reopen, false))
        return true;
    int result = audit_journal_reopen(&log->journal, &error);
    if (result != 0 && result != ERROR_AGAIN)
        log_event(LOG_ERROR, "audit", "%s; the old file stays in use", error.text);
    return result == 0;
}

static struct audit_keep keep_now(const struct audit_log *log)
{
    return (struct audit_keep){.ms = atomic_load(&log->keep_ms),
                               .bytes = atomic_load(&log->keep_bytes)};
}

static bool keeps_part(const struct audit_log *log, const struct audit_keep *keep)
{
    return log->journal.file.regular && (keep->ms > 0 || keep->bytes > 0);
}

// Every now and then, and when the file is full; after a failure a while later.
static void keep_part(struct audit_log *log)
{
    struct error error;
    const struct audit_keep keep = keep_now(log);
    uint64_t now = clock_monotonic_us(), pause = KEEP_US;
    if (!keeps_part(log, &keep))
        return;
    if (keep.ms > 0 && 1000 * audit_segment_ms(&keep) < pause)
        pause = 1000 * audit_segment_ms(&keep);
    bool full = keep.bytes > 0 && log->journal.file.end > 0 &&
                (uint64_t)log->journal.file.end >= audit_segment_bytes(&keep);
    if (now < (full ? log->keep_failed_us : log->keep_at_us))
        return;
    log->keep_at_us = now + pause;
    log->keep_failed_us = 0;
    int result = audit_journal_keep(&log->journal, &keep, &error);
    if (result == 0)
        return;
    log->keep_failed_us = now + (result == ERROR_AGAIN ? 1000 * TURN_MS : pause);
    if (result != ERROR_AGAIN)
        log_event(LOG_ERROR, "audit", "%s", error.text);
}

static bool nothing_to_do(struct audit_log *log)
{
    return is_empty(log) && !atomic_load(&log->stop) && !atomic_load(&log->reopen);
}

// Until the next checkpoint or look at what is kept, for waker_wait.
static int time_to_sleep(const struct audit_log *log)
{
    const struct audit_keep keep = keep_now(log);
    uint64_t now = clock_monotonic_us(), at = checkpoint_at(log);
    if (keeps_part(log, &keep) && log->keep_at_us < at)
        at = log->keep_at_us;
    if (at == UINT64_MAX)
        return -1;
    return at <= now ? 0 : (int)((at - now) / 1000 + 1);
}

static void rest(struct audit_log *log)
{
    if (waker_wait(&log->waker, NAP_MS) || !nothing_to_do(log))
        return;
    // Say so first, then look once more: a record that comes between is seen by one of the two.
    atomic_store(&log->sleeping, true);
    if (nothing_to_do(log))
        waker_wait(&log->waker, time_to_sleep(log));
    atomic_store(&log->sleeping, false);
}

static bool time_to_stop(struct audit_log *log, enum progress progress)
{
    if (!atomic_load(&log->stop))
        return false;
    if (log->stop_at_us == 0)
        log->stop_at_us = clock_monotonic_us() + CLOSE_US;
    return (progress == PROGRESS_DONE && is_empty(log)) || clock_monotonic_us() >= log->stop_at_us;
}

static void write_end(struct audit_log *log)
{
    while (write_batch(log, "end") == PROGRESS_TURN && clock_monotonic_us() < log->stop_at_us)
        waker_wait(&log->waker, TURN_MS);
}

static void *run_writer(void *argument)
{
    struct audit_log *log = argument;
    for (;;) {
        bool reopened = reopen_if_asked(log);
        enum progress progress =
            write_batch(log, clock_monotonic_us() >= checkpoint_at(log) ? "checkpoint" : NULL);
        if (time_to_stop(log, progress))
            break;
        if (progress == PROGRESS_DONE)
            keep_part(log);
        if (!reopened)
            atomic_store(&log->reopen, true);
        if (progress == PROGRESS_TURN)
            waker_wait(&log->waker, TURN_MS);
        else if (progress == PROGRESS_FAILED || !reopened)
            waker_wait(&log->waker, RETRY_MS);
        else if (is_empty(log))
            rest(log);
    }
    write_end(log);
    return NULL;
}

static void free_log(struct audit_log *log)
{
    audit_journal_close(&log->journal);
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

int audit_open(const struct audit_options *options, struct audit_log **ret, struct error *error)
{
    struct audit_log *log = memory_new(sizeof *log);
    log->path = memory_copy_string(options->path, strlen(options->path));
    log->journal.file.fd = -1;
    log->on_failure = options->on_failure;
    atomic_init(&log->keep_ms, options->keep.ms);
    atomic_init(&log->keep_bytes, options->keep.bytes);
    log->checkpoint_us =
        1000 * (options->checkpoint_ms == 0 ? (uint64_t)CHECKPOINT_MS : options->checkpoint_ms);
    buffer_init(&log->lines, 0);
    int failed = open_lanes(log, options->lanes, options->ring_bytes, error);
    if (failed == 0)
        failed = audit_journal_open(&log->journal, log->path, options->key_path, error);
    if (failed == 0)
        failed = start_writer(log, error);
    if (failed != 0)
        free_log(log);
    else
        *ret = log;
    return failed;
}

static void note_drop(struct audit_log *log, int64_t time_ms)
{
    int_fast64_t none = 0;
    atomic_fetch_add(&log->dropped, 1);
    atomic_store(&log->dropped_last_ms, time_ms);
    atomic_compare_exchange_strong(&log->dropped_first_ms, &none, time_ms);
}

bool audit_write(struct audit_log *log, size_t lane, const struct audit_record *record)
{
    if (!audit_ring_put(&log->lanes[lane], record)) {
        note_drop(log, record->time_ms);
        return false;
    }
    if (atomic_load(&log->sleeping) && atomic_exchange(&log->sleeping, false))
        waker_wake(&log->waker);
    return true;
}

bool audit_healthy(const struct audit_log *log, size_t lane)
{
    return !atomic_load_explicit(&log->failing, memory_order_relaxed) &&
           audit_ring_has_room(&log->lanes[lane]);
}

bool audit_ready(const struct audit_log *log, size_t lane)
{
    return log->on_failure == AUDIT_ALLOW || audit_healthy(log, lane);
}

struct audit_stats audit_log_stats(const struct audit_log *log)
{
    return (struct audit_stats){
        .written = atomic_load_explicit(&log->written, memory_order_relaxed),
        .dropped = atomic_load_explicit(&log->dropped, memory_order_relaxed),
        .failed_writes = atomic_load_explicit(&log->failed_writes, memory_order_relaxed),
        .failing = atomic_load_explicit(&log->failing, memory_order_relaxed),
    };
}

void audit_reopen(struct audit_log *log)
{
    atomic_store(&log->reopen, true);
    waker_wake(&log->waker);
}

void audit_set_keep(struct audit_log *log, const struct audit_keep *keep)
{
    uint64_t ms = atomic_exchange(&log->keep_ms, keep->ms);
    uint64_t bytes = atomic_exchange(&log->keep_bytes, keep->bytes);
    if (ms != keep->ms || bytes != keep->bytes)
        waker_wake(&log->waker);
}

const char *audit_key_path(const struct audit_log *log)
{
    return log->journal.key_path;
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
