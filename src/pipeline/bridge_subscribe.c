// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// subscriptions/listen of modern clients at a legacy server: resources/subscribe for each resource,
// and the news of the conversation's own stream, told to everybody who listens for them.
#include "pipeline/bridge_internal.h"

static struct watched *find(const struct list *uris, struct slice uri)
{
    for (struct list *l = uris->next; l != uris; l = l->next) {
        struct watched *watched = LIST_ENTRY(l, struct watched, link);
        if (slice_equal(slice_of(watched->uri, watched->length), uri))
            return watched;
    }
    return NULL;
}

static struct watched *add(struct list *uris, struct slice uri)
{
    struct watched *watched = memory_try_new(sizeof *watched + uri.length);
    if (watched == NULL)
        return NULL;
    watched->length = uri.length;
    watched->users = 1;
    memcpy(watched->uri, uri.data, uri.length);
    list_append(uris, &watched->link);
    return watched;
}

static void subscribe(struct legacy_call *call, struct slice uri)
{
    struct conversation *c = call->conversation;
    if (find(&call->uris, uri) != NULL || add(&call->uris, uri) == NULL)
        return;
    struct watched *shared = find(&c->watched, uri);
    if (shared != NULL) {
        shared->users++;
        return;
    }
    if (add(&c->watched, uri) != NULL)
        conversation_errand(c, "resources/subscribe", "uri", uri);
}

void subscribe_release(struct legacy_call *call)
{
    struct conversation *c = call->conversation;
    LIST_EACH(&call->uris, item)
    {
        struct watched *watched = LIST_ENTRY(item, struct watched, link);
        struct slice uri = slice_of(watched->uri, watched->length);
        struct watched *shared = find(&c->watched, uri);
        if (shared != NULL && --shared->users == 0) {
            list_remove(&shared->link);
            memory_free(shared);
            if (c->state == CONVERSATION_READY)
                conversation_errand(c, "resources/unsubscribe", "uri", uri);
        }
        list_remove(&watched->link);
        memory_free(watched);
    }
}

// Each resource is judged as if its subscription were a message of its own.
static size_t take_uris(struct legacy_call *call)
{
    struct exchange *ex = call->ex;
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t wanted =
        json_get(doc, json_get(doc, ex->message.params, "notifications"), "resourceSubscriptions");
    size_t count = 0;
    if (wanted == JSON_NONE || json_type(doc, wanted) != JSON_ARRAY ||
        !call->conversation->can_subscribe)
        return 0;
    for (uint32_t e = json_first_element(doc, wanted); e != JSON_NONE && count < BRIDGE_URIS_MAX;
         e = json_next_element(doc, wanted, e)) {
        struct slice uri =
            json_type(doc, e) == JSON_STRING ? json_string(doc, e, &ex->arena) : (struct slice){0};
        if (uri.data == NULL || !decide_resource_allowed(ex, uri))
            continue;
        subscribe(call, uri);
        count++;
    }
    return count;
}

static int write_acknowledged(struct legacy_call *call, struct buffer *out)
{
    struct exchange *ex = call->ex;
    struct conversation *c = call->conversation;
    struct slice *uris = memory_try_new((BRIDGE_URIS_MAX + 1) * sizeof *uris);
    if (uris == NULL)
        return ERROR_NO_MEMORY;
    struct bridge_news news = {ex->listens_tools && c->news_tools,
                               ex->listens_prompts && c->news_prompts,
                               ex->listens_resources && c->news_resources, uris, 0};
    LIST_EACH(&call->uris, item)
    {
        const struct watched *watched = LIST_ENTRY(item, struct watched, link);
        struct buffer raw;
        buffer_init(&raw, 0);
        json_write_string(&raw, slice_of(watched->uri, watched->length));
        struct slice copy = arena_copy(&ex->arena, buffer_slice(&raw));
        if (!raw.failed && copy.data != NULL)
            uris[news.uri_count++] = copy;
        buffer_release(&raw);
    }
    bridge_write_acknowledged(out, ex->id, &news);
    memory_free(uris);
    return out->failed ? ERROR_NO_MEMORY : 0;
}

static void acknowledge(struct legacy_call *call)
{
    struct exchange *ex = call->ex;
    struct buffer text;
    buffer_init(&text, BRIDGE_TEXT_MAX);
    if (write_acknowledged(call, &text) != 0) {
        buffer_release(&text);
        bridge_fail(ex, "out of memory");
        return;
    }
    struct slice piece = buffer_slice(&text);
    call->acknowledged = true;
    if (!ex->streaming)
        ex->face->stream_begin(ex);
    ex->streaming = true;
    ex->face->stream_message(ex, &piece, 1, (struct slice){0}, -1);
    buffer_release(&text);
}

enum step_result subscribe_open(struct exchange *ex, struct conversation *c)
{
    if (!ex->accepts_stream)
        return exchange_refuse(ex, 406, MCP_ERROR_INVALID_REQUEST,
                               "Accept must allow text/event-stream");
    struct legacy_call *call = legacy_new_call(c, ex);
    call->listens = true;
    call->responded = true; // there is nothing to be cancelled
    take_uris(call);
    conversation_hear(c);
    if (list_empty(&c->errands))
        acknowledge(call);
    return STEP_WAIT;
}

// Every resource is watched: now the clients may be told, and no change is missed after that.
void subscribe_settled(struct conversation *c)
{
    LIST_EACH(&c->calls, item)
    {
        struct legacy_call *call = LIST_ENTRY(item, struct legacy_call, link);
        if (call->listens && !call->acknowledged && call->ex != NULL && !call->ex->client_gone)
            acknowledge(call);
    }
}

static bool wants(const struct legacy_call *call, const struct mcp_message *m)
{
    const struct exchange *ex = call->ex;
    if (!call->listens || !call->acknowledged || ex == NULL || ex->client_gone || ex->answered)
        return false;
    if (slice_equal_string(m->method_name, "notifications/tools/list_changed"))
        return ex->listens_tools;
    if (slice_equal_string(m->method_name, "notifications/prompts/list_changed"))
        return ex->listens_prompts;
    if (slice_equal_string(m->method_name, "notifications/resources/list_changed"))
        return ex->listens_resources;
    if (m->method != MCP_RESOURCES_UPDATED)
        return false;
    for (struct list *l = call->uris.next; l != &call->uris; l = l->next) {
        const struct watched *watched = LIST_ENTRY(l, struct watched, link);
        // The news may be of a part of what is watched.
        if (slice_starts_with(m->subject, slice_of(watched->uri, watched->length)))
            return true;
    }
    return false;
}

void subscribe_news(struct conversation *c, const struct upstream_message *message)
{
    struct bridge *bridge = c->pipeline->bridge;
    LIST_EACH(&c->calls, item)
    {
        struct legacy_call *call = LIST_ENTRY(item, struct legacy_call, link);
        if (!wants(call, message->message))
            continue;
        bridge_notification_to_modern(bridge_text(bridge, 1), message->doc, message->message,
                                      (struct slice){0}, call->ex->id);
        struct upstream_message *translated = bridge_read_text(bridge, 1, message);
        if (translated != NULL && decide_server_message(c->pipeline, call->ex, NULL, translated))
            answer_pass(call->ex, translated);
    }
}
