// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A value's way into HTML. Strangers wrote most of them.
#include "pages/html_internal.h"

#include "base/clock.h"
#include "base/text.h"

enum { PLAIN, ESCAPED, MANY, DROPPED, WRONG };

static int kind_of(unsigned char c)
{
    if (c >= 0x80)
        return MANY;
    if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
        return ESCAPED;
    if (c == '\r')
        return DROPPED;
    return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F ? WRONG : PLAIN;
}

static const char *entity_of(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    default: return "&#39;";
    }
}

static size_t add_character(struct buffer *out, struct slice text)
{
    uint32_t code = 0;
    size_t size = text_decode(text, &code);
    if (size == 0 || (code >= 0x80 && code < 0xA0))
        buffer_append_string(out, "\xEF\xBF\xBD");
    else if (text_is_unseen(code))
        buffer_append_format(out, "[U+%04X]", code);
    else
        buffer_append(out, slice_of(text.data, size));
    return size == 0 ? 1 : size;
}

void html_slice(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length;) {
        size_t start = i;
        int kind = PLAIN;
        while (i < text.length && (kind = kind_of((unsigned char)text.data[i])) == PLAIN)
            i++;
        buffer_append(out, slice_of(text.data + start, i - start));
        if (i == text.length)
            return;
        if (kind == MANY) {
            i += add_character(out, slice_of(text.data + i, text.length - i));
            continue;
        }
        if (kind == ESCAPED)
            buffer_append_string(out, entity_of(text.data[i]));
        else if (kind == WRONG)
            buffer_append_string(out, "\xEF\xBF\xBD");
        i++;
    }
}

void html_string(struct buffer *out, const char *text)
{
    html_slice(out, slice_from_string(text));
}

void html_address(struct buffer *out, struct html_url url)
{
    html_slice(out, url.text);
}

void html_whole(struct buffer *out, struct html_url url)
{
    html_slice(out, url.text);
}

// RFC 3986: what is not reserved stays.
void html_part_slice(struct buffer *out, struct slice text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        char escaped[] = {'%', digits[c >> 4], digits[c & 15]};
        buffer_append(out, stays ? slice_of(text.data + i, 1) : slice_of(escaped, 3));
    }
}

void pages_encode(struct buffer *out, struct slice text)
{
    html_part_slice(out, text);
}

void html_part_string(struct buffer *out, const char *text)
{
    html_part_slice(out, slice_from_string(text));
}

// ---- Numbers

void html_plain(struct buffer *out, uint64_t number)
{
    buffer_append_number(out, number);
}

void html_number(struct buffer *out, uint64_t number)
{
    char text[32];
    size_t at = sizeof text;
    unsigned digits = 0;
    do {
        if (digits > 0 && digits % 3 == 0)
            text[--at] = ',';
        text[--at] = (char)('0' + number % 10);
        number /= 10;
        digits++;
    } while (number > 0);
    buffer_append(out, slice_of(text + at, sizeof text - at));
}

void html_plural(struct buffer *out, uint64_t number, const char *one, const char *many)
{
    html_string(out, number == 1 ? one : many);
}

void html_share(struct buffer *out, uint32_t permille)
{
    if (permille == 0 || permille >= 100)
        buffer_append_format(out, "%u %%", (permille + 5) / 10);
    else
        buffer_append_format(out, "%u.%u %%", permille / 10, permille % 10);
}

void html_cut(struct buffer *out, struct slice text, size_t most)
{
    size_t length = text.length < most ? text.length : most;
    while (length < text.length && length > 0 && ((unsigned char)text.data[length] & 0xC0) == 0x80)
        length--;
    html_slice(out, slice_of(text.data, length));
    if (length < text.length)
        buffer_append_string(out, "\xE2\x80\xA6");
}

// ---- Times

void html_iso(struct buffer *out, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(wall_ms, text);
    buffer_append(out, slice_of(text, 19));
    buffer_append_string(out, "Z");
}

// "21 Nov 2026", in UTC.
void html_date(struct buffer *out, int64_t wall_ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[CLOCK_TEXT_SIZE];
    clock_format(wall_ms, text);
    unsigned month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
    buffer_append(out, text[8] == '0' ? slice_of(text + 9, 1) : slice_of(text + 8, 2));
    buffer_append_string(out, " ");
    buffer_append(out, slice_of(months + (month >= 1 && month <= 12 ? month - 1 : 0) * 3, 3));
    buffer_append_string(out, " ");
    buffer_append(out, slice_of(text, 4));
}

// "21 Nov, 05:46 UTC"
void html_moment(struct buffer *out, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    struct buffer date;
    clock_format(wall_ms, text);
    buffer_init(&date, 0);
    html_date(&date, wall_ms);
    struct slice day = buffer_slice(&date);
    if (day.length > 5)
        buffer_append(out, slice_of(day.data, day.length - 5)); // without the year
    buffer_append_string(out, ", ");
    buffer_append(out, slice_of(text + 11, 5));
    buffer_append_string(out, " UTC");
    buffer_release(&date);
}
