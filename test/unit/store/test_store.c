// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/scratch.h"

#include "store/store.h"

#include <sqlite3.h>

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
    return scratch_path(&scratch, "store.db");
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path(), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void put(struct store *store, const char *key, int64_t window, int64_t expires,
                const char *entries)
{
    struct store_counter counter = {
        .key = slice_from_string(key),
        .sliding = true,
        .window_ms = window,
        .expires_ms = expires,
        .entries = slice_from_string(entries),
    };
    assert_int_equal(store_put_counter(store, &counter, &error), 0);
}

// Adds "KEY/WINDOW=ENTRIES " to the text.
static int describe(void *argument, const struct store_counter *counter, struct error *unused)
{
    (void)unused;
    char *text = argument;
    size_t used = strlen(text);
    snprintf(text + used, 200 - used, "%.*s/%d=%.*s ", SLICE_PRINT(counter->key),
             (int)counter->window_ms, SLICE_PRINT(counter->entries));
    return 0;
}

static void check_rows(struct store *store, const char *want)
{
    char text[200] = "";
    assert_int_equal(store_each_counter(store, describe, text, &error), 0);
    assert_string_equal(text, want);
}

static void keeps_what_is_committed(void **state)
{
    (void)state;
    struct store *store;
    assert_int_equal(store_open(path(), &store, &error), 0);
    assert_int_equal(store_begin(store, &error), 0);
    put(store, "b", 10, 300, "x");
    put(store, "a", 10, 200, "y");
    put(store, "a", 20, 100, "");
    put(store, "", 20, 400, "none");
    assert_int_equal(store_commit(store, &error), 0);
    assert_int_equal(store_begin(store, &error), 0);
    put(store, "a", 10, 250, "changed");
    put(store, "lost", 10, 250, "lost");
    store_rollback(store);
    store_rollback(store); // nothing to roll back
    assert_int_equal(store_begin(store, &error), 0);
    put(store, "b", 10, 350, "z");
    assert_int_equal(store_commit(store, &error), 0);
    check_rows(store, "a/20= a/10=y b/10=z /20=none ");
    store_close(store);
    assert_int_equal(store_open(path(), &store, &error), 0);
    check_rows(store, "a/20= a/10=y b/10=z /20=none ");
    assert_int_equal(store_begin(store, &error), 0);
    assert_int_equal(store_forget_counters(store, 200, &error), 0);
    assert_int_equal(store_commit(store, &error), 0);
    check_rows(store, "b/10=z /20=none ");
    store_close(store);
    store_close(NULL);
}

static int stop_at_once(void *argument, const struct store_counter *counter, struct error *unused)
{
    (void)counter;
    (void)unused;
    ++*(int *)argument;
    return ERROR_CANCELLED;
}

static void a_visitor_may_stop(void **state)
{
    (void)state;
    struct store *store;
    int visits = 0;
    assert_int_equal(store_open(path(), &store, &error), 0);
    assert_int_equal(store_begin(store, &error), 0);
    put(store, "a", 1, 1, "");
    put(store, "b", 1, 1, "");
    assert_int_equal(store_commit(store, &error), 0);
    assert_int_equal(store_each_counter(store, stop_at_once, &visits, &error), ERROR_CANCELLED);
    assert_int_equal(visits, 1);
    store_close(store);
}

static void refuses(int code, const char *sentence)
{
    struct store *store;
    assert_int_equal(store_open(path(), &store, &error), code);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, sentence);
}

static void databases_of_others_are_refused(void **state)
{
    (void)state;
    run_sql("CREATE TABLE counter (mine TEXT); INSERT INTO counter VALUES ('precious')");
    refuses(ERROR_CONFIG, "is a database of another program");
    run_sql("UPDATE counter SET mine = 'still here' WHERE mine = 'precious'");
    run_sql("PRAGMA application_id = 7; DROP TABLE counter");
    refuses(ERROR_CONFIG, "is a database of another program");
}

static void newer_versions_are_refused(void **state)
{
    (void)state;
    struct store *store;
    assert_int_equal(store_open(path(), &store, &error), 0);
    store_close(store);
    run_sql("INSERT INTO schema_version VALUES (9999, 'one day')");
    refuses(ERROR_CONFIG, "was written by a newer version");
}

static void half_a_schema_is_refused(void **state)
{
    (void)state;
    struct store *store;
    assert_int_equal(store_open(path(), &store, &error), 0);
    store_close(store);
    run_sql("DROP TABLE counter");
    refuses(ERROR_IO, "no such table");
}

static void an_empty_database_is_taken(void **state)
{
    (void)state;
    struct store *store;
    run_sql("PRAGMA user_version = 0; CREATE TABLE t (a); DROP TABLE t");
    assert_int_equal(store_open(path(), &store, &error), 0);
    store_close(store);
}

static void a_crash_in_the_middle_leaves_the_state_before(void **state)
{
    (void)state;
    struct store *store;
    assert_int_equal(store_open(path(), &store, &error), 0);
    assert_int_equal(store_begin(store, &error), 0);
    put(store, "kept", 1, 1, "");
    assert_int_equal(store_commit(store, &error), 0);
    assert_int_equal(store_begin(store, &error), 0);
    put(store, "lost", 1, 1, "");
    store_close(store); // without commit
    assert_int_equal(store_open(path(), &store, &error), 0);
    check_rows(store, "kept/1= ");
    store_close(store);
}

static void a_file_that_may_not_be_written_is_refused(void **state)
{
    (void)state;
    struct store *store;
    assert_int_equal(store_open(path(), &store, &error), 0);
    store_close(store);
    if (geteuid() == 0)
        skip(); // root may write anything
    assert_int_equal(chmod(path(), 0400), 0);
    refuses(ERROR_IO, "Permission denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_what_is_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_visitor_may_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(databases_of_others_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(newer_versions_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_schema_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_database_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(a_crash_in_the_middle_leaves_the_state_before, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_may_not_be_written_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
