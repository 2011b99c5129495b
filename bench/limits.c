// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a reservation costs, and whether two workers stand in each other's way: one thread and two,
// each with counters of its own, and both with one counter; with and without a limits file. Rounds
// in which calls were refused, as the disk did not keep up, say nothing.
//   limits FOLDER
#include "base/clock.h"
#include "limit/limit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pthread.h>

enum { KEYS = 1000, CALLS = 50000, ROUNDS = 15 };

struct job {
    struct limit_table *table;
    const char *keys;
    int key_count;
    double cpu_ns;  // out: processor time of a reservation
    size_t refused; // out: for want of room in the journal
};

static void *reserve(void *argument)
{
    struct job *job = argument;
    size_t index, refused = 0;
    int64_t retry, now = clock_wall_ms();
    static _Thread_local char keys[KEYS][64]; // made before, as the clock runs
    size_t lengths[KEYS];
    for (int i = 0; i < job->key_count; i++)
        lengths[i] = (size_t)snprintf(keys[i], sizeof keys[i], "%s%07d", job->keys, i);
    const struct decimal one = decimal_from_integer(1), max = decimal_from_integer(100000000);
    uint64_t before = clock_thread_us();
    for (int i = 0; i < CALLS; i++) {
        struct limit_receipt receipt;
        int key = i % job->key_count;
        struct limit_charge charge = {.key = slice_of(keys[key], lengths[key]),
                                      .sliding = true,
                                      .window_ms = 60000,
                                      .max = max,
                                      .amount = one};
        if (i % 256 == 0)
            now = clock_wall_ms(); // once a turn of the loop
        refused += limit_reserve(job->table, &charge, 1, now, &receipt, &index, &retry) != 0;
    }
    job->cpu_ns = (double)(clock_thread_us() - before) * 1000 / CALLS;
    job->refused = refused;
    return NULL;
}

// Nanoseconds from the first call to the last of all threads, for each reservation.
static double run(struct limit_table *table, int threads, bool shared, double *ret_cpu_ns,
                  size_t *ret_refused)
{
    static const char *const names[] = {"7:default2:s15:grant16:grn_abcdefghijk15:calls7:",
                                        "7:default2:s15:grant16:grn_lmnopqrstuv5:calls7:"};
    struct job jobs[2];
    pthread_t ids[2];
    uint64_t before = clock_monotonic_us();
    for (int i = 0; i < threads; i++) {
        jobs[i] = (struct job){table, names[shared ? 0 : i], shared ? 1 : KEYS, 0, 0};
        if (pthread_create(&ids[i], NULL, reserve, &jobs[i]) != 0)
            return 0;
    }
    *ret_cpu_ns = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        *ret_cpu_ns += jobs[i].cpu_ns / threads;
        *ret_refused += jobs[i].refused;
    }
    return (double)(clock_monotonic_us() - before) * 1000 / ((double)CALLS * threads);
}

static void wait_for_writer(struct limit_file *file)
{
    uint64_t batches = limit_file_batches(file);
    limit_file_sync(file);
    for (int i = 0; i < 500 && limit_file_batches(file) == batches; i++)
        usleep(1000);
}

static void measure(const char *name, struct limit_table *table, struct limit_file *file,
                    int threads, bool shared)
{
    for (int round = 0; round < ROUNDS; round++) {
        size_t refused = 0;
        double cpu_ns = 0, wall_ns = run(table, threads, shared, &cpu_ns, &refused);
        printf("%s\t%d\t%s\t%.0f\t%.0f\t%zu\n", name, threads,
               shared ? "one counter" : "own counters", cpu_ns, wall_ns, refused);
        for (int times = 0; file != NULL && times < 2; times++) // one may have been under way
            wait_for_writer(file);
    }
}

int main(int count, char **arguments)
{
    char path[512];
    struct error error = {0};
    if (count != 2)
        return 2;
    snprintf(path, sizeof path, "%s/bench-limits.db", arguments[1]);
    printf("file\tthreads\tcounters\tcpu ns\twall ns\trefused\n");
    for (int with_file = 0; with_file < 2; with_file++) {
        struct limit_table *table = limit_table_new(0);
        struct limit_file *file = NULL;
        if (with_file == 1 &&
            limit_file_open(path, table, clock_wall_ms(), false, &file, &error) != 0) {
            fprintf(stderr, "%s\n", error.text);
            return 1;
        }
        for (int threads = 1; threads <= 2; threads++)
            for (int shared = 0; shared < 2; shared++)
                measure(with_file == 1 ? "yes" : "no", table, file, threads, shared == 1);
        limit_file_close(file);
        limit_table_free(table);
    }
    return 0;
}
