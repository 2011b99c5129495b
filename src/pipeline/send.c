// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The last step: the judged message leaves, byte for byte as it was judged.
#include "pipeline/replay_internal.h"
#include "pipeline/resume_internal.h"

const struct upstream_call_events send_events = {
    .on_head = answer_head,
    .on_message = answer_message,
    .on_end = answer_end,
    .on_error = answer_error,
};

size_t send_session_headers(const struct session *session, struct http_header *headers)
{
    if (session == NULL || session->upstream_id.length == 0)
        return 0;
    headers[0] =
        (struct http_header){SLICE_LITERAL(SESSION_HEADER), buffer_slice(&session->upstream_id)};
    return 1;
}

int send_to_server(struct exchange *ex, const struct upstream_request *request, struct error *error)
{
    struct http_header headers[FORWARD_MAX + 2];
    struct upstream_request full = *request;
    bool modern = ex->modern || ex->to_modern != NULL;
    size_t count = modern ? 0 : send_session_headers(ex->session, headers);
    if (ex->session != NULL && ex->session->stdio != NULL && !modern &&
        ex->session->version != MCP_VERSION_NONE)
        headers[count++] = (struct http_header){SLICE_LITERAL(VERSION_HEADER),
                                                mcp_version_text(ex->session->version)};
    for (size_t i = 0; i < ex->forward_count; i++)
        if (modern || !headers_is_modern(&ex->forward[i]))
            headers[count++] = ex->forward[i];
    full.headers = headers;
    full.header_count = count;
    struct upstream_call_events events = send_events;
    events.argument = ex;
    struct upstream_link *link = ex->session == NULL ? NULL : ex->session->child;
    if (upstream_server_has_links(ex->server) && link == NULL) {
        link = shared_child(ex, error);
        if (link == NULL)
            return ERROR_UNREACHABLE;
    }
    ex->sent_us = clock_monotonic_us();
    return upstream_send(ex->server, link, &full, &events, &ex->call, error);
}

// Reading again does no harm, so these may be sent a second time when a kept connection was stale.
static bool repeatable(enum mcp_method method)
{
    switch (method) {
    case MCP_PING:
    case MCP_DISCOVER:
    case MCP_TOOLS_LIST:
    case MCP_RESOURCES_LIST:
    case MCP_TEMPLATES_LIST:
    case MCP_RESOURCES_READ:
    case MCP_PROMPTS_LIST:
    case MCP_PROMPTS_GET:
    case MCP_COMPLETE: return true;
    default: return false;
    }
}

// Does this conversation use a child that others use too?
static bool shares(const struct exchange *ex)
{
    const struct upstream_options *server = upstream_server_options(ex->server);
    return !ex->modern && ex->session != NULL && ex->session->stdio == NULL &&
           upstream_server_has_links(ex->server) && server->sharing == UPSTREAM_SHARED;
}

// A legacy conversation with a child begins with its initialize; the child is that conversation's
// own.
int send_prepare_child(struct exchange *ex, struct error *error)
{
    if (!upstream_server_has_links(ex->server))
        return 0;
    if (ex->session == NULL && !ex->modern && ex->method == MCP_INITIALIZE) {
        ex->session = session_new(ex);
        if (ex->session == NULL)
            return error_set(error, ERROR_NO_MEMORY, "no memory for a session");
        ex->minted = ex->session;
        list_append(&ex->session->exchanges, &ex->session_link);
    }
    struct session *session = ex->session;
    if (session == NULL || session->shared != NULL || shares(ex))
        return 0;
    if (session->child == NULL) {
        int result = session_start_child(session, error);
        if (result != 0)
            return result;
        session->ungreeted = session->greeting.length > 0;
    }
    ex->must_heal = session->ungreeted && heal_can(ex);
    return 0;
}

struct slice send_cancelled_id(const struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t id = json_get(doc, ex->message.params, "requestId");
    return ex->session == NULL || id == JSON_NONE ? (struct slice){0} : json_raw(doc, id);
}

// A child does not answer what was cancelled, and over HTTP a modern server learns of it by the
// closed stream: the waiting call ends here.
static bool cancel_call(struct exchange *ex)
{
    struct slice wanted = send_cancelled_id(ex);
    if (wanted.length == 0)
        return false;
    LIST_EACH(&ex->session->exchanges, item)
    {
        struct exchange *other = LIST_ENTRY(item, struct exchange, session_link);
        if (other == ex || !slice_equal(other->id, wanted))
            continue;
        if (resume_cancel(other)) {
            other->answered = true;
            exchange_finish(other);
            return false;
        }
        if (other->call == NULL)
            continue;
        bool http = !upstream_server_has_links(ex->server);
        if (http && !other->modern)
            return false; // the server answers or closes that stream itself
        bool own_ids = other->session != NULL && other->session->shared != NULL;
        bool tell = (http && other->modern) || own_ids;
        upstream_call_cancel(other->call, own_ids);
        other->call = NULL;
        other->answered = other->face == &stdio_face; // the client waits for nothing any more
        exchange_finish(other);
        return tell;
    }
    return false;
}

// On a shared child ids are the gateway's own: a cancellation that names no call of this client
// would end another's.
static bool must_not_cancel(const struct exchange *ex)
{
    if (!upstream_server_has_links(ex->server))
        return false;
    return ex->session == NULL || ex->session->shared != NULL;
}

enum step_result send_refuse(struct exchange *ex, int result, const struct error *error)
{
    limits_give_back(ex, false); // it surely did not run
    ex->outcome = OUTCOME_FAILED;
    if (ex->minted != NULL)
        session_end(ex->minted, "it could not be opened");
    switch (result) {
    case ERROR_EXISTS:
        return exchange_refuse(ex, 400, MCP_ERROR_INVALID_REQUEST, "%s", error->text);
    case ERROR_LIMIT: return exchange_refuse(ex, 503, MCP_ERROR_INTERNAL, "%s", error->text);
    case ERROR_UNSUPPORTED: return exchange_refuse(ex, 501, MCP_ERROR_INTERNAL, "%s", error->text);
    default: return exchange_refuse(ex, 502, MCP_ERROR_INTERNAL, "%s", error->text);
    }
}

static enum step_result send_message(struct exchange *ex);

bool send_keep_text(struct exchange *ex)
{
    if (!ex->text_kept)
        ex->text = arena_copy(&ex->arena, ex->text);
    ex->text_kept = ex->text.data != NULL;
    return ex->text_kept;
}

enum step_result step_send(struct exchange *ex)
{
    struct error error = {0};
    bool notification = ex->message_kind == MCP_NOTIFICATION;
    if (ex->method == MCP_CANCELLED && ((notification && cancel_call(ex)) || must_not_cancel(ex))) {
        exchange_answer(ex, 202, (struct slice){0}); // the server was told, or must not be
        return STEP_REPLY;
    }
    bool stdio = ex->session != NULL && ex->session->stdio != NULL;
    int result = send_prepare_child(ex, &error);
    if (result == 0 && shares(ex)) {
        enum step_result prepared = shared_prepare(ex, &error);
        if (prepared == STEP_FAIL)
            result = ERROR_UNREACHABLE;
        else if (prepared != STEP_NEXT)
            return prepared;
    }
    if (result == 0 && stdio) {
        if (!send_keep_text(ex)) // it may have to be sent again
            return STEP_FAIL;
        if (ex->method == MCP_INITIALIZE && !ex->modern)
            heal_remember(ex);
        if (ex->must_heal || (ex->session->healing && heal_can(ex))) {
            ex->must_heal = false;
            if (heal_hold(ex, &error) == STEP_WAIT)
                return STEP_WAIT;
            result = ERROR_UNREACHABLE;
        }
    }
    return result == 0 ? send_message(ex) : send_refuse(ex, result, &error);
}

int send_judged(struct exchange *ex, struct error *error)
{
    struct upstream_request request = {
        .verb = UPSTREAM_POST,
        .text = ex->text,
        .doc = &ex->pipeline->doc,
        .message = &ex->message,
        .repeatable = repeatable(ex->method),
    };
    int result = send_to_server(ex, &request, error);
    if (result == 0 && ex->call != NULL)
        replay_expect(ex);
    return result;
}

static enum step_result send_message(struct exchange *ex)
{
    struct error error = {0};
    bool stdio = ex->session != NULL && ex->session->stdio != NULL;
    int result = stdio ? headers_from_message(ex) : 0;
    if (result == 0)
        result = send_judged(ex, &error);
    if (result != 0)
        return send_refuse(ex, result, &error);
    if (ex->call != NULL)
        return STEP_WAIT;
    exchange_answer(ex, 202, (struct slice){0});
    return STEP_REPLY;
}

void send_again(struct exchange *ex)
{
    struct json_doc *doc = &ex->pipeline->doc;
    int code;
    // Scanned and decoded before; only the shared node array has been used for others since.
    if (json_scan(doc, ex->text, NULL, NULL, NULL) != 0 ||
        mcp_decode(doc, 0, &ex->arena, &ex->message, &code, NULL) != 0) {
        limits_give_back(ex, false);
        exchange_refuse(ex, 500, MCP_ERROR_INTERNAL, "out of memory");
        exchange_finish(ex);
        return;
    }
    if (send_message(ex) == STEP_REPLY)
        exchange_finish(ex);
}

// ---- Answers of our own to a server's request that the policy refuses

void send_ignore_head(void *argument, const struct upstream_head *head)
{
    (void)argument;
    (void)head;
}
void send_ignore_message(void *argument, struct upstream_message *message)
{
    (void)argument;
    (void)message;
}
void send_ignore_end(void *argument)
{
    (void)argument;
}
void send_ignore_error(void *argument, int code, bool sent, const char *text)
{
    (void)argument;
    (void)code;
    (void)sent;
    log_event(LOG_WARNING, "pipeline", "a server did not take a message of the gateway: %s", text);
}

void send_goodbye(struct session *session)
{
    static const struct upstream_call_events ignore = {send_ignore_head, send_ignore_message,
                                                       send_ignore_end, send_ignore_error, NULL};
    if (session->upstream_id.length == 0)
        return;
    struct http_header headers[2];
    struct upstream_request request = {.verb = UPSTREAM_DELETE, .headers = headers};
    request.header_count = send_own_headers(session, headers);
    struct upstream_call *call;
    struct error error = {0};
    if (upstream_send(session->server, NULL, &request, &ignore, &call, &error) != 0)
        log_event(LOG_INFO, "pipeline", "a server could not be told of a session's end: %s",
                  error.text);
}

size_t send_own_headers(const struct session *session, struct http_header *headers)
{
    size_t count = send_session_headers(session, headers);
    if (session->version != MCP_VERSION_NONE)
        headers[count++] =
            (struct http_header){SLICE_LITERAL(VERSION_HEADER), mcp_version_text(session->version)};
    return count;
}

void send_refusal(struct session *session, const struct upstream_message *message, const char *text)
{
    static const struct upstream_call_events ignore = {send_ignore_head, send_ignore_message,
                                                       send_ignore_end, send_ignore_error, NULL};
    struct buffer body;
    buffer_init(&body, 0);
    mcp_write_error(&body, json_raw(message->doc, message->message->id), MCP_ERROR_INVALID_REQUEST,
                    slice_from_string(text), (struct slice){0});
    struct mcp_message response = {.kind = MCP_RESPONSE};
    struct http_header headers[2];
    size_t count = send_own_headers(session, headers);
    struct upstream_request request = {.verb = UPSTREAM_POST,
                                       .text = buffer_slice(&body),
                                       .doc = message->doc,
                                       .message = &response,
                                       .headers = headers,
                                       .header_count = count};
    struct upstream_call *call;
    struct error error = {0};
    if (body.failed ||
        upstream_send(session->server, session->child, &request, &ignore, &call, &error) != 0)
        log_event(LOG_WARNING, "pipeline", "a refusal could not be given to a server: %s",
                  error.text);
    buffer_release(&body);
}
