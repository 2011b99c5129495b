// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "limit/limit_internal.h"

// Decimal digits and a colon; returns how many bytes.
static size_t write_prefix(char *at, size_t number)
{
    char digits[20];
    size_t count = 0, length = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        at[length++] = digits[--count];
    at[length++] = ':';
    return length;
}

struct slice limit_key(struct arena *arena, const struct slice *parts, size_t count)
{
    enum { PREFIX = 24 };
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].length > SIZE_MAX - PREFIX - room)
            return (struct slice){0};
        room += PREFIX + parts[i].length;
    }
    char *text = arena_take(arena, room == 0 ? 1 : room);
    if (text == NULL)
        return (struct slice){0};
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += write_prefix(text + length, parts[i].length);
        if (parts[i].length > 0)
            memcpy(text + length, parts[i].data, parts[i].length);
        length += parts[i].length;
    }
    return slice_of(text, length);
}

static bool same_counter(const struct limit_charge *a, const struct limit_charge *b)
{
    struct limit_window window_a, window_b;
    return a == b || (limit_window_of(a, &window_a) && limit_window_of(b, &window_b) &&
                      limit_window_equal(&window_a, &window_b) && slice_equal(a->key, b->key));
}

// What all charges together take from the counter of one of them.
static bool demand_on(const struct limit_charge *charges, size_t count,
                      const struct limit_charge *charge, struct decimal *ret)
{
    struct decimal demand = {0};
    for (size_t i = 0; i < count; i++)
        if (same_counter(charge, &charges[i]) &&
            decimal_add(demand, charges[i].amount, &demand) != 0)
            return false;
    *ret = demand;
    return true;
}

// Waiting on the wall clock, while the table's time goes at half speed until both agree.
static int64_t wall_wait(const struct limit_table *table, int64_t wait_ms)
{
    int64_t ahead = table->now_ms - table->wall_ms;
    int64_t slow = wait_ms < ahead ? wait_ms : ahead;
    return wait_ms > INT64_MAX - slow ? INT64_MAX : wait_ms + slow;
}

static int64_t wait_for(struct limit_table *table, const struct limit_charge *charges, size_t count,
                        const struct limit_charge *charge)
{
    struct limit_window window;
    struct decimal demand;
    if (!limit_window_of(charge, &window) || decimal_is_negative(charge->amount) ||
        charge->key.length > LIMIT_KEY_MAX || !demand_on(charges, count, charge, &demand))
        return -1;
    struct limit_counter *counter = limit_table_find(table, charge->key, &window);
    if (counter == NULL)
        return decimal_compare(demand, charge->max) > 0 ? -1 : 0;
    limit_counter_prune(counter, table->now_ms);
    int64_t wait = limit_counter_wait(counter, table->now_ms, demand, charge->max);
    return wait > 0 ? wall_wait(table, wait) : wait;
}

static int check_all(struct limit_table *table, const struct limit_charge *charges, size_t count,
                     int64_t now_ms, size_t *ret_index, int64_t *ret_retry_ms)
{
    limit_table_advance(table, now_ms);
    for (size_t i = 0; i < count; i++) {
        int64_t wait = wait_for(table, charges, count, &charges[i]);
        if (wait == 0)
            continue;
        table->stats.refused++;
        *ret_index = i;
        *ret_retry_ms = wait;
        return ERROR_LIMIT;
    }
    return 0;
}

int limit_check(struct limit_table *table, const struct limit_charge *charges, size_t count,
                int64_t now_ms, size_t *ret_index, int64_t *ret_retry_ms)
{
    pthread_mutex_lock(&table->lock);
    int error = check_all(table, charges, count, now_ms, ret_index, ret_retry_ms);
    pthread_mutex_unlock(&table->lock);
    return error;
}

static int charge_one(struct limit_table *table, const struct limit_charge *charge,
                      struct limit_receipt *ret_receipt)
{
    *ret_receipt = (struct limit_receipt){.at_ms = table->now_ms, .amount = charge->amount};
    struct limit_window window;
    struct limit_counter *counter = NULL;
    if (decimal_is_zero(charge->amount))
        return 0; // nothing to remember
    if (!limit_window_of(charge, &window))
        return ERROR_LIMIT;
    counter = limit_table_find(table, charge->key, &window);
    int error = counter != NULL ? 0 : limit_table_make(table, charge->key, &window, &counter);
    if (error == 0)
        error = limit_counter_take(table, counter, table->now_ms, charge->amount);
    if (error != 0)
        return error;
    limit_table_charged(table, counter);
    ret_receipt->counter = counter->id;
    return 0;
}

static bool give_back(struct limit_table *table, const struct limit_receipt *receipt)
{
    struct slice id = slice_of((const char *)&receipt->counter, sizeof receipt->counter);
    struct limit_counter *counter = table_get(&table->by_id, id);
    if (counter == NULL || decimal_is_negative(receipt->amount) ||
        !limit_counter_give_back(counter, receipt->at_ms, receipt->amount))
        return false;
    if (list_empty(&counter->in_changed))
        list_append(&table->changed, &counter->in_changed);
    return true;
}

static int take_all(struct limit_table *table, const struct limit_charge *charges, size_t count,
                    int64_t now_ms, struct limit_receipt *receipts, size_t *ret_index,
                    int64_t *ret_retry_ms)
{
    int error = check_all(table, charges, count, now_ms, ret_index, ret_retry_ms);
    if (error != 0)
        return error;
    for (size_t i = 0; i < count; i++) {
        error = charge_one(table, &charges[i], &receipts[i]);
        if (error == 0)
            continue;
        for (size_t taken = 0; taken < i; taken++)
            give_back(table, &receipts[taken]);
        table->stats.refused++;
        *ret_index = i;
        *ret_retry_ms = LIMIT_RETRY_MS;
        return error;
    }
    table->stats.reserved += count;
    return 0;
}

int limit_reserve(struct limit_table *table, const struct limit_charge *charges, size_t count,
                  int64_t now_ms, struct limit_receipt *receipts, size_t *ret_index,
                  int64_t *ret_retry_ms)
{
    pthread_mutex_lock(&table->lock);
    int error = take_all(table, charges, count, now_ms, receipts, ret_index, ret_retry_ms);
    pthread_mutex_unlock(&table->lock);
    return error;
}

void limit_give_back(struct limit_table *table, const struct limit_receipt *receipt)
{
    pthread_mutex_lock(&table->lock);
    if (give_back(table, receipt))
        table->stats.given_back++;
    pthread_mutex_unlock(&table->lock);
}
