// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One server in each worker's loop, on one address. The kernel spreads connections without knowing
// which worker has what a request is about, so a request can move, connection and all:
//
//   the handler says so -> the turn ends -> the connection leaves this loop -> the other's inbox
//   -> the other loop wakes up -> its handler gets the same request
//
// Only the inboxes are shared; each has a lock that is held for a few instructions.
#include "http/server_internal.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>

struct inbox {
    pthread_mutex_t lock;
    struct list arrived;    // connections, in nobody's loop
    struct loop_wake *wake; // NULL: its server is not there yet, or no more
    struct http_server *server;
};

struct http_group {
    atomic_size_t connections; // of all servers, also those on their way
    size_t count;
    struct inbox inboxes[];
};

struct http_group *http_group_new(size_t count)
{
    struct http_group *group = memory_new(sizeof *group + count * sizeof *group->inboxes);
    group->count = count;
    for (size_t i = 0; i < count; i++) {
        pthread_mutex_init(&group->inboxes[i].lock, NULL);
        list_init(&group->inboxes[i].arrived);
    }
    return group;
}

void http_group_free(struct http_group *group)
{
    if (group == NULL)
        return;
    for (size_t i = 0; i < group->count; i++)
        pthread_mutex_destroy(&group->inboxes[i].lock);
    memory_free(group);
}

size_t http_group_count(const struct http_group *group)
{
    return group->count;
}

size_t http_group_connections(const struct http_group *group)
{
    return atomic_load(&group->connections);
}

void http_group_came(struct http_group *group)
{
    atomic_fetch_add(&group->connections, 1);
}

bool http_group_left(struct http_group *group)
{
    return atomic_fetch_sub(&group->connections, 1) == 1;
}

// ---- Leaving

// It is in nobody's loop: its descriptor, its memory and its place in the group are given back.
static void drop(struct http_group *group, struct server_connection *c)
{
    net_socket_close(&c->socket);
    buffer_release(&c->unsent);
    buffer_release(&c->pending);
    c->reply->server = NULL; // no spare list
    http_reply_give_back(c->reply);
    memory_free(c);
    http_group_left(group);
}

static void depart_run(void *argument)
{
    struct server_connection *c = argument;
    struct http_group *group = c->server->options.group;
    struct inbox *inbox = &group->inboxes[c->leaving_for];
    loop_io_close(c->io);
    c->io = NULL;
    c->server->connections--;
    c->server = NULL;
    pthread_mutex_lock(&inbox->lock);
    bool open = inbox->server != NULL;
    if (open) {
        list_append(&inbox->arrived, &c->link);
        loop_wake_send(inbox->wake);
    }
    pthread_mutex_unlock(&inbox->lock);
    if (!open)
        drop(group, c);
}

bool http_reply_hand_over(struct http_reply *reply, size_t member)
{
    struct server_connection *c = reply->connection;
    struct http_group *group = reply->server->options.group;
    if (c == NULL || c->broken || reply->started || reply->request.moved || group == NULL ||
        member >= group->count || member == reply->server->options.member)
        return false;
    struct inbox *inbox = &group->inboxes[member];
    pthread_mutex_lock(&inbox->lock);
    bool open = inbox->server != NULL;
    pthread_mutex_unlock(&inbox->lock);
    if (!open)
        return false;
    c->leaving = true;
    backlog_leave(&c->waiting);
    c->leaving_for = member;
    reply->request.moved = true;
    reply->events = (struct http_reply_events){NULL, NULL, NULL};
    list_remove(&c->link);
    // Not here: the functions that took the request in are still at work on the connection.
    loop_defer(c->server->loop, depart_run, c);
    return true;
}

// ---- Arriving

static struct server_connection *next_arrived(struct inbox *inbox)
{
    struct server_connection *c = NULL;
    pthread_mutex_lock(&inbox->lock);
    if (!list_empty(&inbox->arrived)) {
        c = LIST_ENTRY(inbox->arrived.next, struct server_connection, link);
        list_remove(&c->link);
    }
    pthread_mutex_unlock(&inbox->lock);
    return c;
}

static void arrived_cb(void *argument)
{
    struct http_server *server = argument;
    struct http_group *group = server->options.group;
    struct server_connection *c;
    while ((c = next_arrived(&group->inboxes[server->options.member])) != NULL)
        if (!http_connection_adopt(server, c))
            drop(group, c);
}

int http_group_join(struct http_server *server)
{
    struct inbox *inbox = &server->options.group->inboxes[server->options.member];
    struct loop_wake *wake = loop_wake_open(server->loop, arrived_cb, server);
    if (wake == NULL)
        return ERROR_NO_MEMORY;
    pthread_mutex_lock(&inbox->lock);
    inbox->wake = wake;
    inbox->server = server;
    pthread_mutex_unlock(&inbox->lock);
    return 0;
}

void http_group_part(struct http_server *server)
{
    struct http_group *group = server->options.group;
    struct inbox *inbox = &group->inboxes[server->options.member];
    pthread_mutex_lock(&inbox->lock);
    struct loop_wake *wake = inbox->wake;
    inbox->wake = NULL;
    inbox->server = NULL;
    pthread_mutex_unlock(&inbox->lock);
    if (wake != NULL)
        loop_wake_close(wake);
    struct server_connection *c;
    while ((c = next_arrived(inbox)) != NULL)
        drop(group, c);
}
