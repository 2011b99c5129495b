// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads counters back. Nothing is guessed: a row that we could not have written stops the start.
// What lies in the future (the clock was wrong before, or is now) counts as taken just now: it was
// taken at some time up to now, so this never frees capacity, and it passes after one window.
#include "limit/file_internal.h"

static bool take_integer(struct slice *text, int64_t *ret)
{
    int64_t value = 0;
    size_t digits = 0;
    while (digits < text->length && text->data[digits] >= '0' && text->data[digits] <= '9') {
        if (value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (text->data[digits++] - '0');
    }
    if (digits == 0 || digits >= text->length || text->data[digits] != ' ')
        return false;
    *text = slice_of(text->data + digits + 1, text->length - digits - 1);
    *ret = value;
    return true;
}

static bool take_entry(struct slice *text, struct limit_entry *ret)
{
    if (!take_integer(text, &ret->since_ms) || !take_integer(text, &ret->at_ms))
        return false;
    const char *comma = memchr(text->data, ',', text->length);
    size_t length = comma == NULL ? text->length : (size_t)(comma - text->data);
    if (decimal_parse(slice_of(text->data, length), &ret->amount) != 0 ||
        decimal_is_negative(ret->amount) || decimal_is_zero(ret->amount) ||
        ret->since_ms > ret->at_ms)
        return false;
    size_t used = comma == NULL ? length : length + 1;
    *text = slice_of(text->data + used, text->length - used);
    return comma == NULL || text->length > 0;
}

static bool read_entries(struct slice text, struct limit_entry *entries, size_t *ret_count)
{
    size_t count = 0;
    while (text.length > 0) {
        if (count == LIMIT_ENTRIES_MAX || !take_entry(&text, &entries[count]) ||
            (count > 0 && entries[count].since_ms < entries[count - 1].at_ms))
            return false;
        count++;
    }
    *ret_count = count;
    return true;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// Moves what lies in the future to now; true when something did.
static bool bring_to_now(struct limit_entry *entries, size_t count,
                         const struct limit_window *window, int64_t now_ms)
{
    bool moved = false;
    for (size_t i = 0; i < count; i++) {
        struct limit_entry *entry = &entries[i];
        if (window->sliding) {
            moved = moved || entry->at_ms > now_ms;
            entry->since_ms = earlier(entry->since_ms, now_ms);
            entry->at_ms = earlier(entry->at_ms, now_ms);
        } else {
            moved = moved || entry->since_ms > now_ms;
            limit_window_bounds(window, earlier(entry->since_ms, now_ms), &entry->since_ms,
                                &entry->at_ms);
        }
    }
    return moved;
}

static int damaged(struct error *error)
{
    return error_set(error, ERROR_CONFIG,
                     "the limits file holds a counter that cannot be understood; move the file "
                     "away to start with all limits unused");
}

static int restore(struct limit_table *table, const struct store_counter *row,
                   const struct limit_window *window, struct limit_entry *entries, size_t count)
{
    struct limit_counter *counter = NULL;
    uint64_t hash = limit_hash(table, row->key);
    struct limit_shard *shard = limit_shard_of(table, hash);
    bool moved = bring_to_now(entries, count, window, shard->now_ms);
    int failed = limit_shard_make(shard, hash, row->key, window, &counter);
    if (failed == 0)
        failed = limit_counter_restore(table, counter, entries, count);
    if (failed != 0)
        return failed;
    limit_counter_prune(counter, shard->now_ms);
    if (moved)
        limit_shard_charged(shard, counter);
    return 0;
}

static int load_counter(void *argument, const struct store_counter *row, struct error *error)
{
    struct limit_table *table = argument;
    struct limit_entry entries[LIMIT_ENTRIES_MAX];
    struct limit_window window = {row->sliding, row->calendar_month, row->window_ms};
    size_t count = 0;
    if ((row->calendar_month ? row->sliding || row->window_ms != 0 : row->window_ms <= 0) ||
        !read_entries(row->entries, entries, &count) || (!row->sliding && count > 1) ||
        row->key.length > LIMIT_KEY_MAX)
        return damaged(error);
    int failed = restore(table, row, &window, entries, count);
    if (failed == ERROR_NO_MEMORY)
        return error_set(error, failed, "no memory for the counters of the limits file");
    if (failed != 0)
        return error_set(error, ERROR_CONFIG,
                         "the limits file holds more counters than are allowed (%zu)",
                         table->capacity);
    return 0;
}

int limit_table_load(struct limit_table *table, struct store *store, int64_t now_ms,
                     struct error *error)
{
    struct limit_time time = limit_clock_advance(&table->clock, now_ms);
    for (size_t i = 0; i < LIMIT_SHARDS; i++)
        table->shards[i].now_ms = time.now_ms;
    table->has_file = true;
    return store_each_counter(store, load_counter, table, error);
}
