// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of a call: start, retry, end. The handle is given back before the last callback, which
// may start the next call with it.
#include "http/client_internal.h"
#include "base/memory.h"

enum { SPARE_MAX = 1024, SPARE_BYTES_MAX = 16384, JOIN_MAX = 4096 };

static struct http_call *take_call(struct http_client *client)
{
    struct http_call *call;
    if (!list_empty(&client->spare)) {
        call = LIST_ENTRY(client->spare.previous, struct http_call, link);
        list_remove(&call->link);
        client->spare_count--;
        return call;
    }
    call = memory_try_new(sizeof *call);
    if (call == NULL)
        return NULL;
    list_init(&call->link);
    call->client = client;
    return call;
}

void http_call_give_back(struct http_call *call)
{
    struct http_client *client = call->client;
    if (call->bytes.capacity > SPARE_BYTES_MAX)
        buffer_release(&call->bytes);
    if (client->spare_count >= SPARE_MAX) {
        buffer_release(&call->bytes);
        memory_free(call);
        return;
    }
    struct buffer bytes = call->bytes;
    buffer_clear(&bytes);
    *call = (struct http_call){.client = client, .bytes = bytes};
    list_append(&client->spare, &call->link);
    client->spare_count++;
}

void http_call_attach(struct http_call *call, struct client_connection *c)
{
    call->connection = c;
    call->sent = 0;
    call->sent_all = false;
    c->call = call;
    c->state = CLIENT_BUSY;
    c->in_body = c->answered = false;
    c->interim = 0;
    c->scan = (struct http_head_scan){0, 0, 0};
    c->since_ms = http_client_now_ms(c->client);
}

static bool is_ours(struct slice name)
{
    return http_name_is(name, "host", 4) || http_name_is(name, "content-length", 14) ||
           http_name_is(name, "connection", 10) || http_name_is(name, "transfer-encoding", 17);
}

static bool target_is_safe(struct slice target)
{
    if (target.length == 0 || target.data[0] != '/')
        return false;
    for (size_t i = 0; i < target.length; i++)
        if (target.data[i] <= 0x20 || target.data[i] >= 0x7f)
            return false;
    return true;
}

int http_lines_append(struct buffer *lines, const struct http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct http_header *header = &headers[i];
        if (!http_header_is_safe(header->name, header->value))
            return ERROR_SYNTAX;
        if (is_ours(header->name))
            continue;
        buffer_append(lines, header->name);
        buffer_append(lines, SLICE_LITERAL(": "));
        buffer_append(lines, header->value);
        buffer_append(lines, SLICE_LITERAL("\r\n"));
    }
    return lines->failed ? ERROR_NO_MEMORY : 0;
}

static int write_head(struct http_client *client, const struct http_call_request *request)
{
    struct buffer *head = &client->head;
    buffer_clear(head);
    // A method is a token, as a header's name is.
    if (!http_header_is_safe(request->method, slice_of("", 0)) || !target_is_safe(request->target))
        return ERROR_SYNTAX;
    buffer_append(head, request->method);
    buffer_append(head, SLICE_LITERAL(" "));
    buffer_append(head, request->target);
    buffer_append(head, SLICE_LITERAL(" HTTP/1.1\r\nHost: "));
    buffer_append_string(head, client->authority);
    buffer_append(head, SLICE_LITERAL("\r\n"));
    buffer_append(head, request->lines);
    int result = http_lines_append(head, request->headers, request->header_count);
    if (result != 0)
        return result;
    bool bare = request->body.length == 0 && (slice_equal_string(request->method, "GET") ||
                                              slice_equal_string(request->method, "HEAD") ||
                                              slice_equal_string(request->method, "DELETE"));
    if (!bare) {
        buffer_append(head, SLICE_LITERAL("Content-Length: "));
        buffer_append_number(head, request->body.length);
        buffer_append(head, SLICE_LITERAL("\r\n"));
    }
    buffer_append(head, SLICE_LITERAL("\r\n"));
    return head->failed ? ERROR_NO_MEMORY : 0;
}

static int store(struct http_call *call, struct slice body)
{
    if (call->bytes.length > 0)
        return 0;
    buffer_append(&call->bytes, buffer_slice(&call->client->head));
    buffer_append(&call->bytes, body);
    return call->bytes.failed ? ERROR_NO_MEMORY : 0;
}

// Sends at once on a pooled connection. 0: it is on its way (all of it, or the rest is stored);
// ERROR_AGAIN: that connection was dead, try another; ERROR_NO_MEMORY.
static int send_now(struct http_call *call, struct client_connection *c, struct slice body)
{
    struct slice head = buffer_slice(&call->client->head);
    struct iovec pieces[2] = {{(void *)head.data, head.length}, {(void *)body.data, body.length}};
    size_t sent = 0;
    http_call_attach(call, c);
    int result = net_socket_write(&c->socket, pieces, body.length > 0 ? 2 : 1, &sent);
    call->sent = sent;
    call->sent_all = result == 0;
    if (result == ERROR_AGAIN)
        result = store(call, body);
    else if (result != 0)
        result = ERROR_AGAIN;
    if (result == 0) {
        http_exchange_settle(c);
        return c->dead ? ERROR_AGAIN : 0;
    }
    c->call = NULL;
    call->connection = NULL;
    http_client_drop(c);
    return result;
}

static int start(struct http_call *call, struct slice body)
{
    struct http_client *client = call->client;
    struct client_connection *c;
    while ((c = http_client_take_idle(client)) != NULL) {
        int result = send_now(call, c, body);
        if (result != ERROR_AGAIN)
            return result;
    }
    if (store(call, body) != 0)
        return ERROR_NO_MEMORY;
    if (http_client_has_room(client))
        http_client_open(client, call);
    else if (client->waiting_count < client->options.calls_waiting_max)
        http_client_wait(client, call, false);
    else
        return ERROR_LIMIT;
    return 0;
}

int http_client_start(struct http_client *client, const struct http_call_request *request,
                      const struct http_call_events *events, struct http_call **ret)
{
    int result = client->freed ? ERROR_CANCELLED : write_head(client, request);
    // Never in the clear because somebody forgot the context.
    if (client->options.tls && client->options.tls_context == NULL)
        result = ERROR_CONFIG;
    if (result != 0)
        return result;
    // Copying a small body behind the head costs less than handing the kernel two pieces.
    struct slice body = request->body;
    if (body.length <= JOIN_MAX) {
        if (buffer_append(&client->head, body) != 0)
            return ERROR_NO_MEMORY;
        body = slice_of("", 0);
    }
    struct http_call *call = take_call(client);
    if (call == NULL)
        return ERROR_NO_MEMORY;
    call->events = *events;
    call->repeatable = request->repeatable;
    call->no_body = slice_equal_string(request->method, "HEAD");
    call->head_timeout_ms =
        request->head_timeout_ms != 0 ? request->head_timeout_ms : client->options.head_timeout_ms;
    if (call->repeatable)
        result = store(call, body);
    if (result == 0)
        result = start(call, body);
    if (result != 0) {
        http_call_give_back(call);
        return result;
    }
    *ret = call;
    return 0;
}

void http_call_fail(struct http_call *call, int code, const char *text)
{
    struct http_call_events events = call->events;
    bool sent = call->sent_all;
    http_call_give_back(call);
    if (events.on_error != NULL)
        events.on_error(events.argument, code, sent, text);
}

// Only a connection that had served before may simply have been closed by the server in the
// meantime; then nothing was judged by it, provided that it cannot have the whole request or the
// request may be repeated.
static bool may_start_anew(const struct client_connection *c, const struct http_call *call,
                           int code)
{
    return c->served && !c->answered && !c->client->freed && call->bytes.length > 0 &&
           (code == ERROR_CLOSED || code == ERROR_IO) && call->attempts + 1 < HTTP_ATTEMPTS_MAX &&
           (!call->sent_all || call->repeatable);
}

void http_call_connection_failed(struct client_connection *c, int code, const char *text)
{
    struct http_client *client = c->client;
    struct http_call *call = c->call;
    c->call = NULL;
    bool anew = call != NULL && may_start_anew(c, call, code);
    http_client_drop(c);
    if (call == NULL)
        return;
    call->connection = NULL;
    if (!anew) {
        http_call_fail(call, code, text);
        return;
    }
    call->attempts++;
    call->sent = 0;
    call->sent_all = false;
    if (http_client_has_room(client))
        http_client_open(client, call);
    else
        http_client_wait(client, call, true);
}

void http_call_done(struct client_connection *c, bool reusable)
{
    struct http_call *call = c->call;
    struct http_call_events events = call->events;
    reusable = reusable && call->sent_all;
    c->call = NULL;
    c->served = true;
    http_call_give_back(call);
    if (reusable)
        http_client_put_idle(c);
    else
        http_client_drop(c);
    if (events.on_end != NULL)
        events.on_end(events.argument);
}

void http_call_limit_body(struct http_call *call, uint64_t whole_ms, uint64_t pause_ms)
{
    call->body_by_ms = whole_ms == 0 ? 0 : http_client_now_ms(call->client) + whole_ms;
    call->body_pause_ms = pause_ms;
}

void http_call_pause(struct http_call *call)
{
    call->paused = true;
    if (call->connection != NULL && call->connection->io != NULL)
        http_exchange_settle(call->connection);
}

void http_call_resume(struct http_call *call)
{
    if (!call->paused)
        return;
    call->paused = false;
    if (call->connection != NULL)
        call->connection->since_ms = http_client_now_ms(call->client);
    if (call->connection != NULL && call->connection->io != NULL)
        http_exchange_resume(call->connection);
}

void http_call_cancel(struct http_call *call)
{
    struct http_client *client = call->client;
    struct client_connection *c = call->connection;
    if (c != NULL) {
        c->call = NULL;
        http_client_drop(c);
    } else {
        list_remove(&call->link);
        client->waiting_count--;
    }
    http_call_give_back(call);
}
