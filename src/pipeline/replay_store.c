// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What was said on a session's streams, kept for a while within bounds, and the event ids that name
// a place in it.
#include "pipeline/replay_internal.h"
#include "pipeline/ledger_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    KEPT_MAX = 1000,
    KEPT_BYTES_MAX = 1024 * 1024,
    GRANT_BYTES_MAX = 64 * 1024 * 1024,
    KEPT_US = 5 * 60 * 1000 * 1000,
};

// ---- Keeping and forgetting

struct replay *replay_of(struct session *session)
{
    if (session->replay != NULL)
        return session->replay;
    struct replay *replay = memory_try_new(sizeof *replay);
    if (replay == NULL)
        return NULL;
    *replay = (struct replay){.usage = session->usage};
    random_hex(replay->secret, sizeof replay->secret / 2);
    list_init(&replay->streams);
    list_init(&replay->events);
    session->replay = replay;
    return replay;
}

void replay_forget_if_useless(struct replay_stream *stream)
{
    if (stream->ex != NULL || stream->kept > 0)
        return;
    list_remove(&stream->link);
    memory_free(stream);
}

static void drop_oldest(struct replay *replay)
{
    struct replay_event *event = LIST_ENTRY(replay->events.next, struct replay_event, link);
    replay->count--;
    replay->bytes -= event->length;
    atomic_fetch_sub(&replay->usage->kept_bytes, event->length);
    event->stream->kept--;
    event->stream->lost = event->number;
    replay_forget_if_useless(event->stream);
    list_remove(&event->link);
    memory_free(event);
}

// The grant's bytes are counted for all workers, so first taken and then looked at.
static bool claim(struct grant_usage *usage, size_t length)
{
    if (atomic_fetch_add(&usage->kept_bytes, length) + length <= GRANT_BYTES_MAX)
        return true;
    atomic_fetch_sub(&usage->kept_bytes, length);
    return false;
}

// Other sessions' events go with their time only: no session can drop another's. True: the bytes
// are counted.
static bool make_room(struct replay *replay, size_t length)
{
    if (length > KEPT_BYTES_MAX)
        return false;
    while (!list_empty(&replay->events) &&
           (replay->count >= KEPT_MAX || replay->bytes + length > KEPT_BYTES_MAX))
        drop_oldest(replay);
    while (!claim(replay->usage, length)) {
        if (list_empty(&replay->events))
            return false;
        drop_oldest(replay);
    }
    return true;
}

static bool store(struct replay *replay, struct replay_stream *stream, struct slice text,
                  uint64_t now_us)
{
    if (!make_room(replay, text.length))
        return false;
    struct replay_event *event = memory_try_new(sizeof *event + text.length);
    if (event == NULL) {
        atomic_fetch_sub(&replay->usage->kept_bytes, text.length);
        return false;
    }
    event->stream = stream;
    event->number = stream->last;
    event->at_us = now_us;
    event->length = text.length;
    memcpy(event->text, text.data, text.length);
    list_append(&replay->events, &event->link);
    replay->count++;
    replay->bytes += text.length;
    stream->kept++;
    return true;
}

struct slice replay_write_id(const struct replay *replay, const struct replay_stream *stream,
                             uint64_t number, char id[REPLAY_ID_SIZE])
{
    int length = snprintf(id, REPLAY_ID_SIZE, "%s-%c%" PRIx64 "-%" PRIx64, replay->secret,
                          stream->listener ? 'g' : 'c', stream->number, number);
    return slice_of(id, (size_t)length);
}

struct slice replay_keep(struct exchange *ex, struct slice text, char id[REPLAY_ID_SIZE])
{
    struct replay_stream *stream = ex->stream;
    if (stream == NULL)
        return (struct slice){0};
    struct replay *replay = ex->session->replay;
    stream->last++;
    if (!store(replay, stream, text, loop_now_us(ex->pipeline->loop)))
        stream->lost = stream->last;
    return replay_write_id(replay, stream, stream->last, id);
}

void replay_lose(struct exchange *ex)
{
    if (ex->stream != NULL)
        ex->stream->lost = ++ex->stream->last;
}

void replay_sweep(struct session *session, uint64_t now_us)
{
    struct replay *replay = session->replay;
    while (replay != NULL && !list_empty(&replay->events) &&
           now_us - LIST_ENTRY(replay->events.next, struct replay_event, link)->at_us > KEPT_US)
        drop_oldest(replay);
}

void replay_forget_all(struct session *session)
{
    while (session->replay != NULL && !list_empty(&session->replay->events))
        drop_oldest(session->replay);
}

static void let_go(struct replay_stream *stream)
{
    struct exchange *ex = stream->ex;
    stream->kept++; // freed with the others, not with its last event
    stream->ex = NULL;
    if (ex == NULL)
        return;
    ex->client_gone = ex->client_gone || replay_is_detached(ex); // nobody can come back to it
    ex->stream = NULL;
}

void replay_free(struct session *session)
{
    struct replay *replay = session->replay;
    if (replay == NULL)
        return;
    LIST_EACH(&replay->streams, item)
    {
        let_go(LIST_ENTRY(item, struct replay_stream, link));
    }
    replay_forget_all(session);
    LIST_EACH(&replay->streams, item)
    {
        memory_free(LIST_ENTRY(item, struct replay_stream, link));
    }
    memory_free(replay);
    session->replay = NULL;
}

// ---- Event ids

static bool take_hex(struct slice *rest, uint64_t *ret)
{
    size_t used = 0;
    *ret = 0;
    for (; used < rest->length && used < 16; used++) {
        char c = rest->data[used];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            break;
        *ret = *ret * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    bool padded = used > 1 && rest->data[0] == '0'; // an id has one spelling
    *rest = slice_of(rest->data + used, rest->length - used);
    return used > 0 && !padded;
}

static bool take_char(struct slice *rest, char wanted)
{
    if (rest->length == 0 || rest->data[0] != wanted)
        return false;
    *rest = slice_of(rest->data + 1, rest->length - 1);
    return true;
}

bool replay_read_id(const struct session *session, struct slice id, struct replay_place *ret)
{
    if (session->replay == NULL)
        return false;
    struct slice secret = slice_from_string(session->replay->secret);
    if (!slice_starts_with(id, secret))
        return false;
    struct slice rest = slice_of(id.data + secret.length, id.length - secret.length);
    if (!take_char(&rest, '-'))
        return false;
    ret->listener = take_char(&rest, 'g');
    return (ret->listener || take_char(&rest, 'c')) && take_hex(&rest, &ret->stream) &&
           take_char(&rest, '-') && take_hex(&rest, &ret->event) && rest.length == 0;
}

struct replay_stream *replay_find(const struct session *session, const struct replay_place *place)
{
    LIST_EACH(&session->replay->streams, item)
    {
        struct replay_stream *stream = LIST_ENTRY(item, struct replay_stream, link);
        if (stream->number == place->stream && stream->listener == place->listener &&
            place->event <= stream->last)
            return stream;
    }
    return NULL;
}
