// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What strangers wrote, on its way into a mail.
#include "notify/notify_internal.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"

#include <stdio.h>

enum { LINE_MOST = 76, WORD_BYTES = 45, DAY_MS = 24 * 60 * 60 * 1000 };
static const char replacement[] = "\xEF\xBF\xBD", ellipsis[] = "\xE2\x80\xA6";

static size_t write_character(struct buffer *out, struct slice text)
{
    uint32_t code = 0;
    unsigned char first = (unsigned char)text.data[0];
    size_t size = first < 0x80 ? 1 : text_decode(text, &code);
    if (size == 0 || first < 0x20 || first == 0x7F || (size > 1 && code < 0xA0))
        buffer_append_string(out, first == '\n' || first == '\t' ? " " : replacement);
    else if (size > 1 && text_is_unseen(code))
        buffer_append_format(out, "[U+%04X]", (unsigned)code);
    else
        buffer_append(out, slice_of(text.data, size));
    return size == 0 ? 1 : size;
}

void notify_write_line(struct buffer *out, struct slice text, size_t most)
{
    size_t at = 0;
    while (at < text.length && at < most)
        at += write_character(out, slice_of(text.data + at, text.length - at));
    if (at < text.length)
        buffer_append_string(out, ellipsis);
}

// ---- Quoted-printable

// Must this byte be written as a number? A dot at the start of a line would be doubled on its way,
// a blank at its end be lost, and "From " be changed by mailboxes.
static bool is_quoted(struct slice line, size_t at, bool starts)
{
    unsigned char c = (unsigned char)line.data[at];
    if (c == ' ' || c == '\t')
        return at + 1 == line.length;
    return c < 0x20 || c > 0x7E || c == '=' || (starts && (c == '.' || c == 'F'));
}

static void write_quoted_line(struct buffer *out, struct slice line)
{
    size_t column = 0;
    for (size_t i = 0; i < line.length; i++) {
        if (column + (is_quoted(line, i, column == 0) ? 3 : 1) > LINE_MOST - 1) {
            buffer_append_string(out, "=\r\n");
            column = 0;
        }
        bool quoted = is_quoted(line, i, column == 0);
        if (quoted)
            buffer_append_format(out, "=%02X", (unsigned)(unsigned char)line.data[i]);
        else
            buffer_append(out, slice_of(line.data + i, 1));
        column += quoted ? 3 : 1;
    }
    buffer_append_string(out, "\r\n");
}

void notify_write_quoted(struct buffer *out, struct slice text)
{
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end == NULL ? text.length : (size_t)(end - text.data);
        size_t taken = end == NULL ? length : length + 1;
        write_quoted_line(out, slice_of(text.data, length));
        text = slice_of(text.data + taken, text.length - taken);
    }
}

// ---- Headers

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < ' ' || text.data[i] > '~' ||
            (text.data[i] == '=' && i + 1 < text.length && text.data[i + 1] == '?'))
            return false;
    return text.length <= 2 * WORD_BYTES;
}

void notify_write_header(struct buffer *out, const char *name, struct slice text)
{
    char word[CODEC_BASE64_LENGTH(WORD_BYTES) + 1];
    bool plain = is_plain(text);
    buffer_append_format(out, "%s:", name);
    if (plain)
        buffer_append_format(out, " %.*s", SLICE_PRINT(text));
    while (!plain && text.length > 0) {
        size_t length = text.length < WORD_BYTES ? text.length : WORD_BYTES;
        while (length < text.length && length > 1 &&
               ((unsigned char)text.data[length] & 0xC0) == 0x80)
            length--; // no character in two words
        size_t size = codec_write_base64(slice_of(text.data, length), CODEC_BASE64, word);
        buffer_append_format(out, " =?UTF-8?B?%.*s?=", (int)size, word);
        text = slice_of(text.data + length, text.length - length);
        if (text.length > 0)
            buffer_append_string(out, "\r\n");
    }
    buffer_append_string(out, "\r\n");
}

void notify_write_date(int64_t wall_ms, char ret[NOTIFY_DATE_SIZE])
{
    static const char days[] = "ThuFriSatSunMonTueWed",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[CLOCK_TEXT_SIZE];
    clock_format(wall_ms, text);
    int month = (text[5] - '0') * 10 + text[6] - '0';
    month = month < 1 || month > 12 ? 1 : month;
    snprintf(ret, NOTIFY_DATE_SIZE, "%.3s, %.2s %.3s %.4s %.8s +0000",
             days + 3 * ((wall_ms / DAY_MS) % 7), text + 8, months + 3 * (month - 1), text,
             text + 11);
}
