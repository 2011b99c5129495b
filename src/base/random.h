// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Unguessable bytes from the kernel.
#pragma once

#include <stddef.h>

// Fills `size` bytes; aborts if the kernel has no randomness to give, never returns weak bytes.
void random_bytes(void *bytes, size_t size);
// Writes 2 * `bytes` hexadecimal digits and a NUL to `text`. Any thread.
void random_hex(char *text, size_t bytes);
