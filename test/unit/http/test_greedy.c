// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Clients that send so slowly, or so much at once, that they would hold memory for good.
#include "lib/unit.h"
#include "unit/http/http_world.h"

#include <stdio.h>

enum { CLIENTS = 5, PART = 40000, FREE = 16384, ROOM = 3 * (PART + 1 - FREE) };

#define POST_HEAD(length) "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " length "\r\n\r\n"
#define CHUNKED_HEAD "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

static void say_part(struct raw *raw, bool chunked)
{
    static char part[PART];
    memset(part, ' ', sizeof part);
    raw_say(raw, chunked ? CHUNKED_HEAD "100000\r\n" : POST_HEAD("40001"));
    raw_send(raw, slice_of(part, sizeof part));
}

static size_t count_refused(struct raw *const peers[CLIENTS])
{
    size_t refused = 0;
    for (size_t i = 0; i < CLIENTS; i++)
        refused += raw_count(peers[i], "HTTP/1.1 503 ");
    return refused;
}

// Room for three such parts beyond what each body has for free.
static void bodies_that_come_in_are_bounded_together(bool chunked)
{
    struct http_server_options options = {.bodies_max = ROOM};
    struct world *world = world_open(&options);
    struct raw *peers[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++) {
        peers[i] = world_connect(world);
        say_part(peers[i], chunked);
    }
    for (int i = 0; i < 400 && count_refused(peers) < 2; i++)
        turn_for(world->loop, 5);
    assert_int_equal(count_refused(peers), 2);
    assert_int_equal(world->refused_status, 503);
    assert_int_equal(world->requests, 0);
    // A small one gets in.
    struct raw *small = world_connect(world);
    raw_say(small, POST_HEAD("5") "hello");
    raw_expect(small, "ok");
    raw_close(small);
    // What leaves makes room, and so does a body that has become whole.
    for (size_t i = 0; i < CLIENTS; i++)
        raw_close(peers[i]);
    turn_for(world->loop, 20);
    char *whole = calloc(1, FREE + ROOM);
    memset(whole, ' ', FREE + ROOM);
    for (int i = 0; i < 3; i++) {
        struct raw *raw = world_connect(world);
        raw_say(raw, POST_HEAD("87235"));
        raw_send(raw, slice_of(whole, FREE + ROOM));
        raw_expect(raw, "ok");
        raw_close(raw);
    }
    free(whole);
    world_close(world);
}

static void bodies_with_a_length(void **state)
{
    (void)state;
    bodies_that_come_in_are_bounded_together(false);
}

static void bodies_in_chunks(void **state)
{
    (void)state;
    bodies_that_come_in_are_bounded_together(true);
}

// Each byte begins the pause anew, but not the time of the whole.
static void a_dripping_body_is_ended(void **state)
{
    (void)state;
    static const char *const heads[] = {POST_HEAD("1000000"), CHUNKED_HEAD "100000\r\n",
                                        CHUNKED_HEAD "5;"};
    struct http_server_options options = {.body_timeout_ms = 60000, .body_total_ms = 100};
    struct world *world = world_open(&options);
    for (size_t n = 0; n < sizeof heads / sizeof *heads; n++) {
        struct raw *raw = world_connect(world);
        raw_say(raw, heads[n]);
        for (int i = 0; i < 400 && !raw->ended; i++) {
            raw_say(raw, "a");
            turn_for(world->loop, 5);
        }
        assert_int_equal(raw_count(raw, "HTTP/1.1 408 "), 1);
        raw_close(raw);
    }
    world_close(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_with_a_length),
        cmocka_unit_test(bodies_in_chunks),
        cmocka_unit_test(a_dripping_body_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
