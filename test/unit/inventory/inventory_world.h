// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A folder with a catalogue, and short words for what is put into it.
#pragma once

#include "lib/scratch.h"

#include "inventory/inventory.h"

struct world {
    struct scratch scratch;
    struct inventory *inventory;
    struct arena arena;
    struct error error;
    int64_t now_ms;
    struct inventory_taken taken; // of the last take
};

void world_open(struct world *world);
void world_reopen(struct world *world);
void world_close(struct world *world);
// A list of `server` of the organisation; the result of inventory_take.
int world_take(struct world *world, const char *organisation, const char *server, const char *tools,
               bool complete);
// The same, which must be well.
void world_put(struct world *world, const char *server, const char *tools);
struct inventory_server world_server(struct world *world, const char *organisation,
                                     const char *slug);
// "NAME NAME": what a search for the text finds, with what else the filter says; the last page's
// end is in `found`.
const char *world_search(struct world *world, struct inventory_filter filter, const char *text,
                         struct inventory_found *found);
struct inventory_counts world_counts(struct world *world, const char *organisation);
// All sums against what is really there.
void world_check(struct world *world, const char *organisation);
