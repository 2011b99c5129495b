// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// While the gateway runs: a new configuration, and new rules of the database.
#include "cli/serve_internal.h"

#include "base/log.h"

void serve_watch_files(struct serving *serving)
{
    const struct config *config = serving->config;
    for (size_t i = 0; i < serving->watch_count; i++)
        loop_watch_close(serving->watches[i]);
    serving->watch_count = 0;
    for (size_t i = 0; i < config->watched_count && i < SERVE_WATCHES_MAX; i++) {
        struct loop_watch *watch =
            loop_watch_open(serving->loop, config->watched[i], serve_reload_soon, serving);
        if (watch != NULL)
            serving->watches[serving->watch_count++] = watch;
        else
            log_event(LOG_WARNING, "serve", "'%s' cannot be watched; use SIGHUP after a change",
                      config->watched[i]);
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_sinks(const struct config *old, const struct config *new)
{
    bool same = old->sink_count == new->sink_count;
    for (size_t i = 0; same && i < old->sink_count; i++)
        same = sink_options_equal(&old->sinks[i], &new->sinks[i]);
    return same;
}

static void say_what_needs_a_restart(const struct config *old, const struct config *new)
{
    if (!same_text(old->listen, new->listen) ||
        !same_text(old->tls_certificate, new->tls_certificate) ||
        !same_text(old->tls_key, new->tls_key) ||
        !same_text(old->decision_log, new->decision_log) ||
        !same_text(old->decision_log_key, new->decision_log_key) ||
        old->audit_on_failure != new->audit_on_failure ||
        old->decision_log_keep_ms != new->decision_log_keep_ms ||
        old->decision_log_keep_bytes != new->decision_log_keep_bytes ||
        old->admin_audit_keep_ms != new->admin_audit_keep_ms || !same_sinks(old, new) ||
        !same_text(old->limits_file, new->limits_file) ||
        old->limits_on_store_failure != new->limits_on_store_failure ||
        !same_text(old->public_url, new->public_url) ||
        !same_text(old->upstream_ca, new->upstream_ca) ||
        old->message_max_bytes != new->message_max_bytes ||
        old->message_time_ms != new->message_time_ms || old->workers != new->workers)
        log_event(LOG_WARNING, "serve",
                  "a change of listen, workers, tls, decision_log, decision_log_key, "
                  "decision_log_keep, decision_log_keep_bytes, decision_log_sinks, "
                  "admin_audit_keep, audit_on_failure, limits_file, limits_on_store_failure, "
                  "public_url, upstream_ca, limits.message_bytes or limits.message_time takes "
                  "effect at the "
                  "next start");
}

struct control_rules *serve_newest_rules(struct serving *serving)
{
    return serving->data == NULL ? NULL : control_rules(serve_data_control(serving->data));
}

// Any worker's thread: what all judge by is in force.
void serve_applied_cb(void *argument)
{
    struct serving *serving = argument;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < serving->worker_count; i++) {
        uint64_t serial = atomic_load(&serving->workers[i].serial);
        least = serial < least ? serial : least;
    }
    if (serving->data != NULL)
        control_in_force(serve_data_control(serving->data), least);
}

void serve_show_declared(struct serving *serving)
{
    if (serving->data != NULL)
        admin_declare(serve_data_admin(serving->data), serving->config->declared);
}

static void take_over(struct serving *serving, struct gateway_snapshot *snapshot)
{
    for (size_t i = 1; i < serving->worker_count; i++)
        worker_tell(&serving->workers[i], (struct worker_mail){.snapshot = snapshot});
    gateway_snapshot_unref(serving->snapshot);
    serving->snapshot = gateway_snapshot_ref(snapshot);
    serving->config = gateway_snapshot_config(snapshot);
    serve_show_declared(serving);
}

// The first worker tries it, so that a configuration that cannot be used changes nothing anywhere.
static int apply_everywhere(struct serving *serving, struct config *config, struct error *error)
{
    struct gateway_snapshot *snapshot = NULL;
    int result = gateway_snapshot_new(config, NULL, serve_newest_rules(serving), &snapshot, error);
    if (result != 0)
        return result;
    say_what_needs_a_restart(serving->config, config);
    result = gateway_apply(&serving->workers[0].gateway, snapshot, error);
    if (result == 0) {
        worker_trust_proxies(&serving->workers[0]);
        if (serving->data != NULL)
            serve_data_allow_outside(serving->data, config);
        atomic_store(&serving->workers[0].serial, gateway_snapshot_serial(snapshot));
        take_over(serving, snapshot);
        serve_applied_cb(serving);
    }
    gateway_snapshot_unref(snapshot);
    return result;
}

// The database changed. That has happened: a worker that cannot follow refuses every call.
void serve_take_rules(void *argument)
{
    struct serving *serving = argument;
    struct gateway_snapshot *snapshot = NULL;
    struct error error = {0};
    if (gateway_snapshot_next(serving->snapshot, serve_newest_rules(serving), &snapshot, &error) !=
        0) {
        log_event(LOG_ERROR, "serve", "no new rules can be made: %s; every call is refused",
                  error.text);
        for (size_t i = 0; i < serving->worker_count; i++)
            worker_tell(&serving->workers[i], (struct worker_mail){.refuse = true});
        return;
    }
    take_over(serving, snapshot);
    worker_apply(&serving->workers[0], snapshot);
    gateway_snapshot_unref(snapshot);
}

static void reload(void *argument)
{
    struct serving *serving = argument;
    serving->reload_wanted = false;
    if (serving->draining || serving->path == NULL)
        return;
    struct config *config;
    if (cli_load_config(serving->path, serving->environment, &config) != CLI_OK) {
        log_event(LOG_ERROR, "serve", "the configuration is broken; the old one stays in force");
        return;
    }
    if (serve_check_data(serving, config) != CLI_OK) {
        log_event(LOG_ERROR, "serve", "the configuration needs a database; the old one stays");
        config_free(config);
        return;
    }
    struct error error = {0};
    log_configure(config->log_level, config->log_format);
    if (apply_everywhere(serving, config, &error) != 0) {
        log_event(LOG_ERROR, "serve", "the configuration cannot be used: %s; the old one stays",
                  error.text);
        return;
    }
    serve_watch_files(serving);
    log_event(LOG_INFO, "serve", "the configuration was loaded anew");
}

// Not inside the watch's own callback, which a reload closes.
void serve_reload_soon(void *argument)
{
    struct serving *serving = argument;
    if (serving->reload_wanted)
        return;
    serving->reload_wanted = true;
    loop_defer(serving->loop, reload, serving);
}
