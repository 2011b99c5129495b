// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the limits file keeps over a restart, and what it refuses to start with.
#include "lib/scratch.h"

#include "base/memory.h"
#include "store/store.h"
#include "unit/limit/model.h"

static const int64_t T = 1800000000000;

static struct scratch scratch;
static struct error error;
static int64_t retry;
static size_t failed_index;

static int setup(void **state)
{
    (void)state;
    scratch_make(&scratch);
    memset(&error, 0, sizeof error);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

struct gateway {
    struct limit_table *table;
    struct limit_file *file;
};

static int start(struct gateway *gateway, int64_t now)
{
    gateway->table = limit_table_new(0);
    gateway->file = NULL;
    return limit_file_open(scratch_path(&scratch, "limits.db"), gateway->table, now, false,
                           &gateway->file, &error);
}

static void stop(struct gateway *gateway)
{
    limit_file_close(gateway->file);
    limit_table_free(gateway->table);
}

static bool take(struct gateway *gateway, struct limit_charge charge, int64_t now,
                 struct limit_receipt *receipt)
{
    struct limit_receipt unused;
    return limit_reserve(gateway->table, &charge, 1, now, receipt == NULL ? &unused : receipt,
                         &failed_index, &retry) == 0;
}

static void counters_survive_a_restart(void **state)
{
    (void)state;
    struct gateway gateway;
    struct limit_charge sliding = charge_of("s", true, 60000, 3, 1),
                        fixed = charge_of("f", false, 3600000, 10, 4),
                        month = charge_of("m", false, 0, 1, 1),
                        exact = charge_of("e", true, 60000, 1, 0);
    month.calendar_month = true;
    assert_int_equal(
        decimal_parse(SLICE_LITERAL("0.123456789012345678901234567890123456"), &exact.amount), 0);
    exact.max = exact.amount;
    assert_int_equal(start(&gateway, T), 0);
    assert_true(take(&gateway, sliding, T, NULL));
    assert_true(take(&gateway, sliding, T + 500, NULL));
    assert_true(take(&gateway, fixed, T, NULL));
    assert_true(take(&gateway, fixed, T, NULL));
    assert_true(take(&gateway, month, T, NULL));
    assert_true(take(&gateway, exact, T, NULL));
    stop(&gateway);

    assert_int_equal(start(&gateway, T + 1000), 0);
    assert_int_equal(limit_table_stats(gateway.table).counters, 4);
    assert_true(take(&gateway, sliding, T + 1000, NULL));
    assert_false(take(&gateway, sliding, T + 1000, NULL));
    assert_int_equal(retry, 59000);
    assert_false(take(&gateway, fixed, T + 1000, NULL));
    assert_int_equal(retry, 3599000);
    assert_false(take(&gateway, month, T + 1000, NULL));
    assert_false(take(&gateway, exact, T + 1000, NULL));
    stop(&gateway);

    // Two more restarts, past the windows.
    assert_int_equal(start(&gateway, T + 60000), 0);
    assert_true(take(&gateway, sliding, T + 60000, NULL));
    assert_false(take(&gateway, sliding, T + 60499, NULL));
    assert_true(take(&gateway, sliding, T + 60500, NULL));
    assert_true(take(&gateway, exact, T + 60500, NULL));
    stop(&gateway);
    assert_int_equal(start(&gateway, T + 3600000), 0);
    assert_true(take(&gateway, fixed, T + 3600000, NULL));
    stop(&gateway);
}

static void long_lists_survive(void **state)
{
    (void)state;
    struct gateway gateway;
    struct limit_charge one = charge_of("many", true, 100000, 2000, 1);
    assert_int_equal(start(&gateway, T), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(take(&gateway, one, T + 7 * i, NULL));
    stop(&gateway);
    for (int restart = 0; restart < 3; restart++) {
        assert_int_equal(start(&gateway, T + 7000), 0);
        one.amount = decimal_from_integer(1001);
        assert_false(take(&gateway, one, T + 7000, NULL));
        one.amount = decimal_from_integer(1000);
        assert_int_equal(limit_check(gateway.table, &one, 1, T + 7000, &failed_index, &retry), 0);
        stop(&gateway);
    }
}

static void what_is_given_back_stays_given_back(void **state)
{
    (void)state;
    struct gateway gateway;
    struct limit_receipt receipt;
    struct limit_charge one = charge_of("k", true, 60000, 1, 1);
    assert_int_equal(start(&gateway, T + 60000), 0);
    assert_true(take(&gateway, one, T + 60000, &receipt));
    limit_file_sync(gateway.file);
    limit_give_back(gateway.table, &receipt);
    stop(&gateway);
    assert_int_equal(start(&gateway, T + 60001), 0);
    assert_true(take(&gateway, one, T + 60001, NULL));
    stop(&gateway);
}

// Found by test/model: the empty counter made room for another before it was written.
static void a_counter_is_written_before_it_is_forgotten(void **state)
{
    (void)state;
    struct gateway gateway;
    struct limit_receipt receipt;
    struct limit_charge one = charge_of("one", true, 60000, 1, 1),
                        other = charge_of("other", true, 60000, 1, 1);
    assert_int_equal(start(&gateway, T), 0);
    assert_true(take(&gateway, one, T, &receipt));
    uint64_t before = limit_file_batches(gateway.file);
    limit_file_sync(gateway.file);
    while (limit_file_batches(gateway.file) == before)
        usleep(1000);
    limit_give_back(gateway.table, &receipt);
    assert_true(take(&gateway, other, T, NULL));
    stop(&gateway);
    assert_int_equal(start(&gateway, T), 0);
    assert_true(take(&gateway, one, T, NULL));
    assert_false(take(&gateway, other, T, NULL));
    stop(&gateway);
}

static void the_future_is_now(void **state)
{
    (void)state;
    struct gateway gateway;
    struct limit_charge sliding = charge_of("s", true, 60000, 1, 1),
                        fixed = charge_of("f", false, 60000, 1, 1);
    assert_int_equal(start(&gateway, T + 999999999), 0);
    assert_true(take(&gateway, sliding, T + 999999999, NULL));
    assert_true(take(&gateway, fixed, T + 999999999, NULL));
    stop(&gateway);
    for (int restart = 0; restart < 2; restart++) { // it is written back as of now
        assert_int_equal(start(&gateway, T + 30000 * restart), 0);
        assert_false(take(&gateway, sliding, T + 59999, NULL));
        assert_int_equal(retry, 1);
        assert_false(take(&gateway, fixed, T + 59999, NULL));
        assert_int_equal(retry, 1);
        stop(&gateway);
    }
    assert_int_equal(start(&gateway, T + 60000), 0);
    assert_true(take(&gateway, sliding, T + 60000, NULL));
    assert_true(take(&gateway, fixed, T + 60000, NULL));
    stop(&gateway);
}

static void expired_rows_leave_the_file(void **state)
{
    (void)state;
    struct gateway gateway;
    char key[16];
    assert_int_equal(start(&gateway, T), 0);
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_true(take(&gateway, charge_of(key, true, 1000, 1, 1), T, NULL));
    }
    stop(&gateway);
    assert_int_equal(start(&gateway, T + 999), 0);
    assert_int_equal(limit_table_stats(gateway.table).counters, 500);
    assert_true(take(&gateway, charge_of("new", true, 1000, 1, 1), T + 1000, NULL));
    stop(&gateway);
    assert_int_equal(start(&gateway, T + 1000), 0);
    assert_int_equal(limit_table_stats(gateway.table).counters, 1);
    stop(&gateway);
}

static void the_file_is_private(void **state)
{
    (void)state;
    struct gateway gateway;
    struct stat status;
    mode_t before = umask(0);
    assert_int_equal(start(&gateway, T), 0);
    assert_true(take(&gateway, charge_of("k", true, 1000, 1, 1), T, NULL));
    limit_file_sync(gateway.file);
    assert_int_equal(stat(scratch_path(&scratch, "limits.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(scratch_path(&scratch, "limits.db-wal"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    stop(&gateway);
    umask(before);
    assert_int_equal(chmod(scratch_path(&scratch, "limits.db"), 0644), 0);
    assert_int_equal(start(&gateway, T), 0);
    assert_int_equal(stat(scratch_path(&scratch, "limits.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    stop(&gateway);
}

static void a_second_gateway_is_refused(void **state)
{
    (void)state;
    struct gateway first, second;
    assert_int_equal(start(&first, T), 0);
    assert_int_equal(start(&second, T), ERROR_IO);
    assert_non_null(strstr(error.text, "is in use by another process"));
    limit_table_free(second.table);
    stop(&first);
}

static void refuses(int code, const char *sentence)
{
    struct gateway gateway;
    memset(&error, 0, sizeof error);
    assert_int_equal(start(&gateway, T), code);
    assert_null(gateway.file);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, sentence);
    limit_table_free(gateway.table);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\": \"1\"}, and so on, long enough to look like something "
        "that somebody would miss if it were overwritten by a gateway";
    for (size_t length = 1; length < sizeof text; length += 40) {
        scratch_write(scratch_path(&scratch, "limits.db"), text, length);
        refuses(ERROR_CONFIG, "is not a limits file");
        size_t size;
        char *kept = scratch_read(scratch_path(&scratch, "limits.db"), &size);
        assert_int_equal(size, length);
        assert_memory_equal(kept, text, length);
        free(kept);
    }
    unlink(scratch_path(&scratch, "limits.db"));
    assert_int_equal(mkdir(scratch_path(&scratch, "limits.db"), 0700), 0);
    refuses(ERROR_IO, "limits.db");
    rmdir(scratch_path(&scratch, "limits.db"));
}

static void a_missing_folder_is_named(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_file *file;
    assert_int_equal(limit_file_open("/nowhere/at/all", table, T, false, &file, &error), ERROR_IO);
    assert_string_equal(error.text,
                        "cannot open the limits file '/nowhere/at/all': No such file or directory");
    limit_table_free(table);
}

// A file with this row in it, as if we had written it.
static void make_row(const char *entries, bool sliding, int64_t window)
{
    struct store *store;
    unlink(scratch_path(&scratch, "limits.db"));
    assert_int_equal(store_open(scratch_path(&scratch, "limits.db"), &store, &error), 0);
    struct store_counter row = {.key = SLICE_LITERAL("k"),
                                .sliding = sliding,
                                .window_ms = window,
                                .expires_ms = INT64_MAX,
                                .entries = slice_from_string(entries)};
    assert_int_equal(store_begin(store, &error), 0);
    assert_int_equal(store_put_counter(store, &row, &error), 0);
    assert_int_equal(store_commit(store, &error), 0);
    store_close(store);
}

static void rows_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "x",
        "1",
        "1 2",
        "1 2 ",
        "2 1 5",
        "1 2 -5",
        "1 2 0",
        "1 2 5,",
        "1 2 5,1 1 5",
        "1 2 5 ",
        " 1 2 5",
        "1  2 5",
        "1 2 5x",
        "-1 2 5",
        "1 2 5,,3 3 1",
        "1 2 1e99999",
        "99999999999999999999 1 1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make_row(wrong[i], true, 1000);
        refuses(ERROR_CONFIG, "cannot be understood");
    }
    make_row("0 1000 1,1000 2000 1", false, 1000);
    refuses(ERROR_CONFIG, "cannot be understood");
    make_row("1 2 1", true, 0);
    refuses(ERROR_CONFIG, "cannot be understood");
    struct gateway gateway;
    make_row("1 2 5,2 3 0.5", true, 1000);
    assert_int_equal(start(&gateway, T), 0);
    stop(&gateway);
}

static void damage_is_refused(void **state)
{
    (void)state;
    struct gateway gateway;
    char key[32];
    size_t size;
    assert_int_equal(start(&gateway, T), 0);
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof key, "key number %d", i);
        assert_true(take(&gateway, charge_of(key, true, 1000, 1, 1), T, NULL));
    }
    stop(&gateway);
    char *bytes = scratch_read(scratch_path(&scratch, "limits.db"), &size);
    assert_true(size > 16384);
    memset(bytes + 8192, 0x5A, 4096);
    scratch_write(scratch_path(&scratch, "limits.db"), bytes, size);
    free(bytes);
    refuses(ERROR_CONFIG, "is damaged");
}

static void too_many_counters_are_refused(void **state)
{
    (void)state;
    struct gateway gateway;
    assert_int_equal(start(&gateway, T), 0);
    assert_true(take(&gateway, charge_of("a", true, 1000, 1, 1), T, NULL));
    assert_true(take(&gateway, charge_of("b", true, 1000, 1, 1), T, NULL));
    stop(&gateway);
    gateway.table = limit_table_new(1);
    assert_int_equal(limit_file_open(scratch_path(&scratch, "limits.db"), gateway.table, T, false,
                                     &gateway.file, &error),
                     ERROR_CONFIG);
    assert_non_null(strstr(error.text, "more counters than are allowed (1)"));
    limit_table_free(gateway.table);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    struct gateway gateway;
    struct limit_charge one = charge_of("k", true, 60000, 1000, 1);
    int taken = 0;
    for (size_t n = 1;; n++) {
        bool reached;
        memory_fail_at(n, 0);
        int failed = start(&gateway, T);
        if (failed == 0) {
            taken += take(&gateway, one, T + taken, NULL);
            limit_file_sync(gateway.file);
            stop(&gateway);
        } else
            limit_table_free(gateway.table);
        reached = memory_attempts() >= n;
        memory_fail_at(0, 0);
        assert_true(failed == 0 || (failed == ERROR_NO_MEMORY && reached));
        if (!reached)
            break;
    }
    // At least what was taken while nothing failed is in the file, and never more than was taken.
    assert_int_equal(start(&gateway, T + 1000), 0);
    one.amount = decimal_from_integer(1000 - taken);
    assert_int_equal(limit_check(gateway.table, &one, 1, T + 1000, &failed_index, &retry), 0);
    one.amount = decimal_from_integer(1000);
    assert_int_equal(limit_check(gateway.table, &one, 1, T + 1000, &failed_index, &retry),
                     ERROR_LIMIT);
    stop(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counters_survive_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lists_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_given_back_stays_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_counter_is_written_before_it_is_forgotten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_future_is_now, setup, teardown),
        cmocka_unit_test_setup_teardown(expired_rows_leave_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(the_file_is_private, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_gateway_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_that_make_no_sense_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_counters_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_failing_allocations, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
