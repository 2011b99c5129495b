// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of a server connection: accepting, phases, sending, closing. receive.c takes its bytes
// in.
#include "http/server_internal.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <unistd.h>

enum { PENDING_MAX = 16384, UNSENT_MAX = 64 << 20 };

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
        http_reply_uncount_body(reply);
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
    backlog_leave(&c->waiting);
    buffer_release(&c->pending);
    struct http_reply *reply = c->reply;
    c->reply = NULL;
    if (reply != NULL)
        detach_reply(reply);
    http_server_left(server);
    loop_defer(server->loop, connection_free, c);
}

bool http_connection_wants_read(const struct server_connection *c)
{
    return !c->ended && !c->leaving && c->pending.length < PENDING_MAX;
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
        http_connection_break(c);
}

void http_connection_settle(struct server_connection *c)
{
    if (c->dead || c->broken || c->working || c->leaving || c->phase == PHASE_LINGER)
        return;
    bool last = c->close_after || c->server->listener == NULL;
    if (last && c->reply == NULL && c->unsent.length == 0) {
        end_connection(c);
        return;
    }
    enum connection_phase phase = find_phase(c);
    if (phase != c->phase || c->active)
        enter_phase(c, phase);
    int wanted = http_connection_wants_read(c) ? LOOP_READ : c->ended ? 0 : LOOP_HANGUP;
    if (c->unsent.length > 0)
        wanted |= LOOP_WRITE;
    if (loop_io_want(c->io, net_socket_interest(&c->socket, wanted)) != 0)
        http_connection_break(c);
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

// ---- What the peer does not take

static void cut_cb(void *argument)
{
    struct server_connection *c = argument;
    log_event(LOG_WARNING, "http", "client %.*s: too much waits for those who do not read; closed",
              (int)c->peer_length, c->peer);
    buffer_release(&c->unsent);
    backlog_leave(&c->waiting);
    http_connection_break(c);
}

static bool may_keep(struct server_connection *c, size_t more)
{
    size_t bytes = buffer_capacity_with(&c->unsent, more);
    return bytes != SIZE_MAX && backlog_hold(&c->waiting, bytes, loop_now_us(c->server->loop));
}

static void keep_unsent(struct server_connection *c, const struct iovec *pieces, size_t count,
                        size_t sent)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (!may_keep(c, total - sent)) {
        cut_cb(c);
        return;
    }
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
    while (count > 0 && c->unsent.length == 0 && !c->broken) {
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
    if (count > 0 && !c->broken)
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

void http_connection_reply_ended(struct server_connection *c)
{
    c->reply = NULL;
    c->active = true;
    if (c->working)
        return;
    http_receive_resume_later(c);
    http_connection_settle(c);
}

void http_connection_peer_ended(struct server_connection *c)
{
    // Half-closing after a request counts as going away; answers already given still go out.
    c->ended = c->close_after = true;
    if (c->unsent.length == 0 || c->reply != NULL)
        http_connection_close(c);
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
    buffer_trim(&c->unsent);
    backlog_taken(&c->waiting, sent, c->unsent.capacity, c->unsent.length,
                  loop_now_us(c->server->loop));
    struct http_reply *reply = c->reply;
    if (reply != NULL && reply->blocked && c->unsent.length <= c->server->options.unsent_high / 2) {
        reply->blocked = false;
        if (reply->events.on_drained != NULL)
            reply->events.on_drained(reply->events.argument);
    }
    if (!c->dead)
        http_receive_resume_later(c);
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
    http_receive(c);
    http_connection_settle(c);
}

static void ready_cb(void *argument, int events)
{
    struct server_connection *c = argument;
    if (c->dead || c->broken || c->leaving)
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
    if (http_connection_wants_read(c) && ((events & (LOOP_READ | LOOP_HANGUP)) || tls))
        http_receive(c);
    else if (events & LOOP_HANGUP)
        http_connection_peer_ended(c);
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
    backlog_join(&c->waiting, server->options.waiting, cut_cb, c);
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
    if (server->options.group != NULL)
        http_group_came(server->options.group);
    c->peer_length = (uint8_t)net_address_format(peer, c->peer);
    c->peer_is_loopback = net_address_is_loopback(peer);
    c->host = net_host_of(peer);
    enter_phase(c, c->phase);
}
bool http_connection_adopt(struct http_server *server, struct server_connection *c)
{
    c->io = loop_io_open(server->loop, c->socket.fd, ready_cb, c);
    if (c->io == NULL)
        return false;
    backlog_join(&c->waiting, server->options.waiting, cut_cb, c);
    if (!backlog_hold(&c->waiting, c->unsent.capacity, loop_now_us(server->loop))) {
        loop_io_close(c->io);
        return false;
    }
    c->server = c->reply->server = server;
    c->leaving = false;
    list_init(&c->link);
    server->connections++;
    enter_phase(c, PHASE_OPEN);
    http_receive_moved(c);
    return true;
}
