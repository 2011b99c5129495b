// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Pages of servers, and of tools by name. A cursor is a place: of which kind of match, behind which
// name, behind which id. Whoever makes one up gets another page of what he may see.
#include "inventory/find_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// ---- Cursors

void inventory_write_cursor(const struct find_place *place, char ret[INVENTORY_CURSOR_SIZE])
{
    int length =
        snprintf(ret, INVENTORY_CURSOR_SIZE, "%d.%" PRIx64 ".", place->tier, (uint64_t)place->id);
    for (size_t i = 0; i < place->fold.length; i++)
        length += snprintf(ret + length, INVENTORY_CURSOR_SIZE - (size_t)length, "%02x",
                           (unsigned char)place->fold.bytes[i]);
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_number(struct slice *text, uint64_t *ret)
{
    size_t i = 0;
    for (*ret = 0; i < text->length && text->data[i] != '.'; i++) {
        int digit = digit_of(text->data[i]);
        if (digit < 0 || i == 16)
            return false;
        *ret = *ret * 16 + (uint64_t)digit;
    }
    if (i == 0 || i == text->length)
        return false;
    *text = slice_of(text->data + i + 1, text->length - i - 1);
    return true;
}

int inventory_read_cursor(struct slice text, struct find_place *ret, struct error *error)
{
    uint64_t tier = 0, id = 0;
    *ret = (struct find_place){0};
    if (text.length == 0)
        return 0;
    bool good = read_number(&text, &tier) && tier < FIND_TIERS && read_number(&text, &id) &&
                text.length % 2 == 0 && text.length / 2 <= FOLD_MAX;
    for (size_t i = 0; good && i < text.length; i += 2) {
        int high = digit_of(text.data[i]), low = digit_of(text.data[i + 1]);
        good = high >= 0 && low >= 0;
        ret->fold.bytes[ret->fold.length++] = (char)(good ? high * 16 + low : 0);
    }
    good = good && id <= INT64_MAX;
    ret->tier = (int)tier;
    ret->id = (int64_t)id;
    return good ? 0 : error_set(error, ERROR_RANGE, "is no 'next' of a page");
}

int inventory_compare_folds(struct slice a, int64_t a_id, struct slice b, int64_t b_id)
{
    size_t least = a.length < b.length ? a.length : b.length;
    int order = least == 0 ? 0 : memcmp(a.data, b.data, least);
    if (order != 0)
        return order;
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return a_id < b_id ? -1 : a_id > b_id;
}

// ---- Servers

struct found_server {
    struct inventory_server server;
    struct fold fold;
    int64_t id;
};

struct servers {
    struct slice organisation;
    struct arena *arena;
    struct found_server *items;
    size_t count, most;
};

static int have_server(void *argument, const struct store_catalogue_server *server)
{
    struct servers *servers = argument;
    if (servers->count == servers->most)
        return 0;
    struct found_server *item = &servers->items[servers->count++];
    item->id = server->id;
    inventory_fold(server->name, &item->fold);
    return inventory_copy_server(server, servers->organisation, servers->arena, &item->server);
}

static int by_name(const void *a, const void *b)
{
    const struct found_server *left = a, *right = b;
    return inventory_compare_folds(fold_slice(&left->fold), left->id, fold_slice(&right->fold),
                                   right->id);
}

static int collect_servers(struct inventory *inventory, const struct inventory_filter *filter,
                           struct servers *servers, struct inventory_page *page,
                           struct error *error)
{
    int64_t owners[2], counted = 0;
    size_t count = 0;
    struct fold text;
    struct find_place after;
    inventory_fold(filter->text, &text);
    int result = inventory_read_cursor(filter->after, &after, error);
    if (result == 0)
        result = inventory_owners(inventory, filter->organisation, owners, &count, error);
    for (size_t i = 0; i < count && result == 0; i++) {
        if (filter->own && owners[i] == STORE_CATALOGUE_SHARED)
            continue;
        struct store_catalogue_servers wanted = {.owner = owners[i],
                                                 .after_fold = fold_slice(&after.fold),
                                                 .after_id = after.id,
                                                 .text = fold_slice(&text),
                                                 .categories = filter->categories,
                                                 .limit = (int64_t)filter->limit + 1};
        size_t before = servers->count;
        result =
            store_catalogue_each_server(inventory->store, &wanted, have_server, servers, error);
        // Where the page has all of them nothing is looked through twice.
        counted = (int64_t)(servers->count - before);
        wanted.limit = INVENTORY_COUNT_MAX + 1;
        if (result == 0 && filter->after.length == 0 && (size_t)counted > filter->limit)
            result = store_catalogue_count_servers(inventory->store, &wanted, &counted, error);
        page->total += filter->after.length == 0 ? (uint64_t)counted : 0;
    }
    return result;
}

void inventory_cut_total(struct inventory_page *page)
{
    page->more = page->total > INVENTORY_COUNT_MAX;
    if (page->more)
        page->total = INVENTORY_COUNT_MAX;
}

int inventory_find_servers(struct inventory *inventory, const struct inventory_filter *filter,
                           struct arena *arena, struct inventory_servers *ret, struct error *error)
{
    struct servers servers = {
        .organisation = filter->organisation, .arena = arena, .most = 2 * (filter->limit + 1)};
    *ret = (struct inventory_servers){0};
    if (filter->limit == 0 || filter->limit > INVENTORY_PAGE_MAX)
        return error_set(error, ERROR_RANGE, "a page has 1 to %d entries", INVENTORY_PAGE_MAX);
    servers.items = arena_take_zeroed(arena, servers.most * sizeof *servers.items);
    ret->items = arena_take_zeroed(arena, servers.most * sizeof *ret->items);
    if (servers.items == NULL || ret->items == NULL)
        return no_memory(error);
    int result = collect_servers(inventory, filter, &servers, &ret->page, error);
    if (result != 0)
        return result == ERROR_NO_MEMORY ? no_memory(error) : result;
    qsort(servers.items, servers.count, sizeof *servers.items, by_name);
    ret->count = servers.count < filter->limit ? servers.count : filter->limit;
    for (size_t i = 0; i < ret->count; i++)
        ret->items[i] = servers.items[i].server;
    if (servers.count > filter->limit) {
        const struct found_server *last = &servers.items[filter->limit - 1];
        const struct find_place place = {.id = last->id, .fold = last->fold};
        inventory_write_cursor(&place, ret->page.next);
    }
    inventory_cut_total(&ret->page);
    return 0;
}
