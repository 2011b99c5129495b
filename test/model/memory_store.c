// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "model/memory_store.h"

static void copy(struct memory_rows *to, const struct memory_rows *from)
{
    to->count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        to->rows[i] = from->rows[i];
        to->rows[i].counter.key.data = to->rows[i].key;
        to->rows[i].counter.entries.data = to->rows[i].entries;
    }
}

int store_each_counter(struct store *store, store_counter_cb visit, void *argument,
                       struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < store->now.count && result == 0; i++)
        result = visit(argument, &store->now.rows[i].counter, error);
    return result;
}

int store_begin(struct store *store, struct error *error)
{
    (void)error;
    copy(&store->before, &store->now);
    return 0;
}

static struct memory_row *row_of(struct memory_rows *rows, const struct store_counter *counter)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct store_counter *other = &rows->rows[i].counter;
        if (slice_equal(other->key, counter->key) && other->sliding == counter->sliding &&
            other->calendar_month == counter->calendar_month &&
            other->window_ms == counter->window_ms)
            return &rows->rows[i];
    }
    return rows->count < sizeof rows->rows / sizeof *rows->rows ? &rows->rows[rows->count++] : NULL;
}

int store_put_counter(struct store *store, const struct store_counter *counter, struct error *error)
{
    struct memory_row *row = row_of(&store->now, counter);
    if (row == NULL || counter->key.length > sizeof row->key ||
        counter->entries.length > sizeof row->entries)
        return error_set(error, ERROR_TOO_LARGE, "the world is too small");
    row->counter = *counter;
    memcpy(row->key, counter->key.data, counter->key.length);
    if (counter->entries.length > 0)
        memcpy(row->entries, counter->entries.data, counter->entries.length);
    row->counter.key.data = row->key;
    row->counter.entries.data = row->entries;
    return 0;
}

int store_forget_counters(struct store *store, int64_t now_ms, struct error *error)
{
    struct memory_rows left = {.count = 0};
    (void)error;
    for (size_t i = 0; i < store->now.count; i++)
        if (store->now.rows[i].counter.expires_ms > now_ms)
            left.rows[left.count++] = store->now.rows[i];
    copy(&store->now, &left);
    return 0;
}

int store_commit(struct store *store, struct error *error)
{
    (void)store;
    (void)error;
    return 0;
}

void store_rollback(struct store *store)
{
    copy(&store->now, &store->before);
}

int store_get_journal(struct store *store, struct store_journal *ret, struct error *error)
{
    (void)store;
    (void)error;
    *ret = (struct store_journal){0};
    return 0;
}

int store_put_journal(struct store *store, const struct store_journal *journal, struct error *error)
{
    (void)store;
    (void)journal;
    return error_set(error, ERROR_IO, "this world has no journal");
}
