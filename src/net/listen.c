// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "net/net.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPTS_PER_TURN = 64, REST_MS = 200 };

struct net_listener {
    struct loop *loop;
    struct loop_io *io;
    struct loop_timer *rest; // runs while descriptors are short
    net_accept_cb accepted;
    void *argument;
    int fd;
    uint16_t port;
    bool closed;
};

// Without descriptors the connection stays in the queue and the poller would report it for ever.
static void take_rest(struct net_listener *l)
{
    log_event(LOG_WARNING, "net", "cannot accept connections for now: %s", strerror(errno));
    loop_io_want(l->io, 0);
    loop_timer_start(l->rest, REST_MS, 0);
}

static void rested_cb(void *argument)
{
    struct net_listener *l = argument;
    loop_io_want(l->io, LOOP_READ);
}

static void readable_cb(void *argument, int events)
{
    struct net_listener *l = argument;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && !l->closed; i++) {
        struct loop_address peer = {.length = sizeof peer.storage};
        int fd = accept4(l->fd, (struct sockaddr *)&peer.storage, &peer.length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            l->accepted(l->argument, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            take_rest(l);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
        // Anything else (the peer gave up meanwhile) concerns that connection only.
    }
}

static int open_socket(const struct loop_address *address, const struct net_listen_options *options)
{
    int yes = 1, no = 0;
    int family = address->storage.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    bool failed = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0;
    if (options != NULL && options->share_port)
        failed |= setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0;
    if (family == AF_INET6)
        failed |= setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0;
    // Accepted sockets inherit this one.
    failed |= setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0;
    failed = failed || bind(fd, (const struct sockaddr *)&address->storage, address->length) != 0 ||
             listen(fd, BACKLOG) != 0;
    if (failed) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static uint16_t bound_port(int fd)
{
    struct loop_address address = {.length = sizeof address.storage};
    if (getsockname(fd, (struct sockaddr *)&address.storage, &address.length) != 0)
        return 0;
    return net_address_port(&address);
}

int net_listen(struct loop *loop, const char *address, const struct net_listen_options *options,
               net_accept_cb accepted, void *argument, struct net_listener **ret,
               struct error *error)
{
    struct loop_address parsed;
    int result = net_address_parse(address, &parsed, error);
    if (result != 0)
        return result;
    int fd = open_socket(&parsed, options);
    if (fd < 0)
        return error_set(error, errno == EADDRINUSE ? ERROR_EXISTS : ERROR_IO,
                         "cannot listen on %s: %s", address, strerror(errno));
    struct net_listener *l = memory_new(sizeof *l);
    *l = (struct net_listener){.loop = loop, .fd = fd, .accepted = accepted, .argument = argument};
    l->port = bound_port(fd);
    l->rest = loop_timer_open(loop, rested_cb, l);
    l->io = loop_io_open(loop, fd, readable_cb, l);
    if (l->io == NULL || loop_io_want(l->io, LOOP_READ) != 0) {
        net_listener_close(l);
        return error_set(error, ERROR_IO, "cannot listen on %s: the event loop refused", address);
    }
    *ret = l;
    return 0;
}

uint16_t net_listener_port(const struct net_listener *listener)
{
    return listener->port;
}

static void listener_free(void *argument)
{
    memory_free(argument);
}

void net_listener_close(struct net_listener *listener)
{
    if (listener == NULL || listener->closed)
        return;
    listener->closed = true;
    loop_io_close(listener->io);
    loop_timer_close(listener->rest);
    close(listener->fd);
    loop_defer(listener->loop, listener_free, listener);
}
