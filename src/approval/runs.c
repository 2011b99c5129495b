// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "approval/approval.h"

#include "base/list.h"
#include "base/memory.h"
#include "base/table.h"

#include <pthread.h>

struct run {
    struct list link; // runs->items, oldest first
    int64_t expires_ms;
    unsigned round; // that may come
    size_t length;
    char name[];
};

struct approval_runs {
    pthread_mutex_t lock;
    struct list items;
    struct table by_name;
};

struct approval_runs *approval_runs_new(void)
{
    struct approval_runs *runs = memory_new(sizeof *runs);
    pthread_mutex_init(&runs->lock, NULL);
    list_init(&runs->items);
    table_init(&runs->by_name);
    return runs;
}

static void drop(struct approval_runs *runs, struct run *run)
{
    table_remove(&runs->by_name, slice_of(run->name, run->length));
    list_remove(&run->link);
    memory_free(run);
}

void approval_runs_free(struct approval_runs *runs)
{
    if (runs == NULL)
        return;
    while (!list_empty(&runs->items))
        drop(runs, LIST_ENTRY(runs->items.next, struct run, link));
    table_release(&runs->by_name);
    pthread_mutex_destroy(&runs->lock);
    memory_free(runs);
}

static struct run *new_run(struct slice name, unsigned round, int64_t expires_ms)
{
    struct run *run = memory_try_new(sizeof *run + name.length);
    if (run == NULL)
        return NULL;
    run->expires_ms = expires_ms;
    run->round = round;
    run->length = name.length;
    memcpy(run->name, name.data, name.length);
    return run;
}

int approval_runs_expect(struct approval_runs *runs, struct slice name, unsigned round,
                         int64_t expires_ms)
{
    struct run *run = new_run(name, round, expires_ms);
    if (run == NULL)
        return ERROR_NO_MEMORY;
    pthread_mutex_lock(&runs->lock);
    struct run *before = table_get(&runs->by_name, name);
    if (before != NULL)
        drop(runs, before);
    else if (runs->by_name.count >= APPROVAL_RUNS_MAX)
        drop(runs, LIST_ENTRY(runs->items.next, struct run, link));
    int result = table_put(&runs->by_name, slice_of(run->name, run->length), run);
    if (result == 0)
        list_append(&runs->items, &run->link);
    pthread_mutex_unlock(&runs->lock);
    if (result != 0)
        memory_free(run);
    return result;
}

bool approval_runs_take(struct approval_runs *runs, struct slice name, unsigned round,
                        int64_t now_ms)
{
    pthread_mutex_lock(&runs->lock);
    struct run *run = table_get(&runs->by_name, name);
    bool right = run != NULL && run->round == round && now_ms < run->expires_ms;
    if (right)
        drop(runs, run);
    pthread_mutex_unlock(&runs->lock);
    return right;
}
