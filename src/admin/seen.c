// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the data path last saw of a server: in memory, since the gateway was started.
#include "admin/seen_internal.h"

#include "pipeline/pipeline.h"

// What was seen before `since_ms` was another server.
static void write_seen(struct admin_request *request, struct slice shown, int64_t since_ms,
                       struct buffer *out)
{
    struct pipeline_seen seen;
    pipeline_seen(request->admin->path.ledger, shown, &seen);
    if (seen.answered_ms < since_ms)
        seen.answered_ms = 0;
    if (seen.failed_ms < since_ms)
        seen.failed_ms = 0;
    bool known = seen.version != MCP_VERSION_NONE && seen.answered_ms != 0;
    buffer_append_string(out, ",\"seen\":{\"era\":");
    if (!known)
        buffer_append_string(out, "null,\"protocol_version\":null");
    else
        buffer_append_format(out, "\"%s\",\"protocol_version\":\"%.*s\"",
                             mcp_version_is_modern(seen.version) ? "modern" : "legacy",
                             SLICE_PRINT(mcp_version_text(seen.version)));
    admin_write_time(out, "answered_at", seen.answered_ms);
    admin_write_time(out, "failed_at", seen.failed_ms);
    buffer_append_string(out, "}");
}

int admin_write_server_seen(struct admin_request *request, struct store_view *view,
                            const struct store_head *record, struct error *error)
{
    const struct store_server *server = (const struct store_server *)(const void *)record;
    struct store_organisation owner = {.commands_allowed = false};
    int result =
        store_get_organisation(view, record->organisation, record->organisation, &owner, error);
    if (result != 0)
        return result;
    struct slice shown = arena_format(&request->arena, "%.*s/%.*s", SLICE_PRINT(owner.name),
                                      SLICE_PRINT(server->name));
    if (shown.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    write_seen(request, shown, record->changed_ms, &request->out);
    return 0;
}

int admin_write_declared(struct admin_request *request, struct slice declared, struct error *error)
{
    struct json_doc doc;
    size_t at = 0;
    json_doc_init(&doc);
    int result = json_scan(&doc, declared, NULL, error, NULL);
    uint32_t all = result == 0 ? json_get(&doc, 0, "servers") : JSON_NONE;
    for (uint32_t item = all == JSON_NONE ? JSON_NONE : json_first_element(&doc, all);
         item != JSON_NONE; item = json_next_element(&doc, all, item)) {
        struct slice raw = json_raw(&doc, item);
        size_t end = (size_t)(raw.data - declared.data) + raw.length - 1; // its bracket
        struct slice name = json_string(&doc, json_get(&doc, item, "name"), &request->arena);
        buffer_append(&request->out, slice_of(declared.data + at, end - at));
        write_seen(request, name, 0, &request->out);
        at = end;
    }
    buffer_append(&request->out, slice_of(declared.data + at, declared.length - at));
    json_doc_release(&doc);
    return result;
}
