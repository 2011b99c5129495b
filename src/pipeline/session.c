// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Conversations of the legacy era. A session's id is unguessable, good for one grant and one server
// only, and never the server's own. Closed sessions keep nothing.
#include "pipeline/asking_internal.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/metrics_internal.h"
#include "pipeline/pins_internal.h"
#include "pipeline/replay_internal.h"
#include "pipeline/route_internal.h"

#include <openssl/sha.h>

enum {
    SESSIONS_MAX_PER_GRANT = 1000,
    CALLS_MAX_PER_GRANT = 1000,
    IDLE_MS = 30 * 60 * 1000,
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
    struct grant_usage *usage = exchange_usage(ex);
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
    session->grant_id = memory_copy_string(ex->grant->id.data, ex->grant->id.length);
    session->usage = usage;
    session->client_name = memory_copy_string(ex->client_name.data, ex->client_name.length);
    session->server = upstream_server_ref(ex->server);
    session->opens_pages = ex->opens_pages;
    buffer_init(&session->upstream_id, 4096);
    list_init(&session->exchanges);
    list_init(&session->waiting);
    list_init(&session->asked);
    list_init(&session->tasks.own);
    list_init(&session->tasks.news);
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
        !slice_equal_string(ex->grant->id, session->grant_id))
        return NULL;
    if (!is_idle(session, loop_now_us(session->pipeline->loop)))
        return session;
    session_end(session, "idle");
    return NULL;
}

static void free_session_cb(void *argument)
{
    struct session *session = argument;
    session_forget_talk(session);
    buffer_release(&session->upstream_id);
    buffer_release(&session->greeting);
    memory_free(session->grant_id);
    memory_free(session->client_name);
    memory_free(session);
}

void session_free(struct session *session)
{
    struct pipeline *pipeline = session->pipeline;
    session->ended = true;
    table_remove(&pipeline->sessions_by_id, slice_from_string(session->id));
    list_remove(&session->link);
    usage_give_back(&session->usage->sessions);
    metrics_sessions(pipeline->metrics, -1);
    heal_release(session);
    origins_release(&session->replays);
    bridge_session_free(session);
    own_tasks_release(session);
    held_news_release(session);
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
    log_event(LOG_DEBUG, "pipeline", "a session of grant '%s' ended: %s", session->grant_id, why);
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

// ---- The step

static enum step_result open_session(struct exchange *ex)
{
    struct grant_usage *usage = exchange_usage(ex);
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
    struct slice version = http_header_get(exchange_headers(ex), HTTP_MCP_PROTOCOL_VERSION);
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
    ex->took_asked = session_take_asked(ex->session, ex->id);
    if (ex->took_asked)
        return asking_take_answer(ex) ? STEP_REPLY : STEP_NEXT;
    ex->reason = SLICE_LITERAL("an answer to a request that the server did not make");
    exchange_answer(ex, 202, (struct slice){0});
    return STEP_REPLY;
}

enum step_result session_count_call(struct exchange *ex)
{
    if (ex->message_kind != MCP_REQUEST)
        return STEP_NEXT;
    struct grant_usage *usage = exchange_usage(ex);
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
    if (ex->session != NULL && ex->method == MCP_INITIALIZE) // of the stdio face, which has one
        ex->session->opens_pages = ex->opens_pages;
    if (ex->session != NULL) {
        ex->session->last_used_us = loop_now_us(ex->pipeline->loop);
        list_append(&ex->session->exchanges, &ex->session_link);
    }
    result = check_response(ex);
    return result == STEP_NEXT ? session_count_call(ex) : result;
}

// ---- Reload

static const struct policy *policy_for(const struct rules *rules, struct slice grant_id,
                                       const struct upstream_server *server)
{
    const struct identity_grant *grant = identity_by_id(rules->given.grants, grant_id);
    const struct identity_reach *reach =
        grant == NULL ? NULL : identity_reach(grant, upstream_server_options(server)->name);
    return reach == NULL || reach->policy < 0 ? NULL : rules->given.policies[reach->policy].policy;
}

static uint64_t pins_digest(const struct rules *rules, const struct upstream_server *server)
{
    const struct pipeline_pins *pins = pins_of(rules, upstream_server_options(server)->name);
    return pins == NULL ? 0 : filter_pins_digest(pins->said) + 3 * filter_pins_digest(pins->kept);
}

// Do both show the same to this grant at this server?
bool rules_agree(const struct rules *a, const struct rules *b, struct slice grant_id,
                 const struct upstream_server *server)
{
    const struct identity_grant *one = identity_by_id(a->given.grants, grant_id);
    const struct identity_grant *other = identity_by_id(b->given.grants, grant_id);
    const struct policy *first = policy_for(a, grant_id, server);
    const struct policy *second = policy_for(b, grant_id, server);
    if (one == NULL || other == NULL || one->mode != other->mode ||
        pins_digest(a, server) != pins_digest(b, server))
        return false;
    return first == second || (first != NULL && second != NULL &&
                               slice_equal(policy_version(first), policy_version(second)));
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
        identity_by_id(now->given.grants, slice_from_string(session->grant_id));
    if (grant == NULL || identity_reach(grant, server) == NULL ||
        upstream_server_retired(session->server)) {
        session_end(session, "the configuration changed");
        return;
    }
    if (rules_agree(before, now, grant->id, session->server))
        return;
    replay_forget_all(session); // it was judged by the old one
    tell_changed(session);
}
