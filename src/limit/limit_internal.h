// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside limit/: a counter holds what was taken and when; a table holds counters by key; times are
// the table's own, which never go back (limit_table_advance).
#pragma once

#include "base/list.h"
#include "base/table.h"
#include "limit/limit.h"

#include <pthread.h>

enum { LIMIT_ENTRIES_MAX = 256, LIMIT_KEY_MAX = 4096, LIMIT_RETRY_MS = 1000 };

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

struct limit_counter {
    uint64_t id;
    struct limit_counter *next; // same key, other kind of window
    struct limit_class *class;
    struct list in_class;
    struct list in_changed;      // charged or given back since the last snapshot
    struct limit_entry *entries; // owned ring of `capacity` (a power of two), oldest at `first`
    uint32_t first, count, capacity;
    bool unsummed; // the sum needs more digits than a decimal holds: refuses until it fits again
    struct decimal sum; // of all entries
    size_t key_length;
    char key[];
};

struct limit_table {
    pthread_mutex_t lock; // taken by the functions of limit.h, held by those below
    size_t capacity;
    struct table by_key; // -> struct limit_counter, the first of its key
    struct table by_id;
    struct list classes;
    struct list changed;
    size_t entries, entries_max; // allocated for all counters; beyond it they stop growing
    uint64_t last_id;
    int64_t now_ms;  // the table's time
    int64_t wall_ms; // the wall clock when last seen
    int64_t odd_ms;  // half speed: the millisecond that was not halved yet
    bool started;
    bool has_file; // what is in `changed` will be written
    struct limit_stats stats;
};

// Takes note of the wall clock and returns the table's time.
int64_t limit_table_advance(struct limit_table *table, int64_t wall_ms);
struct limit_counter *limit_table_find(const struct limit_table *table, struct slice key,
                                       const struct limit_window *window);
// Makes a counter that is not there yet; ERROR_LIMIT when the table is full, ERROR_NO_MEMORY.
int limit_table_make(struct limit_table *table, struct slice key, const struct limit_window *window,
                     struct limit_counter **ret) MUST_CHECK;
// The counter was charged: it is now the last of its class to pass, and must be written.
void limit_table_charged(struct limit_table *table, struct limit_counter *counter);

static inline struct limit_entry *limit_entry_at(const struct limit_counter *counter,
                                                 uint32_t index)
{
    return &counter->entries[(counter->first + index) & (counter->capacity - 1)];
}
// When the entry leaves its window.
int64_t limit_entry_end(const struct limit_counter *counter, const struct limit_entry *entry);
// Forgets entries whose window has passed.
void limit_counter_prune(struct limit_counter *counter, int64_t now_ms);
bool limit_counter_passed(const struct limit_counter *counter, int64_t now_ms);
// 0 when `demand` fits under `max` now, else the milliseconds until it does, or -1 if it never
// does. Prune first.
int64_t limit_counter_wait(const struct limit_counter *counter, int64_t now_ms,
                           struct decimal demand, struct decimal max);
int limit_counter_take(struct limit_table *table, struct limit_counter *counter, int64_t now_ms,
                       struct decimal amount) MUST_CHECK;
// Fills a new counter with entries as they were stored, in order of time.
int limit_counter_restore(struct limit_table *table, struct limit_counter *counter,
                          const struct limit_entry *entries, size_t count) MUST_CHECK;
// False when the window that the charge was taken from has passed.
bool limit_counter_give_back(struct limit_counter *counter, int64_t at_ms, struct decimal amount);
