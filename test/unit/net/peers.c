// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/net/peers.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000 };

struct turning {
    struct loop *loop;
    bool (*check)(void *argument);
    void *argument;
    uint64_t until_us;
    bool succeeded;
};

static void look_cb(void *argument)
{
    struct turning *t = argument;
    if (t->check != NULL && t->check(t->argument))
        t->succeeded = true;
    if (t->succeeded || loop_now_us(t->loop) >= t->until_us)
        loop_stop(t->loop);
}

static bool turn(struct loop *loop, bool (*check)(void *), void *argument, uint64_t ms)
{
    struct turning t = {.loop = loop, .check = check, .argument = argument};
    if (check != NULL && check(argument))
        return true;
    t.until_us = loop_now_us(loop) + ms * 1000;
    struct loop_timer *timer = loop_timer_open(loop, look_cb, &t);
    loop_timer_start(timer, 1, 1);
    loop_run(loop);
    loop_timer_close(timer);
    return t.succeeded;
}

void turn_until_true(struct loop *loop, bool (*check)(void *argument), void *argument)
{
    if (!turn(loop, check, argument, DEADLINE_MS))
        fail_msg("nothing happened within 20 s");
}

static void stop_run(void *argument)
{
    loop_stop(argument);
}

void turn_once(struct loop *loop)
{
    loop_defer(loop, stop_run, loop);
    loop_run(loop);
}

static bool flag_is_set(void *argument)
{
    return *(const bool *)argument;
}

void turn_until(struct loop *loop, const bool *flag)
{
    turn_until_true(loop, flag_is_set, (void *)(uintptr_t)flag);
}

void turn_for(struct loop *loop, uint64_t ms)
{
    turn(loop, NULL, NULL, ms);
}

static void want(struct raw *raw)
{
    int wanted = (raw->paused || raw->ended ? 0 : LOOP_READ) |
                 (raw->unsent.length > 0 && !raw->ended ? LOOP_WRITE : 0);
    assert_int_equal(loop_io_want(raw->io, wanted), 0);
}

static void flush(struct raw *raw)
{
    while (raw->unsent.length > 0) {
        struct slice bytes = buffer_slice(&raw->unsent);
        ssize_t sent = send(raw->fd, bytes.data, bytes.length, MSG_NOSIGNAL);
        if (sent < 0)
            break;
        buffer_consume(&raw->unsent, (size_t)sent);
    }
}

static void read_all(struct raw *raw)
{
    for (;;) {
        char *room = buffer_reserve(&raw->got, 65536);
        assert_non_null(room);
        ssize_t got = recv(raw->fd, room, 65536, 0);
        if (got > 0) {
            buffer_commit(&raw->got, (size_t)got);
            continue;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            raw->ended = true;
            raw->reset = got < 0;
        }
        return;
    }
}

static void ready_cb(void *argument, int events)
{
    struct raw *raw = argument;
    if (events & LOOP_WRITE)
        flush(raw);
    if ((events & LOOP_READ) && !raw->paused)
        read_all(raw);
    want(raw);
}

struct raw *raw_adopt(struct loop *loop, int fd)
{
    // Or else the kernel takes in many megabytes for a peer that does not read.
    int room = 128 * 1024;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    struct raw *raw = memory_new(sizeof *raw);
    raw->loop = loop;
    raw->fd = fd;
    raw->io = loop_io_open(loop, fd, ready_cb, raw);
    assert_non_null(raw->io);
    want(raw);
    return raw;
}

struct raw *raw_connect(struct loop *loop, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    // The listener's queue takes it before the loop turns.
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return raw_adopt(loop, fd);
}

void raw_send(struct raw *raw, struct slice bytes)
{
    assert_int_equal(buffer_append(&raw->unsent, bytes), 0);
    flush(raw);
    want(raw);
}

void raw_say(struct raw *raw, const char *text)
{
    raw_send(raw, slice_from_string(text));
}

void raw_pause(struct raw *raw, bool paused)
{
    raw->paused = paused;
    want(raw);
}

void raw_finish(struct raw *raw)
{
    shutdown(raw->fd, SHUT_WR);
}

void raw_close(struct raw *raw)
{
    loop_io_close(raw->io);
    close(raw->fd);
    buffer_release(&raw->got);
    buffer_release(&raw->unsent);
    memory_free(raw);
}

void raw_reset(struct raw *raw)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(raw->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    raw_close(raw);
}

size_t raw_count(const struct raw *raw, const char *text)
{
    struct slice bytes = buffer_slice(&raw->got);
    size_t count = 0, length = strlen(text);
    const char *at = bytes.data, *end = bytes.data + bytes.length;
    while ((at = memmem(at, (size_t)(end - at), text, length)) != NULL) {
        count++;
        at += length;
    }
    return count;
}

struct expectation {
    struct raw *raw;
    const char *text;
    size_t count;
};

static bool has_text(void *argument)
{
    struct expectation *e = argument;
    return raw_count(e->raw, e->text) > 0;
}

static bool has_bytes(void *argument)
{
    struct expectation *e = argument;
    return e->raw->got.length >= e->count;
}

void raw_expect(struct raw *raw, const char *text)
{
    struct expectation e = {.raw = raw, .text = text};
    if (!turn(raw->loop, has_text, &e, DEADLINE_MS))
        fail_msg("expected '%s', got '%.*s'", text, SLICE_PRINT(buffer_slice(&raw->got)));
}

void raw_expect_bytes(struct raw *raw, size_t count)
{
    struct expectation e = {.raw = raw, .count = count};
    turn_until_true(raw->loop, has_bytes, &e);
}

void raw_expect_end(struct raw *raw)
{
    turn_until(raw->loop, &raw->ended);
}

static void accepted_cb(void *argument, int fd, const struct loop_address *peer)
{
    struct raw_server *server = argument;
    (void)peer;
    assert_true(server->count < 64);
    server->peers[server->count++] = raw_adopt(server->loop, fd);
}

struct raw_server *raw_server_open(struct loop *loop)
{
    struct raw_server *server = memory_new(sizeof *server);
    struct error error;
    server->loop = loop;
    assert_int_equal(
        net_listen(loop, "127.0.0.1:0", NULL, accepted_cb, server, &server->listener, &error), 0);
    server->port = net_listener_port(server->listener);
    return server;
}

void raw_server_close(struct raw_server *server)
{
    for (size_t i = 0; i < server->count; i++)
        if (server->peers[i] != NULL)
            raw_close(server->peers[i]);
    net_listener_close(server->listener);
    memory_free(server);
}

struct waiting {
    struct raw_server *server;
    size_t n;
};

static bool has_peer(void *argument)
{
    struct waiting *w = argument;
    return w->server->count > w->n;
}

struct raw *raw_server_peer(struct raw_server *server, size_t n)
{
    struct waiting w = {server, n};
    turn_until_true(server->loop, has_peer, &w);
    return server->peers[n];
}
