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

static void close_io(struct loop_io **io, int *fd)
{
    if (*io != NULL)
        loop_io_close(*io);
    *io = NULL;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool read_output(struct upstream_link *link);

static void free_link_cb(void *argument)
{
    struct upstream_link *link = argument;
    buffer_release(&link->to_child);
    buffer_release(&link->from_child);
    buffer_release(&link->error_text);
    table_release(&link->calls);
    memory_free(link);
}

// The process is gone and nobody holds the link any more.
static void forget(struct upstream_link *link)
{
    struct upstream_set *set = link->server->set;
    close_io(&link->in, &link->in_fd);
    close_io(&link->out, &link->out_fd);
    close_io(&link->errors, &link->error_fd);
    if (link->closing != NULL)
        loop_timer_close(link->closing);
    if (link->process != NULL)
        loop_process_close(link->process);
    list_remove(&link->member);
    link->server->children--;
    upstream_server_unref(link->server);
    loop_defer(set->loop, free_link_cb, link);
    if (set->drained != NULL && list_empty(&set->children)) {
        void (*done)(void *) = set->drained;
        set->drained = NULL;
        done(set->drained_argument);
    }
}

static void note_death(struct upstream_link *link)
{
    struct upstream_server *server = link->server;
    uint64_t now = loop_now_us(server->set->loop);
    server->failures++;
    server->last_attempt_failed = true;
    if (link->answered || now - link->started_us > YOUNG_US) {
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

// The child can no longer answer: everything that waits for it is told, once.
static void broken(struct upstream_link *link, const char *text)
{
    if (link->broken)
        return;
    link->broken = true;
    if (!link->detached) {
        note_death(link);
        log_event(LOG_WARNING, "upstream", "server '%.*s': %s",
                  SLICE_PRINT(link->server->options.name), text);
    }
    bool nested = link->in_callback;
    link->in_callback = true;
    upstream_child_fail_calls(link, ERROR_CLOSED, text);
    if (!link->detached)
        link->events.on_closed(link->events.argument, text);
    link->in_callback = nested;
}

static void exited_cb(void *argument, int status)
{
    struct upstream_link *link = argument;
    char text[120];
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "the server process was ended by signal %d", WTERMSIG(status));
    else
        snprintf(text, sizeof text, "the server process exited with status %d",
                 WEXITSTATUS(status));
    // What it wrote last is still in the pipe; a grandchild may hold that open, so only until it is
    // dry.
    link->in_callback = true;
    while (link->out != NULL && !link->broken && read_output(link))
        ;
    link->in_callback = false;
    broken(link, text);
    loop_process_close(link->process);
    link->process = NULL;
    if (link->detached)
        forget(link);
}

static void closing_cb(void *argument)
{
    struct upstream_link *link = argument;
    if (link->process == NULL)
        return;
    link->state = link->state == CHILD_STDIN_CLOSED ? CHILD_TERMINATED : CHILD_KILLED;
    loop_process_signal(link->process, link->state == CHILD_TERMINATED ? SIGTERM : SIGKILL);
    if (link->state == CHILD_TERMINATED)
        loop_timer_start(link->closing, GRACE_MS, 0);
}

static void close_stdin(struct upstream_link *link)
{
    close_io(&link->in, &link->in_fd);
    if (link->state != CHILD_RUNNING)
        return;
    link->state = CHILD_STDIN_CLOSED;
    loop_timer_start(link->closing, GRACE_MS, 0);
}

void upstream_link_close(struct upstream_link *link)
{
    if (link == NULL || link->detached)
        return;
    link->detached = true;
    upstream_child_fail_calls(link, ERROR_CANCELLED, "the session was closed");
    if (link->process == NULL && !link->in_callback)
        forget(link);
    else
        close_stdin(link);
}

void upstream_child_kill(struct upstream_link *link)
{
    link->detached = true;
    upstream_child_fail_calls(link, ERROR_CANCELLED, "the gateway stops");
    if (link->process != NULL)
        loop_process_signal(link->process, SIGKILL);
    forget(link);
}

// ---- What the child writes

static void flush_lines(struct upstream_link *link)
{
    struct slice rest = buffer_slice(&link->from_child);
    size_t used = 0;
    const char *end;
    while (!link->detached && (end = memchr(rest.data + used, '\n', rest.length - used)) != NULL) {
        struct slice line = slice_of(rest.data + used, (size_t)(end - rest.data) - used);
        used += line.length + 1;
        if (link->skip_line) {
            link->skip_line = false;
            continue;
        }
        if (line.length > 0 && line.data[line.length - 1] == '\r')
            line.length--;
        if (slice_trim(line).length > 0)
            upstream_child_line(link, line);
    }
    buffer_consume(&link->from_child, used);
}

// A line beyond the limit cannot be judged, so it is dropped to its end.
static void drop_long_line(struct upstream_link *link)
{
    if (link->from_child.length < link->from_child.cap)
        return;
    log_event(LOG_WARNING, "upstream",
              "server '%.*s' wrote a message larger than %zu bytes; dropped",
              SLICE_PRINT(link->server->options.name), link->from_child.cap);
    buffer_clear(&link->from_child);
    link->skip_line = true;
    upstream_child_fail_calls(link, ERROR_TOO_LARGE, "the server's message is too large");
}

// Reads once; returns whether there may be more.
static bool read_output(struct upstream_link *link)
{
    drop_long_line(link);
    size_t room = link->from_child.cap - link->from_child.length;
    room = room < READ_SIZE ? room : READ_SIZE;
    char *at = buffer_reserve(&link->from_child, room);
    if (at == NULL) {
        buffer_clear(&link->from_child);
        link->skip_line = true;
        upstream_child_fail_calls(link, ERROR_NO_MEMORY, "out of memory");
        return false;
    }
    ssize_t got = read(link->out_fd, at, room);
    if (got > 0) {
        buffer_commit(&link->from_child, (size_t)got);
        flush_lines(link);
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    close_io(&link->out, &link->out_fd);
    return false;
}

static void output_cb(void *argument, int events)
{
    struct upstream_link *link = argument;
    (void)events;
    link->in_callback = true;
    read_output(link);
    if (link->out == NULL) {
        broken(link, "the server process closed its output");
        if (link->process != NULL)
            close_stdin(link);
    }
    link->in_callback = false;
    if (link->from_child.length == 0 && link->from_child.capacity > 2 * READ_SIZE)
        buffer_release(&link->from_child);
    if (link->detached && link->process == NULL)
        forget(link);
}

static void log_error_line(struct upstream_link *link, struct slice line)
{
    uint64_t second = loop_now_us(link->server->set->loop) / 1000000;
    if (second != link->log_second) {
        link->log_second = second;
        link->log_lines = 0;
    }
    if (link->log_lines++ < ERROR_LINES_A_SECOND)
        log_event(LOG_INFO, "server", "%.*s: %.*s", SLICE_PRINT(link->server->options.name),
                  SLICE_PRINT(line));
}

// Standard error is always read, or the child would block on it; it goes to the log.
static void errors_cb(void *argument, int events)
{
    struct upstream_link *link = argument;
    (void)events;
    char chunk[4096];
    ssize_t got = read(link->error_fd, chunk, sizeof chunk);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            close_io(&link->errors, &link->error_fd);
        return;
    }
    for (ssize_t i = 0; i < got; i++) {
        bool full = link->error_text.length >= ERROR_LINE_MAX;
        if (chunk[i] != '\n' && !full)
            buffer_append(&link->error_text, slice_of(&chunk[i], 1));
        if (chunk[i] != '\n' && !full)
            continue;
        if (link->error_text.length > 0)
            log_error_line(link, buffer_slice(&link->error_text));
        buffer_clear(&link->error_text);
    }
}

// ---- What it is told

static void input_cb(void *argument, int events)
{
    struct upstream_link *link = argument;
    (void)events;
    struct slice waiting = buffer_slice(&link->to_child);
    ssize_t sent = waiting.length == 0 ? 0 : write(link->in_fd, waiting.data, waiting.length);
    if (sent > 0)
        buffer_consume(&link->to_child, (size_t)sent);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        close_io(&link->in, &link->in_fd);
        return; // its exit or the end of its output tells the rest
    }
    if (link->to_child.length == 0) {
        buffer_clear(&link->to_child);
        loop_io_want(link->in, 0);
    }
}

int upstream_child_write(struct upstream_link *link, const struct slice *pieces, size_t count)
{
    if (link->in_fd < 0 || link->broken)
        return ERROR_CLOSED;
    size_t before = link->to_child.length, total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].length;
    if (buffer_reserve(&link->to_child, total) == NULL) {
        link->to_child.failed = false;
        return ERROR_LIMIT;
    }
    for (size_t i = 0; i < count; i++)
        buffer_append(&link->to_child, pieces[i]);
    if (before > 0)
        return 0;
    input_cb(link, LOOP_WRITE);
    if (link->in_fd < 0)
        return ERROR_CLOSED;
    if (link->to_child.length > 0)
        loop_io_want(link->in, LOOP_WRITE);
    return 0;
}

void upstream_link_pause(struct upstream_link *link)
{
    if (link->out != NULL)
        loop_io_want(link->out, 0);
}

void upstream_link_resume(struct upstream_link *link)
{
    if (link->out != NULL)
        loop_io_want(link->out, LOOP_READ);
}

static int start(struct upstream_link *link, struct error *error)
{
    struct loop *loop = link->server->set->loop;
    struct loop_process_options options = {.command = link->server->options.command,
                                           .environment = link->server->options.environment};
    int result = loop_process_spawn(loop, &options, exited_cb, link, &link->process, &link->in_fd,
                                    &link->out_fd, &link->error_fd, error);
    if (result != 0)
        return result;
    link->in = loop_io_open(loop, link->in_fd, input_cb, link);
    link->out = loop_io_open(loop, link->out_fd, output_cb, link);
    link->errors = loop_io_open(loop, link->error_fd, errors_cb, link);
    link->closing = loop_timer_open(loop, closing_cb, link);
    if (link->in == NULL || link->out == NULL || link->errors == NULL || link->closing == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the server process");
    loop_io_want(link->out, LOOP_READ);
    loop_io_want(link->errors, LOOP_READ);
    return 0;
}

int upstream_link_open(struct upstream_server *server, bool rewrite_ids,
                       const struct upstream_link_events *events, struct upstream_link **ret,
                       struct error *error)
{
    uint64_t now = loop_now_us(server->set->loop);
    if (now < server->next_start_us)
        return error_set(error, ERROR_UNREACHABLE,
                         "server '%.*s' keeps exiting; the next start is tried in %llu s",
                         SLICE_PRINT(server->options.name),
                         (unsigned long long)((server->next_start_us - now) / 1000000 + 1));
    if (server->children >= UPSTREAM_CHILDREN_MAX)
        return error_set(error, ERROR_LIMIT, "server '%.*s' has %d processes already",
                         SLICE_PRINT(server->options.name), UPSTREAM_CHILDREN_MAX);
    struct upstream_link *link = memory_new(sizeof *link);
    link->server = upstream_server_ref(server);
    link->events = *events;
    link->rewrite_ids = rewrite_ids;
    link->in_fd = link->out_fd = link->error_fd = -1;
    link->started_us = now;
    list_init(&link->call_list);
    table_init(&link->calls);
    buffer_init(&link->to_child, TO_CHILD_MAX);
    size_t largest =
        server->options.message_max == 0 ? UPSTREAM_MESSAGE_MAX : server->options.message_max;
    buffer_init(&link->from_child, largest + 1);
    buffer_init(&link->error_text, ERROR_LINE_MAX + 1);
    list_append(&server->set->children, &link->member);
    server->children++;
    struct error why = {0};
    int result = start(link, &why);
    if (result != 0) {
        note_death(link);
        link->detached = true;
        if (link->process != NULL)
            loop_process_signal(link->process, SIGKILL);
        forget(link);
        return error_set(error, ERROR_UNREACHABLE, "server '%.*s' cannot be started: %s",
                         SLICE_PRINT(server->options.name), why.text);
    }
    log_event(LOG_INFO, "upstream", "server '%.*s' started as process %ld",
              SLICE_PRINT(server->options.name), (long)loop_process_id(link->process));
    server->last_attempt_failed = false;
    *ret = link;
    return 0;
}
