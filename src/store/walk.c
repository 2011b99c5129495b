// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "store/walk.h"

#include "store/store_internal.h"

struct store_walk store_walk_over(enum store_kind kind, struct slice organisation, size_t page)
{
    return (struct store_walk){
        .page = {.limit = page}, .kind = kind, .organisation = organisation, .more = true};
}

struct store_walk store_walk_organisations(void)
{
    return store_walk_over(STORE_ORGANISATION, (struct slice){0}, 1);
}

static int read_page(struct store_walk *walk, struct store_view *view, struct error *error)
{
    const void *rows = NULL;
    walk->at = walk->count = 0;
    if (!walk->keeps)
        store_forget(view);
    walk->page.after = walk->id;
    int result = store_list(view, walk->kind, walk->organisation, walk->parent, &walk->page, &rows,
                            &walk->count, &walk->more, error);
    walk->rows = rows;
    return result;
}

static int step(struct store_walk *walk, struct error *error)
{
    const struct store_head *row =
        (const void *)(walk->rows + walk->at++ * store_tables[walk->kind].size);
    if (row->id.length > sizeof walk->last)
        return error_set(error, ERROR_INTERNAL, "an id of %zu bytes", row->id.length);
    memcpy(walk->last, row->id.data, row->id.length);
    walk->id = slice_of(walk->last, row->id.length);
    walk->row = row;
    return 0;
}

bool store_walk_next(struct store_walk *walk, struct store_view *view, int *result,
                     struct error *error)
{
    if (*result == 0 && walk->at == walk->count && walk->more)
        *result = read_page(walk, view, error);
    if (*result != 0 || walk->at == walk->count)
        return false;
    *result = step(walk, error);
    return *result == 0;
}
