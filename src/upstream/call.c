// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream_internal.h"

#include "base/memory.h"

enum { IDLE_CALLS_MAX = 256, KEEP_BODY = 16 * 1024 };

struct upstream_call *upstream_call_take(struct upstream_server *server,
                                         const struct upstream_call_events *events)
{
    struct upstream_set *set = server->set;
    struct upstream_call *call;
    if (list_empty(&set->idle_calls)) {
        call = memory_new(sizeof *call);
        list_init(&call->link);
    } else {
        call = LIST_ENTRY(set->idle_calls.previous, struct upstream_call, link);
        list_remove(&call->link);
        set->idle_call_count--;
    }
    call->server = upstream_server_ref(server);
    call->events = *events;
    call->body.cap =
        server->options.message_max == 0 ? UPSTREAM_MESSAGE_MAX : server->options.message_max;
    server->calls++;
    return call;
}

static void keep_small(struct buffer *buffer)
{
    if (buffer->capacity > KEEP_BODY)
        buffer_release(buffer);
    else
        buffer_clear(buffer);
}

void upstream_call_recycle(struct upstream_call *call)
{
    struct upstream_server *server = call->server;
    struct upstream_set *set = server->set;
    if (call->event_stream)
        http_event_parser_release(&call->parser);
    list_remove(&call->link);
    struct buffer body = call->body, key = call->key, id = call->own_id, token = call->own_token;
    *call = (struct upstream_call){.body = body, .key = key, .own_id = id, .own_token = token};
    keep_small(&call->body);
    keep_small(&call->key);
    keep_small(&call->own_id);
    keep_small(&call->own_token);
    list_init(&call->link);
    server->calls--;
    upstream_server_unref(server);
    if (set->idle_call_count < IDLE_CALLS_MAX) {
        list_append(&set->idle_calls, &call->link);
        set->idle_call_count++;
        return;
    }
    buffer_release(&call->body);
    buffer_release(&call->key);
    buffer_release(&call->own_id);
    buffer_release(&call->own_token);
    memory_free(call);
}

static int deliver(struct upstream_set *set, uint32_t node, upstream_deliver_cb each,
                   void *argument, struct error *error)
{
    struct mcp_message message;
    int code;
    struct error why = {0};
    int result = mcp_decode(&set->doc, node, &set->arena, &message, &code, &why);
    if (result != 0)
        return error_set(error, result, "the server sent a broken message: %s", why.text);
    struct upstream_message m = {
        .text = json_raw(&set->doc, node),
        .doc = &set->doc,
        .message = &message,
        .arena = &set->arena,
        .start = json_at(&set->doc, node)->start,
        .event_id = {NULL, 0},
        .retry_ms = -1,
    };
    each(argument, &m);
    return 0;
}

int upstream_read_messages(struct upstream_set *set, struct slice text, upstream_deliver_cb each,
                           void *argument, bool *stop, struct error *error)
{
    arena_clear(&set->arena);
    struct error why = {0};
    int result = json_scan(&set->doc, text, NULL, &why, NULL);
    if (result != 0)
        return error_set(error, result == ERROR_NO_MEMORY ? result : ERROR_PROTOCOL,
                         "the server sent invalid JSON: %s", why.text);
    if (json_type(&set->doc, 0) != JSON_ARRAY)
        return deliver(set, 0, each, argument, error);
    // A batch (2025-03-26): each element is a message of its own.
    for (uint32_t e = json_first_element(&set->doc, 0); e != JSON_NONE && result == 0 && !*stop;
         e = json_next_element(&set->doc, 0, e))
        result = deliver(set, e, each, argument, error);
    return result;
}

int upstream_send(struct upstream_server *server, struct upstream_link *link,
                  const struct upstream_request *request, const struct upstream_call_events *events,
                  struct upstream_call **ret_call, struct error *error)
{
    *ret_call = NULL;
    if (server->options.refusal.length > 0)
        return upstream_refused(server, error);
    if (server->options.transport == UPSTREAM_HTTP)
        return upstream_http_send(server, request, events, ret_call, error);
    if (link != NULL)
        return upstream_link_send(link, request, events, ret_call, error);
    return error_set(error, ERROR_CLOSED, "the conversation with server '%.*s' is over",
                     SLICE_PRINT(upstream_server_shown(server)));
}

void upstream_call_pause(struct upstream_call *call)
{
    if (call->http != NULL)
        http_call_pause(call->http);
    else if (call->carrier != NULL)
        upstream_link_pause(call->carrier);
}

void upstream_call_resume(struct upstream_call *call)
{
    if (call->http != NULL)
        http_call_resume(call->http);
    else if (call->carrier != NULL)
        upstream_link_resume(call->carrier);
}

void upstream_call_cancel(struct upstream_call *call, bool tell)
{
    if (call->over)
        return;
    call->over = true;
    if (call->carrier != NULL)
        upstream_link_cancel(call, tell);
    if (call->http != NULL) {
        http_call_cancel(call->http);
        call->http = NULL;
    }
    if (!call->in_callback)
        upstream_call_recycle(call);
}
