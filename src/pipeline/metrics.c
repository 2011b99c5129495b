// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"
#include "base/metrics.h"
#include "base/table.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/metrics_internal.h"

struct metrics_set {
    struct metrics *registry;
    struct metric *decisions[OUTCOME_COUNT];
    struct metric *decide, *upstream, *total, *sessions, *in_flight;
    struct metrics_family *server_up, *server_connections, *server_children, *server_failures;
};

static int64_t read_counters(void *argument)
{
    struct pipeline *pipeline = argument;
    return (int64_t)limit_table_stats(pipeline->given.limits).counters;
}

static int64_t read_refused(void *argument)
{
    struct pipeline *pipeline = argument;
    return (int64_t)limit_table_stats(pipeline->given.limits).refused;
}

static int64_t read_dropped(void *argument)
{
    struct pipeline *pipeline = argument;
    return pipeline->given.audit == NULL ? 0
                                         : (int64_t)audit_log_stats(pipeline->given.audit).dropped;
}

static int64_t read_log_up(void *argument)
{
    struct pipeline *pipeline = argument;
    return pipeline->given.audit == NULL || !audit_log_stats(pipeline->given.audit).failing;
}

static int64_t read_waiting(void *argument)
{
    const struct pipeline *pipeline = argument;
    return (int64_t)atomic_load_explicit(&pipeline->given.waiting->used, memory_order_relaxed);
}

static int64_t read_cut(void *argument)
{
    const struct pipeline *pipeline = argument;
    return (int64_t)atomic_load_explicit(&pipeline->given.waiting->cuts, memory_order_relaxed);
}

static void add_stages(struct metrics_set *set)
{
    static const char *const stage[] = {"stage", NULL};
    struct metrics_family *stages =
        metrics_register(set->registry, METRIC_HISTOGRAM, "sallyport_stage_seconds",
                         "Time per stage of a message: decide, upstream, total", stage, 8);
    set->decide = metrics_child(stages, &SLICE_LITERAL("decide"));
    set->upstream = metrics_child(stages, &SLICE_LITERAL("upstream"));
    set->total = metrics_child(stages, &SLICE_LITERAL("total"));
}

static void add_reader(struct metrics_set *set, enum metric_kind kind, const char *name,
                       const char *help, metric_read_cb read, struct pipeline *pipeline)
{
    metric_read_by(metrics_single(set->registry, kind, name, help), read, pipeline);
}

static void add_waiting(struct metrics_set *set, struct pipeline *pipeline)
{
    add_reader(set, METRIC_GAUGE, "sallyport_waiting_bytes",
               "Bytes that wait for clients and programs to read them", read_waiting, pipeline);
    add_reader(set, METRIC_COUNTER, "sallyport_waiting_cuts_total",
               "Clients and programs that were cut because too much waited", read_cut, pipeline);
}

// What all workers share is shown once.
static void add_shared(struct metrics_set *set, struct pipeline *pipeline)
{
    add_reader(set, METRIC_GAUGE, "sallyport_limit_counters", "Counters of limits in memory",
               read_counters, pipeline);
    add_reader(set, METRIC_COUNTER, "sallyport_limit_refusals_total",
               "Reservations that a limit refused", read_refused, pipeline);
    add_reader(set, METRIC_STATE, "sallyport_decision_log_up",
               "1 unless the decision log cannot be written", read_log_up, pipeline);
    add_reader(set, METRIC_COUNTER, "sallyport_decision_log_dropped_total",
               "Records that the decision log could not take", read_dropped, pipeline);
}

static void add_servers(struct metrics_set *set)
{
    static const char *const server[] = {"server", NULL};
    set->server_up =
        metrics_register(set->registry, METRIC_STATE, "sallyport_upstream_up",
                         "1 unless the last attempt to reach the server failed", server, 1000);
    set->server_connections =
        metrics_register(set->registry, METRIC_GAUGE, "sallyport_upstream_connections",
                         "Open connections to the server", server, 1000);
    set->server_children =
        metrics_register(set->registry, METRIC_GAUGE, "sallyport_upstream_children",
                         "Running processes of the server", server, 1000);
    set->server_failures =
        metrics_register(set->registry, METRIC_COUNTER, "sallyport_upstream_failures_total",
                         "Connects, starts and calls that failed", server, 1000);
}

struct metrics_set *metrics_set_new(struct pipeline *pipeline)
{
    static const char *const outcome[] = {"outcome", NULL};
    struct metrics_set *set = memory_new(sizeof *set);
    set->registry = metrics_new();
    struct metrics_family *decisions =
        metrics_register(set->registry, METRIC_COUNTER, "sallyport_decisions_total",
                         "Messages by what became of them", outcome, OUTCOME_COUNT + 1);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        struct slice name = slice_from_string(outcome_names[i]);
        set->decisions[i] = metrics_child(decisions, &name);
    }
    add_stages(set);
    set->sessions =
        metrics_single(set->registry, METRIC_GAUGE, "sallyport_sessions", "Open sessions");
    set->in_flight = metrics_single(set->registry, METRIC_GAUGE, "sallyport_in_flight",
                                    "Messages and streams in flight");
    if (pipeline->given.worker == 0)
        add_shared(set, pipeline);
    if (pipeline->given.waiting != NULL)
        add_waiting(set, pipeline);
    add_servers(set);
    pipeline_ledger_show(pipeline->ledger, set->registry);
    return set;
}
void metrics_set_free(struct metrics_set *set, struct pipeline_ledger *ledger)
{
    if (set == NULL)
        return;
    pipeline_ledger_hide(ledger, set->registry);
    metrics_free(set->registry);
    memory_free(set);
}

void metrics_count(struct metrics_set *set, enum outcome outcome)
{
    metric_add(set->decisions[outcome], 1);
}

void metrics_sessions(struct metrics_set *set, int change)
{
    metric_add(set->sessions, change);
}

void metrics_in_flight(struct metrics_set *set, int change)
{
    metric_add(set->in_flight, change);
}

size_t metrics_calls(const struct metrics_set *set)
{
    return (size_t)metric_value(set->in_flight);
}

void metrics_time(struct metrics_set *set, const struct exchange *ex, uint64_t now_us)
{
    if (ex->decided_us >= ex->started_us && ex->decided_us != 0)
        metric_observe_us(set->decide, (int64_t)(ex->decided_us - ex->started_us));
    if (ex->sent_us != 0)
        metric_observe_us(set->upstream, (int64_t)(now_us - ex->sent_us));
    metric_observe_us(set->total, (int64_t)(now_us - ex->started_us));
}

// Servers that are shown as one (a server's own, and those with the credentials of a grant) are
// added up before anything is set, so that a scrape meanwhile never sees a part.
static void add_server(void *argument, struct upstream_server *server)
{
    struct table *sums = argument;
    struct slice name = upstream_server_shown(server);
    struct upstream_health health = upstream_server_health(server);
    struct upstream_health *sum = table_get(sums, name);
    if (sum == NULL) {
        sum = memory_new(sizeof *sum);
        if (table_put(sums, name, sum) != 0) {
            memory_free(sum);
            return;
        }
    }
    sum->connections += health.connections;
    sum->children += health.children;
    sum->failures += health.failures;
    sum->last_attempt_failed = sum->last_attempt_failed || health.last_attempt_failed;
}

static void show_server_cb(void *argument, struct slice name, void *value)
{
    struct metrics_set *set = argument;
    struct upstream_health *health = value;
    metric_set(metrics_child(set->server_up, &name), health->last_attempt_failed ? 0 : 1);
    metric_set(metrics_child(set->server_connections, &name), (int64_t)health->connections);
    metric_set(metrics_child(set->server_children, &name), (int64_t)health->children);
    metric_set(metrics_child(set->server_failures, &name), (int64_t)health->failures);
    memory_free(health);
}

void metrics_look_at_servers(struct pipeline *pipeline)
{
    struct table sums;
    table_init(&sums);
    upstream_each(pipeline->given.upstreams, add_server, &sums);
    table_each(&sums, show_server_cb, pipeline->metrics);
    table_release(&sums);
}

void metrics_write(struct pipeline *pipeline, struct buffer *out)
{
    metrics_look_at_servers(pipeline);
    ledger_show_figures(pipeline->ledger, out);
}
