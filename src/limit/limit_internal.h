// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside limit/: a counter holds what was taken and when; a shard holds the counters whose keys
// hash to it, under a lock of its own; a table is its shards and a clock. Times are the table's
// own, which never go back (clock.c). Locks: shards in the order of their number, then the
// journal's.
#pragma once

#include "base/list.h"
#include "limit/limit.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    LIMIT_ENTRIES_MAX = 256,
    LIMIT_KEY_MAX = 4096,
    LIMIT_RETRY_MS = 1000,
    LIMIT_SHARDS = 64, // one bit each in a set of them
};

struct limit_window {
    bool sliding;
    bool calendar_month; // never together with sliding
    int64_t length_ms;   // 0 for a calendar month
};

bool limit_window_of(const struct limit_charge *charge, struct limit_window *ret);
bool limit_window_equal(const struct limit_window *a, const struct limit_window *b);
// The fixed window that holds `at_ms`: first millisecond of it, and of the next one.
void limit_window_bounds(const struct limit_window *window, int64_t at_ms, int64_t *ret_start_ms,
                         int64_t *ret_end_ms);

// ---- The clock. Any thread.

struct limit_clock {
    atomic_int_fast64_t agreed_ms; // both clocks; -1 while they differ, or the lock is held
    pthread_mutex_t lock;          // of what follows, which counts while they differ
    int64_t now_ms;                // the limits' time
    int64_t wall_ms;               // the wall clock when last seen
    int64_t odd_ms;                // half speed: the millisecond that was not halved yet
};
struct limit_time {
    int64_t now_ms;
    int64_t ahead_ms; // of the wall clock
    bool half_speed;
};
void limit_clock_init(struct limit_clock *clock);
void limit_clock_release(struct limit_clock *clock);
// Takes note of the wall clock and returns the limits' time.
struct limit_time limit_clock_advance(struct limit_clock *clock, int64_t wall_ms);
// How long the wall clock takes for so much of the limits' time.
int64_t limit_clock_wait(struct limit_time time, int64_t wait_ms);

// ---- Counters. A million of them fit into 200 MB, so each byte here is a megabyte.

// Charges taken from since_ms to at_ms. In a sliding window the whole counts as taken at at_ms, the
// latest of them; in a fixed one since_ms is the window's start and at_ms its end.
struct limit_entry {
    int64_t since_ms;
    int64_t at_ms;
    struct decimal amount; // above zero
};

// Counters of one kind of window, the one charged longest ago first. As time never goes back, that
// is also the order in which their windows pass.
struct limit_class {
    struct list link;
    struct list counters;
    struct limit_window window;
};

// The ring of a counter that holds more than one entry.
struct limit_ring {
    struct decimal sum; // of all entries
    struct limit_entry entries[];
};

struct limit_counter {
    struct limit_counter *next; // in its bucket
    struct limit_class *class;
    struct list in_class;
    struct limit_counter *next_changed;
    uint32_t hash;
    uint32_t id; // no two counters of one key have the same
    union {
        struct limit_entry one;  // capacity 1
        struct limit_ring *ring; // owned; capacity above 1, a power of two
    };
    uint16_t first, count, capacity; // the oldest entry is at `first`
    uint16_t key_length;
    bool unsummed; // the sum needs more digits than a decimal holds: refuses until it fits again
    bool changed;  // since the last hand-over; then it is on its shard's list
    char key[];
};

struct limit_journal;

struct limit_shard {
    pthread_mutex_t lock; // of all that follows
    struct limit_table *table;
    uint32_t number;
    uint32_t last_id;
    struct limit_counter **buckets; // owned; `bucket_count` is 0 or a power of two
    uint32_t bucket_count, count;
    struct list classes;
    struct limit_counter *changed;
    int64_t now_ms; // of its latest charge or look
    struct limit_stats stats;
    char apart[64]; // what another worker writes is not on the same line of the cache
};
void limit_shard_release(struct limit_shard *shard);
// Forgets what has passed, at most so many.
void limit_shard_forget(struct limit_shard *shard, int64_t now_ms, size_t most);

struct limit_table {
    struct limit_shard shards[LIMIT_SHARDS];
    uint64_t seed[2];
    size_t capacity;
    size_t bytes_most;  // of all counters
    size_t bytes_lists; // beyond it counters stop growing lists of more than a few entries
    atomic_size_t counters, bytes;
    struct limit_clock clock;
    bool has_file;                 // what changes is listed, to be written
    bool local_on_failure;         // what cannot be noted counts all the same
    struct limit_journal *journal; // NULL: none
    atomic_bool dirty;             // some shard has changed counters
};

uint64_t limit_hash(const struct limit_table *table, struct slice key);
static inline struct limit_shard *limit_shard_of(struct limit_table *table, uint64_t hash)
{
    return &table->shards[hash >> 58];
}
struct limit_counter *limit_shard_find(const struct limit_shard *shard, uint64_t hash,
                                       struct slice key, const struct limit_window *window);
// Makes a counter that is not there yet; ERROR_LIMIT when the table is full, ERROR_NO_MEMORY.
int limit_shard_make(struct limit_shard *shard, uint64_t hash, struct slice key,
                     const struct limit_window *window, struct limit_counter **ret) MUST_CHECK;
// The counter was charged: it is now the last of its class to pass, and must be written.
void limit_shard_charged(struct limit_shard *shard, struct limit_counter *counter);
// Must be written.
void limit_shard_changed(struct limit_shard *shard, struct limit_counter *counter);
// More memory for counters, unless that is above `most`. Any thread.
bool limit_table_take_bytes(struct limit_table *table, size_t bytes, size_t most);
void limit_table_give_bytes(struct limit_table *table, size_t bytes);
// What a block costs that the heap is asked for.
size_t limit_block_bytes(size_t size);

static inline struct slice limit_counter_key(const struct limit_counter *counter)
{
    return slice_of(counter->key, counter->key_length);
}
static inline struct limit_entry *limit_entry_at(struct limit_counter *counter, uint32_t index)
{
    return counter->capacity == 1
               ? &counter->one
               : &counter->ring->entries[(counter->first + index) & (counter->capacity - 1u)];
}
void limit_counter_init(struct limit_counter *counter);
// Frees what it holds, not itself.
void limit_counter_release(struct limit_table *table, struct limit_counter *counter);
// Of all entries, unless `unsummed`.
struct decimal limit_counter_sum(const struct limit_counter *counter);
// When the entry leaves its window.
int64_t limit_entry_end(const struct limit_counter *counter, const struct limit_entry *entry);
// Forgets entries whose window has passed.
void limit_counter_prune(struct limit_counter *counter, int64_t now_ms);
bool limit_counter_passed(struct limit_counter *counter, int64_t now_ms);
// 0 when `demand` fits under `max` now, else the milliseconds until it does, or -1 if it never
// does. Prune first.
int64_t limit_counter_wait(struct limit_counter *counter, int64_t now_ms, struct decimal demand,
                           struct decimal max);
int limit_counter_take(struct limit_table *table, struct limit_counter *counter, int64_t now_ms,
                       struct decimal amount) MUST_CHECK;
// Fills a new counter with entries as they were stored, in order of time.
int limit_counter_restore(struct limit_table *table, struct limit_counter *counter,
                          const struct limit_entry *entries, size_t count) MUST_CHECK;
void limit_counter_empty(struct limit_counter *counter);
// False when the window that the charge was taken from has passed.
bool limit_counter_give_back(struct limit_counter *counter, int64_t at_ms, struct decimal amount);
