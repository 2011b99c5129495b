// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The n-th allocation fails while a change is taken over: a revoked grant is never let in, and once
// there is memory again everything is as the database says. The same for new sealing keys: what is
// sealed opens, whichever step was the last.
#include "world.h"

static struct world world;
static char other[IDENTITY_TOKEN_SIZE];

static int add_other(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_grant grant = {.head.organisation = kept(&w->organisation),
                                .label = SLICE_LITERAL("other"),
                                .tags = SLICE_LITERAL("[\"x\"]")};
    const struct control_reach reach = {kept(&w->server), kept(&w->policy), 1};
    return control_add_grant(view, &grant, &reach, 1, other, error);
}

static int revoke_it(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    return control_revoke_grant(view, kept(&w->organisation), kept(&w->grant), 0, 1000, error);
}

static int touch_server(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_server server;
    int result = store_get_server(view, kept(&w->organisation), kept(&w->server), &server, error);
    return result == 0 ? store_change_server(view, &server, error) : result;
}

static int do_nothing(void *argument, struct store_view *view, struct error *error)
{
    (void)argument;
    (void)view;
    (void)error;
    return 0;
}

static int why(const char *token)
{
    struct control_rules *rules;
    int result;
    world_resolve(&world, token, 1, &result, &rules);
    control_rules_unref(rules);
    return result;
}

// True when an allocation failed.
static bool revoke_with_failing(size_t n)
{
    world_make(&world);
    world_must(&world, world_fill);
    world_must(&world, add_other);
    memory_fail_at(n, 2);
    int result = world_write(&world, revoke_it);
    bool failed = memory_attempts() >= n;
    memory_fail_at(0, 0);
    if (result != 0 && result != ERROR_NO_MEMORY && result != ERROR_IO)
        fail_msg("allocation %zu: %d, %s", n, result, world.error.text);
    if (result == 0)
        assert_int_equal(why(world.token), ERROR_NOT_FOUND);
    if (n % 2 == 0)
        control_note_use(world.control); // what happens once a minute
    world_must(&world, n % 2 == 0 ? do_nothing : touch_server);
    assert_int_equal(why(world.token), result == 0 ? ERROR_NOT_FOUND : 0);
    assert_int_equal(why(other), 0);
    struct control_rules *rules = control_rules(world.control);
    assert_int_equal(control_rules_view(rules)->server_count, 1);
    control_rules_unref(rules);
    world_remove(&world);
    return failed;
}

static void a_revoked_grant_is_never_let_in(void **state)
{
    (void)state;
    size_t n = 1;
    while (revoke_with_failing(n))
        n++;
    printf("%zu allocations\n", n - 1);
    assert_true(n > 10);
}

static int add_credential(void *argument, struct store_view *view, struct error *error)
{
    struct world *w = argument;
    struct store_credential credential = {.head.organisation = kept(&w->organisation),
                                          .server = kept(&w->server),
                                          .place = STORE_HEADER,
                                          .name = SLICE_LITERAL("X-Key")};
    return control_set_credential(w->control, view, &credential, SLICE_LITERAL("s3cret"), error);
}

static void has_credential(void)
{
    struct control_rules *rules = control_rules(world.control);
    const struct control_view *view = control_rules_view(rules);
    assert_int_equal(view->server_count, 1);
    assert_int_equal(view->servers[0].header_count, 1);
    assert_true(slice_equal_string(view->servers[0].headers[0].value, "s3cret"));
    control_rules_unref(rules);
}

// True when an allocation failed.
static bool rotate_with_failing(size_t n)
{
    struct control_rotation rotation = {.noted = false};
    world_make(&world);
    world_must(&world, world_fill);
    world_must(&world, add_credential);
    assert_int_equal(control_open_desk(world.control, &world.error), 0);
    memory_fail_at(n, 2);
    int result = control_rotate_keys(world.control, &rotation, &world.error);
    bool failed = memory_attempts() >= n;
    memory_fail_at(0, 0);
    if (result != 0 && result != ERROR_NO_MEMORY && result != ERROR_IO)
        fail_msg("allocation %zu: %d, %s", n, result, world.error.text);
    world_must(&world, touch_server);
    has_credential();
    if (n % 2 == 0) { // a stop in between
        world_reopen(&world);
        has_credential();
    }
    if (result != 0 && control_rotate_keys(world.control, &rotation, &world.error) != 0)
        fail_msg("after allocation %zu: %s", n, world.error.text);
    assert_int_equal(rotation.number, 2);
    assert_false(control_sealing(world.control).unfinished);
    world_reopen(&world);
    has_credential();
    world_remove(&world);
    return failed;
}

static void what_is_sealed_is_never_lost(void **state)
{
    (void)state;
    size_t n = 1;
    while (rotate_with_failing(n))
        n++;
    printf("%zu allocations\n", n - 1);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_revoked_grant_is_never_let_in),
                                       cmocka_unit_test(what_is_sealed_is_never_lost)};
    return cmocka_run_group_tests_name("control/faults", tests, NULL, NULL);
}
