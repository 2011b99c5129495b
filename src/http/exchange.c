// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Bytes of one client connection: the rest of a request out, an answer in. A head that came whole
// is judged where it was received; only what must wait (half a head, bytes behind a pause) is kept.
#include "http/client_internal.h"

#include <stdio.h>

enum { INTERIM_MAX = 16 };

static bool unsent(const struct client_connection *c)
{
    return c->call != NULL && !c->call->sent_all;
}

static bool paused(const struct client_connection *c)
{
    return c->call != NULL && c->call->paused && c->in_body;
}

void http_exchange_settle(struct client_connection *c)
{
    if (c->dead || c->io == NULL)
        return;
    int wanted = (paused(c) || c->ended ? 0 : LOOP_READ) | (unsent(c) ? LOOP_WRITE : 0);
    // A failure here shows as a timeout; the poller only refuses when memory is short.
    (void)loop_io_want(c->io, net_socket_interest(&c->socket, wanted));
}

// An error while sending is not the end yet: an answer may have come before it. Reading tells.
static void send_more(struct client_connection *c)
{
    struct http_call *call = c->call;
    struct slice bytes = buffer_slice(&call->bytes);
    struct iovec piece = {(void *)(bytes.data + call->sent), bytes.length - call->sent};
    size_t sent = 0;
    int result = net_socket_write(&c->socket, &piece, 1, &sent);
    call->sent += sent;
    if (sent > 0)
        c->since_ms = http_client_now_ms(c->client);
    if (result == 0) {
        call->sent_all = true;
        if (!call->repeatable)
            buffer_clear(&call->bytes);
    }
}

void http_exchange_send_stored(struct client_connection *c)
{
    send_more(c);
    http_exchange_settle(c);
}

static void protocol_error(struct client_connection *c, const char *reason)
{
    char text[256];
    snprintf(text, sizeof text, "the server's answer is not proper HTTP: %s", reason);
    http_call_connection_failed(c, ERROR_PROTOCOL, text);
}

// A whole head: an interim one is skipped, another begins the body.
static void take_head(struct client_connection *c, struct slice head)
{
    struct http_client *client = c->client;
    struct http_call *call = c->call;
    struct http_response response = {0};
    const char *reason = "";
    c->scan = (struct http_head_scan){0, 0, 0};
    int result =
        http_response_judge(head, &client->headers, call->no_body, &response, &c->framing, &reason);
    if (result == ERROR_NO_MEMORY) {
        http_call_connection_failed(c, result, "out of memory");
    } else if (result != 0) {
        protocol_error(c, reason);
    } else if (response.status < 200) {
        if (++c->interim > INTERIM_MAX)
            protocol_error(c, "too many interim answers");
    } else {
        c->in_body = true;
        c->since_ms = http_client_now_ms(client);
        c->left = c->framing.length;
        http_chunks_init(&c->chunks, true);
        // An answered request is not sent again, and a stream can be open for days.
        if (call->sent_all && c->framing.kind != HTTP_BODY_LENGTH)
            buffer_release(&call->bytes);
        if (call->events.on_head != NULL)
            call->events.on_head(call->events.argument, &response);
    }
}

// Takes a head if it is whole; answers the bytes used, 0 when more must come.
static size_t receive_head(struct client_connection *c, struct slice bytes)
{
    size_t length = 0;
    const char *reason = "";
    int result = http_head_find(&c->scan, bytes, &length, &reason);
    if (result == 0 && c->scan.start > 0) {
        result = ERROR_SYNTAX;
        reason = "an empty line before the head";
    }
    if (result == 0 && length <= c->client->options.head_max) {
        take_head(c, slice_of(bytes.data, length));
        return length;
    }
    if (result == ERROR_SYNTAX)
        protocol_error(c, reason);
    else if (result == 0 || bytes.length > c->client->options.head_max)
        protocol_error(c, "the head is too large");
    return 0;
}

static void deliver(struct client_connection *c, struct slice data)
{
    struct http_call_events *events = &c->call->events;
    if (data.length > 0 && events->on_body != NULL)
        events->on_body(events->argument, data);
}

static bool body_is_whole(const struct client_connection *c)
{
    return c->framing.kind == HTTP_BODY_NONE ||
           (c->framing.kind == HTTP_BODY_LENGTH && c->left == 0);
}

// One piece of the body; answers the bytes used.
static size_t receive_body(struct client_connection *c, struct slice bytes, bool *ret_done)
{
    struct slice rest = bytes, data;
    const char *reason = "";
    if (c->framing.kind == HTTP_BODY_LENGTH) {
        size_t take = bytes.length < c->left ? bytes.length : (size_t)c->left;
        c->left -= take;
        deliver(c, slice_of(bytes.data, take));
        return take;
    }
    if (c->framing.kind == HTTP_BODY_TO_END) {
        deliver(c, bytes);
        return bytes.length;
    }
    int result = http_chunks_next(&c->chunks, &rest, &data, &reason);
    if (result == 0)
        deliver(c, data);
    else if (result == HTTP_CHUNKS_DONE)
        *ret_done = true;
    else if (result != ERROR_AGAIN)
        protocol_error(c, reason);
    return bytes.length - rest.length;
}

// Answers how many bytes were taken. The call may have ended, been paused or cancelled inside.
static size_t receive(struct client_connection *c, struct slice bytes)
{
    size_t used = 0;
    bool done = false;
    while (!c->dead && !paused(c)) {
        struct slice rest = slice_of(bytes.data + used, bytes.length - used);
        done = done || (c->in_body && body_is_whole(c));
        if (done) {
            // Bytes that nobody asked for: whoever sent them is not trusted with another call.
            http_call_done(c, !c->framing.close && rest.length == 0 && !c->ended);
            return bytes.length;
        }
        if (rest.length == 0)
            break;
        size_t taken = c->in_body ? receive_body(c, rest, &done) : receive_head(c, rest);
        used += taken;
        if (taken == 0 && !done)
            break;
    }
    return used;
}

static void keep(struct client_connection *c, struct slice bytes)
{
    if (buffer_append(&c->partial, bytes) != 0)
        http_call_connection_failed(c, ERROR_NO_MEMORY, "out of memory");
}

static void receive_partial(struct client_connection *c)
{
    struct http_call *call = c->call;
    size_t used = receive(c, buffer_slice(&c->partial));
    if (c->dead)
        return;
    // A next call on this connection has nothing to do with these bytes.
    buffer_consume(&c->partial, c->call == call ? used : c->partial.length);
    if (c->partial.length == 0)
        buffer_release(&c->partial);
}

static void received(struct client_connection *c, struct slice bytes)
{
    if (c->in_body) // a head must be whole in time, however it drips
        c->since_ms = http_client_now_ms(c->client);
    c->answered = true;
    c->working = true;
    if (c->partial.length > 0 || paused(c)) {
        keep(c, bytes);
        if (!c->dead)
            receive_partial(c);
    } else {
        size_t used = receive(c, bytes);
        if (!c->dead && used < bytes.length)
            keep(c, slice_of(bytes.data + used, bytes.length - used));
    }
    c->working = false;
}

static void peer_closed(struct client_connection *c, int result)
{
    c->ended = true;
    if (c->call == NULL) {
        http_client_drop(c);
    } else if (result == ERROR_CLOSED && c->in_body && c->framing.kind == HTTP_BODY_TO_END) {
        http_call_done(c, false);
    } else if (!c->answered) {
        http_call_connection_failed(c, result,
                                    result == ERROR_CLOSED
                                        ? "the server closed the connection without an "
                                          "answer"
                                        : "the connection broke before an answer came");
    } else {
        http_call_connection_failed(c, result, "the connection broke in the middle of the answer");
    }
}

// False when there is no more, or nobody to read for.
static bool read_once(struct client_connection *c)
{
    size_t got = 0;
    char *scratch = loop_scratch(c->client->loop);
    int result = net_socket_read(&c->socket, scratch, LOOP_SCRATCH_SIZE, &got);
    if (result == ERROR_AGAIN)
        return false;
    if (result != 0)
        peer_closed(c, result);
    else if (c->call == NULL)
        // An idle connection has nothing to say.
        http_client_drop(c);
    else
        received(c, slice_of(scratch, got));
    return result == 0 && !c->dead;
}

static void readable(struct client_connection *c)
{
    while (!paused(c) && !c->ended && read_once(c) && net_socket_has_buffered(&c->socket))
        continue;
}

void http_exchange_ready_cb(void *argument, int events)
{
    struct client_connection *c = argument;
    bool tls = c->socket.ssl != NULL;
    if (c->dead)
        return;
    if (unsent(c) && ((events & LOOP_WRITE) || tls))
        send_more(c);
    if ((events & (LOOP_READ | LOOP_HANGUP)) || tls)
        readable(c);
    http_exchange_settle(c);
}

static void resume_run(void *argument)
{
    struct client_connection *c = argument;
    c->resume_deferred = false;
    if (c->dead || c->call == NULL || paused(c))
        return;
    c->since_ms = http_client_now_ms(c->client);
    c->working = true;
    receive_partial(c);
    c->working = false;
    if (!c->dead && net_socket_has_buffered(&c->socket))
        readable(c);
    http_exchange_settle(c);
}

void http_exchange_resume(struct client_connection *c)
{
    if (!c->resume_deferred) {
        c->resume_deferred = true;
        loop_defer(c->client->loop, resume_run, c);
    }
}
