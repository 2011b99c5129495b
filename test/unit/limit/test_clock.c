// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A wall clock that jumps: capacity is never freed by it going back, and limits recover.
#include "lib/unit.h"

#include "base/log.h"
#include "unit/limit/inside.h"
#include "unit/limit/model.h"

static const int64_t T = 1800000000000;
static const int64_t HOUR = 3600000;

static int64_t retry;
static size_t failed_index;

static bool take(struct limit_table *table, bool sliding, int64_t window, int64_t max, int64_t now)
{
    struct limit_charge charge = charge_of("k", sliding, window, max, 1);
    struct limit_receipt receipt;
    return limit_reserve(table, &charge, 1, now, &receipt, &failed_index, &retry) == 0;
}

static void going_back_frees_nothing(void **state)
{
    (void)state;
    for (int sliding = 0; sliding < 2; sliding++) {
        struct limit_table *table = limit_table_new(0);
        assert_true(take(table, sliding == 1, 60000, 1, T + 60000));
        assert_false(take(table, sliding == 1, 60000, 1, T + 59999)); // the window before
        assert_false(take(table, sliding == 1, 60000, 1, T - 10 * HOUR));
        assert_false(take(table, sliding == 1, 60000, 1, T + 60001));
        assert_false(take(table, sliding == 1, 60000, 1, T + 119999));
        assert_true(take(table, sliding == 1, 60000, 1, T + 120000));
        limit_table_free(table);
    }
}

static void jitter_costs_nothing_once_it_is_over(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    assert_true(take(table, true, 1000, 1, T));
    assert_false(take(table, true, 1000, 1, T - 5));
    assert_false(take(table, true, 1000, 1, T + 999));
    assert_int_equal(retry, 1);
    assert_true(take(table, true, 1000, 1, T + 1000));
    limit_table_free(table);
}

// The clock ran hours ahead for a while and was put right: a window that would have passed in a
// minute passes in two, as asked about every second.
static void recovers_after_a_jump_forward_and_back(void **state)
{
    (void)state;
    for (int sliding = 0; sliding < 2; sliding++) {
        struct limit_table *table = limit_table_new(0);
        assert_true(take(table, sliding == 1, 60000, 1, T));
        assert_true(take(table, sliding == 1, 60000, 1, T + 5 * HOUR));
        int64_t now = T + 1000;
        assert_false(take(table, sliding == 1, 60000, 1, now));
        int64_t promised = now + retry;
        assert_int_equal(retry, 120000);
        while (!take(table, sliding == 1, 60000, 1, now))
            now += 1000;
        assert_int_equal(now, promised);
        limit_table_free(table);
    }
}

// One millisecond at a time goes just as fast as one second at a time.
static void half_speed_loses_no_halves(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    inside_advance(table, T + HOUR);
    inside_advance(table, T);
    int64_t before = inside_now(table);
    for (int i = 1; i <= 1001; i++)
        inside_advance(table, T + i);
    assert_int_equal(inside_now(table) - before, 500);
    limit_table_free(table);
}

static void catches_up_with_the_clock(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    inside_advance(table, T + 10000);
    inside_advance(table, T);
    for (int64_t i = 0; i < 20000; i += 100)
        assert_true(inside_advance(table, T + i) > T + i);
    assert_int_equal(inside_advance(table, T + 20000), T + 20000);
    assert_int_equal(inside_advance(table, T + 90000), T + 90000);
    limit_table_free(table);
}

// While ahead, a long silence may be the clock being put right: it counts as a minute at most.
static void a_silence_counts_a_minute(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    assert_true(take(table, true, 60000, 1, T));
    assert_false(take(table, true, 60000, 1, T - 5 * HOUR)); // wrongly back
    assert_false(take(table, true, 60000, 1, T + 2000));     // and right again: two seconds later
    assert_int_equal(retry, 58000);
    limit_table_free(table);
    table = limit_table_new(0);
    assert_true(take(table, true, 60000, 1, T));
    assert_false(take(table, true, 60000, 1, T - 5 * HOUR));
    assert_false(take(table, true, 60000, 1, T - 2 * HOUR)); // three hours, or a correction?
    assert_int_equal(retry, 60000);
    limit_table_free(table);
}

// Whatever the clock does: in the table's own time no window ever holds more than max, and that
// time never goes back nor, after a jump back, faster than the clock.
static void no_clock_breaks_the_limit(void **state)
{
    (void)state;
    static struct model model;
    srand(5);
    for (int round = 0; round < 200; round++) {
        struct limit_table *table = limit_table_new(0);
        memset(&model, 0, sizeof model);
        model.sliding = round % 2 == 0;
        model.window_ms = 1 + rand() % 5000;
        int64_t wall = T, last = 0;
        for (int i = 0; i < 200; i++) {
            bool jump = rand() % 20 == 0;
            wall += jump ? (rand() % 2 == 0 ? 1 : -1) * (rand() % 100000) : rand() % 1000;
            if (take(table, model.sliding, model.window_ms, 3, wall)) {
                assert_true(model_used(&model, inside_now(table)) < 3);
                model_take(&model, inside_now(table), 1);
            }
            assert_true(inside_now(table) >= last && inside_now(table) >= wall);
            last = inside_now(table);
        }
        limit_table_free(table);
    }
}

static void absurd_clocks_do_no_harm(void **state)
{
    (void)state;
    static const int64_t walls[] = {INT64_MIN, -1, 0, INT64_MAX, 0, INT64_MAX, INT64_MIN};
    struct limit_table *table = limit_table_new(0);
    assert_true(take(table, true, INT64_MAX, 1, T));
    for (size_t i = 0; i < sizeof walls / sizeof *walls; i++) {
        assert_false(take(table, true, INT64_MAX, 1, walls[i]));
        assert_true(retry > 0);
        (void)take(table, false, INT64_MAX, 1, walls[i]);
        (void)take(table, false, 1, 1, walls[i]);
    }
    limit_table_free(table);
}

static int setup(void **state)
{
    (void)state;
    log_configure(LOG_ERROR, LOG_TEXT); // jumps are warned about
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(going_back_frees_nothing),
        cmocka_unit_test(jitter_costs_nothing_once_it_is_over),
        cmocka_unit_test(recovers_after_a_jump_forward_and_back),
        cmocka_unit_test(half_speed_loses_no_halves),
        cmocka_unit_test(catches_up_with_the_clock),
        cmocka_unit_test(a_silence_counts_a_minute),
        cmocka_unit_test(no_clock_breaks_the_limit),
        cmocka_unit_test(absurd_clocks_do_no_harm),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
