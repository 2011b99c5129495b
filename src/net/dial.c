// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// connect, next address on failure, TLS handshake: one deadline for all. An address that does not
// answer gets its share of the remaining time, so that a later one still has a chance.
#include "net/net.h"
#include "base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 8, KEEP_ALIVE_IDLE_S = 60, KEEP_ALIVE_PROBE_S = 15 };

enum dial_state { DIAL_CONNECT, DIAL_HANDSHAKE, DIAL_OVER };

struct net_dial {
    struct loop *loop;
    struct loop_address addresses[ADDRESSES_MAX];
    size_t count;
    size_t next; // the address to try after the current one
    enum dial_state state;
    struct net_socket socket;
    struct loop_io *io;
    struct loop_timer *timer;
    uint64_t deadline_us;
    uint64_t timeout_ms;
    const struct net_tls *tls;
    char *host;
    bool guarded;
    const struct net_guard *guard;
    net_dial_cb done;
    void *argument;
    int code;
    char text[480]; // the last failure
};

static void dial_free(void *argument)
{
    struct net_dial *dial = argument;
    memory_free(dial->host);
    memory_free(dial);
}

static void drop_socket(struct net_dial *dial)
{
    loop_io_close(dial->io);
    dial->io = NULL;
    net_socket_close(&dial->socket);
}

static void leave(struct net_dial *dial)
{
    dial->state = DIAL_OVER;
    loop_timer_close(dial->timer);
    loop_io_close(dial->io);
    dial->io = NULL;
    loop_defer(dial->loop, dial_free, dial);
}

static void succeed(struct net_dial *dial)
{
    struct net_socket socket = dial->socket;
    net_socket_init(&dial->socket, -1);
    leave(dial);
    dial->done(dial->argument, 0, socket, "");
}

static void fail(struct net_dial *dial)
{
    drop_socket(dial);
    leave(dial);
    dial->done(dial->argument, dial->code, dial->socket, dial->text);
}

static void note_failure(struct net_dial *dial, int failed)
{
    char address[NET_ADDRESS_TEXT_SIZE];
    net_address_format(&dial->addresses[dial->next - 1], address);
    dial->code = failed == ETIMEDOUT ? ERROR_TIMEOUT : ERROR_UNREACHABLE;
    if (failed == ECONNREFUSED)
        snprintf(dial->text, sizeof dial->text, "connection refused by %s", address);
    else if (failed == ETIMEDOUT)
        snprintf(dial->text, sizeof dial->text, "no connection to %s within %llu ms", address,
                 (unsigned long long)dial->timeout_ms);
    else
        snprintf(dial->text, sizeof dial->text, "cannot connect to %s: %s", address,
                 strerror(failed));
}

// An event stream may be silent for hours; a peer that vanished must still be noticed.
static void keep_alive(int fd)
{
    int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
#ifdef TCP_KEEPIDLE
    int idle_s = KEEP_ALIVE_IDLE_S, probe_s = KEEP_ALIVE_PROBE_S;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe_s, sizeof probe_s);
#endif
}

static void ready_cb(void *argument, int events);

// 0: under way. Otherwise the errno of the failure.
static int try_address(struct net_dial *dial, const struct loop_address *address)
{
    int yes = 1;
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    net_socket_init(&dial->socket, fd);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    keep_alive(fd);
    if (connect(fd, (const struct sockaddr *)&address->storage, address->length) != 0 &&
        errno != EINPROGRESS)
        return errno;
    dial->io = loop_io_open(dial->loop, fd, ready_cb, dial);
    if (dial->io == NULL || loop_io_want(dial->io, LOOP_WRITE) != 0)
        return ENOMEM;
    return 0;
}

static uint64_t remaining_ms(const struct net_dial *dial)
{
    uint64_t now = loop_now_us(dial->loop);
    return now >= dial->deadline_us ? 0 : (dial->deadline_us - now) / 1000;
}

// Where the operator alone can help, the code says so: it is not the server that refused.
static bool may_go_to(struct net_dial *dial, const struct loop_address *address)
{
    struct error error = {0};
    if (!dial->guarded || net_guard_check(dial->guard, address, &error) == 0)
        return true;
    dial->code = ERROR_CONFIG;
    snprintf(dial->text, sizeof dial->text, "%s", error.text);
    return false;
}

static void try_next(struct net_dial *dial)
{
    dial->state = DIAL_CONNECT;
    while (dial->next < dial->count && remaining_ms(dial) > 0) {
        size_t left = dial->count - dial->next;
        const struct loop_address *address = &dial->addresses[dial->next++];
        if (!may_go_to(dial, address))
            continue;
        int failed = try_address(dial, address);
        if (failed == 0) {
            loop_timer_start(dial->timer, remaining_ms(dial) / left + 1, 0);
            return;
        }
        note_failure(dial, failed);
        drop_socket(dial);
    }
    fail(dial);
}

static void timeout_cb(void *argument)
{
    struct net_dial *dial = argument;
    bool handshake = dial->state == DIAL_HANDSHAKE;
    note_failure(dial, ETIMEDOUT);
    drop_socket(dial);
    if (handshake)
        snprintf(dial->text, sizeof dial->text, "TLS: no handshake within %llu ms",
                 (unsigned long long)dial->timeout_ms);
    try_next(dial);
}

static void go_on_with_handshake(struct net_dial *dial)
{
    struct error error = {0};
    int result = net_socket_handshake(&dial->socket, &error);
    if (result == 0) {
        succeed(dial);
    } else if (result == ERROR_AGAIN) {
        int wanted = dial->socket.read_blocked_on_write ? LOOP_WRITE : LOOP_READ;
        if (loop_io_want(dial->io, wanted) != 0)
            fail(dial);
    } else {
        // Another address of the same name would not have a better certificate.
        dial->code = result;
        snprintf(dial->text, sizeof dial->text, "%s", error.text);
        fail(dial);
    }
}

static void connected(struct net_dial *dial)
{
    if (dial->tls == NULL) {
        succeed(dial);
        return;
    }
    dial->state = DIAL_HANDSHAKE;
    loop_timer_start(dial->timer, remaining_ms(dial) + 1, 0);
    int result = net_socket_start_tls(&dial->socket, dial->tls, dial->host);
    if (result != 0) {
        dial->code = result;
        snprintf(dial->text, sizeof dial->text, "TLS: '%s' is no usable host name", dial->host);
        fail(dial);
        return;
    }
    go_on_with_handshake(dial);
}

static void ready_cb(void *argument, int events)
{
    struct net_dial *dial = argument;
    (void)events;
    if (dial->state == DIAL_HANDSHAKE) {
        go_on_with_handshake(dial);
        return;
    }
    int failed = 0;
    socklen_t size = sizeof failed;
    if (getsockopt(dial->socket.fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0)
        failed = errno;
    if (failed == 0) {
        connected(dial);
        return;
    }
    note_failure(dial, failed);
    drop_socket(dial);
    try_next(dial);
}

static void start_run(void *argument)
{
    struct net_dial *dial = argument;
    if (dial->state != DIAL_OVER)
        try_next(dial);
}

struct net_dial *net_dial_start(struct loop *loop, const struct net_dial_options *options,
                                net_dial_cb done, void *argument)
{
    struct net_dial *dial = memory_new(sizeof *dial);
    dial->loop = loop;
    dial->count = options->count < ADDRESSES_MAX ? options->count : ADDRESSES_MAX;
    if (dial->count > 0)
        memcpy(dial->addresses, options->addresses, dial->count * sizeof *dial->addresses);
    net_socket_init(&dial->socket, -1);
    dial->timer = loop_timer_open(loop, timeout_cb, dial);
    dial->timeout_ms = options->timeout_ms;
    dial->deadline_us = loop_now_us(loop) + options->timeout_ms * 1000;
    dial->tls = options->tls;
    dial->guarded = options->guarded;
    dial->guard = options->guard;
    if (options->host != NULL)
        dial->host = memory_copy_string(options->host, strlen(options->host));
    dial->done = done;
    dial->argument = argument;
    dial->code = ERROR_UNREACHABLE;
    snprintf(dial->text, sizeof dial->text, "no address to connect to");
    // The callback must not come inside this call, and connecting may fail at once.
    loop_defer(loop, start_run, dial);
    return dial;
}

void net_dial_cancel(struct net_dial *dial)
{
    if (dial == NULL || dial->state == DIAL_OVER)
        return;
    drop_socket(dial);
    leave(dial);
}
