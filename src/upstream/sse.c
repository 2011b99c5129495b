// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A server with the HTTP+SSE transport of 2024-11-05 ("Transports"): a GET opens a stream, its
// first event names the endpoint for POSTs, and everything the server says comes on it. The stream
// is the conversation: when it ends, the link does.
#include "upstream/sse_internal.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>

enum { TARGET_MAX = 16 * 1024 };

static uint64_t patience_ms(const struct sse_link *sse)
{
    uint64_t ms = sse->link.server->options.connect_timeout_ms;
    return ms == 0 ? UPSTREAM_CONNECT_TIMEOUT_MS : ms;
}

static void end_stream(struct sse_link *sse)
{
    if (sse->stream != NULL)
        http_call_cancel(sse->stream);
    sse->stream = NULL;
    loop_timer_stop(sse->patience);
}

static void broken(struct sse_link *sse, int code, const char *text)
{
    if (!sse->link.detached) {
        sse->link.server->failures++;
        sse->link.server->last_attempt_failed = true;
    }
    upstream_link_break(&sse->link, code, text);
}

// ---- What the server says

static void take_endpoint(struct sse_link *sse, struct slice reference)
{
    struct error error = {0};
    if (sse->target.length > 0) {
        log_event(LOG_WARNING, "upstream", "server '%.*s' named a second endpoint; ignored",
                  SLICE_PRINT(upstream_server_shown(sse->link.server)));
        return;
    }
    int result =
        upstream_resolve_endpoint(&sse->link.server->options, reference, &sse->target, &error);
    if (result != 0) {
        buffer_clear(&sse->target);
        broken(sse, result, error.text);
        return;
    }
    loop_timer_stop(sse->patience);
    sse->link.server->last_attempt_failed = false;
    upstream_sse_send_waiting(sse);
}

static int on_event(void *argument, const struct http_event *event)
{
    struct sse_link *sse = argument;
    if (slice_equal_string(event->type, "endpoint"))
        take_endpoint(sse, event->data);
    else if ((event->type.length == 0 || slice_equal_string(event->type, "message")) &&
             slice_trim(event->data).length > 0)
        upstream_link_text(&sse->link, event->data);
    return sse->link.broken || sse->link.detached ? ERROR_CANCELLED : 0;
}

static bool is_compressed(const struct http_response *response)
{
    struct slice encoding = http_header_get(response->headers, HTTP_CONTENT_ENCODING);
    return encoding.data != NULL && !slice_equal_ignoring_case(encoding, SLICE_LITERAL("identity"));
}

static void on_head(void *argument, const struct http_response *response)
{
    struct sse_link *sse = argument;
    struct slice type = http_header_get(response->headers, HTTP_CONTENT_TYPE);
    int status = response->status;
    upstream_note_status(sse->link.server, response);
    if (status == 401 || status == 403) {
        snprintf(sse->text, sizeof sse->text, "it refused the gateway's credentials (HTTP %d)",
                 status);
        broken(sse, ERROR_DENIED, sse->text);
    } else if (status != 200) {
        snprintf(sse->text, sizeof sse->text,
                 "it answered the GET of its event stream with HTTP status %d", status);
        broken(sse, ERROR_PROTOCOL, sse->text);
    } else if (type.data == NULL || !upstream_http_is_type(type, "text/event-stream")) {
        broken(sse, ERROR_PROTOCOL, "its answer to GET is no event stream");
    } else if (is_compressed(response)) {
        broken(sse, ERROR_PROTOCOL, "it compressed its stream although identity was asked for");
    } else {
        loop_timer_start(sse->patience, patience_ms(sse), 0);
    }
}

static void on_body(void *argument, struct slice data)
{
    struct sse_link *sse = argument;
    sse->link.in_callback = true;
    int result = http_event_feed(&sse->parser, data, on_event, sse);
    sse->link.in_callback = false;
    if (result != 0 && !sse->link.broken && !sse->link.detached)
        broken(sse, result,
               result == ERROR_NO_MEMORY ? "out of memory" : "the server's message is too large");
}

static void ended(struct sse_link *sse, int code, const char *text)
{
    sse->stream = NULL;
    // What was cut off is lost, and somebody may be waiting for just that.
    bool cut = sse->parser.partial.length > 0;
    broken(sse, code, cut ? "the server closed its event stream inside a message" : text);
}

static void on_end(void *argument)
{
    struct sse_link *sse = argument;
    bool named = sse->target.length > 0;
    ended(sse, ERROR_CLOSED,
          named ? "the server closed its event stream"
                : "the server closed its event stream before it named its endpoint");
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    (void)sent;
    ended(argument, code, text);
}

static void patience_cb(void *argument)
{
    broken(argument, ERROR_TIMEOUT, "the server did not name its endpoint in time");
}

// ---- Its life

static void stop(struct upstream_link *link)
{
    end_stream(LIST_ENTRY(link, struct sse_link, link));
}

static void free_sse_cb(void *argument)
{
    struct sse_link *sse = argument;
    http_event_parser_release(&sse->parser);
    buffer_wipe(&sse->target);
    upstream_link_release(&sse->link);
    memory_free(sse);
}

static void close_link(struct upstream_link *link)
{
    struct sse_link *sse = LIST_ENTRY(link, struct sse_link, link);
    end_stream(sse);
    upstream_sse_drop_posts(sse);
    loop_timer_close(sse->patience);
    link->server->stream_links--;
    upstream_link_gone(link, free_sse_cb, sse);
}

static void read_stream(struct upstream_link *link, bool wanted)
{
    struct sse_link *sse = LIST_ENTRY(link, struct sse_link, link);
    if (sse->stream == NULL)
        return;
    if (wanted)
        http_call_resume(sse->stream);
    else
        http_call_pause(sse->stream);
}

static const struct upstream_link_kind sse_kind = {
    .confirms = true,
    .write = upstream_sse_write,
    .forget = upstream_sse_forget,
    .stop = stop,
    .close = close_link,
    .kill = close_link,
    .read = read_stream,
};

static int open_stream(struct sse_link *sse)
{
    static const struct upstream_request get = {.verb = UPSTREAM_GET};
    struct upstream_server *server = sse->link.server;
    struct http_header headers[UPSTREAM_HEADERS_MAX];
    struct http_call_request request = {
        .method = SLICE_LITERAL("GET"),
        .target = server->options.target,
        .headers = headers,
        .header_count = upstream_http_headers(&server->options, &get, headers),
        .repeatable = true,
        .head_timeout_ms = patience_ms(sse),
    };
    struct http_call_events events = {on_head, on_body, on_end, on_error, sse};
    return http_client_start(server->streams, &request, &events, &sse->stream);
}

int upstream_sse_open(struct upstream_server *server, bool rewrite_ids,
                      const struct upstream_link_events *events, struct upstream_link **ret,
                      struct error *error)
{
    if (server->stream_links >= UPSTREAM_STREAMS_MAX)
        return error_set(error, ERROR_LIMIT, "server '%.*s' has %d streams already",
                         SLICE_PRINT(upstream_server_shown(server)), UPSTREAM_STREAMS_MAX);
    struct sse_link *sse = memory_new(sizeof *sse);
    sse->patience = loop_timer_open(server->set->loop, patience_cb, sse);
    if (sse->patience == NULL) {
        memory_free(sse);
        return error_set(error, ERROR_NO_MEMORY, "no memory for a timer");
    }
    upstream_link_init(&sse->link, &sse_kind, server, rewrite_ids, events);
    server->stream_links++;
    list_init(&sse->posts);
    buffer_init(&sse->target, TARGET_MAX);
    size_t largest = server->options.message_max;
    http_event_parser_init(&sse->parser, largest == 0 ? UPSTREAM_MESSAGE_MAX : largest);
    int result = open_stream(sse);
    if (result != 0) {
        sse->link.detached = true;
        close_link(&sse->link);
        return error_set(error, result, "server '%.*s' has too many streams waiting",
                         SLICE_PRINT(upstream_server_shown(server)));
    }
    *ret = &sse->link;
    return 0;
}
