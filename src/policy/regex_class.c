// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Classes of characters, as far as all of them are ASCII, and two ranges that hold one.
#include "policy/regex_internal.h"

bool regex_bytes_have(const struct regex_bytes *bytes, int c)
{
    return ((c < 64 ? bytes->low : bytes->high) >> (c & 63) & 1) != 0;
}

void regex_bytes_add(struct regex_bytes *bytes, int first, int last)
{
    for (int c = first; c <= last; c++)
        *(c < 64 ? &bytes->low : &bytes->high) |= UINT64_C(1) << (c & 63);
}

unsigned regex_bytes_count(const struct regex_bytes *bytes)
{
    return (unsigned)(__builtin_popcountll(bytes->low) + __builtin_popcountll(bytes->high));
}

// Expressions are compiled without PCRE2_UCP: of ASCII alone.
bool regex_bytes_add_kind(struct regex_bytes *bytes, char kind)
{
    if (kind == 'd' || kind == 'w')
        regex_bytes_add(bytes, '0', '9');
    if (kind == 'w') {
        regex_bytes_add(bytes, 'A', 'Z');
        regex_bytes_add(bytes, 'a', 'z');
        regex_bytes_add(bytes, '_', '_');
    }
    if (kind == 's') {
        regex_bytes_add(bytes, '\t', '\r');
        regex_bytes_add(bytes, ' ', ' ');
    }
    return kind == 'd' || kind == 'w' || kind == 's';
}

// ---- Reading

static bool is_alphanumeric(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// One character, or the end of a range; -1: none that is understood.
static int read_member(struct slice p, size_t *at)
{
    unsigned char c = *at < p.length ? (unsigned char)p.data[(*at)++] : 0xFF;
    if (c == '\\') {
        c = *at < p.length ? (unsigned char)p.data[(*at)++] : 0xFF;
        if (is_alphanumeric(c))
            return -1;
    } else if (c == '[') {
        return -1; // "[:alpha:]", maybe
    }
    return c < 0x80 ? c : -1;
}

static bool is_here(struct slice p, size_t at, char c)
{
    return at < p.length && p.data[at] == c;
}

// "a", "a-z", "\d": what it adds. False: not understood.
static bool read_item(struct slice p, size_t *at, struct regex_bytes *ret)
{
    if (is_here(p, *at, '\\') && *at + 1 < p.length && regex_bytes_add_kind(ret, p.data[*at + 1])) {
        *at += 2;
        return !is_here(p, *at, '-');
    }
    int first = read_member(p, at), last = first;
    if (is_here(p, *at, '-') && !is_here(p, *at + 1, ']')) {
        (*at)++;
        last = read_member(p, at);
    }
    if (first < 0 || last < first)
        return false;
    regex_bytes_add(ret, first, last);
    return true;
}

bool regex_class_read(struct slice pattern, size_t *at, struct regex_bytes *ret)
{
    bool good = true;
    *ret = (struct regex_bytes){0, 0};
    (*at)++;
    if (is_here(pattern, *at, '^') || is_here(pattern, *at, ']'))
        return false;
    while (good && *at < pattern.length && pattern.data[*at] != ']')
        good = read_item(pattern, at, ret);
    good = good && *at < pattern.length;
    (*at)++;
    return good;
}

// ---- Ranges

// The largest gap between them is left out.
struct regex_set regex_set_of(const struct regex_bytes *bytes)
{
    int first = 0, last = 127, gap = 0, gap_start = 0;
    while (!regex_bytes_have(bytes, first))
        first++;
    while (!regex_bytes_have(bytes, last))
        last--;
    for (int c = first, start = first; c <= last; c++) {
        if (!regex_bytes_have(bytes, c))
            continue;
        gap_start = c - start > gap ? start : gap_start;
        gap = c - start > gap ? c - start : gap;
        start = c + 1;
    }
    int end = gap == 0 ? last : gap_start - 1, again = gap == 0 ? first : gap_start + gap;
    return (struct regex_set){{(unsigned char)first, (unsigned char)again},
                              {(unsigned char)(end - first), (unsigned char)(last - again)}};
}
