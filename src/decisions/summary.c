// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Counts over time, from what blocks say of their shapes; the log itself is not read.
#include "base/memory.h"
#include "decisions/search_internal.h"

enum {
    OTHER = DECISIONS_KEYS_MAX, // further keys
    UNSURE,
    COLUMNS,
    KEY_MEMORY = DECISIONS_KEYS_MAX * (6 * DECISIONS_TEXT_MAX + 64),
};

struct summary {
    struct search search;
    const struct decisions_summary *wanted;
    int64_t from_ms, to_ms, first_ms; // of the first bucket
    size_t buckets;
    uint64_t *cells; // owned; COLUMNS for each bucket
    struct slice keys[DECISIONS_KEYS_MAX];
    size_t key_count;
    struct arena arena;
    unsigned char *columns; // owned; of each shape of the segment
};

// ---- Keys

static unsigned char column_of(struct summary *summary, struct slice key)
{
    for (size_t i = 0; i < summary->key_count; i++)
        if (slice_equal(summary->keys[i], key))
            return (unsigned char)i;
    if (summary->key_count == DECISIONS_KEYS_MAX)
        return OTHER;
    struct slice copy = arena_copy(&summary->arena, key);
    if (copy.data == NULL)
        return OTHER;
    summary->keys[summary->key_count] = copy;
    return (unsigned char)summary->key_count++;
}

static int shape_cb(struct search *search, const struct store_shape *shape, enum match match)
{
    struct summary *summary = (struct summary *)(void *)search; // its first member
    struct slice texts[SHAPE_TEXTS];
    int by = summary->wanted->by;
    unsigned char column = UNSURE;
    if (match == MATCH_YES && by < 0)
        column = column_of(summary, SLICE_LITERAL(""));
    else if (match == MATCH_YES && !shape_knows((size_t)by, (enum loose)shape->loose))
        column = OTHER;
    else if (match == MATCH_YES && shape_parse(shape->texts, texts))
        column = column_of(summary, texts[by]);
    summary->columns[shape->id] = column;
    return 0;
}

// ---- Counting

static void count(struct summary *summary, uint32_t shape, int64_t time_ms, uint64_t rows)
{
    if (shape == NOTE || summary->search.reader->set[shape] == MATCH_NO ||
        time_ms < summary->from_ms || time_ms >= summary->to_ms)
        return;
    size_t bucket = (size_t)((time_ms - summary->first_ms) / summary->wanted->interval_ms);
    summary->cells[bucket * COLUMNS + summary->columns[shape]] += rows;
}

static bool is_in_one_bucket(const struct summary *summary, const struct store_block *block)
{
    int64_t interval = summary->wanted->interval_ms, first = summary->first_ms;
    return block->min_ms >= summary->from_ms && block->max_ms < summary->to_ms &&
           (block->min_ms - first) / interval == (block->max_ms - first) / interval;
}

static int count_block(struct summary *summary, const struct store_block *block,
                       struct error *error)
{
    uint32_t shape = 0, rows;
    if (is_in_one_bucket(summary, block)) {
        struct slice rest = store_index_block_shapes(summary->search.reader->index);
        while (unpack_shape(&rest, &shape, &rows))
            count(summary, shape, block->min_ms, rows);
        return 0;
    }
    int result = search_unpack(&summary->search, block, error);
    for (int64_t i = 0; i < block->row_count && result == 0; i++) {
        const struct packed_row *row = &summary->search.reader->rows[i];
        count(summary, row->shape, row->time_ms, 1);
    }
    return result;
}

static int count_blocks(struct summary *summary, bool *ret_complete, struct error *error)
{
    const struct store_blocks wanted = {.row_to = INT64_MAX,
                                        .from_ms = summary->from_ms,
                                        .to_ms = summary->to_ms - 1,
                                        .newest_first = true};
    struct store_block block;
    bool found = true;
    int result = search_start(&summary->search, &wanted, error);
    while (result == 0) {
        result = search_next(&summary->search, &block, &found, error);
        if (result != 0 || !found)
            break;
        result = count_block(summary, &block, error);
    }
    *ret_complete = !summary->search.late;
    return result;
}

// ---- The answer

static int give_bucket(const struct summary *summary, size_t bucket, decisions_count_cb visit,
                       void *argument, struct decisions_counted *counted)
{
    const uint64_t *cells = &summary->cells[bucket * COLUMNS];
    int result = 0;
    for (size_t i = 0; i < UNSURE && result == 0; i++) {
        const struct decisions_count found = {
            .begins_ms = summary->first_ms + (int64_t)bucket * summary->wanted->interval_ms,
            .key = i < summary->key_count ? summary->keys[i] : (struct slice){0},
            .rows = cells[i]};
        counted->rows += cells[i];
        if (cells[i] > 0)
            result = visit(argument, &found);
    }
    counted->unsure += cells[UNSURE];
    return result;
}

static int prepare(struct summary *summary, const struct decisions_filter *filter,
                   struct error *error)
{
    int64_t interval = summary->wanted->interval_ms;
    if (interval <= 0 || filter->from_ms <= 0 || filter->to_ms <= filter->from_ms)
        return error_set(error, ERROR_RANGE, "the times are wrong");
    summary->from_ms = filter->from_ms;
    summary->to_ms = filter->to_ms;
    summary->first_ms = filter->from_ms - filter->from_ms % interval;
    int64_t buckets = (filter->to_ms - 1 - summary->first_ms) / interval + 1;
    if (buckets > DECISIONS_BUCKETS_MAX)
        return error_set(error, ERROR_RANGE, "there are more than %d intervals between the times",
                         DECISIONS_BUCKETS_MAX);
    summary->buckets = (size_t)buckets;
    summary->cells = memory_try_new(summary->buckets * COLUMNS * sizeof *summary->cells);
    summary->columns = memory_try_new(SHAPES_MAX + 1);
    return summary->cells != NULL && summary->columns != NULL
               ? 0
               : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

int decisions_summarise(struct decisions *decisions, const struct decisions_filter *filter,
                        const struct decisions_summary *wanted, decisions_count_cb visit,
                        void *argument, struct decisions_counted *ret, struct error *error)
{
    struct summary summary = {.search = {.each_shape = shape_cb}, .wanted = wanted};
    struct decisions_counted counted = {.complete = true};
    arena_init(&summary.arena, KEY_MEMORY);
    int result = prepare(&summary, filter, error);
    if (result == 0) {
        result = search_begin(&summary.search, decisions, filter, wanted->budget_us, error);
        if (result == 0)
            result = count_blocks(&summary, &counted.complete, error);
        result = search_end(&summary.search, result, error);
    }
    for (size_t i = 0; i < summary.buckets && result == 0; i++)
        result = give_bucket(&summary, i, visit, argument, &counted);
    if (result == 0)
        *ret = counted;
    memory_free(summary.cells);
    memory_free(summary.columns);
    arena_release(&summary.arena);
    return result;
}
