// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The process behind a link: started without a shell, read line by line, closed in the order that
// the specification gives (stdin, SIGTERM, SIGKILL).
#include "upstream/upstream_internal.h"

#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 * 1024,
    TO_CHILD_MAX = 64 * 1024 * 1024,
    ERROR_LINE_MAX = 512,
    ERROR_LINES_A_SECOND = 50,
    GRACE_MS = 2000,
    YOUNG_US = 5 * 1000 * 1000, // a child that dies before this and said nothing failed to start
    BACK_OFF_FIRST_MS = 500,
    BACK_OFF_MAX_MS = 30000,
};

enum child_state { CHILD_RUNNING, CHILD_STDIN_CLOSED, CHILD_TERMINATED, CHILD_KILLED };

struct child {
    struct upstream_link link;
    enum child_state state;
    struct loop_process *process;
    struct loop_io *in, *out, *errors;
    int in_fd, out_fd, error_fd;
    struct buffer to_child, from_child, error_text;
    struct backlog_share waiting; // for `to_child`
    bool skip_line;               // the rest of an over-long line is dropped
    struct loop_timer *closing;
    uint64_t started_us;
    uint64_t log_second; // for the cap on logged lines
    unsigned log_lines;
};

static struct child *child_of(struct upstream_link *link)
{
    return LIST_ENTRY(link, struct child, link);
}

static void close_io(struct loop_io **io, int *fd)
{
    if (*io != NULL)
        loop_io_close(*io);
    *io = NULL;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool read_output(struct child *child);

static void free_child_cb(void *argument)
{
    struct child *child = argument;
    buffer_release(&child->to_child);
    backlog_leave(&child->waiting);
    buffer_release(&child->from_child);
    buffer_release(&child->error_text);
    upstream_link_release(&child->link);
    memory_free(child);
}

// The process is gone and nobody holds the link any more.
static void forget(struct child *child)
{
    close_io(&child->in, &child->in_fd);
    close_io(&child->out, &child->out_fd);
    close_io(&child->errors, &child->error_fd);
    if (child->closing != NULL)
        loop_timer_close(child->closing);
    if (child->process != NULL)
        loop_process_close(child->process);
    child->link.server->children--;
    upstream_link_gone(&child->link, free_child_cb, child);
}

static void note_death(struct child *child)
{
    struct upstream_server *server = child->link.server;
    uint64_t now = loop_now_us(server->set->loop);
    server->failures++;
    server->last_attempt_failed = true;
    if (child->link.answered || now - child->started_us > YOUNG_US) {
        server->failures_in_row = 0;
        return;
    }
    unsigned shift = server->failures_in_row < 6 ? server->failures_in_row : 6;
    uint64_t wait_ms = (uint64_t)BACK_OFF_FIRST_MS << shift;
    if (wait_ms > BACK_OFF_MAX_MS)
        wait_ms = BACK_OFF_MAX_MS;
    server->failures_in_row++;
    server->next_start_us = now + wait_ms * 1000;
}

static void broken(struct child *child, const char *text)
{
    if (!child->link.broken && !child->link.detached)
        note_death(child);
    upstream_link_break(&child->link, ERROR_CLOSED, text);
}

static void exited_cb(void *argument, int status)
{
    struct child *child = argument;
    char text[120];
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "the server process was ended by signal %d", WTERMSIG(status));
    else
        snprintf(text, sizeof text, "the server process exited with status %d",
                 WEXITSTATUS(status));
    // What it wrote last is still in the pipe; a grandchild may hold that open, so only until it is
    // dry.
    child->link.in_callback = true;
    while (child->out != NULL && !child->link.broken && read_output(child))
        ;
    child->link.in_callback = false;
    broken(child, text);
    loop_process_close(child->process);
    child->process = NULL;
    if (child->link.detached)
        forget(child);
}

static void closing_cb(void *argument)
{
    struct child *child = argument;
    if (child->process == NULL)
        return;
    child->state = child->state == CHILD_STDIN_CLOSED ? CHILD_TERMINATED : CHILD_KILLED;
    loop_process_signal(child->process, child->state == CHILD_TERMINATED ? SIGTERM : SIGKILL);
    if (child->state == CHILD_TERMINATED)
        loop_timer_start(child->closing, GRACE_MS, 0);
}

static void close_stdin(struct child *child)
{
    close_io(&child->in, &child->in_fd);
    if (child->state != CHILD_RUNNING)
        return;
    child->state = CHILD_STDIN_CLOSED;
    loop_timer_start(child->closing, GRACE_MS, 0);
}

static void child_close(struct upstream_link *link)
{
    struct child *child = child_of(link);
    if (child->process == NULL && !link->in_callback)
        forget(child);
    else
        close_stdin(child);
}

static void child_kill(struct upstream_link *link)
{
    struct child *child = child_of(link);
    if (child->process != NULL)
        loop_process_signal(child->process, SIGKILL);
    forget(child);
}

// ---- What the child writes

static void flush_lines(struct child *child)
{
    struct slice rest = buffer_slice(&child->from_child);
    size_t used = 0;
    const char *end;
    while (!child->link.detached &&
           (end = memchr(rest.data + used, '\n', rest.length - used)) != NULL) {
        struct slice line = slice_of(rest.data + used, (size_t)(end - rest.data) - used);
        used += line.length + 1;
        if (child->skip_line) {
            child->skip_line = false;
            continue;
        }
        if (line.length > 0 && line.data[line.length - 1] == '\r')
            line.length--;
        if (slice_trim(line).length > 0)
            upstream_link_text(&child->link, line);
    }
    buffer_consume(&child->from_child, used);
}

// A line beyond the limit cannot be judged, so it is dropped to its end.
static void drop_long_line(struct child *child)
{
    if (child->from_child.length < child->from_child.cap)
        return;
    if (child->skip_line) { // more of it: nobody else's calls suffer for that
        buffer_clear(&child->from_child);
        return;
    }
    log_event(LOG_WARNING, "upstream",
              "server '%.*s' wrote a message larger than %zu bytes; dropped",
              SLICE_PRINT(upstream_server_shown(child->link.server)), child->from_child.cap);
    buffer_clear(&child->from_child);
    child->skip_line = true;
    upstream_link_fail_calls(&child->link, ERROR_TOO_LARGE, "the server's message is too large");
}

// Reads once; returns whether there may be more.
static bool read_output(struct child *child)
{
    drop_long_line(child);
    size_t room = child->from_child.cap - child->from_child.length;
    room = room < READ_SIZE ? room : READ_SIZE;
    char *at = buffer_reserve(&child->from_child, room);
    if (at == NULL) {
        buffer_clear(&child->from_child);
        child->skip_line = true;
        upstream_link_fail_calls(&child->link, ERROR_NO_MEMORY, "out of memory");
        return false;
    }
    ssize_t got = read(child->out_fd, at, room);
    if (got > 0) {
        buffer_commit(&child->from_child, (size_t)got);
        flush_lines(child);
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    close_io(&child->out, &child->out_fd);
    return false;
}

static void output_cb(void *argument, int events)
{
    struct child *child = argument;
    (void)events;
    child->link.in_callback = true;
    read_output(child);
    if (child->out == NULL) {
        broken(child, "the server process closed its output");
        if (child->process != NULL)
            close_stdin(child);
    }
    child->link.in_callback = false;
    if (child->from_child.length == 0 && child->from_child.capacity > 2 * READ_SIZE)
        buffer_release(&child->from_child);
    if (child->link.detached && child->process == NULL)
        forget(child);
}

static void log_error_line(struct child *child, struct slice line)
{
    const struct upstream_set *set = child->link.server->set;
    uint64_t second = loop_now_us(set->loop) / 1000000;
    if (set->error_line != NULL)
        set->error_line(set->error_argument, line);
    if (second != child->log_second) {
        child->log_second = second;
        child->log_lines = 0;
    }
    if (child->log_lines++ < ERROR_LINES_A_SECOND)
        log_event(LOG_INFO, "server", "%.*s: %.*s",
                  SLICE_PRINT(upstream_server_shown(child->link.server)), SLICE_PRINT(line));
}

// Standard error is always read, or the child would block on it; it goes to the log.
static void errors_cb(void *argument, int events)
{
    struct child *child = argument;
    (void)events;
    char chunk[4096];
    ssize_t got = read(child->error_fd, chunk, sizeof chunk);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            close_io(&child->errors, &child->error_fd);
        return;
    }
    for (ssize_t i = 0; i < got; i++) {
        bool full = child->error_text.length >= ERROR_LINE_MAX;
        if (chunk[i] != '\n' && !full)
            buffer_append(&child->error_text, slice_of(&chunk[i], 1));
        if (chunk[i] != '\n' && !full)
            continue;
        if (child->error_text.length > 0)
            log_error_line(child, buffer_slice(&child->error_text));
        buffer_clear(&child->error_text);
    }
}

// ---- What it is told

// It does not read, and what waits for it is too much of what may: it is ended.
static void cut_cb(void *argument)
{
    struct child *child = argument;
    log_event(LOG_WARNING, "upstream",
              "server '%.*s': too much waits for those who do not read; its process is ended",
              SLICE_PRINT(upstream_server_shown(child->link.server)));
    buffer_release(&child->to_child);
    backlog_leave(&child->waiting);
    child->link.ending = true;
    close_stdin(child);
}

static bool has_room(struct child *child, size_t more)
{
    size_t bytes = buffer_capacity_with(&child->to_child, more);
    return bytes != SIZE_MAX &&
           backlog_hold(&child->waiting, bytes, loop_now_us(child->link.server->set->loop)) &&
           buffer_reserve(&child->to_child, more) != NULL;
}

static void input_cb(void *argument, int events)
{
    struct child *child = argument;
    (void)events;
    struct slice waiting = buffer_slice(&child->to_child);
    ssize_t sent = waiting.length == 0 ? 0 : write(child->in_fd, waiting.data, waiting.length);
    if (sent > 0)
        buffer_consume(&child->to_child, (size_t)sent);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        child->link.ending = true;
        close_stdin(child);
        return; // its exit, which is seen to, or the end of its output tells the rest
    }
    size_t bytes = child->to_child.length == 0 ? 0 : child->to_child.capacity;
    backlog_taken(&child->waiting, sent > 0 ? (size_t)sent : 0, bytes, child->to_child.length,
                  loop_now_us(child->link.server->set->loop));
    if (child->to_child.length == 0) {
        if (child->to_child.capacity > READ_SIZE)
            buffer_release(&child->to_child);
        buffer_clear(&child->to_child);
        loop_io_want(child->in, 0);
    }
}

static int child_write(struct upstream_link *link, struct upstream_call *call,
                       const struct upstream_request *request, const struct slice *pieces,
                       size_t count)
{
    struct child *child = child_of(link);
    (void)call;
    (void)request;
    if (child->in_fd < 0 || link->broken)
        return ERROR_CLOSED;
    size_t before = child->to_child.length, total = 1;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].length;
    if (!has_room(child, total)) {
        child->to_child.failed = false;
        return ERROR_LIMIT;
    }
    for (size_t i = 0; i < count; i++)
        buffer_append(&child->to_child, pieces[i]);
    buffer_append_string(&child->to_child, "\n");
    if (before > 0)
        return 0;
    input_cb(child, LOOP_WRITE);
    if (child->in_fd < 0)
        return ERROR_CLOSED;
    if (child->to_child.length > 0)
        loop_io_want(child->in, LOOP_WRITE);
    return 0;
}

static void child_read(struct upstream_link *link, bool wanted)
{
    struct child *child = child_of(link);
    if (child->out != NULL)
        loop_io_want(child->out, wanted ? LOOP_READ : 0);
}

static int start(struct child *child, struct error *error)
{
    const struct upstream_set *set = child->link.server->set;
    struct loop *loop = set->loop;
    struct loop_process_options options = {.command = child->link.server->options.command,
                                           .environment = child->link.server->options.environment,
                                           .limits = set->confined ? &set->limits : NULL};
    int result = loop_process_spawn(loop, &options, exited_cb, child, &child->process,
                                    &child->in_fd, &child->out_fd, &child->error_fd, error);
    if (result != 0)
        return result;
    child->in = loop_io_open(loop, child->in_fd, input_cb, child);
    child->out = loop_io_open(loop, child->out_fd, output_cb, child);
    child->errors = loop_io_open(loop, child->error_fd, errors_cb, child);
    child->closing = loop_timer_open(loop, closing_cb, child);
    if (child->in == NULL || child->out == NULL || child->errors == NULL || child->closing == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the server process");
    loop_io_want(child->out, LOOP_READ);
    loop_io_want(child->errors, LOOP_READ);
    return 0;
}

static const struct upstream_link_kind child_kind = {
    .one_line = true,
    .write = child_write,
    .close = child_close,
    .kill = child_kill,
    .read = child_read,
};

static struct child *child_new(struct upstream_server *server, bool rewrite_ids,
                               const struct upstream_link_events *events)
{
    struct child *child = memory_new(sizeof *child);
    upstream_link_init(&child->link, &child_kind, server, rewrite_ids, events);
    child->in_fd = child->out_fd = child->error_fd = -1;
    child->started_us = loop_now_us(server->set->loop);
    size_t largest =
        server->options.message_max == 0 ? UPSTREAM_MESSAGE_MAX : server->options.message_max;
    buffer_init(&child->to_child, TO_CHILD_MAX);
    buffer_init(&child->from_child, largest + 1);
    buffer_init(&child->error_text, ERROR_LINE_MAX + 1);
    backlog_join(&child->waiting, server->set->waiting, cut_cb, child);
    server->children++;
    return child;
}

int upstream_child_open(struct upstream_server *server, bool rewrite_ids,
                        const struct upstream_link_events *events, struct upstream_link **ret,
                        struct error *error)
{
    uint64_t now = loop_now_us(server->set->loop);
    if (now < server->next_start_us)
        return error_set(error, ERROR_UNREACHABLE,
                         "server '%.*s' keeps exiting; the next start is tried in %llu s",
                         SLICE_PRINT(upstream_server_shown(server)),
                         (unsigned long long)((server->next_start_us - now) / 1000000 + 1));
    if (server->children >= UPSTREAM_CHILDREN_MAX)
        return error_set(error, ERROR_LIMIT, "server '%.*s' has %d processes already",
                         SLICE_PRINT(upstream_server_shown(server)), UPSTREAM_CHILDREN_MAX);
    struct child *child = child_new(server, rewrite_ids, events);
    struct error why = {0};
    int result = start(child, &why);
    if (result != 0) {
        note_death(child);
        child->link.detached = true;
        if (child->process != NULL)
            loop_process_signal(child->process, SIGKILL);
        forget(child);
        return error_set(error, ERROR_UNREACHABLE, "server '%.*s' cannot be started: %s",
                         SLICE_PRINT(upstream_server_shown(server)), why.text);
    }
    log_event(LOG_INFO, "upstream", "server '%.*s' started as process %ld",
              SLICE_PRINT(upstream_server_shown(server)), (long)loop_process_id(child->process));
    server->last_attempt_failed = false;
    *ret = &child->link;
    return 0;
}
