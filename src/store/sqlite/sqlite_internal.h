// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Files of SQLite: opened with care, brought up to date, failures in words for people.
#pragma once

#include "store/store_internal.h"

#include <sqlite3.h>

struct store_format {
    int application_id; // tells our file from any other SQLite file
    const char *noun;   // "the limits file"
    const char *short_noun;
    const char *advice;   // what to do about a damaged one
    const char *first;    // statements before anything is read; may be NULL
    const char *settings; // statements once it is known to be ours
    const char *const *steps;
    int64_t step_count;
    bool large; // too large to be looked through at each start: damage shows when it is met
};

struct store_file {
    sqlite3 *db;
    char *path; // owned
    const struct store_format *format;
};

// Makes the file if missing, refuses what is not ours, applies the steps that are missing.
// store_file_close is due also after a failure.
int store_file_open(struct store_file *file, const char *path, const struct store_format *format,
                    struct error *error) MUST_CHECK;
// One more connection to a file that was opened before.
int store_file_join(struct store_file *file, const char *path, const struct store_format *format,
                    struct error *error) MUST_CHECK;
// The same, for one that nobody here may have opened before: looks at what it is.
int store_file_follow(struct store_file *file, const char *path, const struct store_format *format,
                      struct error *error) MUST_CHECK;
// Only to read, whoever else has it; of exactly this version.
int store_file_peek(struct store_file *file, const char *path, const struct store_format *format,
                    struct error *error) MUST_CHECK;
void store_file_close(struct store_file *file);
// Turns what SQLite answered into our code and sentence; `doing` is "open", "read" or "write".
int store_file_failure(const struct store_file *file, int result, const char *doing,
                       struct error *error);
int store_file_prepare(struct store_file *file, const char *sql, sqlite3_stmt **ret,
                       struct error *error) MUST_CHECK;
int store_file_execute(struct store_file *file, const char *sql, const char *doing,
                       struct error *error) MUST_CHECK;

// Bytes that live until the statement has run; an empty slice is no NULL.
static inline void store_file_bind(sqlite3_stmt *to, int place, struct slice bytes)
{
    sqlite3_bind_blob64(to, place, bytes.length == 0 ? "" : bytes.data, bytes.length,
                        SQLITE_STATIC);
}
// Lives until the statement goes on.
static inline struct slice store_file_column(sqlite3_stmt *from, int place)
{
    const char *data = sqlite3_column_blob(from, place);
    return slice_of(data, (size_t)sqlite3_column_bytes(from, place));
}

// ---- The limits file
struct store {
    struct store_file file;
    sqlite3_stmt *put, *forget, *put_journal;
};
