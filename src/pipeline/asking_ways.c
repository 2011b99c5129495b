// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How a client is kept waiting, by what it can do (docs/protocol.md): a held call, the page of the
// question, rounds of input_required, a task.
#include "pipeline/asking_internal.h"
#include "pipeline/held_tasks_internal.h"
#include "pipeline/http_face_internal.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/page_internal.h"
#include "pipeline/rounds_internal.h"
#include "pipeline/toolbox_internal.h"

enum {
    SILENT_MS = 50 * 1000, // below the minute that common clients wait without a word
    ROUND_MS = 45 * 1000,  // clients of 2026-07-28
    LATE_MS = 5 * 1000,    // a question's end is told in that time
    // Without a page to be looked at, clients send their next round at once.
    COMES_BACK_MS = 3 * 60 * 1000,
};

// ---- A held call

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t hold_streaming(const struct exchange *ex, uint64_t wait_ms)
{
    return ex->modern ? least(wait_ms, ROUND_MS) : wait_ms;
}

static uint64_t hold_silent(const struct exchange *ex, uint64_t wait_ms)
{
    return least(wait_ms, ex->modern ? ROUND_MS : SILENT_MS);
}

static void begin_stream(struct exchange *ex)
{
    if (ex->face != &http_face || ex->streaming)
        return;
    ex->streaming = true;
    ex->face->stream_begin(ex);
}

static void begin_silent(struct exchange *ex)
{
    (void)ex;
}

// ---- With the page of the question

static struct slice page_of(struct exchange *ex)
{
    return approval_page_of(ex->pipeline->given.desk, slice_from_string(ex->asking->waiter.id),
                            &ex->arena);
}

static void begin_page(struct exchange *ex)
{
    struct slice page = page_of(ex);
    begin_stream(ex);
    if (page.length > 0 && ex->held.page.length == 0)
        page_offer(ex, page);
}

// ---- In rounds

static bool first_has_page(const struct exchange *ex)
{
    return ex->held.rounds == NULL && ex->opens_pages &&
           approval_has_pages(ex->pipeline->given.desk);
}

// A page is offered at once.
static uint64_t hold_round(const struct exchange *ex, uint64_t wait_ms)
{
    return first_has_page(ex) ? 0 : least(wait_ms, ROUND_MS);
}

static void begin_round(struct exchange *ex)
{
    if (ex->accepts_stream)
        begin_stream(ex);
}

static void end_round(struct exchange *ex)
{
    struct asking *asking = ex->asking;
    unsigned before = ex->held.rounds == NULL ? 0 : ex->held.rounds->ticket.round;
    struct slice page = first_has_page(ex) ? page_of(ex) : (struct slice){0};
    int64_t good_ms = page.length > 0 ? APPROVAL_TICKET_MS : COMES_BACK_MS;
    const struct approval_ticket ticket = {.kind = APPROVAL_WAITS,
                                           .round = before + 1,
                                           .expires_ms = loop_wall_ms(ex->pipeline->loop) + good_ms,
                                           .name = slice_from_string(asking->waiter.id),
                                           .print = asking->print,
                                           .version = asking->version};
    if (before >= ex->rules->given.approval_rounds || rounds_answer(ex, &ticket, page) != 0) {
        asking_answer_pending(ex);
        return;
    }
    asking_note_pending(ex);
    approval_leave_with_ticket(&asking->waiter, good_ms);
    exchange_finish(ex);
}

// ---- As a task

static uint64_t hold_not(const struct exchange *ex, uint64_t wait_ms)
{
    (void)ex;
    (void)wait_ms;
    return 0;
}

// The call behind the task joins the question before this one leaves it.
static void become_task(struct exchange *ex)
{
    int64_t life_ms = ex->verdict.asking.expires_ms;
    life_ms = life_ms > APPROVAL_LIFE_MAX_MS ? APPROVAL_LIFE_MAX_MS : life_ms;
    if (held_run_begin(ex, life_ms + HELD_TASK_KEPT_MS) != 0) {
        asking_answer_pending(ex);
        return;
    }
    asking_note_pending(ex);
    exchange_finish(ex);
}

// Its client is the task: nobody gets impatient.
static uint64_t hold_for_good(const struct exchange *ex, uint64_t wait_ms)
{
    (void)wait_ms;
    return (uint64_t)ex->verdict.asking.expires_ms + LATE_MS;
}

// ---- Which one

static const struct asking_way held_ways[] = {
    {"silence", hold_silent, begin_silent, asking_answer_pending},
    {"stream", hold_streaming, begin_stream, asking_answer_pending}};
static const struct asking_way page_way = {"page", hold_streaming, begin_page,
                                           asking_answer_pending};
static const struct asking_way rounds_way = {"rounds", hold_round, begin_round, end_round};
static const struct asking_way task_way = {"task", hold_not, begin_silent, become_task};
static const struct asking_way behind_way = {"behind a task", hold_for_good, begin_silent,
                                             asking_answer_pending};

// A tool that runs as its server's task alone cannot be called from behind a task of the gateway:
// its call waits as others do, and becomes the server's task when it is approved.
static bool must_be_task(const struct exchange *ex)
{
    const struct tool *tool =
        toolbox_find(ex->pipeline, upstream_server_options(ex->server)->name, ex->subject);
    return tool != NULL && tool->must_be_task;
}

static bool wants_task(const struct exchange *ex)
{
    // An extension is in force when both sides have named it.
    bool modern =
        ex->modern && ex->method == MCP_TOOLS_CALL && tasks_known_to_client(ex) &&
        ledger_offers_tasks(ex->pipeline->ledger, upstream_server_options(ex->server)->name);
    return (modern || own_task_due(ex)) && !must_be_task(ex);
}

const struct asking_way *asking_way_of(const struct exchange *ex)
{
    if (ex->held.task.length > 0)
        return &behind_way;
    if (wants_task(ex))
        return &task_way;
    if (rounds_possible(ex) && ex->rules->given.approval_rounds > 0)
        return &rounds_way;
    return page_possible(ex) ? &page_way : &held_ways[ex->accepts_stream];
}
