// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Counters by key, in buckets. Who calls has the shard's lock.
#include "base/memory.h"
#include "limit/limit_internal.h"

enum {
    FIRST_BUCKETS = 4,
    FORGET_AT_ONCE = 2, // more than one is made at a time, so the table shrinks when it can
};

// ---- Memory: what the heap is asked for is counted, with what it costs the heap

size_t limit_block_bytes(size_t size)
{
    return (size + 8 + 15) / 16 * 16;
}

bool limit_table_take_bytes(struct limit_table *table, size_t bytes, size_t most)
{
    if (atomic_fetch_add_explicit(&table->bytes, bytes, memory_order_relaxed) + bytes <= most)
        return true;
    limit_table_give_bytes(table, bytes);
    return false;
}

void limit_table_give_bytes(struct limit_table *table, size_t bytes)
{
    atomic_fetch_sub_explicit(&table->bytes, bytes, memory_order_relaxed);
}

static size_t counter_bytes(const struct limit_counter *counter)
{
    return limit_block_bytes(offsetof(struct limit_counter, key) + counter->key_length);
}

// ---- Buckets

static struct limit_counter **bucket_of(const struct limit_shard *shard, uint32_t hash)
{
    return &shard->buckets[hash & (shard->bucket_count - 1)];
}

struct limit_counter *limit_shard_find(const struct limit_shard *shard, uint64_t hash,
                                       struct slice key, const struct limit_window *window)
{
    struct limit_counter *counter =
        shard->bucket_count == 0 ? NULL : *bucket_of(shard, (uint32_t)hash);
    while (counter != NULL &&
           (counter->hash != (uint32_t)hash || !slice_equal(limit_counter_key(counter), key) ||
            !limit_window_equal(&counter->class->window, window)))
        counter = counter->next;
    return counter;
}

static int grow_buckets(struct limit_shard *shard)
{
    uint32_t count = shard->bucket_count == 0 ? FIRST_BUCKETS : shard->bucket_count * 2;
    size_t bytes = limit_block_bytes(count * sizeof *shard->buckets);
    if (!limit_table_take_bytes(shard->table, bytes, shard->table->bytes_most))
        return ERROR_LIMIT;
    struct limit_counter **buckets = memory_try_new(count * sizeof *buckets);
    if (buckets == NULL) {
        limit_table_give_bytes(shard->table, bytes);
        return ERROR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < shard->bucket_count; i++)
        for (struct limit_counter *counter = shard->buckets[i], *next; counter != NULL;
             counter = next) {
            next = counter->next;
            counter->next = buckets[counter->hash & (count - 1)];
            buckets[counter->hash & (count - 1)] = counter;
        }
    if (shard->bucket_count > 0)
        limit_table_give_bytes(shard->table,
                               limit_block_bytes(shard->bucket_count * sizeof *buckets));
    memory_free(shard->buckets);
    shard->buckets = buckets;
    shard->bucket_count = count;
    return 0;
}

// ---- Classes

static struct limit_class *class_of(struct limit_shard *shard, const struct limit_window *window)
{
    LIST_EACH(&shard->classes, link)
    {
        struct limit_class *class = LIST_ENTRY(link, struct limit_class, link);
        if (limit_window_equal(&class->window, window))
            return class;
    }
    struct limit_class *class = memory_new(sizeof *class);
    class->window = *window;
    list_init(&class->counters);
    list_append(&shard->classes, &class->link);
    return class;
}

static void leave_class(struct limit_counter *counter)
{
    list_remove(&counter->in_class);
    if (!list_empty(&counter->class->counters))
        return;
    list_remove(&counter->class->link);
    memory_free(counter->class);
}

// ---- Forgetting

static void forget(struct limit_shard *shard, struct limit_counter *counter)
{
    struct limit_counter **place = bucket_of(shard, counter->hash);
    while (*place != counter)
        place = &(*place)->next;
    *place = counter->next;
    leave_class(counter);
    limit_counter_release(shard->table, counter);
    limit_table_give_bytes(shard->table, counter_bytes(counter));
    memory_free(counter);
    shard->count--;
    atomic_fetch_sub_explicit(&shard->table->counters, 1, memory_order_relaxed);
}

// What changed must be written first: the file may still have a charge that was given back, and a
// restart would bring it back.
static bool may_forget(struct limit_counter *counter, int64_t now_ms)
{
    return !counter->changed && limit_counter_passed(counter, now_ms);
}

void limit_shard_forget(struct limit_shard *shard, int64_t now_ms, size_t most)
{
    LIST_EACH(&shard->classes, link)
    {
        struct limit_class *class = LIST_ENTRY(link, struct limit_class, link);
        LIST_EACH(&class->counters, member)
        {
            struct limit_counter *oldest = LIST_ENTRY(member, struct limit_counter, in_class);
            if (most == 0 || !may_forget(oldest, now_ms))
                break;
            bool last = member_next == &class->counters;
            forget(shard, oldest);
            most--;
            if (last)
                break; // the class went with its last counter
        }
    }
}

// A full table makes room wherever a window has passed; who is busy is left alone.
static bool make_room(struct limit_shard *shard)
{
    struct limit_table *table = shard->table;
    for (uint32_t i = 0; i < LIMIT_SHARDS; i++) {
        struct limit_shard *other = &table->shards[(shard->number + i) % LIMIT_SHARDS];
        if (other != shard && pthread_mutex_trylock(&other->lock) != 0)
            continue;
        limit_shard_forget(other, shard->now_ms, FORGET_AT_ONCE);
        if (other != shard)
            pthread_mutex_unlock(&other->lock);
        if (atomic_load_explicit(&table->counters, memory_order_relaxed) < table->capacity &&
            atomic_load_explicit(&table->bytes, memory_order_relaxed) < table->bytes_most)
            return true;
    }
    return false;
}

// ---- Making

static int take_place(struct limit_table *table, size_t bytes)
{
    if (atomic_fetch_add_explicit(&table->counters, 1, memory_order_relaxed) < table->capacity &&
        limit_table_take_bytes(table, bytes, table->bytes_most))
        return 0;
    atomic_fetch_sub_explicit(&table->counters, 1, memory_order_relaxed);
    return ERROR_LIMIT;
}

static int new_counter(struct limit_shard *shard, struct slice key, struct limit_counter **ret)
{
    size_t size = offsetof(struct limit_counter, key) + key.length;
    size = size < sizeof(struct limit_counter) ? sizeof(struct limit_counter) : size;
    size_t bytes = limit_block_bytes(offsetof(struct limit_counter, key) + key.length);
    if (take_place(shard->table, bytes) != 0 &&
        (!make_room(shard) || take_place(shard->table, bytes) != 0))
        return ERROR_LIMIT;
    *ret = memory_try_new(size);
    if (*ret != NULL)
        return 0;
    limit_table_give_bytes(shard->table, bytes);
    atomic_fetch_sub_explicit(&shard->table->counters, 1, memory_order_relaxed);
    return ERROR_NO_MEMORY;
}

int limit_shard_make(struct limit_shard *shard, uint64_t hash, struct slice key,
                     const struct limit_window *window, struct limit_counter **ret)
{
    struct limit_counter *counter = NULL;
    if (key.length > LIMIT_KEY_MAX)
        return ERROR_LIMIT;
    limit_shard_forget(shard, shard->now_ms, FORGET_AT_ONCE);
    int error = shard->count < shard->bucket_count ? 0 : grow_buckets(shard);
    if (error == 0)
        error = new_counter(shard, key, &counter);
    if (error != 0)
        return error;
    if (key.length > 0)
        memcpy(counter->key, key.data, key.length);
    counter->key_length = (uint16_t)key.length;
    counter->hash = (uint32_t)hash;
    counter->id = ++shard->last_id;
    limit_counter_init(counter);
    struct limit_counter **bucket = bucket_of(shard, counter->hash);
    counter->next = *bucket;
    *bucket = counter;
    counter->class = class_of(shard, window);
    list_append(&counter->class->counters, &counter->in_class);
    shard->count++;
    *ret = counter;
    return 0;
}

// ---- Changes

void limit_shard_changed(struct limit_shard *shard, struct limit_counter *counter)
{
    struct limit_table *table = shard->table;
    if (!table->has_file || counter->changed)
        return;
    counter->changed = true;
    counter->next_changed = shard->changed;
    shard->changed = counter;
    if (!atomic_load_explicit(&table->dirty, memory_order_relaxed))
        atomic_store_explicit(&table->dirty, true, memory_order_relaxed);
}

void limit_shard_charged(struct limit_shard *shard, struct limit_counter *counter)
{
    list_remove(&counter->in_class);
    list_append(&counter->class->counters, &counter->in_class);
    limit_shard_changed(shard, counter);
}

void limit_shard_release(struct limit_shard *shard)
{
    LIST_EACH(&shard->classes, link)
    {
        struct limit_class *class = LIST_ENTRY(link, struct limit_class, link);
        LIST_EACH(&class->counters, member)
        {
            struct limit_counter *counter = LIST_ENTRY(member, struct limit_counter, in_class);
            limit_counter_release(shard->table, counter);
            memory_free(counter);
        }
        memory_free(class);
    }
    memory_free(shard->buckets);
    pthread_mutex_destroy(&shard->lock);
}
