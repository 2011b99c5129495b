// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Globs over UTF-8 text: '*' is any run of characters, '?' one character, all else itself.
#include "policy/policy_internal.h"

#include "base/memory.h"

// Bytes of the character that starts at text[0]; a broken byte counts as one character.
static size_t character(struct slice text)
{
    size_t length = 1;
    if (((unsigned char)text.data[0] & 0xC0) != 0xC0)
        return 1;
    while (length < text.length && ((unsigned char)text.data[length] & 0xC0) == 0x80)
        length++;
    return length;
}

static struct slice behind(struct slice s, size_t bytes)
{
    return slice_of(s.data + bytes, s.length - bytes);
}

// Only the last '*' is ever retried, so the work is at most pattern times text. In a text that is
// itself a pattern, `wild`, a '*' stands for any text and is taken by a '*' alone.
static bool matches(struct slice pattern, struct slice text, bool wild)
{
    struct slice star = {0}, retry = {0};
    while (text.length > 0) {
        if (pattern.length > 0 && pattern.data[0] == '*') {
            star = pattern = behind(pattern, 1);
            retry = text;
        } else if (pattern.length > 0 && pattern.data[0] == '?' && !(wild && text.data[0] == '*')) {
            pattern = behind(pattern, 1);
            text = behind(text, character(text));
        } else if (pattern.length > 0 && pattern.data[0] == text.data[0]) {
            pattern = behind(pattern, 1);
            text = behind(text, 1);
        } else if (star.data != NULL) {
            retry = behind(retry, character(retry));
            pattern = star;
            text = retry;
        } else {
            return false;
        }
    }
    while (pattern.length > 0 && pattern.data[0] == '*')
        pattern = behind(pattern, 1);
    return pattern.length == 0;
}

bool glob_matches(struct slice pattern, struct slice text)
{
    return matches(pattern, text, false);
}

bool glob_covers(struct slice pattern, struct slice other)
{
    return matches(pattern, other, true);
}

size_t glob_literal(struct slice pattern)
{
    size_t literal = 0;
    for (; pattern.length > 0; pattern = behind(pattern, character(pattern)))
        literal += pattern.data[0] != '*' && pattern.data[0] != '?';
    return literal;
}

static bool only_stars(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if (s.data[i] != '*')
            return false;
    return true;
}

static bool same_character(struct slice a, struct slice b)
{
    if (a.data[0] == '?' || b.data[0] == '?')
        return true;
    size_t length = character(a);
    return length == character(b) && memcmp(a.data, b.data, length) == 0;
}

// One row of the table "may the rest of a, from byte i, and the rest of b, from byte j, match a
// common text?", from the rows behind it. `below` belongs to the character behind a[i].
static void overlap_row(struct slice a, struct slice b, const bool *below, bool *row)
{
    row[b.length] = only_stars(a);
    for (size_t j = b.length; j-- > 0;) {
        if (((unsigned char)b.data[j] & 0xC0) == 0x80)
            continue;
        struct slice rest = behind(b, j);
        size_t next = j + character(rest);
        if (a.length == 0)
            row[j] = only_stars(rest);
        else if (a.data[0] == '*')
            row[j] = below[j] || row[next];
        else if (rest.data[0] == '*')
            row[j] = row[next] || below[j];
        else
            row[j] = same_character(a, rest) && below[next];
    }
}

enum { OVERLAP_MAX = 256 };

bool glob_overlaps(struct slice a, struct slice b)
{
    if (a.length > OVERLAP_MAX || b.length > OVERLAP_MAX)
        return false; // too long to look at; the tie is still denied when it happens
    bool rows[2][OVERLAP_MAX + 1] = {{false}};
    size_t current = 0;
    overlap_row(behind(a, a.length), b, NULL, rows[current]);
    for (size_t i = a.length; i-- > 0;) {
        if (((unsigned char)a.data[i] & 0xC0) == 0x80)
            continue;
        overlap_row(behind(a, i), b, rows[current], rows[1 - current]);
        current = 1 - current;
    }
    return rows[current][0];
}
