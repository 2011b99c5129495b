// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Batches of 2025-03-26: every message is judged and sent by itself, as an exchange of its own.
// Answers come back as events of one stream, in the order in which they are ready.
#include "pipeline/pipeline_internal.h"

enum { BATCH_MAX = 100, UNSENT_MAX = 64 * 1024 * 1024 };

struct batch {
    struct pipeline *pipeline;
    struct http_reply *reply; // NULL once the client is gone
    size_t open;              // members without an answer, and one for the opening itself
    bool streaming;
    size_t unsent;                       // since the client stopped keeping up
    struct exchange *members[BATCH_MAX]; // NULL once answered
    size_t count;
};

// The members end with their calls; nobody hears of them any more.
static void give_up(struct batch *batch)
{
    http_reply_listen(batch->reply, (struct http_reply_events){0});
    http_reply_abort(batch->reply);
    batch->reply = NULL;
}

static void write_event(struct batch *batch, const struct slice *pieces, size_t count)
{
    if (batch->reply == NULL || count == 0)
        return;
    if (!batch->streaming) {
        static const struct http_header headers[] = {
            {{"Content-Type", 12}, {"text/event-stream", 17}},
            {{"Cache-Control", 13}, {"no-cache, no-store", 18}}};
        http_reply_start(batch->reply, 200, headers, 2);
        batch->streaming = true;
    }
    struct buffer joined, out;
    buffer_init(&joined, 0);
    buffer_init(&out, 0);
    for (size_t i = 0; i < count; i++)
        buffer_append(&joined, pieces[i]);
    struct http_event event = {.type = SLICE_LITERAL("message"),
                               .data = buffer_slice(&joined),
                               .retry_ms = -1,
                               .has_data = true};
    http_event_write(&out, &event);
    // Members share one stream, so a slow reader cannot hold one of them back; it is given up.
    bool behind = !out.failed && !joined.failed &&
                  http_reply_write(batch->reply, buffer_slice(&out)) == ERROR_AGAIN;
    batch->unsent += behind ? out.length : 0;
    if (out.failed || joined.failed || batch->unsent > UNSENT_MAX)
        give_up(batch);
    buffer_release(&joined);
    buffer_release(&out);
}

static void one_less(struct batch *batch)
{
    if (--batch->open > 0)
        return;
    if (batch->reply != NULL && batch->streaming)
        http_reply_finish(batch->reply);
    else if (batch->reply != NULL)
        http_reply_send(batch->reply, 202, NULL, 0, (struct slice){0});
    memory_free(batch);
}

static void forget_member(struct batch *batch, const struct exchange *ex)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->members[i] == ex)
            batch->members[i] = NULL;
}

static void answer(struct exchange *ex, int status, const struct slice *pieces, size_t count)
{
    struct batch *batch = ex->face_state;
    (void)status;
    if (ex->message_kind == MCP_REQUEST || ex->method_name.length == 0)
        write_event(batch, pieces, count);
    forget_member(batch, ex);
    one_less(batch);
}

static void stream_begin(struct exchange *ex)
{
    (void)ex;
}

static void stream_message(struct exchange *ex, const struct slice *pieces, size_t count,
                           struct slice id, int64_t retry_ms)
{
    (void)id;
    (void)retry_ms;
    write_event(ex->face_state, pieces, count);
}

static void stream_end(struct exchange *ex)
{
    forget_member(ex->face_state, ex);
    one_less(ex->face_state);
}

static const struct face batch_face = {answer, stream_begin, stream_message, stream_end};

static void on_gone(void *argument)
{
    struct batch *batch = argument;
    batch->reply = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        struct exchange *ex = batch->members[i];
        batch->members[i] = NULL;
        if (ex == NULL)
            continue;
        batch->open--;
        exchange_client_gone(ex);
    }
    if (batch->open == 0)
        memory_free(batch);
}

static void on_drained(void *argument)
{
    struct batch *batch = argument;
    batch->unsent = 0;
}

static struct exchange *member_of(struct exchange *first, struct batch *batch, struct slice text)
{
    struct exchange *ex = exchange_new(first->pipeline, &batch_face, batch);
    ex->grant = first->grant;
    ex->reach = first->reach;
    ex->token = first->token;
    ex->observe = first->observe;
    ex->server = upstream_server_ref(first->server);
    ex->policy = first->policy == NULL ? NULL : policy_ref(first->policy);
    ex->session = first->session;
    ex->session_header = first->session_header;
    ex->is_http = true;
    ex->accepts_stream = true;
    ex->peer = arena_copy(&ex->arena, first->peer);
    ex->forward = arena_take(&ex->arena, FORWARD_MAX * sizeof *ex->forward);
    if (ex->forward != NULL && first->forward_count > 0) {
        memcpy(ex->forward, first->forward, first->forward_count * sizeof *ex->forward);
        ex->forward_count = first->forward_count;
    }
    ex->in_batch = true;
    ex->text = text;
    batch->members[batch->count++] = ex;
    batch->open++;
    return ex;
}

void batch_open(struct pipeline *pipeline, struct http_reply *reply, struct exchange *first)
{
    struct json_doc doc;
    struct error error = {0};
    json_doc_init(&doc);
    int result = json_scan(&doc, first->text, NULL, &error, NULL);
    if (result != 0)
        exchange_refuse(first, 400, MCP_ERROR_PARSE, "Parse error: %s", error.text);
    else if (json_at(&doc, 0)->count == 0 || json_at(&doc, 0)->count > BATCH_MAX)
        exchange_refuse(first, 400, MCP_ERROR_INVALID_REQUEST, "A batch holds 1 to %d messages",
                        BATCH_MAX);
    if (first->answered) {
        json_doc_release(&doc);
        exchange_finish(first);
        return;
    }
    struct batch *batch = memory_new(sizeof *batch);
    batch->pipeline = pipeline;
    batch->reply = reply;
    batch->open = 1;
    http_reply_listen(reply, (struct http_reply_events){on_gone, on_drained, batch});
    for (uint32_t e = json_first_element(&doc, 0); e != JSON_NONE;
         e = json_next_element(&doc, 0, e))
        member_of(first, batch, json_raw(&doc, e));
    json_doc_release(&doc);
    // The array was only the envelope; its members are what is judged and logged.
    first->answered = true;
    first->kind = EXCHANGE_STREAM;
    first->outcome = OUTCOME_ALLOWED;
    first->session = NULL;
    exchange_finish(first);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->members[i] != NULL)
            steps_run(batch->members[i]);
    one_less(batch);
}
