// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/held_tasks_internal.h"

#include <pthread.h>
#include <stdio.h>

enum { POLL_MS = 2000 };

static const struct slice no_room = SLICE_LITERAL(
    "{\"code\":-32603,\"message\":\"The result could not be kept; the call has run\"}");

struct held_task {
    struct list link; // tasks->items, oldest first
    char id[HELD_TASK_ID_SIZE];
    char *grant, *server; // owned
    char created[CLOCK_TEXT_SIZE], updated[CLOCK_TEXT_SIZE];
    int64_t ttl_ms;
    uint64_t until_us;
    enum bridge_task_status status;
    struct buffer outcome; // raw
};

struct held_tasks {
    pthread_mutex_t lock;
    struct list items;
    struct table by_id;
    size_t bytes;
};

struct held_tasks *held_tasks_new(void)
{
    struct held_tasks *tasks = memory_new(sizeof *tasks);
    pthread_mutex_init(&tasks->lock, NULL);
    list_init(&tasks->items);
    table_init(&tasks->by_id);
    return tasks;
}

static void free_task(struct held_task *task)
{
    buffer_release(&task->outcome);
    memory_free(task->grant);
    memory_free(task->server);
    memory_free(task);
}

static void drop(struct held_tasks *tasks, struct held_task *task)
{
    tasks->bytes -= task->outcome.length;
    table_remove(&tasks->by_id, slice_from_string(task->id));
    list_remove(&task->link);
    free_task(task);
}

void held_tasks_free(struct held_tasks *tasks)
{
    if (tasks == NULL)
        return;
    while (!list_empty(&tasks->items))
        drop(tasks, LIST_ENTRY(tasks->items.next, struct held_task, link));
    table_release(&tasks->by_id);
    pthread_mutex_destroy(&tasks->lock);
    memory_free(tasks);
}

static void expire(struct held_tasks *tasks)
{
    uint64_t now_us = clock_monotonic_us();
    LIST_EACH(&tasks->items, item)
    {
        struct held_task *task = LIST_ENTRY(item, struct held_task, link);
        if (task->until_us <= now_us)
            drop(tasks, task);
    }
}

// Makes room by the oldest one of this grant, or of anybody, that is over. False: all are at work.
static bool make_room(struct held_tasks *tasks, struct slice grant)
{
    struct held_task *mine = NULL, *any = NULL;
    size_t count = 0;
    LIST_EACH(&tasks->items, item)
    {
        struct held_task *task = LIST_ENTRY(item, struct held_task, link);
        bool over = bridge_task_is_over(task->status);
        bool of_grant = slice_equal_string(grant, task->grant);
        count += of_grant;
        if (over && of_grant && mine == NULL)
            mine = task;
        if (over && any == NULL)
            any = task;
    }
    struct held_task *goes = count >= HELD_TASKS_PER_GRANT ? mine : any;
    if (count < HELD_TASKS_PER_GRANT && tasks->by_id.count < HELD_TASKS_MAX)
        return true;
    if (goes != NULL)
        drop(tasks, goes);
    return goes != NULL;
}

static struct held_task *new_task(const struct held_task_owner *owner, int64_t ttl_ms)
{
    struct held_task *task = memory_try_new(sizeof *task);
    char random[33];
    if (task == NULL)
        return NULL;
    random_hex(random, 16);
    snprintf(task->id, sizeof task->id, "sallyport-%s", random);
    task->grant = memory_copy_string(owner->grant.data, owner->grant.length);
    task->server = memory_copy_string(owner->server.data, owner->server.length);
    task->status = BRIDGE_TASK_WORKING;
    task->ttl_ms = ttl_ms;
    task->until_us = clock_monotonic_us() + (uint64_t)ttl_ms * 1000;
    clock_format(clock_wall_ms(), task->created);
    memcpy(task->updated, task->created, sizeof task->updated);
    buffer_init(&task->outcome, HELD_TASKS_BYTES);
    return task;
}

int held_tasks_add(struct held_tasks *tasks, const struct held_task_owner *owner, int64_t ttl_ms,
                   char ret_id[HELD_TASK_ID_SIZE])
{
    struct held_task *task = new_task(owner, ttl_ms);
    if (task == NULL)
        return ERROR_NO_MEMORY;
    memcpy(ret_id, task->id, HELD_TASK_ID_SIZE);
    pthread_mutex_lock(&tasks->lock);
    expire(tasks);
    int result = make_room(tasks, owner->grant) ? 0 : ERROR_LIMIT;
    if (result == 0)
        result = table_put(&tasks->by_id, slice_from_string(task->id), task);
    if (result == 0)
        list_append(&tasks->items, &task->link);
    pthread_mutex_unlock(&tasks->lock);
    if (result != 0)
        free_task(task);
    return result;
}

static void set_outcome(struct held_tasks *tasks, struct held_task *task,
                        enum bridge_task_status status, struct slice outcome)
{
    bool fits = outcome.length <= HELD_TASKS_BYTES - tasks->bytes;
    task->status = fits ? status : BRIDGE_TASK_FAILED;
    buffer_append(&task->outcome, fits ? outcome : no_room);
    if (task->outcome.failed) {
        buffer_clear(&task->outcome);
        task->status = BRIDGE_TASK_FAILED;
    }
    tasks->bytes += task->outcome.length;
}

static void end(struct held_task *task)
{
    clock_format(clock_wall_ms(), task->updated);
    task->until_us = clock_monotonic_us() + (uint64_t)HELD_TASK_KEPT_MS * 1000;
}

void held_tasks_finish(struct held_tasks *tasks, struct slice id, enum bridge_task_status status,
                       struct slice outcome)
{
    pthread_mutex_lock(&tasks->lock);
    struct held_task *task = table_get(&tasks->by_id, id);
    if (task != NULL && !bridge_task_is_over(task->status)) {
        set_outcome(tasks, task, status, outcome);
        end(task);
    }
    pthread_mutex_unlock(&tasks->lock);
}

// ---- For clients

static struct held_task *find(struct held_tasks *tasks, const struct held_task_owner *owner,
                              struct slice id)
{
    expire(tasks);
    struct held_task *task = table_get(&tasks->by_id, id);
    bool own = task != NULL && slice_equal_string(owner->grant, task->grant) &&
               slice_equal_string(owner->server, task->server);
    return own ? task : NULL;
}

// Both eras' words for what they call differently.
static void write_task(const struct held_task *task, struct buffer *out)
{
    buffer_append_format(out,
                         "{\"taskId\":\"%s\",\"createdAt\":\"%s\",\"lastUpdatedAt\":\"%s\","
                         "\"ttl\":%lld,\"ttlMs\":%lld,\"pollInterval\":%d,\"pollIntervalMs\":%d",
                         task->id, task->created, task->updated, (long long)task->ttl_ms,
                         (long long)task->ttl_ms, POLL_MS, POLL_MS);
    if (task->status == BRIDGE_TASK_WORKING)
        buffer_append_string(out, ",\"statusMessage\":\"It waits for a person's approval, or "
                                  "runs after it was given.\"");
    if (task->outcome.length > 0) {
        buffer_append_string(out, task->status == BRIDGE_TASK_COMPLETED ? ",\"result\":"
                                                                        : ",\"error\":");
        buffer_append(out, buffer_slice(&task->outcome));
    }
    buffer_append_string(out, "}");
}

int held_tasks_show(struct held_tasks *tasks, const struct held_task_owner *owner, struct slice id,
                    struct buffer *out, enum bridge_task_status *ret)
{
    pthread_mutex_lock(&tasks->lock);
    const struct held_task *task = find(tasks, owner, id);
    if (task != NULL) {
        *ret = task->status;
        write_task(task, out);
    }
    pthread_mutex_unlock(&tasks->lock);
    return task == NULL ? ERROR_NOT_FOUND : out->failed ? ERROR_NO_MEMORY : 0;
}

bool held_tasks_cancel(struct held_tasks *tasks, const struct held_task_owner *owner,
                       struct slice id)
{
    pthread_mutex_lock(&tasks->lock);
    struct held_task *task = find(tasks, owner, id);
    bool can = task != NULL && !bridge_task_is_over(task->status);
    if (can) {
        task->status = BRIDGE_TASK_CANCELLED;
        end(task);
    }
    pthread_mutex_unlock(&tasks->lock);
    return can;
}

bool held_tasks_is_unwanted(struct held_tasks *tasks, struct slice id)
{
    pthread_mutex_lock(&tasks->lock);
    expire(tasks);
    const struct held_task *task = table_get(&tasks->by_id, id);
    bool unwanted = task == NULL || task->status == BRIDGE_TASK_CANCELLED;
    pthread_mutex_unlock(&tasks->lock);
    return unwanted;
}
