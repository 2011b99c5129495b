// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport serve`: the HTTP face in front of every configured server, until it is told to stop.
#include "cli/serve_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/net.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { CONFIG, DATA, KEY_FILE, ALLOW_COMMANDS, ALLOW_OUTSIDE, KEEP, KEEP_BYTES, FLAGS };

static const struct cli_flag flags[FLAGS] = {
    [CONFIG] = {"config", "FILE", "the configuration; else $SALLYPORT_CONFIG or sallyport.json"},
    [DATA] = {"data", "FOLDER",
              "serve from the database in this folder, made when missing; then "
              "a configuration is needed only for options"},
    [KEY_FILE] = {"key-file", "FILE",
                  "with --data: what credentials are sealed with; else "
                  "$SALLYPORT_KEYS or 'keys' in the folder"},
    [ALLOW_COMMANDS] = {"allow-commands", NULL,
                        "with --data: organisations that allow it may have servers that are "
                        "programs on this machine"},
    [KEEP] = {"keep", "TIME",
              "with --data and without a configuration: how long decisions are kept (90d)"},
    [KEEP_BYTES] = {"keep-bytes", "SIZE", "the same: and how much of them (8 GiB)"},
    [ALLOW_OUTSIDE] = {"allow-outside", "RANGES",
                       "with --data: addresses that are not public and that its URLs may lead to "
                       "all the same, like 10.0.0.0/8,127.0.0.1; besides 'outside' of the "
                       "configuration"},
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

// ---- Stopping

// A worker that has not begun to drain may still get connections.
static bool is_drained(struct serving *serving)
{
    for (size_t i = 0; i < serving->worker_count; i++)
        if (!worker_is_draining(&serving->workers[i]))
            return false;
    return http_group_connections(serving->stores.group) == 0;
}

static void drained_cb(void *argument)
{
    struct serving *serving = argument;
    if (!serving->draining || serving->stopping || !is_drained(serving))
        return;
    log_event(LOG_INFO, "serve", "every call is answered; stopping");
    loop_stop(serving->loop);
}

// Any worker's thread.
static void worker_drained_cb(void *argument)
{
    struct serving *serving = argument;
    loop_wake_send(serving->drained);
}

static void drain_over_cb(void *argument)
{
    struct serving *serving = argument;
    size_t calls = 0;
    for (size_t i = 0; i < serving->worker_count; i++)
        calls += pipeline_calls_in_flight(serving->workers[i].gateway.pipeline);
    log_event(LOG_WARNING, "serve", "%zu calls were not answered in time; stopping", calls);
    loop_stop(serving->loop);
}

static void drain(struct serving *serving)
{
    if (serving->draining) {
        loop_stop(serving->loop);
        return;
    }
    serving->draining = true;
    log_event(LOG_INFO, "serve", "stopping: no new connections, calls in flight finish");
    loop_timer_start(serving->drain_timer, serving->config->drain_ms, 0);
    if (serving->data != NULL)
        serve_data_end_trials(serving->data);
    for (size_t i = 1; i < serving->worker_count; i++)
        worker_tell(&serving->workers[i], (struct worker_mail){.drain = true});
    worker_drain(&serving->workers[0]);
}

static void signal_cb(void *argument, int number)
{
    struct serving *serving = argument;
    if (number != SIGHUP) {
        drain(serving);
        return;
    }
    if (serving->stores.audit != NULL)
        audit_reopen(serving->stores.audit);
    serve_reload_soon(serving);
}

// ---- Starting

// Where the first one listens on a port that the kernel chose, the others take the same.
static int listen_on(struct serving *serving, struct error *error)
{
    const struct config *config = serving->config;
    struct http_server_options options = {.body_max = config->message_max_bytes,
                                          .body_total_ms = config->message_time_ms,
                                          .share_port = serving->worker_count > 1,
                                          .group = serving->stores.group,
                                          .tls = serving->tls};
    struct slice host;
    uint16_t port;
    if (!config_split_address(slice_from_string(config->listen), &host, &port))
        return error_set(error, ERROR_CONFIG, "'listen' is no address");
    const char *open = memchr(host.data, ':', host.length) ? "[" : "", *close = *open ? "]" : "";
    char address[300];
    // Workers share the port, and so would a second gateway that was started by mistake.
    struct cli_probe probe = {0};
    if (serving->worker_count > 1)
        probe = cli_probe_listen(config->listen);
    if (probe.code != 0)
        return error_set(error, ERROR_IO, "cannot listen on %s: %s", config->listen, probe.text);
    snprintf(address, sizeof address, "%s", config->listen);
    for (size_t i = 0; i < serving->worker_count; i++) {
        options.member = i;
        int result = worker_listen(&serving->workers[i], address, &options, error);
        if (result != 0)
            return result;
        snprintf(address, sizeof address, "%s%.*s%s:%u", open, SLICE_PRINT(host), close,
                 http_server_port(serving->workers[0].server));
    }
    log_event(LOG_INFO, "serve", "listening on %s", address);
    if (serving->data != NULL)
        serve_data_announce(serving->data, config, address);
    return 0;
}

static int open_workers(struct serving *serving, struct gateway_snapshot *snapshot,
                        struct error *error)
{
    struct audit_keep keep = {serving->config->decision_log_keep_ms,
                              serving->config->decision_log_keep_bytes};
    if (serving->data != NULL)
        keep = serve_data_say_kept(serving->data, serving->config, serving->path != NULL);
    serving->workers = memory_new(serving->worker_count * sizeof *serving->workers);
    int result =
        gateway_stores_open(&serving->stores, serving->config, serving->worker_count, &keep, error);
    serving->stores.besides = serve_besides(serving);
    if (result == 0 && serving->data != NULL)
        result = serve_data_open_admin(serving->data, serving->config, error);
    if (result == 0)
        serve_show_declared(serving);
    if (serving->data != NULL) {
        serving->stores.guard = serve_data_guard(serving->data);
        serving->stores.control = serve_data_control(serving->data);
        serving->stores.desk = control_desk(serving->stores.control);
        serving->stores.listener =
            (struct pipeline_listener){control_listed, serving->stores.control};
        serving->stores.watch = pipeline_watch_new(control_sighted, serving->stores.control);
    }
    if (serving->data != NULL && result == 0)
        admin_set_data_path(serve_data_admin(serving->data),
                            &(struct admin_data_path){.limits = serving->stores.limits,
                                                      .ledger = serving->stores.ledger,
                                                      .watch = serving->stores.watch});
    for (size_t i = 0; i < serving->worker_count && result == 0; i++) {
        serving->workers[i].drained = worker_drained_cb;
        serving->workers[i].applied = serve_applied_cb;
        serving->workers[i].argument = serving;
        result = worker_open(&serving->workers[i], &serving->stores, i, snapshot, error);
        if (result == 0 && serving->data != NULL)
            result = worker_add_admin(&serving->workers[i], serve_data_admin(serving->data), error);
    }
    serving->loop = serving->workers[0].gateway.loop;
    if (result == 0)
        serve_show_figures(serving);
    return result;
}

static int watch_signals(struct serving *serving, struct error *error)
{
    static const int numbers[SERVE_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < SERVE_SIGNALS; i++) {
        serving->signals[i] = loop_signal_open(serving->loop, numbers[i], signal_cb, serving);
        if (serving->signals[i] == NULL)
            return error_set(error, ERROR_IO, "signals cannot be watched");
    }
    serving->drain_timer = loop_timer_open(serving->loop, drain_over_cb, serving);
    serving->drained = loop_wake_open(serving->loop, drained_cb, serving);
    return serving->drain_timer != NULL && serving->drained != NULL
               ? 0
               : error_set(error, ERROR_NO_MEMORY, "no memory for a timer");
}

static int watch_outside(struct serving *serving, struct error *error)
{
    int result = watch_signals(serving, error);
    if (result == 0 && serving->data != NULL)
        result = serve_data_join(serving->data, serving->loop, serve_take_rules, serving, error);
    if (result == 0)
        serve_watch_files(serving);
    return result;
}

static int start(struct serving *serving, struct config *config, struct error *error)
{
    log_configure(config->log_level, config->log_format);
    int result =
        gateway_snapshot_new(config, NULL, serve_newest_rules(serving), &serving->snapshot, error);
    if (result != 0)
        return result;
    serving->config = config;
    serving->worker_count = config->workers == 0 ? 1 : config->workers;
    result = open_workers(serving, serving->snapshot, error);
    if (result == 0 && serving->data != NULL)
        serve_data_sign(serving->data, serving->stores.audit);
    if (result == 0)
        result = watch_outside(serving, error);
    if (result == 0 && config->tls_certificate != NULL)
        result = net_tls_server(config->tls_certificate, config->tls_key, &serving->tls, error);
    // Before anybody can ask: the workers were opened with the newest rules.
    if (result == 0) {
        serve_applied_cb(serving);
        result = listen_on(serving, error);
    }
    for (size_t i = 1; i < serving->worker_count && result == 0; i++)
        result = worker_start(&serving->workers[i], error);
    return result;
}

static void close_loop_parts(struct serving *serving)
{
    for (size_t i = 0; i < serving->watch_count; i++)
        loop_watch_close(serving->watches[i]);
    for (size_t i = 0; i < SERVE_SIGNALS; i++)
        if (serving->signals[i] != NULL)
            loop_signal_close(serving->signals[i]);
    if (serving->drain_timer != NULL)
        loop_timer_close(serving->drain_timer);
    if (serving->drained != NULL)
        loop_wake_close(serving->drained);
}

static void finish(struct serving *serving)
{
    serving->stopping = true;
    if (serving->data != NULL)
        serve_data_stop_asking(serving->data);
    for (size_t i = 1; i < serving->worker_count; i++)
        if (serving->workers[i].started)
            worker_tell(&serving->workers[i], (struct worker_mail){.stop = true});
    if (serving->drain_timer != NULL)
        loop_timer_stop(serving->drain_timer);
    if (serving->workers != NULL && serving->workers[0].opened)
        worker_finish(&serving->workers[0]);
    // The others' last words may still wake the main loop, so its parts go after them.
    for (size_t i = 1; i < serving->worker_count; i++)
        worker_close(&serving->workers[i]);
    close_loop_parts(serving);
    serve_hide_figures(serving);
    if (serving->data != NULL)
        serve_data_leave(serving->data);
    // What is left is bounded in time, and one more signal must not cost the log's last lines.
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    if (serving->workers != NULL)
        worker_close(&serving->workers[0]);
    memory_free(serving->workers);
    gateway_snapshot_unref(serving->snapshot);
    serve_data_close(serving->data);
    net_tls_free(serving->tls);
    gateway_stores_close(&serving->stores);
}

// With a database the configuration file may be missing, unless somebody names one.
static int load_first(struct serving *serving, const struct cli_arguments *arguments,
                      struct config **ret)
{
    const char *folder = arguments->values[DATA];
    struct error error = {0};
    serving->path = cli_config_path(arguments->values[CONFIG], serving->environment);
    if (folder == NULL)
        return cli_load_config(serving->path, serving->environment, ret);
    const struct serve_data_options options = {.folder = folder,
                                               .key_file = arguments->values[KEY_FILE],
                                               .commands_allowed =
                                                   arguments->values[ALLOW_COMMANDS] != NULL,
                                               .allow_outside = arguments->values[ALLOW_OUTSIDE],
                                               .keep = arguments->values[KEEP],
                                               .keep_bytes = arguments->values[KEEP_BYTES],
                                               .environment = serving->environment};
    int result = serve_data_open(&options, &serving->data, &error);
    if (result != 0)
        return cli_complain(result == ERROR_CONFIG ? CLI_USAGE : CLI_FAILED, "%s", error.text);
    bool named = arguments->values[CONFIG] != NULL ||
                 config_variable(serving->environment, SLICE_LITERAL("SALLYPORT_CONFIG")) != NULL;
    if (named || access(serving->path, F_OK) == 0)
        return cli_load_config(serving->path, serving->environment, ret);
    serving->path = NULL;
    result = serve_data_default_config(serving->data, serving->environment, ret);
    if (result == ERROR_CONFIG && (options.keep != NULL || options.keep_bytes != NULL))
        return cli_mistake("serve",
                           "--keep must be a time like 90d, --keep-bytes a size like 8GiB");
    return result == 0 ? CLI_OK
                       : cli_complain(CLI_FAILED, "the folder '%s' cannot be used: %s", folder,
                                      error_text(result));
}

int serve_check_data(const struct serving *serving, const struct config *config)
{
    if (serving->data != NULL || config->pinned.length == 0)
        return CLI_OK;
    return cli_complain(
        CLI_USAGE,
        "%s:%u:%u: error: server '%.*s' has 'pinning': what people accepted is kept "
        "in a database, so start with --data FOLDER",
        config->path, config->pinned_at.line, config->pinned_at.column,
        SLICE_PRINT(config->pinned));
}

int cli_serve(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.values[DATA] == NULL &&
        (arguments.values[KEY_FILE] != NULL || arguments.values[ALLOW_COMMANDS] != NULL ||
         arguments.values[ALLOW_OUTSIDE] != NULL))
        return cli_mistake("serve",
                           "--key-file, --allow-commands and --allow-outside go with --data");
    struct serving serving = {.environment = environment};
    struct config *config = NULL;
    struct error error = {0};
    exit_code = load_first(&serving, &arguments, &config);
    if (exit_code == CLI_OK && config != NULL) {
        exit_code = serve_check_data(&serving, config);
        if (exit_code != CLI_OK)
            config_free(config);
    }
    if (exit_code != CLI_OK || config == NULL) {
        serve_data_close(serving.data);
        return exit_code;
    }
    int result = start(&serving, config, &error);
    if (result == 0)
        loop_run(serving.loop);
    finish(&serving);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "%s", error.text);
}
