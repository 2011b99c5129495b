// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every history of a small world of quotas, up to a length: three calls at most under way, each
// charged to two or three limits, of three kinds; they are never sent, fail or succeed; time
// passes; the file is written; the gateway dies and starts again from the file. After every move
// all counters must hold what a plain list of events says, and a refusal must name the limit and
// the wait that the list gives. So nothing is given back twice, or to another window, or by half,
// and a refused reservation changes nothing.
#include "lib/unit.h"

#include "limit/file_internal.h"
#include "model/memory_store.h"
#include "model/walk.h"
#include "unit/limit/inside.h"
#include "unit/limit/model.h"

static const int64_t T = 1800000000000; // a border of every fixed window here

enum { COUNTERS = 3, KINDS = 3, SLOTS = 3, CHARGES_MAX = 3, EVENTS_MAX = 64 };

static const struct {
    const char *key;
    bool sliding;
    int64_t window_ms, max;
    bool successes_only;
} counters[COUNTERS] = {
    {"a", true, 3, 2, false},
    {"b", false, 2, 3, true},
    {"a", false, 4, 3, false}, // one name, two kinds of window
};

static const struct {
    size_t count;
    struct {
        int counter;
        int64_t amount;
    } charges[CHARGES_MAX];
} kinds[KINDS] = {
    {2, {{0, 1}, {1, 1}}},
    {3, {{2, 1}, {0, 1}, {1, 2}}},
    {3, {{1, 1}, {2, 2}, {1, 1}}}, // one counter twice
};

// ---- The plain list. An event's amount becomes 0 when it is given back.

struct event {
    int counter;
    int64_t at_ms, amount;
    int64_t written; // the amount that the file knows
};

struct world {
    struct limit_table *table;
    struct store store;
    int64_t now;
    struct event events[EVENTS_MAX];
    size_t event_count;
    struct slot {
        bool busy;
        int kind;
        struct limit_receipt receipts[CHARGES_MAX];
        size_t events[CHARGES_MAX];
    } slots[SLOTS];
};

static bool counts(int counter, int64_t at, int64_t now)
{
    struct model window = {.sliding = counters[counter].sliding,
                           .window_ms = counters[counter].window_ms};
    return model_counts(&window, at, now);
}

static int64_t used(const struct world *world, int counter, int64_t now)
{
    int64_t sum = 0;
    for (size_t i = 0; i < world->event_count; i++)
        if (world->events[i].counter == counter && counts(counter, world->events[i].at_ms, now))
            sum += world->events[i].amount;
    return sum;
}

// What the charge at `index` must wait for, all charges of its counter together: 0, -1 or ms.
static int64_t expected_wait(const struct world *world, int kind, size_t index)
{
    int counter = kinds[kind].charges[index].counter;
    int64_t demand = 0, wait = 0;
    for (size_t i = 0; i < kinds[kind].count; i++)
        if (kinds[kind].charges[i].counter == counter)
            demand += kinds[kind].charges[i].amount;
    if (demand > counters[counter].max)
        return -1;
    while (used(world, counter, world->now + wait) + demand > counters[counter].max)
        wait++;
    return wait;
}

// ---- What the real counters hold, without touching them

static int64_t held(const struct world *world, int counter)
{
    struct limit_window window = {.sliding = counters[counter].sliding,
                                  .length_ms = counters[counter].window_ms};
    struct limit_counter *real =
        inside_find(world->table, slice_from_string(counters[counter].key), &window);
    int64_t sum = 0;
    for (uint32_t i = 0; real != NULL && i < real->count; i++)
        if (limit_entry_end(real, limit_entry_at(real, i)) > world->now)
            sum += (int64_t)limit_entry_at(real, i)->amount.coefficient;
    return sum;
}

static void compare(void *argument)
{
    const struct world *world = argument;
    for (int i = 0; i < COUNTERS; i++) {
        assert_int_equal(held(world, i), used(world, i, world->now));
        assert_true(held(world, i) <= counters[i].max);
    }
}

// ---- Moves

static struct limit_charge charge_for(int kind, size_t index)
{
    int counter = kinds[kind].charges[index].counter;
    return charge_of(counters[counter].key, counters[counter].sliding, counters[counter].window_ms,
                     counters[counter].max, kinds[kind].charges[index].amount);
}

static bool start(struct world *world, int kind)
{
    struct limit_charge charges[CHARGES_MAX] = {0};
    struct slot *slot = world->slots;
    size_t count = kinds[kind].count, failed = 0, index;
    int64_t retry = 0, wait = 0;
    while (slot < world->slots + SLOTS && slot->busy)
        slot++;
    if (slot == world->slots + SLOTS)
        return false;
    for (size_t i = 0; i < count; i++)
        charges[i] = charge_for(kind, i);
    for (index = 0; index < count && wait == 0; index++)
        wait = expected_wait(world, kind, index);
    assert_int_equal(limit_check(world->table, charges, count, world->now, &failed, &retry),
                     wait == 0 ? 0 : ERROR_LIMIT);
    assert_int_equal(
        limit_reserve(world->table, charges, count, world->now, slot->receipts, &failed, &retry),
        wait == 0 ? 0 : ERROR_LIMIT);
    if (wait != 0) {
        assert_int_equal(failed, index - 1);
        assert_int_equal(retry, wait);
        return true;
    }
    slot->busy = true;
    slot->kind = kind;
    for (size_t i = 0; i < count; i++) {
        slot->events[i] = world->event_count;
        world->events[world->event_count++] = (struct event){
            kinds[kind].charges[i].counter, world->now, kinds[kind].charges[i].amount, 0};
    }
    return true;
}

enum ending { NOT_SENT, FAILED, SUCCEEDED, ENDINGS };

static bool end(struct world *world, struct slot *slot, enum ending ending)
{
    if (!slot->busy)
        return false;
    slot->busy = false;
    for (size_t i = 0; i < kinds[slot->kind].count; i++) {
        int counter = kinds[slot->kind].charges[i].counter;
        if (ending == SUCCEEDED || (ending == FAILED && !counters[counter].successes_only))
            continue;
        limit_give_back(world->table, &slot->receipts[i]);
        world->events[slot->events[i]].amount = 0;
    }
    return true;
}

static bool write_file(struct world *world)
{
    struct buffer scratch;
    struct error error;
    struct limit_batch batch;
    uint32_t shard = 0;
    assert_int_equal(limit_batch_take(world->table, &shard, SIZE_MAX, &batch), 0);
    buffer_init(&scratch, 0);
    assert_int_equal(limit_batch_write(&batch, NULL, &world->store, &scratch, &error), 0);
    buffer_release(&scratch);
    limit_batch_release(&batch);
    for (size_t i = 0; i < world->event_count; i++)
        world->events[i].written = world->events[i].amount;
    return true;
}

// Calls under way are lost with the process; what they took stays taken.
static bool die_and_start(struct world *world)
{
    struct error error;
    limit_table_free(world->table);
    world->table = limit_table_new(COUNTERS);
    assert_int_equal(limit_table_load(world->table, &world->store, world->now, &error), 0);
    for (size_t i = 0; i < world->event_count; i++)
        world->events[i].amount = world->events[i].written;
    for (size_t i = 0; i < SLOTS; i++)
        world->slots[i].busy = false;
    return true;
}

enum { STARTS = KINDS, ENDS = SLOTS * ENDINGS, OTHERS = 4, MOVES = STARTS + ENDS + OTHERS };

static bool play(void *argument, int move)
{
    struct world *world = argument;
    bool possible = true;
    if (move < STARTS) {
        possible = start(world, move);
    } else if (move < STARTS + ENDS) {
        int n = move - STARTS;
        possible = end(world, &world->slots[n / ENDINGS], (enum ending)(n % ENDINGS));
    } else {
        switch (move - STARTS - ENDS) {
        case 0: world->now += 1; break;
        case 1: world->now += 2; break;
        case 2: write_file(world); break;
        default: die_and_start(world);
        }
        int64_t passed = inside_advance(world->table, world->now);
        assert_int_equal(passed, world->now);
    }
    return possible;
}

static void open_world(void *argument)
{
    struct world *world = argument;
    struct error error;
    world->table = limit_table_new(COUNTERS);
    world->store.now.count = 0;
    assert_int_equal(limit_table_load(world->table, &world->store, T, &error), 0);
    world->now = T;
    world->event_count = 0;
    for (size_t i = 0; i < SLOTS; i++)
        world->slots[i].busy = false;
}

static void close_world(void *argument)
{
    struct world *world = argument;
    struct limit_stats stats = limit_table_stats(world->table);
    assert_true(stats.counters <= COUNTERS);
    limit_table_free(world->table);
}

static void every_history_of_the_small_world_is_right(void **state)
{
    (void)state;
    static struct world world;
    static struct walk walk;
    walk = (struct walk){.world = &world,
                         .open = open_world,
                         .play = play,
                         .check = compare,
                         .close = close_world,
                         .moves = MOVES,
                         .length = WALK_LENGTH(6, 5)};
    walk_all(&walk);
    print_message("%zu histories of %d moves, %zu moves in all\n", walk.histories, walk.length,
                  walk.played);
    assert_true(walk.histories > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_history_of_the_small_world_is_right, walk_tell)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
