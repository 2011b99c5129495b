// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The initialize of a legacy client before a modern server, answered from server/discover.
#include "pipeline/bridge_internal.h"

static bool has_true(const struct json_doc *doc, uint32_t capabilities, const char *name)
{
    uint32_t node = json_get(doc, json_get(doc, capabilities, name), "listChanged");
    return node != JSON_NONE && json_type(doc, node) == JSON_TRUE;
}

static void take_discovery(struct exchange *ex, struct modern_call *call,
                           const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    uint32_t result = message->message->result;
    uint32_t capabilities = json_get(doc, result, "capabilities");
    struct bridge_session *session = call->opening;
    session->news_tools = has_true(doc, capabilities, "tools");
    session->news_prompts = has_true(doc, capabilities, "prompts");
    session->news_resources = has_true(doc, capabilities, "resources");
    session->can_log = json_get(doc, capabilities, "logging") != JSON_NONE;
    session->has_tasks = bridge_legacy_version(ex->message.version) == MCP_2025_11_25 &&
                         bridge_knows_tasks(doc, capabilities);
    // Servers of the legacy era log without being asked; the modern ones only when they are.
    if (session->can_log)
        buffer_append_string(&session->log_level, "\"info\"");
    enum mcp_version version = bridge_legacy_version(ex->message.version);
    buffer_clear(&call->text);
    bridge_write_initialize_result(&call->text, ex->id, doc, result, version,
                                   upstream_server_options(ex->server)->name);
    call->found = !call->text.failed;
}

static void on_head(void *argument, const struct upstream_head *head)
{
    struct exchange *ex = argument;
    ex->upstream_status = head->status;
}

static void on_message(void *argument, struct upstream_message *message)
{
    struct exchange *ex = argument;
    struct modern_call *call = ex->to_modern;
    if (message->doc == NULL || message->message->kind != MCP_RESPONSE)
        return;
    call->verdict = era_verdict(ex->upstream_status, message);
    call->refused = message->message->result == JSON_NONE;
    if (call->verdict == VERDICT_YES && !call->refused)
        take_discovery(ex, call, message);
}

static int begin_session(struct exchange *ex)
{
    struct session *session = ex->session;
    if (session == NULL) {
        session = session_new(ex);
        if (session == NULL)
            return ERROR_NO_MEMORY;
        ex->session = ex->minted = session;
        list_append(&session->exchanges, &ex->session_link);
    }
    bridge_session_free(session);  // a stdio client may initialize again
    if (session->shared != NULL) { // modern clients share another process
        shared_exchange_over(ex);
        session->shared = NULL;
        session->child = NULL;
    }
    session->bridge = ex->to_modern->opening;
    ex->to_modern->opening = NULL;
    session->version = bridge_legacy_version(ex->message.version);
    session->tasks.offered = session->bridge->has_tasks;
    buffer_clear(&session->upstream_id);
    buffer_clear(&session->greeting);
    if (session->stdio != NULL && ex->client_name.length > 0) {
        memory_free(session->client_name);
        session->client_name = memory_copy_string(ex->client_name.data, ex->client_name.length);
    }
    return 0;
}

// The answer that made us look for the modern era, or words of our own.
static void open_failed(struct exchange *ex)
{
    struct server_era *era = era_of(ex);
    ex->result_failed = true;
    if (ex->era_status != 0 && ex->era_answer.length == 0) {
        modern_release(ex);
        ex->upstream_status = ex->era_status;
        answer_end(ex);
        return;
    }
    if (ex->era_answer.length > 0) {
        int status = ex->era_status / 100 == 4 ? ex->era_status : 200;
        ex->upstream_answered = true;
        exchange_answer(ex, status, ex->era_answer);
        exchange_finish(ex);
        return;
    }
    if (ex->to_modern->verdict == VERDICT_NO && !ex->era_settled && era != NULL) {
        // It has learned the older words since it was last asked.
        bridge_forget_era(ex->pipeline, ex->server);
        modern_release(ex);
        ex->era_settled = true;
        ex->result_failed = false;
        ex->upstream_status = 0;
        bridge_resume(ex);
        return;
    }
    bridge_fail(ex, "Server '%.*s' could not be initialized",
                SLICE_PRINT(upstream_server_shown(ex->server)));
}

static int send_discovery(struct exchange *ex, struct error *error);

// A server may refuse the first message although it lists its version ("Version Negotiation").
static bool ask_again(struct exchange *ex)
{
    struct modern_call *call = ex->to_modern;
    struct error error = {0};
    if (call->verdict != VERDICT_YES || !call->refused || call->asked_again)
        return false;
    call->asked_again = true;
    ex->upstream_status = 0;
    return send_discovery(ex, &error) == 0;
}

static void on_end(void *argument)
{
    struct exchange *ex = argument;
    struct modern_call *call = ex->to_modern;
    ex->call = NULL;
    if (call->verdict == VERDICT_UNKNOWN)
        call->verdict = era_verdict(ex->upstream_status, NULL);
    if (!call->found && ask_again(ex))
        return;
    if (!call->found || call->opening->info.failed || call->opening->capabilities.failed ||
        call->opening->with_tasks.failed || begin_session(ex) != 0) {
        open_failed(ex);
        return;
    }
    struct server_era *era = era_of(ex);
    if (era != NULL) {
        era_set_modern(era, VERDICT_YES);
        era->legacy = VERDICT_NO;
    }
    ex->upstream_answered = true;
    exchange_answer_buffer(ex, 200, &call->text);
    exchange_finish(ex);
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct exchange *ex = argument;
    ex->call = NULL;
    if (ex->era_answer.length > 0 || ex->era_status != 0)
        open_failed(ex);
    else
        answer_error(ex, code, sent, text);
}

// The link that discovery goes over is the one that the session's messages will use.
static int find_link(struct exchange *ex, struct upstream_link **ret, struct error *error)
{
    *ret = NULL;
    if (!bridge_uses_link(ex->server))
        return 0;
    int result = send_prepare_child(ex, error);
    if (result == 0 && ex->session != NULL && ex->session->shared == NULL)
        *ret = ex->session->child;
    if (result == 0 && *ret == NULL)
        *ret = shared_child(ex, error);
    return result == 0 && *ret == NULL ? ERROR_UNREACHABLE : result;
}

static void keep_raw(struct buffer *out, const struct json_doc *doc, uint32_t node)
{
    if (node != JSON_NONE && json_type(doc, node) == JSON_OBJECT)
        buffer_append(out, json_raw(doc, node));
}

static int send_discovery(struct exchange *ex, struct error *error)
{
    struct upstream_link *link;
    int result = find_link(ex, &link, error);
    struct buffer text;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    struct bridge_client client = modern_client(ex->to_modern->opening, false);
    bridge_write_discover(&text, ex->id, &client);
    const struct http_header headers[] = {
        {SLICE_LITERAL(VERSION_HEADER), mcp_version_text(MCP_2026_07_28)},
        {SLICE_LITERAL(METHOD_HEADER), SLICE_LITERAL("server/discover")}};
    struct upstream_call_events events = {on_head, on_message, on_end, on_error, ex};
    ex->sent_us = clock_monotonic_us();
    if (result == 0)
        result = bridge_send_text(ex->server, link, buffer_slice(&text), headers, 2, &events,
                                  &ex->call, error);
    buffer_release(&text);
    return result;
}

enum step_result modern_open(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    struct modern_call *call = modern_call_of(ex);
    struct error error = {0};
    uint32_t asked = json_get(doc, ex->message.params, "protocolVersion");
    ex->message.version = (struct slice){"", 0};
    if (asked != JSON_NONE && json_type(doc, asked) == JSON_STRING)
        ex->message.version = arena_copy(&ex->arena, json_string(doc, asked, &ex->arena));
    call->opening = bridge_session_new();
    keep_raw(&call->opening->info, doc, json_get(doc, ex->message.params, "clientInfo"));
    uint32_t capabilities = json_get(doc, ex->message.params, "capabilities");
    bridge_write_abilities(&call->opening->capabilities, doc, capabilities, BRIDGE_NO_TASKS);
    bridge_write_abilities(&call->opening->with_tasks, doc, capabilities, BRIDGE_NEWER_TASKS);
    bool stdio = ex->session != NULL && ex->session->stdio != NULL;
    if (stdio && !send_keep_text(ex))
        return STEP_FAIL;
    int result = send_discovery(ex, &error);
    return result == 0 ? STEP_WAIT : send_refuse(ex, result, &error);
}
