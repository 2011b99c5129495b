// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What /readyz and /metrics say of the database and of the workers that follow it
// (docs/metrics.md).
#include "cli/serve_internal.h"

#include <stdio.h>

enum { INDEX_LATE_MS = 10000 };

static struct control_health health_of(void *argument)
{
    const struct serving *serving = argument;
    return control_health(serve_data_control(serving->data));
}

static size_t look(void *argument, struct pipeline_part parts[PIPELINE_PARTS_MAX])
{
    struct control_health health = health_of(argument);
    bool useless = health.unusable_servers + health.unusable_policies > 0;
    parts[0] = (struct pipeline_part){"database", NULL, false};
    if (!health.records.healthy)
        parts[0].trouble = "the database cannot be written: changes are refused, calls are judged "
                           "by what was committed last";
    parts[1] = (struct pipeline_part){"rules", NULL, false};
    if (health.incomplete)
        parts[1].trouble = "the database cannot be read as a whole: what is missing is denied";
    else if (useless)
        parts[1].trouble = "a server or a policy of the database cannot be used: it is denied";
    else if (health.in_force < health.serial)
        parts[1].trouble = "the last change is not in force at every worker yet";
    const struct serving *serving = argument;
    const struct decisions *decisions = serve_data_decisions(serving->data);
    if (decisions == NULL)
        return 2;
    struct decisions_state index = decisions_state(decisions);
    parts[2] = (struct pipeline_part){"decision_index", NULL, false};
    if (!index.up)
        parts[2].trouble = "the index of the decision log cannot be written: queries do not find "
                           "the newest decisions";
    else if (index.behind_ms > INDEX_LATE_MS)
        parts[2].trouble = "the index of the decision log is behind it: queries do not find the "
                           "newest decisions yet";
    return 3;
}

// ---- Figures

#define READER(name, expression)                                                                   \
    static int64_t read_##name(void *argument)                                                     \
    {                                                                                              \
        struct control_health health = health_of(argument);                                        \
        return (int64_t)(expression);                                                              \
    }
READER(up, health.records.healthy)
READER(commits, health.records.commits)
READER(committed, health.records.committed_ms / 1000)
READER(file, health.records.file_bytes)
READER(wal, health.records.wal_bytes)
READER(writes, health.records.writes_waiting)
READER(reads, health.records.reads_waiting)
READER(complete, !health.incomplete)
READER(serial, health.serial)
READER(servers, health.unusable_servers)
READER(policies, health.unusable_policies)
READER(sealed, health.sealed_servers)
READER(keys, health.keys)
READER(waiting, health.waiting_definitions)
#undef READER

static struct control_filling filling_of(void *argument)
{
    const struct serving *serving = argument;
    return control_filling(serve_data_control(serving->data));
}

static int64_t read_lists(void *argument)
{
    return (int64_t)filling_of(argument).taken;
}

static int64_t read_refused(void *argument)
{
    return (int64_t)filling_of(argument).refused;
}

static int64_t read_catalogue(void *argument)
{
    return !filling_of(argument).failing;
}

static struct decisions_state index_of(void *argument)
{
    const struct serving *serving = argument;
    const struct decisions *decisions = serve_data_decisions(serving->data);
    const struct decisions_state none = {.up = true};
    return decisions == NULL ? none : decisions_state(decisions);
}

#define INDEX_READER(name, expression)                                                             \
    static int64_t read_index_##name(void *argument)                                               \
    {                                                                                              \
        struct decisions_state index = index_of(argument);                                         \
        return (int64_t)(expression);                                                              \
    }
INDEX_READER(up, index.up)
INDEX_READER(row, index.row)
INDEX_READER(behind, index.behind)
INDEX_READER(seconds, index.behind_ms / 1000)
#undef INDEX_READER

#define NOTICE_READER(name)                                                                        \
    static int64_t read_notices_##name(void *argument)                                             \
    {                                                                                              \
        const struct serving *serving = argument;                                                  \
        return (int64_t)notify_state(serve_data_notify(serving->data)).name;                       \
    }
NOTICE_READER(sent)
NOTICE_READER(failed)
NOTICE_READER(given_up)
NOTICE_READER(dropped)
NOTICE_READER(waiting)
#undef NOTICE_READER

static struct approval_figures approvals_of(void *argument)
{
    const struct serving *serving = argument;
    const struct approval_figures none = {.open = 0};
    return serving->stores.desk == NULL ? none : approval_desk_figures(serving->stores.desk);
}

#define APPROVAL_READER(name)                                                                      \
    static int64_t read_approval_##name(void *argument)                                            \
    {                                                                                              \
        return (int64_t)approvals_of(argument).name;                                               \
    }
APPROVAL_READER(open)
APPROVAL_READER(held)
APPROVAL_READER(asked)
APPROVAL_READER(approved)
APPROVAL_READER(rejected)
APPROVAL_READER(ran)
APPROVAL_READER(ended)
APPROVAL_READER(flooded)
APPROVAL_READER(failed)
#undef APPROVAL_READER

static int64_t read_worker(void *argument)
{
    struct worker *worker = argument;
    return (int64_t)atomic_load(&worker->serial);
}

struct figure {
    enum metric_kind kind;
    const char *name, *help, *label, *value; // label NULL: none
    metric_read_cb read;
};

static const struct figure figures[] = {
    {METRIC_STATE, "sallyport_database_up", "1 unless the last commit failed", NULL, NULL, read_up},
    {METRIC_COUNTER, "sallyport_database_commits_total", "Commits since the start", NULL, NULL,
     read_commits},
    {METRIC_GAUGE, "sallyport_database_last_commit_seconds",
     "When the last commit was, in seconds since 1970; 0: none since the start", NULL, NULL,
     read_committed},
    {METRIC_GAUGE, "sallyport_database_bytes",
     "Bytes on disk: of the database, and of its write-ahead log", "file", "database", read_file},
    {METRIC_GAUGE, "sallyport_database_bytes", NULL, "file", "wal", read_wal},
    {METRIC_GAUGE, "sallyport_database_jobs_waiting", "Jobs that nobody has begun yet", "access",
     "write", read_writes},
    {METRIC_GAUGE, "sallyport_database_jobs_waiting", NULL, "access", "read", read_reads},
    {METRIC_STATE, "sallyport_rules_complete",
     "1 unless something of the database could not be read", NULL, NULL, read_complete},
    {METRIC_GAUGE, "sallyport_rules_serial", "Number of the newest rules", NULL, NULL, read_serial},
    {METRIC_GAUGE, "sallyport_rules_unusable",
     "What is in the database but cannot be used, and is denied", "kind", "server", read_servers},
    {METRIC_GAUGE, "sallyport_rules_unusable", NULL, "kind", "policy", read_policies},
    {METRIC_GAUGE, "sallyport_sealed_unreadable",
     "Servers with a credential that cannot be opened with the keys at hand", NULL, NULL,
     read_sealed},
    {METRIC_GAUGE, "sallyport_sealing_keys",
     "Keys in the key file or the environment that secrets may be sealed with; more than one in a "
     "file: a change of keys has not ended",
     NULL, NULL, read_keys},
    {METRIC_GAUGE, "sallyport_definitions_waiting",
     "Definitions of tools that servers list and nobody has accepted", NULL, NULL, read_waiting},
    {METRIC_STATE, "sallyport_catalogue_up", "1 unless the catalogue cannot be written", NULL, NULL,
     read_catalogue},
    {METRIC_COUNTER, "sallyport_catalogue_lists_total", "Lists of tools that the catalogue took",
     NULL, NULL, read_lists},
    {METRIC_COUNTER, "sallyport_catalogue_lists_refused_total",
     "Lists of tools that the catalogue had no room for then", NULL, NULL, read_refused},
    {METRIC_STATE, "sallyport_decision_index_up",
     "1 unless the index of the decision log cannot be written", NULL, NULL, read_index_up},
    {METRIC_GAUGE, "sallyport_decision_index_row", "The newest row that queries find", NULL, NULL,
     read_index_row},
    {METRIC_GAUGE, "sallyport_decision_index_behind_bytes",
     "Bytes of the decision log that queries do not find yet", NULL, NULL, read_index_behind},
    {METRIC_GAUGE, "sallyport_decision_index_behind_seconds",
     "How long ago the index was last level with the decision log", NULL, NULL, read_index_seconds},
    {METRIC_GAUGE, "sallyport_notices_waiting", "Notices that no receiver has taken yet", NULL,
     NULL, read_notices_waiting},
    {METRIC_COUNTER, "sallyport_notices_sent_total", "Notices that receivers have taken", NULL,
     NULL, read_notices_sent},
    {METRIC_COUNTER, "sallyport_notice_failures_total",
     "Attempts to deliver a notice that were no success", NULL, NULL, read_notices_failed},
    {METRIC_COUNTER, "sallyport_notices_given_up_total", "Notices that are not sent any more", NULL,
     NULL, read_notices_given_up},
    {METRIC_COUNTER, "sallyport_notices_dropped_total", "Notices for which there was no room", NULL,
     NULL, read_notices_dropped},
    {METRIC_GAUGE, "sallyport_approvals_open", "Questions to people that are open", NULL, NULL,
     read_approval_open},
    {METRIC_GAUGE, "sallyport_approvals_held", "Calls that wait for a person", NULL, NULL,
     read_approval_held},
    {METRIC_COUNTER, "sallyport_approvals_total", "What became of questions to people", "event",
     "asked", read_approval_asked},
    {METRIC_COUNTER, "sallyport_approvals_total", NULL, "event", "approved",
     read_approval_approved},
    {METRIC_COUNTER, "sallyport_approvals_total", NULL, "event", "rejected",
     read_approval_rejected},
    {METRIC_COUNTER, "sallyport_approvals_total", NULL, "event", "ran", read_approval_ran},
    {METRIC_COUNTER, "sallyport_approvals_total", NULL, "event", "ended", read_approval_ended},
    {METRIC_COUNTER, "sallyport_approvals_total", NULL, "event", "flooded", read_approval_flooded},
    {METRIC_COUNTER, "sallyport_approvals_total", NULL, "event", "failed", read_approval_failed},
};

static void add(struct metrics *registry, const struct figure *figure, void *argument)
{
    const char *const labels[] = {figure->label, NULL};
    if (figure->label == NULL) {
        metric_read_by(metrics_single(registry, figure->kind, figure->name, figure->help),
                       figure->read, argument);
        return;
    }
    struct slice value = slice_from_string(figure->value);
    metric_read_by(metrics_child(metrics_register(registry, figure->kind, figure->name,
                                                  figure->help, labels, 0),
                                 &value),
                   figure->read, argument);
}

static void add_workers(struct metrics *registry, struct serving *serving)
{
    for (size_t i = 0; i < serving->worker_count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        const struct figure figure = {METRIC_GAUGE,
                                      "sallyport_rules_in_force",
                                      "Number of the rules that a worker judges by",
                                      "worker",
                                      number,
                                      read_worker};
        add(registry, &figure, &serving->workers[i]);
    }
}

struct pipeline_besides serve_besides(struct serving *serving)
{
    return (struct pipeline_besides){serving->data == NULL ? NULL : look, serving};
}

void serve_show_figures(struct serving *serving)
{
    if (serving->stores.sinks != NULL)
        pipeline_ledger_show(serving->stores.ledger, sinks_metrics(serving->stores.sinks));
    if (serving->data == NULL)
        return;
    serving->figures = metrics_new();
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        add(serving->figures, &figures[i], serving);
    add_workers(serving->figures, serving);
    pipeline_ledger_show(serving->stores.ledger, serving->figures);
}

void serve_hide_figures(struct serving *serving)
{
    if (serving->stores.sinks != NULL)
        pipeline_ledger_hide(serving->stores.ledger, sinks_metrics(serving->stores.sinks));
    if (serving->figures == NULL)
        return;
    pipeline_ledger_hide(serving->stores.ledger, serving->figures);
    metrics_free(serving->figures);
    serving->figures = NULL;
}
