// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a server says to a session outside of calls: its requests, which may be answered once, and
// its news, which go to the one stream that fits or wait for it.
#include "pipeline/bridge_internal.h"
#include "pipeline/replay_internal.h"

enum {
    WAITING_MAX = 1000,
    WAITING_BYTES_MAX = 1024 * 1024,
    ASKED_MAX = 1000,
    ASKED_MS = 60 * 60 * 1000,
};

struct asked {
    struct list link; // session->asked, oldest first
    uint64_t since_us;
    size_t length;
    char id[]; // raw JSON
};

// A server's own message that waits for a stream.
struct waiting_message {
    struct list link;
    size_t length;
    char text[];
};

// The oldest one; the caller frees it.
static struct waiting_message *take_waiting(struct session *session)
{
    struct waiting_message *message =
        LIST_ENTRY(session->waiting.next, struct waiting_message, link);
    session->waiting_bytes -= message->length;
    session->waiting_count--;
    // The pipeline may be gone already.
    backlog_taken(&session->waiting_share, 0, session->waiting_bytes, session->waiting_bytes,
                  session->waiting_share.since_us);
    list_remove(&message->link);
    return message;
}

static void cut_cb(void *argument)
{
    struct session *session = argument;
    while (!list_empty(&session->waiting))
        memory_free(take_waiting(session));
}

// ---- Requests of the server: only what was asked can be answered, once

static void drop_asked(struct session *session, struct asked *asked)
{
    list_remove(&asked->link);
    memory_free(asked);
    session->asked_count--;
}

// What the client never answered makes room; an answer after that time is dropped like any that
// nobody waits for.
static void expire_asked(struct session *session)
{
    uint64_t now_us = loop_now_us(session->pipeline->loop);
    uint64_t limit_ms = session->pipeline->rules->given.question_time_ms;
    uint64_t limit_us = (limit_ms == 0 ? ASKED_MS : limit_ms) * 1000;
    while (!list_empty(&session->asked)) {
        struct asked *oldest = LIST_ENTRY(session->asked.next, struct asked, link);
        if (now_us - oldest->since_us <= limit_us)
            return;
        drop_asked(session, oldest);
    }
}

bool session_can_ask(struct session *session, size_t count)
{
    expire_asked(session);
    return session->asked_count + count <= ASKED_MAX;
}

bool session_note_asked(struct session *session, struct slice id)
{
    if (!session_can_ask(session, 1) || id.length == 0)
        return false;
    struct asked *asked = memory_try_new(sizeof *asked + id.length);
    if (asked == NULL)
        return false;
    asked->length = id.length;
    asked->since_us = loop_now_us(session->pipeline->loop);
    memcpy(asked->id, id.data, id.length);
    list_append(&session->asked, &asked->link);
    session->asked_count++;
    return true;
}

bool session_take_asked(struct session *session, struct slice id)
{
    expire_asked(session);
    LIST_EACH(&session->asked, item)
    {
        struct asked *asked = LIST_ENTRY(item, struct asked, link);
        if (!slice_equal(slice_of(asked->id, asked->length), id))
            continue;
        drop_asked(session, asked);
        return true;
    }
    return false;
}

// ---- Children and what they say

// Why a message was not passed on, in words for the server; NULL: it was.
static const char *pass_on(struct session *session, struct exchange *judge,
                           struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    struct slice *pieces;
    size_t count;
    if (!decide_server_message(session->pipeline, judge, session, message))
        return "the policy does not allow this request";
    if (mcp_edits_pieces(&message->edits, message->text, &judge->arena, &pieces, &count) != 0 ||
        (m->kind == MCP_REQUEST && !session_note_asked(session, json_raw(message->doc, m->id))))
        return SESSION_ASKS_TOO_MUCH;
    session_deliver(session, pieces, count,
                    m->kind == MCP_REQUEST || m->method == MCP_LOG_MESSAGE ||
                        m->method == MCP_PROGRESS);
    return NULL;
}

// Judges and passes on what a child says by itself. With nothing in flight there is no exchange to
// carry the grant, so one is made for the judgement.
static void on_child_message(void *argument, struct upstream_message *message)
{
    struct session *session = argument;
    struct pipeline *pipeline = session->pipeline;
    struct exchange judge = {0};
    arena_init(&judge.arena, 64 * 1024);
    struct slice label = slice_from_string(session->grant_id);
    judge.pipeline = pipeline;
    judge.rules = pipeline->rules;
    judge.grant = identity_by_id(pipeline->rules->given.grants, label);
    judge.server = session->server;
    judge.session = session;
    const struct identity_reach *reach =
        judge.grant == NULL
            ? NULL
            : identity_reach(judge.grant, upstream_server_options(session->server)->name);
    if (reach != NULL) {
        judge.observe = judge.grant->mode == IDENTITY_OBSERVE;
        judge.policy =
            reach->policy < 0 ? NULL : pipeline->rules->given.policies[reach->policy].policy;
        const char *why = pass_on(session, &judge, message);
        if (why != NULL && message->message->kind == MCP_REQUEST)
            send_refusal(session, message, why);
    }
    arena_release(&judge.arena);
}

static void on_child_closed(void *argument, const char *text)
{
    struct session *session = argument;
    bridge_forget_era(session->pipeline, session->server);
    if (session->stdio == NULL) {
        session_end(session, text);
        return;
    }
    upstream_link_close(session->child);
    session->child = NULL;
}

int session_start_child(struct session *session, struct error *error)
{
    struct upstream_link_events events = {on_child_message, on_child_closed, session};
    return upstream_link_open(session->server, false, &events, &session->child, error);
}

static void keep_waiting(struct session *session, const struct slice *pieces, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += pieces[i].length;
    if (length > WAITING_BYTES_MAX)
        return;
    while (!list_empty(&session->waiting) && (session->waiting_bytes + length > WAITING_BYTES_MAX ||
                                              session->waiting_count >= WAITING_MAX))
        memory_free(take_waiting(session));
    if (list_empty(&session->waiting))
        backlog_join(&session->waiting_share, session->pipeline->given.waiting, cut_cb, session);
    uint64_t now_us = loop_now_us(session->pipeline->loop);
    struct waiting_message *message = memory_try_new(sizeof *message + length);
    if (message == NULL ||
        !backlog_hold(&session->waiting_share, session->waiting_bytes + length, now_us)) {
        memory_free(message);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(message->text + message->length, pieces[i].data, pieces[i].length);
        message->length += pieces[i].length;
    }
    session->waiting_bytes += length;
    session->waiting_count++;
    list_append(&session->waiting, &message->link);
}

void session_child_said(struct session *session, struct upstream_message *message)
{
    on_child_message(session, message);
}

static void stream(struct exchange *ex, const struct slice *pieces, size_t count)
{
    if (!ex->streaming)
        ex->face->stream_begin(ex);
    ex->streaming = true;
    ex->face->stream_message(ex, pieces, count, (struct slice){0}, -1);
}

// `away`: one whose client may come back to its stream.
static struct exchange *newest_open_call(struct session *session, bool away)
{
    for (struct list *l = session->exchanges.previous; l != &session->exchanges; l = l->previous) {
        struct exchange *ex = LIST_ENTRY(l, struct exchange, session_link);
        if (ex->kind == EXCHANGE_MESSAGE && ex->message_kind == MCP_REQUEST && ex->call != NULL &&
            !ex->client_gone && !ex->answered && ex->accepts_stream &&
            replay_is_detached(ex) == away)
            return ex;
    }
    return NULL;
}

// A pipe does not say which call a message belongs to: requests and log lines go with the newest
// call, everything else to the client's GET stream, each to exactly one stream.
void session_deliver(struct session *session, const struct slice *pieces, size_t count,
                     bool about_a_call)
{
    if (session->stdio != NULL) {
        stdio_write(session->stdio, pieces, count);
        return;
    }
    struct exchange *target = about_a_call ? newest_open_call(session, false) : NULL;
    if (target == NULL && session->listener != NULL && !session->listener->client_gone)
        target = session->listener;
    if (target == NULL && about_a_call)
        target = newest_open_call(session, true);
    if (target == NULL)
        keep_waiting(session, pieces, count);
    else
        stream(target, pieces, count);
}

void session_flush_waiting(struct session *session)
{
    while (!list_empty(&session->waiting) && session->listener != NULL &&
           !session->listener->client_gone) {
        struct waiting_message *message = take_waiting(session);
        struct slice text = slice_of(message->text, message->length);
        stream(session->listener, &text, 1);
        memory_free(message);
    }
}

void session_forget_talk(struct session *session)
{
    cut_cb(session);
    while (!list_empty(&session->asked))
        drop_asked(session, LIST_ENTRY(session->asked.next, struct asked, link));
}
