// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From audit_write to the file, with disks that fill up, files that move away and threads. Run
// under ThreadSanitizer as well.
#include "lib/scratch.h"

#include "audit/audit_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static struct scratch scratch;
static struct error error;

static int setup(void **state)
{
    (void)state;
    scratch_make(&scratch);
    log_configure(LOG_ERROR + 1, LOG_TEXT); // failures are provoked
    signal(SIGXFSZ, SIG_IGN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static const char *path(void)
{
    return scratch_path(&scratch, "decisions.log");
}

static struct audit_log *open_log(const char *at, size_t ring)
{
    struct audit_log *log = NULL;
    if (audit_open(&(struct audit_options){.path = at, .lanes = 1, .ring_bytes = ring}, &log,
                   &error) != 0)
        fail_msg("%s", error.text);
    return log;
}

static bool write_number(struct audit_log *log, int64_t number)
{
    struct audit_record record = {.total_us = number,
                                  .outcome = SLICE_LITERAL("allowed"),
                                  .reason = SLICE_LITERAL("long enough to fill a disk with it, if "
                                                          "only it is said often enough")};
    return audit_write(log, 0, &record);
}

static void wait_for_written(const struct audit_log *log, uint64_t count)
{
    for (int i = 0; i < 60000 && audit_log_stats(log).written < count; i++)
        usleep(1000);
    assert_true(audit_log_stats(log).written >= count);
}

static bool is_note(const char *line)
{
    return strncmp(line + 34, ",\"note\":\"", 9) == 0;
}

// Every line is whole, and the numbers of the decisions are these, in order.
static void check_numbers(const char *at, int64_t first, int64_t last)
{
    size_t size;
    char *text = scratch_read(at, &size), *line = text;
    int64_t number = first;
    for (char *end; (end = memchr(line, '\n', (size_t)(text + size - line))) != NULL;
         line = end + 1) {
        char want[48];
        assert_memory_equal(line, "{\"time\":", 8);
        assert_memory_equal(end - 2, "\"}", 2);
        if (!is_note(line)) {
            snprintf(want, sizeof want, ",\"total_us\":%lld,\"seq\":", (long long)number++);
            assert_non_null(memmem(line, (size_t)(end - line), want, strlen(want)));
        }
        assert_null(memmem(line + 1, (size_t)(end - line - 1), "{\"time\":", 8));
    }
    assert_ptr_equal(line, text + size);
    assert_int_equal(number, last + 1);
    free(text);
}

static void a_line_appears_soon(void **state)
{
    (void)state;
    struct audit_log *log = open_log(path(), 0);
    struct stat status;
    assert_int_equal(stat(path(), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(audit_ready(log, 0));
    for (int64_t i = 0; i < 5; i++) {
        assert_true(write_number(log, i));
        wait_for_written(log, (uint64_t)i + 1);
        check_numbers(path(), 0, i);
    }
    audit_close(log);
    log = open_log(path(), 0); // appends
    assert_true(write_number(log, 5));
    audit_close(log);
    check_numbers(path(), 0, 5);
    audit_close(NULL);
}

static void closing_writes_everything(void **state)
{
    (void)state;
    struct audit_log *log = open_log(path(), 0);
    for (int64_t i = 0; i < 20000; i++)
        assert_true(write_number(log, i));
    audit_close(log);
    check_numbers(path(), 0, 19999);
}

static void *write_many(void *argument)
{
    for (int64_t i = 0; i < 30000; i++)
        while (!write_number(argument, i))
            sched_yield();
    return NULL;
}

static void threads_agree(void **state)
{
    (void)state;
    struct audit_log *log = open_log(path(), 0);
    pthread_t owner;
    assert_int_equal(pthread_create(&owner, NULL, write_many, log), 0);
    for (int i = 0; i < 1000; i++) {
        (void)audit_ready(log, 0);
        (void)audit_log_stats(log);
        if (i % 100 == 0)
            audit_reopen(log);
    }
    pthread_join(owner, NULL);
    audit_close(log);
    check_numbers(path(), 0, 29999);
}

static void rotation_loses_nothing(void **state)
{
    (void)state;
    char moved[192], name[16];
    struct audit_log *log = open_log(path(), 0);
    int64_t first[6] = {0};
    for (int turn = 0; turn < 5; turn++) {
        for (int64_t i = 0; i < 100; i++)
            assert_true(write_number(log, turn * 100 + i));
        wait_for_written(log, (uint64_t)(turn + 1) * 100);
        snprintf(name, sizeof name, "old.%d", turn);
        snprintf(moved, sizeof moved, "%s", scratch_path(&scratch, name));
        assert_int_equal(rename(path(), moved), 0);
        // Until the new file is there, lines go to the old one; none is lost.
        audit_reopen(log);
        struct stat status;
        for (int i = 0; i < 60000 && stat(path(), &status) != 0; i++)
            usleep(1000);
        first[turn + 1] = (turn + 1) * 100;
    }
    audit_close(log);
    for (int turn = 0; turn < 5; turn++) {
        snprintf(name, sizeof name, "old.%d", turn);
        check_numbers(scratch_path(&scratch, name), first[turn], first[turn + 1] - 1);
    }
}

static void a_missing_folder_is_named(void **state)
{
    (void)state;
    struct audit_log *log = NULL;
    struct audit_options options = {.path = "/nowhere/at/all", .lanes = 1};
    assert_int_equal(audit_open(&options, &log, &error), ERROR_IO);
    assert_string_equal(
        error.text, "cannot open the decision log '/nowhere/at/all': No such file or directory");
    assert_null(log);
    memory_fail_at(1, 0);
    options.path = path();
    assert_int_equal(audit_open(&options, &log, &error), ERROR_NO_MEMORY);
    memory_fail_at(0, 0);
}

// All files of the log but the newest.
static size_t count_segments(void)
{
    struct audit_segment segments[AUDIT_SEGMENTS_MAX];
    return audit_list_segments(path(), segments);
}

static void what_is_kept_changes_while_it_is_written(void **state)
{
    (void)state;
    const struct audit_keep some = {.bytes = 8 * 64 * 1024}, all = {.bytes = 0};
    struct audit_log *log = open_log(path(), 0);
    int64_t number = 0;
    for (; number < 1000; number++)
        assert_true(write_number(log, number));
    wait_for_written(log, 1000);
    assert_int_equal(count_segments(), 0);
    // The writer sleeps, and takes it up all the same.
    audit_set_keep(log, &some);
    for (int i = 0; i < 60000 && count_segments() == 0; i++)
        usleep(1000);
    assert_int_equal(count_segments(), 1);
    audit_set_keep(log, &all);
    for (; number < 9000; number++) {
        if (!write_number(log, number))
            fail_msg("there is no room");
        if (number % 500 == 0) { // while it writes
            audit_set_keep(log, number % 1000 == 0 ? &all : &some);
            wait_for_written(log, (uint64_t)number);
        }
    }
    audit_close(log);
}

static void a_reopen_that_fails_keeps_the_old_file(void **state)
{
    (void)state;
    char away[192];
    struct scratch inner;
    scratch_make(&inner);
    snprintf(away, sizeof away, "%s.away", inner.folder);
    struct audit_log *log = open_log(scratch_path(&inner, "log"), 0);
    assert_true(write_number(log, 0));
    wait_for_written(log, 1);
    assert_int_equal(rename(inner.folder, away), 0);
    audit_reopen(log);
    assert_true(write_number(log, 1));
    wait_for_written(log, 2);
    assert_true(audit_ready(log, 0));
    assert_int_equal(rename(away, inner.folder), 0);
    audit_close(log);
    check_numbers(scratch_path(&inner, "log"), 0, 1);
    scratch_remove(&inner);
}

static void half_a_line_of_a_crash_stays_apart(void **state)
{
    (void)state;
    scratch_write(path(), "{\"time\":\"2026", 13);
    struct audit_log *log = open_log(path(), 0);
    assert_true(write_number(log, 0));
    audit_close(log);
    char *text = scratch_read(path(), NULL);
    assert_memory_equal(text, "{\"time\":\"2026\n{\"time\":\"", 23);
    free(text);
}

static void wait_for_ready(const struct audit_log *log, bool ready)
{
    for (int i = 0; i < 60000 && audit_ready(log, 0) != ready; i++)
        usleep(1000);
    assert_true(audit_ready(log, 0) == ready);
}

static void a_full_device_is_told_and_drops_are_counted(void **state)
{
    (void)state;
    struct stat status;
    if (stat("/dev/full", &status) != 0)
        skip();
    struct audit_log *log = open_log("/dev/full", 1);
    assert_true(write_number(log, 0));
    wait_for_ready(log, false);
    assert_true(audit_log_stats(log).failed_writes > 0);
    assert_int_equal(audit_log_stats(log).written, 0);
    uint64_t dropped = 0;
    for (int64_t i = 0; i < 20000; i++)
        dropped += !write_number(log, i);
    assert_true(dropped > 0);
    assert_int_equal(audit_log_stats(log).dropped, dropped);
    uint64_t started = clock_monotonic_us();
    audit_close(log); // gives up
    assert_true(clock_monotonic_us() - started < 30000000);
}

static void bound_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// The bound lies inside a line: what was written of it is taken back, and written again later.
static void a_full_disk_never_leaves_half_a_line(void **state)
{
    (void)state;
    struct audit_log *log = open_log(path(), 0);
    bound_file_size(5000);
    for (int64_t i = 0; i < 100; i++)
        assert_true(write_number(log, i));
    wait_for_ready(log, false);
    size_t size;
    char *text = scratch_read(path(), &size);
    assert_true(size > 4000 && size <= 5000);
    assert_int_equal(text[size - 1], '\n');
    free(text);
    bound_file_size(5100); // no line fits
    uint64_t failures = audit_log_stats(log).failed_writes;
    for (int i = 0; i < 60000 && audit_log_stats(log).failed_writes < failures + 2; i++)
        usleep(1000);
    assert_true(audit_log_stats(log).failed_writes >= failures + 2);
    assert_false(audit_ready(log, 0));
    bound_file_size(RLIM_INFINITY);
    wait_for_ready(log, true); // without another record
    wait_for_written(log, 100);
    assert_true(write_number(log, 100));
    audit_close(log);
    check_numbers(path(), 0, 100);
}

static struct audit_proof verify_log(void)
{
    const struct audit_verify_options options = {0};
    struct audit_verifier *verifier = audit_verifier_new(&options);
    size_t size;
    char *text = scratch_read(path(), &size);
    audit_verifier_begin(verifier);
    int result = audit_verifier_feed(verifier, slice_of(text, size));
    if (result == 0)
        result = audit_verifier_end(verifier, true);
    struct audit_proof proof = *audit_verifier_finish(verifier);
    if (result != 0)
        fail_msg("line %llu: %s", (unsigned long long)proof.line, proof.text);
    audit_verifier_free(verifier);
    free(text);
    return proof;
}

// Fills the disk and the ring, makes room again: what was lost in between is counted in the log.
static void what_was_lost_stands_in_the_log(enum audit_on_failure on_failure)
{
    struct audit_log *log;
    const struct audit_options options = {
        .path = path(), .lanes = 1, .ring_bytes = 1, .on_failure = on_failure};
    assert_int_equal(audit_open(&options, &log, &error), 0);
    assert_true(write_number(log, 0));
    wait_for_written(log, 1);
    bound_file_size(5000);
    uint64_t kept = 1, lost = 0;
    for (int64_t i = 1; lost < 100; i++)
        *(write_number(log, i) ? &kept : &lost) += 1;
    for (int i = 0; i < 60000 && !audit_log_stats(log).failing; i++)
        usleep(1000);
    assert_true(audit_log_stats(log).failing);
    assert_false(audit_healthy(log, 0));
    assert_int_equal(audit_ready(log, 0), on_failure == AUDIT_ALLOW);
    bound_file_size(RLIM_INFINITY);
    wait_for_written(log, kept);
    assert_int_equal(audit_log_stats(log).dropped, lost);
    assert_true(audit_ready(log, 0) && audit_healthy(log, 0));
    audit_close(log);
    struct audit_proof proof = verify_log();
    assert_int_equal(proof.decisions, kept);
    assert_int_equal(proof.lost, lost);
    assert_true(proof.ended);
}

static void a_full_disk_denies_and_tells_later(void **state)
{
    (void)state;
    what_was_lost_stands_in_the_log(AUDIT_DENY);
}

static void a_full_disk_lets_pass_and_tells_later(void **state)
{
    (void)state;
    what_was_lost_stands_in_the_log(AUDIT_ALLOW);
}

// The folder is gone: nothing is written where nobody could read it.
static void a_log_whose_folder_is_gone_is_not_written(void **state)
{
    (void)state;
    struct scratch inner;
    scratch_make(&inner);
    struct audit_log *log = open_log(scratch_path(&inner, "log"), 0);
    assert_true(write_number(log, 0));
    wait_for_written(log, 1);
    scratch_remove(&inner);
    assert_true(write_number(log, 1));
    wait_for_ready(log, false);
    assert_int_equal(mkdir(inner.folder, 0700), 0);
    wait_for_ready(log, true);
    audit_close(log);
    check_numbers(scratch_path(&inner, "log"), 1, 1);
    scratch_remove(&inner);
}

// Somebody else appended behind our half line: it cannot be cut, so it is completed.
static void half_a_line_that_cannot_be_cut_is_completed(void **state)
{
    (void)state;
    struct audit_file file;
    struct buffer lines;
    buffer_init(&lines, 0);
    assert_int_equal(audit_file_open(&file, path(), &error), 0);
    size_t count;
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(fcntl(pipe_fds[1], F_SETFL, O_NONBLOCK), 0);
    int kept = file.fd;
    file.regular = false;
    file.fd = pipe_fds[1]; // a pipe takes part of it and cannot be cut
    char line[3000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 100; i++)
        buffer_append(&lines, slice_of(line, sizeof line));
    assert_int_equal(audit_file_write(&file, &lines, &count), ERROR_IO);
    assert_true(file.partial > 0 && file.partial < sizeof line);
    size_t got = 0;
    static char bytes[65536];
    while (got < 100 * sizeof line) {
        ssize_t size = read(pipe_fds[0], bytes, sizeof bytes);
        assert_true(size > 0);
        for (ssize_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], line[(got + (size_t)i) % sizeof line]);
        got += (size_t)size;
        int result = audit_file_write(&file, &lines, &count);
        assert_true(result == 0 || result == ERROR_IO);
    }
    assert_int_equal(lines.length, 0);
    assert_int_equal(file.partial, 0);
    close(pipe_fds[0]);
    audit_file_close(&file);
    close(kept);
    buffer_release(&lines);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    struct audit_log *log = open_log(path(), 0);
    int64_t number = 0;
    for (size_t n = 1; n < 6; n++) {
        memory_fail_at(n, 3);
        for (int i = 0; i < 2000; i++) // more than the writer's buffer holds at first
            assert_true(write_number(log, number++));
        wait_for_written(log, (uint64_t)number);
        memory_fail_at(0, 0);
    }
    audit_close(log);
    check_numbers(path(), 0, number - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_appears_soon, setup, teardown),
        cmocka_unit_test_setup_teardown(closing_writes_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(rotation_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reopen_that_fails_keeps_the_old_file, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_kept_changes_while_it_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_line_of_a_crash_stays_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_device_is_told_and_drops_are_counted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_never_leaves_half_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_denies_and_tells_later, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_lets_pass_and_tells_later, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_whose_folder_is_gone_is_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_line_that_cannot_be_cut_is_completed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(survives_failing_allocations, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
