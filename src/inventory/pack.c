// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Definitions of one server, compressed together: they repeat each other.
#include "inventory/inventory_internal.h"

#include "base/memory.h"

#include <zdict.h>

enum {
    LEVEL = 3,
    DICTIONARY_SIZE = 112 * 1024,
    ENTRY_HEAD = 6,
    RAW_MAX = INVENTORY_LIST_MAX + INVENTORY_LIST_MAX / 4
};

// ---- Dictionaries

void inventory_unlearn(struct inventory *inventory)
{
    ZSTD_freeCDict(inventory->dictionary.packs);
    ZSTD_freeDDict(inventory->dictionary.unpacks);
    inventory->dictionary = (struct dictionary){0};
    inventory->looked = false;
}

static int use(struct inventory *inventory, struct slice data)
{
    inventory_unlearn(inventory);
    struct dictionary *dictionary = &inventory->dictionary;
    dictionary->packs = ZSTD_createCDict(data.data, data.length, LEVEL);
    dictionary->unpacks = ZSTD_createDDict(data.data, data.length);
    dictionary->id =
        dictionary->unpacks == NULL ? 0 : ZSTD_getDictID_fromDDict(dictionary->unpacks);
    inventory->looked = true;
    return dictionary->packs != NULL && dictionary->unpacks != NULL ? 0 : ERROR_NO_MEMORY;
}

static int have_dictionary(void *argument, int64_t id, struct slice data)
{
    (void)id;
    return use(argument, data);
}

static int look(struct inventory *inventory, unsigned id, struct error *error)
{
    int result =
        store_catalogue_find_dictionary(inventory->store, id, have_dictionary, inventory, error);
    inventory->looked = true;
    return result == ERROR_NO_MEMORY ? error_set(error, result, "out of memory") : result;
}

int inventory_learn(struct inventory *inventory, struct slice texts, const size_t *sizes,
                    size_t count, struct error *error)
{
    int result = look(inventory, 0, error);
    if (result != ERROR_NOT_FOUND)
        return result;
    char *room = memory_try_new(DICTIONARY_SIZE);
    if (room == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    size_t size = ZDICT_trainFromBuffer(room, DICTIONARY_SIZE, texts.data, sizes, (unsigned)count);
    unsigned id = ZDICT_isError(size) ? 0 : ZDICT_getDictID(room, size);
    result = 0;
    if (id != 0)
        result = store_catalogue_put_dictionary(inventory->store, id, slice_of(room, size), error);
    if (id != 0 && result == 0 && use(inventory, slice_of(room, size)) != 0)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    memory_free(room);
    return result;
}

// ---- Texts

int inventory_squeeze(struct inventory *inventory, struct slice text, struct buffer *out,
                      struct error *error)
{
    if (!inventory->looked) {
        int result = look(inventory, 0, error);
        if (result != 0 && result != ERROR_NOT_FOUND)
            return result;
    }
    size_t room = ZSTD_compressBound(text.length);
    char *place = buffer_reserve(out, room);
    if (place == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    const ZSTD_CDict *dictionary = inventory->dictionary.packs;
    size_t size = dictionary == NULL ? ZSTD_compressCCtx(inventory->packer, place, room, text.data,
                                                         text.length, LEVEL)
                                     : ZSTD_compress_usingCDict(inventory->packer, place, room,
                                                                text.data, text.length, dictionary);
    if (ZSTD_isError(size))
        return error_set(error, ERROR_NO_MEMORY, "cannot compress: %s", ZSTD_getErrorName(size));
    buffer_commit(out, size);
    return 0;
}

int inventory_expand(struct inventory *inventory, struct slice data, struct buffer *out,
                     struct error *error)
{
    unsigned long long size = ZSTD_getFrameContentSize(data.data, data.length);
    unsigned id = ZSTD_getDictID_fromFrame(data.data, data.length);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > RAW_MAX)
        return inventory_damaged(error, "a definition");
    if (id != 0 && id != inventory->dictionary.id) {
        int result = look(inventory, id, error);
        if (result != 0)
            return result == ERROR_NOT_FOUND ? inventory_damaged(error, "a dictionary") : result;
    }
    char *place = buffer_reserve(out, (size_t)size);
    if (place == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    size_t got =
        id == 0
            ? ZSTD_decompressDCtx(inventory->unpacker, place, (size_t)size, data.data, data.length)
            : ZSTD_decompress_usingDDict(inventory->unpacker, place, (size_t)size, data.data,
                                         data.length, inventory->dictionary.unpacks);
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
