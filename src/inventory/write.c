// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is known, as JSON: for the API and the command line alike.
#include "inventory/inventory_internal.h"

#include "base/clock.h"

#include <inttypes.h>

static void write_text(struct buffer *out, const char *key, struct slice text)
{
    json_write_key(out, key);
    json_write_string(out, text);
    buffer_append_string(out, ",");
}

static void write_time(struct buffer *out, const char *key, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    json_write_key(out, key);
    clock_format(ms, text);
    buffer_append_format(out, ms == 0 ? "null" : "\"%s\"", text);
}

static void write_hash(struct buffer *out, const char *key,
                       const unsigned char hash[CATALOGUE_FINGERPRINT_SIZE])
{
    json_write_key(out, key);
    buffer_append_string(out, "\"");
    for (size_t i = 0; i < CATALOGUE_FINGERPRINT_SIZE; i++)
        buffer_append_format(out, "%02x", hash[i]);
    buffer_append_string(out, "\"");
}

static void write_name(struct buffer *out, const char *key, const char *name)
{
    write_text(out, key, slice_from_string(name));
}

static void write_shared(struct buffer *out, struct slice organisation)
{
    buffer_append_format(out, "\"shared\":%s,", organisation.length == 0 ? "true" : "false");
}

void inventory_write_server(struct buffer *out, const struct inventory_server *server)
{
    buffer_append_string(out, "{");
    write_text(out, "slug", server->slug);
    write_text(out, "name", server->name);
    write_text(out, "title", server->title);
    write_text(out, "source", server->source);
    write_shared(out, server->organisation);
    write_name(out, "severity", catalogue_severity_name(server->worst));
    buffer_append_format(out, "\"tools\":%u,\"tokens\":%" PRIu64 ",\"categories\":{", server->tools,
                         server->tokens);
    for (int i = 0; i < INVENTORY_CATEGORIES; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        json_write_key(out, catalogue_category_name((enum catalogue_category)i));
        buffer_append_number(out, server->counts[i]);
    }
    buffer_append_string(out, "},");
    write_time(out, "first_seen", server->first_seen_ms);
    buffer_append_string(out, ",");
    write_time(out, "seen", server->seen_ms);
    buffer_append_string(out, ",");
    write_time(out, "changed", server->changed_ms);
    buffer_append_string(out, "}");
}

static void write_row_members(struct buffer *out, const struct inventory_row *row)
{
    write_text(out, "server", row->server);
    write_text(out, "server_slug", row->server_slug);
    write_shared(out, row->organisation);
    write_text(out, "slug", row->slug);
    write_text(out, "name", row->name);
    write_text(out, "summary", row->summary);
    write_name(out, "category", catalogue_category_name(row->category));
    write_name(out, "severity", catalogue_severity_name(row->severity));
    buffer_append_format(out, "\"confidence\":%d.%03d,\"overridden\":%s,\"tokens\":%u,",
                         row->confidence / 1000, row->confidence % 1000,
                         row->overridden ? "true" : "false", row->tokens);
    write_hash(out, "fingerprint", row->fingerprint);
    buffer_append_string(out, ",");
    write_time(out, "first_seen", row->first_seen_ms);
    buffer_append_string(out, ",");
    write_time(out, "changed", row->changed_ms);
}

void inventory_write_row(struct buffer *out, const struct inventory_row *row)
{
    buffer_append_string(out, "{");
    write_row_members(out, row);
    buffer_append_string(out, "}");
}

static void write_verdict(struct buffer *out, const struct catalogue_verdict *verdict)
{
    struct buffer why;
    buffer_init(&why, 0);
    catalogue_write_why(&why, verdict);
    buffer_append_string(out, "{");
    write_name(out, "category", catalogue_category_name(verdict->category));
    write_text(out, "why", buffer_slice(&why));
    buffer_append_string(out, "\"evidence\":[");
    for (size_t i = 0; i < verdict->count; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        catalogue_write_evidence(out, &verdict->evidence[i]);
    }
    buffer_append_string(out, "]}");
    buffer_release(&why);
}

void inventory_write_tool(struct buffer *out, const struct inventory_tool *tool)
{
    struct catalogue_finding findings[CATALOGUE_FINDINGS_MAX];
    size_t count = catalogue_find_signals(&tool->tool, findings, CATALOGUE_FINDINGS_MAX);
    buffer_append_string(out, "{");
    write_row_members(out, &tool->row);
    buffer_append_format(out, ",\"changes\":%u,\"verdict\":", tool->changes);
    write_verdict(out, &tool->verdict);
    buffer_append_string(out, ",\"signals\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        catalogue_write_finding(out, &findings[i]);
    }
    buffer_append_string(out, "],\"rule\":");
    catalogue_write_rule(out, tool->row.category);
    buffer_append_string(out, ",\"definition\":");
    buffer_append(out, tool->definition);
    buffer_append_string(out, "}");
}

void inventory_write_counts(struct buffer *out, const struct inventory_counts *counts)
{
    buffer_append_format(out,
                         "{\"servers\":%" PRIu64 ",\"tools\":%" PRIu64 ",\"tokens\":%" PRIu64
                         ",\"categories\":{",
                         counts->servers, counts->tools, counts->tokens);
    for (int i = 0; i < INVENTORY_CATEGORIES; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        json_write_key(out, catalogue_category_name((enum catalogue_category)i));
        buffer_append_number(out, counts->by_category[i]);
    }
    buffer_append_string(out, "},\"servers_by_severity\":{");
    for (int i = CATALOGUE_LOW; i <= CATALOGUE_CRITICAL; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        json_write_key(out, catalogue_severity_name((enum catalogue_severity)i));
        buffer_append_number(out, counts->by_worst[i]);
    }
    buffer_append_string(out, "},");
    write_time(out, "changed", counts->changed_ms);
    buffer_append_string(out, "}");
}

// ---- History

const char *inventory_change_name(enum inventory_change_kind kind)
{
    return kind == INVENTORY_ADDED ? "added" : kind == INVENTORY_CHANGED ? "changed" : "removed";
}

int inventory_write_past(struct buffer *out, const struct inventory_past *past, struct slice after,
                         struct error *error)
{
    buffer_append_string(out, "{");
    write_name(out, "change", inventory_change_name(past->kind));
    write_text(out, "name", past->name);
    write_time(out, "at", past->at_ms);
    if (past->definition.length > 0) {
        buffer_append_string(out, ",");
        write_time(out, "since", past->from_ms);
        buffer_append_string(out, ",");
        write_hash(out, "fingerprint", past->before);
        buffer_append_string(out, ",\"definition\":");
        buffer_append(out, past->definition);
    }
    int result = 0;
    if (past->kind == INVENTORY_CHANGED && after.length > 0) {
        buffer_append_string(out, ",\"diff\":");
        result = inventory_diff(past->definition, after, out, error);
    }
    buffer_append_string(out, "}");
    return result;
}

// What came behind a change: the definition that the next change replaced, or the present one.
static struct slice behind(const struct inventory_pasts *pasts, size_t i, struct slice tool,
                           struct slice now)
{
    for (size_t k = i; k-- > 0;)
        if (slice_equal(pasts->items[k].name, pasts->items[i].name))
            return pasts->items[k].definition;
    return tool.length > 0 ? now : slice_of("", 0);
}

int inventory_write_history(struct inventory *inventory, const struct inventory_server *server,
                            struct slice tool, size_t limit, struct arena *arena,
                            struct buffer *out, struct error *error)
{
    struct inventory_pasts pasts = {0};
    struct inventory_tool now = {0};
    int result = 0;
    if (tool.length > 0) {
        result = inventory_get_tool(inventory, server, tool, arena, &now, error);
        if (result == 0)
            tool = now.row.name;
        if (result == ERROR_NOT_FOUND) // it may have been there
            result = 0;
    }
    if (result == 0)
        result = inventory_history(inventory, server, tool, limit, arena, &pasts, error);
    if (result == 0 && tool.length > 0 && now.definition.length == 0 && pasts.count == 0)
        result = error_set(error, ERROR_NOT_FOUND, "the server has no such tool");
    buffer_append_string(out, "{\"items\":[");
    for (size_t i = 0; result == 0 && i < pasts.count; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        result = inventory_write_past(out, &pasts.items[i], behind(&pasts, i, tool, now.definition),
                                      error);
    }
    if (result == 0)
        buffer_append_format(out, "],\"forgotten\":%" PRIu64 "}", pasts.forgotten);
    inventory_tool_release(&now);
    return result;
}
