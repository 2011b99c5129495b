// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What happens when the server answers: every message is looked at, whichever way it came (a JSON
// body, an event stream, a resumed stream, a pipe), before the client sees it.
#include "pipeline/bridge_internal.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/resume_internal.h"
#include "pipeline/rounds_internal.h"
#include "pipeline/toolbox_internal.h"
#include "pipeline/http_face_internal.h"

// ---- The head of an HTTP answer

static void mint_session(struct exchange *ex, const struct upstream_head *head)
{
    ex->session = session_new(ex);
    if (ex->session == NULL)
        return;
    ex->minted = ex->session;
    list_append(&ex->session->exchanges, &ex->session_link);
    // Half a session would only fail later, and less clearly.
    if (buffer_append(&ex->session->upstream_id, head->session_id) != 0)
        session_end(ex->session, "no memory");
}

void answer_head(void *argument, const struct upstream_head *head)
{
    struct exchange *ex = argument;
    ex->upstream_status = head->status;
    bool legacy_initialize = !ex->modern && ex->method == MCP_INITIALIZE && head->status == 200;
    if (legacy_initialize && ex->session == NULL)
        mint_session(ex, head); // also when the client left: then the server is told so
    else if (legacy_initialize && ex->session != NULL) { // the stdio face has its session already
        buffer_clear(&ex->session->upstream_id);
        buffer_append(&ex->session->upstream_id, head->session_id);
    }
    if (!head->event_stream || ex->client_gone || ex->answered)
        return;
    if (!ex->streaming)
        ex->face->stream_begin(ex);
    ex->streaming = true;
}

// ---- A response

static bool is_our_response(const struct exchange *ex, const struct upstream_message *message)
{
    if (ex->kind == EXCHANGE_STREAM)
        return true;
    uint32_t id = message->message->id;
    if (id == JSON_NONE || json_type(message->doc, id) == JSON_NULL)
        return message->message->error !=
               JSON_NONE; // a server that could not read the request's id
    struct slice raw = json_raw(message->doc, id);
    if (slice_equal(raw, ex->id) || bridge_is_retry_id(ex, raw) || message->edits.count > 0)
        return true; // a shared child's id is restored by an edit
    // The same string may be escaped in two ways.
    return ex->id.length > 0 && ex->id.data[0] == '"' &&
           json_type(message->doc, id) == JSON_STRING &&
           memchr(ex->id.data, '\\', ex->id.length) != NULL;
}

static void note_initialize(struct exchange *ex, const struct upstream_message *message)
{
    struct session *session = ex->session;
    shared_initialized(ex, message); // others wait for it, even when this session ended meanwhile
    if (session == NULL)
        return;
    uint32_t version = json_get(message->doc, message->message->result, "protocolVersion");
    if (version != JSON_NONE && json_type(message->doc, version) == JSON_STRING)
        session->version = mcp_version_parse(json_string(message->doc, version, message->arena));
    if (ex->to_modern == NULL)
        seen_note_version(ex->pipeline, ex->server, session->version);
    uint32_t capabilities = json_get(message->doc, message->message->result, "capabilities");
    session->tasks.offered = bridge_calls_may_be_tasks(message->doc, capabilities);
    if (session->stdio != NULL && ex->client_name.length > 0) {
        memory_free(session->client_name);
        session->client_name = memory_copy_string(ex->client_name.data, ex->client_name.length);
    }
}

static bool result_is_error(const struct upstream_message *message)
{
    if (message->message->error != JSON_NONE)
        return true;
    uint32_t flag = json_get(message->doc, message->message->result, "isError");
    return flag != JSON_NONE && json_type(message->doc, flag) == JSON_TRUE;
}

static bool input_allowed(void *argument, struct slice method)
{
    return decide_method_allowed(argument, method);
}

// A modern server asks the client through its result; what it asks is judged like a request.
static bool refuse_input_request(struct exchange *ex, struct upstream_message *message)
{
    struct slice method = SLICE_LITERAL("elicitation/create");
    int64_t code = 0;
    uint32_t node = json_get(message->doc, message->message->error, "code");
    // 2025-11-25 has a second way to ask: an error that holds the questions.
    bool asks = node != JSON_NONE && json_integer(message->doc, node, &code) == 0 &&
                code == MCP_ERROR_URL_ELICITATION;
    if (asks && decide_method_allowed(ex, method))
        return false;
    if (!asks && !filter_find_refused_input(message->doc, message->message->result, input_allowed,
                                            ex, message->arena, &method))
        return false;
    struct slice reason = arena_format(
        &ex->arena, "The server asked the client for %.*s, which the policy does not allow.",
        SLICE_PRINT(method));
    ex->upstream_answered = true;
    exchange_deny(ex, SLICE_LITERAL("(method denied)"), reason, false, -1);
    return true;
}

static int status_for(const struct exchange *ex, const struct upstream_message *message)
{
    // The older eras answer errors like results; the modern one gives some a status.
    if (ex->upstream_status != 0 && (ex->to_legacy == NULL || ex->upstream_status >= 400))
        return ex->upstream_status == 401 || ex->upstream_status == 403 ||
                       ex->upstream_status >= 500
                   ? 502
                   : ex->upstream_status;
    // A child has no status; the modern era gives some errors one.
    int64_t code = 0;
    uint32_t node = json_get(message->doc, message->message->error, "code");
    if (!ex->modern || node == JSON_NONE || json_integer(message->doc, node, &code) != 0)
        return 200;
    if (code <= MCP_ERROR_HEADER_MISMATCH && code >= MCP_ERROR_UNSUPPORTED_VERSION)
        return 400;
    return code == MCP_ERROR_METHOD_NOT_FOUND ? 404 : 200;
}

// An error without an id is about the one message of its HTTP exchange; the client is told which.
static void name_the_request(struct exchange *ex, struct upstream_message *message)
{
    uint32_t id = message->message->id;
    if (ex->kind == EXCHANGE_STREAM || ex->id.length == 0 || id == JSON_NONE ||
        json_type(message->doc, id) != JSON_NULL)
        return;
    const struct json_node *node = json_at(message->doc, id);
    mcp_edit_add(&message->edits, message->arena, node->start - message->start, node->length,
                 ex->id);
}

static void prune(struct exchange *ex, struct upstream_message *message,
                  const struct pins_screen *screen)
{
    size_t removed;
    ex->screen = screen;
    filter_lists(message->doc, message->message->result, message->start, screen->quarantine,
                 decide_visible, ex, message->arena, &message->edits, &removed);
    ex->screen = NULL;
}

static void handle_response(struct exchange *ex, struct upstream_message *message)
{
    if (ex->upstream_status == 404 && heal_can(ex) && ex->session->upstream_id.length > 0)
        return; // answer_end begins a new session at the server
    if (!is_our_response(ex, message)) {
        log_event(LOG_WARNING, "pipeline",
                  "a server answered with an id that was not asked; dropped");
        return;
    }
    if (ex->kind == EXCHANGE_MESSAGE && ex->upstream_answered) {
        log_event(LOG_WARNING, "pipeline", "a server answered a request twice; dropped");
        return;
    }
    // What a server says to the gateway's own credentials is not for the agent.
    if (ex->upstream_status == 401 || ex->upstream_status == 403)
        return;
    if (bridge_doubts(ex, message))
        return;
    name_the_request(ex, message);
    const struct upstream_options *server = upstream_server_options(ex->server);
    ex->upstream_answered = true;
    if (ex->kind == EXCHANGE_MESSAGE)
        ex->over_us = loop_now_us(ex->pipeline->loop);
    ex->result_failed = result_is_error(message);
    if (ex->method == MCP_INITIALIZE && ex->kind == EXCHANGE_MESSAGE)
        note_initialize(ex, message);
    if (ex->method == MCP_DISCOVER && ex->modern && !ex->result_failed)
        ledger_note_tasks(
            ex->pipeline->ledger, server->name,
            bridge_knows_tasks(message->doc,
                               json_get(message->doc, message->message->result, "capabilities")));
    struct pins_screen screen = {0};
    if (ex->method != MCP_TOOLS_CALL) { // what a tool says of tools may be an agent's own words
        pins_screen(ex->pipeline, server->name, message, &screen);
        toolbox_learn(ex->pipeline, server->name, message, &screen,
                      ex->method == MCP_TOOLS_LIST && !ex->has_cursor);
    }
    if (refuse_input_request(ex, message))
        return;
    if (bridge_asks(ex, message)) {
        ex->over_us = ex->answered ? ex->over_us : 0; // not over: the client is asked
        return;
    }
    enum results_verdict results = results_judge(ex, message);
    if (results == RESULTS_WITHHELD)
        return;
    // Tool results are the one kind whose members are the server's own business.
    bool theirs = ex->method == MCP_TOOLS_CALL || results != RESULTS_NOT_THEIRS;
    if (!theirs && (!ex->observe || screen.quarantine))
        prune(ex, message, &screen);
    if (rounds_wrap(ex, message))
        answer_pass(ex, message);
}

void answer_pass(struct exchange *ex, struct upstream_message *message)
{
    struct slice *pieces;
    size_t count;
    if (ex->client_gone || ex->answered)
        return;
    if (mcp_edits_pieces(&message->edits, message->text, message->arena, &pieces, &count) != 0) {
        exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL,
                              SLICE_LITERAL("The server's answer could not be inspected"),
                              (struct slice){0});
        return;
    }
    bool last = message->message->kind == MCP_RESPONSE && ex->kind == EXCHANGE_MESSAGE;
    if (last && !ex->streaming) {
        exchange_answer_pieces(ex, status_for(ex, message), pieces, count);
        return;
    }
    if (!ex->streaming)
        ex->face->stream_begin(ex);
    ex->streaming = true;
    ex->face->stream_message(ex, pieces, count, message->event_id, message->retry_ms);
}

void answer_message(void *argument, struct upstream_message *message)
{
    struct exchange *ex = argument;
    if (ex->to_modern != NULL)
        message = bridge_to_legacy_form(ex, message);
    if (message == NULL)
        return;
    resume_note(ex, message);
    if (message->event_id.length > 0) {
        origin_note_call(ex);
        ex->has_event_id = true;
    }
    if (message->doc == NULL) { // an event that only moves the resumption point
        if (!ex->client_gone && ex->streaming)
            ex->face->stream_message(ex, NULL, 0, message->event_id, message->retry_ms);
        return;
    }
    if (message->message->kind == MCP_RESPONSE) {
        handle_response(ex, message);
        return;
    }
    const char *refused = NULL;
    bool answerable = message->message->kind == MCP_REQUEST && ex->session != NULL;
    if (!decide_server_message(ex->pipeline, ex, ex->session, message))
        refused = "the policy does not allow this request";
    else if (answerable &&
             !session_note_asked(ex->session, json_raw(message->doc, message->message->id)))
        refused = SESSION_ASKS_TOO_MUCH;
    if (refused == NULL)
        answer_pass(ex, message);
    else if (answerable)
        send_refusal(ex->session, message, refused);
}

// ---- The end

// A server of 2024-11-05 knows no POST where its stream is (2025-03-26, "Backwards Compatibility").
static const char *older_transport_hint(const struct exchange *ex)
{
    int status = ex->upstream_status;
    bool refused = status == 400 || status == 404 || status == 405;
    if (!refused || ex->method != MCP_INITIALIZE || upstream_server_has_links(ex->server))
        return "";
    return "; if it speaks the older HTTP with SSE, its operator sets \"transport\": \"sse\"";
}

// Statuses without a JSON-RPC body need words.
static void answer_bare_status(struct exchange *ex)
{
    int status = ex->upstream_status;
    struct slice name = upstream_server_shown(ex->server);
    struct slice text;
    bool over_link = upstream_server_has_links(ex->server);
    if (status == 404 && ex->session != NULL && !over_link) {
        text = SLICE_LITERAL("The server no longer knows this session; send initialize again");
    } else if (status == 401 || status == 403) {
        text = arena_format(
            &ex->arena,
            "Server '%.*s' refused the gateway's credentials (HTTP %d); ask its operator",
            SLICE_PRINT(name), status);
        status = 502;
    } else {
        text = arena_format(&ex->arena, "Server '%.*s' answered with HTTP status %d%s",
                            SLICE_PRINT(name), status, older_transport_hint(ex));
        status = status >= 500 || status < 400 || over_link ? 502 : status;
    }
    ex->outcome = OUTCOME_FAILED;
    ex->reason = text;
    exchange_answer_error(ex, status, MCP_ERROR_INTERNAL, text, (struct slice){0});
}

static void end_lost_session(struct exchange *ex)
{
    if (ex->upstream_status != 404 || ex->modern || ex->session == NULL ||
        ex->session->stdio != NULL || ex->session->upstream_id.length == 0)
        return;
    struct session *session = ex->session;
    if (session->listener == ex)
        session->listener = NULL;
    buffer_clear(&session->upstream_id);
    session_end(session, "the server no longer knows it");
}

static void answer_unfinished(struct exchange *ex)
{
    ex->outcome = OUTCOME_FAILED;
    ex->reason =
        arena_format(&ex->arena, "Server '%.*s' ended its stream without an answer%s",
                     SLICE_PRINT(upstream_server_shown(ex->server)),
                     ex->method == MCP_TOOLS_CALL ? "; the call may or may not have run" : "");
    exchange_answer_error(ex, 502, MCP_ERROR_INTERNAL, ex->reason, (struct slice){0});
}

// The stdio client's session is lost at the server: begin a new one and send the message again.
static bool heal(struct exchange *ex)
{
    struct error error = {0};
    if (ex->upstream_status != 404 || ex->answered || ex->upstream_answered || !heal_can(ex) ||
        upstream_server_has_links(ex->server) ||
        (ex->session->upstream_id.length == 0 && !ex->session->healing))
        return false;
    ex->upstream_status = 0;
    return heal_hold(ex, &error) == STEP_WAIT;
}

void answer_end(void *argument)
{
    struct exchange *ex = argument;
    ex->call = NULL;
    if (heal(ex) || bridge_ended(ex) || resume_begin(ex))
        return;
    bool expects = ex->kind == EXCHANGE_MESSAGE && ex->message_kind == MCP_REQUEST;
    if (!ex->answered && !ex->client_gone) {
        // A stream that gave event ids can be resumed; one that did not will never answer.
        bool resumable = !ex->modern && ex->has_event_id && ex->face != &stdio_face;
        if (ex->streaming && (!expects || ex->upstream_answered || resumable)) {
            ex->answered = true;
            ex->face->stream_end(ex);
        } else if (ex->streaming && (ex->upstream_status == 0 || ex->upstream_status == 200)) {
            answer_unfinished(ex);
        } else if (ex->upstream_status == 202 || (!expects && ex->upstream_status / 100 == 2)) {
            exchange_answer(ex, 202, (struct slice){0});
        } else {
            answer_bare_status(ex);
        }
    }
    end_lost_session(ex);
    bool initialized = ex->method == MCP_INITIALIZED && ex->upstream_status / 100 == 2;
    struct pipeline_stdio *stdio = initialized && ex->session != NULL ? ex->session->stdio : NULL;
    exchange_finish(ex);
    if (stdio != NULL)
        stdio_session_ready(stdio);
}

// What an agent is told: enough to act on, nothing of addresses and processes inside.
static const char *plain_reason(int code)
{
    switch (code) {
    case ERROR_UNREACHABLE: return "it cannot be reached";
    case ERROR_TIMEOUT: return "it did not answer in time";
    case ERROR_CLOSED: return "it closed the connection before its answer was complete";
    case ERROR_PROTOCOL:
    case ERROR_SYNTAX:
    case ERROR_AMBIGUOUS: return "its answer could not be understood";
    case ERROR_TOO_LARGE: return "its answer is larger than allowed";
    case ERROR_TLS: return "a secure connection to it failed";
    case ERROR_CONFIG: return "the gateway's operator has not allowed its address";
    case ERROR_DENIED: return "it refused the gateway's credentials; ask its operator";
    default: return "it failed";
    }
}

// Its client has event ids of the server and comes back for the rest; an error would be the answer.
static bool leave_to_client(struct exchange *ex)
{
    if (ex->face != &http_face || ex->modern || !ex->has_event_id || !ex->streaming ||
        ex->stream != NULL || ex->answered || ex->client_gone)
        return false;
    ex->reason = SLICE_LITERAL("the server's stream broke; the client may resume it");
    ex->answered = true;
    ex->face->stream_end(ex);
    exchange_finish(ex);
    return true;
}

void answer_error(void *argument, int code, bool sent, const char *text)
{
    struct exchange *ex = argument;
    ex->call = NULL;
    if (bridge_is_asking(ex))
        return; // what breaks behind a question does not change it
    if (ex->kind == EXCHANGE_MESSAGE && ex->upstream_answered) {
        exchange_finish(ex); // what breaks behind the answer does not change it
        return;
    }
    bool broke = code == ERROR_CLOSED || code == ERROR_IO;
    if (broke && (resume_begin(ex) || leave_to_client(ex)))
        return;
    if (!sent)
        limits_give_back(ex, false);
    ex->outcome = OUTCOME_FAILED;
    struct slice name = upstream_server_shown(ex->server);
    const char *doubt =
        sent && ex->method == MCP_TOOLS_CALL ? "; the call may or may not have run" : "";
    ex->reason = arena_format(&ex->arena, "Server '%.*s': %s", SLICE_PRINT(name), text);
    struct slice reason = arena_format(&ex->arena, "Server '%.*s': %s%s", SLICE_PRINT(name),
                                       plain_reason(code), doubt);
    log_event(LOG_WARNING, "pipeline", "request %s: %.*s", ex->request_id, SLICE_PRINT(ex->reason));
    if (ex->minted != NULL && !ex->upstream_answered) {
        struct session *minted = ex->minted;
        ex->minted = NULL;
        if (!minted->ended)
            session_end(minted, "it could not be opened");
    }
    if (ex->kind == EXCHANGE_STREAM)
        exchange_answer(ex, 502, (struct slice){0});
    else if (ex->message_kind == MCP_REQUEST)
        exchange_answer_error(ex, code == ERROR_TIMEOUT ? 504 : 502, MCP_ERROR_INTERNAL, reason,
                              (struct slice){0});
    else
        exchange_answer(ex, code == ERROR_TIMEOUT ? 504 : 502, (struct slice){0});
    exchange_finish(ex);
}
