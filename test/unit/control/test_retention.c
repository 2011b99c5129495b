// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the logs are kept: longer at once, shorter after seven days of the clock, what the
// operator says above all; over restarts and with clocks that jump.
#include "jump.h"
#include "world.h"

#include "base/log.h"

#define GIB (INT64_C(1) << 30)

static struct world world;

// As `serve --data` without anything.
static void say(enum control_kept_by by, int64_t log_ms)
{
    const struct control_retention said = {
        {[STORE_LOG_KEEP_MS] = {log_ms, by}, [STORE_LOG_KEEP_BYTES] = {8 * GIB, 0}}};
    control_say_retention(world.control, &said);
}

static int setup(void **state)
{
    struct control_setup first;
    (void)state;
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    jumped_ms = 0;
    world_make(&world);
    assert_int_equal(control_set_up(world.control, &first, &world.error), 0); // makes "default"
    world_must(&world, world_fill);
    say(CONTROL_KEPT_BY_DEFAULT, 90 * DAY);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_remove(&world);
    return 0;
}

// A minute passes.
static void turn(void)
{
    control_vouch(world.control);
    world_must(&world, world_nothing);
}

static void begin(void)
{
    control_sign_audit(world.control, NULL);
    world_must(&world, world_nothing);
}

struct change {
    struct control_wish wishes[STORE_KEPT];
    struct store_retention row; // then
};

static int run_change(void *argument, struct store_view *view, struct error *error)
{
    struct change *change = argument;
    int result = control_find_retention(view, &change->row, error);
    return result == 0 ? control_change_retention(world.control, view, change->wishes,
                                                  clock_wall_ms(), &change->row, error)
                       : result;
}

static int wish(enum store_kept_of what, int64_t value, struct store_retention *ret)
{
    struct change change = {.row = {.head.version = 0}};
    change.wishes[what] = (struct control_wish){true, value};
    int result = store_run(control_records(world.control), STORE_WRITE, NULL, run_change, &change,
                           &world.error);
    if (ret != NULL)
        *ret = change.row;
    return result;
}

static int run_find(void *argument, struct store_view *view, struct error *error)
{
    return control_find_retention(view, argument, error);
}

static struct store_kept said(enum store_kept_of what)
{
    struct store_retention row;
    assert_int_equal(
        store_run(control_records(world.control), STORE_READ, NULL, run_find, &row, &world.error),
        0);
    return row.kept[what];
}

static void expect(enum store_kept_of what, int64_t value, enum control_kept_by by)
{
    struct control_keep keep = control_retention(world.control).kept[what];
    assert_int_equal(keep.value, value);
    assert_int_equal(keep.by, by);
}

static void longer_holds_at_once(void **state)
{
    (void)state;
    expect(STORE_LOG_KEEP_MS, 90 * DAY, CONTROL_KEPT_BY_DEFAULT);
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 365 * DAY, NULL), 0);
    expect(STORE_LOG_KEEP_MS, 365 * DAY, CONTROL_KEPT_BY_PEOPLE);
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 0, NULL), 0);
    expect(STORE_LOG_KEEP_MS, 0, CONTROL_KEPT_BY_PEOPLE);
    expect(STORE_LOG_KEEP_BYTES, 8 * GIB, CONTROL_KEPT_BY_DEFAULT);
    assert_int_equal(wish(STORE_LOG_KEEP_BYTES, 9 * GIB, NULL), 0);
    expect(STORE_LOG_KEEP_BYTES, 9 * GIB, CONTROL_KEPT_BY_PEOPLE);
    expect(STORE_LOG_KEEP_MS, 0, CONTROL_KEPT_BY_PEOPLE);
    expect(STORE_AUDIT_KEEP_MS, 0, CONTROL_KEPT_BY_DEFAULT);
}

static void shorter_waits_for_seven_days(void **state)
{
    struct store_retention row;
    (void)state;
    begin();
    assert_int_equal(wish(STORE_AUDIT_KEEP_MS, 30 * DAY, &row), 0);
    assert_true(row.kept[STORE_AUDIT_KEEP_MS].due_ms > clock_wall_ms() + 7 * DAY - 60000);
    turn();
    expect(STORE_AUDIT_KEEP_MS, 0, CONTROL_KEPT_BY_DEFAULT);
    jumped_ms = 7 * DAY - 60000;
    turn();
    expect(STORE_AUDIT_KEEP_MS, 0, CONTROL_KEPT_BY_DEFAULT);
    jumped_ms = 7 * DAY;
    turn();
    expect(STORE_AUDIT_KEEP_MS, 30 * DAY, CONTROL_KEPT_BY_PEOPLE);
    assert_int_equal(said(STORE_AUDIT_KEEP_MS).due_ms, 0);
}

static void what_waits_is_taken_back_by_what_holds(void **state)
{
    struct store_retention row;
    (void)state;
    begin();
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 7 * DAY, NULL), 0);
    assert_int_equal(wish(STORE_LOG_KEEP_BYTES, GIB, NULL), 0);
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 90 * DAY, &row), 0);
    assert_int_equal(row.kept[STORE_LOG_KEEP_MS].due_ms, 0);
    assert_false(row.kept[STORE_LOG_KEEP_MS].said);
    assert_true(row.kept[STORE_LOG_KEEP_BYTES].due_ms > 0);
    jumped_ms = 8 * DAY;
    turn();
    expect(STORE_LOG_KEEP_MS, 90 * DAY, CONTROL_KEPT_BY_DEFAULT);
    expect(STORE_LOG_KEEP_BYTES, GIB, CONTROL_KEPT_BY_PEOPLE);
    // What is longer takes it back, too.
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 7 * DAY, NULL), 0);
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 91 * DAY, NULL), 0);
    jumped_ms = 20 * DAY;
    turn();
    expect(STORE_LOG_KEEP_MS, 91 * DAY, CONTROL_KEPT_BY_PEOPLE);
}

static void asking_again_waits_anew_only_for_something_else(void **state)
{
    struct store_retention first, again, other;
    (void)state;
    begin();
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 30 * DAY, &first), 0);
    jumped_ms = DAY;
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 30 * DAY, &again), 0);
    assert_int_equal(again.head.version, first.head.version);
    assert_int_equal(again.kept[0].due_ms, first.kept[0].due_ms);
    // Also for something that is longer than what waits: it is shorter than what holds.
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 60 * DAY, &other), 0);
    assert_true(other.kept[0].due_ms >= first.kept[0].due_ms + DAY);
    jumped_ms = 7 * DAY + 60000;
    turn();
    expect(STORE_LOG_KEEP_MS, 90 * DAY, CONTROL_KEPT_BY_DEFAULT);
    jumped_ms = 8 * DAY + 60000;
    turn();
    expect(STORE_LOG_KEEP_MS, 60 * DAY, CONTROL_KEPT_BY_PEOPLE);
}

static void a_clock_that_jumps_back_makes_nothing_shorter_sooner(void **state)
{
    (void)state;
    begin();
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 30 * DAY, NULL), 0);
    static const int64_t jumps[] = {-DAY, -3650 * DAY, 0, 6 * DAY};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        jumped_ms = jumps[i];
        turn();
        expect(STORE_LOG_KEEP_MS, 90 * DAY, CONTROL_KEPT_BY_DEFAULT);
    }
    jumped_ms = 7 * DAY + 60000;
    turn();
    expect(STORE_LOG_KEEP_MS, 30 * DAY, CONTROL_KEPT_BY_PEOPLE);
    jumped_ms = -3650 * DAY;
    turn();
    expect(STORE_LOG_KEEP_MS, 30 * DAY, CONTROL_KEPT_BY_PEOPLE);
}

static void a_restart_changes_nothing(void **state)
{
    (void)state;
    begin();
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 365 * DAY, NULL), 0);
    assert_int_equal(wish(STORE_LOG_KEEP_BYTES, GIB, NULL), 0);
    world_reopen(&world);
    say(CONTROL_KEPT_BY_DEFAULT, 90 * DAY);
    expect(STORE_LOG_KEEP_MS, 365 * DAY, CONTROL_KEPT_BY_PEOPLE);
    expect(STORE_LOG_KEEP_BYTES, 8 * GIB, CONTROL_KEPT_BY_DEFAULT);
    begin();
    expect(STORE_LOG_KEEP_BYTES, 8 * GIB, CONTROL_KEPT_BY_DEFAULT);
    // Its time comes while nothing runs.
    world_reopen(&world);
    say(CONTROL_KEPT_BY_DEFAULT, 90 * DAY);
    jumped_ms = 8 * DAY;
    begin();
    expect(STORE_LOG_KEEP_BYTES, GIB, CONTROL_KEPT_BY_PEOPLE);
}

static void what_the_operator_says_holds_and_takes_back_what_waits(void **state)
{
    (void)state;
    begin();
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 100 * DAY, NULL), 0);
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 30 * DAY, NULL), 0);
    world_reopen(&world);
    say(CONTROL_KEPT_AT_START, 50 * DAY);
    expect(STORE_LOG_KEEP_MS, 50 * DAY, CONTROL_KEPT_AT_START);
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 365 * DAY, NULL), ERROR_DENIED);
    assert_int_equal(wish(STORE_LOG_KEEP_BYTES, 9 * GIB, NULL), 0);
    begin();
    assert_int_equal(said(STORE_LOG_KEEP_MS).due_ms, 0);
    // When nobody says it any more, what people said before holds again.
    world_reopen(&world);
    say(CONTROL_KEPT_BY_DEFAULT, 90 * DAY);
    jumped_ms = 30 * DAY;
    begin();
    expect(STORE_LOG_KEEP_MS, 100 * DAY, CONTROL_KEPT_BY_PEOPLE);
    expect(STORE_LOG_KEEP_BYTES, 9 * GIB, CONTROL_KEPT_BY_PEOPLE);
}

struct told {
    char actions[16][40];
    size_t count;
};

static int read_told(void *argument, struct store_view *view, struct error *error)
{
    struct told *told = argument;
    struct store_retention row;
    const struct store_audit *rows = NULL;
    const struct store_page page = {.limit = 1000};
    size_t count = 0;
    int result = control_find_retention(view, &row, error);
    if (result == 0)
        result = store_list_audit(view, row.head.organisation, (struct slice){0}, &page, &rows,
                                  &count, NULL, error);
    for (size_t i = 0; i < count && told->count < 16; i++)
        if (slice_starts_with(rows[i].action, SLICE_LITERAL("retention.")))
            snprintf(told->actions[told->count++], 40, "%.*s by %s", SLICE_PRINT(rows[i].action),
                     store_actor_words[rows[i].actor_kind]);
    return result;
}

static void every_step_is_in_the_admin_audit(void **state)
{
    struct told told = {.count = 0};
    (void)state;
    begin();
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 30 * DAY, NULL), 0);
    assert_int_equal(wish(STORE_LOG_KEEP_MS, 30 * DAY, NULL), 0); // nothing new
    jumped_ms = 7 * DAY + 60000;
    turn();
    turn();
    assert_int_equal(
        store_run(control_records(world.control), STORE_READ, NULL, read_told, &told, &world.error),
        0);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.actions[0],
                        "retention.add by system"); // the test's jobs have no actor
    assert_string_equal(told.actions[1], "retention.change by system");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(longer_holds_at_once),
        TEST(shorter_waits_for_seven_days),
        TEST(what_waits_is_taken_back_by_what_holds),
        TEST(asking_again_waits_anew_only_for_something_else),
        TEST(a_clock_that_jumps_back_makes_nothing_shorter_sooner),
        TEST(a_restart_changes_nothing),
        TEST(what_the_operator_says_holds_and_takes_back_what_waits),
        TEST(every_step_is_in_the_admin_audit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
