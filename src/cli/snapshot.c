// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A configuration made ready to judge by: what the pipelines' rules point into. Every worker has
// the same one; it goes when the last message judged by it is done.
#include "cli/cli_internal.h"

#include "base/memory.h"

#include <stdatomic.h>

struct gateway_snapshot {
    atomic_uint references;
    struct config *config;
    struct identity_table *grants;
    struct pipeline_policy *policies;
    struct policy *everything;
};

struct gateway_snapshot *gateway_snapshot_ref(struct gateway_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void gateway_snapshot_unref(struct gateway_snapshot *snapshot)
{
    if (snapshot == NULL ||
        atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) != 1)
        return;
    identity_table_free(snapshot->grants);
    memory_free(snapshot->policies);
    config_free(snapshot->config);
    policy_unref(snapshot->everything);
    memory_free(snapshot);
}

static void release_cb(void *snapshot)
{
    gateway_snapshot_unref(snapshot);
}

static int fill_grants(struct gateway_snapshot *snapshot, struct error *error)
{
    const struct config *config = snapshot->config;
    for (size_t i = 0; i < config->grant_count; i++) {
        struct identity_grant grant = config->grants[i].grant;
        struct identity_reach all[1];
        if (snapshot->everything != NULL && grant.reach_count == 1) {
            all[0] = (struct identity_reach){.server = grant.reach[0].server};
            grant.reach = all;
        }
        int result =
            identity_table_add(snapshot->grants, &grant, config->grants[i].token_sha256, error);
        if (result != 0)
            return result;
    }
    return 0;
}

static void fill_policies(struct gateway_snapshot *snapshot)
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

int gateway_snapshot_new(struct config *config, struct policy *everything,
                         struct gateway_snapshot **ret, struct error *error)
{
    struct gateway_snapshot *snapshot = memory_new(sizeof *snapshot);
    atomic_init(&snapshot->references, 1);
    snapshot->config = config;
    snapshot->everything = everything == NULL ? NULL : policy_ref(everything);
    snapshot->grants = identity_table_new();
    fill_policies(snapshot);
    int result = snapshot->grants == NULL
                     ? error_set(error, ERROR_NO_MEMORY, "no memory for the grants")
                     : fill_grants(snapshot, error);
    if (result != 0)
        gateway_snapshot_unref(snapshot);
    else
        *ret = snapshot;
    return result;
}

const struct config *gateway_snapshot_config(const struct gateway_snapshot *snapshot)
{
    return snapshot->config;
}

static bool listens_on_loopback(const struct config *config)
{
    struct slice host;
    uint16_t port;
    return config->listen == NULL ||
           (config_split_address(slice_from_string(config->listen), &host, &port) &&
            config_is_loopback(host));
}

struct pipeline_rules gateway_snapshot_rules(struct gateway_snapshot *snapshot)
{
    const struct config *config = snapshot->config;
    return (struct pipeline_rules){
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
        .release = release_cb,
        .owner = gateway_snapshot_ref(snapshot),
    };
}
