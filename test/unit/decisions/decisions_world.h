// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Logs of many decisions, made without a gateway, and what an index finds in them.
#pragma once

#include "lib/scratch.h"

#include "chain/chain.h"
#include "decisions/decisions_internal.h"

struct world {
    struct scratch scratch;
    char log[192], index[192];
    struct chain_hasher *hasher;
    struct chain_state state;
    struct buffer text; // not yet written
    uint64_t seed;
    int64_t time_ms;
    struct decisions *decisions;
};
void world_open(struct world *world, uint64_t seed);
void world_close(struct world *world);
uint64_t world_random(struct world *world, uint64_t below);

// What a row is made of; NULL is left out, or null.
struct made {
    const char *organisation, *grant, *server, *method, *subject, *outcome, *rule, *reason, *id;
};
void world_add(struct world *world, int64_t time_ms, const struct made *made);
void world_add_note(struct world *world, int64_t time_ms);
// Rows of many kinds, some of them rare, at times that now and then go back.
void world_add_mixed(struct world *world, size_t count);
// Appends what was added to the log's file.
void world_write(struct world *world);
// Gives the log's file another name, as its writer does when it is full.
void world_cut(struct world *world);

void world_follow(struct world *world); // opens the index
void world_unfollow(struct world *world);
void world_wait(struct world *world); // until all rows are indexed

// Rows that a page has, at most.
enum { FOUND_MAX = 1000 };
struct found {
    uint64_t numbers[FOUND_MAX];
    size_t count;
    struct decisions_found end;
};
void world_find(struct world *world, const struct decisions_filter *filter,
                const struct decisions_page *page, struct found *ret);

// All that the index holds, as text; free() it.
char *world_dump(struct world *world);
