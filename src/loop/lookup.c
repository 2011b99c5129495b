// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Names to addresses. A literal address never goes to the resolver thread.
#include "loop/loop_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

enum { ADDRESSES_MAX = 8 };

struct loop_lookup {
    uv_getaddrinfo_t request;
    struct loop *loop;
    loop_lookup_cb done; // NULL: cancelled
    void *argument;
    struct loop_address literal;
};

static size_t collect(const struct addrinfo *info, struct loop_address *addresses)
{
    size_t count = 0;
    for (; info != NULL && count < ADDRESSES_MAX; info = info->ai_next) {
        if (info->ai_addrlen > sizeof addresses[count].storage)
            continue;
        memcpy(&addresses[count].storage, info->ai_addr, info->ai_addrlen);
        addresses[count++].length = info->ai_addrlen;
    }
    return count;
}

static void resolved_cb(uv_getaddrinfo_t *request, int status, struct addrinfo *info)
{
    struct loop_lookup *lookup = request->data;
    struct loop_address addresses[ADDRESSES_MAX];
    size_t count = status == 0 ? collect(info, addresses) : 0;
    uv_freeaddrinfo(info);
    if (lookup->done != NULL)
        lookup->done(lookup->argument, count > 0 ? 0 : ERROR_UNREACHABLE, addresses, count);
    memory_free(lookup);
}

static void literal_run(void *argument)
{
    struct loop_lookup *lookup = argument;
    if (lookup->done != NULL)
        lookup->done(lookup->argument, lookup->literal.length > 0 ? 0 : ERROR_UNREACHABLE,
                     &lookup->literal, lookup->literal.length > 0 ? 1 : 0);
    memory_free(lookup);
}

static bool parse_literal(const char *host, uint16_t port, struct loop_address *ret)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->storage;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        ret->length = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        ret->length = sizeof *v6;
        return true;
    }
    return false;
}

struct loop_lookup *loop_lookup_start(struct loop *l, const char *host, uint16_t port,
                                      loop_lookup_cb done, void *argument)
{
    struct loop_lookup *lookup = memory_new(sizeof *lookup);
    lookup->loop = l;
    lookup->done = done;
    lookup->argument = argument;
    lookup->request.data = lookup;
    if (parse_literal(host, port, &lookup->literal)) {
        loop_defer(l, literal_run, lookup);
        return lookup;
    }
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    // A name that the resolver refuses at once is reported like any other failure: later.
    if (uv_getaddrinfo(&l->uv, &lookup->request, resolved_cb, host, service, &hints) != 0)
        loop_defer(l, literal_run, lookup);
    return lookup;
}

void loop_lookup_cancel(struct loop_lookup *lookup)
{
    if (lookup == NULL)
        return;
    lookup->done = NULL;
    // Fails when the thread is at it; then the answer is dropped when it comes. A literal is never
    // queued with libuv and its request has no loop yet.
    if (lookup->request.loop != NULL)
        uv_cancel((uv_req_t *)&lookup->request);
}
