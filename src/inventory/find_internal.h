// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inventory/inventory_internal.h"

// Kinds of matches, the best first.
enum find_tier { FIND_WHOLE, FIND_START, FIND_IN_NAME, FIND_ANYWHERE, FIND_TIERS };

struct find_place {
    int tier;
    int64_t id;
    struct fold fold;
};

// ---- find.c
void inventory_write_cursor(const struct find_place *place, char ret[INVENTORY_CURSOR_SIZE]);
// All zero for an empty text. ERROR_RANGE.
int inventory_read_cursor(struct slice text, struct find_place *ret,
                          struct error *error) MUST_CHECK;
int inventory_compare_folds(struct slice a, int64_t a_id, struct slice b, int64_t b_id);
// Counts no further than INVENTORY_COUNT_MAX.
void inventory_cut_total(struct inventory_page *page);
