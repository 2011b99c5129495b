// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "store/index.h"

#include "base/memory.h"
#include "store/sqlite/sqlite_internal.h"

#include <unistd.h>

#include "index_sql.h"

enum use {
    SEGMENTS,
    PUT_SEGMENT,
    DROP_SEGMENT,
    DROP_SHAPES,
    DROP_BLOCKS,
    DROP_BANDS,
    SHAPES,
    SHAPES_OF,
    ADD_SHAPE,
    PUT_BLOCK,
    BLOCKS,
    BLOCKS_NEWEST,
    PUT_BAND,
    BAND,
    USES,
};

struct store_index {
    struct store_file file;
    sqlite3_stmt *statements[USES]; // NULL: not needed yet
    sqlite3_stmt *search;           // the one that finds blocks now, or NULL
};

#define SETTINGS                                                                                   \
    "PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8192"

// What a loss of power takes away is indexed again.
static const struct store_format format = {
    .application_id = 0x53506478, // "SPdx"
    .noun = "the index of the decision log",
    .short_noun = "an index of the decision log",
    .advice = "the log itself is not concerned",
    .first = "PRAGMA busy_timeout = 5000",
    .settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                "PRAGMA journal_size_limit = 16777216; " SETTINGS,
    .steps = index_steps,
    .step_count = sizeof index_steps / sizeof *index_steps,
};

#define BLOCK_COLUMNS                                                                              \
    "SELECT first_row, row_count, segment, at, min_ms, max_ms, shapes, data FROM block"            \
    " WHERE first_row BETWEEN ?1 AND ?2 AND max_ms >= ?3 AND min_ms <= ?4 ORDER BY first_row "

static const char *const texts[USES] = {
    [SEGMENTS] = "SELECT id, name, inode, head, first_row, last_row, last_at, last_link, indexed"
                 " FROM segment ORDER BY first_row, id",
    [PUT_SEGMENT] = "INSERT OR REPLACE INTO segment (id, name, inode, head, first_row, last_row,"
                    " last_at, last_link, indexed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [DROP_SEGMENT] = "DELETE FROM segment WHERE id = ?1",
    [DROP_SHAPES] = "DELETE FROM shape WHERE segment = ?1",
    [DROP_BLOCKS] = "DELETE FROM block WHERE segment = ?1",
    [DROP_BANDS] = "DELETE FROM band WHERE segment = ?1",
    [SHAPES] = "SELECT id, loose, organisation, texts FROM shape WHERE segment = ?1",
    [SHAPES_OF] = "SELECT id, loose, organisation, texts FROM shape"
                  " WHERE segment = ?1 AND organisation IN (?2, x'')",
    [ADD_SHAPE] = "INSERT INTO shape (segment, organisation, id, loose, texts)"
                  " VALUES (?1, ?2, ?3, ?4, ?5)",
    [PUT_BLOCK] = "INSERT OR REPLACE INTO block (first_row, row_count, segment, at, min_ms, max_ms,"
                  " shapes, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [BLOCKS] = BLOCK_COLUMNS "ASC",
    [BLOCKS_NEWEST] = BLOCK_COLUMNS "DESC",
    [PUT_BAND] = "INSERT OR REPLACE INTO band (first_row, segment, last_row, data)"
                 " VALUES (?1, ?2, ?3, ?4)",
    [BAND] = "SELECT first_row, segment, last_row, data FROM band WHERE first_row <= ?1"
             " ORDER BY first_row DESC LIMIT 1",
};

static int statement(struct store_index *index, enum use use, sqlite3_stmt **ret,
                     struct error *error)
{
    int failed = 0;
    if (index->statements[use] == NULL)
        failed = store_file_prepare(&index->file, texts[use], &index->statements[use], error);
    *ret = index->statements[use];
    return failed;
}

// Runs what answers with nothing.
static int finish(struct store_index *index, sqlite3_stmt *change, struct error *error)
{
    int result = sqlite3_step(change);
    sqlite3_reset(change);
    return result == SQLITE_DONE ? 0 : store_file_failure(&index->file, result, "write", error);
}

// ---- Open and close

int store_index_open(const char *path, bool writes, struct store_index **ret, struct error *error)
{
    struct store_index *index = memory_new(sizeof *index);
    int failed = writes ? store_file_open(&index->file, path, &format, error)
                        : store_file_join(&index->file, path, &format, error);
    if (failed == 0 && !writes)
        failed =
            store_file_execute(&index->file, SETTINGS "; PRAGMA query_only = ON", "open", error);
    if (failed != 0)
        store_index_close(index);
    else
        *ret = index;
    return failed;
}

void store_index_close(struct store_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i < USES; i++)
        sqlite3_finalize(index->statements[i]);
    store_file_close(&index->file);
    memory_free(index);
}

void store_index_delete(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *name = sqlite3_mprintf("%s%s", path, endings[i]);
        if (name != NULL)
            unlink(name);
        sqlite3_free(name);
    }
}

// What is half read keeps a transaction open.
static void end_search(struct store_index *index)
{
    if (index->search != NULL)
        sqlite3_reset(index->search);
    index->search = NULL;
    if (index->statements[BAND] != NULL)
        sqlite3_reset(index->statements[BAND]);
}

int store_index_begin(struct store_index *index, struct error *error)
{
    return store_file_execute(&index->file, "BEGIN", "read", error);
}

int store_index_commit(struct store_index *index, struct error *error)
{
    end_search(index);
    return store_file_execute(&index->file, "COMMIT", "write", error);
}

void store_index_rollback(struct store_index *index)
{
    end_search(index);
    if (sqlite3_get_autocommit(index->file.db) == 0)
        sqlite3_exec(index->file.db, "ROLLBACK", NULL, NULL, NULL);
}

// ---- Segments

int store_index_each_segment(struct store_index *index, store_segment_cb visit, void *argument,
                             struct error *error)
{
    sqlite3_stmt *select;
    int failed = statement(index, SEGMENTS, &select, error);
    if (failed != 0)
        return failed;
    int result;
    while ((result = sqlite3_step(select)) == SQLITE_ROW && failed == 0) {
        const struct store_segment segment = {.id = sqlite3_column_int64(select, 0),
                                              .name = store_file_column(select, 1),
                                              .inode = sqlite3_column_int64(select, 2),
                                              .head = store_file_column(select, 3),
                                              .first_row = sqlite3_column_int64(select, 4),
                                              .last_row = sqlite3_column_int64(select, 5),
                                              .last_at = sqlite3_column_int64(select, 6),
                                              .last_link = store_file_column(select, 7),
                                              .indexed = sqlite3_column_int64(select, 8)};
        failed =
            segment.head.length == STORE_LINK_SIZE && segment.last_link.length == STORE_LINK_SIZE
                ? visit(argument, &segment)
                : store_file_failure(&index->file, SQLITE_CORRUPT, "read", error);
    }
    sqlite3_reset(select);
    return failed != 0 || result == SQLITE_DONE
               ? failed
               : store_file_failure(&index->file, result, "read", error);
}

int store_index_put_segment(struct store_index *index, const struct store_segment *segment,
                            struct error *error)
{
    sqlite3_stmt *put;
    int failed = statement(index, PUT_SEGMENT, &put, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(put, 1, segment->id);
    store_file_bind(put, 2, segment->name);
    sqlite3_bind_int64(put, 3, segment->inode);
    store_file_bind(put, 4, segment->head);
    sqlite3_bind_int64(put, 5, segment->first_row);
    sqlite3_bind_int64(put, 6, segment->last_row);
    sqlite3_bind_int64(put, 7, segment->last_at);
    store_file_bind(put, 8, segment->last_link);
    sqlite3_bind_int64(put, 9, segment->indexed);
    return finish(index, put, error);
}

int store_index_drop_segment(struct store_index *index, int64_t id, struct error *error)
{
    static const enum use uses[] = {DROP_BANDS, DROP_BLOCKS, DROP_SHAPES, DROP_SEGMENT};
    int failed = 0;
    for (size_t i = 0; i < sizeof uses / sizeof *uses && failed == 0; i++) {
        sqlite3_stmt *drop;
        failed = statement(index, uses[i], &drop, error);
        if (failed != 0)
            break;
        sqlite3_bind_int64(drop, 1, id);
        failed = finish(index, drop, error);
    }
    return failed;
}

// ---- Shapes

int store_index_each_shape(struct store_index *index, int64_t segment,
                           const struct slice *organisation, store_shape_cb visit, void *argument,
                           struct error *error)
{
    sqlite3_stmt *select;
    int failed = statement(index, organisation == NULL ? SHAPES : SHAPES_OF, &select, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(select, 1, segment);
    if (organisation != NULL)
        store_file_bind(select, 2, *organisation);
    int result;
    while ((result = sqlite3_step(select)) == SQLITE_ROW && failed == 0) {
        const struct store_shape shape = {.segment = segment,
                                          .id = sqlite3_column_int64(select, 0),
                                          .loose = sqlite3_column_int(select, 1),
                                          .organisation = store_file_column(select, 2),
                                          .texts = store_file_column(select, 3)};
        failed = visit(argument, &shape);
    }
    sqlite3_reset(select);
    sqlite3_clear_bindings(select);
    return failed != 0 || result == SQLITE_DONE
               ? failed
               : store_file_failure(&index->file, result, "read", error);
}

int store_index_add_shape(struct store_index *index, const struct store_shape *shape,
                          struct error *error)
{
    sqlite3_stmt *add;
    int failed = statement(index, ADD_SHAPE, &add, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(add, 1, shape->segment);
    store_file_bind(add, 2, shape->organisation);
    sqlite3_bind_int64(add, 3, shape->id);
    sqlite3_bind_int(add, 4, shape->loose);
    store_file_bind(add, 5, shape->texts);
    return finish(index, add, error);
}

// ---- Blocks

int store_index_put_block(struct store_index *index, const struct store_block *block,
                          struct error *error)
{
    sqlite3_stmt *put;
    int failed = statement(index, PUT_BLOCK, &put, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(put, 1, block->first_row);
    sqlite3_bind_int64(put, 2, block->row_count);
    sqlite3_bind_int64(put, 3, block->segment);
    sqlite3_bind_int64(put, 4, block->at);
    sqlite3_bind_int64(put, 5, block->min_ms);
    sqlite3_bind_int64(put, 6, block->max_ms);
    store_file_bind(put, 7, block->shapes);
    store_file_bind(put, 8, block->data);
    return finish(index, put, error);
}

int store_index_find_blocks(struct store_index *index, const struct store_blocks *wanted,
                            struct error *error)
{
    end_search(index);
    int failed =
        statement(index, wanted->newest_first ? BLOCKS_NEWEST : BLOCKS, &index->search, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(index->search, 1, wanted->row_from);
    sqlite3_bind_int64(index->search, 2, wanted->row_to);
    sqlite3_bind_int64(index->search, 3, wanted->from_ms);
    sqlite3_bind_int64(index->search, 4, wanted->to_ms);
    return 0;
}

int store_index_next_block(struct store_index *index, struct store_block *ret, bool *ret_found,
                           struct error *error)
{
    *ret_found = false;
    if (index->search == NULL)
        return 0;
    int result = sqlite3_step(index->search);
    if (result != SQLITE_ROW) {
        sqlite3_reset(index->search);
        index->search = NULL;
        return result == SQLITE_DONE ? 0 : store_file_failure(&index->file, result, "read", error);
    }
    *ret = (struct store_block){.first_row = sqlite3_column_int64(index->search, 0),
                                .row_count = sqlite3_column_int64(index->search, 1),
                                .segment = sqlite3_column_int64(index->search, 2),
                                .at = sqlite3_column_int64(index->search, 3),
                                .min_ms = sqlite3_column_int64(index->search, 4),
                                .max_ms = sqlite3_column_int64(index->search, 5)};
    *ret_found = true;
    return 0;
}

struct slice store_index_block_shapes(struct store_index *index)
{
    return index->search == NULL ? (struct slice){0} : store_file_column(index->search, 6);
}

struct slice store_index_block_data(struct store_index *index)
{
    return index->search == NULL ? (struct slice){0} : store_file_column(index->search, 7);
}

// ---- Bands

int store_index_put_band(struct store_index *index, const struct store_band *band,
                         struct error *error)
{
    sqlite3_stmt *put;
    int failed = statement(index, PUT_BAND, &put, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(put, 1, band->first_row);
    sqlite3_bind_int64(put, 2, band->segment);
    sqlite3_bind_int64(put, 3, band->last_row);
    store_file_bind(put, 4, band->data);
    return finish(index, put, error);
}

int store_index_find_band(struct store_index *index, int64_t row, struct store_band *ret,
                          bool *ret_found, struct error *error)
{
    sqlite3_stmt *find;
    int failed = statement(index, BAND, &find, error);
    if (failed != 0)
        return failed;
    sqlite3_reset(find);
    sqlite3_bind_int64(find, 1, row);
    int result = sqlite3_step(find);
    *ret_found = result == SQLITE_ROW;
    if (*ret_found)
        *ret = (struct store_band){.first_row = sqlite3_column_int64(find, 0),
                                   .segment = sqlite3_column_int64(find, 1),
                                   .last_row = sqlite3_column_int64(find, 2),
                                   .data = store_file_column(find, 3)};
    return result == SQLITE_ROW || result == SQLITE_DONE
               ? 0
               : store_file_failure(&index->file, result, "read", error);
}
