// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One question with all that helps to answer it, second part, on a thread for searches: what the
// grant did lately, and what the catalogue knows of the tool. What cannot be had now is null: a
// question can be answered without it.
#include "admin/catalogue_internal.h"
#include "admin/question_internal.h"

#include "base/clock.h"

enum {
    RECENT_MS = 15 * 60 * 1000,
    DAY_MS = 86400000,
    RECENT_ROWS = 10,
    ROWS_BYTES = 256 * 1024,
    BUDGET_US = 200 * 1000,
    COUNTS_MAX = 2 * (DECISIONS_KEYS_MAX + 1), // a summary may reach over midnight
    KNOWN_MEMORY = 64 * 1024 * 1024,
};

// ---- What the grant did

struct counts {
    struct arena *arena;
    struct {
        struct slice key; // escaped; data NULL: all others
        uint64_t rows;
    } items[COUNTS_MAX];
    size_t count;
};

static int add_count(void *argument, const struct decisions_count *given)
{
    struct counts *counts = argument;
    size_t i = 0;
    while (i < counts->count && !(slice_equal(counts->items[i].key, given->key) &&
                                  (counts->items[i].key.data == NULL) == (given->key.data == NULL)))
        i++;
    if (i == COUNTS_MAX)
        return 0;
    if (i == counts->count) {
        struct slice kept = {0};
        if (given->key.data != NULL && (kept = arena_copy(counts->arena, given->key)).data == NULL)
            return ERROR_NO_MEMORY;
        counts->items[counts->count++].key = kept;
    }
    counts->items[i].rows += given->rows;
    return 0;
}

static void write_counts(struct buffer *out, const struct counts *counts)
{
    for (size_t i = 0; i < counts->count; i++) {
        buffer_append_string(out, i == 0 ? "{\"name\":" : ",{\"name\":");
        if (counts->items[i].key.data == NULL) {
            buffer_append_string(out, "null");
        } else {
            buffer_append_string(out, "\"");
            buffer_append(out, counts->items[i].key);
            buffer_append_string(out, "\"");
        }
        buffer_append_format(out, ",\"count\":%llu}", (unsigned long long)counts->items[i].rows);
    }
}

static int write_sum(struct admin_request *request, const struct decisions_filter *filter, int by,
                     const char *name, struct error *error)
{
    const struct decisions_summary summary = {
        .interval_ms = DAY_MS, .by = by, .budget_us = BUDGET_US};
    struct counts *counts = arena_take_zeroed(&request->arena, sizeof *counts);
    struct decisions_counted counted;
    if (counts == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    counts->arena = &request->arena;
    int result = decisions_summarise(request->admin->options.decisions, filter, &summary, add_count,
                                     counts, &counted, error);
    if (result != 0)
        return result;
    buffer_append_format(&request->out, ",\"%s\":[", name);
    write_counts(&request->out, counts);
    buffer_append_string(&request->out, "]");
    return 0;
}

static int add_row(void *argument, const struct decisions_row *row)
{
    struct buffer *out = argument;
    if (buffer_slice(out).data[out->length - 1] != '[')
        buffer_append_string(out, ",");
    buffer_append(out, row->line);
    return out->failed ? ERROR_NO_MEMORY : 0;
}

static int write_rows(struct admin_request *request, const struct decisions_filter *filter,
                      struct error *error)
{
    const struct decisions_page page = {.newest_first = true,
                                        .limit = RECENT_ROWS,
                                        .bytes_most = ROWS_BYTES,
                                        .budget_us = BUDGET_US};
    struct decisions_found found;
    buffer_append_string(&request->out, ",\"decisions\":[");
    int result = decisions_find(request->admin->options.decisions, filter, &page, add_row,
                                &request->out, &found, error);
    buffer_append_string(&request->out, "]}");
    return result;
}

static void write_recent(struct admin_request *request)
{
    char from[CLOCK_TEXT_SIZE];
    struct buffer *out = &request->out;
    struct error error = {0};
    size_t start = out->length;
    struct decisions_filter filter = {.organisation = request->who.organisation,
                                      .from_ms = request->now_ms - RECENT_MS,
                                      .to_ms = request->now_ms + 1};
    filter.wanted[DECISIONS_GRANT] = request->asking->grant_label;
    clock_format(filter.from_ms, from);
    buffer_append_format(out, ",\"recent\":{\"from\":\"%s\"", from);
    int result = request->admin->options.decisions == NULL ? ERROR_NOT_FOUND : 0;
    if (result == 0)
        result = write_sum(request, &filter, DECISIONS_OUTCOME, "outcomes", &error);
    if (result == 0)
        result = write_sum(request, &filter, DECISIONS_SUBJECT, "tools", &error);
    if (result == 0)
        result = write_rows(request, &filter, &error);
    if (result == 0 || out->failed)
        return;
    out->length = start;
    buffer_append_string(out, ",\"recent\":null");
}

// ---- What is known of the tool

static void write_tool(struct buffer *out, const struct inventory_server *server,
                       const struct inventory_tool *tool)
{
    struct catalogue_finding findings[CATALOGUE_FINDINGS_MAX];
    const struct inventory_row *row = &tool->row;
    buffer_append_format(out, ",\"known\":{\"category\":\"%s\",\"severity\":\"%s\"",
                         catalogue_category_name(row->category),
                         catalogue_severity_name(row->severity));
    buffer_append_format(out, ",\"confidence\":%d,\"overridden\":%s,\"summary\":", row->confidence,
                         row->overridden ? "true" : "false");
    json_write_string(out, row->summary);
    buffer_append_format(out, ",\"page\":\"/catalogue/%.*s/%.*s\",\"evidence\":[",
                         SLICE_PRINT(server->slug), SLICE_PRINT(row->slug));
    for (size_t i = 0; i < tool->verdict.count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        catalogue_write_evidence(out, &tool->verdict.evidence[i]);
    }
    buffer_append_string(out, "],\"signals\":[");
    size_t count = catalogue_find_signals(&tool->tool, findings, CATALOGUE_FINDINGS_MAX);
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        catalogue_write_finding(out, &findings[i]);
    }
    buffer_append_string(out, "]}");
}

static int find_tool(struct admin_request *request, struct inventory *inventory,
                     struct error *error)
{
    struct inventory_server server;
    struct inventory_tool tool = {.changes = 0};
    struct arena arena;
    arena_init(&arena, KNOWN_MEMORY);
    int result = inventory_get_server(inventory, request->who.organisation,
                                      request->asking->server_name, &arena, &server, error);
    if (result == 0)
        result =
            inventory_get_tool(inventory, &server, request->asking->tool, &arena, &tool, error);
    if (result == 0)
        write_tool(&request->out, &server, &tool);
    inventory_tool_release(&tool);
    arena_release(&arena);
    return result;
}

static void write_known(struct admin_request *request)
{
    struct inventory *inventory = NULL;
    struct error error = {0};
    int result = admin_shelf_borrow(request->admin->shelf, &inventory, &error);
    if (result == 0)
        result = find_tool(request, inventory, &error);
    admin_shelf_return(request->admin->shelf, inventory, result == 0 || result == ERROR_NOT_FOUND);
    if (result != 0)
        buffer_append_string(&request->out, ",\"known\":null");
}

int admin_find_context(struct admin_request *request, struct error *error)
{
    (void)error;
    write_recent(request);
    write_known(request);
    admin_write_limits(request);
    buffer_append_string(&request->out, "}");
    return 0;
}
