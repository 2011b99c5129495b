// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The one door to the heap. `memory_new` is for small objects of a fixed size: failure aborts the
// program, so callers carry no dead branches. Anything whose size a peer can choose goes through
// `memory_try_*`, which may return NULL, after the size has been bounded.
#pragma once

#include "base/slice.h"

#include <stddef.h>

// Zeroed memory for a small fixed-size object; never NULL. Free with memory_free.
void *memory_new(size_t size);
// Zeroed memory or NULL. Free with memory_free.
void *memory_try_new(size_t size);
// Like realloc; NULL leaves the old block as it was.
void *memory_try_resize(void *block, size_t size);
// A NUL-terminated copy of `length` bytes; never NULL; for configuration and names, not for peers.
char *memory_copy_string(const char *text, size_t length);
// NULL is accepted.
void memory_free(void *block);
// Overwrites a secret in a way that the compiler may not remove.
void memory_wipe(void *block, size_t size);
// The bytes of a secret that is at hand only as a slice. Who calls it owns them; none is accepted.
void memory_wipe_slice(struct slice secret);

// Fault injection for tests: the allocation with this number (counted from 1, across the process)
// and every `repeat` after it fails in memory_try_*; 0 turns it off. Not for use outside tests.
void memory_fail_at(size_t number, size_t repeat);
// How many memory_try_* calls were made since memory_fail_at was last called.
size_t memory_attempts(void);
