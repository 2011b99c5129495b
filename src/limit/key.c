// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Keys: parts, each as LENGTH:BYTES.
#include "limit/limit_internal.h"

// Decimal digits and a colon; returns how many bytes.
static size_t write_prefix(char *at, size_t number)
{
    char digits[20];
    size_t count = 0, length = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        at[length++] = digits[--count];
    at[length++] = ':';
    return length;
}

struct slice limit_key(struct arena *arena, const struct slice *parts, size_t count)
{
    enum { PREFIX = 24 };
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].length > SIZE_MAX - PREFIX - room)
            return (struct slice){0};
        room += PREFIX + parts[i].length;
    }
    char *text = arena_take(arena, room == 0 ? 1 : room);
    if (text == NULL)
        return (struct slice){0};
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += write_prefix(text + length, parts[i].length);
        if (parts[i].length > 0)
            memcpy(text + length, parts[i].data, parts[i].length);
        length += parts[i].length;
    }
    return slice_of(text, length);
}

bool limit_key_part(struct slice *key, struct slice *ret)
{
    size_t length = 0, at = 0;
    while (at < key->length && key->data[at] >= '0' && key->data[at] <= '9' &&
           length <= LIMIT_KEY_MAX)
        length = length * 10 + (size_t)(key->data[at++] - '0');
    if (at == 0 || at >= key->length || key->data[at] != ':' || length > key->length - at - 1)
        return false;
    *ret = slice_of(key->data + at + 1, length);
    *key = slice_of(ret->data + length, key->length - at - 1 - length);
    return true;
}
