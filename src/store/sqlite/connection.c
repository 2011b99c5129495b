// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/rows_internal.h"

#include "base/memory.h"

#include <sys/stat.h>

#include "records_sql.h"

// What was acknowledged must survive a loss of power, so each commit waits for the disk
// (synchronous FULL, and the drive's own cache where the system can); many jobs share one.
#define SETTINGS                                                                                   \
    "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA recursive_triggers = OFF;"      \
    "PRAGMA busy_timeout = 5000"
#define WRITER_SETTINGS                                                                            \
    SETTINGS "; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;"      \
             "PRAGMA checkpoint_fullfsync = ON; PRAGMA journal_size_limit = 67108864;"             \
             "PRAGMA secure_delete = ON"

static const struct store_format format = {
    .application_id = 0x53506374, // "SPct"
    .noun = "the database",
    .short_noun = "a database of sallyport",
    .advice = "restore it from a backup (docs/storage.md); nothing was changed",
    .first = "PRAGMA busy_timeout = 5000",
    .settings = WRITER_SETTINGS,
    .steps = records_steps,
    .step_count = sizeof records_steps / sizeof *records_steps,
};

// A table or a column that is missing shows now and not when somebody first asks for it.
static int check_tables(struct store_connection *connection, struct error *error)
{
    sqlite3_stmt *unused;
    for (int kind = 0; kind < STORE_KINDS; kind++) {
        int failed = store_statement(connection, (enum store_kind)kind, USE_GET, &unused, error);
        if (failed != 0)
            return failed;
    }
    return 0;
}

static int open_file(struct store_file *file, const char *path, enum store_way way,
                     struct error *error)
{
    switch (way) {
    case STORE_WRITES: return store_file_open(file, path, &format, error);
    case STORE_PEEKS: return store_file_peek(file, path, &format, error);
    default: return store_file_join(file, path, &format, error);
    }
}

int store_connection_open(const char *path, enum store_way way, struct store_connection **ret,
                          struct error *error)
{
    struct store_connection *connection = memory_new(sizeof *connection);
    struct store_file *file = &connection->file;
    int failed = open_file(file, path, way, error);
    if (failed == 0 && way != STORE_WRITES)
        failed = store_file_execute(file, SETTINGS "; PRAGMA query_only = ON", "open", error);
    if (failed == 0)
        failed = check_tables(connection, error);
    if (failed != 0)
        store_connection_close(connection);
    else
        *ret = connection;
    return failed;
}

void store_connection_close(struct store_connection *connection)
{
    if (connection == NULL)
        return;
    for (size_t kind = 0; kind < STORE_KINDS; kind++)
        for (size_t use = 0; use < USES; use++)
            sqlite3_finalize(connection->statements[kind][use]);
    store_file_close(&connection->file);
    memory_free(connection);
}

int store_connection_begin(struct store_connection *connection, bool writes, struct error *error)
{
    return store_file_execute(&connection->file, writes ? "BEGIN IMMEDIATE" : "BEGIN",
                              writes ? "write" : "read", error);
}

int store_connection_commit(struct store_connection *connection, struct error *error)
{
    return store_file_execute(&connection->file, "COMMIT", "write", error);
}

void store_connection_rollback(struct store_connection *connection)
{
    if (sqlite3_get_autocommit(connection->file.db) == 0)
        sqlite3_exec(connection->file.db, "ROLLBACK", NULL, NULL, NULL);
}

static uint64_t size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && status.st_size > 0 ? (uint64_t)status.st_size : 0;
}

void store_connection_sizes(const struct store_connection *connection, uint64_t *ret_file,
                            uint64_t *ret_wal)
{
    const char *wal = sqlite3_filename_wal(sqlite3_db_filename(connection->file.db, "main"));
    *ret_file = size_of(connection->file.path);
    *ret_wal = wal == NULL ? 0 : size_of(wal);
}

int store_connection_mark(struct store_connection *connection, struct error *error)
{
    return store_file_execute(&connection->file, "SAVEPOINT job", "write", error);
}

int store_connection_keep(struct store_connection *connection, struct error *error)
{
    return store_file_execute(&connection->file, "RELEASE job", "write", error);
}

int store_connection_undo(struct store_connection *connection, struct error *error)
{
    return store_file_execute(&connection->file, "ROLLBACK TO job; RELEASE job", "write", error);
}
