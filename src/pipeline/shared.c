// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Children that several clients use: one per grant and server for the stateless era (or one per
// server when the configuration says so). Ids are rewritten in upstream/, so callers cannot meet.
#include "pipeline/bridge_internal.h"

struct shared_child {
    struct list link; // pipeline->shared
    struct pipeline *pipeline;
    char *grant_id;                 // owned; "" when shared by all grants
    struct upstream_server *server; // referenced
    struct upstream_link *child;
    uint64_t last_used_us;
    char *shape; // owned: version and capabilities of its legacy clients; "" for modern ones
    struct buffer result;     // of the initialize that went through
    enum mcp_version version; // what that initialize settled on
    struct exchange *first;   // its initialize is on its way; others wait for the answer
    bool initialized;         // notifications/initialized went through
    bool offers_tasks;
    struct list waiting; // exchanges with an initialize that wait for the first one's answer
};

static void free_shared_cb(void *argument)
{
    struct shared_child *shared = argument;
    buffer_release(&shared->result);
    memory_free(shared->shape);
    memory_free(shared->grant_id);
    memory_free(shared);
}

static void close_shared(struct shared_child *shared)
{
    list_remove(&shared->link);
    upstream_link_close(shared->child);
    upstream_server_unref(shared->server);
    loop_defer(shared->pipeline->loop, free_shared_cb, shared);
}

static bool uses(const struct session *session, const struct shared_child *shared)
{
    return session->shared == shared && !session->ended;
}

static struct session *newest_caller(const struct shared_child *shared)
{
    struct list *exchanges = &shared->pipeline->exchanges;
    for (struct list *l = exchanges->previous; l != exchanges; l = l->previous) {
        struct exchange *ex = LIST_ENTRY(l, struct exchange, link);
        if (ex->session != NULL && uses(ex->session, shared) && ex->call != NULL)
            return ex->session;
    }
    return NULL;
}

// Requests and log lines go to the session with the newest call; news go to every session.
static void on_legacy_message(struct shared_child *shared, struct upstream_message *message)
{
    bool news =
        message->message->kind == MCP_NOTIFICATION && message->message->method != MCP_LOG_MESSAGE;
    struct session *caller = news ? NULL : newest_caller(shared);
    if (caller != NULL)
        session_child_said(caller, message);
    if (!news)
        return;
    LIST_EACH(&shared->pipeline->sessions, item)
    {
        struct session *session = LIST_ENTRY(item, struct session, link);
        if (uses(session, shared))
            session_child_said(session, message);
    }
}

// In the stateless era log lines that name no call go to the oldest call of the same child that
// asked for them. Anything else has no addressee in it, and a request is not allowed.
static void on_message(void *argument, struct upstream_message *message)
{
    struct shared_child *shared = argument;
    if (shared->shape[0] != '\0') {
        on_legacy_message(shared, message);
        return;
    }
    if (message->message->method != MCP_LOG_MESSAGE) {
        log_event(LOG_DEBUG, "pipeline", "a message of a shared server had no addressee; dropped");
        return;
    }
    LIST_EACH(&shared->pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        bool wants_log = ex->to_modern != NULL || (ex->modern && ex->wants_log);
        if (ex->server != shared->server || !wants_log || ex->call == NULL ||
            (ex->session != NULL && ex->session->stdio != NULL) ||
            (shared->grant_id[0] != '\0' && !slice_equal_string(ex->grant->id, shared->grant_id)))
            continue;
        if (decide_server_message(shared->pipeline, ex, NULL, message))
            answer_pass(ex, message);
        return;
    }
}

static void end_sessions(struct shared_child *shared, const char *text)
{
    bool found = true;
    while (found) {
        found = false;
        LIST_EACH(&shared->pipeline->sessions, item)
        {
            struct session *session = LIST_ENTRY(item, struct session, link);
            if (!uses(session, shared))
                continue;
            session_end(session, text);
            found = true;
            break;
        }
    }
}

static void fail_waiting(struct shared_child *shared)
{
    while (!list_empty(&shared->waiting)) {
        struct exchange *ex = LIST_ENTRY(shared->waiting.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        ex->outcome = OUTCOME_FAILED;
        exchange_refuse(ex, 502, MCP_ERROR_INTERNAL, "The server could not be initialized");
        exchange_finish(ex);
    }
}

static void on_closed(void *argument, const char *text)
{
    struct shared_child *shared = argument;
    bridge_forget_era(shared->pipeline, shared->server);
    fail_waiting(shared);
    end_sessions(shared, text);
    close_shared(shared);
}

static struct shared_child *find(struct exchange *ex, struct slice label, struct slice shape)
{
    LIST_EACH(&ex->pipeline->shared, item)
    {
        struct shared_child *shared = LIST_ENTRY(item, struct shared_child, link);
        if (shared->server == ex->server && upstream_link_takes_messages(shared->child) &&
            slice_equal_string(label, shared->grant_id) && slice_equal_string(shape, shared->shape))
            return shared;
    }
    return NULL;
}

static struct shared_child *find_or_open(struct exchange *ex, struct slice label,
                                         struct slice shape, struct error *error)
{
    struct pipeline *pipeline = ex->pipeline;
    struct shared_child *shared = find(ex, label, shape);
    if (shared == NULL) {
        shared = memory_new(sizeof *shared);
        struct upstream_link_events events = {on_message, on_closed, shared};
        if (upstream_link_open(ex->server, true, &events, &shared->child, error) != 0) {
            memory_free(shared);
            return NULL;
        }
        shared->pipeline = pipeline;
        shared->grant_id = memory_copy_string(label.data, label.length);
        shared->shape = memory_copy_string(shape.data, shape.length);
        shared->server = upstream_server_ref(ex->server);
        list_init(&shared->waiting);
        list_append(&pipeline->shared, &shared->link);
    }
    shared->last_used_us = loop_now_us(pipeline->loop);
    return shared;
}

static struct slice label_of_modern(const struct exchange *ex)
{
    bool all = upstream_server_options(ex->server)->sharing == UPSTREAM_SHARED;
    return all ? (struct slice){"", 0} : ex->grant->id;
}

struct upstream_link *shared_child(struct exchange *ex, struct error *error)
{
    struct slice none = {"", 0};
    struct shared_child *shared = find_or_open(ex, label_of_modern(ex), none, error);
    return shared == NULL ? NULL : shared->child;
}

void shared_discard(struct exchange *ex)
{
    struct shared_child *shared = find(ex, label_of_modern(ex), (struct slice){"", 0});
    LIST_EACH(&ex->pipeline->exchanges, item)
    {
        const struct exchange *other = LIST_ENTRY(item, struct exchange, link);
        if (other->server == ex->server && other->call != NULL)
            return;
    }
    if (shared != NULL)
        close_shared(shared);
}

// ---- Legacy sessions on one process

// What two clients must have in common to be one client to the server.
static struct slice shape_of(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t version = json_get(doc, ex->message.params, "protocolVersion");
    uint32_t capabilities = json_get(doc, ex->message.params, "capabilities");
    struct buffer out;
    buffer_init(&out, 64 * 1024);
    buffer_append_string(&out, "legacy ");
    bool failed = (version != JSON_NONE && json_write_canonical(&out, doc, version) != 0) ||
                  (capabilities != JSON_NONE && json_write_canonical(&out, doc, capabilities) != 0);
    struct slice shape =
        failed || out.failed ? (struct slice){0} : arena_copy(&ex->arena, buffer_slice(&out));
    buffer_release(&out);
    return shape;
}

static void answer_from_first(struct exchange *ex, const struct shared_child *shared)
{
    struct slice pieces[] = {SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"id\":"), ex->id,
                             SLICE_LITERAL(",\"result\":"), buffer_slice(&shared->result),
                             SLICE_LITERAL("}")};
    exchange_answer_pieces(ex, 200, pieces, sizeof pieces / sizeof *pieces);
}

static enum step_result join(struct exchange *ex, struct error *error)
{
    struct slice shape = shape_of(ex);
    if (shape.data == NULL) {
        error_set(error, ERROR_NO_MEMORY, "the client's capabilities are too large");
        return STEP_FAIL;
    }
    struct slice none = {"", 0};
    struct shared_child *shared = find_or_open(ex, none, shape, error);
    if (shared == NULL)
        return STEP_FAIL;
    ex->session->shared = shared;
    ex->session->child = shared->child;
    if (shared->result.length > 0) {
        ex->session->version = shared->version;
        ex->session->tasks.offered = shared->offers_tasks;
        answer_from_first(ex, shared);
        return STEP_REPLY;
    }
    if (shared->first != NULL) {
        list_append(&shared->waiting, &ex->wait_link);
        return STEP_WAIT;
    }
    shared->first = ex;
    return STEP_NEXT;
}

enum step_result shared_prepare(struct exchange *ex, struct error *error)
{
    if (ex->method == MCP_INITIALIZE)
        return join(ex, error);
    struct shared_child *shared = ex->session->shared;
    if (shared == NULL) {
        error_set(error, ERROR_UNREACHABLE, "the server process is gone; send initialize again");
        return STEP_FAIL;
    }
    shared->last_used_us = loop_now_us(ex->pipeline->loop);
    if (ex->method == MCP_INITIALIZED && shared->initialized) {
        exchange_answer(ex, 202, (struct slice){0});
        return STEP_REPLY;
    }
    shared->initialized = shared->initialized || ex->method == MCP_INITIALIZED;
    return STEP_NEXT;
}

static struct shared_child *opened_by(const struct exchange *ex)
{
    LIST_EACH(&ex->pipeline->shared, item)
    {
        struct shared_child *shared = LIST_ENTRY(item, struct shared_child, link);
        if (shared->first == ex)
            return shared;
    }
    return NULL;
}

void shared_exchange_over(const struct exchange *ex)
{
    struct shared_child *shared = opened_by(ex);
    if (shared == NULL)
        return;
    shared->first = NULL;
    fail_waiting(shared); // nobody waits any more when it went well
}

void shared_initialized(const struct exchange *ex, const struct upstream_message *message)
{
    struct shared_child *shared = opened_by(ex);
    if (shared == NULL || message->message->result == JSON_NONE)
        return;
    buffer_clear(&shared->result);
    if (buffer_append(&shared->result, json_raw(message->doc, message->message->result)) != 0) {
        buffer_clear(&shared->result);
        fail_waiting(shared);
        return;
    }
    uint32_t version = json_get(message->doc, message->message->result, "protocolVersion");
    if (version != JSON_NONE && json_type(message->doc, version) == JSON_STRING)
        shared->version = mcp_version_parse(json_string(message->doc, version, message->arena));
    shared->offers_tasks = bridge_calls_may_be_tasks(
        message->doc, json_get(message->doc, message->message->result, "capabilities"));
    while (!list_empty(&shared->waiting)) {
        struct exchange *next = LIST_ENTRY(shared->waiting.next, struct exchange, wait_link);
        list_remove(&next->wait_link);
        if (next->session != NULL) {
            next->session->version = shared->version;
            next->session->tasks.offered = shared->offers_tasks;
        }
        answer_from_first(next, shared);
        exchange_finish(next);
    }
}

static bool has_session(const struct shared_child *shared)
{
    LIST_EACH(&shared->pipeline->sessions, item)
    {
        if (uses(LIST_ENTRY(item, struct session, link), shared))
            return true;
    }
    return false;
}

static bool in_use(const struct shared_child *shared)
{
    LIST_EACH(&shared->pipeline->exchanges, item)
    {
        if (LIST_ENTRY(item, struct exchange, link)->server == shared->server)
            return true;
    }
    return false;
}

void shared_sweep(struct pipeline *pipeline, uint64_t now_us)
{
    uint64_t idle_us = pipeline->rules->given.session_idle_ms * 1000;
    LIST_EACH(&pipeline->shared, item)
    {
        struct shared_child *shared = LIST_ENTRY(item, struct shared_child, link);
        bool idle = idle_us > 0 && now_us - shared->last_used_us > idle_us;
        if ((idle || upstream_server_retired(shared->server)) && !in_use(shared) &&
            !has_session(shared))
            close_shared(shared);
    }
}

void shared_close_all(struct pipeline *pipeline)
{
    LIST_EACH(&pipeline->shared, item)
    {
        close_shared(LIST_ENTRY(item, struct shared_child, link));
    }
}
