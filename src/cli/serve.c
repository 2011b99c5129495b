// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport serve`: the HTTP face in front of every configured server, until it is told to stop.
#include "cli/cli_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/net.h"

#include <signal.h>
#include <stdio.h>

enum { CONFIG, FLAGS };
enum { WATCHES_MAX = 256, SIGNALS = 3 };

static const struct cli_flag flags[FLAGS] = {
    [CONFIG] = {"config", "FILE", "the configuration; else $SALLYPORT_CONFIG or sallyport.json"},
};
static const struct cli_usage usage = {
    .command = "serve",
    .operands = "",
    .text =
        "Serves every server of the configuration at /mcp/<server>. A change of the file or of a\n"
        "policy, or SIGHUP, loads it anew; a broken file changes nothing. SIGTERM and SIGINT let\n"
        "calls in flight finish, a second one stops at once.\n",
    .flags = flags,
    .flag_count = FLAGS};

struct serving {
    struct gateway gateway;
    const char *path;
    const char *const *environment;
    struct http_server *server;
    struct net_tls *tls;
    struct loop_signal *signals[SIGNALS];
    struct loop_watch *watches[WATCHES_MAX];
    size_t watch_count;
    struct loop_timer *drain_timer;
    bool draining, reload_wanted;
};

// ---- Reload

static void reload_soon(void *argument);

static void watch_files(struct serving *serving)
{
    const struct config *config = serving->gateway.config;
    for (size_t i = 0; i < serving->watch_count; i++)
        loop_watch_close(serving->watches[i]);
    serving->watch_count = 0;
    for (size_t i = 0; i < config->watched_count && i < WATCHES_MAX; i++) {
        struct loop_watch *watch =
            loop_watch_open(serving->gateway.loop, config->watched[i], reload_soon, serving);
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

static void say_what_needs_a_restart(const struct config *old, const struct config *new)
{
    if (!same_text(old->listen, new->listen) ||
        !same_text(old->tls_certificate, new->tls_certificate) ||
        !same_text(old->tls_key, new->tls_key) ||
        !same_text(old->decision_log, new->decision_log) ||
        !same_text(old->limits_file, new->limits_file) ||
        !same_text(old->upstream_ca, new->upstream_ca) ||
        old->message_max_bytes != new->message_max_bytes)
        log_event(LOG_WARNING, "serve",
                  "a change of listen, tls, decision_log, limits_file, upstream_ca or "
                  "limits.message_bytes takes effect at the next start");
}

static void reload(void *argument)
{
    struct serving *serving = argument;
    serving->reload_wanted = false;
    if (serving->draining)
        return;
    struct config *config;
    if (cli_load_config(serving->path, serving->environment, &config) != CLI_OK) {
        log_event(LOG_ERROR, "serve", "the configuration is broken; the old one stays in force");
        return;
    }
    struct error error = {0};
    say_what_needs_a_restart(serving->gateway.config, config);
    log_configure(config->log_level, config->log_format);
    if (gateway_apply(&serving->gateway, config, NULL, &error) != 0) {
        log_event(LOG_ERROR, "serve", "the configuration cannot be used: %s; the old one stays",
                  error.text);
        return;
    }
    watch_files(serving);
    log_event(LOG_INFO, "serve", "the configuration was loaded anew");
}

// Not inside the watch's own callback, which a reload closes.
static void reload_soon(void *argument)
{
    struct serving *serving = argument;
    if (serving->reload_wanted)
        return;
    serving->reload_wanted = true;
    loop_defer(serving->gateway.loop, reload, serving);
}

// ---- Stopping

static void stop_cb(void *argument)
{
    struct serving *serving = argument;
    loop_stop(serving->gateway.loop);
}

static void drained_cb(void *argument)
{
    struct serving *serving = argument;
    log_event(LOG_INFO, "serve", "every call is answered; stopping");
    loop_defer(serving->gateway.loop, stop_cb, serving);
}

static void drain_over_cb(void *argument)
{
    struct serving *serving = argument;
    log_event(LOG_WARNING, "serve", "%zu calls were not answered in time; stopping",
              pipeline_calls_in_flight(serving->gateway.pipeline));
    loop_stop(serving->gateway.loop);
}

static void drain(struct serving *serving)
{
    if (serving->draining) {
        loop_stop(serving->gateway.loop);
        return;
    }
    serving->draining = true;
    log_event(LOG_INFO, "serve", "stopping: no new connections, calls in flight finish");
    pipeline_begin_drain(serving->gateway.pipeline);
    pipeline_end_streams(serving->gateway.pipeline);
    loop_timer_start(serving->drain_timer, serving->gateway.config->drain_ms, 0);
    http_server_drain(serving->server, drained_cb, serving);
}

static void signal_cb(void *argument, int number)
{
    struct serving *serving = argument;
    if (number != SIGHUP) {
        drain(serving);
        return;
    }
    if (serving->gateway.audit != NULL)
        audit_reopen(serving->gateway.audit);
    reload_soon(serving);
}

// ---- Starting

static int listen_on(struct serving *serving, struct error *error)
{
    const struct config *config = serving->gateway.config;
    int result = 0;
    if (config->tls_certificate != NULL)
        result = net_tls_server(config->tls_certificate, config->tls_key, &serving->tls, error);
    struct http_server_options options = {.body_max = config->message_max_bytes,
                                          .body_total_ms = config->message_time_ms,
                                          .tls = serving->tls};
    if (result == 0)
        result = http_server_open(serving->gateway.loop, config->listen, &options,
                                  pipeline_handle_http, pipeline_handle_refused,
                                  serving->gateway.pipeline, &serving->server, error);
    if (result != 0)
        return result;
    struct slice host;
    uint16_t port;
    if (config_split_address(slice_from_string(config->listen), &host, &port))
        log_event(LOG_INFO, "serve", "listening on %s%.*s%s:%u",
                  memchr(host.data, ':', host.length) ? "[" : "", SLICE_PRINT(host),
                  memchr(host.data, ':', host.length) ? "]" : "",
                  http_server_port(serving->server));
    return 0;
}

static int start(struct serving *serving, struct config *config, struct error *error)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    log_configure(config->log_level, config->log_format);
    int result = gateway_open(&serving->gateway, config, NULL, error);
    if (result != 0)
        return result;
    struct loop *loop = serving->gateway.loop;
    for (size_t i = 0; i < SIGNALS; i++) {
        serving->signals[i] = loop_signal_open(loop, numbers[i], signal_cb, serving);
        if (serving->signals[i] == NULL)
            return error_set(error, ERROR_IO, "signals cannot be watched");
    }
    serving->drain_timer = loop_timer_open(loop, drain_over_cb, serving);
    if (serving->drain_timer == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for a timer");
    watch_files(serving);
    return listen_on(serving, error);
}

static void children_gone_cb(void *argument)
{
    struct serving *serving = argument;
    loop_stop(serving->gateway.loop);
}

// Children get their orderly end before the program's.
static void finish(struct serving *serving)
{
    if (serving->server != NULL)
        http_server_free(serving->server);
    for (size_t i = 0; i < serving->watch_count; i++)
        loop_watch_close(serving->watches[i]);
    if (serving->drain_timer != NULL)
        loop_timer_stop(serving->drain_timer);
    pipeline_free(serving->gateway.pipeline);
    serving->gateway.pipeline = NULL;
    if (serving->gateway.upstreams != NULL) {
        loop_defer(serving->gateway.loop, stop_cb,
                   serving); // runs what is deferred, also if nothing waits
        loop_run(serving->gateway.loop);
        bool waiting = upstream_set_has_children(serving->gateway.upstreams);
        upstream_set_drain(serving->gateway.upstreams, children_gone_cb, serving);
        if (waiting)
            loop_run(serving->gateway.loop);
    }
    for (size_t i = 0; i < SIGNALS; i++)
        if (serving->signals[i] != NULL)
            loop_signal_close(serving->signals[i]);
    if (serving->drain_timer != NULL)
        loop_timer_close(serving->drain_timer);
    net_tls_free(serving->tls);
    gateway_close(&serving->gateway);
}

int cli_serve(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    struct serving serving = {.environment = environment,
                              .path = cli_config_path(arguments.values[CONFIG], environment)};
    struct config *config;
    exit_code = cli_load_config(serving.path, environment, &config);
    if (exit_code != CLI_OK)
        return exit_code;
    struct error error = {0};
    int result = start(&serving, config, &error);
    if (result == 0)
        loop_run(serving.gateway.loop);
    finish(&serving);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "%s", error.text);
}
