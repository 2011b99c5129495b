// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files of json/ share: UTF-8 sequences, string values read byte by byte, key order.
// Everything here borrows; a document given to these functions was scanned, so it is well-formed.
#pragma once

#include "json/json.h"

#ifdef __SSE2__
#include <emmintrin.h>

// A bit for each of sixteen bytes that a string cannot hold as it is or that needs a look: quote,
// backslash, control, not ASCII.
static inline unsigned json_doubtful_bytes(const unsigned char *at)
{
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    const __m128i controls = _mm_set1_epi8(0x1F);
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(bytes, controls), bytes));
    // Bytes beyond ASCII have the bit that movemask reads set already.
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(stop, bytes));
}
#endif

// Objects up to this many members are searched key by key.
enum { SMALL_OBJECT = 16 };

// Length of the well-formed UTF-8 sequence at `at` (no overlong form, no surrogate, at most
// U+10FFFF), 0 if there is none. `at` is before `end`.
size_t json_utf8_sequence(const unsigned char *at, const unsigned char *end);
// The character of a well-formed sequence.
uint32_t json_utf8_character(const unsigned char *at, size_t length);

// The four hexadecimal digits at `at`, or UINT32_MAX.
uint32_t json_hex4(const unsigned char *at);

// A string value as UTF-8 bytes, decoded on the way.
struct json_stream {
    const unsigned char *at;
    const unsigned char *end;
    unsigned char pending[4]; // rest of a decoded escape
    uint8_t pending_at;
    uint8_t pending_length;
};
struct json_stream json_stream_of(const struct json_doc *doc, uint32_t string);
// The next byte or -1.
int json_stream_next(struct json_stream *stream);
// Reads an escape (`at` stands on a backslash) as 1 to 4 UTF-8 bytes; returns how many. *ret_used
// is the length of the escape, both halves of a surrogate pair included.
size_t json_unescape(const unsigned char *at, unsigned char out[4], size_t *ret_used);

// The string's text without its quotes, escapes as they stand.
static inline struct slice json_inner(const struct json_doc *doc, uint32_t string)
{
    return slice_of(doc->text.data + doc->nodes[string].start + 1, doc->nodes[string].length - 2);
}

// Decodes a string into `out`, which has room for json_inner's length. Returns the length.
size_t json_decode(const struct json_doc *doc, uint32_t string, char *out);
// Order by code point (which is the order of the UTF-8 bytes): negative, 0, positive.
int json_compare_strings(const struct json_doc *a, uint32_t string_a, const struct json_doc *b,
                         uint32_t string_b);

// The key nodes of an object in code point order; `*ret` is freed with memory_free.
// ERROR_NO_MEMORY.
int json_sorted_keys(const struct json_doc *doc, uint32_t object, uint32_t **ret) MUST_CHECK;

// Keys of the hash that finds duplicates in large objects; drawn when first needed.
struct json_seed {
    uint64_t key[2];
    bool drawn;
};
// Looks for two equal keys. *ret_key is the later one or JSON_NONE. ERROR_NO_MEMORY.
int json_find_duplicate(const struct json_doc *doc, uint32_t object, struct json_seed *seed,
                        uint32_t *ret_key) MUST_CHECK;

// Where and why a scan stopped. ERROR_SYNTAX: `text` is what was expected. Else: what is wrong,
// with `number` (if not 0) as the limit or `key` (if not JSON_NONE) as the name.
struct json_fault {
    int code;
    const unsigned char *at;
    const char *text;
    uint32_t number;
    uint32_t key;
};
// Writes the fault's sentence; returns its code.
int json_report(const struct json_doc *doc, const struct json_fault *fault, struct error *error);
