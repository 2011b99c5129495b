// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What operators and their machines ask: is it alive, is it ready, the figures.
#include "pipeline/metrics_internal.h"
#include "pipeline/pipeline_internal.h"

static void send_body(struct http_reply *reply, int status, const char *type, struct slice body)
{
    const struct http_header headers[] = {{{"Content-Type", 12}, slice_from_string(type)},
                                          {{"Cache-Control", 13}, {"no-store", 8}}};
    http_reply_send(reply, status, headers, 2, body);
}

static void send_text(struct http_reply *reply, int status, struct slice body)
{
    send_body(reply, status, "text/plain; version=0.0.4; charset=utf-8", body);
}

// The parts that every gateway has, as far as it has them.
static size_t own_parts(const struct pipeline *pipeline,
                        struct pipeline_part parts[PIPELINE_PARTS_MAX])
{
    const struct audit_log *log = pipeline->given.audit;
    const struct limit_file *limits = pipeline->given.limit_file;
    size_t count = 0;
    if (log != NULL) {
        bool stops = !audit_ready(log, pipeline->given.worker);
        bool healthy = !stops && audit_healthy(log, pipeline->given.worker);
        parts[count++] = (struct pipeline_part){
            "decision_log",
            healthy ? NULL
            : stops ? "the decision log cannot be written: every call is denied"
                    : "the decision log cannot be written: calls pass and some are not recorded",
            stops};
    }
    if (limits != NULL) {
        bool healthy = limit_file_writes(limits);
        bool stops = !limit_file_healthy(limits);
        parts[count++] = (struct pipeline_part){
            "limits_file",
            healthy ? NULL
            : stops ? "the limits file cannot be written: calls under a limit are denied"
                    : "the limits file cannot be written: limits count in memory",
            stops};
    }
    return count;
}

static void write_parts(struct buffer *out, const char *status, const struct pipeline_part *parts,
                        size_t count)
{
    buffer_append_format(out, "{\"status\":\"%s\",\"parts\":{", status);
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_key(out, parts[i].name);
        buffer_append_format(out, "{\"up\":%s", parts[i].trouble == NULL ? "true" : "false");
        if (parts[i].trouble != NULL) {
            buffer_append_string(out, ",\"detail\":");
            json_write_string(out, slice_from_string(parts[i].trouble));
        }
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "}}\n");
}

// docs/metrics.md
static void ready(struct pipeline *pipeline, struct http_reply *reply)
{
    struct pipeline_part parts[2 * PIPELINE_PARTS_MAX];
    struct pipeline_besides besides = pipeline->given.besides;
    size_t count = own_parts(pipeline, parts);
    bool stops = false, troubled = false;
    struct buffer out;
    if (besides.look != NULL)
        count += besides.look(besides.argument, parts + count);
    for (size_t i = 0; i < count; i++) {
        stops = stops || parts[i].stops;
        troubled = troubled || parts[i].trouble != NULL;
    }
    buffer_init(&out, 0);
    write_parts(&out,
                pipeline->draining ? "draining"
                : stops            ? "unavailable"
                : troubled         ? "degraded"
                                   : "ready",
                parts, count);
    send_body(reply, pipeline->draining || stops ? 503 : 200, "application/json",
              buffer_slice(&out));
    buffer_release(&out);
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
