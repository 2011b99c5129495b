// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Life, state, and the readers: each has a connection to the index, and they are used again.
#include "base/clock.h"
#include "base/memory.h"
#include "decisions/decisions_internal.h"

#include <unistd.h>

// ---- Readers

static void free_reader(struct reader *reader)
{
    reader_leave(reader);
    store_index_close(reader->index);
    memory_free(reader->line);
    memory_free(reader->set);
    memory_free(reader);
}

void reader_leave(struct reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
    reader->segment = 0;
}

void readers_close(struct decisions *decisions)
{
    while (decisions->readers != NULL) {
        struct reader *next = decisions->readers->next;
        free_reader(decisions->readers);
        decisions->readers = next;
    }
}

static int new_reader(const struct decisions *decisions, struct reader **ret, struct error *error)
{
    struct reader *reader = memory_try_new(sizeof *reader);
    if (reader == NULL)
        return ERROR_NO_MEMORY;
    reader->fd = -1;
    reader->line = memory_try_new(ROW_BYTES_MAX);
    reader->set = memory_try_new(SHAPES_MAX + 1);
    int result = reader->line == NULL || reader->set == NULL
                     ? ERROR_NO_MEMORY
                     : store_index_open(decisions->options.index, false, &reader->index, error);
    if (result != 0)
        free_reader(reader);
    else
        *ret = reader;
    return result;
}

// What is wrong with the index is for its writer to find and mend.
static int not_now(struct error *error)
{
    return error_set(error, ERROR_AGAIN,
                     "the index of the decision log cannot be read now; try again in a moment");
}

int reader_take(struct decisions *decisions, struct reader **ret, struct error *error)
{
    pthread_rwlock_rdlock(&decisions->gate);
    pthread_mutex_lock(&decisions->lock);
    struct reader *reader = decisions->readers;
    if (reader != NULL)
        decisions->readers = reader->next;
    pthread_mutex_unlock(&decisions->lock);
    int result = !decisions->ready ? ERROR_AGAIN
                 : reader == NULL  ? new_reader(decisions, &reader, error)
                                   : 0;
    if (result == 0)
        result = store_index_begin(reader->index, error);
    if (result == 0) {
        *ret = reader;
        return 0;
    }
    if (reader != NULL)
        free_reader(reader);
    pthread_rwlock_unlock(&decisions->gate);
    return result == ERROR_NO_MEMORY ? error_set(error, result, "out of memory") : not_now(error);
}

void reader_give(struct decisions *decisions, struct reader *reader)
{
    store_index_rollback(reader->index);
    reader_leave(reader);
    pthread_mutex_lock(&decisions->lock);
    reader->next = decisions->readers;
    decisions->readers = reader;
    pthread_mutex_unlock(&decisions->lock);
    pthread_rwlock_unlock(&decisions->gate);
}

// ---- Life

static void free_all(struct decisions *decisions)
{
    readers_close(decisions);
    pthread_rwlock_destroy(&decisions->gate);
    pthread_mutex_destroy(&decisions->lock);
    memory_free((char *)(uintptr_t)decisions->options.log);
    memory_free((char *)(uintptr_t)decisions->options.index);
    memory_free(decisions);
}

// So that there is something to read from the start on: the index of the run before, or a new one.
// What is wrong with it is the follower's to find.
static bool prepare_index(const char *path)
{
    struct store_index *index = NULL;
    struct error ignored = {0};
    bool missing = access(path, F_OK) != 0;
    if (store_index_open(path, missing, &index, &ignored) != 0)
        return false;
    store_index_close(index);
    return true;
}

int decisions_open(const struct decisions_options *options, struct decisions **ret,
                   struct error *error)
{
    struct decisions *decisions = memory_new(sizeof *decisions);
    decisions->options = *options;
    decisions->options.log = memory_copy_string(options->log, strlen(options->log));
    decisions->options.index = memory_copy_string(options->index, strlen(options->index));
    atomic_init(&decisions->up, true);
    atomic_init(&decisions->level_us, clock_monotonic_us());
    pthread_rwlock_init(&decisions->gate, NULL);
    pthread_mutex_init(&decisions->lock, NULL);
    decisions->ready = prepare_index(decisions->options.index);
    int result = waker_open(&decisions->waker);
    if (result == 0) {
        result = thread_start(&decisions->thread, follow_run, decisions);
        if (result == 0) {
            *ret = decisions;
            return 0;
        }
        waker_close(&decisions->waker);
    }
    free_all(decisions);
    return error_set(error, result, "the thread of the decision log's index cannot be started");
}

void decisions_close(struct decisions *decisions)
{
    if (decisions == NULL)
        return;
    atomic_store(&decisions->stop, true);
    waker_wake(&decisions->waker);
    pthread_join(decisions->thread, NULL);
    waker_close(&decisions->waker);
    free_all(decisions);
}

struct decisions_state decisions_state(const struct decisions *decisions)
{
    uint64_t now = clock_monotonic_us(), level = atomic_load(&decisions->level_us);
    uint64_t behind = atomic_load(&decisions->behind);
    bool up = atomic_load(&decisions->up);
    return (struct decisions_state){
        .up = up,
        .row = atomic_load(&decisions->row),
        .behind = behind,
        .behind_ms = (up && behind == 0) || now < level ? 0 : (now - level) / 1000};
}
