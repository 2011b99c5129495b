// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Definitions of one server, compressed together: they repeat each other.
#include "inventory/inventory_internal.h"

enum { LEVEL = 3, ENTRY_HEAD = 6, RAW_MAX = INVENTORY_LIST_MAX + INVENTORY_LIST_MAX / 4 };

int inventory_squeeze(struct inventory *inventory, struct slice text, struct buffer *out,
                      struct error *error)
{
    size_t room = ZSTD_compressBound(text.length);
    char *place = buffer_reserve(out, room);
    if (place == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    size_t size = ZSTD_compressCCtx(inventory->packer, place, room, text.data, text.length, LEVEL);
    if (ZSTD_isError(size))
        return error_set(error, ERROR_NO_MEMORY, "cannot compress: %s", ZSTD_getErrorName(size));
    buffer_commit(out, size);
    return 0;
}

int inventory_expand(struct inventory *inventory, struct slice data, struct buffer *out,
                     struct error *error)
{
    unsigned long long size = ZSTD_getFrameContentSize(data.data, data.length);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > RAW_MAX)
        return inventory_damaged(error, "a definition");
    char *place = buffer_reserve(out, (size_t)size);
    if (place == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    size_t got =
        ZSTD_decompressDCtx(inventory->unpacker, place, (size_t)size, data.data, data.length);
    if (ZSTD_isError(got) || got != size)
        return inventory_damaged(error, "a definition");
    buffer_commit(out, got);
    return 0;
}

int inventory_pack_add(struct buffer *raw, const struct pack_entry *entry)
{
    uint32_t place = entry->place, length = (uint32_t)entry->text.length;
    const unsigned char head[ENTRY_HEAD] = {
        (unsigned char)place,         (unsigned char)(place >> 8),   (unsigned char)length,
        (unsigned char)(length >> 8), (unsigned char)(length >> 16), (unsigned char)(length >> 24)};
    buffer_append(raw, slice_of((const char *)head, sizeof head));
    return buffer_append(raw, entry->text);
}

bool inventory_pack_next(struct slice *rest, struct pack_entry *ret, bool *ret_damaged)
{
    const unsigned char *head = (const unsigned char *)rest->data;
    *ret_damaged = rest->length > 0;
    if (rest->length < ENTRY_HEAD)
        return false;
    size_t length =
        (size_t)head[2] | (size_t)head[3] << 8 | (size_t)head[4] << 16 | (size_t)head[5] << 24;
    if (length > rest->length - ENTRY_HEAD)
        return false;
    ret->place = (uint32_t)head[0] | (uint32_t)head[1] << 8;
    ret->text = slice_of(rest->data + ENTRY_HEAD, length);
    *rest = slice_of(rest->data + ENTRY_HEAD + length, rest->length - ENTRY_HEAD - length);
    *ret_damaged = false;
    return true;
}
