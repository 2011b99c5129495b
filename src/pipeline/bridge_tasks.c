// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks of a legacy server (2025-11-25) for clients of the extension of 2026-07-28. How a task is
// comes from tasks/get. What the newer era tells with it, the questions and the end, comes from a
// tasks/result that the gateway opens for it: the task's watch, a call without a client of its own.
#include "pipeline/bridge_internal.h"
#include "pipeline/toolbox_internal.h"

enum { QUESTION_WAIT_MS = 1000 }; // for the questions of a task that is said to have some

// ---- Which tasks there are

static struct legacy_task *find(const struct conversation *c, struct slice id)
{
    return c->tasks_by_id.slots == NULL ? NULL : table_get(&c->tasks_by_id, id);
}

static void drop(struct conversation *c, struct legacy_task *task)
{
    if (task->watch != NULL && task->watch->ex != NULL)
        bridge_fail(task->watch->ex, "Too many tasks have come since");
    if (task->watch != NULL)
        legacy_end_call(task->watch);
    table_remove(&c->tasks_by_id, slice_of(task->id, task->length));
    list_remove(&task->link);
    memory_free(task);
}

void tasks_release(struct conversation *c)
{
    while (!list_empty(&c->tasks))
        drop(c, LIST_ENTRY(c->tasks.next, struct legacy_task, link));
    table_release(&c->tasks_by_id);
}

static struct legacy_task *note(struct conversation *c, struct slice id)
{
    struct legacy_task *task = find(c, id);
    if (task != NULL)
        return task;
    task = memory_try_new(sizeof *task + id.length);
    if (task == NULL)
        return NULL;
    task->conversation = c;
    task->length = id.length;
    if (id.length > 0)
        memcpy(task->id, id.data, id.length);
    if (c->tasks_by_id.slots == NULL)
        table_init(&c->tasks_by_id);
    if (table_put(&c->tasks_by_id, slice_of(task->id, task->length), task) != 0) {
        memory_free(task);
        return NULL;
    }
    list_append(&c->tasks, &task->link);
    if (c->tasks_by_id.count > BRIDGE_TASKS_MAX)
        drop(c, LIST_ENTRY(c->tasks.next, struct legacy_task, link));
    return task;
}

// The conversation that a task came into being in; its server may know it nowhere else.
static struct legacy_task *find_of_grant(const struct exchange *ex)
{
    LIST_EACH(&ex->pipeline->bridge->conversations, item)
    {
        const struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        if (c->lost || c->server != ex->server || !slice_equal_string(ex->grant->id, c->grant_id))
            continue;
        struct legacy_task *task = find(c, ex->subject);
        if (task != NULL)
            return task;
    }
    return NULL;
}

// ---- Calls that become tasks

bool tasks_known_to_client(const struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    return bridge_knows_tasks(doc,
                              json_get(doc, ex->message.meta, BRIDGE_META "clientCapabilities"));
}

bool tasks_need_list(const struct exchange *ex, const struct conversation *c)
{
    return ex->method == MCP_TOOLS_CALL && c->has_tasks && !c->tools_listed &&
           tasks_known_to_client(ex) &&
           toolbox_find(ex->pipeline, upstream_server_options(ex->server)->name, ex->subject) ==
               NULL;
}

bool tasks_wanted(const struct exchange *ex, const struct conversation *c)
{
    if (ex->method != MCP_TOOLS_CALL || !c->has_tasks || !tasks_known_to_client(ex))
        return false;
    const struct tool *tool =
        toolbox_find(ex->pipeline, upstream_server_options(ex->server)->name, ex->subject);
    return tool != NULL && tool->may_be_task;
}

// A tool that runs as a task only, and no list has said so (2025-11-25, "Tool-Level Negotiation").
// It surely did not run.
static enum tasks_taken call_as_task(struct legacy_call *call)
{
    struct exchange *ex = call->ex;
    struct conversation *c = call->conversation;
    int severity = call->log_severity;
    call->ex = NULL;
    call->forgotten = true;
    ex->to_legacy = NULL;
    ex->call = NULL;
    if (call->call == NULL) // nothing else will end it
        legacy_end_call(call);
    if (bridge_rescan(ex) && legacy_send(ex, c, severity, true) != STEP_WAIT)
        exchange_finish(ex);
    return TASKS_GONE_ON;
}

static enum tasks_taken take_called(struct legacy_call *call,
                                    const struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    const struct json_doc *doc = message->doc;
    struct conversation *c = call->conversation;
    // The method is there, so this is about how it was called.
    if (!call->as_task && c->has_tasks &&
        legacy_error_code(message) == MCP_ERROR_METHOD_NOT_FOUND) {
        if (call->knows_tasks)
            return call_as_task(call);
        call->ex->upstream_answered = call->ex->result_failed = true;
        tasks_answer_unable(call->ex);
        return TASKS_ANSWERED;
    }
    uint32_t node = json_get(doc, m->result, "task");
    uint32_t id = json_get(doc, node, "taskId");
    if (!call->as_task || id == JSON_NONE || json_type(doc, id) != JSON_STRING)
        return TASKS_NOT_THEIRS;
    struct slice name = json_string(doc, id, message->arena);
    struct bridge_task task = {doc, node, bridge_task_status(doc, node)};
    if (name.data == NULL || task.status == BRIDGE_TASK_UNKNOWN)
        return TASKS_NOT_THEIRS;
    (void)note(c, name); // forgotten, it is asked for in the conversation of the day
    bridge_write_new_task(bridge_text(c->pipeline->bridge, 1), call->ex->id, &task,
                          json_get(doc, m->result, "_meta"), buffer_slice(&c->server_info));
    legacy_pass(call->ex, message);
    return TASKS_ANSWERED;
}

// ---- The watch

static size_t count_watches(const struct conversation *c)
{
    size_t count = 0;
    for (struct list *l = c->calls.next; l != &c->calls; l = l->next)
        count += LIST_ENTRY(l, struct legacy_call, link)->task != NULL;
    return count;
}

static struct legacy_call *watch_of(struct legacy_task *task)
{
    struct conversation *c = task->conversation;
    if (task->watch != NULL || count_watches(c) >= BRIDGE_WATCHES_MAX)
        return task->watch;
    struct legacy_call *watch = legacy_new_call(c, NULL);
    watch->method = MCP_TASKS_RESULT;
    watch->task = task;
    watch->next_question = task->next_question;
    watch->parked_us = loop_now_us(c->pipeline->loop);
    task->watch = watch;
    return watch;
}

static bool open_watch(struct legacy_call *watch)
{
    struct conversation *c = watch->conversation;
    struct upstream_call_events events = legacy_events(watch);
    struct error error = {0};
    struct buffer text;
    if (watch->call != NULL || watch->responded || watch->reopen != NULL)
        return true;
    buffer_init(&text, 0);
    bridge_write_request(&text, slice_from_string(watch->id), "tasks/result", "taskId",
                         slice_of(watch->task->id, watch->task->length));
    int result = text.failed
                     ? ERROR_NO_MEMORY
                     : conversation_send(c, buffer_slice(&text), &events, &watch->call, &error);
    buffer_release(&text);
    return result == 0;
}

struct legacy_call *tasks_asker(struct conversation *c, struct legacy_call *call,
                                const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    uint32_t related = json_get(doc, message->message->meta, BRIDGE_META "related-task");
    uint32_t id = json_get(doc, related, "taskId");
    if (!c->has_tasks || id == JSON_NONE || json_type(doc, id) != JSON_STRING)
        return call;
    struct slice name = json_string(doc, id, message->arena);
    struct legacy_task *task = name.data == NULL ? NULL : find(c, name);
    struct legacy_call *watch = task == NULL ? NULL : watch_of(task);
    return watch == NULL ? call : watch;
}

void tasks_forget_watch(struct legacy_call *watch)
{
    if (watch->task == NULL)
        return;
    watch->task->next_question = watch->next_question; // keys are good once in a task's life
    watch->task->watch = NULL;
    watch->task = NULL;
}

// The exchange has its answer; the watch stays.
static void let_go(struct legacy_call *watch)
{
    struct exchange *ex = watch->ex;
    ex->upstream_answered = true;
    exchange_finish(ex);
}

// What the client's tasks/get hears, from what the server said of the task.
static void show(struct legacy_call *watch, enum bridge_task_status status, struct slice payload)
{
    struct exchange *ex = watch->ex;
    struct bridge *bridge = ex->pipeline->bridge;
    struct json_doc doc;
    struct upstream_message from = {.arena = &ex->arena};
    json_doc_init(&doc);
    struct buffer *out = bridge_text(bridge, 1);
    if (json_scan(&doc, buffer_slice(&watch->snapshot), NULL, NULL, NULL) == 0) {
        struct bridge_task task = {&doc, 0, status};
        bridge_write_task(out, ex->id, &task, payload,
                          buffer_slice(&watch->conversation->server_info));
    } else {
        out->failed = true;
    }
    legacy_pass(ex, &from);
    json_doc_release(&doc);
    let_go(watch);
}

void tasks_ask(struct legacy_call *watch)
{
    struct bridge_question questions[BRIDGE_QUESTIONS_MAX];
    struct buffer payload;
    buffer_init(&payload, BRIDGE_TEXT_MAX);
    size_t count = parked_questions(watch, &watch->ex->arena, questions);
    if (count > 0)
        bridge_write_questions(&payload, questions, count);
    if (payload.failed)
        count = 0;
    show(watch, count > 0 ? BRIDGE_TASK_INPUT : BRIDGE_TASK_WORKING, buffer_slice(&payload));
    buffer_release(&payload);
}

// The task is over: `message` is what its call gave.
static void take_end(struct legacy_call *watch, const struct upstream_message *message)
{
    struct buffer payload;
    buffer_init(&payload, BRIDGE_TEXT_MAX);
    enum bridge_task_status status =
        bridge_write_task_outcome(&payload, message->doc, message->message);
    watch->forgotten = true; // the next tasks/get asks anew
    tasks_forget_watch(watch);
    struct exchange *ex = watch->ex;
    if (payload.failed)
        bridge_fail(ex, "The server's answer could not be translated");
    else
        show(watch, status, buffer_slice(&payload));
    buffer_release(&payload);
}

// What came while nobody asked.
static void take_kept(struct legacy_call *watch)
{
    struct bridge *bridge = watch->conversation->pipeline->bridge;
    struct upstream_message from = {.arena = &watch->ex->arena};
    buffer_append(bridge_text(bridge, 0), buffer_slice(&watch->answer));
    struct upstream_message *message = bridge_read_text(bridge, 0, &from);
    watch->forgotten = true;
    if (message != NULL && watch->answer.length > 0)
        take_end(watch, message);
    else
        bridge_fail(watch->ex, "The server's answer could not be kept");
    if (watch->call == NULL) // nothing else will end it
        legacy_end_call(watch);
    else
        tasks_forget_watch(watch);
}

// ---- tasks/get

// The exchange waits for what the watch hears. False: it cannot.
static bool change_over(struct legacy_call *call, struct legacy_call *watch,
                        const struct upstream_message *message)
{
    struct exchange *ex = call->ex;
    buffer_clear(&watch->snapshot);
    buffer_append(&watch->snapshot, json_raw(message->doc, message->message->result));
    if (watch->snapshot.failed)
        return false;
    call->ex = NULL;
    call->forgotten = true;
    ex->to_legacy = watch;
    watch->ex = ex;
    watch->parked_us = loop_now_us(ex->pipeline->loop);
    ex->call = watch->call;
    ex->upstream_status = watch->status;
    return true;
}

static bool wait_for_more(struct legacy_call *call, struct legacy_task *task,
                          enum bridge_task_status status, const struct upstream_message *message)
{
    struct legacy_call *watch = task == NULL ? NULL : watch_of(task);
    if (watch == NULL || watch->ex != NULL || !open_watch(watch) ||
        !change_over(call, watch, message))
        return false;
    if (watch->responded)
        take_kept(watch);
    else if (!list_empty(&watch->questions))
        tasks_ask(watch);
    else if (status == BRIDGE_TASK_INPUT)
        parked_gather(watch, QUESTION_WAIT_MS);
    return true;
}

static enum tasks_taken take_status(struct legacy_call *call,
                                    const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    struct conversation *c = call->conversation;
    struct bridge_task task = {doc, message->message->result, BRIDGE_TASK_UNKNOWN};
    task.status = bridge_task_status(doc, task.node);
    if (message->message->error != JSON_NONE || task.status == BRIDGE_TASK_UNKNOWN)
        return TASKS_NOT_THEIRS;
    bool more = task.status == BRIDGE_TASK_INPUT || task.status == BRIDGE_TASK_COMPLETED ||
                task.status == BRIDGE_TASK_FAILED;
    if (more && wait_for_more(call, note(c, call->ex->subject), task.status, message))
        return TASKS_GONE_ON;
    if (more) // what belongs to it is not there yet
        task.status = BRIDGE_TASK_WORKING;
    bridge_write_task(bridge_text(c->pipeline->bridge, 1), call->ex->id, &task, (struct slice){0},
                      buffer_slice(&c->server_info));
    legacy_pass(call->ex, message);
    return TASKS_ANSWERED;
}

enum tasks_taken tasks_take(struct legacy_call *call, const struct upstream_message *message)
{
    if (call->task != NULL) {
        take_end(call, message);
        return TASKS_GONE_ON;
    }
    if (call->method == MCP_TOOLS_CALL)
        return take_called(call, message);
    if (call->method == MCP_TASKS_GET)
        return take_status(call, message);
    // In the modern era a cancellation is a wish; one that came too late was heard all the same.
    if (call->method != MCP_TASKS_CANCEL ||
        (message->message->error != JSON_NONE &&
         legacy_error_code(message) != MCP_ERROR_INVALID_PARAMS))
        return TASKS_NOT_THEIRS;
    bridge_write_task_acknowledged(bridge_text(call->conversation->pipeline->bridge, 1),
                                   call->ex->id, buffer_slice(&call->conversation->server_info));
    legacy_pass(call->ex, message);
    return TASKS_ANSWERED;
}

// ---- The step

// 2026-07-28, Tasks, "Protocol Errors".
void tasks_answer_unable(struct exchange *ex)
{
    static const struct slice needed = SLICE_LITERAL(
        "{\"requiredCapabilities\":{\"extensions\":{\"" BRIDGE_TASKS_EXTENSION "\":{}}}}");
    exchange_answer_error(ex, 400, MCP_ERROR_MISSING_CAPABILITY,
                          SLICE_LITERAL("Missing required client capability: tasks"), needed);
}

static enum step_result acknowledge(struct exchange *ex, const struct conversation *c)
{
    struct buffer body;
    buffer_init(&body, 0);
    bridge_write_task_acknowledged(&body, ex->id, buffer_slice(&c->server_info));
    exchange_answer_buffer(ex, 200, &body);
    buffer_release(&body);
    return STEP_REPLY;
}

enum step_result tasks_step(struct exchange *ex)
{
    struct error error = {0};
    if (!tasks_known_to_client(ex)) {
        ex->outcome = OUTCOME_FAILED;
        tasks_answer_unable(ex);
        return STEP_REPLY;
    }
    struct legacy_task *task = find_of_grant(ex);
    struct conversation *c = task == NULL ? NULL : task->conversation;
    int result = c == NULL ? conversation_of(ex, &c, &error) : 0;
    if (result != 0)
        return send_refuse(ex, result, &error);
    if (c->state != CONVERSATION_READY || c->opening != NULL)
        return conversation_wait(c, ex);
    if (!c->has_tasks)
        return exchange_refuse(ex, 404, MCP_ERROR_METHOD_NOT_FOUND, "Method not found");
    c->last_used_us = loop_now_us(ex->pipeline->loop);
    if (ex->method == MCP_TASKS_UPDATE && task != NULL && task->watch != NULL)
        parked_pass_answers(ex, task->watch);
    if (ex->method == MCP_TASKS_UPDATE || (ex->method == MCP_TASKS_CANCEL && !c->can_cancel_tasks))
        return acknowledge(ex, c);
    return legacy_send(ex, c, NO_LOG, false);
}
