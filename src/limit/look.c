// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Counters for people: what they hold, and making them empty.
#include "limit/journal_internal.h"

static void view_of(struct limit_counter *counter, struct limit_time time, struct limit_view *ret)
{
    const struct limit_window *window = &counter->class->window;
    *ret = (struct limit_view){.key = limit_counter_key(counter),
                               .sliding = window->sliding,
                               .calendar_month = window->calendar_month,
                               .window_ms = window->length_ms};
    limit_counter_prune(counter, time.now_ms);
    ret->used = limit_counter_sum(counter);
    ret->unsummed = counter->unsummed;
    if (counter->count == 0)
        return;
    int64_t wall_ms = time.now_ms - time.ahead_ms;
    int64_t first = limit_entry_end(counter, limit_entry_at(counter, 0)) - time.now_ms;
    int64_t last =
        limit_entry_end(counter, limit_entry_at(counter, counter->count - 1u)) - time.now_ms;
    first = limit_clock_wait(time, first);
    last = limit_clock_wait(time, last);
    ret->frees_ms = first > INT64_MAX - wall_ms ? INT64_MAX : wall_ms + first;
    ret->empty_ms = last > INT64_MAX - wall_ms ? INT64_MAX : wall_ms + last;
}

// What a shard is looked through for.
struct search {
    limit_visit_cb visit;
    void *argument;
    bool reset, stop;
    size_t emptied, left;
};

static void reset(struct limit_shard *shard, struct limit_counter *counter, struct search *search)
{
    struct limit_table *table = shard->table;
    if (table->journal != NULL &&
        limit_journal_note(table->journal, shard->number, LIMIT_NOTE_RESET, counter, shard->now_ms,
                           (struct decimal){0}) != 0 &&
        !table->local_on_failure) {
        search->left++;
        return;
    }
    limit_counter_empty(counter);
    counter->id = ++shard->last_id; // what calls under way took is nobody's now
    limit_shard_changed(shard, counter);
    search->emptied++;
}

static void search_shard(struct limit_shard *shard, struct limit_time time, struct search *search)
{
    shard->now_ms = time.now_ms;
    LIST_EACH(&shard->classes, link)
    {
        struct limit_class *class = LIST_ENTRY(link, struct limit_class, link);
        LIST_EACH(&class->counters, member)
        {
            struct limit_counter *counter = LIST_ENTRY(member, struct limit_counter, in_class);
            struct limit_view view;
            view_of(counter, time, &view);
            if (search->stop || counter->count == 0)
                continue;
            bool yes = search->visit(search->argument, &view);
            if (yes && search->reset)
                reset(shard, counter, search);
            search->stop = !yes && !search->reset;
        }
    }
}

static void search_all(struct limit_table *table, int64_t now_ms, struct search *search)
{
    for (size_t i = 0; i < LIMIT_SHARDS && !search->stop; i++) {
        struct limit_shard *shard = &table->shards[i];
        pthread_mutex_lock(&shard->lock);
        search_shard(shard, limit_clock_advance(&table->clock, now_ms), search);
        pthread_mutex_unlock(&shard->lock);
    }
}

void limit_each(struct limit_table *table, int64_t now_ms, limit_visit_cb visit, void *argument)
{
    struct search search = {.visit = visit, .argument = argument};
    search_all(table, now_ms, &search);
}

size_t limit_reset(struct limit_table *table, int64_t now_ms, limit_visit_cb select, void *argument,
                   size_t *ret_left)
{
    struct search search = {.visit = select, .argument = argument, .reset = true};
    search_all(table, now_ms, &search);
    *ret_left = search.left;
    return search.emptied;
}

void limit_clear(struct limit_table *table, const struct limit_charge *charge, int64_t now_ms)
{
    struct limit_window window;
    struct search search = {.reset = true};
    uint64_t hash = limit_hash(table, charge->key);
    struct limit_shard *shard = limit_shard_of(table, hash);
    if (!limit_window_of(charge, &window))
        return;
    pthread_mutex_lock(&shard->lock);
    shard->now_ms = limit_clock_advance(&table->clock, now_ms).now_ms;
    struct limit_counter *counter = limit_shard_find(shard, hash, charge->key, &window);
    if (counter != NULL)
        reset(shard, counter, &search);
    pthread_mutex_unlock(&shard->lock);
}

void limit_stand(struct limit_table *table, const struct limit_charge *charge, int64_t now_ms,
                 struct limit_view *ret)
{
    struct limit_window window = {0};
    uint64_t hash = limit_hash(table, charge->key);
    struct limit_shard *shard = limit_shard_of(table, hash);
    bool sound = limit_window_of(charge, &window);
    *ret = (struct limit_view){.key = charge->key,
                               .sliding = window.sliding,
                               .calendar_month = window.calendar_month,
                               .window_ms = window.length_ms};
    pthread_mutex_lock(&shard->lock);
    struct limit_time time = limit_clock_advance(&table->clock, now_ms);
    shard->now_ms = time.now_ms;
    struct limit_counter *counter =
        sound ? limit_shard_find(shard, hash, charge->key, &window) : NULL;
    if (counter != NULL)
        view_of(counter, time, ret);
    ret->key = charge->key;
    pthread_mutex_unlock(&shard->lock);
}
