// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tools, best matches first: of this very name, beginning with it, with all words in the name, with
// all words anywhere. One kind is asked for after the other until the page is full; the order
// within one is what the store can give without looking at the rest: names, then ids.
#include "inventory/find_internal.h"

#include "base/memory.h"

#include <stdlib.h>

struct found {
    struct inventory_row row;
    struct find_place place;
    int64_t server;
};

struct searching {
    struct inventory *inventory;
    const struct inventory_filter *filter;
    struct arena *arena;
    struct error *error;
    struct fold text; // what the name is or begins with
    struct buffer room;
    struct slice words[STORE_CATALOGUE_WORDS];
    size_t word_count;
    int64_t owners[2];
    size_t owner_count;
    struct inventory_meant server; // id 0: all
    struct find_place after;
    int tier; // that is asked for now
    struct found *items;
    size_t count, capacity, most;
    int64_t last; // the id that was visited last
    int64_t visited;
};

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static bool starts(const struct searching *s, const struct fold *fold)
{
    return slice_starts_with(fold_slice(fold), fold_slice(&s->text));
}

// The tier that a match belongs to, when it is found as one of the present tier.
static int tier_of(const struct searching *s, const struct fold *fold)
{
    if (s->text.length > 0 && slice_equal(fold_slice(fold), fold_slice(&s->text)))
        return FIND_WHOLE;
    return starts(s, fold) ? FIND_START : s->tier;
}

static int add(struct searching *s, const struct store_catalogue_tool *tool,
               const struct find_place *place)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity == 0 ? 128 : 2 * s->capacity;
        struct found *items = memory_try_resize(s->items, capacity * sizeof *items);
        if (items == NULL)
            return no_memory(s->error);
        s->items = items;
        s->capacity = capacity;
    }
    struct found *item = &s->items[s->count++];
    item->place = *place;
    item->server = tool->id >> 16;
    return inventory_copy_row(tool, s->arena, &item->row) == 0 ? 0 : no_memory(s->error);
}

static int by_place(const void *a, const void *b)
{
    const struct find_place *left = &((const struct found *)a)->place;
    const struct find_place *right = &((const struct found *)b)->place;
    if (left->tier != right->tier)
        return left->tier < right->tier ? -1 : 1;
    return inventory_compare_folds(fold_slice(&left->fold), left->id, fold_slice(&right->fold),
                                   right->id);
}

static unsigned categories_of(const struct searching *s)
{
    return s->filter->categories == 0 ? (1U << INVENTORY_CATEGORIES) - 1 : s->filter->categories;
}

// ---- By name

static int have_name(void *argument, const struct store_catalogue_tool *tool)
{
    struct searching *s = argument;
    struct find_place place = {.tier = s->tier, .id = tool->id};
    inventory_fold(tool->name, &place.fold);
    return add(s, tool, &place);
}

// Of each owner and category enough for a page; then the first of all of them.
static int find_names(struct searching *s)
{
    struct store_catalogue_names wanted = {.text = fold_slice(&s->text),
                                           .whole = s->tier == FIND_WHOLE,
                                           .limit = (int64_t)(s->most - s->count)};
    size_t before = s->count;
    int result = 0;
    if (s->after.tier == s->tier && s->after.id != 0) {
        wanted.after_fold = fold_slice(&s->after.fold);
        wanted.after_id = s->after.id;
    } else if (s->tier == FIND_START && s->text.length > 0) { // behind those of this very name
        wanted.after_fold = fold_slice(&s->text);
        wanted.after_id = INT64_MAX;
    }
    for (size_t i = 0; i < s->owner_count; i++)
        for (int category = 0; category < INVENTORY_CATEGORIES && result == 0; category++) {
            if ((categories_of(s) & 1U << category) == 0)
                continue;
            wanted.owner = s->owners[i];
            wanted.category = category;
            result =
                store_catalogue_each_name(s->inventory->store, &wanted, have_name, s, s->error);
        }
    if (result == 0 && s->count > before)
        qsort(s->items + before, s->count - before, sizeof *s->items, by_place);
    if (s->count > s->most)
        s->count = s->most;
    return result;
}

// ---- By words

static void set_words(const struct searching *s, struct store_catalogue_words *wanted)
{
    *wanted = (struct store_catalogue_words){.count = s->word_count,
                                             .in_name = s->tier == FIND_IN_NAME,
                                             .beyond_name = s->tier == FIND_ANYWHERE,
                                             .categories = s->filter->categories};
    memcpy(wanted->words, s->words, s->word_count * sizeof *s->words);
}

static int have_match(void *argument, const struct store_catalogue_tool *tool)
{
    struct searching *s = argument;
    struct find_place place = {.tier = s->tier, .id = tool->id};
    struct fold fold;
    s->visited++;
    s->last = tool->id;
    inventory_fold(tool->name, &fold);
    return s->count < s->most && !starts(s, &fold) ? add(s, tool, &place) : 0;
}

// What begins with the text has been found by name, and is passed over.
static int find_words_of(struct searching *s, int64_t owner)
{
    struct store_catalogue_words wanted;
    int result = 0;
    set_words(s, &wanted);
    int64_t first = store_catalogue_first_tool(store_catalogue_first_server(owner));
    int64_t behind = store_catalogue_first_tool(store_catalogue_first_server(owner + 1));
    wanted.from = s->after.tier == s->tier && s->after.id >= first ? s->after.id + 1 : first;
    wanted.to = behind - 1;
    do {
        s->visited = 0;
        wanted.limit = (int64_t)(s->most - s->count);
        result = store_catalogue_each_match(s->inventory->store, &wanted, have_match, s, s->error);
        wanted.from = s->last + 1;
    } while (result == 0 && s->visited == wanted.limit && s->count < s->most);
    return result;
}

static int find_words(struct searching *s)
{
    int result = 0;
    for (size_t i = 0; i < s->owner_count && s->count < s->most && result == 0; i++)
        result = find_words_of(s, s->owners[i]);
    return result;
}

static int find_all(struct searching *s)
{
    int result = 0;
    s->tier = s->filter->after.length > 0 ? s->after.tier : FIND_WHOLE;
    if (s->text.length == 0)
        s->tier = FIND_START;
    for (; s->tier < FIND_TIERS && s->count < s->most && result == 0; s->tier++) {
        if (s->tier <= FIND_START)
            result = find_names(s);
        else if (s->word_count > 0)
            result = find_words(s);
    }
    return result;
}

// ---- Of one server: all of them, put in order

static int have_of_server(void *argument, const struct store_catalogue_tool *tool)
{
    struct searching *s = argument;
    struct find_place place = {.id = tool->id};
    inventory_fold(tool->name, &place.fold);
    if ((categories_of(s) & 1U << tool->category) == 0 ||
        (s->word_count == 0 && !starts(s, &place.fold)))
        return 0;
    place.tier = tier_of(s, &place.fold);
    return add(s, tool, &place);
}

static int find_in_server(struct searching *s)
{
    struct store_catalogue_words wanted;
    struct store_catalogue *store = s->inventory->store;
    int result = 0;
    s->tier = FIND_IN_NAME;
    if (s->word_count == 0)
        result = store_catalogue_each_tool(store, s->server.id, have_of_server, s, s->error);
    for (; s->word_count > 0 && s->tier < FIND_TIERS && result == 0; s->tier++) {
        set_words(s, &wanted);
        wanted.from = store_catalogue_first_tool(s->server.id);
        wanted.to = store_catalogue_first_tool(s->server.id + 1) - 1;
        wanted.limit = STORE_CATALOGUE_PLACES;
        result = store_catalogue_each_match(store, &wanted, have_of_server, s, s->error);
    }
    if (result != 0 || s->count == 0)
        return result;
    qsort(s->items, s->count, sizeof *s->items, by_place);
    size_t skipped = 0;
    const struct found after = {.place = s->after};
    while (s->filter->after.length > 0 && skipped < s->count &&
           by_place(&s->items[skipped], &after) <= 0)
        skipped++;
    memmove(s->items, s->items + skipped, (s->count - skipped) * sizeof *s->items);
    s->count -= skipped;
    return 0;
}

// ---- How many there are

static int count_names(struct searching *s, int64_t owner, int64_t *ret)
{
    struct store_catalogue_names wanted = {
        .owner = owner, .text = fold_slice(&s->text), .limit = INVENTORY_COUNT_MAX + 1};
    int result = 0;
    for (int category = 0; category < INVENTORY_CATEGORIES && result == 0; category++) {
        int64_t counted = 0;
        if ((categories_of(s) & 1U << category) == 0)
            continue;
        wanted.category = category;
        result = store_catalogue_count_names(s->inventory->store, &wanted, &counted, s->error);
        *ret += counted;
    }
    return result;
}

static int count_sums(struct searching *s, int64_t owner, int64_t *ret)
{
    struct store_catalogue_sums sums;
    int result = store_catalogue_get_sums(s->inventory->store, owner, &sums, s->error);
    for (int c = 0; c < INVENTORY_CATEGORIES && result == 0; c++)
        *ret += (categories_of(s) & 1U << c) != 0 ? sums.items[c] : 0;
    return result;
}

static int count_words(struct searching *s, int64_t owner, int64_t *ret)
{
    struct store_catalogue_words wanted;
    set_words(s, &wanted);
    wanted.in_name = wanted.beyond_name = false;
    wanted.limit = INVENTORY_COUNT_MAX + 1;
    wanted.from = store_catalogue_first_tool(store_catalogue_first_server(owner));
    wanted.to = store_catalogue_first_tool(store_catalogue_first_server(owner + 1)) - 1;
    return store_catalogue_count_matches(s->inventory->store, &wanted, ret, s->error);
}

// Names are counted first: where there are enough of them, words need not be looked through.
static int count_all(struct searching *s, struct inventory_page *page)
{
    int result = 0;
    for (size_t i = 0; i < s->owner_count && result == 0; i++) {
        int64_t counted = 0;
        result = s->text.length == 0 ? count_sums(s, s->owners[i], &counted)
                                     : count_names(s, s->owners[i], &counted);
        if (result == 0 && s->word_count > 0 && counted <= INVENTORY_COUNT_MAX) {
            counted = 0;
            result = count_words(s, s->owners[i], &counted);
        }
        page->total += (uint64_t)counted;
    }
    return result;
}

// ---- The page

struct naming {
    struct searching *s;
    struct inventory_server server;
};

static int have_server(void *argument, const struct store_catalogue_server *server)
{
    struct naming *naming = argument;
    return inventory_copy_server(server, naming->s->filter->organisation, naming->s->arena,
                                 &naming->server);
}

static int name_servers(struct searching *s, size_t count)
{
    struct naming naming = {.s = s};
    int64_t known = -1;
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        struct inventory_row *row = &s->items[i].row;
        if (s->items[i].server != known)
            result = store_catalogue_get_server(s->inventory->store, s->items[i].server,
                                                have_server, &naming, s->error);
        known = s->items[i].server;
        row->server = naming.server.name;
        row->server_slug = naming.server.slug;
        row->organisation = naming.server.organisation;
    }
    return result;
}

static int write_page(struct searching *s, struct inventory_found *ret)
{
    size_t count = s->count < s->filter->limit ? s->count : s->filter->limit;
    int result = name_servers(s, count);
    if (result != 0)
        return result;
    ret->items = arena_take_zeroed(s->arena, (count + 1) * sizeof *ret->items);
    if (ret->items == NULL)
        return no_memory(s->error);
    for (size_t i = 0; i < count; i++)
        ret->items[i] = s->items[i].row;
    ret->count = count;
    if (s->count > s->filter->limit)
        inventory_write_cursor(&s->items[count - 1].place, ret->page.next);
    inventory_cut_total(&ret->page);
    return 0;
}

static int search(struct searching *s, struct inventory_found *ret)
{
    const struct inventory_filter *filter = s->filter;
    int result = inventory_read_cursor(filter->after, &s->after, s->error);
    if (result == 0)
        result = inventory_owners(s->inventory, filter->organisation, s->owners, &s->owner_count,
                                  s->error);
    if (result == 0 && filter->server.length > 0)
        result = inventory_find(s->inventory, filter->organisation, filter->server, &s->server,
                                s->error);
    if (result != 0)
        return result;
    bool first = filter->after.length == 0;
    if (s->server.id == 0) {
        result = find_all(s);
        if (result == 0 && first && s->count > filter->limit)
            result = count_all(s, &ret->page);
        else if (first) // the page has all of them
            ret->page.total = s->count;
    } else {
        result = find_in_server(s);
        ret->page.total = first ? s->count : 0;
    }
    return result == 0 ? write_page(s, ret) : result;
}

int inventory_search(struct inventory *inventory, const struct inventory_filter *filter,
                     struct arena *arena, struct inventory_found *ret, struct error *error)
{
    struct searching s = {.inventory = inventory,
                          .filter = filter,
                          .arena = arena,
                          .error = error,
                          .most = filter->limit + 1};
    *ret = (struct inventory_found){0};
    if (filter->limit == 0 || filter->limit > INVENTORY_PAGE_MAX)
        return error_set(error, ERROR_RANGE, "a page has 1 to %d entries", INVENTORY_PAGE_MAX);
    buffer_init(&s.room, 0);
    inventory_fold(filter->text, &s.text);
    // One letter is in every other name: then only what begins with it.
    if (s.text.length > 1)
        s.word_count = inventory_query_words(filter->text, &s.room, s.words, STORE_CATALOGUE_WORDS);
    int result = s.room.failed ? no_memory(error) : 0;
    if (result == 0 && !inventory->batch)
        result = store_catalogue_begin(inventory->store, false, error);
    if (result == 0)
        result = search(&s, ret);
    if (!inventory->batch)
        store_catalogue_rollback(inventory->store);
    memory_free(s.items);
    buffer_release(&s.room);
    return result;
}
