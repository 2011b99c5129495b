// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Keeping a client waiting: a stream that is never silent for long where the client takes one, an
// answer in time where it does not.
#include "pipeline/asking_internal.h"
#include "pipeline/http_face_internal.h"
#include "pipeline/page_internal.h"
#include "pipeline/replay_internal.h"

enum {
    PROGRESS_US = 15 * 1000 * 1000,
    COMMENT_US = 15 * 1000 * 1000,
    AGAIN_MS = 10 * 1000,       // when a client may come again
    AWAY_US = 30 * 1000 * 1000, // until a client resumes its stream
};

// ---- Nobody has decided in time

void asking_note_pending(struct exchange *ex)
{
    ex->outcome = OUTCOME_PENDING;
    ex->approval = arena_copy(&ex->arena, slice_from_string(ex->asking->waiter.id));
    ex->rule = ex->verdict.rule;
    ex->reason = SLICE_LITERAL("it waits for a person");
}

void asking_answer_pending(struct exchange *ex)
{
    struct asking *asking = ex->asking;
    struct buffer body;
    buffer_init(&body, 0);
    asking_note_pending(ex);
    ex->retry_ms = AGAIN_MS;
    ex->reason =
        arena_format(&ex->arena,
                     "%.*s %.*s is waiting for a person's approval. Call again with exactly "
                     "the same arguments to learn what was decided; other arguments "
                     "are another question.",
                     SLICE_PRINT(ex->verdict.reason), SLICE_PRINT(ex->approval));
    decide_write_denial(ex, ex->method, ex->id, ex->rule, ex->reason, &body);
    approval_leave(&asking->waiter, APPROVAL_COMES_AGAIN);
    page_settle(ex);
    decide_answer(ex, &body);
    buffer_release(&body);
    exchange_finish(ex);
}

// ---- Waiting

void asking_hold(struct exchange *ex)
{
    struct asking *asking = ex->asking;
    int64_t wait_ms = ex->verdict.asking.wait_ms;
    asking->stage = ASKING_HELD;
    asking->told_us = loop_now_us(ex->pipeline->loop);
    uint64_t hold_ms = asking->way->hold_ms(ex, wait_ms < 0 ? 0 : (uint64_t)wait_ms);
    asking->until_us = asking->since_us + hold_ms * 1000;
    if (hold_ms == 0)
        asking->way->over(ex);
    else
        asking->way->begin(ex);
}

bool asking_is_held(const struct exchange *ex)
{
    return ex->asking != NULL && ex->asking->stage == ASKING_HELD;
}

void asking_let_go(struct exchange *ex)
{
    struct pipeline *pipeline = ex->pipeline;
    list_remove(&ex->asking->link);
    if (list_empty(&pipeline->asking))
        loop_timer_stop(pipeline->asking_tick);
}

// Progress must rise, and the server's own begins at nothing.
static void tell_progress(struct exchange *ex, uint64_t now_us)
{
    struct asking *asking = ex->asking;
    bool can_hear = ex->face != &http_face || ex->streaming;
    if (ex->progress_token.length == 0 || !can_hear || now_us - asking->told_us < PROGRESS_US)
        return;
    asking->told_us = now_us;
    uint64_t seconds = (now_us - asking->since_us) / (1000 * 1000);
    struct slice pieces[] = {
        SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
                      "\"progressToken\":"),
        ex->progress_token,
        arena_format(&ex->arena,
                     ",\"progress\":0.%06llu,\"message\":\"Waiting for a person's approval\"}}",
                     (unsigned long long)(seconds < 999999 ? seconds : 999999))};
    if (pieces[2].data != NULL)
        ex->face->stream_message(ex, pieces, 3, (struct slice){0}, -1);
}

// Its connection is gone; a client that can resume its stream is waited for.
static bool is_away(const struct exchange *ex)
{
    return ex->client_gone || replay_is_detached(ex);
}

// False: its time is over.
static bool keep_waiting(struct exchange *ex, uint64_t now_us)
{
    if (ex->asking->stage != ASKING_HELD)
        return true;
    if (is_away(ex))
        return !ex->client_gone && now_us - ex->over_us < AWAY_US;
    if (now_us >= ex->asking->until_us)
        return false;
    if (ex->face == &http_face && ex->streaming && now_us - ex->last_write_us >= COMMENT_US)
        http_face_comment(ex);
    tell_progress(ex, now_us);
    return true;
}

static void tick_cb(void *argument)
{
    struct pipeline *pipeline = argument;
    uint64_t now_us = loop_now_us(pipeline->loop);
    struct list *item = pipeline->asking.next;
    while (item != &pipeline->asking) {
        struct exchange *ex = LIST_ENTRY(item, struct asking, link)->ex;
        item = item->next;
        if (keep_waiting(ex, now_us))
            continue;
        if (is_away(ex)) {
            ex->client_gone = true;
            exchange_finish(ex);
        } else {
            ex->asking->way->over(ex);
        }
        item = pipeline->asking.next; // ending one may have ended others
    }
}

int asking_open(struct pipeline *pipeline)
{
    list_init(&pipeline->asking);
    if (pipeline->given.desk == NULL)
        return 0;
    pipeline->lane = approval_lane_open(pipeline->given.desk, pipeline->loop);
    pipeline->asking_tick = loop_timer_open(pipeline->loop, tick_cb, pipeline);
    return pipeline->lane == NULL || pipeline->asking_tick == NULL ? ERROR_NO_MEMORY : 0;
}

void asking_close(struct pipeline *pipeline)
{
    approval_lane_close(pipeline->lane);
    if (pipeline->asking_tick != NULL)
        loop_timer_close(pipeline->asking_tick);
}

void asking_drain(struct pipeline *pipeline)
{
    struct list *item = pipeline->asking.next;
    while (item != &pipeline->asking) {
        struct exchange *ex = LIST_ENTRY(item, struct asking, link)->ex;
        item = item->next;
        if (ex->asking->stage != ASKING_HELD)
            continue;
        asking_answer_pending(ex);
        item = pipeline->asking.next;
    }
}
