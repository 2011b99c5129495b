// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What must survive a restart. The rest of the gateway sees rows and transactions; SQL stays inside
// store/. A store belongs to one thread at a time and, through a lock on its file, to one process.
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct store;

// A limit's counter as it is kept. `entries` is limit/'s own text.
struct store_counter {
    struct slice key;
    bool sliding;
    bool calendar_month;
    int64_t window_ms;  // 0 for a calendar month
    int64_t expires_ms; // when its last window has passed
    struct slice entries;
};

// Opens or makes the file (mode 0600) and brings its schema up to date. ERROR_IO when it cannot be
// used now (permissions, full disk, used by another process), ERROR_CONFIG when it never will be
// (damaged, another program's, of a newer version); the sentence says which.
int store_open(const char *path, struct store **ret, struct error *error) MUST_CHECK;
void store_close(struct store *store); // NULL accepted

// Calls back for every counter, the first to expire first; a result other than 0 ends it and is
// returned.
typedef int (*store_counter_cb)(void *argument, const struct store_counter *counter,
                                struct error *error);
int store_each_counter(struct store *store, store_counter_cb visit, void *argument,
                       struct error *error) MUST_CHECK;

// A transaction: begin, any number of changes, commit. After a failure, rollback.
int store_begin(struct store *store, struct error *error) MUST_CHECK;
int store_put_counter(struct store *store, const struct store_counter *counter,
                      struct error *error) MUST_CHECK;
// Removes counters that expired at or before this time, at most 10,000 of them.
int store_forget_counters(struct store *store, int64_t now_ms, struct error *error) MUST_CHECK;
int store_commit(struct store *store, struct error *error) MUST_CHECK;
void store_rollback(struct store *store);
