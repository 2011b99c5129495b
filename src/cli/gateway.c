// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/cli_internal.h"

#include "base/clock.h"
#include "base/memory.h"

enum { SYNC_MS = 1000 };

// What the pipeline's rules point into; freed when the last message judged by it is done.
struct snapshot {
    struct config *config;
    struct identity_table *grants;
    struct pipeline_policy *policies;
    struct policy *everything;
};

static void release_snapshot(void *argument)
{
    struct snapshot *snapshot = argument;
    identity_table_free(snapshot->grants);
    memory_free(snapshot->policies);
    config_free(snapshot->config);
    policy_unref(snapshot->everything);
    memory_free(snapshot);
}

static int fill_grants(struct snapshot *snapshot, struct error *error)
{
    const struct config *config = snapshot->config;
    snapshot->grants = identity_table_new();
    if (snapshot->grants == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the grants");
    for (size_t i = 0; i < config->grant_count; i++) {
        struct identity_grant grant = config->grants[i].grant;
        struct identity_reach all[1];
        if (snapshot->everything != NULL && grant.reach_count == 1) {
            all[0] = (struct identity_reach){grant.reach[0].server, 0};
            grant.reach = all;
        }
        int result =
            identity_table_add(snapshot->grants, &grant, config->grants[i].token_sha256, error);
        if (result != 0)
            return result;
    }
    return 0;
}

static void fill_policies(struct snapshot *snapshot)
{
    const struct config *config = snapshot->config;
    snapshot->policies = memory_new((config->policy_count + 1) * sizeof *snapshot->policies);
    for (size_t i = 0; i < config->policy_count; i++)
        snapshot->policies[i] =
            (struct pipeline_policy){config->policies[i].name, config->policies[i].policy};
    if (snapshot->everything != NULL)
        snapshot->policies[0] =
            (struct pipeline_policy){policy_name(snapshot->everything), snapshot->everything};
}

static bool listens_on_loopback(const struct config *config)
{
    struct slice host;
    uint16_t port;
    return config->listen == NULL ||
           (config_split_address(slice_from_string(config->listen), &host, &port) &&
            config_is_loopback(host));
}

int gateway_apply(struct gateway *gateway, struct config *config, struct policy *everything,
                  struct error *error)
{
    struct snapshot *snapshot = memory_new(sizeof *snapshot);
    snapshot->config = config;
    snapshot->everything = everything == NULL ? NULL : policy_ref(everything);
    fill_policies(snapshot);
    int result = fill_grants(snapshot, error);
    if (result == 0)
        result =
            upstream_set_apply(gateway->upstreams, config->servers, config->server_count, error);
    if (result != 0) {
        release_snapshot(snapshot);
        return result;
    }
    struct pipeline_rules rules = {
        .grants = snapshot->grants,
        .policies = snapshot->policies,
        .policy_count = config->policy_count,
        .allowed_hosts = config->allowed_hosts,
        .allowed_host_count = config->allowed_host_count,
        .allowed_origins = config->allowed_origins,
        .allowed_origin_count = config->allowed_origin_count,
        .loopback_names = listens_on_loopback(config),
        .metrics_public = config->metrics_public,
        .sessions_max_per_grant = config->sessions_max_per_grant,
        .calls_max_per_grant = config->calls_max_per_grant,
        .session_idle_ms = config->session_idle_ms,
        .question_time_ms = config->question_time_ms,
        .left_call_time_ms = config->left_call_time_ms,
        .keep_alive_ms = config->keep_alive_ms,
        .release = release_snapshot,
        .owner = snapshot,
    };
    gateway->config = config;
    return pipeline_apply(gateway->pipeline, &rules);
}

static void sync_cb(void *argument)
{
    struct gateway *gateway = argument;
    limit_file_sync(gateway->limit_file, gateway->limits);
}

static int open_stores(struct gateway *gateway, const struct config *config, struct error *error)
{
    int result = 0;
    gateway->limits = limit_table_new(0);
    if (gateway->limits == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the limits");
    if (config->limits_file != NULL)
        result = limit_file_open(config->limits_file, gateway->limits, clock_wall_ms(),
                                 &gateway->limit_file, error);
    if (result == 0 && config->decision_log != NULL)
        result = audit_open(config->decision_log, 0, &gateway->audit, error);
    return result;
}

static int open_parts(struct gateway *gateway, const struct config *config, struct error *error)
{
    gateway->loop = loop_new();
    if (gateway->loop == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory or descriptors for the event loop");
    int result = open_stores(gateway, config, error);
    if (result == 0)
        result = upstream_set_new(gateway->loop, config->upstream_ca, &gateway->upstreams, error);
    if (result != 0)
        return result;
    struct pipeline_options options = {.loop = gateway->loop,
                                       .upstreams = gateway->upstreams,
                                       .limits = gateway->limits,
                                       .limit_file = gateway->limit_file,
                                       .audit = gateway->audit};
    gateway->pipeline = pipeline_new(&options);
    gateway->sync = loop_timer_open(gateway->loop, sync_cb, gateway);
    if (gateway->pipeline == NULL || gateway->sync == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the gateway");
    if (gateway->limit_file != NULL)
        loop_timer_start(gateway->sync, SYNC_MS, SYNC_MS);
    return 0;
}

int gateway_open(struct gateway *gateway, struct config *config, struct policy *everything,
                 struct error *error)
{
    *gateway = (struct gateway){0};
    int result = open_parts(gateway, config, error);
    if (result != 0) {
        config_free(config);
        return result;
    }
    return gateway_apply(gateway, config, everything, error);
}

void gateway_close(struct gateway *gateway)
{
    pipeline_free(gateway->pipeline);
    if (gateway->sync != NULL)
        loop_timer_close(gateway->sync);
    upstream_set_free(gateway->upstreams);
    audit_close(gateway->audit);
    if (gateway->limit_file != NULL)
        limit_file_close(gateway->limit_file, gateway->limits);
    if (gateway->limits != NULL)
        limit_table_free(gateway->limits);
    loop_free(gateway->loop);
    *gateway = (struct gateway){0};
}
