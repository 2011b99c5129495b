// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The receiving half of a server connection: bytes to requests, one at a time.
#include "http/server_internal.h"

enum { DIRECT_MAX = 65536 };

static void say_who_asks(struct server_connection *c)
{
    struct http_reply *reply = c->reply;
    struct net_host client;
    reply->request.peer = slice_of(c->peer, c->peer_length);
    reply->request.peer_is_loopback = c->peer_is_loopback;
    if (c->server->trusted_count == 0 ||
        !http_forwarded_client(c->server, &c->host, reply->request.headers, &client))
        return;
    reply->request.peer = slice_of(reply->client, net_host_format(&client, reply->client));
    reply->request.peer_is_loopback = net_host_is_loopback(&client);
}

static void dispatch(struct server_connection *c)
{
    struct http_reply *reply = c->reply;
    struct http_server *server = c->server;
    http_reply_uncount_body(reply);
    reply->stage = REPLY_OPEN;
    reply->request.body = buffer_slice(&reply->body);
    say_who_asks(c);
    reply->request.tls = server->options.tls != NULL;
    reply->request.moved = false;
    c->close_after |= reply->framing.close;
    c->active = true;
    server->handle(server->argument, reply, &reply->request);
}

static void start_body(struct server_connection *c, bool nothing_follows)
{
    static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct http_reply *reply = c->reply;
    if (reply->framing.kind == HTTP_BODY_NONE) {
        dispatch(c);
        return;
    }
    if (reply->framing.length > c->server->options.body_max) {
        http_connection_refuse(c, 413, "the body is larger than the configured limit");
        return;
    }
    reply->stage = REPLY_BODY;
    reply->left = reply->framing.length;
    reply->body_since_ms = http_server_now_ms(c->server);
    http_chunks_init(&reply->chunks, false);
    if (reply->framing.expects_continue && nothing_follows) {
        struct iovec piece = {go_on, sizeof go_on - 1};
        http_connection_send(c, &piece, 1);
    }
}

static void head_is_whole(struct server_connection *c, bool nothing_follows)
{
    struct http_reply *reply = c->reply;
    const char *reason = "";
    struct slice head = buffer_slice(&reply->head);
    size_t start = reply->scan.start;
    int status = http_request_judge(slice_of(head.data + start, head.length - start),
                                    &reply->headers, &reply->request, &reply->framing, &reason);
    if (status != 0) {
        http_connection_refuse(c, status, reason);
        return;
    }
    reply->bodiless = slice_equal_string(reply->request.method, "HEAD");
    if (slice_equal_string(reply->request.method, "CONNECT"))
        http_connection_refuse(c, 400, "this is not a forward proxy");
    else
        start_body(c, nothing_follows);
}

// A first byte that no method begins with need not wait for the end of a head.
static const char *first_byte_problem(struct slice head)
{
    char first = head.data[0];
    if (first == 0x16)
        return "this port speaks plain HTTP, not TLS";
    bool letter = (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z');
    return letter || first == '\r' || first == '\n' ? NULL : "this is not HTTP";
}

static size_t receive_head(struct server_connection *c, struct slice bytes)
{
    struct http_reply *reply = c->reply;
    size_t room = c->server->options.head_max - reply->head.length, length = 0;
    size_t take = bytes.length < room ? bytes.length : room;
    const char *reason = NULL;
    if (buffer_append(&reply->head, slice_of(bytes.data, take)) != 0) {
        http_connection_close(c);
        return bytes.length;
    }
    reason = first_byte_problem(buffer_slice(&reply->head));
    int result = reason != NULL
                     ? ERROR_SYNTAX
                     : http_head_find(&reply->scan, buffer_slice(&reply->head), &length, &reason);
    if (result == 0) {
        take -= reply->head.length - length;
        reply->head.length = length;
        head_is_whole(c, take == bytes.length);
    } else if (result == ERROR_SYNTAX) {
        http_connection_refuse(c, 400, reason);
    } else if (take == room) {
        bool in_line = reply->scan.line == reply->scan.start;
        http_connection_refuse(c, in_line ? 414 : 431,
                               in_line ? "the request line is too long" : "the head is too large");
    }
    return take;
}

// Bytes that drip keep a pause from ever growing long; a body that only pauses is overdue without
// them.
static bool is_late(struct server_connection *c)
{
    uint64_t took_ms = http_server_now_ms(c->server) - c->reply->body_since_ms;
    if (took_ms <= c->server->options.body_total_ms)
        return false;
    http_connection_refuse(c, 408, "the body did not come in time");
    return true;
}

static bool may_come_in(struct server_connection *c, size_t more)
{
    if (http_reply_count_body(c->reply, more))
        return true;
    http_connection_refuse(c, 503, "too many large bodies are coming in");
    return false;
}

static size_t receive_chunks(struct server_connection *c, struct slice bytes)
{
    struct http_reply *reply = c->reply;
    struct slice rest = bytes, data;
    const char *reason = "";
    int result;
    while ((result = http_chunks_next(&reply->chunks, &rest, &data, &reason)) == 0) {
        if (!may_come_in(c, data.length))
            return bytes.length;
        result = buffer_append(&reply->body, data);
        if (result == 0)
            continue;
        if (result == ERROR_TOO_LARGE)
            http_connection_refuse(c, 413, "the body is larger than the configured limit");
        else
            http_connection_refuse(c, 503, "out of memory");
        return bytes.length;
    }
    if (result == HTTP_CHUNKS_DONE)
        dispatch(c);
    else if (result != ERROR_AGAIN)
        http_connection_refuse(c, 400, reason);
    return bytes.length - rest.length;
}

static size_t receive_body(struct server_connection *c, struct slice bytes)
{
    struct http_reply *reply = c->reply;
    c->active = true;
    if (is_late(c))
        return bytes.length;
    if (reply->framing.kind == HTTP_BODY_CHUNKED)
        return receive_chunks(c, bytes);
    size_t take = bytes.length < reply->left ? bytes.length : (size_t)reply->left;
    if (!may_come_in(c, take))
        return bytes.length;
    if (buffer_append(&reply->body, slice_of(bytes.data, take)) != 0) {
        http_connection_refuse(c, 503, "out of memory");
        return bytes.length;
    }
    reply->left -= take;
    if (reply->left == 0)
        dispatch(c);
    return take;
}

// Takes bytes of one request; answers how many.
static size_t receive_some(struct server_connection *c, struct slice bytes)
{
    if (c->reply == NULL) {
        c->reply = http_reply_take(c->server);
        if (c->reply == NULL) {
            http_connection_close(c);
            return bytes.length;
        }
        c->reply->connection = c;
        c->active = true;
    }
    return c->reply->stage == REPLY_HEAD ? receive_head(c, bytes) : receive_body(c, bytes);
}

static bool may_receive(const struct server_connection *c)
{
    return !c->dead && !c->broken && !(c->reply != NULL && c->reply->stage == REPLY_OPEN) &&
           !c->close_after && c->unsent.length <= c->server->options.unsent_high;
}

static void receive_pending(struct server_connection *c)
{
    while (c->pending.length > 0 && may_receive(c)) {
        size_t used = receive_some(c, buffer_slice(&c->pending));
        if (c->dead || c->refused)
            return;
        buffer_consume(&c->pending, used);
    }
    if (c->pending.length == 0)
        buffer_release(&c->pending);
}

// Requests are taken one after the other, here and not by recursion, as long as each is answered
// at once; what comes behind an open one waits in `pending`.
static void receive_all(struct server_connection *c, struct slice bytes)
{
    c->working = true;
    while (bytes.length > 0 && may_receive(c) && c->pending.length == 0) {
        size_t used = receive_some(c, bytes);
        bytes = slice_of(bytes.data + used, bytes.length - used);
    }
    if (!c->dead && bytes.length > 0) {
        if (c->close_after)
            c->surplus = true;
        else if (buffer_append(&c->pending, bytes) != 0)
            http_connection_break(c);
        else
            receive_pending(c);
    }
    c->working = false;
}

static void resume_run(void *argument);

// Pipelined requests wait and could go on now: later, as callbacks must not nest.
void http_receive_resume_later(struct server_connection *c)
{
    if (c->resume_deferred || c->pending.length == 0 || !may_receive(c))
        return;
    c->resume_deferred = true;
    loop_defer(c->server->loop, resume_run, c);
}

// One read: into the body's own memory while a body of known length is coming, else into the
// scratch block that all share. False when the socket has no more.
static bool read_once(struct server_connection *c)
{
    struct http_reply *reply = c->reply;
    size_t got = 0, size = LOOP_SCRATCH_SIZE;
    char *bytes = loop_scratch(c->server->loop);
    bool direct =
        reply != NULL && reply->stage == REPLY_BODY && reply->framing.kind == HTTP_BODY_LENGTH;
    if (direct) {
        size = reply->left < DIRECT_MAX ? (size_t)reply->left : DIRECT_MAX;
        if (is_late(c) || !may_come_in(c, size))
            return false;
        bytes = buffer_reserve(&reply->body, size);
        if (bytes == NULL) {
            http_connection_refuse(c, 503, "out of memory");
            return false;
        }
    }
    int result = net_socket_read(&c->socket, bytes, size, &got);
    if (result == ERROR_AGAIN)
        return false;
    if (result == ERROR_CLOSED)
        http_connection_peer_ended(c);
    else if (result != 0)
        http_connection_close(c);
    else if (direct) {
        buffer_commit(&reply->body, got);
        c->active = true;
        reply->left -= got;
        c->working = true;
        if (reply->left == 0)
            dispatch(c);
        c->working = false;
    } else {
        receive_all(c, slice_of(bytes, got));
    }
    return result == 0 && !c->dead;
}

void http_receive(struct server_connection *c)
{
    // Bytes inside TLS are invisible to the poller, so they are read until there are none.
    while (http_connection_wants_read(c) && read_once(c) && c->phase != PHASE_LINGER &&
           net_socket_has_buffered(&c->socket))
        continue;
}

static void resume_run(void *argument)
{
    struct server_connection *c = argument;
    c->resume_deferred = false;
    if (c->dead || c->broken)
        return;
    c->working = true;
    receive_pending(c);
    c->working = false;
    if (!c->dead && http_connection_wants_read(c) && net_socket_has_buffered(&c->socket))
        http_receive(c);
    http_connection_settle(c);
}

// The request is whole and came with the connection; what came behind it waits in `pending`.
void http_receive_moved(struct server_connection *c)
{
    struct http_server *server = c->server;
    c->working = true;
    server->handle(server->argument, c->reply, &c->reply->request);
    c->working = false;
    if (!c->dead && !c->broken)
        resume_run(c);
}
