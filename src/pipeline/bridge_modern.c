// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A legacy client before a modern server. The session exists at the gateway only; each message goes
// out with what the client said once at its beginning.
#include "pipeline/bridge_internal.h"

// ---- The session

static struct bridge_session *new_session(void)
{
    struct bridge_session *session = memory_new(sizeof *session);
    buffer_init(&session->info, BRIDGE_CLIENT_MAX);
    buffer_init(&session->capabilities, BRIDGE_CLIENT_MAX);
    buffer_init(&session->log_level, 64);
    list_init(&session->watched);
    list_init(&session->subscribing);
    return session;
}

static void free_session(struct bridge_session *session)
{
    if (session == NULL)
        return;
    LIST_EACH(&session->watched, item)
    {
        memory_free(LIST_ENTRY(item, struct watched, link));
    }
    buffer_release(&session->info);
    buffer_release(&session->capabilities);
    buffer_release(&session->log_level);
    memory_free(session);
}

// Messages that wait for the session's client can never be answered now.
static struct exchange *waiting_message(const struct session *session)
{
    LIST_EACH(&session->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, session_link);
        if (ex->to_modern != NULL && ex->to_modern->asking)
            return ex;
    }
    return NULL;
}

void bridge_session_free(struct session *session)
{
    struct exchange *ex;
    if (session->bridge == NULL)
        return;
    while ((ex = waiting_message(session)) != NULL)
        bridge_fail(ex, "The session ended");
    listen_release(session);
    free_session(session->bridge);
    session->bridge = NULL;
}

struct bridge_client modern_client(const struct bridge_session *session)
{
    return (struct bridge_client){buffer_slice(&session->info),
                                  buffer_slice(&session->capabilities),
                                  buffer_slice(&session->log_level)};
}

// ---- initialize

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
    ex->answered_us = clock_monotonic_us();
}

static void on_message(void *argument, struct upstream_message *message)
{
    struct exchange *ex = argument;
    struct modern_call *call = ex->to_modern;
    if (message->doc == NULL || message->message->kind != MCP_RESPONSE)
        return;
    call->verdict = era_verdict(ex->upstream_status, message);
    if (call->verdict == VERDICT_YES && message->message->result != JSON_NONE)
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
                SLICE_PRINT(upstream_server_options(ex->server)->name));
}

static void on_end(void *argument)
{
    struct exchange *ex = argument;
    struct modern_call *call = ex->to_modern;
    ex->call = NULL;
    if (call->verdict == VERDICT_UNKNOWN)
        call->verdict = era_verdict(ex->upstream_status, NULL);
    if (!call->found || call->opening->info.failed || call->opening->capabilities.failed ||
        begin_session(ex) != 0) {
        open_failed(ex);
        return;
    }
    struct server_era *era = era_of(ex);
    if (era != NULL) {
        era->modern = VERDICT_YES;
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

static struct modern_call *call_of(struct exchange *ex)
{
    if (ex->to_modern != NULL)
        return ex->to_modern;
    ex->to_modern = memory_new(sizeof *ex->to_modern);
    buffer_init(&ex->to_modern->text, BRIDGE_TEXT_MAX);
    buffer_init(&ex->to_modern->state, BRIDGE_TEXT_MAX);
    list_init(&ex->to_modern->questions);
    return ex->to_modern;
}

void modern_release(struct exchange *ex)
{
    struct modern_call *call = ex->to_modern;
    if (call == NULL)
        return;
    ex->to_modern = NULL;
    questions_release(call);
    free_session(call->opening);
    if (call->pause != NULL)
        loop_timer_close(call->pause);
    buffer_release(&call->text);
    buffer_release(&call->state);
    memory_free(call);
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

enum step_result modern_open(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    struct modern_call *call = call_of(ex);
    struct error error = {0};
    struct upstream_link *link;
    uint32_t asked = json_get(doc, ex->message.params, "protocolVersion");
    ex->message.version = (struct slice){"", 0};
    if (asked != JSON_NONE && json_type(doc, asked) == JSON_STRING)
        ex->message.version = arena_copy(&ex->arena, json_string(doc, asked, &ex->arena));
    call->opening = new_session();
    keep_raw(&call->opening->info, doc, json_get(doc, ex->message.params, "clientInfo"));
    keep_raw(&call->opening->capabilities, doc, json_get(doc, ex->message.params, "capabilities"));
    bool stdio = ex->session != NULL && ex->session->stdio != NULL;
    if (stdio && !send_keep_text(ex))
        return STEP_FAIL;
    int result = find_link(ex, &link, &error);
    struct buffer text;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    struct bridge_client client = modern_client(call->opening);
    bridge_write_discover(&text, ex->id, &client);
    const struct http_header headers[] = {
        {SLICE_LITERAL(VERSION_HEADER), mcp_version_text(MCP_2026_07_28)},
        {SLICE_LITERAL(METHOD_HEADER), SLICE_LITERAL("server/discover")}};
    struct upstream_call_events events = {on_head, on_message, on_end, on_error, ex};
    ex->sent_us = clock_monotonic_us();
    if (result == 0)
        result = bridge_send_text(ex->server, link, buffer_slice(&text), headers, 2, &events,
                                  &ex->call, &error);
    buffer_release(&text);
    return result == 0 ? STEP_WAIT : send_refuse(ex, result, &error);
}

// ---- Messages of the session

int modern_send(struct exchange *ex, const struct bridge_retry *retry, struct error *error)
{
    struct modern_call *call = call_of(ex);
    struct json_doc *doc = &ex->pipeline->doc;
    struct bridge_client client = modern_client(ex->session->bridge);
    struct buffer text;
    int code;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    bridge_request_to_modern(&text, doc, &ex->message, &client, retry);
    buffer_release(&call->text);
    call->text = text;
    ex->text = buffer_slice(&call->text);
    ex->text_kept = true;
    if (text.failed)
        return error_set(error, ERROR_NO_MEMORY, "the message is too large to be translated");
    int result = json_scan(doc, ex->text, NULL, error, NULL);
    if (result == 0)
        result = mcp_decode(doc, 0, &ex->arena, &ex->message, &code, error);
    if (result == 0)
        result = headers_for_modern(ex);
    if (result == 0)
        result = send_prepare_child(ex, error);
    return result == 0 ? send_judged(ex, error) : result;
}

static enum step_result forward(struct exchange *ex)
{
    struct error error = {0};
    int result = modern_send(ex, NULL, &error);
    return result == 0 ? STEP_WAIT : send_refuse(ex, result, &error);
}

// The client waits for nothing any more; a modern server learns of it by the closed stream.
static void cancel(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t id = json_get(doc, ex->message.params, "requestId");
    if (id == JSON_NONE)
        return;
    LIST_EACH(&ex->session->exchanges, item)
    {
        struct exchange *other = LIST_ENTRY(item, struct exchange, session_link);
        if (other == ex || other->to_modern == NULL || other->method == MCP_INITIALIZE ||
            !slice_equal(other->id, json_raw(doc, id)))
            continue;
        if (other->call != NULL)
            upstream_call_cancel(other->call, true);
        other->call = NULL;
        other->answered = other->face == &stdio_face;
        exchange_finish(other);
        return;
    }
}

static enum step_result take_notification(struct exchange *ex)
{
    if (ex->method == MCP_CANCELLED)
        cancel(ex);
    if (ex->method == MCP_INITIALIZED)
        listen_update(ex->session);
    exchange_answer(ex, 202, (struct slice){0}); // the modern era has no others
    return STEP_REPLY;
}

static enum step_result set_level(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    struct bridge_session *session = ex->session->bridge;
    uint32_t level = json_get(doc, ex->message.params, "level");
    if (level == JSON_NONE || json_type(doc, level) != JSON_STRING ||
        bridge_log_severity(json_string(doc, level, &ex->arena)) < 0)
        return exchange_refuse(ex, 200, MCP_ERROR_INVALID_PARAMS, "Unknown logging level");
    buffer_clear(&session->log_level);
    buffer_append(&session->log_level, json_raw(doc, level));
    return bridge_answer_result(ex, SLICE_LITERAL("{}"));
}

enum step_result modern_step(struct exchange *ex)
{
    if (ex->message_kind == MCP_RESPONSE)
        return questions_take_answer(ex);
    if (ex->message_kind == MCP_NOTIFICATION)
        return take_notification(ex);
    if (slice_equal_string(ex->method_name, "logging/setLevel"))
        return set_level(ex);
    switch (ex->method) {
    case MCP_PING: return bridge_answer_result(ex, SLICE_LITERAL("{}"));
    case MCP_RESOURCES_SUBSCRIBE: return listen_subscribe(ex, true);
    case MCP_RESOURCES_UNSUBSCRIBE: return listen_subscribe(ex, false);
    default: return forward(ex);
    }
}

// ---- What comes back

void modern_server_changed(struct exchange *ex)
{
    struct session *session = ex->session;
    bridge_forget_era(ex->pipeline, ex->server);
    limits_give_back(ex, false);
    ex->outcome = OUTCOME_FAILED;
    exchange_refuse(ex, 404, MCP_ERROR_INVALID_REQUEST,
                    "The server changed its protocol; send initialize again");
    exchange_finish(ex);
    if (session != NULL && session->stdio == NULL)
        session_end(session, "the server changed its protocol");
}

struct upstream_message *bridge_to_legacy_form(struct exchange *ex,
                                               struct upstream_message *message)
{
    struct bridge *bridge = ex->pipeline->bridge;
    if (message->doc == NULL)
        return NULL; // marks of resumption, which this era does not have
    if (message->message->kind == MCP_REQUEST) {
        log_event(LOG_WARNING, "pipeline",
                  "a server sent a request, which its era has not; dropped");
        return NULL;
    }
    message = bridge_apply_edits(bridge, message);
    if (message == NULL || message->message->kind == MCP_NOTIFICATION)
        return message;
    if (era_is_refusal(ex->upstream_status, message)) {
        modern_server_changed(ex);
        return NULL;
    }
    if (ex->upstream_status == 400 || ex->upstream_status == 404)
        ex->upstream_status = 200; // an error in the older eras is an answer like others
    if (bridge_is_input_required(message->doc, message->message->result))
        return message;
    struct slice id = message->message->id == JSON_NONE
                          ? SLICE_LITERAL("null")
                          : json_raw(message->doc, message->message->id);
    bridge_response_to_legacy(bridge_text(bridge, 1), message->doc, message->message, id,
                              ex->method);
    struct upstream_message *translated = bridge_read_text(bridge, 1, message);
    if (translated == NULL)
        exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL,
                              SLICE_LITERAL("The server's answer could not be translated"),
                              (struct slice){0});
    return translated;
}
