// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The receiving half of a server connection: bytes to requests, one at a time.
#include "http/server_internal.h"
#include "base/memory.h"

#include <stdio.h>
#include <unistd.h>

enum { PENDING_MAX = 16384, UNSENT_MAX = 64 << 20, DIRECT_MAX = 65536 };

static void connection_free(void *argument)
{
    memory_free(argument);
}

static void detach_reply(struct http_reply *reply)
{
    struct http_reply_events events = reply->events;
    reply->connection = NULL;
    if (reply->stage != REPLY_OPEN) {
        http_reply_give_back(reply);
    } else if (events.on_gone != NULL) {
        events.on_gone(events.argument);
        // An owner that ended it all the same, inside, has given it back already.
        if (reply->stage == REPLY_OPEN)
            http_reply_give_back(reply);
    } else {
        // Its owner does not know and will still end it, perhaps after the server is gone.
        list_remove(&reply->corked_link);
        reply->server = NULL;
    }
}

void http_connection_close(struct server_connection *c)
{
    if (c->dead)
        return;
    struct http_server *server = c->server;
    c->dead = true;
    loop_io_close(c->io);
    net_socket_close(&c->socket);
    list_remove(&c->link);
    buffer_release(&c->unsent);
    buffer_release(&c->pending);
    struct http_reply *reply = c->reply;
    c->reply = NULL;
    if (reply != NULL)
        detach_reply(reply);
    http_server_left(server);
    loop_defer(server->loop, connection_free, c);
}

static bool wants_read(const struct server_connection *c)
{
    return !c->ended && c->pending.length < PENDING_MAX;
}

static bool reply_is_open(const struct server_connection *c)
{
    return c->reply != NULL && c->reply->stage == REPLY_OPEN;
}

static enum connection_phase find_phase(const struct server_connection *c)
{
    if (c->phase == PHASE_HANDSHAKE || c->phase == PHASE_LINGER)
        return c->phase;
    if (c->unsent.length > 0)
        return PHASE_WRITE;
    if (c->reply == NULL)
        return PHASE_IDLE;
    switch (c->reply->stage) {
    case REPLY_HEAD: return PHASE_HEAD;
    case REPLY_BODY: return PHASE_BODY;
    case REPLY_OPEN: break;
    }
    return PHASE_OPEN;
}

static void enter_phase(struct server_connection *c, enum connection_phase phase)
{
    list_remove(&c->link);
    list_append(&c->server->phases[phase], &c->link);
    c->phase = phase;
    c->since_ms = http_server_now_ms(c->server);
    c->active = false;
}

// The answer is out and no more will be read. Unread bytes would make the kernel reset the
// connection and perhaps destroy the answer on its way, so such a peer is heard out.
static void end_connection(struct server_connection *c)
{
    if (!(c->refused || c->surplus) || c->ended) {
        http_connection_close(c);
        return;
    }
    net_socket_shutdown(&c->socket);
    enter_phase(c, PHASE_LINGER);
    if (loop_io_want(c->io, LOOP_READ) != 0)
        http_connection_close(c);
}

void http_connection_settle(struct server_connection *c)
{
    if (c->dead || c->broken || c->working || c->phase == PHASE_LINGER)
        return;
    bool last = c->close_after || c->server->listener == NULL;
    if (last && c->reply == NULL && c->unsent.length == 0) {
        end_connection(c);
        return;
    }
    enum connection_phase phase = find_phase(c);
    if (phase != c->phase || c->active)
        enter_phase(c, phase);
    int wanted = wants_read(c) ? LOOP_READ : c->ended ? 0 : LOOP_HANGUP;
    if (c->unsent.length > 0)
        wanted |= LOOP_WRITE;
    if (loop_io_want(c->io, net_socket_interest(&c->socket, wanted)) != 0)
        http_connection_close(c);
}

static void broken_run(void *argument)
{
    http_connection_close(argument);
}

void http_connection_break(struct server_connection *c)
{
    if (c->broken || c->dead)
        return;
    c->broken = true;
    loop_defer(c->server->loop, broken_run, c);
}

static void keep_unsent(struct server_connection *c, const struct iovec *pieces, size_t count,
                        size_t sent)
{
    for (size_t i = 0; i < count; i++) {
        size_t skip = sent < pieces[i].iov_len ? sent : pieces[i].iov_len;
        sent -= skip;
        buffer_append(&c->unsent,
                      slice_of((const char *)pieces[i].iov_base + skip, pieces[i].iov_len - skip));
    }
    if (c->unsent.failed)
        http_connection_break(c);
}

void http_connection_send(struct server_connection *c, struct iovec *pieces, size_t count)
{
    if (c->dead || c->broken)
        return;
    while (count > 0 && c->unsent.length == 0) {
        size_t batch = count < NET_PIECES_MAX ? count : NET_PIECES_MAX, sent = 0;
        int result = net_socket_write(&c->socket, pieces, batch, &sent);
        if (result != 0 && result != ERROR_AGAIN) {
            http_connection_break(c);
            return;
        }
        if (result == ERROR_AGAIN)
            keep_unsent(c, pieces, batch, sent);
        pieces += batch;
        count -= batch;
    }
    if (count > 0)
        keep_unsent(c, pieces, count, 0);
}

void http_connection_refuse(struct server_connection *c, int status, const char *reason)
{
    char text[512];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n%s\n",
                          status, http_status_text(status), strlen(reason) + 1, reason);
    struct http_reply *reply = c->reply;
    c->reply = NULL;
    c->refused = c->close_after = true;
    buffer_release(&c->pending);
    if (c->server->refused != NULL)
        c->server->refused(c->server->argument, status, reason, slice_of(c->peer, c->peer_length));
    if (reply != NULL)
        http_reply_give_back(reply);
    struct iovec piece = {text, (size_t)length};
    http_connection_send(c, &piece, 1);
    http_connection_settle(c);
}

static void dispatch(struct server_connection *c)
{
    struct http_reply *reply = c->reply;
    struct http_server *server = c->server;
    reply->stage = REPLY_OPEN;
    reply->request.body = buffer_slice(&reply->body);
    reply->request.peer = slice_of(c->peer, c->peer_length);
    reply->request.peer_is_loopback = c->peer_is_loopback;
    reply->request.tls = server->options.tls != NULL;
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

static size_t receive_chunks(struct server_connection *c, struct slice bytes)
{
    struct http_reply *reply = c->reply;
    struct slice rest = bytes, data;
    const char *reason = "";
    int result;
    while ((result = http_chunks_next(&reply->chunks, &rest, &data, &reason)) == 0) {
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
    if (reply->framing.kind == HTTP_BODY_CHUNKED)
        return receive_chunks(c, bytes);
    size_t take = bytes.length < reply->left ? bytes.length : (size_t)reply->left;
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
static size_t receive(struct server_connection *c, struct slice bytes)
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
    return !c->dead && !c->broken && !reply_is_open(c) && !c->close_after &&
           c->unsent.length <= c->server->options.unsent_high;
}

static void receive_pending(struct server_connection *c)
{
    while (c->pending.length > 0 && may_receive(c)) {
        size_t used = receive(c, buffer_slice(&c->pending));
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
        size_t used = receive(c, bytes);
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
static void resume_later(struct server_connection *c)
{
    if (c->resume_deferred || c->pending.length == 0 || !may_receive(c))
        return;
    c->resume_deferred = true;
    loop_defer(c->server->loop, resume_run, c);
}

void http_connection_reply_ended(struct server_connection *c)
{
    c->reply = NULL;
    c->active = true;
    if (c->working)
        return;
    resume_later(c);
    http_connection_settle(c);
}

static void peer_ended(struct server_connection *c)
{
    // Half-closing after a request counts as going away; answers already given still go out.
    c->ended = c->close_after = true;
    if (c->unsent.length == 0 || c->reply != NULL)
        http_connection_close(c);
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
        peer_ended(c);
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

static void readable(struct server_connection *c)
{
    // Bytes inside TLS are invisible to the poller, so they are read until there are none.
    while (wants_read(c) && read_once(c) && c->phase != PHASE_LINGER &&
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
    if (!c->dead && wants_read(c) && net_socket_has_buffered(&c->socket))
        readable(c);
    http_connection_settle(c);
}

static void writable(struct server_connection *c)
{
    struct slice waiting = buffer_slice(&c->unsent);
    struct iovec piece = {(void *)waiting.data, waiting.length};
    size_t sent = 0;
    int result = net_socket_write(&c->socket, &piece, 1, &sent);
    if (result != 0 && result != ERROR_AGAIN) {
        http_connection_close(c);
        return;
    }
    buffer_consume(&c->unsent, sent);
    c->active |= sent > 0;
    if (c->unsent.length == 0)
        buffer_release(&c->unsent);
    struct http_reply *reply = c->reply;
    if (reply != NULL && reply->blocked && c->unsent.length <= c->server->options.unsent_high / 2) {
        reply->blocked = false;
        if (reply->events.on_drained != NULL)
            reply->events.on_drained(reply->events.argument);
    }
    if (!c->dead)
        resume_later(c);
}

// Hears a refused peer out: nothing of what it sends is looked at.
static void discard(struct server_connection *c)
{
    size_t got = 0;
    int result =
        net_socket_read(&c->socket, loop_scratch(c->server->loop), LOOP_SCRATCH_SIZE, &got);
    if (result != 0 && result != ERROR_AGAIN)
        http_connection_close(c);
}

static void shake_hands(struct server_connection *c)
{
    int result = net_socket_handshake(&c->socket, NULL);
    if (result == ERROR_AGAIN) {
        int wanted = c->socket.read_blocked_on_write ? LOOP_WRITE : LOOP_READ;
        if (loop_io_want(c->io, wanted) == 0)
            return;
    }
    if (result != 0) {
        http_connection_close(c);
        return;
    }
    enter_phase(c, PHASE_IDLE);
    readable(c);
    http_connection_settle(c);
}

static void ready_cb(void *argument, int events)
{
    struct server_connection *c = argument;
    if (c->dead || c->broken)
        return;
    if (c->phase == PHASE_HANDSHAKE) {
        shake_hands(c);
        return;
    }
    if (c->phase == PHASE_LINGER) {
        discard(c);
        return;
    }
    bool tls = c->socket.ssl != NULL;
    if (c->unsent.length > 0 && ((events & LOOP_WRITE) || tls))
        writable(c);
    if (c->dead)
        return;
    if (wants_read(c) && ((events & (LOOP_READ | LOOP_HANGUP)) || tls))
        readable(c);
    else if (events & LOOP_HANGUP)
        peer_ended(c);
    http_connection_settle(c);
}

static struct server_connection *new_connection(struct http_server *server, int fd)
{
    struct server_connection *c = memory_try_new(sizeof *c);
    if (c == NULL)
        return NULL;
    c->server = server;
    list_init(&c->link);
    net_socket_init(&c->socket, fd);
    buffer_init(&c->unsent, UNSENT_MAX);
    buffer_init(&c->pending, 0);
    c->phase = PHASE_IDLE;
    c->io = loop_io_open(server->loop, fd, ready_cb, c);
    bool ready = c->io != NULL && loop_io_want(c->io, LOOP_READ) == 0;
    if (ready && server->options.tls != NULL) {
        c->phase = PHASE_HANDSHAKE;
        ready = net_socket_start_tls(&c->socket, server->options.tls, NULL) == 0;
    }
    if (!ready) {
        loop_io_close(c->io);
        memory_free(c);
        return NULL;
    }
    return c;
}

void http_connection_accept_cb(void *argument, int fd, const struct loop_address *peer)
{
    struct http_server *server = argument;
    struct server_connection *c = NULL;
    if (server->connections < server->options.connections_max)
        c = new_connection(server, fd);
    if (c == NULL) {
        close(fd);
        return;
    }
    server->connections++;
    c->peer_length = (uint8_t)net_address_format(peer, c->peer);
    c->peer_is_loopback = net_address_is_loopback(peer);
    enter_phase(c, c->phase);
}
