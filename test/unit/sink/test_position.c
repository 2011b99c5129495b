// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How far a sink has come is known again, whatever a crash left of the file.
#include "lib/scratch.h"

#include "sink/sink_internal.h"

#include <fcntl.h>

static struct scratch scratch;
static struct sink_position position;
static char path[192];

static int setup(void **state)
{
    (void)state;
    scratch_make(&scratch);
    snprintf(path, sizeof path, "%s", scratch_path(&scratch, "log.sink-a"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sink_position_close(&position);
    scratch_remove(&scratch);
    return 0;
}

static bool open_it(void)
{
    struct error error;
    bool is_new = false;
    sink_position_close(&position);
    assert_int_equal(sink_position_open(&position, path, &is_new, &error), 0);
    return is_new;
}

static uint64_t row_of(enum sink_place place)
{
    struct chain_state state;
    return sink_position_read(&position, place, &state) ? state.rows : UINT64_MAX;
}

static void begin(uint64_t row)
{
    const struct chain_state state = {.rows = row, .link = {1, 2, 3}};
    position.fd = -1;
    assert_true(open_it());
    assert_int_equal(sink_position_begin(&position, &state), 0);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    begin(5);
    struct chain_state found, next = {.rows = UINT64_C(18446744073709551614), .link = {0xFF}};
    assert_int_equal(row_of(SINK_PLACE_NEWEST), 5);
    assert_int_equal(sink_position_write(&position, &next), 0);
    assert_false(open_it());
    assert_true(sink_position_read(&position, SINK_PLACE_NEWEST, &found));
    assert_memory_equal(&found, &next, sizeof found);
    assert_int_equal(row_of(SINK_PLACE_SAFE), 5);
}

static void the_second_line_follows_after_a_minute(void **state)
{
    (void)state;
    begin(5);
    for (uint64_t row = 6; row < 10; row++) {
        const struct chain_state next = {.rows = row};
        position.kept_us -= 61000000;
        assert_int_equal(sink_position_write(&position, &next), 0);
    }
    assert_int_equal(row_of(SINK_PLACE_NEWEST), 9);
    assert_int_equal(row_of(SINK_PLACE_SAFE), 7);
}

static void a_line_that_is_not_whole_counts_for_nothing(void **state)
{
    (void)state;
    size_t size;
    begin(5);
    char *text = scratch_read(path, &size);
    for (size_t i = 0; i < size; i++) {
        int fd = open(path, O_WRONLY);
        char wrong = (char)(text[i] ^ 1);
        assert_int_equal(pwrite(fd, &wrong, 1, (off_t)i), 1);
        bool newest = row_of(SINK_PLACE_NEWEST) == 5, safe = row_of(SINK_PLACE_SAFE) == 5;
        assert_int_equal(newest, i >= size / 2);
        assert_int_equal(safe, i < size / 2);
        assert_int_equal(pwrite(fd, &text[i], 1, (off_t)i), 1);
        close(fd);
    }
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(truncate(path, (off_t)cut), 0);
        assert_int_equal(row_of(SINK_PLACE_SAFE), UINT64_MAX);
        assert_int_equal(row_of(SINK_PLACE_NEWEST), cut < size / 2 ? UINT64_MAX : 5);
        scratch_write(path, text, size);
    }
    free(text);
}

static void only_one_has_it(void **state)
{
    (void)state;
    struct sink_position other;
    struct error error;
    bool is_new;
    begin(5);
    assert_int_equal(sink_position_open(&other, path, &is_new, &error), ERROR_AGAIN);
    sink_position_close(&position);
    assert_int_equal(sink_position_open(&other, path, &is_new, &error), 0);
    sink_position_close(&other);
    assert_int_equal(sink_position_open(&other, scratch.folder, &is_new, &error), ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(the_second_line_follows_after_a_minute, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_that_is_not_whole_counts_for_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_one_has_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
