// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A call locks the shards of its counters, no others, in the order of their numbers.
#include "limit/journal_internal.h"

// One call under way.
struct taking {
    struct limit_table *table;
    const struct limit_charge *charges;
    size_t count;
    uint64_t hashes[LIMIT_CHARGES_MAX];
    uint64_t shards; // locked, a bit each
    struct limit_time time;
    bool only_asks; // counts in no figure
};

// The number of a set's first shard.
static int lowest(uint64_t shards)
{
    return __builtin_ctzll(shards);
}

static void lock(struct taking *taking, int64_t wall_ms)
{
    struct limit_table *table = taking->table;
    for (size_t i = 0; i < taking->count; i++) {
        taking->hashes[i] = limit_hash(table, taking->charges[i].key);
        taking->shards |= UINT64_C(1) << limit_shard_of(table, taking->hashes[i])->number;
    }
    for (uint64_t left = taking->shards; left != 0; left &= left - 1)
        pthread_mutex_lock(&table->shards[lowest(left)].lock);
    // Now, and not before: what another call charged meanwhile must not lie in the future.
    taking->time = limit_clock_advance(&table->clock, wall_ms);
    for (uint64_t left = taking->shards; left != 0; left &= left - 1)
        table->shards[lowest(left)].now_ms = taking->time.now_ms;
}

static void unlock(struct taking *taking)
{
    for (uint64_t left = taking->shards; left != 0; left &= left - 1)
        pthread_mutex_unlock(&taking->table->shards[lowest(left)].lock);
}

static bool same_counter(const struct taking *taking, size_t a, size_t b)
{
    struct limit_window window_a, window_b;
    return a == b || (taking->hashes[a] == taking->hashes[b] &&
                      limit_window_of(&taking->charges[a], &window_a) &&
                      limit_window_of(&taking->charges[b], &window_b) &&
                      limit_window_equal(&window_a, &window_b) &&
                      slice_equal(taking->charges[a].key, taking->charges[b].key));
}

// What all charges together take from the counter of one of them.
static bool demand_on(const struct taking *taking, size_t index, struct decimal *ret)
{
    struct decimal demand = {0};
    for (size_t i = 0; i < taking->count; i++)
        if (same_counter(taking, index, i) &&
            decimal_add(demand, taking->charges[i].amount, &demand) != 0)
            return false;
    *ret = demand;
    return true;
}

static struct limit_counter *counter_of(const struct taking *taking, size_t index,
                                        const struct limit_window *window)
{
    uint64_t hash = taking->hashes[index];
    return limit_shard_find(limit_shard_of(taking->table, hash), hash, taking->charges[index].key,
                            window);
}

static int64_t wait_for(const struct taking *taking, size_t index)
{
    const struct limit_charge *charge = &taking->charges[index];
    struct limit_window window;
    struct decimal demand;
    if (!limit_window_of(charge, &window) || decimal_is_negative(charge->amount) ||
        charge->key.length > LIMIT_KEY_MAX || !demand_on(taking, index, &demand))
        return -1;
    struct limit_counter *counter = counter_of(taking, index, &window);
    if (counter == NULL)
        return decimal_compare(demand, charge->max) > 0 ? -1 : 0;
    limit_counter_prune(counter, taking->time.now_ms);
    int64_t wait = limit_counter_wait(counter, taking->time.now_ms, demand, charge->max);
    return wait > 0 ? limit_clock_wait(taking->time, wait) : wait;
}

static void refuse(struct taking *taking, size_t index, int64_t retry_ms, size_t *ret_index,
                   int64_t *ret_retry_ms)
{
    if (!taking->only_asks)
        limit_shard_of(taking->table, taking->hashes[index])->stats.refused++;
    *ret_index = index;
    *ret_retry_ms = retry_ms;
}

static int check_all(struct taking *taking, size_t *ret_index, int64_t *ret_retry_ms)
{
    for (size_t i = 0; i < taking->count; i++) {
        int64_t wait = wait_for(taking, i);
        if (wait == 0)
            continue;
        refuse(taking, i, wait, ret_index, ret_retry_ms);
        return ERROR_LIMIT;
    }
    return 0;
}

static int refuse_too_many(size_t *ret_index, int64_t *ret_retry_ms)
{
    *ret_index = LIMIT_CHARGES_MAX;
    *ret_retry_ms = -1;
    return ERROR_LIMIT;
}

static int check(struct taking *taking, int64_t now_ms, size_t *ret_index, int64_t *ret_retry_ms)
{
    if (taking->count > LIMIT_CHARGES_MAX)
        return refuse_too_many(ret_index, ret_retry_ms);
    lock(taking, now_ms);
    int error = check_all(taking, ret_index, ret_retry_ms);
    unlock(taking);
    return error;
}

int limit_check(struct limit_table *table, const struct limit_charge *charges, size_t count,
                int64_t now_ms, size_t *ret_index, int64_t *ret_retry_ms)
{
    struct taking taking = {.table = table, .charges = charges, .count = count};
    return check(&taking, now_ms, ret_index, ret_retry_ms);
}

int limit_would_fit(struct limit_table *table, const struct limit_charge *charges, size_t count,
                    int64_t now_ms, size_t *ret_index, int64_t *ret_retry_ms)
{
    struct taking taking = {.table = table, .charges = charges, .count = count, .only_asks = true};
    return check(&taking, now_ms, ret_index, ret_retry_ms);
}

// What is in memory and not in the journal would be forgotten with the process.
static int note(struct limit_shard *shard, struct limit_counter *counter,
                const struct limit_receipt *receipt)
{
    if (shard->table->journal == NULL)
        return 0;
    int error = limit_journal_note(shard->table->journal, shard->number, LIMIT_NOTE_CHARGE, counter,
                                   receipt->at_ms, receipt->amount);
    if (error == 0 || shard->table->local_on_failure)
        return 0;
    limit_counter_give_back(counter, receipt->at_ms, receipt->amount);
    return error;
}

static int charge_one(struct taking *taking, size_t index, struct limit_receipt *ret_receipt)
{
    const struct limit_charge *charge = &taking->charges[index];
    uint64_t hash = taking->hashes[index];
    struct limit_shard *shard = limit_shard_of(taking->table, hash);
    struct limit_window window;
    *ret_receipt = (struct limit_receipt){
        .hash = hash, .at_ms = taking->time.now_ms, .amount = charge->amount};
    if (decimal_is_zero(charge->amount))
        return 0; // nothing to remember
    if (!limit_window_of(charge, &window))
        return ERROR_LIMIT;
    struct limit_counter *counter = counter_of(taking, index, &window);
    int error = counter != NULL ? 0 : limit_shard_make(shard, hash, charge->key, &window, &counter);
    if (error == 0)
        error = limit_counter_take(taking->table, counter, ret_receipt->at_ms, charge->amount);
    if (error == 0)
        error = note(shard, counter, ret_receipt);
    if (error != 0)
        return error;
    limit_shard_charged(shard, counter);
    ret_receipt->counter = counter->id;
    ret_receipt->used = limit_counter_sum(counter);
    return 0;
}

static bool give_back(struct limit_shard *shard, const struct limit_receipt *receipt)
{
    if (shard->bucket_count == 0 || receipt->counter == 0 || decimal_is_negative(receipt->amount))
        return false;
    struct limit_counter *counter =
        shard->buckets[(uint32_t)receipt->hash & (shard->bucket_count - 1)];
    while (counter != NULL &&
           (counter->hash != (uint32_t)receipt->hash || counter->id != receipt->counter))
        counter = counter->next;
    if (counter == NULL || !limit_counter_give_back(counter, receipt->at_ms, receipt->amount))
        return false;
    // Without room for the note the next hand-over tells; until then a crash leaves it charged.
    if (shard->table->journal != NULL)
        (void)!limit_journal_note(shard->table->journal, shard->number, LIMIT_NOTE_GIVE_BACK,
                                  counter, receipt->at_ms, receipt->amount);
    limit_shard_changed(shard, counter);
    return true;
}

static int take_all(struct taking *taking, struct limit_receipt *receipts, size_t *ret_index,
                    int64_t *ret_retry_ms)
{
    int error = check_all(taking, ret_index, ret_retry_ms);
    for (size_t i = 0; error == 0 && i < taking->count; i++) {
        error = charge_one(taking, i, &receipts[i]);
        if (error == 0)
            continue;
        for (size_t taken = 0; taken < i; taken++)
            (void)give_back(limit_shard_of(taking->table, receipts[taken].hash), &receipts[taken]);
        refuse(taking, i, LIMIT_RETRY_MS, ret_index, ret_retry_ms);
    }
    for (size_t i = 0; error == 0 && i < taking->count; i++)
        limit_shard_of(taking->table, taking->hashes[i])->stats.reserved++;
    return error;
}

int limit_reserve(struct limit_table *table, const struct limit_charge *charges, size_t count,
                  int64_t now_ms, struct limit_receipt *receipts, size_t *ret_index,
                  int64_t *ret_retry_ms)
{
    struct taking taking = {.table = table, .charges = charges, .count = count};
    if (count > LIMIT_CHARGES_MAX)
        return refuse_too_many(ret_index, ret_retry_ms);
    lock(&taking, now_ms);
    int error = take_all(&taking, receipts, ret_index, ret_retry_ms);
    unlock(&taking);
    return error;
}

void limit_give_back(struct limit_table *table, const struct limit_receipt *receipt)
{
    struct limit_shard *shard = limit_shard_of(table, receipt->hash);
    pthread_mutex_lock(&shard->lock);
    if (give_back(shard, receipt))
        shard->stats.given_back++;
    pthread_mutex_unlock(&shard->lock);
}
