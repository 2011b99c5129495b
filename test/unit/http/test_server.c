// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/http/http_world.h"
#include "base/memory.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static struct slice answer_body(const struct raw *raw)
{
    struct slice got = buffer_slice(&raw->got);
    const char *end = memmem(got.data, got.length, "\r\n\r\n", 4);
    assert_non_null(end);
    return slice_of(end + 4, (size_t)(got.data + got.length - end) - 4);
}

static void answers_pipelined_requests_in_order(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    raw_say(raw, GET("/1") "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" GET("/3"));
    raw_expect_bytes(raw, 3 * strlen("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    assert_true(
        slice_equal_string(buffer_slice(&world->log), "GET /1 []\nPOST /2 [hi]\nGET /3 []\n"));
    raw_close(raw);
    world_close(world);
}

static void takes_the_next_request_only_after_the_answer(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    char body[32];
    world->hold = true;
    raw_say(raw, GET("/0") GET("/1") "GET /2 HTTP/1.1\r\nHo");
    for (int i = 0; i < 4; i++) {
        world_wait_request(world);
        turn_for(world->loop, 2);
        assert_int_equal(world->requests, i + 1);
        // The request stays readable as long as its reply is open, whatever came behind it.
        assert_true(slice_equal_string(world->request.method, "GET"));
        assert_int_equal(world->request.path.data[1], '0' + i);
        assert_true(slice_equal_string(http_header_get(world->request.headers, HTTP_HOST), "h"));
        snprintf(body, sizeof body, "answer %d", i);
        http_reply_send(world->held, 200, NULL, 0, slice_from_string(body));
        raw_expect(raw, body);
        if (i == 1)
            raw_say(raw, "st: h\r\n\r\n" GET("/3"));
    }
    raw_close(raw);
    world_close(world);
}

static void closes_when_asked_to(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    };
    for (size_t i = 0; i < 4; i++) {
        struct world *world = world_open(NULL);
        struct raw *raw = world_connect(world);
        raw_say(raw, requests[i]);
        raw_say(raw, GET("/ignored"));
        raw_expect_end(raw);
        assert_true(slice_equal_string(
            buffer_slice(&raw->got),
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
        assert_int_equal(world->requests, 1);
        raw_close(raw);
        world_close(world);
    }
}

static void says_continue_when_a_body_is_awaited(void **state)
{
    (void)state;
    struct http_server_options options = {.body_max = 10};
    struct world *world = world_open(&options);
    struct raw *raw = world_connect(world);
    raw_say(raw, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    raw_expect(raw, "HTTP/1.1 100 Continue\r\n\r\n");
    raw_say(raw, "hi");
    raw_expect(raw, "\r\n\r\nok");
    buffer_clear(&raw->got);
    // The body is there already, or there is none.
    raw_say(raw, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"
                 "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");
    turn_for(world->loop, 5);
    assert_int_equal(raw_count(raw, "HTTP/1.1 200 OK"), 2);
    assert_int_equal(raw_count(raw, "100"), 0);
    buffer_clear(&raw->got);
    raw_say(raw,
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    raw_expect_end(raw);
    assert_int_equal(raw_count(raw, "HTTP/1.1 413"), 1);
    assert_int_equal(raw_count(raw, "100 Continue"), 0);
    raw_close(raw);
    world_close(world);
}

static void stream_handler(struct world *world, struct http_reply *reply,
                           const struct http_request *request)
{
    const struct http_header headers[] = {
        {SLICE_LITERAL("Content-Type"), SLICE_LITERAL("text/event-stream")},
        {SLICE_LITERAL("Transfer-Encoding"), SLICE_LITERAL("gzip")},
        {SLICE_LITERAL("X-Bad"), SLICE_LITERAL("a\r\nX-Forged: b")}};
    (void)request;
    http_reply_start(reply, 200, headers, 3);
    assert_int_equal(http_reply_write(reply, SLICE_LITERAL("one")), 0);
    assert_int_equal(http_reply_write(reply, SLICE_LITERAL("")), 0);
    assert_int_equal(http_reply_write(reply, SLICE_LITERAL("0123456789abcdefX")), 0);
    if (world->hold)
        world->held = reply;
    else
        http_reply_finish(reply);
}

static void streams_in_chunks(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    world->handle = stream_handler;
    raw_say(raw, GET("/"));
    raw_expect(raw, "0\r\n\r\n");
    assert_true(slice_equal_string(
        buffer_slice(&raw->got),
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\none\r\n11\r\n0123456789abcdefX\r\n0\r\n\r\n"));
    // The connection lives on. Without finish the pieces leave at the end of the turn.
    buffer_clear(&raw->got);
    world->hold = true;
    raw_say(raw, GET("/"));
    raw_expect(raw, "0123456789abcdefX\r\n");
    http_reply_write(world->held, SLICE_LITERAL("late"));
    raw_expect(raw, "4\r\nlate\r\n");
    assert_int_equal(raw_count(raw, "0\r\n\r\n"), 0);
    http_reply_finish(world->held);
    raw_expect(raw, "0\r\n\r\n");
    raw_close(raw);
    world_close(world);
}

static void streams_to_old_clients_without_chunks(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    world->handle = stream_handler;
    raw_say(raw, "GET / HTTP/1.0\r\n\r\n");
    raw_expect_end(raw);
    assert_true(slice_equal_string(buffer_slice(&raw->got),
                                   "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                   "Connection: close\r\n\r\none0123456789abcdefX"));
    raw_close(raw);
    world_close(world);
}

static void an_aborted_stream_has_no_end(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    world->handle = stream_handler;
    world->hold = true;
    raw_say(raw, GET("/"));
    raw_expect(raw, "one");
    http_reply_abort(world->held);
    raw_expect_end(raw);
    assert_int_equal(raw_count(raw, "0\r\n\r\n"), 0);
    assert_int_equal(http_server_connections(world->server), 0);
    assert_false(world->gone);
    raw_close(raw);
    world_close(world);
}

static void an_aborted_stream_without_chunks_is_reset(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    world->handle = stream_handler;
    world->hold = true;
    raw_say(raw, "GET / HTTP/1.0\r\n\r\n");
    raw_expect(raw, "one");
    http_reply_abort(world->held);
    raw_expect_end(raw);
    assert_true(raw->reset);
    raw_close(raw);
    world_close(world);
}

static void an_answer_to_head_has_no_body(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    raw_say(raw, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" GET("/"));
    raw_expect(raw, "\r\n\r\nok");
    assert_true(slice_equal_string(buffer_slice(&raw->got),
                                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
                                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    buffer_clear(&raw->got);
    world->handle = stream_handler;
    raw_say(raw, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    raw_expect(raw, "chunked\r\n\r\n");
    turn_for(world->loop, 2);
    assert_int_equal(answer_body(raw).length, 0);
    raw_close(raw);
    world_close(world);
}

static void no_content_handler(struct world *world, struct http_reply *reply,
                               const struct http_request *request)
{
    (void)world;
    (void)request;
    http_reply_send(reply, 204, NULL, 0, SLICE_LITERAL("ignored"));
}

static void no_content_has_no_framing(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    world->handle = no_content_handler;
    raw_say(raw, GET("/"));
    raw_expect(raw, "\r\n\r\n");
    assert_true(slice_equal_string(buffer_slice(&raw->got), "HTTP/1.1 204 No Content\r\n\r\n"));
    raw_close(raw);
    world_close(world);
}

enum { PIECES = 200 };

static void pieces_handler(struct world *world, struct http_reply *reply,
                           const struct http_request *request)
{
    struct slice pieces[PIECES];
    (void)world;
    (void)request;
    for (size_t i = 0; i < PIECES; i++)
        pieces[i] = i % 3 == 0 ? slice_of("", 0) : SLICE_LITERAL("0123456789");
    http_reply_send_pieces(reply, 201, NULL, 0, pieces, PIECES);
}

static void sends_many_pieces(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    world->handle = pieces_handler;
    raw_say(raw, GET("/") GET("/"));
    raw_expect_bytes(raw,
                     2 * (strlen("HTTP/1.1 201 Created\r\nContent-Length: 1330\r\n\r\n") + 1330));
    assert_int_equal(raw_count(raw, "0123456789"), 266);
    assert_int_equal(raw_count(raw, "Content-Length: 1330\r\n"), 2);
    raw_close(raw);
    world_close(world);
}

enum { BIG = 8 << 20 };

static char *big_text(void)
{
    char *text = malloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        text[i] = (char)('a' + (i * 7 + i / 4096) % 26);
    return text;
}

static void takes_a_big_body(void **state)
{
    (void)state;
    struct http_server_options options = {.body_max = BIG};
    char *text = big_text();
    for (int chunked = 0; chunked < 2; chunked++) {
        struct world *world = world_open(&options);
        struct raw *raw = world_connect(world);
        world->hold = true;
        if (chunked) {
            raw_say(raw, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (size_t i = 0; i < 64; i++) {
                raw_say(raw, "20000\r\n");
                raw_send(raw, slice_of(text + i * 0x20000, 0x20000));
                raw_say(raw, "\r\n");
            }
            raw_say(raw, "0\r\n\r\n");
        } else {
            raw_say(raw, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n");
            raw_send(raw, slice_of(text, BIG));
        }
        raw_say(raw, GET("/next"));
        world_wait_request(world);
        assert_true(slice_equal(world->request.body, slice_of(text, BIG)));
        http_reply_send(world->held, 200, NULL, 0, world->request.body);
        world_wait_request(world);
        raw_expect_bytes(raw, BIG);
        assert_true(slice_equal(answer_body(raw), slice_of(text, BIG)));
        raw_close(raw);
        world_close(world);
    }
    free(text);
}

// Several times what the kernel takes in for a peer that does not read.
enum { PUMPED = 4 * BIG };

struct pump {
    struct world *world;
    char *text;
    size_t written;
    size_t waits;
};

static void pump(struct pump *p)
{
    int result = 0;
    while (p->written < PUMPED && result == 0) {
        size_t at = p->written % BIG, length = BIG - at < 50000 ? BIG - at : 50000;
        result = http_reply_write(p->world->held, slice_of(p->text + at, length));
        p->written += length;
    }
    p->waits += result == ERROR_AGAIN ? 1 : 0;
    if (result == 0)
        http_reply_finish(p->world->held);
}

static void pump_on(void *argument)
{
    pump(argument);
}

// A reader that pauses makes the writer pause; memory stays near the mark, and nothing is lost.
static void a_writer_waits_for_its_reader(void **state)
{
    (void)state;
    struct http_server_options options = {.unsent_high = 100000};
    struct world *world = world_open(&options);
    struct raw *raw = world_connect(world);
    struct pump p = {.world = world, .text = big_text()};
    world->hold = true;
    raw_say(raw, "GET / HTTP/1.0\r\n\r\n");
    world_wait_request(world);
    http_reply_listen(world->held, (struct http_reply_events){NULL, pump_on, &p});
    raw_pause(raw, true);
    http_reply_start(world->held, 200, NULL, 0);
    pump(&p);
    turn_for(world->loop, 20);
    size_t stalled = p.written;
    turn_for(world->loop, 20);
    assert_int_equal(p.written, stalled);
    assert_true(stalled < PUMPED);
    raw_pause(raw, false);
    raw_expect_end(raw);
    struct slice got = answer_body(raw);
    assert_int_equal(got.length, PUMPED);
    for (size_t at = 0; at < PUMPED; at += BIG)
        assert_memory_equal(got.data + at, p.text, BIG);
    assert_true(p.waits > 1);
    free(p.text);
    raw_close(raw);
    world_close(world);
}

static void a_reader_that_stalls_is_left(void **state)
{
    (void)state;
    struct http_server_options options = {.write_timeout_ms = 40};
    struct world *world = world_open(&options);
    struct raw *raw = world_connect(world);
    char *text = big_text();
    world->hold = true;
    raw_pause(raw, true);
    raw_say(raw, GET("/"));
    world_wait_request(world);
    http_reply_start(world->held, 200, NULL, 0);
    while (http_reply_write(world->held, slice_of(text, 1 << 20)) == 0)
        continue;
    turn_until(world->loop, &world->gone);
    assert_int_equal(http_server_connections(world->server), 0);
    free(text);
    raw_close(raw);
    world_close(world);
}

// The reply has ended, but its reader stalls.
static void an_ended_reply_does_not_linger_for_ever(void **state)
{
    (void)state;
    struct http_server_options options = {.write_timeout_ms = 40};
    struct world *world = world_open(&options);
    struct raw *raw = world_connect(world);
    char *text = big_text();
    world->hold = true;
    raw_pause(raw, true);
    raw_say(raw, GET("/"));
    world_wait_request(world);
    http_reply_send(world->held, 200, NULL, 0, slice_of(text, BIG));
    raw_pause(raw, true);
    turn_for(world->loop, 120);
    assert_int_equal(http_server_connections(world->server), 0);
    assert_false(world->gone);
    free(text);
    raw_close(raw);
    world_close(world);
}

static void going_away_is_noticed(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        for (int pipelined = 0; pipelined < 2; pipelined++) {
            struct world *world = world_open(NULL);
            struct raw *raw = world_connect(world);
            world->hold = true;
            raw_say(raw, GET("/"));
            world_wait_request(world);
            // So many bytes behind it that reading has stopped.
            for (int i = 0; pipelined && i < 4000; i++)
                raw_say(raw, GET("/more"));
            turn_for(world->loop, 3);
            assert_false(world->gone);
            if (kind == 0)
                raw_close(raw);
            else if (kind == 1)
                raw_reset(raw);
            else
                raw_finish(raw);
            turn_until(world->loop, &world->gone);
            assert_int_equal(world->requests, 1);
            turn_for(world->loop, 2);
            assert_int_equal(http_server_connections(world->server), 0);
            if (kind == 2)
                raw_close(raw);
            world_close(world);
        }
    }
}

static uint64_t cpu_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void waiting_requests_do_not_spin(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    world->hold = true;
    raw_say(raw, GET("/"));
    world_wait_request(world);
    for (int i = 0; i < 4000; i++)
        raw_say(raw, GET("/more"));
    turn_for(world->loop, 10);
    uint64_t before = cpu_us();
    turn_for(world->loop, 300);
    assert_true(cpu_us() - before < 150000);
    // And all of them are served, each in its turn.
    world->hold = false;
    http_reply_send(world->held, 200, NULL, 0, SLICE_LITERAL("ok"));
    raw_expect_bytes(raw, 4001 * strlen("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    assert_int_equal(world->requests, 4001);
    raw_close(raw);
    world_close(world);
}

// A peer that only asks and never reads is not served without bound.
static void pipelining_without_reading_is_bounded(void **state)
{
    (void)state;
    struct http_server_options options = {.unsent_high = 65536};
    struct world *world = world_open(&options);
    struct raw *raw = world_connect(world);
    char answer[10001];
    memset(answer, 'x', sizeof answer - 1);
    answer[sizeof answer - 1] = '\0';
    world->answer = answer;
    raw_pause(raw, true);
    for (int i = 0; i < 5000; i++)
        raw_say(raw, GET("/"));
    turn_for(world->loop, 50);
    size_t served = world->requests;
    turn_for(world->loop, 20);
    assert_int_equal(world->requests, served);
    assert_true(served < 2500);
    raw_pause(raw, false);
    raw_expect_bytes(raw, 5000u * 10000u);
    assert_int_equal(world->requests, 5000);
    raw_close(raw);
    world_close(world);
}

static void silence_is_ended(void **state)
{
    (void)state;
    struct http_server_options options = {
        .head_timeout_ms = 60, .body_timeout_ms = 60, .idle_timeout_ms = 60};
    struct world *world = world_open(&options);
    struct raw *raw = world_connect(world);
    raw_expect_end(raw);
    assert_int_equal(raw->got.length, 0); // idle: no words
    assert_int_equal(world->refusals, 0);
    raw_close(raw);
    raw = world_connect(world);
    raw_say(raw, GET("/"));
    raw_expect(raw, "ok");
    raw_expect_end(raw);
    assert_int_equal(raw_count(raw, "HTTP/1.1"), 1);
    raw_close(raw);
    raw = world_connect(world);
    raw_say(raw, "GET / HT");
    raw_expect_end(raw);
    assert_int_equal(raw_count(raw, "HTTP/1.1 408 "), 1);
    raw_close(raw);
    raw = world_connect(world);
    raw_say(raw, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhi");
    raw_expect_end(raw);
    assert_int_equal(raw_count(raw, "HTTP/1.1 408 "), 1);
    assert_int_equal(world->refused_status, 408);
    raw_close(raw);
    world_close(world);
}

// A head that drips does not get more time with each byte; a body does.
static void a_dripping_head_is_ended(void **state)
{
    (void)state;
    struct http_server_options options = {.head_timeout_ms = 80, .body_timeout_ms = 4000};
    struct world *world = world_open(&options);
    struct raw *raw = world_connect(world);
    raw_say(raw, "GET /");
    for (int i = 0; i < 400 && !raw->ended; i++) {
        raw_say(raw, "a");
        turn_for(world->loop, 5);
    }
    assert_int_equal(raw_count(raw, "HTTP/1.1 408 "), 1);
    raw_close(raw);
    raw = world_connect(world);
    raw_say(raw, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\n\r\n");
    for (int i = 0; i < 40; i++) {
        raw_say(raw, "a");
        turn_for(world->loop, 5);
    }
    raw_expect(raw, "ok");
    raw_close(raw);
    world_close(world);
}

static void an_open_reply_has_no_timeout(void **state)
{
    (void)state;
    struct http_server_options options = {.head_timeout_ms = 20,
                                          .body_timeout_ms = 20,
                                          .idle_timeout_ms = 20,
                                          .write_timeout_ms = 20};
    struct world *world = world_open(&options);
    struct raw *raw = world_connect(world);
    world->hold = true;
    raw_say(raw, GET("/"));
    world_wait_request(world);
    turn_for(world->loop, 150);
    assert_false(world->gone);
    http_reply_send(world->held, 200, NULL, 0, SLICE_LITERAL("patience"));
    raw_expect(raw, "patience");
    raw_close(raw);
    world_close(world);
}

static void drained_cb(void *argument)
{
    *(bool *)argument = true;
}

static void drains(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *idle = world_connect(world), *busy = world_connect(world),
               *half = world_connect(world), *body = world_connect(world);
    bool drained = false;
    world->hold = true;
    raw_say(idle, GET("/"));
    world_wait_request(world);
    http_reply_send(world->held, 200, NULL, 0, SLICE_LITERAL("ok"));
    raw_expect(idle, "ok");
    raw_say(half, "GET /half HTT");
    raw_say(body, "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
    raw_say(busy, GET("/"));
    world_wait_request(world);
    http_server_drain(world->server, drained_cb, &drained);
    raw_expect_end(idle);
    raw_expect_end(half);
    assert_false(drained);
    http_reply_send(world->held, 200, NULL, 0, SLICE_LITERAL("last"));
    raw_expect_end(busy);
    assert_int_equal(raw_count(busy, "Connection: close\r\n\r\nlast"), 1);
    raw_say(body, "dy");
    world_wait_request(world);
    assert_true(slice_equal_string(world->request.body, "body"));
    http_reply_send(world->held, 200, NULL, 0, SLICE_LITERAL("really last"));
    raw_expect_end(body);
    assert_int_equal(raw_count(body, "Connection: close\r\n\r\nreally last"), 1);
    turn_until(world->loop, &drained);
    assert_int_equal(http_server_port(world->server), 0);
    raw_close(idle);
    raw_close(busy);
    raw_close(half);
    raw_close(body);
    world_close(world);

    world = world_open(NULL);
    drained = false;
    http_server_drain(world->server, drained_cb, &drained);
    assert_true(drained);
    world_close(world);
}

static void freeing_tells_open_replies(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    world->hold = true;
    raw_say(raw, GET("/"));
    world_wait_request(world);
    http_server_free(world->server);
    assert_true(world->gone);
    raw_expect_end(raw);
    raw_close(raw);
    world->server = NULL;
    world_close(world);
}

// Whoever does not listen may still end the reply, even after the server is gone.
static void a_reply_nobody_listens_to_may_end_late(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct world *world = world_open(NULL);
        struct raw *raw = world_connect(world);
        world->hold = true;
        raw_say(raw, GET("/"));
        world_wait_request(world);
        struct http_reply *reply = world->held;
        http_reply_listen(reply, (struct http_reply_events){NULL, NULL, NULL});
        if (kind > 0)
            http_reply_start(reply, 200, NULL, 0);
        raw_close(raw);
        turn_for(world->loop, 3);
        assert_int_equal(http_server_connections(world->server), 0);
        http_server_free(world->server);
        world->server = NULL;
        turn_for(world->loop, 2);
        if (kind == 0) {
            http_reply_send(reply, 200, NULL, 0, SLICE_LITERAL("late"));
        } else {
            assert_int_equal(http_reply_write(reply, SLICE_LITERAL("late")), 0);
            if (kind == 1)
                http_reply_finish(reply);
            else
                http_reply_abort(reply);
        }
        world_close(world);
    }
}

static void too_many_connections_are_closed(void **state)
{
    (void)state;
    struct http_server_options options = {.connections_max = 2};
    struct world *world = world_open(&options);
    struct raw *one = world_connect(world), *two = world_connect(world),
               *three = world_connect(world);
    raw_expect_end(three);
    raw_say(one, GET("/"));
    raw_say(two, GET("/"));
    raw_expect(one, "ok");
    raw_expect(two, "ok");
    assert_int_equal(http_server_connections(world->server), 2);
    raw_close(one);
    raw_close(two);
    raw_close(three);
    world_close(world);
}

static void ports_are_shared_only_on_purpose(void **state)
{
    (void)state;
    struct http_server_options options = {.share_port = true};
    struct world *world = world_open(&options);
    struct http_server *second = NULL;
    struct error error;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", world->port);
    assert_int_equal(
        http_server_open(world->loop, address, NULL, NULL, NULL, NULL, &second, &error),
        ERROR_EXISTS);
    assert_non_null(strstr(error.text, address));
    assert_int_equal(
        http_server_open(world->loop, address, &options, NULL, NULL, NULL, &second, &error), 0);
    assert_int_equal(http_server_port(second), world->port);
    http_server_free(second);
    assert_int_equal(
        http_server_open(world->loop, "nowhere", NULL, NULL, NULL, NULL, &second, &error),
        ERROR_CONFIG);
    world_close(world);
}

static void a_request_knows_its_peer(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    char peer[64];
    getsockname(raw->fd, (struct sockaddr *)&own, &length);
    snprintf(peer, sizeof peer, "127.0.0.1:%u", ntohs(own.sin_port));
    world->hold = true;
    raw_say(raw, GET("/"));
    world_wait_request(world);
    assert_true(slice_equal_string(world->request.peer, peer));
    assert_true(world->request.peer_is_loopback);
    assert_false(world->request.tls);
    raw_close(raw);
    world_close(world);
}

// After the first few, a request on a kept-alive connection allocates nothing.
static void a_request_costs_no_allocation(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct raw *raw = world_connect(world);
    buffer_reserve(&world->log, 65536);
    for (int round = 0; round < 2; round++) {
        memory_fail_at(1000000000, 0);
        for (int i = 0; i < 50; i++) {
            world->handle = i % 2 == 0 ? NULL : stream_handler;
            world->requests = 0;
            raw_say(raw, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
            while (world->requests == 0)
                turn_once(world->loop);
        }
        size_t attempts = memory_attempts();
        memory_fail_at(0, 0);
        // The raw peer reads too, with its own buffer; it may have grown once or twice.
        if (round == 1)
            assert_true(attempts <= 2);
    }
    raw_close(raw);
    world_close(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_pipelined_requests_in_order),
        cmocka_unit_test(takes_the_next_request_only_after_the_answer),
        cmocka_unit_test(closes_when_asked_to),
        cmocka_unit_test(says_continue_when_a_body_is_awaited),
        cmocka_unit_test(streams_in_chunks),
        cmocka_unit_test(streams_to_old_clients_without_chunks),
        cmocka_unit_test(an_aborted_stream_has_no_end),
        cmocka_unit_test(an_aborted_stream_without_chunks_is_reset),
        cmocka_unit_test(an_answer_to_head_has_no_body),
        cmocka_unit_test(no_content_has_no_framing),
        cmocka_unit_test(sends_many_pieces),
        cmocka_unit_test(takes_a_big_body),
        cmocka_unit_test(a_writer_waits_for_its_reader),
        cmocka_unit_test(a_reader_that_stalls_is_left),
        cmocka_unit_test(an_ended_reply_does_not_linger_for_ever),
        cmocka_unit_test(going_away_is_noticed),
        cmocka_unit_test(waiting_requests_do_not_spin),
        cmocka_unit_test(pipelining_without_reading_is_bounded),
        cmocka_unit_test(silence_is_ended),
        cmocka_unit_test(a_dripping_head_is_ended),
        cmocka_unit_test(an_open_reply_has_no_timeout),
        cmocka_unit_test(drains),
        cmocka_unit_test(freeing_tells_open_replies),
        cmocka_unit_test(a_reply_nobody_listens_to_may_end_late),
        cmocka_unit_test(too_many_connections_are_closed),
        cmocka_unit_test(ports_are_shared_only_on_purpose),
        cmocka_unit_test(a_request_knows_its_peer),
        cmocka_unit_test(a_request_costs_no_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
