// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "inventory/inventory_internal.h"

enum { LIMIT_MAX = INVENTORY_PAST_MAX };

struct pasts {
    struct inventory *inventory;
    struct arena *arena;
    struct inventory_pasts *ret;
    size_t most;
    struct error *error;
    int64_t server;
};

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static int expand(struct pasts *pasts, struct slice data, struct slice *ret)
{
    struct buffer text;
    *ret = slice_of("", 0);
    if (data.length == 0)
        return 0;
    buffer_init(&text, 0);
    int result = inventory_expand(pasts->inventory, data, &text, pasts->error);
    if (result == 0) {
        *ret = arena_copy(pasts->arena, buffer_slice(&text));
        result = ret->data == NULL ? no_memory(pasts->error) : 0;
    }
    buffer_release(&text);
    return result;
}

static int have_past(void *argument, const struct store_catalogue_past *past)
{
    struct pasts *pasts = argument;
    if (pasts->ret->count == pasts->most)
        return 0;
    struct inventory_past *item = &pasts->ret->items[pasts->ret->count++];
    *item = (struct inventory_past){.kind = (enum inventory_change_kind)past->kind,
                                    .name = arena_copy(pasts->arena, past->name),
                                    .from_ms = past->from_ms,
                                    .at_ms = past->at_ms};
    if (item->name.data == NULL)
        return no_memory(pasts->error);
    if (past->before.length == sizeof item->before)
        memcpy(item->before, past->before.data, sizeof item->before);
    return expand(pasts, past->definition, &item->definition);
}

static int have_server(void *argument, const struct store_catalogue_server *server)
{
    struct pasts *pasts = argument;
    pasts->server = server->id;
    pasts->ret->forgotten = (uint64_t)server->forgotten;
    return 0;
}

int inventory_history(struct inventory *inventory, const struct inventory_server *server,
                      struct slice tool, size_t limit, struct arena *arena,
                      struct inventory_pasts *ret, struct error *error)
{
    unsigned char key[CATALOGUE_FINGERPRINT_SIZE];
    struct pasts pasts = {.inventory = inventory,
                          .arena = arena,
                          .ret = ret,
                          .most = limit > LIMIT_MAX ? LIMIT_MAX : limit,
                          .error = error};
    int64_t owner = 0;
    *ret = (struct inventory_pasts){0};
    int result = inventory_owner(inventory, server->organisation, false, &owner, error);
    if (result == 0)
        result = store_catalogue_find_server(inventory->store, owner, server->name, have_server,
                                             &pasts, error);
    if (result == 0 && tool.length > 0)
        result = chain_hash_once(tool, key);
    if (result != 0)
        return result;
    ret->items = arena_take_zeroed(arena, (pasts.most + 1) * sizeof *ret->items);
    if (ret->items == NULL)
        return no_memory(error);
    return store_catalogue_each_past(inventory->store, pasts.server,
                                     slice_of((const char *)key, tool.length > 0 ? KEY_SIZE : 0),
                                     (int64_t)pasts.most, have_past, &pasts, error);
}
