// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A client on standard input and output has no stream of its own to come back to. When the stream
// of its call breaks, or the server closes it for a while, the gateway asks for the rest
// (2025-03-26 to 2025-11-25, "Resumability and Redelivery"). The call itself is never sent again.
#include "pipeline/resume_internal.h"

enum {
    RETRY_MS = 1000,
    RETRY_LEAST_MS = 50,
    RETRY_MOST_MS = 60 * 1000,
    EVENT_ID_MAX = 4096,
    ANSWER_MS = 300 * 1000, // as upstream.h has it
};

struct resume {
    struct exchange *ex;
    struct buffer last_id;
    int64_t retry_ms;
    uint64_t heard_us; // of the call, at last
    struct loop_timer *timer;
    bool refused;
};

static bool is_resumable(const struct exchange *ex)
{
    return ex->face == &stdio_face && ex->kind == EXCHANGE_MESSAGE && !ex->modern &&
           ex->message_kind == MCP_REQUEST && ex->method != MCP_INITIALIZE &&
           ex->to_modern == NULL && !upstream_server_has_links(ex->server);
}

static struct resume *resume_of(struct exchange *ex)
{
    if (ex->resume != NULL)
        return ex->resume;
    struct resume *resume = memory_try_new(sizeof *resume);
    if (resume == NULL)
        return NULL;
    *resume = (struct resume){
        .ex = ex, .retry_ms = RETRY_MS, .heard_us = loop_now_us(ex->pipeline->loop)};
    buffer_init(&resume->last_id, EVENT_ID_MAX);
    ex->resume = resume;
    return resume;
}

void resume_note(struct exchange *ex, const struct upstream_message *message)
{
    bool says = message->event_id.length > 0 || message->retry_ms >= 0;
    if (!is_resumable(ex) || (ex->resume == NULL && !says))
        return;
    struct resume *resume = resume_of(ex);
    if (resume == NULL)
        return;
    if (message->event_id.length > 0) {
        buffer_clear(&resume->last_id); // an id without room for it is none
        buffer_append(&resume->last_id, message->event_id);
    }
    if (message->retry_ms >= 0)
        resume->retry_ms = message->retry_ms;
    if (message->doc != NULL)
        resume->heard_us = loop_now_us(ex->pipeline->loop);
}

void resume_release(struct exchange *ex)
{
    struct resume *resume = ex->resume;
    if (resume == NULL)
        return;
    if (resume->timer != NULL)
        loop_timer_close(resume->timer);
    buffer_release(&resume->last_id);
    memory_free(resume);
    ex->resume = NULL;
}

static void give_up(struct exchange *ex)
{
    ex->outcome = OUTCOME_FAILED;
    ex->reason =
        arena_format(&ex->arena, "Server '%.*s' broke off its answer and has no more of it%s",
                     SLICE_PRINT(upstream_server_shown(ex->server)),
                     ex->method == MCP_TOOLS_CALL ? "; the call may or may not have run" : "");
    exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL, ex->reason, (struct slice){0});
    exchange_finish(ex);
}

static void head_cb(void *argument, const struct upstream_head *head)
{
    struct exchange *ex = argument;
    ex->resume->refused = !head->event_stream;
}

static void message_cb(void *argument, struct upstream_message *message)
{
    struct exchange *ex = argument;
    if (!ex->resume->refused)
        answer_message(ex, message);
}

// Whichever way the stream ended: with the answer, with the promise of more, or for good.
static void over(struct exchange *ex)
{
    ex->call = NULL;
    if (ex->answered || ex->upstream_answered)
        exchange_finish(ex);
    else if (ex->resume->refused || !resume_begin(ex))
        give_up(ex);
}

static void end_cb(void *argument)
{
    over(argument);
}

static void error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    log_event(LOG_DEBUG, "pipeline", "the rest of an answer did not come: %s", text);
    over(argument);
}

static void ask_cb(void *argument)
{
    struct resume *resume = argument;
    struct exchange *ex = resume->ex;
    struct http_header headers[3];
    size_t count = send_own_headers(ex->session, headers);
    headers[count++] =
        (struct http_header){SLICE_LITERAL("Last-Event-ID"), buffer_slice(&resume->last_id)};
    struct upstream_call_events events = {head_cb, message_cb, end_cb, error_cb, ex};
    // An answer is waited for, so the stream may not be silent for ever.
    struct mcp_message waits = {.kind = MCP_REQUEST};
    struct upstream_request request = {
        .verb = UPSTREAM_GET, .message = &waits, .headers = headers, .header_count = count};
    struct error error = {0};
    if (upstream_send(ex->server, NULL, &request, &events, &ex->call, &error) != 0)
        error_cb(ex, 0, false, error.text);
}

bool resume_begin(struct exchange *ex)
{
    struct resume *resume = ex->resume;
    uint64_t now_us = loop_now_us(ex->pipeline->loop);
    uint64_t limit_ms = upstream_server_options(ex->server)->answer_timeout_ms;
    if (resume == NULL || resume->last_id.length == 0 || resume->last_id.failed || ex->answered ||
        ex->upstream_answered || ex->client_gone || ex->session == NULL)
        return false;
    if (now_us - resume->heard_us > (limit_ms == 0 ? ANSWER_MS : limit_ms) * 1000)
        return false;
    if (resume->timer == NULL)
        resume->timer = loop_timer_open(ex->pipeline->loop, ask_cb, resume);
    if (resume->timer == NULL)
        return false;
    int64_t wait_ms = resume->retry_ms < RETRY_LEAST_MS ? RETRY_LEAST_MS : resume->retry_ms;
    ex->healed = true; // a session that is lost takes the answer along: it would run twice
    ex->upstream_status = 0;
    loop_timer_start(resume->timer, (uint64_t)(wait_ms > RETRY_MOST_MS ? RETRY_MOST_MS : wait_ms),
                     0);
    return true;
}

bool resume_cancel(struct exchange *ex)
{
    if (ex->resume == NULL)
        return false;
    buffer_clear(&ex->resume->last_id); // its end is the end
    return ex->call == NULL;
}
