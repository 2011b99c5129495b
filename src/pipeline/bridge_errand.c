// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway itself says in a conversation with a legacy server, and what it hears there
// outside of calls.
#include "pipeline/bridge_internal.h"
#include "pipeline/toolbox_internal.h"

struct errand {
    struct list link; // conversation->errands
    struct conversation *conversation;
    struct upstream_call *call;
};

int conversation_send(struct conversation *c, struct slice text,
                      const struct upstream_call_events *events, struct upstream_call **ret,
                      struct error *error)
{
    struct http_header headers[2];
    size_t count = conversation_headers(c, headers);
    return bridge_send_text(c->server, c->child, text, headers, count, events, ret, error);
}

void conversation_tell(struct conversation *c, struct slice text)
{
    static const struct upstream_call_events ignore = {send_ignore_head, send_ignore_message,
                                                       send_ignore_end, send_ignore_error, NULL};
    struct upstream_call *call;
    struct error error = {0};
    if (c->state == CONVERSATION_CLOSED)
        return;
    if (conversation_send(c, text, &ignore, &call, &error) != 0)
        log_event(LOG_WARNING, "pipeline", "a server did not take a message of the gateway: %s",
                  error.text);
}

static void errand_end_cb(void *argument)
{
    struct errand *errand = argument;
    struct conversation *c = errand->conversation;
    list_remove(&errand->link);
    memory_free(errand);
    if (list_empty(&c->errands))
        subscribe_settled(c);
}

static void errand_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    log_event(LOG_DEBUG, "pipeline", "a subscription was not taken: %s", text);
    errand_end_cb(argument);
}

void conversation_errand(struct conversation *c, const char *method, const char *parameter,
                         struct slice value)
{
    struct errand *errand = memory_try_new(sizeof *errand);
    if (errand == NULL)
        return;
    errand->conversation = c;
    struct buffer text, id;
    struct error error = {0};
    buffer_init(&text, 0);
    buffer_init(&id, 0);
    buffer_append_number(&id, ++c->next_id);
    bridge_write_request(&text, buffer_slice(&id), method, parameter, value);
    struct upstream_call_events events = {send_ignore_head, send_ignore_message, errand_end_cb,
                                          errand_error_cb, errand};
    list_append(&c->errands, &errand->link);
    if (text.failed || id.failed ||
        conversation_send(c, buffer_slice(&text), &events, &errand->call, &error) != 0) {
        list_remove(&errand->link);
        memory_free(errand);
    }
    buffer_release(&text);
    buffer_release(&id);
}

void conversation_drop_errands(struct conversation *c)
{
    while (!list_empty(&c->errands)) {
        struct errand *errand = LIST_ENTRY(c->errands.next, struct errand, link);
        list_remove(&errand->link);
        if (errand->call != NULL)
            upstream_call_cancel(errand->call, false);
        memory_free(errand);
    }
}

// ---- The level of log lines

static void level_end_cb(void *argument)
{
    struct conversation *c = argument;
    c->opening = NULL;
    c->log_severity = c->log_wanted; // asked once, whatever the server thinks of it
    conversation_resume(c);
}

static void level_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    (void)text;
    level_end_cb(argument);
}

enum step_result conversation_set_level(struct conversation *c, struct exchange *ex, int severity)
{
    struct upstream_call_events events = {send_ignore_head, send_ignore_message, level_end_cb,
                                          level_error_cb, c};
    struct buffer text, id;
    struct error error = {0};
    buffer_init(&text, 0);
    buffer_init(&id, 0);
    buffer_append_number(&id, ++c->next_id);
    bridge_write_request(&text, buffer_slice(&id), "logging/setLevel", "level",
                         slice_from_string(bridge_log_level(severity)));
    c->log_wanted = severity;
    int result = text.failed || id.failed
                     ? ERROR_NO_MEMORY
                     : conversation_send(c, buffer_slice(&text), &events, &c->opening, &error);
    buffer_release(&text);
    buffer_release(&id);
    if (result == 0)
        return conversation_wait(c, ex);
    c->log_severity = severity; // the call itself will say what is wrong
    return STEP_NEXT;
}

// ---- What the tools may be called as, for a client that calls before it has asked

static void tools_message_cb(void *argument, struct upstream_message *message)
{
    struct conversation *c = argument;
    struct slice server = upstream_server_options(c->server)->name;
    struct pins_screen screen;
    if (message->doc == NULL || message->message->kind != MCP_RESPONSE)
        return;
    pins_screen(c->pipeline, server, message, &screen);
    toolbox_learn(c->pipeline, server, message, &screen, true);
}

static void tools_end_cb(void *argument)
{
    struct conversation *c = argument;
    c->opening = NULL;
    conversation_resume(c);
}

static void tools_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    (void)text;
    tools_end_cb(argument);
}

enum step_result conversation_list_tools(struct conversation *c, struct exchange *ex)
{
    struct upstream_call_events events = {send_ignore_head, tools_message_cb, tools_end_cb,
                                          tools_error_cb, c};
    struct buffer text;
    struct error error = {0};
    c->tools_listed = true; // asked once, whatever comes of it
    buffer_init(&text, 0);
    buffer_append_format(&text, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"tools/list\"}",
                         (unsigned long long)++c->next_id);
    int result = text.failed
                     ? ERROR_NO_MEMORY
                     : conversation_send(c, buffer_slice(&text), &events, &c->opening, &error);
    buffer_release(&text);
    return result == 0 ? conversation_wait(c, ex) : STEP_NEXT;
}

// ---- What the server says by itself

static void stream_head_cb(void *argument, const struct upstream_head *head)
{
    struct conversation *c = argument;
    c->stream_refused = !head->event_stream; // 405: the server has no such stream
}

static void stream_message_cb(void *argument, struct upstream_message *message)
{
    if (message->doc != NULL)
        legacy_said(argument, message);
}

static void stream_end_cb(void *argument)
{
    struct conversation *c = argument;
    c->stream = NULL; // the sweep opens it again
}

static void stream_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    (void)text;
    stream_end_cb(argument);
}

void conversation_hear(struct conversation *c)
{
    struct http_header headers[2];
    struct error error = {0};
    if (bridge_uses_link(c->server) || c->stream != NULL || c->stream_refused ||
        c->state != CONVERSATION_READY || c->lost)
        return;
    struct upstream_call_events events = {stream_head_cb, stream_message_cb, stream_end_cb,
                                          stream_error_cb, c};
    struct upstream_request request = {.verb = UPSTREAM_GET, .headers = headers};
    request.header_count = conversation_headers(c, headers);
    if (upstream_send(c->server, NULL, &request, &events, &c->stream, &error) != 0)
        log_event(LOG_DEBUG, "pipeline", "a server's stream cannot be opened: %s", error.text);
}
