// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a legacy server answers to a modern client's request: notifications, questions and the
// response, each in the words of 2026-07-28; streams that break off are taken up again.
#include "pipeline/bridge_internal.h"

enum { REOPENS_IN_A_ROW = 10 };

int64_t legacy_error_code(const struct upstream_message *message)
{
    int64_t code = 0;
    uint32_t node = json_get(message->doc, message->message->error, "code");
    return node == JSON_NONE || json_integer(message->doc, node, &code) != 0 ? 0 : code;
}

void legacy_pass(struct exchange *ex, const struct upstream_message *from)
{
    struct upstream_message *translated = bridge_written(ex, from);
    if (translated != NULL)
        answer_message(ex, translated);
}

bool legacy_deliver(struct legacy_call *call, const struct upstream_message *message)
{
    struct exchange *ex = call->ex;
    call->responded = true;
    enum tasks_taken taken = tasks_take(call, message);
    if (taken != TASKS_NOT_THEIRS)
        return taken == TASKS_GONE_ON;
    // 2025-11-25 asks for an elicitation by URL through an error; it is judged as what it is.
    if (legacy_error_code(message) == MCP_ERROR_URL_ELICITATION &&
        !decide_method_allowed(ex, SLICE_LITERAL("elicitation/create"))) {
        ex->upstream_answered = true;
        exchange_deny(ex, SLICE_LITERAL("(method denied)"),
                      SLICE_LITERAL("The server asked the client for elicitation/create, which the "
                                    "policy does not allow."),
                      false, -1);
        return false;
    }
    if (legacy_error_code(message) == MCP_ERROR_URL_ELICITATION && urls_ask(call, message))
        return true;
    bridge_response_to_modern(bridge_text(ex->pipeline->bridge, 1), message->doc, message->message,
                              ex->id, call->method, buffer_slice(&call->conversation->server_info));
    legacy_pass(ex, message);
    return false;
}

static void take_response(struct legacy_call *call, struct upstream_message *message)
{
    uint32_t id = message->message->id;
    bool none = id == JSON_NONE || json_type(message->doc, id) == JSON_NULL;
    bool ours = none ? message->message->error != JSON_NONE // it could not read the request's id
                     : slice_equal_string(json_raw(message->doc, id), call->id);
    if (!ours || call->responded)
        return;
    int64_t code = legacy_error_code(message);
    bool newer = call->status == 400 && code <= MCP_ERROR_HEADER_MISMATCH &&
                 code >= MCP_ERROR_UNSUPPORTED_VERSION;
    if (call->status == 404 || newer || era_is_refusal(call->status, message))
        return; // on_end begins anew
    if (call->ex != NULL) {
        (void)legacy_deliver(call, message);
        return;
    }
    call->responded = true;
    buffer_clear(&call->answer);
    if (parked_keep_bytes(call, message->text.length))
        buffer_append(&call->answer, message->text);
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
    case MCP_REQUEST: parked_ask(tasks_asker(call->conversation, call, message), message); break;
    }
}

// ---- A stream that the server ended early is taken up again (2025-11-25, "Resumability")

static void give_up(struct legacy_call *call, int code, const char *text)
{
    struct exchange *ex = call->ex;
    bool alone = call->forgotten || call->task != NULL;
    call->ended = true;
    if (ex != NULL)
        answer_error(ex, code, true, text);
    if (alone)
        legacy_end_call(call);
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
    struct upstream_call_events events = legacy_events(call);
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
                    SLICE_PRINT(upstream_server_shown(ex->server)));
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

// Its exchange's end is not the call's, and nothing more will come.
static bool stays_alone(const struct legacy_call *call)
{
    return call->forgotten || (call->task != NULL && !call->responded);
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
    bool alone = stays_alone(call);
    if (call->ex != NULL && !call->urls) // what it refused is made anew
        answer_end(call->ex);
    if (alone)
        legacy_end_call(call);
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
    bool alone = stays_alone(call);
    if (call->ex != NULL && !call->urls)
        answer_error(call->ex, code, sent, text);
    if (alone)
        legacy_end_call(call);
}

struct upstream_call_events legacy_events(struct legacy_call *call)
{
    return (struct upstream_call_events){on_head, on_message, on_end, on_error, call};
}

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
        if (!urls_done(c, message))
            subscribe_news(c, message);
        return;
    }
    struct legacy_call *call = newest_call(c, m->kind == MCP_NOTIFICATION);
    if (m->kind == MCP_REQUEST)
        call = tasks_asker(c, call, message);
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
