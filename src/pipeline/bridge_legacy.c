// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A modern client before a legacy server: each request goes out in a conversation that the gateway
// holds, under an id of its own, and its answer comes back in the words of 2026-07-28.
#include "pipeline/bridge_internal.h"
#include "pipeline/ledger_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum { RETRY_DEFAULT_MS = 1000 };

// ---- The life of a call

struct legacy_call *legacy_new_call(struct conversation *c, struct exchange *ex)
{
    struct legacy_call *call = memory_new(sizeof *call);
    call->conversation = c;
    call->ex = ex;
    call->method = ex == NULL ? MCP_OTHER : ex->method;
    call->log_severity = NO_LOG;
    call->retry_ms = RETRY_DEFAULT_MS;
    snprintf(call->id, sizeof call->id, "%" PRIu64, ++c->next_id);
    buffer_init(&call->answer, BRIDGE_TEXT_MAX);
    buffer_init(&call->last_event_id, 4096);
    buffer_init(&call->snapshot, BRIDGE_TEXT_MAX);
    list_init(&call->questions);
    list_init(&call->uris);
    list_append(&c->calls, &call->link);
    if (ex != NULL)
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
    tasks_forget_watch(call);
    c->last_used_us = loop_now_us(c->pipeline->loop);
    buffer_release(&call->answer);
    buffer_release(&call->last_event_id);
    buffer_release(&call->snapshot);
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
    call->parked_us = loop_now_us(ex->pipeline->loop);
    if (call->task == NULL && !call->forgotten) // a task goes on without its client
        legacy_end_call(call);
}

// ---- The step

static int severity_wanted(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t node = json_get(doc, ex->message.meta, BRIDGE_META "logLevel");
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return NO_LOG;
    int severity = bridge_log_severity(json_string(doc, node, &ex->arena));
    return severity < 0 ? NO_LOG : severity;
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
    ledger_note_tasks(ex->pipeline->ledger, upstream_server_options(ex->server)->name,
                      c->has_tasks);
    buffer_release(&body);
    json_doc_release(&doc);
    return result == 0 ? STEP_REPLY : STEP_FAIL;
}

static size_t call_headers(const struct exchange *ex, const struct conversation *c,
                           struct http_header *headers)
{
    size_t count = conversation_headers(c, headers);
    for (size_t i = 0; i < ex->forward_count; i++)
        if (headers_is_of_trace(&ex->forward[i]))
            headers[count++] = ex->forward[i];
    return count;
}

enum step_result legacy_send(struct exchange *ex, struct conversation *c, int severity,
                             bool as_task)
{
    struct http_header headers[FORWARD_MAX + 2];
    struct error error = {0};
    bool knows_tasks = ex->method == MCP_TOOLS_CALL && c->has_tasks && tasks_known_to_client(ex);
    if (knows_tasks && !send_keep_text(ex)) // it may have to be sent again
        return STEP_FAIL;
    struct legacy_call *call = legacy_new_call(c, ex);
    struct slice id = slice_from_string(call->id);
    struct buffer text;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    bridge_request_to_legacy(&text, &ex->pipeline->doc, &ex->message, id,
                             ex->progress_token.length > 0 ? id : (struct slice){0}, as_task);
    call->log_severity = severity;
    call->as_task = as_task;
    call->knows_tasks = knows_tasks;
    int result = text.failed ? error_set(&error, ERROR_NO_MEMORY, "out of memory")
                             : parked_digest(ex, call->digest);
    struct upstream_call_events events = legacy_events(call);
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
    if (ex->method == MCP_TASKS_GET || ex->method == MCP_TASKS_UPDATE ||
        ex->method == MCP_TASKS_CANCEL)
        return tasks_step(ex);
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
    if (tasks_need_list(ex, c) && conversation_list_tools(c, ex) == STEP_WAIT)
        return STEP_WAIT;
    int severity = severity_wanted(ex);
    if (c->can_log && severity < c->log_severity &&
        conversation_set_level(c, ex, severity) == STEP_WAIT)
        return STEP_WAIT;
    return legacy_send(ex, c, severity, tasks_wanted(ex, c));
}
