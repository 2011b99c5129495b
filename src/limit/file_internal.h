// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Between the table and its file: batches (copies that the writer thread owns) and rows.
#pragma once

#include "base/buffer.h"
#include "limit/limit_internal.h"
#include "store/store.h"

struct limit_snapshot {
    struct slice key;
    struct limit_window window;
    int64_t expires_ms;
    const struct limit_entry *entries;
    size_t count;
};

// What changed since the last batch.
struct limit_batch {
    void *block; // owned: entries, snapshots, keys
    int64_t now_ms;
    size_t count;
    struct limit_snapshot *counters;
};

// Copies the changed counters and takes them off the list; NULL when there is no memory (they stay
// on the list). Owner thread.
struct limit_batch *limit_batch_take(struct limit_table *table);
void limit_batch_free(struct limit_batch *batch); // NULL accepted
// All or nothing, in one transaction.
int limit_batch_write(const struct limit_batch *batch, struct store *store, struct buffer *scratch,
                      struct error *error) MUST_CHECK;
// Fills the empty table from the file.
int limit_table_load(struct limit_table *table, struct store *store,
                     struct error *error) MUST_CHECK;
