// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/memory.h"
#include "limit/limit_internal.h"

#include <inttypes.h>

enum {
    DEFAULT_CAPACITY = 1000000,
    ENTRIES_PER_COUNTER = 4, // on average, for the bound on memory
    FORGET_AT_ONCE = 2,      // more than one is made at a time, so the table shrinks when it can
};
static const int64_t LAST_WALL_MS = 253402300799999; // the end of year 9999
static const int64_t JUMP_MS = 60000;

struct limit_table *limit_table_new(size_t capacity)
{
    struct limit_table *table = memory_new(sizeof *table);
    pthread_mutex_init(&table->lock, NULL);
    table->capacity = capacity == 0 ? DEFAULT_CAPACITY : capacity;
    table->entries_max = table->capacity * ENTRIES_PER_COUNTER;
    if (table->entries_max < LIMIT_ENTRIES_MAX)
        table->entries_max = LIMIT_ENTRIES_MAX;
    table_init(&table->by_key);
    table_init(&table->by_id);
    list_init(&table->classes);
    list_init(&table->changed);
    return table;
}

static void free_counter(struct limit_counter *counter)
{
    memory_free(counter->entries);
    memory_free(counter);
}

void limit_table_free(struct limit_table *table)
{
    if (table == NULL)
        return;
    LIST_EACH(&table->classes, link)
    {
        struct limit_class *class = LIST_ENTRY(link, struct limit_class, link);
        LIST_EACH(&class->counters, member)
        free_counter(LIST_ENTRY(member, struct limit_counter, in_class));
        memory_free(class);
    }
    table_release(&table->by_key);
    table_release(&table->by_id);
    pthread_mutex_destroy(&table->lock);
    memory_free(table);
}

// The table's time never goes back, for that would free capacity. When the wall clock does, the
// table's time goes on at half speed until the clock has caught up: windows still pass, only
// later, whichever of the two clock readings was the wrong one. A silence of more than a minute
// may just as well be the clock being put right, so no more than that counts.
int64_t limit_table_advance(struct limit_table *table, int64_t wall_ms)
{
    wall_ms = wall_ms < 0 ? 0 : wall_ms > LAST_WALL_MS ? LAST_WALL_MS : wall_ms;
    int64_t passed = wall_ms - table->wall_ms;
    if (table->started && passed < -JUMP_MS)
        log_event(LOG_WARNING, "limit",
                  "the wall clock went back by %" PRId64
                  " s; windows pass at half speed until it has caught up",
                  -passed / 1000);
    table->wall_ms = wall_ms;
    table->started = true;
    if (passed > 0) {
        int64_t doubled = table->odd_ms + (passed > JUMP_MS ? JUMP_MS : passed);
        table->odd_ms = doubled % 2;
        if (table->now_ms > wall_ms - passed)
            table->now_ms += doubled / 2;
    }
    if (table->now_ms <= wall_ms) {
        table->now_ms = wall_ms;
        table->odd_ms = 0;
    }
    return table->now_ms;
}

static struct slice key_of(const struct limit_counter *counter)
{
    return slice_of(counter->key, counter->key_length);
}

static struct slice id_of(const struct limit_counter *counter)
{
    return slice_of((const char *)&counter->id, sizeof counter->id);
}

struct limit_counter *limit_table_find(const struct limit_table *table, struct slice key,
                                       const struct limit_window *window)
{
    struct limit_counter *counter = table_get(&table->by_key, key);
    while (counter != NULL && !limit_window_equal(&counter->class->window, window))
        counter = counter->next;
    return counter;
}

static struct limit_class *class_of(struct limit_table *table, const struct limit_window *window)
{
    LIST_EACH(&table->classes, link)
    {
        struct limit_class *class = LIST_ENTRY(link, struct limit_class, link);
        if (limit_window_equal(&class->window, window))
            return class;
    }
    struct limit_class *class = memory_new(sizeof *class);
    class->window = *window;
    list_init(&class->counters);
    list_append(&table->classes, &class->link);
    return class;
}

static void leave_class(struct limit_counter *counter)
{
    list_remove(&counter->in_class);
    if (!list_empty(&counter->class->counters))
        return;
    list_remove(&counter->class->link);
    memory_free(counter->class);
}

// Takes the counter out of its key's chain; the table borrows its key from the chain's first.
static void leave_key(struct limit_table *table, struct limit_counter *counter)
{
    struct limit_counter *first = table_remove(&table->by_key, key_of(counter));
    struct limit_counter **place = &first;
    while (*place != counter)
        place = &(*place)->next;
    *place = counter->next;
    // A place was just freed, so putting one back allocates nothing.
    if (first != NULL && table_put(&table->by_key, key_of(first), first) != 0)
        log_event(LOG_ERROR, "limit", "a counter was lost");
}

static void forget(struct limit_table *table, struct limit_counter *counter)
{
    leave_key(table, counter);
    table_remove(&table->by_id, id_of(counter));
    leave_class(counter);
    list_remove(&counter->in_changed);
    table->entries -= counter->capacity;
    table->stats.counters--;
    free_counter(counter);
}

// A counter that was emptied by giving back must be written before it goes: the file may still have
// the charge, and a restart would bring it back.
static bool may_forget(const struct limit_table *table, const struct limit_counter *counter)
{
    bool unwritten = table->has_file && counter->count == 0 && !list_empty(&counter->in_changed);
    return !unwritten && limit_counter_passed(counter, table->now_ms);
}

static void forget_passed(struct limit_table *table)
{
    int left = FORGET_AT_ONCE;
    LIST_EACH(&table->classes, link)
    {
        struct limit_class *class = LIST_ENTRY(link, struct limit_class, link);
        LIST_EACH(&class->counters, member)
        {
            struct limit_counter *oldest = LIST_ENTRY(member, struct limit_counter, in_class);
            if (left == 0 || !may_forget(table, oldest))
                break;
            bool last = member_next == &class->counters;
            forget(table, oldest);
            left--;
            if (last)
                break; // the class went with its last counter
        }
    }
}

static int add_to_tables(struct limit_table *table, struct limit_counter *counter)
{
    counter->next = table_get(&table->by_key, key_of(counter));
    int error = table_put(&table->by_id, id_of(counter), counter);
    if (error != 0)
        return error;
    error = table_put(&table->by_key, key_of(counter), counter);
    if (error != 0)
        table_remove(&table->by_id, id_of(counter));
    return error;
}

int limit_table_make(struct limit_table *table, struct slice key, const struct limit_window *window,
                     struct limit_counter **ret)
{
    forget_passed(table);
    if (table->stats.counters >= table->capacity || key.length > LIMIT_KEY_MAX)
        return ERROR_LIMIT;
    struct limit_counter *counter = memory_try_new(sizeof *counter + key.length);
    if (counter == NULL)
        return ERROR_NO_MEMORY;
    if (key.length > 0)
        memcpy(counter->key, key.data, key.length);
    counter->key_length = key.length;
    counter->id = ++table->last_id;
    if (add_to_tables(table, counter) != 0) {
        memory_free(counter);
        return ERROR_NO_MEMORY;
    }
    list_init(&counter->in_changed);
    counter->class = class_of(table, window);
    list_append(&counter->class->counters, &counter->in_class);
    table->stats.counters++;
    *ret = counter;
    return 0;
}

void limit_table_charged(struct limit_table *table, struct limit_counter *counter)
{
    list_remove(&counter->in_class);
    list_append(&counter->class->counters, &counter->in_class);
    if (list_empty(&counter->in_changed))
        list_append(&table->changed, &counter->in_changed);
}

struct limit_stats limit_table_stats(struct limit_table *table)
{
    pthread_mutex_lock(&table->lock);
    struct limit_stats stats = table->stats;
    pthread_mutex_unlock(&table->lock);
    return stats;
}
