// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "sink/sink_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "fetch/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { BODY_MAX = 16 * 1024 * 1024, LOOK_MS = 5 };

struct sinks {
    struct sink *items; // owned
    size_t count;
    struct net_guard *guard;
    struct fetch *fetch; // NULL: none of the sinks needs it
    struct metrics *metrics;
};

// ---- Figures

static int64_t read_behind_rows(void *argument)
{
    struct sink *sink = argument;
    uint64_t newest = atomic_load(&sink->newest), row = atomic_load(&sink->row);
    return newest > row ? (int64_t)(newest - row) : 0;
}

static int64_t read_behind_seconds(void *argument)
{
    struct sink *sink = argument;
    int64_t oldest = atomic_load(&sink->oldest_ms), now = clock_wall_ms();
    return oldest == 0 || oldest > now ? 0 : (now - oldest) / 1000;
}

static int64_t read_up(void *argument)
{
    const struct sink *sink = argument;
    return !atomic_load(&sink->failing);
}

static struct metric *figure(struct sinks *sinks, const struct sink *sink, enum metric_kind kind,
                             const char *name, const char *help)
{
    static const char *const labels[] = {"sink", NULL};
    return metrics_child(metrics_register(sinks->metrics, kind, name, help, labels, 0),
                         &sink->options.name);
}

static void add_figures(struct sinks *sinks, struct sink *sink)
{
    sink->sent = figure(sinks, sink, METRIC_COUNTER, "sallyport_decision_log_sink_rows_total",
                        "Rows that the sink has taken");
    sink->failed = figure(sinks, sink, METRIC_COUNTER, "sallyport_decision_log_sink_failures_total",
                          "Attempts to deliver that were no success");
    sink->missed = figure(sinks, sink, METRIC_COUNTER, "sallyport_decision_log_sink_missed_total",
                          "Rows that were deleted before the sink had them");
    sink->rejected =
        figure(sinks, sink, METRIC_COUNTER, "sallyport_decision_log_sink_rejected_total",
               "Rows that the sink did not take or keep");
    metric_read_by(figure(sinks, sink, METRIC_STATE, "sallyport_decision_log_sink_up",
                          "1 unless the last attempt to deliver was no success"),
                   read_up, sink);
    metric_read_by(figure(sinks, sink, METRIC_GAUGE, "sallyport_decision_log_sink_behind_rows",
                          "Rows of the log that the sink has not had yet, those included that its "
                          "filters leave out"),
                   read_behind_rows, sink);
    metric_read_by(figure(sinks, sink, METRIC_GAUGE, "sallyport_decision_log_sink_behind_seconds",
                          "Age of the oldest row that the sink has not had yet"),
                   read_behind_seconds, sink);
}

struct metrics *sinks_metrics(struct sinks *sinks)
{
    return sinks->metrics;
}

bool sinks_failing(const struct sinks *sinks)
{
    bool failing = false;
    for (size_t i = 0; sinks != NULL && i < sinks->count; i++)
        failing = failing || atomic_load(&sinks->items[i].failing);
    return failing;
}

// ---- Open and close

void sink_no_frame(struct sink *sink, struct sink_batch *batch)
{
    (void)sink;
    (void)batch;
}

void sink_nothing(struct sink *sink)
{
    (void)sink;
}

static const struct sink_kind_operations *operations_of(enum sink_kind kind)
{
    static const struct sink_kind_operations *const all[] = {
        [SINK_SYSLOG] = &sink_syslog, [SINK_OTLP] = &sink_otlp, [SINK_WEBHOOK] = &sink_webhook};
    return all[kind];
}

// Operators say where their own sinks are, so no address is out of reach.
static int allow_everywhere(struct net_guard *guard, struct error *error)
{
    struct net_range all[2];
    int result = net_range_parse(SLICE_LITERAL("0.0.0.0/0"), &all[0], error);
    if (result == 0)
        result = net_range_parse(SLICE_LITERAL("::/0"), &all[1], error);
    if (result == 0)
        net_guard_allow(guard, all, 2);
    return result;
}

static int open_fetch(struct sinks *sinks, const struct sinks_options *options, struct error *error)
{
    bool needed = false;
    for (size_t i = 0; i < options->count; i++)
        needed = needed || options->sinks[i].kind != SINK_SYSLOG;
    if (!needed)
        return 0;
    sinks->guard = net_guard_new();
    const struct fetch_options fetch = {.guard = sinks->guard, .ca_file = options->ca_file};
    int result = allow_everywhere(sinks->guard, error);
    return result == 0 ? fetch_open(&fetch, &sinks->fetch, error) : result;
}

static char *position_path(const char *log_path, struct slice name)
{
    size_t size = strlen(log_path) + name.length + sizeof ".sink-";
    char *path = memory_new(size);
    snprintf(path, size, "%s.sink-%.*s", log_path, SLICE_PRINT(name));
    return path;
}

static void fill_hostname(struct sink *sink)
{
    char *text = sink->hostname;
    if (sink->options.hostname != NULL)
        snprintf(text, sizeof sink->hostname, "%s", sink->options.hostname);
    else if (gethostname(text, sizeof sink->hostname - 1) != 0)
        *text = '\0';
    for (char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            *at = '_';
    if (*text == '\0')
        snprintf(text, sizeof sink->hostname, "-");
}

static int start(struct sinks *sinks, struct sink *sink, const struct sinks_options *options,
                 size_t number, struct error *error)
{
    sink_options_copy(&sink->options, &options->sinks[number]);
    sink->operations = operations_of(sink->options.kind);
    sink->log_path = memory_copy_string(options->log_path, strlen(options->log_path));
    if (options->ca_file != NULL)
        sink->ca_file = memory_copy_string(options->ca_file, strlen(options->ca_file));
    sink->position_path = position_path(options->log_path, sink->options.name);
    sink->position.fd = -1;
    sink->fetch = sinks->fetch;
    sink->rows_most = sink->options.rows_max;
    json_doc_init(&sink->doc);
    buffer_init(&sink->batch.body, BODY_MAX);
    buffer_init(&sink->scratch, BODY_MAX);
    fill_hostname(sink);
    add_figures(sinks, sink);
    sinks->count++;
    if (waker_open(&sink->waker) != 0)
        return error_set(error, ERROR_IO, "cannot start sink '%.*s': %s",
                         SLICE_PRINT(sink->options.name), strerror(errno));
    sink->has_waker = true;
    if (thread_start(&sink->thread, sink_run, sink) != 0)
        return error_set(error, ERROR_NO_MEMORY, "cannot start the thread of sink '%.*s'",
                         SLICE_PRINT(sink->options.name));
    sink->started = true;
    return 0;
}

int sinks_open(const struct sinks_options *options, struct sinks **ret, struct error *error)
{
    struct sinks *sinks = memory_new(sizeof *sinks);
    sinks->items = memory_new((options->count + 1) * sizeof *sinks->items);
    sinks->metrics = metrics_new();
    int result = open_fetch(sinks, options, error);
    for (size_t i = 0; i < options->count && result == 0; i++)
        result = start(sinks, &sinks->items[i], options, i, error);
    if (result == 0)
        *ret = sinks;
    else
        sinks_close(sinks);
    return result;
}

static bool all_done(const struct sinks *sinks)
{
    bool done = true;
    for (size_t i = 0; i < sinks->count; i++)
        done = done && (!sinks->items[i].started || atomic_load(&sinks->items[i].done));
    return done;
}

static void wait_for_threads(struct sinks *sinks)
{
    uint64_t end = clock_monotonic_us() + 1000 * (uint64_t)SINK_CLOSE_MS;
    for (size_t i = 0; i < sinks->count; i++) {
        struct sink *sink = &sinks->items[i];
        atomic_store(&sink->stop_at_us, end);
        atomic_store(&sink->stop, true);
        if (sink->has_waker)
            waker_wake(&sink->waker);
    }
    while (!all_done(sinks) && clock_monotonic_us() < end)
        usleep(1000 * LOOK_MS);
}

static void close_sink(struct sink *sink)
{
    if (sink->started)
        pthread_join(sink->thread, NULL);
    if (sink->has_waker)
        waker_close(&sink->waker);
    json_doc_release(&sink->doc);
    buffer_release(&sink->batch.body);
    buffer_release(&sink->scratch);
    memory_free(sink->position_path);
    memory_free((char *)sink->log_path);
    memory_free((char *)sink->ca_file);
    sink_options_release(&sink->options);
}

void sinks_close(struct sinks *sinks)
{
    if (sinks == NULL)
        return;
    wait_for_threads(sinks);
    fetch_close(sinks->fetch); // ends what they still wait for
    for (size_t i = 0; i < sinks->count; i++)
        close_sink(&sinks->items[i]);
    net_guard_free(sinks->guard);
    metrics_free(sinks->metrics);
    memory_free(sinks->items);
    memory_free(sinks);
}
