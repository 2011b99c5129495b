// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// OpenSSL makes its system calls inside its own library, where the linker cannot put other
// functions in their place. Here TLS gets a way to its descriptor that calls recv and send in this
// program, so that those fail under TLS as they do without.
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

int __wrap_SSL_set_fd(SSL *ssl, int fd);

static int fd_of(BIO *bio)
{
    return (int)(intptr_t)BIO_get_data(bio);
}

static bool is_for_later(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static int door_read(BIO *bio, char *bytes, int size)
{
    BIO_clear_retry_flags(bio);
    ssize_t got = recv(fd_of(bio), bytes, (size_t)size, 0);
    if (got < 0 && is_for_later())
        BIO_set_retry_read(bio);
    return (int)got;
}

static int door_write(BIO *bio, const char *bytes, int size)
{
    BIO_clear_retry_flags(bio);
    ssize_t sent = send(fd_of(bio), bytes, (size_t)size, MSG_NOSIGNAL);
    if (sent < 0 && is_for_later())
        BIO_set_retry_write(bio);
    return (int)sent;
}

static long door_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static const BIO_METHOD *door_method(void)
{
    static BIO_METHOD *method;
    if (method != NULL)
        return method;
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "door");
    if (method != NULL) {
        BIO_meth_set_read(method, door_read);
        BIO_meth_set_write(method, door_write);
        BIO_meth_set_ctrl(method, door_control);
    }
    return method;
}

int __wrap_SSL_set_fd(SSL *ssl, int fd)
{
    BIO *bio = BIO_new(door_method());
    if (bio == NULL)
        return 0;
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return 1;
}
