// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A slice is a borrowed run of bytes: pointer and length, never NUL-terminated, never owned.
// Every parser hands out slices into the bytes it was given; they live as long as those bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data;
    size_t length;
};

// For printf: printf("%.*s", SLICE_PRINT(s)). The caller bounds the length first.
#define SLICE_PRINT(s) (int)(s).length, (s).data
#define SLICE_LITERAL(text)                                                                        \
    (struct slice)                                                                                 \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static inline struct slice slice_of(const char *data, size_t length)
{
    return (struct slice){data, length};
}

static inline struct slice slice_from_string(const char *text)
{
    return (struct slice){text, text == NULL ? 0 : strlen(text)};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool slice_equal_string(struct slice a, const char *text)
{
    return slice_equal(a, slice_from_string(text));
}

static inline bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.length >= prefix.length &&
           (prefix.length == 0 || memcmp(s.data, prefix.data, prefix.length) == 0);
}

// ASCII only, independent of the locale. Non-ASCII bytes compare as they are.
bool slice_equal_ignoring_case_of(const char *a, const char *b, size_t length);
static inline bool slice_equal_ignoring_case(struct slice a, struct slice b)
{
    // Most names that are compared differ in their first letter already.
    return a.length == b.length && (a.length == 0 || ((a.data[0] ^ b.data[0]) & ~0x20) == 0) &&
           slice_equal_ignoring_case_of(a.data, b.data, a.length);
}

// Without leading and trailing spaces and tabs (RFC 9110 optional white space).
struct slice slice_trim(struct slice s);

// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"): peers choose what is
// hashed, so the key must be random.
uint64_t slice_hash(struct slice bytes, const uint64_t key[2]);
