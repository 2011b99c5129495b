// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One message to a server over streamable HTTP: the request's head is made here from an allow-list,
// the answer is read as JSON or as an event stream.
#include "upstream/upstream_internal.h"

#include "base/memory.h"

static void finish(struct upstream_call *call)
{
    if (!call->in_callback)
        upstream_call_recycle(call);
}

static void fail(struct upstream_call *call, int code, bool sent, const char *text)
{
    if (call->over)
        return;
    call->over = true;
    call->server->failures++;
    call->server->last_attempt_failed = true;
    call->events.on_error(call->events.argument, code, sent, text);
}

bool upstream_http_is_type(struct slice value, const char *type)
{
    const char *end = memchr(value.data, ';', value.length);
    struct slice bare = value;
    if (end != NULL)
        bare.length = (size_t)(end - value.data);
    return slice_equal_ignoring_case(slice_trim(bare), slice_from_string(type));
}

// A body that is no stream is as bounded as its head was; a stream that answers a request may take
// its time, but not in silence. Streams of their own may be silent for ever.
static void limit_body(struct upstream_call *call)
{
    uint64_t ms = call->server->options.answer_timeout_ms;
    ms = ms == 0 ? UPSTREAM_ANSWER_TIMEOUT_MS : ms;
    if (!call->event_stream)
        http_call_limit_body(call->http, ms, 0);
    else if (!call->keeps_open)
        http_call_limit_body(call->http, 0, ms);
}

static struct slice challenge_of(struct http_headers headers)
{
    static const struct slice name = {"WWW-Authenticate", 16};
    for (size_t i = 0; i < headers.count; i++)
        if (slice_equal_ignoring_case(headers.items[i].name, name))
            return headers.items[i].value;
    return (struct slice){0};
}

static void on_head(void *argument, const struct http_response *head)
{
    struct upstream_call *call = argument;
    struct slice type = http_header_get(head->headers, HTTP_CONTENT_TYPE);
    struct slice encoding = http_header_get(head->headers, HTTP_CONTENT_ENCODING);
    call->in_callback = true;
    call->status = head->status;
    upstream_note_status(call->server, head);
    call->server->last_attempt_failed = false;
    if (encoding.data != NULL && !slice_equal_ignoring_case(encoding, SLICE_LITERAL("identity"))) {
        http_call_cancel(call->http);
        call->http = NULL;
        fail(call, ERROR_PROTOCOL, true,
             "the server compressed its answer although identity was asked for");
    } else {
        call->event_stream = head->status == 200 && type.data != NULL &&
                             upstream_http_is_type(type, "text/event-stream");
        call->is_json = type.data != NULL && upstream_http_is_type(type, "application/json");
        limit_body(call);
        if (call->event_stream)
            http_event_parser_init(&call->parser, call->body.cap);
        struct upstream_head h = {.status = head->status,
                                  .event_stream = call->event_stream,
                                  .session_id = http_header_get(head->headers, HTTP_MCP_SESSION_ID),
                                  .challenge = head->status == 401 ? challenge_of(head->headers)
                                                                   : (struct slice){0}};
        call->events.on_head(call->events.argument, &h);
    }
    call->in_callback = false;
    if (call->over)
        finish(call);
}

struct event_delivery {
    struct upstream_call *call;
    const struct http_event *event;
};

static void deliver_event(void *argument, struct upstream_message *message)
{
    struct event_delivery *d = argument;
    message->is_event = true;
    message->event_id = d->event->id;
    message->retry_ms = d->event->retry_ms;
    if (!d->call->over)
        d->call->events.on_message(d->call->events.argument, message);
}

// Events without data carry an id or a retry time for a later resumption; they pass as they are.
static int on_event(void *argument, const struct http_event *event)
{
    struct upstream_call *call = argument;
    struct event_delivery delivery = {call, event};
    if (event->data.length == 0) {
        arena_clear(&call->server->set->arena);
        struct upstream_message empty = {.text = {"", 0}, .arena = &call->server->set->arena};
        deliver_event(&delivery, &empty);
        return call->over ? ERROR_CANCELLED : 0;
    }
    struct error error = {0};
    int result = upstream_read_messages(call->server->set, event->data, deliver_event, &delivery,
                                        &call->over, &error);
    if (call->over)
        return ERROR_CANCELLED;
    if (result != 0)
        fail(call, result, true, error.text);
    return result;
}

static void on_body(void *argument, struct slice data)
{
    struct upstream_call *call = argument;
    call->in_callback = true;
    int result = call->event_stream ? http_event_feed(&call->parser, data, on_event, call)
                                    : buffer_append(&call->body, data);
    if (result != 0 && !call->over)
        fail(call, result, true,
             result == ERROR_NO_MEMORY ? "out of memory" : "the server's message is too large");
    call->in_callback = false;
    if (!call->over)
        return;
    if (call->http != NULL)
        http_call_cancel(call->http);
    call->http = NULL;
    finish(call);
}

static void deliver_body(void *argument, struct upstream_message *message)
{
    struct upstream_call *call = argument;
    if (!call->over)
        call->events.on_message(call->events.argument, message);
}

static void on_end(void *argument)
{
    struct upstream_call *call = argument;
    call->http = NULL;
    call->in_callback = true;
    if (!call->event_stream && call->body.length > 0 && call->is_json) {
        struct error error = {0};
        int result = upstream_read_messages(call->server->set, buffer_slice(&call->body),
                                            deliver_body, call, &call->over, &error);
        // The text of an error status is often not JSON-RPC; then the status alone is the answer.
        if (result != 0 && call->status == 200)
            fail(call, result, true, error.text);
    } else if (!call->event_stream && call->body.length > 0 && call->status == 200)
        fail(call, ERROR_PROTOCOL, true,
             "the server answered neither with JSON nor with an event stream");
    if (!call->over) {
        call->over = true;
        call->events.on_end(call->events.argument);
    }
    call->in_callback = false;
    finish(call);
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct upstream_call *call = argument;
    call->http = NULL;
    call->in_callback = true;
    fail(call, code, sent, text);
    call->in_callback = false;
    finish(call);
}

static bool configured(const struct upstream_options *options, struct slice name)
{
    for (size_t i = 0; i < options->header_count; i++)
        if (slice_equal_ignoring_case(options->headers[i].name, name))
            return true;
    return false;
}

// What every request to the server says. Its own credentials always win over what a client sent.
static size_t server_headers(const struct upstream_options *options, enum upstream_verb verb,
                             struct http_header *headers)
{
    static const struct http_header fixed[] = {{{"Accept-Encoding", 15}, {"identity", 8}},
                                               {{"User-Agent", 10}, {"sallyport", 9}}};
    static const struct slice accept = {"application/json, text/event-stream", 35};
    static const struct slice accept_get = {"text/event-stream", 17};
    size_t count = 0;
    bool get = verb == UPSTREAM_GET;
    headers[count++] = (struct http_header){SLICE_LITERAL("Accept"), get ? accept_get : accept};
    if (verb == UPSTREAM_POST)
        headers[count++] =
            (struct http_header){SLICE_LITERAL("Content-Type"), SLICE_LITERAL("application/json")};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!configured(options, fixed[i].name))
            headers[count++] = fixed[i];
    for (size_t i = 0; i < options->header_count && count < UPSTREAM_HEADERS_MAX; i++)
        headers[count++] =
            (struct http_header){options->headers[i].name, options->headers[i].value};
    return count;
}

static size_t add_request_headers(const struct upstream_options *options,
                                  const struct upstream_request *request,
                                  struct http_header *headers, size_t count)
{
    for (size_t i = 0; i < request->header_count && count < UPSTREAM_HEADERS_MAX; i++)
        if (options->header_count == 0 || !configured(options, request->headers[i].name))
            headers[count++] = request->headers[i];
    return count;
}

size_t upstream_http_headers(const struct upstream_options *options,
                             const struct upstream_request *request, struct http_header *headers)
{
    size_t count = server_headers(options, request->verb, headers);
    return add_request_headers(options, request, headers, count);
}

int upstream_http_prepare(const struct upstream_options *options, struct buffer *lines)
{
    struct http_header headers[UPSTREAM_HEADERS_MAX];
    size_t count = server_headers(options, UPSTREAM_POST, headers), length = 0;
    if (count == UPSTREAM_HEADERS_MAX)
        return ERROR_TOO_LARGE;
    for (size_t i = 0; i < count; i++)
        length += headers[i].name.length + sizeof ": \r\n" + headers[i].value.length;
    // Room at once: growing would leave copies of credentials behind.
    return buffer_reserve(lines, length) == NULL ? ERROR_NO_MEMORY
                                                 : http_lines_append(lines, headers, count);
}

int upstream_http_send(struct upstream_server *server, const struct upstream_request *request,
                       const struct upstream_call_events *events, struct upstream_call **ret,
                       struct error *error)
{
    static const struct slice verbs[] = {[UPSTREAM_POST] = {"POST", 4},
                                         [UPSTREAM_GET] = {"GET", 3},
                                         [UPSTREAM_DELETE] = {"DELETE", 6}};
    struct http_header headers[UPSTREAM_HEADERS_MAX];
    struct http_call_request http = {
        .method = verbs[request->verb],
        .target = server->options.target,
        .headers = headers,
        .body = request->text,
        .repeatable = request->repeatable,
    };
    if (request->verb == UPSTREAM_POST) {
        http.lines = buffer_slice(&server->secrets->lines);
        http.header_count = add_request_headers(&server->options, request, headers, 0);
    } else {
        http.header_count = upstream_http_headers(&server->options, request, headers);
    }
    if (http.header_count >= UPSTREAM_HEADERS_MAX)
        return error_set(error, ERROR_TOO_LARGE, "more than %d headers for the server",
                         UPSTREAM_HEADERS_MAX);
    struct upstream_call *call = upstream_call_take(server, events);
    const struct mcp_message *m = request->message;
    call->keeps_open = m == NULL || m->kind != MCP_REQUEST || m->method == MCP_LISTEN;
    struct http_call_events http_events = {on_head, on_body, on_end, on_error, call};
    int result = http_client_start(server->client, &http, &http_events, &call->http);
    if (result != 0) {
        upstream_call_recycle(call);
        return error_set(error, result, "server '%.*s' has too many calls waiting",
                         SLICE_PRINT(upstream_server_shown(server)));
    }
    *ret = call;
    return 0;
}
