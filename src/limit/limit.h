// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Quota counters: check, reserve (all or none), give back, look, reset, and a file that lets them
// survive. A table may be used by any thread: calls lock only the part of it that holds their own
// counters, for no longer than one call needs. What lets a call out is noted before limit_reserve
// returns, where it outlives the process; the file is written by a thread of its own, once a
// second, so a loss of power costs the last second. Time is passed in; nothing reads a clock.
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
    uint64_t hash;    // of the counter's key
    uint64_t counter; // which of that key; 0: nothing was taken
    int64_t at_ms;    // when it was taken
    struct decimal amount;
    struct decimal used; // what the counter held then, with the amount
};

// At most `capacity` counters (0: 1,000,000), in at most 190 bytes each on average; idle ones whose
// windows have passed are forgotten first. When it is full, charging a new counter fails with
// ERROR_LIMIT: deny when in doubt.
struct limit_table *limit_table_new(size_t capacity);
void limit_table_free(struct limit_table *table);

// Joins parts into an unambiguous key (each part length-prefixed). data is NULL when the arena is
// full.
struct slice limit_key(struct arena *arena, const struct slice *parts, size_t count);
// The first part of the rest of a key, which moves on behind it; false when there is none.
bool limit_key_part(struct slice *key, struct slice *ret);

enum { LIMIT_CHARGES_MAX = 64 }; // of one call
// Would all charges fit now? 0, or ERROR_LIMIT with the index of the first that does not and the
// milliseconds until the amount would fit (-1: never, the amount exceeds max). Charges of one
// counter (same key and window) are added up. A negative amount, a window without length, a key
// above 4,096 bytes and more than LIMIT_CHARGES_MAX charges never fit.
int limit_check(struct limit_table *table, const struct limit_charge *charges, size_t count,
                int64_t now_ms, size_t *ret_index, int64_t *ret_retry_ms) MUST_CHECK;
// As limit_check, and in no figure: for who only wants to know.
int limit_would_fit(struct limit_table *table, const struct limit_charge *charges, size_t count,
                    int64_t now_ms, size_t *ret_index, int64_t *ret_retry_ms) MUST_CHECK;
// Takes all or none; as limit_check, and fills receipts[count]. Also ERROR_NO_MEMORY, and ERROR_IO
// when it could not be noted: deny.
int limit_reserve(struct limit_table *table, const struct limit_charge *charges, size_t count,
                  int64_t now_ms, struct limit_receipt *receipts, size_t *ret_index,
                  int64_t *ret_retry_ms) MUST_CHECK;
// Gives one reservation back to its window; later windows are not touched. Unknown receipts are
// ignored.
void limit_give_back(struct limit_table *table, const struct limit_receipt *receipt);

struct limit_stats {
    size_t counters;
    size_t bytes;        // of memory for them
    uint64_t reserved;   // charges, one for each receipt
    uint64_t refused;    // checks and reservations that did not fit
    uint64_t given_back; // receipts whose window had not passed
};
struct limit_stats limit_table_stats(struct limit_table *table);

// ---- For people

// What a counter holds now. Slices are the table's, for the callback.
struct limit_view {
    struct slice key;
    bool sliding, calendar_month;
    int64_t window_ms; // 0 for a calendar month
    struct decimal used;
    bool unsummed;    // too many digits for a sum: nothing fits
    int64_t frees_ms; // wall clock, about: when some of it is free again
    int64_t empty_ms; // when all of it is
};
// Calls back for every counter that holds something, in no order, under the lock of a part of the
// table: be quick, and call nothing of limit/. False from the callback ends it.
typedef bool (*limit_visit_cb)(void *argument, const struct limit_view *view);
void limit_each(struct limit_table *table, int64_t now_ms, limit_visit_cb visit, void *argument);
// Empties the counters that the callback says true to, and returns how many; what calls under way
// took from them is not given back later. Noted as charges are; a counter that could not be noted
// is left as it is, and told in *ret_left.
size_t limit_reset(struct limit_table *table, int64_t now_ms, limit_visit_cb select, void *argument,
                   size_t *ret_left);
// Empties the counter of a charge, as limit_reset does.
void limit_clear(struct limit_table *table, const struct limit_charge *charge, int64_t now_ms);
// What the counter of a charge holds now; its amount is not looked at.
void limit_stand(struct limit_table *table, const struct limit_charge *charge, int64_t now_ms,
                 struct limit_view *ret);

// ---- Survival. Loads `path` (created if missing) and its journal "PATH.charges", then notes each
// charge there and writes changes to the file once a second from its own thread. ERROR_IO /
// ERROR_CONFIG with a sentence when the files are unusable: refuse to start, never guess.
// `local_on_failure`: while the files cannot be written charges count in memory alone, instead of
// being refused.
struct limit_file;
int limit_file_open(const char *path, struct limit_table *table, int64_t now_ms,
                    bool local_on_failure, struct limit_file **ret, struct error *error) MUST_CHECK;
// Lets the writer thread write what changed; call from one thread about once a second. Never
// blocks on the disk.
void limit_file_sync(struct limit_file *file);
// False while the files cannot be written: charges should be denied. Any thread; always true with
// `local_on_failure`.
bool limit_file_healthy(const struct limit_file *file);
// Can the files be written? Any thread.
bool limit_file_writes(const struct limit_file *file);
// How many times the file was brought up to date. Any thread.
uint64_t limit_file_batches(const struct limit_file *file);
// Writes what is left. Nobody else uses the table any more.
void limit_file_close(struct limit_file *file);
