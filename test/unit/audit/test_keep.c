// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is kept of a log and what goes, proven by the verifier.
#include "unit/audit/log_world.h"

#include "audit/audit_internal.h"
#include "base/log.h"

#include <fcntl.h>
#include <time.h>

static struct log_world world;

static int setup(void **state)
{
    (void)state;
    log_configure(LOG_ERROR + 1, LOG_TEXT); // failures are provoked
    world_open(&world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static size_t list_segments(char names[8][64])
{
    size_t count = 0;
    DIR *folder = opendir(world.scratch.folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strncmp(entry->d_name, "log.0", 5) == 0 && count < 8)
            snprintf(names[count++], 64, "%.63s", entry->d_name);
    closedir(folder);
    for (size_t i = 0; i < count; i++) // few
        for (size_t j = i + 1; j < count; j++)
            if (strcmp(names[i], names[j]) > 0) {
                char swap[64];
                memcpy(swap, names[i], 64);
                memcpy(names[i], names[j], 64);
                memcpy(names[j], swap, 64);
            }
    return count;
}

static void turn(struct audit_journal *journal, int rows)
{
    struct buffer bodies;
    const struct audit_wish nothing = {0};
    buffer_init(&bodies, 0);
    for (int i = 0; i < rows; i++)
        buffer_append_string(&bodies, "{\"filling\":\"................................\"\n");
    assert_int_equal(audit_journal_write(journal, &bodies, &nothing), 0);
    buffer_release(&bodies);
}

static void expect_good(const char *const *names, size_t count, uint64_t gone)
{
    struct audit_proof proof = world_verify_files(&world, names, count);
    if (proof.bad)
        fail_msg("file %zu line %llu: %s", proof.file, (unsigned long long)proof.line, proof.text);
    assert_int_equal(proof.gone, gone);
    assert_int_equal(proof.first, gone + 1);
}

static void the_oldest_segments_go(void **state)
{
    (void)state;
    const struct audit_keep keep = {.bytes = 4 * 64 * 1024}; // a segment has at least a quarter
    struct audit_journal journal;
    struct error error;
    char path[192], names[8][64];
    uint64_t gone = 0;
    snprintf(path, sizeof path, "%s", world_path(&world, "log"));
    assert_int_equal(audit_journal_open(&journal, path, NULL, &error), 0);
    for (int i = 0; i < 12; i++) {
        turn(&journal, 500);
        assert_true(audit_journal_is_full(&journal, &keep));
        assert_int_equal(audit_journal_keep(&journal, &keep, &error), 0);
        assert_false(audit_journal_is_full(&journal, &keep));
        turn(&journal, 1);
        size_t count = list_segments(names), total = 0;
        assert_in_range(count, i < 2 ? i + 1 : 2, 3);
        const char *files[9];
        for (size_t f = 0; f < count; f++) {
            struct stat status;
            files[f] = names[f];
            assert_int_equal(stat(world_path(&world, names[f]), &status), 0);
            total += (size_t)status.st_size;
        }
        files[count] = "log";
        assert_true(total <= keep.bytes);
        struct text first = world_read(&world, files[0]);
        assert_true(audit_first_row(slice_of(first.bytes, first.size), &gone));
        free(first.bytes);
        expect_good(files, count + 1, gone);
        assert_int_equal(gone > 0, i > 2);
        if (i < 11)
            continue;
        // One file less than is said to be there.
        struct audit_proof proof = world_verify_files(&world, files + 1, count);
        assert_true(proof.bad);
        assert_non_null(strstr(proof.text, "and no signed row says that they were deleted"));
    }
    audit_journal_close(&journal);
}

static void old_segments_go(void **state)
{
    (void)state;
    const struct audit_keep keep = {.ms = 8 * 3600 * 1000}; // a segment of one hour
    struct audit_journal journal;
    struct error error;
    char path[192], names[8][64];
    snprintf(path, sizeof path, "%s", world_path(&world, "log"));
    assert_int_equal(audit_journal_open(&journal, path, NULL, &error), 0);
    turn(&journal, 5);
    assert_false(audit_journal_is_full(&journal, &keep));
    assert_int_equal(audit_journal_keep(&journal, &keep, &error), 0);
    assert_int_equal(list_segments(names), 0);
    // Cut by size, then made old.
    const struct audit_keep little = {.bytes = 1024 * 1024};
    turn(&journal, 1500);
    assert_int_equal(audit_journal_keep(&journal, &little, &error), 0);
    assert_int_equal(list_segments(names), 1);
    const struct timespec old[2] = {{.tv_sec = time(NULL) - 8 * 3600 - 60},
                                    {.tv_sec = time(NULL) - 8 * 3600 - 60}};
    assert_int_equal(utimensat(AT_FDCWD, world_path(&world, names[0]), old, 0), 0);
    turn(&journal, 5);
    assert_int_equal(audit_journal_keep(&journal, &keep, &error), 0);
    assert_int_equal(list_segments(names), 0);
    // What only looks like a segment stays.
    scratch_write(world_path(&world, "log.000000000007x"), "", 0);
    scratch_write(world_path(&world, "log.07"), "", 0);
    scratch_write(world_path(&world, "log.0000000000007"), "", 0);
    assert_int_equal(audit_journal_keep(&journal, &little, &error), 0);
    assert_int_equal(list_segments(names), 3);
    audit_journal_close(&journal);
    struct audit_proof proof = world_verify_files(&world, (const char *[]){"log"}, 1);
    assert_false(proof.bad);
    assert_int_equal(proof.gone + 1, proof.first);
}

// Through the writer: size alone, while records come.
static void a_running_log_is_cut(void **state)
{
    (void)state;
    struct audit_log *log = NULL;
    struct error error;
    const struct audit_options options = {
        .path = world_path(&world, "log"), .lanes = 1, .keep = {.bytes = 1024 * 1024}};
    char names[8][64];
    const char *files[9];
    assert_int_equal(audit_open(&options, &log, &error), 0);
    for (int i = 0; i < 12; i++)
        world_write(log, 300);
    audit_close(log);
    size_t count = list_segments(names);
    assert_in_range(count, 2, 7);
    for (size_t f = 0; f < count; f++)
        files[f] = names[f];
    files[count] = "log";
    struct audit_proof proof = world_verify_files(&world, files, count + 1);
    assert_false(proof.bad);
    assert_int_equal(proof.decisions, 12 * 300);
    assert_true(proof.ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_oldest_segments_go, setup, teardown),
        cmocka_unit_test_setup_teardown(old_segments_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_running_log_is_cut, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
