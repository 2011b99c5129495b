// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "base/table.h"

static void arena_stops_at_its_cap(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 8192);
    size_t taken = 0;
    while (arena_take(&arena, 100) != NULL)
        taken += 112;
    assert_in_range(taken, 4000, 8192);
    arena_clear(&arena);
    assert_non_null(arena_take(&arena, 100));
    assert_null(arena_take(&arena, SIZE_MAX));
    arena_release(&arena);
}

static void buffer_failure_is_sticky(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    assert_int_equal(buffer_append_string(&buffer, "12345"), 0);
    buffer_consume(&buffer, 2);
    assert_int_equal(buffer_append_string(&buffer, "1234567"), 0);
    assert_true(slice_equal_string(buffer_slice(&buffer), "3451234567"));
    assert_int_equal(buffer_append_string(&buffer, "x"), ERROR_TOO_LARGE);
    assert_true(buffer.failed);
    buffer_release(&buffer);
}

static void table_survives_removal_in_runs(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static char keys[COUNT][8];
    struct table table;
    table_init(&table);
    for (int i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        assert_int_equal(table_put(&table, slice_from_string(keys[i]), keys[i]), 0);
    }
    for (int i = 0; i < COUNT; i += 2)
        assert_ptr_equal(table_remove(&table, slice_from_string(keys[i])), keys[i]);
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(table_get(&table, slice_from_string(keys[i])), i % 2 ? keys[i] : NULL);
    assert_int_equal(table.count, COUNT / 2);
    table_release(&table);
}

static void failed_growth_leaves_the_table_whole(void **state)
{
    (void)state;
    struct table table;
    table_init(&table);
    memory_fail_at(1, 0);
    assert_int_equal(table_put(&table, SLICE_LITERAL("a"), "x"), ERROR_NO_MEMORY);
    memory_fail_at(0, 0);
    assert_null(table_get(&table, SLICE_LITERAL("a")));
    assert_int_equal(table_put(&table, SLICE_LITERAL("a"), "x"), 0);
    table_release(&table);
}

// Only A to Z have another case, at every place around the words that are compared at once.
static void case_is_that_of_ascii_letters(void **state)
{
    (void)state;
    char a[11], b[11];
    for (size_t length = 1; length <= sizeof a; length++)
        for (size_t at = 0; at < length; at++)
            for (unsigned pair = 0; pair < 65536; pair++) {
                unsigned one = pair >> 8, other = pair & 255;
                memset(a, 'k', sizeof a);
                memset(b, 'K', sizeof b);
                a[at] = (char)one;
                b[at] = (char)other;
                bool letters = (one | 0x20) >= 'a' && (one | 0x20) <= 'z' && one < 0x80;
                bool equal = one == other || (letters && (one ^ other) == 0x20);
                if (slice_equal_ignoring_case(slice_of(a, length), slice_of(b, length)) != equal)
                    fail_msg("%02x and %02x at %zu of %zu", one, other, at, length);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arena_stops_at_its_cap),
                                       cmocka_unit_test(buffer_failure_is_sticky),
                                       cmocka_unit_test(table_survives_removal_in_runs),
                                       cmocka_unit_test(failed_growth_leaves_the_table_whole),
                                       cmocka_unit_test(case_is_that_of_ascii_letters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
