// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// After a crash: the notes that the limits file does not know are done again.
#include "limit/journal_internal.h"

#include <stdlib.h>
#include <string.h>

// The chunk's head, when it is whole and of an epoch after those of `folded`.
static const struct limit_chunk_head *chunk_head(const struct limit_journal *journal,
                                                 const uint64_t *folded, uint32_t chunk)
{
    const struct limit_chunk_head *head = (const void *)limit_chunk_at(journal, chunk);
    bool whole = head->epoch > 0 && head->lane < LIMIT_SHARDS &&
                 head->check == limit_chunk_check(journal, head);
    return whole && head->epoch > folded[head->lane] ? head : NULL;
}

bool limit_journal_has_notes(const struct limit_journal *journal)
{
    const uint64_t *folded = limit_journal_head_of(journal)->folded;
    for (uint32_t i = 0; i < LIMIT_CHUNKS; i++) {
        size_t at = sizeof(struct limit_chunk_head);
        const struct limit_chunk_head *head = chunk_head(journal, folded, i);
        if (head != NULL && limit_note_next(journal, head, &at) != NULL)
            return true;
    }
    return false;
}

static int by_order(const void *left, const void *right)
{
    const struct limit_chunk_head *a = *(const struct limit_chunk_head *const *)left,
                                  *b = *(const struct limit_chunk_head *const *)right;
    if (a->lane != b->lane)
        return a->lane < b->lane ? -1 : 1;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

struct place {
    struct limit_shard *shard;
    struct limit_counter *counter; // NULL: not there
    uint64_t hash;
    struct slice key;
    struct limit_window window;
};

static bool place_of(struct limit_table *table, const struct limit_note_head *note,
                     struct place *ret)
{
    ret->window =
        (struct limit_window){note->sliding != 0, note->calendar_month != 0, note->window_ms};
    ret->key = slice_of((const char *)note + sizeof *note, note->key_length);
    ret->hash = limit_hash(table, ret->key);
    ret->shard = limit_shard_of(table, ret->hash);
    if (ret->window.calendar_month ? ret->window.sliding || ret->window.length_ms != 0
                                   : ret->window.length_ms <= 0)
        return false;
    ret->counter = limit_shard_find(ret->shard, ret->hash, ret->key, &ret->window);
    return !decimal_is_negative(note->amount);
}

static bool has_passed(const struct limit_window *window, int64_t at_ms, int64_t now_ms)
{
    int64_t start, end = 0;
    if (window->sliding)
        return now_ms - at_ms >= window->length_ms;
    limit_window_bounds(window, at_ms, &start, &end);
    return end <= now_ms;
}

static int charge_again(struct place *place, int64_t at_ms, struct decimal amount)
{
    int failed = 0;
    if (has_passed(&place->window, at_ms, place->shard->now_ms) || decimal_is_zero(amount))
        return 0;
    if (place->counter == NULL)
        failed = limit_shard_make(place->shard, place->hash, place->key, &place->window,
                                  &place->counter);
    if (failed == 0)
        failed = limit_counter_take(place->shard->table, place->counter, at_ms, amount);
    if (failed == 0)
        limit_shard_charged(place->shard, place->counter);
    return failed;
}

// What lies in the future counts as of now, as what is loaded does (load.c).
static int do_again(struct limit_table *table, const struct limit_note_head *note)
{
    struct place place;
    if (!place_of(table, note, &place))
        return ERROR_CONFIG;
    int64_t at_ms = note->at_ms < place.shard->now_ms ? note->at_ms : place.shard->now_ms;
    if (note->what == LIMIT_NOTE_CHARGE)
        return charge_again(&place, at_ms, note->amount);
    if (place.counter == NULL)
        return 0; // it had passed
    if (note->what == LIMIT_NOTE_GIVE_BACK)
        (void)limit_counter_give_back(place.counter, at_ms, note->amount);
    else if (note->what == LIMIT_NOTE_RESET)
        limit_counter_empty(place.counter);
    else
        return ERROR_CONFIG;
    limit_shard_changed(place.shard, place.counter);
    return 0;
}

static int do_chunk_again(const struct limit_journal *journal, struct limit_table *table,
                          const struct limit_chunk_head *head, struct error *error)
{
    size_t at = sizeof *head;
    const struct limit_note_head *note;
    while ((note = limit_note_next(journal, head, &at)) != NULL) {
        int failed = do_again(table, note);
        if (failed == ERROR_NO_MEMORY)
            return error_set(error, failed, "no memory for the charges of '%s'", journal->path);
        if (failed != 0)
            return error_set(
                error, ERROR_CONFIG,
                "'%s' holds a charge that cannot be understood; move it and the limits "
                "file away to start with all limits unused",
                journal->path);
    }
    return 0;
}

int limit_journal_replay(struct limit_journal *journal, struct limit_table *table,
                         struct store_journal *known, struct error *error)
{
    const struct limit_chunk_head *heads[LIMIT_CHUNKS];
    size_t count = 0;
    for (uint32_t i = 0; i < LIMIT_CHUNKS; i++)
        if ((heads[count] = chunk_head(journal, known->folded, i)) != NULL)
            count++;
    qsort(heads, count, sizeof *heads, by_order);
    for (size_t i = 0; i < count; i++) {
        int failed = do_chunk_again(journal, table, heads[i], error);
        if (failed != 0)
            return failed;
    }
    for (size_t i = 0; i < count; i++)
        if (known->folded[heads[i]->lane] < heads[i]->epoch)
            known->folded[heads[i]->lane] = heads[i]->epoch;
    return 0;
}
