// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a judged message takes the way over a bridge, and what both bridges share. A server that
// speaks the client's era gets the client's own bytes.
#include "pipeline/bridge_internal.h"
#include "pipeline/held_tasks_internal.h"

#include <stdarg.h>
#include <stdio.h>

bool bridge_uses_link(const struct upstream_server *server)
{
    return upstream_server_has_links(server);
}

static enum step_result step_legacy_client(struct exchange *ex)
{
    if (origin_is_task_method(ex->method) && own_task_step(ex) == STEP_REPLY)
        return STEP_REPLY;
    if (ex->session != NULL && ex->session->bridge != NULL && ex->method != MCP_INITIALIZE)
        return modern_step(ex);
    if (ex->method != MCP_INITIALIZE || ex->era_settled)
        return STEP_NEXT;
    struct server_era *era = era_of(ex);
    // A server is not asked before the client's own words: an initialize harms nobody.
    return era != NULL && era->legacy == VERDICT_NO ? modern_open(ex) : STEP_NEXT;
}

// A server of this era after all: it gets its own answer passed on, not the message once more.
static enum step_result answer_as_it_was(struct exchange *ex)
{
    if (ex->era_answer.length > 0) {
        ex->upstream_answered = true;
        exchange_answer(ex, ex->era_status, ex->era_answer);
        return STEP_REPLY;
    }
    ex->upstream_status = ex->era_status;
    answer_end(ex);
    return STEP_WAIT;
}

static enum step_result step_modern_client(struct exchange *ex)
{
    if (ex->message_kind == MCP_RESPONSE)
        return STEP_NEXT;
    struct server_era *era = era_of(ex);
    if (era == NULL || era->modern == VERDICT_YES)
        return ex->era_status == 0 ? STEP_NEXT : answer_as_it_was(ex);
    if (era->modern == VERDICT_NO)
        return legacy_step(ex);
    if (ex->era_status != 0)
        return answer_as_it_was(ex);
    return ex->era_settled || ex->message_kind != MCP_REQUEST ? STEP_NEXT : era_ask(ex, era);
}

enum step_result step_bridge(struct exchange *ex)
{
    if (origin_is_task_method(ex->method)) {
        enum step_result result = held_task_step(ex);
        if (result != STEP_NEXT)
            return result;
    }
    return ex->modern ? step_modern_client(ex) : step_legacy_client(ex);
}

// ---- Waiting and going on

bool bridge_rescan(struct exchange *ex)
{
    struct json_doc *doc = &ex->pipeline->doc;
    int code;
    if (json_scan(doc, ex->text, NULL, NULL, NULL) == 0 &&
        mcp_decode(doc, 0, &ex->arena, &ex->message, &code, NULL) == 0)
        return true;
    bridge_fail(ex, "The message could not be read again");
    return false;
}

void bridge_resume(struct exchange *ex)
{
    if (bridge_rescan(ex))
        steps_run(ex);
}

void bridge_fail(struct exchange *ex, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ex->outcome = OUTCOME_FAILED;
    exchange_refuse(ex, 502, MCP_ERROR_INTERNAL, "%s", text);
    exchange_finish(ex);
}

enum step_result bridge_answer_result(struct exchange *ex, struct slice result)
{
    struct buffer body;
    buffer_init(&body, 0);
    bridge_write_answer(&body, ex->id, result);
    exchange_answer_buffer(ex, 200, &body);
    buffer_release(&body);
    return STEP_REPLY;
}

// ---- Texts

int bridge_send_text(struct upstream_server *server, struct upstream_link *link, struct slice text,
                     const struct http_header *headers, size_t header_count,
                     const struct upstream_call_events *events, struct upstream_call **ret,
                     struct error *error)
{
    struct json_doc doc;
    struct arena arena;
    struct mcp_message message;
    int code;
    json_doc_init(&doc);
    arena_init(&arena, 1024 * 1024);
    int result = json_scan(&doc, text, NULL, error, NULL);
    if (result == 0)
        result = mcp_decode(&doc, 0, &arena, &message, &code, error);
    struct upstream_request request = {.verb = UPSTREAM_POST,
                                       .text = text,
                                       .doc = &doc,
                                       .message = &message,
                                       .headers = headers,
                                       .header_count = header_count};
    if (result == 0)
        result = upstream_send(server, link, &request, events, ret, error);
    arena_release(&arena);
    json_doc_release(&doc);
    return result;
}

struct buffer *bridge_text(struct bridge *bridge, size_t slot)
{
    buffer_clear(&bridge->text[slot]);
    return &bridge->text[slot];
}

struct upstream_message *bridge_read_text(struct bridge *bridge, size_t slot,
                                          const struct upstream_message *from)
{
    struct slice text = buffer_slice(&bridge->text[slot]);
    struct upstream_message *out = &bridge->out[slot];
    int code;
    if (bridge->text[slot].failed || json_scan(&bridge->doc[slot], text, NULL, NULL, NULL) != 0 ||
        mcp_decode(&bridge->doc[slot], 0, from->arena, &bridge->message[slot], &code, NULL) != 0)
        return NULL;
    *out = (struct upstream_message){.text = text,
                                     .doc = &bridge->doc[slot],
                                     .message = &bridge->message[slot],
                                     .arena = from->arena,
                                     .is_event = from->is_event,
                                     .retry_ms = -1};
    return out;
}

struct upstream_message *bridge_apply_edits(struct bridge *bridge, struct upstream_message *message)
{
    struct slice *pieces;
    size_t count;
    if (message->edits.count == 0 && !message->edits.failed)
        return message;
    if (mcp_edits_pieces(&message->edits, message->text, message->arena, &pieces, &count) != 0)
        return NULL;
    struct buffer *text = bridge_text(bridge, 0);
    for (size_t i = 0; i < count; i++)
        buffer_append(text, pieces[i]);
    return bridge_read_text(bridge, 0, message);
}

// ---- Beginning and end

struct bridge *bridge_new(struct pipeline *pipeline)
{
    struct bridge *bridge = memory_new(sizeof *bridge);
    bridge->pipeline = pipeline;
    table_init(&bridge->eras);
    table_init(&bridge->parked);
    list_init(&bridge->conversations);
    for (size_t i = 0; i < 2; i++) {
        json_doc_init(&bridge->doc[i]);
        buffer_init(&bridge->text[i], BRIDGE_TEXT_MAX);
    }
    return bridge;
}

static void free_era_cb(void *argument, struct slice key, void *value)
{
    (void)argument;
    (void)key;
    era_free(value);
}

void bridge_free(struct bridge *bridge)
{
    if (bridge == NULL)
        return;
    while (!list_empty(&bridge->conversations)) {
        struct conversation *c = LIST_ENTRY(bridge->conversations.next, struct conversation, link);
        c->lost = true; // there is no time for a goodbye
        conversation_close(c, "the gateway stops");
    }
    table_each(&bridge->eras, free_era_cb, NULL);
    table_release(&bridge->eras);
    table_release(&bridge->parked);
    for (size_t i = 0; i < 2; i++) {
        json_doc_release(&bridge->doc[i]);
        buffer_release(&bridge->text[i]);
    }
    memory_free(bridge);
}

// One huge message must not hold memory for good.
static void let_go_of_scratch(struct bridge *bridge)
{
    for (size_t i = 0; i < 2; i++) {
        if (bridge->text[i].capacity > 1024 * 1024)
            buffer_release(&bridge->text[i]);
        if (bridge->doc[i].capacity > 64 * 1024)
            json_doc_release(&bridge->doc[i]);
    }
}

void bridge_sweep(struct pipeline *pipeline, uint64_t now_us)
{
    let_go_of_scratch(pipeline->bridge);
    questions_sweep(pipeline, now_us);
    conversation_sweep(pipeline->bridge, now_us);
    LIST_EACH(&pipeline->sessions, item)
    {
        struct session *session = LIST_ENTRY(item, struct session, link);
        own_tasks_expire(session);
        if (session->bridge != NULL)
            listen_sweep(session, now_us);
    }
}

void bridge_release(struct exchange *ex)
{
    modern_release(ex);
    legacy_release(ex);
}
