// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The writer thread: what is on disk when the process is killed, and what happens when the disk is
// full. Run under ThreadSanitizer as well.
#include "lib/scratch.h"

#include "base/log.h"
#include "unit/limit/model.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const int64_t T = 1800000000000;

static struct scratch scratch;
static struct error error;
static int64_t retry;
static size_t failed_index;

static int setup(void **state)
{
    (void)state;
    scratch_make(&scratch);
    log_configure(LOG_ERROR + 1, LOG_TEXT); // failures are provoked
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static struct limit_file *open_file(struct limit_table *table, int64_t now)
{
    struct limit_file *file = NULL;
    if (limit_file_open(scratch_path(&scratch, "limits.db"), table, now, false, &file, &error) != 0)
        fail_msg("%s", error.text);
    return file;
}

static bool take(struct limit_table *table, const char *key, int64_t max, int64_t now)
{
    struct limit_charge charge = charge_of(key, true, 3600000, max, 1);
    struct limit_receipt receipt;
    return limit_reserve(table, &charge, 1, now, &receipt, &failed_index, &retry) == 0;
}

// How much of max is left: charges until refused.
static int left_of(struct limit_table *table, const char *key, int64_t max, int64_t now)
{
    int left = 0;
    while (take(table, key, max, now))
        left++;
    return left;
}

static void wait_for_batches(const struct limit_file *file, uint64_t batches)
{
    for (int i = 0; i < 60000 && limit_file_batches(file) < batches; i++)
        usleep(1000);
    assert_true(limit_file_batches(file) >= batches);
}

// The child charges, hands over, tells, and goes on charging until it is killed.
static void run_child(int tell)
{
    struct limit_table *table = limit_table_new(0);
    struct limit_file *file = NULL;
    if (limit_file_open(scratch_path(&scratch, "limits.db"), table, T, false, &file, &error) != 0)
        _exit(1);
    for (uint64_t round = 1;; round++) {
        for (int i = 0; i < 10; i++)
            (void)take(table, "k", 1000000, T + (int64_t)round);
        limit_file_sync(file);
        while (limit_file_batches(file) < round)
            usleep(100);
        if (write(tell, "x", 1) != 1)
            _exit(0);
    }
}

static void a_kill_forgets_nothing_that_was_synced(void **state)
{
    (void)state;
    int64_t already = 0;
    for (int kills = 0; kills < 3; kills++) {
        int told[2];
        char bytes[5];
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        if (child == 0)
            run_child(told[1]);
        close(told[1]);
        for (size_t i = 0; i < sizeof bytes; i++)
            assert_int_equal(read(told[0], &bytes[i], 1), 1);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        close(told[0]);
        struct limit_table *table = limit_table_new(0);
        struct limit_file *file = open_file(table, T + 1000);
        already += 50;
        struct limit_charge charge = charge_of("k", true, 3600000, 1000000, 0);
        // At least what was told is remembered: so much less fits.
        charge.amount = decimal_from_integer(1000000 - already + 1);
        assert_int_equal(limit_check(table, &charge, 1, T + 1000, &failed_index, &retry),
                         ERROR_LIMIT);
        limit_file_close(file);
        limit_table_free(table);
    }
}

static void closing_writes_what_was_never_synced(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_file *file = open_file(table, T);
    for (int i = 0; i < 7; i++) {
        assert_true(take(table, "k", 10, T));
        if (i == 3)
            limit_file_sync(file);
    }
    limit_file_close(file);
    limit_table_free(table);
    table = limit_table_new(0);
    file = open_file(table, T);
    assert_int_equal(left_of(table, "k", 10, T), 3);
    limit_file_close(file);
    limit_table_free(table);
    limit_file_close(NULL);
}

// Charges and hand-overs as fast as they go, while the writer works.
static void the_writer_keeps_up(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(0);
    struct limit_file *file = open_file(table, T);
    char key[16];
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "k%d", i % 50);
        assert_true(take(table, key, 1000, T + i));
        if (i % 10 == 0)
            limit_file_sync(file);
        (void)limit_file_healthy(file);
    }
    limit_file_close(file);
    limit_table_free(table);
    table = limit_table_new(0);
    file = open_file(table, T + 3000);
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(left_of(table, key, 100, T + 3000), 40);
    }
    limit_file_close(file);
    limit_table_free(table);
}

static void bound_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_is_told_and_recovered_from(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct limit_table *table = limit_table_new(0);
    struct limit_file *file = open_file(table, T);
    assert_true(take(table, "k", 10, T));
    limit_file_sync(file);
    wait_for_batches(file, 1);
    assert_true(limit_file_healthy(file));
    bound_file_size(4096); // smaller than the journal is already
    assert_true(take(table, "k", 10, T + 1));
    limit_file_sync(file);
    for (int i = 0; i < 60000 && limit_file_healthy(file); i++)
        usleep(1000);
    assert_false(limit_file_healthy(file));
    for (int i = 0; i < 8; i++) { // nobody waits meanwhile
        (void)take(table, "k", 10, T + 2 + i % 2);
        limit_file_sync(file);
    }
    bound_file_size(RLIM_INFINITY);
    wait_for_batches(file, 2); // retried without being asked
    assert_true(limit_file_batches(file) >= 2);
    limit_file_close(file);
    limit_table_free(table);
    table = limit_table_new(0);
    file = open_file(table, T + 10);
    assert_int_equal(left_of(table, "k", 10, T + 10), 0);
    limit_file_close(file);
    limit_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kill_forgets_nothing_that_was_synced, setup, teardown),
        cmocka_unit_test_setup_teardown(closing_writes_what_was_never_synced, setup, teardown),
        cmocka_unit_test_setup_teardown(the_writer_keeps_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_and_recovered_from, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
