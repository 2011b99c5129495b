// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "unit/limit/model.h"

static const int64_t T = 1800000000000; // a Friday morning; a multiple of a minute

static int64_t retry;
static size_t failed_index;

static int take(struct limit_table *table, struct limit_charge charge, int64_t now,
                struct limit_receipt *receipt)
{
    struct limit_receipt unused;
    return limit_reserve(table, &charge, 1, now, receipt == NULL ? &unused : receipt, &failed_index,
                         &retry);
}

static struct decimal number(const char *text)
{
    struct decimal d;
    assert_int_equal(decimal_parse(slice_from_string(text), &d), 0);
    return d;
}

static void a_sliding_window_ends_on_the_millisecond(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge one = charge_of("k", true, 60000, 2, 1);
    assert_int_equal(take(table, one, T, NULL), 0);
    assert_int_equal(take(table, one, T + 10, NULL), 0);
    assert_int_equal(take(table, one, T + 20, NULL), ERROR_LIMIT);
    assert_int_equal(retry, 59980);
    assert_int_equal(take(table, one, T + 59999, NULL), ERROR_LIMIT);
    assert_int_equal(retry, 1);
    assert_int_equal(take(table, one, T + 60000, NULL), 0);
    assert_int_equal(take(table, one, T + 60009, NULL), ERROR_LIMIT);
    assert_int_equal(take(table, one, T + 60010, NULL), 0);
    struct limit_stats stats = limit_table_stats(table);
    assert_int_equal(stats.reserved, 4);
    assert_int_equal(stats.refused, 3);
    assert_int_equal(stats.counters, 1);
    limit_table_free(table);
}

static void a_receipt_says_what_the_counter_holds(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge one = charge_of("k", true, 60000, 5, 2);
    struct limit_receipt first, second;
    assert_int_equal(take(table, one, T, &first), 0);
    assert_int_equal(take(table, one, T + 30000, &second), 0);
    assert_int_equal(decimal_compare(first.used, decimal_from_integer(2)), 0);
    assert_int_equal(decimal_compare(second.used, decimal_from_integer(4)), 0);
    limit_give_back(table, &second);
    assert_int_equal(take(table, one, T + 60000, &second), 0); // the first has passed
    assert_int_equal(decimal_compare(second.used, decimal_from_integer(2)), 0);
    limit_table_free(table);
}

static void a_fixed_window_starts_anew(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge one = charge_of("k", false, 60000, 1, 1);
    assert_int_equal(take(table, one, T + 59999, NULL), 0);
    assert_int_equal(take(table, one, T + 59999, NULL), ERROR_LIMIT);
    assert_int_equal(retry, 1);
    assert_int_equal(take(table, one, T + 60000, NULL), 0);
    assert_int_equal(take(table, one, T + 60001, NULL), ERROR_LIMIT);
    assert_int_equal(retry, 59999);
    limit_table_free(table);
}

static void a_month_is_the_calendars(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge one = charge_of("k", false, 0, 1, 1);
    int64_t last;
    one.calendar_month = true;
    assert_true(clock_parse(SLICE_LITERAL("2028-02-29T23:59:59.999Z"), &last));
    assert_int_equal(take(table, one, last - 86400000, NULL), 0);
    assert_int_equal(take(table, one, last, NULL), ERROR_LIMIT);
    assert_int_equal(retry, 1);
    assert_int_equal(take(table, one, last + 1, NULL), 0);
    limit_table_free(table);
}

static void amounts_are_exact(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge charge = charge_of("k", true, 1000, 1, 0);
    charge.amount = number("0.1");
    for (int i = 0; i < 10; i++)
        assert_int_equal(take(table, charge, T, NULL), 0);
    charge.amount = number("0.00000000000000000000001");
    assert_int_equal(take(table, charge, T, NULL), ERROR_LIMIT);
    charge.amount = number("1.00000000000000000000001");
    assert_int_equal(take(table, charge, T + 1000, NULL), ERROR_LIMIT);
    assert_int_equal(retry, -1);
    limit_table_free(table);
}

static void sums_without_exact_result_are_refused(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge charge = charge_of("k", true, 1000, 0, 0);
    charge.max = number("9e40");
    charge.amount = number("1e35");
    assert_int_equal(take(table, charge, T, NULL), 0);
    charge.amount = number("0.5");
    assert_int_equal(take(table, charge, T + 1, NULL), ERROR_LIMIT);
    assert_int_equal(retry, 999);
    assert_int_equal(take(table, charge, T + 1000, NULL), 0);
    // 0.5 + 0.5 + 1e35 has a sum, but not any longer when the first half leaves.
    assert_int_equal(take(table, charge, T + 1001, NULL), 0);
    charge.amount = number("1e35");
    assert_int_equal(take(table, charge, T + 1002, NULL), 0);
    charge.amount = number("1");
    assert_int_equal(take(table, charge, T + 2000, NULL), ERROR_LIMIT);
    assert_int_equal(retry, 1);
    assert_int_equal(take(table, charge, T + 2001, NULL), 0);
    limit_table_free(table);
}

static void wrong_charges_are_refused(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge wrong[] = {
        charge_of("k", true, 1000, 5, -1),
        charge_of("k", true, 1000, -1, 0),
        charge_of("k", true, 0, 5, 1),
        charge_of("k", false, -1, 5, 1),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        retry = 7;
        assert_int_equal(take(table, wrong[i], T, NULL), ERROR_LIMIT);
        assert_int_equal(retry, -1);
    }
    assert_int_equal(limit_table_stats(table).counters, 0);
    limit_table_free(table);
}

static void nothing_is_always_free_but_not_above_max(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_receipt receipt;
    assert_int_equal(take(table, charge_of("k", true, 1000, 0, 0), T, &receipt), 0);
    limit_give_back(table, &receipt);
    assert_int_equal(limit_table_stats(table).counters, 0);
    assert_int_equal(limit_table_stats(table).given_back, 0);
    assert_int_equal(take(table, charge_of("k", true, 1000, 9, 9), T, NULL), 0);
    assert_int_equal(take(table, charge_of("k", true, 1000, 8, 0), T, NULL), ERROR_LIMIT);
    limit_table_free(table);
}

static void checking_takes_nothing(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge charge = charge_of("k", true, 1000, 1, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(limit_check(table, &charge, 1, T, &failed_index, &retry), 0);
    assert_int_equal(take(table, charge, T, NULL), 0);
    assert_int_equal(limit_check(table, &charge, 1, T + 400, &failed_index, &retry), ERROR_LIMIT);
    assert_int_equal(retry, 600);
    assert_int_equal(limit_check(table, NULL, 0, T, &failed_index, &retry), 0);
    limit_table_free(table);
}

static void charges_are_taken_all_or_none(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_receipt receipts[3];
    struct limit_charge charges[] = {charge_of("a", true, 1000, 9, 1),
                                     charge_of("b", false, 1000, 9, 1),
                                     charge_of("c", true, 1000, 0, 1)};
    for (int i = 0; i < 20; i++)
        assert_int_equal(limit_reserve(table, charges, 3, T, receipts, &failed_index, &retry),
                         ERROR_LIMIT);
    assert_int_equal(failed_index, 2);
    assert_int_equal(retry, -1);
    charges[0].amount = decimal_from_integer(9);
    assert_int_equal(limit_reserve(table, charges, 2, T, receipts, &failed_index, &retry), 0);
    charges[1].amount = decimal_from_integer(8);
    assert_int_equal(take(table, charges[1], T, NULL), 0);
    limit_table_free(table);
}

static void charges_on_one_counter_add_up(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_receipt receipts[2];
    // The tool's own limit and the one for all tools name the same counter.
    struct limit_charge charges[] = {charge_of("k", true, 1000, 5, 2),
                                     charge_of("k", true, 1000, 9, 2)};
    assert_int_equal(limit_check(table, charges, 2, T, &failed_index, &retry), 0);
    assert_int_equal(limit_reserve(table, charges, 2, T, receipts, &failed_index, &retry), 0);
    // 4 are taken; 4 more break the first one's max of 5.
    assert_int_equal(limit_check(table, charges, 2, T + 1, &failed_index, &retry), ERROR_LIMIT);
    assert_int_equal(failed_index, 0);
    assert_int_equal(retry, 999);
    assert_int_equal(take(table, charge_of("k", true, 1000, 5, 1), T + 1, NULL), 0);
    assert_int_equal(take(table, charge_of("k", true, 1000, 5, 1), T + 1, NULL), ERROR_LIMIT);
    charges[0].max = decimal_from_integer(3);
    assert_int_equal(limit_check(table, charges, 2, T + 9999, &failed_index, &retry), ERROR_LIMIT);
    assert_int_equal(retry, -1);
    // Each receipt gives back its own share.
    limit_give_back(table, &receipts[0]);
    limit_give_back(table, &receipts[1]);
    limit_table_free(table);
}

static void windows_of_one_key_are_apart(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_charge month = charge_of("k", false, 0, 1, 1);
    month.calendar_month = true;
    struct limit_charge charges[] = {
        charge_of("k", true, 1000, 1, 1), charge_of("k", false, 1000, 1, 1),
        charge_of("k", true, 2000, 1, 1), charge_of("kk", true, 1000, 1, 1), month};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(take(table, charges[i], T, NULL), 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(take(table, charges[i], T, NULL), ERROR_LIMIT);
    // A new max is the same counter.
    charges[0].max = decimal_from_integer(2);
    assert_int_equal(take(table, charges[0], T, NULL), 0);
    charges[0].max = decimal_from_integer(1);
    assert_int_equal(take(table, charges[0], T + 999, NULL), ERROR_LIMIT);
    limit_table_free(table);
}

static void giving_back_frees_its_own_window(void **state)
{
    (void)state;
    for (int sliding = 0; sliding < 2; sliding++) {
        struct limit_table *table = limit_table_new(0);
        struct limit_charge three = charge_of("k", sliding == 1, 1000, 3, 3);
        struct limit_receipt first, second;
        assert_int_equal(take(table, three, T, &first), 0);
        limit_give_back(table, &first);
        assert_int_equal(take(table, three, T + 1, &first), 0);
        assert_int_equal(take(table, three, T + 1001, &second), 0);
        limit_give_back(table, &first); // its window has passed
        assert_int_equal(take(table, charge_of("k", sliding == 1, 1000, 3, 1), T + 1002, NULL),
                         ERROR_LIMIT);
        struct limit_receipt unknown = {.counter = 999, .at_ms = T, .amount = three.amount};
        limit_give_back(table, &unknown);
        limit_give_back(table, &second);
        limit_give_back(table, &second); // a second time changes nothing
        assert_int_equal(limit_table_stats(table).given_back, 2);
        assert_int_equal(take(table, three, T + 1002, NULL), 0);
        limit_table_free(table);
    }
}

static void a_full_table_keeps_what_is_live(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(2);
    assert_int_equal(take(table, charge_of("a", true, 1000, 1, 1), T, NULL), 0);
    assert_int_equal(take(table, charge_of("b", false, 60000, 1, 1), T + 10, NULL), 0);
    assert_int_equal(take(table, charge_of("c", true, 1000, 1, 1), T + 999, NULL), ERROR_LIMIT);
    assert_int_equal(retry, 1000);
    assert_int_equal(take(table, charge_of("a", true, 1000, 1, 1), T + 999, NULL), ERROR_LIMIT);
    assert_int_equal(take(table, charge_of("c", true, 1000, 1, 1), T + 1000, NULL), 0); // for a
    assert_int_equal(take(table, charge_of("a", true, 1000, 1, 1), T + 1001, NULL), ERROR_LIMIT);
    assert_int_equal(take(table, charge_of("b", false, 60000, 1, 1), T + 1001, NULL), ERROR_LIMIT);
    assert_int_equal(take(table, charge_of("a", true, 1000, 1, 1), T + 60000, NULL), 0);
    // Those that have passed make room wherever they are.
    assert_int_equal(take(table, charge_of("d", true, 1000, 1, 1), T + 60000, NULL), 0);
    assert_int_equal(limit_table_stats(table).counters, 2);
    limit_table_free(table);
}

static void forgotten_counters_ignore_receipts(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(1);
    struct limit_receipt old;
    assert_int_equal(take(table, charge_of("a", true, 10, 1, 1), T, &old), 0);
    assert_int_equal(take(table, charge_of("b", true, 10, 1, 1), T + 10, NULL), 0);
    old.at_ms = T + 10;
    limit_give_back(table, &old);
    assert_int_equal(take(table, charge_of("b", true, 10, 1, 1), T + 10, NULL), ERROR_LIMIT);
    limit_table_free(table);
}

static void many_keys_share_windows(void **state)
{
    (void)state;
    enum { KEYS = 3000 };
    struct limit_table *table = limit_table_new(0);
    char key[16];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < KEYS; i++) {
            snprintf(key, sizeof key, "%d", i);
            int64_t window = 1000 + i % 7;
            int64_t now = T + round * 1006 + (round > 0);
            assert_int_equal(take(table, charge_of(key, i % 2 == 0, window, 1, 1), now, NULL), 0);
        }
    assert_int_equal(limit_table_stats(table).counters, KEYS);
    // New counters push out passed ones, two at a time and each in its own shard: a shard that got
    // less than half as many new ones as it had keeps a few of the old.
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "x%d", i);
        assert_int_equal(take(table, charge_of(key, true, 1000, 1, 1), T + 10000, NULL), 0);
    }
    assert_in_range(limit_table_stats(table).counters, KEYS, KEYS + KEYS / 50);
    limit_table_free(table);
}

static void long_keys_are_refused(void **state)
{
    (void)state;
    static char key[5000];
    struct limit_table *table = limit_table_new(0);
    struct limit_charge charge = charge_of("", true, 1000, 1, 1);
    charge.key = slice_of(key, 4096);
    assert_int_equal(take(table, charge, T, NULL), 0);
    charge.key.length = 4097;
    assert_int_equal(limit_check(table, &charge, 1, T, &failed_index, &retry), ERROR_LIMIT);
    assert_int_equal(take(table, charge, T, NULL), ERROR_LIMIT);
    assert_int_equal(retry, -1);
    charge.key.length = 0;
    assert_int_equal(take(table, charge, T, NULL), 0);
    limit_table_free(table);
}

static void keys_are_unambiguous(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 65536);
    const struct slice ab_c[] = {SLICE_LITERAL("ab"), SLICE_LITERAL("c")};
    const struct slice a_bc[] = {SLICE_LITERAL("a"), SLICE_LITERAL("bc")};
    const struct slice tricky[] = {SLICE_LITERAL("ab1:c")};
    const struct slice empty[] = {SLICE_LITERAL(""), SLICE_LITERAL("")};
    assert_true(slice_equal_string(limit_key(&arena, ab_c, 2), "2:ab1:c"));
    assert_true(slice_equal_string(limit_key(&arena, a_bc, 2), "1:a2:bc"));
    assert_true(slice_equal_string(limit_key(&arena, tricky, 1), "5:ab1:c"));
    assert_true(slice_equal_string(limit_key(&arena, empty, 2), "0:0:"));
    assert_non_null(limit_key(&arena, NULL, 0).data);
    arena_release(&arena);
    arena_init(&arena, 16);
    const struct slice large[] = {slice_of("................................", 32)};
    assert_null(limit_key(&arena, large, 1).data);
    arena_release(&arena);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct limit_table *table = limit_table_new(0);
        struct limit_receipt receipts[2];
        int64_t taken = 0;
        memory_fail_at(n, 0);
        for (int i = 0; i < 600; i++) {
            char key[16];
            snprintf(key, sizeof key, "k%d", i % 20);
            struct limit_charge charges[] = {charge_of("all", true, 10000, 1000, 1),
                                             charge_of(key, i % 2 == 0, 10000, 1000, 1)};
            int error = limit_reserve(table, charges, 2, T + i, receipts, &failed_index, &retry);
            assert_true(error == 0 || error == ERROR_NO_MEMORY);
            taken += error == 0;
        }
        bool reached = memory_attempts() >= n;
        memory_fail_at(0, 0);
        assert_true(taken >= (reached ? 599 : 600));
        // What was refused took nothing, what was taken is there.
        struct limit_charge rest = charge_of("all", true, 10000, 1000, 1000 - taken);
        assert_int_equal(take(table, rest, T + 600, NULL), 0);
        rest.amount = decimal_from_integer(1);
        assert_int_equal(take(table, rest, T + 600, NULL), ERROR_LIMIT);
        limit_table_free(table);
        if (!reached)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sliding_window_ends_on_the_millisecond),
        cmocka_unit_test(a_receipt_says_what_the_counter_holds),
        cmocka_unit_test(a_fixed_window_starts_anew),
        cmocka_unit_test(a_month_is_the_calendars),
        cmocka_unit_test(amounts_are_exact),
        cmocka_unit_test(sums_without_exact_result_are_refused),
        cmocka_unit_test(wrong_charges_are_refused),
        cmocka_unit_test(nothing_is_always_free_but_not_above_max),
        cmocka_unit_test(checking_takes_nothing),
        cmocka_unit_test(charges_are_taken_all_or_none),
        cmocka_unit_test(charges_on_one_counter_add_up),
        cmocka_unit_test(windows_of_one_key_are_apart),
        cmocka_unit_test(giving_back_frees_its_own_window),
        cmocka_unit_test(a_full_table_keeps_what_is_live),
        cmocka_unit_test(forgotten_counters_ignore_receipts),
        cmocka_unit_test(many_keys_share_windows),
        cmocka_unit_test(long_keys_are_refused),
        cmocka_unit_test(keys_are_unambiguous),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
