// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/store.h"

#include <sqlite3.h>

struct store {
    sqlite3 *db;
    char *path; // owned
    sqlite3_stmt *put, *forget;
};

// Turns what SQLite answered into our code and sentence; `doing` is "read" or "write".
int store_failure(const struct store *store, int result, const char *doing, struct error *error);
int store_prepare_counters(struct store *store, struct error *error) MUST_CHECK;
