// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From the lines of a file to rows of the index. What comes out depends on the file alone, not on
// the pieces in which it was read: an index that followed equals one that is made anew.
#include "base/memory.h"
#include "decisions/decisions_internal.h"

#include <unistd.h>

enum { CHUNK = 2 * 1024 * 1024 };

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// ---- Taking up a segment

static int learn_cb(void *argument, const struct store_shape *shape)
{
    return shapes_learn(argument, shape);
}

// The last block, if it has room for more.
static int resume_block(struct follower *follower, struct error *error)
{
    const struct segment *segment = follower->current;
    const struct store_blocks last = {.row_from = segment->last_row - BLOCK_ROWS + 1,
                                      .row_to = segment->last_row,
                                      .from_ms = INT64_MIN,
                                      .to_ms = INT64_MAX,
                                      .newest_first = true};
    struct store_block block;
    bool found = false;
    int result = store_index_find_blocks(follower->index, &last, error);
    if (result == 0)
        result = store_index_next_block(follower->index, &block, &found, error);
    if (result != 0 || !found || block.segment != segment->id || block.row_count >= BLOCK_ROWS)
        return result;
    result = packer_resume(&follower->packer, &block, store_index_block_data(follower->index));
    if (result == ERROR_PROTOCOL)
        return error_set(error, ERROR_CONFIG, "a block of the index is damaged");
    follower->packing = result == 0 && follower->packer.end == segment->indexed;
    return result == 0 ? 0 : no_memory(error);
}

// The blocks that are full and not in a band yet; the one that is being packed comes later.
static int resume_band(struct follower *follower, struct error *error)
{
    const struct segment *segment = follower->current;
    struct store_index *index = follower->index;
    struct store_blocks wanted = {.row_from = segment->first_row,
                                  .row_to = segment->last_row,
                                  .from_ms = INT64_MIN,
                                  .to_ms = INT64_MAX};
    struct store_band last;
    struct store_block block;
    bool found = false;
    band_begin(&follower->band, segment->id);
    int result = store_index_find_band(index, segment->last_row, &last, &found, error);
    if (result == 0 && found && last.segment == segment->id)
        wanted.row_from = last.last_row + 1;
    if (follower->packing)
        wanted.row_to = follower->packer.block.first_row - 1;
    if (result == 0)
        result = store_index_find_blocks(index, &wanted, error);
    while (result == 0) {
        result = store_index_next_block(index, &block, &found, error);
        if (result != 0 || !found)
            break;
        if (follower->band.count == BAND_BLOCKS - 1 || block.segment != segment->id)
            return error_set(error, ERROR_CONFIG, "a band of the index is missing");
        band_add(&follower->band, &block, store_index_block_shapes(index));
    }
    return result;
}

int follow_open(struct follower *follower, struct segment *segment, bool *ret_there,
                struct error *error)
{
    *ret_there = true;
    if (follower->current == segment)
        return 0;
    if (follower->fd >= 0)
        close(follower->fd);
    follower->packing = follower->skipping = false;
    follower->current = NULL;
    follower->fd = log_file_open(follower->decisions->options.log, slice_from_string(segment->name),
                                 segment->inode);
    *ret_there = follower->fd >= 0;
    if (!*ret_there)
        return 0;
    shapes_release(&follower->shapes);
    shapes_init(&follower->shapes);
    follower->current = segment;
    int result = follow_change(follower, error);
    if (result == 0)
        result = store_index_each_shape(follower->index, segment->id, NULL, learn_cb,
                                        &follower->shapes, error);
    if (result == ERROR_PROTOCOL)
        return error_set(error, ERROR_CONFIG, "a shape of the index is damaged");
    if (result == 0)
        result = resume_block(follower, error);
    return result == 0 ? resume_band(follower, error) : result;
}

// ---- Blocks

static int put_block(struct follower *follower, struct error *error)
{
    struct packer *packer = &follower->packer;
    if (!follower->packing)
        return 0;
    buffer_clear(&follower->packed);
    packer_write_shapes(packer, &follower->packed);
    if (follower->packed.failed)
        return no_memory(error);
    packer->block.shapes = buffer_slice(&follower->packed);
    packer->block.data = buffer_slice(&packer->data);
    return store_index_put_block(follower->index, &packer->block, error);
}

static int end_band(struct follower *follower, struct error *error)
{
    struct band *band = &follower->band;
    struct store_band stored = {
        .first_row = band->first_rows[0], .last_row = band->last_row, .segment = band->segment};
    buffer_clear(&follower->packed);
    band_write(band, &follower->packed);
    if (follower->packed.failed)
        return no_memory(error);
    stored.data = buffer_slice(&follower->packed);
    int result = store_index_put_band(follower->index, &stored, error);
    band_begin(band, band->segment);
    return result;
}

static int end_block(struct follower *follower, struct error *error)
{
    if (!follower->packing)
        return 0;
    int result = put_block(follower, error);
    follower->packing = false;
    if (result == 0)
        band_add(&follower->band, &follower->packer.block, buffer_slice(&follower->packed));
    return result == 0 && follower->band.count == BAND_BLOCKS ? end_band(follower, error) : result;
}

static int find_shape(struct follower *follower, const struct decisions_row *row, uint32_t *ret,
                      struct error *error)
{
    struct shape_found found;
    if (row->note) {
        *ret = NOTE;
        return 0;
    }
    if (shapes_find(&follower->shapes, row, &follower->scratch, &found) != 0)
        return no_memory(error);
    *ret = found.id;
    if (!found.fresh)
        return 0;
    const struct store_shape shape = {.segment = follower->current->id,
                                      .id = found.id,
                                      .loose = (int)found.loose,
                                      .organisation = found.organisation,
                                      .texts = found.key};
    return store_index_add_shape(follower->index, &shape, error);
}

// ---- Lines

static int take_row(struct follower *follower, const struct decisions_row *row, struct error *error)
{
    struct segment *segment = follower->current;
    struct packer *packer = &follower->packer;
    struct packed_row packed = {.length = (uint32_t)row->line.length + 1, .time_ms = row->time_ms};
    int result = find_shape(follower, row, &packed.shape, error);
    bool follows = follower->packing && segment->indexed == packer->end &&
                   (int64_t)row->number == segment->last_row + 1;
    if (result == 0 && !follows)
        result = end_block(follower, error);
    if (result != 0)
        return result;
    if (!follower->packing)
        packer_begin(packer, segment->id, (int64_t)row->number, segment->indexed);
    follower->packing = true;
    if (packer_add(packer, &packed) != 0)
        return no_memory(error);
    segment->last_row = (int64_t)row->number;
    segment->last_at = segment->indexed;
    memcpy(segment->last_link, row->link, sizeof segment->last_link);
    return packer->block.row_count == BLOCK_ROWS ? end_block(follower, error) : 0;
}

// Rows that the next file has too are that one's.
static bool is_ours(const struct segment *segment, const struct decisions_row *row)
{
    return (int64_t)row->number > segment->last_row &&
           (segment->next == NULL || (int64_t)row->number < segment->next->first_row);
}

static int take_line(struct follower *follower, struct slice line, struct error *error)
{
    struct decisions_row row;
    int result = 0;
    if (!follower->skipping && line.length < ROW_BYTES_MAX && decisions_row_read(line, &row) &&
        is_ours(follower->current, &row))
        result = take_row(follower, &row, error);
    follower->skipping = false;
    follower->current->indexed += (int64_t)line.length + 1;
    return result;
}

static int take_lines(struct follower *follower, struct slice bytes, struct error *error)
{
    const char *at = bytes.data, *end = at + bytes.length, *feed;
    int result = 0;
    while (result == 0 && at < end && (feed = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        result = take_line(follower, slice_of(at, (size_t)(feed - at)), error);
        at = feed + 1;
    }
    if (result == 0 && at == bytes.data && bytes.length == CHUNK) { // no row is that long
        follower->skipping = true;
        follower->current->indexed += CHUNK;
    }
    return result;
}

int follow_take(struct follower *follower, bool *ret_more, struct error *error)
{
    struct segment *segment = follower->current;
    ssize_t count = pread(follower->fd, follower->bytes, CHUNK, (off_t)segment->indexed);
    int64_t before = segment->indexed;
    *ret_more = count == CHUNK;
    segment->tried = *ret_more ? 0 : segment->size;
    if (count <= 0)
        return 0; // a file that cannot be read now is looked at again later
    int result = follow_change(follower, error);
    if (result == 0)
        result = take_lines(follower, slice_of(follower->bytes, (size_t)count), error);
    if (result == 0 && segment->indexed != before)
        result = put_block(follower, error);
    if (result == 0 && segment->indexed != before)
        result = follow_put_segment(follower, segment, error);
    segment->size = segment->size < segment->indexed ? segment->indexed : segment->size;
    return result;
}

char *follow_bytes(void)
{
    return memory_try_new(CHUNK);
}
