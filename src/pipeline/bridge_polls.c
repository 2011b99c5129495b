// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks of a modern server (the extension of 2026-07-28) for clients of 2025-11-25. Everything is
// learned from the server's tasks/get: a tasks/result is that, again and again until the task is
// over, and a tasks/cancel is one before and one behind it.
#include "pipeline/bridge_internal.h"

#include <stdio.h>

enum {
    POLL_MIN_MS = 100, // between two tasks/get for a client that waits
    POLL_MAX_MS = 10000,
    POLL_MS = 1000, // when the server does not say
    CANCEL_TRIES = 20,
    CANCEL_MS = 100
};

// ---- Asking

int polls_send(struct exchange *ex, const char *method, struct slice responses, struct error *error)
{
    struct modern_call *call = ex->to_modern;
    struct bridge_session *session = ex->session->bridge;
    struct bridge_client client = modern_client(session, true);
    struct buffer text;
    client.log_level = (struct slice){0};
    snprintf(call->retry_id, sizeof call->retry_id, "\"sallyport-retry-%llu\"",
             (unsigned long long)++session->next_id);
    buffer_init(&text, BRIDGE_TEXT_MAX);
    bridge_write_task_request(&text, slice_from_string(call->retry_id), method, ex->subject,
                              responses, &client);
    return modern_send_text(ex, &text, error);
}

static void next_cb(void *argument)
{
    struct exchange *ex = argument;
    struct modern_call *call = ex->to_modern;
    struct error error = {0};
    if (ex->client_gone) {
        exchange_finish(ex);
        return;
    }
    modern_begin_round(ex);
    const char *method = call->stage == STAGE_CANCEL ? "tasks/cancel" : "tasks/get";
    int result = polls_send(ex, method, (struct slice){0}, &error);
    if (result == 0)
        return;
    send_refuse(ex, result, &error);
    exchange_finish(ex);
}

// Not inside the server's callback. The exchange waits; an error ends it.
static void next(struct exchange *ex, enum task_stage stage, uint64_t ms)
{
    struct modern_call *call = ex->to_modern;
    call->stage = stage;
    if (call->pause == NULL)
        call->pause = loop_timer_open(ex->pipeline->loop, next_cb, ex);
    if (call->pause == NULL) {
        exchange_answer_error(ex, 500, MCP_ERROR_INTERNAL, SLICE_LITERAL("out of memory"),
                              (struct slice){0});
        return;
    }
    call->asking = true;
    call->asking_since_us = loop_now_us(ex->pipeline->loop);
    loop_timer_start(call->pause, ms, 0);
}

static uint64_t interval_of(const struct json_doc *doc, uint32_t task)
{
    int64_t ms;
    uint32_t node = json_get(doc, task, "pollIntervalMs");
    if (node == JSON_NONE || json_integer(doc, node, &ms) != 0)
        return POLL_MS;
    return ms < POLL_MIN_MS ? POLL_MIN_MS : ms > POLL_MAX_MS ? POLL_MAX_MS : (uint64_t)ms;
}

void polls_again(struct exchange *ex, const struct upstream_message *message)
{
    next(ex, STAGE_GET, interval_of(message->doc, message->message->result));
}

bool polls_is_asked(const struct exchange *ex, const struct upstream_message *message)
{
    return ex->to_modern->stage == STAGE_GET && ex->method == MCP_TASKS_RESULT &&
           bridge_task_status(message->doc, message->message->result) == BRIDGE_TASK_INPUT;
}

// ---- Answers

static struct upstream_message *refuse_cancel(struct exchange *ex, const struct bridge_task *task,
                                              const struct upstream_message *from)
{
    struct slice status = json_raw(task->doc, json_get(task->doc, task->node, "status"));
    struct slice text = arena_format(
        from->arena, "Cannot cancel task: already in terminal status %.*s", SLICE_PRINT(status));
    mcp_write_error(bridge_text(ex->pipeline->bridge, 1), ex->id, MCP_ERROR_INVALID_PARAMS, text,
                    (struct slice){0});
    return bridge_written(ex, from);
}

// What a tasks/get says to the client's own request; NULL: the exchange goes on.
static struct upstream_message *take_status(struct exchange *ex, const struct bridge_task *task,
                                            struct upstream_message *message)
{
    bool over = bridge_task_is_over(task->status);
    struct buffer *out = bridge_text(ex->pipeline->bridge, 1);
    if (ex->method != MCP_TASKS_RESULT) {
        bridge_write_older_task(out, ex->id, task, false);
        return bridge_written(ex, message);
    }
    if (over) {
        bridge_write_task_end(out, ex->id, task, ex->subject);
        return bridge_written(ex, message);
    }
    if (task->status == BRIDGE_TASK_INPUT)
        return message; // judged, and then asked
    polls_again(ex, message);
    return NULL;
}

// A session that ended meanwhile has nobody to go on for.
static bool is_over(struct exchange *ex)
{
    if (ex->session != NULL && ex->session->bridge != NULL)
        return false;
    ex->outcome = OUTCOME_FAILED;
    ex->upstream_answered = true;
    exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL, SLICE_LITERAL("The session ended"),
                          (struct slice){0});
    return true;
}

// True: the next message is on its way, and this one was not the client's answer.
static bool go_on(struct exchange *ex, bool over)
{
    struct modern_call *call = ex->to_modern;
    switch (call->stage) {
    case STAGE_CHECK:
        if (over)
            return false;
        next(ex, STAGE_CANCEL, 0);
        return true;
    case STAGE_CANCEL: next(ex, STAGE_CANCELLED, 0); return true;
    case STAGE_UPDATE: next(ex, STAGE_GET, 0); return true;
    case STAGE_CANCELLED:
        if (over || ++call->rounds >= CANCEL_TRIES)
            return false;
        next(ex, STAGE_CANCELLED, CANCEL_MS);
        return true;
    default: return false;
    }
}

struct upstream_message *polls_take(struct exchange *ex, struct upstream_message *message)
{
    enum task_stage stage = ex->to_modern->stage;
    const struct mcp_message *m = message->message;
    struct bridge_task task = {message->doc, m->result, BRIDGE_TASK_UNKNOWN};
    task.status = bridge_task_status(message->doc, m->result);
    if (is_over(ex))
        return NULL;
    if (m->error != JSON_NONE && stage != STAGE_UPDATE) {
        bridge_response_to_legacy(bridge_text(ex->pipeline->bridge, 1), message->doc, m, ex->id,
                                  ex->method, false);
        return bridge_written(ex, message);
    }
    if (go_on(ex, bridge_task_is_over(task.status)))
        return NULL;
    if (stage == STAGE_CHECK)
        return refuse_cancel(ex, &task, message);
    if (task.status != BRIDGE_TASK_UNKNOWN)
        return take_status(ex, &task, message);
    modern_refuse_result(ex);
    return NULL;
}

// ---- The call that becomes a task

struct upstream_message *polls_take_called(struct exchange *ex, struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    const struct json_doc *doc = message->doc;
    struct bridge_task task = {doc, m->result, bridge_task_status(doc, m->result)};
    if (is_over(ex))
        return NULL;
    if (bridge_result_kind(doc, m->result) == BRIDGE_TASK_RESULT &&
        task.status != BRIDGE_TASK_UNKNOWN) {
        bridge_write_older_task(bridge_text(ex->pipeline->bridge, 1), ex->id, &task, true);
        return bridge_written(ex, message);
    }
    // The server decided against a task, but its client waits for one.
    uint32_t failed = json_get(doc, m->result, "isError");
    ex->upstream_answered = true;
    ex->over_us = loop_now_us(ex->pipeline->loop);
    ex->result_failed = failed != JSON_NONE && json_type(doc, failed) == JSON_TRUE;
    if (own_task_answer(ex, json_raw(doc, m->result), false) != 0)
        exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL,
                              SLICE_LITERAL("The call has run; its result is larger than can be "
                                            "kept for a task, so call without one"),
                              (struct slice){0});
    return NULL;
}

enum step_result polls_step(struct exchange *ex)
{
    struct error error = {0};
    if (!ex->session->bridge->has_tasks)
        return exchange_refuse(ex, 200, MCP_ERROR_METHOD_NOT_FOUND, "Method not found");
    modern_call_of(ex)->stage = ex->method == MCP_TASKS_CANCEL ? STAGE_CHECK : STAGE_GET;
    int result = polls_send(ex, "tasks/get", (struct slice){0}, &error);
    return result == 0 ? STEP_WAIT : send_refuse(ex, result, &error);
}
