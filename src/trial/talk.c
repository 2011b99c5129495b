// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The messages of a trial: what is asked, and what is kept of the answers.
#include "trial/trial_internal.h"

#include "bridge/bridge.h"

#include <stdio.h>

static const struct bridge_client nobody = {
    .info = {"{\"name\":\"sallyport\",\"version\":\"0\"}", 34}};

// Printable ASCII and UTF-8, cut.
void trial_keep_text(char *text, size_t size, struct slice from)
{
    size_t length = from.length < size - 1 ? from.length : size - 1;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)from.data[i];
        text[i] = c < 0x20 || c == 0x7F ? '?' : (char)c;
    }
    text[length] = '\0';
}

// ---- What is asked

static void write_list(struct trial *trial, struct buffer *out)
{
    buffer_append_format(out,
                         "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"tools/list\",\"params\":{",
                         trial->result.pages + 10);
    if (trial->cursor[0] != '\0')
        buffer_append_format(out, "\"cursor\":%s%s", trial->cursor,
                             trial->result.modern ? "," : "");
    if (trial->result.modern)
        buffer_append_string(out, "\"_meta\":{\"" BRIDGE_META
                                  "protocolVersion\":\"2026-07-28\",\"" BRIDGE_META
                                  "clientCapabilities\":{},\"" BRIDGE_META
                                  "clientInfo\":{\"name\":\"sallyport\",\"version\":\"0\"}}");
    buffer_append_string(out, "}}");
}

void trial_write_message(struct trial *trial, struct buffer *out)
{
    switch (trial->step) {
    case TRIAL_DISCOVER: bridge_write_discover(out, SLICE_LITERAL("1"), &nobody); break;
    case TRIAL_INITIALIZE:
        bridge_write_initialize(out, SLICE_LITERAL("2"), MCP_2025_11_25, NULL, JSON_NONE,
                                JSON_NONE);
        break;
    case TRIAL_INITIALIZED:
        buffer_append_string(out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
        break;
    case TRIAL_LIST: write_list(trial, out); break;
    }
}

size_t trial_headers(const struct trial *trial, struct http_header headers[3])
{
    size_t count = 0;
    bool modern = trial->step == TRIAL_DISCOVER || trial->result.modern;
    struct slice version =
        modern ? SLICE_LITERAL("2026-07-28") : slice_from_string(trial->result.version);
    if (trial->step != TRIAL_INITIALIZE)
        headers[count++] = (struct http_header){SLICE_LITERAL("MCP-Protocol-Version"), version};
    if (modern)
        headers[count++] =
            (struct http_header){SLICE_LITERAL("Mcp-Method"), trial->step == TRIAL_DISCOVER
                                                                  ? SLICE_LITERAL("server/discover")
                                                                  : SLICE_LITERAL("tools/list")};
    if (trial->session[0] != '\0')
        headers[count++] = (struct http_header){SLICE_LITERAL("Mcp-Session-Id"),
                                                slice_from_string(trial->session)};
    return count;
}

// ---- What is answered

static void take_string(const struct json_doc *doc, uint32_t object, const char *name,
                        struct arena *arena, char *text, size_t size)
{
    uint32_t node = json_get(doc, object, name);
    struct slice value = {"", 0};
    if (node != JSON_NONE && json_type(doc, node) == JSON_STRING)
        value = json_string(doc, node, arena);
    trial_keep_text(text, size, value.data == NULL ? (struct slice){"", 0} : value);
}

static void take_server_info(struct trial *trial, const struct upstream_message *message,
                             uint32_t info)
{
    take_string(message->doc, info, "name", message->arena, trial->result.server_name,
                sizeof trial->result.server_name);
    take_string(message->doc, info, "version", message->arena, trial->result.server_version,
                sizeof trial->result.server_version);
}

static void take_discovered(struct trial *trial, const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    uint32_t result = message->message->result;
    uint32_t versions = json_get(doc, result, "supportedVersions");
    bool list = versions != JSON_NONE && json_type(doc, versions) == JSON_ARRAY;
    for (uint32_t item = list ? json_first_element(doc, versions) : JSON_NONE; item != JSON_NONE;
         item = json_next_element(doc, versions, item))
        trial->result.modern = trial->result.modern ||
                               (json_type(doc, item) == JSON_STRING &&
                                json_string_equals(doc, item, mcp_version_text(MCP_2026_07_28)));
    if (!trial->result.modern)
        return;
    snprintf(trial->result.version, sizeof trial->result.version, "2026-07-28");
    trial->has_tools = json_get(doc, json_get(doc, result, "capabilities"), "tools") != JSON_NONE;
    take_server_info(trial, message,
                     json_get(doc, json_get(doc, result, "_meta"), BRIDGE_META "serverInfo"));
}

static void take_initialized(struct trial *trial, const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    uint32_t result = message->message->result;
    take_string(doc, result, "protocolVersion", message->arena, trial->result.version,
                sizeof trial->result.version);
    trial->has_tools = json_get(doc, json_get(doc, result, "capabilities"), "tools") != JSON_NONE;
    take_server_info(trial, message, json_get(doc, result, "serverInfo"));
}

// One tool of a list, as far as there is room.
static void take_tool(struct trial *trial, const struct upstream_message *message, uint32_t tool)
{
    struct trial_result *result = &trial->result;
    struct slice raw = json_raw(message->doc, tool);
    result->tool_count++;
    if (result->tool_count > trial->given.tools_max ||
        result->tools.length + result->names.length + raw.length >= trial->given.tools_bytes_max) {
        result->more = true;
        return;
    }
    if (trial->given.definitions) {
        buffer_append_string(&result->tools, result->tools.length == 0 ? "" : ",");
        buffer_append(&result->tools, raw);
    }
    if (trial->given.names) {
        char name[TRIAL_NAME_MAX];
        take_string(message->doc, tool, "name", message->arena, name, sizeof name);
        buffer_append_string(&result->names, result->names.length == 0 ? "" : ",");
        json_write_string(&result->names, slice_from_string(name));
    }
}

static void take_tools(struct trial *trial, const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    struct trial_result *result = &trial->result;
    uint32_t tools = json_get(doc, message->message->result, "tools");
    uint32_t next = json_get(doc, message->message->result, "nextCursor");
    trial->no_list = tools == JSON_NONE || json_type(doc, tools) != JSON_ARRAY;
    result->pages++;
    trial->cursor[0] = '\0';
    for (uint32_t item = trial->no_list ? JSON_NONE : json_first_element(doc, tools);
         item != JSON_NONE; item = json_next_element(doc, tools, item))
        take_tool(trial, message, item);
    if (next == JSON_NONE || json_type(doc, next) != JSON_STRING)
        return;
    struct slice raw = json_raw(doc, next);
    if (result->pages >= trial->given.pages_max || raw.length >= sizeof trial->cursor ||
        result->more)
        result->more = true;
    else
        snprintf(trial->cursor, sizeof trial->cursor, "%.*s", SLICE_PRINT(raw));
}

void trial_on_head(void *argument, const struct upstream_head *head)
{
    struct trial *trial = argument;
    trial->status = head->status;
    if (head->challenge.data != NULL)
        trial_keep_text(trial->result.challenge, sizeof trial->result.challenge, head->challenge);
    if (trial->step == TRIAL_INITIALIZE && head->session_id.data != NULL &&
        head->session_id.length < sizeof trial->session)
        snprintf(trial->session, sizeof trial->session, "%.*s", SLICE_PRINT(head->session_id));
}

void trial_on_message(void *argument, struct upstream_message *message)
{
    struct trial *trial = argument;
    if (message->doc == NULL || message->message->kind != MCP_RESPONSE || trial->over)
        return;
    trial->answered = true;
    if (message->message->error != JSON_NONE) {
        uint32_t code = json_get(message->doc, message->message->error, "code");
        if (code == JSON_NONE || json_integer(message->doc, code, &trial->error_code) != 0)
            trial->error_code = MCP_ERROR_INTERNAL;
        take_string(message->doc, message->message->error, "message", message->arena,
                    trial->result.detail, 300);
    } else if (trial->step == TRIAL_DISCOVER) {
        take_discovered(trial, message);
    } else if (trial->step == TRIAL_INITIALIZE) {
        take_initialized(trial, message);
    } else if (trial->step == TRIAL_LIST) {
        take_tools(trial, message);
    }
}
