// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/rows_internal.h"

#include "base/buffer.h"

static const char head[] = "organisation, id, version, created_ms, changed_ms";

static void select_columns(struct buffer *sql, const struct store_table *table, bool with_bulk,
                           const char *parent)
{
    buffer_append_format(sql, "SELECT %s", head);
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].bulk && !with_bulk)
            buffer_append_string(sql, ", NULL");
        else
            buffer_append_format(sql, ", \"%s\"", table->columns[i].name);
    buffer_append_format(sql, " FROM \"%s\"", table->name);
    if (parent != NULL) // left to itself the planner may walk the organisation
        buffer_append_format(sql, " INDEXED BY %s_%s", table->name, parent);
    buffer_append_string(sql, " WHERE ");
}

static void write_list(struct buffer *sql, const struct store_table *table, size_t use)
{
    bool newest =
        use == USE_LIST_NEWEST || use == USE_LIST_OF_PARENT_NEWEST || use == USE_LIST_EVERY_NEWEST;
    const char *parent = use == USE_LIST_OF_PARENT || use == USE_LIST_OF_PARENT_NEWEST
                             ? table->columns[table->parent].name
                             : NULL;
    select_columns(sql, table, false, parent);
    if (parent != NULL)
        buffer_append_format(sql, "\"%s\" = ?4 AND ", parent);
    // Of organisations alone: their ids are their organisations.
    const char *key = "id";
    if (use == USE_LIST_EVERY || use == USE_LIST_EVERY_NEWEST)
        key = "organisation";
    else
        buffer_append_string(sql, "organisation = ?1 AND ");
    buffer_append_format(sql, "%s %s ?2 ORDER BY %s %s LIMIT ?3", key, newest ? "<" : ">", key,
                         newest ? "DESC" : "ASC");
}

static void write_choice(struct buffer *sql, const struct store_table *table, size_t use)
{
    bool newest = use != USE_OPEN;
    select_columns(sql, table, false, use == USE_OF_PRINT ? "print" : "open");
    buffer_append_format(sql, "organisation = ?1 AND id %s ?2 AND %s ORDER BY id %s LIMIT ?3",
                         newest ? "<" : ">",
                         use == USE_OF_PRINT ? "print = ?4" : "state IN ('asked', 'approved')",
                         newest ? "DESC" : "ASC");
}

// What is over for good since ?1, at most 1,000 rows.
static void write_old(struct buffer *sql, const struct store_table *table, size_t use)
{
    bool empty = use == USE_EMPTY_OLD;
    buffer_append_format(sql, "%s \"%s\"%s WHERE (organisation, id) IN (SELECT organisation, id",
                         empty ? "UPDATE" : "DELETE FROM", table->name,
                         empty ? " SET arguments = NULL" : "");
    buffer_append_format(sql,
                         " FROM \"%s\" WHERE changed_ms <= ?1 AND state NOT IN ('asked',"
                         " 'approved')%s ORDER BY changed_ms LIMIT 1000)",
                         table->name, empty ? " AND arguments IS NOT NULL" : "");
}

static void write_insert(struct buffer *sql, const struct store_table *table)
{
    buffer_append_format(sql, "INSERT INTO \"%s\" (%s", table->name, head);
    for (size_t i = 0; i < table->count; i++)
        buffer_append_format(sql, ", \"%s\"", table->columns[i].name);
    buffer_append_string(sql, ") VALUES (?1, ?2, ?3, ?4, ?5");
    for (size_t i = 0; i < table->count; i++)
        buffer_append_format(sql, ", ?%zu", 6 + i);
    buffer_append_string(sql, ")");
}

static void write_update(struct buffer *sql, const struct store_table *table)
{
    buffer_append_format(sql, "UPDATE \"%s\" SET version = ?3, changed_ms = ?5", table->name);
    for (size_t i = 0; i < table->count; i++)
        if (!table->columns[i].fixed)
            buffer_append_format(sql, ", \"%s\" = ?%zu", table->columns[i].name, 6 + i);
    buffer_append_format(sql, " WHERE organisation = ?1 AND id = ?2 AND version = ?%zu",
                         6 + table->count);
}

static void write_find(struct buffer *sql, const struct store_table *table,
                       const struct store_column *column)
{
    select_columns(sql, table, true, NULL);
    buffer_append_format(sql, "%s\"%s\" = ?2", column->everywhere ? "" : "organisation = ?1 AND ",
                         column->name);
}

static void write_statement(struct buffer *sql, const struct store_table *table, size_t use)
{
    switch (use) {
    case USE_GET:
        select_columns(sql, table, true, NULL);
        buffer_append_string(sql, "organisation = ?1 AND id = ?2");
        break;
    case USE_LAST:
        select_columns(sql, table, true, NULL);
        buffer_append_string(sql, "organisation = ?1 ORDER BY sequence DESC LIMIT 1");
        break;
    case USE_INSERT: write_insert(sql, table); break;
    case USE_UPDATE: write_update(sql, table); break;
    case USE_DELETE:
        buffer_append_format(sql, "DELETE FROM \"%s\" WHERE organisation = ?1 AND id = ?2",
                             table->name);
        break;
    case USE_TOUCH:
        buffer_append_format(sql,
                             "UPDATE \"%s\" SET \"%s\" = max(\"%s\", ?3)"
                             " WHERE organisation = ?1 AND id = ?2",
                             table->name, table->columns[table->used].name,
                             table->columns[table->used].name);
        break;
    case USE_EXPIRE:
        buffer_append_format(
            sql,
            "DELETE FROM \"%s\" WHERE (organisation, id) IN (SELECT organisation,"
            " id FROM \"%s\" WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT 1000)",
            table->name, table->name);
        break;
    case USE_FORGET:
        buffer_append_format(sql, "DELETE FROM \"%s\" WHERE organisation = ?1 AND sequence < ?2",
                             table->name);
        break;
    case USE_OPEN:
    case USE_OPEN_NEWEST:
    case USE_OF_PRINT: write_choice(sql, table, use); break;
    case USE_EMPTY_OLD:
    case USE_REMOVE_OLD: write_old(sql, table, use); break;
    default:
        if (use >= USE_FIND)
            write_find(sql, table, &table->columns[use - USE_FIND]);
        else
            write_list(sql, table, use);
        break;
    }
}

int store_statement(struct store_connection *connection, enum store_kind kind, size_t use,
                    sqlite3_stmt **ret, struct error *error)
{
    sqlite3_stmt **slot = &connection->statements[kind][use];
    int result = 0;
    if (*slot == NULL) {
        struct buffer sql;
        buffer_init(&sql, 0);
        write_statement(&sql, &store_tables[kind], use);
        buffer_append(&sql, slice_of("", 1));
        result = sql.failed
                     ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                     : store_file_prepare(&connection->file, buffer_slice(&sql).data, slot, error);
        buffer_release(&sql);
    }
    *ret = *slot;
    return result;
}
