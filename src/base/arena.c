// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIRST_BLOCK = 1024, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *older;
    size_t size;
    _Alignas(ALIGNMENT) char bytes[];
};

void arena_init(struct arena *arena, size_t cap)
{
    *arena = (struct arena){.cap = cap};
}

void arena_release(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *older = arena->blocks->older;
        memory_free(arena->blocks);
        arena->blocks = older;
    }
    arena->next = arena->end = NULL;
    arena->used = 0;
}

void arena_clear(struct arena *arena)
{
    while (arena->blocks != NULL && arena->blocks->older != NULL) {
        struct arena_block *older = arena->blocks->older;
        memory_free(arena->blocks);
        arena->blocks = older;
    }
    if (arena->blocks == NULL)
        return;
    arena->next = arena->blocks->bytes;
    arena->end = arena->next + arena->blocks->size;
    arena->used = arena->blocks->size;
}

static bool add_block(struct arena *arena, size_t wanted)
{
    size_t size = arena->blocks == NULL ? FIRST_BLOCK : arena->blocks->size * 2;
    if (size < wanted)
        size = wanted;
    if (arena->used + size > arena->cap)
        size = wanted;
    if (size > arena->cap || arena->used > arena->cap - size)
        return false;
    struct arena_block *block = memory_try_resize(NULL, sizeof *block + size); // need not be zero
    if (block == NULL)
        return false;
    block->older = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->next = block->bytes;
    arena->end = block->bytes + size;
    arena->used += size;
    return true;
}

void *arena_take(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if ((size_t)(arena->end - arena->next) < size && !add_block(arena, size))
        return NULL;
    char *taken = arena->next;
    arena->next += size;
    return taken;
}

void *arena_take_zeroed(struct arena *arena, size_t size)
{
    void *taken = arena_take(arena, size);
    if (taken != NULL)
        memset(taken, 0, size);
    return taken;
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    char *copy = arena_take(arena, s.length + 1);
    if (copy == NULL)
        return (struct slice){0};
    if (s.length > 0)
        memcpy(copy, s.data, s.length);
    copy[s.length] = '\0';
    return (struct slice){copy, s.length};
}

struct slice arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    struct slice s = {0};
    char *text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
    if (text != NULL) {
        vsnprintf(text, (size_t)length + 1, format, again);
        s = (struct slice){text, (size_t)length};
    }
    va_end(again);
    return s;
}
