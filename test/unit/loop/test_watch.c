// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/net/peers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct loop *loop;
    struct loop_watch *watch;
    char folder[64], path[96], other[96];
    int changes;
    bool changed;
};

static void changed_cb(void *argument)
{
    struct fixture *f = argument;
    f->changes++;
    f->changed = true;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.loop = loop_new()};
    snprintf(f.folder, sizeof f.folder, "/tmp/sallyport-watch-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof f.path, "%s/config", f.folder);
    snprintf(f.other, sizeof f.other, "%s/other", f.folder);
    write_file(f.path, "one");
    f.watch = loop_watch_open(f.loop, f.path, changed_cb, &f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    loop_watch_close(f->watch);
    loop_watch_close(NULL);
    unlink(f->path);
    unlink(f->other);
    rmdir(f->folder);
    loop_free(f->loop);
    return 0;
}

static void expect_change(struct fixture *f)
{
    turn_until(f->loop, &f->changed);
    f->changed = false;
}

static void sees_a_change_in_place(void **state)
{
    struct fixture *f = *state;
    write_file(f->path, "two!");
    write_file(f->path, "three");
    expect_change(f);
    turn_for(f->loop, 150);
    assert_int_equal(f->changes, 1); // merged
}

static void sees_a_rename_over_it(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        write_file(f->other, "new"); // same size as before
        assert_int_equal(rename(f->other, f->path), 0);
        expect_change(f);
    }
    assert_int_equal(f->changes, 3);
}

static void sees_it_come_back(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    turn_for(f->loop, 150);
    assert_int_equal(f->changes, 0);
    write_file(f->path, "back");
    expect_change(f);
}

static void does_not_care_for_other_files(void **state)
{
    struct fixture *f = *state;
    write_file(f->other, "x");
    turn_for(f->loop, 150);
    assert_int_equal(f->changes, 0);
}

// As Kubernetes does it: the path is a link into a folder behind another link.
static void sees_a_link_turned(void **state)
{
    struct fixture *f = *state;
    char target[128];
    snprintf(target, sizeof target, "%s/target", f->folder);
    write_file(target, "first");
    unlink(f->path);
    assert_int_equal(symlink(target, f->path), 0);
    expect_change(f);
    write_file(f->other, "second");
    assert_int_equal(rename(f->other, target), 0);
    expect_change(f);
    unlink(target);
}

static void is_silent_after_close(void **state)
{
    struct fixture *f = *state;
    write_file(f->path, "changed");
    turn_for(f->loop, 20);
    loop_watch_close(f->watch);
    f->watch = NULL;
    turn_for(f->loop, 150);
    assert_int_equal(f->changes, 0);
}

// The folder is not there yet: the slow check finds it.
static void sees_a_folder_appear(void **state)
{
    struct fixture *f = *state;
    char path[128], folder[128];
    snprintf(folder, sizeof folder, "%s/later", f->folder);
    snprintf(path, sizeof path, "%s/later/config", f->folder);
    struct loop_watch *watch = loop_watch_open(f->loop, path, changed_cb, f);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(path, "x");
    expect_change(f);
    loop_watch_close(watch);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sees_a_change_in_place, setup, teardown),
        cmocka_unit_test_setup_teardown(sees_a_rename_over_it, setup, teardown),
        cmocka_unit_test_setup_teardown(sees_it_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(does_not_care_for_other_files, setup, teardown),
        cmocka_unit_test_setup_teardown(sees_a_link_turned, setup, teardown),
        cmocka_unit_test_setup_teardown(is_silent_after_close, setup, teardown),
        cmocka_unit_test_setup_teardown(sees_a_folder_appear, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
