// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"
#include "limit/file_internal.h"

#include <inttypes.h>

static struct limit_counter *changed_counter(struct list *link)
{
    return LIST_ENTRY(link, struct limit_counter, in_changed);
}

static void copy_counter(struct limit_snapshot *to, const struct limit_counter *counter,
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
                          : limit_entry_end(counter, limit_entry_at(counter, counter->count - 1)),
        .entries = entries,
        .count = counter->count,
    };
}

struct limit_batch *limit_batch_take(struct limit_table *table)
{
    size_t counters = 0, entries = 0, keys = 0;
    LIST_EACH(&table->changed, link)
    {
        counters++;
        entries += changed_counter(link)->count;
        keys += changed_counter(link)->key_length;
    }
    // Entries first: they need the widest alignment.
    struct limit_batch *batch = memory_try_new(sizeof *batch);
    struct limit_entry *entry = batch == NULL
                                    ? NULL
                                    : memory_try_new(entries * sizeof *entry +
                                                     counters * sizeof *batch->counters + keys + 1);
    if (entry == NULL) {
        memory_free(batch);
        return NULL;
    }
    batch->now_ms = table->now_ms;
    batch->counters = (struct limit_snapshot *)(void *)(entry + entries);
    char *key = (char *)(batch->counters + counters);
    batch->block = entry;
    LIST_EACH(&table->changed, link)
    {
        const struct limit_counter *counter = changed_counter(link);
        copy_counter(&batch->counters[batch->count++], counter, entry, key);
        entry += counter->count;
        key += counter->key_length;
        list_remove(link);
    }
    return batch;
}

void limit_batch_free(struct limit_batch *batch)
{
    if (batch == NULL)
        return;
    memory_free(batch->block);
    memory_free(batch);
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

static int write_counters(const struct limit_batch *batch, struct store *store,
                          struct buffer *scratch, struct error *error)
{
    int failed = 0;
    for (size_t i = 0; i < batch->count && failed == 0; i++) {
        const struct limit_snapshot *counter = &batch->counters[i];
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
        failed = store_put_counter(store, &row, error);
    }
    return failed;
}

int limit_batch_write(const struct limit_batch *batch, struct store *store, struct buffer *scratch,
                      struct error *error)
{
    int failed = store_begin(store, error);
    if (failed == 0)
        failed = write_counters(batch, store, scratch, error);
    if (failed == 0)
        failed = store_forget_counters(store, batch->now_ms, error);
    if (failed == 0)
        failed = store_commit(store, error);
    if (failed != 0)
        store_rollback(store);
    return failed;
}
