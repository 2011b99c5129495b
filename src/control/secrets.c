// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is sent to a server besides messages, sealed as it is kept, and which of it one grant uses.
#include "control/control_internal.h"

#include "base/memory.h"

#include <stdlib.h>

enum { PAGE = 1000 };

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
                                                        .prefix = "",
                                                        .sealed = rows[i].sealed,
                                                        .at = control_place_of(&rows[i], arena)};
        if (items[secrets->count++].at.data == NULL)
            return ERROR_NO_MEMORY;
    }
    return 0;
}

// Where it stands with an authorization; its token comes with the bearers.
static int add_authorizations(struct control_secrets *secrets,
                              const struct store_authorization *rows, size_t count)
{
    static const struct slice refusals[] = {
        [STORE_NEEDS_SIGN_IN] =
            SLICE_LITERAL("needs an admin of the gateway to sign in to it (again)"),
        [STORE_FAILING] = SLICE_LITERAL("cannot be reached: the gateway's access token is over and "
                                        "the authorization server gives no new one now"),
    };
    struct control_secret *items =
        memory_try_resize(secrets->items, (secrets->count + count + 1) * sizeof *items);
    if (items == NULL)
        return ERROR_NO_MEMORY;
    secrets->items = items;
    for (size_t i = 0; i < count; i++)
        items[secrets->count++] = (struct control_secret){
            .place = STORE_HEADER,
            .name = SLICE_LITERAL("Authorization"),
            .grant = rows[i].grant,
            .id = rows[i].head.id,
            .prefix = "Bearer ",
            .refusal = rows[i].state == STORE_READY ? refusals[STORE_NEEDS_SIGN_IN]
                                                    : refusals[rows[i].state],
            .authorization = rows[i].head.id,
            .standing = rows[i].state,
            .resource = rows[i].resource,
            .by_secret = rows[i].flow == STORE_BY_SECRET,
            .version = rows[i].head.version};
    return 0;
}

static int add_bearers(struct control_secrets *secrets, const struct store_bearer *rows,
                       size_t count, struct arena *arena)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < secrets->count; k++) {
            struct control_secret *secret = &secrets->items[k];
            if (!slice_equal(secret->authorization, rows[i].authorization))
                continue;
            secret->obtained_ms = rows[i].obtained_ms;
            secret->expires_ms = rows[i].expires_ms;
            secret->renewable = secret->by_secret || rows[i].refresh.length > 0;
            if (secret->standing != STORE_READY)
                continue;
            secret->id = rows[i].head.id;
            secret->version = rows[i].head.version;
            secret->refusal = (struct slice){"", 0};
            secret->sealed = rows[i].access;
            secret->at = control_place_of_token(rows[i].head.organisation, rows[i].authorization,
                                                "access", arena);
            if (secret->at.data == NULL)
                return ERROR_NO_MEMORY;
        }
    return 0;
}

static int list_authorizations(struct store_view *view, struct slice organisation,
                               struct slice server, struct control_secrets *ret,
                               struct error *error)
{
    struct store_page page = {.limit = PAGE}, tokens = {.limit = PAGE};
    int result = 0;
    for (bool more = true; more && result == 0;) {
        const struct store_authorization *rows = NULL;
        size_t count = 0;
        result = store_list_authorization(view, organisation, server, &page, &rows, &count, &more,
                                          error);
        if (result == 0 && add_authorizations(ret, rows, count) != 0)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
        if (result == 0 && count > 0)
            page.after = rows[count - 1].head.id;
    }
    for (bool more = true; more && result == 0;) {
        const struct store_bearer *rows = NULL;
        size_t count = 0;
        result =
            store_list_bearer(view, organisation, server, &tokens, &rows, &count, &more, error);
        if (result == 0 && add_bearers(ret, rows, count, store_arena(view)) != 0)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
        if (result == 0 && count > 0)
            tokens.after = rows[count - 1].head.id;
    }
    return result;
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
    int result = list_authorizations(view, organisation, server, ret, error);
    if (result != 0)
        control_secrets_release(ret);
    else
        sort(ret);
    return result;
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
