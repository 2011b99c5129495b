// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The journal beside the limits file: what is done again after a crash, and what it refuses.
#include "lib/scratch.h"

#include "base/log.h"
#include "base/memory.h"
#include "limit/journal_internal.h"
#include "unit/limit/model.h"

#include <fcntl.h>
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
    memset(&error, 0, sizeof error);
    log_configure(LOG_ERROR + 1, LOG_TEXT);
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

static void start_well(struct gateway *gateway, int64_t now)
{
    if (start(gateway, now) != 0)
        fail_msg("%s", error.text);
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

static int64_t used_of(struct gateway *gateway, struct limit_charge charge, int64_t now)
{
    struct limit_view view;
    limit_stand(gateway->table, &charge, now, &view);
    int64_t used = (int64_t)view.used.coefficient;
    assert_true(view.used.exponent >= 0);
    for (int32_t i = 0; i < view.used.exponent; i++)
        used *= 10;
    return used;
}

// A process that does this and ends without a word, as by kill -9.
static void crash_after(void (*what)(struct gateway *gateway), int64_t now)
{
    pid_t child = fork();
    int status;
    if (child == 0) {
        struct gateway gateway;
        if (start(&gateway, now) != 0)
            _exit(1);
        what(&gateway);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void charge_some(struct gateway *gateway)
{
    struct limit_receipt receipt;
    for (int i = 0; i < 5; i++)
        if (!take(gateway, charge_of("s", true, 60000, 100, 1), T + i, NULL) ||
            !take(gateway, charge_of("f", false, 60000, 100, 2), T + i, &receipt))
            _exit(2);
    limit_give_back(gateway->table, &receipt);
}

static void a_crash_forgets_nothing(void **state)
{
    (void)state;
    struct gateway gateway;
    for (int round = 1; round <= 3; round++) {
        crash_after(charge_some, T + 10);
        assert_int_equal(start(&gateway, T + 10), 0);
        assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 100, 1), T + 10), 5 * round);
        assert_int_equal(used_of(&gateway, charge_of("f", false, 60000, 100, 1), T + 10),
                         8 * round);
        stop(&gateway);
    }
    // In its own time: what was charged one by one passes one by one.
    crash_after(charge_some, T + 10);
    assert_int_equal(start(&gateway, T + 60003), 0);
    assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 100, 1), T + 60003), 20);
    assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 100, 1), T + 60010), 0);
    assert_int_equal(used_of(&gateway, charge_of("f", false, 60000, 100, 1), T + 60003), 0);
    stop(&gateway);
}

// Several crashes without an orderly stop between them.
static void crashes_add_up(void **state)
{
    (void)state;
    struct gateway gateway;
    for (int round = 0; round < 5; round++)
        crash_after(charge_some, T + 10);
    assert_int_equal(start(&gateway, T + 10), 0);
    assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 100, 1), T + 10), 25);
    stop(&gateway);
}

static bool select_s(void *argument, const struct limit_view *view)
{
    (void)argument;
    return slice_equal_string(view->key, "s");
}

static void charge_reset_charge(struct gateway *gateway)
{
    size_t left;
    struct limit_receipt old;
    struct limit_charge one = charge_of("s", true, 60000, 100, 1);
    for (int i = 0; i < 5; i++)
        (void)take(gateway, one, T, &old);
    if (limit_reset(gateway->table, T, select_s, NULL, &left) != 1 || left != 0)
        _exit(2);
    (void)take(gateway, one, T, NULL);
    (void)take(gateway, one, T, NULL);
    limit_give_back(gateway->table, &old); // of before: changes nothing
}

static void a_reset_survives(void **state)
{
    (void)state;
    struct gateway gateway;
    crash_after(charge_reset_charge, T);
    assert_int_equal(start(&gateway, T), 0);
    assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 100, 1), T), 2);
    size_t left;
    assert_int_equal(limit_reset(gateway.table, T, select_s, NULL, &left), 1);
    stop(&gateway);
    assert_int_equal(start(&gateway, T), 0);
    assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 100, 1), T), 0);
    stop(&gateway);
}

static void the_future_is_now(void **state)
{
    (void)state;
    struct gateway gateway;
    crash_after(charge_some, T + 10);
    int64_t now = T - 999999; // the clock was wrong
    assert_int_equal(start(&gateway, now), 0);
    assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 100, 1), now + 59999), 5);
    assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 100, 1), now + 60000), 0);
    stop(&gateway);
}

// ---- Damage

static void edit_journal(size_t at, const void *bytes, size_t length)
{
    int fd = open(scratch_path(&scratch, "limits.db.charges"), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, (off_t)at), (ssize_t)length);
    close(fd);
}

static size_t read_journal(char **ret)
{
    size_t size;
    *ret = scratch_read(scratch_path(&scratch, "limits.db.charges"), &size);
    return size;
}

static void charge_alike(struct gateway *gateway)
{
    for (int i = 0; i < 4; i++)
        (void)take(gateway, charge_of("torn", true, 60000, 100, 1), T + i, NULL);
}

static void remove_limits_file(void)
{
    unlink(scratch_path(&scratch, "limits.db"));
    unlink(scratch_path(&scratch, "limits.db-wal"));
    unlink(scratch_path(&scratch, "limits.db-shm"));
}

// As crash_after, in a new folder; the notes were not yet written to the limits file: the thread
// that does it may look just before the process ends.
static void crash_noted(void (*what)(struct gateway *gateway))
{
    bool written = true;
    for (int tries = 0; written && tries < 100; tries++) {
        static const struct limit_journal_head unused;
        char *journal;
        unlink(scratch_path(&scratch, "limits.db.charges"));
        remove_limits_file();
        crash_after(what, T);
        (void)read_journal(&journal);
        const struct limit_journal_head *head = (const void *)journal;
        written = memcmp(head->folded, unused.folded, sizeof unused.folded) != 0;
        free(journal);
    }
    assert_false(written);
}

// Cut at every byte: what is whole counts, what is not was never let out; nothing else happens.
static void a_torn_note_is_not_counted(void **state)
{
    (void)state;
    struct gateway gateway;
    char *whole, *base;
    crash_noted(charge_alike);
    size_t size = read_journal(&whole), at = 0;
    size_t base_size, wal_size;
    base = scratch_read(scratch_path(&scratch, "limits.db"), &base_size);
    char *wal = scratch_read(scratch_path(&scratch, "limits.db-wal"), &wal_size);
    while (at < size - 4 && memcmp(whole + at, "torn", 4) != 0)
        at++;
    size_t note = (sizeof(struct limit_note_head) + 4 + 7) / 8 * 8;
    size_t first = at - sizeof(struct limit_note_head);
    for (size_t cut = 0; cut < 4 * note; cut += 5) {
        char zeros[4 * 128] = {0};
        scratch_write(scratch_path(&scratch, "limits.db"), base, base_size);
        scratch_write(scratch_path(&scratch, "limits.db-wal"), wal, wal_size);
        scratch_write(scratch_path(&scratch, "limits.db.charges"), whole, size);
        edit_journal(first + cut, zeros, 4 * note - cut);
        start_well(&gateway, T + 10);
        int64_t used = used_of(&gateway, charge_of("torn", true, 60000, 100, 1), T + 10);
        // The last bytes of a note fill up to eight and are zeros anyway.
        assert_in_range(used, (int64_t)(cut / note), (int64_t)((cut + 4) / note));
        stop(&gateway);
    }
    free(whole);
    free(base);
    free(wal);
}

static void refuses(const char *sentence)
{
    struct gateway gateway;
    memset(&error, 0, sizeof error);
    assert_int_equal(start(&gateway, T), ERROR_CONFIG);
    assert_null(gateway.file);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, sentence);
    limit_table_free(gateway.table);
}

static void what_does_not_belong_together_is_refused(void **state)
{
    (void)state;
    struct gateway gateway;
    char *first;
    size_t size;
    crash_noted(charge_some);
    size = read_journal(&first);
    // Gone.
    unlink(scratch_path(&scratch, "limits.db.charges"));
    refuses("with the latest charges is missing");
    // Empty, as by a copy that failed.
    scratch_write(scratch_path(&scratch, "limits.db.charges"), "", 0);
    refuses("with the latest charges is missing");
    // Cut.
    scratch_write(scratch_path(&scratch, "limits.db.charges"), first, size / 2);
    refuses("is damaged or not ours");
    // Changed in its head.
    scratch_write(scratch_path(&scratch, "limits.db.charges"), first, size);
    edit_journal(20, "x", 1);
    refuses("is damaged or not ours");
    // With the limits file gone, its charges are not forgotten without a word.
    scratch_write(scratch_path(&scratch, "limits.db.charges"), first, size);
    remove_limits_file();
    refuses("holds charges of another limits file");
    // Moved away, both: anew.
    unlink(scratch_path(&scratch, "limits.db.charges"));
    remove_limits_file();
    assert_int_equal(start(&gateway, T), 0);
    assert_true(take(&gateway, charge_of("s", true, 60000, 100, 1), T, NULL));
    stop(&gateway);
    // Nor after an orderly stop, when all of them stand in the file that is gone.
    remove_limits_file();
    refuses("holds charges of another limits file");
    free(first);
}

static void an_older_limits_file_is_refused(void **state)
{
    (void)state;
    struct gateway gateway;
    size_t size;
    assert_int_equal(start(&gateway, T), 0);
    stop(&gateway);
    char *old = scratch_read(scratch_path(&scratch, "limits.db"), &size);
    assert_int_equal(start(&gateway, T), 0);
    charge_some(&gateway);
    stop(&gateway);
    scratch_write(scratch_path(&scratch, "limits.db"), old, size);
    refuses("the limits file is older than");
    // After an orderly stop it can do without the other.
    unlink(scratch_path(&scratch, "limits.db.charges"));
    assert_int_equal(start(&gateway, T), 0);
    stop(&gateway);
    free(old);
}

static void a_link_is_not_followed(void **state)
{
    (void)state;
    struct gateway gateway;
    char target[256];
    snprintf(target, sizeof target, "%s", scratch_path(&scratch, "elsewhere"));
    scratch_write(target, "precious", 8);
    assert_int_equal(symlink(target, scratch_path(&scratch, "limits.db.charges")), 0);
    assert_int_equal(start(&gateway, T), ERROR_IO);
    limit_table_free(gateway.table);
    size_t size;
    char *kept = scratch_read(target, &size);
    assert_int_equal(size, 8);
    free(kept);
}

// ---- Room

static void a_full_journal_denies(void **state)
{
    (void)state;
    struct gateway gateway;
    struct limit_charge one = charge_of("k", true, 60000, 10000000, 1);
    assert_int_equal(start(&gateway, T), 0);
    struct limit_journal *journal = gateway.table->journal;
    pthread_mutex_lock(&journal->lock); // all chunks are somebody else's
    uint16_t chunks = journal->free_chunk;
    journal->free_chunk = LIMIT_NO_CHUNK;
    pthread_mutex_unlock(&journal->lock);
    struct limit_receipt receipt;
    assert_int_equal(limit_reserve(gateway.table, &one, 1, T, &receipt, &failed_index, &retry),
                     ERROR_IO);
    assert_int_equal(used_of(&gateway, one, T), 0);
    assert_false(limit_file_healthy(gateway.file));
    pthread_mutex_lock(&journal->lock);
    journal->free_chunk = chunks;
    pthread_mutex_unlock(&journal->lock);
    assert_int_equal(limit_reserve(gateway.table, &one, 1, T, &receipt, &failed_index, &retry), 0);
    stop(&gateway);
}

// More than the journal holds: the writer makes room meanwhile, and every charge is there after.
static void much_more_than_fits_is_folded(void **state)
{
    (void)state;
    struct gateway gateway;
    struct limit_charge one = charge_of("k", true, 60000, 10000000, 1);
    int64_t taken = 0;
    assert_int_equal(start(&gateway, T), 0);
    for (int i = 0; i < 400000; i++)
        taken += take(&gateway, one, T, NULL);
    assert_true(taken > 100000);
    stop(&gateway);
    assert_int_equal(start(&gateway, T), 0);
    one.amount = decimal_from_integer(10000000 - taken + 1);
    assert_false(take(&gateway, one, T, NULL));
    one.amount = decimal_from_integer(10000000 - taken);
    assert_true(take(&gateway, one, T, NULL));
    stop(&gateway);
}

static void failing_allocations_lose_nothing(void **state)
{
    (void)state;
    struct gateway gateway;
    for (size_t n = 1;; n++) {
        memory_fail_at(n, 0);
        int64_t taken = 0;
        int failed = start(&gateway, T);
        if (failed == 0) {
            for (int i = 0; i < 30; i++) {
                taken += take(&gateway, charge_of("s", true, 60000, 1000, 1), T + i, NULL);
                if (i % 10 == 0)
                    limit_file_sync(gateway.file);
            }
            limit_file_close(gateway.file);
        }
        bool reached = memory_attempts() >= n;
        memory_fail_at(0, 0);
        limit_table_free(gateway.table);
        if (failed == 0) {
            assert_int_equal(start(&gateway, T + 100), 0);
            assert_int_equal(used_of(&gateway, charge_of("s", true, 60000, 1000, 1), T + 100),
                             taken);
            stop(&gateway);
        }
        unlink(scratch_path(&scratch, "limits.db"));
        unlink(scratch_path(&scratch, "limits.db.charges"));
        unlink(scratch_path(&scratch, "limits.db-wal"));
        unlink(scratch_path(&scratch, "limits.db-shm"));
        if (!reached)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_crash_forgets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(crashes_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reset_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(the_future_is_now, setup, teardown),
        cmocka_unit_test_setup_teardown(a_torn_note_is_not_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_belong_together_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_limits_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_journal_denies, setup, teardown),
        cmocka_unit_test_setup_teardown(much_more_than_fits_is_folded, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_lose_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
