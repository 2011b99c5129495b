// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A reload: the next message meets the new rules, the session stays, what is under way ends as it
// began.
#include "lib/unit.h"
#include "unit/pipeline/gateway_world.h"

#define NOTHING "{\"version\":\"1\",\"default\":\"deny\"}"
#define ONLY_DROP                                                                                  \
    "{\"version\":\"1\",\"default\":\"deny\",\"hide\":[\"plain\"],\"tools\":{\"drop\":{}}}"

static struct gateway_world *world;
static struct answer answer;
static struct answer session;

static int open_world(void **state)
{
    (void)state;
    world = gateway_world_open(NULL);
    agent_initialize(world, NULL, NULL, "2025-06-18", &session);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    gateway_world_close(world);
    return 0;
}

static void call(const char *tool)
{
    assert_true(agent_call(world, NULL, NULL, session.session, tool, &answer));
    assert_true(answer.ended);
}

static void the_next_message_meets_the_new_rules(void **state)
{
    (void)state;
    call("plain");
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    gateway_world_apply(world, ONLY_DROP, true);
    call("plain");
    assert_true(answer_has(&answer, "Unknown tool: plain"));
    call("drop");
    assert_true(answer_has(&answer, "\"text\":\"drop\""));
    assert_true(agent_ask(world, &(struct ask){.session = session.session, .body = LIST}, &answer));
    assert_false(answer_has(&answer, "plain"));
    assert_true(answer_has(&answer, "s\\u0065cret")); // the new rules do not hide it
    assert_int_equal(fake_count(&world->fake, "initialize"), 1);
}

static void a_call_under_way_ends_as_it_began(void **state)
{
    (void)state;
    struct answer held;
    static const char body[] =
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{"
        "\"name\":\"hold\"}}";
    agent_start(world, &(struct ask){.session = session.session, .body = body}, &held);
    assert_true(gateway_world_wait(world, &world->fake.got_hold));
    gateway_world_apply(world, NOTHING, true);
    call("hold");
    assert_true(answer_has(&answer, "[POLICY DENIED]"));
    fake_release(&world->fake);
    assert_true(gateway_world_wait(world, &held.done));
    assert_int_equal(held.status, 200);
    assert_true(answer_has(&held, "\"text\":\"hold\""));
    assert_int_equal(fake_count(&world->fake, "tools/call hold"), 1);
}

static void a_removed_grant_loses_its_session(void **state)
{
    (void)state;
    gateway_world_apply(world, WORLD_POLICY, false);
    call("plain");
    assert_int_equal(answer.status, 401);
    gateway_world_apply(world, WORLD_POLICY, true);
    call("plain");
    assert_int_equal(answer.status, 404); // begun anew
    assert_int_equal(fake_count(&world->fake, "tools/call plain"), 0);
}

static void limits_outlive_a_reload(void **state)
{
    (void)state;
    call("add");
    gateway_world_apply(world, WORLD_POLICY, true);
    call("add");
    assert_true(answer_has(&answer, "\"text\":\"add\""));
    call("add");
    assert_true(answer_has(&answer, "[POLICY DENIED]"));
    assert_int_equal(fake_count(&world->fake, "tools/call add"), 2);
}

static void listeners_hear_of_the_change(void **state)
{
    (void)state;
    struct answer stream;
    agent_initialize(world, "child", NULL, "2025-06-18", &session);
    agent_start(world, &(struct ask){.server = "child", .verb = "GET", .session = session.session},
                &stream);
    assert_true(agent_call(world, "child", NULL, session.session, "plain", &answer));
    gateway_world_apply(world, NOTHING, true);
    assert_true(agent_ask(
        world, &(struct ask){.server = "child", .verb = "DELETE", .session = session.session},
        &answer));
    assert_true(gateway_world_wait(world, &stream.done));
    assert_true(stream.ended);
    assert_true(answer_has(&stream, "notifications/tools/list_changed"));
}

int main(void)
{
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_next_message_meets_the_new_rules),
        WORLD_TEST(a_call_under_way_ends_as_it_began),
        WORLD_TEST(a_removed_grant_loses_its_session),
        WORLD_TEST(limits_outlive_a_reload),
        WORLD_TEST(listeners_hear_of_the_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
