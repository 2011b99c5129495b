// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A few threads for work that takes long, and few that wait for them: passwords (64 MiB and some
// tens of milliseconds each), trials of servers (up to 15 seconds).
#include "admin/admin_internal.h"

#include "base/memory.h"
#include "base/thread.h"

enum { THREADS_MAX = 8 };

struct admin_pool {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct admin_work *first, **end;
    size_t waiting, waiting_max;
    bool closing;
    pthread_t threads[THREADS_MAX];
    size_t started;
};

static void *run_work(void *argument)
{
    struct admin_pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->first == NULL && !pool->closing)
            pthread_cond_wait(&pool->filled, &pool->lock);
        struct admin_work *work = pool->first;
        if (work == NULL)
            break;
        pool->first = work->next;
        if (pool->first == NULL)
            pool->end = &pool->first;
        pool->waiting--;
        pthread_mutex_unlock(&pool->lock);
        work->run(work->argument);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

int admin_pool_open(size_t threads, size_t waiting_max, struct admin_pool **ret,
                    struct error *error)
{
    struct admin_pool *pool = memory_new(sizeof *pool);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->filled, NULL);
    pool->end = &pool->first;
    pool->waiting_max = waiting_max;
    int result = 0;
    for (size_t i = 0; i < threads && i < THREADS_MAX && result == 0; i++) {
        result = thread_start(&pool->threads[i], run_work, pool);
        pool->started += result == 0;
    }
    if (result == 0) {
        *ret = pool;
        return 0;
    }
    admin_pool_close(pool);
    return error_set(error, result, "the threads for long work cannot be started");
}

void admin_pool_close(struct admin_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->started; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->filled);
    pthread_mutex_destroy(&pool->lock);
    memory_free(pool);
}

bool admin_pool_submit(struct admin_pool *pool, struct admin_work *work)
{
    pthread_mutex_lock(&pool->lock);
    bool room = pool->waiting < pool->waiting_max;
    if (room) {
        work->next = NULL;
        *pool->end = work;
        pool->end = &work->next;
        pool->waiting++;
        pthread_cond_signal(&pool->filled);
    }
    pthread_mutex_unlock(&pool->lock);
    return room;
}
