// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/cli_internal.h"

#include "base/clock.h"
#include "base/memory.h"

enum { SYNC_MS = 1000 };

// ---- What all workers share

static int open_sinks(struct gateway_stores *stores, const struct config *config,
                      struct error *error)
{
    const struct sinks_options options = {.sinks = config->sinks,
                                          .count = config->sink_count,
                                          .log_path = config->decision_log,
                                          .ca_file = config->upstream_ca};
    if (config->sink_count == 0)
        return 0;
    return sinks_open(&options, &stores->sinks, error);
}

int gateway_stores_open(struct gateway_stores *stores, const struct config *config, size_t workers,
                        const struct audit_keep *keep, struct error *error)
{
    *stores =
        (struct gateway_stores){.ledger = pipeline_ledger_new(), .group = http_group_new(workers)};
    stores->limits = limit_table_new(0);
    if (stores->limits == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the limits");
    int result = 0;
    if (config->limits_file != NULL)
        result = limit_file_open(config->limits_file, stores->limits, clock_wall_ms(),
                                 config->limits_on_store_failure == CONFIG_LIMITS_LOCAL,
                                 &stores->limit_file, error);
    const struct audit_options log = {.path = config->decision_log,
                                      .key_path = config->decision_log_key,
                                      .lanes = workers,
                                      .on_failure = config->audit_on_failure,
                                      .keep = *keep};
    if (result == 0 && log.path != NULL)
        result = audit_open(&log, &stores->audit, error);
    return result == 0 ? open_sinks(stores, config, error) : result;
}

void gateway_stores_close(struct gateway_stores *stores)
{
    audit_close(stores->audit);
    sinks_close(stores->sinks);
    if (stores->limit_file != NULL)
        limit_file_close(stores->limit_file);
    limit_table_free(stores->limits);
    pipeline_ledger_free(stores->ledger);
    pipeline_watch_free(stores->watch);
    http_group_free(stores->group);
    *stores = (struct gateway_stores){0};
}

// ---- One worker's parts

int gateway_apply(struct gateway *gateway, struct gateway_snapshot *snapshot, struct error *error)
{
    size_t count;
    const struct upstream_options *servers = gateway_snapshot_servers(snapshot, &count);
    int result = upstream_set_apply(gateway->upstreams, servers, count, error);
    if (result != 0)
        return result;
    struct pipeline_rules rules = gateway_snapshot_rules(snapshot);
    gateway->config = gateway_snapshot_config(snapshot);
    gateway->waiting.most = gateway->config->waiting_max_bytes;
    if (gateway->desk != NULL)
        approval_desk_bound(gateway->desk, gateway->config->questions_per_grant,
                            gateway->config->questions);
    return pipeline_apply(gateway->pipeline, &rules);
}

// A sink that gets nothing keeps nobody from calling: the log has its rows.
static size_t look_besides(void *argument, struct pipeline_part parts[PIPELINE_PARTS_MAX])
{
    const struct gateway_stores *stores = argument;
    size_t count =
        stores->besides.look == NULL ? 0 : stores->besides.look(stores->besides.argument, parts);
    if (stores->sinks != NULL && count < PIPELINE_PARTS_MAX)
        parts[count++] = (struct pipeline_part){
            "decision_log_sinks",
            sinks_failing(stores->sinks)
                ? "a sink of the decision log gets nothing: its rows wait in the log"
                : NULL,
            false};
    return count;
}

static void sync_cb(void *argument)
{
    struct gateway_stores *stores = argument;
    limit_file_sync(stores->limit_file);
}

static void challenged_cb(void *argument, struct slice server, int status, struct slice challenge)
{
    control_challenged(argument, server, status, challenge);
}

static void fuse_saved_cb(void *argument, struct slice grant, bool kept)
{
    const struct gateway_stores *stores = argument;
    pipeline_fuse_saved(stores->ledger, grant, kept);
}

static void fuse_blown_cb(void *argument, struct slice organisation, struct slice grant,
                          struct slice why)
{
    struct gateway_stores *stores = argument;
    control_pause_grant(stores->control, organisation, grant, why, fuse_saved_cb, stores);
}

static int open_parts(struct gateway *gateway, struct gateway_stores *stores, size_t worker,
                      const struct config *config, struct error *error)
{
    gateway->loop = loop_new();
    if (gateway->loop == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory or descriptors for the event loop");
    int result = upstream_set_new(gateway->loop, config->upstream_ca, &gateway->upstreams, error);
    if (result != 0)
        return result;
    backlog_init(&gateway->waiting, config->waiting_max_bytes);
    upstream_set_guard(gateway->upstreams, stores->guard);
    if (stores->control != NULL)
        upstream_set_hear(gateway->upstreams, challenged_cb, stores->control);
    upstream_set_count_waiting(gateway->upstreams, &gateway->waiting);
    struct pipeline_options options = {
        .loop = gateway->loop,
        .waiting = &gateway->waiting,
        .upstreams = gateway->upstreams,
        .limits = stores->limits,
        .limit_file = stores->limit_file,
        .audit = stores->audit,
        .ledger = stores->ledger,
        .group = stores->group,
        .watch = stores->watch,
        .desk = stores->desk,
        .listener = stores->listener,
        .besides = {look_besides, stores},
        .fuse = {stores->control == NULL ? NULL : fuse_blown_cb, stores},
        .worker = worker};
    gateway->desk = stores->desk;
    gateway->pipeline = pipeline_new(&options);
    gateway->sync = loop_timer_open(gateway->loop, sync_cb, stores);
    if (gateway->pipeline == NULL || gateway->sync == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the gateway");
    if (worker == 0 && stores->limit_file != NULL)
        loop_timer_start(gateway->sync, SYNC_MS, SYNC_MS);
    return 0;
}

int gateway_open(struct gateway *gateway, struct gateway_stores *stores, size_t worker,
                 struct gateway_snapshot *snapshot, struct error *error)
{
    *gateway = (struct gateway){0};
    int result = open_parts(gateway, stores, worker, gateway_snapshot_config(snapshot), error);
    return result != 0 ? result : gateway_apply(gateway, snapshot, error);
}

void gateway_close(struct gateway *gateway)
{
    pipeline_free(gateway->pipeline);
    if (gateway->sync != NULL)
        loop_timer_close(gateway->sync);
    upstream_set_free(gateway->upstreams);
    loop_free(gateway->loop);
    *gateway = (struct gateway){0};
}
