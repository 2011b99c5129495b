// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/page_internal.h"

#include "bridge/bridge.h"

enum { RANDOM_BYTES = 16 };

bool page_declared(const struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    const struct mcp_message *m = &ex->message;
    uint32_t abilities = m->method == MCP_INITIALIZE
                             ? json_get(doc, m->params, "capabilities")
                             : json_get(doc, m->meta, BRIDGE_META "clientCapabilities");
    uint32_t url = json_get(doc, json_get(doc, abilities, "elicitation"), "url");
    return url != JSON_NONE && json_type(doc, url) == JSON_OBJECT;
}

bool page_possible(const struct exchange *ex)
{
    const struct session *session = ex->session;
    return !ex->modern && session != NULL && session->version == MCP_2025_11_25 &&
           session->opens_pages && ex->accepts_stream && !ex->client_gone && !ex->answered;
}

static void tell(struct exchange *ex, const struct buffer *text)
{
    struct slice piece = buffer_slice(text);
    if (text->failed || ex->client_gone || ex->answered)
        return;
    if (!ex->streaming)
        ex->face->stream_begin(ex);
    ex->streaming = true;
    ex->face->stream_message(ex, &piece, 1, (struct slice){0}, -1);
}

// Both the id of the request and that of the elicitation.
static struct slice new_id(struct exchange *ex)
{
    char random[2 * RANDOM_BYTES + 1];
    random_hex(random, RANDOM_BYTES);
    return arena_format(&ex->arena, "\"sallyport-page-%s\"", random);
}

void page_offer(struct exchange *ex, struct slice url)
{
    struct buffer text;
    struct slice id = new_id(ex);
    if (id.data == NULL || !session_note_asked(ex->session, id))
        return;
    ex->held.page = id;
    buffer_init(&text, 0);
    buffer_append_format(
        &text,
        "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"method\":\"elicitation/create\",\"params\":{\"mode\":"
        "\"url\",\"message\":\"This call waits for a person's approval. It can be given on this "
        "page.\",\"elicitationId\":%.*s,\"url\":",
        SLICE_PRINT(id), SLICE_PRINT(id));
    json_write_string(&text, url);
    buffer_append_string(&text, "}}");
    tell(ex, &text);
    buffer_release(&text);
}

void page_settle(struct exchange *ex)
{
    struct buffer text;
    if (ex->held.page.length == 0)
        return;
    if (ex->session != NULL)
        session_take_asked(ex->session, ex->held.page);
    buffer_init(&text, 0);
    buffer_append_format(&text,
                         "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/elicitation/complete\","
                         "\"params\":{\"elicitationId\":%.*s}}",
                         SLICE_PRINT(ex->held.page));
    tell(ex, &text);
    buffer_release(&text);
    ex->held.page = (struct slice){0};
}

static bool is_declined(const struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t action = json_get(doc, ex->message.result, "action");
    return action != JSON_NONE && json_type(doc, action) == JSON_STRING &&
           json_string_equals(doc, action, SLICE_LITERAL("decline"));
}

bool page_take_answer(struct exchange *ex, struct exchange **ret_held)
{
    *ret_held = NULL;
    LIST_EACH(&ex->session->exchanges, item)
    {
        struct exchange *held = LIST_ENTRY(item, struct exchange, session_link);
        if (held->held.page.length == 0 || !slice_equal(held->held.page, ex->id))
            continue;
        if (is_declined(ex))
            *ret_held = held;
        ex->rule = SLICE_LITERAL("(response)");
        ex->reason = SLICE_LITERAL("whether the page of an approval was opened");
        exchange_answer(ex, 202, (struct slice){0});
        return true;
    }
    return false;
}
