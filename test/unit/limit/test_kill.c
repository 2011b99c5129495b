// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The promise about kill -9: threads charge, give back and hand over as fast as they can, and are
// killed at a random moment, again and again on one file. What they wrote into memory that outlives
// them before and after each step says what the counters must hold: at least everything that was
// granted, at most what was asked for, and never more than max.
#include "lib/scratch.h"

#include "base/log.h"
#include "unit/limit/model.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static const int64_t T = 1800000000000;
static const int64_t HOUR = 3600000;
enum { THREADS = 3, KEYS = 40, MAX = 100000000 };

// Of one thread and counter; nobody else writes it, so plain steps are in order.
struct tally {
    _Atomic int64_t asked, granted;      // charges
    _Atomic int64_t returning, returned; // given back
};
struct shared {
    struct tally tallies[THREADS][KEYS];
    _Atomic int64_t full_granted; // of the counter that is soon used up
};

static struct shared *shared;
static struct scratch scratch;
static struct error error;

struct job {
    struct limit_table *table;
    int number;
    unsigned seed;
};

// A call that takes from two counters; one in four did not run and gives them back.
static void one_call(struct job *job)
{
    char keys[2][16];
    int first = rand_r(&job->seed) % KEYS, second = rand_r(&job->seed) % KEYS;
    struct limit_charge charges[2];
    struct limit_receipt receipts[2];
    size_t index;
    int64_t retry;
    snprintf(keys[0], sizeof keys[0], "k%d", first);
    snprintf(keys[1], sizeof keys[1], "f%d", second); // another kind of window
    charges[0] = charge_of(keys[0], true, HOUR, MAX, 1);
    charges[1] = charge_of(keys[1], false, HOUR, MAX, 1);
    struct tally *a = &shared->tallies[job->number][first];
    atomic_fetch_add(&a->asked, 1);
    if (limit_reserve(job->table, charges, 2, T + rand_r(&job->seed) % 50, receipts, &index,
                      &retry) != 0)
        return; // no room in the journal just now: the one that asked and was not granted
    atomic_fetch_add(&a->granted, 1);
    if (rand_r(&job->seed) % 4 != 0)
        return;
    atomic_fetch_add(&a->returning, 1);
    limit_give_back(job->table, &receipts[0]);
    limit_give_back(job->table, &receipts[1]);
    atomic_fetch_add(&a->returned, 1);
}

static void *charge_for_ever(void *argument)
{
    struct job *job = argument;
    struct limit_charge full = charge_of("full", true, HOUR, 1000, 1);
    struct limit_receipt receipt;
    size_t index;
    int64_t retry;
    for (;;) {
        one_call(job);
        if (limit_reserve(job->table, &full, 1, T, &receipt, &index, &retry) == 0)
            atomic_fetch_add(&shared->full_granted, 1);
    }
    return NULL;
}

static void run_child(unsigned seed)
{
    struct limit_table *table = limit_table_new(0);
    struct limit_file *file = NULL;
    static struct job jobs[THREADS];
    if (limit_file_open(scratch_path(&scratch, "limits.db"), table, T, false, &file, &error) != 0) {
        fprintf(stderr, "%s\n", error.text);
        _exit(1);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        jobs[i] = (struct job){table, i, seed + (unsigned)i};
        if (pthread_create(&thread, NULL, charge_for_ever, &jobs[i]) != 0)
            _exit(1);
    }
    for (;;) {
        limit_file_sync(file);
        usleep((unsigned)rand_r(&seed) % 3000);
    }
}

struct found {
    int64_t sliding[KEYS], fixed, full;
};

static bool look(void *argument, const struct limit_view *view)
{
    struct found *found = argument;
    int64_t used = (int64_t)view->used.coefficient;
    assert_false(view->unsummed);
    for (int32_t i = 0; i < view->used.exponent; i++)
        used *= 10;
    if (slice_equal_string(view->key, "full"))
        found->full = used;
    else if (view->key.data[0] == 'f')
        found->fixed += used;
    else
        found->sliding[atoi(view->key.data + 1)] = used;
    return true;
}

// The least and the most that may be used of a counter: what was granted for sure less what may
// have been given back, and the other way round.
static void bounds_of(int key, int64_t *ret_least, int64_t *ret_most)
{
    *ret_least = *ret_most = 0;
    for (int i = 0; i < THREADS; i++) {
        struct tally *tally = &shared->tallies[i][key];
        *ret_least += tally->granted - tally->returning;
        *ret_most += tally->asked - tally->returned;
    }
}

// After a kill: what stands in the tallies is brought to what was found, for the next round.
static void settle(int key, int64_t used)
{
    for (int i = 0; i < THREADS; i++)
        shared->tallies[i][key] = (struct tally){0};
    atomic_store(&shared->tallies[0][key].asked, used);
    atomic_store(&shared->tallies[0][key].granted, used);
}

// `drift`: how much more the counters of one kind hold than those of the other, from before.
static void check_after_kill(int64_t *drift)
{
    struct found found = {.fixed = 0};
    struct limit_table *table = limit_table_new(0);
    struct limit_file *file = NULL;
    if (limit_file_open(scratch_path(&scratch, "limits.db"), table, T + 100, false, &file,
                        &error) != 0)
        fail_msg("%s", error.text);
    limit_each(table, T + 100, look, &found);
    int64_t all = 0, all_least = 0, all_most = 0;
    for (int key = 0; key < KEYS; key++) {
        int64_t least, most;
        bounds_of(key, &least, &most);
        assert_in_range(found.sliding[key], least, most);
        all += found.sliding[key];
        all_least += least;
        all_most += most;
        settle(key, found.sliding[key]);
    }
    // One step of each thread may be half done, in one counter of its two.
    assert_true(all_most - all_least <= THREADS);
    assert_in_range(found.fixed - all + 1000000, *drift - THREADS + 1000000,
                    *drift + THREADS + 1000000);
    *drift = found.fixed - all;
    assert_true(found.full <= 1000 && found.full >= shared->full_granted);
    shared->full_granted = found.full;
    limit_file_close(file);
    limit_table_free(table);
}

static void kill_round(unsigned seed)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child(seed);
    struct timespec pause = {.tv_nsec = (5 + rand_r(&seed) % 60) * 1000000L};
    nanosleep(&pause, NULL);
    int status;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void nothing_is_forgotten_or_counted_twice(void **state)
{
    (void)state;
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    scratch_make(&scratch);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    int64_t drift = 0;
    for (unsigned round = 0; round < 40; round++) {
        kill_round(seed + round * 17);
        check_after_kill(&drift);
    }
    munmap(shared, sizeof *shared);
    scratch_remove(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_forgotten_or_counted_twice)};
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
