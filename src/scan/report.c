// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The report for programs: one JSON document (docs/scan.md).
#include "scan/scan.h"

#include "base/clock.h"

static void text(struct buffer *out, const char *key, struct slice value)
{
    buffer_append_format(out, ",\"%s\":", key);
    if (value.length == 0)
        buffer_append_string(out, "null");
    else
        json_write_string(out, value);
}

static void string(struct buffer *out, const char *key, const char *value)
{
    text(out, key, slice_from_string(value));
}

static void write_signal(struct buffer *out, const struct scan_signal *signal)
{
    buffer_append_string(out, "{\"name\":");
    json_write_string(out, slice_from_string(signal->name));
    string(out, "severity", catalogue_severity_name(signal->severity));
    string(out, "source", catalogue_source_name(signal->source));
    text(out, "words", signal->words);
    string(out, "says", signal->says);
    buffer_append_string(out, "}");
}

static void write_tool(struct buffer *out, const struct scan_tool *tool)
{
    buffer_append_string(out, "{\"name\":");
    json_write_string(out, tool->name);
    string(out, "category", catalogue_category_name(tool->category));
    string(out, "severity", catalogue_severity_name(tool->severity));
    buffer_append_format(out, ",\"confidence\":%d.%03d", tool->confidence / 1000,
                         tool->confidence % 1000);
    text(out, "why", tool->why);
    buffer_append_format(out, ",\"tokens\":%u,\"shortened\":%s,\"signals\":[", tool->tokens,
                         tool->shortened ? "true" : "false");
    for (size_t i = 0; i < tool->signal_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        write_signal(out, &tool->signals[i]);
    }
    buffer_append_string(out, "]}");
}

static void write_problem(struct buffer *out, const struct scan_server *server)
{
    buffer_append_string(out, ",\"problem\":");
    if (server->state == SCAN_GOOD) {
        buffer_append_string(out, "null");
        return;
    }
    buffer_append_string(out, "{\"kind\":");
    json_write_string(out,
                      slice_from_string(server->state == SCAN_SKIPPED ? "skipped" : server->kind));
    string(out, "detail", server->detail);
    string(out, "advice", scan_advice(server->kind));
    buffer_append_string(out, "}");
}

static void write_errors(struct buffer *out, const struct scan_server *server)
{
    buffer_append_string(out, ",\"errors\":[");
    for (size_t i = 0; i < server->error_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, slice_from_string(server->errors[i]));
    }
    buffer_append_string(out, "]");
}

static void write_server(struct buffer *out, const struct scan_server *server)
{
    buffer_append_string(out, "{\"name\":");
    json_write_string(out, server->name);
    text(out, "client", server->client);
    text(out, "file", server->file);
    buffer_append_format(out, ",\"line\":%u", server->line);
    string(out, "state", scan_state_name(server->state));
    string(out, "era", server->version[0] == '\0' ? "" : server->modern ? "modern" : "legacy");
    string(out, "protocol_version", server->version);
    string(out, "server_name", server->server_name);
    string(out, "server_version", server->server_version);
    buffer_append_format(out, ",\"complete\":%s",
                         server->state == SCAN_GOOD && !server->more ? "true" : "false");
    write_problem(out, server);
    write_errors(out, server);
    buffer_append_format(out, ",\"tokens\":%llu,\"odd_entries\":%u,\"tools\":[",
                         (unsigned long long)server->tokens, server->odd);
    for (size_t i = 0; i < server->tool_count; i++) {
        buffer_append_string(out, i == 0 ? "\n" : ",\n");
        write_tool(out, &server->tools[i]);
    }
    buffer_append_string(out, "]}");
}

static void write_totals(struct buffer *out, const struct scan *scan)
{
    struct scan_totals totals = scan_count(scan);
    buffer_append_format(
        out, "{\"servers\":%zu,\"scanned\":%zu,\"failed\":%zu,\"skipped\":%zu,\"tools\":%zu",
        totals.servers, totals.good, totals.bad, totals.skipped, totals.tools);
    buffer_append_format(out, ",\"tokens\":%llu,\"categories\":{",
                         (unsigned long long)totals.tokens);
    for (int i = CATALOGUE_READ; i <= CATALOGUE_UNKNOWN; i++)
        buffer_append_format(out, "%s\"%s\":%u", i == CATALOGUE_READ ? "" : ",",
                             catalogue_category_name((enum catalogue_category)i),
                             totals.categories[i]);
    buffer_append_string(out, "},\"severities\":{");
    for (int i = CATALOGUE_LOW; i <= CATALOGUE_CRITICAL; i++)
        buffer_append_format(out, "%s\"%s\":%u", i == CATALOGUE_LOW ? "" : ",",
                             catalogue_severity_name((enum catalogue_severity)i),
                             totals.severities[i]);
    buffer_append_string(out, "}}");
}

static void write_together(struct buffer *out, const struct scan_together *together)
{
    buffer_append_string(out, "{\"client\":");
    if (together->named_by->client.length == 0)
        buffer_append_string(out, "null");
    else
        json_write_string(out, together->named_by->client);
    text(out, "file", together->named_by->file);
    buffer_append_string(out, ",\"stack\":");
    if (together->too_large)
        buffer_append_string(out, "null");
    else
        stack_write_json(out, &together->stack, &together->report);
    buffer_append_string(out, "}");
}

void scan_write_json(struct buffer *out, const struct scan *scan, int64_t now_ms)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format(now_ms, time);
    buffer_append_format(out, "{\"version\":1,\"scanned_at\":\"%s\",\"totals\":", time);
    write_totals(out, scan);
    buffer_append_string(out, ",\"servers\":[");
    for (size_t i = 0; i < scan->count; i++) {
        buffer_append_string(out, i == 0 ? "\n" : ",\n");
        write_server(out, scan->servers[i]);
    }
    buffer_append_string(out, "\n],\"agents\":[");
    for (size_t i = 0; i < scan->together_count; i++) {
        buffer_append_string(out, i == 0 ? "\n" : ",\n");
        write_together(out, &scan->together[i]);
    }
    buffer_append_string(out, "\n]}\n");
}
