// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is sent to a server besides messages, sealed as it is kept, and which of it one grant uses.
#include "control/control_internal.h"

#include "base/memory.h"

#include <stdlib.h>

enum { PAGE = 1000 };

struct slice control_place_of(const struct store_credential *credential, struct arena *arena)
{
    return arena_format(arena, "credential/%.*s/%.*s", SLICE_PRINT(credential->head.organisation),
                        SLICE_PRINT(credential->head.id));
}

static int compare(struct slice a, struct slice b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int by_grant(const void *a, const void *b)
{
    const struct control_secret *one = a, *other = b;
    int order = compare(one->grant, other->grant);
    return order != 0 ? order : compare(one->id, other->id);
}

static int add_rows(struct control_secrets *secrets, const struct store_credential *rows,
                    size_t count, struct arena *arena)
{
    struct control_secret *items =
        memory_try_resize(secrets->items, (secrets->count + count + 1) * sizeof *items);
    if (items == NULL)
        return ERROR_NO_MEMORY;
    secrets->items = items;
    for (size_t i = 0; i < count; i++) {
        items[secrets->count] = (struct control_secret){.place = rows[i].place,
                                                        .name = rows[i].name,
                                                        .grant = rows[i].grant,
                                                        .id = rows[i].head.id,
                                                        .version = rows[i].head.version,
                                                        .sealed = rows[i].sealed,
                                                        .at = control_place_of(&rows[i], arena)};
        if (items[secrets->count++].at.data == NULL)
            return ERROR_NO_MEMORY;
    }
    return 0;
}

static void sort(struct control_secrets *secrets)
{
    if (secrets->count > 0)
        qsort(secrets->items, secrets->count, sizeof *secrets->items, by_grant);
    secrets->shared = 0;
    while (secrets->shared < secrets->count && secrets->items[secrets->shared].grant.length == 0)
        secrets->shared++;
}

int control_secrets_list(struct store_view *view, struct slice organisation, struct slice server,
                         struct control_secrets *ret, struct error *error)
{
    struct store_page page = {.limit = PAGE};
    *ret = (struct control_secrets){.count = 0};
    for (bool more = true; more;) {
        const struct store_credential *rows = NULL;
        size_t count = 0;
        int result =
            store_list_credential(view, organisation, server, &page, &rows, &count, &more, error);
        if (result == 0 && add_rows(ret, rows, count, store_arena(view)) != 0)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
        if (result != 0) {
            control_secrets_release(ret);
            return result;
        }
        if (count > 0)
            page.after = rows[count - 1].head.id;
    }
    sort(ret);
    return 0;
}

void control_secrets_release(struct control_secrets *secrets)
{
    memory_free(secrets->items);
    *secrets = (struct control_secrets){.count = 0};
}

static bool same_place(const struct control_secret *a, const struct control_secret *b)
{
    if (a->place != b->place)
        return false;
    return a->place == STORE_HEADER ? slice_equal_ignoring_case(a->name, b->name)
                                    : slice_equal(a->name, b->name);
}

// The first one that belongs to this grant, and how many there are.
static const struct control_secret *those_of(const struct control_secrets *all, struct slice grant,
                                             size_t *ret_count)
{
    size_t first = all->shared, last;
    while (first < all->count && !slice_equal(all->items[first].grant, grant))
        first++;
    for (last = first; last < all->count && slice_equal(all->items[last].grant, grant);)
        last++;
    *ret_count = grant.length == 0 ? 0 : last - first;
    return &all->items[first];
}

int control_secrets_choose(const struct control_secrets *all, struct slice grant,
                           struct control_secrets *ret, struct error *error)
{
    size_t own_count = 0;
    const struct control_secret *own = those_of(all, grant, &own_count);
    *ret = (struct control_secrets){.count = 0};
    ret->items = memory_try_new((all->shared + own_count + 1) * sizeof *ret->items);
    if (ret->items == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < own_count; i++)
        ret->items[ret->count++] = own[i];
    for (size_t i = 0; i < all->shared; i++) {
        bool hidden = false;
        for (size_t k = 0; k < own_count; k++)
            hidden = hidden || same_place(&own[k], &all->items[i]);
        if (!hidden)
            ret->items[ret->count++] = all->items[i];
    }
    return 0;
}
