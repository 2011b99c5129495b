// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { SMALLEST = 256, KEPT = 16384 };

void buffer_init(struct buffer *buffer, size_t cap)
{
    *buffer = (struct buffer){.cap = cap};
}

void buffer_release(struct buffer *buffer)
{
    memory_free(buffer->data);
    buffer_init(buffer, buffer->cap);
}

void buffer_wipe(struct buffer *buffer)
{
    if (buffer->data != NULL)
        memory_wipe(buffer->data, buffer->capacity);
    buffer_release(buffer);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->start = buffer->length = 0;
    buffer->failed = false;
}

struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){buffer->data == NULL ? "" : buffer->data + buffer->start, buffer->length};
}

static void move_to_front(struct buffer *buffer)
{
    if (buffer->start == 0)
        return;
    if (buffer->length > 0)
        memmove(buffer->data, buffer->data + buffer->start, buffer->length);
    buffer->start = 0;
}

static size_t capacity_for(const struct buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity < SMALLEST ? SMALLEST : buffer->capacity;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    return buffer->cap != 0 && capacity > buffer->cap ? buffer->cap : capacity;
}

size_t buffer_capacity_with(const struct buffer *buffer, size_t size)
{
    size_t needed = buffer->length + size;
    if (needed < size || (buffer->cap != 0 && needed > buffer->cap))
        return SIZE_MAX;
    return needed <= buffer->capacity ? buffer->capacity : capacity_for(buffer, needed);
}

void buffer_trim(struct buffer *buffer)
{
    if (buffer->length == 0) {
        buffer_release(buffer);
        return;
    }
    if (buffer->capacity <= KEPT || buffer->length > buffer->capacity / 4)
        return;
    move_to_front(buffer);
    char *data = memory_try_resize(buffer->data, buffer->length);
    if (data == NULL)
        return;
    buffer->data = data;
    buffer->capacity = buffer->length;
}

static bool grow(struct buffer *buffer, size_t needed)
{
    size_t capacity = capacity_for(buffer, needed);
    char *data = memory_try_resize(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

char *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->start + buffer->length + size <= buffer->capacity && buffer->data != NULL)
        return buffer->data + buffer->start + buffer->length;
    move_to_front(buffer);
    size_t needed = buffer->length + size;
    bool fits = needed >= size && (buffer->cap == 0 || needed <= buffer->cap);
    if (!fits || ((needed > buffer->capacity || buffer->data == NULL) && !grow(buffer, needed))) {
        buffer->failed = true;
        return NULL;
    }
    return buffer->data + buffer->length;
}

void buffer_commit(struct buffer *buffer, size_t size)
{
    buffer->length += size;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    buffer->start += size;
    buffer->length -= size;
    if (buffer->length == 0)
        buffer->start = 0;
}

int buffer_append_slowly(struct buffer *buffer, struct slice s)
{
    if (buffer->failed)
        return ERROR_TOO_LARGE;
    char *room = buffer_reserve(buffer, s.length);
    if (room == NULL)
        return buffer->cap != 0 && buffer->length + s.length > buffer->cap ? ERROR_TOO_LARGE
                                                                           : ERROR_NO_MEMORY;
    if (s.length > 0)
        memcpy(room, s.data, s.length);
    buffer_commit(buffer, s.length);
    return 0;
}

int buffer_append_number(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return buffer_append(buffer, slice_of(digits + at, sizeof digits - at));
}

int buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *room = length < 0 ? NULL : buffer_reserve(buffer, (size_t)length + 1);
    if (room != NULL) {
        vsnprintf(room, (size_t)length + 1, format, again);
        buffer_commit(buffer, (size_t)length);
    }
    va_end(again);
    return room == NULL ? ERROR_TOO_LARGE : 0;
}
