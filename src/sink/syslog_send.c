// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Bytes to a syslog server. The protocol has no acknowledgement: what counts as delivered is what
// the other machine's kernel has acknowledged, and what was on its way when a connection broke is
// sent again.
#include "sink/syslog_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

enum { LOOK_MS = 50, ACKNOWLEDGED_LOOK_MS = 1, FULL_MS = 10 };

static bool fail(struct sink_delivery *delivery, const char *text)
{
    snprintf(delivery->text, sizeof delivery->text, "%s", text);
    return false;
}

// Waits for an event until a time of the monotonic clock. False: it is over.
static bool wait_for(struct sink *sink, int events, uint64_t end_us)
{
    const struct net_socket *socket = &sink->link->socket;
    int interest = net_socket_interest(socket, events);
    struct pollfd item = {.fd = socket->fd};
    item.events =
        (short)((interest & LOOP_READ ? POLLIN : 0) | (interest & LOOP_WRITE ? POLLOUT : 0));
    while (!sink_must_end(sink) && clock_monotonic_us() < end_us)
        if (poll(&item, 1, LOOK_MS) > 0)
            return true;
    return false;
}

static uint64_t deadline(const struct sink *sink)
{
    return clock_monotonic_us() + 1000 * sink->options.timeout_ms;
}

// A syslog server has nothing to say; what it says all the same is not kept. False: it has closed.
static bool is_open(struct net_socket *socket)
{
    char ignored[512];
    size_t got;
    for (int i = 0; i < 64; i++) {
        int result = net_socket_read(socket, ignored, sizeof ignored, &got);
        if (result != 0)
            return result == ERROR_AGAIN;
    }
    return true;
}

static bool write_all(struct sink *sink, struct slice bytes, struct sink_delivery *ret)
{
    struct net_socket *socket = &sink->link->socket;
    uint64_t end = deadline(sink);
    while (bytes.length > 0) {
        struct iovec piece = {.iov_base = (char *)bytes.data, .iov_len = bytes.length};
        size_t sent;
        int result = net_socket_write(socket, &piece, 1, &sent);
        bytes = slice_of(bytes.data + sent, bytes.length - sent);
        if (sent > 0)
            end = deadline(sink);
        if ((result != 0 && result != ERROR_AGAIN) || !is_open(socket))
            return fail(ret, "the connection was closed");
        if (bytes.length > 0 && sent == 0 && !wait_for(sink, LOOP_WRITE, end))
            return fail(ret, "it does not read");
    }
    return true;
}

// Bytes that the other side has not acknowledged. Where the system does not tell: none.
static int unacknowledged(const struct net_socket *socket)
{
    int bytes = 0;
#ifdef SIOCOUTQ
    if (ioctl(socket->fd, SIOCOUTQ, &bytes) != 0)
        bytes = 0;
#else
    (void)socket;
#endif
    return bytes;
}

static bool wait_for_acknowledgement(struct sink *sink, struct sink_delivery *ret)
{
    struct net_socket *socket = &sink->link->socket;
    uint64_t end = deadline(sink);
    int before = unacknowledged(socket), now;
    for (; (now = unacknowledged(socket)) > 0; before = now) {
        if (now < before)
            end = deadline(sink);
        if (sink_must_end(sink) || clock_monotonic_us() >= end)
            return fail(ret, "it acknowledges nothing");
        if (!is_open(socket))
            break;
        poll(NULL, 0, ACKNOWLEDGED_LOOK_MS);
    }
    return is_open(socket) || fail(ret, "the connection was closed");
}

bool syslog_send_stream(struct sink *sink, const struct sink_batch *batch,
                        struct sink_delivery *ret)
{
    if (!is_open(&sink->link->socket))
        return fail(ret, "the connection was closed");
    return write_all(sink, buffer_slice(&batch->body), ret) && wait_for_acknowledgement(sink, ret);
}

static bool send_one(struct sink *sink, struct slice message, struct sink_delivery *ret)
{
    uint64_t end = deadline(sink);
    for (;;) {
        if (send(sink->link->socket.fd, message.data, message.length, MSG_NOSIGNAL) >= 0)
            return true;
        int cause = errno;
        if (cause == EMSGSIZE) { // smaller than what any system should take
            ret->rejected++;
            return true;
        }
        bool full = cause == EAGAIN || cause == EWOULDBLOCK || cause == ENOBUFS;
        if (cause != EINTR && !full)
            return fail(ret, strerror(cause));
        if (full && !wait_for(sink, LOOP_WRITE, end))
            return fail(ret, "it does not read");
        if (cause == ENOBUFS)
            poll(NULL, 0, FULL_MS);
    }
}

bool syslog_send_datagrams(struct sink *sink, const struct sink_batch *batch,
                           struct sink_delivery *ret)
{
    struct slice rest = buffer_slice(&batch->body);
    while (rest.length > 0) {
        uint32_t length;
        memcpy(&length, rest.data, sizeof length);
        rest = slice_of(rest.data + sizeof length, rest.length - sizeof length);
        if (!send_one(sink, slice_of(rest.data, length), ret))
            return false;
        rest = slice_of(rest.data + length, rest.length - length);
    }
    return true;
}
