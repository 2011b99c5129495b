// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// News from a modern server for a legacy session: one subscriptions/listen at a time, for the lists
// and for every resource that the client subscribed to. It is there only while somebody hears it.
#include "pipeline/bridge_internal.h"

static void answer_waiting(struct bridge_session *bridge)
{
    while (!list_empty(&bridge->subscribing)) {
        struct exchange *ex = LIST_ENTRY(bridge->subscribing.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        bridge_answer_result(ex, SLICE_LITERAL("{}"));
        exchange_finish(ex);
    }
}

static void on_head(void *argument, const struct upstream_head *head)
{
    (void)argument;
    (void)head;
}

static void on_message(void *argument, struct upstream_message *message)
{
    struct session *session = argument;
    struct bridge_session *bridge = session->bridge;
    struct bridge *scratch = session->pipeline->bridge;
    if (message->doc == NULL || message->message->kind != MCP_NOTIFICATION)
        return;
    if (slice_equal_string(message->message->method_name,
                           "notifications/subscriptions/acknowledged")) {
        bridge->acknowledged = true;
        answer_waiting(bridge);
        return;
    }
    message = bridge_apply_edits(scratch, message);
    if (message == NULL)
        return;
    bridge_notification_to_legacy(bridge_text(scratch, 1), message->doc, message->message);
    message = bridge_read_text(scratch, 1, message);
    if (message != NULL)
        session_child_said(session, message);
}

// The sweep opens it again.
static void on_end(void *argument)
{
    struct session *session = argument;
    session->bridge->listen = NULL;
    answer_waiting(session->bridge);
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    log_event(LOG_DEBUG, "pipeline", "a server's news cannot be heard: %s", text);
    on_end(argument);
}

static bool is_heard(const struct session *session)
{
    return session->stdio != NULL || session->listener != NULL;
}

// The process that the session's messages go to; NULL over HTTP.
static int find_link(struct session *session, struct upstream_link **ret, struct error *error)
{
    *ret = session->child;
    bool shares = upstream_server_options(session->server)->sharing == UPSTREAM_SHARED;
    if (*ret != NULL || !bridge_uses_link(session->server))
        return 0;
    struct exchange ex = {.pipeline = session->pipeline, .server = session->server};
    if (shares && session->stdio == NULL)
        *ret = shared_child(&ex, error);
    return *ret == NULL ? ERROR_UNREACHABLE : 0;
}

static int open_listen(struct session *session, struct error *error)
{
    struct bridge_session *bridge = session->bridge;
    struct slice *uris = memory_try_new((bridge->watched_count + 1) * sizeof *uris);
    if (uris == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    struct bridge_news news = {bridge->news_tools, bridge->news_prompts, bridge->news_resources,
                               uris, 0};
    LIST_EACH(&bridge->watched, item)
    {
        const struct watched *watched = LIST_ENTRY(item, struct watched, link);
        uris[news.uri_count++] = slice_of(watched->uri, watched->length);
    }
    struct buffer text, id;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    buffer_init(&id, 64);
    buffer_append_format(&id, "\"sallyport-listen-%llu\"", (unsigned long long)++bridge->next_id);
    struct bridge_client client = modern_client(bridge, false);
    client.log_level = (struct slice){0};
    bridge_write_listen(&text, buffer_slice(&id), &client, &news);
    const struct http_header headers[] = {
        {SLICE_LITERAL(VERSION_HEADER), mcp_version_text(MCP_2026_07_28)},
        {SLICE_LITERAL(METHOD_HEADER), SLICE_LITERAL("subscriptions/listen")}};
    struct upstream_call_events events = {on_head, on_message, on_end, on_error, session};
    struct upstream_link *link;
    bridge->acknowledged = bridge->stale = false;
    int result = find_link(session, &link, error);
    if (result == 0 && (text.failed || id.failed))
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0)
        result = bridge_send_text(session->server, link, buffer_slice(&text), headers, 2, &events,
                                  &bridge->listen, error);
    buffer_release(&text);
    buffer_release(&id);
    memory_free(uris);
    return result;
}

void listen_update(struct session *session)
{
    struct bridge_session *bridge = session->bridge;
    struct error error = {0};
    bool news = bridge->news_tools || bridge->news_prompts || bridge->news_resources;
    bool wanted = bridge->watched_count > 0 || (news && is_heard(session));
    if (bridge->listen != NULL && (!wanted || bridge->stale)) {
        upstream_call_cancel(bridge->listen, true);
        bridge->listen = NULL;
    }
    if (wanted && bridge->listen == NULL && open_listen(session, &error) != 0)
        log_event(LOG_DEBUG, "pipeline", "a server's news cannot be heard: %s", error.text);
    if (bridge->listen == NULL)
        answer_waiting(bridge);
}

// A server that does not say whether it watches is not waited for without end.
void listen_sweep(struct session *session, uint64_t now_us)
{
    struct bridge_session *bridge = session->bridge;
    uint64_t limit_ms = upstream_server_options(session->server)->answer_timeout_ms;
    uint64_t limit_us = limit_ms == 0 ? BRIDGE_LISTEN_US : limit_ms * 1000;
    while (!list_empty(&bridge->subscribing)) {
        struct exchange *ex = LIST_ENTRY(bridge->subscribing.next, struct exchange, wait_link);
        if (now_us < ex->started_us + limit_us)
            break;
        list_remove(&ex->wait_link);
        bridge_fail(ex, "The server did not say in time whether it watches the resource");
    }
    listen_update(session);
}

void bridge_session_listens(struct session *session)
{
    if (session->bridge != NULL)
        listen_update(session);
}

void listen_release(struct session *session)
{
    struct bridge_session *bridge = session->bridge;
    if (bridge->listen != NULL)
        upstream_call_cancel(bridge->listen, true);
    bridge->listen = NULL;
    answer_waiting(bridge);
}

// ---- resources/subscribe and unsubscribe

static struct watched *find(struct bridge_session *bridge, struct slice uri)
{
    LIST_EACH(&bridge->watched, item)
    {
        struct watched *watched = LIST_ENTRY(item, struct watched, link);
        if (slice_equal(slice_of(watched->uri, watched->length), uri))
            return watched;
    }
    return NULL;
}

static int watch(struct bridge_session *bridge, struct slice uri)
{
    if (find(bridge, uri) != NULL)
        return 0;
    if (bridge->watched_count >= BRIDGE_URIS_MAX)
        return ERROR_LIMIT;
    struct watched *watched = memory_try_new(sizeof *watched + uri.length);
    if (watched == NULL)
        return ERROR_NO_MEMORY;
    watched->length = uri.length;
    memcpy(watched->uri, uri.data, uri.length);
    list_append(&bridge->watched, &watched->link);
    bridge->watched_count++;
    bridge->stale = true;
    return 0;
}

static void unwatch(struct bridge_session *bridge, struct slice uri)
{
    struct watched *watched = find(bridge, uri);
    if (watched == NULL)
        return;
    list_remove(&watched->link);
    memory_free(watched);
    bridge->watched_count--;
    bridge->stale = true;
}

enum step_result listen_subscribe(struct exchange *ex, bool subscribe)
{
    struct session *session = ex->session;
    struct buffer uri; // written anew, so that two spellings are one
    buffer_init(&uri, BRIDGE_CLIENT_MAX);
    json_write_string(&uri, ex->subject);
    int result = uri.failed ? ERROR_NO_MEMORY : 0;
    if (result == 0 && subscribe)
        result = watch(session->bridge, buffer_slice(&uri));
    else if (result == 0)
        unwatch(session->bridge, buffer_slice(&uri));
    buffer_release(&uri);
    if (result != 0)
        return exchange_refuse(ex, 200, MCP_ERROR_INTERNAL,
                               "A session may watch at most %d resources", BRIDGE_URIS_MAX);
    if (!session->bridge->stale)
        return bridge_answer_result(ex, SLICE_LITERAL("{}"));
    // Answered when the server listens, so that no change is missed after the answer.
    list_append(&session->bridge->subscribing, &ex->wait_link);
    listen_update(session);
    return STEP_WAIT;
}
