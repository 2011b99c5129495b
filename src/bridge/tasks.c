// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks of 2025-11-25 and of the extension io.modelcontextprotocol/tasks of 2026-07-28, each in the
// other's words.
#include "bridge/bridge.h"

static const char *const statuses[] = {[BRIDGE_TASK_UNKNOWN] = "",
                                       [BRIDGE_TASK_WORKING] = "working",
                                       [BRIDGE_TASK_INPUT] = "input_required",
                                       [BRIDGE_TASK_COMPLETED] = "completed",
                                       [BRIDGE_TASK_FAILED] = "failed",
                                       [BRIDGE_TASK_CANCELLED] = "cancelled"};

enum bridge_task_status bridge_task_status(const struct json_doc *doc, uint32_t task)
{
    uint32_t status = json_get(doc, task, "status");
    if (status == JSON_NONE || json_type(doc, status) != JSON_STRING)
        return BRIDGE_TASK_UNKNOWN;
    for (size_t i = BRIDGE_TASK_WORKING; i < sizeof statuses / sizeof *statuses; i++)
        if (json_string_equals(doc, status, slice_from_string(statuses[i])))
            return (enum bridge_task_status)i;
    return BRIDGE_TASK_UNKNOWN;
}

bool bridge_task_is_over(enum bridge_task_status status)
{
    return status >= BRIDGE_TASK_COMPLETED;
}

static bool is_object(const struct json_doc *doc, uint32_t node)
{
    return node != JSON_NONE && json_type(doc, node) == JSON_OBJECT;
}

bool bridge_knows_tasks(const struct json_doc *doc, uint32_t capabilities)
{
    return is_object(
        doc, json_get(doc, json_get(doc, capabilities, "extensions"), BRIDGE_TASKS_EXTENSION));
}

bool bridge_calls_may_be_tasks(const struct json_doc *doc, uint32_t capabilities)
{
    uint32_t requests = json_get(doc, json_get(doc, capabilities, "tasks"), "requests");
    return is_object(doc, json_get(doc, json_get(doc, requests, "tools"), "call"));
}

// ---- One task

// What both eras say of a task; all but two members are called the same.
static void write_members(struct buffer *out, const struct json_doc *doc, uint32_t task,
                          enum bridge_task_status status, bool modern)
{
    static const char *const same[] = {"statusMessage", "createdAt", "lastUpdatedAt"};
    uint32_t id = json_get(doc, task, "taskId");
    uint32_t ttl = json_get(doc, task, modern ? "ttl" : "ttlMs");
    uint32_t interval = json_get(doc, task, modern ? "pollInterval" : "pollIntervalMs");
    buffer_append_string(out, "\"taskId\":");
    buffer_append(out, id == JSON_NONE ? SLICE_LITERAL("\"\"") : json_raw(doc, id));
    buffer_append_string(out, ",\"status\":\"");
    buffer_append_string(out, statuses[status]);
    buffer_append_string(out, "\"");
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        uint32_t node = json_get(doc, task, same[i]);
        if (node == JSON_NONE)
            continue;
        buffer_append_string(out, ",");
        json_write_key(out, same[i]);
        buffer_append(out, json_raw(doc, node));
    }
    buffer_append_string(out, modern ? ",\"ttlMs\":" : ",\"ttl\":");
    buffer_append(out, ttl == JSON_NONE ? SLICE_LITERAL("null") : json_raw(doc, ttl));
    if (interval == JSON_NONE)
        return;
    buffer_append_string(out, modern ? ",\"pollIntervalMs\":" : ",\"pollInterval\":");
    buffer_append(out, json_raw(doc, interval));
}

static void begin_result(struct buffer *out, struct slice id)
{
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"result\":{");
}

// ---- Towards a modern client

static void write_modern_task(struct buffer *out, struct slice id, const char *kind,
                              const struct bridge_task *task)
{
    begin_result(out, id);
    buffer_append_string(out, "\"resultType\":\"");
    buffer_append_string(out, kind);
    buffer_append_string(out, "\",");
    write_members(out, task->doc, task->node, task->status, true);
}

static void end_modern_task(struct buffer *out, const struct json_doc *doc, uint32_t meta,
                            struct slice server_info)
{
    struct bridge_member changes[] = {{BRIDGE_META "related-task", {0}},
                                      {BRIDGE_META "serverInfo", server_info}};
    if (server_info.length > 0 || is_object(doc, meta)) {
        buffer_append_string(out, ",\"_meta\":");
        changes[1].value = server_info.length > 0 ? server_info : (struct slice){0};
        bridge_write_object(out, doc, is_object(doc, meta) ? meta : (uint32_t)JSON_NONE, changes,
                            2);
    }
    buffer_append_string(out, "}}");
}

void bridge_write_new_task(struct buffer *out, struct slice id, const struct bridge_task *task,
                           uint32_t meta, struct slice server_info)
{
    write_modern_task(out, id, "task", task);
    end_modern_task(out, task->doc, meta, server_info);
}

void bridge_write_task(struct buffer *out, struct slice id, const struct bridge_task *task,
                       struct slice payload, struct slice server_info)
{
    static const char *const names[] = {[BRIDGE_TASK_INPUT] = "inputRequests",
                                        [BRIDGE_TASK_COMPLETED] = "result",
                                        [BRIDGE_TASK_FAILED] = "error",
                                        [BRIDGE_TASK_CANCELLED] = NULL};
    write_modern_task(out, id, "complete", task);
    if (payload.length > 0 && names[task->status] != NULL) {
        buffer_append_string(out, ",");
        json_write_key(out, names[task->status]);
        buffer_append(out, payload);
    }
    end_modern_task(out, task->doc, JSON_NONE, server_info);
}

enum bridge_task_status bridge_write_task_outcome(struct buffer *out, const struct json_doc *doc,
                                                  const struct mcp_message *message)
{
    if (message->error != JSON_NONE) {
        bridge_write_error(out, doc, message->error, bridge_modern_code(doc, message->error));
        return BRIDGE_TASK_FAILED;
    }
    struct buffer meta;
    buffer_init(&meta, out->cap);
    struct bridge_member related[] = {{BRIDGE_META "related-task", {0}}};
    bridge_write_object(&meta, doc, json_get(doc, message->result, "_meta"), related, 1);
    // Words of the modern era that a legacy server has no right to.
    struct bridge_member changes[] = {
        {"_meta", meta.length > 2 ? buffer_slice(&meta) : (struct slice){0}},
        {"resultType", SLICE_LITERAL("\"complete\"")}, // it is a whole result of its method
        {"inputRequests", {0}},
        {"requestState", {0}}};
    bridge_write_object(out, doc, message->result, changes, sizeof changes / sizeof *changes);
    out->failed = out->failed || meta.failed;
    buffer_release(&meta);
    return BRIDGE_TASK_COMPLETED;
}

// ---- Towards a legacy client

void bridge_write_older_task(struct buffer *out, struct slice id, const struct bridge_task *task,
                             bool created)
{
    uint32_t meta = json_get(task->doc, task->node, "_meta");
    begin_result(out, id);
    buffer_append_string(out, created ? "\"task\":{" : "");
    write_members(out, task->doc, task->node, task->status, false);
    buffer_append_string(out, created ? "}" : "");
    if (is_object(task->doc, meta)) {
        buffer_append_string(out, ",\"_meta\":");
        buffer_append(out, json_raw(task->doc, meta));
    }
    buffer_append_string(out, "}}");
}

void bridge_write_task_result(struct buffer *out, struct slice id, const struct json_doc *doc,
                              uint32_t result, struct slice task)
{
    struct buffer related, meta;
    buffer_init(&related, out->cap);
    buffer_init(&meta, out->cap);
    buffer_append_string(&related, "{\"taskId\":");
    json_write_string(&related, task);
    buffer_append_string(&related, "}");
    struct bridge_member added[] = {{BRIDGE_META "related-task", buffer_slice(&related)}};
    bridge_write_object(&meta, doc, json_get(doc, result, "_meta"), added, 1);
    struct bridge_member changes[] = {{"resultType", {0}}, {"_meta", buffer_slice(&meta)}};
    buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buffer_append(out, id);
    buffer_append_string(out, ",\"result\":");
    bridge_write_object(out, doc, result, changes, 2);
    buffer_append_string(out, "}");
    out->failed = out->failed || related.failed || meta.failed;
    buffer_release(&related);
    buffer_release(&meta);
}

void bridge_write_task_end(struct buffer *out, struct slice id, const struct bridge_task *task,
                           struct slice name)
{
    uint32_t result = json_get(task->doc, task->node, "result");
    uint32_t error = json_get(task->doc, task->node, "error");
    if (task->status == BRIDGE_TASK_COMPLETED && is_object(task->doc, result)) {
        bridge_write_task_result(out, id, task->doc, result, name);
    } else if (task->status == BRIDGE_TASK_FAILED && is_object(task->doc, error)) {
        buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"id\":");
        buffer_append(out, id);
        buffer_append_string(out, ",\"error\":");
        bridge_write_error(out, task->doc, error,
                           bridge_legacy_code(task->doc, error, MCP_TOOLS_CALL));
        buffer_append_string(out, "}");
    } else {
        mcp_write_error(out, id, MCP_ERROR_INTERNAL,
                        task->status == BRIDGE_TASK_CANCELLED
                            ? SLICE_LITERAL("The task was cancelled; it has no result")
                            : SLICE_LITERAL("The task ended without a result"),
                        (struct slice){0});
    }
}

// Whether a call becomes a task is for the server to say in the modern era, and any may.
void bridge_write_tools(struct buffer *out, const struct json_doc *doc, uint32_t tools)
{
    static const struct bridge_member may[] = {
        {"execution", SLICE_LITERAL("{\"taskSupport\":\"optional\"}")}};
    const char *comma = "";
    buffer_append_string(out, "[");
    for (uint32_t e = json_first_element(doc, tools); e != JSON_NONE;
         e = json_next_element(doc, tools, e)) {
        buffer_append_string(out, comma);
        if (is_object(doc, e))
            bridge_write_object(out, doc, e, may, 1);
        else
            buffer_append(out, json_raw(doc, e));
        comma = ",";
    }
    buffer_append_string(out, "]");
}
