// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How the index of the decision log is kept; what is in it is decisions/'s own. One connection
// writes, any number read; each belongs to one thread at a time. The file can be deleted and made
// anew from the log at any time. Failures: ERROR_IO (it cannot be used now), ERROR_CONFIG (it never
// will be: damaged, another program's, of a newer version), ERROR_NO_MEMORY, each with a sentence.
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct store_index;

// Opens or makes the file (0600); a reader only opens it. A writer makes sure that it is whole.
int store_index_open(const char *path, bool writes, struct store_index **ret,
                     struct error *error) MUST_CHECK;
void store_index_close(struct store_index *index); // NULL accepted
// Deletes the file and what SQLite keeps beside it. Nobody may have it open.
void store_index_delete(const char *path);

// A transaction; a reader sees one unchanging picture.
int store_index_begin(struct store_index *index, struct error *error) MUST_CHECK;
int store_index_commit(struct store_index *index, struct error *error) MUST_CHECK;
void store_index_rollback(struct store_index *index); // also where there is none

enum { STORE_LINK_SIZE = 32 };

// A file of the log.
struct store_segment {
    int64_t id; // from 1
    struct slice name;
    int64_t inode;
    struct slice head; // STORE_LINK_SIZE bytes, as is `last_link`
    int64_t first_row, last_row, last_at, indexed;
    struct slice last_link;
};
// What is given lives until the callback returns. A result other than 0 ends it and is returned.
typedef int (*store_segment_cb)(void *argument, const struct store_segment *segment);
// In the order of their rows.
int store_index_each_segment(struct store_index *index, store_segment_cb visit, void *argument,
                             struct error *error) MUST_CHECK;
int store_index_put_segment(struct store_index *index, const struct store_segment *segment,
                            struct error *error) MUST_CHECK;
// With its shapes and blocks.
int store_index_drop_segment(struct store_index *index, int64_t id, struct error *error) MUST_CHECK;

struct store_shape {
    int64_t segment, id;
    int loose;
    struct slice organisation, texts;
};
typedef int (*store_shape_cb)(void *argument, const struct store_shape *shape);
// Those of the organisation and those of none; `organisation` NULL: all.
int store_index_each_shape(struct store_index *index, int64_t segment,
                           const struct slice *organisation, store_shape_cb visit, void *argument,
                           struct error *error) MUST_CHECK;
int store_index_add_shape(struct store_index *index, const struct store_shape *shape,
                          struct error *error) MUST_CHECK;

struct store_block {
    int64_t first_row, row_count, segment, at, min_ms, max_ms;
    struct slice shapes, data; // empty when it is found: see store_index_block_shapes
};
int store_index_put_block(struct store_index *index, const struct store_block *block,
                          struct error *error) MUST_CHECK;

// Blocks whose first rows are within these, both included, and that have a decision of this time.
struct store_blocks {
    int64_t row_from, row_to;
    int64_t from_ms, to_ms; // both included
    bool newest_first;
};
// One search at a time; it ends with the next one, with the transaction, or when nothing is found.
int store_index_find_blocks(struct store_index *index, const struct store_blocks *wanted,
                            struct error *error) MUST_CHECK;
// What it holds lives until the next call. *ret_found false: there are no more.
int store_index_next_block(struct store_index *index, struct store_block *ret, bool *ret_found,
                           struct error *error) MUST_CHECK;
// Of the block that was found last; until the next one.
struct slice store_index_block_shapes(struct store_index *index);
struct slice store_index_block_data(struct store_index *index);

// Several blocks that follow each other.
struct store_band {
    int64_t first_row, last_row, segment;
    struct slice data;
};
int store_index_put_band(struct store_index *index, const struct store_band *band,
                         struct error *error) MUST_CHECK;
// The newest that begins at this row or before; what it holds lives until the next call.
int store_index_find_band(struct store_index *index, int64_t row, struct store_band *ret,
                          bool *ret_found, struct error *error) MUST_CHECK;
