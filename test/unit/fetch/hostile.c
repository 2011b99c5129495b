// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/fetch/hostile.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_SIZE = 65536, LOG_SIZE = 1 << 20, PAUSE_MS = 20 };

struct hostile {
    int listener;
    uint16_t port;
    SSL_CTX *tls;
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t lock; // of the rest
    pthread_cond_t gone;
    unsigned open, connections;
    char *log;
    size_t logged;
};

struct peer {
    struct hostile *hostile;
    int fd;
    SSL *ssl;
    char head[HEAD_SIZE];
    size_t got;
};

// ---- Bytes

static bool put(struct peer *peer, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = peer->ssl != NULL ? SSL_write(peer->ssl, bytes, (int)length)
                                         : send(peer->fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool say(struct peer *peer, const char *text)
{
    return put(peer, text, strlen(text));
}

static ssize_t get(struct peer *peer, char *bytes, size_t size)
{
    return peer->ssl != NULL ? SSL_read(peer->ssl, bytes, (int)size)
                             : recv(peer->fd, bytes, size, 0);
}

// False: the test is over.
static bool wait_for_bytes(struct peer *peer)
{
    struct pollfd wanted = {.fd = peer->fd, .events = POLLIN};
    if (peer->ssl != NULL && SSL_pending(peer->ssl) > 0)
        return true;
    while (!atomic_load(&peer->hostile->stopping))
        if (poll(&wanted, 1, PAUSE_MS) > 0)
            return true;
    return false;
}

// Until the other side is gone, or the test is over.
static void wait_for_end(struct peer *peer)
{
    char bytes[256];
    while (wait_for_bytes(peer) && get(peer, bytes, sizeof bytes) > 0)
        continue;
}

static void note(struct hostile *hostile, const char *bytes, size_t length)
{
    pthread_mutex_lock(&hostile->lock);
    assert_true(hostile->logged + length < LOG_SIZE);
    memcpy(hostile->log + hostile->logged, bytes, length);
    hostile->logged += length;
    pthread_mutex_unlock(&hostile->lock);
}

static bool read_request(struct peer *peer)
{
    peer->got = 0;
    for (;;) {
        ssize_t got = -1;
        if (wait_for_bytes(peer))
            got = get(peer, peer->head + peer->got, HEAD_SIZE - 1 - peer->got);
        if (got <= 0)
            return false;
        note(peer->hostile, peer->head + peer->got, (size_t)got);
        peer->got += (size_t)got;
        peer->head[peer->got] = '\0';
        const char *end = strstr(peer->head, "\r\n\r\n");
        const char *length = strstr(peer->head, "Content-Length: ");
        size_t body = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
        if (end != NULL && peer->got >= (size_t)(end - peer->head) + 4 + body)
            return true;
    }
}

// ---- What a path does

static void answer(struct peer *peer, const char *status, const char *headers, const char *body,
                   size_t length)
{
    char head[HEAD_SIZE];
    int size = snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status,
                        headers, length);
    put(peer, head, (size_t)size);
    put(peer, body, length);
}

static void endless_body(struct peer *peer)
{
    char zeros[4096] = {0};
    say(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while (!atomic_load(&peer->hostile->stopping) && put(peer, zeros, sizeof zeros))
        continue;
}

static void endless_head(struct peer *peer)
{
    say(peer, "HTTP/1.1 200 OK\r\n");
    while (!atomic_load(&peer->hostile->stopping) && say(peer, "X-More: and more and more\r\n"))
        continue;
}

static void endless_interim(struct peer *peer)
{
    while (!atomic_load(&peer->hostile->stopping) &&
           say(peer, "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"))
        continue;
}

static void drip(struct peer *peer)
{
    struct pollfd wanted = {.fd = peer->fd, .events = POLLIN};
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (!atomic_load(&peer->hostile->stopping) && poll(&wanted, 1, PAUSE_MS) == 0 &&
           say(peer, "."))
        continue;
}

static void redirect(struct peer *peer, const char *where, const char *status)
{
    char headers[HEAD_SIZE];
    snprintf(headers, sizeof headers, "Location: %s\r\n", where);
    answer(peer, status, headers, "moved", 5);
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void act(struct peer *peer, const char *path)
{
    if (starts(path, "/to/"))
        redirect(peer, path + 4, "302 Found");
    else if (starts(path, "/keep/"))
        redirect(peer, path + 6, "307 Temporary Redirect");
    else if (strcmp(path, "/loop") == 0)
        redirect(peer, "/loop", "301 Moved Permanently");
    else if (strcmp(path, "/echo") == 0)
        answer(peer, "200 OK", "X-One:  first \r\nX-One: second\r\n", peer->head, peer->got);
    else if (strcmp(path, "/error") == 0)
        answer(peer, "503 Not Now", "Retry-After: 7\r\n", "later", 5);
    else if (strcmp(path, "/gzip") == 0)
        answer(peer, "200 OK", "Content-Encoding: gzip\r\n", "\x1f\x8b\x08", 3);
    else if (strcmp(path, "/declared") == 0)
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx");
    else if (strcmp(path, "/endless") == 0)
        endless_body(peer);
    else if (strcmp(path, "/heads") == 0)
        endless_head(peer);
    else if (strcmp(path, "/interim") == 0)
        endless_interim(peer);
    else if (strcmp(path, "/drip") == 0)
        drip(peer);
    else if (strcmp(path, "/silent") == 0)
        wait_for_end(peer);
    else if (strcmp(path, "/half") == 0)
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    else if (strcmp(path, "/garbage") == 0)
        say(peer, "what is this?\r\n\r\n");
    else if (strcmp(path, "/trailers") == 0)
        say(peer, "HTTP/1.1 200 OK\r\nX-Real: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "2\r\nok\r\n0\r\nX-Trailer: no\r\n\r\n");
    else
        answer(peer, "200 OK", "", "hello", 5);
}

static bool is_over(const char *path)
{
    static const char *const last[] = {"/declared", "/endless", "/heads", "/interim",
                                       "/drip",     "/silent",  "/half",  "/garbage"};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        if (strcmp(path, last[i]) == 0)
            return true;
    return false;
}

static void *serve(void *argument)
{
    struct peer *peer = argument;
    struct hostile *hostile = peer->hostile;
    bool good = peer->ssl == NULL || SSL_accept(peer->ssl) == 1;
    while (good && read_request(peer)) {
        char path[HEAD_SIZE] = "";
        sscanf(peer->head, "%*s %65000s", path);
        act(peer, path);
        good = !is_over(path);
    }
    SSL_free(peer->ssl);
    close(peer->fd);
    free(peer);
    pthread_mutex_lock(&hostile->lock);
    hostile->open--;
    pthread_cond_signal(&hostile->gone);
    pthread_mutex_unlock(&hostile->lock);
    return NULL;
}

static void *accept_all(void *argument)
{
    struct hostile *hostile = argument;
    int fd;
    while ((fd = accept(hostile->listener, NULL, NULL)) >= 0) {
        struct peer *peer = calloc(1, sizeof *peer);
        pthread_t thread;
        peer->hostile = hostile;
        peer->fd = fd;
        if (hostile->tls != NULL) {
            peer->ssl = SSL_new(hostile->tls);
            SSL_set_fd(peer->ssl, fd);
        }
        pthread_mutex_lock(&hostile->lock);
        hostile->open++;
        hostile->connections++;
        pthread_mutex_unlock(&hostile->lock);
        pthread_create(&thread, NULL, serve, peer);
        pthread_detach(thread);
    }
    return NULL;
}

struct hostile *hostile_start(const char *certificate, const char *key)
{
    struct hostile *hostile = calloc(1, sizeof *hostile);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    hostile->log = calloc(1, LOG_SIZE);
    hostile->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(hostile->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(hostile->listener, 64), 0);
    getsockname(hostile->listener, (struct sockaddr *)&address, &length);
    hostile->port = ntohs(address.sin_port);
    if (certificate != NULL) {
        hostile->tls = SSL_CTX_new(TLS_server_method());
        assert_int_equal(SSL_CTX_use_certificate_file(hostile->tls, certificate, SSL_FILETYPE_PEM),
                         1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(hostile->tls, key, SSL_FILETYPE_PEM), 1);
    }
    pthread_mutex_init(&hostile->lock, NULL);
    pthread_cond_init(&hostile->gone, NULL);
    pthread_create(&hostile->thread, NULL, accept_all, hostile);
    return hostile;
}

uint16_t hostile_port(const struct hostile *hostile)
{
    return hostile->port;
}

unsigned hostile_connections(struct hostile *hostile)
{
    pthread_mutex_lock(&hostile->lock);
    unsigned count = hostile->connections;
    pthread_mutex_unlock(&hostile->lock);
    return count;
}

bool hostile_got(struct hostile *hostile, const char *text)
{
    pthread_mutex_lock(&hostile->lock);
    bool found = strstr(hostile->log, text) != NULL;
    pthread_mutex_unlock(&hostile->lock);
    return found;
}

void hostile_stop(struct hostile *hostile)
{
    atomic_store(&hostile->stopping, true);
    shutdown(hostile->listener, SHUT_RDWR);
    pthread_join(hostile->thread, NULL);
    pthread_mutex_lock(&hostile->lock);
    while (hostile->open > 0)
        pthread_cond_wait(&hostile->gone, &hostile->lock);
    pthread_mutex_unlock(&hostile->lock);
    close(hostile->listener);
    SSL_CTX_free(hostile->tls);
    pthread_cond_destroy(&hostile->gone);
    pthread_mutex_destroy(&hostile->lock);
    free(hostile->log);
    free(hostile);
}

// ---- The resolver

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char moving[64];
    bool awake;
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void hostile_move_name(const char *address)
{
    pthread_mutex_lock(&resolver.lock);
    snprintf(resolver.moving, sizeof resolver.moving, "%s", address);
    pthread_mutex_unlock(&resolver.lock);
}

void hostile_wake_resolver(void)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.awake = true;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
}

typedef int (*resolve)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

// The executable's own symbol goes before the system's, for libraries too.
__attribute__((visibility("default"))) int getaddrinfo(const char *restrict name,
                                                       const char *restrict service,
                                                       const struct addrinfo *restrict hints,
                                                       struct addrinfo **restrict ret)
{
    resolve real = (resolve)(uintptr_t)dlsym(RTLD_NEXT, "getaddrinfo");
    char address[64];
    struct addrinfo *second = NULL;
    if (name != NULL && strcmp(name, "moving.test") == 0) {
        pthread_mutex_lock(&resolver.lock);
        snprintf(address, sizeof address, "%s", resolver.moving);
        pthread_mutex_unlock(&resolver.lock);
        return real(address, service, hints, ret);
    }
    if (name != NULL && strcmp(name, "slow.test") == 0) {
        pthread_mutex_lock(&resolver.lock);
        while (!resolver.awake)
            pthread_cond_wait(&resolver.changed, &resolver.lock);
        pthread_mutex_unlock(&resolver.lock);
        return real("127.0.0.1", service, hints, ret);
    }
    if (name == NULL || strcmp(name, "two.test") != 0)
        return real(name, service, hints, ret);
    int failed = real("10.1.2.3", service, hints, ret);
    if (failed == 0 && real("127.0.0.1", service, hints, &second) == 0)
        (*ret)->ai_next = second;
    return failed;
}
