// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Records as rows of SQLite. What a record consists of is told by its table (tables.c).
#include "store/sqlite/rows_internal.h"

enum { FIRST_COLUMN = 5, FIRST_PARAMETER = 6, FIRST_ROWS = 4 };

// ---- Binding. Slices live until the statement is reset.

static void bind_text(sqlite3_stmt *statement, int place, struct slice value)
{
    sqlite3_bind_text64(statement, place, value.length == 0 ? "" : value.data, value.length,
                        SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_column(sqlite3_stmt *statement, int place, const struct store_head *record,
                        const struct store_column *column)
{
    if (column->kind == COLUMN_WORD) {
        bind_text(statement, place, slice_from_string(column->words[store_number(record, column)]));
    } else if (!store_is_text(column)) {
        sqlite3_bind_int64(statement, place, store_number(record, column));
    } else {
        struct slice value = *store_text(record, column);
        if (value.length == 0 && column->optional)
            sqlite3_bind_null(statement, place);
        else if (column->kind == COLUMN_TEXT)
            bind_text(statement, place, value);
        else
            sqlite3_bind_blob64(statement, place, value.length == 0 ? "" : value.data, value.length,
                                SQLITE_STATIC);
    }
}

// ---- Reading

static bool read_slice(sqlite3_stmt *statement, int place, struct arena *arena, struct slice *ret)
{
    const char *data = sqlite3_column_blob(statement, place);
    *ret = arena_copy(arena, slice_of(data, (size_t)sqlite3_column_bytes(statement, place)));
    return ret->data != NULL;
}

static bool read_column(sqlite3_stmt *statement, int place, struct arena *arena,
                        const struct store_column *column, struct store_head *ret)
{
    if (store_is_text(column))
        return read_slice(statement, place, arena, store_text(ret, column));
    int64_t number = 0;
    if (column->kind == COLUMN_WORD) {
        const char *text = (const char *)sqlite3_column_text(statement, place);
        while (text != NULL && column->words[number] != NULL &&
               strcmp(column->words[number], text) != 0)
            number++;
    } else {
        number = sqlite3_column_int64(statement, place);
    }
    store_set_number(ret, column, number);
    return true;
}

static bool read_record(sqlite3_stmt *statement, const struct store_table *table,
                        struct arena *arena, struct store_head *ret)
{
    bool good = read_slice(statement, 0, arena, &ret->organisation) &&
                read_slice(statement, 1, arena, &ret->id);
    ret->version = sqlite3_column_int64(statement, 2);
    ret->created_ms = sqlite3_column_int64(statement, 3);
    ret->changed_ms = sqlite3_column_int64(statement, 4);
    for (size_t i = 0; good && i < table->count; i++)
        good = read_column(statement, FIRST_COLUMN + (int)i, arena, &table->columns[i], ret);
    return good;
}

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "no memory for what the database answers");
}

static int end_reading(struct store_connection *connection, sqlite3_stmt *statement, int result,
                       struct error *error)
{
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        result = store_file_failure(&connection->file, result, "read", error);
    else
        result = 0;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
}

// One row of a statement with its parameters bound.
static int read_one(struct store_connection *connection, sqlite3_stmt *statement,
                    enum store_kind kind, struct arena *arena, struct store_head *ret,
                    struct error *error)
{
    const struct store_table *table = &store_tables[kind];
    int result = sqlite3_step(statement);
    bool found = result == SQLITE_ROW;
    bool read = found && read_record(statement, table, arena, ret);
    int failed = end_reading(connection, statement, result, error);
    if (failed != 0)
        return failed;
    if (!found)
        return error_set(error, ERROR_NOT_FOUND, "there is no such %s", table->name);
    return read ? 0 : no_memory(error);
}

int store_rows_get(struct store_connection *connection, enum store_kind kind,
                   struct slice organisation, struct slice id, struct arena *arena,
                   struct store_head *ret, struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, kind, USE_GET, &statement, error);
    if (failed != 0)
        return failed;
    bind_text(statement, 1, organisation);
    bind_text(statement, 2, id);
    return read_one(connection, statement, kind, arena, ret, error);
}

int store_rows_find(struct store_connection *connection, enum store_kind kind, size_t column,
                    struct slice organisation, struct slice value, struct arena *arena,
                    struct store_head *ret, struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, kind, USE_FIND + column, &statement, error);
    if (failed != 0)
        return failed;
    if (!store_tables[kind].columns[column].everywhere)
        bind_text(statement, 1, organisation);
    if (store_tables[kind].columns[column].kind == COLUMN_BYTES)
        sqlite3_bind_blob64(statement, 2, value.data, value.length, SQLITE_STATIC);
    else
        bind_text(statement, 2, value);
    return read_one(connection, statement, kind, arena, ret, error);
}

int store_rows_last_audit(struct store_connection *connection, struct slice organisation,
                          struct arena *arena, struct store_audit *ret, struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, STORE_AUDIT, USE_LAST, &statement, error);
    if (failed != 0)
        return failed;
    bind_text(statement, 1, organisation);
    failed = read_one(connection, statement, STORE_AUDIT, arena, &ret->head, error);
    if (failed == ERROR_NOT_FOUND)
        *ret = (struct store_audit){0};
    return failed == ERROR_NOT_FOUND ? 0 : failed;
}

static size_t use_of_list(struct slice organisation, struct slice parent, bool newest)
{
    size_t use = organisation.length == 0 ? USE_LIST_EVERY
                 : parent.length > 0      ? USE_LIST_OF_PARENT
                                          : USE_LIST;
    return use + (newest ? 1 : 0);
}

// Room for one more item: rows are few more often than a page allows.
static void *next_item(const struct store_table *table, struct arena *arena, size_t *capacity,
                       struct store_rows *rows)
{
    if (rows->count == *capacity) {
        size_t wanted = *capacity == 0 ? FIRST_ROWS : *capacity * 2;
        void *items = arena_take_zeroed(arena, wanted * table->size);
        if (items == NULL)
            return NULL;
        if (rows->count > 0)
            memcpy(items, rows->items, rows->count * table->size);
        rows->items = items;
        *capacity = wanted;
    }
    return (char *)rows->items + rows->count++ * table->size;
}

// What SQLite answered last; SQLITE_NOMEM when the arena is full.
static int read_rows(sqlite3_stmt *statement, const struct store_table *table, size_t limit,
                     struct arena *arena, struct store_rows *ret)
{
    size_t capacity = 0;
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW && ret->count < limit) {
        void *item = next_item(table, arena, &capacity, ret);
        if (item == NULL || !read_record(statement, table, arena, item))
            return SQLITE_NOMEM;
    }
    ret->more = result == SQLITE_ROW;
    return result;
}

// A statement whose organisation, end of the page before and most rows are not bound yet.
static int list_by(struct store_connection *connection, sqlite3_stmt *statement,
                   const struct store_table *table, struct slice organisation,
                   const struct store_page *page, struct arena *arena, struct store_rows *ret,
                   struct error *error)
{
    bind_text(statement, 1, organisation);
    // No id sorts behind a tilde.
    bind_text(statement, 2,
              page->after.length == 0 && page->newest_first ? SLICE_LITERAL("~") : page->after);
    sqlite3_bind_int64(statement, 3, (int64_t)page->limit + 1);
    *ret = (struct store_rows){0};
    int result = read_rows(statement, table, page->limit, arena, ret);
    bool good = result != SQLITE_NOMEM;
    int failed = end_reading(connection, statement, good ? result : SQLITE_DONE, error);
    return failed != 0 || good ? failed : no_memory(error);
}

int store_rows_list(struct store_connection *connection, enum store_kind kind,
                    struct slice organisation, struct slice parent, const struct store_page *page,
                    struct arena *arena, struct store_rows *ret, struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(
        connection, kind, use_of_list(organisation, parent, page->newest_first), &statement, error);
    if (failed != 0)
        return failed;
    if (parent.length > 0)
        bind_text(statement, 4, parent);
    return list_by(connection, statement, &store_tables[kind], organisation, page, arena, ret,
                   error);
}

int store_rows_list_open(struct store_connection *connection, struct slice organisation,
                         const struct store_page *page, struct arena *arena, struct store_rows *ret,
                         struct error *error)
{
    sqlite3_stmt *statement;
    int failed =
        store_statement(connection, STORE_QUESTION, page->newest_first ? USE_OPEN_NEWEST : USE_OPEN,
                        &statement, error);
    return failed != 0 ? failed
                       : list_by(connection, statement, &store_tables[STORE_QUESTION], organisation,
                                 page, arena, ret, error);
}

int store_rows_list_of_print(struct store_connection *connection, enum store_kind kind,
                             struct slice organisation, struct slice print,
                             const struct store_page *page, struct arena *arena,
                             struct store_rows *ret, struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, kind, USE_OF_PRINT, &statement, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_blob64(statement, 4, print.data, print.length, SQLITE_STATIC);
    return list_by(connection, statement, &store_tables[kind], organisation, page, arena, ret,
                   error);
}

// ---- Changing

static int refused(struct store_connection *connection, int result, const char *what, bool removing,
                   struct error *error)
{
    if ((result & 0xFF) != SQLITE_CONSTRAINT)
        return store_file_failure(&connection->file, result, "write", error);
    switch (sqlite3_extended_errcode(connection->file.db)) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
        return error_set(error, ERROR_EXISTS, "there is such a %s already", what);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return removing ? error_set(error, ERROR_EXISTS, "the %s is still in use", what)
                        : error_set(error, ERROR_NOT_FOUND,
                                    "the %s refers to something that does not exist", what);
    default: return error_set(error, ERROR_RANGE, "the %s holds a value that it must not", what);
    }
}

static int run_change(struct store_connection *connection, sqlite3_stmt *statement,
                      enum store_kind kind, bool removing, struct error *error)
{
    int result = sqlite3_step(statement);
    result = result == SQLITE_DONE
                 ? 0
                 : refused(connection, result, store_tables[kind].name, removing, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
}

static void bind_record(sqlite3_stmt *statement, const struct store_table *table,
                        const struct store_head *record, bool fixed)
{
    bind_text(statement, 1, record->organisation);
    bind_text(statement, 2, record->id);
    sqlite3_bind_int64(statement, 3, record->version);
    if (fixed)
        sqlite3_bind_int64(statement, 4, record->created_ms);
    sqlite3_bind_int64(statement, 5, record->changed_ms);
    for (size_t i = 0; i < table->count; i++)
        if (fixed || !table->columns[i].fixed)
            bind_column(statement, FIRST_PARAMETER + (int)i, record, &table->columns[i]);
}

int store_rows_insert(struct store_connection *connection, enum store_kind kind,
                      const struct store_head *record, struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, kind, USE_INSERT, &statement, error);
    if (failed != 0)
        return failed;
    bind_record(statement, &store_tables[kind], record, true);
    return run_change(connection, statement, kind, false, error);
}

int store_rows_update(struct store_connection *connection, enum store_kind kind,
                      const struct store_head *record, int64_t before, struct error *error)
{
    const struct store_table *table = &store_tables[kind];
    sqlite3_stmt *statement;
    int failed = store_statement(connection, kind, USE_UPDATE, &statement, error);
    if (failed != 0)
        return failed;
    bind_record(statement, table, record, false);
    sqlite3_bind_int64(statement, FIRST_PARAMETER + (int)table->count, before);
    failed = run_change(connection, statement, kind, false, error);
    if (failed == 0 && sqlite3_changes(connection->file.db) == 0)
        failed = error_set(error, ERROR_CONFLICT, "the %s was changed meanwhile", table->name);
    return failed;
}

int store_rows_delete(struct store_connection *connection, enum store_kind kind,
                      struct slice organisation, struct slice id, struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, kind, USE_DELETE, &statement, error);
    if (failed != 0)
        return failed;
    bind_text(statement, 1, organisation);
    bind_text(statement, 2, id);
    return run_change(connection, statement, kind, true, error);
}

int store_rows_touch(struct store_connection *connection, enum store_kind kind,
                     struct slice organisation, struct slice id, int64_t now_ms,
                     struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, kind, USE_TOUCH, &statement, error);
    if (failed != 0)
        return failed;
    bind_text(statement, 1, organisation);
    bind_text(statement, 2, id);
    sqlite3_bind_int64(statement, 3, now_ms);
    return run_change(connection, statement, kind, false, error);
}

int store_rows_forget_audit(struct store_connection *connection, struct slice organisation,
                            int64_t sequence, struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, STORE_AUDIT, USE_FORGET, &statement, error);
    if (failed != 0)
        return failed;
    bind_text(statement, 1, organisation);
    sqlite3_bind_int64(statement, 2, sequence);
    return run_change(connection, statement, STORE_AUDIT, true, error);
}

int store_rows_expire(struct store_connection *connection, enum store_kind kind, int64_t now_ms,
                      struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, kind, USE_EXPIRE, &statement, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(statement, 1, now_ms);
    return run_change(connection, statement, kind, true, error);
}

static int run_old(struct store_connection *connection, size_t use, int64_t until_ms,
                   struct error *error)
{
    sqlite3_stmt *statement;
    int failed = store_statement(connection, STORE_QUESTION, use, &statement, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(statement, 1, until_ms);
    return run_change(connection, statement, STORE_QUESTION, true, error);
}

int store_rows_forget_questions(struct store_connection *connection, int64_t full_until_ms,
                                int64_t until_ms, struct error *error)
{
    int failed = run_old(connection, USE_EMPTY_OLD, full_until_ms, error);
    return failed != 0 ? failed : run_old(connection, USE_REMOVE_OLD, until_ms, error);
}
