// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"
#include "limit/file_internal.h"

#include <inttypes.h>

static void copy_counter(struct limit_snapshot *to, struct limit_counter *counter,
                         struct limit_entry *entries, char *key)
{
    for (uint32_t i = 0; i < counter->count; i++)
        entries[i] = *limit_entry_at(counter, i);
    memcpy(key, counter->key, counter->key_length);
    *to = (struct limit_snapshot){
        .key = slice_of(key, counter->key_length),
        .window = counter->class->window,
        .expires_ms = counter->count == 0
                          ? 0
                          : limit_entry_end(counter, limit_entry_at(counter, counter->count - 1u)),
        .entries = entries,
        .count = counter->count,
    };
}

static struct limit_part *new_part(const struct limit_shard *shard, size_t *ret_entries,
                                   size_t *ret_bytes)
{
    size_t counters = 0, entries = 0, keys = 0;
    for (const struct limit_counter *one = shard->changed; one != NULL; one = one->next_changed) {
        counters++;
        entries += one->count;
        keys += one->key_length;
    }
    *ret_entries = entries;
    *ret_bytes = sizeof(struct limit_part) + entries * sizeof(struct limit_entry) +
                 counters * sizeof(struct limit_snapshot) + keys;
    return memory_try_new(*ret_bytes);
}

// Under the shard's lock. Nothing that changes it comes between the copy and the end of the epoch.
static int take_part(struct limit_shard *shard, struct limit_batch *batch)
{
    size_t entries, bytes;
    struct limit_part *part = new_part(shard, &entries, &bytes);
    if (part == NULL)
        return ERROR_NO_MEMORY;
    struct limit_entry *entry = (void *)(part + 1);
    part->counters = (void *)(entry + entries);
    part->shard = shard->number;
    for (const struct limit_counter *one = shard->changed; one != NULL; one = one->next_changed)
        part->count++;
    char *key = (char *)(part->counters + part->count);
    size_t at = 0;
    for (struct limit_counter *one = shard->changed; one != NULL; one = one->next_changed) {
        copy_counter(&part->counters[at++], one, entry, key);
        entry += one->count;
        key += one->key_length;
        one->changed = false;
    }
    shard->changed = NULL;
    part->chunks = LIMIT_NO_CHUNK;
    if (shard->table->journal != NULL)
        part->epoch = limit_journal_turn(shard->table->journal, shard->number, &part->chunks);
    part->next = batch->parts;
    batch->parts = part;
    batch->bytes += bytes;
    batch->now_ms = shard->now_ms > batch->now_ms ? shard->now_ms : batch->now_ms;
    return 0;
}

int limit_batch_take(struct limit_table *table, uint32_t *shard, size_t most,
                     struct limit_batch *ret)
{
    int failed = 0;
    *ret = (struct limit_batch){0};
    for (; failed == 0 && *shard < LIMIT_SHARDS && ret->bytes < most; *shard += failed == 0) {
        struct limit_shard *one = &table->shards[*shard];
        pthread_mutex_lock(&one->lock);
        if (one->changed != NULL)
            failed = take_part(one, ret);
        pthread_mutex_unlock(&one->lock);
    }
    return failed;
}

void limit_batch_release(struct limit_batch *batch)
{
    while (batch->parts != NULL) {
        struct limit_part *part = batch->parts;
        batch->parts = part->next;
        memory_free(part);
    }
    *batch = (struct limit_batch){0};
}

// "SINCE AT AMOUNT,SINCE AT AMOUNT"
static void write_entries(struct buffer *out, const struct limit_snapshot *counter)
{
    char amount[DECIMAL_TEXT_SIZE];
    buffer_clear(out);
    for (size_t i = 0; i < counter->count; i++) {
        const struct limit_entry *entry = &counter->entries[i];
        decimal_format(entry->amount, amount);
        buffer_append_format(out, "%s%" PRId64 " %" PRId64 " %s", i == 0 ? "" : ",",
                             entry->since_ms, entry->at_ms, amount);
    }
}

static int write_counter(const struct limit_snapshot *counter, struct store *store,
                         struct buffer *scratch, struct error *error)
{
    write_entries(scratch, counter);
    if (scratch->failed)
        return error_set(error, ERROR_NO_MEMORY, "no memory to write the limits file");
    struct store_counter row = {
        .key = counter->key,
        .sliding = counter->window.sliding,
        .calendar_month = counter->window.calendar_month,
        .window_ms = counter->window.length_ms,
        .expires_ms = counter->expires_ms,
        .entries = buffer_slice(scratch),
    };
    return store_put_counter(store, &row, error);
}

static int write_parts(const struct limit_batch *batch, struct store *store, struct buffer *scratch,
                       struct error *error)
{
    int failed = 0;
    for (const struct limit_part *part = batch->parts; part != NULL && failed == 0;
         part = part->next)
        for (size_t i = 0; i < part->count && failed == 0; i++)
            failed = write_counter(&part->counters[i], store, scratch, error);
    return failed;
}

int limit_batch_write(const struct limit_batch *batch, const struct store_journal *known,
                      struct store *store, struct buffer *scratch, struct error *error)
{
    int failed = store_begin(store, error);
    if (failed == 0)
        failed = write_parts(batch, store, scratch, error);
    if (failed == 0 && known != NULL)
        failed = store_put_journal(store, known, error);
    if (failed == 0)
        failed = store_forget_counters(store, batch->now_ms, error);
    if (failed == 0)
        failed = store_commit(store, error);
    if (failed != 0)
        store_rollback(store);
    return failed;
}
