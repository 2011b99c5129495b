// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How a conversation with a legacy server begins: initialize in the words of the client that needs
// it first, and its confirmation.
#include "pipeline/bridge_internal.h"
#include "pipeline/ledger_internal.h"

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

static void become_ready(struct conversation *c)
{
    c->state = CONVERSATION_READY;
    if (c->capabilities.length > 2) // the server may ask outside of a call's own stream
        conversation_hear(c);
    conversation_resume(c);
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
    int result = conversation_send(
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
    seen_note_version(c->pipeline, c->server, c->version);
    buffer_append(&c->initialized, json_raw(doc, result));
    if (info != JSON_NONE && json_type(doc, info) == JSON_OBJECT)
        buffer_append(&c->server_info, json_raw(doc, info));
    c->news_tools = has_true(doc, capabilities, "tools", "listChanged");
    c->news_prompts = has_true(doc, capabilities, "prompts", "listChanged");
    c->news_resources = has_true(doc, capabilities, "resources", "listChanged");
    c->can_subscribe = has_true(doc, capabilities, "resources", "subscribe");
    c->can_log = json_get(doc, capabilities, "logging") != JSON_NONE;
    c->has_tasks = c->version == MCP_2025_11_25 && bridge_calls_may_be_tasks(doc, capabilities);
    c->can_cancel_tasks =
        json_get(doc, json_get(doc, capabilities, "tasks"), "cancel") != JSON_NONE;
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

int conversation_initialize(struct conversation *c, struct exchange *ex, struct error *error)
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
        result = conversation_send(c, buffer_slice(&text), &events, &c->opening, error);
    buffer_release(&text);
    buffer_release(&id);
    return result;
}
