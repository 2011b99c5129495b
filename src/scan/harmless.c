// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Text of strangers on a terminal: what a terminal would obey, what turns the order of letters
// round, and what nobody sees is written out; everything else stands as it came.
#include "scan/scan.h"

#include <stdio.h>

struct range {
    uint32_t from, to;
};

// Format characters, fillers and tags: invisible, or they change what others look like.
static const struct range unseen[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x061C, 0x061C},
    {0x115F, 0x1160}, {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};
static const struct range wide[] = {
    {0x1100, 0x115E}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD},
};
// Letters that go over others: many of them on one would cover other lines.
static const struct range combining[] = {
    {0x0300, 0x034E}, {0x0350, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},
    {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0E31, 0x0E3A}, {0x0E47, 0x0E4E},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20F0}, {0xFE20, 0xFE2F},
};

static bool within(const struct range *ranges, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].from && character <= ranges[i].to)
            return true;
    return false;
}
#define WITHIN(ranges, character) within(ranges, sizeof(ranges) / sizeof *(ranges), character)

// Reads one character; its bytes, 0 when they are no UTF-8.
static size_t read_character(struct slice text, uint32_t *ret)
{
    unsigned char first = (unsigned char)text.data[0];
    size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t value = first < 0x80 ? first : first & (0x7Fu >> length);
    if (length > text.length || !json_is_utf8(slice_of(text.data, length)))
        return 0;
    for (size_t i = 1; i < length; i++)
        value = value << 6 | ((unsigned char)text.data[i] & 0x3F);
    *ret = value;
    return length;
}

struct shown {
    char text[16];
    size_t length, columns, bytes; // bytes: of the source
};

static struct shown show(struct slice text, bool after_combining)
{
    struct shown shown = {.columns = 1};
    uint32_t character = 0;
    shown.bytes = read_character(text, &character);
    bool mark = shown.bytes > 0 && WITHIN(combining, character);
    if (shown.bytes == 0 || WITHIN(unseen, character) || (mark && after_combining)) {
        const char *format = shown.bytes == 0 ? "<%02X>" : "<U+%04X>";
        if (shown.bytes == 0)
            character = (unsigned char)text.data[0];
        shown.bytes = shown.bytes == 0 ? 1 : shown.bytes;
        shown.length = shown.columns =
            (size_t)snprintf(shown.text, sizeof shown.text, format, (unsigned int)character);
        return shown;
    }
    memcpy(shown.text, text.data, shown.bytes);
    shown.length = shown.bytes;
    shown.columns = mark ? 0 : WITHIN(wide, character) ? 2 : 1;
    return shown;
}

size_t scan_write_harmless(struct buffer *out, struct slice text, size_t columns)
{
    struct buffer line;
    size_t used = 0, fits = 0, fit_columns = 0;
    bool mark = false, cut = false;
    buffer_init(&line, 0);
    while (text.length > 0 && !cut) {
        struct shown one = show(text, mark);
        mark = one.columns == 0;
        cut = used + one.columns > columns;
        if (cut)
            break;
        used += one.columns;
        buffer_append(&line, slice_of(one.text, one.length));
        if (used + 1 <= columns) { // an ellipsis would have room behind this
            fits = line.length;
            fit_columns = used;
        }
        text = slice_of(text.data + one.bytes, text.length - one.bytes);
    }
    buffer_append(out, slice_of(buffer_slice(&line).data, cut ? fits : line.length));
    if (cut && columns > 0)
        buffer_append_string(out, "…");
    out->failed = out->failed || line.failed;
    buffer_release(&line);
    return cut ? fit_columns + (columns > 0) : used;
}
