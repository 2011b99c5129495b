// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A legacy server asks its client something during a call. A modern client cannot be asked, so it
// gets an input_required result, and the call waits at the server until the client's next request
// brings the answer. What names the waiting call is a random handle, good once, for its own grant
// and server, and for the same request only.
#include "pipeline/bridge_internal.h"
#include "pipeline/rounds_internal.h"

#include <inttypes.h>
#include <openssl/sha.h>

static void forget_handle(struct legacy_call *call)
{
    struct bridge *bridge = call->conversation->pipeline->bridge;
    if (call->handle[0] != '\0')
        table_remove(&bridge->parked, slice_from_string(call->handle));
    call->handle[0] = '\0';
}

void parked_release(struct legacy_call *call)
{
    forget_handle(call);
    call->conversation->pipeline->bridge->parked_bytes -= call->kept_bytes;
    if (call->gather != NULL)
        loop_timer_close(call->gather);
    while (!list_empty(&call->questions))
        parked_forget(LIST_ENTRY(call->questions.next, struct parked_question, link));
}

// ---- What binds an answer to its call

int parked_digest(struct exchange *ex, unsigned char digest[32])
{
    static const struct bridge_member rounds[] = {
        {"inputResponses", {0}}, {"requestState", {0}}, {"_meta", {0}}};
    struct buffer text, canonical;
    struct json_doc doc;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    buffer_init(&canonical, BRIDGE_TEXT_MAX);
    json_doc_init(&doc);
    bridge_write_object(&text, &ex->pipeline->doc, ex->message.params, rounds, 3);
    int result =
        text.failed ? ERROR_NO_MEMORY : json_scan(&doc, buffer_slice(&text), NULL, NULL, NULL);
    if (result == 0)
        buffer_append(&canonical, ex->method_name);
    if (result == 0)
        result = json_write_canonical(&canonical, &doc, 0);
    if (result == 0)
        SHA256((const unsigned char *)buffer_slice(&canonical).data, canonical.length, digest);
    json_doc_release(&doc);
    buffer_release(&canonical);
    buffer_release(&text);
    return result;
}

// ---- To the server

void parked_refuse(struct conversation *c, const struct upstream_message *message, int code,
                   const char *text)
{
    struct buffer body;
    struct slice id = json_raw(message->doc, message->message->id);
    buffer_init(&body, 0);
    if (code == 0)
        bridge_write_answer(&body, id, SLICE_LITERAL("{}"));
    else
        mcp_write_error(&body, id, code, slice_from_string(text), (struct slice){0});
    if (!body.failed)
        conversation_tell(c, buffer_slice(&body));
    buffer_release(&body);
}

static void answer_server(struct legacy_call *call, struct parked_question *question,
                          struct slice result)
{
    struct buffer body;
    buffer_init(&body, BRIDGE_TEXT_MAX);
    if (result.length > 0)
        bridge_write_answer(&body, buffer_slice(&question->id), result);
    else if (slice_equal_string(buffer_slice(&question->method), "elicitation/create"))
        bridge_write_answer(&body, buffer_slice(&question->id),
                            SLICE_LITERAL("{\"action\":\"cancel\"}"));
    else
        mcp_write_error(&body, buffer_slice(&question->id), MCP_ERROR_INTERNAL,
                        SLICE_LITERAL("the client did not answer"), (struct slice){0});
    if (!body.failed)
        conversation_tell(call->conversation, buffer_slice(&body));
    buffer_release(&body);
    parked_forget(question);
}

// ---- To the client

size_t parked_questions(struct legacy_call *call, struct arena *arena,
                        struct bridge_question *ret_questions)
{
    size_t count = 0;
    LIST_EACH(&call->questions, item)
    {
        struct parked_question *question = LIST_ENTRY(item, struct parked_question, link);
        if (count == BRIDGE_QUESTIONS_MAX)
            break; // the rest waits for the next round
        if (question->accepted)
            continue;
        ret_questions[count++] = (struct bridge_question){
            .key = arena_format(arena, "q%u", question->number),
            .method = buffer_slice(&question->method),
            .params = buffer_slice(&question->params),
        };
    }
    return count;
}

// Of an approved call it comes back sealed together with what was approved.
static int write_state(struct exchange *ex, const char *handle, struct buffer *out)
{
    if (ex->run.name.length == 0)
        return buffer_append_string(out, handle);
    return rounds_seal_state(ex, arena_format(&ex->arena, "\"%s\"", handle), out);
}

// The exchange ends with the questions; the call stays.
void parked_park(struct legacy_call *call)
{
    if (call->task != NULL) {
        tasks_ask(call);
        return;
    }
    struct bridge_question questions[BRIDGE_QUESTIONS_MAX];
    struct exchange *ex = call->ex;
    struct bridge *bridge = ex->pipeline->bridge;
    struct buffer body, state;
    buffer_init(&body, BRIDGE_TEXT_MAX);
    buffer_init(&state, 0);
    random_hex(call->handle, (sizeof call->handle - 1) / 2);
    size_t count = parked_questions(call, &ex->arena, questions);
    int result = write_state(ex, call->handle, &state);
    bridge_write_input_required(&body, ex->id, questions, count, buffer_slice(&state),
                                buffer_slice(&call->conversation->server_info));
    bool failed = result != 0 || state.failed || body.failed;
    buffer_release(&state);
    // A client that does not hear of the handle cannot come back.
    if (failed || table_put(&bridge->parked, slice_from_string(call->handle), call) != 0) {
        buffer_release(&body);
        call->handle[0] = '\0';
        bridge_fail(ex, "out of memory");
        return;
    }
    call->parked_us = loop_now_us(ex->pipeline->loop);
    ex->upstream_answered = true;
    exchange_answer_buffer(ex, 200, &body);
    buffer_release(&body);
    ex->to_legacy = NULL;
    ex->call = NULL;
    call->ex = NULL;
    exchange_finish(ex);
}

bool bridge_client_can(struct slice capabilities, struct slice method, const struct json_doc *doc,
                       uint32_t params)
{
    struct json_doc abilities;
    json_doc_init(&abilities);
    bool can = capabilities.length > 0 &&
               json_scan(&abilities, capabilities, NULL, NULL, NULL) == 0 &&
               bridge_may_ask(&abilities, 0, method, doc, params);
    json_doc_release(&abilities);
    return can;
}

static void gathered_cb(void *argument)
{
    struct legacy_call *call = argument;
    if (call->urls) {
        urls_waited(call);
        return;
    }
    bool asks = call->task != NULL || !list_empty(&call->questions);
    if (call->ex != NULL && !call->responded && asks)
        parked_park(call);
}

void parked_gather(struct legacy_call *call, uint64_t ms)
{
    if (call->gather == NULL)
        call->gather = loop_timer_open(call->conversation->pipeline->loop, gathered_cb, call);
    if (call->gather == NULL)
        parked_park(call);
    else
        loop_timer_start(call->gather, ms, 0);
}

// With what the policy took out of it.
static void write_params(struct upstream_message *message, struct buffer *out)
{
    struct json_doc doc;
    struct slice *pieces;
    struct buffer text;
    size_t count = 0;
    if (message->edits.count == 0 && !message->edits.failed) {
        bridge_write_question_params(out, message->doc, message->message->params);
        return;
    }
    json_doc_init(&doc);
    buffer_init(&text, BRIDGE_TEXT_MAX);
    out->failed =
        mcp_edits_pieces(&message->edits, message->text, message->arena, &pieces, &count) != 0;
    for (size_t i = 0; !out->failed && i < count; i++)
        buffer_append(&text, pieces[i]);
    out->failed =
        out->failed || text.failed || json_scan(&doc, buffer_slice(&text), NULL, NULL, NULL) != 0;
    if (!out->failed)
        bridge_write_question_params(out, &doc, json_get(&doc, 0, "params"));
    buffer_release(&text);
    json_doc_release(&doc);
}

static bool keep_question(struct legacy_call *call, struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    struct buffer params;
    buffer_init(&params, BRIDGE_TEXT_MAX);
    write_params(message, &params);
    bool kept = !params.failed && parked_keep(call, json_raw(message->doc, m->id), m->method_name,
                                              buffer_slice(&params));
    buffer_release(&params);
    return kept;
}

// By the policy that the call's own message was judged by, or, while its client is away, by the one
// of now.
static bool is_allowed(struct legacy_call *call, struct upstream_message *message)
{
    struct conversation *c = call->conversation;
    struct pipeline *pipeline = c->pipeline;
    struct slice server = upstream_server_options(c->server)->name;
    if (call->ex != NULL)
        return decide_server_message(pipeline, call->ex, NULL, message);
    struct exchange judge = {.pipeline = pipeline, .rules = pipeline->rules, .server = c->server};
    judge.grant = identity_by_id(pipeline->rules->given.grants, slice_from_string(c->grant_id));
    const struct identity_reach *reach =
        judge.grant == NULL ? NULL : identity_reach(judge.grant, server);
    if (reach == NULL)
        return false;
    judge.observe = judge.grant->mode == IDENTITY_OBSERVE;
    judge.policy = reach->policy < 0 ? NULL : pipeline->rules->given.policies[reach->policy].policy;
    arena_init(&judge.arena, 64 * 1024);
    bool allowed = decide_server_message(pipeline, &judge, NULL, message);
    arena_release(&judge.arena);
    return allowed;
}

// A server that does not stop asking is not answered for ever.
static void give_up(struct legacy_call *call)
{
    if (call->ex != NULL)
        bridge_fail(call->ex, "The server asked too often");
    else
        legacy_end_call(call);
}

void parked_ask(struct legacy_call *call, struct upstream_message *message)
{
    struct conversation *c = call->conversation;
    const struct mcp_message *m = message->message;
    bool same = false;
    if (++call->asked > BRIDGE_ASKED_MAX)
        give_up(call);
    else if (m->method == MCP_PING)
        parked_refuse(c, message, 0, NULL);
    else if (call->responded)
        parked_refuse(c, message, MCP_ERROR_INTERNAL, "the call has been answered");
    else if (!bridge_client_can(buffer_slice(&c->capabilities), m->method_name, message->doc,
                                m->params))
        parked_refuse(c, message, MCP_ERROR_METHOD_NOT_FOUND, "the client did not offer this");
    else if (!is_allowed(call, message))
        parked_refuse(c, message, MCP_ERROR_INVALID_REQUEST,
                      "the policy does not allow this request");
    else if (!parked_room_for(c, json_raw(message->doc, m->id), &same) && !same)
        parked_refuse(c, message, MCP_ERROR_INTERNAL, "too many questions wait for an answer");
    else if (same) // an answer to it would be one to the other
        log_event(LOG_WARNING, "pipeline", "a server used the id of a question twice; dropped");
    else if (!keep_question(call, message))
        parked_refuse(c, message, MCP_ERROR_INTERNAL, "too many questions wait for an answer");
    else if (call->ex != NULL)
        parked_gather(call, BRIDGE_GATHER_MS); // else it waits for the client's next round
}

// ---- The client's next request

// 0, ERROR_NOT_FOUND, or another error: then the client may try again.
static int find(struct exchange *ex, struct legacy_call **ret)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t node = json_get(doc, ex->message.params, "requestState");
    unsigned char digest[32];
    if (json_type(doc, node) != JSON_STRING)
        return ERROR_NOT_FOUND;
    int result = parked_digest(ex, digest);
    if (result != 0)
        return result;
    struct slice handle = json_string(doc, node, &ex->arena);
    struct legacy_call *call =
        handle.data == NULL ? NULL : table_get(&ex->pipeline->bridge->parked, handle);
    // Another grant's, server's or request's handle is as good as none.
    if (call == NULL || call->conversation->server != ex->server ||
        !slice_equal_string(ex->grant->id, call->conversation->grant_id) ||
        memcmp(digest, call->digest, sizeof digest) != 0)
        return ERROR_NOT_FOUND;
    *ret = call;
    return 0;
}

void parked_pass_answers(struct exchange *ex, struct legacy_call *call)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t responses = json_get(doc, ex->message.params, "inputResponses");
    LIST_EACH(&call->questions, item)
    {
        struct parked_question *question = LIST_ENTRY(item, struct parked_question, link);
        struct slice key = arena_format(&ex->arena, "q%u", question->number);
        uint32_t response =
            key.data == NULL ? (uint32_t)JSON_NONE : json_get_slice(doc, responses, key);
        if (response != JSON_NONE && json_type(doc, response) == JSON_OBJECT)
            answer_server(call, question, json_raw(doc, response));
    }
}

// The answer that came meanwhile.
static enum step_result deliver_kept(struct exchange *ex, struct legacy_call *call)
{
    struct bridge *bridge = ex->pipeline->bridge;
    struct upstream_message from = {.arena = &ex->arena};
    buffer_append(bridge_text(bridge, 0), buffer_slice(&call->answer));
    struct upstream_message *message = bridge_read_text(bridge, 0, &from);
    if (message != NULL && !call->answer.failed && call->answer.length > 0)
        return legacy_deliver(call, message) ? STEP_WAIT : STEP_REPLY;
    exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL,
                          SLICE_LITERAL("The server's answer could not be kept"),
                          (struct slice){0});
    return STEP_REPLY;
}

enum step_result parked_resume(struct exchange *ex)
{
    struct legacy_call *call = NULL;
    int result = find(ex, &call);
    if (result == ERROR_NO_MEMORY)
        return exchange_refuse(ex, 503, MCP_ERROR_INTERNAL,
                               "There is no memory for this answer; send it again");
    if (result != 0)
        return exchange_refuse(ex, 200, MCP_ERROR_INVALID_PARAMS,
                               "This requestState is not known, was used already or has expired; "
                               "begin again without it");
    forget_handle(call);
    ex->to_legacy = call;
    call->ex = ex;
    ex->call = call->call;
    ex->upstream_status = call->status;
    ex->sent_us = clock_monotonic_us();
    if (call->urls)
        return urls_resume(ex, call);
    parked_pass_answers(ex, call);
    if (call->responded)
        return deliver_kept(ex, call);
    if (call->ended) {
        ex->outcome = OUTCOME_FAILED;
        return exchange_refuse(ex, 502, MCP_ERROR_INTERNAL,
                               "The server ended the call while it waited for an answer");
    }
    if (!list_empty(&call->questions))
        parked_park(call); // ends the exchange
    return STEP_WAIT;
}

// ---- Nobody came back

static struct legacy_call *find_late(struct conversation *c, uint64_t now_us)
{
    LIST_EACH(&c->calls, item)
    {
        struct legacy_call *call = LIST_ENTRY(item, struct legacy_call, link);
        if (call->ex == NULL && now_us - call->parked_us > BRIDGE_PARKED_US)
            return call;
    }
    return NULL;
}

void parked_sweep(struct conversation *c, uint64_t now_us)
{
    struct legacy_call *call;
    while ((call = find_late(c, now_us)) != NULL) {
        while (!call->urls && !list_empty(&call->questions))
            answer_server(call, LIST_ENTRY(call->questions.next, struct parked_question, link),
                          (struct slice){0});
        legacy_end_call(call);
    }
}
