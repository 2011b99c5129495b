// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What operators and their machines ask: is it alive, is it ready, the figures.
#include "pipeline/metrics_internal.h"
#include "pipeline/pipeline_internal.h"

static void send_text(struct http_reply *reply, int status, struct slice body)
{
    static const struct http_header headers[] = {
        {{"Content-Type", 12}, {"text/plain; version=0.0.4; charset=utf-8", 40}},
        {{"Cache-Control", 13}, {"no-store", 8}}};
    http_reply_send(reply, status, headers, 2, body);
}

static void ready(struct pipeline *pipeline, struct http_reply *reply)
{
    const struct audit_log *log = pipeline->given.audit;
    bool log_ok = log == NULL || audit_ready(log, pipeline->given.worker);
    bool logged = log == NULL || audit_healthy(log, pipeline->given.worker);
    bool limits_ok =
        pipeline->given.limit_file == NULL || limit_file_healthy(pipeline->given.limit_file);
    if (pipeline->draining)
        send_text(reply, 503, SLICE_LITERAL("draining\n"));
    else if (!log_ok)
        send_text(reply, 503,
                  SLICE_LITERAL("the decision log cannot be written: every call is denied\n"));
    else if (!limits_ok)
        send_text(
            reply, 503,
            SLICE_LITERAL("the limits file cannot be written: calls under a limit are denied\n"));
    else if (!logged)
        send_text(
            reply, 200,
            SLICE_LITERAL("ready, but the decision log cannot be written: calls pass and some "
                          "are not recorded\n"));
    else
        send_text(reply, 200, SLICE_LITERAL("ready\n"));
}

static void figures(struct pipeline *pipeline, struct http_reply *reply,
                    const struct http_request *request)
{
    if (!request->peer_is_loopback && !pipeline->rules->given.metrics_public) {
        send_text(reply, 403,
                  SLICE_LITERAL(
                      "metrics are for this machine only; see 'metrics' in the configuration\n"));
        return;
    }
    struct buffer out;
    buffer_init(&out, 16 * 1024 * 1024);
    metrics_write(pipeline, &out);
    send_text(reply, out.failed ? 500 : 200, buffer_slice(&out));
    buffer_release(&out);
}

bool endpoints_handle(struct pipeline *pipeline, struct http_reply *reply,
                      const struct http_request *request)
{
    bool health = slice_equal_string(request->path, "/healthz");
    bool readiness = slice_equal_string(request->path, "/readyz");
    bool metrics = slice_equal_string(request->path, "/metrics");
    if (!health && !readiness && !metrics)
        return false;
    if (!slice_equal_string(request->method, "GET"))
        send_text(reply, 405, SLICE_LITERAL("only GET\n"));
    else if (metrics && !headers_host_allowed(pipeline->rules, request))
        send_text(reply, 403, SLICE_LITERAL("this Host is not allowed\n"));
    else if (health)
        send_text(reply, 200, SLICE_LITERAL("alive\n"));
    else if (readiness)
        ready(pipeline, reply);
    else
        figures(pipeline, reply, request);
    return true;
}
