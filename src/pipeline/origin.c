// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which call an answer belongs to that comes on another way than the call went: replayed on a
// resumed stream, or fetched as the result of a task. Rules on results need to know.
#include "pipeline/ledger_internal.h"

enum { REPLAYS_MAX = 256, TASKS_MAX = 1000, KEY_MAX = 4096 };

struct origin {
    struct list link;
    char *key;     // owned
    char *subject; // owned
    enum mcp_method method;
};

void origins_init(struct origins *origins)
{
    list_init(&origins->items);
    origins->count = 0;
}

static void drop(struct origins *origins, struct origin *origin)
{
    list_remove(&origin->link);
    origins->count--;
    memory_free(origin->key);
    memory_free(origin->subject);
    memory_free(origin);
}

void origins_release(struct origins *origins)
{
    while (!list_empty(&origins->items))
        drop(origins, LIST_ENTRY(origins->items.next, struct origin, link));
}

static struct origin *find(const struct origins *origins, struct slice key)
{
    for (struct list *at = origins->items.next; at != &origins->items; at = at->next) {
        struct origin *origin = LIST_ENTRY(at, struct origin, link);
        if (slice_equal_string(key, origin->key))
            return origin;
    }
    return NULL;
}

static bool is_plain(struct slice text)
{
    return text.length <= KEY_MAX &&
           (text.length == 0 || memchr(text.data, '\0', text.length) == NULL);
}

// Without room for it the origin stays unknown, which withholds the answer later.
static void remember(struct origins *origins, size_t most, struct slice key, enum mcp_method method,
                     struct slice subject)
{
    if (!is_plain(key) || !is_plain(subject))
        return;
    struct origin *old = find(origins, key);
    if (old != NULL)
        drop(origins, old);
    struct origin *origin = memory_try_new(sizeof *origin);
    if (origin == NULL)
        return;
    origin->key = memory_copy_string(key.data, key.length);
    origin->subject = memory_copy_string(subject.data, subject.length);
    origin->method = method;
    list_append(&origins->items, &origin->link);
    if (++origins->count > most)
        drop(origins, LIST_ENTRY(origins->items.next, struct origin, link));
}

// ---- Replays: by request id, in the session

void origin_note_call(struct exchange *ex)
{
    if (ex->origin_noted || ex->kind != EXCHANGE_MESSAGE || ex->session == NULL)
        return;
    ex->origin_noted = true;
    remember(&ex->session->replays, REPLAYS_MAX, ex->id, ex->method, ex->subject);
}

bool origin_of_replay(const struct exchange *ex, struct slice id, enum mcp_method *ret_method,
                      struct slice *ret_subject)
{
    const struct origin *origin = ex->session == NULL ? NULL : find(&ex->session->replays, id);
    if (origin == NULL)
        return false;
    *ret_method = origin->method;
    *ret_subject = slice_from_string(origin->subject);
    return true;
}

// ---- Tasks: by server and task id, for all conversations of the grant

static struct slice task_key(struct exchange *ex, struct slice task)
{
    return arena_format(&ex->arena, "%.*s\n%.*s",
                        SLICE_PRINT(upstream_server_options(ex->server)->name), SLICE_PRINT(task));
}

void origin_note_task(struct exchange *ex, struct slice task)
{
    struct grant_usage *usage = grant_usage_of(ex->pipeline, ex->grant->label);
    struct slice key = task_key(ex, task);
    if (usage == NULL || key.data == NULL)
        return;
    pthread_mutex_lock(&ex->pipeline->ledger->lock);
    remember(&usage->tasks, TASKS_MAX, key, MCP_TOOLS_CALL, ex->subject);
    pthread_mutex_unlock(&ex->pipeline->ledger->lock);
}

struct slice origin_of_task(struct exchange *ex, struct slice task)
{
    struct grant_usage *usage = grant_usage_of(ex->pipeline, ex->grant->label);
    struct slice key = task_key(ex, task);
    struct slice subject = {"", 0};
    if (usage == NULL || key.data == NULL)
        return subject;
    pthread_mutex_lock(&ex->pipeline->ledger->lock);
    const struct origin *origin = find(&usage->tasks, key);
    if (origin != NULL) // another worker may forget it at any time
        subject = arena_copy(&ex->arena, slice_from_string(origin->subject));
    pthread_mutex_unlock(&ex->pipeline->ledger->lock);
    return subject.data == NULL ? (struct slice){"", 0} : subject;
}
