// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/net/peers.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    struct loop *loop;
    struct loop_process *process;
    int in, out, err;
    int status;
    int exits;
    bool exited;
};

static void exited_cb(void *argument, int status)
{
    struct child *child = argument;
    child->status = status;
    child->exits++;
    child->exited = true;
}

static int spawn(struct child *child, const char *const *command, struct error *error)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "GREETING=hello", NULL};
    struct loop_process_options options = {
        .command = command, .environment = environment, .search_path = "/nowhere:/usr/bin:/bin"};
    return loop_process_spawn(child->loop, &options, exited_cb, child, &child->process, &child->in,
                              &child->out, &child->err, error);
}

static void spawn_shell(struct child *child, const char *script)
{
    const char *const command[] = {"sh", "-c", script, NULL};
    struct error error;
    child->loop = loop_new();
    assert_int_equal(spawn(child, command, &error), 0);
}

static void finish(struct child *child)
{
    loop_process_close(child->process);
    close(child->in);
    close(child->out);
    close(child->err);
    loop_free(child->loop);
}

// Everything that is in a pipe until its end. The child's ends are gone, so it blocks never long.
static void read_all(int fd, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got;
    fcntl(fd, F_SETFL, 0);
    while (used < size - 1 && (got = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
}

static void a_child_talks_over_its_pipes(void **state)
{
    (void)state;
    struct child child = {0};
    char text[256];
    spawn_shell(&child, "read line; echo \"got $line\"; echo oops >&2; exit 7");
    assert_int_equal(fcntl(child.in, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(fcntl(child.out, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(write(child.in, "ping\n", 5), 5);
    turn_until(child.loop, &child.exited);
    assert_true(WIFEXITED(child.status));
    assert_int_equal(WEXITSTATUS(child.status), 7);
    read_all(child.out, text, sizeof text);
    assert_string_equal(text, "got ping\n");
    read_all(child.err, text, sizeof text);
    assert_string_equal(text, "oops\n");
    finish(&child);
}

static void a_child_has_exactly_the_given_environment(void **state)
{
    (void)state;
    struct child child = {0};
    char text[512];
    const char *const command[] = {"env", NULL};
    struct error error;
    child.loop = loop_new();
    assert_int_equal(spawn(&child, command, &error), 0);
    turn_until(child.loop, &child.exited);
    read_all(child.out, text, sizeof text);
    assert_string_equal(text, "PATH=/usr/bin:/bin\nGREETING=hello\n");
    finish(&child);
}

static void a_child_inherits_no_other_descriptor(void **state)
{
    (void)state;
    struct child child = {0};
    char text[512];
    int leak = open("/dev/null", O_RDONLY); // not close-on-exec, on purpose
    assert_int_equal(dup2(leak, 77), 77);
    spawn_shell(&child, "test -e /proc/self/fd/77 && echo leaked || echo clean");
    close(leak);
    close(77);
    turn_until(child.loop, &child.exited);
    read_all(child.out, text, sizeof text);
    assert_string_equal(text, "clean\n");
    finish(&child);
}

static void a_child_has_default_signals_and_its_own_group(void **state)
{
    (void)state;
    struct child child = {0};
    spawn_shell(&child, "read line");
    assert_int_equal(getpgid(loop_process_id(child.process)), loop_process_id(child.process));
    loop_process_signal(child.process, SIGPIPE);
    turn_until(child.loop, &child.exited);
    assert_true(WIFSIGNALED(child.status));
    assert_int_equal(WTERMSIG(child.status), SIGPIPE);
    loop_process_signal(child.process, SIGTERM);
    finish(&child);
}

static void a_missing_program_is_named(void **state)
{
    (void)state;
    struct child child = {.loop = loop_new()};
    struct error error;
    const char *const missing[] = {"no-such-program-here", NULL};
    assert_int_equal(spawn(&child, missing, &error), ERROR_NOT_FOUND);
    assert_string_equal(error.text, "there is no program 'no-such-program-here'");
    const char *const path[] = {"/nowhere/program", NULL};
    assert_int_equal(spawn(&child, path, &error), ERROR_NOT_FOUND);
    const char *const folder[] = {"/tmp", NULL};
    assert_int_equal(spawn(&child, folder, &error), ERROR_DENIED);
    const char *const data[] = {"/etc/passwd", NULL};
    assert_int_equal(spawn(&child, data, &error), ERROR_DENIED);
    assert_string_equal(error.text, "'/etc/passwd' is there but may not be executed");
    loop_free(child.loop);
}

static void a_file_that_is_no_program_fails_to_start(void **state)
{
    (void)state;
    struct child child = {.loop = loop_new()};
    struct error error;
    char path[] = "/tmp/sallyport-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "\x7f nonsense", 10), 10);
    fchmod(fd, 0700);
    close(fd);
    const char *const command[] = {path, NULL};
    assert_int_equal(spawn(&child, command, &error), ERROR_IO);
    assert_non_null(strstr(error.text, path));
    unlink(path);
    loop_free(child.loop);
}

static bool is_gone(void *argument)
{
    return kill(*(pid_t *)argument, 0) != 0 && errno == ESRCH;
}

static void closing_kills_and_reaps_in_the_background(void **state)
{
    (void)state;
    struct child child = {0};
    spawn_shell(&child, "trap '' TERM; read line; read line");
    pid_t id = loop_process_id(child.process);
    loop_process_close(child.process);
    turn_until_true(child.loop, is_gone, &id);
    assert_int_equal(child.exits, 0);
    child.process = NULL;
    finish(&child);
}

static void loop_free_leaves_no_zombie(void **state)
{
    (void)state;
    struct child child = {0};
    spawn_shell(&child, "read line");
    pid_t id = loop_process_id(child.process);
    finish(&child);
    assert_true(is_gone(&id));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(child.exits, 0);
}

// The shell goes, its background helper would stay and hold the pipe.
static void helpers_go_with_their_server(void **state)
{
    (void)state;
    struct child child = {0};
    char text[64];
    spawn_shell(&child, "sleep 1000 & echo $!; exit 0");
    turn_until(child.loop, &child.exited);
    // Blocks for ever if the helper still held the pipe.
    read_all(child.out, text, sizeof text);
    assert_true(atol(text) > 1);
    finish(&child);
}

static void many_children_end_at_once(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct child children[20] = {0};
    const char *const command[] = {"sh", "-c", "read line", NULL};
    struct error error;
    for (size_t i = 0; i < 20; i++) {
        children[i].loop = loop;
        assert_int_equal(spawn(&children[i], command, &error), 0);
    }
    for (size_t i = 0; i < 20; i++)
        close(children[i].in);
    for (size_t i = 0; i < 20; i++) {
        turn_until(loop, &children[i].exited);
        assert_int_equal(children[i].exits, 1);
        loop_process_close(children[i].process);
        close(children[i].out);
        close(children[i].err);
    }
    loop_free(loop);
}

// Another child of the program is none of the loop's business.
static void foreign_children_are_left_alone(void **state)
{
    (void)state;
    struct child child = {0};
    pid_t foreign = fork();
    if (foreign == 0)
        _exit(3);
    spawn_shell(&child, "exit 0");
    turn_until(child.loop, &child.exited);
    int status = 0;
    assert_int_equal(waitpid(foreign, &status, 0), foreign);
    assert_int_equal(WEXITSTATUS(status), 3);
    finish(&child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_talks_over_its_pipes),
        cmocka_unit_test(a_child_has_exactly_the_given_environment),
        cmocka_unit_test(a_child_inherits_no_other_descriptor),
        cmocka_unit_test(a_child_has_default_signals_and_its_own_group),
        cmocka_unit_test(a_missing_program_is_named),
        cmocka_unit_test(a_file_that_is_no_program_fails_to_start),
        cmocka_unit_test(closing_kills_and_reaps_in_the_background),
        cmocka_unit_test(loop_free_leaves_no_zombie),
        cmocka_unit_test(helpers_go_with_their_server),
        cmocka_unit_test(many_children_end_at_once),
        cmocka_unit_test(foreign_children_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
