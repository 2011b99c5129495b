// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An arena owns everything that one request needs and frees it in one step. It has a cap: when
// that is reached, allocation answers NULL and the caller replies with an error. One thread only.
#pragma once

#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; // newest first
    char *next;                 // free space in the newest block
    char *end;
    size_t used; // bytes handed to blocks, for the cap
    size_t cap;
};

// `cap` in bytes, for all blocks together.
void arena_init(struct arena *arena, size_t cap);
// Frees everything; the arena may be used again.
void arena_release(struct arena *arena);
// Forgets everything but keeps the first block for reuse.
void arena_clear(struct arena *arena);
// 16-byte aligned, not zeroed; NULL when the cap is reached or memory is short.
void *arena_take(struct arena *arena, size_t size);
// Same, zeroed.
void *arena_take_zeroed(struct arena *arena, size_t size);
// A copy with a NUL behind it (not counted in the length); data is NULL on failure.
struct slice arena_copy(struct arena *arena, struct slice s);
// Formats into the arena; data is NULL on failure.
struct slice arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
