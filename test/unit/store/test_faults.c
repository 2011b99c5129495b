// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The n-th call that SQLite makes to the system fails, the n-th allocation of SQLite, the n-th of
// ours: for every n until nothing fails any more. Failures are told, what was acknowledged is
// there afterwards, and nothing is there in part.
#include "bundle.h"

#include "base/memory.h"

#include <sqlite3.h>
#include <stdatomic.h>

enum { STEPS = 4, METHODS_MAX = 8 };

// ---- A layer between SQLite and the system, the default one for this program

static atomic_long calls, fail_at;     // 0: never
static atomic_int fail_with;           // a code of SQLite
static atomic_bool fail_for_good, hit; // every call from then on

static bool fails(void)
{
    long at = atomic_load(&fail_at);
    if (at == 0)
        return false;
    long now = atomic_fetch_add(&calls, 1) + 1;
    bool failing = now == at || (now > at && atomic_load(&fail_for_good));
    if (failing)
        atomic_store(&hit, true);
    return failing;
}

struct methods {
    sqlite3_io_methods ours;
    const sqlite3_io_methods *real;
};
static struct methods methods[METHODS_MAX];

static const sqlite3_io_methods *real_of(sqlite3_file *file)
{
    return ((const struct methods *)(const void *)file->pMethods)->real;
}

static int faulty_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
    return fails() && atomic_load(&fail_with) != SQLITE_FULL
               ? SQLITE_IOERR_READ
               : real_of(file)->xRead(file, to, size, at);
}

static int faulty_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
    return fails() ? atomic_load(&fail_with) : real_of(file)->xWrite(file, from, size, at);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    return fails() && atomic_load(&fail_with) != SQLITE_FULL ? SQLITE_IOERR_FSYNC
                                                             : real_of(file)->xSync(file, flags);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : real_of(file)->xTruncate(file, size);
}

static int faulty_lock(sqlite3_file *file, int level)
{
    return fails() && atomic_load(&fail_with) != SQLITE_FULL ? SQLITE_IOERR_LOCK
                                                             : real_of(file)->xLock(file, level);
}

static int faulty_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
    return fails() ? SQLITE_IOERR_SHMMAP : real_of(file)->xShmMap(file, page, size, extend, ret);
}

static void wrap(sqlite3_file *file)
{
    for (size_t i = 0; i < METHODS_MAX; i++) {
        struct methods *m = &methods[i];
        if (m->real != NULL && m->real != file->pMethods)
            continue;
        if (m->real == NULL) {
            m->real = file->pMethods;
            m->ours = *file->pMethods;
            m->ours.xRead = faulty_read;
            m->ours.xWrite = faulty_write;
            m->ours.xSync = faulty_sync;
            m->ours.xTruncate = faulty_truncate;
            m->ours.xLock = faulty_lock;
            if (m->ours.xShmMap != NULL)
                m->ours.xShmMap = faulty_map;
        }
        file->pMethods = &m->ours;
        return;
    }
}

static sqlite3_vfs *real_vfs, faulty_vfs;

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret)
{
    (void)vfs;
    file->pMethods = NULL;
    if (fails())
        return SQLITE_CANTOPEN;
    int result = real_vfs->xOpen(real_vfs, name, file, flags, ret);
    if (result == SQLITE_OK && file->pMethods != NULL)
        wrap(file);
    return result;
}

// ---- SQLite's memory

static sqlite3_mem_methods real_memory;
static atomic_long allocations, fail_allocation;

static bool allocation_fails(void)
{
    long at = atomic_load(&fail_allocation);
    bool failing = at != 0 && atomic_fetch_add(&allocations, 1) + 1 == at;
    if (failing)
        atomic_store(&hit, true);
    return failing;
}

static void *faulty_malloc(int size)
{
    return allocation_fails() ? NULL : real_memory.xMalloc(size);
}

static void *faulty_realloc(void *block, int size)
{
    return allocation_fails() ? NULL : real_memory.xRealloc(block, size);
}

static int install(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = faulty_malloc;
    memory.xRealloc = faulty_realloc;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory), SQLITE_OK);
    // Without it many allocations never come to the functions above.
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
    real_vfs = sqlite3_vfs_find(NULL);
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.xOpen = faulty_open;
    return sqlite3_vfs_register(&faulty_vfs, 1);
}

static void calm(void)
{
    atomic_store(&fail_at, 0);
    atomic_store(&fail_allocation, 0);
    memory_fail_at(0, 0);
}

// ---- One life of a store under a fault

struct life {
    struct records records;
    struct bundle bundle;
    int results[STEPS];
};

static void prepare(struct life *life)
{
    memset(life, 0, sizeof *life);
    records_make_in_memory(&life->records);
    assert_int_equal(records_write(&life->records, bundle_prepare, &life->bundle), 0);
    store_records_close(life->records.store);
    life->records.store = NULL;
}

static void live(struct life *life)
{
    char path[200];
    struct error error = {0};
    snprintf(path, sizeof path, "%s/records.db", life->records.scratch.folder);
    const struct store_records_options options = {.path = path, .readers = 1};
    int result = store_records_open(&options, &life->records.store, &error);
    for (int i = 0; i < STEPS; i++)
        life->results[i] = ERROR_CLOSED;
    if (result != 0) {
        assert_true(error.text[0] != '\0');
        life->records.store = NULL;
        return;
    }
    for (int i = 0; i < STEPS; i++) {
        struct bundle_step step = {&life->bundle, (uint64_t)i};
        life->results[i] = store_run(life->records.store, i == 2 ? STORE_READ : STORE_WRITE, NULL,
                                     i == 2 ? bundle_find : bundle_add, &step, &error);
        if (life->results[i] != 0)
            assert_true(error.text[0] != '\0');
    }
}

static void check(struct life *life)
{
    calm();
    store_records_close(life->records.store);
    records_open(&life->records);
    for (int i = 0; i < STEPS; i++) {
        struct bundle_step step = {&life->bundle, (uint64_t)i};
        if (i == 2)
            continue;
        int found = records_read(&life->records, bundle_find, &step);
        assert_true(found == 0 || found == ERROR_NOT_FOUND);
        if (life->results[i] == 0)
            assert_int_equal(found, 0);
    }
    assert_int_equal(records_read(&life->records, bundle_check_audit, &life->bundle), 0);
    assert_true(store_records_healthy(life->records.store));
    records_remove(&life->records);
}

// ---- The tests

static void no_system_call_matters(int code, bool for_good)
{
    long n = 1;
    for (bool again = true; again; n++) {
        struct life life;
        prepare(&life);
        atomic_store(&hit, false);
        atomic_store(&calls, 0);
        atomic_store(&fail_with, code);
        atomic_store(&fail_for_good, for_good);
        atomic_store(&fail_at, n);
        live(&life);
        again = atomic_load(&hit);
        check(&life);
    }
    printf("%ld calls\n", n - 2);
    assert_true(n > 20);
}

static void any_call_may_fail_once(void **state)
{
    (void)state;
    no_system_call_matters(SQLITE_IOERR_WRITE, false);
}

static void the_disk_may_be_full_from_any_write_on(void **state)
{
    (void)state;
    no_system_call_matters(SQLITE_FULL, true);
}

static void any_allocation_of_sqlite_may_fail(void **state)
{
    (void)state;
    long n = 1;
    // Every one at first, then fewer.
    for (bool again = true; again; n += 1 + n / 8) {
        struct life life;
        prepare(&life);
        atomic_store(&hit, false);
        atomic_store(&allocations, 0);
        atomic_store(&fail_allocation, n);
        live(&life);
        again = atomic_load(&hit);
        check(&life);
    }
    assert_true(n > 100);
}

static void any_allocation_of_ours_may_fail(void **state)
{
    (void)state;
    size_t n = 1;
    for (bool again = true; again; n++) {
        struct life life;
        prepare(&life);
        memory_fail_at(n, 0);
        live(&life);
        again = memory_attempts() >= n;
        check(&life);
    }
    assert_true(n > 20);
}

static void a_full_disk_is_told_and_passes(void **state)
{
    (void)state;
    struct life life;
    struct error error = {0};
    prepare(&life);
    records_open(&life.records);
    struct bundle_step one = {&life.bundle, 1}, two = {&life.bundle, 2};
    atomic_store(&calls, 0);
    atomic_store(&fail_with, SQLITE_FULL);
    atomic_store(&fail_for_good, true);
    atomic_store(&fail_at, 1);
    assert_int_equal(store_run(life.records.store, STORE_WRITE, NULL, bundle_add, &one, &error),
                     ERROR_IO);
    assert_non_null(strstr(error.text, "the disk is full"));
    assert_false(store_records_healthy(life.records.store));
    calm();
    assert_int_equal(store_run(life.records.store, STORE_WRITE, NULL, bundle_add, &two, &error), 0);
    assert_true(store_records_healthy(life.records.store));
    assert_int_equal(records_read(&life.records, bundle_find, &one), ERROR_NOT_FOUND);
    assert_int_equal(records_read(&life.records, bundle_find, &two), 0);
    records_remove(&life.records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_told_and_passes),
        cmocka_unit_test(any_call_may_fail_once),
        cmocka_unit_test(the_disk_may_be_full_from_any_write_on),
        cmocka_unit_test(any_allocation_of_sqlite_may_fail),
        cmocka_unit_test(any_allocation_of_ours_may_fail),
    };
    return cmocka_run_group_tests_name("store/faults", tests, install, NULL);
}
