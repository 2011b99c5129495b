// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"
#include "store/sqlite/sqlite_internal.h"

#include "limits_sql.h"

#include <stdio.h>
#include <string.h>

static const struct store_format format = {
    .application_id = 0x53506C6D, // "SPlm"
    .noun = "the limits file",
    .short_noun = "a limits file",
    .advice = "move it away to start with all limits unused",
    // Exclusive: two gateways with one file would overwrite each other's counters.
    .first = "PRAGMA locking_mode = EXCLUSIVE",
    .settings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" // the journal relies on commits
        "PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF;"
        "PRAGMA secure_delete = OFF",
    .steps = limits_steps,
    .step_count = sizeof limits_steps / sizeof *limits_steps,
};

static int prepare(struct store *store, const char *sql, sqlite3_stmt **ret, struct error *error)
{
    return store_file_prepare(&store->file, sql, ret, error);
}

static int prepare_counters(struct store *store, struct error *error)
{
    int failed = prepare(store,
                         "INSERT INTO counter (key, sliding, calendar_month, window_ms,"
                         " expires_ms, entries) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                         " ON CONFLICT DO UPDATE SET expires_ms = ?5, entries = ?6",
                         &store->put, error);
    if (failed == 0)
        failed = prepare(store,
                         "DELETE FROM counter WHERE (key, sliding, calendar_month, window_ms) IN"
                         " (SELECT key, sliding, calendar_month, window_ms FROM counter"
                         " WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT 10000)",
                         &store->forget, error);
    if (failed == 0)
        failed = prepare(store,
                         "INSERT INTO journal (one, id, clean, folded) VALUES (1, ?1, ?2, ?3)"
                         " ON CONFLICT DO UPDATE SET id = ?1, clean = ?2, folded = ?3",
                         &store->put_journal, error);
    return failed;
}

int store_open(const char *path, struct store **ret, struct error *error)
{
    struct store *store = memory_new(sizeof *store);
    int failed = store_file_open(&store->file, path, &format, error);
    if (failed == 0)
        failed = prepare_counters(store, error);
    if (failed != 0)
        store_close(store);
    else
        *ret = store;
    return failed;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    sqlite3_finalize(store->put);
    sqlite3_finalize(store->forget);
    sqlite3_finalize(store->put_journal);
    store_file_close(&store->file);
    memory_free(store);
}

int store_begin(struct store *store, struct error *error)
{
    return store_file_execute(&store->file, "BEGIN IMMEDIATE", "write", error);
}

int store_commit(struct store *store, struct error *error)
{
    return store_file_execute(&store->file, "COMMIT", "write", error);
}

void store_rollback(struct store *store)
{
    if (sqlite3_get_autocommit(store->file.db) == 0)
        sqlite3_exec(store->file.db, "ROLLBACK", NULL, NULL, NULL);
}

static int finish(struct store *store, sqlite3_stmt *statement, struct error *error)
{
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE ? 0 : store_file_failure(&store->file, result, "write", error);
}

int store_put_counter(struct store *store, const struct store_counter *counter, struct error *error)
{
    sqlite3_stmt *put = store->put;
    sqlite3_bind_blob64(put, 1, counter->key.length == 0 ? "" : counter->key.data,
                        counter->key.length, SQLITE_STATIC);
    sqlite3_bind_int(put, 2, counter->sliding);
    sqlite3_bind_int(put, 3, counter->calendar_month);
    sqlite3_bind_int64(put, 4, counter->window_ms);
    sqlite3_bind_int64(put, 5, counter->expires_ms);
    sqlite3_bind_text64(put, 6, counter->entries.length == 0 ? "" : counter->entries.data,
                        counter->entries.length, SQLITE_STATIC, SQLITE_UTF8);
    int failed = finish(store, put, error);
    sqlite3_clear_bindings(put);
    return failed;
}

int store_forget_counters(struct store *store, int64_t now_ms, struct error *error)
{
    sqlite3_bind_int64(store->forget, 1, now_ms);
    return finish(store, store->forget, error);
}

static struct slice column_bytes(sqlite3_stmt *statement, int column)
{
    const char *data = sqlite3_column_blob(statement, column);
    return slice_of(data, (size_t)sqlite3_column_bytes(statement, column));
}

int store_each_counter(struct store *store, store_counter_cb visit, void *argument,
                       struct error *error)
{
    sqlite3_stmt *select = NULL;
    int failed = prepare(store,
                         "SELECT key, sliding, calendar_month, window_ms, expires_ms, entries"
                         " FROM counter ORDER BY expires_ms",
                         &select, error);
    int result = SQLITE_DONE;
    while (failed == 0 && (result = sqlite3_step(select)) == SQLITE_ROW) {
        struct store_counter counter = {
            .key = column_bytes(select, 0),
            .sliding = sqlite3_column_int(select, 1) != 0,
            .calendar_month = sqlite3_column_int(select, 2) != 0,
            .window_ms = sqlite3_column_int64(select, 3),
            .expires_ms = sqlite3_column_int64(select, 4),
            .entries = column_bytes(select, 5),
        };
        failed = visit(argument, &counter, error);
    }
    if (failed == 0 && result != SQLITE_DONE)
        failed = store_file_failure(&store->file, result, "read", error);
    sqlite3_finalize(select);
    return failed;
}

// ---- The journal

static int damaged(const struct store *store, struct error *error)
{
    return store_file_failure(&store->file, SQLITE_CORRUPT, "read", error);
}

// Numbers with a space behind each.
static bool read_folded(struct slice text, uint64_t folded[STORE_LANES])
{
    size_t at = 0;
    for (size_t lane = 0; lane < STORE_LANES; lane++) {
        size_t from = at;
        uint64_t value = 0;
        for (; at < text.length && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
            if (value > UINT64_MAX / 10 - 1)
                return false;
            value = value * 10 + (uint64_t)(text.data[at] - '0');
        }
        if (at == from || at == text.length || text.data[at++] != ' ')
            return false;
        folded[lane] = value;
    }
    return at == text.length;
}

int store_get_journal(struct store *store, struct store_journal *ret, struct error *error)
{
    sqlite3_stmt *select = NULL;
    *ret = (struct store_journal){0};
    int failed = prepare(store, "SELECT id, clean, folded FROM journal", &select, error);
    if (failed != 0)
        return failed;
    int result = sqlite3_step(select);
    if (result == SQLITE_ROW) {
        struct slice id = column_bytes(select, 0);
        ret->known = true;
        ret->clean = sqlite3_column_int(select, 1) != 0;
        if (id.length != sizeof ret->id || !read_folded(column_bytes(select, 2), ret->folded))
            failed = damaged(store, error);
        else
            memcpy(ret->id, id.data, sizeof ret->id);
    } else if (result != SQLITE_DONE)
        failed = store_file_failure(&store->file, result, "read", error);
    sqlite3_finalize(select);
    return failed;
}

int store_put_journal(struct store *store, const struct store_journal *journal, struct error *error)
{
    enum { DIGITS = 21 };
    char folded[STORE_LANES * DIGITS + 1];
    size_t length = 0;
    for (size_t lane = 0; lane < STORE_LANES; lane++)
        length += (size_t)snprintf(folded + length, sizeof folded - length, "%llu ",
                                   (unsigned long long)journal->folded[lane]);
    sqlite3_stmt *put = store->put_journal;
    sqlite3_bind_blob(put, 1, journal->id, sizeof journal->id, SQLITE_STATIC);
    sqlite3_bind_int(put, 2, journal->clean);
    sqlite3_bind_text(put, 3, folded, (int)length, SQLITE_STATIC);
    int failed = finish(store, put, error);
    sqlite3_clear_bindings(put);
    return failed;
}
