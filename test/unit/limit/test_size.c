// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A million live counters, with keys as the gateway makes them, fit into 200 MB of resident memory,
// the limits file, its journal and the process included. While a burst is being written the pages
// of the journal that it uses come on top.
#include "lib/scratch.h"

#include "base/log.h"
#include "limit/limit_internal.h"
#include "unit/limit/model.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

static const int64_t T = 1800000000000;
enum { MILLION = 1000000, BYTES_MOST = 200 * 1000 * 1000 };

static struct scratch scratch;
static struct error error;

static size_t resident(void)
{
    size_t pages = 0, ignored = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL)
        return 0;
    if (fscanf(statm, "%zu %zu", &ignored, &pages) != 2)
        pages = 0;
    fclose(statm);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static bool charge(struct limit_table *table, int number)
{
    char key[96];
    struct limit_receipt receipt;
    size_t index;
    int64_t retry;
    // organisation, server, scope, grant, counter, per: 70 bytes
    snprintf(key, sizeof key, "7:default10:kraken-api5:grant16:grn_%012d5:calls9:XBT%06d", number,
             number);
    struct limit_charge one = charge_of(key, number % 2 == 0, 3600000, 100, 1);
    return limit_reserve(table, &one, 1, T, &receipt, &index, &retry) == 0;
}

static void a_million_counters_fit(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    if (resident() == 0)
        skip();
    scratch_make(&scratch);
    struct limit_table *table = limit_table_new(0);
    struct limit_file *file = NULL;
    if (limit_file_open(scratch_path(&scratch, "limits.db"), table, T, false, &file, &error) != 0)
        fail_msg("%s", error.text);
    for (int i = 0; i < MILLION; i++)
        while (!charge(table, i))
            usleep(1000); // the journal is full until the writer has caught up
    size_t peak = resident();
    uint64_t before = limit_file_batches(file);
    limit_file_sync(file);
    for (int i = 0; i < 20000 && limit_file_batches(file) < before + 1; i++)
        usleep(1000);
    for (int i = 0; i < 20000 && atomic_load(&table->dirty); i++)
        usleep(1000);
#ifdef __GLIBC__
    malloc_trim(0); // what the writer has given back is no counter's
#endif
    size_t bytes = resident();
    struct limit_stats stats = limit_table_stats(table);
    print_message("%zu counters, %zu bytes counted, %zu resident, %zu while all were written\n",
                  stats.counters, stats.bytes, bytes, peak);
    assert_int_equal(stats.counters, MILLION);
    assert_true(bytes <= BYTES_MOST);
    assert_false(charge(table, MILLION)); // no more than that
    limit_file_close(file);
    limit_table_free(table);
    scratch_remove(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_million_counters_fit)};
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
