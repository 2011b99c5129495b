// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A growing run of owned bytes with a cap. Bytes are added at the end and consumed at the front.
// Failure (cap or memory) is sticky: check `failed` once after a series of appends. One thread.
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct buffer {
    char *data;      // owned
    size_t start;    // first unread byte
    size_t length;   // unread bytes
    size_t capacity; // size of data
    size_t cap;      // never more than this many bytes in all; 0 means no cap
    bool failed;     // an append was refused
};

void buffer_init(struct buffer *buffer, size_t cap);
void buffer_release(struct buffer *buffer); // frees; usable again with the same cap
void buffer_wipe(struct buffer *buffer);    // the same for secrets: overwrites them first
void buffer_clear(struct buffer *buffer);   // forgets the bytes and the failure, keeps the memory
struct slice buffer_slice(const struct buffer *buffer);

// Room for `size` more bytes at the end; NULL on failure. buffer_commit then says how many came.
char *buffer_reserve(struct buffer *buffer, size_t size);
// What `capacity` will be when so many bytes are added; more than the cap when they do not fit.
size_t buffer_capacity_with(const struct buffer *buffer, size_t size);
// Gives memory back when three quarters of it and more are unused.
void buffer_trim(struct buffer *buffer);
void buffer_commit(struct buffer *buffer, size_t size);
void buffer_consume(struct buffer *buffer, size_t size); // drops bytes at the front

// 0, ERROR_TOO_LARGE (cap) or ERROR_NO_MEMORY; may be ignored and `failed` read later.
int buffer_append_slowly(struct buffer *buffer, struct slice s);
static inline int buffer_append(struct buffer *buffer, struct slice s)
{
    if (buffer->failed || s.length == 0 ||
        s.length > buffer->capacity - buffer->start - buffer->length)
        return buffer_append_slowly(buffer, s);
    memcpy(buffer->data + buffer->start + buffer->length, s.data, s.length);
    buffer->length += s.length;
    return 0;
}
static inline int buffer_append_string(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, slice_from_string(text));
}
int buffer_append_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
int buffer_append_number(struct buffer *buffer, uint64_t number);
