// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A modern client before a legacy server: each request goes out in a conversation that the gateway
// holds, under an id of its own, and its answer comes back in the words of 2026-07-28.
#include "pipeline/bridge_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum { RETRY_DEFAULT_MS = 1000, REOPENS_IN_A_ROW = 10 };

// ---- The life of a call

struct legacy_call *legacy_new_call(struct conversation *c, struct exchange *ex)
{
    struct legacy_call *call = memory_new(sizeof *call);
    call->conversation = c;
    call->ex = ex;
    call->method = ex->method;
    call->log_severity = NO_LOG;
    call->retry_ms = RETRY_DEFAULT_MS;
    snprintf(call->id, sizeof call->id, "%" PRIu64, ++c->next_id);
    buffer_init(&call->answer, BRIDGE_TEXT_MAX);
    buffer_init(&call->last_event_id, 4096);
    list_init(&call->questions);
    list_init(&call->uris);
    list_append(&c->calls, &call->link);
    ex->to_legacy = call;
    return call;
}

static void tell_cancelled(struct legacy_call *call)
{
    struct buffer text;
    buffer_init(&text, 0);
    mcp_write_cancelled(&text, slice_from_string(call->id), "the client closed the request");
    if (!text.failed)
        conversation_tell(call->conversation, buffer_slice(&text));
    buffer_release(&text);
}

void legacy_end_call(struct legacy_call *call)
{
    struct conversation *c = call->conversation;
    bool running = call->call != NULL || call->reopen != NULL;
    list_remove(&call->link);
    if (running && !call->responded && !bridge_uses_link(c->server))
        tell_cancelled(call);
    if (call->call != NULL) // over a pipe this tells the server
        upstream_call_cancel(call->call, !call->responded);
    if (call->reopen != NULL)
        loop_timer_close(call->reopen);
    parked_release(call);
    subscribe_release(call);
    c->last_used_us = loop_now_us(c->pipeline->loop);
    buffer_release(&call->answer);
    buffer_release(&call->last_event_id);
    memory_free(call);
}

void legacy_release(struct exchange *ex)
{
    struct legacy_call *call = ex->to_legacy;
    if (call == NULL)
        return;
    ex->to_legacy = NULL;
    ex->call = NULL;
    call->ex = NULL;
    legacy_end_call(call);
}

// ---- What comes back

void legacy_deliver(struct legacy_call *call, const struct upstream_message *message)
{
    struct exchange *ex = call->ex;
    struct bridge *bridge = ex->pipeline->bridge;
    bridge_response_to_modern(bridge_text(bridge, 1), message->doc, message->message, ex->id,
                              call->method, buffer_slice(&call->conversation->server_info));
    struct upstream_message *translated = bridge_read_text(bridge, 1, message);
    call->responded = true;
    if (translated != NULL)
        answer_message(ex, translated);
    else
        exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL,
                              SLICE_LITERAL("The server's answer could not be translated"),
                              (struct slice){0});
}

static int64_t error_code(const struct upstream_message *message)
{
    int64_t code = 0;
    uint32_t node = json_get(message->doc, message->message->error, "code");
    return node == JSON_NONE || json_integer(message->doc, node, &code) != 0 ? 0 : code;
}

static void take_response(struct legacy_call *call, struct upstream_message *message)
{
    uint32_t id = message->message->id;
    bool ours = id == JSON_NONE || json_type(message->doc, id) == JSON_NULL ||
                slice_equal_string(json_raw(message->doc, id), call->id);
    if (!ours || call->responded)
        return;
    int64_t code = error_code(message);
    bool newer = call->status == 400 && code <= MCP_ERROR_HEADER_MISMATCH &&
                 code >= MCP_ERROR_UNSUPPORTED_VERSION;
    if (call->status == 404 || newer || era_is_refusal(call->status, message))
        return; // on_end begins anew
    if (call->ex == NULL) {
        call->responded = true;
        buffer_clear(&call->answer);
        buffer_append(&call->answer, message->text);
        return;
    }
    // 2025-11-25 asks for an elicitation by URL through an error; it is judged as what it is.
    if (code == MCP_ERROR_URL_ELICITATION &&
        !decide_method_allowed(call->ex, SLICE_LITERAL("elicitation/create"))) {
        call->responded = true;
        call->ex->upstream_answered = true;
        exchange_deny(call->ex, SLICE_LITERAL("(method denied)"),
                      SLICE_LITERAL("The server asked the client for elicitation/create, which the "
                                    "policy does not allow."),
                      false, -1);
        return;
    }
    legacy_deliver(call, message);
}

static bool wants_line(const struct legacy_call *call, const struct upstream_message *message)
{
    uint32_t level = json_get(message->doc, message->message->params, "level");
    if (level == JSON_NONE || json_type(message->doc, level) != JSON_STRING)
        return false;
    int severity = bridge_log_severity(json_string(message->doc, level, message->arena));
    return severity >= call->log_severity;
}

static void take_notification(struct legacy_call *call, struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    struct bridge *bridge = call->conversation->pipeline->bridge;
    bool progress = m->method == MCP_PROGRESS;
    if (!progress && m->method != MCP_LOG_MESSAGE) {
        legacy_said(call->conversation, message);
        return;
    }
    if (call->ex == NULL || (progress && call->ex->progress_token.length == 0) ||
        (!progress && !wants_line(call, message)))
        return;
    bridge_notification_to_modern(bridge_text(bridge, 1), message->doc, m,
                                  progress ? call->ex->progress_token : (struct slice){0},
                                  (struct slice){0});
    struct upstream_message *translated = bridge_read_text(bridge, 1, message);
    if (translated != NULL)
        answer_message(call->ex, translated);
}

static void on_head(void *argument, const struct upstream_head *head)
{
    struct legacy_call *call = argument;
    call->status = head->status;
    if (call->ex == NULL)
        return;
    call->ex->upstream_status = head->status;
    call->ex->answered_us = clock_monotonic_us();
}

static void on_message(void *argument, struct upstream_message *message)
{
    struct legacy_call *call = argument;
    if (message->event_id.length > 0) {
        buffer_clear(&call->last_event_id);
        buffer_append(&call->last_event_id, message->event_id);
        call->reopens = 0;
    }
    if (message->retry_ms >= 0)
        call->retry_ms = message->retry_ms;
    if (message->doc == NULL)
        return;
    message = bridge_apply_edits(call->conversation->pipeline->bridge, message);
    if (message == NULL)
        return;
    switch (message->message->kind) {
    case MCP_RESPONSE: take_response(call, message); break;
    case MCP_NOTIFICATION: take_notification(call, message); break;
    case MCP_REQUEST: parked_ask(call, message); break;
    }
}

// ---- A stream that the server ended early is taken up again (2025-11-25, "Resumability")

static const struct upstream_call_events call_events;

static void give_up(struct legacy_call *call, int code, const char *text)
{
    struct exchange *ex = call->ex;
    call->ended = true;
    if (ex != NULL)
        answer_error(ex, code, true, text);
}

static void reopen_cb(void *argument)
{
    struct legacy_call *call = argument;
    struct conversation *c = call->conversation;
    struct http_header headers[3];
    struct error error = {0};
    size_t count = conversation_headers(c, headers);
    headers[count++] =
        (struct http_header){SLICE_LITERAL("Last-Event-ID"), buffer_slice(&call->last_event_id)};
    struct upstream_request request = {
        .verb = UPSTREAM_GET, .headers = headers, .header_count = count};
    struct upstream_call_events events = call_events;
    events.argument = call;
    if (upstream_send(c->server, NULL, &request, &events, &call->call, &error) != 0) {
        give_up(call, ERROR_UNREACHABLE, error.text);
        return;
    }
    if (call->ex != NULL)
        call->ex->call = call->call;
}

static bool reopen_later(struct legacy_call *call)
{
    if (call->responded || call->last_event_id.length == 0 || call->last_event_id.failed ||
        bridge_uses_link(call->conversation->server) || ++call->reopens > REOPENS_IN_A_ROW)
        return false;
    if (call->reopen == NULL)
        call->reopen = loop_timer_open(call->conversation->pipeline->loop, reopen_cb, call);
    if (call->reopen == NULL)
        return false;
    loop_timer_start(call->reopen, (uint64_t)call->retry_ms, 0);
    return true;
}

// The server forgot the conversation or changed its era: the message was not looked at, so it may
// be sent once more. Others of the conversation end as they end.
static bool begin_anew(struct legacy_call *call)
{
    struct exchange *ex = call->ex;
    struct conversation *c = call->conversation;
    bool lost = call->status == 404 && c->upstream_id.length > 0;
    if (call->responded || (!lost && !era_is_refusal(call->status, NULL)))
        return false;
    if (!lost)
        bridge_forget_era(c->pipeline, c->server);
    c->lost = true;
    call->responded = true; // nothing is left to be cancelled
    if (ex == NULL) {
        legacy_end_call(call);
        return true;
    }
    if (ex->healed || ex->answered || ex->client_gone) {
        bridge_fail(ex, "Server '%.*s' does not take messages of any protocol era",
                    SLICE_PRINT(upstream_server_options(ex->server)->name));
        return true;
    }
    ex->to_legacy = NULL; // the call ends, its exchange goes on
    call->ex = NULL;
    legacy_end_call(call);
    ex->healed = true;
    ex->era_settled = false;
    ex->upstream_status = 0;
    bridge_resume(ex);
    return true;
}

static void on_end(void *argument)
{
    struct legacy_call *call = argument;
    call->call = NULL;
    if (call->ex != NULL)
        call->ex->call = NULL;
    if (begin_anew(call) || reopen_later(call))
        return;
    call->ended = true;
    if (call->ex != NULL)
        answer_end(call->ex);
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct legacy_call *call = argument;
    call->call = NULL;
    if (call->ex != NULL)
        call->ex->call = NULL;
    if (code == ERROR_CLOSED && reopen_later(call))
        return;
    call->ended = true;
    if (call->ex != NULL)
        answer_error(call->ex, code, sent, text);
}

static const struct upstream_call_events call_events = {on_head, on_message, on_end, on_error,
                                                        NULL};

// ---- Messages that belong to no call

static struct legacy_call *newest_call(struct conversation *c, bool with_log)
{
    for (struct list *l = c->calls.previous; l != &c->calls; l = l->previous) {
        struct legacy_call *call = LIST_ENTRY(l, struct legacy_call, link);
        if (call->ex != NULL && !call->listens && !call->responded &&
            (!with_log || call->log_severity != NO_LOG))
            return call;
    }
    return NULL;
}

void legacy_said(struct conversation *c, struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    if (m->kind == MCP_RESPONSE)
        return;
    if (m->kind == MCP_NOTIFICATION && m->method != MCP_LOG_MESSAGE) {
        subscribe_news(c, message);
        return;
    }
    struct legacy_call *call = newest_call(c, m->kind == MCP_NOTIFICATION);
    if (call != NULL && m->kind == MCP_REQUEST)
        parked_ask(call, message);
    else if (call != NULL)
        take_notification(call, message);
    else if (m->kind == MCP_REQUEST && m->method != MCP_PING)
        parked_refuse(c, message, MCP_ERROR_INTERNAL,
                      "the client can be asked only while one of its requests is under way");
    else if (m->kind == MCP_REQUEST)
        parked_refuse(c, message, 0, NULL);
}

// ---- The step

static int severity_wanted(const struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t node = json_get(doc, ex->message.meta, BRIDGE_META "logLevel");
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return NO_LOG;
    for (int severity = 0; severity < NO_LOG; severity++) {
        static const char *const levels[] = {"debug", "info",     "notice", "warning",
                                             "error", "critical", "alert",  "emergency"};
        if (json_string_equals(doc, node, slice_from_string(levels[severity])))
            return severity;
    }
    return NO_LOG;
}

static enum step_result answer_discovery(struct exchange *ex, const struct conversation *c)
{
    struct json_doc doc;
    struct buffer body;
    json_doc_init(&doc);
    buffer_init(&body, 0);
    int result = json_scan(&doc, buffer_slice(&c->initialized), NULL, NULL, NULL);
    if (result == 0)
        bridge_write_discover_result(&body, ex->id, &doc, 0);
    if (result == 0)
        exchange_answer_buffer(ex, 200, &body);
    buffer_release(&body);
    json_doc_release(&doc);
    return result == 0 ? STEP_REPLY : STEP_FAIL;
}

static size_t call_headers(const struct exchange *ex, const struct conversation *c,
                           struct http_header *headers)
{
    static const struct slice kept[] = {{"traceparent", 11}, {"tracestate", 10}, {"baggage", 7}};
    size_t count = conversation_headers(c, headers);
    for (size_t i = 0; i < ex->forward_count; i++)
        for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
            if (slice_equal_ignoring_case(ex->forward[i].name, kept[k]))
                headers[count++] = ex->forward[i];
    return count;
}

static enum step_result send_call(struct exchange *ex, struct conversation *c, int severity)
{
    struct http_header headers[FORWARD_MAX + 2];
    struct error error = {0};
    struct legacy_call *call = legacy_new_call(c, ex);
    struct slice id = slice_from_string(call->id);
    struct buffer text;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    bridge_request_to_legacy(&text, &ex->pipeline->doc, &ex->message, id,
                             ex->progress_token.length > 0 ? id : (struct slice){0});
    call->log_severity = severity;
    int result = text.failed ? error_set(&error, ERROR_NO_MEMORY, "out of memory")
                             : parked_digest(ex, call->digest);
    struct upstream_call_events events = call_events;
    events.argument = call;
    ex->sent_us = clock_monotonic_us();
    if (result == 0)
        result = bridge_send_text(c->server, c->child, buffer_slice(&text), headers,
                                  call_headers(ex, c, headers), &events, &call->call, &error);
    buffer_release(&text);
    ex->call = call->call;
    if (result == 0)
        return STEP_WAIT;
    call->responded = true; // it never left
    return send_refuse(ex, result, &error);
}

static enum step_result take_client_notification(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t id = json_get(doc, ex->message.params, "requestId");
    struct exchange *cancelled = NULL;
    if (ex->method == MCP_CANCELLED && ex->session != NULL && id != JSON_NONE) {
        LIST_EACH(&ex->session->exchanges, item)
        {
            struct exchange *other = LIST_ENTRY(item, struct exchange, session_link);
            if (other != ex && slice_equal(other->id, json_raw(doc, id)))
                cancelled = other;
        }
    }
    if (cancelled != NULL) {
        cancelled->answered = true; // the client waits for nothing any more
        exchange_finish(cancelled);
    }
    exchange_answer(ex, 202, (struct slice){0}); // the older era knows no others
    return STEP_REPLY;
}

enum step_result legacy_step(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    struct conversation *c;
    struct error error = {0};
    if (ex->message_kind == MCP_NOTIFICATION)
        return take_client_notification(ex);
    if (bridge_is_legacy_method(ex->method_name))
        return exchange_refuse(ex, 404, MCP_ERROR_METHOD_NOT_FOUND, "Method not found");
    if (json_get(doc, ex->message.params, "requestState") != JSON_NONE)
        return parked_resume(ex);
    int result = conversation_of(ex, &c, &error);
    if (result != 0)
        return send_refuse(ex, result, &error);
    if (c->state != CONVERSATION_READY || c->opening != NULL)
        return conversation_wait(c, ex);
    if (ex->method == MCP_DISCOVER)
        return answer_discovery(ex, c);
    if (ex->method == MCP_LISTEN)
        return subscribe_open(ex, c);
    int severity = severity_wanted(ex);
    if (c->can_log && severity < c->log_severity &&
        conversation_set_level(c, ex, severity) == STEP_WAIT)
        return STEP_WAIT;
    return send_call(ex, c, severity);
}
