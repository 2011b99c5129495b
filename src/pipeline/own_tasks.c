// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/bridge_internal.h"

#include <stdio.h>

enum {
    OWN_TASKS_MAX = 100,        // of a session
    OWN_TASK_MS = 5 * 60 * 1000 // at most, and when the client does not say
};

struct own_task {
    struct list link; // session->tasks.own, oldest first
    char id[48];
    char created[CLOCK_TEXT_SIZE];
    int64_t ttl_ms;
    uint64_t until_us;
    bool judged;
    struct buffer result; // raw
};

static void drop(struct session *session, struct own_task *task)
{
    session->pipeline->bridge->parked_bytes -= task->result.length;
    session->tasks.own_count--;
    list_remove(&task->link);
    buffer_release(&task->result);
    memory_free(task);
}

void own_tasks_release(struct session *session)
{
    while (!list_empty(&session->tasks.own))
        drop(session, LIST_ENTRY(session->tasks.own.next, struct own_task, link));
}

void own_tasks_expire(struct session *session)
{
    uint64_t now_us = loop_now_us(session->pipeline->loop);
    LIST_EACH(&session->tasks.own, item)
    {
        struct own_task *task = LIST_ENTRY(item, struct own_task, link);
        if (task->until_us <= now_us)
            drop(session, task);
    }
}

bool own_task_due(const struct exchange *ex)
{
    return ex->wants_task && !ex->modern && ex->session != NULL && ex->session->tasks.offered &&
           ex->session->version == MCP_2025_11_25;
}

static struct own_task *keep(struct exchange *ex, struct slice result)
{
    struct session *session = ex->session;
    struct bridge *bridge = ex->pipeline->bridge;
    if (session->tasks.own_count >= OWN_TASKS_MAX)
        drop(session, LIST_ENTRY(session->tasks.own.next, struct own_task, link));
    struct own_task *task = memory_try_new(sizeof *task);
    if (task == NULL)
        return NULL;
    buffer_init(&task->result, BRIDGE_TEXT_MAX);
    if (result.length > BRIDGE_PARKED_BYTES - bridge->parked_bytes ||
        buffer_append(&task->result, result) != 0) {
        buffer_release(&task->result);
        memory_free(task);
        return NULL;
    }
    bridge->parked_bytes += result.length;
    session->tasks.own_count++;
    list_append(&session->tasks.own, &task->link);
    return task;
}

// `created`: as the answer of the call that became it.
static void answer_with(struct exchange *ex, const struct own_task *task, bool created)
{
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_format(&body, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{%s",
                         SLICE_PRINT(ex->id), created ? "\"task\":{" : "");
    buffer_append_format(&body,
                         "\"taskId\":\"%s\",\"status\":\"completed\",\"createdAt\":\"%s\","
                         "\"lastUpdatedAt\":\"%s\",\"ttl\":%lld",
                         task->id, task->created, task->created, (long long)task->ttl_ms);
    buffer_append_string(&body, created ? "}}}" : "}}");
    exchange_answer_buffer(ex, 200, &body);
    buffer_release(&body);
}

int own_task_answer(struct exchange *ex, struct slice result, bool judged)
{
    struct own_task *task = keep(ex, result);
    if (task == NULL)
        return ERROR_LIMIT;
    char random[33];
    random_hex(random, 16);
    snprintf(task->id, sizeof task->id, "sallyport-%s", random);
    clock_format(clock_wall_ms(), task->created);
    bool short_lived = ex->task_ttl_ms >= 0 && ex->task_ttl_ms < OWN_TASK_MS;
    task->ttl_ms = short_lived ? ex->task_ttl_ms : OWN_TASK_MS;
    task->until_us = loop_now_us(ex->pipeline->loop) + (uint64_t)task->ttl_ms * 1000;
    task->judged = judged;
    origin_note_task(ex, slice_from_string(task->id), ex->subject);
    answer_with(ex, task, true);
    return 0;
}

static void answer_result(struct exchange *ex, const struct own_task *task)
{
    struct json_doc doc;
    struct bridge *bridge = ex->pipeline->bridge;
    struct upstream_message from = {.arena = &ex->arena};
    struct buffer *out = bridge_text(bridge, 1);
    json_doc_init(&doc);
    if (json_scan(&doc, buffer_slice(&task->result), NULL, NULL, NULL) == 0)
        bridge_write_task_result(out, ex->id, &doc, 0, slice_from_string(task->id));
    else
        out->failed = true;
    json_doc_release(&doc);
    if (task->judged && !out->failed)
        exchange_answer_buffer(ex, 200, out);
    else
        legacy_pass(ex, &from);
}

enum step_result own_task_step(struct exchange *ex)
{
    if (ex->session == NULL)
        return STEP_NEXT;
    own_tasks_expire(ex->session);
    LIST_EACH(&ex->session->tasks.own, item)
    {
        const struct own_task *task = LIST_ENTRY(item, struct own_task, link);
        if (!slice_equal_string(ex->subject, task->id))
            continue;
        if (ex->method == MCP_TASKS_CANCEL)
            return exchange_refuse(ex, 200, MCP_ERROR_INVALID_PARAMS,
                                   "Cannot cancel task: already in terminal status 'completed'");
        if (ex->method == MCP_TASKS_RESULT)
            answer_result(ex, task);
        else
            answer_with(ex, task, false);
        return STEP_REPLY;
    }
    return STEP_NEXT;
}
