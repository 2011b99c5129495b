// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What one counter holds. The list of a sliding window is exact while it has room; when it is full,
// the two neighbours that span the least time become one, dated at the later. That keeps "never
// more than max in any window" true and lets capacity come back a little late: with n entries, two
// of the n - 1 pairs of neighbours span at most 2/(n - 1) of the window, so no entry ever spans
// more (n = 256: under 1 %).
#include "base/memory.h"
#include "limit/limit_internal.h"

enum { FEW_ENTRIES = 4 };

void limit_counter_init(struct limit_counter *counter)
{
    counter->one = (struct limit_entry){0};
    counter->capacity = 1;
}

static size_t ring_size(uint32_t capacity)
{
    return sizeof(struct limit_ring) + capacity * sizeof(struct limit_entry);
}

void limit_counter_release(struct limit_table *table, struct limit_counter *counter)
{
    if (counter->capacity == 1)
        return;
    limit_table_give_bytes(table, limit_block_bytes(ring_size(counter->capacity)));
    memory_free(counter->ring);
}

struct decimal limit_counter_sum(const struct limit_counter *counter)
{
    if (counter->capacity > 1)
        return counter->ring->sum;
    return counter->count == 0 ? (struct decimal){0} : counter->one.amount;
}

// With one entry the sum is that entry's amount.
static void set_sum(struct limit_counter *counter, struct decimal sum)
{
    if (counter->capacity > 1)
        counter->ring->sum = sum;
}

int64_t limit_entry_end(const struct limit_counter *counter, const struct limit_entry *entry)
{
    const struct limit_window *window = &counter->class->window;
    if (!window->sliding)
        return entry->at_ms;
    return entry->at_ms > INT64_MAX - window->length_ms ? INT64_MAX
                                                        : entry->at_ms + window->length_ms;
}

// Adds everything up anew, when taking away had no exact result.
static void sum_anew(struct limit_counter *counter)
{
    struct decimal sum = {0};
    counter->unsummed = false;
    for (uint32_t i = 0; i < counter->count && !counter->unsummed; i++)
        counter->unsummed = decimal_add(sum, limit_entry_at(counter, i)->amount, &sum) != 0;
    set_sum(counter, sum);
}

void limit_counter_prune(struct limit_counter *counter, int64_t now_ms)
{
    bool exact = !counter->unsummed, pruned = false;
    struct decimal sum = limit_counter_sum(counter);
    while (counter->count > 0) {
        const struct limit_entry *oldest = limit_entry_at(counter, 0);
        if (limit_entry_end(counter, oldest) > now_ms)
            break;
        exact = exact && decimal_subtract(sum, oldest->amount, &sum) == 0;
        counter->first = (uint16_t)((counter->first + 1) & (counter->capacity - 1));
        counter->count--;
        pruned = true;
    }
    if (pruned && exact)
        set_sum(counter, sum);
    else if (pruned)
        sum_anew(counter);
}

bool limit_counter_passed(struct limit_counter *counter, int64_t now_ms)
{
    return counter->count == 0 ||
           limit_entry_end(counter, limit_entry_at(counter, counter->count - 1)) <= now_ms;
}

int64_t limit_counter_wait(struct limit_counter *counter, int64_t now_ms, struct decimal demand,
                           struct decimal max)
{
    struct decimal total;
    if (decimal_compare(demand, max) > 0)
        return -1;
    if (!counter->unsummed && decimal_add(limit_counter_sum(counter), demand, &total) == 0 &&
        decimal_compare(total, max) <= 0)
        return 0;
    // From the newest backwards: the first entry that does not fit beside the younger ones must go.
    total = demand;
    for (uint32_t i = counter->count; i-- > 0;) {
        const struct limit_entry *entry = limit_entry_at(counter, i);
        if (decimal_add(total, entry->amount, &total) != 0 || decimal_compare(total, max) > 0)
            return limit_entry_end(counter, entry) - now_ms;
    }
    return 0;
}

// False when there may be no more entries: the counter's or the table's bound, or no memory. A few
// are good for every counter as long as there is any memory, else capacity comes back late.
static bool grow(struct limit_table *table, struct limit_counter *counter)
{
    uint32_t capacity = counter->capacity == 1 ? FEW_ENTRIES : counter->capacity * 2u;
    size_t bytes = limit_block_bytes(ring_size(capacity));
    size_t most = capacity == FEW_ENTRIES ? table->bytes_most : table->bytes_lists;
    if (capacity > LIMIT_ENTRIES_MAX || !counter->class->window.sliding ||
        !limit_table_take_bytes(table, bytes, most))
        return false;
    struct limit_ring *ring = memory_try_new(ring_size(capacity));
    if (ring == NULL) {
        limit_table_give_bytes(table, bytes);
        return false;
    }
    for (uint32_t i = 0; i < counter->count; i++)
        ring->entries[i] = *limit_entry_at(counter, i);
    ring->sum = limit_counter_sum(counter);
    limit_counter_release(table, counter);
    counter->ring = ring;
    counter->first = 0;
    counter->capacity = (uint16_t)capacity;
    return true;
}

static void remove_entry(struct limit_counter *counter, uint32_t index)
{
    for (uint32_t i = index; i + 1 < counter->count; i++)
        *limit_entry_at(counter, i) = *limit_entry_at(counter, i + 1);
    counter->count--;
}

// Joins `younger` to `older`; false when their sum is not a decimal.
static bool join(struct limit_entry *older, const struct limit_entry *younger)
{
    if (decimal_add(older->amount, younger->amount, &older->amount) != 0)
        return false;
    older->at_ms = younger->at_ms;
    return true;
}

static bool merge_nearest(struct limit_counter *counter)
{
    uint32_t best = 0;
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i + 1 < counter->count; i++) {
        int64_t span = limit_entry_at(counter, i + 1)->at_ms - limit_entry_at(counter, i)->since_ms;
        if (span < least) {
            least = span;
            best = i;
        }
    }
    if (counter->count < 2 ||
        !join(limit_entry_at(counter, best), limit_entry_at(counter, best + 1)))
        return false;
    remove_entry(counter, best + 1);
    return true;
}

static int append(struct limit_table *table, struct limit_counter *counter,
                  const struct limit_entry *entry)
{
    if (counter->count == counter->capacity && !grow(table, counter)) {
        // A full list's newest entry may grow to what a merge could span anyway: no search needed.
        // Without memory for a list everything is one entry, which passes after the latest charge.
        struct limit_entry *newest = limit_entry_at(counter, counter->count - 1);
        int64_t span = counter->class->window.length_ms / counter->capacity;
        if ((counter->capacity == 1 || entry->at_ms - newest->since_ms <= span) &&
            join(newest, entry))
            return 0;
        if (!merge_nearest(counter))
            return ERROR_LIMIT;
    }
    counter->count++;
    *limit_entry_at(counter, counter->count - 1) = *entry;
    return 0;
}

static struct limit_entry new_entry(const struct limit_counter *counter, int64_t now_ms,
                                    struct decimal amount)
{
    struct limit_entry entry = {now_ms, now_ms, amount};
    if (!counter->class->window.sliding)
        limit_window_bounds(&counter->class->window, now_ms, &entry.since_ms, &entry.at_ms);
    return entry;
}

int limit_counter_take(struct limit_table *table, struct limit_counter *counter, int64_t now_ms,
                       struct decimal amount)
{
    limit_counter_prune(counter, now_ms);
    struct decimal sum = limit_counter_sum(counter);
    if (counter->unsummed || decimal_add(sum, amount, &sum) != 0)
        return ERROR_LIMIT;
    struct limit_entry *newest =
        counter->count > 0 ? limit_entry_at(counter, counter->count - 1) : NULL;
    bool same = newest != NULL && (!counter->class->window.sliding || newest->at_ms == now_ms);
    if (!same || decimal_add(newest->amount, amount, &newest->amount) != 0) {
        struct limit_entry entry = new_entry(counter, now_ms, amount);
        int error = append(table, counter, &entry);
        if (error != 0)
            return error;
    }
    set_sum(counter, sum);
    return 0;
}

int limit_counter_restore(struct limit_table *table, struct limit_counter *counter,
                          const struct limit_entry *entries, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++)
        error = append(table, counter, &entries[i]);
    sum_anew(counter);
    return error;
}

void limit_counter_empty(struct limit_counter *counter)
{
    counter->first = counter->count = 0;
    counter->unsummed = false;
    set_sum(counter, (struct decimal){0});
}

// The entry that holds a charge of this time, or NULL.
static struct limit_entry *find_entry(struct limit_counter *counter, int64_t at_ms,
                                      uint32_t *ret_index)
{
    bool sliding = counter->class->window.sliding;
    for (uint32_t i = counter->count; i-- > 0;) {
        struct limit_entry *entry = limit_entry_at(counter, i);
        if (at_ms < entry->since_ms)
            continue;
        *ret_index = i;
        return at_ms < entry->at_ms || (sliding && at_ms == entry->at_ms) ? entry : NULL;
    }
    return NULL;
}

bool limit_counter_give_back(struct limit_counter *counter, int64_t at_ms, struct decimal amount)
{
    uint32_t index = 0;
    struct decimal left, sum = limit_counter_sum(counter);
    struct limit_entry *entry = find_entry(counter, at_ms, &index);
    if (entry == NULL || decimal_subtract(entry->amount, amount, &left) != 0 ||
        decimal_is_negative(left))
        return false;
    entry->amount = left;
    if (decimal_is_zero(left))
        remove_entry(counter, index);
    if (counter->unsummed || decimal_subtract(sum, amount, &sum) != 0)
        sum_anew(counter);
    else
        set_sum(counter, sum);
    return true;
}
