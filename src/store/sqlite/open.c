// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/memory.h"
#include "store/store_internal.h"

#include "limits_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// "SPlm": tells our file from any other SQLite file.
enum { APPLICATION_ID = 0x53506C6D, STEPS = sizeof limits_steps / sizeof *limits_steps };

int store_failure(const struct store *store, int result, const char *doing, struct error *error)
{
    switch (result & 0xFF) {
    case SQLITE_NOTADB:
        return error_set(error, ERROR_CONFIG, "'%s' is not a limits file; name another path",
                         store->path);
    case SQLITE_CORRUPT:
        return error_set(error, ERROR_CONFIG,
                         "the limits file '%s' is damaged; move it away to start with all limits "
                         "unused",
                         store->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(error, ERROR_IO, "the limits file '%s' is in use by another process",
                         store->path);
    case SQLITE_FULL:
        return error_set(error, ERROR_IO, "cannot write the limits file '%s': the disk is full",
                         store->path);
    case SQLITE_READONLY:
        return error_set(error, ERROR_IO, "the limits file '%s' may not be written", store->path);
    case SQLITE_NOMEM: return error_set(error, ERROR_NO_MEMORY, "out of memory");
    default:
        return error_set(error, ERROR_IO, "cannot %s the limits file '%s': %s", doing, store->path,
                         sqlite3_errmsg(store->db));
    }
}

// Makes the file if missing: SQLite would do it with the process's umask. And looks at what it is,
// for SQLite takes a file of a few bytes for an empty database and overwrites it.
static int make_file(const char *path, struct error *error)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof magic];
    struct stat status;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return error_set(error, ERROR_IO, "cannot open the limits file '%s': %s", path,
                         strerror(errno));
    bool known = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                 (status.st_size == 0 || (pread(fd, head, sizeof head, 0) == sizeof head &&
                                          memcmp(head, magic, sizeof magic) == 0));
    close(fd);
    return known ? 0
                 : error_set(error, ERROR_CONFIG, "'%s' is not a limits file; name another path",
                             path);
}

static int query_number(struct store *store, const char *sql, int64_t *ret, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : store_failure(store, result, "read", error);
}

static int run_sql(struct store *store, const char *sql, const char *doing, struct error *error)
{
    int result = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? 0 : store_failure(store, result, doing, error);
}

// 0 for an empty file; refuses files of others and of the future.
static int read_version(struct store *store, int64_t *ret_version, struct error *error)
{
    int64_t application = 0, objects = 0;
    *ret_version = 0;
    int failed = query_number(store, "PRAGMA application_id", &application, error);
    if (failed == 0)
        failed = query_number(store, "SELECT count(*) FROM sqlite_schema", &objects, error);
    if (failed != 0 || (application == 0 && objects == 0))
        return failed;
    if (application != APPLICATION_ID)
        return error_set(error, ERROR_CONFIG,
                         "'%s' is a database of another program; name another path", store->path);
    failed = query_number(store, "SELECT max(version) FROM schema_version", ret_version, error);
    if (failed == 0 && *ret_version > STEPS)
        return error_set(error, ERROR_CONFIG,
                         "the limits file '%s' was written by a newer version of sallyport",
                         store->path);
    return failed;
}

static int apply_step(struct store *store, int64_t step, struct error *error)
{
    char note[256], time[CLOCK_TEXT_SIZE];
    clock_format(clock_wall_ms(), time);
    sqlite3_snprintf(sizeof note, note,
                     "PRAGMA application_id = %d; INSERT INTO schema_version VALUES (%lld, %Q);",
                     APPLICATION_ID, (long long)step, time);
    int failed = run_sql(store, "BEGIN IMMEDIATE", "write", error);
    if (failed == 0)
        failed = run_sql(store, limits_steps[step - 1], "write", error);
    if (failed == 0)
        failed = run_sql(store, note, "write", error);
    if (failed == 0)
        failed = run_sql(store, "COMMIT", "write", error);
    if (failed != 0)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return failed;
}

static int check_content(struct store *store, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    const char *text =
        result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if (text != NULL && strcmp(text, "ok") != 0)
        result = SQLITE_CORRUPT;
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : store_failure(store, result, "read", error);
}

static int prepare_file(struct store *store, struct error *error)
{
    int64_t version = 0;
    // Exclusive: two gateways with one file would overwrite each other's counters.
    int failed = run_sql(store, "PRAGMA locking_mode = EXCLUSIVE", "open", error);
    if (failed == 0)
        failed = read_version(store, &version, error);
    if (failed == 0)
        failed = run_sql(store,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                         "PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF;"
                         "PRAGMA secure_delete = OFF; BEGIN IMMEDIATE; COMMIT",
                         "write", error);
    if (failed == 0 && version > 0)
        failed = check_content(store, error);
    for (int64_t step = version + 1; failed == 0 && step <= STEPS; step++)
        failed = apply_step(store, step, error);
    return failed;
}

int store_open(const char *path, struct store **ret, struct error *error)
{
    int failed = make_file(path, error);
    if (failed != 0)
        return failed;
    struct store *store = memory_new(sizeof *store);
    store->path = memory_copy_string(path, strlen(path));
    int result =
        sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    failed = result == SQLITE_OK ? 0 : store_failure(store, result, "open", error);
    if (failed == 0)
        failed = prepare_file(store, error);
    if (failed == 0)
        failed = store_prepare_counters(store, error);
    if (failed == 0 && chmod(path, 0600) != 0)
        failed = error_set(error, ERROR_IO, "cannot protect the limits file '%s': %s", path,
                           strerror(errno));
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
    sqlite3_close(store->db);
    memory_free(store->path);
    memory_free(store);
}

int store_begin(struct store *store, struct error *error)
{
    return run_sql(store, "BEGIN IMMEDIATE", "write", error);
}

int store_commit(struct store *store, struct error *error)
{
    return run_sql(store, "COMMIT", "write", error);
}

void store_rollback(struct store *store)
{
    if (sqlite3_get_autocommit(store->db) == 0)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}
