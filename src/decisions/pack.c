// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a block: for each row its shape, its length and how much later it is than the one
// before, each as a number of seven bits to the byte, the lowest first. Of its shapes: how much
// greater each is than the one before, and how many rows it has.
#include "base/memory.h"
#include "decisions/decisions_internal.h"

static void write_number(struct buffer *out, uint64_t number)
{
    char bytes[10];
    size_t length = 0;
    do {
        bytes[length++] = (char)((number & 0x7F) | (number > 0x7F ? 0x80 : 0));
        number >>= 7;
    } while (number > 0);
    buffer_append(out, slice_of(bytes, length));
}

static bool read_number(const unsigned char **at, const unsigned char *end, uint64_t *ret)
{
    uint64_t number = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char byte = *(*at)++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            *ret = number;
            return true;
        }
    }
    return false;
}

// Small for small numbers of either sign.
static uint64_t fold_sign(int64_t number)
{
    return ((uint64_t)number << 1) ^ (uint64_t)(number < 0 ? -1 : 0);
}

static int64_t unfold_sign(uint64_t number)
{
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

void packer_init(struct packer *packer)
{
    *packer = (struct packer){.counts_size = SHAPES_MAX + 1};
    packer->counts = memory_new(packer->counts_size * sizeof *packer->counts);
    buffer_init(&packer->data, 0);
}

void packer_release(struct packer *packer)
{
    memory_free(packer->counts);
    buffer_release(&packer->data);
}

void packer_begin(struct packer *packer, int64_t segment, int64_t first_row, int64_t at)
{
    packer->block = (struct store_block){.first_row = first_row,
                                         .segment = segment,
                                         .at = at,
                                         .min_ms = INT64_MAX,
                                         .max_ms = INT64_MIN};
    buffer_clear(&packer->data);
    memset(packer->counts, 0, packer->counts_size * sizeof *packer->counts);
    packer->last_ms = 0;
    packer->end = at;
}

static void note(struct packer *packer, const struct packed_row *row)
{
    struct store_block *block = &packer->block;
    packer->counts[row->shape]++;
    packer->last_ms = row->time_ms;
    packer->end += row->length;
    block->row_count++;
    if (row->shape == NOTE)
        return;
    block->min_ms = row->time_ms < block->min_ms ? row->time_ms : block->min_ms;
    block->max_ms = row->time_ms > block->max_ms ? row->time_ms : block->max_ms;
}

int packer_add(struct packer *packer, const struct packed_row *row)
{
    write_number(&packer->data, row->shape);
    write_number(&packer->data, row->length);
    write_number(&packer->data, fold_sign(row->time_ms - packer->last_ms));
    if (packer->data.failed)
        return ERROR_NO_MEMORY;
    note(packer, row);
    return 0;
}

void packer_write_shapes(const struct packer *packer, struct buffer *out)
{
    uint32_t last = 0;
    for (uint32_t shape = 1; shape < packer->counts_size; shape++) {
        if (packer->counts[shape] == 0)
            continue;
        write_number(out, shape - last);
        write_number(out, packer->counts[shape]);
        last = shape;
    }
}

bool unpack_shape(struct slice *rest, uint32_t *last, uint32_t *ret_rows)
{
    const unsigned char *at = (const unsigned char *)rest->data, *end = at + rest->length;
    uint64_t step, rows;
    if (!read_number(&at, end, &step) || !read_number(&at, end, &rows) ||
        step > SHAPES_MAX - *last || rows > BLOCK_ROWS)
        return false;
    *last += (uint32_t)step;
    *ret_rows = (uint32_t)rows;
    *rest = slice_of((const char *)at, (size_t)(end - at));
    return true;
}

int unpack_rows(const struct store_block *block, struct slice data,
                struct packed_row ret[BLOCK_ROWS])
{
    const unsigned char *at = (const unsigned char *)data.data, *end = at + data.length;
    int64_t place = block->at, time_ms = 0;
    if (block->row_count < 1 || block->row_count > BLOCK_ROWS)
        return ERROR_PROTOCOL;
    for (int64_t i = 0; i < block->row_count; i++) {
        uint64_t shape, length, later;
        if (!read_number(&at, end, &shape) || !read_number(&at, end, &length) ||
            !read_number(&at, end, &later) || shape > SHAPES_MAX || length > ROW_BYTES_MAX)
            return ERROR_PROTOCOL;
        time_ms = (int64_t)((uint64_t)time_ms + (uint64_t)unfold_sign(later));
        ret[i] = (struct packed_row){(uint32_t)shape, (uint32_t)length, time_ms, place};
        place += (int64_t)length;
    }
    return at == end ? 0 : ERROR_PROTOCOL;
}

int packer_resume(struct packer *packer, const struct store_block *block, struct slice data)
{
    struct packed_row *rows = memory_try_new(BLOCK_ROWS * sizeof *rows);
    int result = rows == NULL ? ERROR_NO_MEMORY : unpack_rows(block, data, rows);
    packer_begin(packer, block->segment, block->first_row, block->at);
    for (int64_t i = 0; i < block->row_count && result == 0; i++)
        result = packer_add(packer, &rows[i]);
    memory_free(rows);
    return result;
}
