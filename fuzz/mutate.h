// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the mutators share.
#pragma once

#include "base/buffer.h"

#include <stdint.h>

// libFuzzer's own; replay.c stands in for it.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

struct mutation {
    uint64_t chance;
    struct slice text;
    struct buffer out; // what becomes of it
};

static inline size_t mutate_below(uint64_t *chance, size_t bound)
{
    uint64_t z = *chance += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return (size_t)((z ^ (z >> 31)) % bound);
}

// The text with `length` bytes of it replaced.
static inline void mutate_splice(struct mutation *m, size_t start, size_t length, struct slice with)
{
    (void)buffer_append(&m->out, slice_of(m->text.data, start));
    (void)buffer_append(&m->out, with);
    (void)buffer_append(&m->out,
                        slice_of(m->text.data + start + length, m->text.length - start - length));
}

// A few bytes of a part change, and nothing around it.
static inline void mutate_bytes(struct mutation *m, size_t start, size_t length)
{
    uint8_t part[256];
    size_t size = length < sizeof part / 2 ? length : sizeof part / 2;
    if (size > 0)
        memcpy(part, m->text.data + start, size);
    size_t now = LLVMFuzzerMutate(part, size, sizeof part);
    mutate_splice(m, start, size, slice_of((const char *)part, now));
}

// One step of `change`; now and then, or where it had nothing to say, plain bytes change.
static inline size_t mutate_with(uint8_t *data, size_t size, size_t max, unsigned seed,
                                 void (*change)(struct mutation *m))
{
    struct mutation m = {.chance = seed, .text = slice_of((const char *)data, size)};
    buffer_init(&m.out, max);
    if (size > 0 && mutate_below(&m.chance, 8) > 0)
        change(&m);
    bool changed = !m.out.failed && m.out.length > 0 && m.out.length <= max;
    if (changed) {
        size = m.out.length;
        memcpy(data, buffer_slice(&m.out).data, size);
    }
    buffer_release(&m.out);
    return changed ? size : LLVMFuzzerMutate(data, size, max);
}
