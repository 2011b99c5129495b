// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "store/store_internal.h"

static int prepare(struct store *store, const char *sql, sqlite3_stmt **ret, struct error *error)
{
    int result = sqlite3_prepare_v2(store->db, sql, -1, ret, NULL);
    return result == SQLITE_OK ? 0 : store_failure(store, result, "read", error);
}

int store_prepare_counters(struct store *store, struct error *error)
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
    return failed;
}

static int finish(struct store *store, sqlite3_stmt *statement, struct error *error)
{
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE ? 0 : store_failure(store, result, "write", error);
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
        failed = store_failure(store, result, "read", error);
    sqlite3_finalize(select);
    return failed;
}
