// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of a link, whatever is behind it.
#include "upstream/upstream_internal.h"

#include "base/log.h"

int upstream_link_open(struct upstream_server *server, bool rewrite_ids,
                       const struct upstream_link_events *events, struct upstream_link **ret,
                       struct error *error)
{
    if (server->options.refusal.length > 0)
        return upstream_refused(server, error);
    switch (server->options.transport) {
    case UPSTREAM_CHILD: return upstream_child_open(server, rewrite_ids, events, ret, error);
    case UPSTREAM_SSE: return upstream_sse_open(server, rewrite_ids, events, ret, error);
    case UPSTREAM_HTTP: break;
    }
    return error_set(error, ERROR_INTERNAL, "server '%.*s' has no links",
                     SLICE_PRINT(upstream_server_shown(server)));
}

bool upstream_server_has_links(const struct upstream_server *server)
{
    return server->options.transport != UPSTREAM_HTTP;
}

void upstream_link_init(struct upstream_link *link, const struct upstream_link_kind *kind,
                        struct upstream_server *server, bool rewrite_ids,
                        const struct upstream_link_events *events)
{
    link->kind = kind;
    link->server = upstream_server_ref(server);
    link->events = *events;
    link->rewrite_ids = rewrite_ids;
    list_init(&link->call_list);
    table_init(&link->calls);
    list_append(&server->set->links, &link->member);
}

void upstream_link_break(struct upstream_link *link, int code, const char *text)
{
    if (link->broken)
        return;
    link->broken = true;
    if (!link->detached)
        log_event(LOG_WARNING, "upstream", "server '%.*s': %s",
                  SLICE_PRINT(upstream_server_shown(link->server)), text);
    bool nested = link->in_callback;
    link->in_callback = true;
    if (link->kind->stop != NULL)
        link->kind->stop(link);
    upstream_link_fail_calls(link, code, text);
    if (!link->detached)
        link->events.on_closed(link->events.argument, text);
    link->in_callback = nested;
}

void upstream_link_close(struct upstream_link *link)
{
    if (link == NULL || link->detached)
        return;
    link->detached = true;
    upstream_link_fail_calls(link, ERROR_CANCELLED, "the session was closed");
    link->kind->close(link);
}

void upstream_link_kill(struct upstream_link *link)
{
    link->detached = true;
    upstream_link_fail_calls(link, ERROR_CANCELLED, "the gateway stops");
    link->kind->kill(link);
}

bool upstream_link_takes_messages(const struct upstream_link *link)
{
    return !link->ending && !link->broken;
}

void upstream_link_pause(struct upstream_link *link)
{
    link->kind->read(link, false);
}

void upstream_link_resume(struct upstream_link *link)
{
    link->kind->read(link, true);
}

void upstream_link_gone(struct upstream_link *link, void (*release)(void *argument), void *argument)
{
    struct upstream_set *set = link->server->set;
    list_remove(&link->member);
    upstream_server_unref(link->server);
    loop_defer(set->loop, release, argument);
    if (set->drained != NULL && list_empty(&set->links)) {
        void (*done)(void *) = set->drained;
        set->drained = NULL;
        done(set->drained_argument);
    }
}

void upstream_link_release(struct upstream_link *link)
{
    table_release(&link->calls);
}
