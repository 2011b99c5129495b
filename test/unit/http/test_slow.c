// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Clients that do not read large answers: what waits for all of them stays within one bound, those
// that hold most for longest are cut, and one that reads is served throughout.
#include "lib/unit.h"
#include "unit/http/http_world.h"
#include "base/log.h"

#include <sys/socket.h>

enum { SLOW = 200, ANSWER = 1 << 20, BOUND = 16 << 20 };

static char *large;

static void answer_large(struct world *world, struct http_reply *reply,
                         const struct http_request *request)
{
    (void)world;
    (void)request;
    http_reply_send(reply, 200, NULL, 0, slice_of(large, ANSWER));
}

static int make_large(void **state)
{
    (void)state;
    large = calloc(1, ANSWER);
    memset(large, 'x', ANSWER);
    return 0;
}

static int drop_large(void **state)
{
    (void)state;
    free(large);
    return 0;
}

// Or else the kernel would take in all of an answer. What a listener is set to, its connections
// inherit.
static struct world *open_with_small_buffers(const struct http_server_options *options)
{
    struct world *world = world_open(options);
    int room = 64 * 1024, listens = 0;
    for (int fd = 3; fd < 64; fd++) {
        socklen_t size = sizeof listens;
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens)
            assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    }
    world->handle = answer_large;
    return world;
}

// The one that reads; its connection is kept.
static void is_served(struct raw *raw, size_t *got)
{
    raw_say(raw, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    *got += sizeof "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" - 1 + ANSWER;
    raw_expect_bytes(raw, *got);
    assert_false(raw->ended);
}

static void slow_readers_share_one_bound(void **state)
{
    (void)state;
    struct backlog waiting;
    backlog_init(&waiting, BOUND);
    struct http_server_options options = {.waiting = &waiting};
    struct world *world = open_with_small_buffers(&options);
    struct raw *slow[SLOW], *good = world_connect(world);
    size_t got = 0, cut = 0;
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = world_connect(world);
        raw_pause(slow[i], true);
        raw_say(slow[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        turn_for(world->loop, 1);
        assert_in_range(waiting.used, 0, BOUND);
        if (i % 10 == 0)
            is_served(good, &got);
    }
    is_served(good, &got);
    assert_in_range(waiting.used, BOUND / 4, BOUND);
    for (size_t i = 0; i < SLOW; i++) {
        raw_pause(slow[i], false);
        // Whole, or cut off; the youngest are whole.
        for (int turns = 0; turns < 2000 && !slow[i]->ended && slow[i]->got.length < ANSWER;
             turns++)
            turn_once(world->loop);
        cut += slow[i]->ended;
        assert_true(slow[i]->ended || i < SLOW - 1 || slow[i]->got.length > ANSWER);
        raw_close(slow[i]);
    }
    assert_int_equal(cut, waiting.cuts);
    assert_in_range(cut, SLOW / 4, SLOW - 1);
    raw_close(good);
    turn_for(world->loop, 20);
    assert_int_equal(waiting.used, 0);
    world_close(world);
}

// Who has taken most of a large answer does not hold the memory of all of it.
static void a_backlog_shrinks_with_what_is_left(void **state)
{
    (void)state;
    struct backlog waiting;
    backlog_init(&waiting, 0);
    struct http_server_options options = {.waiting = &waiting};
    struct world *world = open_with_small_buffers(&options);
    struct raw *raw = world_connect(world);
    raw_pause(raw, true);
    raw_say(raw, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    turn_for(world->loop, 20);
    size_t most = waiting.used;
    assert_true(most > 0);
    raw_pause(raw, false);
    size_t least = most;
    for (int turns = 0; turns < 20000 && waiting.used > 0; turns++) {
        turn_once(world->loop);
        least = waiting.used > 0 && waiting.used < least ? waiting.used : least;
    }
    assert_int_equal(waiting.used, 0);
    assert_in_range(least, 1, most / 2);
    raw_close(raw);
    world_close(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_readers_share_one_bound),
        cmocka_unit_test(a_backlog_shrinks_with_what_is_left),
    };
    log_configure((enum log_level)(LOG_ERROR + 1), LOG_TEXT);
    return cmocka_run_group_tests(tests, make_large, drop_large);
}
