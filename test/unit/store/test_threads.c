// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Many threads at once: writers that wait, jobs that nobody waits for, readers in between.
#include "bundle.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WRITERS = 6, READERS = 3, EACH = 60, JOBS = 1000 };

static struct records records;
static struct bundle bundle;
static atomic_int next_number, reading;
static atomic_uint commits;

static void committed_cb(void *argument, struct store_view *view,
                         const struct store_change *changes, size_t count)
{
    (void)argument;
    struct store_grant grant;
    struct error error;
    atomic_fetch_add(&commits, 1);
    // What was committed is there to be read, and what it belongs to is told.
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind == STORE_GRANT_TOKEN)
            assert_int_equal(
                store_get_grant(view, changes[i].organisation, changes[i].parent, &grant, &error),
                0);
        assert_false(changes[i].removed);
    }
}

static int setup(void **state)
{
    (void)state;
    memset(&records, 0, sizeof records);
    scratch_make(&records.scratch);
    const struct store_records_options options = {
        .path = scratch_path(&records.scratch, "records.db"), .committed = committed_cb};
    assert_int_equal(store_records_open(&options, &records.store, &records.error), 0);
    assert_int_equal(records_write(&records, bundle_prepare, &bundle), 0);
    atomic_store(&next_number, 0);
    atomic_store(&commits, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    records_remove(&records);
    return 0;
}

static void *write_some(void *argument)
{
    (void)argument;
    struct error error;
    for (int i = 0; i < EACH; i++) {
        struct bundle_step step = {&bundle, (uint64_t)atomic_fetch_add(&next_number, 1)};
        assert_int_equal(store_run(records.store, STORE_WRITE, NULL, bundle_add, &step, &error), 0);
        // Acknowledged: every reader sees it from now on.
        assert_int_equal(store_run(records.store, STORE_READ, NULL, bundle_find, &step, &error), 0);
    }
    return NULL;
}

static void *read_some(void *argument)
{
    (void)argument;
    struct error error;
    uint64_t number = 0;
    while (atomic_load(&reading)) {
        struct bundle_step step = {&bundle, number++ % (WRITERS * EACH)};
        int result = store_run(records.store, STORE_READ, NULL, bundle_find, &step, &error);
        assert_true(result == 0 || result == ERROR_NOT_FOUND);
    }
    return NULL;
}

static void threads_share_commits(void **state)
{
    (void)state;
    pthread_t writers[WRITERS], readers[READERS];
    atomic_store(&reading, 1);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_some, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_some, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    atomic_store(&reading, 0);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_true(atomic_load(&commits) < WRITERS * EACH);
    assert_int_equal(records_read(&records, bundle_check_audit, &bundle), 0);
}

struct counted {
    struct store_job job;
    struct bundle_step step;
    int result;
};

static int run_counted(void *argument, struct store_view *view, struct error *error)
{
    struct counted *counted = argument;
    int result = bundle_add(&counted->step, view, error);
    // Every seventh changes its mind: it must not take its neighbours along.
    return result == 0 && counted->step.number % 7 == 0 ? ERROR_DENIED : result;
}

static void done_cb(void *argument, int result, const struct error *error)
{
    (void)error;
    struct counted *counted = argument;
    counted->result = result;
    atomic_fetch_add(&next_number, 1);
}

static void nobody_needs_to_wait(void **state)
{
    (void)state;
    struct counted *jobs = calloc(JOBS, sizeof *jobs);
    uint64_t start = clock_monotonic_us();
    for (uint64_t i = 0; i < JOBS; i++) {
        jobs[i] = (struct counted){
            .step = {&bundle, i},
            .job = {
                .access = STORE_WRITE, .run = run_counted, .done = done_cb, .argument = &jobs[i]}};
        store_submit(records.store, &jobs[i].job);
    }
    uint64_t submitted = clock_monotonic_us() - start;
    store_records_close(records.store); // finishes what waits
    printf("%d jobs of three rows: handed over in %.2f ms, on disk after %.0f ms in %u commits\n",
           JOBS, (double)submitted / 1000, (double)(clock_monotonic_us() - start) / 1000,
           atomic_load(&commits));
    assert_int_equal(atomic_load(&next_number), JOBS);
    assert_true(atomic_load(&commits) < JOBS / 4);
    records_open(&records);
    for (uint64_t i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].result, i % 7 == 0 ? ERROR_DENIED : 0);
        assert_int_equal(records_read(&records, bundle_find, &jobs[i].step),
                         i % 7 == 0 ? ERROR_NOT_FOUND : 0);
    }
    assert_int_equal(records_read(&records, bundle_check_audit, &bundle), 0);
    free(jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_share_commits, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_needs_to_wait, setup, teardown),
    };
    return cmocka_run_group_tests_name("store/threads", tests, NULL, NULL);
}
