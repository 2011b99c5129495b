// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Many rows at once: blocks in their order, of each the wanted rows in as few reads as they stand
// beside each other.
#include "decisions/search_internal.h"

struct bulk {
    struct search search;
    const struct decisions_piece *piece;
    decisions_lines_cb visit;
    void *argument;
    struct decisions_given given;
};
struct run { // rows that stand side by side
    int64_t first, rows, at;
    size_t length, last_length;
    int64_t last_ms;
};

static bool is_row(const char *line, size_t length, int64_t number)
{
    struct chain_row row;
    return length > 1 && line[length - 1] == '\n' &&
           chain_parse(slice_of(line, length - 1), &row) && row.number == (uint64_t)number;
}

// Lengths are of the index: what it says is held against the first and the last row.
static bool read_run(struct bulk *bulk, const struct run *run)
{
    struct reader *reader = bulk->search.reader;
    if (!search_open(&bulk->search) ||
        !log_file_read(reader->fd, reader->line, run->length, run->at))
        return false;
    const char *feed = memchr(reader->line, '\n', run->length);
    return feed != NULL && is_row(reader->line, (size_t)(feed + 1 - reader->line), run->first) &&
           is_row(reader->line + run->length - run->last_length, run->last_length,
                  run->first + run->rows - 1);
}

static int give(struct bulk *bulk, struct run *run)
{
    struct decisions_given *given = &bulk->given;
    int result = 0;
    if (run->rows > 0 && !read_run(bulk, run)) {
        given->gone += (uint64_t)run->rows;
    } else if (run->rows > 0) {
        given->rows += (uint64_t)run->rows;
        given->last_ms = run->last_ms;
        result = bulk->visit(bulk->argument, slice_of(bulk->search.reader->line, run->length));
    }
    *run = (struct run){0};
    return result;
}

static bool is_wanted(const struct bulk *bulk, const struct packed_row *row)
{
    return row->shape != NOTE && bulk->search.reader->set[row->shape] != MATCH_NO &&
           matcher_time(&bulk->search.matcher, row->time_ms);
}

static int add_row(struct bulk *bulk, struct run *run, const struct packed_row *row, int64_t number)
{
    int result = 0;
    bool wanted = is_wanted(bulk, row);
    if (!wanted || run->length + row->length > ROW_BYTES_MAX)
        result = give(bulk, run);
    if (!wanted || result != 0)
        return result;
    if (run->rows == 0)
        *run = (struct run){.first = number, .at = row->at};
    run->rows++;
    run->length += row->length;
    run->last_length = row->length;
    run->last_ms = row->time_ms;
    return 0;
}

static void come_to(struct bulk *bulk, int64_t row)
{
    uint64_t until = bulk->piece->until, last = (uint64_t)row;
    last = until != 0 && last > until ? until : last;
    if (last > bulk->given.position)
        bulk->given.position = last;
}

static int give_block(struct bulk *bulk, const struct store_block *block, struct error *error)
{
    const struct decisions_piece *piece = bulk->piece;
    struct run run = {0};
    int result = search_unpack(&bulk->search, block, error);
    for (int64_t i = 0; i < block->row_count && result == 0; i++) {
        uint64_t number = (uint64_t)(block->first_row + i);
        if (number <= bulk->given.position || (piece->until != 0 && number > piece->until))
            continue;
        result = add_row(bulk, &run, &bulk->search.reader->rows[i], (int64_t)number);
    }
    if (result == 0)
        result = give(bulk, &run);
    if (result == 0)
        come_to(bulk, block->first_row + block->row_count - 1);
    return result;
}

static int oldest_cb(void *argument, const struct store_segment *segment)
{
    uint64_t *oldest = argument;
    if (*oldest == 0)
        *oldest = (uint64_t)segment->first_row;
    return 0;
}

static int give_blocks(struct bulk *bulk, struct error *error)
{
    const struct decisions_piece *piece = bulk->piece;
    const struct decisions_filter *filter = bulk->search.matcher.filter;
    const int64_t before = (int64_t)piece->after - BLOCK_ROWS + 1; // may have later rows
    const struct store_blocks blocks = {
        .row_from = before < 0 ? 0 : before,
        .row_to = piece->until == 0 ? INT64_MAX : (int64_t)piece->until,
        .from_ms = filter->from_ms == 0 ? INT64_MIN : filter->from_ms,
        .to_ms = filter->to_ms == 0 ? INT64_MAX : filter->to_ms - 1};
    struct store_block block;
    bool found = true;
    int result =
        store_index_each_segment(bulk->search.reader->index, oldest_cb, &bulk->given.oldest, error);
    if (result == 0)
        result = search_start(&bulk->search, &blocks, error);
    while (result == 0 && (piece->rows_most == 0 || bulk->given.rows < piece->rows_most)) {
        result = search_next(&bulk->search, &block, &found, error);
        come_to(bulk, bulk->search.passed); // there was nothing
        if (result == 0 && bulk->search.late && bulk->given.position == piece->after)
            bulk->search.blocks = 0; // each piece comes further, however short its time
        else if (result != 0 || !found)
            break;
        else
            result = give_block(bulk, &block, error);
    }
    bulk->given.more = found || bulk->search.late;
    return result;
}

int decisions_read(struct decisions *decisions, const struct decisions_filter *filter,
                   const struct decisions_piece *piece, decisions_lines_cb visit, void *argument,
                   struct decisions_given *ret, struct error *error)
{
    struct bulk bulk = {.piece = piece, .visit = visit, .argument = argument};
    bulk.given.position = piece->after;
    int result = search_begin(&bulk.search, decisions, filter, piece->budget_us, error);
    if (result == 0)
        result = give_blocks(&bulk, error);
    result = search_end(&bulk.search, result, error);
    if (result == 0)
        *ret = bulk.given;
    return result;
}
