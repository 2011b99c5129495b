// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Passwords take 64 MiB and some tens of milliseconds each: two at a time, and few that wait.
#include "admin/admin_internal.h"

#include "base/memory.h"
#include "base/thread.h"

enum { THREADS = 2, WAITING_MAX = 64 };

struct admin_hashers {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct admin_work *first, **end;
    size_t waiting;
    bool closing;
    pthread_t threads[THREADS];
    size_t started;
};

static void *run_work(void *argument)
{
    struct admin_hashers *hashers = argument;
    pthread_mutex_lock(&hashers->lock);
    for (;;) {
        while (hashers->first == NULL && !hashers->closing)
            pthread_cond_wait(&hashers->filled, &hashers->lock);
        struct admin_work *work = hashers->first;
        if (work == NULL)
            break;
        hashers->first = work->next;
        if (hashers->first == NULL)
            hashers->end = &hashers->first;
        hashers->waiting--;
        pthread_mutex_unlock(&hashers->lock);
        work->run(work->argument);
        pthread_mutex_lock(&hashers->lock);
    }
    pthread_mutex_unlock(&hashers->lock);
    return NULL;
}

int admin_hashers_open(struct admin_hashers **ret, struct error *error)
{
    struct admin_hashers *hashers = memory_new(sizeof *hashers);
    pthread_mutex_init(&hashers->lock, NULL);
    pthread_cond_init(&hashers->filled, NULL);
    hashers->end = &hashers->first;
    int result = 0;
    for (size_t i = 0; i < THREADS && result == 0; i++) {
        result = thread_start(&hashers->threads[i], run_work, hashers);
        hashers->started += result == 0;
    }
    if (result == 0) {
        *ret = hashers;
        return 0;
    }
    admin_hashers_close(hashers);
    return error_set(error, result, "the threads for passwords cannot be started");
}

void admin_hashers_close(struct admin_hashers *hashers)
{
    if (hashers == NULL)
        return;
    pthread_mutex_lock(&hashers->lock);
    hashers->closing = true;
    pthread_cond_broadcast(&hashers->filled);
    pthread_mutex_unlock(&hashers->lock);
    for (size_t i = 0; i < hashers->started; i++)
        pthread_join(hashers->threads[i], NULL);
    pthread_cond_destroy(&hashers->filled);
    pthread_mutex_destroy(&hashers->lock);
    memory_free(hashers);
}

bool admin_hashers_submit(struct admin_hashers *hashers, struct admin_work *work)
{
    pthread_mutex_lock(&hashers->lock);
    bool room = hashers->waiting < WAITING_MAX;
    if (room) {
        work->next = NULL;
        *hashers->end = work;
        hashers->end = &work->next;
        hashers->waiting++;
        pthread_cond_signal(&hashers->filled);
    }
    pthread_mutex_unlock(&hashers->lock);
    return room;
}
