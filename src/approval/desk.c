// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The questions that the desk knows of: those that are open, and those that ended and would be met
// by the same call once more.
#include "approval/approval_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "chain/chain.h"

enum { OPEN_PER_GRANT = 20, OPEN = 10000 };

// ---- Time

int64_t approval_wall_ms(const struct approval_desk *desk)
{
    return desk->options.wall_ms == NULL ? clock_wall_ms() : desk->options.wall_ms();
}

uint64_t approval_now_us(const struct approval_desk *desk)
{
    return desk->options.monotonic_us == NULL ? clock_monotonic_us() : desk->options.monotonic_us();
}

uint64_t approval_deadline_us(const struct approval_desk *desk, int64_t created_ms,
                              int64_t expires_ms)
{
    int64_t now_ms = approval_wall_ms(desk);
    // A clock that stands before its beginning says nothing of what is left.
    int64_t left_ms = expires_ms - (now_ms < created_ms ? created_ms : now_ms);
    return approval_now_us(desk) + (left_ms <= 0 ? 0 : (uint64_t)left_ms * 1000);
}

bool approval_is_over(const struct approval_desk *desk, int64_t expires_ms, uint64_t deadline_us)
{
    return approval_wall_ms(desk) >= expires_ms || approval_now_us(desk) >= deadline_us;
}

// ---- Keys

void approval_copy_id(char to[APPROVAL_ID_SIZE], struct slice from)
{
    size_t length = from.length < APPROVAL_ID_SIZE ? from.length : 0;
    memset(to, 0, APPROVAL_ID_SIZE);
    if (length > 0)
        memcpy(to, from.data, length);
}

static struct slice join(struct arena *arena, const struct slice *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += sizeof parts[i].length + parts[i].length;
    char *text = arena_take(arena, size);
    char *at = text;
    for (size_t i = 0; text != NULL && i < count; i++) {
        memcpy(at, &parts[i].length, sizeof parts[i].length);
        at += sizeof parts[i].length;
        if (parts[i].length > 0)
            memcpy(at, parts[i].data, parts[i].length);
        at += parts[i].length;
    }
    return slice_of(text, text == NULL ? 0 : size);
}

struct slice approval_key(struct arena *arena, struct slice organisation, struct slice print,
                          struct slice policy, struct slice version)
{
    return join(arena, (struct slice[]){organisation, print, policy, version}, 4);
}

int approval_print(const struct approval_subject *subject, unsigned char ret[APPROVAL_PRINT_SIZE])
{
    const struct slice parts[] = {subject->grant, subject->server, subject->method, subject->tool,
                                  subject->arguments};
    struct arena arena;
    arena_init(&arena, 4 * (size_t)APPROVAL_ARGUMENTS_MAX);
    struct slice whole = join(&arena, parts, sizeof parts / sizeof *parts);
    int result = whole.data == NULL ? ERROR_NO_MEMORY : chain_hash_once(whole, ret);
    arena_release(&arena);
    return result;
}

// ---- Grants

static struct slice party_key(struct arena *arena, struct slice organisation, struct slice grant)
{
    return join(arena, (struct slice[]){organisation, grant}, 2);
}

struct approval_party *approval_party_of(struct approval_desk *desk, struct slice organisation,
                                         struct slice grant)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    struct slice key = party_key(&arena, organisation, grant);
    struct approval_party *party = key.data == NULL ? NULL : table_get(&desk->parties, key);
    arena_release(&arena);
    return party;
}

static struct approval_party *make_party(struct approval_desk *desk, struct slice organisation,
                                         struct slice grant)
{
    struct approval_party *party = approval_party_of(desk, organisation, grant);
    if (party != NULL)
        return party;
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    struct slice key = party_key(&arena, organisation, grant);
    party = key.data == NULL ? NULL : memory_try_new(sizeof *party);
    if (party != NULL) {
        party->key = memory_copy_string(key.data, key.length);
        if (table_put(&desk->parties, slice_of(party->key, key.length), party) != 0) {
            memory_free(party->key);
            memory_free(party);
            party = NULL;
        }
    }
    arena_release(&arena);
    return party;
}

// The key's length is not kept: it is in the two lengths that it begins with.
static size_t party_key_length(const struct approval_party *party)
{
    size_t first = 0, second = 0;
    memcpy(&first, party->key, sizeof first);
    memcpy(&second, party->key + sizeof first + first, sizeof second);
    return sizeof first + first + sizeof second + second;
}

static void leave_party(struct approval_desk *desk, struct approval_party *party)
{
    if (--party->entries > 0)
        return;
    table_remove(&desk->parties, slice_of(party->key, party_key_length(party)));
    memory_free(party->key);
    memory_free(party);
}

// ---- Entries

static void count_open(struct approval_desk *desk, struct approval_entry *entry, bool open)
{
    entry->party->open += open ? 1 : (size_t)-1;
    desk->figures.open += open ? 1 : (size_t)-1;
}

static void free_entry(struct approval_desk *desk, struct approval_entry *entry)
{
    leave_party(desk, entry->party);
    memory_free(entry->key);
    memory_free(entry->organisation);
    memory_free(entry);
}

struct approval_entry *approval_entry_new(struct approval_desk *desk, struct slice key,
                                          struct slice organisation, struct slice grant)
{
    struct approval_party *party = make_party(desk, organisation, grant);
    struct approval_entry *entry = party == NULL ? NULL : memory_try_new(sizeof *entry);
    if (party != NULL)
        party->entries++;
    if (entry == NULL) {
        if (party != NULL)
            leave_party(desk, party);
        return NULL;
    }
    entry->party = party;
    entry->key = memory_copy_string(key.data, key.length);
    entry->key_length = key.length;
    entry->organisation = memory_copy_string(organisation.data, organisation.length);
    list_init(&entry->waiters);
    if (table_put(&desk->by_key, slice_of(entry->key, key.length), entry) != 0) {
        free_entry(desk, entry);
        return NULL;
    }
    entry->making = entry->listed = true;
    list_append(&desk->entries, &entry->link);
    count_open(desk, entry, true);
    return entry;
}

void approval_entry_unlist(struct approval_desk *desk, struct approval_entry *entry)
{
    if (entry->listed)
        table_remove(&desk->by_key, slice_of(entry->key, entry->key_length));
    entry->listed = false;
}

void approval_entry_settle(struct approval_desk *desk, struct approval_entry *entry)
{
    if (entry->listed || entry->making || entry->unwritten || entry->users > 0 ||
        !list_empty(&entry->waiters))
        return;
    if (approval_is_open(entry->state)) // it could not be made
        count_open(desk, entry, false);
    if (entry->id[0] != '\0')
        table_remove(&desk->by_id, slice_from_string(entry->id));
    list_remove(&entry->link);
    free_entry(desk, entry);
}

int approval_entry_name(struct approval_desk *desk, struct approval_entry *entry, const char *id)
{
    approval_copy_id(entry->id, slice_from_string(id));
    if (table_put(&desk->by_id, slice_from_string(entry->id), entry) == 0)
        return 0;
    entry->id[0] = '\0';
    return ERROR_NO_MEMORY;
}

static void count_turn(struct approval_figures *figures, enum store_question_state state)
{
    figures->approved += state == STORE_APPROVED;
    figures->rejected += state == STORE_REFUSED;
    figures->ran += state == STORE_RAN;
    figures->ended +=
        state == STORE_EXPIRED || state == STORE_WITHDRAWN || state == STORE_OVERTAKEN;
}

// Who waits for an end has left when it is told.
static void tell_all(struct approval_desk *desk, struct approval_entry *entry)
{
    static const enum approval_news news[] = {
        [STORE_ASKED] = APPROVAL_ASKED,      [STORE_APPROVED] = APPROVAL_APPROVED,
        [STORE_REFUSED] = APPROVAL_REJECTED, [STORE_RAN] = APPROVAL_GONE,
        [STORE_EXPIRED] = APPROVAL_EXPIRED,  [STORE_WITHDRAWN] = APPROVAL_GONE,
        [STORE_OVERTAKEN] = APPROVAL_GONE};
    LIST_EACH(&entry->waiters, item)
    {
        struct approval_waiter *waiter = LIST_ENTRY(item, struct approval_waiter, link);
        if (waiter->id[0] == '\0') // else its worker may be reading it
            approval_copy_id(waiter->id, slice_from_string(entry->id));
        if (!approval_is_open(entry->state)) {
            entry->heard = true;
            approval_detach(desk, waiter);
        }
        approval_tell(waiter, news[entry->state]);
    }
}

void approval_entry_turn(struct approval_desk *desk, struct approval_entry *entry,
                         enum store_question_state state)
{
    if (entry->state == state)
        return;
    bool was_open = approval_is_open(entry->state), open = approval_is_open(state);
    entry->state = state;
    if (was_open != open)
        count_open(desk, entry, open);
    count_turn(&desk->figures, state);
    if (!open)
        entry->ended_us = approval_now_us(desk);
    tell_all(desk, entry);
    bool met_again = open || state == STORE_REFUSED || (state == STORE_EXPIRED && !entry->heard);
    if (!met_again)
        approval_entry_unlist(desk, entry);
    approval_entry_settle(desk, entry);
}

void approval_entry_end(struct approval_desk *desk, struct approval_entry *entry,
                        enum store_question_state state)
{
    entry->unwritten = entry->id[0] != '\0';
    approval_entry_turn(desk, entry, state);
}

// ---- The desk

struct approval_desk *approval_desk_new(const struct approval_options *options)
{
    struct approval_desk *desk = memory_new(sizeof *desk);
    desk->options = *options;
    desk->has_tickets = options->tickets != NULL;
    pthread_mutex_init(&desk->lock, NULL);
    table_init(&desk->by_key);
    table_init(&desk->by_id);
    table_init(&desk->passes_by_key);
    table_init(&desk->parties);
    list_init(&desk->entries);
    list_init(&desk->passes);
    desk->runs = approval_runs_new();
    approval_desk_bound(desk, options->open_per_grant, options->open);
    return desk;
}

void approval_desk_bound(struct approval_desk *desk, size_t open_per_grant, size_t open)
{
    pthread_mutex_lock(&desk->lock);
    desk->options.open_per_grant = open_per_grant == 0 ? OPEN_PER_GRANT : open_per_grant;
    desk->options.open = open == 0 ? OPEN : open;
    pthread_mutex_unlock(&desk->lock);
}

void approval_desk_free(struct approval_desk *desk)
{
    if (desk == NULL)
        return;
    LIST_EACH(&desk->entries, item)
    {
        free_entry(desk, LIST_ENTRY(item, struct approval_entry, link));
    }
    LIST_EACH(&desk->passes, item)
    {
        approval_pass_forget(desk, LIST_ENTRY(item, struct approval_pass, link));
    }
    table_release(&desk->by_key);
    table_release(&desk->by_id);
    table_release(&desk->passes_by_key);
    table_release(&desk->parties);
    approval_runs_free(desk->runs);
    secret_keys_unref(desk->options.tickets);
    memory_free(desk->pages);
    pthread_mutex_destroy(&desk->lock);
    memory_free(desk);
}

void approval_desk_stop(struct approval_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    desk->closing = true;
    pthread_mutex_unlock(&desk->lock);
}

struct approval_figures approval_desk_figures(struct approval_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    struct approval_figures figures = desk->figures;
    pthread_mutex_unlock(&desk->lock);
    return figures;
}
