// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Sessions that the gateway holds at legacy servers for clients of 2026-07-28: one per grant and
// client capabilities, because a server may only ask for what that client can do.
#include "pipeline/bridge_internal.h"

struct errand {
    struct list link; // conversation->errands
    struct conversation *conversation;
    struct upstream_call *call;
};

size_t conversation_headers(const struct conversation *c, struct http_header *headers)
{
    size_t count = 0;
    if (c->upstream_id.length > 0)
        headers[count++] =
            (struct http_header){SLICE_LITERAL(SESSION_HEADER), buffer_slice(&c->upstream_id)};
    if (c->version != MCP_VERSION_NONE)
        headers[count++] =
            (struct http_header){SLICE_LITERAL(VERSION_HEADER), mcp_version_text(c->version)};
    return count;
}

// ---- The end

static void free_cb(void *argument)
{
    struct conversation *c = argument;
    LIST_EACH(&c->watched, item)
    {
        memory_free(LIST_ENTRY(item, struct watched, link));
    }
    buffer_release(&c->capabilities);
    buffer_release(&c->upstream_id);
    buffer_release(&c->initialized);
    buffer_release(&c->server_info);
    memory_free(c->grant_label);
    memory_free(c);
}

static void cancel_call(struct upstream_call **call)
{
    if (*call != NULL)
        upstream_call_cancel(*call, false);
    *call = NULL;
}

static void say_goodbye(struct conversation *c)
{
    static const struct upstream_call_events ignore = {send_ignore_head, send_ignore_message,
                                                       send_ignore_end, send_ignore_error, NULL};
    struct http_header headers[2];
    struct upstream_call *call;
    struct error error = {0};
    if (c->upstream_id.length == 0 || c->lost)
        return;
    struct upstream_request request = {.verb = UPSTREAM_DELETE, .headers = headers};
    request.header_count = conversation_headers(c, headers);
    if (upstream_send(c->server, NULL, &request, &ignore, &call, &error) != 0)
        log_event(LOG_INFO, "pipeline", "a server could not be told of a session's end: %s",
                  error.text);
}

static void fail_all(struct conversation *c, const char *why)
{
    while (!list_empty(&c->waiting)) {
        struct exchange *ex = LIST_ENTRY(c->waiting.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        limits_give_back(ex, false); // it never left
        bridge_fail(ex, "Server '%.*s': %s", SLICE_PRINT(upstream_server_options(c->server)->name),
                    why);
    }
    while (!list_empty(&c->calls)) {
        struct legacy_call *call = LIST_ENTRY(c->calls.next, struct legacy_call, link);
        if (call->ex != NULL)
            bridge_fail(call->ex, "Server '%.*s': %s",
                        SLICE_PRINT(upstream_server_options(c->server)->name), why);
        else
            legacy_end_call(call);
    }
}

void conversation_close(struct conversation *c, const char *why)
{
    if (c->state == CONVERSATION_CLOSED)
        return;
    log_event(LOG_DEBUG, "pipeline", "a conversation of grant '%s' with server '%.*s' ended: %s",
              c->grant_label, SLICE_PRINT(upstream_server_options(c->server)->name), why);
    c->state = CONVERSATION_CLOSED;
    list_remove(&c->link);
    fail_all(c, why);
    cancel_call(&c->opening);
    cancel_call(&c->stream);
    while (!list_empty(&c->errands)) {
        struct errand *errand = LIST_ENTRY(c->errands.next, struct errand, link);
        list_remove(&errand->link);
        cancel_call(&errand->call);
        memory_free(errand);
    }
    say_goodbye(c);
    upstream_link_close(c->child);
    c->child = NULL;
    upstream_server_unref(c->server);
    loop_defer(c->pipeline->loop, free_cb, c);
}

// ---- Messages of our own

static int send_text(struct conversation *c, struct slice text,
                     const struct upstream_call_events *events, struct upstream_call **ret,
                     struct error *error)
{
    struct http_header headers[2];
    size_t count = conversation_headers(c, headers);
    return bridge_send_text(c->server, c->child, text, headers, count, events, ret, error);
}

void conversation_tell(struct conversation *c, struct slice text)
{
    static const struct upstream_call_events ignore = {send_ignore_head, send_ignore_message,
                                                       send_ignore_end, send_ignore_error, NULL};
    struct upstream_call *call;
    struct error error = {0};
    if (c->state == CONVERSATION_CLOSED)
        return;
    if (send_text(c, text, &ignore, &call, &error) != 0)
        log_event(LOG_WARNING, "pipeline", "a server did not take a message of the gateway: %s",
                  error.text);
}

static void errand_end_cb(void *argument)
{
    struct errand *errand = argument;
    struct conversation *c = errand->conversation;
    list_remove(&errand->link);
    memory_free(errand);
    if (list_empty(&c->errands))
        subscribe_settled(c);
}

static void errand_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    log_event(LOG_DEBUG, "pipeline", "a subscription was not taken: %s", text);
    errand_end_cb(argument);
}

void conversation_errand(struct conversation *c, const char *method, const char *parameter,
                         struct slice value)
{
    struct errand *errand = memory_try_new(sizeof *errand);
    if (errand == NULL)
        return;
    errand->conversation = c;
    struct buffer text, id;
    struct error error = {0};
    buffer_init(&text, 0);
    buffer_init(&id, 0);
    buffer_append_number(&id, ++c->next_id);
    bridge_write_request(&text, buffer_slice(&id), method, parameter, value);
    struct upstream_call_events events = {send_ignore_head, send_ignore_message, errand_end_cb,
                                          errand_error_cb, errand};
    list_append(&c->errands, &errand->link);
    if (text.failed || id.failed ||
        send_text(c, buffer_slice(&text), &events, &errand->call, &error) != 0) {
        list_remove(&errand->link);
        memory_free(errand);
    }
    buffer_release(&text);
    buffer_release(&id);
}

// ---- What the server says by itself

static void stream_head_cb(void *argument, const struct upstream_head *head)
{
    struct conversation *c = argument;
    c->stream_refused = !head->event_stream; // 405: the server has no such stream
}

static void stream_message_cb(void *argument, struct upstream_message *message)
{
    if (message->doc != NULL)
        legacy_said(argument, message);
}

static void stream_end_cb(void *argument)
{
    struct conversation *c = argument;
    c->stream = NULL; // the sweep opens it again
}

static void stream_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    (void)text;
    stream_end_cb(argument);
}

void conversation_hear(struct conversation *c)
{
    struct http_header headers[2];
    struct error error = {0};
    if (bridge_uses_link(c->server) || c->stream != NULL || c->stream_refused ||
        c->state != CONVERSATION_READY || c->lost)
        return;
    struct upstream_call_events events = {stream_head_cb, stream_message_cb, stream_end_cb,
                                          stream_error_cb, c};
    struct upstream_request request = {.verb = UPSTREAM_GET, .headers = headers};
    request.header_count = conversation_headers(c, headers);
    if (upstream_send(c->server, NULL, &request, &events, &c->stream, &error) != 0)
        log_event(LOG_DEBUG, "pipeline", "a server's stream cannot be opened: %s", error.text);
}

static void link_message_cb(void *argument, struct upstream_message *message)
{
    legacy_said(argument, message);
}

static void link_closed_cb(void *argument, const char *text)
{
    struct conversation *c = argument;
    bridge_forget_era(c->pipeline, c->server);
    conversation_close(c, text);
}

// ---- The beginning

static void resume_waiting(struct conversation *c)
{
    struct list waiting;
    list_init(&waiting);
    while (!list_empty(&c->waiting)) { // going on may bring some here again
        struct list *item = c->waiting.next;
        list_remove(item);
        list_append(&waiting, item);
    }
    while (!list_empty(&waiting)) {
        struct exchange *ex = LIST_ENTRY(waiting.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        bridge_resume(ex);
    }
}

static void become_ready(struct conversation *c)
{
    c->state = CONVERSATION_READY;
    if (c->capabilities.length > 2) // the server may ask outside of a call's own stream
        conversation_hear(c);
    resume_waiting(c);
}

static void confirmed_cb(void *argument)
{
    struct conversation *c = argument;
    c->opening = NULL;
    become_ready(c);
}

static void confirm_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    struct conversation *c = argument;
    c->opening = NULL;
    conversation_close(c, text);
}

static void confirm(struct conversation *c)
{
    struct error error = {0};
    struct upstream_call_events events = {send_ignore_head, send_ignore_message, confirmed_cb,
                                          confirm_error_cb, c};
    int result = send_text(
        c, SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"), &events,
        &c->opening, &error);
    if (result != 0)
        conversation_close(c, error.text);
    else if (c->opening == NULL) // a pipe keeps the order
        become_ready(c);
}

static void head_cb(void *argument, const struct upstream_head *head)
{
    struct conversation *c = argument;
    c->status = head->status;
    if (head->status == 200)
        buffer_append(&c->upstream_id, head->session_id);
}

static bool has_true(const struct json_doc *doc, uint32_t object, const char *name,
                     const char *member)
{
    uint32_t node = json_get(doc, json_get(doc, object, name), member);
    return node != JSON_NONE && json_type(doc, node) == JSON_TRUE;
}

static void take_initialized(struct conversation *c, const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    uint32_t result = message->message->result;
    uint32_t capabilities = json_get(doc, result, "capabilities");
    uint32_t info = json_get(doc, result, "serverInfo");
    uint32_t version = json_get(doc, result, "protocolVersion");
    if (version == JSON_NONE || json_type(doc, version) != JSON_STRING)
        return;
    c->version = mcp_version_parse(json_string(doc, version, message->arena));
    if (c->version == MCP_VERSION_NONE || mcp_version_is_modern(c->version))
        return;
    buffer_append(&c->initialized, json_raw(doc, result));
    if (info != JSON_NONE && json_type(doc, info) == JSON_OBJECT)
        buffer_append(&c->server_info, json_raw(doc, info));
    c->news_tools = has_true(doc, capabilities, "tools", "listChanged");
    c->news_prompts = has_true(doc, capabilities, "prompts", "listChanged");
    c->news_resources = has_true(doc, capabilities, "resources", "listChanged");
    c->can_subscribe = has_true(doc, capabilities, "resources", "subscribe");
    c->can_log = json_get(doc, capabilities, "logging") != JSON_NONE;
}

static void message_cb(void *argument, struct upstream_message *message)
{
    struct conversation *c = argument;
    if (message->doc == NULL || message->message->kind != MCP_RESPONSE)
        return;
    if (message->message->result != JSON_NONE)
        take_initialized(c, message);
    else
        c->refused = c->status < 500;
}

// It does not speak the older words either; perhaps it has learned the newer ones.
static void try_modern(struct conversation *c)
{
    bridge_forget_era(c->pipeline, c->server);
    struct list waiting;
    list_init(&waiting);
    while (!list_empty(&c->waiting)) {
        struct exchange *ex = LIST_ENTRY(c->waiting.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        if (!ex->healed)
            list_append(&waiting, &ex->wait_link);
        else
            bridge_fail(ex, "The server could not be initialized");
    }
    conversation_close(c, "it could not be initialized");
    while (!list_empty(&waiting)) {
        struct exchange *ex = LIST_ENTRY(waiting.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        ex->healed = true;
        ex->era_settled = false;
        bridge_resume(ex);
    }
}

static void end_cb(void *argument)
{
    struct conversation *c = argument;
    c->opening = NULL;
    bool refused = c->refused || c->status == 400 || c->status == 404 || c->status == 405;
    if (c->initialized.length > 0 && !c->initialized.failed && !c->upstream_id.failed)
        confirm(c);
    else if (refused)
        try_modern(c);
    else
        conversation_close(c, "it could not be initialized");
}

static void error_cb(void *argument, int code, bool sent, const char *text)
{
    struct conversation *c = argument;
    (void)code;
    (void)sent;
    log_event(LOG_WARNING, "pipeline", "a server could not be initialized: %s", text);
    c->opening = NULL;
    conversation_close(c, "it could not be initialized");
}

static int initialize(struct conversation *c, struct exchange *ex, struct error *error)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t meta = ex->message.meta;
    struct upstream_call_events events = {head_cb, message_cb, end_cb, error_cb, c};
    struct buffer text, id;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    buffer_init(&id, 0);
    buffer_append_number(&id, ++c->next_id);
    bridge_write_initialize(&text, buffer_slice(&id), MCP_2025_11_25, doc,
                            json_get(doc, meta, BRIDGE_META "clientCapabilities"),
                            json_get(doc, meta, BRIDGE_META "clientInfo"));
    int result = 0;
    if (bridge_uses_link(c->server)) {
        struct upstream_link_events said = {link_message_cb, link_closed_cb, c};
        result = upstream_link_open(c->server, false, &said, &c->child, error);
    }
    if (result == 0 && (text.failed || id.failed))
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0)
        result = send_text(c, buffer_slice(&text), &events, &c->opening, error);
    buffer_release(&text);
    buffer_release(&id);
    return result;
}

// ---- Finding

static bool is_of_grant(const struct conversation *c, const struct exchange *ex)
{
    return slice_equal_string(ex->grant->label, c->grant_label);
}

static bool is_idle(const struct conversation *c)
{
    return list_empty(&c->calls) && list_empty(&c->waiting) && c->opening == NULL;
}

// Room for one more of this grant: the one that was not used for longest goes.
static int make_room(struct exchange *ex, struct error *error)
{
    size_t count = 0;
    struct conversation *oldest = NULL;
    LIST_EACH(&ex->pipeline->bridge->conversations, item)
    {
        struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        if (c->lost || !is_of_grant(c, ex))
            continue;
        count++;
        if (is_idle(c) && (oldest == NULL || c->last_used_us < oldest->last_used_us))
            oldest = c;
    }
    if (count < CONVERSATIONS_PER_GRANT)
        return 0;
    if (oldest == NULL)
        return error_set(error, ERROR_LIMIT, "This grant uses too many kinds of clients at once");
    conversation_close(oldest, "another is needed");
    return 0;
}

static int open_new(struct exchange *ex, const struct buffer *capabilities,
                    struct conversation **ret, struct error *error)
{
    int result = make_room(ex, error);
    if (result != 0)
        return result;
    struct conversation *c = memory_new(sizeof *c);
    c->pipeline = ex->pipeline;
    c->server = upstream_server_ref(ex->server);
    c->grant_label = memory_copy_string(ex->grant->label.data, ex->grant->label.length);
    c->log_severity = NO_LOG;
    buffer_init(&c->capabilities, BRIDGE_CLIENT_MAX);
    buffer_init(&c->upstream_id, 4096);
    buffer_init(&c->initialized, BRIDGE_TEXT_MAX);
    buffer_init(&c->server_info, BRIDGE_CLIENT_MAX);
    list_init(&c->waiting);
    list_init(&c->calls);
    list_init(&c->errands);
    list_init(&c->watched);
    list_append(&ex->pipeline->bridge->conversations, &c->link);
    result = buffer_append(&c->capabilities, buffer_slice(capabilities));
    if (result == 0)
        result = initialize(c, ex, error);
    if (result != 0)
        conversation_close(c, "it could not be opened");
    *ret = result == 0 ? c : NULL;
    return result;
}

int conversation_of(struct exchange *ex, struct conversation **ret, struct error *error)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t node = json_get(doc, ex->message.meta, BRIDGE_META "clientCapabilities");
    struct buffer capabilities;
    buffer_init(&capabilities, BRIDGE_CLIENT_MAX);
    *ret = NULL;
    int result = json_write_canonical(&capabilities, doc, node);
    if (result != 0)
        error_set(error, ERROR_LIMIT, "The client's capabilities are too large");
    LIST_EACH(&ex->pipeline->bridge->conversations, item)
    {
        struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        if (result == 0 && *ret == NULL && !c->lost && c->server == ex->server &&
            is_of_grant(c, ex) &&
            slice_equal(buffer_slice(&c->capabilities), buffer_slice(&capabilities)))
            *ret = c;
    }
    if (result == 0 && *ret == NULL)
        result = open_new(ex, &capabilities, ret, error);
    buffer_release(&capabilities);
    if (*ret != NULL)
        (*ret)->last_used_us = loop_now_us(ex->pipeline->loop);
    return result;
}

enum step_result conversation_wait(struct conversation *c, struct exchange *ex)
{
    if (ex->session != NULL && !send_keep_text(ex)) // the stdio face reuses its bytes
        return STEP_FAIL;
    list_append(&c->waiting, &ex->wait_link);
    return STEP_WAIT;
}

static void level_end_cb(void *argument)
{
    struct conversation *c = argument;
    c->opening = NULL;
    c->log_severity = c->log_wanted; // asked once, whatever the server thinks of it
    resume_waiting(c);
}

static void level_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    (void)text;
    level_end_cb(argument);
}

enum step_result conversation_set_level(struct conversation *c, struct exchange *ex, int severity)
{
    static const char *const levels[] = {"debug", "info",     "notice", "warning",
                                         "error", "critical", "alert",  "emergency"};
    struct upstream_call_events events = {send_ignore_head, send_ignore_message, level_end_cb,
                                          level_error_cb, c};
    struct buffer text, id;
    struct error error = {0};
    buffer_init(&text, 0);
    buffer_init(&id, 0);
    buffer_append_number(&id, ++c->next_id);
    bridge_write_request(&text, buffer_slice(&id), "logging/setLevel", "level",
                         slice_from_string(levels[severity]));
    c->log_wanted = severity;
    int result = text.failed || id.failed
                     ? ERROR_NO_MEMORY
                     : send_text(c, buffer_slice(&text), &events, &c->opening, &error);
    buffer_release(&text);
    buffer_release(&id);
    if (result == 0)
        return conversation_wait(c, ex);
    c->log_severity = severity; // the call itself will say what is wrong
    return STEP_NEXT;
}

// ---- Old age

static bool is_reached(const struct conversation *c)
{
    const struct identity_grant *grant =
        identity_by_label(c->pipeline->rules->given.grants, slice_from_string(c->grant_label));
    return grant != NULL && !upstream_server_retired(c->server) &&
           identity_reach(grant, upstream_server_options(c->server)->name) != NULL;
}

static struct conversation *find_old(struct bridge *bridge, uint64_t now_us)
{
    uint64_t idle_us = bridge->pipeline->rules->given.session_idle_ms * 1000;
    if (idle_us == 0)
        idle_us = (uint64_t)30 * 60 * 1000000;
    LIST_EACH(&bridge->conversations, item)
    {
        struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        if (is_idle(c) && (c->lost || now_us - c->last_used_us > idle_us || !is_reached(c)))
            return c;
    }
    return NULL;
}

void conversation_sweep(struct bridge *bridge, uint64_t now_us)
{
    struct conversation *old;
    while ((old = find_old(bridge, now_us)) != NULL)
        conversation_close(old, "it was not used");
    LIST_EACH(&bridge->conversations, item)
    {
        struct conversation *c = LIST_ENTRY(item, struct conversation, link);
        bool news = false;
        LIST_EACH(&c->calls, entry)
        {
            news = news || LIST_ENTRY(entry, struct legacy_call, link)->listens;
        }
        if (news || c->capabilities.length > 2)
            conversation_hear(c);
        parked_sweep(c, now_us);
    }
}
