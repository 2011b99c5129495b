// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The only mutable state here, touched by tests alone.
static atomic_size_t attempts;
static atomic_size_t fail_number;
static atomic_size_t fail_repeat;

static bool injected_failure(void)
{
    size_t number = atomic_load_explicit(&fail_number, memory_order_relaxed);
    if (number == 0)
        return false;
    size_t attempt = atomic_fetch_add(&attempts, 1) + 1;
    size_t repeat = atomic_load(&fail_repeat);
    return attempt == number || (repeat > 0 && attempt > number && attempt <= number + repeat);
}

void memory_fail_at(size_t number, size_t repeat)
{
    atomic_store(&attempts, 0);
    atomic_store(&fail_repeat, repeat);
    atomic_store(&fail_number, number);
}

size_t memory_attempts(void)
{
    return atomic_load(&attempts);
}

void *memory_new(size_t size)
{
    void *block = calloc(1, size);
    if (block == NULL) {
        fputs("sallyport: out of memory\n", stderr);
        abort();
    }
    return block;
}

void *memory_try_new(size_t size)
{
    return injected_failure() ? NULL : calloc(1, size);
}

void *memory_try_resize(void *block, size_t size)
{
    return injected_failure() ? NULL : realloc(block, size);
}

char *memory_copy_string(const char *text, size_t length)
{
    char *copy = memory_new(length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

void memory_free(void *block)
{
    free(block);
}

void memory_wipe(void *block, size_t size)
{
    if (size > 0)
        explicit_bzero(block, size);
}

void memory_wipe_slice(struct slice secret)
{
    memory_wipe((void *)(uintptr_t)secret.data, secret.length);
}
