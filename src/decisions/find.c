// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A page of rows: blocks in their order, of each the rows whose shapes may be meant, and these read
// from the log.
#include "decisions/search_internal.h"

struct find {
    struct search search;
    const struct decisions_page *page;
    decisions_row_cb visit;
    void *argument;
    struct decisions_found found;
    size_t rows, bytes;
    bool full;
};

// ---- The page

// The rows of the block that the page may have: places in it, both included.
static void part_of_block(const struct find *find, const struct store_block *block,
                          int64_t *ret_low, int64_t *ret_high)
{
    const struct decisions_page *page = find->page;
    int64_t low = block->first_row, high = low + block->row_count - 1, after = (int64_t)page->after;
    if (page->until != 0 && high > (int64_t)page->until)
        high = (int64_t)page->until;
    if (after != 0 && page->newest_first && high >= after)
        high = after - 1;
    if (after != 0 && !page->newest_first && low <= after)
        low = after + 1;
    *ret_low = low - block->first_row;
    *ret_high = high - block->first_row;
}

static int give_row(struct find *find, const struct decisions_row *row)
{
    const struct decisions_page *page = find->page;
    size_t size = row->line.length + 1;
    find->full = find->rows >= page->limit ||
                 (find->rows > 0 && page->bytes_most > 0 && find->bytes + size > page->bytes_most);
    if (find->full)
        return 0;
    find->rows++;
    find->bytes += size;
    return find->visit(find->argument, row);
}

static int look_at_row(struct find *find, const struct store_block *block, int64_t place)
{
    const struct packed_row *packed = &find->search.reader->rows[place];
    int64_t number = block->first_row + place;
    struct decisions_row row;
    int result = 0;
    if (packed->shape != NOTE && find->search.reader->set[packed->shape] != MATCH_NO &&
        matcher_time(&find->search.matcher, packed->time_ms) &&
        search_read(&find->search, packed, number, &row))
        result = give_row(find, &row);
    if (!find->full)
        find->found.position = (uint64_t)number;
    return result;
}

// Rows that the search stepped over, with the blocks that have nothing.
static void note_passed(struct find *find)
{
    const struct decisions_page *page = find->page;
    uint64_t passed = (uint64_t)find->search.passed;
    if (passed != 0 && (page->until == 0 || passed <= page->until) &&
        (page->newest_first ? find->found.position == 0 || passed < find->found.position
                            : passed > find->found.position))
        find->found.position = passed;
}

static int look_at_rows(struct find *find, const struct store_block *block, int64_t low,
                        int64_t high, struct error *error)
{
    enum { STRIDE = 32 };
    bool newest = find->page->newest_first;
    int result = search_unpack(&find->search, block, error);
    for (int64_t i = 0; i <= high - low && result == 0 && !find->full; i++) {
        result = look_at_row(find, block, newest ? high - i : low + i);
        if (i % STRIDE == STRIDE - 1 && search_is_late(&find->search))
            return result;
    }
    return result;
}

static struct store_blocks blocks_of(const struct find *find)
{
    const struct decisions_page *page = find->page;
    const struct decisions_filter *filter = find->search.matcher.filter;
    int64_t after = (int64_t)page->after;
    struct store_blocks blocks = {.row_from = 0,
                                  .row_to = page->until == 0 ? INT64_MAX : (int64_t)page->until,
                                  .from_ms = filter->from_ms == 0 ? INT64_MIN : filter->from_ms,
                                  .to_ms = filter->to_ms == 0 ? INT64_MAX : filter->to_ms - 1,
                                  .newest_first = page->newest_first};
    if (after != 0 && page->newest_first)
        blocks.row_to = after - 1 < blocks.row_to ? after - 1 : blocks.row_to;
    else if (after != 0) // a block that begins before may have later rows
        blocks.row_from = after < BLOCK_ROWS ? 0 : after - BLOCK_ROWS + 1;
    return blocks;
}

static int look_at_blocks(struct find *find, struct error *error)
{
    const struct store_blocks blocks = blocks_of(find);
    struct search *search = &find->search;
    struct store_block block;
    bool found = true;
    int result = search_start(search, &blocks, error);
    while (result == 0 && !find->full) {
        int64_t low, high;
        result = search_next(search, &block, &found, error);
        note_passed(find);
        if (result != 0 || !found)
            break;
        part_of_block(find, &block, &low, &high);
        if (low <= high)
            result = look_at_rows(find, &block, low, high, error);
    }
    find->found.complete = !search->late;
    find->found.more = find->full || search->late;
    return result;
}

int decisions_find(struct decisions *decisions, const struct decisions_filter *filter,
                   const struct decisions_page *page, decisions_row_cb visit, void *argument,
                   struct decisions_found *ret, struct error *error)
{
    struct find find = {.page = page, .visit = visit, .argument = argument};
    find.found = (struct decisions_found){.position = page->after, .complete = true};
    int result = search_begin(&find.search, decisions, filter, page->budget_us, error);
    if (result == 0)
        result = look_at_blocks(&find, error);
    result = search_end(&find.search, result, error);
    if (result == 0)
        *ret = find.found;
    return result;
}
