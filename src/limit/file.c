// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The owner thread hands over one batch at a time; the writer keeps the one that it is writing
// until it is on disk. While the disk fails, changes simply stay on the table's list, so memory is
// bounded and nobody waits.
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "limit/file_internal.h"

#include <errno.h>
#include <stdatomic.h>

enum {
    RETRY_MS = 1000,
    LATE_SYNCS = 5, // a disk that hangs this long breaks the promise of "the last second"
};

struct limit_file {
    struct store *store; // the writer's
    char *path;          // owned
    struct waker waker;
    pthread_t thread;
    struct limit_batch *_Atomic handed; // by the owner, taken by the writer
    struct limit_batch *writing;        // the writer's, until it is on disk
    struct buffer scratch;
    atomic_bool stop, failing;
    atomic_int late; // hand-overs in a row that found the last batch still waiting
    atomic_uint_fast64_t batches;
};

static void note_result(struct limit_file *file, bool failed, const struct error *error)
{
    if (atomic_exchange(&file->failing, failed) == failed)
        return;
    if (failed)
        log_event(LOG_ERROR, "limit", "%s; what is used up now is forgotten at a restart",
                  error->text);
    else
        log_event(LOG_INFO, "limit", "the limits file '%s' is up to date again", file->path);
}

// Writes the batch in hand; false when it must be tried again.
static bool write_one(struct limit_file *file)
{
    struct error error = {0};
    if (file->writing == NULL)
        file->writing = atomic_exchange(&file->handed, NULL);
    if (file->writing == NULL)
        return true;
    int failed = limit_batch_write(file->writing, file->store, &file->scratch, &error);
    note_result(file, failed != 0, &error);
    if (failed != 0)
        return false;
    limit_batch_free(file->writing);
    file->writing = NULL;
    atomic_fetch_add(&file->batches, 1);
    return true;
}

static void *run_writer(void *argument)
{
    struct limit_file *file = argument;
    for (;;) {
        bool stop =
            atomic_load(&file->stop); // before looking: what was handed before it is written
        bool written = write_one(file);
        if (stop)
            return NULL;
        if (!written)
            waker_wait(&file->waker, RETRY_MS);
        else if (atomic_load(&file->handed) == NULL)
            waker_wait(&file->waker, -1);
    }
}

static void free_file(struct limit_file *file)
{
    limit_batch_free(file->writing);
    limit_batch_free(atomic_load(&file->handed));
    buffer_release(&file->scratch);
    store_close(file->store);
    memory_free(file->path);
    memory_free(file);
}

static int start_writer(struct limit_file *file, struct error *error)
{
    if (waker_open(&file->waker) != 0)
        return error_set(error, ERROR_IO, "cannot start writing the limits file: %s",
                         strerror(errno));
    if (thread_start(&file->thread, run_writer, file) == 0)
        return 0;
    waker_close(&file->waker);
    return error_set(error, ERROR_NO_MEMORY, "cannot start the limits file's thread");
}

int limit_file_open(const char *path, struct limit_table *table, int64_t now_ms,
                    struct limit_file **ret, struct error *error)
{
    struct limit_file *file = memory_new(sizeof *file);
    file->path = memory_copy_string(path, strlen(path));
    buffer_init(&file->scratch, 0);
    limit_table_advance(table, now_ms);
    int failed = store_open(path, &file->store, error);
    if (failed == 0)
        failed = limit_table_load(table, file->store, error);
    if (failed == 0)
        failed = start_writer(file, error);
    if (failed != 0)
        free_file(file);
    else
        *ret = file;
    return failed;
}

// What changed, or NULL when the writer is still at the last one; `*ret_idle`: nothing changed.
static struct limit_batch *take_batch(struct limit_file *file, struct limit_table *table,
                                      bool *ret_idle)
{
    struct limit_batch *batch = NULL;
    pthread_mutex_lock(&table->lock);
    *ret_idle = list_empty(&table->changed);
    if (!*ret_idle && atomic_load(&file->handed) == NULL)
        batch = limit_batch_take(table);
    pthread_mutex_unlock(&table->lock);
    return batch;
}

void limit_file_sync(struct limit_file *file, struct limit_table *table)
{
    bool idle;
    struct limit_batch *batch = take_batch(file, table, &idle);
    if (batch == NULL && !idle) {
        if (atomic_load(&file->late) < LATE_SYNCS)
            atomic_fetch_add(&file->late, 1);
        return;
    }
    atomic_store(&file->late, 0);
    if (batch == NULL)
        return;
    atomic_store(&file->handed, batch);
    waker_wake(&file->waker);
}

bool limit_file_healthy(const struct limit_file *file)
{
    return !atomic_load_explicit(&file->failing, memory_order_relaxed) &&
           atomic_load_explicit(&file->late, memory_order_relaxed) < LATE_SYNCS;
}

uint64_t limit_file_batches(const struct limit_file *file)
{
    return atomic_load(&file->batches);
}

// The writer has ended: what it could not write, what was handed over since, what changed since.
static bool write_rest(struct limit_file *file, struct limit_table *table)
{
    if (!write_one(file) || !write_one(file))
        return false;
    if (list_empty(&table->changed))
        return true;
    atomic_store(&file->handed, limit_batch_take(table));
    return atomic_load(&file->handed) != NULL && write_one(file);
}

void limit_file_close(struct limit_file *file, struct limit_table *table)
{
    if (file == NULL)
        return;
    atomic_store(&file->stop, true);
    waker_wake(&file->waker);
    pthread_join(file->thread, NULL);
    waker_close(&file->waker);
    if (!write_rest(file, table))
        log_event(LOG_ERROR, "limit", "the limits file '%s' misses the latest charges", file->path);
    free_file(file);
}
