// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Conversations of the legacy era. A session's id is unguessable, good for one grant and one server
// only, and never the server's own. Closed sessions keep nothing.
#include "pipeline/bridge_internal.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/metrics_internal.h"
#include "pipeline/replay_internal.h"
#include "pipeline/route_internal.h"

#include <openssl/sha.h>

enum {
    SESSIONS_MAX_PER_GRANT = 1000,
    CALLS_MAX_PER_GRANT = 1000,
    IDLE_MS = 30 * 60 * 1000,
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

static void hash_id(struct session *session)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)session->id, strlen(session->id), hash);
    for (size_t i = 0; i < (SESSION_HASH_SIZE - 1) / 2; i++) {
        session->hash[2 * i] = digits[hash[i] >> 4];
        session->hash[2 * i + 1] = digits[hash[i] & 15];
    }
}

static size_t most(size_t configured, size_t otherwise)
{
    return configured == 0 ? otherwise : configured;
}

struct session *session_new(struct exchange *ex)
{
    struct pipeline *pipeline = ex->pipeline;
    struct grant_usage *usage = grant_usage_of(pipeline, ex->grant->label);
    size_t limit = most(pipeline->rules->given.sessions_max_per_grant, SESSIONS_MAX_PER_GRANT);
    if (usage == NULL || (!ex->initializing && !usage_take(&usage->sessions, limit)))
        return NULL;
    struct session *session = memory_new(sizeof *session);
    session->pipeline = pipeline;
    random_hex(session->id, (SESSION_ID_SIZE - 1) / 2);
    route_mark_session(pipeline, session->id);
    hash_id(session);
    if (table_put(&pipeline->sessions_by_id, slice_from_string(session->id), session) != 0) {
        if (!ex->initializing)
            usage_give_back(&usage->sessions);
        memory_free(session);
        return NULL;
    }
    session->grant_label = memory_copy_string(ex->grant->label.data, ex->grant->label.length);
    session->client_name = memory_copy_string(ex->client_name.data, ex->client_name.length);
    session->server = upstream_server_ref(ex->server);
    buffer_init(&session->upstream_id, 4096);
    list_init(&session->exchanges);
    list_init(&session->waiting);
    list_init(&session->asked);
    list_init(&session->held);
    origins_init(&session->replays);
    buffer_init(&session->greeting, 1024 * 1024);
    list_append(&pipeline->sessions, &session->link);
    session->last_used_us = loop_now_us(pipeline->loop);
    metrics_sessions(pipeline->metrics, 1);
    ex->initializing = NULL; // its place among the sessions is this one's now
    return session;
}

static bool is_idle(const struct session *session, uint64_t now_us)
{
    uint64_t idle_us = session->pipeline->rules->given.session_idle_ms * 1000;
    if (idle_us == 0)
        idle_us = (uint64_t)IDLE_MS * 1000;
    bool busy =
        session->stdio != NULL || session->listener != NULL || !list_empty(&session->exchanges);
    return !busy && now_us - session->last_used_us > idle_us;
}

struct session *session_find(const struct exchange *ex, struct slice id)
{
    struct session *session = table_get(&ex->pipeline->sessions_by_id, id);
    if (session == NULL || session->ended || session->server != ex->server ||
        !slice_equal_string(ex->grant->label, session->grant_label))
        return NULL;
    if (!is_idle(session, loop_now_us(session->pipeline->loop)))
        return session;
    session_end(session, "idle");
    return NULL;
}

static void drop_waiting(struct session *session)
{
    struct waiting_message *message =
        LIST_ENTRY(session->waiting.next, struct waiting_message, link);
    session->waiting_bytes -= message->length;
    session->waiting_count--;
    list_remove(&message->link);
    memory_free(message);
}

static void free_session_cb(void *argument)
{
    struct session *session = argument;
    while (!list_empty(&session->waiting))
        drop_waiting(session);
    LIST_EACH(&session->asked, item)
    {
        memory_free(LIST_ENTRY(item, struct asked, link));
    }
    buffer_release(&session->upstream_id);
    buffer_release(&session->greeting);
    memory_free(session->grant_label);
    memory_free(session->client_name);
    memory_free(session);
}

void session_free(struct session *session)
{
    struct pipeline *pipeline = session->pipeline;
    session->ended = true;
    table_remove(&pipeline->sessions_by_id, slice_from_string(session->id));
    list_remove(&session->link);
    struct grant_usage *usage =
        table_get(&pipeline->grants, slice_from_string(session->grant_label));
    if (usage != NULL)
        usage_give_back(&usage->sessions);
    metrics_sessions(pipeline->metrics, -1);
    heal_release(session);
    origins_release(&session->replays);
    bridge_session_free(session);
    if (session->shared == NULL)
        upstream_link_close(session->child);
    session->shared = NULL;
    session->child = NULL;
    replay_free(session);
    // What is still in flight loses its session; over HTTP it may yet be answered.
    LIST_EACH(&session->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, session_link);
        list_remove(&ex->session_link);
        ex->session = NULL;
        if (ex->minted == session)
            ex->minted = NULL;
    }
    upstream_server_unref(session->server);
    loop_defer(pipeline->loop, free_session_cb, session);
}

void session_end(struct session *session, const char *why)
{
    if (session->ended)
        return;
    log_event(LOG_DEBUG, "pipeline", "a session of grant '%s' ended: %s", session->grant_label,
              why);
    struct exchange *listener = session->listener;
    session->listener = NULL;
    send_goodbye(session);
    session_free(session);
    if (listener != NULL) {
        exchange_answer(listener, 200, (struct slice){0});
        exchange_finish(listener);
    }
}

void session_sweep(struct pipeline *pipeline, uint64_t now_us)
{
    LIST_EACH(&pipeline->sessions, item)
    {
        struct session *session = LIST_ENTRY(item, struct session, link);
        replay_sweep(session, now_us);
        if (is_idle(session, now_us))
            session_end(session, "idle"); // takes nothing but its own listener along
    }
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
    uint64_t limit_us =
        most(session->pipeline->rules->given.question_time_ms, ASKED_MS) * (uint64_t)1000;
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

void session_note_asked(struct session *session, struct slice id)
{
    expire_asked(session);
    if (session->asked_count >= ASKED_MAX || id.length == 0)
        return; // its answer will be dropped, which the server notices as silence
    struct asked *asked = memory_try_new(sizeof *asked + id.length);
    if (asked == NULL)
        return;
    asked->length = id.length;
    asked->since_us = loop_now_us(session->pipeline->loop);
    memcpy(asked->id, id.data, id.length);
    list_append(&session->asked, &asked->link);
    session->asked_count++;
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

// ---- The step

static enum step_result open_session(struct exchange *ex)
{
    struct grant_usage *usage = grant_usage_of(ex->pipeline, ex->grant->label);
    if (usage == NULL)
        return STEP_FAIL;
    if (!usage_take(&usage->sessions,
                    most(ex->rules->given.sessions_max_per_grant, SESSIONS_MAX_PER_GRANT)))
        return exchange_refuse(ex, 503, MCP_ERROR_INTERNAL,
                               "This grant has too many open sessions; end one (DELETE) or wait");
    ex->initializing = usage;
    ex->session = NULL;
    return STEP_NEXT;
}

static enum step_result check_legacy_session(struct exchange *ex)
{
    if (ex->method == MCP_INITIALIZE && ex->in_batch)
        return exchange_refuse(ex, 400, MCP_ERROR_INVALID_REQUEST,
                               "initialize must not be part of a batch");
    if (ex->method == MCP_INITIALIZE)
        return open_session(ex);
    if (ex->session_header.data == NULL)
        return exchange_refuse(ex, 400, MCP_ERROR_INVALID_REQUEST,
                               "The header Mcp-Session-Id is missing; send initialize first");
    if (ex->session == NULL)
        return exchange_refuse(ex, 404, MCP_ERROR_INVALID_REQUEST,
                               "Session not found; send initialize again");
    struct slice version = {0};
    for (size_t i = 0; i < ex->forward_count; i++)
        if (slice_equal_ignoring_case(ex->forward[i].name, SLICE_LITERAL(VERSION_HEADER)))
            version = ex->forward[i].value;
    if (version.data != NULL && mcp_version_parse(version) == MCP_VERSION_NONE)
        return exchange_refuse(ex, 400, MCP_ERROR_INVALID_REQUEST,
                               "Unsupported MCP-Protocol-Version");
    return STEP_NEXT;
}

// An answer that nobody asked for could be meant for somebody else's question.
static enum step_result check_response(struct exchange *ex)
{
    if (ex->message_kind != MCP_RESPONSE)
        return STEP_NEXT;
    if (ex->session == NULL)
        return exchange_refuse(ex, 400, MCP_ERROR_INVALID_REQUEST,
                               "Responses are not sent in this protocol version");
    if (session_take_asked(ex->session, ex->id))
        return STEP_NEXT;
    ex->reason = SLICE_LITERAL("an answer to a request that the server did not make");
    exchange_answer(ex, 202, (struct slice){0});
    return STEP_REPLY;
}

static enum step_result count_call(struct exchange *ex)
{
    if (ex->message_kind != MCP_REQUEST)
        return STEP_NEXT;
    struct grant_usage *usage = grant_usage_of(ex->pipeline, ex->grant->label);
    if (usage == NULL)
        return STEP_FAIL;
    if (!usage_take(&usage->calls, most(ex->rules->given.calls_max_per_grant, CALLS_MAX_PER_GRANT)))
        return exchange_refuse(ex, 503, MCP_ERROR_INTERNAL,
                               "This grant has too many calls in flight; wait for answers");
    ex->counted = usage;
    return STEP_NEXT;
}

enum step_result step_session(struct exchange *ex)
{
    enum step_result result = STEP_NEXT;
    if (ex->session != NULL && ex->session->stdio != NULL) {
        // The one conversation of the stdio face serves every era.
    } else if (ex->modern) {
        ex->session = NULL; // 2026-07-28: a session id is ignored
    } else {
        result = check_legacy_session(ex);
    }
    if (result != STEP_NEXT)
        return result;
    if (ex->session != NULL) {
        ex->session->last_used_us = loop_now_us(ex->pipeline->loop);
        list_append(&ex->session->exchanges, &ex->session_link);
    }
    result = check_response(ex);
    return result == STEP_NEXT ? count_call(ex) : result;
}

// ---- Children and what they say

// Judges and passes on what a child says by itself. With nothing in flight there is no exchange to
// carry the grant, so one is made for the judgement.
static void on_child_message(void *argument, struct upstream_message *message)
{
    struct session *session = argument;
    struct pipeline *pipeline = session->pipeline;
    struct exchange judge = {0};
    arena_init(&judge.arena, 64 * 1024);
    struct slice label = slice_from_string(session->grant_label);
    judge.pipeline = pipeline;
    judge.rules = pipeline->rules;
    judge.grant = identity_by_label(pipeline->rules->given.grants, label);
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
        const struct mcp_message *m = message->message;
        bool allowed = decide_server_message(pipeline, &judge, session, message);
        if (allowed && m->kind == MCP_REQUEST)
            session_note_asked(session, json_raw(message->doc, m->id));
        struct slice *pieces;
        size_t count;
        if (allowed &&
            mcp_edits_pieces(&message->edits, message->text, &judge.arena, &pieces, &count) == 0)
            session_deliver(session, pieces, count,
                            m->kind == MCP_REQUEST || m->method == MCP_LOG_MESSAGE ||
                                m->method == MCP_PROGRESS);
        else if (m->kind == MCP_REQUEST)
            send_refusal(session, message, "the policy does not allow this request");
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
        drop_waiting(session);
    struct waiting_message *message = memory_try_new(sizeof *message + length);
    if (message == NULL)
        return;
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
        struct waiting_message *message =
            LIST_ENTRY(session->waiting.next, struct waiting_message, link);
        struct slice text = slice_of(message->text, message->length);
        stream(session->listener, &text, 1);
        drop_waiting(session);
    }
}

// ---- Reload

static const struct policy *policy_for(const struct rules *rules, const struct session *session)
{
    const struct identity_grant *grant =
        identity_by_label(rules->given.grants, slice_from_string(session->grant_label));
    const struct identity_reach *reach =
        grant == NULL ? NULL
                      : identity_reach(grant, upstream_server_options(session->server)->name);
    return reach == NULL || reach->policy < 0 ? NULL : rules->given.policies[reach->policy].policy;
}

static void tell_changed(struct session *session)
{
    static const char *const methods[] = {"tools", "prompts", "resources"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct slice pieces[] = {SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"),
                                 slice_from_string(methods[i]), SLICE_LITERAL("/list_changed\"}")};
        if (session->stdio != NULL || session->listener != NULL)
            session_deliver(session, pieces, 3, false);
    }
}

void session_apply_rules(struct session *session, const struct rules *before)
{
    const struct rules *now = session->pipeline->rules;
    struct slice server = upstream_server_options(session->server)->name;
    const struct identity_grant *grant =
        identity_by_label(now->given.grants, slice_from_string(session->grant_label));
    if (grant == NULL || identity_reach(grant, server) == NULL ||
        upstream_server_retired(session->server)) {
        session_end(session, "the configuration changed");
        return;
    }
    const struct policy *old = policy_for(before, session), *new = policy_for(now, session);
    if (old == new ||
        (old != NULL && new != NULL &&slice_equal(policy_version(old), policy_version(new))))
        return;
    replay_forget_all(session); // it was judged by the old one
    tell_changed(session);
}
