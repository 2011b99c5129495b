// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// input_required results for legacy clients (2026-07-28, "Multi Round-Trip Requests"): what the
// server asks becomes requests on the stream of the call, and the call is repeated with the
// answers.
#include "pipeline/bridge_internal.h"

#include <stdio.h>

enum { PAUSE_MS = 250 }; // before a round that asks nothing

static struct question *new_question(struct modern_call *call)
{
    struct question *question = memory_try_new(sizeof *question);
    if (question == NULL)
        return NULL;
    buffer_init(&question->key, BRIDGE_CLIENT_MAX);
    buffer_init(&question->id, 64);
    buffer_init(&question->answer, BRIDGE_TEXT_MAX);
    list_append(&call->questions, &question->link);
    return question;
}

void questions_release(struct exchange *ex)
{
    struct modern_call *call = ex->to_modern;
    LIST_EACH(&call->questions, item)
    {
        struct question *question = LIST_ENTRY(item, struct question, link);
        if (!question->answered && ex->session != NULL) // an answer comes too late now
            session_take_asked(ex->session, buffer_slice(&question->id));
        list_remove(item);
        buffer_release(&question->key);
        buffer_release(&question->id);
        buffer_release(&question->answer);
        memory_free(question);
    }
    call->open = 0;
}

// ---- Asking

static void deliver(struct exchange *ex, struct slice text)
{
    if (!ex->accepts_stream || ex->client_gone) {
        session_deliver(ex->session, &text, 1, false);
        return;
    }
    if (!ex->streaming)
        ex->face->stream_begin(ex);
    ex->streaming = true;
    ex->face->stream_message(ex, &text, 1, (struct slice){0}, -1);
}

static int ask(struct exchange *ex, const struct upstream_message *message, uint32_t key,
               struct slice method)
{
    struct question *question = new_question(ex->to_modern);
    if (question == NULL)
        return ERROR_NO_MEMORY;
    struct buffer text;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    buffer_append(&question->key, json_raw(message->doc, key));
    buffer_append_format(&question->id, "\"sallyport-%llu\"",
                         (unsigned long long)++ex->session->bridge->next_id);
    question->optional = slice_equal_string(method, "elicitation/create");
    struct slice id = buffer_slice(&question->id);
    bridge_write_question(&text, id, message->doc, key + 1,
                          ex->to_modern->stage == STAGE_NONE ? (struct slice){0} : ex->subject);
    struct slice rule = SLICE_LITERAL("(method)");
    bool denied = !text.failed && results_judge_question(ex, &text, "params", &rule) != 0;
    if (denied)
        outcome_record_server(ex->pipeline, ex->session, ex, method, false, rule);
    bool failed = denied || text.failed || question->key.failed || question->id.failed ||
                  !session_note_asked(ex->session, id);
    if (!failed) {
        ex->to_modern->open++;
        outcome_record_server(ex->pipeline, ex->session, ex, method, true,
                              SLICE_LITERAL("(method)"));
        deliver(ex, buffer_slice(&text));
    }
    buffer_release(&text);
    return failed ? ERROR_NO_MEMORY : 0;
}

// 2026-07-28, "Multi Round-Trip Requests": no other method may be answered so.
static bool may_ask(enum mcp_method method)
{
    return method == MCP_TOOLS_CALL || method == MCP_PROMPTS_GET || method == MCP_RESOURCES_READ;
}

// All or none: the client must not be asked what then is not waited for.
static int check_all(struct exchange *ex, const struct upstream_message *message, uint32_t requests,
                     struct error *error)
{
    const struct json_doc *doc = message->doc;
    struct slice abilities = buffer_slice(&ex->session->bridge->capabilities);
    if (!may_ask(ex->method) && ex->to_modern->stage == STAGE_NONE)
        return error_set(error, ERROR_UNSUPPORTED, "The server may ask nothing for this request");
    if (requests == JSON_NONE)
        return 0;
    if (json_type(doc, requests) != JSON_OBJECT ||
        json_at(doc, requests)->count > BRIDGE_QUESTIONS_MAX ||
        !session_can_ask(ex->session, json_at(doc, requests)->count))
        return error_set(error, ERROR_LIMIT, "The server asked too much at once");
    for (uint32_t key = json_first_key(doc, requests); key != JSON_NONE;
         key = json_next_key(doc, requests, key)) {
        struct slice method = json_string(doc, json_get(doc, key + 1, "method"), message->arena);
        // 2025-11-25, "Lifecycle": only what the client said that it can do.
        if (method.data == NULL ||
            !bridge_client_can(abilities, method, doc, json_get(doc, key + 1, "params")))
            return error_set(error, ERROR_UNSUPPORTED,
                             "The server asked for '%.*s' in a way that this client did not offer",
                             SLICE_PRINT(method));
    }
    return 0;
}

// A task shows a question until it has seen the answer; the client is asked once, whoever of it
// waits for the task.
static bool is_known(const struct exchange *ex, struct slice key)
{
    LIST_EACH(&ex->session->exchanges, item)
    {
        const struct exchange *other = LIST_ENTRY(item, struct exchange, session_link);
        if (other->to_modern == NULL || other->to_modern->stage == STAGE_NONE ||
            !slice_equal(other->subject, ex->subject))
            continue;
        for (struct list *q = other->to_modern->questions.next; q != &other->to_modern->questions;
             q = q->next)
            if (slice_equal(buffer_slice(&LIST_ENTRY(q, struct question, link)->key), key))
                return true;
    }
    return false;
}

// 0, or an error with a sentence for the client. Every method was found readable and allowed.
static int ask_all(struct exchange *ex, const struct upstream_message *message, struct error *error)
{
    const struct json_doc *doc = message->doc;
    uint32_t requests = json_get(doc, message->message->result, "inputRequests");
    int result = check_all(ex, message, requests, error);
    for (uint32_t key = json_first_key(doc, requests); result == 0 && key != JSON_NONE;
         key = json_next_key(doc, requests, key)) {
        if (is_known(ex, json_raw(doc, key)))
            continue;
        result = ask(ex, message, key,
                     json_string(doc, json_get(doc, key + 1, "method"), message->arena));
        if (result != 0)
            error_set(error, result, "The server's question could not be passed on");
    }
    return result;
}

static void send_answers(struct exchange *ex);

static void pause_cb(void *argument)
{
    send_answers(argument);
}

static int pause_round(struct exchange *ex, struct error *error)
{
    struct modern_call *call = ex->to_modern;
    if (call->pause == NULL)
        call->pause = loop_timer_open(ex->pipeline->loop, pause_cb, ex);
    if (call->pause == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    loop_timer_start(call->pause, PAUSE_MS, 0);
    return 0;
}

static void forget_round(struct exchange *ex, const struct upstream_message *message)
{
    struct modern_call *call = ex->to_modern;
    questions_release(ex);
    buffer_clear(&call->state);
    uint32_t state = json_get(message->doc, message->message->result, "requestState");
    if (state != JSON_NONE && json_type(message->doc, state) == JSON_STRING)
        buffer_append(&call->state, json_raw(message->doc, state));
}

bool bridge_asks(struct exchange *ex, const struct upstream_message *message)
{
    struct modern_call *call = ex->to_modern;
    struct error error = {0};
    if (call == NULL || ex->session == NULL)
        return false;
    bool task = polls_is_asked(ex, message);
    if (!task &&
        bridge_result_kind(message->doc, message->message->result) != BRIDGE_INPUT_REQUIRED)
        return false;
    if (!task)
        forget_round(ex, message);
    int result = call->rounds >= BRIDGE_ROUNDS_MAX || call->state.failed
                     ? error_set(&error, ERROR_LIMIT, "The server asked too often")
                     : ask_all(ex, message, &error);
    if (!task || call->open > 0)
        call->rounds++;
    if (result == 0 && call->open == 0 && task) {
        polls_again(ex, message);
        return true;
    }
    if (result == 0 && call->open == 0)
        result = pause_round(ex, &error);
    call->asking = result == 0;
    call->asking_since_us = loop_now_us(ex->pipeline->loop);
    if (result == 0)
        return true;
    ex->outcome = OUTCOME_FAILED;
    ex->reason = arena_copy(&ex->arena, slice_from_string(error.text));
    exchange_answer_error(ex, 200, MCP_ERROR_INTERNAL, ex->reason, (struct slice){0});
    return true;
}

bool bridge_is_asking(const struct exchange *ex)
{
    return ex->to_modern != NULL && ex->to_modern->asking;
}

bool bridge_is_retry_id(const struct exchange *ex, struct slice raw)
{
    return ex->to_modern != NULL && ex->to_modern->retry_id[0] != '\0' &&
           slice_equal_string(raw, ex->to_modern->retry_id);
}

// ---- The answers

static struct question *find(struct session *session, struct slice id, struct exchange **ret_ex)
{
    LIST_EACH(&session->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, session_link);
        if (ex->to_modern == NULL)
            continue;
        LIST_EACH(&ex->to_modern->questions, entry)
        {
            struct question *question = LIST_ENTRY(entry, struct question, link);
            if (question->answered || !slice_equal(buffer_slice(&question->id), id))
                continue;
            *ret_ex = ex;
            return question;
        }
    }
    return NULL;
}

static void write_responses(struct buffer *out, const struct modern_call *call)
{
    const char *comma = "{";
    LIST_EACH(&call->questions, item)
    {
        struct question *question = LIST_ENTRY(item, struct question, link);
        if (question->sent)
            continue;
        question->sent = true;
        buffer_append_string(out, comma);
        buffer_append(out, buffer_slice(&question->key));
        buffer_append_string(out, ":");
        buffer_append(out, buffer_slice(&question->answer));
        out->failed = out->failed || question->answer.failed;
        comma = ",";
    }
    if (!list_empty(&call->questions))
        buffer_append_string(out, "}");
}

static void send_answers(struct exchange *ex)
{
    struct modern_call *call = ex->to_modern;
    struct error error = {0};
    modern_begin_round(ex);
    if (!bridge_rescan(ex))
        return;
    struct buffer responses;
    buffer_init(&responses, BRIDGE_TEXT_MAX);
    write_responses(&responses, call);
    snprintf(call->retry_id, sizeof call->retry_id, "\"sallyport-retry-%llu\"",
             (unsigned long long)++ex->session->bridge->next_id);
    struct bridge_retry retry = {slice_from_string(call->retry_id), buffer_slice(&responses),
                                 buffer_slice(&call->state)};
    int result = 0;
    if (responses.failed) {
        result = error_set(&error, ERROR_NO_MEMORY, "out of memory");
    } else if (call->stage == STAGE_NONE) {
        result = modern_send(ex, &retry, &error);
    } else {
        call->stage = STAGE_UPDATE;
        result = polls_send(ex, "tasks/update", buffer_slice(&responses), &error);
    }
    buffer_release(&responses);
    if (result == 0)
        return;
    send_refuse(ex, result, &error);
    exchange_finish(ex);
}

enum step_result questions_take_answer(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    struct exchange *asked = NULL;
    struct question *question = find(ex->session, ex->id, &asked);
    exchange_answer(ex, 202, (struct slice){0});
    if (question == NULL)
        return STEP_REPLY;
    uint32_t result = ex->message.result;
    bool good = result != JSON_NONE && json_type(doc, result) == JSON_OBJECT;
    if (!good && !question->optional) {
        bridge_fail(asked, "The client did not answer what the server asked");
        return STEP_REPLY;
    }
    buffer_append(&question->answer,
                  good ? json_raw(doc, result) : SLICE_LITERAL("{\"action\":\"cancel\"}"));
    question->answered = true;
    if (--asked->to_modern->open == 0)
        send_answers(asked);
    return STEP_REPLY;
}

static struct exchange *find_late(struct pipeline *pipeline, uint64_t now_us)
{
    LIST_EACH(&pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        if (ex->to_modern != NULL && ex->to_modern->asking &&
            now_us - ex->to_modern->asking_since_us > BRIDGE_WAIT_US)
            return ex;
    }
    return NULL;
}

void questions_sweep(struct pipeline *pipeline, uint64_t now_us)
{
    struct exchange *ex;
    while ((ex = find_late(pipeline, now_us)) != NULL)
        bridge_fail(ex, "The client did not answer in time what the server asked");
}
