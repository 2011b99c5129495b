// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside of store/: what the records look like (tables.c), and what a database must be able to do
// (store_rows_*, in sqlite/). Everything else of the records is the same for every database.
#pragma once

#include "chain/chain.h"
#include "json/json.h"
#include "store/store.h"

// ---- tables.c
enum store_column_kind { COLUMN_TEXT, COLUMN_BYTES, COLUMN_NUMBER, COLUMN_FLAG, COLUMN_WORD };

struct store_column {
    const char *name; // of the column and of the audit's member
    enum store_column_kind kind;
    size_t offset;            // in the struct: struct slice, int64_t, bool or an enum
    size_t most;              // bytes
    const char *const *words; // COLUMN_WORD: by the enum's value, NULL-terminated
    bool (*check)(struct slice value);
    enum json_type json; // what it must be: an array (of strings) or an object; else JSON_NULL
    bool optional;       // text: empty is stored as NULL
    bool fixed;
    bool secret;     // masked in the audit
    bool bulk;       // left out of lists; the audit has its length
    bool unique;     // store_find accepts it
    bool everywhere; // unique in the installation: found before the organisation is known
};

struct store_table {
    const char *name;
    const char *prefix; // of ids
    size_t size;        // of the struct
    const struct store_column *columns;
    size_t count;
    int parent, used; // columns, -1: none
    bool constant;    // no changes
    bool quiet;       // nobody is told, and nothing is in the audit
    bool unaudited;   // nothing is in the audit
};
extern const struct store_table store_tables[STORE_KINDS];

static inline struct slice *store_text(const struct store_head *record,
                                       const struct store_column *column)
{
    return (struct slice *)(void *)((char *)(uintptr_t)record + column->offset);
}
// A number, a flag or the place of a word.
int64_t store_number(const struct store_head *record, const struct store_column *column);
void store_set_number(struct store_head *record, const struct store_column *column, int64_t value);
static inline bool store_is_text(const struct store_column *column)
{
    return column->kind == COLUMN_TEXT || column->kind == COLUMN_BYTES;
}
bool store_same(const struct store_head *a, const struct store_head *b,
                const struct store_column *column);
// ---- values.c
// ERROR_RANGE with the column's name.
int store_check(const struct store_table *table, const struct store_head *record,
                struct error *error) MUST_CHECK;
// The organisation's is its own.
void store_new_id(const struct store_table *table, int64_t now_ms, struct arena *arena,
                  struct slice *ret);

// ---- A connection to the database: one thread at a time.
struct store_connection;
enum store_way {
    STORE_READS,
    STORE_WRITES, // makes the file and brings it up to date
    STORE_PEEKS,  // reads what another process may have, and leaves it as it is
};
int store_connection_open(const char *path, enum store_way way, struct store_connection **ret,
                          struct error *error) MUST_CHECK;
void store_connection_close(struct store_connection *connection);
int store_connection_begin(struct store_connection *connection, bool writes,
                           struct error *error) MUST_CHECK;
int store_connection_commit(struct store_connection *connection, struct error *error) MUST_CHECK;
void store_connection_rollback(struct store_connection *connection);
// Bytes on disk: of the database, and of what is not folded into it yet.
void store_connection_sizes(const struct store_connection *connection, uint64_t *ret_file,
                            uint64_t *ret_wal);
// One job's part of a transaction: mark, then keep or undo. Undo fails when the database gave up
// the whole transaction.
int store_connection_mark(struct store_connection *connection, struct error *error) MUST_CHECK;
int store_connection_keep(struct store_connection *connection, struct error *error) MUST_CHECK;
int store_connection_undo(struct store_connection *connection, struct error *error) MUST_CHECK;

struct store_rows {
    void *items; // in the arena
    size_t count;
    bool more;
};
int store_rows_get(struct store_connection *connection, enum store_kind kind,
                   struct slice organisation, struct slice id, struct arena *arena,
                   struct store_head *ret, struct error *error) MUST_CHECK;
int store_rows_find(struct store_connection *connection, enum store_kind kind, size_t column,
                    struct slice organisation, struct slice value, struct arena *arena,
                    struct store_head *ret, struct error *error) MUST_CHECK;
int store_rows_list(struct store_connection *connection, enum store_kind kind,
                    struct slice organisation, struct slice parent, const struct store_page *page,
                    struct arena *arena, struct store_rows *ret, struct error *error) MUST_CHECK;
int store_rows_insert(struct store_connection *connection, enum store_kind kind,
                      const struct store_head *record, struct error *error) MUST_CHECK;
// Where the organisation, the id and the version before match: ERROR_CONFLICT when no row does.
int store_rows_update(struct store_connection *connection, enum store_kind kind,
                      const struct store_head *record, int64_t before,
                      struct error *error) MUST_CHECK;
int store_rows_delete(struct store_connection *connection, enum store_kind kind,
                      struct slice organisation, struct slice id, struct error *error) MUST_CHECK;
int store_rows_touch(struct store_connection *connection, enum store_kind kind,
                     struct slice organisation, struct slice id, int64_t now_ms,
                     struct error *error) MUST_CHECK;
// What has an expires_ms at or before this time; at most 1,000 rows.
int store_rows_expire(struct store_connection *connection, enum store_kind kind, int64_t now_ms,
                      struct error *error) MUST_CHECK;
// Questions that are open, without their arguments.
int store_rows_list_open(struct store_connection *connection, struct slice organisation,
                         const struct store_page *page, struct arena *arena, struct store_rows *ret,
                         struct error *error) MUST_CHECK;
// Questions or exceptions of a print; the page is newest first.
int store_rows_list_of_print(struct store_connection *connection, enum store_kind kind,
                             struct slice organisation, struct slice print,
                             const struct store_page *page, struct arena *arena,
                             struct store_rows *ret, struct error *error) MUST_CHECK;
// Arguments of questions that are over since before the first time, and questions that are since
// before the second; at most 1,000 rows each.
int store_rows_forget_questions(struct store_connection *connection, int64_t full_until_ms,
                                int64_t until_ms, struct error *error) MUST_CHECK;
// What has a lower sequence.
int store_rows_forget_audit(struct store_connection *connection, struct slice organisation,
                            int64_t sequence, struct error *error) MUST_CHECK;
// The newest row of the audit; sequence 0 when there is none.
int store_rows_last_audit(struct store_connection *connection, struct slice organisation,
                          struct arena *arena, struct store_audit *ret,
                          struct error *error) MUST_CHECK;

// ---- view.c
struct store_changes {
    struct store_change *items; // owned; what they point to is in the arena
    size_t count, capacity;
    struct arena arena;
};
struct store_view {
    struct store_connection *connection;
    struct arena arena; // of the job
    const struct store_actor *actor;
    struct store_changes *changes; // NULL: only reads
    struct chain_hasher *hasher;   // NULL: only reads
};

// ---- note.c: a row of the admin audit. `before` and `after` may be NULL.
int store_note(struct store_view *view, enum store_kind kind, const char *verb,
               const struct store_head *before, const struct store_head *after, int64_t now_ms,
               struct error *error) MUST_CHECK;
