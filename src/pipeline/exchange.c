// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/asking_internal.h"
#include "pipeline/bridge_internal.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/metrics_internal.h"
#include "pipeline/replay_internal.h"
#include "pipeline/resume_internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { ARENA_MAX = 8 * 1024 * 1024, IDLE_MAX = 256 };

const char *const outcome_names[OUTCOME_COUNT] = {"allowed", "denied", "hidden", "observed",
                                                  "refused", "failed", "pending"};

struct rules *rules_ref(struct rules *rules)
{
    rules->references++;
    return rules;
}

void rules_unref(struct rules *rules)
{
    if (rules == NULL || --rules->references > 0)
        return;
    if (rules->given.release != NULL)
        rules->given.release(rules->given.owner);
    memory_free(rules);
}

static struct exchange *take(struct pipeline *pipeline)
{
    if (!list_empty(&pipeline->idle_exchanges)) {
        // The last one used is the likeliest to be in the cache still.
        struct exchange *ex = LIST_ENTRY(pipeline->idle_exchanges.previous, struct exchange, link);
        list_remove(&ex->link);
        pipeline->idle_exchange_count--;
        return ex;
    }
    struct exchange *ex = memory_new(sizeof *ex);
    arena_init(&ex->arena, ARENA_MAX);
    return ex;
}

// A random prefix of this run and a number: unique, ordered, cheap.
static void write_request_id(struct pipeline *pipeline, char id[REQUEST_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = ++pipeline->next_request;
    memcpy(id, pipeline->request_prefix, 16);
    for (size_t i = 0; i < 16; i++)
        id[16 + i] = digits[number >> (60 - 4 * i) & 15];
    id[32] = '\0';
}

struct exchange *exchange_new(struct pipeline *pipeline, const struct face *face, void *state)
{
    struct exchange *ex = take(pipeline);
    struct arena arena = ex->arena;
    *ex =
        (struct exchange){.arena = arena, .pipeline = pipeline, .face = face, .face_state = state};
    ex->rules = rules_ref(pipeline->rules);
    ex->retry_ms = -1;
    ex->outcome = OUTCOME_REFUSED;
    ex->started_us = clock_monotonic_us();
    list_init(&ex->session_link);
    list_init(&ex->wait_link);
    list_init(&ex->soon_link);
    list_append(&pipeline->exchanges, &ex->link);
    pipeline->exchange_count++;
    metrics_in_flight(pipeline->metrics, 1);
    write_request_id(pipeline, ex->request_id);
    return ex;
}

static void release_parts(struct exchange *ex)
{
    struct pipeline *pipeline = ex->pipeline;
    if (ex->counted != NULL)
        usage_give_back(&ex->counted->calls);
    if (ex->initializing != NULL)
        usage_give_back(&ex->initializing->sessions);
    if (ex->session != NULL && ex->session->listener == ex)
        ex->session->listener = NULL;
    if (ex->session != NULL)
        ex->session->last_used_us = loop_now_us(pipeline->loop); // a long call is no idleness
    if (ex->holds_back && ex->session != NULL && ex->session->child != NULL)
        upstream_link_resume(ex->session->child); // others of the session read on
    replay_leave(ex);
    list_remove(&ex->session_link);
    list_remove(&ex->wait_link);
    upstream_server_unref(ex->server);
    policy_unref(ex->policy);
    rules_unref(ex->rules);
}

void exchange_finish(struct exchange *ex)
{
    struct pipeline *pipeline = ex->pipeline;
    asking_release(ex);
    bridge_release(ex);
    resume_release(ex);
    if (ex->call != NULL)
        upstream_call_cancel(ex->call, ex->modern);
    ex->call = NULL;
    if (!ex->client_gone && !ex->answered) {
        // Every way out answers; this is the net below.
        ex->answered = true;
        if (ex->streaming)
            ex->face->stream_end(ex);
        else
            ex->face->answer(ex, 202, NULL, 0);
    }
    outcome_record(ex);
    held_news_settle(ex);
    // The client was told that its answer did not get through, so it may give it once more.
    if (ex->took_asked && ex->outcome == OUTCOME_FAILED && ex->session != NULL &&
        !session_note_asked(ex->session, ex->id))
        log_event(LOG_WARNING, "pipeline", "an answer to a server's request was lost");
    if (ex->method == MCP_INITIALIZE)
        shared_exchange_over(ex);
    // A session whose id never reached its client, or that the server refused, can never be used.
    // It ends only here: its end takes the child and its calls along.
    if (ex->minted != NULL && (ex->client_gone || ex->result_failed))
        session_end(ex->minted, "it was not opened");
    if (ex->held.task.length > 0) // others may wait for its end
        loop_timer_start(pipeline->settle, 0, 0);
    struct pipeline_stdio *stdio = ex->face == &stdio_face ? ex->face_state : NULL;
    release_parts(ex);
    list_remove(&ex->link);
    pipeline->exchange_count--;
    metrics_in_flight(pipeline->metrics, -1);
    if (pipeline->idle_exchange_count < IDLE_MAX) {
        arena_clear(&ex->arena);
        list_append(&pipeline->idle_exchanges, &ex->link);
        pipeline->idle_exchange_count++;
    } else {
        arena_release(&ex->arena);
        memory_free(ex);
    }
    if (stdio != NULL)
        stdio_exchange_over(stdio);
}

// In the legacy era a lost connection is no cancellation (2025-03-26, "Transports"); in the modern
// one it is.
void exchange_client_gone(struct exchange *ex)
{
    ex->client_gone = true;
    bool resumable = ex->has_event_id;
    if (ex->call == NULL || ex->modern || ex->kind == EXCHANGE_STREAM || resumable ||
        upstream_server_retired(ex->server)) {
        exchange_finish(ex);
        return;
    }
    ex->over_us = loop_now_us(ex->pipeline->loop);
    upstream_call_resume(ex->call); // nobody is left to be waited for
}

void exchange_answer_pieces(struct exchange *ex, int status, const struct slice *pieces,
                            size_t count)
{
    if (ex->client_gone || ex->answered)
        return;
    if (ex->streaming) {
        if (count > 0)
            ex->face->stream_message(ex, pieces, count, (struct slice){0}, -1);
        ex->answered = true;
        if (!ex->client_gone) // the message itself may have been too much
            ex->face->stream_end(ex);
        return;
    }
    ex->answered = true;
    ex->face->answer(ex, status, pieces, count);
}

void exchange_answer(struct exchange *ex, int status, struct slice body)
{
    exchange_answer_pieces(ex, status, &body, body.length > 0 ? 1 : 0);
}

// A body that memory cut short must not go out as if it were whole.
void exchange_answer_buffer(struct exchange *ex, int status, const struct buffer *body)
{
    if (body->failed)
        exchange_answer(ex, 500,
                        SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":"
                                      "-32603,\"message\":\"out of memory\"}}"));
    else
        exchange_answer(ex, status, buffer_slice(body));
}

void exchange_answer_error(struct exchange *ex, int status, int code, struct slice text,
                           struct slice data)
{
    // A notification has nobody who could read a body.
    struct buffer body;
    buffer_init(&body, 0);
    mcp_write_error(&body, ex->id, code, text, data);
    exchange_answer_buffer(ex, status, &body);
    buffer_release(&body);
}

enum step_result exchange_refuse(struct exchange *ex, int status, int code, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ex->reason = arena_copy(&ex->arena, slice_from_string(text));
    exchange_answer_error(ex, status, code, slice_from_string(text), (struct slice){0});
    return STEP_REPLY;
}
