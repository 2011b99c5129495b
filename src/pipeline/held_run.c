// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The call behind a held task: an exchange like any other, judged from the beginning, whose client
// is the task.
#include "pipeline/asking_internal.h"
#include "pipeline/held_tasks_internal.h"
#include "pipeline/ledger_internal.h"

#include <stdio.h>

#define ID_PREFIX "sallyport-"

static struct held_tasks *tasks_of(const struct exchange *ex)
{
    return ex->pipeline->ledger->held;
}

static struct held_task_owner owner_of(const struct exchange *ex)
{
    return (struct held_task_owner){ex->grant->id, upstream_server_options(ex->server)->name};
}

// ---- The face: what a client would get becomes the task's outcome

static void finish_task(struct exchange *ex, enum bridge_task_status status, struct slice outcome)
{
    held_tasks_finish(tasks_of(ex), ex->held.task, status, outcome);
}

static void fail_task(struct exchange *ex, const char *text)
{
    struct buffer error;
    buffer_init(&error, 0);
    buffer_append_format(&error, "{\"code\":%d,\"message\":", MCP_ERROR_INTERNAL);
    json_write_string(&error, slice_from_string(text));
    buffer_append_string(&error, "}");
    finish_task(ex, BRIDGE_TASK_FAILED, error.failed ? (struct slice){0} : buffer_slice(&error));
    buffer_release(&error);
}

// True: it was the answer.
static bool take_message(struct exchange *ex, struct slice text)
{
    struct json_doc doc;
    json_doc_init(&doc);
    bool read = json_scan(&doc, text, NULL, NULL, NULL) == 0;
    uint32_t result = read ? json_get(&doc, 0, "result") : (uint32_t)JSON_NONE;
    uint32_t error = read ? json_get(&doc, 0, "error") : (uint32_t)JSON_NONE;
    bool asks = result != JSON_NONE && bridge_result_kind(&doc, result) != BRIDGE_COMPLETE;
    if (asks)
        fail_task(ex, "The server asked for something that cannot be given within a task");
    else if (result != JSON_NONE)
        finish_task(ex, BRIDGE_TASK_COMPLETED, json_raw(&doc, result));
    else if (error != JSON_NONE)
        finish_task(ex, BRIDGE_TASK_FAILED, json_raw(&doc, error));
    json_doc_release(&doc);
    return !read || result != JSON_NONE || error != JSON_NONE;
}

static void join(struct buffer *out, const struct slice *pieces, size_t count)
{
    buffer_init(out, BRIDGE_TEXT_MAX);
    for (size_t i = 0; i < count; i++)
        buffer_append(out, pieces[i]);
}

static void answer(struct exchange *ex, int status, const struct slice *pieces, size_t count)
{
    struct buffer text;
    (void)status;
    join(&text, pieces, count);
    if (text.failed || count == 0 || !take_message(ex, buffer_slice(&text)))
        fail_task(ex, "The call ended without an answer");
    buffer_release(&text);
}

static void stream_begin(struct exchange *ex)
{
    (void)ex;
}

// What a legacy server says besides goes where its session can hear it.
static void stream_message(struct exchange *ex, const struct slice *pieces, size_t count,
                           struct slice id, int64_t retry_ms)
{
    struct buffer text;
    (void)id;
    (void)retry_ms;
    join(&text, pieces, count);
    bool over = count == 0 || text.failed || take_message(ex, buffer_slice(&text));
    if (!over && ex->session != NULL)
        session_deliver(ex->session, pieces, count, false);
    buffer_release(&text);
}

static void stream_end(struct exchange *ex)
{
    fail_task(ex, "The call ended without an answer"); // unless it has one already
}

static const struct face task_face = {answer, stream_begin, stream_message, stream_end};

// ---- Beginning

// The message without its wish for a task, and without anything that would let its server ask.
static void write_text(struct exchange *first, struct buffer *out)
{
    const struct json_doc *doc = &first->pipeline->doc;
    struct buffer meta, params;
    buffer_init(&meta, BRIDGE_TEXT_MAX);
    buffer_init(&params, BRIDGE_TEXT_MAX);
    struct bridge_member able[] = {{BRIDGE_META "clientCapabilities", SLICE_LITERAL("{}")}};
    if (first->modern)
        bridge_write_object(&meta, doc, first->message.meta, able, 1);
    const struct bridge_member changes[] = {
        {"task", {0}},
        {"requestState", {0}},
        {"inputResponses", {0}},
        {"_meta", first->modern ? buffer_slice(&meta) : (struct slice){0}}};
    bridge_write_object(&params, doc, first->message.params, changes, first->modern ? 4 : 3);
    const struct bridge_member whole[] = {{"params", buffer_slice(&params)}};
    bridge_write_object(out, doc, first->message.node, whole, 1);
    out->failed = out->failed || meta.failed || params.failed;
    buffer_release(&params);
    buffer_release(&meta);
}

static bool copy_request(struct exchange *run, const struct exchange *first)
{
    run->session_header = first->session == NULL
                              ? (struct slice){0}
                              : arena_copy(&run->arena, slice_from_string(first->session->id));
    run->peer = arena_copy(&run->arena, first->peer);
    run->forward = arena_take(&run->arena, FORWARD_MAX * sizeof *run->forward);
    if (run->forward == NULL || run->peer.data == NULL)
        return false;
    if (first->forward_count > 0)
        memcpy(run->forward, first->forward, first->forward_count * sizeof *run->forward);
    run->forward_count = first->forward_count;
    return headers_keep(run);
}

// By the rules of now, which need not be those that its first message was judged by.
static struct exchange *open_run(struct exchange *first, struct slice text, struct slice id)
{
    struct exchange *run = exchange_new(first->pipeline, &task_face, NULL);
    struct slice server = upstream_server_options(first->server)->name;
    run->server = upstream_server_ref(first->server);
    run->held.task = arena_copy(&run->arena, id);
    run->text = arena_copy(&run->arena, text);
    run->text_kept = true;
    run->session = first->session;
    run->is_http = first->is_http;
    run->accepts_stream = true;
    run->grant = identity_by_id(run->rules->given.grants, first->grant->id);
    run->reach = run->grant == NULL ? NULL : identity_reach(run->grant, server);
    bool good = run->held.task.data != NULL && run->text.data != NULL && run->reach != NULL &&
                asking_token_is_good(first, run->rules, &run->token) && copy_request(run, first);
    if (!good) {
        run->session = NULL;
        exchange_refuse(run, 500, MCP_ERROR_INTERNAL, "The call could not be begun");
        exchange_finish(run);
        return NULL;
    }
    run->observe = run->grant->mode == IDENTITY_OBSERVE;
    if (run->reach->policy >= 0)
        run->policy = policy_ref(run->rules->given.policies[run->reach->policy].policy);
    return run;
}

// ---- What clients ask of it

// A task as held_tasks.c tells of it.
struct shown {
    struct buffer text;
    struct json_doc doc;
    enum bridge_task_status status; // unknown: there is none
};

static int show(const struct exchange *ex, struct slice id, struct shown *ret)
{
    const struct held_task_owner owner = owner_of(ex);
    ret->status = BRIDGE_TASK_UNKNOWN;
    buffer_init(&ret->text, 0);
    json_doc_init(&ret->doc);
    int result = held_tasks_show(tasks_of(ex), &owner, id, &ret->text, &ret->status);
    return result == 0 ? json_scan(&ret->doc, buffer_slice(&ret->text), NULL, NULL, NULL) : result;
}

static void release_shown(struct shown *shown)
{
    json_doc_release(&shown->doc);
    buffer_release(&shown->text);
}

// What tasks/get tells, or (`created`) the call that became it. 0, ERROR_NOT_FOUND, or an error.
static int answer_shown(struct exchange *ex, struct slice id, bool created)
{
    struct shown shown;
    struct buffer out;
    buffer_init(&out, 0);
    int result = show(ex, id, &shown);
    if (result == 0) {
        const struct bridge_task task = {&shown.doc, 0, shown.status};
        bool good = shown.status == BRIDGE_TASK_COMPLETED;
        uint32_t payload = json_get(&shown.doc, 0, good ? "result" : "error");
        struct slice none = {0};
        if (!ex->modern)
            bridge_write_older_task(&out, ex->id, &task, created);
        else if (created)
            bridge_write_new_task(&out, ex->id, &task, JSON_NONE, none);
        else
            bridge_write_task(&out, ex->id, &task,
                              payload == JSON_NONE ? none : json_raw(&shown.doc, payload), none);
        exchange_answer_buffer(ex, 200, &out);
    }
    buffer_release(&out);
    release_shown(&shown);
    return result;
}

// tasks/result of 2025-11-25. False: it is not over yet.
static bool answer_outcome(struct exchange *ex, struct slice id)
{
    struct shown shown;
    struct buffer out;
    buffer_init(&out, 0);
    int result = show(ex, id, &shown);
    bool over = shown.status == BRIDGE_TASK_UNKNOWN || bridge_task_is_over(shown.status);
    if (over && result == 0) {
        const struct bridge_task task = {&shown.doc, 0, shown.status};
        bridge_write_task_end(&out, ex->id, &task, id);
        exchange_answer_buffer(ex, 200, &out);
    } else if (over) {
        exchange_refuse(ex, 200, MCP_ERROR_INVALID_PARAMS, "Unknown task: %.*s", SLICE_PRINT(id));
    }
    buffer_release(&out);
    release_shown(&shown);
    return over;
}

static enum step_result wait_for_end(struct exchange *ex)
{
    if (answer_outcome(ex, ex->subject))
        return STEP_REPLY;
    ex->held.awaits = true;
    if (ex->accepts_stream && !ex->streaming) {
        ex->streaming = true;
        ex->face->stream_begin(ex);
    }
    return STEP_WAIT;
}

static struct exchange *run_of(struct pipeline *pipeline, struct slice id)
{
    LIST_EACH(&pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        if (ex->held.task.length > 0 && slice_equal(ex->held.task, id))
            return ex;
    }
    return NULL;
}

// A question that it waits for is withdrawn with it.
static void end_unwanted(struct exchange *run)
{
    if (run->call != NULL && run->to_legacy == NULL) // else it is the bridge's to end
        upstream_call_cancel(run->call, true);
    run->call = NULL;
    run->client_gone = true;
    run->reason = SLICE_LITERAL("its task was cancelled, or forgotten");
    exchange_finish(run);
}

// The call itself may be another worker's, which looks after its own (held_run_sweep).
static enum step_result cancel(struct exchange *ex)
{
    const struct held_task_owner owner = owner_of(ex);
    bool cancelled = held_tasks_cancel(tasks_of(ex), &owner, ex->subject);
    struct exchange *run = cancelled ? run_of(ex->pipeline, ex->subject) : NULL;
    if (run != NULL)
        end_unwanted(run);
    if (ex->modern) { // there a cancellation is a wish
        struct buffer out;
        buffer_init(&out, 0);
        bridge_write_task_acknowledged(&out, ex->id, (struct slice){0});
        exchange_answer_buffer(ex, 200, &out);
        buffer_release(&out);
        return STEP_REPLY;
    }
    if (!cancelled)
        return exchange_refuse(ex, 200, MCP_ERROR_INVALID_PARAMS,
                               "Cannot cancel task: it is already in a terminal status");
    return answer_shown(ex, ex->subject, false) == 0 ? STEP_REPLY : STEP_FAIL;
}

enum step_result held_task_step(struct exchange *ex)
{
    const struct held_task_owner owner = owner_of(ex);
    enum bridge_task_status status;
    struct buffer text;
    if (!slice_starts_with(ex->subject, SLICE_LITERAL(ID_PREFIX)))
        return STEP_NEXT;
    buffer_init(&text, 0);
    int result = held_tasks_show(tasks_of(ex), &owner, ex->subject, &text, &status);
    buffer_release(&text);
    if (result != 0)
        return result == ERROR_NOT_FOUND ? STEP_NEXT : STEP_FAIL;
    if (ex->method == MCP_TASKS_CANCEL)
        return cancel(ex);
    if (ex->method == MCP_TASKS_RESULT)
        return wait_for_end(ex);
    if (ex->method == MCP_TASKS_UPDATE) { // it asked nothing
        struct buffer out;
        buffer_init(&out, 0);
        bridge_write_task_acknowledged(&out, ex->id, (struct slice){0});
        exchange_answer_buffer(ex, 200, &out);
        buffer_release(&out);
        return STEP_REPLY;
    }
    return answer_shown(ex, ex->subject, false) == 0 ? STEP_REPLY : STEP_FAIL;
}

// ---- The end

// One that waits for the end of a task, or whose own task nobody wants any more.
static struct exchange *find_settled(struct pipeline *pipeline, bool *ret_unwanted)
{
    LIST_EACH(&pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        *ret_unwanted =
            ex->held.task.length > 0 && held_tasks_is_unwanted(tasks_of(ex), ex->held.task);
        if (*ret_unwanted || (ex->held.awaits && answer_outcome(ex, ex->subject)))
            return ex;
    }
    return NULL;
}

void held_run_sweep(struct pipeline *pipeline)
{
    struct exchange *ex;
    bool unwanted;
    while ((ex = find_settled(pipeline, &unwanted)) != NULL) {
        if (unwanted)
            end_unwanted(ex);
        else
            exchange_finish(ex);
    }
}

// ---- Beginning of one, once its question is asked

int held_run_begin(struct exchange *first, int64_t ttl_ms)
{
    const struct held_task_owner owner = owner_of(first);
    char id[HELD_TASK_ID_SIZE];
    struct buffer text;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    write_text(first, &text);
    int result =
        text.failed ? ERROR_NO_MEMORY : held_tasks_add(tasks_of(first), &owner, ttl_ms, id);
    if (result == 0)
        origin_note_task(first, slice_from_string(id), first->subject);
    struct exchange *run =
        result == 0 ? open_run(first, buffer_slice(&text), slice_from_string(id)) : NULL;
    if (result == 0)
        result = answer_shown(first, slice_from_string(id), true);
    if (run != NULL)
        steps_run(run);
    buffer_release(&text);
    return result;
}
