// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// File descriptors run out at each point of a request: the agent's connect, the gateway's accept,
// its connect to the server or its start of a child. What the agent hears is plain, nothing
// forbidden happens, and the gateway works again once there are descriptors.
#include "lib/unit.h"
#include "unit/pipeline/gateway_world.h"
#include "base/log.h"

#include <fcntl.h>
#include <sys/resource.h>

enum { LIMIT = 256, MOST_FREE = 16, SHORT_MS = 100 };

static struct answer answer;
static int fillers[LIMIT];
static size_t filler_count;

static void use_up_all_but(size_t free_ones)
{
    int fd;
    while (filler_count < LIMIT && (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        fillers[filler_count++] = fd;
    assert_in_range(filler_count, MOST_FREE, LIMIT - 1);
    while (free_ones-- > 0)
        close(fillers[--filler_count]);
}

static void give_all_back(void)
{
    while (filler_count > 0)
        close(fillers[--filler_count]);
}

static int lower_limit(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = LIMIT;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

static int restore(void **state)
{
    (void)state;
    give_all_back();
    return 0;
}

// Waits a little; a request that waits in somebody's queue goes on when there are descriptors.
static void settle(struct gateway_world *world)
{
    gateway_world_rest(world, SHORT_MS);
    give_all_back();
    assert_true(gateway_world_wait(world, &answer.done));
}

static void is_plain(void)
{
    if (!answer.ended) { // the connection itself did not come about
        assert_true(answer.code == ERROR_UNREACHABLE || answer.code == ERROR_IO ||
                    answer.code == ERROR_CLOSED);
        return;
    }
    if (answer.status == 200)
        return;
    assert_in_range(answer.status, 500, 504);
    assert_true(answer_has(&answer, "\"error\":{"));
    assert_true(answer_has(&answer, "\"message\":\"Server '") ||
                answer_has(&answer, "\"message\":\"server '"));
}

static void good_session(struct gateway_world *world, const char *server)
{
    for (int tries = 0; tries < 40; tries++) {
        assert_true(agent_ask(
            world, &(struct ask){.server = server, .body = INITIALIZE("2025-06-18")}, &answer));
        assert_true(answer.ended);
        if (answer.status == 200)
            return;
        assert_true(answer_has(&answer, "keeps exiting"));
        gateway_world_rest(world, 50);
    }
    fail_msg("%s", answer.body);
}

static void works_again(struct gateway_world *world, const char *server)
{
    good_session(world, server);
    char session[80];
    snprintf(session, sizeof session, "%s", answer.session);
    assert_true(agent_call(world, server, NULL, session, "plain", &answer));
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    assert_true(agent_call(world, server, NULL, session, "drop", &answer));
    assert_true(answer_has(&answer, "Nothing may be dropped."));
    assert_int_equal(fake_count(&world->fake, "tools/call drop"), 0);
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"drop\""), 0);
}

static void run_short_of(const char *server, size_t free_ones, size_t *refused)
{
    struct gateway_world *world = gateway_world_open(NULL);
    use_up_all_but(free_ones);
    agent_start(world, &(struct ask){.server = server, .body = INITIALIZE("2025-06-18")}, &answer);
    settle(world);
    is_plain();
    *refused += answer.status != 200;
    works_again(world, server);
    gateway_world_close(world);
}

static void no_descriptor_for_a_connection(void **state)
{
    (void)state;
    size_t refused = 0, most = 6;
    for (size_t free_ones = 0; free_ones <= most; free_ones++)
        run_short_of("fake", free_ones, &refused);
    assert_in_range(refused, 2, most); // the agent's own and the one to the server
}

static void no_descriptor_for_a_child(void **state)
{
    (void)state;
    size_t refused = 0;
    for (size_t free_ones = 1; free_ones <= MOST_FREE; free_ones++)
        run_short_of("child", free_ones, &refused);
    assert_in_range(refused, 5, MOST_FREE - 1);
}

static void no_descriptor_for_a_new_client_leaves_others_alone(void **state)
{
    (void)state;
    struct gateway_world *world = gateway_world_open(NULL);
    struct answer second;
    good_session(world, NULL);
    char session[80];
    snprintf(session, sizeof session, "%s", answer.session);
    assert_true(agent_call(world, NULL, NULL, session, "plain", &answer));
    use_up_all_but(1); // for the agent's second connection; the gateway cannot accept it
    static const char hold[] = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\","
                               "\"params\":{\"name\":\"hold\"}}";
    agent_start(world, &(struct ask){.session = session, .body = hold}, &answer);
    assert_true(gateway_world_wait(world, &world->fake.got_hold)); // over connections that are open
    agent_start(world, &(struct ask){.session = session, .body = LIST}, &second);
    gateway_world_rest(world, SHORT_MS);
    assert_false(second.done);
    fake_release(&world->fake);
    assert_true(gateway_world_wait(world, &answer.done));
    assert_true(answer_has(&answer, "\"text\":\"hold\""));
    give_all_back();
    assert_true(gateway_world_wait(world, &second.done));
    assert_int_equal(second.status, 200);
    gateway_world_close(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(no_descriptor_for_a_connection, restore),
        cmocka_unit_test_teardown(no_descriptor_for_a_child, restore),
        cmocka_unit_test_teardown(no_descriptor_for_a_new_client_leaves_others_alone, restore),
    };
    log_configure((enum log_level)(LOG_ERROR + 1), LOG_TEXT);
    return cmocka_run_group_tests(tests, lower_limit, NULL);
}
