// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What an SSE server is told: each message is a POST of its own, answered 202; what it has to say
// comes on the stream. Messages wait until the server has named its endpoint, and behind a
// notifications/initialized, since two requests may overtake each other where two lines cannot.
#include "upstream/sse_internal.h"

#include "base/log.h"
#include "base/memory.h"

enum {
    WAITING_MAX = 64 * 1024 * 1024,
    HEADERS_BYTES_MAX = 256 * 1024,
    BODY_MAX = 64 * 1024, // of the answer to a POST, which nobody reads
};

struct sse_post {
    struct list link; // sse->posts
    struct sse_link *sse;
    struct upstream_call *call; // NULL: nobody needs to know
    struct http_call *http;     // NULL: waits
    struct arena memory;        // the headers
    struct http_header *headers;
    size_t header_count;
    struct buffer body; // until it is sent
    bool repeatable, greets;
    bool answered;  // its status came
    size_t ignored; // bytes of the answer's body
};

static void post_free(struct sse_post *post)
{
    struct sse_link *sse = post->sse;
    if (sse->greeting == post)
        sse->greeting = NULL;
    sse->waiting_bytes -= post->body.length;
    list_remove(&post->link);
    buffer_release(&post->body);
    arena_release(&post->memory);
    memory_free(post);
}

static bool copy_headers(struct sse_post *post, const struct upstream_request *request)
{
    static const struct upstream_request bare = {.verb = UPSTREAM_POST};
    struct http_header headers[UPSTREAM_HEADERS_MAX];
    size_t count = upstream_http_headers(&post->sse->link.server->options,
                                         request == NULL ? &bare : request, headers);
    post->headers = arena_take(&post->memory, count * sizeof *post->headers);
    if (post->headers == NULL)
        return false;
    for (; post->header_count < count; post->header_count++) {
        struct http_header *copy = &post->headers[post->header_count];
        copy->name = arena_copy(&post->memory, headers[post->header_count].name);
        copy->value = arena_copy(&post->memory, headers[post->header_count].value);
        if (copy->name.data == NULL || copy->value.data == NULL)
            return false;
    }
    return true;
}

static struct sse_post *post_new(struct sse_link *sse, struct upstream_call *call,
                                 const struct upstream_request *request, const struct slice *pieces,
                                 size_t count)
{
    struct sse_post *post = memory_try_new(sizeof *post);
    if (post == NULL)
        return NULL;
    *post = (struct sse_post){.sse = sse, .call = call};
    list_append(&sse->posts, &post->link);
    arena_init(&post->memory, HEADERS_BYTES_MAX);
    buffer_init(&post->body, 0);
    for (size_t i = 0; i < count; i++)
        buffer_append(&post->body, pieces[i]);
    sse->waiting_bytes += post->body.length;
    if (request != NULL) {
        post->repeatable = request->repeatable;
        post->greets = request->message->method == MCP_INITIALIZED;
    }
    if (!post->body.failed && copy_headers(post, request))
        return post;
    post_free(post);
    return NULL;
}

// ---- The answer to a POST

static void tell_status(struct upstream_call *call, int status)
{
    struct upstream_head head = {.status = status};
    call->in_callback = true;
    call->events.on_head(call->events.argument, &head);
    call->in_callback = false;
    if (call->over) // cancelled inside
        upstream_call_recycle(call);
    else
        upstream_link_end_call(call, 0, true, NULL);
}

static void on_head(void *argument, const struct http_response *response)
{
    struct sse_post *post = argument;
    struct sse_link *sse = post->sse;
    struct upstream_call *call = post->call;
    bool taken = response->status / 100 == 2;
    upstream_note_status(sse->link.server, response);
    post->call = NULL;
    post->answered = true;
    if (sse->greeting == post)
        sse->greeting = NULL;
    if (!taken) {
        sse->link.server->failures++;
        log_event(LOG_WARNING, "upstream", "server '%.*s' answered a POST with HTTP status %d",
                  SLICE_PRINT(upstream_server_shown(sse->link.server)), response->status);
    }
    // A request that was taken is answered on the stream. The rest may end the link and the post.
    if (call != NULL && !(taken && call->key.length > 0))
        tell_status(call, response->status);
    upstream_sse_send_waiting(sse);
}

static void on_body(void *argument, struct slice data)
{
    struct sse_post *post = argument;
    post->ignored += data.length;
    if (post->ignored <= BODY_MAX)
        return;
    http_call_cancel(post->http);
    post_free(post);
}

static void on_end(void *argument)
{
    post_free(argument);
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct sse_post *post = argument;
    struct sse_link *sse = post->sse;
    struct upstream_call *call = post->call;
    bool answered = post->answered;
    post_free(post);
    if (!answered) {
        sse->link.server->failures++;
        sse->link.server->last_attempt_failed = true;
        log_event(LOG_WARNING, "upstream", "server '%.*s': a POST failed: %s",
                  SLICE_PRINT(upstream_server_shown(sse->link.server)), text);
    }
    if (call != NULL)
        upstream_link_end_call(call, code, sent, text);
    upstream_sse_send_waiting(sse);
}

// ---- Sending

static int start(struct sse_post *post)
{
    struct sse_link *sse = post->sse;
    struct http_call_request request = {
        .method = SLICE_LITERAL("POST"),
        .target = buffer_slice(&sse->target),
        .headers = post->headers,
        .header_count = post->header_count,
        .body = buffer_slice(&post->body),
        .repeatable = post->repeatable,
    };
    struct http_call_events events = {on_head, on_body, on_end, on_error, post};
    int result = http_client_start(sse->link.server->client, &request, &events, &post->http);
    if (result != 0)
        return result;
    sse->waiting_bytes -= post->body.length;
    buffer_release(&post->body);
    if (post->call != NULL)
        post->call->unsent = false;
    if (post->greets)
        sse->greeting = post;
    return 0;
}

static bool must_wait(const struct sse_link *sse)
{
    return sse->target.length == 0 || sse->greeting != NULL;
}

int upstream_sse_write(struct upstream_link *link, struct upstream_call *call,
                       const struct upstream_request *request, const struct slice *pieces,
                       size_t count)
{
    struct sse_link *sse = LIST_ENTRY(link, struct sse_link, link);
    if (link->broken)
        return ERROR_CLOSED;
    if (sse->waiting_bytes > WAITING_MAX)
        return ERROR_LIMIT;
    struct sse_post *post = post_new(sse, call, request, pieces, count);
    if (post == NULL)
        return ERROR_NO_MEMORY;
    if (call != NULL)
        call->unsent = true;
    if (must_wait(sse))
        return 0;
    int result = start(post);
    if (result != 0)
        post_free(post);
    return result;
}

static struct sse_post *next_waiting(const struct sse_link *sse)
{
    LIST_EACH(&sse->posts, item)
    {
        struct sse_post *post = LIST_ENTRY(item, struct sse_post, link);
        if (post->http == NULL)
            return post;
    }
    return NULL;
}

void upstream_sse_send_waiting(struct sse_link *sse)
{
    struct sse_post *post;
    while (!sse->link.broken && !sse->link.detached && !must_wait(sse) &&
           (post = next_waiting(sse)) != NULL) {
        struct upstream_call *call = post->call;
        int result = start(post);
        if (result == 0)
            continue;
        post_free(post);
        if (call != NULL)
            upstream_link_end_call(call, result, false, "too many messages wait for the server");
    }
}

// ---- What nobody waits for any more

void upstream_sse_forget(struct upstream_link *link, struct upstream_call *call)
{
    struct sse_link *sse = LIST_ENTRY(link, struct sse_link, link);
    LIST_EACH(&sse->posts, item)
    {
        struct sse_post *post = LIST_ENTRY(item, struct sse_post, link);
        if (post->call != call)
            continue;
        post->call = NULL;
        if (post->http == NULL)
            post_free(post); // the server need not hear of it at all
        return;
    }
}

void upstream_sse_drop_posts(struct sse_link *sse)
{
    LIST_EACH(&sse->posts, item)
    {
        struct sse_post *post = LIST_ENTRY(item, struct sse_post, link);
        if (post->http != NULL)
            http_call_cancel(post->http);
        post_free(post);
    }
}
