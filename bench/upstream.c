// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The fastest MCP server that can stand behind a benchmark: answers every request with the same
// short tool result and the request's own id. One thread, epoll, keep-alive; no checks beyond what
// framing needs. usage: upstream [PORT]   (0 or nothing: a free one, printed)
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEERS_MAX = 4096, REQUEST_MAX = 65536, EVENTS = 256 };

struct peer {
    size_t length;
    char data[REQUEST_MAX + 1];
};

static struct peer *peers[PEERS_MAX]; // by descriptor

static int listen_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) {
        perror("upstream");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static size_t content_length(const char *head)
{
    const char *found = strcasestr(head, "\r\ncontent-length:");
    return found == NULL ? 0 : strtoul(found + 17, NULL, 10);
}

// The id as it stands in the body: up to the next ',' or '}', which is enough for wrk's own
// requests.
static size_t find_id(const char *body, size_t length, const char **ret)
{
    const char *key = memmem(body, length, "\"id\":", 5);
    if (key == NULL)
        return 0;
    *ret = key + 5;
    size_t left = length - (size_t)(*ret - body), at = 0;
    while (at < left && (*ret)[at] != ',' && (*ret)[at] != '}')
        at++;
    return at;
}

static bool answer(int fd, const char *body, size_t length)
{
    const char *id = NULL;
    size_t id_length = find_id(body, length, &id);
    char text[1024], out[2048];
    int size =
        id_length == 0 || id_length > 200
            ? 0
            : snprintf(text, sizeof text,
                       "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{\"resultType\":\"complete\","
                       "\"content\":[{\"type\":\"text\",\"text\":\"ok\"}]}}",
                       (int)id_length, id);
    int whole =
        snprintf(out, sizeof out,
                 "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                 size > 0 ? "200 OK" : "202 Accepted", size, size > 0 ? text : "");
    return write(fd, out, (size_t)whole) == whole;
}

// Answers every whole request in the buffer and keeps the rest. False: the peer is to be closed.
static bool serve(int fd, struct peer *peer)
{
    for (;;) {
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
        if (!answer(fd, peer->data + head, body))
            return false;
        peer->length -= head + body;
        memmove(peer->data, peer->data + head + body, peer->length);
    }
}

static void forget(int fd)
{
    free(peers[fd]);
    peers[fd] = NULL;
    close(fd);
}

static void receive(int fd)
{
    struct peer *peer = peers[fd];
    ssize_t got = read(fd, peer->data + peer->length, REQUEST_MAX - peer->length);
    if (got <= 0) {
        forget(fd);
        return;
    }
    peer->length += (size_t)got;
    if (!serve(fd, peer))
        forget(fd);
}

static void welcome(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;
    if (fd < 0)
        return;
    if (fd >= PEERS_MAX || (peers[fd] = calloc(1, sizeof **peers)) == NULL) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
}

int main(int argc, char **argv)
{
    int listener = listen_on((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 0));
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener,
              &(struct epoll_event){.events = EPOLLIN, .data.fd = listener});
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                welcome(epoll, listener);
            else
                receive(events[i].data.fd);
        }
    }
}
