// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One call through the whole gateway: what is let through, what is not, and what of it the server
// and the agent see.
#include "lib/unit.h"
#include "unit/pipeline/gateway_world.h"

#define UNLIMITED "{\"version\":\"1\",\"default\":\"allow\"}"
#define ONCE                                                                                       \
    "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"plain\":{\"limits\":["                   \
    "{\"counter\":\"c\",\"window\":\"hour\",\"max\":1}]},\"fail\":{\"limits\":["                   \
    "{\"counter\":\"f\",\"window\":\"hour\",\"max\":1,\"count\":\"successes\"}]},\"*\":{}}}"

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
    assert_false(world->fake.saw_token);
    assert_false(world->fake.saw_foreign_id);
    gateway_world_close(world);
    return 0;
}

static void ask(const char *body)
{
    assert_true(agent_ask(world, &(struct ask){.body = body, .session = session.session}, &answer));
    assert_true(answer.ended);
}

static void call(const char *tool)
{
    assert_true(agent_call(world, NULL, NULL, session.session, tool, &answer));
    assert_true(answer.ended);
}

static void call_modern(const char *tool)
{
    assert_true(agent_call(world, NULL, NULL, NULL, tool, &answer));
    assert_true(answer.ended);
}

static void initialize(const char *grant)
{
    agent_initialize(world, NULL, grant, "2025-06-18", &session);
}

static void an_allowed_call_reaches_the_server_once(void **state)
{
    (void)state;
    initialize(NULL);
    call("plain");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"content\":[{"
                                     "\"type\":\"text\",\"text\":\"plain\"}]}}");
    assert_int_equal(fake_count(&world->fake, "tools/call plain"), 1);
    call_modern("plain");
    assert_int_equal(answer.status, 200);
    assert_int_equal(fake_count(&world->fake, "tools/call plain"), 2);
}

static void events_come_through_in_order(void **state)
{
    (void)state;
    initialize(NULL);
    call("stream");
    assert_int_equal(answer.status, 200);
    const char *progress = strstr(answer.body, "\"progressToken\":\"t\"");
    const char *last = strstr(answer.body, "\"text\":\"stream\"");
    assert_non_null(progress);
    assert_non_null(last);
    assert_true(progress < last);
    assert_true(answer_has(&answer, "id: 7\n"));
}

static void a_denied_call_never_reaches_the_server(void **state)
{
    (void)state;
    initialize(NULL);
    call("drop");
    assert_int_equal(answer.status, 200);
    assert_true(answer_has(&answer, "[POLICY DENIED] Nothing may be dropped."));
    assert_true(answer_has(&answer, "\"isError\":true"));
    call_modern("drop");
    assert_true(answer_has(&answer, "[POLICY DENIED] Nothing may be dropped."));
    call("unheard_of");
    assert_true(answer_has(&answer, "[POLICY DENIED]"));
    assert_int_equal(fake_count(&world->fake, "tools/call drop"), 0);
    assert_int_equal(fake_count(&world->fake, "tools/call unheard_of"), 0);
}

static void a_hidden_tool_looks_like_none(void **state)
{
    (void)state;
    initialize(NULL);
    call("secret");
    assert_string_equal(answer.body, "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32602,"
                                     "\"message\":\"Unknown tool: secret\"}}");
    assert_int_equal(fake_count(&world->fake, "tools/call secret"), 0);
}

static void lists_leave_hidden_tools_out(void **state)
{
    (void)state;
    initialize(NULL);
    ask(LIST);
    assert_int_equal(answer.status, 200);
    assert_string_equal(
        answer.body,
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"plain\",\"inputSchema\":{"
        "\"type\":\"object\"},\"annotations\":{\"readOnlyHint\":true}},"
        "{\"name\":\"drop\",\"inputSchema\":{\"type\":\"object\"}}]}}");
}

static void a_limit_is_never_exceeded(void **state)
{
    (void)state;
    initialize(NULL);
    for (int i = 0; i < 2; i++) {
        call("add");
        assert_true(answer_has(&answer, "\"text\":\"add\""));
    }
    call("add");
    assert_true(answer_has(&answer, "[POLICY DENIED]"));
    call_modern("add");
    assert_true(answer_has(&answer, "[POLICY DENIED]"));
    assert_int_equal(fake_count(&world->fake, "tools/call add"), 2);
}

static void what_was_not_sent_is_given_back(void **state)
{
    (void)state;
    gateway_world_apply(world, ONCE, true);
    for (int i = 0; i < 3; i++) {
        assert_true(agent_call(world, "dead", NULL, NULL, "plain", &answer));
        assert_int_equal(answer.status, 502);
        assert_true(answer_has(&answer, "cannot be reached"));
        assert_false(answer_has(&answer, "127.0.0.1"));
    }
    struct limit_stats stats = limit_table_stats(world->limits);
    assert_int_equal(stats.reserved, 3);
    assert_int_equal(stats.given_back, 3);
}

static void failures_are_given_back_where_only_successes_count(void **state)
{
    (void)state;
    gateway_world_apply(world, ONCE, true);
    for (int i = 0; i < 3; i++) {
        call_modern("fail");
        assert_true(answer_has(&answer, "\"isError\":true"));
        assert_true(answer_has(&answer, "\"text\":\"fail\""));
    }
    call_modern("plain");
    call_modern("plain");
    assert_true(answer_has(&answer, "[POLICY DENIED]"));
    assert_int_equal(fake_count(&world->fake, "tools/call fail"), 3);
    assert_int_equal(fake_count(&world->fake, "tools/call plain"), 1);
}

static void calls_of_a_session_are_counted(void **state)
{
    (void)state;
    initialize(NULL);
    call("few");
    assert_true(answer_has(&answer, "\"text\":\"few\""));
    call("few");
    assert_true(answer_has(&answer, "Only as the first call."));
    call_modern("few"); // the stateless era counts for itself
    assert_true(answer_has(&answer, "\"text\":\"few\""));
    call_modern("few");
    assert_true(answer_has(&answer, "Only as the first call."));
    assert_int_equal(fake_count(&world->fake, "tools/call few"), 2);
}

static void observing_lets_through_and_hides_nothing(void **state)
{
    (void)state;
    agent_initialize(world, NULL, "watcher", "2025-06-18", &session);
    assert_true(agent_call(world, NULL, "watcher", session.session, "drop", &answer));
    assert_true(answer_has(&answer, "\"text\":\"drop\""));
    assert_true(agent_call(world, NULL, "watcher", session.session, "secret", &answer));
    assert_true(answer_has(&answer, "\"text\":\"secret\""));
    assert_true(agent_ask(
        world, &(struct ask){.grant = "watcher", .session = session.session, .body = LIST},
        &answer));
    assert_true(answer_has(&answer, "\"s\\u0065cret\""));
    assert_int_equal(fake_count(&world->fake, "tools/call drop"), 1);
}

static void headers_must_agree_with_the_body(void **state)
{
    (void)state;
    static const char body[] =
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"drop\","
        "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
        "\"io.modelcontextprotocol/clientCapabilities\":{}}}}";
    gateway_world_apply(world, UNLIMITED, true);
    assert_true(agent_ask(
        world, &(struct ask){.body = body, .modern = "tools/call", .name = "plain"}, &answer));
    assert_int_equal(answer.status, 400);
    assert_true(answer_has(&answer, "-32020"));
    assert_true(agent_ask(
        world, &(struct ask){.body = body, .modern = "tools/list", .name = "drop"}, &answer));
    assert_int_equal(answer.status, 400);
    assert_int_equal(world->fake.length, 0);
}

static void strangers_get_nothing(void **state)
{
    (void)state;
    assert_true(agent_call(world, NULL, "stranger", NULL, "plain", &answer));
    assert_int_equal(answer.status, 401);
    assert_true(agent_call(world, "elsewhere", NULL, NULL, "plain", &answer));
    assert_int_equal(answer.status, 404);
    assert_int_equal(world->fake.length, 0);
}

int main(void)
{
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_allowed_call_reaches_the_server_once),
        WORLD_TEST(events_come_through_in_order),
        WORLD_TEST(a_denied_call_never_reaches_the_server),
        WORLD_TEST(a_hidden_tool_looks_like_none),
        WORLD_TEST(lists_leave_hidden_tools_out),
        WORLD_TEST(a_limit_is_never_exceeded),
        WORLD_TEST(what_was_not_sent_is_given_back),
        WORLD_TEST(failures_are_given_back_where_only_successes_count),
        WORLD_TEST(calls_of_a_session_are_counted),
        WORLD_TEST(observing_lets_through_and_hides_nothing),
        WORLD_TEST(headers_must_agree_with_the_body),
        WORLD_TEST(strangers_get_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
