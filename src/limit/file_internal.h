// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Between the table and its file: batches (copies that the writer thread owns) and rows.
#pragma once

#include "base/buffer.h"
#include "limit/journal_internal.h"

struct limit_snapshot {
    struct slice key;
    struct limit_window window;
    int64_t expires_ms;
    const struct limit_entry *entries;
    size_t count;
};

// What changed in one shard.
struct limit_part {
    struct limit_part *next;
    uint32_t shard;
    uint64_t epoch;  // of its notes, which end with this; 0 without a journal
    uint16_t chunks; // that hold them
    size_t count;
    struct limit_snapshot *counters;
    // Behind it: entries, snapshots, keys.
};

// What changed in some shards, for one transaction.
struct limit_batch {
    struct limit_part *parts; // owned
    int64_t now_ms;
    size_t bytes;
};

// Copies the changed counters of shards from *shard on, until that is `most` bytes, and takes them
// off their lists; *shard is where to go on, LIMIT_SHARDS when all were seen. ERROR_NO_MEMORY: what
// is not in the batch stays listed. The writer.
int limit_batch_take(struct limit_table *table, uint32_t *shard, size_t most,
                     struct limit_batch *ret) MUST_CHECK;
void limit_batch_release(struct limit_batch *batch);
// All or nothing, in one transaction; and what the file knows of the journal then, NULL without
// one.
int limit_batch_write(const struct limit_batch *batch, const struct store_journal *known,
                      struct store *store, struct buffer *scratch, struct error *error) MUST_CHECK;
// Fills the empty table from the file.
int limit_table_load(struct limit_table *table, struct store *store, int64_t now_ms,
                     struct error *error) MUST_CHECK;
