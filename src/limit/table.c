// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"
#include "base/random.h"
#include "limit/limit_internal.h"

enum {
    DEFAULT_CAPACITY = 1000000,
    BYTES_PER_COUNTER = 190, // on average, with a key of 70 bytes, so that a million fit in 200 MB
    BYTES_BESIDES = 65536,   // so that a small table has room for lists
};

static void init_shard(struct limit_table *table, uint32_t number)
{
    struct limit_shard *shard = &table->shards[number];
    pthread_mutex_init(&shard->lock, NULL);
    shard->table = table;
    shard->number = number;
    list_init(&shard->classes);
}

struct limit_table *limit_table_new(size_t capacity)
{
    struct limit_table *table = memory_new(sizeof *table);
    table->capacity = capacity == 0 ? DEFAULT_CAPACITY : capacity;
    table->bytes_most = table->capacity * BYTES_PER_COUNTER + BYTES_BESIDES;
    table->bytes_lists = table->bytes_most / 2;
    random_bytes(table->seed, sizeof table->seed);
    limit_clock_init(&table->clock);
    for (uint32_t i = 0; i < LIMIT_SHARDS; i++)
        init_shard(table, i);
    return table;
}

void limit_table_free(struct limit_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < LIMIT_SHARDS; i++)
        limit_shard_release(&table->shards[i]);
    limit_clock_release(&table->clock);
    memory_free(table);
}

uint64_t limit_hash(const struct limit_table *table, struct slice key)
{
    return slice_hash(key, table->seed);
}

struct limit_stats limit_table_stats(struct limit_table *table)
{
    struct limit_stats stats = {0};
    for (size_t i = 0; i < LIMIT_SHARDS; i++) {
        struct limit_shard *shard = &table->shards[i];
        pthread_mutex_lock(&shard->lock);
        stats.counters += shard->count;
        stats.reserved += shard->stats.reserved;
        stats.refused += shard->stats.refused;
        stats.given_back += shard->stats.given_back;
        pthread_mutex_unlock(&shard->lock);
    }
    stats.bytes = atomic_load_explicit(&table->bytes, memory_order_relaxed);
    return stats;
}
