// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Looks for the run of characters that every match of an expression holds (regex_literal.c).
#include "policy/regex_internal.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

static bool is_in(const struct regex_set *set, char c)
{
    const unsigned char byte = (unsigned char)c;
    return (unsigned char)(byte - set->first[0]) <= set->span[0] ||
           (unsigned char)(byte - set->first[1]) <= set->span[1];
}

static bool is_here(const struct regex_literal *literal, const char *at)
{
    for (size_t i = 0; i < literal->length; i++)
        if (!is_in(&literal->sets[i], at[i]))
            return false;
    return true;
}

#ifdef __SSE2__
#define SCAN_NAME(name) name##_sse2
#define SCAN_TARGET
#define VECTOR __m128i
#define vector_load(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define vector_all(c) _mm_set1_epi8(c)
#define vector_equal(a, b) _mm_cmpeq_epi8(a, b)
#define vector_least(a, b) _mm_min_epu8(a, b)
#define vector_minus(a, b) _mm_sub_epi8(a, b)
#define vector_and(a, b) _mm_and_si128(a, b)
#define vector_or(a, b) _mm_or_si128(a, b)
#define vector_bits(v) (unsigned)_mm_movemask_epi8(v)
#include "policy/regex_scan.inc"
#undef SCAN_NAME
#undef SCAN_TARGET
#undef VECTOR
#undef vector_load
#undef vector_all
#undef vector_equal
#undef vector_least
#undef vector_minus
#undef vector_and
#undef vector_or
#undef vector_bits

#define SCAN_NAME(name) name##_avx2
#define SCAN_TARGET __attribute__((target("avx2")))
#define VECTOR __m256i
#define vector_load(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define vector_all(c) _mm256_set1_epi8(c)
#define vector_equal(a, b) _mm256_cmpeq_epi8(a, b)
#define vector_least(a, b) _mm256_min_epu8(a, b)
#define vector_minus(a, b) _mm256_sub_epi8(a, b)
#define vector_and(a, b) _mm256_and_si256(a, b)
#define vector_or(a, b) _mm256_or_si256(a, b)
#define vector_bits(v) (unsigned)_mm256_movemask_epi8(v)
#include "policy/regex_scan.inc"

static size_t find_in_steps(const struct regex_literal *literal, struct slice text, size_t *at)
{
    return __builtin_cpu_supports("avx2") ? find_avx2(literal, text, at)
                                          : find_sse2(literal, text, at);
}
#endif

size_t regex_literal_find(const struct regex_literal *literal, struct slice text, size_t from)
{
    size_t at = from;
    if (text.length < literal->length || text.length - literal->length < from)
        return SIZE_MAX;
#ifdef __SSE2__
    size_t found = find_in_steps(literal, text, &at);
    if (found != SIZE_MAX)
        return found;
#endif
    for (; at + literal->length <= text.length; at++)
        if (is_here(literal, text.data + at))
            return at;
    return SIZE_MAX;
}
