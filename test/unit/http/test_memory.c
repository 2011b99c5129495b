// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The n-th allocation fails while a call goes through: it ends, one way or the other, and nothing
// leaks.
#include "lib/unit.h"
#include "unit/http/http_world.h"
#include "base/memory.h"

enum { BODY = 40000 };

static void stream_handler(struct world *world, struct http_reply *reply,
                           const struct http_request *request)
{
    const struct http_header header = {SLICE_LITERAL("Content-Type"), SLICE_LITERAL("text/plain")};
    (void)world;
    http_reply_start(reply, 200, &header, 1);
    http_reply_write(reply, SLICE_LITERAL("begin"));
    http_reply_write(reply, request->body);
    http_reply_write(reply, SLICE_LITERAL("end"));
    http_reply_finish(reply);
}

static void go_through(size_t n, size_t repeat, bool stream, char *body, bool *ret_reached)
{
    struct http_server_options options = {.head_timeout_ms = 2000};
    struct world *world = world_open(&options);
    struct http_client *client = world_client(world->loop, world->port);
    struct result result = {0};
    if (stream)
        world->handle = stream_handler;
    memory_fail_at(n, repeat);
    int code = world_call(client, &result, "/x", body, true);
    if (code == 0)
        turn_until(world->loop, &result.done);
    else
        assert_int_equal(code, ERROR_NO_MEMORY);
    turn_for(world->loop, 1);
    *ret_reached = memory_attempts() >= n;
    memory_fail_at(0, 0);
    if (!*ret_reached)
        assert_true(result.ended);
    // The pair recovers.
    result_release(&result);
    result = (struct result){0};
    assert_int_equal(world_call(client, &result, "/x", "again", true), 0);
    turn_until(world->loop, &result.done);
    assert_true(result.ended);
    result_release(&result);
    http_client_free(client);
    world_close(world);
}

static void try_all(bool stream, size_t repeat)
{
    char *body = malloc(BODY + 1);
    memset(body, 'b', BODY);
    body[BODY] = '\0';
    bool reached = true;
    size_t n = 1;
    for (; reached; n++)
        go_through(n, repeat, stream, body, &reached);
    assert_true(n > 10);
    free(body);
}

static void any_one_allocation_may_fail(void **state)
{
    (void)state;
    try_all(false, 0);
    try_all(true, 0);
}

static void several_in_a_row_may_fail(void **state)
{
    (void)state;
    try_all(false, 3);
    try_all(true, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_one_allocation_may_fail),
        cmocka_unit_test(several_in_a_row_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
