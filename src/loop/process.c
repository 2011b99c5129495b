// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Children by posix_spawn, which does not copy the gateway's page tables as fork does. Pipes, not
// socket pairs: faster, and a child may reopen /dev/stdin by path.
#include "loop/loop_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct loop_process {
    struct list link; // in loop.processes until reaped
    struct loop *loop;
    pid_t id;
    loop_exit_cb exited; // NULL: the owner has let go
    void *argument;
    bool reaped;
    bool closed;
};

struct pipes {
    int child[3];  // the child's ends
    int parent[3]; // ours
};

static void close_pipes(struct pipes *pipes)
{
    for (int i = 0; i < 3; i++) {
        if (pipes->child[i] >= 0)
            close(pipes->child[i]);
        if (pipes->parent[i] >= 0)
            close(pipes->parent[i]);
    }
}

// An end below 3 would be overwritten while the child's own 0, 1 and 2 are set up.
static int move_up(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return moved;
}

static int open_pipes(struct pipes *pipes)
{
    *pipes = (struct pipes){{-1, -1, -1}, {-1, -1, -1}};
    for (int i = 0; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            return ERROR_IO;
        int reader = move_up(ends[0]), writer = move_up(ends[1]);
        pipes->child[i] = i == 0 ? reader : writer;
        pipes->parent[i] = i == 0 ? writer : reader;
        if (reader < 0 || writer < 0 || fcntl(pipes->parent[i], F_SETFL, O_NONBLOCK) != 0)
            return ERROR_IO;
    }
    return 0;
}

static int judge_program(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == EACCES ? ERROR_DENIED : ERROR_NOT_FOUND;
    if (!S_ISREG(status.st_mode) || access(path, X_OK) != 0)
        return ERROR_DENIED;
    return 0;
}

// Fills `path` with the first executable file of that name. A file that is there but may not be
// run is remembered, so that the error names the better reason.
static int find_program(const char *name, const char *search_path, char *path, size_t size,
                        struct error *error)
{
    int found = ERROR_NOT_FOUND;
    if (strchr(name, '/') != NULL) {
        snprintf(path, size, "%s", name);
        found = judge_program(path);
        search_path = "";
    }
    while (found != 0 && search_path != NULL && *search_path != '\0') {
        size_t length = strcspn(search_path, ":");
        int written = snprintf(path, size, "%.*s%s%s", (int)length, search_path,
                               length > 0 ? "/" : "./", name);
        int judged = written > 0 && (size_t)written < size ? judge_program(path) : ERROR_NOT_FOUND;
        if (judged == 0 || judged == ERROR_DENIED)
            found = judged;
        search_path += length + (search_path[length] == ':' ? 1 : 0);
    }
    if (found == ERROR_DENIED)
        return error_set(error, found, "'%s' is there but may not be executed", name);
    if (found == ERROR_NOT_FOUND)
        return error_set(error, found, "there is no program '%s'", name);
    return found;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigfillset(&all);
    // These two can have no handler; some systems refuse a set that names them.
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    sigemptyset(&none);
    int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    return posix_spawnattr_setflags(attributes, (short)flags) |
           posix_spawnattr_setpgroup(attributes, 0) |
           posix_spawnattr_setsigdefault(attributes, &all) |
           posix_spawnattr_setsigmask(attributes, &none);
}

static int set_descriptors(posix_spawn_file_actions_t *actions, const struct pipes *pipes)
{
    int failed = 0;
    for (int i = 0; i < 3; i++)
        failed |= posix_spawn_file_actions_adddup2(actions, pipes->child[i], i);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    // Everything of ours is close-on-exec; this covers what a library forgot.
    failed |= posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
    return failed;
}

static int start_program(const char *path, const struct loop_process_options *options,
                         const struct pipes *pipes, pid_t *ret_id)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    int failed = set_attributes(&attributes) | set_descriptors(&actions, pipes);
    if (failed == 0)
        failed = posix_spawn(ret_id, path, &actions, &attributes, (char *const *)options->command,
                             (char *const *)options->environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

#ifdef __linux__
static void lower(struct rlimit *now, uint64_t most)
{
    if (now->rlim_max > most)
        now->rlim_max = most;
    if (now->rlim_cur > most)
        now->rlim_cur = most;
}

// A macro, because the type of the first parameter is the library's own. The second call fails only
// when the child is gone.
#define LIMIT(id, resource, most)                                                                  \
    do {                                                                                           \
        struct rlimit now_;                                                                        \
        if (prlimit(id, resource, NULL, &now_) == 0) {                                             \
            lower(&now_, most);                                                                    \
            prlimit(id, resource, &now_, NULL);                                                    \
        }                                                                                          \
    } while (0)
#endif

static void limit(pid_t id, const struct loop_process_limits *limits)
{
#ifdef __linux__
    LIMIT(id, RLIMIT_CORE, 0);
    if (limits->memory > 0)
        LIMIT(id, RLIMIT_DATA, limits->memory);
    if (limits->cpu_s > 0)
        LIMIT(id, RLIMIT_CPU, limits->cpu_s);
    if (limits->file_bytes > 0)
        LIMIT(id, RLIMIT_FSIZE, limits->file_bytes);
    if (limits->files > 0)
        LIMIT(id, RLIMIT_NOFILE, limits->files);
#else
    (void)id;
    (void)limits;
#endif
}

// Has it ended? Before the id is given back to the system, whatever is left of its group goes:
// helpers of a dead server would keep its pipes and files.
static bool reap(struct loop_process *p, int wait, int *ret_status)
{
    siginfo_t info = {0};
    int result;
    do
        result = waitid(P_PID, (id_t)p->id, &info, WEXITED | WNOWAIT | wait);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno != ECHILD)
        return false;
    if (result == 0 && info.si_pid == 0)
        return false;
    *ret_status = 0;
    if (result == 0) {
        kill(-p->id, SIGKILL);
        while (waitpid(p->id, ret_status, 0) < 0 && errno == EINTR)
            continue;
    }
    p->reaped = true;
    list_remove(&p->link);
    return true;
}

static void process_free(void *argument)
{
    memory_free(argument);
}

static void children_cb(uv_signal_t *handle, int number)
{
    (void)number;
    struct loop *l = handle->data;
    // A callback may close any process of the list, so begin again after each.
    bool found = true;
    while (found) {
        found = false;
        LIST_EACH(&l->processes, link)
        {
            struct loop_process *p = LIST_ENTRY(link, struct loop_process, link);
            int status = 0;
            if (!reap(p, WNOHANG, &status))
                continue;
            found = true;
            if (p->closed)
                memory_free(p);
            else if (p->exited != NULL)
                p->exited(p->argument, status);
            break;
        }
    }
}

static int watch_children(struct loop *l)
{
    if (l->children_watched)
        return 0;
    if (uv_signal_init(&l->uv, &l->children) != 0)
        return ERROR_IO;
    l->children.data = l;
    l->children_watched = true;
    if (uv_signal_start(&l->children, children_cb, SIGCHLD) != 0)
        return ERROR_IO;
    // A loop is kept alive by its owner's handles, not by this.
    uv_unref((uv_handle_t *)&l->children);
    return 0;
}

static int spawn_error(int failed, const char *path, struct error *error)
{
    int code = failed == EACCES || failed == EPERM ? ERROR_DENIED
               : failed == ENOENT                  ? ERROR_NOT_FOUND
                                                   : ERROR_IO;
    return error_set(error, code, "cannot start '%s': %s", path, strerror(failed));
}

int loop_process_spawn(struct loop *l, const struct loop_process_options *options,
                       loop_exit_cb exited, void *argument, struct loop_process **ret,
                       int *ret_stdin, int *ret_stdout, int *ret_stderr, struct error *error)
{
    char path[4096];
    const char *search_path = options->search_path != NULL ? options->search_path : getenv("PATH");
    int result = find_program(options->command[0], search_path, path, sizeof path, error);
    if (result != 0)
        return result;
    struct pipes pipes;
    pid_t id = 0;
    if (watch_children(l) != 0 || open_pipes(&pipes) != 0) {
        result = error_set(error, ERROR_IO, "cannot start '%s': %s", path, strerror(errno));
        close_pipes(&pipes);
        return result;
    }
    int failed = start_program(path, options, &pipes, &id);
    if (failed != 0) {
        close_pipes(&pipes);
        return spawn_error(failed, path, error);
    }
    if (options->limits != NULL)
        limit(id, options->limits);
    for (int i = 0; i < 3; i++)
        close(pipes.child[i]);
    struct loop_process *p = memory_new(sizeof *p);
    *p = (struct loop_process){.loop = l, .id = id, .exited = exited, .argument = argument};
    list_append(&l->processes, &p->link);
    *ret = p;
    *ret_stdin = pipes.parent[0];
    *ret_stdout = pipes.parent[1];
    *ret_stderr = pipes.parent[2];
    return 0;
}

pid_t loop_process_id(const struct loop_process *p)
{
    return p->id;
}

void loop_process_signal(struct loop_process *p, int number)
{
    if (!p->reaped)
        kill(-p->id, number);
}

void loop_process_close(struct loop_process *p)
{
    if (p == NULL || p->closed)
        return;
    p->closed = true;
    if (p->reaped) {
        loop_defer(p->loop, process_free, p);
        return;
    }
    kill(-p->id, SIGKILL);
}

void loop_reap_all(struct loop *l)
{
    LIST_EACH(&l->processes, link)
    {
        struct loop_process *p = LIST_ENTRY(link, struct loop_process, link);
        int status = 0;
        kill(-p->id, SIGKILL);
        reap(p, 0, &status);
        if (p->closed)
            memory_free(p);
    }
}
