// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

SSL_CTX *transport_tls(const char *ca)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 ||
        SSL_CTX_load_verify_locations(tls, ca, NULL) != 1) {
        ERR_print_errors_fp(stderr);
        SSL_CTX_free(tls);
        return NULL;
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    return tls;
}

static bool start_tls(struct transport *t, SSL_CTX *tls)
{
    t->ssl = SSL_new(tls);
    if (t->ssl == NULL || SSL_set_fd(t->ssl, t->fd) != 1)
        return false;
    SSL_set_connect_state(t->ssl);
    return true;
}

bool transport_open(struct transport *t, uint16_t port, SSL_CTX *tls)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    *t = (struct transport){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (t->fd < 0)
        return false;
    setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(t->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        return false;
    return tls == NULL || start_tls(t, tls);
}

void transport_close(struct transport *t)
{
    SSL_free(t->ssl);
    if (t->fd >= 0)
        close(t->fd);
    *t = (struct transport){.fd = -1};
}

static ssize_t tls_result(struct transport *t, int result)
{
    if (result > 0)
        return result;
    int why = SSL_get_error(t->ssl, result);
    ERR_clear_error();
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

ssize_t transport_read(struct transport *t, void *bytes, size_t size)
{
    if (t->ssl != NULL)
        return tls_result(t, SSL_read(t->ssl, bytes, size > INT32_MAX ? INT32_MAX : (int)size));
    ssize_t got = recv(t->fd, bytes, size, 0);
    if (got == 0)
        return -1;
    return got < 0 && errno == EAGAIN ? 0 : got;
}

ssize_t transport_write(struct transport *t, const void *bytes, size_t size)
{
    if (t->ssl != NULL)
        return tls_result(t, SSL_write(t->ssl, bytes, (int)size));
    ssize_t sent = send(t->fd, bytes, size, MSG_NOSIGNAL);
    return sent < 0 && errno == EAGAIN ? 0 : sent;
}
