// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/http/http_world.h"
#include "base/memory.h"

#define OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

struct fixture {
    struct loop *loop;
    struct raw_server *server;
    struct http_client *client;
    struct http_client_options options;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.loop = loop_new()};
    f.server = raw_server_open(f.loop);
    f.options =
        (struct http_client_options){.host = SLICE_LITERAL("127.0.0.1"), .port = f.server->port};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_client_free(f->client);
    raw_server_close(f->server);
    loop_free(f->loop);
    return 0;
}

static void open_client(struct fixture *f)
{
    f->client = http_client_new(f->loop, &f->options);
}

static void call(struct fixture *f, struct result *result, const char *body)
{
    *result = (struct result){0};
    assert_int_equal(world_call(f->client, result, "/x?y", body, false), 0);
}

static void succeed(struct fixture *f, struct result *result)
{
    turn_until(f->loop, &result->done);
    if (!result->ended)
        fail_msg("%s", result->text);
    assert_true(slice_equal_string(buffer_slice(&result->body), "hi"));
    result_release(result);
}

enum { BIG = 24 << 20 }; // several times what the kernel takes in for a peer that does not read

static char *big_text(void)
{
    char *text = malloc(BIG + 1);
    for (size_t i = 0; i < BIG; i++)
        text[i] = (char)('a' + (i * 7 + i / 4096) % 26);
    text[BIG] = '\0';
    return text;
}

static void one_connection_serves_many_calls(void **state)
{
    struct fixture *f = *state;
    struct result result;
    char expected[256];
    open_client(f);
    snprintf(
        expected, sizeof expected,
        "POST /x?y HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nX-Test: yes\r\nContent-Length: 4\r\n\r\nbody",
        f->server->port);
    for (int i = 0; i < 10; i++) {
        call(f, &result, "body");
        struct raw *peer = raw_server_peer(f->server, 0);
        raw_expect(peer, expected);
        assert_int_equal(peer->got.length, strlen(expected));
        buffer_clear(&peer->got);
        raw_say(peer, OK_HI);
        succeed(f, &result);
    }
    struct http_client_stats stats = http_client_stats(f->client);
    assert_int_equal(stats.connects, 1);
    assert_int_equal(stats.open, 1);
    assert_int_equal(stats.idle, 1);
    assert_int_equal(stats.failures, 0);
}

static void headers_of_ours_are_ours(void **state)
{
    struct fixture *f = *state;
    open_client(f);
    const struct http_header headers[] = {
        {SLICE_LITERAL("host"), SLICE_LITERAL("evil")},
        {SLICE_LITERAL("Content-Length"), SLICE_LITERAL("99")},
        {SLICE_LITERAL("Transfer-Encoding"), SLICE_LITERAL("chunked")},
        {SLICE_LITERAL("Connection"), SLICE_LITERAL("upgrade")},
        {SLICE_LITERAL("Accept"), SLICE_LITERAL("a/b")}};
    struct http_call_request request = {.method = SLICE_LITERAL("GET"),
                                        .target = SLICE_LITERAL("/"),
                                        .headers = headers,
                                        .header_count = 5};
    struct http_call_events events = {.argument = NULL};
    struct http_call *handle;
    assert_int_equal(http_client_start(f->client, &request, &events, &handle), 0);
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_expect(peer, "\r\n\r\n");
    assert_int_equal(raw_count(peer, "Accept: a/b\r\n\r\n"), 1);
    assert_int_equal(raw_count(peer, "Host:"), 1);
    assert_int_equal(raw_count(peer, "evil"), 0);
    assert_int_equal(raw_count(peer, "ength"), 0);
    assert_int_equal(raw_count(peer, "onnection"), 0);
}

static void nothing_unsafe_is_sent(void **state)
{
    struct fixture *f = *state;
    open_client(f);
    struct http_call_events events = {.argument = NULL};
    struct http_call *handle = NULL;
    const struct http_header bad_value = {SLICE_LITERAL("X"), SLICE_LITERAL("a\r\nY: b")};
    const struct http_header bad_name = {SLICE_LITERAL("X Y"), SLICE_LITERAL("a")};
    const struct {
        struct slice method, target;
        const struct http_header *header;
    } cases[] = {{SLICE_LITERAL("GET"), SLICE_LITERAL("/"), &bad_value},
                 {SLICE_LITERAL("GET"), SLICE_LITERAL("/"), &bad_name},
                 {SLICE_LITERAL("GET"), SLICE_LITERAL("/ HTTP/1.1\r\nX: y"), NULL},
                 {SLICE_LITERAL("GET"), SLICE_LITERAL("/\xc3\xa4"), NULL},
                 {SLICE_LITERAL("GET"), SLICE_LITERAL(""), NULL},
                 {SLICE_LITERAL("GET"), SLICE_LITERAL("x"), NULL},
                 {SLICE_LITERAL(""), SLICE_LITERAL("/"), NULL},
                 {SLICE_LITERAL("GET /"), SLICE_LITERAL("/"), NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_call_request request = {.method = cases[i].method,
                                            .target = cases[i].target,
                                            .headers = cases[i].header,
                                            .header_count = cases[i].header != NULL ? 1 : 0};
        assert_int_equal(http_client_start(f->client, &request, &events, &handle), ERROR_SYNTAX);
    }
    assert_int_equal(http_client_stats(f->client).open, 0);
}

static void tls_without_a_context_is_never_plain(void **state)
{
    struct fixture *f = *state;
    struct result result = {0};
    f->options.tls = true;
    open_client(f);
    assert_int_equal(world_call(f->client, &result, "/", "secret", false), ERROR_CONFIG);
    turn_for(f->loop, 2);
    assert_int_equal(f->server->count, 0);
}

static void a_connection_closed_while_idle_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct result result;
    open_client(f);
    for (size_t i = 0; i < 3; i++) {
        call(f, &result, "");
        struct raw *peer = raw_server_peer(f->server, i);
        raw_expect(peer, "\r\n\r\n");
        raw_say(peer, OK_HI);
        succeed(f, &result);
        // Closed, half-closed, or saying something that nobody asked for.
        if (i == 0)
            raw_finish(peer);
        else if (i == 1)
            raw_say(peer, OK_HI);
        else
            raw_say(peer, "x");
        raw_expect_end(peer);
        assert_int_equal(http_client_stats(f->client).open, 0);
    }
    assert_int_equal(http_client_stats(f->client).connects, 3);
}

static void bytes_behind_an_answer_end_the_connection(void **state)
{
    struct fixture *f = *state;
    struct result result;
    open_client(f);
    call(f, &result, "");
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_expect(peer, "\r\n\r\n");
    raw_say(peer, OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
    succeed(f, &result);
    raw_expect_end(peer);
    call(f, &result, "");
    raw_expect(raw_server_peer(f->server, 1), "\r\n\r\n");
    raw_say(f->server->peers[1], OK_HI);
    succeed(f, &result);
}

// The server takes the request on a used connection and dies without a byte.
static void serve_one_and_die_at_the_next(struct fixture *f, struct result *result, bool repeatable)
{
    open_client(f);
    call(f, result, "");
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_expect(peer, "\r\n\r\n");
    raw_say(peer, OK_HI);
    succeed(f, result);
    buffer_clear(&peer->got);
    *result = (struct result){0};
    assert_int_equal(world_call(f->client, result, "/again", "body", repeatable), 0);
    raw_expect(peer, "body");
    raw_finish(peer);
}

static void a_stale_connection_fails_what_may_not_be_repeated(void **state)
{
    struct fixture *f = *state;
    struct result result;
    serve_one_and_die_at_the_next(f, &result, false);
    turn_until(f->loop, &result.done);
    assert_int_equal(result.code, ERROR_CLOSED);
    assert_true(result.sent);
    assert_int_equal(f->server->count, 1);
}

static void a_stale_connection_repeats_what_may_be(void **state)
{
    struct fixture *f = *state;
    struct result result;
    serve_one_and_die_at_the_next(f, &result, true);
    struct raw *peer = raw_server_peer(f->server, 1);
    raw_expect(peer, "POST /again");
    raw_expect(peer, "body");
    raw_say(peer, OK_HI);
    succeed(f, &result);
    assert_int_equal(f->server->count, 2);
}

static void a_fresh_connection_is_not_tried_again(void **state)
{
    struct fixture *f = *state;
    struct result result = {0};
    open_client(f);
    assert_int_equal(world_call(f->client, &result, "/", "body", true), 0);
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_expect(peer, "body");
    raw_finish(peer);
    turn_until(f->loop, &result.done);
    assert_int_equal(result.code, ERROR_CLOSED);
    assert_true(result.sent);
    assert_int_equal(f->server->count, 1);
}

static void a_begun_answer_is_not_tried_again(void **state)
{
    struct fixture *f = *state;
    struct result result;
    open_client(f);
    call(f, &result, "");
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_expect(peer, "\r\n\r\n");
    raw_say(peer, OK_HI);
    succeed(f, &result);
    buffer_clear(&peer->got);
    result = (struct result){0};
    assert_int_equal(world_call(f->client, &result, "/again", "body", true), 0);
    raw_expect(peer, "body");
    raw_say(peer, "H");
    raw_finish(peer);
    turn_until(f->loop, &result.done);
    assert_int_equal(result.code, ERROR_CLOSED);
    assert_int_equal(f->server->count, 1);
}

// What the server cannot have seen whole goes out again, although it may not be repeated.
static void an_unsent_rest_is_sent_anew(void **state)
{
    struct fixture *f = *state;
    struct result result;
    char *text = big_text();
    open_client(f);
    call(f, &result, "");
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_expect(peer, "\r\n\r\n");
    raw_say(peer, OK_HI);
    succeed(f, &result);
    raw_pause(peer, true);
    call(f, &result, text);
    turn_for(f->loop, 5);
    raw_reset(peer);
    f->server->peers[0] = NULL;
    peer = raw_server_peer(f->server, 1);
    raw_expect_bytes(peer, BIG);
    raw_expect(peer, "\r\n\r\n");
    assert_int_equal(raw_count(peer, "POST /x?y"), 1);
    raw_say(peer, OK_HI);
    succeed(f, &result);
    free(text);
}

static void a_refused_connection_says_so(void **state)
{
    struct fixture *f = *state;
    struct result result = {0};
    char expected[64];
    struct raw_server *other = raw_server_open(f->loop);
    f->options.port = other->port;
    raw_server_close(other);
    open_client(f);
    assert_int_equal(world_call(f->client, &result, "/", "x", false), 0);
    turn_until(f->loop, &result.done);
    snprintf(expected, sizeof expected, "connection refused by 127.0.0.1:%u", f->options.port);
    assert_string_equal(result.text, expected);
    assert_int_equal(result.code, ERROR_UNREACHABLE);
    assert_false(result.sent);
    assert_int_equal(http_client_stats(f->client).failures, 1);
    assert_int_equal(http_client_stats(f->client).open, 0);
}

static void a_name_without_address_says_so(void **state)
{
    struct fixture *f = *state;
    struct result one = {0}, two = {0};
    f->options.host = SLICE_LITERAL("no such name");
    open_client(f);
    assert_int_equal(world_call(f->client, &one, "/", "x", false), 0);
    assert_int_equal(world_call(f->client, &two, "/", "x", false), 0);
    turn_until(f->loop, &one.done);
    turn_until(f->loop, &two.done);
    assert_string_equal(one.text, "the name 'no such name' has no address");
    assert_int_equal(two.code, ERROR_UNREACHABLE);
    assert_false(two.sent);
}

static void a_name_is_looked_up_once(void **state)
{
    struct fixture *f = *state;
    struct result one = {0}, two = {0};
    f->options.host = SLICE_LITERAL("localhost");
    open_client(f);
    assert_int_equal(world_call(f->client, &one, "/", "x", false), 0);
    assert_int_equal(world_call(f->client, &two, "/", "x", false), 0);
    raw_say(raw_server_peer(f->server, 0), OK_HI);
    raw_say(raw_server_peer(f->server, 1), OK_HI);
    char host[64];
    snprintf(host, sizeof host, "Host: localhost:%u\r\n", f->options.port);
    raw_expect(f->server->peers[0], host);
    succeed(f, &one);
    succeed(f, &two);
}

static void silence_is_ended(void **state)
{
    struct fixture *f = *state;
    struct result result;
    f->options.head_timeout_ms = 1000;
    f->options.idle_body_timeout_ms = 60;
    f->options.idle_timeout_ms = 60;
    open_client(f);
    call(f, &result, "x");
    turn_until(f->loop, &result.done);
    assert_string_equal(result.text, "no answer within 1 s");
    assert_int_equal(result.code, ERROR_TIMEOUT);
    assert_true(result.sent);
    raw_expect_end(raw_server_peer(f->server, 0));

    call(f, &result, "x");
    raw_say(raw_server_peer(f->server, 1), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi");
    turn_until(f->loop, &result.done);
    assert_int_equal(result.code, ERROR_TIMEOUT);
    assert_int_equal(result.status, 200);
    result_release(&result);

    call(f, &result, "x");
    raw_say(raw_server_peer(f->server, 2), OK_HI);
    succeed(f, &result);
    raw_expect_end(f->server->peers[2]);
    assert_int_equal(http_client_stats(f->client).open, 0);
}

static void a_call_may_have_its_own_patience(void **state)
{
    struct fixture *f = *state;
    struct result result = {0};
    f->options.connect_timeout_ms = 40; // sets the pace of the clock
    open_client(f);
    struct http_call_request request = {
        .method = SLICE_LITERAL("GET"), .target = SLICE_LITERAL("/"), .head_timeout_ms = 50};
    struct result *results[] = {&result};
    struct http_call_events events = {.on_error = NULL, .argument = results};
    struct http_call *handle;
    assert_int_equal(http_client_start(f->client, &request, &events, &handle), 0);
    raw_expect_end(raw_server_peer(f->server, 0));
}

static void an_event_stream_may_be_silent(void **state)
{
    struct fixture *f = *state;
    struct result result;
    f->options.head_timeout_ms = 40;
    open_client(f);
    call(f, &result, "x");
    raw_say(raw_server_peer(f->server, 0), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    turn_for(f->loop, 150);
    assert_true(result.got_head);
    assert_false(result.done);
    raw_say(f->server->peers[0], "2\r\nhi\r\n0\r\n\r\n");
    succeed(f, &result);
}

static void calls_wait_for_a_connection_in_order(void **state)
{
    struct fixture *f = *state;
    struct result results[5];
    f->options.connections_max = 1;
    f->options.calls_waiting_max = 3;
    open_client(f);
    for (int i = 0; i < 5; i++) {
        char target[16];
        snprintf(target, sizeof target, "/%d", i);
        results[i] = (struct result){0};
        assert_int_equal(world_call(f->client, &results[i], target, "", false),
                         i < 4 ? 0 : ERROR_LIMIT);
    }
    assert_int_equal(http_client_stats(f->client).waiting, 3);
    http_call_cancel(results[2].call);
    struct raw *peer = raw_server_peer(f->server, 0);
    const int order[] = {0, 1, 3};
    for (int i = 0; i < 3; i++) {
        char line[32];
        snprintf(line, sizeof line, "POST /%d ", order[i]);
        raw_expect(peer, line);
        assert_int_equal(raw_count(peer, "POST"), 1);
        buffer_clear(&peer->got);
        raw_say(peer, OK_HI);
        succeed(f, &results[order[i]]);
    }
    assert_int_equal(f->server->count, 1);
    assert_false(results[2].done);
}

static void a_broken_connection_makes_room_for_who_waits(void **state)
{
    struct fixture *f = *state;
    struct result one, two;
    f->options.connections_max = 1;
    open_client(f);
    call(f, &one, "");
    call(f, &two, "");
    raw_expect(raw_server_peer(f->server, 0), "\r\n\r\n");
    raw_finish(f->server->peers[0]);
    turn_until(f->loop, &one.done);
    assert_int_equal(one.code, ERROR_CLOSED);
    raw_say(raw_server_peer(f->server, 1), OK_HI);
    succeed(f, &two);
}

static void waiting_has_an_end(void **state)
{
    struct fixture *f = *state;
    struct result one, two;
    f->options.connections_max = 1;
    f->options.connect_timeout_ms = 60;
    open_client(f);
    call(f, &one, "");
    call(f, &two, "");
    turn_until(f->loop, &two.done);
    assert_int_equal(two.code, ERROR_TIMEOUT);
    assert_false(two.sent);
    assert_string_equal(two.text, "all connections to the server stayed busy");
    assert_false(one.done);
    http_call_cancel(one.call);
}

static void surplus_idle_connections_are_closed(void **state)
{
    struct fixture *f = *state;
    struct result results[3];
    f->options.idle_max = 1;
    open_client(f);
    for (int i = 0; i < 3; i++)
        call(f, &results[i], "");
    for (size_t i = 0; i < 3; i++)
        raw_say(raw_server_peer(f->server, i), OK_HI);
    for (int i = 0; i < 3; i++)
        succeed(f, &results[i]);
    assert_int_equal(http_client_stats(f->client).idle, 1);
    assert_int_equal(http_client_stats(f->client).open, 1);
}

static void a_big_request_waits_for_its_reader(void **state)
{
    struct fixture *f = *state;
    struct result result;
    char *text = big_text();
    open_client(f);
    call(f, &result, text);
    memset(text, 'x', BIG); // it was copied
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_pause(peer, true);
    turn_for(f->loop, 20);
    raw_pause(peer, false);
    raw_expect_bytes(peer, BIG);
    raw_expect(peer, "\r\n\r\n");
    free(text);
    text = big_text();
    struct slice got = buffer_slice(&peer->got);
    assert_int_equal(memcmp(got.data + got.length - BIG, text, BIG), 0);
    raw_say(peer, OK_HI);
    succeed(f, &result);
    assert_int_equal(http_client_stats(f->client).idle, 1);
    free(text);
}

static void an_early_answer_counts(void **state)
{
    struct fixture *f = *state;
    struct result result;
    char *text = big_text();
    open_client(f);
    call(f, &result, text);
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_pause(peer, true);
    raw_say(peer, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nhi");
    succeed(f, &result);
    assert_int_equal(result.status, 413);
    // The rest of the request is not owed any more, and the connection cannot serve another.
    assert_int_equal(http_client_stats(f->client).open, 0);
    free(text);
}

static void an_answer_before_a_reset_counts(void **state)
{
    struct fixture *f = *state;
    struct result result;
    char *text = big_text();
    open_client(f);
    call(f, &result, text);
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_expect_bytes(peer, 100);
    raw_pause(peer, true);
    raw_say(peer, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
    raw_finish(peer);
    succeed(f, &result);
    assert_int_equal(result.status, 413);
    free(text);
}

// While a call is paused its server's bytes stay in the sockets.
static void a_paused_call_reads_nothing(void **state)
{
    struct fixture *f = *state;
    struct result result;
    char *text = big_text();
    open_client(f);
    call(f, &result, "x");
    result.pause_in_body = true;
    struct raw *peer = raw_server_peer(f->server, 0);
    raw_say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < BIG / 0x2000; i++) {
        raw_say(peer, "2000\r\n");
        raw_send(peer, slice_of(text + i * 0x2000, 0x2000));
        raw_say(peer, "\r\n");
    }
    raw_say(peer, "0\r\n\r\n");
    turn_for(f->loop, 20);
    assert_int_equal(result.pieces, 1);
    assert_true(peer->unsent.length > 0);
    for (size_t i = 1; i < 30; i++) {
        http_call_resume(result.call);
        turn_for(f->loop, 2);
        assert_int_equal(result.pieces, i + 1);
    }
    result.pause_in_body = false;
    http_call_resume(result.call);
    http_call_pause(result.call);
    turn_for(f->loop, 5);
    assert_int_equal(result.pieces, 30);
    http_call_resume(result.call);
    http_call_resume(result.call);
    turn_until(f->loop, &result.done);
    assert_true(result.ended);
    assert_true(slice_equal(buffer_slice(&result.body), slice_of(text, BIG)));
    result_release(&result);
    free(text);
}

static void a_paused_call_has_no_timeout(void **state)
{
    struct fixture *f = *state;
    struct result result;
    f->options.idle_body_timeout_ms = 40;
    open_client(f);
    call(f, &result, "x");
    result.pause_in_body = true;
    raw_say(raw_server_peer(f->server, 0), OK_HI);
    turn_until(f->loop, &result.got_head);
    turn_for(f->loop, 120);
    assert_false(result.done);
    result.pause_in_body = false;
    http_call_resume(result.call);
    succeed(f, &result);
}

static void a_call_can_be_cancelled_at_any_time(void **state)
{
    struct fixture *f = *state;
    open_client(f);
    for (int kind = 0; kind < 4; kind++) {
        struct result result;
        call(f, &result, "x");
        result.cancel_in_head = kind == 2;
        result.cancel_in_body = kind == 3;
        if (kind > 0) {
            struct raw *peer = raw_server_peer(f->server, f->server->count);
            raw_expect(peer, "\r\n\r\nx");
            if (kind > 1)
                raw_say(peer, OK_HI);
            if (kind == 1)
                http_call_cancel(result.call);
            raw_expect_end(peer);
        } else {
            http_call_cancel(result.call);
            turn_for(f->loop, 2);
        }
        assert_false(result.done);
        assert_int_equal(http_client_stats(f->client).open, 0);
        result_release(&result);
    }
}

static void freeing_cancels_what_is_open(void **state)
{
    struct fixture *f = *state;
    struct result one, two, three;
    f->options.connections_max = 2;
    open_client(f);
    call(f, &one, "x");
    raw_say(raw_server_peer(f->server, 0), "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi");
    turn_until(f->loop, &one.got_head);
    call(f, &two, "x");
    call(f, &three, "x");
    http_client_free(f->client);
    assert_int_equal(one.code, ERROR_CANCELLED);
    assert_int_equal(two.code, ERROR_CANCELLED);
    assert_false(two.sent);
    assert_int_equal(three.code, ERROR_CANCELLED);
    result_release(&one);
    f->client = NULL;
}

struct chain {
    struct fixture *f;
    int left;
    bool done;
};

static void chain_call(struct chain *chain);

static void chain_end(void *argument)
{
    struct chain *chain = argument;
    if (--chain->left == 0)
        chain->done = true;
    else
        chain_call(chain);
}

static void chain_error(void *argument, int code, bool sent, const char *text)
{
    (void)argument;
    fail_msg("%d %d %s", code, sent, text);
}

static void chain_call(struct chain *chain)
{
    struct http_call_request request = {.method = SLICE_LITERAL("GET"),
                                        .target = SLICE_LITERAL("/")};
    struct http_call_events events = {
        .on_end = chain_end, .on_error = chain_error, .argument = chain};
    struct http_call *handle;
    assert_int_equal(http_client_start(chain->f->client, &request, &events, &handle), 0);
}

// A call that is started as another ends takes over its connection, and costs no allocation.
static void the_next_call_takes_over_the_connection(void **state)
{
    struct fixture *f = *state;
    struct world *world = world_open(NULL);
    struct chain chain = {.f = f, .left = 50};
    f->client = world_client(world->loop, world->port);
    chain_call(&chain);
    turn_until(world->loop, &chain.done);
    chain = (struct chain){.f = f, .left = 100};
    buffer_clear(&world->log);
    buffer_reserve(&world->log, 65536);
    memory_fail_at(1000000000, 0);
    chain_call(&chain);
    while (!chain.done)
        turn_once(world->loop);
    assert_int_equal(memory_attempts(), 0);
    memory_fail_at(0, 0);
    assert_int_equal(world->requests, 150);
    assert_int_equal(http_client_stats(f->client).connects, 1);
    http_client_free(f->client);
    f->client = NULL;
    world_close(world);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_connection_serves_many_calls),
        TEST(headers_of_ours_are_ours),
        TEST(nothing_unsafe_is_sent),
        TEST(tls_without_a_context_is_never_plain),
        TEST(a_connection_closed_while_idle_is_dropped),
        TEST(bytes_behind_an_answer_end_the_connection),
        TEST(a_stale_connection_fails_what_may_not_be_repeated),
        TEST(a_stale_connection_repeats_what_may_be),
        TEST(a_fresh_connection_is_not_tried_again),
        TEST(a_begun_answer_is_not_tried_again),
        TEST(an_unsent_rest_is_sent_anew),
        TEST(a_refused_connection_says_so),
        TEST(a_name_without_address_says_so),
        TEST(a_name_is_looked_up_once),
        TEST(silence_is_ended),
        TEST(a_call_may_have_its_own_patience),
        TEST(an_event_stream_may_be_silent),
        TEST(calls_wait_for_a_connection_in_order),
        TEST(a_broken_connection_makes_room_for_who_waits),
        TEST(waiting_has_an_end),
        TEST(surplus_idle_connections_are_closed),
        TEST(a_big_request_waits_for_its_reader),
        TEST(an_early_answer_counts),
        TEST(an_answer_before_a_reset_counts),
        TEST(a_paused_call_reads_nothing),
        TEST(a_paused_call_has_no_timeout),
        TEST(a_call_can_be_cancelled_at_any_time),
        TEST(freeing_cancels_what_is_open),
        TEST(the_next_call_takes_over_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
