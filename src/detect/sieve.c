// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which bytes of a block may begin what is looked for. Nearly all of a text is told to be nothing
// here, many bytes at a time; what remains is looked at one by one.
#include "detect/detect_internal.h"

// A bit for each byte of the block.
struct marks {
    uint64_t digits, letters, uppers, words; // words: letters, digits, '_'
    uint64_t dashes, dots, colons, equals, backslashes, ats, pluses, brackets;
    uint64_t letters_b; // 'b' and 'B': of "Bearer" and "Basic"
};

#ifdef __SSE2__
#include <immintrin.h>

#define SIEVE_NAME(name) name##_sse2
#define SIEVE_TARGET
#define VECTOR __m128i
#define LANES 4
#define vector_load(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define vector_all(c) _mm_set1_epi8(c)
#define vector_equal(a, b) _mm_cmpeq_epi8(a, b)
#define vector_or(a, b) _mm_or_si128(a, b)
#define vector_andnot(a, b) _mm_andnot_si128(a, b)
#define vector_offset(v, first) _mm_sub_epi8(v, _mm_set1_epi8(first))
#define vector_within(v, first, count)                                                             \
    _mm_cmpeq_epi8(_mm_min_epu8(vector_offset(v, first), _mm_set1_epi8((count)-1)),                \
                   vector_offset(v, first))
#define vector_shift(v) _mm_slli_epi16(v, 2)
#define vector_bits(v) (uint64_t)(unsigned) _mm_movemask_epi8(v)
#include "detect/sieve_vectors.inc"
#undef SIEVE_NAME
#undef SIEVE_TARGET
#undef VECTOR
#undef LANES
#undef vector_load
#undef vector_all
#undef vector_equal
#undef vector_or
#undef vector_andnot
#undef vector_offset
#undef vector_within
#undef vector_shift
#undef vector_bits

#define SIEVE_NAME(name) name##_avx2
#define SIEVE_TARGET __attribute__((target("avx2")))
#define VECTOR __m256i
#define LANES 2
#define vector_load(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define vector_all(c) _mm256_set1_epi8(c)
#define vector_equal(a, b) _mm256_cmpeq_epi8(a, b)
#define vector_or(a, b) _mm256_or_si256(a, b)
#define vector_andnot(a, b) _mm256_andnot_si256(a, b)
#define vector_offset(v, first) _mm256_sub_epi8(v, _mm256_set1_epi8(first))
#define vector_within(v, first, count)                                                             \
    _mm256_cmpeq_epi8(_mm256_min_epu8(vector_offset(v, first), _mm256_set1_epi8((count)-1)),       \
                      vector_offset(v, first))
#define vector_shift(v) _mm256_slli_epi16(v, 2)
#define vector_bits(v) (uint64_t)(unsigned) _mm256_movemask_epi8(v)
#include "detect/sieve_vectors.inc"

static void mark(const char *block, unsigned kinds, struct marks *ret)
{
    if (__builtin_cpu_supports("avx2"))
        mark_avx2(block, kinds, ret);
    else
        mark_sse2(block, kinds, ret);
}
#else
static void mark(const char *block, unsigned kinds, struct marks *ret)
{
    (void)kinds;
    *ret = (struct marks){0};
    for (int i = 0; i < SIEVE_BLOCK; i++) {
        char c = block[i];
        const uint64_t bit = UINT64_C(1) << i;
        ret->digits |= detect_is(c, CLASS_D) ? bit : 0;
        ret->letters |= detect_is(c, CLASS_LETTER) ? bit : 0;
        ret->uppers |= detect_is(c, CLASS_UPPER) ? bit : 0;
        ret->words |= detect_is(c, CLASS_A) || c == '_' ? bit : 0;
        ret->dashes |= c == '-' ? bit : 0;
        ret->dots |= c == '.' ? bit : 0;
        ret->colons |= c == ':' ? bit : 0;
        ret->equals |= c == '=' ? bit : 0;
        ret->backslashes |= c == '\\' ? bit : 0;
        ret->ats |= c == '@' ? bit : 0;
        ret->pluses |= c == '+' ? bit : 0;
        ret->brackets |= c == '(' ? bit : 0;
        ret->letters_b |= c == 'b' || c == 'B' ? bit : 0;
    }
}
#endif

// Of the beginnings of words, those that a form can have. Prose is told by this: in a form, what
// begins with a small letter goes on, after others of its kind, with something else than the end
// of a word; what begins with a capital goes on with another.
static uint64_t find_words(const struct marks *m, uint64_t starts)
{
    const uint64_t lowers = m->letters & ~m->uppers, others = m->words | m->dashes;
    uint64_t found = starts & ((m->uppers & m->uppers >> 1) | m->letters_b);
    // A one added where a row of small letters begins comes out behind its end.
    uint64_t ends = (lowers + (starts & lowers)) & ~lowers;
    ends &= (others & ~lowers) | (m->dots & others >> 1);
    for (; ends != 0; ends &= ends - 1) {
        unsigned end = (unsigned)__builtin_ctzll(ends);
        uint64_t below = (UINT64_C(1) << end) - 1, gaps = ~lowers & below;
        uint64_t row =
            gaps == 0 ? below : below & ~((UINT64_C(2) << (63 - __builtin_clzll(gaps))) - 1);
        found |= starts & row;
    }
    // A row to the block's end may go on.
    uint64_t last =
        ~lowers == 0 ? ~UINT64_C(0) : ~((UINT64_C(2) << (63 - __builtin_clzll(~lowers))) - 1);
    return found | (lowers >> 63 != 0 ? starts & last : 0);
}

// Digits: at the first of two, three, six.
struct runs {
    uint64_t two, three, six;
};

// ddd-ddd-dddd and ddd.ddd.dddd: at the first of the two.
static inline uint64_t find_triples(const struct marks *m, const struct runs *runs,
                                    uint64_t separators)
{
    return separators & separators >> 4 & runs->three << 3 & runs->three >> 1 & m->digits >> 5;
}

static inline uint64_t find_colons(const struct marks *m)
{
    return m->colons & ~(m->colons << 1) &
           (m->colons >> 1 | m->colons >> 2 | m->colons >> 3 | m->colons >> 4 | m->colons >> 5);
}

// What has letters or signs beside its digits.
static void find_mixed(const struct marks *m, unsigned kinds, uint64_t escaped, struct sieve *ret)
{
    const uint64_t capitals = m->uppers & m->uppers >> 1, six = capitals & capitals >> 2;
    if (capitals != 0 && (kinds & DETECT_IBAN) != 0)
        ret->places[SIEVE_IBANS] = capitals & (~((m->letters | m->digits) << 1) | escaped) &
                                   m->digits >> 2 & m->digits >> 3;
    if (six != 0 && (kinds & DETECT_NATIONAL_ID) != 0) // six capitals, then a digit
        ret->places[SIEVE_NATIONALS] =
            six & capitals >> 4 & (~(m->letters << 1) | escaped) & m->digits >> 6;
    if ((kinds & DETECT_PHONE) != 0)
        ret->places[SIEVE_PHONES] = m->pluses & m->digits >> 1;
    if (m->dots != 0 && (kinds & DETECT_IP) != 0)
        ret->places[SIEVE_IPV4S] = m->dots & m->digits << 1 & m->digits >> 1 &
                                   (m->dots >> 2 | m->dots >> 3 | m->dots >> 4);
}

// What has three digits in a row.
static void find_long(const struct marks *m, unsigned kinds, uint64_t escaped,
                      const struct runs *runs, struct sieve *ret)
{
    uint64_t starts = m->digits & (~(m->digits << 1) | escaped), dotted = 0;
    if (m->dots != 0)
        dotted = find_triples(m, runs, m->dots);
    if ((kinds & DETECT_CARD) != 0) // behind four digits one more, or a separator
        ret->places[SIEVE_CARDS] = starts & runs->two & runs->two >> 2 & runs->two >> 5;
    if ((kinds & DETECT_SSN) != 0)
        ret->places[SIEVE_SSNS] =
            m->dashes & m->dashes >> 3 & runs->three << 3 & runs->two >> 1 & m->digits >> 4;
    if ((kinds & DETECT_PHONE) != 0)
        ret->places[SIEVE_PHONES] |=
            (m->brackets & runs->three >> 1) | find_triples(m, runs, m->dashes) | dotted;
    if ((kinds & DETECT_NATIONAL_ID) != 0)
        ret->places[SIEVE_NATIONALS] |= (starts & runs->six & m->digits >> 6) | dotted |
                                        (m->dashes & runs->six << 6 & runs->three >> 1);
}

static void find_numbers(const struct marks *m, unsigned kinds, uint64_t escaped, struct sieve *ret)
{
    const uint64_t two = m->digits & m->digits >> 1, three = two & m->digits >> 2;
    const struct runs runs = {two, three, three & three >> 3};
    find_mixed(m, kinds, escaped, ret);
    if (three != 0)
        find_long(m, kinds, escaped, &runs, ret);
}

void sieve_block(const char block[SIEVE_BLOCK], unsigned kinds, struct sieve *ret)
{
    struct marks m;
    mark(block, kinds, &m);
    *ret = (struct sieve){0};
    // Behind "\n" and "\u0022" a word begins, too: detect_begins looks closer.
    uint64_t escaped = m.backslashes << 2 | m.backslashes << 6;
    if ((kinds & DETECT_SECRET) != 0) {
        ret->words = find_words(&m, m.letters & (~((m.words | m.dashes) << 1) | escaped));
        ret->signs = m.colons | m.equals;
        uint64_t rows = m.dashes & m.dashes >> 1 & ~(m.dashes << 1);
        if (rows != 0)
            ret->dashes = rows & m.dashes >> 2 & m.dashes >> 3 & m.dashes >> 4;
    }
    if ((kinds & DETECT_EMAIL) != 0)
        ret->places[SIEVE_EMAILS] = m.ats;
    if ((kinds & DETECT_IP) != 0)
        ret->places[SIEVE_IPV6S] = find_colons(&m);
    if (m.digits != 0 && (kinds & DETECT_PERSONAL) != 0)
        find_numbers(&m, kinds, escaped, ret);
}
