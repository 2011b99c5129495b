// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/clock.h"
#include "limit/limit_internal.h"

static const int64_t DAY = 86400000;

static void check(const struct limit_window *window, const char *at, const char *start,
                  const char *end)
{
    int64_t at_ms, start_ms, end_ms;
    char got[CLOCK_TEXT_SIZE];
    assert_true(clock_parse(slice_from_string(at), &at_ms));
    limit_window_bounds(window, at_ms, &start_ms, &end_ms);
    clock_format(start_ms, got);
    assert_string_equal(got, start);
    clock_format(end_ms, got);
    assert_string_equal(got, end);
}

static void windows_are_aligned_to_utc(void **state)
{
    (void)state;
    const struct limit_window hour = {.length_ms = 3600000}, day = {.length_ms = DAY},
                              odd = {.length_ms = 90000};
    check(&hour, "2026-11-21T09:59:59.999Z", "2026-11-21T09:00:00.000Z",
          "2026-11-21T10:00:00.000Z");
    check(&hour, "2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z", "2026-11-21T11:00:00.000Z");
    check(&day, "2026-11-21T23:59:59.999Z", "2026-11-21T00:00:00.000Z", "2026-11-22T00:00:00.000Z");
    check(&odd, "1970-01-01T00:01:30Z", "1970-01-01T00:01:30.000Z", "1970-01-01T00:03:00.000Z");
}

static void weeks_start_on_monday(void **state)
{
    (void)state;
    const struct limit_window week = {.length_ms = 7 * DAY};
    check(&week, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00.000Z", "2026-11-30T00:00:00.000Z");
    check(&week, "2026-11-22T23:59:59.999Z", "2026-11-16T00:00:00.000Z",
          "2026-11-23T00:00:00.000Z");
    check(&week, "1970-01-01T00:00:00Z", "1969-12-29T00:00:00.000Z", "1970-01-05T00:00:00.000Z");
}

static void months_follow_the_calendar(void **state)
{
    (void)state;
    const struct limit_window month = {.calendar_month = true};
    check(&month, "2024-02-29T23:59:59.999Z", "2024-02-01T00:00:00.000Z",
          "2024-03-01T00:00:00.000Z");
    check(&month, "2026-12-31T23:59:59.999Z", "2026-12-01T00:00:00.000Z",
          "2027-01-01T00:00:00.000Z");
    check(&month, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00.000Z", "2027-02-01T00:00:00.000Z");
}

static void charges_name_their_window(void **state)
{
    (void)state;
    struct limit_window window;
    struct limit_charge charge = {.window_ms = 0};
    assert_false(limit_window_of(&charge, &window));
    charge.window_ms = -1;
    assert_false(limit_window_of(&charge, &window));
    charge.calendar_month = true;
    assert_true(limit_window_of(&charge, &window));
    assert_true(window.calendar_month);
    assert_int_equal(window.length_ms, 0);
    charge.sliding = true; // a sliding window has a length
    assert_false(limit_window_of(&charge, &window));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_aligned_to_utc),
        cmocka_unit_test(weeks_start_on_monday),
        cmocka_unit_test(months_follow_the_calendar),
        cmocka_unit_test(charges_name_their_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
