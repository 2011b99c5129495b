// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "admin/admin_internal.h"

#include <stdio.h>

enum { START_MS = 1000000, WINDOW_MS = 15 * 60 * 1000 };

static struct admin_throttle *throttle;

static int setup(void **state)
{
    (void)state;
    throttle = admin_throttle_new();
    return throttle == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    admin_throttle_free(throttle);
    return 0;
}

static int64_t try(const char *account, const char *address, int64_t now_ms)
{
    return admin_throttle_try(throttle, slice_from_string(account), slice_from_string(address),
                              now_ms);
}

static void an_account_has_ten_attempts_in_a_window(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(try("a", "192.0.2.1", START_MS + i), 0);
    assert_int_equal(try("a", "192.0.2.2", START_MS + 60000), WINDOW_MS / 1000 - 60 + 1);
    // Two may share a bucket by chance, three do not.
    assert_true(try("b", "192.0.2.1", START_MS + 60000) == 0 ||
                try("c", "192.0.2.1", START_MS + 60000) == 0);
    assert_int_equal(try("a", "192.0.2.1", START_MS + WINDOW_MS), 0);
}

static void whoever_signs_in_begins_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(try("a", "192.0.2.1", START_MS), 0);
    admin_throttle_forgive(throttle, slice_from_string("a"));
    assert_int_equal(try("a", "192.0.2.1", START_MS), 0);
}

// Half of an IPv6 address is free to choose; accounts are as many as one likes.
static void an_address_has_fifty_attempts_whatever_the_account(void **state)
{
    (void)state;
    char account[16], address[64];
    for (int i = 0; i < 51; i++) {
        snprintf(account, sizeof account, "x%d", i);
        snprintf(address, sizeof address,
                 i % 2 == 0 ? "[2001:db8::%x:2:3:4]" : "[2001:db8:0:0:%x::1]", (unsigned)i + 1);
        int64_t wait_s = try(account, address, START_MS);
        assert_true(i < 50 ? wait_s == 0 : wait_s > 0);
    }
    assert_true(try("y", "[2001:db8:1:3::1]", START_MS) == 0 ||
                try("z", "[2001:db8:1:4::1]", START_MS) == 0);
}

static void a_clock_that_jumps_back_locks_nobody_out(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(try("a", "192.0.2.1", START_MS + 10 * WINDOW_MS), 0);
    assert_int_equal(try("a", "192.0.2.1", START_MS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_account_has_ten_attempts_in_a_window, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_signs_in_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_has_fifty_attempts_whatever_the_account, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_jumps_back_locks_nobody_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
