// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which answer belongs to which call: a link has one stream for everything, so answers are told by
// id and progress by token. On a shared link both are replaced on the way out.
#include "upstream/upstream_internal.h"

#include "base/log.h"
#include "base/memory.h"

#include <inttypes.h>

// Ids that mean the same get the same key: a string's escapes do not matter, its type does.
static struct slice id_key(const struct json_doc *doc, uint32_t id, struct arena *arena)
{
    if (json_type(doc, id) != JSON_STRING)
        return json_raw(doc, id);
    struct slice value = json_string(doc, id, arena);
    if (value.data == NULL)
        return value;
    return arena_format(arena, "\"%.*s", SLICE_PRINT(value));
}

static int keep(struct buffer *buffer, struct slice s)
{
    buffer_clear(buffer);
    return buffer_append(buffer, s);
}

static bool has_line_break(struct slice text)
{
    return memchr(text.data, '\n', text.length) != NULL ||
           memchr(text.data, '\r', text.length) != NULL;
}

// One line: white space between tokens may go; strings cannot hold raw line breaks.
static int make_line(struct buffer *compact, const struct slice *pieces, size_t count)
{
    struct buffer edited;
    struct json_doc doc;
    buffer_init(&edited, 0);
    json_doc_init(&doc);
    for (size_t i = 0; i < count; i++)
        buffer_append(&edited, pieces[i]);
    int result =
        edited.failed ? ERROR_NO_MEMORY : json_scan(&doc, buffer_slice(&edited), NULL, NULL, NULL);
    if (result == 0)
        json_write_compact(compact, &doc, 0);
    json_doc_release(&doc);
    buffer_release(&edited);
    return result == 0 && compact->failed ? ERROR_NO_MEMORY : result;
}

static int write_message(struct upstream_link *link, struct upstream_call *call,
                         const struct upstream_request *request, struct mcp_edits *edits,
                         struct arena *arena)
{
    struct slice *pieces;
    size_t count;
    struct buffer compact;
    buffer_init(&compact, 0);
    int result = mcp_edits_pieces(edits, request->text, arena, &pieces, &count);
    if (result == 0 && link->kind->one_line && has_line_break(request->text)) {
        result = make_line(&compact, pieces, count);
        pieces[0] = buffer_slice(&compact);
        count = 1;
    }
    if (result == 0)
        result = link->kind->write(link, call, request, pieces, count);
    buffer_release(&compact);
    return result;
}

// Offsets of nodes count from the document's start; the message may be one of a batch.
static uint32_t offset_in(const struct upstream_request *request, uint32_t node)
{
    size_t first = (size_t)(request->text.data - request->doc->text.data);
    return (uint32_t)(json_at(request->doc, node)->start - first);
}

static void replace_node(struct mcp_edits *edits, struct arena *arena,
                         const struct upstream_request *request, uint32_t node, struct slice text)
{
    mcp_edit_add(edits, arena, offset_in(request, node), json_at(request->doc, node)->length, text);
}

static int prepare_call(struct upstream_link *link, const struct upstream_request *request,
                        struct upstream_call *call, struct mcp_edits *edits, struct arena *arena)
{
    const struct mcp_message *m = request->message;
    call->number = ++link->next_number;
    call->keeps_open = m->method == MCP_LISTEN;
    struct slice key = id_key(request->doc, m->id, arena);
    if (link->rewrite_ids) {
        key = arena_format(arena, "%" PRIu64, call->number);
        replace_node(edits, arena, request, m->id, key);
        if (m->progress_token != JSON_NONE)
            replace_node(edits, arena, request, m->progress_token, key);
    }
    int result = key.data == NULL ? ERROR_NO_MEMORY : keep(&call->key, key);
    if (result == 0)
        result = keep(&call->own_id, json_raw(request->doc, m->id));
    if (result == 0 && m->progress_token != JSON_NONE)
        result = keep(&call->own_token, json_raw(request->doc, m->progress_token));
    return result;
}

static uint64_t answer_deadline(const struct upstream_link *link)
{
    uint64_t ms = link->server->options.answer_timeout_ms;
    return loop_now_us(link->server->set->loop) +
           (ms == 0 ? UPSTREAM_ANSWER_TIMEOUT_MS : ms) * 1000;
}

static int send_error(struct upstream_link *link, int result, struct error *error)
{
    const char *text = result == ERROR_CLOSED  ? "the server does not read any more"
                       : result == ERROR_LIMIT ? "the server is too slow to take more"
                                               : "out of memory";
    return error_set(error, result, "server '%.*s': %s",
                     SLICE_PRINT(upstream_server_shown(link->server)), text);
}

static void join(struct upstream_link *link, struct upstream_call *call)
{
    call->carrier = link;
    call->deadline_us = answer_deadline(link);
    list_append(&link->call_list, &call->link);
}

static int send_call(struct upstream_link *link, const struct upstream_request *request,
                     const struct upstream_call_events *events, struct upstream_call **ret,
                     struct arena *arena, struct error *error)
{
    size_t most = link->server->options.calls_max;
    if (link->calls.count >= (most == 0 ? UPSTREAM_CALLS_MAX : most))
        return error_set(error, ERROR_LIMIT, "server '%.*s' has too many calls in flight",
                         SLICE_PRINT(upstream_server_shown(link->server)));
    struct upstream_call *call = upstream_call_take(link->server, events);
    struct mcp_edits edits = {0};
    int result = prepare_call(link, request, call, &edits, arena);
    struct slice key = buffer_slice(&call->key);
    if (result == 0 && table_get(&link->calls, key) != NULL) {
        upstream_call_recycle(call);
        return error_set(error, ERROR_EXISTS,
                         "the id is in use by a call that is not answered yet");
    }
    if (result == 0)
        result = table_put(&link->calls, key, call);
    if (result == 0) {
        result = write_message(link, call, request, &edits, arena);
        if (result != 0)
            table_remove(&link->calls, key);
    }
    if (result != 0) {
        upstream_call_recycle(call);
        return send_error(link, result, error);
    }
    join(link, call);
    *ret = call;
    return 0;
}

// Notifications and responses: nothing comes back, but some servers say whether they took it.
static int send_other(struct upstream_link *link, const struct upstream_request *request,
                      const struct upstream_call_events *events, struct upstream_call **ret,
                      struct arena *arena, struct error *error)
{
    struct mcp_edits none = {0};
    struct upstream_call *call =
        link->kind->confirms ? upstream_call_take(link->server, events) : NULL;
    int result = write_message(link, call, request, &none, arena);
    if (result != 0 && call != NULL)
        upstream_call_recycle(call);
    if (result != 0)
        return send_error(link, result, error);
    if (call != NULL)
        join(link, call);
    *ret = call;
    return 0;
}

int upstream_link_send(struct upstream_link *link, const struct upstream_request *request,
                       const struct upstream_call_events *events, struct upstream_call **ret,
                       struct error *error)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    int result = request->message->kind == MCP_REQUEST
                     ? send_call(link, request, events, ret, &arena, error)
                     : send_other(link, request, events, ret, &arena, error);
    arena_release(&arena);
    return result;
}

static void leave(struct upstream_call *call)
{
    struct upstream_link *link = call->carrier;
    if (call->key.length > 0)
        table_remove(&link->calls, buffer_slice(&call->key));
    list_remove(&call->link);
    if (link->kind->forget != NULL)
        link->kind->forget(link, call);
    call->carrier = NULL;
}

void upstream_link_cancel(struct upstream_call *call, bool tell)
{
    struct upstream_link *link = call->carrier;
    if (tell && !link->broken && !call->unsent && call->key.length > 0) {
        struct buffer text;
        buffer_init(&text, 0);
        struct slice id =
            link->rewrite_ids ? buffer_slice(&call->key) : buffer_slice(&call->own_id);
        mcp_write_cancelled(&text, id, "the client closed the request");
        struct slice piece = buffer_slice(&text);
        // A server that cannot be told is about to be closed anyway.
        if (text.failed || link->kind->write(link, NULL, NULL, &piece, 1) != 0)
            log_event(LOG_DEBUG, "upstream", "a cancellation could not be passed on");
        buffer_release(&text);
    }
    leave(call);
}

void upstream_link_end_call(struct upstream_call *call, int code, bool sent, const char *text)
{
    leave(call);
    call->over = true;
    if (code == 0)
        call->events.on_end(call->events.argument);
    else
        call->events.on_error(call->events.argument, code, sent, text);
    if (!call->in_callback)
        upstream_call_recycle(call);
}

void upstream_link_fail_calls(struct upstream_link *link, int code, const char *text)
{
    while (!list_empty(&link->call_list)) {
        struct upstream_call *call = LIST_ENTRY(link->call_list.next, struct upstream_call, link);
        upstream_link_end_call(call, code, !call->unsent, text);
    }
}

static struct upstream_call *find_late(struct upstream_link *link, uint64_t now_us)
{
    LIST_EACH(&link->call_list, item)
    {
        struct upstream_call *call = LIST_ENTRY(item, struct upstream_call, link);
        if (call->deadline_us != 0 && now_us >= call->deadline_us)
            return call;
    }
    return NULL;
}

// A callback may change the list, even end the link, so the search begins anew after each. The link
// itself outlives the turn.
void upstream_link_check_deadlines(struct upstream_link *link, uint64_t now_us)
{
    struct upstream_call *call;
    while ((call = find_late(link, now_us)) != NULL) {
        struct upstream_call_events events = call->events;
        bool sent = !call->unsent;
        call->over = true;
        upstream_link_cancel(call, true);
        events.on_error(events.argument, ERROR_TIMEOUT, sent, "the server did not answer in time");
        upstream_call_recycle(call);
    }
}

// ---- Reading

static struct upstream_call *find_by_token(struct upstream_link *link, const struct json_doc *doc,
                                           uint32_t token)
{
    struct slice raw = json_raw(doc, token);
    if (link->rewrite_ids)
        return table_get(&link->calls, raw);
    LIST_EACH(&link->call_list, item)
    {
        struct upstream_call *call = LIST_ENTRY(item, struct upstream_call, link);
        if (slice_equal(buffer_slice(&call->own_token), raw))
            return call;
    }
    return NULL;
}

static void restore(struct upstream_message *message, uint32_t node, struct slice text)
{
    const struct json_node *n = json_at(message->doc, node);
    mcp_edit_add(&message->edits, message->arena, n->start - message->start, n->length, text);
}

// Where a message of the modern era names the call it belongs to: a subscription's id.
static struct upstream_call *find_by_subscription(struct upstream_link *link,
                                                  struct upstream_message *message)
{
    uint32_t node =
        json_get(message->doc, message->message->meta, "io.modelcontextprotocol/subscriptionId");
    if (node == JSON_NONE)
        return NULL;
    struct slice key = id_key(message->doc, node, message->arena);
    struct upstream_call *call = key.data == NULL ? NULL : table_get(&link->calls, key);
    if (call != NULL && link->rewrite_ids)
        restore(message, node, buffer_slice(&call->own_id));
    return call;
}

static struct upstream_call *find_call(struct upstream_link *link, struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    if (m->kind == MCP_RESPONSE) {
        if (m->id == JSON_NONE)
            return NULL;
        struct slice key = id_key(message->doc, m->id, message->arena);
        if (key.data == NULL) { // whose answer it is, nobody knows
            upstream_link_fail_calls(link, ERROR_NO_MEMORY, "out of memory");
            return NULL;
        }
        struct upstream_call *call = table_get(&link->calls, key);
        if (call != NULL && link->rewrite_ids)
            restore(message, m->id, buffer_slice(&call->own_id));
        return call;
    }
    if (m->method == MCP_PROGRESS && m->progress_token != JSON_NONE) {
        struct upstream_call *call = find_by_token(link, message->doc, m->progress_token);
        if (call != NULL && link->rewrite_ids)
            restore(message, m->progress_token, buffer_slice(&call->own_token));
        return call;
    }
    return find_by_subscription(link, message);
}

// The result of a listen call names its own id once more (2026-07-28, subscriptions).
static void restore_result_subscription(struct upstream_link *link,
                                        struct upstream_message *message,
                                        struct upstream_call *call)
{
    if (!link->rewrite_ids)
        return;
    uint32_t meta = json_get(message->doc, message->message->result, "_meta");
    uint32_t node = json_get(message->doc, meta, "io.modelcontextprotocol/subscriptionId");
    if (node != JSON_NONE)
        restore(message, node, buffer_slice(&call->own_id));
}

static void deliver(void *argument, struct upstream_message *message)
{
    struct upstream_link *link = argument;
    link->answered = true;
    link->server->failures_in_row = 0;
    struct upstream_call *call = find_call(link, message);
    if (call == NULL && message->message->kind == MCP_RESPONSE) {
        log_event(LOG_DEBUG, "upstream", "server '%.*s' answered a call that nobody waits for",
                  SLICE_PRINT(upstream_server_shown(link->server)));
        return;
    }
    if (call == NULL) {
        if (!link->detached)
            link->events.on_message(link->events.argument, message);
        return;
    }
    call->deadline_us = call->keeps_open ? 0 : answer_deadline(link);
    bool last = message->message->kind == MCP_RESPONSE;
    if (last)
        restore_result_subscription(link, message, call);
    call->in_callback = true;
    call->events.on_message(call->events.argument, message);
    call->in_callback = false;
    if (call->over) // cancelled inside
        upstream_call_recycle(call);
    else if (last)
        upstream_link_end_call(call, 0, true, NULL);
}

void upstream_link_text(struct upstream_link *link, struct slice text)
{
    struct error error = {0};
    int result =
        upstream_read_messages(link->server->set, text, deliver, link, &link->detached, &error);
    if (result == 0)
        return;
    log_event(LOG_WARNING, "upstream", "server '%.*s': a message of it was skipped: %s",
              SLICE_PRINT(upstream_server_shown(link->server)), error.text);
    // It may have been the answer to any of them; nobody should wait for it until the deadline.
    if (result == ERROR_NO_MEMORY)
        upstream_link_fail_calls(link, ERROR_NO_MEMORY, "out of memory");
}
