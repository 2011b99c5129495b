// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Sessions that the gateway holds at legacy servers for clients of 2026-07-28: one per grant and
// client capabilities, because a server may only ask for what that client can do.
#include "pipeline/bridge_internal.h"

size_t conversation_headers(const struct conversation *c, struct http_header *headers)
{
    size_t count = 0;
    if (c->upstream_id.length > 0)
        headers[count++] =
            (struct http_header){SLICE_LITERAL(SESSION_HEADER), buffer_slice(&c->upstream_id)};
    if (c->version != MCP_VERSION_NONE)
        headers[count++] =
            (struct http_header){SLICE_LITERAL(VERSION_HEADER), mcp_version_text(c->version)};
    return count;
}

// ---- The end

static void free_cb(void *argument)
{
    struct conversation *c = argument;
    LIST_EACH(&c->watched, item)
    {
        memory_free(LIST_ENTRY(item, struct watched, link));
    }
    buffer_release(&c->capabilities);
    buffer_release(&c->upstream_id);
    buffer_release(&c->initialized);
    buffer_release(&c->server_info);
    memory_free(c->grant_id);
    memory_free(c);
}

static void cancel_call(struct upstream_call **call)
{
    if (*call != NULL)
        upstream_call_cancel(*call, false);
    *call = NULL;
}

static void say_goodbye(struct conversation *c)
{
    static const struct upstream_call_events ignore = {send_ignore_head, send_ignore_message,
                                                       send_ignore_end, send_ignore_error, NULL};
    struct http_header headers[2];
    struct upstream_call *call;
    struct error error = {0};
    if (c->upstream_id.length == 0 || c->lost)
        return;
    struct upstream_request request = {.verb = UPSTREAM_DELETE, .headers = headers};
    request.header_count = conversation_headers(c, headers);
    if (upstream_send(c->server, NULL, &request, &ignore, &call, &error) != 0)
        log_event(LOG_INFO, "pipeline", "a server could not be told of a session's end: %s",
                  error.text);
}

static void fail_all(struct conversation *c, const char *why)
{
    while (!list_empty(&c->waiting)) {
        struct exchange *ex = LIST_ENTRY(c->waiting.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        limits_give_back(ex, false); // it never left
        bridge_fail(ex, "Server '%.*s': %s", SLICE_PRINT(upstream_server_shown(c->server)), why);
    }
    while (!list_empty(&c->calls)) {
        struct legacy_call *call = LIST_ENTRY(c->calls.next, struct legacy_call, link);
        if (call->ex != NULL)
            bridge_fail(call->ex, "Server '%.*s': %s",
                        SLICE_PRINT(upstream_server_shown(c->server)), why);
        else
            legacy_end_call(call);
    }
}

void conversation_close(struct conversation *c, const char *why)
{
    if (c->state == CONVERSATION_CLOSED)
        return;
    log_event(LOG_DEBUG, "pipeline", "a conversation of grant '%s' with server '%.*s' ended: %s",
              c->grant_id, SLICE_PRINT(upstream_server_shown(c->server)), why);
    c->state = CONVERSATION_CLOSED;
    list_remove(&c->link);
    fail_all(c, why);
    tasks_release(c);
    cancel_call(&c->opening);
    cancel_call(&c->stream);
    conversation_drop_errands(c);
    say_goodbye(c);
    upstream_link_close(c->child);
    c->child = NULL;
    upstream_server_unref(c->server);
    loop_defer(c->pipeline->loop, free_cb, c);
}

// ---- Finding

static bool is_of_grant(const struct conversation *c, const struct exchange *ex)
{
    return slice_equal_string(ex->grant->id, c->grant_id);
}

static bool is_idle(const struct conversation *c)
{
    return list_empty(&c->calls) && list_empty(&c->waiting) && c->opening == NULL;
}

// Room for one more of this grant: the one that was not used for longest goes.
static int make_room(struct exchange *ex, struct error *error)
{
    size_t count = 0;
    struct conversation *oldest = NULL;
    LIST_EACH(&ex->pipeline->bridge->conversations, item)
    {
        struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        if (c->lost || !is_of_grant(c, ex))
            continue;
        count++;
        if (is_idle(c) && (oldest == NULL || c->last_used_us < oldest->last_used_us))
            oldest = c;
    }
    if (count < CONVERSATIONS_PER_GRANT)
        return 0;
    if (oldest == NULL)
        return error_set(error, ERROR_LIMIT, "This grant uses too many kinds of clients at once");
    conversation_close(oldest, "another is needed");
    return 0;
}

static int open_new(struct exchange *ex, const struct buffer *capabilities,
                    struct conversation **ret, struct error *error)
{
    int result = make_room(ex, error);
    if (result != 0)
        return result;
    struct conversation *c = memory_new(sizeof *c);
    c->pipeline = ex->pipeline;
    c->server = upstream_server_ref(ex->server);
    c->grant_id = memory_copy_string(ex->grant->id.data, ex->grant->id.length);
    c->log_severity = NO_LOG;
    buffer_init(&c->capabilities, BRIDGE_CLIENT_MAX);
    buffer_init(&c->upstream_id, 4096);
    buffer_init(&c->initialized, BRIDGE_TEXT_MAX);
    buffer_init(&c->server_info, BRIDGE_CLIENT_MAX);
    list_init(&c->waiting);
    list_init(&c->calls);
    list_init(&c->errands);
    list_init(&c->watched);
    list_init(&c->tasks);
    list_append(&ex->pipeline->bridge->conversations, &c->link);
    result = buffer_append(&c->capabilities, buffer_slice(capabilities));
    if (result == 0)
        result = conversation_initialize(c, ex, error);
    if (result != 0)
        conversation_close(c, "it could not be opened");
    *ret = result == 0 ? c : NULL;
    return result;
}

int conversation_of(struct exchange *ex, struct conversation **ret, struct error *error)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t node = json_get(doc, ex->message.meta, BRIDGE_META "clientCapabilities");
    struct buffer capabilities;
    buffer_init(&capabilities, BRIDGE_CLIENT_MAX);
    *ret = NULL;
    int result = json_write_canonical(&capabilities, doc, node);
    if (result != 0)
        error_set(error, ERROR_LIMIT, "The client's capabilities are too large");
    LIST_EACH(&ex->pipeline->bridge->conversations, item)
    {
        struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        if (result == 0 && *ret == NULL && !c->lost && c->server == ex->server &&
            is_of_grant(c, ex) &&
            slice_equal(buffer_slice(&c->capabilities), buffer_slice(&capabilities)))
            *ret = c;
    }
    if (result == 0 && *ret == NULL)
        result = open_new(ex, &capabilities, ret, error);
    buffer_release(&capabilities);
    if (*ret != NULL)
        (*ret)->last_used_us = loop_now_us(ex->pipeline->loop);
    return result;
}

enum step_result conversation_wait(struct conversation *c, struct exchange *ex)
{
    if (ex->session != NULL && !send_keep_text(ex)) // the stdio face reuses its bytes
        return STEP_FAIL;
    list_append(&c->waiting, &ex->wait_link);
    return STEP_WAIT;
}

void conversation_resume(struct conversation *c)
{
    struct list waiting;
    list_init(&waiting);
    while (!list_empty(&c->waiting)) { // going on may bring some here again
        struct list *item = c->waiting.next;
        list_remove(item);
        list_append(&waiting, item);
    }
    while (!list_empty(&waiting)) {
        struct exchange *ex = LIST_ENTRY(waiting.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        bridge_resume(ex);
    }
}

// ---- Old age

static bool is_reached(const struct conversation *c)
{
    const struct identity_grant *grant =
        identity_by_id(c->pipeline->rules->given.grants, slice_from_string(c->grant_id));
    return grant != NULL && !upstream_server_retired(c->server) &&
           identity_reach(grant, upstream_server_options(c->server)->name) != NULL;
}

static struct conversation *find_old(struct bridge *bridge, uint64_t now_us)
{
    uint64_t idle_us = bridge->pipeline->rules->given.session_idle_ms * 1000;
    if (idle_us == 0)
        idle_us = (uint64_t)30 * 60 * 1000000;
    LIST_EACH(&bridge->conversations, item)
    {
        struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        if (is_idle(c) && (c->lost || now_us - c->last_used_us > idle_us || !is_reached(c)))
            return c;
    }
    return NULL;
}

void conversation_sweep(struct bridge *bridge, uint64_t now_us)
{
    struct conversation *old;
    while ((old = find_old(bridge, now_us)) != NULL)
        conversation_close(old, "it was not used");
    LIST_EACH(&bridge->conversations, item)
    {
        struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        bool news = false;
        LIST_EACH(&c->calls, entry)
        {
            news = news || LIST_ENTRY(entry, struct legacy_call, link)->listens;
        }
        if (news || c->capabilities.length > 2)
            conversation_hear(c);
        parked_sweep(c, now_us);
    }
}
