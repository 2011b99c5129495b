// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The n-th allocation fails, alone or with the three behind it, while a whole conversation passes
// through the gateway. Every request is answered or its connection closed in time; whatever fails,
// nothing that the policy forbids happens; and the gateway works again afterwards. What leaks is
// found by the sanitizer at the end.
//
// Every n up to EVERY_UNTIL, then in steps of a prime. Arguments: a test, and one n.
#include "lib/unit.h"
#include "unit/pipeline/gateway_world.h"
#include "base/log.h"
#include "base/memory.h"

enum { EVERY_UNTIL = 300, STEP = 7, ADDS_MAX = 2, FEWS_MAX = 1 };

static size_t only; // 0: all
static struct answer answer;
static struct {
    size_t n, repeat; // 0: none is being tried
} trying;

struct scenario {
    const char *server;
    void (*run)(struct gateway_world *world, const char *server);
};

static void in_time(bool came)
{
    assert_true(came);
    assert_false(answer_has(&answer, "\"name\":\"secret\""));
    assert_false(answer_has(&answer, "\"name\":\"s\\u0065cret\""));
}

// Also what needs a session is asked when there is none: it must be refused, not let through.
static const char *open_session(struct gateway_world *world, const char *server,
                                const char *version, char session[80])
{
    in_time(agent_ask(world, &(struct ask){.server = server, .body = version}, &answer));
    snprintf(session, 80, "%s", answer.session[0] == '\0' ? "none" : answer.session);
    return session;
}

static void call(struct gateway_world *world, const char *server, const char *session,
                 const char *tool)
{
    in_time(agent_call(world, server, NULL, session, tool, &answer));
}

static void legacy(struct gateway_world *world, const char *server)
{
    char session[80];
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = LIST},
                      &answer));
    for (size_t i = 0; i < ADDS_MAX + 1; i++)
        call(world, server, session, "add");
    call(world, server, session, "drop");
    call(world, server, session, "secret");
    call(world, server, session, "stream");
    in_time(agent_ask(world, &(struct ask){.server = server, .verb = "DELETE", .session = session},
                      &answer));
}

static void modern(struct gateway_world *world, const char *server)
{
    // The first of all, so that judging the list needs the first memory there is.
    static const char list[] = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\","
                               "\"params\":{\"_meta\":{"
                               "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                               "\"io.modelcontextprotocol/clientCapabilities\":{}}}}";
    in_time(agent_ask(world, &(struct ask){.server = server, .body = list, .modern = "tools/list"},
                      &answer));
    call(world, server, NULL, "few");
    call(world, server, NULL, "few");
    for (size_t i = 0; i < ADDS_MAX + 1; i++)
        call(world, server, NULL, "add");
    call(world, server, NULL, "drop");
    call(world, server, NULL, "stream");
}

// Long and escaped, so that names and arguments need memory of their own.
static void escaped(struct gateway_world *world, const char *server)
{
    static const char *const tools[] = {"dr\\u006fp", "s\\u0065cret", "pl\\u0061in"};
    static char body[32768];
    char session[80];
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    for (size_t t = 0; t < sizeof tools / sizeof *tools; t++) {
        int n = snprintf(body, sizeof body,
                         "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0041\",\"method\":\"tools/call\","
                         "\"params\":{\"name\":\"%s\",\"arguments\":{",
                         tools[t]);
        for (int i = 0; i < 100; i++)
            n +=
                snprintf(body + n, sizeof body - (size_t)n,
                         "\"\\u0061 long name of an argument that is escaped %d\":[%d,\"%0100d\"],",
                         i, i, i);
        snprintf(body + n, sizeof body - (size_t)n, "\"x\":1}}}");
        in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = body},
                          &answer));
    }
}

static void batch(struct gateway_world *world, const char *server)
{
    static const char text[] =
        "[{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"plain\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":11,\"method\":\"tools/call\",\"params\":{\"name\":\"drop\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"stream\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":13,\"method\":\"tools/list\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":14,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"secret\"}}]";
    char session[80];
    open_session(world, server, INITIALIZE("2025-03-26"), session);
    in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = text},
                      &answer));
}

// ---- Whatever fails

static void nothing_forbidden_happened(struct gateway_world *world)
{
    struct fake_server *fake = &world->fake;
    assert_int_equal(fake_count(fake, "tools/call drop"), 0);
    assert_int_equal(fake_count(fake, "tools/call secret"), 0);
    assert_int_equal(fake_count(fake, "tools/call dr\\u006fp"), 0);
    assert_int_equal(fake_count(fake, "tools/call s\\u0065cret"), 0);
    assert_in_range(fake_count(fake, "tools/call add"), 0, ADDS_MAX);
    assert_in_range(fake_count(fake, "tools/call few"), 0, FEWS_MAX);
    assert_false(fake->saw_token);
    assert_false(fake->saw_foreign_id);
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"drop\""), 0);
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"secret\""), 0);
    // One child for the stateless era and one for each session have limits in common.
    assert_in_range(gateway_world_told(world, "\"tools/call\" \"add\""), 0, ADDS_MAX);
    assert_in_range(gateway_world_told(world, "\"tools/call\" \"few\""), 0, FEWS_MAX);
}

static void works_again(struct gateway_world *world, const char *server)
{
    char session[80];
    // A child that could not be started is tried again after half a second only; one of the two
    // rounds waits for that, the other one goes on with another server.
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    bool resting = answer.status == 502 && answer_has(&answer, "keeps exiting");
    for (int tries = 0; resting && trying.repeat == 0 && tries < 20; tries++) {
        gateway_world_rest(world, 50);
        open_session(world, server, INITIALIZE("2025-06-18"), session);
        resting = answer.status == 502;
    }
    if (resting && trying.repeat > 0) {
        works_again(world, "fake");
        return;
    }
    assert_true(answer.ended);
    assert_int_equal(answer.status, 200);
    call(world, server, session, "plain");
    assert_true(answer.ended);
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    call(world, server, NULL, "plain");
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    call(world, server, session, "drop");
    assert_true(answer_has(&answer, "Nothing may be dropped."));
}

static bool try_one(const struct scenario *scenario, size_t n, size_t repeat)
{
    struct gateway_world *world = gateway_world_open(NULL);
    trying.n = n;
    trying.repeat = repeat;
    memory_fail_at(n, repeat);
    scenario->run(world, scenario->server);
    bool reached = memory_attempts() >= n;
    memory_fail_at(0, 0);
    nothing_forbidden_happened(world);
    works_again(world, scenario->server);
    nothing_forbidden_happened(world);
    gateway_world_close(world);
    trying.n = 0;
    return reached;
}

static void try_all(const struct scenario *scenario)
{
    if (only > 0) {
        try_one(scenario, only, 0);
        try_one(scenario, only, 3);
        return;
    }
    for (size_t repeat = 0; repeat <= 3; repeat += 3) {
        size_t n = 1;
        for (; try_one(scenario, n, repeat); n += n < EVERY_UNTIL ? 1 : STEP)
            ;
        assert_true(n > 30);
        print_message("passed at allocation %zu\n", n);
    }
}

static int say_where(void **state)
{
    (void)state;
    memory_fail_at(0, 0);
    if (trying.n > 0)
        print_error("when allocation %zu failed and %zu more\n", trying.n, trying.repeat);
    trying.n = 0;
    return 0;
}

static void legacy_over_http(void **state)
{
    (void)state;
    try_all(&(struct scenario){.server = "fake", .run = legacy});
}

static void modern_over_http(void **state)
{
    (void)state;
    try_all(&(struct scenario){.server = "fake", .run = modern});
}

static void batch_over_http(void **state)
{
    (void)state;
    try_all(&(struct scenario){.server = "fake", .run = batch});
}

static void escaped_over_http(void **state)
{
    (void)state;
    try_all(&(struct scenario){.server = "fake", .run = escaped});
}

static void legacy_with_a_child(void **state)
{
    (void)state;
    try_all(&(struct scenario){.server = "child", .run = legacy});
}

static void modern_with_a_child(void **state)
{
    (void)state;
    try_all(&(struct scenario){.server = "child", .run = modern});
}

static void legacy_with_a_shared_child(void **state)
{
    (void)state;
    try_all(&(struct scenario){.server = "shared", .run = legacy});
}

static void batch_with_a_child(void **state)
{
    (void)state;
    try_all(&(struct scenario){.server = "child", .run = batch});
}

int main(int argc, char **argv)
{
#define FAULT_TEST(name) cmocka_unit_test_teardown(name, say_where)
    const struct CMUnitTest tests[] = {
        FAULT_TEST(legacy_over_http),
        FAULT_TEST(modern_over_http),
        FAULT_TEST(batch_over_http),
        FAULT_TEST(escaped_over_http),
        FAULT_TEST(legacy_with_a_child),
        FAULT_TEST(modern_with_a_child),
        FAULT_TEST(legacy_with_a_shared_child),
        FAULT_TEST(batch_with_a_child),
    };
    log_configure((enum log_level)(LOG_ERROR + 1), LOG_TEXT);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    if (argc > 2)
        only = strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
