// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is opened and what is refused, and the way from every earlier version of the schema.
#include "records.h"

#include "store/sqlite/rows_internal.h"

#include "records_sql.h"

enum { STEPS = sizeof records_steps / sizeof *records_steps };

static struct scratch scratch;
static struct error error;

static int setup(void **state)
{
    (void)state;
    scratch_make(&scratch);
    memset(&error, 0, sizeof error);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static const char *path(void)
{
    return scratch_path(&scratch, "records.db");
}

static int try_open(struct store_records **ret)
{
    const struct store_records_options options = {.path = path()};
    return store_records_open(&options, ret, &error);
}

static void must_open(void)
{
    struct store_records *store;
    if (try_open(&store) != 0)
        fail_msg("%s", error.text);
    store_records_close(store);
}

static void refuses(int code, const char *sentence)
{
    struct store_records *store;
    assert_int_equal(try_open(&store), code);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, sentence);
}

static sqlite3 *open_raw(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path(), &db), SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s", text);
}

static void run_sql(const char *sql)
{
    sqlite3 *db = open_raw();
    run(db, sql);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int append_text(void *argument, int count, char **values, char **names)
{
    (void)names;
    char *text = argument;
    for (int i = 0; i < count; i++)
        snprintf(text + strlen(text), 65536 - strlen(text), "%s;",
                 values[i] == NULL ? "" : values[i]);
    return 0;
}

static char *query(const char *sql)
{
    sqlite3 *db = open_raw();
    char *text = calloc(1, 65536);
    assert_int_equal(sqlite3_exec(db, sql, append_text, text, NULL), SQLITE_OK);
    sqlite3_close(db);
    return text;
}

static const char schema[] = "SELECT sql FROM sqlite_schema ORDER BY name";

// A file as a program with `version` steps would have left it, with an organisation in it.
static void make_version(int version)
{
    sqlite3 *db = open_raw();
    run(db, "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x53506374");
    for (int i = 0; i < version; i++)
        run(db, records_steps[i]);
    for (int i = 0; i < version; i++) {
        char text[100];
        snprintf(text, sizeof text, "INSERT INTO schema_version VALUES (%d, 'then')", i + 1);
        run(db, text);
    }
    run(db, "INSERT INTO organisation (organisation, id, version, created_ms, changed_ms, name,"
            " title, commands_allowed) VALUES ('org_1', 'org_1', 7, 1, 2, 'old', 'Old', 1)");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int find_old(void *argument, struct store_view *view, struct error *ret)
{
    (void)argument;
    struct store_organisation owner;
    int result = store_find_organisation(view, (struct slice){0}, "name", TEXT("old"), &owner, ret);
    if (result == 0) {
        assert_int_equal(owner.head.version, 7);
        assert_true(owner.commands_allowed);
    }
    return result;
}

static void every_earlier_version_is_brought_up_to_date(void **state)
{
    (void)state;
    must_open();
    char *fresh = query(schema);
    for (int version = 1; version <= STEPS; version++) {
        scratch_remove(&scratch);
        scratch_make(&scratch);
        make_version(version);
        struct store_records *store;
        assert_int_equal(try_open(&store), 0);
        assert_int_equal(store_run(store, STORE_READ, NULL, find_old, NULL, &error), 0);
        store_records_close(store);
        char *now = query(schema), *versions = query("SELECT version FROM schema_version");
        char want[200] = "";
        for (int i = 1; i <= STEPS; i++)
            snprintf(want + strlen(want), sizeof want - strlen(want), "%d;", i);
        assert_string_equal(now, fresh);
        assert_string_equal(versions, want);
        free(now);
        free(versions);
    }
    free(fresh);
}

static void the_file_is_for_its_owner_and_survives_power_loss(void **state)
{
    (void)state;
    struct stat status;
    must_open();
    assert_int_equal(stat(path(), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    char *mode = query("PRAGMA journal_mode");
    assert_string_equal(mode, "wal;");
    free(mode);
}

static void newer_versions_are_refused(void **state)
{
    (void)state;
    must_open();
    run_sql("INSERT INTO schema_version VALUES (9999, 'one day')");
    refuses(ERROR_CONFIG, "was written by a newer version");
}

static void files_of_others_are_refused(void **state)
{
    (void)state;
    run_sql("CREATE TABLE member (mine TEXT)");
    refuses(ERROR_CONFIG, "is a database of another program");
    run_sql("INSERT INTO member VALUES ('still here')");
    scratch_write(path(), "hello", 5);
    refuses(ERROR_CONFIG, "is not a database of sallyport");
}

static void half_a_schema_is_refused(void **state)
{
    (void)state;
    must_open();
    run_sql("DROP TABLE reach");
    refuses(ERROR_IO, "no such table: reach");
    scratch_remove(&scratch);
    scratch_make(&scratch);
    must_open();
    run_sql("ALTER TABLE server DROP COLUMN settings");
    refuses(ERROR_IO, "settings");
}

static void damage_is_refused(void **state)
{
    (void)state;
    size_t size;
    must_open();
    char *bytes = scratch_read(path(), &size);
    for (size_t at = 4096; at + 64 < size; at += 512)
        memset(bytes + at, 0xA5, 64);
    scratch_write(path(), bytes, size);
    refuses(ERROR_CONFIG, "is damaged; restore it from a backup");
    size_t after;
    char *now = scratch_read(path(), &after);
    assert_int_equal(after, size);
    assert_memory_equal(now, bytes, size); // nothing was touched
    free(now);
    free(bytes);
}

// A torn copy: the file ends in the middle.
static void a_short_file_is_refused(void **state)
{
    (void)state;
    size_t size;
    must_open();
    char *bytes = scratch_read(path(), &size);
    scratch_write(path(), bytes, size / 2);
    refuses(ERROR_CONFIG, "is damaged");
    free(bytes);
}

static void what_others_have_locked_is_refused(void **state)
{
    (void)state;
    must_open();
    sqlite3 *db = open_raw();
    run(db, "BEGIN EXCLUSIVE");
    refuses(ERROR_IO, "is in use by another process");
    run(db, "COMMIT");
    sqlite3_close(db);
    must_open();
}

static void what_may_not_be_written_is_refused(void **state)
{
    (void)state;
    must_open();
    if (geteuid() == 0)
        skip(); // root may write anything
    assert_int_equal(chmod(path(), 0400), 0);
    refuses(ERROR_IO, "Permission denied");
}

static bool is_used(enum store_kind kind, size_t use)
{
    const struct store_table *table = &store_tables[kind];
    switch (use) {
    case USE_LIST_OF_PARENT:
    case USE_LIST_OF_PARENT_NEWEST: return table->parent >= 0;
    case USE_LIST_EVERY:
    case USE_LIST_EVERY_NEWEST: return kind == STORE_ORGANISATION;
    case USE_FORGET:
    case USE_LAST: return kind == STORE_AUDIT;
    case USE_TOUCH: return table->used >= 0;
    case USE_OPEN:
    case USE_OPEN_NEWEST:
    case USE_EMPTY_OLD:
    case USE_REMOVE_OLD: return kind == STORE_QUESTION;
    case USE_OF_PRINT: return kind == STORE_EXCEPTION || kind == STORE_QUESTION;
    case USE_EXPIRE: return kind == STORE_REQUEST || kind == STORE_SESSION;
    default:
        return use < USE_FIND ||
               (use - USE_FIND < table->count && table->columns[use - USE_FIND].unique);
    }
}

// No list, look-up or change reads more rows than it returns.
static void no_statement_walks_a_table(void **state)
{
    (void)state;
    struct store_connection *connection;
    assert_int_equal(store_connection_open(path(), STORE_WRITES, &connection, &error), 0);
    for (int kind = 0; kind < STORE_KINDS; kind++)
        for (size_t use = 0; use < USES; use++) {
            sqlite3_stmt *statement;
            if (!is_used((enum store_kind)kind, use))
                continue;
            assert_int_equal(
                store_statement(connection, (enum store_kind)kind, use, &statement, &error), 0);
            char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sqlite3_sql(statement));
            char *plan = query(sql);
            if (strstr(plan, "SCAN") != NULL || strstr(plan, "TEMP") != NULL)
                fail_msg("%s: %s", sql, plan);
            free(plan);
            sqlite3_free(sql);
        }
    store_connection_close(connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_earlier_version_is_brought_up_to_date, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_file_is_for_its_owner_and_survives_power_loss, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(newer_versions_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(files_of_others_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_schema_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_short_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_others_have_locked_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_may_not_be_written_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(no_statement_walks_a_table, setup, teardown),
    };
    return cmocka_run_group_tests_name("store/open", tests, NULL, NULL);
}
