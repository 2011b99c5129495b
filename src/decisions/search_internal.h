// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What pages and counts share: one reader, one picture of the index, one set of wanted shapes for
// each segment.
#pragma once

#include "decisions/decisions_internal.h"

struct seen_band {
    int64_t first_rows[BAND_BLOCKS], last_row;
    uint64_t blocks; // those that have something
    size_t count;    // 0: none
};
struct search {
    struct decisions *decisions;
    struct matcher matcher;
    struct reader *reader;
    uint64_t until_us;         // 0: no end
    uint64_t blocks;           // looked at
    bool late;                 // the time was over
    struct store_blocks range; // what is left of it
    int64_t passed;            // there is nothing up to this row
    struct seen_band band;
    // Of each shape of a segment that is entered; may be NULL.
    int (*each_shape)(struct search *search, const struct store_shape *shape, enum match match);
};
// search_end is due also after a failure; it turns what is wrong with the index into ERROR_AGAIN.
int search_begin(struct search *search, struct decisions *decisions,
                 const struct decisions_filter *filter, int64_t budget_us,
                 struct error *error) MUST_CHECK;
int search_end(struct search *search, int result, struct error *error) MUST_CHECK;
int search_start(struct search *search, const struct store_blocks *range,
                 struct error *error) MUST_CHECK;
// The next block that has a wanted shape. *ret_found false: there is none, or the time is over.
int search_next(struct search *search, struct store_block *ret, bool *ret_found,
                struct error *error) MUST_CHECK;
// Into the reader's rows.
int search_unpack(struct search *search, const struct store_block *block,
                  struct error *error) MUST_CHECK;
bool search_is_late(const struct search *search);
// Opens the file of the segment that is looked at. False: it is gone.
bool search_open(struct search *search);
// Reads a row from the log. False: it is not there any more, or not what is asked for.
bool search_read(struct search *search, const struct packed_row *packed, int64_t number,
                 struct decisions_row *ret);
