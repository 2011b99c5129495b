// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "mcp/mcp.h"

#include <stdlib.h>

enum { FIRST_EDITS = 8 };

void mcp_edit_add(struct mcp_edits *edits, struct arena *arena, uint32_t start, uint32_t length,
                  struct slice replacement)
{
    if (edits->failed)
        return;
    if (edits->count == edits->capacity) {
        size_t capacity = edits->capacity == 0 ? FIRST_EDITS : edits->capacity * 2;
        struct mcp_edit *items = arena_take(arena, capacity * sizeof *items);
        if (items == NULL) {
            edits->failed = true;
            return;
        }
        if (edits->count > 0)
            memcpy(items, edits->items, edits->count * sizeof *items);
        edits->items = items;
        edits->capacity = capacity;
    }
    size_t at = edits->count++;
    edits->unsorted = edits->unsorted || (at > 0 && edits->items[at - 1].start > start);
    edits->items[at] = (struct mcp_edit){start, length, replacement};
}

static int by_start(const void *a, const void *b)
{
    uint32_t left = ((const struct mcp_edit *)a)->start,
             right = ((const struct mcp_edit *)b)->start;
    return left < right ? -1 : left > right;
}

int mcp_edits_pieces(struct mcp_edits *edits, struct slice text, struct arena *arena,
                     struct slice **ret_pieces, size_t *ret_count)
{
    struct slice *pieces = arena_take(arena, (edits->count * 2 + 1) * sizeof *pieces);
    if (pieces == NULL || edits->failed)
        return ERROR_NO_MEMORY;
    // Edits mostly come in text order.
    if (edits->unsorted)
        qsort(edits->items, edits->count, sizeof *edits->items, by_start);
    edits->unsorted = false;
    size_t count = 0, at = 0;
    for (size_t i = 0; i < edits->count; i++) {
        const struct mcp_edit *edit = &edits->items[i];
        if (edit->start > at)
            pieces[count++] = slice_of(text.data + at, edit->start - at);
        if (edit->replacement.length > 0)
            pieces[count++] = edit->replacement;
        at = (size_t)edit->start + edit->length;
    }
    if (at < text.length)
        pieces[count++] = slice_of(text.data + at, text.length - at);
    *ret_pieces = pieces;
    *ret_count = count;
    return 0;
}
