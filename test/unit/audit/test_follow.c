// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows are read once each and in order, whatever happens to the files that they are in.
#include "unit/audit/log_world.h"

#include "audit/audit_internal.h"
#include "base/log.h"

#include <fcntl.h>

static struct log_world world;
static struct audit_journal journal;
static struct audit_follower *follower;
static char path[192];

static void open_follower(void)
{
    struct error error;
    if (audit_follower_open(path, &follower, &error) != 0)
        fail_msg("%s", error.text);
}

static void open_journal(void)
{
    struct error error;
    if (audit_journal_open(&journal, path, NULL, &error) != 0)
        fail_msg("%s", error.text);
}

static int setup(void **state)
{
    (void)state;
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    world_open(&world);
    snprintf(path, sizeof path, "%s", world_path(&world, "log"));
    open_journal();
    open_follower();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    audit_follower_close(follower);
    audit_journal_close(&journal);
    world_close(&world);
    return 0;
}

static void turn(int rows, const char *sign)
{
    struct buffer bodies;
    const struct audit_wish wish = {.sign = sign};
    buffer_init(&bodies, 0);
    for (int i = 0; i < rows; i++)
        buffer_append_string(&bodies, "{\"filling\":\"................................\"\n");
    assert_int_equal(audit_journal_write(&journal, &bodies, &wish), 0);
    buffer_release(&bodies);
}

static void rotate(const char *name)
{
    struct error error;
    assert_int_equal(rename(path, world_path(&world, name)), 0);
    assert_int_equal(audit_journal_reopen(&journal, &error), 0);
}

// Everything that is there now must be these rows.
static void expect(uint64_t from, uint64_t to)
{
    struct audit_followed row;
    int result;
    for (; (result = audit_follower_next(follower, &row)) == 0; from++) {
        assert_int_equal(row.row.number, from);
        assert_int_equal(row.missed_from, 0);
        assert_int_equal(row.line.data[row.line.length - 1], '}');
    }
    assert_int_equal(result, ERROR_AGAIN);
    assert_int_equal(from, to + 1);
    assert_int_equal(audit_follower_state(follower)->rows, to);
}

static void rows_come_as_they_are_written(void **state)
{
    (void)state;
    expect(1, 0); // an empty file
    turn(1, NULL);
    expect(1, 2);
    turn(3000, "checkpoint");
    expect(3, 3003);
    turn(1, NULL);
    expect(3004, 3004);
}

static void half_a_line_is_not_taken(void **state)
{
    (void)state;
    turn(2, NULL);
    expect(1, 3);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "{\"time\":\"2026", 13), 13);
    expect(4, 3);
    assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 13), 0);
    turn(2, NULL);
    expect(4, 5);
    // Of a crash: a note tells of it.
    assert_int_equal(write(fd, "{\"time\":\"2026", 13), 13);
    turn(1, NULL);
    expect(6, 7);
    close(fd);
}

static void long_garbage_is_skipped(void **state)
{
    (void)state;
    turn(2, NULL);
    int fd = open(path, O_WRONLY | O_APPEND);
    char *garbage = malloc(900000);
    memset(garbage, 'x', 900000);
    assert_int_equal(write(fd, garbage, 900000), 900000);
    expect(1, 3);
    turn(2, NULL);
    expect(4, 6);
    free(garbage);
    close(fd);
}

static void rotation_is_followed(void **state)
{
    (void)state;
    turn(5, NULL);
    rotate("log.1");
    turn(5, NULL);
    expect(1, 13); // start, 5, end, start, 5
    turn(1, NULL);
    rotate("log-2");
    turn(1, NULL);
    rotate("log.3");
    turn(1, NULL);
    expect(14, 20);
    // Moved away, and nobody has begun a new one yet: rows still go to the old one.
    assert_int_equal(rename(path, world_path(&world, "log.4")), 0);
    turn(2, NULL);
    expect(21, 22);
}

static void a_place_is_found_again(void **state)
{
    (void)state;
    struct chain_state places[3];
    enum audit_found found;
    const uint64_t rows[] = {1, 4000, 9005};
    turn(5000, NULL);
    rotate("log.1");
    turn(4000, NULL);
    struct audit_followed row;
    for (size_t i = 0; i < 3;) {
        assert_int_equal(audit_follower_next(follower, &row), 0);
        if (row.row.number == rows[i])
            places[i++] = *audit_follower_state(follower);
        if (row.row.number == 9003)
            turn(2, NULL);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(audit_follower_seek(follower, &places[i], &found), 0);
        assert_int_equal(found, AUDIT_FOUND);
        expect(rows[i] + 1, 9005);
    }
    places[1].link[0] ^= 1;
    assert_int_equal(audit_follower_seek(follower, &places[1], &found), 0);
    assert_int_equal(found, AUDIT_FOUND_OTHER);
    expect(1, 9005);
    places[2].rows++;
    assert_int_equal(audit_follower_seek(follower, &places[2], &found), 0);
    assert_int_equal(found, AUDIT_FOUND_LESS);
    expect(1, 9005);
    assert_int_equal(audit_follower_seek_end(follower), 0);
    expect(9006, 9005);
    turn(1, NULL);
    expect(9006, 9006);
}

static void what_was_deleted_is_told(void **state)
{
    (void)state;
    struct audit_followed row;
    enum audit_found found;
    turn(5, NULL);
    assert_int_equal(audit_follower_next(follower, &row), 0);
    const struct chain_state first = *audit_follower_state(follower);
    audit_follower_close(follower);
    rotate("log.1");
    turn(5, NULL);
    rotate("log.2"); // rows 8 to 14
    turn(5, NULL);
    assert_int_equal(unlink(world_path(&world, "log.1")), 0);
    open_follower();
    assert_int_equal(audit_follower_seek(follower, &first, &found), 0);
    assert_int_equal(found, AUDIT_FOUND);
    assert_int_equal(audit_follower_next(follower, &row), 0);
    assert_int_equal(row.row.number, 8);
    assert_int_equal(row.missed_from, 2);
    assert_int_equal(row.missed_to, 7);
    expect(9, 20);
    // One that is open stays readable.
    assert_int_equal(audit_follower_seek(follower, &first, &found), 0);
    assert_int_equal(audit_follower_next(follower, &row), 0);
    assert_int_equal(unlink(world_path(&world, "log.2")), 0);
    expect(9, 20);
}

static void copies_do_not_confuse(void **state)
{
    (void)state;
    turn(5, NULL);
    struct text text = world_read(&world, "log");
    const char *names[] = {"log.bak", "log-a", "log.zz", "log.gz"};
    for (size_t i = 0; i < 4; i++)
        scratch_write(world_path(&world, names[i]), text.bytes, text.size / (i + 1));
    free(text.bytes);
    turn(5, NULL);
    expect(1, 11);
    turn(1, NULL);
    expect(12, 12);
    rotate("log.1");
    turn(1, NULL);
    expect(13, 15);
    struct chain_state middle = {.rows = 0};
    enum audit_found found;
    assert_int_equal(audit_follower_seek(follower, &middle, &found), 0);
    expect(1, 15);
}

static void another_log_is_read_from_its_begin(void **state)
{
    (void)state;
    turn(5, NULL);
    expect(1, 6);
    audit_journal_close(&journal);
    assert_int_equal(unlink(path), 0);
    expect(7, 6);
    open_journal();
    expect(7, 6);
    turn(2, NULL);
    expect(1, 3);
}

static void a_log_that_does_not_exist_yet(void **state)
{
    (void)state;
    audit_journal_close(&journal);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(audit_follower_seek_end(follower), 0);
    expect(1, 0);
    open_journal();
    turn(2, NULL);
    expect(1, 3);
}

static void a_device_cannot_be_followed(void **state)
{
    (void)state;
    struct audit_follower *none = NULL;
    struct error error;
    assert_int_equal(audit_follower_open("/dev/null", &none, &error), ERROR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_as_they_are_written, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_line_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(long_garbage_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(rotation_is_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_place_is_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_deleted_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(copies_do_not_confuse, setup, teardown),
        cmocka_unit_test_setup_teardown(another_log_is_read_from_its_begin, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_does_not_exist_yet, setup, teardown),
        cmocka_unit_test_setup_teardown(a_device_cannot_be_followed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
