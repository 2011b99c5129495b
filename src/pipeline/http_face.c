// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The HTTP face: how answers, streams and their ends reach an HTTP client, and what its connection
// tells of itself. Where requests come from: http_request.c.
#include "pipeline/http_face_internal.h"
#include "pipeline/replay_internal.h"

enum { UNSENT_MAX = 4 * 1024 * 1024 };

size_t http_face_headers(const struct exchange *ex, struct http_header *headers)
{
    size_t count = 0;
    headers[count++] =
        (struct http_header){SLICE_LITERAL("Cache-Control"), SLICE_LITERAL("no-store")};
    const struct session *session = ex->result_failed ? NULL : ex->minted;
    if (session != NULL)
        headers[count++] =
            (struct http_header){SLICE_LITERAL(SESSION_HEADER), slice_from_string(session->id)};
    if (ex->origin.data != NULL) {
        headers[count++] =
            (struct http_header){SLICE_LITERAL("Access-Control-Allow-Origin"), ex->origin};
        headers[count++] = (struct http_header){SLICE_LITERAL("Access-Control-Expose-Headers"),
                                                SLICE_LITERAL(SESSION_HEADER)};
        headers[count++] = (struct http_header){SLICE_LITERAL("Vary"), SLICE_LITERAL("Origin")};
    }
    return count;
}

static void answer(struct exchange *ex, int status, const struct slice *pieces, size_t count)
{
    struct http_header headers[HTTP_FACE_HEADERS_MAX];
    size_t header_count = http_face_headers(ex, headers);
    if (count > 0)
        headers[header_count++] =
            (struct http_header){SLICE_LITERAL("Content-Type"), SLICE_LITERAL("application/json")};
    http_reply_send_pieces(ex->face_state, status, headers, header_count, pieces, count);
}

void http_face_start(struct exchange *ex)
{
    struct http_header headers[HTTP_FACE_HEADERS_MAX];
    size_t count = http_face_headers(ex, headers);
    headers[0].value = SLICE_LITERAL("no-cache, no-store");
    headers[count++] =
        (struct http_header){SLICE_LITERAL("Content-Type"), SLICE_LITERAL("text/event-stream")};
    headers[count++] =
        (struct http_header){SLICE_LITERAL("X-Accel-Buffering"), SLICE_LITERAL("no")};
    http_reply_start(ex->face_state, 200, headers, count);
    ex->last_write_us = loop_now_us(ex->pipeline->loop);
}

// A session's stream can be open for days; of the request it needs only what is passed on.
static void forget_request(struct exchange *ex)
{
    if (ex->face_state == NULL || ex->client_gone || !headers_keep(ex))
        return;
    ex->session_header = (struct slice){0};
    http_reply_forget_request(ex->face_state);
}

static void stream_begin(struct exchange *ex)
{
    replay_begin(ex);
    http_face_start(ex);
    replay_write_first(ex);
    if (ex->kind == EXCHANGE_STREAM)
        forget_request(ex);
}

static bool shares_its_child(const struct exchange *ex)
{
    return upstream_server_has_links(ex->server) &&
           (ex->session == NULL || ex->session->child == NULL || ex->session->shared != NULL);
}

// A server's message is being handed over, so the exchange may not end here; the sweep ends it.
static void give_up(struct exchange *ex)
{
    http_reply_listen(ex->face_state, (struct http_reply_events){0});
    http_reply_abort(ex->face_state);
    if (replay_detach(ex))
        return;
    ex->client_gone = true;
    ex->aborted = true;
}

// A reader that does not keep up slows its own server connection down; on a shared child that would
// slow everybody, so there the reader is given up instead.
static void hold_back(struct exchange *ex, size_t length)
{
    ex->unsent += length;
    if (!shares_its_child(ex)) {
        ex->holds_back = true;
        if (ex->call != NULL)
            upstream_call_pause(ex->call);
        else if (ex->session != NULL && ex->session->child != NULL)
            upstream_link_pause(ex->session->child);
        return;
    }
    if (ex->unsent > UNSENT_MAX)
        give_up(ex);
}

void http_face_write(struct exchange *ex, const struct http_event *event)
{
    struct buffer out;
    if (ex->face_state == NULL || ex->client_gone)
        return;
    buffer_init(&out, 0);
    http_event_write(&out, event);
    ex->last_write_us = loop_now_us(ex->pipeline->loop);
    if (out.failed)
        give_up(ex);
    else if (http_reply_write(ex->face_state, buffer_slice(&out)) == ERROR_AGAIN)
        hold_back(ex, out.length);
    buffer_release(&out);
}

static void stream_message(struct exchange *ex, const struct slice *pieces, size_t count,
                           struct slice id, int64_t retry_ms)
{
    struct buffer joined;
    char own_id[REPLAY_ID_SIZE];
    buffer_init(&joined, 0);
    for (size_t i = 0; count > 1 && i < count; i++)
        buffer_append(&joined, pieces[i]);
    struct http_event event = {.type = count > 0 ? SLICE_LITERAL("message") : (struct slice){0},
                               .data = count == 1  ? pieces[0]
                                       : count > 1 ? buffer_slice(&joined)
                                                   : (struct slice){"", 0},
                               .id = id,
                               .retry_ms = retry_ms,
                               .has_data = true};
    if (joined.failed) {
        replay_lose(ex);
        if (ex->face_state != NULL)
            give_up(ex);
    } else if (ex->stream == NULL) {
        http_face_write(ex, &event);
    } else if (count > 0) { // the place that a server's own event id names is nowhere here
        event.id = replay_keep(ex, event.data, own_id);
        http_face_write(ex, &event);
    }
    buffer_release(&joined);
}

static void stream_end(struct exchange *ex)
{
    if (ex->face_state != NULL)
        http_reply_finish(ex->face_state);
}

const struct face http_face = {answer, stream_begin, stream_message, stream_end};

void http_face_comment(struct exchange *ex)
{
    ex->last_write_us = loop_now_us(ex->pipeline->loop);
    if (ex->face_state != NULL &&
        http_reply_write(ex->face_state, SLICE_LITERAL(": still here\n\n")) == ERROR_AGAIN)
        hold_back(ex, 0);
}

static void on_gone(void *argument)
{
    // Disconnection is no cancellation; who may come back is waited for.
    if (!replay_detach(argument))
        exchange_client_gone(argument);
}

static void on_drained(void *argument)
{
    struct exchange *ex = argument;
    ex->unsent = 0;
    ex->holds_back = false;
    if (ex->call != NULL)
        upstream_call_resume(ex->call);
    else if (ex->session != NULL && ex->session->child != NULL)
        upstream_link_resume(ex->session->child);
}

void http_face_listen(struct exchange *ex)
{
    http_reply_listen(ex->face_state, (struct http_reply_events){on_gone, on_drained, ex});
}

void http_face_leave(struct exchange *ex)
{
    http_reply_listen(ex->face_state, (struct http_reply_events){0});
    http_reply_finish(ex->face_state);
    ex->face_state = NULL;
}
