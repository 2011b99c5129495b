// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/asking_internal.h"
#include "pipeline/replay_internal.h"
#include "pipeline/http_face_internal.h"

enum { RETRY_MS = 1000 };

struct slice replay_last_id(const struct exchange *ex)
{
    return http_header_get(exchange_headers(ex), HTTP_LAST_EVENT_ID);
}

bool replay_of_listener(const struct exchange *ex)
{
    struct replay_place place;
    return replay_read_id(ex->session, replay_last_id(ex), &place) && place.listener;
}

// ---- Streams

// HTTP upstreams have ids of their own, which pass through as they are, unless they speak the
// modern era, which does not resume. A batch has no one stream.
bool replay_is_possible(const struct exchange *ex)
{
    return ex->face == &http_face && ex->session != NULL && !ex->modern &&
           (upstream_server_has_links(ex->server) || ex->session->bridge != NULL);
}

static struct replay_stream *listener_stream(const struct exchange *ex)
{
    struct replay_place place;
    if (!replay_read_id(ex->session, replay_last_id(ex), &place) || !place.listener)
        return NULL;
    return replay_find(ex->session, &place);
}

void replay_begin(struct exchange *ex)
{
    if (!replay_is_possible(ex) || ex->stream != NULL)
        return;
    struct replay *replay = replay_of(ex->session);
    if (replay == NULL)
        return;
    bool listener = ex->kind == EXCHANGE_STREAM;
    struct replay_stream *stream = listener ? listener_stream(ex) : NULL;
    if (stream == NULL) {
        stream = memory_try_new(sizeof *stream);
        if (stream == NULL)
            return;
        *stream = (struct replay_stream){.listener = listener, .number = ++replay->next_stream};
        list_append(&replay->streams, &stream->link);
    }
    stream->ex = ex;
    ex->stream = stream;
}

// Writes what was said on the stream after event `after`.
static void write_kept(struct exchange *ex, const struct replay_stream *stream, uint64_t after)
{
    const struct replay *replay = ex->session->replay;
    LIST_EACH(&replay->events, item)
    {
        const struct replay_event *kept = LIST_ENTRY(item, struct replay_event, link);
        char id[REPLAY_ID_SIZE];
        if (kept->stream != stream || kept->number <= after)
            continue;
        struct http_event event = {.type = SLICE_LITERAL("message"),
                                   .data = slice_of(kept->text, kept->length),
                                   .id = replay_write_id(replay, stream, kept->number, id),
                                   .retry_ms = -1,
                                   .has_data = true};
        http_face_write(ex, &event);
    }
}

// Older clients may take an event without data for a broken message.
static bool primes(const struct exchange *ex)
{
    return ex->session != NULL && ex->session->version >= MCP_2025_11_25;
}

void replay_write_first(struct exchange *ex)
{
    struct replay_stream *stream = ex->stream;
    struct replay_place place;
    char id[REPLAY_ID_SIZE];
    if (stream == NULL)
        return;
    if (stream->listener) {
        if (stream->last > 0 && replay_read_id(ex->session, replay_last_id(ex), &place))
            write_kept(ex, stream, place.event);
        return;
    }
    if (!primes(ex))
        return;
    struct http_event prime = {.data = {"", 0},
                               .id = replay_write_id(ex->session->replay, stream, 0, id),
                               .retry_ms = RETRY_MS,
                               .has_data = true};
    http_face_write(ex, &prime);
}

void replay_leave(struct exchange *ex)
{
    struct replay_stream *stream = ex->stream;
    list_remove(&ex->soon_link);
    if (stream == NULL)
        return;
    ex->stream = NULL;
    stream->ex = NULL;
    stream->over = !stream->listener;
    replay_forget_if_useless(stream);
}

// ---- Going and coming back

bool replay_detach(struct exchange *ex)
{
    // For the server, for its client, or for a person.
    bool waits =
        ex->call != NULL || ex->to_modern != NULL ||
        (asking_is_held(ex) && (primes(ex) || (ex->stream != NULL && ex->stream->last > 0)));
    if (ex->stream == NULL || ex->stream->listener || !waits || ex->answered)
        return false;
    ex->face_state = NULL;
    ex->unsent = 0;
    ex->holds_back = false;
    if (ex->over_us == 0) // it goes on for a while, like any call whose client left
        ex->over_us = loop_now_us(ex->pipeline->loop);
    if (ex->call != NULL)
        upstream_call_resume(ex->call); // nobody is left to be waited for
    return true;
}

bool replay_is_detached(const struct exchange *ex)
{
    return ex->stream != NULL && ex->face_state == NULL;
}

static void hand_over(struct exchange *ex, struct exchange *call)
{
    if (call->face_state != NULL) // its old connection, of which nobody has heard that it is gone
        http_face_leave(call);
    replay_detach(call);
    call->face_state = ex->face_state;
    http_face_listen(call);
    if (!call->upstream_answered || bridge_is_asking(call))
        call->over_us = 0;
    call->last_write_us = loop_now_us(call->pipeline->loop);
    asking_take_token(call, ex);
    ex->face_state = NULL;
    ex->client_gone = true; // nothing more is said on this one
    exchange_finish(ex);
    asking_returned(call);
}

bool replay_resume(struct exchange *ex)
{
    struct replay_place place;
    if (!replay_read_id(ex->session, replay_last_id(ex), &place))
        return false;
    struct replay_stream *stream = replay_find(ex->session, &place);
    if (stream == NULL || stream->listener || place.event < stream->lost)
        return false;
    ex->streaming = true;
    http_face_start(ex);
    write_kept(ex, stream, place.event);
    if (ex->client_gone) // too slow even for that; the sweep ends it
        return true;
    if (!stream->over && stream->ex != NULL && !stream->ex->answered) {
        hand_over(ex, stream->ex);
        return true;
    }
    exchange_answer(ex, 200, (struct slice){0});
    exchange_finish(ex);
    return true;
}
