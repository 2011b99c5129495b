// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A sink's thread: read rows, make a batch, deliver it until it is taken, remember the position.
#include "sink/sink_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    LOOKED_MAX = 10000, // rows that are passed over before the position is remembered
    ELSEWHERE_MS = 5000,
    BACKOFF_LEAST_MS = 500,
    BACKOFF_MOST_MS = 60000,
    ASKED_MOST_MS = 3600000,
};
static const uint64_t TELL_US = 600000000, LOOK_US = 1000000;

// ---- Waiting

bool sink_must_end(const struct sink *sink)
{
    return atomic_load(&sink->stop) && clock_monotonic_us() >= atomic_load(&sink->stop_at_us);
}

uint64_t sink_backoff_ms(unsigned int failures, uint64_t asked_ms, uint32_t chance)
{
    uint64_t wait = BACKOFF_LEAST_MS;
    for (unsigned int i = 1; i < failures && wait < BACKOFF_MOST_MS; i++)
        wait *= 2;
    wait = wait < BACKOFF_MOST_MS ? wait : BACKOFF_MOST_MS;
    wait -= (uint64_t)(chance % 1000) * wait / 2000;
    asked_ms = asked_ms < ASKED_MOST_MS ? asked_ms : ASKED_MOST_MS;
    return wait > asked_ms ? wait : asked_ms;
}

static void look_at_log(struct sink *sink)
{
    uint64_t now = clock_monotonic_us();
    if (sink->looked_us != 0 && now - sink->looked_us < LOOK_US)
        return;
    sink->looked_us = now;
    uint64_t newest = sink->follower == NULL ? 0 : audit_follower_newest(sink->follower);
    if (newest > 0)
        atomic_store(&sink->newest, newest);
}

// Until the time is over or the sink is to stop. False: it is to stop.
static bool nap(struct sink *sink, uint64_t ms)
{
    uint64_t end = clock_monotonic_us() + 1000 * ms;
    for (uint64_t now; !atomic_load(&sink->stop) && (now = clock_monotonic_us()) < end;) {
        uint64_t left = end - now < LOOK_US ? end - now : LOOK_US;
        look_at_log(sink);
        waker_wait(&sink->waker, (int)(left / 1000 + 1));
    }
    return !atomic_load(&sink->stop);
}

// ---- What the operator is told: when it begins, now and then, and when it is over.

// Is it time to say this (again)? Each kind of news has a time of its own.
static bool is_news(uint64_t *told_us)
{
    uint64_t now = clock_monotonic_us();
    if (*told_us != 0 && now - *told_us < TELL_US)
        return false;
    *told_us = now;
    return true;
}

static void tell_failure(struct sink *sink, const char *text)
{
    metric_add(sink->failed, 1);
    if (!atomic_exchange(&sink->failing, true))
        sink->told_us = 0;
    if (!is_news(&sink->told_us))
        return;
    log_event(LOG_WARNING, "sink",
              "sink '%.*s' gets nothing: %s; rows stay in the log until it does",
              SLICE_PRINT(sink->options.name), text);
}

static void tell_success(struct sink *sink)
{
    sink->failures = 0;
    if (atomic_exchange(&sink->failing, false))
        log_event(LOG_INFO, "sink", "sink '%.*s' gets rows again", SLICE_PRINT(sink->options.name));
}

static bool fails(struct sink *sink, const char *text, uint64_t asked_ms)
{
    uint32_t chance;
    random_bytes(&chance, sizeof chance);
    tell_failure(sink, text);
    return nap(sink, sink_backoff_ms(++sink->failures, asked_ms, chance));
}

// ---- Position

static void keep_position(struct sink *sink, const struct chain_state *state)
{
    sink->reached = *state;
    atomic_store(&sink->row, state->rows);
    // Without it, rows come twice after a restart.
    if (sink_position_write(&sink->position, state) != 0 && is_news(&sink->told_position_us))
        log_event(LOG_ERROR, "sink", "'%s' cannot be written: %s", sink->position_path,
                  strerror(errno));
}

// Behind what a former run delivered. False: the log is another one, or has lost that.
static bool seek_known(struct sink *sink, int *ret_error)
{
    for (int place = 0; place < SINK_PLACES; place++) {
        struct chain_state state;
        enum audit_found found = AUDIT_FOUND_LESS;
        if (!sink_position_read(&sink->position, (enum sink_place)place, &state))
            continue;
        *ret_error = audit_follower_seek(sink->follower, &state, &found);
        if (*ret_error != 0 || found == AUDIT_FOUND)
            return true;
    }
    return false;
}

static int seek(struct sink *sink, bool is_new)
{
    int result = 0;
    if (is_new && !sink->options.from_begin)
        result = audit_follower_seek_end(sink->follower);
    else if (!is_new && !seek_known(sink, &result))
        log_event(LOG_WARNING, "sink",
                  "the log is not the one that sink '%.*s' knows: it gets all rows that there are",
                  SLICE_PRINT(sink->options.name));
    if (result != 0)
        return result;
    sink->reached = *audit_follower_state(sink->follower);
    atomic_store(&sink->row, sink->reached.rows);
    return sink_position_begin(&sink->position, &sink->reached);
}

static int open_position(struct sink *sink, struct error *error)
{
    bool is_new;
    int result = sink_position_open(&sink->position, sink->position_path, &is_new, error);
    if (result == 0)
        result = audit_follower_open(sink->log_path, &sink->follower, error);
    if (result == 0 && seek(sink, is_new) != 0)
        result =
            error_set(error, ERROR_IO, "cannot find its place in the log: %s", strerror(errno));
    if (result == 0)
        return 0;
    audit_follower_close(sink->follower);
    sink->follower = NULL;
    sink_position_close(&sink->position);
    return result;
}

// Another process that writes the same log may send to the sink: one is enough.
static bool begin(struct sink *sink)
{
    for (;;) {
        struct error error = {0};
        int result = open_position(sink, &error);
        bool elsewhere = result == ERROR_AGAIN;
        if (elsewhere && !sink->elsewhere)
            log_event(LOG_INFO, "sink", "another gateway sends to sink '%.*s'",
                      SLICE_PRINT(sink->options.name));
        sink->elsewhere = elsewhere;
        if (result == 0)
            return true;
        if (elsewhere ? !nap(sink, ELSEWHERE_MS) : !fails(sink, error.text, 0))
            return false;
    }
}

// ---- A batch

static void add_row(struct sink *sink, const struct sink_row *row)
{
    struct sink_batch *batch = &sink->batch;
    int64_t time;
    if (batch->rows == 0 && clock_parse(row->time, &time))
        atomic_store(&sink->oldest_ms, time);
    if (batch->rows++ == 0)
        sink->operations->begin(sink, batch);
    sink->operations->add(sink, batch, row);
    if (row->number == 0)
        return;
    batch->first = batch->first == 0 ? row->number : batch->first;
    batch->last = row->number;
}

// Rows that were deleted before the sink had them: it is told so by a row of its own.
static void add_missed(struct sink *sink, uint64_t from, uint64_t to)
{
    char text[256], time[CLOCK_TEXT_SIZE];
    struct sink_row row;
    clock_format(clock_wall_ms(), time);
    int length = snprintf(text, sizeof text,
                          "{\"time\":\"%s\",\"note\":\"missed\",\"sink\":\"%.*s\",\"from\":%" PRIu64
                          ",\"to\":%" PRIu64 "}",
                          time, SLICE_PRINT(sink->options.name), from, to);
    metric_add(sink->missed, (int64_t)(to - from + 1));
    log_event(LOG_ERROR, "sink",
              "rows %" PRIu64 " to %" PRIu64 " were deleted before sink '%.*s' had them", from, to,
              SLICE_PRINT(sink->options.name));
    if (sink_row_read(&sink->doc, slice_of(text, (size_t)length), 0, &row))
        add_row(sink, &row);
}

static void take_row(struct sink *sink, const struct audit_followed *found)
{
    struct sink_row row;
    if (found->missed_from != 0)
        add_missed(sink, found->missed_from, found->missed_to);
    if (sink_row_read(&sink->doc, found->line, found->row.number, &row) &&
        sink_row_wanted(&sink->options, &row))
        add_row(sink, &row);
}

static void clear_batch(struct sink *sink)
{
    struct buffer body = sink->batch.body;
    buffer_clear(&body);
    buffer_trim(&body);
    sink->batch = (struct sink_batch){.body = body, .after = sink->reached};
}

// ERROR_AGAIN: the log has no more rows than these.
static int fill_batch(struct sink *sink)
{
    struct audit_followed found;
    int result = 0;
    clear_batch(sink);
    for (size_t looked = 0; looked < LOOKED_MAX && sink->batch.rows < sink->rows_most &&
                            sink->batch.body.length < SINK_BATCH_BYTES;
         looked++) {
        result = audit_follower_next(sink->follower, &found);
        if (result != 0)
            break;
        take_row(sink, &found);
        sink->batch.after = *audit_follower_state(sink->follower);
    }
    if (sink->batch.rows > 0)
        sink->operations->end(sink, &sink->batch);
    return sink->batch.body.failed ? ERROR_NO_MEMORY : result;
}

// The rows of the batch are read again.
static void take_back(struct sink *sink)
{
    enum audit_found found;
    if (audit_follower_seek(sink->follower, &sink->reached, &found) != 0 || found != AUDIT_FOUND)
        log_event(LOG_ERROR, "sink", "sink '%.*s' begins with the log's oldest row again",
                  SLICE_PRINT(sink->options.name));
    clear_batch(sink);
}

static void take_over(struct sink *sink, uint64_t rejected)
{
    metric_add(sink->sent, (int64_t)(sink->batch.rows - rejected));
    metric_add(sink->rejected, (int64_t)rejected);
    if (sink->rows_most < sink->options.rows_max)
        sink->rows_most = 2 * sink->rows_most < sink->options.rows_max ? 2 * sink->rows_most
                                                                       : sink->options.rows_max;
    keep_position(sink, &sink->batch.after);
}

// One that nobody takes must not keep the others back.
static void refused(struct sink *sink, const char *text)
{
    if (sink->batch.rows > 1) {
        sink->rows_most = sink->batch.rows / 2;
        take_back(sink);
        return;
    }
    if (is_news(&sink->told_rejected_us))
        log_event(LOG_ERROR, "sink",
                  "sink '%.*s' does not take row %" PRIu64 ", which is left out: %s",
                  SLICE_PRINT(sink->options.name), sink->batch.last, text);
    take_over(sink, 1);
}

// False: the sink is to stop.
static bool deliver_batch(struct sink *sink)
{
    for (;;) {
        struct sink_delivery delivery = {.result = SINK_LATER};
        sink->operations->deliver(sink, &sink->batch, &delivery);
        if (delivery.result == SINK_REFUSED) {
            refused(sink, delivery.text);
            return true;
        }
        if (delivery.result == SINK_DELIVERED) {
            tell_success(sink);
            if (delivery.rejected > 0 && is_news(&sink->told_rejected_us))
                log_event(LOG_ERROR, "sink", "sink '%.*s' did not keep %" PRIu64 " rows: %s",
                          SLICE_PRINT(sink->options.name), delivery.rejected, delivery.text);
            take_over(sink,
                      delivery.rejected < sink->batch.rows ? delivery.rejected : sink->batch.rows);
            return true;
        }
        if (!fails(sink, delivery.text, delivery.wait_ms))
            return false;
    }
}

// False: there is nothing more to do.
static bool step(struct sink *sink)
{
    int result = fill_batch(sink);
    if (result == ERROR_NO_MEMORY || result == ERROR_IO) {
        take_back(sink);
        return fails(sink, result == ERROR_IO ? "the log cannot be read" : "no memory", 0);
    }
    if (sink->batch.rows > 0)
        return deliver_batch(sink) && !sink_must_end(sink);
    if (sink->batch.after.rows != sink->reached.rows)
        keep_position(sink, &sink->batch.after);
    if (result == 0)
        return !sink_must_end(sink);
    atomic_store(&sink->newest, sink->reached.rows);
    atomic_store(&sink->oldest_ms, 0);
    return !atomic_load(&sink->stop) && (nap(sink, SINK_NAP_MS) || true);
}

void *sink_run(void *argument)
{
    struct sink *sink = argument;
    if (begin(sink))
        while (step(sink))
            ;
    sink->operations->close(sink);
    audit_follower_close(sink->follower);
    sink_position_close(&sink->position);
    atomic_store(&sink->done, true);
    return NULL;
}
