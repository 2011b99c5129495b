// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A modern client before a legacy server.
#include "bridge/bridge.h"

// ---- Requests

void bridge_write_initialize(struct buffer *out, struct slice id, enum mcp_version version,
                             const struct json_doc *doc, uint32_t capabilities, uint32_t info)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"method\":\"initialize\",\"params\":{\"protocolVersion\":");
    json_write_string(out, mcp_version_text(version));
    buffer_append_string(out, ",\"capabilities\":");
    bridge_write_abilities(out, doc, capabilities, BRIDGE_NO_TASKS);
    buffer_append_string(out, ",\"clientInfo\":");
    if (info != JSON_NONE && json_type(doc, info) == JSON_OBJECT)
        buffer_append(out, json_raw(doc, info));
    else
        buffer_append_string(out, "{\"name\":\"unnamed\",\"version\":\"0\"}");
    buffer_append_string(out, "}}");
}

void bridge_request_to_legacy(struct buffer *out, const struct json_doc *doc,
                              const struct mcp_message *message, struct slice id,
                              struct slice token, bool as_task)
{
    struct buffer meta, params;
    buffer_init(&meta, out->cap);
    buffer_init(&params, out->cap);
    struct bridge_member facts[] = {
        {BRIDGE_META "protocolVersion", {0}},
        {BRIDGE_META "clientCapabilities", {0}},
        {BRIDGE_META "clientInfo", {0}},
        {BRIDGE_META "logLevel", {0}},
        {BRIDGE_META "related-task", {0}},
        {"progressToken", token.length > 0 ? token : (struct slice){0}},
    };
    bridge_write_object(&meta, doc, message->meta, facts, sizeof facts / sizeof *facts);
    struct bridge_member inner[] = {{"_meta", {0}},
                                    {"inputResponses", {0}},
                                    {"requestState", {0}},
                                    {"task", as_task ? SLICE_LITERAL("{}") : (struct slice){0}}};
    if (meta.length > 2) // more than "{}"
        inner[0].value = buffer_slice(&meta);
    bridge_write_object(&params, doc, message->params, inner, sizeof inner / sizeof *inner);
    struct bridge_member outer[] = {{"id", id}, {"params", buffer_slice(&params)}};
    bridge_write_object(out, doc, message->node, outer, 2);
    out->failed = out->failed || meta.failed || params.failed;
    buffer_release(&meta);
    buffer_release(&params);
}

void bridge_write_request(struct buffer *out, struct slice id, const char *method,
                          const char *parameter, struct slice value)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"method\":\"");
    buffer_append_string(out, method);
    buffer_append_string(out, "\",\"params\":{");
    json_write_key(out, parameter);
    json_write_string(out, value);
    buffer_append_string(out, "}}");
}

void bridge_write_answer(struct buffer *out, struct slice id, struct slice result)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"result\":");
    buffer_append(out, result);
    buffer_append_string(out, "}");
}

// ---- Answers

static void write_server_info(struct buffer *out, struct slice info)
{
    if (info.length == 0)
        return;
    buffer_append_string(out, ",\"_meta\":{\"" BRIDGE_META "serverInfo\":");
    buffer_append(out, info);
    buffer_append_string(out, "}");
}

void bridge_write_discover_result(struct buffer *out, struct slice id, const struct json_doc *doc,
                                  uint32_t initialized)
{
    uint32_t capabilities = json_get(doc, initialized, "capabilities");
    uint32_t instructions = json_get(doc, initialized, "instructions");
    uint32_t info = json_get(doc, initialized, "serverInfo");
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"result\":{\"resultType\":\"complete\",\"supportedVersions\":["
                              "\"2026-07-28\"],\"capabilities\":");
    // Tasks came with 2025-11-25.
    uint32_t version = json_get(doc, initialized, "protocolVersion");
    bool has_tasks = version != JSON_NONE && json_type(doc, version) == JSON_STRING &&
                     json_string_equals(doc, version, mcp_version_text(MCP_2025_11_25)) &&
                     bridge_calls_may_be_tasks(doc, capabilities);
    bridge_write_abilities(out, doc, capabilities,
                           has_tasks ? BRIDGE_NEWER_TASKS : BRIDGE_NO_TASKS);
    if (instructions != JSON_NONE && json_type(doc, instructions) == JSON_STRING) {
        buffer_append_string(out, ",\"instructions\":");
        buffer_append(out, json_raw(doc, instructions));
    }
    buffer_append_string(out, ",\"ttlMs\":0,\"cacheScope\":\"private\"");
    if (info != JSON_NONE && json_type(doc, info) == JSON_OBJECT)
        write_server_info(out, json_raw(doc, info));
    buffer_append_string(out, "}}");
}

// CacheableResult (2026-07-28, "Caching").
static bool is_cacheable(enum mcp_method method)
{
    switch (method) {
    case MCP_TOOLS_LIST:
    case MCP_RESOURCES_LIST:
    case MCP_TEMPLATES_LIST:
    case MCP_RESOURCES_READ:
    case MCP_PROMPTS_LIST: return true;
    default: return false;
    }
}

static void write_result(struct buffer *out, const struct json_doc *doc, uint32_t result,
                         bool cacheable, struct slice server_info)
{
    struct buffer meta;
    buffer_init(&meta, out->cap);
    uint32_t old = json_get(doc, result, "_meta");
    struct bridge_member info[] = {{BRIDGE_META "serverInfo", server_info}};
    if (old != JSON_NONE && json_type(doc, old) != JSON_OBJECT)
        old = JSON_NONE;
    bridge_write_object(&meta, doc, old, info, server_info.length > 0 ? 1 : 0);
    struct bridge_member changes[] = {
        {"resultType", SLICE_LITERAL("\"complete\"")},
        {"_meta", meta.length > 2 ? buffer_slice(&meta) : (struct slice){0}},
        // Words of the modern era that a legacy server has no right to.
        {"inputRequests", {0}},
        {"requestState", {0}},
        {"ttlMs", SLICE_LITERAL("0")},
        {"cacheScope", SLICE_LITERAL("\"private\"")},
    };
    bridge_write_object(out, doc, result, changes, cacheable ? 6 : 4);
    out->failed = out->failed || meta.failed;
    buffer_release(&meta);
}

// -32002 and -32042 must not be sent any more, and the codes of the modern era are its own.
int64_t bridge_modern_code(const struct json_doc *doc, uint32_t error)
{
    int64_t code;
    uint32_t node = json_get(doc, error, "code");
    if (node == JSON_NONE || json_integer(doc, node, &code) != 0)
        return MCP_ERROR_INTERNAL;
    if (code == -32002)
        return MCP_ERROR_INVALID_PARAMS;
    return code <= -32020 && code >= -32099 ? MCP_ERROR_INTERNAL : code;
}

void bridge_response_to_modern(struct buffer *out, const struct json_doc *doc,
                               const struct mcp_message *message, struct slice id,
                               enum mcp_method method, struct slice server_info)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    if (message->error != JSON_NONE) {
        buffer_append_string(out, ",\"error\":");
        bridge_write_error(out, doc, message->error, bridge_modern_code(doc, message->error));
    } else {
        buffer_append_string(out, ",\"result\":");
        write_result(out, doc, message->result, is_cacheable(method), server_info);
    }
    buffer_append_string(out, "}");
}

void bridge_notification_to_modern(struct buffer *out, const struct json_doc *doc,
                                   const struct mcp_message *message, struct slice token,
                                   struct slice subscription)
{
    struct buffer meta, params;
    buffer_init(&meta, out->cap);
    buffer_init(&params, out->cap);
    struct bridge_member news[] = {{BRIDGE_META "subscriptionId", subscription}};
    bridge_write_object(&meta, doc, message->meta, news, subscription.length > 0 ? 1 : 0);
    struct bridge_member inner[2];
    size_t count = 0;
    if (token.length > 0)
        inner[count++] = (struct bridge_member){"progressToken", token};
    if (meta.length > 2)
        inner[count++] = (struct bridge_member){"_meta", buffer_slice(&meta)};
    bridge_write_object(&params, doc, message->params, inner, count);
    struct bridge_member outer[] = {{"params", buffer_slice(&params)}};
    bridge_write_object(out, doc, message->node, outer, 1);
    out->failed = out->failed || meta.failed || params.failed;
    buffer_release(&meta);
    buffer_release(&params);
}

void bridge_write_questions(struct buffer *out, const struct bridge_question *questions,
                            size_t count)
{
    buffer_append_string(out, "{");
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        json_write_string(out, questions[i].key);
        buffer_append_string(out, ":{\"method\":");
        json_write_string(out, questions[i].method);
        buffer_append_string(out, ",\"params\":");
        buffer_append(out,
                      questions[i].params.length > 0 ? questions[i].params : SLICE_LITERAL("{}"));
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "}");
}

void bridge_write_input_required(struct buffer *out, struct slice id,
                                 const struct bridge_question *questions, size_t count,
                                 struct slice state, struct slice server_info)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"result\":{\"resultType\":\"input_required\",\"inputRequests\":");
    bridge_write_questions(out, questions, count);
    buffer_append_string(out, ",\"requestState\":");
    json_write_string(out, state);
    write_server_info(out, server_info);
    buffer_append_string(out, "}}");
}

void bridge_write_task_acknowledged(struct buffer *out, struct slice id, struct slice server_info)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"result\":{\"resultType\":\"complete\"");
    write_server_info(out, server_info);
    buffer_append_string(out, "}}");
}
