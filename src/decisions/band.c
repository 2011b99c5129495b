// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a band: a head, the first row of each block, then of each shape a bit for each block
// and its number. In this machine's order: what is made on another kind is seen by its head.
#include "base/memory.h"
#include "decisions/decisions_internal.h"

struct head {
    uint32_t mark, blocks, shapes, padding;
};
static const uint32_t MARK = 0x53506264;

void band_init(struct band *band)
{
    *band = (struct band){.blocks = memory_new((SHAPES_MAX + 1) * sizeof *band->blocks)};
}

void band_release(struct band *band)
{
    memory_free(band->blocks);
}

void band_begin(struct band *band, int64_t segment)
{
    band->segment = segment;
    band->count = 0;
    memset(band->blocks, 0, (SHAPES_MAX + 1) * sizeof *band->blocks);
}

void band_add(struct band *band, const struct store_block *block, struct slice shapes)
{
    uint32_t shape = 0, rows;
    while (unpack_shape(&shapes, &shape, &rows))
        band->blocks[shape] |= UINT64_C(1) << band->count;
    band->first_rows[band->count++] = block->first_row;
    band->last_row = block->first_row + block->row_count - 1;
}

void band_write(const struct band *band, struct buffer *out)
{
    struct head head = {.mark = MARK, .blocks = (uint32_t)band->count};
    for (uint32_t shape = 1; shape <= SHAPES_MAX; shape++)
        head.shapes += band->blocks[shape] != 0;
    buffer_append(out, slice_of((const char *)&head, sizeof head));
    buffer_append(out,
                  slice_of((const char *)band->first_rows, band->count * sizeof *band->first_rows));
    for (uint32_t shape = 1; shape <= SHAPES_MAX; shape++)
        if (band->blocks[shape] != 0)
            buffer_append(out, slice_of((const char *)&band->blocks[shape], sizeof *band->blocks));
    for (uint32_t shape = 1; shape <= SHAPES_MAX; shape++)
        if (band->blocks[shape] != 0)
            buffer_append(out, slice_of((const char *)&shape, sizeof shape));
}

int band_read(struct slice data, const unsigned char *set, uint64_t *ret_blocks,
              int64_t ret_first_rows[BAND_BLOCKS], size_t *ret_count)
{
    struct head head;
    uint64_t blocks, wanted = 0;
    uint32_t shape;
    if (data.length < sizeof head)
        return ERROR_PROTOCOL;
    memcpy(&head, data.data, sizeof head);
    if (head.mark != MARK || head.blocks < 1 || head.blocks > BAND_BLOCKS ||
        head.shapes > SHAPES_MAX ||
        data.length != sizeof head + head.blocks * sizeof *ret_first_rows +
                           head.shapes * (sizeof blocks + sizeof shape))
        return ERROR_PROTOCOL;
    const char *rows = data.data + sizeof head;
    const char *masks = rows + head.blocks * sizeof *ret_first_rows;
    const char *shapes = masks + head.shapes * sizeof blocks;
    for (uint32_t i = 0; i < head.shapes; i++) {
        memcpy(&shape, shapes + i * sizeof shape, sizeof shape);
        memcpy(&blocks, masks + i * sizeof blocks, sizeof blocks);
        if (shape > SHAPES_MAX)
            return ERROR_PROTOCOL;
        wanted |= set[shape] == MATCH_NO ? 0 : blocks;
    }
    memcpy(ret_first_rows, rows, head.blocks * sizeof *ret_first_rows);
    *ret_blocks = wanted;
    *ret_count = head.blocks;
    return 0;
}
