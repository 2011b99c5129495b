// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Children that several clients use: one per grant and server for the stateless era (or one per
// server when the configuration says so). Ids are rewritten in upstream/, so callers cannot meet.
#include "pipeline/pipeline_internal.h"

struct shared_child {
    struct list link; // pipeline->shared
    struct pipeline *pipeline;
    char *grant_label;              // owned; "" when shared by all grants
    struct upstream_server *server; // referenced
    struct upstream_link *child;
    uint64_t last_used_us;
};

static void free_shared_cb(void *argument)
{
    struct shared_child *shared = argument;
    memory_free(shared->grant_label);
    memory_free(shared);
}

static void close_shared(struct shared_child *shared)
{
    list_remove(&shared->link);
    upstream_link_close(shared->child);
    upstream_server_unref(shared->server);
    loop_defer(shared->pipeline->loop, free_shared_cb, shared);
}

// Messages that name no call: log lines go to the oldest call of the same child that asked for
// them. Anything else has no addressee in this era, and a request is not allowed in it.
static void on_message(void *argument, struct upstream_message *message)
{
    struct shared_child *shared = argument;
    if (message->message->method != MCP_LOG_MESSAGE) {
        log_event(LOG_DEBUG, "pipeline", "a message of a shared server had no addressee; dropped");
        return;
    }
    LIST_EACH(&shared->pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        if (ex->server != shared->server || !ex->modern || !ex->wants_log || ex->call == NULL ||
            (ex->session != NULL && ex->session->stdio != NULL) ||
            (shared->grant_label[0] != '\0' &&
             !slice_equal_string(ex->grant->label, shared->grant_label)))
            continue;
        if (decide_server_message(shared->pipeline, ex, NULL, message))
            answer_pass(ex, message);
        return;
    }
}

static void on_closed(void *argument, const char *text)
{
    struct shared_child *shared = argument;
    (void)text;
    close_shared(shared);
}

static struct shared_child *find(struct exchange *ex, struct slice label)
{
    LIST_EACH(&ex->pipeline->shared, item)
    {
        struct shared_child *shared = LIST_ENTRY(item, struct shared_child, link);
        if (shared->server == ex->server && slice_equal_string(label, shared->grant_label))
            return shared;
    }
    return NULL;
}

struct upstream_link *shared_child(struct exchange *ex, struct error *error)
{
    struct pipeline *pipeline = ex->pipeline;
    bool all = upstream_server_options(ex->server)->sharing == UPSTREAM_SHARED;
    struct slice label = all ? (struct slice){"", 0} : ex->grant->label;
    struct shared_child *shared = find(ex, label);
    if (shared == NULL) {
        shared = memory_new(sizeof *shared);
        struct upstream_link_events events = {on_message, on_closed, shared};
        if (upstream_link_open(ex->server, true, &events, &shared->child, error) != 0) {
            memory_free(shared);
            return NULL;
        }
        shared->pipeline = pipeline;
        shared->grant_label = memory_copy_string(label.data, label.length);
        shared->server = upstream_server_ref(ex->server);
        list_append(&pipeline->shared, &shared->link);
    }
    shared->last_used_us = loop_now_us(pipeline->loop);
    return shared->child;
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
        if ((idle || upstream_server_retired(shared->server)) && !in_use(shared))
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
