// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The desk against a real store, with clocks that the test sets, votes that it counts, and memory
// and writes that fail.
#include "lib/scratch.h"

#include "approval/approval.h"
#include "base/clock.h"
#include "base/memory.h"

enum { WAITERS = 4, TICK_MS = 20 };

struct seat { // a waiter, and what it was told
    struct approval_waiter waiter;
    enum approval_news news;
    bool told;
    struct desk_world *world;
};

struct desk_world {
    struct scratch scratch;
    struct store_records *store;
    struct approval_desk *desk;
    struct loop *loop;
    struct approval_lane *lane;
    struct seat seats[WAITERS];
    char organisation[APPROVAL_ID_SIZE];
};

static struct desk_world world;
static int64_t wall_ms;
static uint64_t monotonic_us;
static int64_t votes;
static bool seal_fails;

static int64_t test_wall(void)
{
    return wall_ms;
}

static uint64_t test_monotonic(void)
{
    return monotonic_us;
}

static void pass_ms(int64_t ms)
{
    wall_ms += ms;
    monotonic_us += (uint64_t)ms * 1000;
}

static int seal(void *argument, struct slice plain, struct slice place, struct buffer *out,
                struct error *error)
{
    (void)argument;
    assert_true(slice_starts_with(place, SLICE_LITERAL("question/org_")));
    if (seal_fails)
        return error_set(error, ERROR_IO, "no");
    buffer_append(out, plain);
    return 0;
}

static int count_votes(struct store_view *view, const struct store_question *question,
                       int64_t now_ms, int64_t *ret, struct error *error)
{
    (void)view;
    (void)question;
    (void)now_ms;
    (void)error;
    *ret = votes;
    return 0;
}

static void committed(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count)
{
    struct desk_world *w = argument;
    if (w->desk != NULL)
        approval_desk_committed(w->desk, view, changes, count);
}

static int make_organisation(void *argument, struct store_view *view, struct error *error)
{
    struct desk_world *w = argument;
    struct store_organisation row = {.name = SLICE_LITERAL("default")};
    struct store_grant grant = {.label = SLICE_LITERAL("agent"), .tags = SLICE_LITERAL("[]")};
    int result = store_add_organisation(view, &row, error);
    assert_int_equal(result, 0);
    memcpy(w->organisation, row.head.id.data, row.head.id.length);
    grant.head.organisation = row.head.id;
    return store_add_grant(view, &grant, error);
}

static int load(void *argument, struct store_view *view, struct error *error)
{
    struct desk_world *w = argument;
    const struct approval_options options = {.records = w->store,
                                             .seal = seal,
                                             .count_votes = count_votes,
                                             .open_per_grant = 3,
                                             .wall_ms = test_wall,
                                             .monotonic_us = test_monotonic};
    w->desk = approval_desk_new(&options);
    return approval_desk_load(w->desk, view, error);
}

static int run(int (*step)(void *, struct store_view *, struct error *), void *argument)
{
    struct error error = {0};
    return store_run(world.store, STORE_WRITE, NULL, step, argument, &error);
}

static void open_desk(void)
{
    struct error error = {0};
    const struct store_records_options options = {
        .path = scratch_path(&world.scratch, "a.db"), .committed = committed, .argument = &world};
    assert_int_equal(store_records_open(&options, &world.store, &error), 0);
}

static void open_lane(void)
{
    assert_int_equal(run(load, &world), 0);
    world.loop = loop_new();
    world.lane = approval_lane_open(world.desk, world.loop);
    assert_non_null(world.lane);
}

static void close_desk(void)
{
    for (size_t i = 0; i < WAITERS; i++)
        approval_leave(&world.seats[i].waiter, APPROVAL_COMES_AGAIN);
    approval_lane_close(world.lane);
    loop_free(world.loop);
    approval_desk_stop(world.desk);
    store_records_close(world.store);
    approval_desk_free(world.desk);
    world.desk = NULL;
}

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    // The store stamps its rows by the real clock.
    wall_ms = clock_wall_ms() + 1000;
    monotonic_us = 1000000;
    votes = 1;
    seal_fails = false;
    scratch_make_in_memory(&world.scratch);
    open_desk();
    assert_int_equal(run(make_organisation, &world), 0);
    open_lane();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memory_fail_at(0, 0);
    close_desk();
    scratch_remove(&world.scratch);
    return 0;
}

// ---- Steps

static void told_cb(void *argument, enum approval_news news)
{
    struct seat *seat = argument;
    seat->news = news;
    seat->told = true;
    loop_stop(seat->world->loop);
}

static struct approval_call call_of(char letter)
{
    struct approval_call call = {.grant = SLICE_LITERAL("grt_1"),
                                 .grant_label = SLICE_LITERAL("agent"),
                                 .server = SLICE_LITERAL("file.bank"),
                                 .server_name = SLICE_LITERAL("bank"),
                                 .tool = SLICE_LITERAL("pay"),
                                 .arguments = SLICE_LITERAL("{}"),
                                 .policy = SLICE_LITERAL("careful"),
                                 .policy_version = SLICE_LITERAL("1"),
                                 .rule = SLICE_LITERAL("/tools/pay/action"),
                                 .facts = SLICE_LITERAL("{}"),
                                 .approvers = 1,
                                 .life_ms = 60000};
    memset(call.print, letter, sizeof call.print);
    return call;
}

static void tick_cb(void *argument)
{
    (void)argument;
    approval_desk_tick(world.desk);
}

static enum approval_news hear(size_t place)
{
    struct seat *seat = &world.seats[place];
    struct loop_timer *timer = loop_timer_open(world.loop, tick_cb, NULL);
    loop_timer_start(timer, TICK_MS, TICK_MS);
    while (!seat->told)
        loop_run(world.loop);
    loop_timer_close(timer);
    seat->told = false;
    return seat->news;
}

static int ask_as(size_t place, const struct approval_call *call)
{
    struct seat *seat = &world.seats[place];
    seat->world = &world;
    seat->told = false;
    seat->waiter.told = told_cb;
    seat->waiter.argument = seat;
    return approval_ask(world.lane, &seat->waiter, call);
}

static enum approval_news ask(size_t place, char letter)
{
    struct approval_call call = call_of(letter);
    assert_int_equal(ask_as(place, &call), 0);
    return hear(place);
}

static enum approval_news use(size_t place)
{
    assert_int_equal(approval_use(&world.seats[place].waiter), 0);
    return hear(place);
}

struct deciding {
    const char *id;
    enum store_question_state state;
    bool read;
};

static int decide_step(void *argument, struct store_view *view, struct error *error)
{
    struct deciding *deciding = argument;
    struct store_question row = {.state = STORE_ASKED};
    int result = store_get_question(view, slice_from_string(world.organisation),
                                    slice_from_string(deciding->id), &row, error);
    if (deciding->read) {
        deciding->state = row.state;
        return result;
    }
    row.state = deciding->state;
    return result != 0 ? result : store_change_question(view, &row, error);
}

static void decide(const char *id, enum store_question_state state)
{
    struct deciding deciding = {id, state, false};
    if (run(decide_step, &deciding) != 0) // where memory fails once
        assert_int_equal(run(decide_step, &deciding), 0);
}

static enum store_question_state state_of(const char *id)
{
    struct deciding deciding = {id, STORE_ASKED, true};
    assert_int_equal(run(decide_step, &deciding), 0);
    return deciding.state;
}

// ---- Tests

static void an_approval_is_used_once(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED);
    assert_int_equal(ask(1, 'a'), APPROVAL_ASKED);
    assert_string_equal(world.seats[0].waiter.id, world.seats[1].waiter.id);
    decide(world.seats[0].waiter.id, STORE_APPROVED);
    assert_int_equal(hear(0), APPROVAL_APPROVED);
    assert_int_equal(hear(1), APPROVAL_APPROVED);
    assert_int_equal(approval_use(&world.seats[0].waiter), 0);
    assert_int_equal(approval_use(&world.seats[1].waiter), 0);
    assert_int_equal(hear(0), APPROVAL_USED);
    assert_int_equal(hear(1), APPROVAL_GONE);
    assert_int_equal(state_of(world.seats[0].waiter.id), STORE_RAN);
    assert_int_equal(ask(1, 'a'), APPROVAL_ASKED);
    assert_string_not_equal(world.seats[0].waiter.id, world.seats[1].waiter.id);
}

static void votes_are_counted_when_it_runs(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED);
    decide(world.seats[0].waiter.id, STORE_APPROVED);
    assert_int_equal(hear(0), APPROVAL_APPROVED);
    votes = 0;
    assert_int_equal(use(0), APPROVAL_GONE);
    assert_int_equal(state_of(world.seats[0].waiter.id), STORE_OVERTAKEN);
}

static void a_clock_that_is_put_back_prolongs_nothing(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED);
    decide(world.seats[0].waiter.id, STORE_APPROVED);
    assert_int_equal(hear(0), APPROVAL_APPROVED);
    pass_ms(59000);
    wall_ms -= 3600 * 1000;
    approval_desk_tick(world.desk);
    pass_ms(1001);
    assert_int_equal(use(0), APPROVAL_EXPIRED);
    assert_int_equal(state_of(world.seats[0].waiter.id), STORE_EXPIRED);
    assert_int_equal(ask(1, 'a'), APPROVAL_ASKED);
}

static void a_clock_that_jumps_ahead_ends_it(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED);
    wall_ms += 60001;
    approval_desk_tick(world.desk);
    assert_int_equal(hear(0), APPROVAL_EXPIRED);
    wall_ms -= 60001;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED); // heard already; another question
}

static void a_restart_gives_no_more_time(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED);
    char id[APPROVAL_ID_SIZE];
    memcpy(id, world.seats[0].waiter.id, sizeof id);
    decide(id, STORE_APPROVED);
    assert_int_equal(hear(0), APPROVAL_APPROVED);
    close_desk();
    wall_ms -= 365 * INT64_C(86400000); // and the clock is wrong
    open_desk();
    open_lane();
    assert_int_equal(ask(0, 'a'), APPROVAL_APPROVED);
    assert_string_equal(world.seats[0].waiter.id, id);
    pass_ms(62000);
    assert_int_equal(use(0), APPROVAL_EXPIRED);
}

static void what_nobody_waits_for_is_withdrawn(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED);
    assert_int_equal(ask(1, 'b'), APPROVAL_ASKED);
    approval_leave(&world.seats[0].waiter, APPROVAL_GIVES_UP);
    approval_leave(&world.seats[1].waiter, APPROVAL_COMES_AGAIN);
    assert_int_equal(state_of(world.seats[0].waiter.id), STORE_WITHDRAWN);
    assert_int_equal(state_of(world.seats[1].waiter.id), STORE_ASKED);
    // Before it is even written down.
    struct approval_call call = call_of('c');
    assert_int_equal(ask_as(2, &call), 0);
    approval_leave(&world.seats[2].waiter, APPROVAL_GIVES_UP);
    assert_int_equal(state_of(world.seats[1].waiter.id), STORE_ASKED);
    assert_int_equal(state_of(world.seats[1].waiter.id), STORE_ASKED);
    assert_int_equal(approval_desk_figures(world.desk).open, 1);
}

static void leave_with_ticket(size_t place, char letter, int64_t good_ms)
{
    assert_int_equal(ask(place, letter), APPROVAL_ASKED);
    approval_leave_with_ticket(&world.seats[place].waiter, good_ms);
}

static void who_has_a_ticket_is_waited_for_as_long_as_it_is_good(void **state)
{
    (void)state;
    const char *first = world.seats[0].waiter.id, *second = world.seats[1].waiter.id;
    leave_with_ticket(0, 'a', 1000);
    leave_with_ticket(1, 'b', 5000);
    pass_ms(999);
    approval_desk_tick(world.desk);
    assert_int_equal(state_of(first), STORE_ASKED);
    pass_ms(1);
    approval_desk_tick(world.desk);
    assert_int_equal(state_of(first), STORE_WITHDRAWN);
    assert_int_equal(state_of(second), STORE_ASKED);
    // It came, got another, and does not come any more: not even for what was approved meanwhile.
    leave_with_ticket(1, 'b', 5000);
    decide(second, STORE_APPROVED);
    pass_ms(4999);
    approval_desk_tick(world.desk);
    assert_int_equal(state_of(second), STORE_APPROVED);
    pass_ms(1);
    approval_desk_tick(world.desk);
    assert_int_equal(state_of(second), STORE_WITHDRAWN);
    assert_int_equal(ask(0, 'b'), APPROVAL_ASKED);
    assert_int_equal(approval_desk_figures(world.desk).open, 1);
}

static void a_ticket_that_is_over_ends_nothing_for_others(void **state)
{
    (void)state;
    const char *first = world.seats[0].waiter.id;
    leave_with_ticket(0, 'a', 1000);
    assert_int_equal(ask(1, 'a'), APPROVAL_ASKED); // it waits
    leave_with_ticket(2, 'b', 1000);
    assert_int_equal(ask(3, 'b'), APPROVAL_ASKED);
    approval_leave(&world.seats[3].waiter, APPROVAL_COMES_AGAIN);
    pass_ms(1000);
    approval_desk_tick(world.desk);
    assert_int_equal(state_of(first), STORE_ASKED);
    assert_int_equal(state_of(world.seats[3].waiter.id), STORE_ASKED);
    // One that gives up takes no other's ticket along; who has it can give it up.
    approval_leave(&world.seats[1].waiter, APPROVAL_GIVES_UP);
    assert_int_equal(state_of(first), STORE_WITHDRAWN);
    leave_with_ticket(0, 'c', 1000);
    assert_int_equal(ask(1, 'c'), APPROVAL_ASKED);
    approval_leave(&world.seats[1].waiter, APPROVAL_GIVES_UP);
    assert_int_equal(state_of(world.seats[0].waiter.id), STORE_ASKED);
    approval_withdraw(world.desk, slice_from_string(world.seats[0].waiter.id));
    assert_int_equal(state_of(world.seats[0].waiter.id), STORE_WITHDRAWN);
}

static void a_flood_is_told_so_and_other_grants_are_not_hit(void **state)
{
    (void)state;
    for (char letter = 'a'; letter < 'd'; letter++) {
        assert_int_equal(ask(0, letter), APPROVAL_ASKED);
        approval_leave(&world.seats[0].waiter, APPROVAL_COMES_AGAIN);
    }
    assert_int_equal(ask(0, 'd'), APPROVAL_FLOODED);
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED); // that one is open
    struct approval_call other = call_of('e');
    other.grant = SLICE_LITERAL("grt_2");
    assert_int_equal(ask_as(1, &other), 0);
    assert_int_equal(hear(1), APPROVAL_ASKED);
}

static void another_version_overtakes(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED);
    decide(world.seats[0].waiter.id, STORE_APPROVED);
    assert_int_equal(hear(0), APPROVAL_APPROVED);
    struct approval_call newer = call_of('a');
    newer.policy_version = SLICE_LITERAL("2");
    assert_int_equal(ask_as(1, &newer), 0);
    assert_int_equal(hear(1), APPROVAL_ASKED);
    assert_int_equal(hear(0), APPROVAL_GONE);
    assert_int_equal(state_of(world.seats[0].waiter.id), STORE_OVERTAKEN);
}

static void what_cannot_be_written_is_not_asked(void **state)
{
    (void)state;
    seal_fails = true;
    assert_int_equal(ask(0, 'a'), APPROVAL_UNAVAILABLE);
    assert_int_equal(approval_desk_figures(world.desk).open, 0);
    seal_fails = false;
    assert_int_equal(ask(0, 'a'), APPROVAL_ASKED);
    decide(world.seats[0].waiter.id, STORE_REFUSED);
    assert_int_equal(hear(0), APPROVAL_REJECTED);
    assert_int_equal(ask(1, 'a'), APPROVAL_REJECTED);
}

// Whatever fails, nothing is used that is not written down as used, and the desk stays whole.
static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t used = 0;
    for (size_t number = 1; number < 60; number++) {
        char letter = (char)(number + 1);
        struct approval_call call = call_of(letter);
        memory_fail_at(number, 0);
        int result = ask_as(0, &call);
        enum approval_news news = result == 0 ? hear(0) : APPROVAL_UNAVAILABLE;
        if (news == APPROVAL_ASKED) {
            decide(world.seats[0].waiter.id, STORE_APPROVED);
            if (hear(0) == APPROVAL_APPROVED && approval_use(&world.seats[0].waiter) == 0)
                news = hear(0);
        }
        memory_fail_at(0, 0);
        if (news == APPROVAL_USED) {
            used++;
            assert_int_equal(state_of(world.seats[0].waiter.id), STORE_RAN);
        }
        approval_leave(&world.seats[0].waiter, APPROVAL_GIVES_UP);
        pass_ms(61000);
        approval_desk_tick(world.desk);
    }
    assert_true(used > 10);
    state_of(world.seats[0].waiter.id); // behind what was to be written
    approval_desk_tick(world.desk);
    assert_int_equal(approval_desk_figures(world.desk).held, 0);
    assert_int_equal(approval_desk_figures(world.desk).open, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_approval_is_used_once),
        TEST(votes_are_counted_when_it_runs),
        TEST(a_clock_that_is_put_back_prolongs_nothing),
        TEST(a_clock_that_jumps_ahead_ends_it),
        TEST(a_restart_gives_no_more_time),
        TEST(what_nobody_waits_for_is_withdrawn),
        TEST(who_has_a_ticket_is_waited_for_as_long_as_it_is_good),
        TEST(a_ticket_that_is_over_ends_nothing_for_others),
        TEST(a_flood_is_told_so_and_other_grants_are_not_hit),
        TEST(another_version_overtakes),
        TEST(what_cannot_be_written_is_not_asked),
        TEST(every_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests_name("approval/desk", tests, NULL, NULL);
}
