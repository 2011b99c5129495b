// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A legacy client before a modern server. The session exists at the gateway only; each message goes
// out with what the client said once at its beginning.
#include "pipeline/bridge_internal.h"
#include "pipeline/toolbox_internal.h"

// ---- The session

struct bridge_session *bridge_session_new(void)
{
    struct bridge_session *session = memory_new(sizeof *session);
    buffer_init(&session->info, BRIDGE_CLIENT_MAX);
    buffer_init(&session->capabilities, BRIDGE_CLIENT_MAX);
    buffer_init(&session->with_tasks, BRIDGE_CLIENT_MAX);
    buffer_init(&session->log_level, 64);
    list_init(&session->watched);
    list_init(&session->subscribing);
    return session;
}

void bridge_session_release(struct bridge_session *session)
{
    if (session == NULL)
        return;
    LIST_EACH(&session->watched, item)
    {
        memory_free(LIST_ENTRY(item, struct watched, link));
    }
    buffer_release(&session->info);
    buffer_release(&session->capabilities);
    buffer_release(&session->with_tasks);
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
    bridge_session_release(session->bridge);
    session->bridge = NULL;
}

struct bridge_client modern_client(const struct bridge_session *session, bool with_tasks)
{
    const struct buffer *capabilities = with_tasks ? &session->with_tasks : &session->capabilities;
    return (struct bridge_client){buffer_slice(&session->info), buffer_slice(capabilities),
                                  buffer_slice(&session->log_level)};
}

// ---- One message of it

struct modern_call *modern_call_of(struct exchange *ex)
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
    questions_release(ex);
    ex->to_modern = NULL;
    bridge_session_release(call->opening);
    if (call->pause != NULL)
        loop_timer_close(call->pause);
    buffer_release(&call->text);
    buffer_release(&call->state);
    memory_free(call);
}

// ---- Messages of the session

int modern_send(struct exchange *ex, const struct bridge_retry *retry, struct error *error)
{
    struct modern_call *call = modern_call_of(ex);
    struct buffer text;
    call->as_task = own_task_due(ex);
    struct bridge_client client = modern_client(ex->session->bridge, call->as_task);
    buffer_init(&text, BRIDGE_TEXT_MAX);
    bridge_request_to_modern(&text, &ex->pipeline->doc, &ex->message, &client, retry);
    return modern_send_text(ex, &text, error);
}

int modern_send_text(struct exchange *ex, struct buffer *text, struct error *error)
{
    struct modern_call *call = ex->to_modern;
    struct json_doc *doc = &ex->pipeline->doc;
    int code;
    buffer_release(&call->text);
    call->text = *text;
    ex->text = buffer_slice(&call->text);
    ex->text_kept = true;
    if (text->failed)
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

bool bridge_cannot_call(const struct exchange *ex, struct slice tool)
{
    if (ex->session == NULL || ex->session->bridge == NULL || bridge_uses_link(ex->server))
        return false;
    const struct tool *known =
        toolbox_find(ex->pipeline, upstream_server_options(ex->server)->name, tool);
    return known != NULL && known->unusable;
}

static enum step_result forward(struct exchange *ex)
{
    struct error error = {0};
    if (ex->method == MCP_TOOLS_CALL && bridge_cannot_call(ex, ex->subject)) {
        limits_give_back(ex, false);
        ex->outcome = OUTCOME_FAILED;
        return exchange_refuse(ex, 200, MCP_ERROR_INVALID_PARAMS, "Unknown tool: %.*s",
                               SLICE_PRINT(ex->subject));
    }
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
    if (ex->method == MCP_TASKS_GET || ex->method == MCP_TASKS_RESULT ||
        ex->method == MCP_TASKS_CANCEL)
        return polls_step(ex);
    if (bridge_is_modern_method(ex->method_name))
        return exchange_refuse(ex, 200, MCP_ERROR_METHOD_NOT_FOUND, "Method not found");
    switch (ex->method) {
    case MCP_PING: return bridge_answer_result(ex, SLICE_LITERAL("{}"));
    case MCP_RESOURCES_SUBSCRIBE: return listen_subscribe(ex, true);
    case MCP_RESOURCES_UNSUBSCRIBE: return listen_subscribe(ex, false);
    default: return forward(ex);
    }
}

// ---- What comes back

void modern_begin_round(struct exchange *ex)
{
    ex->to_modern->asking = false;
    if (ex->call != NULL) // the earlier answer's stream is still open
        upstream_call_cancel(ex->call, false);
    ex->call = NULL;
    ex->upstream_answered = false;
    ex->upstream_status = 0;
}

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

// A task, for example, which this client could not ask for.
void modern_refuse_result(struct exchange *ex)
{
    ex->outcome = OUTCOME_FAILED;
    ex->reason = SLICE_LITERAL("The server answered in a way that this client's protocol has not");
    ex->upstream_answered = true;
    exchange_answer_error(ex, 200, MCP_ERROR_INTERNAL, ex->reason, (struct slice){0});
}

// Every message of the era that is not about a task.
static struct upstream_message *translate(struct exchange *ex, struct upstream_message *message)
{
    struct bridge *bridge = ex->pipeline->bridge;
    bool tasks = ex->session != NULL && ex->session->tasks.offered;
    struct slice id = message->message->id == JSON_NONE
                          ? SLICE_LITERAL("null")
                          : json_raw(message->doc, message->message->id);
    if (bridge_is_retry_id(ex, id))
        id = ex->id;
    bridge_response_to_legacy(bridge_text(bridge, 1), message->doc, message->message, id,
                              ex->method, tasks);
    return bridge_written(ex, message);
}

struct upstream_message *bridge_written(struct exchange *ex, const struct upstream_message *from)
{
    struct upstream_message *message = bridge_read_text(ex->pipeline->bridge, 1, from);
    if (message == NULL)
        exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL,
                              SLICE_LITERAL("The server's answer could not be translated"),
                              (struct slice){0});
    return message;
}

static struct upstream_message *take_response(struct exchange *ex, struct upstream_message *message)
{
    const struct modern_call *call = ex->to_modern;
    bool good = message->message->error == JSON_NONE;
    if (call->stage != STAGE_NONE)
        return polls_take(ex, message);
    enum bridge_result kind = bridge_result_kind(message->doc, message->message->result);
    if (kind == BRIDGE_INPUT_REQUIRED)
        return message;
    if (kind == BRIDGE_OTHER_RESULT || (kind == BRIDGE_TASK_RESULT && !call->as_task)) {
        modern_refuse_result(ex);
        return NULL;
    }
    return call->as_task && good ? polls_take_called(ex, message) : translate(ex, message);
}

struct upstream_message *bridge_to_legacy_form(struct exchange *ex,
                                               struct upstream_message *message)
{
    if (message->doc == NULL)
        return NULL; // marks of resumption, which this era does not have
    if (message->message->kind == MCP_REQUEST) {
        log_event(LOG_WARNING, "pipeline",
                  "a server sent a request, which its era has not; dropped");
        return NULL;
    }
    message = bridge_apply_edits(ex->pipeline->bridge, message);
    if (message == NULL || message->message->kind == MCP_NOTIFICATION)
        return message;
    if (era_is_refusal(ex->upstream_status, message)) {
        modern_server_changed(ex);
        return NULL;
    }
    if (ex->upstream_status == 400 || ex->upstream_status == 404)
        ex->upstream_status = 200; // an error in the older eras is an answer like others
    return take_response(ex, message);
}
