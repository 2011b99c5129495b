// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "http/client_internal.h"
#include "base/memory.h"

#include <stdio.h>

enum { TICK_MIN_MS = 10, TICK_MAX_MS = 500, HEADERS_MAX = 128, TEXT_SIZE = 512 };

uint64_t http_client_now_ms(const struct http_client *client)
{
    return loop_now_us(client->loop) / 1000;
}

static void set_default(size_t *value, size_t standard)
{
    if (*value == 0)
        *value = standard;
}

static void set_default_time(uint64_t *value, uint64_t standard)
{
    if (*value == 0)
        *value = standard;
}

static void set_defaults(struct http_client_options *options)
{
    set_default(&options->connections_max, 512);
    set_default(&options->calls_waiting_max, 1024);
    set_default(&options->idle_max, 64);
    set_default(&options->head_max, 32768);
    set_default_time(&options->connect_timeout_ms, 10000);
    set_default_time(&options->head_timeout_ms, 300000);
    set_default_time(&options->idle_timeout_ms, 30000);
    set_default_time(&options->lookup_ttl_ms, 30000);
}

static char *make_text(const char *before, struct slice host, const char *after, unsigned port)
{
    char text[TEXT_SIZE];
    int length =
        port == 0
            ? snprintf(text, sizeof text, "%s%.*s%s", before, SLICE_PRINT(host), after)
            : snprintf(text, sizeof text, "%s%.*s%s:%u", before, SLICE_PRINT(host), after, port);
    size_t used = length < 0 ? 0 : (size_t)length;
    return memory_copy_string(text, used < sizeof text ? used : sizeof text - 1);
}

static void set_names(struct http_client *client)
{
    struct http_client_options *options = &client->options;
    struct slice host = options->host;
    if (host.length > 255)
        host.length = 255;
    bool v6 = memchr(host.data, ':', host.length) != NULL;
    unsigned standard = options->tls ? 443 : 80;
    unsigned port = options->port == standard ? 0 : options->port;
    client->host = memory_copy_string(host.data, host.length);
    client->origin = make_text(v6 ? "[" : "", host, v6 ? "]" : "", options->port);
    client->authority = make_text(v6 ? "[" : "", host, v6 ? "]" : "", port);
    options->host = slice_of(client->host, host.length);
}

static void tick_cb(void *argument);

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options)
{
    struct http_client *client = memory_new(sizeof *client);
    client->loop = loop;
    client->options = *options;
    set_defaults(&client->options);
    set_names(client);
    list_init(&client->idle);
    list_init(&client->others);
    list_init(&client->waiting);
    list_init(&client->spare);
    client->headers.max = HEADERS_MAX;
    const uint64_t limits[] = {client->options.connect_timeout_ms, client->options.head_timeout_ms,
                               client->options.idle_timeout_ms,
                               client->options.idle_body_timeout_ms};
    uint64_t tick = TICK_MAX_MS;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i] > 0 && limits[i] / 4 < tick)
            tick = limits[i] / 4 < TICK_MIN_MS ? TICK_MIN_MS : limits[i] / 4;
    client->timer = loop_timer_open(loop, tick_cb, client);
    loop_timer_start(client->timer, tick, tick);
    return client;
}

// ---- Connections

static void connection_free(void *argument)
{
    memory_free(argument);
}

static void pump_run(void *argument)
{
    struct http_client *client = argument;
    client->pump_deferred = false;
    while (!client->freed && !list_empty(&client->waiting) && http_client_has_room(client)) {
        struct http_call *call = LIST_ENTRY(client->waiting.next, struct http_call, link);
        list_remove(&call->link);
        client->waiting_count--;
        http_client_open(client, call);
    }
}

void http_client_drop(struct client_connection *c)
{
    struct http_client *client = c->client;
    if (c->dead)
        return;
    c->dead = true;
    loop_io_close(c->io);
    net_dial_cancel(c->dial);
    net_socket_close(&c->socket);
    buffer_release(&c->partial);
    list_remove(&c->link);
    client->open--;
    if (c->state == CLIENT_IDLE)
        client->idle_count--;
    loop_defer(client->loop, connection_free, c);
    // There is room for one that waits.
    if (client->waiting_count > 0 && !client->pump_deferred) {
        client->pump_deferred = true;
        loop_defer(client->loop, pump_run, client);
    }
}

struct client_connection *http_client_take_idle(struct http_client *client)
{
    if (list_empty(&client->idle))
        return NULL;
    struct client_connection *c = LIST_ENTRY(client->idle.previous, struct client_connection, link);
    list_remove(&c->link);
    list_append(&client->others, &c->link);
    client->idle_count--;
    c->state = CLIENT_BUSY;
    return c;
}

void http_client_put_idle(struct client_connection *c)
{
    struct http_client *client = c->client;
    c->since_ms = http_client_now_ms(client);
    if (!list_empty(&client->waiting)) {
        struct http_call *call = LIST_ENTRY(client->waiting.next, struct http_call, link);
        list_remove(&call->link);
        client->waiting_count--;
        http_call_attach(call, c);
        http_exchange_send_stored(c);
        return;
    }
    if (client->idle_count >= client->options.idle_max) {
        http_client_drop(c);
        return;
    }
    c->state = CLIENT_IDLE;
    client->idle_count++;
    list_remove(&c->link);
    list_append(&client->idle, &c->link);
    http_exchange_settle(c);
}

bool http_client_has_room(const struct http_client *client)
{
    return client->open < client->options.connections_max;
}

void http_client_wait(struct http_client *client, struct http_call *call, bool first)
{
    call->since_ms = http_client_now_ms(client);
    list_append(first ? client->waiting.next : &client->waiting, &call->link);
    client->waiting_count++;
}

// ---- Opening: addresses, then dialling

static void dialled_cb(void *argument, int error, struct net_socket socket, const char *text)
{
    struct client_connection *c = argument;
    c->dial = NULL;
    if (error != 0) {
        c->client->failures++;
        // Perhaps the name has moved; ask again next time.
        c->client->addresses_at_ms = 0;
        http_call_connection_failed(c, error, text);
        return;
    }
    c->socket = socket;
    c->state = CLIENT_BUSY;
    c->since_ms = http_client_now_ms(c->client);
    c->io = loop_io_open(c->client->loop, socket.fd, http_exchange_ready_cb, c);
    if (c->io == NULL) {
        http_call_connection_failed(c, ERROR_IO, "out of descriptors or memory");
        return;
    }
    http_exchange_send_stored(c);
}

static void dial(struct client_connection *c)
{
    struct http_client *client = c->client;
    uint64_t waited = http_client_now_ms(client) - c->since_ms;
    uint64_t total = client->options.connect_timeout_ms;
    struct net_dial_options options = {
        .addresses = client->addresses,
        .count = client->address_count,
        .timeout_ms = waited < total ? total - waited : 1,
        .tls = client->options.tls ? client->options.tls_context : NULL,
        .host = client->host,
        .guarded = client->options.guarded,
        .guard = client->options.guard,
    };
    c->state = CLIENT_DIAL;
    client->connects++;
    c->dial = net_dial_start(client->loop, &options, dialled_cb, c);
}

static struct client_connection *next_resolving(struct http_client *client)
{
    LIST_EACH(&client->others, link)
    {
        struct client_connection *c = LIST_ENTRY(link, struct client_connection, link);
        if (c->state == CLIENT_RESOLVE)
            return c;
    }
    return NULL;
}

static void looked_up_cb(void *argument, int error, const struct loop_address *addresses,
                         size_t count)
{
    struct http_client *client = argument;
    struct client_connection *c;
    char text[TEXT_SIZE];
    client->lookup = NULL;
    if (error == 0) {
        client->address_count = count < 8 ? count : 8;
        memcpy(client->addresses, addresses, client->address_count * sizeof *addresses);
        client->addresses_at_ms = http_client_now_ms(client);
    }
    // Old addresses are better than none while the name service is away.
    bool usable = client->address_count > 0, late = error == ERROR_TIMEOUT;
    if (late && usable)
        client->addresses_at_ms = http_client_now_ms(client);
    snprintf(text, sizeof text,
             late ? "nothing answers for the name '%s'" : "the name '%s' has no address",
             client->host);
    while (!client->freed && (c = next_resolving(client)) != NULL) {
        if (usable) {
            dial(c);
        } else {
            client->failures++;
            http_call_connection_failed(c, late ? ERROR_TIMEOUT : ERROR_UNREACHABLE, text);
        }
    }
}

// With addresses of before there must be time left for them.
static void look_up(struct http_client *client)
{
    uint64_t limit_ms = client->options.connect_timeout_ms;
    if (client->address_count > 0)
        limit_ms /= 4;
    client->lookup = loop_lookup_start(client->loop, client->host, client->options.port, limit_ms,
                                       looked_up_cb, client);
}

void http_client_open(struct http_client *client, struct http_call *call)
{
    struct client_connection *c = memory_new(sizeof *c);
    c->client = client;
    list_init(&c->link);
    net_socket_init(&c->socket, -1);
    buffer_init(&c->partial, 0);
    c->since_ms = http_client_now_ms(client);
    client->open++;
    list_append(&client->others, &c->link);
    http_call_attach(call, c);
    c->state = CLIENT_RESOLVE;
    uint64_t age = http_client_now_ms(client) - client->addresses_at_ms;
    bool fresh = client->address_count > 0 && client->addresses_at_ms > 0 &&
                 age < client->options.lookup_ttl_ms;
    if (fresh)
        dial(c);
    else if (client->lookup == NULL)
        look_up(client);
}

// ---- The clock

// The limit of what goes on now, 0 without one; *ret_what names it.
static uint64_t limit_now(const struct client_connection *c, const char **ret_what)
{
    const struct http_client_options *options = &c->client->options;
    if (c->state == CLIENT_RESOLVE) {
        *ret_what = "no address of the server";
        return options->connect_timeout_ms;
    }
    if (c->state != CLIENT_BUSY || c->call == NULL || c->call->paused)
        return 0;
    if (!c->in_body) {
        *ret_what = "no answer";
        return c->call->head_timeout_ms;
    }
    *ret_what = "the answer stopped: nothing came";
    return c->call->body_pause_ms != 0 ? c->call->body_pause_ms : options->idle_body_timeout_ms;
}

static const char *overdue_text(const struct client_connection *c, uint64_t now, char *text)
{
    const char *what = NULL;
    uint64_t limit = limit_now(c, &what);
    bool late = c->in_body && c->call != NULL && c->call->body_by_ms != 0 && !c->call->paused &&
                now >= c->call->body_by_ms;
    if (late)
        return "the answer did not come whole in time";
    if (limit == 0 || now - c->since_ms < limit)
        return NULL;
    if (limit % 1000 == 0)
        snprintf(text, TEXT_SIZE, "%s within %llu s", what, (unsigned long long)limit / 1000);
    else
        snprintf(text, TEXT_SIZE, "%s within %llu ms", what, (unsigned long long)limit);
    return text;
}

static struct client_connection *next_overdue(struct http_client *client, uint64_t now, char *text,
                                              const char **ret_why)
{
    LIST_EACH(&client->others, link)
    {
        struct client_connection *c = LIST_ENTRY(link, struct client_connection, link);
        *ret_why = overdue_text(c, now, text);
        if (*ret_why != NULL)
            return c;
    }
    return NULL;
}

static void expire_waiting(struct http_client *client, uint64_t now)
{
    while (!client->freed && !list_empty(&client->waiting)) {
        struct http_call *call = LIST_ENTRY(client->waiting.next, struct http_call, link);
        if (now - call->since_ms < client->options.connect_timeout_ms)
            return;
        list_remove(&call->link);
        client->waiting_count--;
        http_call_fail(call, ERROR_TIMEOUT, "all connections to the server stayed busy");
    }
}

static void tick_cb(void *argument)
{
    struct http_client *client = argument;
    struct client_connection *c;
    char text[TEXT_SIZE];
    uint64_t now = http_client_now_ms(client);
    while (!list_empty(&client->idle)) {
        c = LIST_ENTRY(client->idle.next, struct client_connection, link);
        if (now - c->since_ms < client->options.idle_timeout_ms)
            break;
        http_client_drop(c);
    }
    const char *why;
    while (!client->freed && (c = next_overdue(client, now, text, &why)) != NULL)
        http_call_connection_failed(c, ERROR_TIMEOUT, why);
    expire_waiting(client, now);
}

// ---- The end

static void call_free(struct http_call *call)
{
    buffer_release(&call->bytes);
    memory_free(call);
}

static void client_free_run(void *argument)
{
    struct http_client *client = argument;
    LIST_EACH(&client->spare, link)
    call_free(LIST_ENTRY(link, struct http_call, link));
    buffer_release(&client->head);
    http_header_list_release(&client->headers);
    memory_free(client->host);
    memory_free(client->origin);
    memory_free(client->authority);
    memory_free(client);
}

static void cancel_all(struct http_client *client)
{
    while (!list_empty(&client->waiting)) {
        struct http_call *call = LIST_ENTRY(client->waiting.next, struct http_call, link);
        list_remove(&call->link);
        client->waiting_count--;
        http_call_fail(call, ERROR_CANCELLED, "cancelled");
    }
    while (!list_empty(&client->others))
        http_call_connection_failed(LIST_ENTRY(client->others.next, struct client_connection, link),
                                    ERROR_CANCELLED, "cancelled");
    while (!list_empty(&client->idle))
        http_client_drop(LIST_ENTRY(client->idle.next, struct client_connection, link));
}

void http_client_free(struct http_client *client)
{
    if (client == NULL || client->freed)
        return;
    client->freed = true;
    loop_timer_close(client->timer);
    loop_lookup_cancel(client->lookup);
    client->lookup = NULL;
    cancel_all(client);
    loop_defer(client->loop, client_free_run, client);
}

struct http_client_stats http_client_stats(const struct http_client *client)
{
    return (struct http_client_stats){.open = client->open,
                                      .idle = client->idle_count,
                                      .waiting = client->waiting_count,
                                      .connects = client->connects,
                                      .failures = client->failures};
}
