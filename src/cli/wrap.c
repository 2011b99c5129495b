// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/cli_internal.h"

#include "base/log.h"
#include "base/memory.h"

#include <signal.h>
#include <unistd.h>

enum { SIGNALS = 2 };

struct wrapping {
    struct gateway_stores stores;
    struct gateway gateway;
    struct pipeline_stdio *stdio;
    struct loop_signal *signals[SIGNALS];
    struct loop_watch *watch;
    struct slice document;
    struct policy *everything;
    const char *const *environment;
    bool reload_wanted;
};

static void closed_cb(void *argument)
{
    struct wrapping *wrapping = argument;
    loop_stop(wrapping->gateway.loop);
}

static void signal_cb(void *argument, int number)
{
    (void)number;
    closed_cb(argument);
}

static int load(struct wrapping *wrapping, struct config **ret)
{
    struct config_problems problems;
    struct buffer out;
    buffer_init(&out, 0);
    int result = config_load_text(wrapping->document, wrapping->environment, ret, &problems);
    // Where the far end decides, a grant without a policy is as it should be.
    if (result != 0 || wrapping->everything == NULL)
        config_problems_print(&problems, &out);
    struct slice text = buffer_slice(&out);
    if (text.length > 0 && write(STDERR_FILENO, text.data, text.length) < 0)
        result = ERROR_IO;
    config_problems_release(&problems);
    buffer_release(&out);
    return result;
}

static void reload(void *argument)
{
    struct wrapping *wrapping = argument;
    struct config *config;
    struct gateway_snapshot *snapshot = NULL;
    struct error error = {0};
    wrapping->reload_wanted = false;
    if (load(wrapping, &config) != 0) {
        log_event(LOG_ERROR, "run", "the policy is broken; the old one stays in force");
        return;
    }
    if (gateway_snapshot_new(config, wrapping->everything, NULL, &snapshot, &error) != 0 ||
        gateway_apply(&wrapping->gateway, snapshot, &error) != 0)
        log_event(LOG_ERROR, "run", "the policy cannot be used: %s", error.text);
    else
        log_event(LOG_INFO, "run", "the policy was loaded anew");
    gateway_snapshot_unref(snapshot);
}

static void changed_cb(void *argument)
{
    struct wrapping *wrapping = argument;
    if (!wrapping->reload_wanted)
        loop_defer(wrapping->gateway.loop, reload, wrapping);
    wrapping->reload_wanted = true;
}

static int start(struct wrapping *wrapping, struct config *config, struct error *error)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT};
    log_configure(config->log_level, config->log_format);
    struct gateway_snapshot *snapshot = NULL;
    const struct audit_keep keep = {config->decision_log_keep_ms, config->decision_log_keep_bytes};
    int result = gateway_snapshot_new(config, wrapping->everything, NULL, &snapshot, error);
    if (result != 0)
        return result;
    result = gateway_stores_open(&wrapping->stores, config, 1, &keep, error);
    if (result == 0)
        result = gateway_open(&wrapping->gateway, &wrapping->stores, 0, snapshot, error);
    gateway_snapshot_unref(snapshot);
    if (result != 0)
        return result;
    struct loop *loop = wrapping->gateway.loop;
    for (size_t i = 0; i < SIGNALS; i++)
        wrapping->signals[i] = loop_signal_open(loop, numbers[i], signal_cb, wrapping);
    if (wrapping->gateway.config->watched_count > 0)
        wrapping->watch =
            loop_watch_open(loop, wrapping->gateway.config->watched[0], changed_cb, wrapping);
    return pipeline_stdio_open(wrapping->gateway.pipeline, SLICE_LITERAL("local"),
                               SLICE_LITERAL("server"), STDIN_FILENO, STDOUT_FILENO, closed_cb,
                               wrapping, &wrapping->stdio, error);
}

static void finish(struct wrapping *wrapping)
{
    struct gateway *gateway = &wrapping->gateway;
    if (gateway->pipeline != NULL)
        pipeline_stdio_free(wrapping->stdio);
    pipeline_free(gateway->pipeline);
    gateway->pipeline = NULL;
    if (gateway->upstreams != NULL && upstream_set_has_children(gateway->upstreams)) {
        upstream_set_drain(gateway->upstreams, closed_cb, wrapping);
        if (upstream_set_has_children(gateway->upstreams))
            loop_run(gateway->loop);
    }
    for (size_t i = 0; i < SIGNALS; i++)
        if (wrapping->signals[i] != NULL)
            loop_signal_close(wrapping->signals[i]);
    if (wrapping->watch != NULL)
        loop_watch_close(wrapping->watch);
    gateway_close(gateway);
    gateway_stores_close(&wrapping->stores);
}

int cli_wrap(struct slice document, struct policy *everything, const char *const *environment)
{
    struct wrapping wrapping = {
        .document = document, .everything = everything, .environment = environment};
    struct config *config;
    if (load(&wrapping, &config) != 0)
        return CLI_USAGE;
    struct error error = {0};
    int result = start(&wrapping, config, &error);
    if (result == 0)
        loop_run(wrapping.gateway.loop);
    finish(&wrapping);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "%s", error.text);
}
