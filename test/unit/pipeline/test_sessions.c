// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Conversations of the legacy era: whose they are, when they end, batches, children.
#include "lib/unit.h"
#include "unit/pipeline/gateway_world.h"

static struct gateway_world *world;
static struct answer answer;
static struct answer session;

static int open_world(void **state)
{
    (void)state;
    world = gateway_world_open(NULL);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    assert_false(world->fake.saw_foreign_id);
    gateway_world_close(world);
    return 0;
}

static void call_is(const char *server, const char *grant, const char *id, int status)
{
    assert_true(agent_call(world, server, grant, id, "plain", &answer));
    assert_true(answer.ended);
    assert_int_equal(answer.status, status);
}

static void a_session_is_good_for_one_grant_and_one_server(void **state)
{
    (void)state;
    agent_initialize(world, "fake", "agent", "2025-06-18", &session);
    assert_string_not_equal(session.session, "upstream-session-1");
    call_is("fake", "other", session.session, 404);
    call_is("child", "agent", session.session, 404);
    call_is("dead", "agent", session.session, 404);
    assert_int_equal(fake_count(&world->fake, "tools/call plain"), 0);
    call_is("fake", "agent", session.session, 200);
}

static void unknown_sessions_are_not_found(void **state)
{
    (void)state;
    call_is("fake", "agent", "0123456789abcdef", 404);
    call_is("fake", "agent", "upstream-session-1", 404);
    assert_true(agent_ask(world, &(struct ask){.body = LIST}, &answer));
    assert_int_equal(answer.status, 400); // none at all
    assert_int_equal(world->fake.length, 0);
}

static void a_deleted_session_is_over(void **state)
{
    (void)state;
    agent_initialize(world, "fake", "agent", "2025-06-18", &session);
    assert_true(
        agent_ask(world, &(struct ask){.verb = "DELETE", .session = session.session}, &answer));
    assert_int_equal(answer.status, 200);
    call_is("fake", "agent", session.session, 404);
    assert_int_equal(fake_count(&world->fake, "DELETE"), 1);
    assert_int_equal(fake_count(&world->fake, "tools/call plain"), 0);
}

static void nothing_is_opened_at_a_server_that_is_not_there(void **state)
{
    (void)state;
    assert_true(agent_ask(world, &(struct ask){.server = "dead", .body = INITIALIZE("2025-06-18")},
                          &answer));
    assert_int_equal(answer.status, 502);
    assert_int_equal(strlen(answer.session), 0);
}

static size_t count_of(const char *text)
{
    size_t count = 0;
    for (const char *at = answer.body; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static void members_of_a_batch_are_judged_one_by_one(void **state)
{
    (void)state;
    static const char batch[] =
        "[{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"plain\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":11,\"method\":\"tools/call\",\"params\":{\"name\":\"drop\"}},"
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":\"tools/list\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":13,\"method\":\"initialize\",\"params\":{}},"
        "{\"jsonrpc\":\"2.0\",\"id\":14,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"secret\"}}]";
    agent_initialize(world, "fake", "agent", "2025-03-26", &session);
    assert_true(
        agent_ask(world, &(struct ask){.session = session.session, .body = batch}, &answer));
    assert_true(answer.ended);
    assert_int_equal(answer.status, 200);
    assert_int_equal(count_of("data: "), 5);
    assert_true(answer_has(&answer, "\"id\":10,\"result\""));
    assert_true(answer_has(&answer, "[POLICY DENIED] Nothing may be dropped."));
    assert_true(answer_has(&answer, "\"id\":12,\"result\""));
    assert_true(answer_has(&answer, "\"id\":13,\"error\""));
    assert_true(answer_has(&answer, "Unknown tool: secret"));
    assert_int_equal(fake_count(&world->fake, "tools/call plain"), 1);
    assert_int_equal(fake_count(&world->fake, "tools/call drop"), 0);
    assert_int_equal(fake_count(&world->fake, "tools/call secret"), 0);
    assert_int_equal(fake_count(&world->fake, "initialize"), 1);
    assert_int_equal(fake_count(&world->fake, "notifications/initialized"), 1);
}

static void other_versions_know_no_batches(void **state)
{
    (void)state;
    agent_initialize(world, "fake", "agent", "2025-06-18", &session);
    assert_true(
        agent_ask(world, &(struct ask){.session = session.session, .body = "[" LIST "]"}, &answer));
    assert_int_equal(answer.status, 400);
    assert_int_equal(fake_count(&world->fake, "tools/list"), 0);
}

static void each_session_has_a_child_of_its_own(void **state)
{
    (void)state;
    struct answer second;
    agent_initialize(world, "child", "agent", "2025-06-18", &session);
    agent_initialize(world, "child", "agent", "2025-06-18", &second);
    struct upstream_server *server = upstream_find(world->upstreams, SLICE_LITERAL("child"));
    assert_int_equal(upstream_server_health(server).children, 2);
    call_is("child", "agent", session.session, 200);
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    assert_true(agent_call(world, "child", NULL, session.session, "drop", &answer));
    assert_true(answer_has(&answer, "[POLICY DENIED]"));
    assert_true(
        agent_ask(world, &(struct ask){.server = "child", .session = session.session, .body = LIST},
                  &answer));
    assert_false(answer_has(&answer, "secret"));
    assert_true(answer_has(&answer, "\"plain\""));
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"plain\""), 1);
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"drop\""), 0);
}

static void sessions_that_share_a_child_do_not_meet(void **state)
{
    (void)state;
    struct answer second;
    agent_initialize(world, "shared", "agent", "2025-06-18", &session);
    agent_initialize(world, "shared", "other", "2025-06-18", &second);
    assert_string_not_equal(session.session, second.session);
    struct upstream_server *server = upstream_find(world->upstreams, SLICE_LITERAL("shared"));
    assert_int_equal(upstream_server_health(server).children, 1);
    assert_int_equal(gateway_world_told(world, "\"initialize\" \"a\""), 1);
    assert_true(agent_call(world, "shared", "agent", session.session, "stream", &answer));
    assert_true(answer_has(&answer, "\"progressToken\":\"t\""));
    assert_true(answer_has(&answer, "\"id\":3,"));
    call_is("shared", "other", second.session, 200);
    assert_true(answer_has(&answer, "\"id\":3,"));
    call_is("shared", "other", session.session, 404);
}

static void a_dead_child_ends_its_session(void **state)
{
    (void)state;
    agent_initialize(world, "child", "agent", "2025-06-18", &session);
    assert_true(agent_call(world, "child", NULL, session.session, "die", &answer));
    assert_true(answer.ended);
    assert_int_equal(answer.status, 502);
    assert_true(answer_has(&answer, "may or may not have run"));
    call_is("child", "agent", session.session, 404);
    agent_initialize(world, "child", "agent", "2025-06-18", &session);
    call_is("child", "agent", session.session, 200);
}

int main(void)
{
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_session_is_good_for_one_grant_and_one_server),
        WORLD_TEST(unknown_sessions_are_not_found),
        WORLD_TEST(a_deleted_session_is_over),
        WORLD_TEST(nothing_is_opened_at_a_server_that_is_not_there),
        WORLD_TEST(members_of_a_batch_are_judged_one_by_one),
        WORLD_TEST(other_versions_know_no_batches),
        WORLD_TEST(each_session_has_a_child_of_its_own),
        WORLD_TEST(sessions_that_share_a_child_do_not_meet),
        WORLD_TEST(a_dead_child_ends_its_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
