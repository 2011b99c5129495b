// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// OpenSSL 3 over the non-blocking descriptor. SIGPIPE is ignored by the loop, as OpenSSL writes
// without MSG_NOSIGNAL.
#include "net/net_internal.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

enum { RECORD_MAX = 16384 };

struct net_tls {
    SSL_CTX *context;
};

static const unsigned char protocols[] = "\x08http/1.1";

static const char *openssl_reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    return reason == NULL ? "unknown reason" : reason;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *in, unsigned in_length, void *argument)
{
    (void)ssl;
    (void)argument;
    unsigned char *chosen = NULL;
    int result =
        SSL_select_next_proto(&chosen, out_length, protocols, sizeof protocols - 1, in, in_length);
    if (result != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL)
        return NULL;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // Idle connections give their buffers back; a moved unsent buffer is not an error.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    // One system call takes a record's head and body together.
    SSL_CTX_set_read_ahead(context, 1);
    return context;
}

int net_tls_server(const char *certificate_path, const char *key_path, struct net_tls **ret,
                   struct error *error)
{
    ERR_clear_error();
    SSL_CTX *context = new_context(TLS_server_method());
    if (context == NULL)
        return error_set(error, ERROR_NO_MEMORY, "TLS: %s", openssl_reason());
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    int result = 0;
    if (SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1)
        result = error_set(error, ERROR_CONFIG, "certificate '%s': %s", certificate_path,
                           openssl_reason());
    else if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1)
        result = error_set(error, ERROR_CONFIG, "key '%s': %s", key_path, openssl_reason());
    else if (SSL_CTX_check_private_key(context) != 1)
        result = error_set(error, ERROR_CONFIG, "key '%s' does not belong to certificate '%s'",
                           key_path, certificate_path);
    if (result != 0) {
        SSL_CTX_free(context);
        return result;
    }
    *ret = memory_new(sizeof **ret);
    (*ret)->context = context;
    return 0;
}

int net_tls_client(const char *ca_path, struct net_tls **ret, struct error *error)
{
    ERR_clear_error();
    SSL_CTX *context = new_context(TLS_client_method());
    if (context == NULL)
        return error_set(error, ERROR_NO_MEMORY, "TLS: %s", openssl_reason());
    int loaded = ca_path == NULL ? SSL_CTX_set_default_verify_paths(context)
                                 : SSL_CTX_load_verify_locations(context, ca_path, NULL);
    if (loaded != 1) {
        int result = error_set(error, ERROR_CONFIG, "certificate authorities '%s': %s",
                               ca_path == NULL ? "of the system" : ca_path, openssl_reason());
        SSL_CTX_free(context);
        return result;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
    *ret = memory_new(sizeof **ret);
    (*ret)->context = context;
    return 0;
}

void net_tls_free(struct net_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    memory_free(tls);
}

// The name is both asked for (SNI) and verified; an address is only verified.
static bool set_host(SSL *ssl, const char *host)
{
    unsigned char bytes[16];
    if (inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

int net_socket_start_tls(struct net_socket *socket, const struct net_tls *tls, const char *host)
{
    SSL *ssl = SSL_new(tls->context);
    if (ssl == NULL)
        return ERROR_NO_MEMORY;
    if (SSL_set_fd(ssl, socket->fd) != 1 || (host != NULL && !set_host(ssl, host))) {
        SSL_free(ssl);
        return ERROR_TLS;
    }
    if (host == NULL)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    socket->ssl = ssl;
    return 0;
}

static int handshake_error(SSL *ssl, int kind, struct error *error)
{
    long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK)
        return error_set(error, ERROR_TLS, "TLS: %s", X509_verify_cert_error_string(verdict));
    if (kind == SSL_ERROR_SSL)
        return error_set(error, ERROR_TLS, "TLS: %s", openssl_reason());
    return error_set(error, ERROR_TLS, "TLS: the connection was closed in the handshake");
}

int net_socket_handshake(struct net_socket *socket, struct error *error)
{
    ERR_clear_error();
    socket->read_blocked_on_write = socket->write_blocked_on_read = false;
    int result = SSL_do_handshake(socket->ssl);
    if (result == 1)
        return 0;
    int kind = SSL_get_error(socket->ssl, result);
    if (kind == SSL_ERROR_WANT_READ)
        return ERROR_AGAIN;
    if (kind == SSL_ERROR_WANT_WRITE) {
        socket->read_blocked_on_write = true;
        return ERROR_AGAIN;
    }
    return handshake_error(socket->ssl, kind, error);
}

static int64_t time_of(const ASN1_TIME *time)
{
    struct tm fields = {0};
    return time == NULL || ASN1_TIME_to_tm(time, &fields) != 1 ? 0
                                                               : (int64_t)timegm(&fields) * 1000;
}

static void name_of(const X509_NAME *name, char *text, size_t size)
{
    BIO *out = BIO_new(BIO_s_mem());
    int length = 0;
    if (out != NULL && name != NULL && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) >= 0)
        length = BIO_read(out, text, (int)size - 1);
    text[length > 0 ? length : 0] = '\0';
    BIO_free(out);
    ERR_clear_error();
}

void net_socket_tls_facts(const struct net_socket *socket, struct net_tls_facts *ret)
{
    *ret = (struct net_tls_facts){.expires_ms = 0};
    snprintf(ret->version, sizeof ret->version, "%s", SSL_get_version(socket->ssl));
    snprintf(ret->cipher, sizeof ret->cipher, "%s", SSL_get_cipher_name(socket->ssl));
    X509 *certificate = SSL_get0_peer_certificate(socket->ssl);
    if (certificate == NULL)
        return;
    name_of(X509_get_subject_name(certificate), ret->subject, sizeof ret->subject);
    name_of(X509_get_issuer_name(certificate), ret->issuer, sizeof ret->issuer);
    ret->expires_ms = time_of(X509_get0_notAfter(certificate));
}

int net_tls_read(struct net_socket *socket, char *bytes, size_t size, size_t *ret_got)
{
    ERR_clear_error();
    socket->read_blocked_on_write = false;
    size_t got = 0;
    int result = SSL_read_ex(socket->ssl, bytes, size, &got);
    if (result == 1) {
        *ret_got = got;
        return 0;
    }
    switch (SSL_get_error(socket->ssl, result)) {
    case SSL_ERROR_WANT_READ: return ERROR_AGAIN;
    case SSL_ERROR_WANT_WRITE: socket->read_blocked_on_write = true; return ERROR_AGAIN;
    case SSL_ERROR_ZERO_RETURN: return ERROR_CLOSED;
    default: return ERROR_IO;
    }
}

bool net_tls_has_buffered(const struct net_socket *socket)
{
    return SSL_has_pending(socket->ssl) == 1;
}

// Joins pieces from byte `offset` on, at most a record's worth.
static size_t join(const struct iovec *pieces, size_t count, size_t offset, char record[RECORD_MAX])
{
    size_t length = 0;
    for (size_t i = 0; i < count && length < RECORD_MAX; i++) {
        if (offset >= pieces[i].iov_len) {
            offset -= pieces[i].iov_len;
            continue;
        }
        size_t take = pieces[i].iov_len - offset;
        if (take > RECORD_MAX - length)
            take = RECORD_MAX - length;
        memcpy(record + length, (const char *)pieces[i].iov_base + offset, take);
        length += take;
        offset = 0;
    }
    return length;
}

// One record per round, joined from the pieces, so that a head and a short body leave together. A
// record that could not leave is offered again with the same first bytes, as OpenSSL demands.
int net_tls_write(struct net_socket *socket, const struct iovec *pieces, size_t count,
                  size_t *ret_sent)
{
    char record[RECORD_MAX];
    size_t length;
    socket->write_blocked_on_read = false;
    while ((length = join(pieces, count, *ret_sent, record)) > 0) {
        ERR_clear_error();
        size_t written = 0;
        int result = SSL_write_ex(socket->ssl, record, length, &written);
        if (result == 1) {
            *ret_sent += written;
            continue;
        }
        int kind = SSL_get_error(socket->ssl, result);
        if (kind == SSL_ERROR_WANT_READ)
            socket->write_blocked_on_read = true;
        return kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE ? ERROR_AGAIN : ERROR_IO;
    }
    return 0;
}

void net_tls_shutdown(struct net_socket *socket)
{
    ERR_clear_error();
    if (SSL_is_init_finished(socket->ssl))
        SSL_shutdown(socket->ssl);
}

void net_tls_forget_alert(struct net_socket *socket)
{
    SSL_set_quiet_shutdown(socket->ssl, 1);
}

void net_tls_release(struct net_socket *socket)
{
    net_tls_shutdown(socket);
    SSL_free(socket->ssl);
    ERR_clear_error();
}
