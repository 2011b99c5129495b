// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/page_internal.h"

#include "base/clock.h"

enum { KEYS_MAX = 64, KEY_LENGTH_MAX = 128 };

// The names of arguments are always logged.
static void decode_argument_keys(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t arguments = ex->message.arguments;
    if (arguments == JSON_NONE || json_at(doc, arguments)->count == 0)
        return;
    size_t count = json_at(doc, arguments)->count;
    struct slice *keys =
        arena_take(&ex->arena, (count < KEYS_MAX ? count : KEYS_MAX) * sizeof *keys);
    if (keys == NULL)
        return;
    size_t n = 0;
    for (uint32_t key = json_first_key(doc, arguments); key != JSON_NONE && n < KEYS_MAX;
         key = json_next_key(doc, arguments, key)) {
        struct slice name = json_string(doc, key, &ex->arena);
        if (name.length > KEY_LENGTH_MAX)
            name.length = KEY_LENGTH_MAX;
        keys[n] = arena_copy(&ex->arena, name);
        if (keys[n].data != NULL)
            n++;
    }
    ex->argument_keys = keys;
    ex->argument_key_count = n;
}

// ---- Their values, where an organisation wants them

enum { MASK_MOST_US = 5000 }; // of expressions over one call's arguments

static const struct policy_mask *mask_of(const struct exchange *ex)
{
    const struct pipeline_rules *rules = &ex->rules->given;
    if (ex->grant == NULL)
        return NULL;
    for (size_t i = 0; i < rules->mask_count; i++)
        if (slice_equal(rules->masks[i].organisation, ex->grant->organisation))
            return rules->masks[i].mask;
    return NULL;
}

static bool in_time(void *argument)
{
    const uint64_t *end = argument;
    return clock_thread_us() < *end;
}

static void decode_arguments(struct exchange *ex)
{
    const struct policy_mask *mask = mask_of(ex);
    if (mask == NULL || ex->message.arguments == JSON_NONE)
        return;
    uint64_t end = clock_thread_us() + MASK_MOST_US;
    const struct policy_masked_call call = {.doc = &ex->pipeline->doc,
                                            .args = ex->message.arguments,
                                            .may_go_on = in_time,
                                            .argument = &end};
    struct buffer out;
    buffer_init(&out, POLICY_MASK_MOST);
    ex->arguments_left_out = policy_mask_write(mask, &call, &ex->arena, &out);
    ex->arguments = out.failed ? (struct slice){0} : arena_copy(&ex->arena, buffer_slice(&out));
    if (ex->arguments.data == NULL)
        ex->arguments_left_out = ex->argument_key_count;
    buffer_release(&out);
}

static struct slice copy_raw(struct exchange *ex, uint32_t node)
{
    if (node == JSON_NONE)
        return (struct slice){0};
    return arena_copy(&ex->arena, json_raw(&ex->pipeline->doc, node));
}

static bool asks_for(const struct exchange *ex, const char *name)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t wanted = json_get(doc, json_get(doc, ex->message.params, "notifications"), name);
    return wanted != JSON_NONE && json_type(doc, wanted) == JSON_TRUE;
}

// 2025-11-25, "Creating Tasks".
static void decode_task(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t task = json_get(doc, ex->message.params, "task");
    ex->wants_task = task != JSON_NONE && json_type(doc, task) == JSON_OBJECT;
    uint32_t ttl = ex->wants_task ? json_get(doc, task, "ttl") : (uint32_t)JSON_NONE;
    if (ttl == JSON_NONE || json_integer(doc, ttl, &ex->task_ttl_ms) != 0)
        ex->task_ttl_ms = -1;
}

// The exchange outlives the client's bytes, so what the log will need is copied.
static bool keep_facts(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    const struct mcp_message *m = &ex->message;
    ex->method = m->method;
    ex->message_kind = m->kind;
    ex->subject = arena_copy(&ex->arena, m->subject);
    ex->progress_token = copy_raw(ex, m->progress_token);
    struct slice client = mcp_client_name(doc, m, &ex->arena);
    ex->client_name = client.data == NULL ? client : arena_copy(&ex->arena, client);
    ex->wants_log = m->log_level != JSON_NONE;
    ex->has_cursor = m->method == MCP_TOOLS_LIST && json_get(doc, m->params, "cursor") != JSON_NONE;
    decode_argument_keys(ex);
    if (ex->rules->given.mask_count > 0)
        decode_arguments(ex);
    if (m->method == MCP_TOOLS_CALL)
        decode_task(ex);
    if (m->method == MCP_INITIALIZE)
        ex->opens_pages = page_declared(ex);
    if (m->method == MCP_LISTEN) {
        ex->listens_tools = asks_for(ex, "toolsListChanged");
        ex->listens_prompts = asks_for(ex, "promptsListChanged");
        ex->listens_resources = asks_for(ex, "resourcesListChanged");
    }
    return ex->method_name.data != NULL && ex->subject.data != NULL && ex->client_name.data != NULL;
}

enum step_result step_decode(struct exchange *ex)
{
    struct json_doc *doc = &ex->pipeline->doc;
    struct error error = {0};
    size_t offset;
    int result = json_scan(doc, ex->text, NULL, &error, &offset);
    if (result == ERROR_SYNTAX)
        return exchange_refuse(ex, 400, MCP_ERROR_PARSE, "Parse error: %s", error.text);
    if (result != 0)
        return exchange_refuse(ex, 400, MCP_ERROR_INVALID_REQUEST, "Refused: %s", error.text);
    if (json_type(doc, 0) == JSON_ARRAY)
        return exchange_refuse(
            ex, 400, MCP_ERROR_INVALID_REQUEST,
            "Batches exist only in protocol version 2025-03-26, within a session");
    int code;
    result = mcp_decode(doc, 0, &ex->arena, &ex->message, &code, &error);
    ex->method_name = arena_copy(&ex->arena, ex->message.method_name);
    ex->id = copy_raw(ex, ex->message.id);
    if (result == ERROR_NO_MEMORY)
        return STEP_FAIL;
    if (result != 0)
        return exchange_refuse(
            ex, 400, code, "%s: %s",
            code == MCP_ERROR_INVALID_PARAMS ? "Invalid params" : "Invalid request", error.text);
    if (!keep_facts(ex))
        return STEP_FAIL;
    // 2026-07-28, "Versioning": the body's _meta tells the era; a header naming a version that is
    // not of the legacy era does, too.
    struct slice named = http_header_get(exchange_headers(ex), HTTP_MCP_PROTOCOL_VERSION);
    enum mcp_version header = mcp_version_parse(named);
    bool foreign =
        named.data != NULL && (header == MCP_VERSION_NONE || mcp_version_is_modern(header));
    bool has_session = ex->session != NULL;
    ex->modern = ex->message.version.data != NULL ||
                 (ex->message.kind == MCP_REQUEST && ex->message.has_capabilities) ||
                 (foreign && ex->method != MCP_INITIALIZE && !has_session);
    return STEP_NEXT;
}
