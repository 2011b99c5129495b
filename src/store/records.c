// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who runs jobs: one thread that writes, a few that read. Changes that wait at the same time share
// a commit, because a commit waits for the disk and a job does not.
#include "store/store_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"

#include <stdatomic.h>

enum {
    READERS = 2,
    READERS_MAX = 16,
    BATCH_MAX = 256,
    JOB_MEMORY_MAX = 256 * 1024 * 1024,
    CHANGES_MEMORY_MAX = 64 * 1024 * 1024,
};

struct queue {
    struct store_job *first, **end;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    size_t count;
    bool closing;
};

struct reader {
    struct store_records *records;
    struct store_connection *connection;
    pthread_t thread;
    bool started;
};

struct outcome {
    struct store_job *job;
    int result;
    struct error error;
};

struct store_records {
    struct store_records_options options; // path is not kept
    struct queue writes, reads;
    struct store_connection *writer;
    pthread_t thread;
    bool started;
    struct outcome batch[BATCH_MAX]; // the writer's
    struct store_changes changes;    // the writer's
    struct chain_hasher *hasher;     // the writer's
    struct reader readers[READERS_MAX];
    size_t reader_count;
    atomic_bool failing;
    atomic_uint_fast64_t commits, file_bytes, wal_bytes;
    atomic_int_fast64_t committed_ms;
};

// ---- Queues

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.end = NULL};
    queue->end = &queue->first;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
}

static void queue_release(struct queue *queue)
{
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
}

static void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closing = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

// Waits for a job and takes up to `most`; 0 when the queue is closed and empty.
static size_t queue_take(struct queue *queue, struct store_job **jobs, size_t most)
{
    size_t count = 0;
    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL && !queue->closing)
        pthread_cond_wait(&queue->filled, &queue->lock);
    while (queue->first != NULL && count < most) {
        jobs[count++] = queue->first;
        queue->first = queue->first->next;
    }
    queue->count -= count;
    if (queue->first == NULL)
        queue->end = &queue->first;
    pthread_mutex_unlock(&queue->lock);
    return count;
}

void store_submit(struct store_records *records, struct store_job *job)
{
    struct queue *queue = job->access == STORE_WRITE ? &records->writes : &records->reads;
    job->next = NULL;
    pthread_mutex_lock(&queue->lock);
    *queue->end = job;
    queue->end = &job->next;
    queue->count++;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

// ---- Writing

// Fails when nothing of the batch can be kept any more: the database gave up the transaction.
static int run_one(struct store_records *records, struct outcome *outcome, struct error *error)
{
    struct store_view view = {.connection = records->writer,
                              .actor = &outcome->job->actor,
                              .changes = &records->changes,
                              .hasher = records->hasher};
    size_t changes = records->changes.count;
    int result = store_connection_mark(records->writer, error);
    if (result != 0)
        return result;
    arena_init(&view.arena, JOB_MEMORY_MAX);
    outcome->result = outcome->job->run(outcome->job->argument, &view, &outcome->error);
    arena_release(&view.arena);
    if (outcome->result == 0)
        return store_connection_keep(records->writer, error);
    records->changes.count = changes;
    result = store_connection_undo(records->writer, error);
    if (result != 0 && outcome->result == ERROR_IO) // it says better what happened
        *error = outcome->error;
    return result;
}

static void fail_all(struct outcome *batch, size_t count, int result, const struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (batch[i].result != 0)
            continue;
        batch[i].result = result;
        batch[i].error = *error;
    }
}

static void tell_of_changes(struct store_records *records)
{
    struct store_view view = {.connection = records->writer};
    if (records->changes.count == 0 || records->options.committed == NULL)
        return;
    arena_init(&view.arena, JOB_MEMORY_MAX);
    records->options.committed(records->options.argument, &view, records->changes.items,
                               records->changes.count);
    arena_release(&view.arena);
}

// Fails when the transaction is lost.
static int run_committing(struct store_records *records, struct error *error)
{
    struct store_changes own = {.items = NULL};
    const struct store_actor actor = {.kind = STORE_SYSTEM};
    struct store_view view = {
        .connection = records->writer, .actor = &actor, .changes = &own, .hasher = records->hasher};
    struct error why = {0};
    if (records->changes.count == 0 || records->options.committing == NULL)
        return 0;
    int result = store_connection_mark(records->writer, error);
    if (result != 0)
        return result;
    arena_init(&own.arena, CHANGES_MEMORY_MAX);
    arena_init(&view.arena, JOB_MEMORY_MAX);
    result = records->options.committing(records->options.argument, &view, records->changes.items,
                                         records->changes.count, &why);
    arena_release(&view.arena);
    arena_release(&own.arena);
    memory_free(own.items);
    return result == 0 ? store_connection_keep(records->writer, error)
                       : store_connection_undo(records->writer, error);
}

static void note_commit(struct store_records *records)
{
    uint64_t file = 0, wal = 0;
    store_connection_sizes(records->writer, &file, &wal);
    atomic_store(&records->file_bytes, file);
    atomic_store(&records->wal_bytes, wal);
    atomic_store(&records->committed_ms, clock_wall_ms());
    atomic_fetch_add(&records->commits, 1);
}

static void run_batch(struct store_records *records, size_t count)
{
    struct error error = {0};
    int result = store_connection_begin(records->writer, true, &error);
    for (size_t i = 0; i < count && result == 0; i++)
        result = run_one(records, &records->batch[i], &error);
    if (result == 0)
        result = run_committing(records, &error);
    if (result == 0)
        result = store_connection_commit(records->writer, &error);
    atomic_store(&records->failing, result != 0);
    if (result != 0) {
        store_connection_rollback(records->writer);
        fail_all(records->batch, count, result, &error);
    } else {
        note_commit(records);
        tell_of_changes(records);
    }
    records->changes.count = 0;
    arena_clear(&records->changes.arena);
}

static void *write_jobs(void *argument)
{
    struct store_records *records = argument;
    struct store_job *jobs[BATCH_MAX];
    size_t count;
    while ((count = queue_take(&records->writes, jobs, BATCH_MAX)) > 0) {
        for (size_t i = 0; i < count; i++)
            records->batch[i] = (struct outcome){.job = jobs[i]};
        run_batch(records, count);
        for (size_t i = 0; i < count; i++) {
            const struct outcome *outcome = &records->batch[i];
            outcome->job->done(outcome->job->argument, outcome->result, &outcome->error);
        }
    }
    return NULL;
}

// ---- Reading

static int run_reading(struct store_connection *connection,
                       int (*run)(void *argument, struct store_view *view, struct error *error),
                       void *argument, struct error *error)
{
    struct store_view view = {.connection = connection};
    arena_init(&view.arena, JOB_MEMORY_MAX);
    int result = store_connection_begin(connection, false, error);
    if (result == 0)
        result = run(argument, &view, error);
    store_connection_rollback(connection);
    arena_release(&view.arena);
    return result;
}

static void *read_jobs(void *argument)
{
    struct reader *reader = argument;
    struct store_job *job;
    while (queue_take(&reader->records->reads, &job, 1) > 0) {
        struct error error = {0};
        int result = run_reading(reader->connection, job->run, job->argument, &error);
        job->done(job->argument, result, &error);
    }
    return NULL;
}

int store_peek(const char *path,
               int (*run)(void *argument, struct store_view *view, struct error *error),
               void *argument, struct error *error)
{
    struct store_connection *connection = NULL;
    int result = store_connection_open(path, STORE_PEEKS, &connection, error);
    if (result == 0)
        result = run_reading(connection, run, argument, error);
    store_connection_close(connection);
    return result;
}

// ---- Life

static int no_thread(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "the threads of the database cannot be started");
}

static int start_readers(struct store_records *records, struct error *error)
{
    size_t wanted = records->options.readers == 0 ? READERS : records->options.readers;
    for (size_t i = 0; i < wanted && i < READERS_MAX; i++) {
        struct reader *reader = &records->readers[records->reader_count++];
        reader->records = records;
        int result =
            store_connection_open(records->options.path, STORE_READS, &reader->connection, error);
        if (result != 0)
            return result;
        if (thread_start(&reader->thread, read_jobs, reader) != 0)
            return no_thread(error);
        reader->started = true;
    }
    return 0;
}

int store_records_open(const struct store_records_options *options, struct store_records **ret,
                       struct error *error)
{
    struct store_records *records = memory_new(sizeof *records);
    records->options = *options;
    queue_init(&records->writes);
    queue_init(&records->reads);
    arena_init(&records->changes.arena, CHANGES_MEMORY_MAX);
    records->hasher = chain_hasher_new();
    int result = records->hasher == NULL
                     ? error_set(error, ERROR_NO_MEMORY, "no memory for the database")
                     : store_connection_open(options->path, STORE_WRITES, &records->writer, error);
    if (result == 0)
        result = start_readers(records, error);
    if (result == 0 && thread_start(&records->thread, write_jobs, records) != 0)
        result = no_thread(error);
    records->started = result == 0;
    records->options.path = NULL;
    if (result != 0)
        store_records_close(records);
    else
        *ret = records;
    return result;
}

void store_records_close(struct store_records *records)
{
    if (records == NULL)
        return;
    queue_close(&records->writes);
    if (records->started)
        pthread_join(records->thread, NULL);
    queue_close(&records->reads);
    for (size_t i = 0; i < records->reader_count; i++) {
        if (records->readers[i].started)
            pthread_join(records->readers[i].thread, NULL);
        store_connection_close(records->readers[i].connection);
    }
    store_connection_close(records->writer); // the last one: it folds the log into the file
    queue_release(&records->writes);
    queue_release(&records->reads);
    chain_hasher_free(records->hasher);
    memory_free(records->changes.items);
    arena_release(&records->changes.arena);
    memory_free(records);
}

bool store_records_healthy(const struct store_records *records)
{
    return !atomic_load(&records->failing);
}

static size_t queue_count(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t count = queue->count;
    pthread_mutex_unlock(&queue->lock);
    return count;
}

struct store_health store_records_health(struct store_records *records)
{
    return (struct store_health){.healthy = store_records_healthy(records),
                                 .commits = atomic_load(&records->commits),
                                 .committed_ms = atomic_load(&records->committed_ms),
                                 .file_bytes = atomic_load(&records->file_bytes),
                                 .wal_bytes = atomic_load(&records->wal_bytes),
                                 .writes_waiting = queue_count(&records->writes),
                                 .reads_waiting = queue_count(&records->reads)};
}

// ---- Waiting

struct waiting {
    int (*run)(void *argument, struct store_view *view, struct error *error);
    void *argument;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over;
    int result;
    struct error *error;
};

static int run_waiting(void *argument, struct store_view *view, struct error *error)
{
    struct waiting *waiting = argument;
    return waiting->run(waiting->argument, view, error);
}

static void end_waiting(void *argument, int result, const struct error *error)
{
    struct waiting *waiting = argument;
    pthread_mutex_lock(&waiting->lock);
    waiting->result = result;
    if (waiting->error != NULL && result != 0)
        *waiting->error = *error;
    waiting->over = true;
    pthread_cond_signal(&waiting->ended);
    pthread_mutex_unlock(&waiting->lock);
}

int store_run(struct store_records *records, enum store_access access,
              const struct store_actor *actor,
              int (*run)(void *argument, struct store_view *view, struct error *error),
              void *argument, struct error *error)
{
    struct waiting waiting = {.run = run, .argument = argument, .error = error};
    struct store_job job = {
        .access = access, .run = run_waiting, .done = end_waiting, .argument = &waiting};
    if (actor != NULL)
        job.actor = *actor;
    pthread_mutex_init(&waiting.lock, NULL);
    pthread_cond_init(&waiting.ended, NULL);
    store_submit(records, &job);
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.over)
        pthread_cond_wait(&waiting.ended, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    pthread_cond_destroy(&waiting.ended);
    pthread_mutex_destroy(&waiting.lock);
    return waiting.result;
}
