// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Sentences: text with code in it.
#include "pages/pages_internal.h"

#include <stdarg.h>

enum { PIECES_MAX = 24, QUOTE_MAX = 240, NAME_MAX_SHOWN = 120 };

struct slice pages_cut(struct slice text, size_t most)
{
    size_t length = text.length < most ? text.length : most;
    while (length < text.length && length > 0 && ((unsigned char)text.data[length] & 0xC0) == 0x80)
        length--;
    return slice_of(text.data, length);
}

static void add(struct pages_line *line, struct slice text, bool code)
{
    if (text.length > 0 && line->count < PIECES_MAX)
        line->items[line->count++] = (struct pages_piece){text, code};
}

// Ours: may hold backticks.
static void add_ours(struct pages_line *line, struct slice text)
{
    bool code = false;
    while (text.length > 0) {
        const char *tick = memchr(text.data, '`', text.length);
        size_t length = tick == NULL ? text.length : (size_t)(tick - text.data);
        add(line, slice_of(text.data, length), code);
        size_t used = tick == NULL ? length : length + 1;
        text = slice_of(text.data + used, text.length - used);
        code = !code;
    }
}

static void add_cut(struct pages_line *line, struct slice text, size_t most, bool code)
{
    struct slice shown = pages_cut(text, most);
    add(line, shown, code);
    if (shown.length < text.length)
        add(line, SLICE_LITERAL("\xE2\x80\xA6"), code);
}

static void add_number(struct pages_maker *maker, struct pages_line *line, unsigned number)
{
    struct buffer text;
    buffer_init(&text, 0);
    html_number(&text, number);
    add(line, pages_keep(maker, &text), false);
}

static void add_value(struct pages_maker *maker, struct pages_line *line, char kind,
                      va_list *values)
{
    switch (kind) {
    case 's': add_ours(line, slice_from_string(va_arg(*values, const char *))); return;
    case 't': add_ours(line, va_arg(*values, struct slice)); return;
    case 'n': add_cut(line, va_arg(*values, struct slice), NAME_MAX_SHOWN, true); return;
    case 'u': add_number(maker, line, va_arg(*values, unsigned)); return;
    case 'q':
        add(line, SLICE_LITERAL("\xE2\x80\x9C"), false);
        add_cut(line, va_arg(*values, struct slice), QUOTE_MAX, false);
        add(line, SLICE_LITERAL("\xE2\x80\x9D"), false);
        return;
    default: add(line, SLICE_LITERAL("%"), false); return;
    }
}

static struct pages_line *new_line(struct pages_maker *maker, struct pages_lines *lines)
{
    if (lines->items == NULL)
        lines->items = pages_take(maker, PAGES_LINES_MAX, sizeof *lines->items);
    if (lines->items == NULL || lines->count == PAGES_LINES_MAX)
        return NULL;
    struct pages_line *line = &lines->items[lines->count];
    line->items = pages_take(maker, PIECES_MAX, sizeof *line->items);
    if (line->items == NULL)
        return NULL;
    lines->count++;
    return line;
}

void pages_say(struct pages_maker *maker, struct pages_lines *lines, const char *format, ...)
{
    va_list values;
    struct pages_line *line = new_line(maker, lines);
    if (line == NULL)
        return;
    va_start(values, format);
    while (*format != '\0') {
        size_t length = strcspn(format, "%");
        add_ours(line, slice_of(format, length));
        format += length;
        if (format[0] == '%' && format[1] != '\0') {
            add_value(maker, line, format[1], &values);
            format += 2;
        }
    }
    va_end(values);
}

struct pages_lines pages_say_all(struct pages_maker *maker, const char *const *texts)
{
    struct pages_lines lines = {0};
    for (size_t i = 0; texts[i] != NULL; i++)
        pages_say(maker, &lines, "%s", texts[i]);
    return lines;
}
