// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/net.h"

#include <limits.h>

enum {
    OPTIONS_MAX = 1024 * 1024,
    SCRATCH_MAX = 64 * 1024 * 1024,
    TICK_MS = 1000,
    NODES_KEPT = 64 * 1024
};

static size_t or_default(size_t value, size_t otherwise)
{
    return value == 0 ? otherwise : value;
}

static void server_free(struct upstream_server *server)
{
    http_client_free(server->client);
    http_client_free(server->streams);
    upstream_secrets_free(server->secrets);
    upstream_secrets_free(server->next);
    arena_release(&server->memory);
    memory_free(server);
}

struct upstream_server *upstream_server_ref(struct upstream_server *server)
{
    server->references++;
    return server;
}

void **upstream_server_place(struct upstream_server *server)
{
    return &server->place;
}

static void free_server_cb(void *argument)
{
    server_free(argument);
}

void upstream_server_unref(struct upstream_server *server)
{
    if (server == NULL || --server->references > 0)
        return;
    // An event of its connections may still be on its way in this turn.
    loop_defer(server->set->loop, free_server_cb, server);
}

static struct http_client *new_client(const struct upstream_server *server, size_t most,
                                      uint64_t pause_ms)
{
    const struct upstream_options *o = &server->options;
    struct http_client_options options = {
        .host = o->host,
        .port = o->port,
        .tls = o->tls,
        .tls_context = server->set->tls,
        .guarded = o->guarded,
        .guard = server->set->guard,
        .connections_max = most,
        .connect_timeout_ms = or_default(o->connect_timeout_ms, UPSTREAM_CONNECT_TIMEOUT_MS),
        .head_timeout_ms = or_default(o->answer_timeout_ms, UPSTREAM_ANSWER_TIMEOUT_MS),
        .idle_body_timeout_ms = pause_ms,
    };
    return http_client_new(server->set->loop, &options);
}

// An SSE server has a pool for its streams, so that they cannot use up the connections for what it
// is told.
static int open_clients(struct upstream_server *server, struct error *error)
{
    struct upstream_set *set = server->set;
    const struct upstream_options *o = &server->options;
    if (o->tls && set->tls == NULL) {
        int result = net_tls_client(set->ca_file, &set->tls, error);
        if (result != 0)
            return result;
    }
    bool sse = o->transport == UPSTREAM_SSE;
    uint64_t pause_ms = or_default(o->answer_timeout_ms, UPSTREAM_ANSWER_TIMEOUT_MS);
    server->client =
        new_client(server, or_default(o->calls_max, UPSTREAM_CALLS_MAX), sse ? pause_ms : 0);
    server->streams = sse ? new_client(server, UPSTREAM_STREAMS_MAX, 0) : NULL;
    return 0;
}

static int server_new(struct upstream_set *set, const struct upstream_options *options,
                      struct upstream_server **ret, struct error *error)
{
    struct upstream_server *server = memory_new(sizeof *server);
    server->set = set;
    server->references = 1;
    arena_init(&server->memory, OPTIONS_MAX);
    int result = 0;
    if (!upstream_options_copy(&server->memory, options, &server->options))
        result =
            error_set(error, ERROR_NO_MEMORY, "server '%.*s': its options need too much memory",
                      SLICE_PRINT(upstream_shown(options)));
    struct upstream_secrets *secrets = NULL;
    if (result == 0)
        result = upstream_secrets_new(options, &secrets, error);
    if (result == 0)
        upstream_server_tell(server, secrets);
    if (result == 0 && options->transport != UPSTREAM_CHILD)
        result = open_clients(server, error);
    if (result != 0) {
        server_free(server);
        return result;
    }
    *ret = server;
    return 0;
}

static void tick_cb(void *argument)
{
    struct upstream_set *set = argument;
    uint64_t now_us = loop_now_us(set->loop);
    // One huge message must not hold memory for good.
    if (set->doc.capacity > NODES_KEPT)
        json_doc_release(&set->doc);
    LIST_EACH(&set->links, link)
    {
        upstream_link_check_deadlines(LIST_ENTRY(link, struct upstream_link, member), now_us);
    }
}

int upstream_set_new(struct loop *loop, const char *ca_file, struct upstream_set **ret,
                     struct error *error)
{
    struct upstream_set *set = memory_new(sizeof *set);
    set->loop = loop;
    if (ca_file != NULL)
        set->ca_file = memory_copy_string(ca_file, strlen(ca_file));
    table_init(&set->servers);
    list_init(&set->links);
    list_init(&set->idle_calls);
    json_doc_init(&set->doc);
    arena_init(&set->arena, SCRATCH_MAX);
    set->tick = loop_timer_open(loop, tick_cb, set);
    if (set->tick == NULL) {
        upstream_set_free(set);
        return error_set(error, ERROR_NO_MEMORY, "no memory for the servers");
    }
    loop_timer_start(set->tick, TICK_MS, TICK_MS);
    *ret = set;
    return 0;
}

void upstream_set_listen_to_errors(struct upstream_set *set,
                                   void (*line)(void *argument, struct slice line), void *argument)
{
    set->error_line = line;
    set->error_argument = argument;
}

void upstream_set_count_waiting(struct upstream_set *set, struct backlog *backlog)
{
    set->waiting = backlog;
}

void upstream_set_guard(struct upstream_set *set, const struct net_guard *guard)
{
    set->guard = guard;
}

void upstream_set_confine(struct upstream_set *set, const struct loop_process_limits *limits)
{
    set->confined = limits != NULL;
    if (limits != NULL)
        set->limits = *limits;
}

void upstream_set_hear(struct upstream_set *set, upstream_challenged_cb challenged, void *argument)
{
    set->challenged = challenged;
    set->challenged_argument = argument;
}

// What is still `next` belongs to a list that could not be applied.
static void find_gone_cb(void *argument, struct slice name, void *value)
{
    (void)name;
    struct list *gone = argument;
    struct upstream_server *server = value;
    upstream_secrets_free(server->next);
    server->next = NULL;
    if (!server->kept)
        list_append(gone, &server->gone);
    server->kept = false;
}

static void retire(struct upstream_set *set, struct upstream_server *server)
{
    table_remove(&set->servers, server->options.name);
    server->retired = true;
    log_event(LOG_INFO, "upstream", "server '%.*s' was changed or removed",
              SLICE_PRINT(upstream_server_shown(server)));
    upstream_server_unref(server);
}

// Marks what stays and makes what is new, so that a failure changes nothing.
static int make_fresh(struct upstream_set *set, const struct upstream_options *options,
                      size_t count, struct upstream_server **fresh, struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        struct upstream_server *old = table_get(&set->servers, options[i].name);
        if (old == NULL || !upstream_options_equal(&options[i], &old->options)) {
            result = server_new(set, &options[i], &fresh[i], error);
            continue;
        }
        old->kept = true;
        if (!upstream_secrets_equal(&options[i], &old->options))
            result = upstream_secrets_new(&options[i], &old->next, error);
    }
    return result;
}

static void tell_next_cb(void *argument, struct slice name, void *value)
{
    (void)argument;
    (void)name;
    struct upstream_server *server = value;
    if (server->next != NULL)
        upstream_server_tell(server, server->next);
    server->next = NULL;
}

int upstream_set_apply(struct upstream_set *set, const struct upstream_options *options,
                       size_t count, struct error *error)
{
    struct upstream_server **fresh = memory_new((count + 1) * sizeof *fresh);
    int result = make_fresh(set, options, count, fresh, error);
    struct list gone;
    list_init(&gone);
    if (result == 0)
        table_each(&set->servers, tell_next_cb, NULL);
    table_each(&set->servers, find_gone_cb, &gone);
    LIST_EACH(&gone, item)
    {
        if (result == 0)
            retire(set, LIST_ENTRY(item, struct upstream_server, gone));
    }
    for (size_t i = 0; i < count; i++) {
        if (fresh[i] == NULL)
            continue;
        if (result != 0 || table_put(&set->servers, fresh[i]->options.name, fresh[i]) != 0) {
            upstream_server_unref(fresh[i]);
            if (result == 0)
                result = error_set(error, ERROR_NO_MEMORY, "no memory for the servers");
        }
    }
    memory_free(fresh);
    return result;
}

struct upstream_server *upstream_find(const struct upstream_set *set, struct slice name)
{
    return table_get(&set->servers, name);
}

const struct upstream_options *upstream_server_options(const struct upstream_server *server)
{
    return &server->options;
}

bool upstream_server_retired(const struct upstream_server *server)
{
    return server->retired;
}

struct upstream_health upstream_server_health(const struct upstream_server *server)
{
    struct upstream_health health = {.children = server->children,
                                     .calls = server->calls,
                                     .failures = server->failures,
                                     .last_attempt_failed = server->last_attempt_failed};
    const struct http_client *clients[] = {server->client, server->streams};
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        if (clients[i] == NULL)
            continue;
        struct http_client_stats stats = http_client_stats(clients[i]);
        health.connections += stats.open;
        health.idle += stats.idle;
    }
    return health;
}

struct visiting {
    void (*visit)(void *argument, struct upstream_server *server);
    void *argument;
};

static void visit_cb(void *argument, struct slice name, void *value)
{
    (void)name;
    struct visiting *v = argument;
    v->visit(v->argument, value);
}

void upstream_each(const struct upstream_set *set,
                   void (*visit)(void *argument, struct upstream_server *server), void *argument)
{
    struct visiting visiting = {visit, argument};
    table_each(&set->servers, visit_cb, &visiting);
}

static struct upstream_link *next_open_link(const struct upstream_set *set)
{
    LIST_EACH(&set->links, item)
    {
        struct upstream_link *link = LIST_ENTRY(item, struct upstream_link, member);
        if (!link->detached)
            return link;
    }
    return NULL;
}

void upstream_set_drain(struct upstream_set *set, void (*done)(void *argument), void *argument)
{
    struct upstream_link *link;
    while ((link = next_open_link(set)) != NULL) // closing one may close others
        upstream_link_close(link);
    if (list_empty(&set->links)) {
        done(argument);
        return;
    }
    set->drained = done;
    set->drained_argument = argument;
}

bool upstream_set_has_children(const struct upstream_set *set)
{
    return !list_empty(&set->links);
}

static void unref_cb(void *argument, struct slice name, void *value)
{
    (void)argument;
    (void)name;
    struct upstream_server *server = value;
    server->retired = true;
    server->references = INT_MAX / 2; // calls that end now must not free it a second time
    server_free(server);
}

void upstream_set_free(struct upstream_set *set)
{
    if (set == NULL)
        return;
    set->drained = NULL;
    while (!list_empty(&set->links))
        upstream_link_kill(LIST_ENTRY(set->links.next, struct upstream_link, member));
    table_each(&set->servers, unref_cb, NULL);
    table_release(&set->servers);
    LIST_EACH(&set->idle_calls, idle)
    {
        struct upstream_call *call = LIST_ENTRY(idle, struct upstream_call, link);
        buffer_release(&call->body);
        buffer_release(&call->key);
        buffer_release(&call->own_id);
        buffer_release(&call->own_token);
        memory_free(call);
    }
    if (set->tick != NULL)
        loop_timer_close(set->tick);
    net_tls_free(set->tls);
    json_doc_release(&set->doc);
    arena_release(&set->arena);
    memory_free((void *)(uintptr_t)set->ca_file);
    memory_free(set);
}
