// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From block to block that has something, stepping over bands and segments that have nothing; and
// to the rows of the log itself.
#include "base/clock.h"
#include "decisions/search_internal.h"

static int mark_cb(void *argument, const struct store_shape *shape)
{
    struct search *search = argument;
    if (shape->id < 1 || shape->id > SHAPES_MAX)
        return ERROR_PROTOCOL;
    enum match match = matcher_shape(&search->matcher, shape);
    search->reader->set[shape->id] = (unsigned char)match;
    search->reader->any = search->reader->any || match != MATCH_NO;
    return search->each_shape == NULL ? 0 : search->each_shape(search, shape, match);
}

static int damaged(struct error *error)
{
    return error_set(error, ERROR_CONFIG, "the index of the decision log is damaged");
}

static int segment_cb(void *argument, const struct store_segment *segment)
{
    struct reader *reader = argument;
    if (segment->id != reader->segment)
        return 0;
    reader->first_row = segment->first_row;
    reader->last_row = segment->last_row;
    return 0;
}

// Finds the wanted shapes of the segment.
static int enter(struct search *search, int64_t segment, struct error *error)
{
    struct reader *reader = search->reader;
    const struct decisions_filter *filter = search->matcher.filter;
    if (reader->segment == segment)
        return 0;
    reader_leave(reader);
    memset(reader->set, MATCH_NO, SHAPES_MAX + 1);
    reader->segment = segment;
    reader->opened = reader->any = false;
    int result = store_index_each_segment(reader->index, segment_cb, reader, error);
    if (result == 0)
        result = store_index_each_shape(reader->index, segment,
                                        filter->everybody ? NULL : &filter->organisation, mark_cb,
                                        search, error);
    return result == ERROR_PROTOCOL ? damaged(error) : result;
}

// ---- The next block that has something

// Goes on behind this row, in the search's direction.
static int jump(struct search *search, int64_t row, struct error *error)
{
    if (search->range.newest_first)
        search->range.row_to = row - 1;
    else
        search->range.row_from = row + 1;
    search->passed = row;
    return store_index_find_blocks(search->reader->index, &search->range, error);
}

// The band of the block; without one the mask is of no blocks.
static int find_band(struct search *search, const struct store_block *block, struct error *error)
{
    struct seen_band *band = &search->band;
    struct store_band stored;
    bool found = false;
    if (band->count > 0 && block->first_row >= band->first_rows[0] &&
        block->first_row <= band->last_row)
        return 0;
    band->count = 0;
    int result =
        store_index_find_band(search->reader->index, block->first_row, &stored, &found, error);
    if (result != 0 || !found || stored.last_row < block->first_row ||
        stored.segment != block->segment)
        return result;
    band->last_row = stored.last_row;
    return band_read(stored.data, search->reader->set, &band->blocks, band->first_rows,
                     &band->count) == 0
               ? 0
               : damaged(error);
}

// The next row behind which there is something, of the band that the block is in: the end of the
// block before a wanted one. False: the block itself is wanted.
static bool band_skips(const struct search *search, const struct store_block *block,
                       int64_t *ret_row)
{
    const struct seen_band *band = &search->band;
    size_t place = 0;
    while (place + 1 < band->count && band->first_rows[place + 1] <= block->first_row)
        place++;
    if ((band->blocks >> place & 1) != 0)
        return false;
    if (search->range.newest_first) {
        while (place > 0 && (band->blocks >> (place - 1) & 1) == 0)
            place--;
        *ret_row = band->first_rows[place];
        return true;
    }
    while (place + 1 < band->count && (band->blocks >> (place + 1) & 1) == 0)
        place++;
    *ret_row = place + 1 < band->count ? band->first_rows[place + 1] - 1 : band->last_row;
    return true;
}

static bool has_wanted_shape(const struct search *search)
{
    struct slice rest = store_index_block_shapes(search->reader->index);
    uint32_t shape = 0, rows;
    while (unpack_shape(&rest, &shape, &rows))
        if (search->reader->set[shape] != MATCH_NO)
            return true;
    return false;
}

// Is it wanted? If not, the search stands behind it, or further.
static int judge(struct search *search, const struct store_block *block, bool *ret_wanted,
                 struct error *error)
{
    const struct reader *reader = search->reader;
    bool newest = search->range.newest_first;
    int64_t row;
    int result = enter(search, block->segment, error);
    *ret_wanted = false;
    if (result != 0)
        return result;
    if (!reader->any)
        return jump(search, newest ? reader->first_row : reader->last_row, error);
    result = find_band(search, block, error);
    if (result != 0)
        return result;
    if (search->band.count > 0 && band_skips(search, block, &row))
        return jump(search, row, error);
    *ret_wanted = search->band.count > 0 || has_wanted_shape(search);
    if (!*ret_wanted)
        search->passed = newest ? block->first_row : block->first_row + block->row_count - 1;
    return 0;
}

int search_start(struct search *search, const struct store_blocks *range, struct error *error)
{
    search->range = *range;
    search->passed = 0;
    return store_index_find_blocks(search->reader->index, range, error);
}

int search_next(struct search *search, struct store_block *ret, bool *ret_found,
                struct error *error)
{
    bool wanted = false;
    int result = 0;
    while (result == 0 && !wanted) {
        // Each search comes further, however short its time.
        search->late = search->blocks++ > 0 && search_is_late(search);
        *ret_found = false; // the block that was found before is not wanted
        if (search->late)
            return 0;
        result = store_index_next_block(search->reader->index, ret, ret_found, error);
        if (result != 0 || !*ret_found)
            return result;
        result = judge(search, ret, &wanted, error);
    }
    return result;
}

int search_unpack(struct search *search, const struct store_block *block, struct error *error)
{
    struct slice data = store_index_block_data(search->reader->index);
    return unpack_rows(block, data, search->reader->rows) == 0 ? 0 : damaged(error);
}

bool search_is_late(const struct search *search)
{
    return search->until_us != 0 && clock_monotonic_us() >= search->until_us;
}

int search_begin(struct search *search, struct decisions *decisions,
                 const struct decisions_filter *filter, int64_t budget_us, struct error *error)
{
    search->decisions = decisions;
    search->until_us = budget_us == 0 ? 0 : clock_monotonic_us() + (uint64_t)budget_us;
    int result = matcher_init(&search->matcher, filter, error);
    return result == 0 ? reader_take(decisions, &search->reader, error) : result;
}

int search_end(struct search *search, int result, struct error *error)
{
    if (search->reader != NULL)
        reader_give(search->decisions, search->reader);
    matcher_release(&search->matcher);
    if (result != ERROR_CONFIG && result != ERROR_IO)
        return result;
    // Its writer looks at it and makes it anew if need be.
    atomic_store(&search->decisions->suspect, result == ERROR_CONFIG);
    return error_set(error, ERROR_AGAIN,
                     "the index of the decision log cannot be read now; try again in a moment");
}

// ---- Rows of the log

struct wanted_segment {
    int64_t id;
    const char *log;
    int fd;
};

static int open_cb(void *argument, const struct store_segment *segment)
{
    struct wanted_segment *wanted = argument;
    if (segment->id == wanted->id)
        wanted->fd = log_file_open(wanted->log, segment->name, segment->inode);
    return 0;
}

bool search_open(struct search *search)
{
    struct reader *reader = search->reader;
    if (!reader->opened) {
        struct wanted_segment wanted = {reader->segment, search->decisions->options.log, -1};
        struct error error;
        if (store_index_each_segment(reader->index, open_cb, &wanted, &error) != 0)
            return false;
        reader->opened = true;
        reader->fd = wanted.fd;
    }
    return reader->fd >= 0;
}

bool search_read(struct search *search, const struct packed_row *packed, int64_t number,
                 struct decisions_row *ret)
{
    struct reader *reader = search->reader;
    return packed->length > 1 && search_open(search) &&
           log_file_read(reader->fd, reader->line, packed->length, packed->at) &&
           reader->line[packed->length - 1] == '\n' &&
           decisions_row_read(slice_of(reader->line, packed->length - 1), ret) &&
           ret->number == (uint64_t)number && matcher_row(&search->matcher, ret);
}
