// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A process that adds bundles from several threads is killed again and again. What it was told to
// be kept is there, whole, and nothing else is there in part.
#include "bundle.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum { THREADS = 4, ROUNDS = 15, NUMBERS_MAX = 100000 };

struct writing {
    struct records *records;
    const struct bundle *bundle;
    int acknowledged; // a pipe
    atomic_ullong next;
};

static void *add_for_ever(void *argument)
{
    struct writing *writing = argument;
    for (;;) {
        struct error error = {0};
        struct bundle_step step = {writing->bundle, atomic_fetch_add(&writing->next, 1)};
        if (store_run(writing->records->store, STORE_WRITE, NULL, bundle_add, &step, &error) != 0)
            _exit(3);
        if (write(writing->acknowledged, &step.number, sizeof step.number) !=
            (ssize_t)sizeof step.number)
            _exit(4);
    }
    return NULL;
}

static void be_the_victim(struct records *records, const struct bundle *bundle, uint64_t from,
                          int acknowledged)
{
    struct writing writing = {.records = records, .bundle = bundle, .acknowledged = acknowledged};
    pthread_t threads[THREADS];
    atomic_init(&writing.next, from);
    records_open(records);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, add_for_ever, &writing) != 0)
            _exit(5);
    for (;;)
        pause();
}

// Numbers up to *ret_end may have been tried.
static size_t kill_after(pid_t victim, int pipe, size_t wanted, unsigned char *known,
                         uint64_t *ret_end)
{
    uint64_t number;
    size_t count = 0;
    bool killed = false;
    while (read(pipe, &number, sizeof number) == (ssize_t)sizeof number) {
        assert_true(number < NUMBERS_MAX);
        known[number] = 1;
        *ret_end = number >= *ret_end ? number + 1 : *ret_end;
        if (++count >= wanted && !killed) {
            kill(victim, SIGKILL);
            killed = true;
        }
    }
    int status;
    assert_int_equal(waitpid(victim, &status, 0), victim);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    *ret_end += THREADS;
    return count;
}

static void nothing_acknowledged_is_lost_and_nothing_is_torn(void **state)
{
    (void)state;
    struct records records;
    struct bundle bundle;
    unsigned char *known = calloc(1, NUMBERS_MAX);
    uint64_t end = 0;
    size_t total = 0, extra = 0;
    records_make(&records);
    assert_int_equal(records_write(&records, bundle_prepare, &bundle), 0);
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        store_records_close(records.store);
        assert_int_equal(pipe(ends), 0);
        uint64_t from = end;
        pid_t victim = fork();
        if (victim == 0) {
            close(ends[0]);
            be_the_victim(&records, &bundle, from, ends[1]);
        }
        close(ends[1]);
        total += kill_after(victim, ends[0], (size_t)(1 + round * 7), known, &end);
        close(ends[0]);
        records_open(&records);
        for (uint64_t number = from; number < end; number++) {
            struct bundle_step step = {&bundle, number};
            int result = records_read(&records, bundle_find, &step);
            if (known[number])
                assert_int_equal(result, 0);
            else
                extra += result == 0;
        }
        assert_int_equal(records_read(&records, bundle_check_audit, &bundle), 0);
    }
    printf("%zu acknowledged and kept, %zu more committed when the process died\n", total, extra);
    records_remove(&records);
    free(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_and_nothing_is_torn),
    };
    return cmocka_run_group_tests_name("store/survival", tests, NULL, NULL);
}
