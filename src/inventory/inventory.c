// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "inventory/inventory_internal.h"

#include "base/memory.h"

#include <limits.h>
#include <stdio.h>

int inventory_damaged(struct error *error, const char *what)
{
    return error_set(error, ERROR_CONFIG,
                     "the catalogue is damaged (%s); delete it and look at the servers again; "
                     "what people decided is not in it",
                     what);
}

int inventory_open(const char *folder, bool writes, struct inventory **ret, struct error *error)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/catalogue.db", folder) >= (int)sizeof path)
        return error_set(error, ERROR_CONFIG, "the path of the folder is too long");
    struct inventory *inventory = memory_new(sizeof *inventory);
    int result = store_catalogue_open(path, writes, &inventory->store, error);
    if (result == 0) {
        inventory->packer = ZSTD_createCCtx();
        inventory->unpacker = ZSTD_createDCtx();
        if (inventory->packer == NULL || inventory->unpacker == NULL)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    if (result != 0)
        inventory_close(inventory);
    else
        *ret = inventory;
    return result;
}

void inventory_close(struct inventory *inventory)
{
    if (inventory == NULL)
        return;
    inventory_unlearn(inventory);
    store_catalogue_close(inventory->store);
    ZSTD_freeCCtx(inventory->packer);
    ZSTD_freeDCtx(inventory->unpacker);
    memory_free(inventory);
}

int inventory_begin(struct inventory *inventory, struct error *error)
{
    int result = store_catalogue_begin(inventory->store, true, error);
    inventory->batch = result == 0;
    return result;
}

int inventory_commit(struct inventory *inventory, struct error *error)
{
    int result = store_catalogue_commit(inventory->store, error);
    if (result != 0)
        inventory_rollback(inventory);
    inventory->batch = false;
    return result;
}

void inventory_rollback(struct inventory *inventory)
{
    store_catalogue_rollback(inventory->store);
    inventory_unlearn(inventory);
    inventory->batch = false;
}

int inventory_owner(struct inventory *inventory, struct slice organisation, bool make, int64_t *ret,
                    struct error *error)
{
    *ret = STORE_CATALOGUE_SHARED;
    return organisation.length == 0
               ? 0
               : store_catalogue_owner(inventory->store, organisation, make, ret, error);
}

int inventory_owners(struct inventory *inventory, struct slice organisation, int64_t ret[2],
                     size_t *ret_count, struct error *error)
{
    size_t count = 0;
    if (organisation.length > 0) {
        int result = store_catalogue_owner(inventory->store, organisation, false, &ret[0], error);
        if (result != 0 && result != ERROR_NOT_FOUND)
            return result;
        count = result == 0;
    }
    ret[count++] = STORE_CATALOGUE_SHARED;
    *ret_count = count;
    return 0;
}

unsigned inventory_categories_of(enum catalogue_severity severity)
{
    unsigned categories = 0;
    for (int i = 0; i < INVENTORY_CATEGORIES; i++)
        if (catalogue_severity_of((enum catalogue_category)i) == severity)
            categories |= 1U << i;
    return categories;
}

int inventory_count(struct inventory *inventory, struct slice organisation,
                    struct inventory_counts *ret, struct error *error)
{
    struct store_catalogue_sums sums;
    int64_t owners[2];
    size_t count = 0;
    *ret = (struct inventory_counts){0};
    int result = inventory_owners(inventory, organisation, owners, &count, error);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = store_catalogue_get_sums(inventory->store, owners[i], &sums, error);
        if (result != 0)
            break;
        for (int c = 0; c < INVENTORY_CATEGORIES; c++) {
            ret->by_category[c] += (uint64_t)sums.items[c];
            ret->tools += (uint64_t)sums.items[c];
            ret->tokens += (uint64_t)sums.tokens[c];
        }
        for (int s = 0; s < STORE_CATALOGUE_SEVERITIES; s++) {
            ret->by_worst[s] += (uint64_t)sums.items[STORE_CATALOGUE_WORST + s];
            ret->servers += (uint64_t)sums.items[STORE_CATALOGUE_WORST + s];
        }
        if (sums.changed_ms > ret->changed_ms)
            ret->changed_ms = sums.changed_ms;
    }
    return result;
}
