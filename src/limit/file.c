// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The writer thread takes what changed, a few shards at a time, and keeps it until it is on disk.
// While the disk fails, changes stay on the shards' lists and notes in the journal, so memory is
// bounded and nobody waits.
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "limit/file_internal.h"

#include <errno.h>
#include <string.h>

enum {
    RETRY_MS = 1000,
    LATE_SYNCS = 5, // a disk that hangs this long breaks the promise of "the last second"
    MUCH = 1 << 20, // bytes in one transaction, so that no copy of everything is made
};

struct limit_file {
    struct limit_table *table; // borrowed
    struct store *store;       // the writer's
    struct limit_journal *journal;
    struct store_journal known; // what the file says of the journal
    char *path;                 // owned
    struct waker waker;
    pthread_t thread;
    struct limit_batch batch; // the writer's, until it is on disk
    uint32_t next_shard;      // where the writer goes on
    struct buffer scratch;
    bool local_on_failure;
    atomic_bool stop, failing;
    atomic_uint_fast64_t wanted, done; // times that everything was to be written, and was
    atomic_int late;                   // times in a row that the last one was not done yet
    atomic_uint_fast64_t batches;
};

static void note_result(struct limit_file *file, bool failed, const struct error *error)
{
    if (atomic_exchange(&file->failing, failed) == failed)
        return;
    if (!failed)
        log_event(LOG_INFO, "limit", "the limits file '%s' is up to date again", file->path);
    else if (file->local_on_failure)
        log_event(LOG_ERROR, "limit",
                  "%s; limits count in memory, and a loss of power forgets what is used up now",
                  error->text);
    else
        log_event(LOG_ERROR, "limit", "%s; calls under a limit are denied until it can",
                  error->text);
}

// Writes the batch in hand, and then uses its notes' room again.
static int write_batch(struct limit_file *file, struct error *error)
{
    struct store_journal known = file->known;
    for (const struct limit_part *part = file->batch.parts; part != NULL; part = part->next)
        known.folded[part->shard] = part->epoch;
    int failed = limit_batch_write(&file->batch, &known, file->store, &file->scratch, error);
    if (failed != 0)
        return failed;
    file->known = known;
    for (const struct limit_part *part = file->batch.parts; part != NULL; part = part->next)
        limit_journal_folded(file->journal, part->shard, part->epoch, part->chunks);
    limit_batch_release(&file->batch);
    atomic_fetch_add(&file->batches, 1);
    return 0;
}

static int write_some(struct limit_file *file, struct error *error)
{
    int failed = 0;
    if (file->batch.parts == NULL)
        failed = limit_batch_take(file->table, &file->next_shard, MUCH, &file->batch);
    if (failed != 0 && file->batch.parts == NULL)
        return error_set(error, failed, "no memory to write the limits file");
    return file->batch.parts == NULL ? 0 : write_batch(file, error);
}

// Everything that changed before; false when it must be tried again.
static bool write_all(struct limit_file *file)
{
    struct error error = {0};
    int failed = 0;
    bool begun = file->batch.parts != NULL || file->next_shard > 0;
    if (!atomic_exchange(&file->table->dirty, false) && !begun)
        return true;
    // What was begun and failed first, then all from the beginning.
    while (failed == 0 && begun && (file->batch.parts != NULL || file->next_shard < LIMIT_SHARDS))
        failed = write_some(file, &error);
    if (failed == 0)
        file->next_shard = 0;
    while (failed == 0 && file->next_shard < LIMIT_SHARDS)
        failed = write_some(file, &error);
    if (failed == 0)
        file->next_shard = 0;
    else
        atomic_store(&file->table->dirty, true);
    note_result(file, failed != 0, &error);
    return failed == 0;
}

static void *run_writer(void *argument)
{
    struct limit_file *file = argument;
    for (;;) {
        // Before looking: what was asked for before it is written.
        bool stop = atomic_load(&file->stop);
        uint64_t wanted = atomic_load(&file->wanted);
        bool written = write_all(file);
        if (written)
            atomic_store(&file->done, wanted);
        if (stop)
            return NULL;
        if (!written)
            waker_wait(&file->waker, RETRY_MS);
        else if (atomic_load(&file->wanted) == wanted)
            waker_wait(&file->waker, -1);
    }
}

static void free_file(struct limit_file *file)
{
    limit_batch_release(&file->batch);
    buffer_release(&file->scratch);
    file->table->journal = NULL;
    limit_journal_close(file->journal);
    store_close(file->store);
    memory_free(file->path);
    memory_free(file);
}

static int start_writer(struct limit_file *file, struct error *error)
{
    if (waker_open(&file->waker) != 0)
        return error_set(error, ERROR_IO, "cannot start writing the limits file: %s",
                         strerror(errno));
    limit_journal_tell(file->journal, &file->waker);
    if (thread_start(&file->thread, run_writer, file) == 0)
        return 0;
    waker_close(&file->waker);
    return error_set(error, ERROR_NO_MEMORY, "cannot start the limits file's thread");
}

// From the file and its journal to the table, and all of it back to the file: what was noted until
// now is in the file then, in one transaction, and notes begin anew.
static int recover(struct limit_file *file, int64_t now_ms, struct error *error)
{
    uint32_t shard = 0;
    int failed = limit_table_load(file->table, file->store, now_ms, error);
    if (failed == 0)
        failed = limit_journal_replay(file->journal, file->table, &file->known, error);
    if (failed == 0 && limit_batch_take(file->table, &shard, SIZE_MAX, &file->batch) != 0)
        failed = error_set(error, ERROR_NO_MEMORY, "no memory to write the limits file");
    file->known.clean = false;
    if (failed == 0)
        failed = limit_batch_write(&file->batch, &file->known, file->store, &file->scratch, error);
    if (failed != 0)
        return failed;
    limit_batch_release(&file->batch);
    limit_journal_start(file->journal, &file->known);
    file->table->journal = file->journal;
    return 0;
}

int limit_file_open(const char *path, struct limit_table *table, int64_t now_ms,
                    bool local_on_failure, struct limit_file **ret, struct error *error)
{
    struct limit_file *file = memory_new(sizeof *file);
    file->table = table;
    file->path = memory_copy_string(path, strlen(path));
    file->local_on_failure = table->local_on_failure = local_on_failure;
    buffer_init(&file->scratch, 0);
    int failed = store_open(path, &file->store, error);
    if (failed == 0)
        failed = store_get_journal(file->store, &file->known, error);
    if (failed == 0)
        failed = limit_journal_open(path, &file->known, &file->journal, error);
    if (failed == 0)
        failed = recover(file, now_ms, error);
    if (failed == 0)
        failed = start_writer(file, error);
    if (failed != 0)
        free_file(file);
    else
        *ret = file;
    return failed;
}

void limit_file_sync(struct limit_file *file)
{
    bool busy = atomic_load(&file->done) != atomic_load(&file->wanted);
    if (busy && atomic_load(&file->late) < LATE_SYNCS)
        atomic_fetch_add(&file->late, 1);
    if (!busy)
        atomic_store(&file->late, 0);
    if (busy || !atomic_load(&file->table->dirty))
        return;
    atomic_fetch_add(&file->wanted, 1);
    waker_wake(&file->waker);
}

bool limit_file_writes(const struct limit_file *file)
{
    return !atomic_load_explicit(&file->failing, memory_order_relaxed) &&
           atomic_load_explicit(&file->late, memory_order_relaxed) < LATE_SYNCS &&
           limit_journal_has_room(file->journal);
}

bool limit_file_healthy(const struct limit_file *file)
{
    return file->local_on_failure || limit_file_writes(file);
}

uint64_t limit_file_batches(const struct limit_file *file)
{
    return atomic_load(&file->batches);
}

// Nothing is left in the journal, so the file can do without it.
static bool write_clean(struct limit_file *file)
{
    struct error error = {0};
    struct limit_batch nothing = {0};
    struct store_journal known = file->known;
    known.clean = true;
    return limit_batch_write(&nothing, &known, file->store, &file->scratch, &error) == 0;
}

void limit_file_close(struct limit_file *file)
{
    if (file == NULL)
        return;
    atomic_store(&file->stop, true);
    waker_wake(&file->waker);
    pthread_join(file->thread, NULL);
    limit_journal_tell(file->journal, NULL);
    waker_close(&file->waker);
    if (!write_all(file) || !write_clean(file))
        log_event(LOG_ERROR, "limit",
                  "the limits file '%s' misses the latest charges; the next start takes them from "
                  "'%s.charges'",
                  file->path, file->path);
    free_file(file);
}
