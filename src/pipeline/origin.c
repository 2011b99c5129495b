// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which call an answer belongs to that comes on another way than the call went: replayed on a
// resumed stream, or fetched as the result of a task. Rules on results need to know.
#include "pipeline/ledger_internal.h"

enum { REPLAYS_MAX = 256, TASKS_MAX = 1000, KEY_MAX = 4096 };

struct origin {
    struct list link;
    struct slice key; // owned
    char *subject;    // owned
    enum mcp_method method;
};

void origins_init(struct origins *origins)
{
    list_init(&origins->items);
    origins->by_key = (struct table){0};
}

static void drop(struct origins *origins, struct origin *origin)
{
    list_remove(&origin->link);
    table_remove(&origins->by_key, origin->key);
    memory_free((char *)origin->key.data);
    memory_free(origin->subject);
    memory_free(origin);
}

void origins_release(struct origins *origins)
{
    while (!list_empty(&origins->items))
        drop(origins, LIST_ENTRY(origins->items.next, struct origin, link));
    table_release(&origins->by_key);
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
    struct origin *old = table_get(&origins->by_key, key);
    if (old != NULL)
        drop(origins, old);
    if (origins->by_key.slots == NULL)
        table_init(&origins->by_key); // chance is not asked for sessions that need none
    struct origin *origin = memory_try_new(sizeof *origin);
    if (origin == NULL)
        return;
    origin->key = slice_of(memory_copy_string(key.data, key.length), key.length);
    origin->subject = memory_copy_string(subject.data, subject.length);
    origin->method = method;
    list_append(&origins->items, &origin->link);
    if (table_put(&origins->by_key, origin->key, origin) != 0)
        drop(origins, origin);
    else if (origins->by_key.count > most)
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
    const struct origin *origin =
        ex->session == NULL ? NULL : table_get(&ex->session->replays.by_key, id);
    if (origin == NULL)
        return false;
    *ret_method = origin->method;
    *ret_subject = slice_from_string(origin->subject);
    return true;
}

// ---- Tasks: by server and task id, for all conversations of the grant

bool origin_is_task_method(enum mcp_method method)
{
    return method == MCP_TASKS_GET || method == MCP_TASKS_RESULT || method == MCP_TASKS_UPDATE ||
           method == MCP_TASKS_CANCEL;
}

// Data NULL when it is longer than any that is remembered.
static struct slice task_key(const struct exchange *ex, struct slice task, char key[KEY_MAX])
{
    struct slice server = upstream_server_options(ex->server)->name;
    size_t length = server.length + 1 + task.length;
    if (length > KEY_MAX)
        return (struct slice){0};
    memcpy(key, server.data, server.length);
    key[server.length] = '\n';
    if (task.length > 0)
        memcpy(key + server.length + 1, task.data, task.length);
    return slice_of(key, length);
}

void origin_note_task(struct exchange *ex, struct slice task, struct slice tool)
{
    char text[KEY_MAX];
    struct grant_usage *usage = exchange_usage(ex);
    struct slice key = task_key(ex, task, text);
    if (usage == NULL || key.data == NULL)
        return;
    pthread_mutex_lock(&ex->pipeline->ledger->lock);
    remember(&usage->tasks, TASKS_MAX, key, MCP_TOOLS_CALL, tool);
    pthread_mutex_unlock(&ex->pipeline->ledger->lock);
}

// False: it is not known. `arena` NULL: nobody wants to know the tool.
static bool find_task(const struct exchange *ex, struct slice task, struct arena *arena,
                      struct slice *ret_tool)
{
    char text[KEY_MAX];
    struct grant_usage *usage = grant_usage_of(ex->pipeline, ex->grant->id);
    struct slice key = task_key(ex, task, text);
    if (usage == NULL || key.data == NULL)
        return false;
    pthread_mutex_lock(&ex->pipeline->ledger->lock);
    const struct origin *origin = table_get(&usage->tasks.by_key, key);
    if (origin != NULL && arena != NULL) // another worker may forget it at any time
        *ret_tool = arena_copy(arena, slice_from_string(origin->subject));
    pthread_mutex_unlock(&ex->pipeline->ledger->lock);
    return origin != NULL;
}

bool origin_has_task(const struct exchange *ex, struct slice task)
{
    return find_task(ex, task, NULL, NULL);
}

struct slice origin_of_task(struct exchange *ex, struct slice task)
{
    struct slice tool = {0};
    (void)find_task(ex, task, &ex->arena, &tool);
    return tool.data == NULL ? (struct slice){"", 0} : tool;
}
