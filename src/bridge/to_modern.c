// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A legacy client before a modern server.
#include "bridge/bridge.h"

enum { RESOURCE_NOT_FOUND = -32002 }; // until 2025-11-25; later -32602 with data.uri

// ---- Requests

static void write_meta(struct buffer *out, const struct json_doc *doc, uint32_t meta,
                       const struct bridge_client *client)
{
    struct slice none = {0};
    struct bridge_member changes[] = {
        {BRIDGE_META "protocolVersion", SLICE_LITERAL("\"2026-07-28\"")},
        {BRIDGE_META "clientCapabilities",
         client->capabilities.length > 0 ? client->capabilities : SLICE_LITERAL("{}")},
        {BRIDGE_META "clientInfo", client->info.length > 0 ? client->info : none},
        {BRIDGE_META "logLevel", client->log_level.length > 0 ? client->log_level : none},
        // Both belong to what only the older era has.
        {BRIDGE_META "related-task", none},
        {BRIDGE_META "subscriptionId", none},
    };
    bridge_write_object(out, doc, meta, changes, sizeof changes / sizeof *changes);
}

static struct slice or_none(struct slice raw)
{
    return raw.length > 0 ? raw : (struct slice){0};
}

void bridge_request_to_modern(struct buffer *out, const struct json_doc *doc,
                              const struct mcp_message *message, const struct bridge_client *client,
                              const struct bridge_retry *retry)
{
    struct buffer meta, params;
    buffer_init(&meta, out->cap);
    buffer_init(&params, out->cap);
    write_meta(&meta, doc, message->meta, client);
    struct bridge_member inner[] = {
        {"task", {0}},
        {"inputResponses", retry == NULL ? (struct slice){0} : or_none(retry->responses)},
        {"requestState", retry == NULL ? (struct slice){0} : or_none(retry->state)},
        {"_meta", buffer_slice(&meta)}};
    bridge_write_object(&params, doc, message->params, inner, sizeof inner / sizeof *inner);
    struct bridge_member outer[] = {{"params", buffer_slice(&params)},
                                    {"id", retry == NULL ? (struct slice){0} : retry->id}};
    bridge_write_object(out, doc, message->node, outer, retry == NULL ? 1 : 2);
    out->failed = out->failed || meta.failed || params.failed;
    buffer_release(&meta);
    buffer_release(&params);
}

static void begin_request(struct buffer *out, struct slice id, const char *method)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"method\":\"");
    buffer_append_string(out, method);
    buffer_append_string(out, "\",\"params\":{");
}

static void end_request(struct buffer *out, const struct bridge_client *client)
{
    buffer_append_string(out, "\"_meta\":");
    write_meta(out, NULL, JSON_NONE, client);
    buffer_append_string(out, "}}");
}

void bridge_write_discover(struct buffer *out, struct slice id, const struct bridge_client *client)
{
    begin_request(out, id, "server/discover");
    end_request(out, client);
}

static void write_news(struct buffer *out, const struct bridge_news *news)
{
    const struct {
        const char *name;
        bool wanted;
    } kinds[] = {{"toolsListChanged", news->tools},
                 {"promptsListChanged", news->prompts},
                 {"resourcesListChanged", news->resources}};
    const char *comma = "";
    buffer_append_string(out, "{");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!kinds[i].wanted)
            continue;
        buffer_append_string(out, comma);
        json_write_key(out, kinds[i].name);
        buffer_append_string(out, "true");
        comma = ",";
    }
    if (news->uri_count > 0) {
        buffer_append_string(out, comma);
        buffer_append_string(out, "\"resourceSubscriptions\":[");
        for (size_t i = 0; i < news->uri_count; i++) {
            buffer_append_string(out, i > 0 ? "," : "");
            buffer_append(out, news->uris[i]);
        }
        buffer_append_string(out, "]");
    }
    buffer_append_string(out, "}");
}

void bridge_write_listen(struct buffer *out, struct slice id, const struct bridge_client *client,
                         const struct bridge_news *news)
{
    begin_request(out, id, "subscriptions/listen");
    buffer_append_string(out, "\"notifications\":");
    write_news(out, news);
    buffer_append_string(out, ",");
    end_request(out, client);
}

void bridge_write_acknowledged(struct buffer *out, struct slice id, const struct bridge_news *news)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/"
                              "acknowledged\",\"params\":{\"notifications\":");
    write_news(out, news);
    buffer_append_string(out, ",\"_meta\":{\"" BRIDGE_META "subscriptionId\":");
    buffer_append(out, id);
    buffer_append_string(out, "}}}");
}

void bridge_write_task_request(struct buffer *out, struct slice id, const char *method,
                               struct slice task, struct slice responses,
                               const struct bridge_client *client)
{
    begin_request(out, id, method);
    buffer_append_string(out, "\"taskId\":");
    json_write_string(out, task);
    if (responses.length > 0) {
        buffer_append_string(out, ",\"inputResponses\":");
        buffer_append(out, responses);
    }
    buffer_append_string(out, ",");
    end_request(out, client);
}

// ---- Answers

enum mcp_version bridge_legacy_version(struct slice asked)
{
    enum mcp_version version = mcp_version_parse(asked);
    if (version == MCP_VERSION_NONE || mcp_version_is_modern(version))
        return MCP_2025_11_25;
    return version;
}

static struct slice raw_or(const struct json_doc *doc, uint32_t node, enum json_type type,
                           struct slice otherwise)
{
    return node == JSON_NONE || json_type(doc, node) != type ? otherwise : json_raw(doc, node);
}

void bridge_write_initialize_result(struct buffer *out, struct slice id, const struct json_doc *doc,
                                    uint32_t discovered, enum mcp_version version,
                                    struct slice name)
{
    uint32_t capabilities = json_get(doc, discovered, "capabilities");
    uint32_t info = json_get(doc, json_get(doc, discovered, "_meta"), BRIDGE_META "serverInfo");
    struct slice instructions =
        raw_or(doc, json_get(doc, discovered, "instructions"), JSON_STRING, (struct slice){0});
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"result\":{\"protocolVersion\":");
    json_write_string(out, mcp_version_text(version));
    buffer_append_string(out, ",\"capabilities\":");
    bool has_tasks = version == MCP_2025_11_25 && bridge_knows_tasks(doc, capabilities);
    bridge_write_abilities(out, doc, capabilities,
                           has_tasks ? BRIDGE_OLDER_TASKS : BRIDGE_NO_TASKS);
    buffer_append_string(out, ",\"serverInfo\":");
    if (info != JSON_NONE && json_type(doc, info) == JSON_OBJECT) {
        buffer_append(out, json_raw(doc, info));
    } else {
        buffer_append_string(out, "{\"name\":");
        json_write_string(out, name);
        buffer_append_string(out, ",\"version\":\"0\"}");
    }
    if (instructions.data != NULL) {
        buffer_append_string(out, ",\"instructions\":");
        buffer_append(out, instructions);
    }
    buffer_append_string(out, "}}");
}

enum bridge_result bridge_result_kind(const struct json_doc *doc, uint32_t result)
{
    uint32_t type = json_get(doc, result, "resultType");
    if (type == JSON_NONE)
        return BRIDGE_COMPLETE;
    if (json_type(doc, type) != JSON_STRING)
        return BRIDGE_OTHER_RESULT;
    if (json_string_equals(doc, type, SLICE_LITERAL("complete")))
        return BRIDGE_COMPLETE;
    if (json_string_equals(doc, type, SLICE_LITERAL("task")))
        return BRIDGE_TASK_RESULT;
    return json_string_equals(doc, type, SLICE_LITERAL("input_required")) ? BRIDGE_INPUT_REQUIRED
                                                                          : BRIDGE_OTHER_RESULT;
}

// Codes that a legacy client does not know, or knows by another number.
int64_t bridge_legacy_code(const struct json_doc *doc, uint32_t error, enum mcp_method method)
{
    int64_t code = MCP_ERROR_INTERNAL;
    uint32_t node = json_get(doc, error, "code");
    if (node == JSON_NONE || json_integer(doc, node, &code) != 0)
        return MCP_ERROR_INTERNAL;
    bool names_uri = json_get(doc, json_get(doc, error, "data"), "uri") != JSON_NONE;
    if (code == MCP_ERROR_INVALID_PARAMS && method == MCP_RESOURCES_READ && names_uri)
        return RESOURCE_NOT_FOUND;
    if (code == MCP_ERROR_MISSING_CAPABILITY)
        return MCP_ERROR_INVALID_REQUEST;
    if (code <= MCP_ERROR_HEADER_MISMATCH && code >= MCP_ERROR_UNSUPPORTED_VERSION)
        return MCP_ERROR_INTERNAL; // about what the gateway wrote, not about the client's words
    return code;
}

void bridge_response_to_legacy(struct buffer *out, const struct json_doc *doc,
                               const struct mcp_message *message, struct slice id,
                               enum mcp_method method, bool tasks)
{
    struct buffer tools;
    uint32_t list = json_get(doc, message->result, "tools");
    struct bridge_member changes[] = {
        {"resultType", {0}}, {"ttlMs", {0}}, {"cacheScope", {0}}, {"tools", {0}}};
    bool rewrites = tasks && method == MCP_TOOLS_LIST && list != JSON_NONE &&
                    json_type(doc, list) == JSON_ARRAY;
    buffer_init(&tools, out->cap);
    if (rewrites)
        bridge_write_tools(&tools, doc, list);
    changes[3].value = buffer_slice(&tools);
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    if (message->error != JSON_NONE) {
        buffer_append_string(out, ",\"error\":");
        bridge_write_error(out, doc, message->error,
                           bridge_legacy_code(doc, message->error, method));
    } else {
        buffer_append_string(out, ",\"result\":");
        bridge_write_object(out, doc, message->result, changes, rewrites ? 4 : 3);
    }
    buffer_append_string(out, "}");
    out->failed = out->failed || tools.failed;
    buffer_release(&tools);
}

void bridge_notification_to_legacy(struct buffer *out, const struct json_doc *doc,
                                   const struct mcp_message *message)
{
    struct buffer meta, params;
    buffer_init(&meta, out->cap);
    buffer_init(&params, out->cap);
    struct bridge_member gone[] = {{BRIDGE_META "subscriptionId", {0}}};
    bool only = message->meta != JSON_NONE && json_at(doc, message->meta)->count <= 1;
    bridge_write_object(&meta, doc, message->meta, gone, 1);
    struct bridge_member inner[] = {{"_meta", {0}}};
    if (message->meta != JSON_NONE && (!only || meta.length > 2))
        inner[0].value = buffer_slice(&meta);
    bridge_write_object(&params, doc, message->params, inner, 1);
    struct bridge_member outer[] = {{"params", buffer_slice(&params)}};
    bridge_write_object(out, doc, message->node, outer, 1);
    out->failed = out->failed || meta.failed || params.failed;
    buffer_release(&meta);
    buffer_release(&params);
}

static bool is_url_mode(const struct json_doc *doc, uint32_t params)
{
    uint32_t mode = json_get(doc, params, "mode");
    return mode != JSON_NONE && json_type(doc, mode) == JSON_STRING &&
           json_string_equals(doc, mode, SLICE_LITERAL("url"));
}

void bridge_write_question(struct buffer *out, struct slice id, const struct json_doc *doc,
                           uint32_t entry, struct slice task)
{
    uint32_t params = json_get(doc, entry, "params");
    struct buffer meta;
    buffer_init(&meta, out->cap);
    if (task.length > 0) {
        buffer_append_string(&meta, "{\"" BRIDGE_META "related-task\":{\"taskId\":");
        json_write_string(&meta, task);
        buffer_append_string(&meta, "}}");
    }
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"method\":");
    buffer_append(out, json_raw(doc, json_get(doc, entry, "method")));
    bool has_params = params != JSON_NONE && json_type(doc, params) == JSON_OBJECT;
    if (has_params || task.length > 0) {
        // 2025-11-25 wants an id for an elicitation by URL; the request's own is unique enough.
        struct bridge_member changes[] = {
            {"task", {0}}, {"_meta", or_none(buffer_slice(&meta))}, {"elicitationId", id}};
        buffer_append_string(out, ",\"params\":");
        bridge_write_object(out, doc, has_params ? params : (uint32_t)JSON_NONE, changes,
                            is_url_mode(doc, params) ? 3 : 2);
    }
    buffer_append_string(out, "}");
    out->failed = out->failed || meta.failed;
    buffer_release(&meta);
}
