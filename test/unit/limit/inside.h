// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A look into a table that nobody else uses.
#pragma once

#include "limit/limit_internal.h"

static inline struct limit_counter *inside_find(struct limit_table *table, struct slice key,
                                                const struct limit_window *window)
{
    uint64_t hash = limit_hash(table, key);
    return limit_shard_find(limit_shard_of(table, hash), hash, key, window);
}

// The limits' time.
static inline int64_t inside_now(struct limit_table *table)
{
    int64_t agreed = atomic_load(&table->clock.agreed_ms);
    return agreed >= 0 ? agreed : table->clock.now_ms;
}

// As one that calls with this wall clock sees it.
static inline int64_t inside_advance(struct limit_table *table, int64_t wall_ms)
{
    return limit_clock_advance(&table->clock, wall_ms).now_ms;
}
