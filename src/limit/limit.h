// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Quota counters: check, reserve (all or none), give back, and a file that lets them survive a
// restart. A table may be used by any thread: it has a lock that is never held for longer than one
// call needs. The file is written by a thread of its own, once a second, so a kill -9 forgets at
// most the last second. Time is passed in; nothing reads a clock.
#pragma once

#include "base/arena.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/slice.h"

struct limit_table;

// One counter to charge. The key must already hold organisation, server, scope subject, counter
// name and `per` value (limit_key makes one). Slices borrowed for the call.
struct limit_charge {
    struct slice key;
    bool sliding;
    int64_t window_ms;
    bool calendar_month; // fixed windows that follow UTC months
    struct decimal max;
    struct decimal amount;
};

// Remembers what was taken, so that it can be given back to the window it came from. Plain value.
struct limit_receipt {
    uint64_t counter; // identity of the counter inside the table
    int64_t at_ms;    // when it was taken
    struct decimal amount;
};

// At most `capacity` counters (0: 1,000,000); idle ones whose windows have passed are forgotten
// first. When it is full, charging a new counter fails with ERROR_LIMIT: deny when in doubt.
struct limit_table *limit_table_new(size_t capacity);
void limit_table_free(struct limit_table *table);

// Joins parts into an unambiguous key (each part length-prefixed). data is NULL when the arena is
// full.
struct slice limit_key(struct arena *arena, const struct slice *parts, size_t count);

// Would all charges fit now? 0, or ERROR_LIMIT with the index of the first that does not and the
// milliseconds until the amount would fit (-1: never, the amount exceeds max). Charges of one
// counter (same key and window) are added up. A negative amount, a window without length and a key
// above 4,096 bytes never fit.
int limit_check(struct limit_table *table, const struct limit_charge *charges, size_t count,
                int64_t now_ms, size_t *ret_index, int64_t *ret_retry_ms) MUST_CHECK;
// Takes all or none; as limit_check, and fills receipts[count]. Also ERROR_NO_MEMORY: deny.
int limit_reserve(struct limit_table *table, const struct limit_charge *charges, size_t count,
                  int64_t now_ms, struct limit_receipt *receipts, size_t *ret_index,
                  int64_t *ret_retry_ms) MUST_CHECK;
// Gives one reservation back to its window; later windows are not touched. Unknown receipts are
// ignored.
void limit_give_back(struct limit_table *table, const struct limit_receipt *receipt);

struct limit_stats {
    size_t counters;
    uint64_t reserved;   // charges, one for each receipt
    uint64_t refused;    // checks and reservations that did not fit
    uint64_t given_back; // receipts whose window had not passed
};
struct limit_stats limit_table_stats(struct limit_table *table);

// ---- Survival. Loads `path` (created if missing), then writes changes behind it once a second
// from its own thread. ERROR_IO / ERROR_CONFIG with a sentence when the file is unusable: refuse to
// start, never guess.
struct limit_file;
int limit_file_open(const char *path, struct limit_table *table, int64_t now_ms,
                    struct limit_file **ret, struct error *error) MUST_CHECK;
// Hands changed counters to the writer thread; call from one thread about once a second. Never
// blocks on the disk.
void limit_file_sync(struct limit_file *file, struct limit_table *table);
// False after a failed write until one succeeds again. Any thread.
bool limit_file_healthy(const struct limit_file *file);
// How many hand-overs are in the file. Any thread.
uint64_t limit_file_batches(const struct limit_file *file);
// Writes what is left. Nobody else uses the table any more.
void limit_file_close(struct limit_file *file, struct limit_table *table);
