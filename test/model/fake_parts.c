// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "base/random.h"
#include "model/fake_parts.h"

// ---- The loop

struct loop_timer {
    struct loop *loop;
    loop_timer_cb fire;
    void *argument;
    size_t place; // in loop->timers
    bool due;
};

uint64_t loop_now_us(struct loop *loop)
{
    return loop->now_us;
}

// It stands still: what was charged stays charged here. model/limits lets time pass over windows.
int64_t loop_wall_ms(struct loop *loop)
{
    (void)loop;
    return 1700000000000;
}

void loop_defer(struct loop *loop, void (*run)(void *argument), void *argument)
{
    assert_true(loop->deferred_count < FAKE_DEFERRED);
    loop->deferred[loop->deferred_count].run = run;
    loop->deferred[loop->deferred_count++].argument = argument;
}

static bool fire_what_is_due(struct loop *loop)
{
    for (size_t i = 0; i < FAKE_TIMERS; i++) {
        struct loop_timer *timer = loop->timers[i];
        if (timer == NULL || !timer->due)
            continue;
        timer->due = false;
        timer->fire(timer->argument);
        return true;
    }
    return false;
}

void fake_loop_settle(struct loop *loop)
{
    do {
        for (size_t i = 0; i < loop->deferred_count; i++)
            loop->deferred[i].run(loop->deferred[i].argument);
        loop->deferred_count = 0;
    } while (fire_what_is_due(loop));
}

bool fake_loop_has_timers(const struct loop *loop)
{
    for (size_t i = 0; i < FAKE_TIMERS; i++)
        if (loop->timers[i] != NULL)
            return true;
    return false;
}

struct loop_timer *loop_timer_open(struct loop *loop, loop_timer_cb fire, void *argument)
{
    size_t place = 0;
    while (place < FAKE_TIMERS && loop->timers[place] != NULL)
        place++;
    assert_true(place < FAKE_TIMERS);
    struct loop_timer *timer = calloc(1, sizeof *timer);
    assert_non_null(timer);
    *timer = (struct loop_timer){loop, fire, argument, place, false};
    loop->timers[place] = timer;
    return timer;
}

// Only what is to be done at once is done; other times never come.
void loop_timer_start(struct loop_timer *timer, uint64_t after_ms, uint64_t repeat_ms)
{
    timer->due = after_ms == 0 && repeat_ms == 0;
}

void loop_timer_stop(struct loop_timer *timer)
{
    timer->due = false;
}

void loop_timer_close(struct loop_timer *timer)
{
    timer->loop->timers[timer->place] = NULL;
    free(timer);
}

// Nobody is asked in the model, so no other thread has anything to say.
struct loop_wake *loop_wake_open(struct loop *loop, loop_timer_cb woken, void *argument)
{
    (void)loop;
    (void)woken;
    (void)argument;
    return NULL;
}

void loop_wake_send(struct loop_wake *wake)
{
    (void)wake;
}

void loop_wake_close(struct loop_wake *wake)
{
    (void)wake;
}

void fake_loop_fire(struct loop *loop)
{
    loop->timers[0]->fire(loop->timers[0]->argument);
}

struct loop_io *loop_io_open(struct loop *loop, int fd, loop_io_cb ready, void *argument)
{
    (void)loop;
    (void)fd;
    (void)ready;
    (void)argument;
    fail_msg("no descriptors here");
    return NULL;
}

int loop_io_want(struct loop_io *io, int events)
{
    (void)io;
    (void)events;
    return 0;
}

void loop_io_close(struct loop_io *io)
{
    (void)io;
}

// ---- Chance: the kernel's would be a fifth of the time, and every walk another

static uint64_t chance = 1;

void random_bytes(void *bytes, size_t size)
{
    unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        chance = chance * 6364136223846793005U + 1442695040888963407U;
        at[i] = (unsigned char)(chance >> 56);
    }
}

void random_hex(char *text, size_t bytes)
{
    unsigned char byte;
    for (size_t i = 0; i < bytes; i++) {
        random_bytes(&byte, 1);
        *text++ = "0123456789abcdef"[byte >> 4];
        *text++ = "0123456789abcdef"[byte & 15];
    }
    *text = '\0';
}

// ---- Replies

static void must_be_open(const struct http_reply *reply)
{
    assert_true(reply->state == REPLY_OPEN || reply->state == REPLY_STREAMING);
}

static void keep(struct http_reply *reply, struct slice data)
{
    assert_true(data.length < sizeof reply->body - reply->length);
    if (data.length > 0)
        memcpy(reply->body + reply->length, data.data, data.length);
    reply->length += data.length;
    reply->body[reply->length] = '\0';
}

static void begin(struct http_reply *reply, enum reply_state state, int status,
                  const struct http_header *headers, size_t count)
{
    assert_int_equal(reply->state, REPLY_OPEN);
    struct slice session =
        http_header_get((struct http_headers){headers, count, NULL}, HTTP_MCP_SESSION_ID);
    reply->state = state;
    reply->status = status;
    if (session.data != NULL)
        snprintf(reply->session, sizeof reply->session, "%.*s", SLICE_PRINT(session));
}

void http_reply_listen(struct http_reply *reply, struct http_reply_events events)
{
    must_be_open(reply);
    reply->events = events;
}

void http_reply_send_pieces(struct http_reply *reply, int status, const struct http_header *headers,
                            size_t header_count, const struct slice *pieces, size_t piece_count)
{
    begin(reply, REPLY_ENDED, status, headers, header_count);
    for (size_t i = 0; i < piece_count; i++)
        keep(reply, pieces[i]);
}

void http_reply_send(struct http_reply *reply, int status, const struct http_header *headers,
                     size_t header_count, struct slice body)
{
    http_reply_send_pieces(reply, status, headers, header_count, &body, 1);
}

void http_reply_forget_request(struct http_reply *reply)
{
    (void)reply;
}

void http_reply_start(struct http_reply *reply, int status, const struct http_header *headers,
                      size_t header_count)
{
    begin(reply, REPLY_STREAMING, status, headers, header_count);
}

int http_reply_write(struct http_reply *reply, struct slice data)
{
    assert_int_equal(reply->state, REPLY_STREAMING);
    keep(reply, data);
    return 0;
}

void http_reply_finish(struct http_reply *reply)
{
    assert_int_equal(reply->state, REPLY_STREAMING);
    reply->state = REPLY_ENDED;
}

size_t http_group_count(const struct http_group *group)
{
    assert_null(group);
    return 1;
}

bool http_reply_hand_over(struct http_reply *reply, size_t member)
{
    (void)reply;
    (void)member;
    return false;
}

void http_reply_abort(struct http_reply *reply)
{
    must_be_open(reply);
    reply->state = REPLY_ENDED;
}

void fake_reply_leave(struct http_reply *reply)
{
    must_be_open(reply);
    reply->state = REPLY_GONE;
    reply->events.on_gone(reply->events.argument);
}

// ---- Servers

void fake_set_open(struct upstream_set *set, const char *name)
{
    set->server = (struct upstream_server){
        .options = {.name = slice_from_string(name), .transport = UPSTREAM_HTTP},
        .references = 1,
        .set = set};
    set->count = 0;
    set->fail_next = false;
}

void fake_set_close(struct upstream_set *set)
{
    assert_int_equal(set->server.references, 1);
}

struct upstream_server *upstream_find(const struct upstream_set *set, struct slice name)
{
    struct upstream_server *server = (struct upstream_server *)&set->server;
    return slice_equal(set->server.options.name, name) ? server : NULL;
}

const struct upstream_options *upstream_server_options(const struct upstream_server *server)
{
    return &server->options;
}

bool upstream_server_retired(const struct upstream_server *server)
{
    (void)server;
    return false;
}

bool upstream_server_has_links(const struct upstream_server *server)
{
    (void)server;
    return false;
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

void upstream_server_unref(struct upstream_server *server)
{
    if (server == NULL)
        return;
    assert_true(server->references > 1);
    server->references--;
}

struct upstream_health upstream_server_health(const struct upstream_server *server)
{
    (void)server;
    return (struct upstream_health){0};
}

void upstream_each(const struct upstream_set *set,
                   void (*visit)(void *argument, struct upstream_server *server), void *argument)
{
    visit(argument, (struct upstream_server *)&set->server);
}

int upstream_link_open(struct upstream_server *server, bool rewrite_ids,
                       const struct upstream_link_events *events, struct upstream_link **ret,
                       struct error *error)
{
    (void)server;
    (void)rewrite_ids;
    (void)events;
    (void)ret;
    return error_set(error, ERROR_UNSUPPORTED, "no links here");
}

bool upstream_link_takes_messages(const struct upstream_link *link)
{
    assert_null(link);
    return false;
}

void upstream_link_close(struct upstream_link *link)
{
    assert_null(link);
}

void upstream_link_pause(struct upstream_link *link)
{
    assert_null(link);
}

void upstream_link_resume(struct upstream_link *link)
{
    assert_null(link);
}

// ---- Calls

static void note(char *to, size_t size, struct slice value)
{
    snprintf(to, size, "%.*s", value.data == NULL ? 0 : (int)value.length,
             value.data == NULL ? "" : value.data);
}

static int token_of(struct slice text)
{
    static const char mark[] = "\"n\":";
    const char *at =
        text.length == 0 ? NULL : memmem(text.data, text.length, mark, sizeof mark - 1);
    return at == NULL ? -1 : (int)strtol(at + sizeof mark - 1, NULL, 10);
}

int upstream_send(struct upstream_server *server, struct upstream_link *link,
                  const struct upstream_request *request, const struct upstream_call_events *events,
                  struct upstream_call **ret_call, struct error *error)
{
    struct upstream_set *set = server->set;
    const struct http_headers headers = {request->headers, request->header_count, NULL};
    assert_null(link);
    if (set->fail_next) {
        set->fail_next = false;
        return error_set(error, ERROR_UNREACHABLE, "nobody is there");
    }
    assert_true(set->count < FAKE_CALLS);
    struct upstream_call *call = &set->calls[set->count++];
    *call = (struct upstream_call){.events = *events,
                                   .verb = request->verb,
                                   .kind = MCP_NOTIFICATION,
                                   .token = token_of(request->text)};
    if (request->message != NULL) {
        call->kind = request->message->kind;
        call->method = request->message->method;
    }
    if (call->kind == MCP_REQUEST)
        note(call->id, sizeof call->id, json_raw(request->doc, request->message->id));
    note(call->session, sizeof call->session, http_header_get(headers, HTTP_MCP_SESSION_ID));
    *ret_call = call;
    return 0;
}

void upstream_call_pause(struct upstream_call *call)
{
    assert_false(call->over);
}

void upstream_call_resume(struct upstream_call *call)
{
    assert_false(call->over);
}

void upstream_call_cancel(struct upstream_call *call, bool tell)
{
    (void)tell;
    assert_false(call->over);
    call->over = call->cancelled = true;
}

void fake_head(struct upstream_call *call, int status, bool stream, const char *session)
{
    if (call->over || call->head)
        return;
    struct upstream_head head = {status, stream, slice_from_string(session), {0}};
    call->head = true;
    call->streaming = stream;
    call->events.on_head(call->events.argument, &head);
}

void fake_message(struct upstream_call *call, const char *text)
{
    struct json_doc doc;
    struct arena arena;
    struct mcp_message decoded;
    int code;
    if (call->over)
        return;
    json_doc_init(&doc);
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, NULL, NULL), 0);
    assert_int_equal(mcp_decode(&doc, 0, &arena, &decoded, &code, NULL), 0);
    struct upstream_message message = {.text = doc.text,
                                       .doc = &doc,
                                       .message = &decoded,
                                       .arena = &arena,
                                       .is_event = call->streaming,
                                       .retry_ms = -1};
    call->events.on_message(call->events.argument, &message);
    arena_release(&arena);
    json_doc_release(&doc);
}

void fake_end(struct upstream_call *call)
{
    if (call->over)
        return;
    call->over = true;
    call->events.on_end(call->events.argument);
}

void fake_error(struct upstream_call *call, int code, bool sent)
{
    if (call->over)
        return;
    call->over = true;
    call->events.on_error(call->events.argument, code, sent, "it broke");
}
