// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "net/net_internal.h"

#include <errno.h>
#include <unistd.h>

void net_socket_init(struct net_socket *socket, int fd)
{
    *socket = (struct net_socket){.fd = fd};
}

int net_socket_interest(const struct net_socket *socket, int wanted)
{
    int interest = wanted;
    if ((wanted & LOOP_READ) && socket->read_blocked_on_write)
        interest |= LOOP_WRITE;
    if ((wanted & LOOP_WRITE) && socket->write_blocked_on_read)
        interest = (interest & ~LOOP_WRITE) | LOOP_READ;
    return interest;
}

int net_socket_read(struct net_socket *socket, char *bytes, size_t size, size_t *ret_got)
{
    if (socket->ssl != NULL)
        return net_tls_read(socket, bytes, size, ret_got);
    ssize_t got;
    do
        got = recv(socket->fd, bytes, size, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        *ret_got = (size_t)got;
        return 0;
    }
    if (got == 0)
        return ERROR_CLOSED;
    return errno == EAGAIN || errno == EWOULDBLOCK ? ERROR_AGAIN : ERROR_IO;
}

bool net_socket_has_buffered(const struct net_socket *socket)
{
    return socket->ssl != NULL && net_tls_has_buffered(socket);
}

static size_t total(const struct iovec *pieces, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += pieces[i].iov_len;
    return sum;
}

int net_socket_write(struct net_socket *socket, const struct iovec *pieces, size_t count,
                     size_t *ret_sent)
{
    *ret_sent = 0;
    if (socket->ssl != NULL)
        return net_tls_write(socket, pieces, count, ret_sent);
    ssize_t sent;
    do {
        if (count == 1) {
            sent = send(socket->fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
        } else {
            struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
            sent = sendmsg(socket->fd, &message, MSG_NOSIGNAL);
        }
    } while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? ERROR_AGAIN : ERROR_IO;
    *ret_sent = (size_t)sent;
    return *ret_sent == total(pieces, count) ? 0 : ERROR_AGAIN;
}

void net_socket_shutdown(struct net_socket *socket)
{
    if (socket->ssl != NULL)
        net_tls_shutdown(socket);
    if (socket->fd >= 0)
        shutdown(socket->fd, SHUT_WR);
}

void net_socket_reset_at_close(struct net_socket *socket)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (socket->ssl != NULL)
        net_tls_forget_alert(socket);
    setsockopt(socket->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

void net_socket_close(struct net_socket *socket)
{
    if (socket->ssl != NULL)
        net_tls_release(socket);
    socket->ssl = NULL;
    if (socket->fd >= 0)
        close(socket->fd);
    socket->fd = -1;
}
