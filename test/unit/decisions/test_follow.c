// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens to the log and to the index: in the end the index is what it would be if it were
// made anew.
#include "unit/decisions/decisions_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static size_t count_rows(struct world *world)
{
    const struct decisions_filter filter = {.everybody = true};
    struct decisions_page page = {.limit = FOUND_MAX};
    struct found found;
    size_t count = 0;
    do {
        world_find(world, &filter, &page, &found);
        count += found.count;
        page.after = found.end.position;
    } while (found.end.more);
    return count;
}

// Ends following; the index must equal one that is made anew.
static void assert_as_new(struct world *world)
{
    world_wait(world);
    world_unfollow(world);
    char *before = world_dump(world);
    store_index_delete(world->index);
    world_follow(world);
    world_wait(world);
    world_unfollow(world);
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void it_follows(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 11);
    world_follow(&world);
    for (int i = 0; i < 40; i++) {
        world_add_mixed(&world, 1 + world_random(&world, 900));
        world_write(&world);
        if (i % 3 == 0)
            world_wait(&world);
        if (i % 10 == 9)
            world_cut(&world);
        if (i % 13 == 12) {
            world_unfollow(&world);
            world_follow(&world);
        }
    }
    assert_as_new(&world);
    world_close(&world);
}

static void append(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

static void torn_lines_and_rubbish_are_stepped_over(void **state)
{
    (void)state;
    struct world world;
    static char rubbish[5 * 1024 * 1024];
    world_open(&world, 12);
    world_follow(&world);
    world_add_mixed(&world, 500);
    world_write(&world);
    append(world.log, "{\"time\":\"2026-", 14);
    for (int i = 0; i < 100 && decisions_state(world.decisions).row < world.state.rows; i++)
        usleep(10000);
    append(world.log, "\n", 1);
    world_add_mixed(&world, 500);
    world_write(&world);
    memset(rubbish, 'x', sizeof rubbish);
    append(world.log, rubbish, sizeof rubbish);
    append(world.log, "\n", 1);
    world_add_mixed(&world, 500);
    world_write(&world);
    world_wait(&world);
    const struct decisions_filter all = {.everybody = true};
    const struct decisions_page last = {.limit = 1, .newest_first = true};
    struct found found;
    world_find(&world, &all, &last, &found);
    assert_int_equal(found.numbers[0], world.state.rows);
    assert_as_new(&world);
    world_close(&world);
}

static void what_is_deleted_is_gone(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 13);
    world_add_mixed(&world, 6000);
    world_cut(&world);
    uint64_t first = world.state.rows;
    char name[256];
    snprintf(name, sizeof name, "%s.%012llu", world.log, (unsigned long long)first);
    world_add_mixed(&world, 6000);
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    size_t before = count_rows(&world);
    assert_int_equal(unlink(name), 0);
    size_t after = count_rows(&world); // at once, whatever the index still has
    assert_true(after < before && after > 5900);
    world_unfollow(&world);
    world_follow(&world);
    world_wait(&world);
    assert_int_equal(count_rows(&world), after);
    assert_as_new(&world);
    world_close(&world);
}

static void another_log_of_the_same_name_is_indexed_anew(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 14);
    world_add_mixed(&world, 5000);
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    assert_int_equal(unlink(world.log), 0);
    world.state = (struct chain_state){0};
    world_add_mixed(&world, 300);
    world_write(&world);
    world_wait(&world);
    assert_as_new(&world);
    // The same file, cut back and gone on differently, while nobody followed.
    const struct chain_state kept = world.state;
    struct stat status;
    assert_int_equal(stat(world.log, &status), 0);
    world_add_mixed(&world, 200);
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    world_unfollow(&world);
    assert_int_equal(truncate(world.log, status.st_size), 0);
    world.state = kept;
    world_add_mixed(&world, 900);
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    assert_as_new(&world);
    world_close(&world);
}

static void a_copy_of_the_log_does_not_confuse(void **state)
{
    (void)state;
    struct world world;
    char copy[256];
    size_t size;
    world_open(&world, 15);
    world_add_mixed(&world, 3000);
    world_write(&world);
    char *bytes = scratch_read(world.log, &size);
    snprintf(copy, sizeof copy, "%s.bak", world.log);
    scratch_write(copy, bytes, size / 2);
    snprintf(copy, sizeof copy, "%s.key", world.log);
    scratch_write(copy, "-----BEGIN", 10);
    world_follow(&world);
    world_wait(&world);
    size_t rows = count_rows(&world);
    assert_true(rows >= 3000 - 1 && rows <= 3000);
    assert_as_new(&world);
    free(bytes);
    world_close(&world);
}

static int any_cb(void *argument, const struct decisions_row *row)
{
    ++*(size_t *)argument;
    return row->note;
}

// What a reader finds damaged is mended by the writer: until then the answer is "not now".
static void count_again(struct world *world, size_t expected)
{
    const struct decisions_filter filter = {.everybody = true};
    const struct decisions_page page = {.limit = SIZE_MAX};
    struct decisions_found end;
    struct error error = {0};
    size_t count = 0;
    for (int i = 0; i < 20000; i++) {
        count = 0;
        int result = decisions_find(world->decisions, &filter, &page, any_cb, &count, &end, &error);
        if (result == 0)
            break;
        assert_int_equal(result, ERROR_AGAIN);
        usleep(1000);
    }
    // Damage that nobody can tell from what was written may hide rows; it never makes up any.
    assert_true(count <= expected && count > 0);
}

// Every kind of damage: it is made anew, and nobody is told a wrong row.
static void a_damaged_index_is_made_anew(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 16);
    world_add_mixed(&world, 20000);
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    size_t rows = count_rows(&world);
    for (int round = 0; round < 12; round++) {
        size_t size;
        world_unfollow(&world);
        char *bytes = scratch_read(world.index, &size);
        if (round == 0)
            size = 10;
        else if (round == 1)
            memset(bytes, 0, size);
        else if (round == 2)
            size /= 2;
        else
            for (int i = 0; i < 2000; i++)
                bytes[4096 + world_random(&world, size - 4096)] ^= (char)(1 + round);
        scratch_write(world.index, bytes, size);
        free(bytes);
        world_follow(&world);
        world_wait(&world);
        count_again(&world, rows);
    }
    world_close(&world);
}

// The disk is full for the index: the log goes on, queries answer from what there is, the state
// says how far behind; and when there is room again it catches up.
static void a_full_disk_is_survived(void **state)
{
    (void)state;
    struct world world;
    struct rlimit old, small;
    struct stat status;
    world_open(&world, 17);
    world_add_mixed(&world, 5000);
    world_write(&world);
    world_follow(&world);
    world_wait(&world);
    size_t rows = count_rows(&world);
    signal(SIGXFSZ, SIG_IGN);
    world_add_mixed(&world, 200000);
    world_write(&world); // before the limit, which counts for the log too
    world_unfollow(&world);
    store_index_delete(world.index);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 200 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    world_follow(&world);
    struct decisions_state now = {.up = true};
    for (int i = 0; i < 5000 && !(now.behind_ms > 100 && !now.up); i++) {
        usleep(1000);
        now = decisions_state(world.decisions);
    }
    assert_false(now.up);
    assert_true(now.behind_ms > 100);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    world_wait(&world);
    assert_true(count_rows(&world) > rows);
    assert_int_equal(stat(world.index, &status), 0);
    assert_as_new(&world);
    world_close(&world);
}

// Killed at any moment, again and again.
static void a_kill_leaves_what_can_be_gone_on_with(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 18);
    for (int round = 0; round < 25; round++) {
        world_add_mixed(&world, 3000);
        world_write(&world);
        if (round % 6 == 5)
            world_cut(&world);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            world_follow(&world);
            for (;;)
                pause();
        }
        usleep((useconds_t)world_random(&world, 30000));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    world_add_mixed(&world, 100);
    world_write(&world);
    world_follow(&world);
    assert_as_new(&world);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows),
        cmocka_unit_test(torn_lines_and_rubbish_are_stepped_over),
        cmocka_unit_test(what_is_deleted_is_gone),
        cmocka_unit_test(another_log_of_the_same_name_is_indexed_anew),
        cmocka_unit_test(a_copy_of_the_log_does_not_confuse),
        cmocka_unit_test(a_damaged_index_is_made_anew),
        cmocka_unit_test(a_full_disk_is_survived),
        cmocka_unit_test(a_kill_leaves_what_can_be_gone_on_with),
    };
    return cmocka_run_group_tests_name("decisions/test_follow", tests, NULL, NULL);
}
