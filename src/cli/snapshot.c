// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A configuration, and what a database says besides, made ready to judge by: what the pipelines'
// rules point into. Every worker has the same one; it goes when the last message judged by it is
// done.
#include "cli/cli_internal.h"

#include "base/memory.h"

#include <stdatomic.h>

// What a file says; several snapshots share it when only the database changed.
struct gateway_file {
    atomic_uint references;
    struct config *config;
    struct policy *everything;
};

struct gateway_snapshot {
    atomic_uint references;
    struct gateway_file *file;
    struct control_rules *rules; // NULL: no database
    const struct identity_table *grants;
    struct identity_table *own_grants; // NULL: the database's
    struct pipeline_policy *policies;  // the database's, then the file's
    size_t policy_count;
    struct upstream_options *servers; // the same
    size_t server_count;
    struct pipeline_mask *masks; // the database's, then the file's
    size_t mask_count;
    struct pipeline_pins *pins; // what `pins_by_server` holds
    struct table pins_by_server;
};

static void file_unref(struct gateway_file *file)
{
    if (atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    config_free(file->config);
    policy_unref(file->everything);
    memory_free(file);
}

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
    identity_table_free(snapshot->own_grants);
    memory_free(snapshot->policies);
    memory_free(snapshot->servers);
    memory_free(snapshot->masks);
    table_release(&snapshot->pins_by_server);
    memory_free(snapshot->pins);
    control_rules_unref(snapshot->rules);
    file_unref(snapshot->file);
    memory_free(snapshot);
}

static void release_cb(void *snapshot)
{
    gateway_snapshot_unref(snapshot);
}

// Policies of the file stand behind the database's.
static int add_file_grant(struct gateway_snapshot *snapshot, const struct config_grant *from,
                          size_t offset, struct error *error)
{
    struct identity_grant grant = from->grant;
    struct identity_reach *reach = memory_try_new((grant.reach_count + 1) * sizeof *reach);
    if (reach == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the grants");
    for (size_t i = 0; i < grant.reach_count; i++) {
        reach[i] = grant.reach[i];
        if (reach[i].policy >= 0)
            reach[i].policy += (int)offset;
    }
    if (snapshot->file->everything != NULL && grant.reach_count == 1)
        reach[0].policy = (int)offset;
    grant.reach = reach;
    int result = identity_table_add(snapshot->own_grants, &grant, from->token_sha256, error);
    memory_free(reach);
    return result;
}

static int fill_grants(struct gateway_snapshot *snapshot, const struct control_view *view,
                       struct error *error)
{
    const struct config *config = snapshot->file->config;
    snapshot->grants = view->grants;
    if (config->grant_count == 0 && view->grants != NULL)
        return 0;
    snapshot->own_grants =
        view->grants == NULL ? identity_table_new() : identity_table_copy(view->grants);
    snapshot->grants = snapshot->own_grants;
    if (snapshot->own_grants == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the grants");
    int result = 0;
    for (size_t i = 0; i < config->grant_count && result == 0; i++)
        result = add_file_grant(snapshot, &config->grants[i], view->policy_count, error);
    return result;
}

static int fill_policies(struct gateway_snapshot *snapshot, const struct control_view *view,
                         struct error *error)
{
    const struct config *config = snapshot->file->config;
    struct policy *everything = snapshot->file->everything;
    size_t count = view->policy_count + config->policy_count + 1;
    snapshot->policies = memory_try_new(count * sizeof *snapshot->policies);
    if (snapshot->policies == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the policies");
    if (view->policy_count > 0)
        memcpy(snapshot->policies, view->policies, view->policy_count * sizeof *snapshot->policies);
    struct pipeline_policy *own = snapshot->policies + view->policy_count;
    for (size_t i = 0; i < config->policy_count; i++)
        own[i] = (struct pipeline_policy){config->policies[i].name, config->policies[i].policy};
    if (everything != NULL)
        own[0] = (struct pipeline_policy){policy_name(everything), everything};
    snapshot->policy_count = count;
    return 0;
}

static int fill_servers(struct gateway_snapshot *snapshot, const struct control_view *view,
                        struct error *error)
{
    const struct config *config = snapshot->file->config;
    size_t count = view->server_count + config->server_count;
    snapshot->servers = memory_try_new((count + 1) * sizeof *snapshot->servers);
    if (snapshot->servers == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the servers");
    if (view->server_count > 0)
        memcpy(snapshot->servers, view->servers, view->server_count * sizeof *snapshot->servers);
    if (config->server_count > 0)
        memcpy(snapshot->servers + view->server_count, config->servers,
               config->server_count * sizeof *snapshot->servers);
    snapshot->server_count = count;
    return 0;
}

static int fill_masks(struct gateway_snapshot *snapshot, const struct control_view *view,
                      struct error *error)
{
    struct policy_mask *own = snapshot->file->config->mask;
    snapshot->masks = memory_try_new((view->mask_count + 1) * sizeof *snapshot->masks);
    if (snapshot->masks == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the organisations");
    if (view->mask_count > 0)
        memcpy(snapshot->masks, view->masks, view->mask_count * sizeof *snapshot->masks);
    snapshot->mask_count = view->mask_count;
    if (own != NULL)
        snapshot->masks[snapshot->mask_count++] = (struct pipeline_mask){.mask = own};
    return 0;
}

static int add_pins(struct gateway_snapshot *snapshot, struct slice server, size_t *count,
                    const struct filter_pins *said, const struct filter_pins *kept)
{
    struct pipeline_pins *pins = table_get(&snapshot->pins_by_server, server);
    if (pins == NULL) {
        pins = &snapshot->pins[(*count)++];
        *pins = (struct pipeline_pins){0};
        if (table_put(&snapshot->pins_by_server, server, pins) != 0)
            return ERROR_NO_MEMORY;
    }
    pins->said = said == NULL ? pins->said : said;
    pins->kept = kept == NULL ? pins->kept : kept;
    return 0;
}

// What the file says of its servers, and what the database keeps of these and of its own.
static int fill_pins(struct gateway_snapshot *snapshot, const struct control_view *view,
                     struct error *error)
{
    const struct config *config = snapshot->file->config;
    size_t count = 0, most = view->pin_count + config->server_count;
    int result = 0;
    snapshot->pins = memory_try_new((most + 1) * sizeof *snapshot->pins);
    if (snapshot->pins == NULL)
        result = ERROR_NO_MEMORY;
    for (size_t i = 0; result == 0 && i < config->server_count; i++)
        if (config->pins[i] != NULL)
            result = add_pins(snapshot, config->servers[i].name, &count, config->pins[i], NULL);
    for (size_t i = 0; result == 0 && i < view->pin_count; i++)
        result = add_pins(snapshot, view->pins[i].server, &count, view->pins[i].said,
                          view->pins[i].kept);
    return result == 0 ? 0 : error_set(error, result, "no memory for what is decided about tools");
}

// Takes the references over, also on failure.
static int make(struct gateway_file *file, struct control_rules *rules,
                struct gateway_snapshot **ret, struct error *error)
{
    static const struct control_view nothing;
    const struct control_view *view = rules == NULL ? &nothing : control_rules_view(rules);
    struct gateway_snapshot *snapshot = memory_new(sizeof *snapshot);
    atomic_init(&snapshot->references, 1);
    table_init(&snapshot->pins_by_server);
    snapshot->file = file;
    snapshot->rules = rules;
    int result = fill_policies(snapshot, view, error);
    if (result == 0)
        result = fill_servers(snapshot, view, error);
    if (result == 0)
        result = fill_grants(snapshot, view, error);
    if (result == 0)
        result = fill_masks(snapshot, view, error);
    if (result == 0)
        result = fill_pins(snapshot, view, error);
    if (result != 0)
        gateway_snapshot_unref(snapshot);
    else
        *ret = snapshot;
    return result;
}

int gateway_snapshot_new(struct config *config, struct policy *everything,
                         struct control_rules *rules, struct gateway_snapshot **ret,
                         struct error *error)
{
    struct gateway_file *file = memory_new(sizeof *file);
    atomic_init(&file->references, 1);
    file->config = config;
    file->everything = everything == NULL ? NULL : policy_ref(everything);
    return make(file, rules, ret, error);
}

int gateway_snapshot_next(const struct gateway_snapshot *before, struct control_rules *rules,
                          struct gateway_snapshot **ret, struct error *error)
{
    atomic_fetch_add_explicit(&before->file->references, 1, memory_order_relaxed);
    return make(before->file, rules, ret, error);
}

const struct config *gateway_snapshot_config(const struct gateway_snapshot *snapshot)
{
    return snapshot->file->config;
}

const struct upstream_options *gateway_snapshot_servers(const struct gateway_snapshot *snapshot,
                                                        size_t *ret_count)
{
    *ret_count = snapshot->server_count;
    return snapshot->servers;
}

uint64_t gateway_snapshot_serial(const struct gateway_snapshot *snapshot)
{
    return snapshot->rules == NULL ? 0 : control_rules_view(snapshot->rules)->serial;
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
    const struct config *config = snapshot->file->config;
    return (struct pipeline_rules){
        .grants = snapshot->grants,
        .policies = snapshot->policies,
        .policy_count = snapshot->policy_count,
        .allowed_hosts = config->allowed_hosts,
        .allowed_host_count = config->allowed_host_count,
        .allowed_origins = config->allowed_origins,
        .allowed_origin_count = config->allowed_origin_count,
        .masks = snapshot->masks,
        .mask_count = snapshot->mask_count,
        .pins = snapshot->pins_by_server.count == 0 ? NULL : &snapshot->pins_by_server,
        .loopback_names = listens_on_loopback(config),
        .metrics_public = config->metrics_public,
        .servers_by_grant = snapshot->rules != NULL,
        .sessions_max_per_grant = config->sessions_max_per_grant,
        .calls_max_per_grant = config->calls_max_per_grant,
        .session_idle_ms = config->session_idle_ms,
        .question_time_ms = config->question_time_ms,
        .left_call_time_ms = config->left_call_time_ms,
        .approval_rounds = config->approval_rounds,
        .keep_alive_ms = config->keep_alive_ms,
        .release = release_cb,
        .owner = gateway_snapshot_ref(snapshot),
    };
}
