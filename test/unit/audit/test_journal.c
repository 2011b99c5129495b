// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One chain through everything that happens to a log: restarts, crashes, rotation, other
// processes, other keys. What was written is proven by the verifier. Run under ThreadSanitizer too.
#include "unit/audit/log_world.h"

#include "audit/audit_internal.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

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

static struct audit_proof verify(const char *first, const char *second)
{
    const char *names[] = {first, second};
    struct audit_proof proof = world_verify_files(&world, names, second == NULL ? 1 : 2);
    if (proof.bad)
        fail_msg("line %llu: %s", (unsigned long long)proof.line, proof.text);
    return proof;
}

static void move(const char *from, const char *to)
{
    assert_int_equal(rename(world_path(&world, from), world_path(&world, to)), 0);
}

static void append(const char *name, const char *bytes)
{
    FILE *file = fopen(world_path(&world, name), "ab");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, strlen(bytes), file), strlen(bytes));
    assert_int_equal(fclose(file), 0);
}

static void a_restart_goes_on(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        world_make(&world, "log", NULL, 10);
        struct audit_proof proof = verify("log", NULL);
        assert_int_equal(proof.decisions, 10 * i);
        assert_true(proof.ended);
    }
}

static void what_a_crash_left_is_closed(void **state)
{
    (void)state;
    static const char *const rests[] = {"{\"time\":\"2026", "\n",   "half\nand more\n",
                                        "{\"time\":\"\\",   "\n\n", "x"};
    world_make(&world, "log", NULL, 3);
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        append("log", rests[i]);
        world_make(&world, "log", NULL, 3);
        struct audit_proof proof = verify("log", NULL);
        assert_int_equal(proof.torn, i + 1);
        assert_int_equal(proof.decisions, 3 * (i + 2));
    }
}

// Only the line end is missing: the row is whole, and nothing was torn.
static void a_row_without_its_line_end_is_kept(void **state)
{
    (void)state;
    world_make(&world, "log", NULL, 3);
    struct text text = world_read(&world, "log");
    assert_int_equal(truncate(world_path(&world, "log"), (off_t)text.size - 1), 0);
    free(text.bytes);
    world_make(&world, "log", NULL, 3);
    struct audit_proof proof = verify("log", NULL);
    assert_int_equal(proof.torn, 0);
    assert_int_equal(proof.decisions, 6);
}

static void older_lines_stay_in_front(void **state)
{
    (void)state;
    static const char older[] = "{\"time\":\"2026-01-01T00:00:00.000Z\",\"id\":null}\nhalf";
    scratch_write(world_path(&world, "log"), older, strlen(older));
    world_make(&world, "log", NULL, 3);
    assert_int_equal(verify("log", NULL).unlinked, strlen(older) + 1);
    struct text text = world_read(&world, "log");
    struct text more = text_splice(text, 0, 0, "x\n", 2);
    assert_true(world_verify(&world, &more, 1).bad); // none can be added, nor taken away
    free(text.bytes);
    free(more.bytes);
}

static void rotation_ties_files_together(void **state)
{
    (void)state;
    struct audit_log *log = world_log(&world, "log", NULL);
    world_write(log, 5);
    move("log", "log.1");
    audit_reopen(log);
    world_wait_reopened(&world, "log");
    world_write(log, 5);
    audit_close(log);
    struct audit_proof proof = verify("log.1", "log");
    assert_int_equal(proof.decisions, 10);
    assert_true(proof.ended);
    assert_true(verify("log.1", NULL).ended); // a file that was rotated has an end of its own
    struct audit_proof alone = world_verify_files(&world, (const char *[]){"log"}, 1);
    assert_true(alone.bad);
    assert_non_null(strstr(alone.text, "are missing before it, and no signed row says"));
    struct audit_proof turned = world_verify_files(&world, (const char *[]){"log", "log.1"}, 2);
    assert_true(turned.bad);
    world.part = true;
    assert_int_equal(verify("log", NULL).decisions, 5);
}

static void rotation_while_nobody_writes(void **state)
{
    (void)state;
    world_make(&world, "log", NULL, 5);
    append("log", "torn");
    move("log", "log-20261121");
    world_make(&world, "log", NULL, 5);
    struct audit_proof proof = verify("log-20261121", "log");
    assert_int_equal(proof.decisions, 10);
    assert_int_equal(proof.torn, 1);
}

static void a_deleted_log_is_begun_anew(void **state)
{
    (void)state;
    struct audit_log *log = world_log(&world, "log", NULL);
    world_write(log, 5);
    world_wait_signed(&world, "log");
    assert_int_equal(unlink(world_path(&world, "log")), 0);
    world_write(log, 5);
    audit_close(log);
    world.part = true;
    struct audit_proof proof = verify("log", NULL);
    assert_int_equal(proof.decisions, 5);
    assert_true(proof.first > 5); // it says that there was more
}

static void an_emptied_log_goes_on(void **state)
{
    (void)state;
    struct audit_log *log = world_log(&world, "log", NULL);
    world_write(log, 5);
    world_wait_signed(&world, "log");
    assert_int_equal(truncate(world_path(&world, "log"), 0), 0);
    world_write(log, 5);
    audit_close(log);
    world.part = true;
    assert_true(verify("log", NULL).first > 5);
}

// Somebody cuts rows off while the gateway runs: the next one shows the hole.
static void a_cut_while_running_shows(void **state)
{
    (void)state;
    struct audit_log *log = world_log(&world, "log", NULL);
    world_write(log, 5);
    world_write(log, 5);
    world_wait_signed(&world, "log");
    struct text text = world_read(&world, "log");
    assert_int_equal(truncate(world_path(&world, "log"), (off_t)text_line(text, 4)), 0);
    free(text.bytes);
    world_write(log, 1);
    audit_close(log);
    struct audit_proof proof = world_verify_files(&world, (const char *[]){"log"}, 1);
    assert_true(proof.bad);
    assert_int_equal(proof.line, 5);
    assert_non_null(strstr(proof.text, "are missing before row"));
}

// Writes fail for a reason that has nothing to do with space (a disk that became read-only).
static void a_file_that_cannot_be_written_loses_nothing(void **state)
{
    (void)state;
    struct audit_journal journal;
    struct buffer bodies;
    struct error error;
    const struct audit_wish nothing = {0}, end = {.sign = "end"};
    buffer_init(&bodies, 0);
    char path[192];
    snprintf(path, sizeof path, "%s", world_path(&world, "log"));
    assert_int_equal(audit_journal_open(&journal, path, NULL, &error), 0);
    buffer_append_string(&bodies, "{\"a\":1\n{\"a\":2\n");
    assert_int_equal(audit_journal_write(&journal, &bodies, &nothing), 0);
    assert_int_equal(bodies.length, 0);
    int good = dup(journal.file.fd), bad = open(path, O_RDONLY);
    assert_int_equal(dup2(bad, journal.file.fd), journal.file.fd);
    for (int i = 0; i < 3; i++) {
        buffer_append_string(&bodies, "{\"a\":3\n");
        assert_int_equal(audit_journal_write(&journal, &bodies, &nothing), ERROR_IO);
        assert_int_equal(errno, EBADF);
    }
    assert_int_equal(dup2(good, journal.file.fd), journal.file.fd);
    close(bad);
    assert_int_equal(audit_journal_write(&journal, &bodies, &end), 0);
    audit_journal_close(&journal);
    close(good);
    buffer_release(&bodies);
    assert_int_equal(verify("log", NULL).decisions, 5);
}

static void *write_many(void *log)
{
    for (int i = 0; i < 40; i++)
        world_write(log, 50);
    return NULL;
}

// As two processes do: the lock belongs to the open file, not to the process.
static void two_share_a_log_and_one_rotates(void **state)
{
    (void)state;
    struct audit_log *logs[] = {world_log(&world, "log", NULL), world_log(&world, "log", NULL)};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, logs[i]), 0);
    while (audit_log_stats(logs[0]).written < 500)
        usleep(1000);
    move("log", "log.1");
    audit_reopen(logs[0]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    audit_close(logs[0]);
    audit_close(logs[1]);
    struct audit_proof proof = verify("log.1", "log");
    assert_int_equal(proof.decisions, 2 * 40 * 50);
    assert_true(proof.ended);
}

static void a_new_key_is_vouched_for_by_the_old(void **state)
{
    (void)state;
    struct audit_log *log = world_log(&world, "log", NULL);
    world_write(log, 3);
    world_believe(&world, "log.key.pub");
    world_make(&world, "unused", "other.key", 1);
    move("other.key", "log.key");
    audit_reopen(log);
    audit_reopen(log);
    world_write(log, 3);
    audit_close(log);
    struct audit_proof proof = verify("log", NULL);
    assert_true(proof.ended);
    assert_string_not_equal(proof.key, chain_key_id(world.keys.keys[0]));
    struct text text = world_read(&world, "log");
    assert_non_null(memmem(text.bytes, text.size, "\"note\":\"key\"", 12));
    free(text.bytes);
    struct chain_keyring newest = {0};
    struct error error;
    assert_int_equal(chain_keyring_read(&newest, world_path(&world, "log.key.pub"), &error), 0);
    assert_string_equal(proof.key, chain_key_id(newest.keys[0]));
    chain_keyring_release(&newest);
    // A start with the new one is good as well; one with a third is not.
    world_make(&world, "log", NULL, 3);
    verify("log", NULL);
    world_make(&world, "log", "third.key", 3);
    assert_true(world_verify_files(&world, (const char *[]){"log"}, 1).bad);
    world_believe(&world, "third.key.pub");
    verify("log", NULL);
}

static void a_key_lies_beside_the_file_itself(void **state)
{
    (void)state;
    struct stat status;
    assert_int_equal(symlink("real", world_path(&world, "log")), 0);
    scratch_write(world_path(&world, "real"), "", 0);
    world_make(&world, "log", NULL, 3);
    assert_int_equal(stat(world_path(&world, "real.key"), &status), 0);
    assert_int_not_equal(stat(world_path(&world, "log.key"), &status), 0);
    assert_int_equal(verify("real", NULL).decisions, 3);
}

static void a_key_file_that_is_gone_changes_nothing(void **state)
{
    (void)state;
    struct audit_log *log = world_log(&world, "log", NULL);
    world_write(log, 3);
    assert_int_equal(unlink(world_path(&world, "log.key")), 0);
    audit_reopen(log);
    world_write(log, 3);
    audit_close(log);
    struct stat status;
    assert_int_not_equal(stat(world_path(&world, "log.key"), &status), 0);
    assert_true(verify("log", NULL).ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_restart_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_crash_left_is_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_without_its_line_end_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(older_lines_stay_in_front, setup, teardown),
        cmocka_unit_test_setup_teardown(rotation_ties_files_together, setup, teardown),
        cmocka_unit_test_setup_teardown(rotation_while_nobody_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_deleted_log_is_begun_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(an_emptied_log_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cut_while_running_shows, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_written_loses_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(two_share_a_log_and_one_rotates, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_key_is_vouched_for_by_the_old, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_lies_beside_the_file_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_file_that_is_gone_changes_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
