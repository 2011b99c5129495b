// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which era a server speaks (2026-07-28, "Backward Compatibility" of both transports). What was
// found out is kept per server and corrected by any answer that contradicts it. Refused
// credentials, failures and, over HTTP, silence say nothing about the era.
#include "pipeline/bridge_internal.h"
#include "pipeline/ledger_internal.h"

// What the operator says, else the transport: HTTP with SSE ended with 2024-11-05.
static enum upstream_era given_era(const struct server_era *era)
{
    const struct upstream_options *options = upstream_server_options(era->server);
    bool older = options->transport == UPSTREAM_SSE && options->era == UPSTREAM_ERA_AUTO;
    return older ? UPSTREAM_ERA_LEGACY : options->era;
}

static bool is_fixed(const struct server_era *era)
{
    return given_era(era) != UPSTREAM_ERA_AUTO;
}

void era_set_modern(struct server_era *era, enum verdict modern)
{
    if ((era->modern == VERDICT_YES) != (modern == VERDICT_YES))
        ledger_note_era(era->pipeline->ledger, era->name, modern == VERDICT_YES);
    era->modern = modern;
}

bool era_is_modern(const struct pipeline *pipeline, const struct upstream_server *server)
{
    const struct server_era *era =
        table_get(&pipeline->bridge->eras, upstream_server_options(server)->name);
    return era != NULL && era->server == server && era->modern == VERDICT_YES;
}

static void fix(struct server_era *era)
{
    bool modern = given_era(era) == UPSTREAM_ERA_MODERN;
    if (!is_fixed(era))
        return;
    era_set_modern(era, modern ? VERDICT_YES : VERDICT_NO);
    era->legacy = modern ? VERDICT_NO : VERDICT_YES;
}

static void begin(struct server_era *era, struct upstream_server *server)
{
    upstream_server_unref(era->server);
    era->server = upstream_server_ref(server);
    era_set_modern(era, VERDICT_UNKNOWN);
    era->legacy = VERDICT_UNKNOWN;
    fix(era);
}

struct server_era *era_of(struct exchange *ex)
{
    struct bridge *bridge = ex->pipeline->bridge;
    struct slice name = upstream_server_options(ex->server)->name;
    struct server_era *era = table_get(&bridge->eras, name);
    if (era != NULL && era->server == ex->server)
        return era;
    if (era != NULL) { // the server's definition changed
        if (era->probe != NULL || !list_empty(&era->waiting))
            return NULL;
        begin(era, ex->server);
        return era;
    }
    era = memory_new(sizeof *era);
    era->name = memory_copy_string(name.data, name.length);
    era->pipeline = ex->pipeline;
    list_init(&era->waiting);
    if (table_put(&bridge->eras, slice_from_string(era->name), era) != 0) {
        memory_free(era->name);
        memory_free(era);
        return NULL;
    }
    begin(era, ex->server);
    return era;
}

void era_free(struct server_era *era)
{
    if (era->probe != NULL)
        upstream_call_cancel(era->probe, false);
    if (era->timer != NULL)
        loop_timer_close(era->timer);
    upstream_server_unref(era->server);
    memory_free(era->name);
    memory_free(era);
}

void bridge_forget_era(struct pipeline *pipeline, const struct upstream_server *server)
{
    struct server_era *era =
        table_get(&pipeline->bridge->eras, upstream_server_options(server)->name);
    if (era == NULL || era->server != server || is_fixed(era))
        return;
    era_set_modern(era, VERDICT_UNKNOWN);
    era->legacy = VERDICT_UNKNOWN;
}

// ---- What an answer says

static int64_t error_code(const struct upstream_message *message)
{
    int64_t code = 0;
    uint32_t node = json_get(message->doc, message->message->error, "code");
    return node == JSON_NONE || json_integer(message->doc, node, &code) != 0 ? 0 : code;
}

static bool lists_our_version(const struct json_doc *doc, uint32_t versions)
{
    if (versions == JSON_NONE || json_type(doc, versions) != JSON_ARRAY)
        return false;
    for (uint32_t e = json_first_element(doc, versions); e != JSON_NONE;
         e = json_next_element(doc, versions, e))
        if (json_type(doc, e) == JSON_STRING &&
            json_string_equals(doc, e, mcp_version_text(MCP_2026_07_28)))
            return true;
    return false;
}

enum verdict era_verdict(int status, const struct upstream_message *message)
{
    if (status == 401 || status == 403 || status == 408 || status == 429 || status >= 500)
        return VERDICT_UNKNOWN;
    if (message == NULL)
        return status >= 400 ? VERDICT_NO : VERDICT_UNKNOWN;
    if (message->message->error == JSON_NONE)
        return lists_our_version(message->doc, json_get(message->doc, message->message->result,
                                                        "supportedVersions"))
                   ? VERDICT_YES
                   : VERDICT_NO;
    int64_t code = error_code(message);
    uint32_t data = json_get(message->doc, message->message->error, "data");
    // It may refuse a version that it lists: then it wants to be asked again.
    bool modern = code == MCP_ERROR_HEADER_MISMATCH || code == MCP_ERROR_MISSING_CAPABILITY ||
                  (code == MCP_ERROR_UNSUPPORTED_VERSION &&
                   lists_our_version(message->doc, json_get(message->doc, data, "supported")));
    return modern ? VERDICT_YES : VERDICT_NO;
}

bool era_is_refusal(int status, const struct upstream_message *message)
{
    if (status != 400 && status != 404 && status != 405)
        return false;
    if (message == NULL || message->message->error == JSON_NONE)
        return message == NULL;
    switch (error_code(message)) { // what a server of this era says, too
    case MCP_ERROR_PARSE:
    case MCP_ERROR_METHOD_NOT_FOUND:
    case MCP_ERROR_INVALID_PARAMS:
    case MCP_ERROR_INTERNAL:
    case MCP_ERROR_HEADER_MISMATCH:
    case MCP_ERROR_MISSING_CAPABILITY:
    case MCP_ERROR_UNSUPPORTED_VERSION: return false;
    default: return true;
    }
}

// ---- Asking

// A legacy conversation must not go on over a link that a modern request was made on.
static void drop_link(struct exchange *ex)
{
    if (!bridge_uses_link(ex->server))
        return;
    if (ex->session == NULL) {
        shared_discard(ex);
        return;
    }
    upstream_link_close(ex->session->child);
    ex->session->child = NULL;
}

static void settle_cb(void *argument)
{
    struct server_era *era = argument;
    if (era->probe != NULL) { // over HTTP silence says nothing
        upstream_call_cancel(era->probe, false);
        era->probe = NULL;
        era->found = bridge_uses_link(era->server) ? VERDICT_NO : VERDICT_UNKNOWN;
    }
    if (!is_fixed(era))
        era_set_modern(era, era->found);
    log_event(LOG_DEBUG, "pipeline", "server '%s' %s", era->name,
              era->found == VERDICT_YES  ? "speaks 2026-07-28"
              : era->found == VERDICT_NO ? "speaks an older protocol revision"
                                         : "does not say which protocol era it speaks");
    struct list waiting;
    list_init(&waiting);
    while (!list_empty(&era->waiting)) { // going on may bring others here again
        struct list *item = era->waiting.next;
        list_remove(item);
        list_append(&waiting, item);
    }
    bool first = true;
    while (!list_empty(&waiting)) {
        struct exchange *ex = LIST_ENTRY(waiting.next, struct exchange, wait_link);
        list_remove(&ex->wait_link);
        ex->era_settled = true;
        if (first && era->found == VERDICT_NO)
            drop_link(ex);
        first = false;
        bridge_resume(ex);
    }
}

static void settle(struct server_era *era)
{
    era->probe = NULL;
    loop_timer_start(era->timer, 0, 0); // not inside the server's callback
}

static void on_head(void *argument, const struct upstream_head *head)
{
    struct server_era *era = argument;
    era->status = head->status;
}

static void on_message(void *argument, struct upstream_message *message)
{
    struct server_era *era = argument;
    if (message->doc != NULL && message->message->kind == MCP_RESPONSE)
        era->found = era_verdict(era->status, message);
}

static void on_end(void *argument)
{
    struct server_era *era = argument;
    if (era->found == VERDICT_UNKNOWN)
        era->found = era_verdict(era->status, NULL);
    settle(era);
}

static void on_error(void *argument, int code, bool sent, const char *text)
{
    struct server_era *era = argument;
    (void)sent;
    log_event(LOG_DEBUG, "pipeline", "a server's protocol era could not be found out: %s", text);
    // Our own want, or a process that is started anew: the next message may ask again.
    if (code == ERROR_NO_MEMORY || bridge_uses_link(era->server))
        era->asked_us = 0;
    settle(era);
}

static int probe(struct exchange *ex, struct server_era *era, struct error *error)
{
    struct upstream_link *link = NULL;
    if (bridge_uses_link(ex->server)) {
        int result = send_prepare_child(ex, error);
        link = ex->session == NULL ? NULL : ex->session->child;
        if (result == 0 && link == NULL)
            link = shared_child(ex, error);
        if (link == NULL)
            return ERROR_UNREACHABLE;
    }
    struct buffer text;
    buffer_init(&text, 0);
    struct bridge_client nobody = {.info =
                                       SLICE_LITERAL("{\"name\":\"sallyport\",\"version\":\"0\"}")};
    bridge_write_discover(&text, SLICE_LITERAL("\"sallyport-probe\""), &nobody);
    const struct http_header headers[] = {
        {SLICE_LITERAL(VERSION_HEADER), mcp_version_text(MCP_2026_07_28)},
        {SLICE_LITERAL(METHOD_HEADER), SLICE_LITERAL("server/discover")}};
    struct upstream_call_events events = {on_head, on_message, on_end, on_error, era};
    era->found = VERDICT_UNKNOWN;
    era->status = 0;
    int result = bridge_send_text(ex->server, link, buffer_slice(&text), headers, 2, &events,
                                  &era->probe, error);
    buffer_release(&text);
    return result;
}

enum step_result era_ask(struct exchange *ex, struct server_era *era)
{
    struct error error = {0};
    bool stdio = ex->session != NULL && ex->session->stdio != NULL;
    if (era->timer == NULL)
        era->timer = loop_timer_open(ex->pipeline->loop, settle_cb, era);
    if (era->timer == NULL || (stdio && !send_keep_text(ex)))
        return STEP_FAIL;
    uint64_t now_us = loop_now_us(ex->pipeline->loop);
    if (list_empty(&era->waiting) && era->probe == NULL) {
        bool recently = era->asked_us != 0 && now_us - era->asked_us < BRIDGE_ASK_US;
        if (recently && era->found == VERDICT_UNKNOWN && !ex->era_doubt)
            return STEP_NEXT;
        era->asked_us = now_us;
        if (probe(ex, era, &error) != 0) {
            era->asked_us = 0;      // it has not been asked
            ex->era_settled = true; // the ordinary way will say what is wrong
            return STEP_NEXT;
        }
        loop_timer_start(era->timer, BRIDGE_PROBE_MS, 0);
    }
    list_append(&era->waiting, &ex->wait_link);
    return STEP_WAIT;
}

// ---- Answers that contradict what was thought

static void keep_answer(struct exchange *ex, const struct upstream_message *message)
{
    ex->era_doubt = true;
    ex->era_status = ex->upstream_status;
    if (message != NULL)
        ex->era_answer = arena_copy(&ex->arena, message->text);
}

// Any refusal of an initialize may mean that the server has none.
static bool refuses_initialize(const struct exchange *ex, const struct upstream_message *message)
{
    int status = ex->upstream_status;
    if (ex->modern || ex->method != MCP_INITIALIZE || ex->kind != EXCHANGE_MESSAGE ||
        ex->to_modern != NULL)
        return false;
    if (message == NULL)
        return status == 400 || status == 404 || status == 405;
    return message->message->error != JSON_NONE && status != 429 && status < 500;
}

// A modern message is refused in words that no modern server uses: by one that was taken for one,
// or that could not be asked.
static bool refuses_modern(const struct exchange *ex, const struct server_era *era,
                           const struct upstream_message *message)
{
    return ex->modern && ex->kind == EXCHANGE_MESSAGE && ex->message_kind == MCP_REQUEST &&
           ex->to_legacy == NULL && era->modern != VERDICT_NO &&
           era_is_refusal(ex->upstream_status, message) &&
           (era->doubted_us == 0 ||
            loop_now_us(ex->pipeline->loop) - era->doubted_us > BRIDGE_DOUBT_US);
}

bool bridge_doubts(struct exchange *ex, const struct upstream_message *message)
{
    if (ex->era_settled || ex->client_gone || ex->answered || ex->streaming)
        return false;
    if (!ex->modern && ex->method != MCP_INITIALIZE)
        return false;
    struct server_era *era = era_of(ex);
    if (era == NULL || is_fixed(era))
        return false;
    if (!refuses_initialize(ex, message) && !refuses_modern(ex, era, message))
        return false;
    keep_answer(ex, message);
    return true;
}

static enum step_result ask_again(struct exchange *ex)
{
    struct server_era *era = era_of(ex);
    if (era == NULL)
        return STEP_FAIL;
    era_set_modern(era, VERDICT_UNKNOWN);
    era->doubted_us = loop_now_us(ex->pipeline->loop);
    steps_return_to_bridge(ex);
    ex->era_doubt = true; // asks even when it was asked a moment ago
    enum step_result result = era_ask(ex, era);
    ex->era_doubt = false;
    if (result != STEP_NEXT)
        return result;
    steps_run(ex); // the server cannot be asked: its answer stands
    return STEP_WAIT;
}

bool bridge_ended(struct exchange *ex)
{
    if (ex->to_modern != NULL) {
        if (ex->to_modern->asking)
            return true;
        bool refused = !ex->answered && !ex->upstream_answered && !ex->client_gone &&
                       era_is_refusal(ex->upstream_status, NULL);
        if (refused)
            modern_server_changed(ex);
        return refused;
    }
    if (ex->to_legacy != NULL ||
        (!ex->era_doubt && !(ex->upstream_status >= 400 && bridge_doubts(ex, NULL))))
        return false;
    if (ex->client_gone)
        return false;
    ex->era_settled = !ex->modern;
    ex->era_doubt = false;
    if (!bridge_rescan(ex))
        return true;
    enum step_result result = ex->modern ? ask_again(ex) : modern_open(ex);
    if (result == STEP_REPLY)
        exchange_finish(ex);
    else if (result != STEP_WAIT)
        bridge_fail(ex, "out of memory");
    return true;
}
