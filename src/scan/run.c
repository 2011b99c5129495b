// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Asks the servers of a scan for their tools: on one loop, some at the same time, each with a time
// of its own. What one does is nothing to the others.
#include "scan/scan_internal.h"

#include "base/memory.h"

#include <signal.h>
#include <stdio.h>

enum { TICK_MS = 120, SIGNALS = 3 };

struct running {
    struct scan *scan;
    const struct scan_options *options;
    struct loop *loop;
    struct loop_process_limits limits;
    struct asking {
        struct running *running;
        struct scan_server *server;
        struct trial *trial; // NULL: free
    } all[SCAN_PARALLEL_MAX];
    size_t next, done, of;
    bool cancelled;
};

static void tell(struct running *running)
{
    const struct scan_server *one = NULL;
    for (size_t i = 0; i < SCAN_PARALLEL_MAX && one == NULL; i++)
        one = running->all[i].trial == NULL ? NULL : running->all[i].server;
    if (running->options->progress != NULL)
        running->options->progress(running->options->argument, running->done, running->of, one);
}

// ---- One server

static void take_result(struct running *running, struct scan_server *server,
                        const struct trial_result *result)
{
    server->modern = result->modern;
    server->more = result->more;
    server->error_count =
        result->error_count < TRIAL_ERROR_LINES ? result->error_count : TRIAL_ERROR_LINES;
    for (size_t i = 0; i < server->error_count; i++)
        memcpy(server->errors[i],
               result->errors[(result->error_count - server->error_count + i) % TRIAL_ERROR_LINES],
               TRIAL_ERROR_LINE_MAX);
    memcpy(server->version, result->version, sizeof server->version);
    memcpy(server->server_name, result->server_name, sizeof server->server_name);
    memcpy(server->server_version, result->server_version, sizeof server->server_version);
    if (result->kind[0] != '\0') {
        scan_fail(server, result->kind, "%s", result->detail);
        return;
    }
    if (running->scan->bytes + result->tools.length > SCAN_ALL_BYTES_MAX) {
        scan_fail(server, "limit", "the definitions of all servers together are too large");
        return;
    }
    buffer_append_string(&server->list, "[");
    buffer_append(&server->list, buffer_slice(&result->tools));
    buffer_append_string(&server->list, "]");
    running->scan->bytes += server->list.length;
    if (result->tools.failed || server->list.failed)
        scan_fail(server, "internal", "out of memory");
    else
        server->state = SCAN_GOOD;
}

static void start_more(void *argument);

static void done_cb(void *argument)
{
    struct asking *asking = argument;
    struct running *running = asking->running;
    take_result(running, asking->server, trial_get_result(asking->trial));
    trial_free(asking->trial);
    asking->trial = NULL;
    running->done++;
    start_more(running);
}

static bool start(struct running *running, struct asking *asking, struct scan_server *server)
{
    const struct trial_options options = {.server = server->options,
                                          .ca_file = running->scan->ca_file,
                                          .guard = running->scan->guard,
                                          .time_ms = running->options->time_ms,
                                          .discover_ms = SCAN_DISCOVER_MS,
                                          .end_ms = SCAN_END_MS,
                                          .message_max = SCAN_MESSAGE_MAX,
                                          .pages_max = SCAN_PAGES_MAX,
                                          .tools_max = SCAN_TOOLS_MAX,
                                          .tools_bytes_max = SCAN_TOOLS_BYTES_MAX,
                                          .definitions = true,
                                          .limits = &running->limits};
    *asking = (struct asking){.running = running, .server = server};
    asking->trial = trial_start(running->loop, &options, done_cb, asking);
    if (asking->trial == NULL)
        scan_fail(server, "internal", "out of memory");
    else
        server->state = SCAN_RUNNING;
    return asking->trial != NULL;
}

// ---- All of them

static struct scan_server *next_server(struct running *running)
{
    while (running->next < running->scan->count) {
        struct scan_server *server = running->scan->servers[running->next++];
        if (server->options != NULL && server->state == SCAN_WAITING)
            return server;
    }
    return NULL;
}

static void start_more(void *argument)
{
    struct running *running = argument;
    size_t busy = 0;
    for (size_t i = 0; i < running->options->parallel; i++) {
        struct asking *asking = &running->all[i];
        struct scan_server *server = NULL;
        while (asking->trial == NULL && (server = next_server(running)) != NULL)
            running->done += !start(running, asking, server);
        busy += asking->trial != NULL;
    }
    tell(running);
    if (busy == 0)
        loop_stop(running->loop);
}

static void tick_cb(void *argument)
{
    tell(argument);
}

static void signal_cb(void *argument, int number)
{
    struct running *running = argument;
    (void)number;
    running->cancelled = true;
    loop_stop(running->loop);
}

static size_t count_waiting(const struct scan *scan)
{
    size_t count = 0;
    for (size_t i = 0; i < scan->count; i++)
        count += scan->servers[i]->options != NULL && scan->servers[i]->state == SCAN_WAITING;
    return count;
}

static void run_loop(struct running *running)
{
    static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    struct loop_signal *signals[SIGNALS];
    struct loop_timer *tick = loop_timer_open(running->loop, tick_cb, running);
    for (size_t i = 0; i < SIGNALS; i++)
        signals[i] = loop_signal_open(running->loop, numbers[i], signal_cb, running);
    loop_timer_start(tick, TICK_MS, TICK_MS);
    loop_defer(running->loop, start_more, running);
    loop_run(running->loop);
    for (size_t i = 0; i < SCAN_PARALLEL_MAX; i++)
        trial_free(running->all[i].trial);
    for (size_t i = 0; i < SIGNALS; i++)
        if (signals[i] != NULL)
            loop_signal_close(signals[i]);
    loop_timer_close(tick);
}

int scan_run(struct scan *scan, const struct scan_options *options, struct error *error)
{
    struct running *running = memory_new(sizeof *running);
    *running = (struct running){.scan = scan,
                                .options = options,
                                .of = count_waiting(scan),
                                .limits = {.memory = (uint64_t)SCAN_CHILD_MEMORY_MB << 20,
                                           .cpu_s = SCAN_CHILD_CPU_S,
                                           .file_bytes = (uint64_t)SCAN_CHILD_FILE_MB << 20,
                                           .files = SCAN_CHILD_FILES}};
    int result = 0;
    running->loop = running->of == 0 ? NULL : loop_new();
    if (running->loop == NULL && running->of > 0)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (running->loop != NULL) {
        scan_adopt_leftovers();
        run_loop(running);
        loop_free(running->loop);
        scan_end_leftovers();
        if (options->progress != NULL)
            options->progress(options->argument, running->done, running->of, NULL);
    }
    if (running->cancelled)
        result = error_set(error, ERROR_CANCELLED, "stopped by a signal");
    memory_free(running);
    return result;
}
