// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A client on standard input and output cannot start its conversation anew when the server
// restarted or forgot the session. So the gateway repeats the client's own initialize, and what
// came meanwhile waits for it.
#include "pipeline/pipeline_internal.h"

static void release_held(struct session *session, const char *failure)
{
    session->healing = false;
    while (!list_empty(&session->held)) {
        struct exchange *ex = LIST_ENTRY(session->held.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        if (failure == NULL) {
            send_again(ex);
            continue;
        }
        ex->outcome = OUTCOME_FAILED;
        limits_give_back(ex, false);
        exchange_refuse(ex, 502, MCP_ERROR_INTERNAL, "The server could not be started again: %s",
                        failure);
        exchange_finish(ex);
    }
}

static void on_head(void *argument, const struct upstream_head *head)
{
    struct session *session = argument;
    buffer_clear(&session->upstream_id);
    buffer_append(&session->upstream_id, head->session_id);
}

static void confirm(struct session *session)
{
    static const struct upstream_call_events ignore = {send_ignore_head, send_ignore_message,
                                                       send_ignore_end, send_ignore_error, NULL};
    struct http_header headers[2];
    size_t count = send_own_headers(session, headers);
    struct mcp_message notification = {.kind = MCP_NOTIFICATION, .method = MCP_INITIALIZED};
    struct upstream_request request = {
        .verb = UPSTREAM_POST,
        .text = SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"),
        .message = &notification,
        .headers = headers,
        .header_count = count};
    struct upstream_call *call;
    struct error error = {0};
    if (upstream_send(session->server, session->child, &request, &ignore, &call, &error) != 0)
        log_event(LOG_WARNING, "pipeline", "a restarted server did not take its greeting: %s",
                  error.text);
}

static void on_message(void *argument, struct upstream_message *message)
{
    struct session *session = argument;
    if (message->doc == NULL || message->message->kind != MCP_RESPONSE)
        return;
    session->healed = message->message->result != JSON_NONE;
}

static void on_end(void *argument)
{
    struct session *session = argument;
    session->greeting_call = NULL;
    if (session->healed) {
        confirm(session);
        release_held(session, NULL);
        stdio_session_ready(session->stdio);
    } else {
        session->ungreeted = true;
        release_held(session, "it refused to be initialized");
    }
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct session *session = argument;
    (void)code;
    (void)sent;
    session->greeting_call = NULL;
    release_held(session, text);
}

static int greet(struct session *session, struct error *error)
{
    struct json_doc *doc = &session->pipeline->doc;
    struct arena arena;
    struct mcp_message message;
    int code;
    struct slice text = buffer_slice(&session->greeting);
    arena_init(&arena, 1024 * 1024);
    int result = json_scan(doc, text, NULL, error, NULL);
    if (result == 0)
        result = mcp_decode(doc, 0, &arena, &message, &code, error);
    struct upstream_call_events events = {on_head, on_message, on_end, on_error, session};
    struct upstream_request request = {
        .verb = UPSTREAM_POST, .text = text, .doc = doc, .message = &message};
    session->healed = false;
    session->ungreeted = false;
    if (result == 0)
        result = upstream_send(session->server, session->child, &request, &events,
                               &session->greeting_call, error);
    arena_release(&arena);
    return result;
}

void heal_remember(struct exchange *ex)
{
    buffer_clear(&ex->session->greeting);
    buffer_append(&ex->session->greeting, ex->text);
    ex->session->ungreeted = false; // it greets by itself
}

bool heal_can(const struct exchange *ex)
{
    return ex->session != NULL && ex->session->stdio != NULL && !ex->modern && !ex->healed &&
           ex->kind == EXCHANGE_MESSAGE && ex->method != MCP_INITIALIZE &&
           ex->session->greeting.length > 0 && !ex->session->greeting.failed;
}

enum step_result heal_hold(struct exchange *ex, struct error *error)
{
    struct session *session = ex->session;
    ex->healed = true;
    if (!session->healing) {
        log_event(LOG_WARNING, "pipeline",
                  "server '%.*s' lost its session; it is initialized again",
                  SLICE_PRINT(upstream_server_shown(session->server)));
        session->healing = true;
        buffer_clear(&session->upstream_id);
        int result = greet(session, error);
        if (result != 0) {
            session->healing = false;
            return STEP_FAIL;
        }
    }
    list_append(&session->held, &ex->wait_link);
    return STEP_WAIT;
}

void heal_release(struct session *session)
{
    if (session->greeting_call != NULL)
        upstream_call_cancel(session->greeting_call, false);
    session->greeting_call = NULL;
    session->healing = false;
    LIST_EACH(&session->held, item)
    {
        list_remove(item);
    }
    buffer_release(&session->greeting);
}
