// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/slice.h"

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

// The same for eight bytes at once.
static uint64_t lower_word(uint64_t word)
{
    // Seven bits each, so that no sum reaches the next byte: the eighth tells what is above.
    uint64_t low = word & 0x7f7f7f7f7f7f7f7fu;
    uint64_t above_z = low + 0x2525252525252525u; // 0x80 - 'Z' - 1
    uint64_t from_a = low + 0x3f3f3f3f3f3f3f3fu;  // 0x80 - 'A'
    uint64_t upper = (from_a ^ above_z) & ~word & 0x8080808080808080u;
    return word | upper >> 2;
}

// Nearly always the words are the same as they are, or differ in more than case.
static bool words_match(const char *a, const char *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    uint64_t difference = x ^ y;
    if ((difference & ~0x2020202020202020u) != 0)
        return false;
    return difference == 0 || lower_word(x) == lower_word(y);
}

bool slice_equal_ignoring_case_of(const char *a, const char *b, size_t length)
{
    size_t i = 0;
    for (; i + 8 <= length; i += 8)
        if (!words_match(a + i, b + i))
            return false;
    // The last word may overlap the one before.
    if (length >= 8)
        return length == i || words_match(a + length - 8, b + length - 8);
    for (; i < length; i++)
        if (lower((unsigned char)a[i]) != lower((unsigned char)b[i]))
            return false;
    return true;
}

struct slice slice_trim(struct slice s)
{
    while (s.length > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.length--;
    }
    while (s.length > 0 && (s.data[s.length - 1] == ' ' || s.data[s.length - 1] == '\t'))
        s.length--;
    return s;
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

uint64_t slice_hash(struct slice bytes, const uint64_t key[2])
{
    struct sip s = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                    key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    uint64_t last = (uint64_t)bytes.length << 56, word;
    for (; bytes.length >= 8; bytes = slice_of(bytes.data + 8, bytes.length - 8)) {
        memcpy(&word, bytes.data, 8);
        sip_word(&s, word);
    }
    for (size_t i = 0; i < bytes.length; i++)
        last |= (uint64_t)(unsigned char)bytes.data[i] << (8 * i);
    sip_word(&s, last);
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
