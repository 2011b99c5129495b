// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From an HTTP request to an exchange: path, Host and Origin, token, grant, session. Streamable
// HTTP of 2025-03-26 to 2026-07-28 on one URL per server. How answers go back: http_face.c.
#include "pipeline/bridge_internal.h"
#include "pipeline/http_face_internal.h"
#include "pipeline/replay_internal.h"
#include "pipeline/route_internal.h"

enum { STREAMS_MAX = 32 }; // GET streams of one session; each is a connection to the server

COLD static void refuse(struct exchange *ex, int status, const char *text, const char *challenge)
{
    struct http_header headers[HTTP_FACE_HEADERS_MAX];
    size_t count = http_face_headers(ex, headers);
    headers[count++] =
        (struct http_header){SLICE_LITERAL("Content-Type"), SLICE_LITERAL("application/json")};
    if (challenge != NULL)
        headers[count++] =
            (struct http_header){slice_from_string(status == 405 ? "Allow" : "WWW-Authenticate"),
                                 slice_from_string(challenge)};
    struct buffer body;
    buffer_init(&body, 0);
    mcp_write_error(&body, (struct slice){0}, MCP_ERROR_INVALID_REQUEST, slice_from_string(text),
                    (struct slice){0});
    ex->reason = arena_copy(&ex->arena, slice_from_string(text));
    ex->answered = true;
    http_reply_send(ex->face_state, status, headers, count, buffer_slice(&body));
    buffer_release(&body);
    exchange_finish(ex);
}

struct slice http_request_token(const struct http_request *request)
{
    struct slice value = http_header_get(request->headers, HTTP_AUTHORIZATION);
    struct slice scheme = SLICE_LITERAL("bearer ");
    if (value.data == NULL || value.length <= scheme.length ||
        !slice_equal_ignoring_case(slice_of(value.data, scheme.length), scheme) ||
        http_header_count(request->headers, HTTP_AUTHORIZATION) != 1)
        return (struct slice){0};
    return slice_trim(slice_of(value.data + scheme.length, value.length - scheme.length));
}

// RFC 6750 section 3: no error code when no token was sent.
static bool identify(struct exchange *ex, const struct http_request *request)
{
    struct slice token = http_request_token(request);
    int why = 0;
    if (token.data == NULL) {
        refuse(ex, 401, "A grant's token is needed: Authorization: Bearer <token>",
               "Bearer realm=\"sallyport\"");
        return false;
    }
    ex->grant = identity_resolve(ex->rules->given.grants, ex->pipeline->hasher, token,
                                 loop_wall_ms(ex->pipeline->loop), &why, &ex->token);
    if (ex->grant != NULL)
        return true;
    bool expired = why == ERROR_TIMEOUT;
    refuse(ex, 401, expired ? "This grant has expired" : "The token is not known",
           expired ? "Bearer realm=\"sallyport\", error=\"invalid_token\", "
                     "error_description=\"The grant has expired\""
                   : "Bearer realm=\"sallyport\", error=\"invalid_token\", "
                     "error_description=\"The token is not known\"");
    return false;
}

static bool find_server(struct exchange *ex, struct slice name)
{
    ex->reach = identity_reach_by_name(ex->grant, name);
    struct upstream_server *server =
        ex->reach == NULL ? NULL : upstream_find(ex->pipeline->given.upstreams, ex->reach->server);
    // A server that is not granted looks like one that does not exist.
    if (server == NULL) {
        refuse(ex, 404, "There is no such server for this grant", NULL);
        return false;
    }
    ex->server = upstream_server_ref(server);
    ex->observe = ex->grant->mode == IDENTITY_OBSERVE;
    if (ex->reach->policy >= 0)
        ex->policy = policy_ref(ex->rules->given.policies[ex->reach->policy].policy);
    return true;
}

static bool accepts(struct slice accept, const char *type)
{
    struct slice wanted = slice_from_string(type);
    const char *slash = memchr(wanted.data, '/', wanted.length);
    size_t family = (size_t)(slash - wanted.data) + 1;
    while (accept.length > 0) {
        const char *comma = memchr(accept.data, ',', accept.length);
        size_t length = comma == NULL ? accept.length : (size_t)(comma - accept.data);
        struct slice part = slice_of(accept.data, length);
        const char *parameters = memchr(part.data, ';', part.length);
        if (parameters != NULL)
            part.length = (size_t)(parameters - part.data);
        part = slice_trim(part);
        if (slice_equal_string(part, "*/*") || slice_equal_ignoring_case(part, wanted) ||
            (part.length == family + 1 && part.data[family] == '*' &&
             slice_equal_ignoring_case(slice_of(part.data, family), slice_of(wanted.data, family))))
            return true;
        accept = slice_of(accept.data + length, accept.length - length);
        if (accept.length > 0)
            accept = slice_of(accept.data + 1, accept.length - 1);
    }
    return false;
}

static bool media_types_fit(struct exchange *ex, const struct http_request *request)
{
    struct slice type = http_header_get(request->headers, HTTP_CONTENT_TYPE);
    struct slice accept = http_header_get(request->headers, HTTP_ACCEPT);
    struct slice encoding = http_header_get(request->headers, HTTP_CONTENT_ENCODING);
    ex->accepts_stream = accept.data == NULL || accepts(accept, "text/event-stream");
    if (slice_equal_string(request->method, "POST")) {
        if (type.data == NULL || !accepts(type, "application/json")) {
            refuse(ex, 415, "The body must be application/json", NULL);
            return false;
        }
        if (encoding.data != NULL &&
            !slice_equal_ignoring_case(encoding, SLICE_LITERAL("identity"))) {
            refuse(ex, 415, "Compressed bodies are not taken; send it as it is", NULL);
            return false;
        }
        if (!ex->accepts_stream && !accepts(accept, "application/json")) {
            refuse(ex, 406, "Accept must allow application/json or text/event-stream", NULL);
            return false;
        }
    }
    return true;
}

static void take_headers(struct exchange *ex, const struct http_request *request)
{
    headers_forward(ex, request);
    struct slice trace = http_header_get(request->headers, HTTP_TRACEPARENT);
    // version "-" trace-id "-" parent-id "-" flags (W3C Trace Context, 3.2)
    if (trace.length >= 55)
        ex->trace = arena_copy(&ex->arena, slice_of(trace.data + 3, 32));
    ex->peer = arena_copy(&ex->arena, request->peer);
    struct slice id = http_header_get(request->headers, HTTP_MCP_SESSION_ID);
    ex->session_header = id;
    if (id.data != NULL && http_header_count(request->headers, HTTP_MCP_SESSION_ID) == 1)
        ex->session = session_find(ex, id);
}

// ---- GET and DELETE (legacy era only)

static bool is_modern_request(const struct exchange *ex)
{
    struct slice version = http_header_get(exchange_headers(ex), HTTP_MCP_PROTOCOL_VERSION);
    return mcp_version_is_modern(mcp_version_parse(version));
}

static bool has_legacy_session(struct exchange *ex)
{
    if (is_modern_request(ex)) {
        refuse(ex, 405, "This protocol version has only POST", "POST");
        return false;
    }
    if (ex->session_header.data == NULL) {
        refuse(ex, 400, "The header Mcp-Session-Id is missing", NULL);
        return false;
    }
    if (ex->session == NULL) {
        refuse(ex, 404, "Session not found; send initialize again", NULL);
        return false;
    }
    ex->session->last_used_us = loop_now_us(ex->pipeline->loop);
    return true;
}

static size_t count_streams(const struct session *session)
{
    size_t count = 0;
    LIST_EACH(&session->exchanges, item)
    {
        count += LIST_ENTRY(item, struct exchange, session_link)->kind == EXCHANGE_STREAM;
    }
    return count;
}

static void open_stream(struct exchange *ex)
{
    struct session *session = ex->session;
    if (count_streams(session) >= STREAMS_MAX) {
        refuse(ex, 503, "This session has too many open streams", NULL);
        return;
    }
    ex->kind = EXCHANGE_STREAM;
    ex->outcome = OUTCOME_ALLOWED;
    if (!ex->accepts_stream) {
        refuse(ex, 406, "Accept must allow text/event-stream", NULL);
        return;
    }
    struct exchange *old = session->listener;
    bool resuming = replay_last_id(ex).data != NULL;
    if (!upstream_server_has_links(ex->server) && session->bridge == NULL) {
        struct error error = {0};
        struct upstream_request request = {.verb = UPSTREAM_GET};
        if (send_to_server(ex, &request, &error) != 0) {
            refuse(ex, 502, error.text, NULL);
            return;
        }
        if (!resuming)
            session->listener = ex;
        list_append(&session->exchanges, &ex->session_link);
        return;
    }
    if (resuming && !replay_of_listener(ex)) {
        if (!replay_resume(ex))
            refuse(ex, 400, "This stream can no longer be resumed", NULL);
        return;
    }
    // A link has one stream; a client that comes again takes it over from its old connection.
    session->listener = ex;
    if (old != NULL) {
        exchange_answer(old, 200, (struct slice){0});
        exchange_finish(old);
    }
    ex->streaming = true;
    ex->face->stream_begin(ex);
    session_flush_waiting(session);
    bridge_session_listens(session);
}

static void delete_session(struct exchange *ex)
{
    struct session *session = ex->session;
    ex->session = NULL;
    ex->outcome = OUTCOME_ALLOWED;
    ex->kind = EXCHANGE_STREAM; // no message, so no line in the decision log
    session_end(session, "the client ended it");
    exchange_answer(ex, 200, (struct slice){0});
    exchange_finish(ex);
}

// ---- The entry

static void preflight(struct exchange *ex)
{
    struct http_header headers[HTTP_FACE_HEADERS_MAX];
    size_t count = http_face_headers(ex, headers);
    headers[count++] = (struct http_header){SLICE_LITERAL("Access-Control-Allow-Methods"),
                                            SLICE_LITERAL("GET, POST, DELETE")};
    headers[count++] = (struct http_header){
        SLICE_LITERAL("Access-Control-Allow-Headers"),
        SLICE_LITERAL(
            "Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Session-Id, "
            "MCP-Protocol-Version, Mcp-Method, Mcp-Name, traceparent, tracestate, baggage")};
    ex->answered = true;
    ex->kind = EXCHANGE_STREAM;
    ex->outcome = OUTCOME_ALLOWED;
    http_reply_send(ex->face_state, 204, headers, count, (struct slice){0});
    exchange_finish(ex);
}

static bool check_host_and_origin(struct exchange *ex, const struct http_request *request)
{
    struct slice origin = http_header_get(request->headers, HTTP_ORIGIN);
    if (!headers_host_allowed(ex->rules, request)) {
        refuse(ex, 403, "This Host is not allowed; see allowed_hosts in the configuration", NULL);
        return false;
    }
    if (origin.data == NULL)
        return true;
    if (http_header_count(request->headers, HTTP_ORIGIN) != 1 ||
        !headers_origin_allowed(ex->rules, origin)) {
        refuse(ex, 403, "This Origin is not allowed; see allowed_origins in the configuration",
               NULL);
        return false;
    }
    ex->origin = arena_copy(&ex->arena, origin);
    return true;
}

static void serve(struct exchange *ex, struct http_reply *reply, const struct http_request *request)
{
    if (slice_equal_string(request->method, "GET")) {
        if (has_legacy_session(ex))
            open_stream(ex);
    } else if (slice_equal_string(request->method, "DELETE")) {
        if (has_legacy_session(ex))
            delete_session(ex);
    } else if (!slice_equal_string(request->method, "POST")) {
        refuse(ex, 405, "Only POST, GET and DELETE are served here", "POST, GET, DELETE");
    } else if (media_types_fit(ex, request)) {
        ex->text = request->body;
        if (ex->session != NULL && ex->session->version == MCP_2025_03_26 &&
            slice_trim(request->body).length > 0 && slice_trim(request->body).data[0] == '[')
            batch_open(ex->pipeline, reply, ex);
        else
            steps_run(ex);
    }
}

void pipeline_handle_http(void *argument, struct http_reply *reply,
                          const struct http_request *request)
{
    struct pipeline *pipeline = argument;
    struct slice prefix = SLICE_LITERAL("/mcp/"), name = {0};
    if (endpoints_handle(pipeline, reply, request))
        return;
    if (slice_starts_with(request->path, prefix))
        name = slice_of(request->path.data + prefix.length, request->path.length - prefix.length);
    if (route_away(pipeline, reply, request, name))
        return;
    struct exchange *ex = exchange_new(pipeline, &http_face, reply);
    ex->is_http = true;
    http_face_listen(ex);
    if (!check_host_and_origin(ex, request))
        return;
    if (name.length == 0) {
        refuse(ex, 404, "Nothing is here; a server's endpoint is /mcp/<server>", NULL);
        return;
    }
    if (slice_equal_string(request->method, "OPTIONS") && ex->origin.data != NULL) {
        preflight(ex);
        return;
    }
    ex->peer = arena_copy(&ex->arena, request->peer);
    if (!identify(ex, request) || !find_server(ex, name))
        return;
    take_headers(ex, request);
    if (slice_equal_string(request->method, "GET")) {
        struct slice accept = http_header_get(request->headers, HTTP_ACCEPT);
        ex->accepts_stream = accept.data == NULL || accepts(accept, "text/event-stream");
    }
    serve(ex, reply, request);
}

void pipeline_handle_refused(void *argument, int status, const char *reason, struct slice peer)
{
    (void)status;
    outcome_record_refusal(argument, reason, peer, (struct slice){0}, (struct slice){0});
}
