// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/catalogue_internal.h"

#include "base/memory.h"

#include <unistd.h>

#include "catalogue_sql.h"

#define SETTINGS                                                                                   \
    "PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384;"         \
    "PRAGMA temp_store = MEMORY"

// What a loss of power takes away is found again at the next look.
static const struct store_format format = {
    .application_id = 0x53506363, // "SPcc"
    .noun = "the catalogue",
    .short_noun = "a catalogue",
    .advice = "delete it and look at the servers again; what people decided is not in it",
    .first = "PRAGMA busy_timeout = 5000",
    .settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                "PRAGMA journal_size_limit = 16777216; " SETTINGS,
    .steps = catalogue_steps,
    .step_count = sizeof catalogue_steps / sizeof *catalogue_steps,
    .large = true,
};

#define SERVER_COLUMNS                                                                             \
    "SELECT id, owner, name, slug, fold, title, source, reads, writes, executes, destroys, pays,"  \
    " unknown, tools, tokens, worst, first_seen, seen, changed, forgotten FROM server "
#define SERVERS_WHERE                                                                              \
    "WHERE owner = ?1 AND (?4 = x'' OR instr(fold, ?4) > 0"                                        \
    " OR (title <> x'' AND instr(lower(title), ?4) > 0))"                                          \
    " AND (?5 = 0 OR ((?5 & 1) AND reads) OR ((?5 & 2) AND writes) OR ((?5 & 4) AND executes)"     \
    " OR ((?5 & 8) AND destroys) OR ((?5 & 16) AND pays) OR ((?5 & 32) AND unknown))"
#define TOOLS "SELECT " CATALOGUE_TOOL_COLUMNS " FROM tool t "
#define PASTS "SELECT server, name_key, kind, name, definition, before, since, at FROM past "
#define NAMES                                                                                      \
    "SELECT " CATALOGUE_TOOL_COLUMNS ", n.fold FROM tool_name n JOIN tool t ON t.id = n.tool"      \
    " WHERE n.owner = ?1 AND n.category = ?2 "

static const char *const texts[CATALOGUE_USES] = {
    [CATALOGUE_OWNER] = "SELECT id FROM owner WHERE organisation = ?1",
    [CATALOGUE_ADD_OWNER] = "INSERT INTO owner (organisation) VALUES (?1)",
    [CATALOGUE_SERVER_BY_SLUG] = SERVER_COLUMNS "WHERE owner = ?1 AND slug = ?2",
    [CATALOGUE_SERVER_BY_NAME] = SERVER_COLUMNS "WHERE owner = ?1 AND name = ?2",
    [CATALOGUE_SERVER] = SERVER_COLUMNS "WHERE id = ?1",
    [CATALOGUE_LAST_SERVER] = "SELECT max(id) FROM server WHERE id BETWEEN ?1 AND ?2",
    [CATALOGUE_PUT_SERVER] =
        "INSERT INTO server (id, owner, name, slug, fold, title, source, reads, writes, executes,"
        " destroys, pays, unknown, tools, tokens, worst, first_seen, seen, changed, forgotten)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
        " ?19, ?20) ON CONFLICT (id) DO UPDATE SET title = ?6, source = ?7, reads = ?8,"
        " writes = ?9, executes = ?10, destroys = ?11, pays = ?12, unknown = ?13, tools = ?14,"
        " tokens = ?15, worst = ?16, seen = ?18, changed = ?19, forgotten = ?20",
    [CATALOGUE_DROP_SERVER] = "DELETE FROM server WHERE id = ?1",
    [CATALOGUE_DROP_PASTS] = "DELETE FROM past WHERE server = ?1",
    [CATALOGUE_SERVERS] =
        SERVER_COLUMNS SERVERS_WHERE " AND (fold, id) > (?2, ?3) ORDER BY owner, fold, id LIMIT ?6",
    [CATALOGUE_COUNT_SERVERS] =
        "SELECT count(*) FROM (SELECT 1 FROM server " SERVERS_WHERE " LIMIT ?6)",
    [CATALOGUE_TOOLS] = TOOLS "WHERE t.id BETWEEN ?1 AND ?2 ORDER BY t.id",
    [CATALOGUE_TOOL] = TOOLS "WHERE t.id = ?1",
    [CATALOGUE_PUT_TOOL] =
        "INSERT OR REPLACE INTO tool (id, name, summary, category, override, confidence, tokens,"
        " fingerprint, first_seen, changed, changes)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [CATALOGUE_DROP_TOOL] = "DELETE FROM tool WHERE id = ?1",
    [CATALOGUE_PUT_NAME] =
        "INSERT INTO tool_name (owner, category, fold, tool) VALUES (?1, ?2, ?3, ?4)",
    [CATALOGUE_DROP_NAME] =
        "DELETE FROM tool_name WHERE owner = ?1 AND category = ?2 AND fold = ?3 AND tool = ?4",
    [CATALOGUE_PUT_WORDS] =
        "INSERT INTO word (rowid, name, words, category) VALUES (?1, ?2, ?3, ?4)",
    [CATALOGUE_DROP_WORDS] = "INSERT INTO word (word, rowid, name, words, category)"
                             " VALUES ('delete', ?1, ?2, ?3, ?4)",
    [CATALOGUE_PACKS] = "SELECT id, data FROM pack WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    [CATALOGUE_PACK] =
        "SELECT id, data FROM pack WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1",
    [CATALOGUE_PUT_PACK] = "INSERT OR REPLACE INTO pack (id, data) VALUES (?1, ?2)",
    [CATALOGUE_DROP_PACKS] = "DELETE FROM pack WHERE id BETWEEN ?1 AND ?2",
    [CATALOGUE_DICTIONARY] =
        "SELECT id, data FROM dictionary WHERE id = ?1 OR ?1 = 0 ORDER BY id LIMIT 1",
    [CATALOGUE_PUT_DICTIONARY] = "INSERT INTO dictionary (id, data) VALUES (?1, ?2)",
    [CATALOGUE_PASTS] = PASTS "WHERE server = ?1 ORDER BY id DESC LIMIT ?2",
    [CATALOGUE_PASTS_OF] = PASTS "WHERE server = ?1 AND name_key = ?3 ORDER BY id DESC LIMIT ?2",
    [CATALOGUE_ADD_PAST] =
        "INSERT INTO past (server, name_key, kind, name, definition, before, since, at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [CATALOGUE_CUT_PASTS_OF] =
        "DELETE FROM past WHERE server = ?1 AND name_key = ?3 AND id <= (SELECT id FROM past"
        " WHERE server = ?1 AND name_key = ?3 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    [CATALOGUE_CUT_PASTS] = "DELETE FROM past WHERE server = ?1 AND id <= (SELECT id FROM past"
                            " WHERE server = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    [CATALOGUE_SUMS] = "SELECT kind, items, tokens FROM total WHERE owner = ?1",
    [CATALOGUE_ADD_SUM] =
        "INSERT INTO total (owner, kind, items, tokens) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (owner, kind) DO UPDATE SET items = items + ?3, tokens = tokens + ?4",
    [CATALOGUE_NAMES] = NAMES "AND n.fold >= ?3 AND n.fold < ?4"
                              " ORDER BY n.fold, n.tool LIMIT ?5",
    [CATALOGUE_NAMES_BEHIND] = NAMES "AND (n.fold, n.tool) > (?3, ?6)"
                                     " AND n.fold < ?4"
                                     " ORDER BY n.fold, n.tool LIMIT ?5",
    [CATALOGUE_COUNT_NAMES] =
        "SELECT count(*) FROM (SELECT 1 FROM tool_name WHERE owner = ?1 AND category = ?2"
        " AND fold >= ?3 AND fold < ?4 LIMIT ?5)",
    [CATALOGUE_MATCHES] = "SELECT " CATALOGUE_TOOL_COLUMNS
                          " FROM word w JOIN tool t ON t.id = w.rowid WHERE word MATCH ?1"
                          " AND w.rowid BETWEEN ?2 AND ?3 ORDER BY w.rowid LIMIT ?4",
    [CATALOGUE_COUNT_MATCHES] = "SELECT count(*) FROM (SELECT rowid FROM word WHERE word MATCH ?1"
                                " AND rowid BETWEEN ?2 AND ?3 LIMIT ?4)",
};

int store_catalogue_statement(struct store_catalogue *catalogue, enum catalogue_use use,
                              sqlite3_stmt **ret, struct error *error)
{
    int failed = 0;
    if (catalogue->statements[use] == NULL)
        failed =
            store_file_prepare(&catalogue->file, texts[use], &catalogue->statements[use], error);
    *ret = catalogue->statements[use];
    return failed;
}

int store_catalogue_finish(struct store_catalogue *catalogue, sqlite3_stmt *change,
                           struct error *error)
{
    int result = sqlite3_step(change);
    sqlite3_reset(change);
    return result == SQLITE_DONE ? 0 : store_file_failure(&catalogue->file, result, "write", error);
}

int store_catalogue_end(struct store_catalogue *catalogue, sqlite3_stmt *select, int result,
                        struct error *error)
{
    int failed = result == SQLITE_DONE || result == SQLITE_ROW
                     ? 0
                     : store_file_failure(&catalogue->file, result, "read", error);
    sqlite3_reset(select);
    return failed;
}

// ---- Open, close, transactions

int store_catalogue_open(const char *path, bool writes, struct store_catalogue **ret,
                         struct error *error)
{
    if (!writes && access(path, F_OK) != 0)
        return error_set(error, ERROR_NOT_FOUND, "there is no catalogue '%s' yet", path);
    struct store_catalogue *catalogue = memory_new(sizeof *catalogue);
    int failed = writes ? store_file_open(&catalogue->file, path, &format, error)
                        : store_file_follow(&catalogue->file, path, &format, error);
    if (failed == 0 && !writes)
        failed = store_file_execute(&catalogue->file, SETTINGS "; PRAGMA query_only = ON", "open",
                                    error);
    if (failed != 0)
        store_catalogue_close(catalogue);
    else
        *ret = catalogue;
    return failed;
}

void store_catalogue_close(struct store_catalogue *catalogue)
{
    if (catalogue == NULL)
        return;
    for (size_t i = 0; i < CATALOGUE_USES; i++)
        sqlite3_finalize(catalogue->statements[i]);
    store_file_close(&catalogue->file);
    memory_free(catalogue);
}

int store_catalogue_begin(struct store_catalogue *catalogue, bool writes, struct error *error)
{
    return store_file_execute(&catalogue->file, writes ? "BEGIN IMMEDIATE" : "BEGIN",
                              writes ? "write" : "read", error);
}

int store_catalogue_commit(struct store_catalogue *catalogue, struct error *error)
{
    return store_file_execute(&catalogue->file, "COMMIT", "write", error);
}

void store_catalogue_rollback(struct store_catalogue *catalogue)
{
    if (sqlite3_get_autocommit(catalogue->file.db) == 0)
        sqlite3_exec(catalogue->file.db, "ROLLBACK", NULL, NULL, NULL);
}

// ---- Owners and servers

int store_catalogue_owner(struct store_catalogue *catalogue, struct slice organisation, bool make,
                          int64_t *ret, struct error *error)
{
    sqlite3_stmt *select, *add;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_OWNER, &select, error);
    if (failed != 0)
        return failed;
    store_file_bind(select, 1, organisation);
    int result = sqlite3_step(select);
    bool found = result == SQLITE_ROW;
    if (found)
        *ret = sqlite3_column_int64(select, 0);
    failed = store_catalogue_end(catalogue, select, result, error);
    if (failed != 0 || found)
        return failed;
    if (!make)
        return error_set(error, ERROR_NOT_FOUND, "the catalogue has nothing of this organisation");
    failed = store_catalogue_statement(catalogue, CATALOGUE_ADD_OWNER, &add, error);
    if (failed != 0)
        return failed;
    store_file_bind(add, 1, organisation);
    failed = store_catalogue_finish(catalogue, add, error);
    *ret = sqlite3_last_insert_rowid(catalogue->file.db);
    if (failed == 0 && *ret >= STORE_CATALOGUE_SHARED)
        failed = error_set(error, ERROR_LIMIT, "the catalogue has too many organisations");
    return failed;
}

static void read_server(sqlite3_stmt *row, struct store_catalogue_server *ret)
{
    *ret = (struct store_catalogue_server){.id = sqlite3_column_int64(row, 0),
                                           .owner = sqlite3_column_int64(row, 1),
                                           .name = store_file_column(row, 2),
                                           .slug = store_file_column(row, 3),
                                           .fold = store_file_column(row, 4),
                                           .title = store_file_column(row, 5),
                                           .source = store_file_column(row, 6),
                                           .tools = sqlite3_column_int64(row, 13),
                                           .tokens = sqlite3_column_int64(row, 14),
                                           .worst = sqlite3_column_int64(row, 15),
                                           .first_seen_ms = sqlite3_column_int64(row, 16),
                                           .seen_ms = sqlite3_column_int64(row, 17),
                                           .changed_ms = sqlite3_column_int64(row, 18),
                                           .forgotten = sqlite3_column_int64(row, 19)};
    for (int i = 0; i < STORE_CATALOGUE_CATEGORIES; i++)
        ret->counts[i] = sqlite3_column_int64(row, 7 + i);
}

static int one_server(struct store_catalogue *catalogue, sqlite3_stmt *select,
                      store_catalogue_server_cb visit, void *argument, struct error *error)
{
    struct store_catalogue_server server;
    int failed = 0, result = sqlite3_step(select);
    bool found = result == SQLITE_ROW;
    if (found) {
        read_server(select, &server);
        failed = visit(argument, &server);
    }
    int ended = store_catalogue_end(catalogue, select, result, error);
    if (failed == 0)
        failed = ended;
    return failed == 0 && !found ? error_set(error, ERROR_NOT_FOUND, "there is no such server")
                                 : failed;
}

int store_catalogue_find_server(struct store_catalogue *catalogue, int64_t owner,
                                struct slice slug_or_name, store_catalogue_server_cb visit,
                                void *argument, struct error *error)
{
    static const enum catalogue_use uses[] = {CATALOGUE_SERVER_BY_NAME, CATALOGUE_SERVER_BY_SLUG};
    int failed = ERROR_NOT_FOUND;
    for (size_t i = 0; i < 2 && failed == ERROR_NOT_FOUND; i++) {
        sqlite3_stmt *select;
        failed = store_catalogue_statement(catalogue, uses[i], &select, error);
        if (failed != 0)
            break;
        sqlite3_bind_int64(select, 1, owner);
        store_file_bind(select, 2, slug_or_name);
        failed = one_server(catalogue, select, visit, argument, error);
    }
    return failed;
}

int store_catalogue_get_server(struct store_catalogue *catalogue, int64_t id,
                               store_catalogue_server_cb visit, void *argument, struct error *error)
{
    sqlite3_stmt *select;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_SERVER, &select, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(select, 1, id);
    return one_server(catalogue, select, visit, argument, error);
}

int store_catalogue_new_server_id(struct store_catalogue *catalogue, int64_t owner, int64_t *ret,
                                  struct error *error)
{
    sqlite3_stmt *select;
    int64_t first = store_catalogue_first_server(owner);
    int64_t behind = store_catalogue_first_server(owner + 1);
    int failed = store_catalogue_statement(catalogue, CATALOGUE_LAST_SERVER, &select, error);
    if (failed != 0)
        return failed;
    sqlite3_bind_int64(select, 1, first);
    sqlite3_bind_int64(select, 2, behind - 1);
    int result = sqlite3_step(select);
    *ret = first;
    if (result == SQLITE_ROW && sqlite3_column_type(select, 0) != SQLITE_NULL)
        *ret = sqlite3_column_int64(select, 0) + 1;
    failed = store_catalogue_end(catalogue, select, result, error);
    if (failed == 0 && *ret >= behind)
        failed = error_set(error, ERROR_LIMIT, "the catalogue has too many servers");
    return failed;
}

int store_catalogue_put_server(struct store_catalogue *catalogue,
                               const struct store_catalogue_server *server, struct error *error)
{
    sqlite3_stmt *put;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_PUT_SERVER, &put, error);
    if (failed != 0)
        return failed;
    const struct slice columns[] = {server->name, server->slug, server->fold, server->title,
                                    server->source};
    const int64_t numbers[] = {server->tools,         server->tokens,  server->worst,
                               server->first_seen_ms, server->seen_ms, server->changed_ms,
                               server->forgotten};
    sqlite3_bind_int64(put, 1, server->id);
    sqlite3_bind_int64(put, 2, server->owner);
    for (int i = 0; i < 5; i++)
        store_file_bind(put, 3 + i, columns[i]);
    for (int i = 0; i < STORE_CATALOGUE_CATEGORIES; i++)
        sqlite3_bind_int64(put, 8 + i, server->counts[i]);
    for (int i = 0; i < 7; i++)
        sqlite3_bind_int64(put, 14 + i, numbers[i]);
    return store_catalogue_finish(catalogue, put, error);
}

int store_catalogue_drop_server(struct store_catalogue *catalogue, int64_t id, struct error *error)
{
    static const enum catalogue_use uses[] = {CATALOGUE_DROP_PASTS, CATALOGUE_DROP_SERVER};
    int failed = store_catalogue_drop_packs(catalogue, id, error);
    for (size_t i = 0; i < 2 && failed == 0; i++) {
        sqlite3_stmt *drop;
        failed = store_catalogue_statement(catalogue, uses[i], &drop, error);
        if (failed != 0)
            break;
        sqlite3_bind_int64(drop, 1, id);
        failed = store_catalogue_finish(catalogue, drop, error);
    }
    return failed;
}

static void bind_servers(sqlite3_stmt *select, const struct store_catalogue_servers *wanted)
{
    sqlite3_bind_int64(select, 1, wanted->owner);
    store_file_bind(select, 4, wanted->text);
    sqlite3_bind_int64(select, 5, wanted->categories);
    sqlite3_bind_int64(select, 6, wanted->limit);
}

int store_catalogue_each_server(struct store_catalogue *catalogue,
                                const struct store_catalogue_servers *wanted,
                                store_catalogue_server_cb visit, void *argument,
                                struct error *error)
{
    sqlite3_stmt *select;
    struct store_catalogue_server server;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_SERVERS, &select, error);
    if (failed != 0)
        return failed;
    bind_servers(select, wanted);
    store_file_bind(select, 2, wanted->after_fold);
    sqlite3_bind_int64(select, 3, wanted->after_id);
    int result = sqlite3_step(select);
    for (; result == SQLITE_ROW && failed == 0; result = sqlite3_step(select)) {
        read_server(select, &server);
        failed = visit(argument, &server);
        if (failed != 0)
            break;
    }
    int ended = store_catalogue_end(catalogue, select, result, error);
    return failed != 0 ? failed : ended;
}

int store_catalogue_count_servers(struct store_catalogue *catalogue,
                                  const struct store_catalogue_servers *wanted, int64_t *ret,
                                  struct error *error)
{
    sqlite3_stmt *select;
    int failed = store_catalogue_statement(catalogue, CATALOGUE_COUNT_SERVERS, &select, error);
    if (failed != 0)
        return failed;
    bind_servers(select, wanted);
    int result = sqlite3_step(select);
    *ret = result == SQLITE_ROW ? sqlite3_column_int64(select, 0) : 0;
    return store_catalogue_end(catalogue, select, result, error);
}
