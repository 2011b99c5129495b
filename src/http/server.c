// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "http/server_internal.h"
#include "base/memory.h"

enum {
    SPARE_MAX = 1024,
    SPARE_BYTES_MAX = 16384,
    BODY_FREE = 16384, // of each body: small calls get in whatever others do
    BODIES_MAX = 256 << 20,
    TICK_MIN_MS = 10,
    TICK_MAX_MS = 500,
    LINGER_MS = 2000
};

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

static void set_defaults(struct http_server_options *options)
{
    set_default(&options->head_max, 16384);
    set_default(&options->header_count_max, 100);
    set_default(&options->body_max, 4u << 20);
    size_t eight = options->body_max < SIZE_MAX / 8 ? 8 * options->body_max : SIZE_MAX;
    set_default(&options->bodies_max, eight > BODIES_MAX ? eight : BODIES_MAX);
    set_default(&options->connections_max, 20000);
    set_default_time(&options->head_timeout_ms, 10000);
    set_default_time(&options->body_timeout_ms, 30000);
    set_default_time(&options->body_total_ms, 120000);
    set_default_time(&options->idle_timeout_ms, 75000);
    set_default_time(&options->write_timeout_ms, 30000);
    set_default(&options->unsent_high, 262144);
}

uint64_t http_server_now_ms(struct http_server *server)
{
    return loop_now_us(server->loop) / 1000;
}

static uint64_t phase_limit(const struct http_server *server, enum connection_phase phase)
{
    switch (phase) {
    case PHASE_HANDSHAKE:
    case PHASE_HEAD: return server->options.head_timeout_ms;
    case PHASE_IDLE: return server->options.idle_timeout_ms;
    case PHASE_BODY: return server->options.body_timeout_ms;
    case PHASE_WRITE: return server->options.write_timeout_ms;
    case PHASE_LINGER: return LINGER_MS;
    case PHASE_OPEN:
    case PHASE_COUNT: break;
    }
    return UINT64_MAX;
}

static void overdue(struct server_connection *c)
{
    if (c->phase == PHASE_HEAD)
        http_connection_refuse(c, 408, "the head did not come in time");
    else if (c->phase == PHASE_BODY)
        http_connection_refuse(c, 408, "the body did not come in time");
    else
        http_connection_close(c);
}

static void tick_cb(void *argument)
{
    struct http_server *server = argument;
    uint64_t now = http_server_now_ms(server);
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        struct list *head = &server->phases[phase];
        uint64_t limit = phase_limit(server, (enum connection_phase)phase);
        // What is overdue leaves the list, one way or the other.
        while (!server->freed && !list_empty(head)) {
            struct server_connection *c = LIST_ENTRY(head->next, struct server_connection, link);
            if (now - c->since_ms < limit)
                break;
            overdue(c);
            // Sending failed: it goes at the end of the turn.
            if (head->next == &c->link)
                break;
        }
    }
}

static uint64_t tick_ms(const struct http_server_options *options)
{
    uint64_t least = options->head_timeout_ms;
    const uint64_t others[] = {options->body_timeout_ms, options->idle_timeout_ms,
                               options->write_timeout_ms};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        least = others[i] < least ? others[i] : least;
    least /= 4;
    return least < TICK_MIN_MS ? TICK_MIN_MS : least > TICK_MAX_MS ? TICK_MAX_MS : least;
}

int http_server_open(struct loop *loop, const char *address,
                     const struct http_server_options *options, http_request_cb handle,
                     http_refused_cb refused, void *argument, struct http_server **ret,
                     struct error *error)
{
    struct http_server *server = memory_new(sizeof *server);
    server->loop = loop;
    if (options != NULL)
        server->options = *options;
    set_defaults(&server->options);
    server->handle = handle;
    server->refused = refused;
    server->argument = argument;
    for (int i = 0; i < PHASE_COUNT; i++)
        list_init(&server->phases[i]);
    list_init(&server->spare);
    list_init(&server->corked);
    struct net_listen_options listen = {.share_port = server->options.share_port};
    int result = net_listen(loop, address, &listen, http_connection_accept_cb, server,
                            &server->listener, error);
    if (result == 0 && server->options.group != NULL && http_group_join(server) != 0) {
        net_listener_close(server->listener);
        result = error_set(error, ERROR_NO_MEMORY, "no memory for the server");
    }
    if (result != 0) {
        memory_free(server);
        return result;
    }
    uint64_t tick = tick_ms(&server->options);
    server->timer = loop_timer_open(loop, tick_cb, server);
    loop_timer_start(server->timer, tick, tick);
    *ret = server;
    return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->listener == NULL ? 0 : net_listener_port(server->listener);
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections;
}

static void drained_run(void *argument)
{
    struct http_server *server = argument;
    void (*drained)(void *) = server->drained;
    server->drained = NULL;
    if (drained != NULL && !server->freed)
        drained(server->drained_argument);
}

void http_server_left(struct http_server *server)
{
    server->connections--;
    struct http_group *group = server->options.group;
    bool last = group == NULL ? server->connections == 0 : http_group_left(group);
    if (last && server->drained != NULL)
        loop_defer(server->loop, drained_run, server);
}

void http_server_drain(struct http_server *server, void (*drained)(void *argument), void *argument)
{
    net_listener_close(server->listener);
    server->listener = NULL;
    // A half-sent head was not promised anything; it may come again over a new connection.
    static const int unbound[] = {PHASE_IDLE, PHASE_HEAD};
    for (size_t i = 0; i < sizeof unbound / sizeof *unbound; i++)
        while (!list_empty(&server->phases[unbound[i]]))
            http_connection_close(
                LIST_ENTRY(server->phases[unbound[i]].next, struct server_connection, link));
    server->drained = drained;
    server->drained_argument = argument;
    struct http_group *group = server->options.group;
    if (group == NULL ? server->connections == 0 : http_group_connections(group) == 0)
        drained_run(server);
}

static void reply_free(struct http_reply *reply)
{
    buffer_release(&reply->head);
    buffer_release(&reply->body);
    buffer_release(&reply->corked);
    http_header_list_release(&reply->headers);
    memory_free(reply);
}

static void server_free_run(void *argument)
{
    struct http_server *server = argument;
    LIST_EACH(&server->spare, link)
    reply_free(LIST_ENTRY(link, struct http_reply, link));
    buffer_release(&server->head);
    memory_free(server->trusted);
    memory_free(server);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL || server->freed)
        return;
    server->freed = true;
    net_listener_close(server->listener);
    server->listener = NULL;
    if (server->options.group != NULL)
        http_group_part(server);
    loop_timer_close(server->timer);
    for (int i = 0; i < PHASE_COUNT; i++)
        while (!list_empty(&server->phases[i]))
            http_connection_close(
                LIST_ENTRY(server->phases[i].next, struct server_connection, link));
    loop_defer(server->loop, server_free_run, server);
}

struct http_reply *http_reply_take(struct http_server *server)
{
    struct http_reply *reply;
    if (!list_empty(&server->spare)) {
        reply = LIST_ENTRY(server->spare.next, struct http_reply, link);
        list_remove(&reply->link);
        server->spare_count--;
        return reply;
    }
    reply = memory_try_new(sizeof *reply);
    if (reply == NULL)
        return NULL;
    list_init(&reply->link);
    list_init(&reply->corked_link);
    reply->server = server;
    buffer_init(&reply->head, server->options.head_max);
    buffer_init(&reply->body, server->options.body_max);
    reply->headers.max = server->options.header_count_max;
    return reply;
}

static void trim_buffer(struct buffer *buffer)
{
    if (buffer->capacity > SPARE_BYTES_MAX)
        buffer_release(buffer);
    buffer_clear(buffer);
}

// Nobody has asked yet who sends these bytes, so all of them together are bounded.
bool http_reply_count_body(struct http_reply *reply, size_t more)
{
    struct http_server *server = reply->server;
    size_t length = reply->body.length + more;
    size_t counted = length > BODY_FREE ? length - BODY_FREE : 0;
    if (counted <= reply->counted)
        return true;
    if (counted - reply->counted > server->options.bodies_max - server->bodies)
        return false;
    server->bodies += counted - reply->counted;
    reply->counted = counted;
    return true;
}

void http_reply_uncount_body(struct http_reply *reply)
{
    if (reply->server != NULL)
        reply->server->bodies -= reply->counted;
    reply->counted = 0;
}

void http_reply_forget_request(struct http_reply *reply)
{
    buffer_release(&reply->head);
    buffer_release(&reply->body);
    http_header_list_release(&reply->headers);
    reply->request = (struct http_request){.tls = reply->request.tls};
}

// Spare replies keep their memory as long as it is small; that is why a request costs none.
void http_reply_give_back(struct http_reply *reply)
{
    struct http_server *server = reply->server;
    list_remove(&reply->corked_link);
    http_reply_uncount_body(reply);
    if (server == NULL || server->spare_count >= SPARE_MAX) {
        reply_free(reply);
        return;
    }
    trim_buffer(&reply->head);
    trim_buffer(&reply->body);
    trim_buffer(&reply->corked);
    reply->connection = NULL;
    reply->events = (struct http_reply_events){NULL, NULL, NULL};
    reply->stage = REPLY_HEAD;
    reply->scan = (struct http_head_scan){0, 0, 0};
    reply->request = (struct http_request){.tls = false};
    reply->started = reply->chunked = reply->bodiless = reply->blocked = false;
    // The one used last is the one whose memory is still in the cache.
    reply->link.next = server->spare.next;
    reply->link.previous = &server->spare;
    server->spare.next->previous = &reply->link;
    server->spare.next = &reply->link;
    server->spare_count++;
}
