// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int store_file_failure(const struct store_file *file, int result, const char *doing,
                       struct error *error)
{
    const struct store_format *format = file->format;
    switch (result & 0xFF) {
    case SQLITE_NOTADB:
        return error_set(error, ERROR_CONFIG, "'%s' is not %s; name another path", file->path,
                         format->short_noun);
    case SQLITE_CORRUPT:
        return error_set(error, ERROR_CONFIG, "%s '%s' is damaged; %s", format->noun, file->path,
                         format->advice);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(error, ERROR_IO, "%s '%s' is in use by another process", format->noun,
                         file->path);
    case SQLITE_FULL:
        return error_set(error, ERROR_IO, "cannot write %s '%s': the disk is full", format->noun,
                         file->path);
    case SQLITE_READONLY:
        return error_set(error, ERROR_IO, "%s '%s' may not be written", format->noun, file->path);
    case SQLITE_NOMEM: return error_set(error, ERROR_NO_MEMORY, "out of memory");
    default:
        return error_set(error, ERROR_IO, "cannot %s %s '%s': %s", doing, format->noun, file->path,
                         sqlite3_errmsg(file->db));
    }
}

// Makes the file if missing: SQLite would do it with the process's umask. And looks at what it is,
// for SQLite takes a file of a few bytes for an empty database and overwrites it.
static int make_file(const struct store_file *file, struct error *error)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof magic];
    struct stat status;
    int fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return error_set(error, ERROR_IO, "cannot open %s '%s': %s", file->format->noun, file->path,
                         strerror(errno));
    bool known = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                 (status.st_size == 0 || (pread(fd, head, sizeof head, 0) == sizeof head &&
                                          memcmp(head, magic, sizeof magic) == 0));
    close(fd);
    return known ? 0 : store_file_failure(file, SQLITE_NOTADB, "open", error);
}

int store_file_prepare(struct store_file *file, const char *sql, sqlite3_stmt **ret,
                       struct error *error)
{
    int result = sqlite3_prepare_v2(file->db, sql, -1, ret, NULL);
    return result == SQLITE_OK ? 0 : store_file_failure(file, result, "read", error);
}

int store_file_execute(struct store_file *file, const char *sql, const char *doing,
                       struct error *error)
{
    int result = sqlite3_exec(file->db, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? 0 : store_file_failure(file, result, doing, error);
}

static int query_number(struct store_file *file, const char *sql, int64_t *ret, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : store_file_failure(file, result, "read", error);
}

// 0 for an empty file; refuses files of others and of the future.
static int read_version(struct store_file *file, int64_t *ret_version, struct error *error)
{
    int64_t application = 0, objects = 0;
    *ret_version = 0;
    int failed = query_number(file, "PRAGMA application_id", &application, error);
    if (failed == 0)
        failed = query_number(file, "SELECT count(*) FROM sqlite_schema", &objects, error);
    if (failed != 0 || (application == 0 && objects == 0))
        return failed;
    if (application != file->format->application_id)
        return error_set(error, ERROR_CONFIG,
                         "'%s' is a database of another program; name another path", file->path);
    failed = query_number(file, "SELECT max(version) FROM schema_version", ret_version, error);
    if (failed == 0 && *ret_version > file->format->step_count)
        return error_set(error, ERROR_CONFIG, "%s '%s' was written by a newer version of sallyport",
                         file->format->noun, file->path);
    return failed;
}

static int apply_step(struct store_file *file, int64_t step, struct error *error)
{
    char note[256], time[CLOCK_TEXT_SIZE];
    clock_format(clock_wall_ms(), time);
    sqlite3_snprintf(sizeof note, note,
                     "PRAGMA application_id = %d; INSERT INTO schema_version VALUES (%lld, %Q);",
                     file->format->application_id, (long long)step, time);
    int64_t version = 0;
    int failed = store_file_execute(file, "BEGIN IMMEDIATE", "write", error);
    // Another process may have taken the step meanwhile.
    if (failed == 0)
        failed = read_version(file, &version, error);
    if (failed == 0 && version < step)
        failed = store_file_execute(file, file->format->steps[step - 1], "write", error);
    if (failed == 0 && version < step)
        failed = store_file_execute(file, note, "write", error);
    if (failed == 0)
        failed = store_file_execute(file, "COMMIT", "write", error);
    if (failed != 0)
        sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
    return failed;
}

static int check_content(struct store_file *file, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(file->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    const char *text =
        result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if (text != NULL && strcmp(text, "ok") != 0)
        result = SQLITE_CORRUPT;
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : store_file_failure(file, result, "read", error);
}

// SQLite does not complain where a file system cannot do what WAL needs; it just does without.
static int check_journal(struct store_file *file, struct error *error)
{
    int64_t wal = 0;
    int failed =
        query_number(file, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &wal, error);
    if (failed == 0 && wal == 0)
        failed = error_set(error, ERROR_IO, "%s '%s' is on a file system that cannot hold it",
                           file->format->noun, file->path);
    return failed;
}

static int bring_up_to_date(struct store_file *file, struct error *error)
{
    const struct store_format *format = file->format;
    int64_t version = 0;
    int failed = format->first == NULL ? 0 : store_file_execute(file, format->first, "open", error);
    if (failed == 0)
        failed = read_version(file, &version, error);
    if (failed == 0)
        failed = store_file_execute(file, format->settings, "write", error);
    if (failed == 0)
        failed = store_file_execute(file, "BEGIN IMMEDIATE; COMMIT", "write", error);
    if (failed == 0)
        failed = check_journal(file, error);
    if (failed == 0 && version > 0 && !format->large)
        failed = check_content(file, error);
    for (int64_t step = version + 1; failed == 0 && step <= format->step_count; step++)
        failed = apply_step(file, step, error);
    return failed;
}

static int join(struct store_file *file, const char *path, const struct store_format *format,
                int flags, struct error *error)
{
    file->format = format;
    file->path = memory_copy_string(path, strlen(path));
    int result = sqlite3_open_v2(path, &file->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    // A column that is missing is an error and not its own name as a string.
    if (result == SQLITE_OK)
        result = sqlite3_db_config(file->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    return result == SQLITE_OK ? 0 : store_file_failure(file, result, "open", error);
}

int store_file_join(struct store_file *file, const char *path, const struct store_format *format,
                    struct error *error)
{
    return join(file, path, format, SQLITE_OPEN_READWRITE, error);
}

int store_file_follow(struct store_file *file, const char *path, const struct store_format *format,
                      struct error *error)
{
    int64_t version = 0;
    int failed = store_file_join(file, path, format, error);
    if (failed == 0 && format->first != NULL)
        failed = store_file_execute(file, format->first, "open", error);
    if (failed == 0)
        failed = read_version(file, &version, error);
    // Whoever makes it does so in one step, which is not done yet.
    if (failed == 0 && version == 0)
        failed = error_set(error, ERROR_NOT_FOUND, "%s '%s' is not there yet", format->noun, path);
    else if (failed == 0 && version < format->step_count)
        failed = error_set(error, ERROR_IO,
                           "%s '%s' was written by an older version of sallyport and nothing has "
                           "written to it since",
                           format->noun, path);
    return failed;
}

// Has it changes that are not folded into it yet?
static bool has_log(const char *path)
{
    char log[PATH_MAX];
    struct stat status;
    snprintf(log, sizeof log, "%s-wal", path);
    return stat(log, &status) == 0 && status.st_size > 0;
}

// A copy on a disk that may not be written, where SQLite cannot make what it shares with others.
static int join_copy(struct store_file *file, const char *path, const struct store_format *format,
                     struct error *error)
{
    char *uri = sqlite3_mprintf("file:%s?immutable=1", path);
    if (uri == NULL || strpbrk(path, "?#%") != NULL) {
        sqlite3_free(uri);
        return error_set(error, ERROR_IO, "%s '%s' cannot be read where it is; copy it",
                         format->noun, path);
    }
    int result = join(file, uri, format, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
    sqlite3_free(uri);
    return result;
}

int store_file_peek(struct store_file *file, const char *path, const struct store_format *format,
                    struct error *error)
{
    int64_t version = 0;
    if (access(path, F_OK) != 0)
        return error_set(error, ERROR_CONFIG, "there is no file '%s'", path);
    int failed = join(file, path, format, SQLITE_OPEN_READONLY, error);
    if (failed == 0 && format->first != NULL)
        failed = store_file_execute(file, format->first, "open", error);
    if (failed == 0)
        failed = read_version(file, &version, error);
    if (failed == ERROR_IO && !has_log(path)) {
        store_file_close(file);
        failed = join_copy(file, path, format, error);
        if (failed == 0)
            failed = read_version(file, &version, error);
    }
    if (failed == 0 && version < format->step_count)
        failed = error_set(error, ERROR_CONFIG,
                           "%s '%s' was written by an older version of sallyport; let this one "
                           "serve it once",
                           format->noun, path);
    return failed;
}

int store_file_open(struct store_file *file, const char *path, const struct store_format *format,
                    struct error *error)
{
    const struct store_file wanted = {.path = (char *)(uintptr_t)path, .format = format};
    int failed = make_file(&wanted, error);
    if (failed == 0)
        failed = store_file_join(file, path, format, error);
    if (failed == 0)
        failed = bring_up_to_date(file, error);
    if (failed == 0 && chmod(path, 0600) != 0)
        failed = error_set(error, ERROR_IO, "cannot protect %s '%s': %s", format->noun, path,
                           strerror(errno));
    return failed;
}

void store_file_close(struct store_file *file)
{
    sqlite3_close(file->db);
    memory_free(file->path);
    *file = (struct store_file){0};
}
