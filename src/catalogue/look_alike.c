// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Names that are taken for each other. A skeleton is what is left when everything goes that a
// reader overlooks; for long names, one letter more, less, other or exchanged with its neighbour is
// overlooked, too.
#include "catalogue/catalogue_internal.h"

enum { NAME_MOST = 256, LONG_NAME = 6 };

// Digits and letters that stand for others, in a name of small letters.
static char plain_letter(uint32_t c)
{
    switch (c) {
    case '0': return 'o';
    case '1':
    case 'i':
    case '|': return 'l';
    case '3': return 'e';
    case '4': return 'a';
    case '5': return 's';
    case '7': return 't';
    default: return (char)c;
    }
}

static bool is_separator(uint32_t c)
{
    return c == '_' || c == '-' || c == '.' || c == ' ' || c == '/' || c == ':' || c == 0xA0;
}

static size_t put_utf8(uint32_t c, char out[4])
{
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

// Appends a character; "rn" is read as "m", "vv" as "w".
static size_t put(char *out, size_t length, uint32_t c)
{
    if (c >= 0x80)
        return length + put_utf8(c, out + length);
    char plain = plain_letter(c);
    if (length > 0 && plain == 'n' && out[length - 1] == 'r')
        out[length - 1] = 'm';
    else if (length > 0 && plain == 'v' && out[length - 1] == 'v')
        out[length - 1] = 'w';
    else
        out[length++] = plain;
    return length;
}

static size_t skeleton_of(struct slice name, char out[NAME_MOST])
{
    struct text text = {.bytes = name};
    size_t length = 0;
    for (;;) {
        uint32_t c = text_next(&text);
        if (c == TEXT_END || length + 4 > NAME_MOST)
            return length;
        c = text_fold(c);
        if (!is_separator(c) && !text_is_invisible(c))
            length = put(out, length, c);
    }
}

void catalogue_skeleton(struct slice name, struct buffer *out)
{
    char skeleton[NAME_MOST];
    buffer_append(out, slice_of(skeleton, skeleton_of(name, skeleton)));
}

// ---- One letter apart

static size_t fold_into(struct slice name, char out[NAME_MOST])
{
    struct text text = {.bytes = name};
    size_t length = 0;
    for (;;) {
        uint32_t c = text_next(&text);
        if (c == TEXT_END || length + 4 > NAME_MOST)
            return length;
        c = text_fold(c);
        if (is_separator(c) || text_is_invisible(c))
            continue;
        if (c >= 0x80)
            length += put_utf8(c, out + length);
        else
            out[length++] = (char)c;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// "room" and "rooms", "v1" and "v2" are other things, and meant so.
static bool is_variant(struct slice longer, struct slice shorter, size_t at)
{
    if (longer.length == shorter.length)
        return is_digit(longer.data[at]) && is_digit(shorter.data[at]);
    return is_digit(longer.data[at]) || longer.data[at] == 's';
}

static bool is_one_apart(struct slice longer, struct slice shorter)
{
    size_t at = 0, more = longer.length - shorter.length;
    if (more > 1 || shorter.length < LONG_NAME)
        return false;
    while (at < shorter.length && longer.data[at] == shorter.data[at])
        at++;
    if (at == longer.length || is_variant(longer, shorter, at < longer.length ? at : at - 1))
        return false;
    struct slice a = slice_of(longer.data + at + 1, longer.length - at - 1);
    struct slice b = slice_of(shorter.data + at + 1 - more, shorter.length - at - 1 + more);
    if (slice_equal(a, b))
        return true;
    bool exchanged = more == 0 && a.length > 0 && longer.data[at] == shorter.data[at + 1] &&
                     longer.data[at + 1] == shorter.data[at];
    return exchanged &&
           slice_equal(slice_of(a.data + 1, a.length - 1), slice_of(b.data + 1, b.length - 1));
}

bool catalogue_look_alike(struct slice a, struct slice b)
{
    char one[NAME_MOST], other[NAME_MOST];
    if (slice_equal(a, b))
        return true;
    struct slice x = slice_of(one, skeleton_of(a, one));
    struct slice y = slice_of(other, skeleton_of(b, other));
    if (x.length > 0 && slice_equal(x, y))
        return true;
    x = slice_of(one, fold_into(a, one));
    y = slice_of(other, fold_into(b, other));
    return x.length >= y.length ? is_one_apart(x, y) : is_one_apart(y, x);
}
