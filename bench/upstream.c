// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The fastest MCP server that can stand behind a benchmark: answers every request with the
// request's own id and path (answer.h), JSON or an event stream, holds GET streams open, gives
// every initialize a session id. One thread, epoll, keep-alive; no checks beyond what framing
// needs. usage: upstream [--big-list] [PORT]   (0 or nothing: a free one, printed)
#include "answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PEERS_MAX = 65536, REQUEST_MAX = 65536, EVENTS = 256 };

struct peer {
    struct answer answer;
    char http[256]; // status line and headers
    size_t http_length;
    size_t sent; // of the whole answer, while `blocked`
    bool blocked;
    size_t length;
    char data[REQUEST_MAX + 1];
};

static struct peer *peers[PEERS_MAX]; // by descriptor
static int epoll_fd;
static unsigned long sessions;

static int listen_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0) {
        perror("upstream");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void watch(int fd, int operation, uint32_t events)
{
    epoll_ctl(epoll_fd, operation, fd, &(struct epoll_event){.events = events, .data.fd = fd});
}

// Goes on with the answer. False: the peer is to be closed.
static bool send_answer(int fd, struct peer *peer)
{
    struct answer *a = &peer->answer;
    struct iovec pieces[] = {{peer->http, peer->http_length},
                             {a->head, a->head_length},
                             {(void *)(size_t)a->middle, a->middle_length},
                             {a->tail, a->tail_length}};
    size_t skip = peer->sent, whole = 0;
    for (int i = 0; i < 4; i++) {
        size_t cut = skip < pieces[i].iov_len ? skip : pieces[i].iov_len;
        whole += pieces[i].iov_len;
        pieces[i].iov_base = (char *)pieces[i].iov_base + cut;
        pieces[i].iov_len -= cut;
        skip -= cut;
    }
    ssize_t sent = writev(fd, pieces, 4);
    if (sent < 0 && errno != EAGAIN)
        return false;
    peer->sent += sent > 0 ? (size_t)sent : 0;
    bool blocked = peer->sent < whole;
    if (blocked != peer->blocked)
        watch(fd, EPOLL_CTL_MOD, blocked ? EPOLLOUT : EPOLLIN);
    peer->blocked = blocked;
    if (!blocked)
        peer->sent = 0;
    return true;
}

static void add_http(struct peer *peer, const char *status, const char *fields)
{
    struct answer *a = &peer->answer;
    size_t body = a->head_length + a->middle_length + a->tail_length;
    char session[64] = "";
    if (a->initialize)
        snprintf(session, sizeof session, "Mcp-Session-Id: bench-%012lu\r\n", ++sessions);
    if (body == 0 || a->stream)
        peer->http_length = (size_t)snprintf(peer->http, sizeof peer->http, "HTTP/1.1 %s\r\n%s\r\n",
                                             status, fields);
    else
        peer->http_length = (size_t)snprintf(peer->http, sizeof peer->http,
                                             "HTTP/1.1 %s\r\n%s%sContent-Length: %zu\r\n\r\n",
                                             status, fields, session, body);
}

// One event in one chunk, then the last chunk.
static void make_event(struct peer *peer)
{
    static const char before[] = "event: message\ndata: ", behind[] = "\n\n";
    struct answer *a = &peer->answer;
    size_t size = sizeof before - 1 + a->head_length + a->tail_length + sizeof behind - 1;
    add_http(peer, "200 OK", "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n");
    peer->http_length +=
        (size_t)snprintf(peer->http + peer->http_length, sizeof peer->http - peer->http_length,
                         "%zx\r\n%s", size, before);
    static const char last[] = "\n\n\r\n0\r\n\r\n";
    memcpy(a->tail + a->tail_length, last, sizeof last - 1);
    a->tail_length += sizeof last - 1;
}

static bool serve_post(int fd, struct peer *peer, const char *body, size_t length)
{
    struct answer *a = &peer->answer;
    answer_make(body, length, a);
    if (a->none) {
        a->head_length = a->middle_length = a->tail_length = 0;
        add_http(peer, "202 Accepted", "Content-Length: 0\r\n");
    } else if (a->stream) {
        make_event(peer);
    } else {
        add_http(peer, "200 OK", "Content-Type: application/json\r\n");
    }
    return send_answer(fd, peer);
}

static bool serve_other(int fd, struct peer *peer)
{
    struct answer *a = &peer->answer;
    *a = (struct answer){.none = true};
    if (strncmp(peer->data, "GET ", 4) == 0)
        add_http(peer, "200 OK",
                 "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n");
    else
        add_http(peer, "200 OK", "Content-Length: 0\r\n");
    return send_answer(fd, peer);
}

static size_t content_length(const char *head)
{
    const char *found = strcasestr(head, "\r\ncontent-length:");
    return found == NULL ? 0 : strtoul(found + 17, NULL, 10);
}

// Answers every whole request in the buffer and keeps the rest. False: the peer is to be closed.
static bool serve(int fd, struct peer *peer)
{
    while (!peer->blocked) {
        peer->data[peer->length] = '\0';
        char *end = strstr(peer->data, "\r\n\r\n");
        if (end == NULL)
            return peer->length < REQUEST_MAX;
        size_t head = (size_t)(end - peer->data) + 4;
        *end = '\0';
        size_t body = content_length(peer->data);
        *end = '\r';
        if (head + body > REQUEST_MAX)
            return false;
        if (peer->length < head + body)
            return true;
        bool post = strncmp(peer->data, "POST ", 5) == 0;
        if (!(post ? serve_post(fd, peer, peer->data + head, body) : serve_other(fd, peer)))
            return false;
        peer->length -= head + body;
        if (peer->length > 0)
            memmove(peer->data, peer->data + head + body, peer->length);
    }
    return true;
}

static void forget(int fd)
{
    free(peers[fd]);
    peers[fd] = NULL;
    close(fd);
}

static void ready(int fd, uint32_t events)
{
    struct peer *peer = peers[fd];
    bool alive = true;
    if (peer->blocked && (events & EPOLLOUT)) {
        alive = send_answer(fd, peer) && serve(fd, peer);
    } else {
        ssize_t got = read(fd, peer->data + peer->length, REQUEST_MAX - peer->length);
        if (got < 0 && errno == EAGAIN)
            return;
        alive = got > 0;
        peer->length += got > 0 ? (size_t)got : 0;
        alive = alive && serve(fd, peer);
    }
    if (!alive)
        forget(fd);
}

static void welcome(int listener)
{
    int on = 1, fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        // The big array inside is only touched as far as requests reach.
        if (fd >= PEERS_MAX || (peers[fd] = malloc(sizeof **peers)) == NULL) {
            close(fd);
            continue;
        }
        peers[fd]->length = peers[fd]->sent = 0;
        peers[fd]->blocked = false;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}

int main(int argc, char **argv)
{
    bool big = argc > 1 && strcmp(argv[1], "--big-list") == 0;
    const char *port = argc > 1 + big ? argv[1 + big] : "0";
    struct epoll_event events[EVENTS];
    answer_init(big);
    int listener = listen_on((uint16_t)strtoul(port, NULL, 10));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                welcome(listener);
            else
                ready(events[i].data.fd, events[i].events);
        }
    }
}
