// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Streams of calls that take a while: they begin before there is an answer, so that the client has
// an event id to come back with.
#include "pipeline/replay_internal.h"

// Quicker answers are plain JSON: one write instead of four, and a status of their own.
enum { BEGIN_AFTER_MS = 50 };

// They begin in the order in which they were sent.
struct replay_soon {
    struct list waiting;
    struct loop_timer *timer;
};

static void begin_due_cb(void *argument)
{
    struct replay_soon *soon = argument;
    uint64_t now_us = clock_monotonic_us();
    while (!list_empty(&soon->waiting)) {
        struct exchange *ex = LIST_ENTRY(soon->waiting.next, struct exchange, soon_link);
        uint64_t waited_us = now_us - ex->sent_us;
        if (waited_us < (uint64_t)BEGIN_AFTER_MS * 1000) {
            loop_timer_start(soon->timer, BEGIN_AFTER_MS - waited_us / 1000, 0);
            return;
        }
        list_remove(&ex->soon_link);
        if (ex->streaming || ex->client_gone || ex->answered)
            continue;
        ex->streaming = true;
        ex->face->stream_begin(ex);
    }
}

void replay_expect(struct exchange *ex)
{
    struct replay_soon *soon = ex->pipeline->soon;
    bool waits = ex->kind == EXCHANGE_MESSAGE && ex->message_kind == MCP_REQUEST &&
                 ex->method != MCP_INITIALIZE && ex->accepts_stream && !ex->streaming;
    if (!waits || !list_empty(&ex->soon_link) || !replay_is_possible(ex) ||
        ex->session->version < MCP_2025_11_25)
        return;
    if (list_empty(&soon->waiting))
        loop_timer_start(soon->timer, BEGIN_AFTER_MS, 0);
    list_append(&soon->waiting, &ex->soon_link);
}

bool replay_open(struct pipeline *pipeline)
{
    pipeline->soon = memory_new(sizeof *pipeline->soon);
    list_init(&pipeline->soon->waiting);
    pipeline->soon->timer = loop_timer_open(pipeline->loop, begin_due_cb, pipeline->soon);
    return pipeline->soon->timer != NULL;
}

void replay_close(struct pipeline *pipeline)
{
    if (pipeline->soon != NULL && pipeline->soon->timer != NULL)
        loop_timer_close(pipeline->soon->timer);
    memory_free(pipeline->soon);
}
