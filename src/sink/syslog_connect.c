// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reaching a syslog server: a loop that runs until the name is resolved and the connection stands.
#include "sink/syslog_internal.h"

#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOOK_MS = 50 };

struct attempt {
    struct sink *sink;
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_lookup *lookup;
    struct net_dial *dial;
    struct net_tls *tls;
    struct sink_delivery *delivery;
    struct net_socket socket; // fd -1: not connected
};

static void end_attempt(struct attempt *attempt, const char *text)
{
    snprintf(attempt->delivery->text, sizeof attempt->delivery->text, "%s", text);
    loop_stop(attempt->loop);
}

static void dialled_cb(void *argument, int error, struct net_socket socket, const char *text)
{
    struct attempt *attempt = argument;
    attempt->dial = NULL;
    if (error == 0)
        attempt->socket = socket;
    end_attempt(attempt, text);
}

static void connect_datagrams(struct attempt *attempt, const struct loop_address *addresses,
                              size_t count)
{
    int cause = EADDRNOTAVAIL;
    for (size_t i = 0; i < count && attempt->socket.fd < 0; i++) {
        const struct loop_address *address = &addresses[i];
        int fd = socket(address->storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd >= 0 &&
            connect(fd, (const struct sockaddr *)&address->storage, address->length) == 0) {
            net_socket_init(&attempt->socket, fd);
            break;
        }
        cause = errno;
        if (fd >= 0)
            close(fd);
    }
    end_attempt(attempt, attempt->socket.fd < 0 ? strerror(cause) : "");
}

static void found_cb(void *argument, int error, const struct loop_address *addresses, size_t count)
{
    struct attempt *attempt = argument;
    const struct sink_options *options = &attempt->sink->options;
    attempt->lookup = NULL;
    if (error != 0) {
        end_attempt(attempt, "the host's name has no address");
    } else if (options->transport == SINK_UDP) {
        connect_datagrams(attempt, addresses, count);
    } else {
        const struct net_dial_options dial = {.addresses = addresses,
                                              .count = count,
                                              .timeout_ms = options->timeout_ms,
                                              .tls = attempt->tls,
                                              .host = options->host};
        attempt->dial = net_dial_start(attempt->loop, &dial, dialled_cb, attempt);
    }
}

static void look_cb(void *argument)
{
    struct attempt *attempt = argument;
    if (sink_must_end(attempt->sink))
        end_attempt(attempt, "the gateway stops");
}

static void run_attempt(struct attempt *attempt)
{
    const struct sink_options *options = &attempt->sink->options;
    struct error error = {0};
    if (options->transport == SINK_TLS &&
        net_tls_client(attempt->sink->ca_file, &attempt->tls, &error) != 0) {
        snprintf(attempt->delivery->text, sizeof attempt->delivery->text, "%.300s", error.text);
        return;
    }
    attempt->timer = loop_timer_open(attempt->loop, look_cb, attempt);
    loop_timer_start(attempt->timer, LOOK_MS, LOOK_MS);
    attempt->lookup = loop_lookup_start(attempt->loop, options->host, options->port,
                                        options->timeout_ms, found_cb, attempt);
    if (attempt->lookup == NULL)
        snprintf(attempt->delivery->text, sizeof attempt->delivery->text, "no memory");
    else
        loop_run(attempt->loop);
    loop_lookup_cancel(attempt->lookup);
    net_dial_cancel(attempt->dial);
    loop_timer_close(attempt->timer);
}

static bool reach(struct sink *sink, struct net_socket *ret, struct sink_delivery *delivery)
{
    struct attempt attempt = {.sink = sink, .loop = loop_new(), .delivery = delivery};
    net_socket_init(&attempt.socket, -1);
    if (attempt.loop != NULL)
        run_attempt(&attempt);
    else
        snprintf(delivery->text, sizeof delivery->text, "no memory");
    loop_free(attempt.loop);
    net_tls_free(attempt.tls); // the socket keeps what it needs
    *ret = attempt.socket;
    return attempt.socket.fd >= 0;
}

static bool reach_unix(struct sink *sink, struct net_socket *ret, struct sink_delivery *delivery)
{
    const char *path = sink->options.host;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        net_socket_init(ret, fd);
        return true;
    }
    snprintf(delivery->text, sizeof delivery->text, "cannot connect to '%.200s': %s", path,
             strerror(errno));
    if (fd >= 0)
        close(fd);
    return false;
}

bool syslog_connect(struct sink *sink, struct sink_delivery *ret)
{
    struct net_socket socket;
    bool good = sink->options.transport == SINK_UNIX ? reach_unix(sink, &socket, ret)
                                                     : reach(sink, &socket, ret);
    if (!good)
        return false;
    sink->link = memory_new(sizeof *sink->link);
    sink->link->socket = socket;
    return true;
}

void syslog_disconnect(struct sink *sink)
{
    if (sink->link == NULL)
        return;
    net_socket_close(&sink->link->socket);
    memory_free(sink->link);
    sink->link = NULL;
}
