// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A million random steps, beside a model that keeps every charge in a list: reservations of up to
// four charges (the same counter twice, other windows of one key, exact decimals), checks, giving
// back, time that passes by milliseconds, to a border, or by days, hand-overs, orderly stops and
// crashes. Every answer must be the model's: yes or no, which charge does not fit, and for how
// long. The seed is printed; SALLYPORT_SEED repeats a run.
#include "lib/scratch.h"

#include "base/log.h"
#include "unit/limit/model.h"

#include <time.h>

static const int64_t T = 1800000000000;
enum { SECOND = 1000, MINUTE = 60000, LIVE = 1000, OUT = 64, CHARGES = 4 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STEPS = 200000, STEPS_A_LIFE = 20000 };
#else
enum { STEPS = 1000000, STEPS_A_LIFE = 25000 };
#endif

struct event {
    int64_t at_ms, amount; // thousandths; 0: given back
    uint64_t number;
};
// The kinds of windows and keys as the pipeline makes them, all scopes, with and without `per`.
static struct plain {
    const char *key;
    bool sliding, month;
    int64_t window_ms, max; // thousandths
    struct event events[LIVE];
    size_t count;
} plains[] = {
    {"7:default2:s15:grant1:a5:calls0:", true, false, 250, 40000, {{0}}, 0},
    {"7:default2:s15:grant1:a5:calls0:", false, false, 250, 40000, {{0}}, 0},
    {"7:default2:s15:grant1:b5:calls0:", true, false, SECOND, 90000, {{0}}, 0},
    {"7:default2:s17:session3:abc5:calls0:", true, false, 7, 3500, {{0}}, 0},
    {"7:default2:s16:server0:5:calls4:XBT\x01", false, false, MINUTE, 120750, {{0}}, 0},
    {"7:default2:s16:server0:5:calls4:ETHU", true, false, MINUTE, 60125, {{0}}, 0},
    {"7:default2:s212:organisation0:6:volume0:", false, true, 0, 150000, {{0}}, 0},
    {"7:default2:s212:organisation0:6:volume0:", false, false, 7 * 86400000, 200001, {{0}}, 0},
    {"", true, false, 13, 2000, {{0}}, 0},
};
enum { PLAINS = sizeof plains / sizeof *plains };

static struct scratch scratch;
static struct error error;
static unsigned seed;
static int64_t now;
static struct limit_table *table;
static struct limit_file *file;
static uint64_t last_number;
static size_t granted, refused;

static int below(int bound)
{
    return rand_r(&seed) % bound;
}

// ---- The model

static int64_t month_of(int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm.tm_year * 12 + tm.tm_mon;
}

static int64_t window_number(const struct plain *plain, int64_t at_ms)
{
    if (plain->month)
        return month_of(at_ms);
    int64_t shift = plain->window_ms == 7 * 86400000 ? 3 * 86400000 : 0; // weeks begin on Monday
    return (at_ms + shift) / plain->window_ms;
}

static bool counts(const struct plain *plain, const struct event *event, int64_t at_ms)
{
    if (plain->sliding)
        return at_ms - event->at_ms < plain->window_ms;
    return window_number(plain, event->at_ms) == window_number(plain, at_ms);
}

static int64_t used(const struct plain *plain, int64_t at_ms)
{
    int64_t sum = 0;
    for (size_t i = 0; i < plain->count; i++)
        if (counts(plain, &plain->events[i], at_ms))
            sum += plain->events[i].amount;
    return sum;
}

static void forget_passed(struct plain *plain)
{
    size_t kept = 0;
    for (size_t i = 0; i < plain->count; i++)
        if (plain->events[i].amount > 0 && counts(plain, &plain->events[i], now))
            plain->events[kept++] = plain->events[i];
    plain->count = kept;
}

static int64_t wait_of(const struct plain *plain, int64_t demand)
{
    if (demand > plain->max)
        return -1;
    if (used(plain, now) + demand <= plain->max)
        return 0;
    // Only when an event leaves can it be otherwise.
    for (size_t i = 0; plain->sliding && i < plain->count; i++) {
        int64_t leaves = plain->events[i].at_ms + plain->window_ms;
        if (leaves > now && used(plain, leaves) + demand <= plain->max)
            return leaves - now;
    }
    int64_t low = now, high = now + 40 * (int64_t)86400000; // behind the border
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (window_number(plain, middle) == window_number(plain, now))
            low = middle;
        else
            high = middle;
    }
    return high - now;
}

// ---- Calls

struct call {
    size_t count;
    int plain[CHARGES];
    int64_t amount[CHARGES];
    uint64_t number[CHARGES];
    struct limit_charge charges[CHARGES];
    struct limit_receipt receipts[CHARGES];
};
static struct call calls[OUT]; // that may be given back
static size_t call_count;

static struct decimal thousandths(int64_t amount)
{
    char text[32];
    struct decimal number;
    snprintf(text, sizeof text, "%lld.%03lld", (long long)(amount / 1000),
             (long long)(amount % 1000));
    assert_int_equal(decimal_parse(slice_from_string(text), &number), 0);
    return number;
}

static void make_call(struct call *call)
{
    call->count = (size_t)(1 + below(CHARGES));
    for (size_t i = 0; i < call->count; i++) {
        const struct plain *plain = &plains[call->plain[i] = below(PLAINS)];
        int size = below(20);
        call->amount[i] = size == 0 ? 0 : size == 1 ? below(200000) : 250 + below(2000);
        call->charges[i] = charge_of(plain->key, plain->sliding, plain->window_ms, 0, 0);
        call->charges[i].calendar_month = plain->month;
        call->charges[i].max = thousandths(plain->max);
        call->charges[i].amount = thousandths(call->amount[i]);
    }
}

static int64_t expected(const struct call *call, size_t *ret_index)
{
    for (size_t i = 0; i < call->count; i++) {
        int64_t demand = 0;
        for (size_t j = 0; j < call->count; j++)
            demand += call->plain[j] == call->plain[i] ? call->amount[j] : 0;
        int64_t wait = wait_of(&plains[call->plain[i]], demand);
        *ret_index = i;
        if (wait != 0)
            return wait;
    }
    return 0;
}

static void note_taken(struct call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        struct plain *plain = &plains[call->plain[i]];
        call->number[i] = ++last_number;
        if (plain->count == LIVE)
            forget_passed(plain);
        assert_true(plain->count < LIVE);
        plain->events[plain->count++] = (struct event){now, call->amount[i], call->number[i]};
    }
    calls[call_count < OUT ? call_count++ : (size_t)below(OUT)] = *call;
}

static void try_call(bool reserve)
{
    struct call call;
    size_t index = 99, wanted_index = 99;
    int64_t retry = 99;
    make_call(&call);
    for (size_t i = 0; i < call.count; i++)
        forget_passed(&plains[call.plain[i]]);
    int64_t wait = expected(&call, &wanted_index);
    int result =
        reserve ? limit_reserve(table, call.charges, call.count, now, call.receipts, &index, &retry)
                : limit_check(table, call.charges, call.count, now, &index, &retry);
    assert_int_equal(result, wait == 0 ? 0 : ERROR_LIMIT);
    if (wait != 0) {
        assert_int_equal(index, wanted_index);
        assert_int_equal(retry, wait);
        refused++;
    } else if (reserve) {
        note_taken(&call);
        granted++;
    }
}

static void give_one_back(void)
{
    if (call_count == 0)
        return;
    size_t at = (size_t)below((int)call_count);
    struct call *call = &calls[at];
    for (size_t i = 0; i < call->count; i++) {
        struct plain *plain = &plains[call->plain[i]];
        limit_give_back(table, &call->receipts[i]);
        for (size_t j = 0; j < plain->count; j++)
            if (plain->events[j].number == call->number[i])
                plain->events[j].amount = 0;
    }
    *call = calls[--call_count];
}

static void pass_time(void)
{
    switch (below(40)) {
    case 0: now += (250 - now % 250) - below(2); break; // at a border, or just before
    case 1: now += (MINUTE - now % MINUTE) - below(2); break;
    case 2: now += below(MINUTE); break;
    case 3: now += below(100) == 0 ? below(100) * (int64_t)86400000 / 3 : 0; break;
    default: now += below(12);
    }
}

// ---- Lives

static void begin_life(void)
{
    table = limit_table_new(0);
    if (limit_file_open(scratch_path(&scratch, "limits.db"), table, now, false, &file, &error) != 0)
        fail_msg("%s", error.text);
}

static void copy_file(const char *from, const char *to)
{
    size_t size;
    char *bytes = scratch_read(scratch_path(&scratch, from), &size);
    scratch_write(scratch_path(&scratch, to), bytes, size);
    free(bytes);
}

// By a crash the next life gets the files as they are now, and what is written later is lost.
static void end_life(bool crash)
{
    static const char *const names[][2] = {{"limits.db", "kept"},
                                           {"limits.db-wal", "kept-wal"},
                                           {"limits.db.charges", "kept.charges"}};
    for (size_t i = 0; crash && i < 3; i++)
        copy_file(names[i][0], names[i][1]);
    limit_file_close(file);
    limit_table_free(table);
    for (size_t i = 0; crash && i < 3; i++)
        copy_file(names[i][1], names[i][0]);
    call_count = 0; // what was under way is lost with the process, and stays charged
}

static void hand_over(void)
{
    uint64_t before = limit_file_batches(file);
    struct call call = {.count = 1};
    call.charges[0] = charge_of("tick", true, 1, 1000000, 1);
    size_t index;
    int64_t retry;
    assert_int_equal(limit_reserve(table, call.charges, 1, now, call.receipts, &index, &retry), 0);
    limit_file_sync(file);
    while (limit_file_batches(file) == before)
        usleep(200);
    usleep(2000); // the writer goes to sleep, so that a crash finds whole files
}

static void a_million_steps_are_the_models(void **state)
{
    (void)state;
    const char *given = getenv("SALLYPORT_SEED");
    seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("seed %u, %d steps\n", seed, STEPS);
    scratch_make_in_memory(&scratch);
    now = T;
    begin_life();
    for (int step = 1; step <= STEPS; step++) {
        int what = below(20);
        if (what < 9)
            try_call(true);
        else if (what < 11)
            try_call(false);
        else if (what < 14)
            give_one_back();
        else
            pass_time();
        if (step % STEPS_A_LIFE == STEPS_A_LIFE / 2)
            hand_over();
        if (step % STEPS_A_LIFE == 0) {
            end_life(below(3) != 0);
            begin_life();
        }
    }
    print_message("%zu granted, %zu refused\n", granted, refused);
    assert_true(granted > STEPS / 20 && refused > STEPS / 20);
    limit_file_close(file);
    limit_table_free(table);
    scratch_remove(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_million_steps_are_the_models)};
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
