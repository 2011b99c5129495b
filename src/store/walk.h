// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Over all records of a kind, one after another, for jobs of the store (store/store.h). Pages are
// read as they are needed, and what the view gave before is freed with each: memory stays small
// however many there are.
//
//     struct store_walk walk = store_walk_over(STORE_GRANT, organisation, 200);
//     while (store_walk_next(&walk, view, &result, error))
//         result = look_at(walk.row);
#pragma once

#include "store/store.h"

struct store_walk {
    const void *row; // the record, until the next step or store_forget
    struct slice id; // its id, until the next step
    // May be changed before the first step
    struct store_page page;
    struct slice parent; // only what belongs to this record; must outlive the walk
    bool keeps;          // nothing is freed: all rows stay where they are
    // The walk's own
    enum store_kind kind;
    struct slice organisation;
    char last[64];
    const char *rows;
    size_t count, at;
    bool more;
};
// `organisation` as store_list takes it, and it must outlive the walk: an id that another walk
// stands at does. A job that lets store_forget run between two steps reads pages of one.
struct store_walk store_walk_over(enum store_kind kind, struct slice organisation, size_t page);
// Over the organisations, all of them; store_forget may run between two steps.
struct store_walk store_walk_organisations(void);
// To the next record, whose place is then in `row` and `id`. False when there are no more, and when
// *result is an error: of the step before, or of this one (as of store_list).
bool store_walk_next(struct store_walk *walk, struct store_view *view, int *result,
                     struct error *error);
