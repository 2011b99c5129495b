// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "rehearse/rehearse_internal.h"

enum { LINE_MOST = 1024 * 1024 };

void rehearse_lines_init(struct rehearse_lines *lines)
{
    buffer_init(&lines->rest, LINE_MOST);
    lines->too_long = false;
}

void rehearse_lines_release(struct rehearse_lines *lines)
{
    buffer_release(&lines->rest);
}

static int end_line(struct rehearse_lines *lines, struct slice end, rehearse_line_cb visit,
                    void *argument)
{
    struct slice line = end;
    if (lines->rest.length > 0 && !lines->too_long) {
        lines->too_long = buffer_append(&lines->rest, end) != 0;
        line = buffer_slice(&lines->rest);
    }
    int result = visit(argument, lines->too_long ? SLICE_LITERAL("(too long)") : line);
    buffer_clear(&lines->rest);
    lines->too_long = false;
    return result;
}

int rehearse_lines_feed(struct rehearse_lines *lines, struct slice piece, rehearse_line_cb visit,
                        void *argument)
{
    const char *at = piece.data, *end = piece.data + piece.length, *feed;
    while (at < end && (feed = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        int result = end_line(lines, slice_of(at, (size_t)(feed - at)), visit, argument);
        if (result != 0)
            return result;
        at = feed + 1;
    }
    if (at < end && !lines->too_long)
        lines->too_long = buffer_append(&lines->rest, slice_of(at, (size_t)(end - at))) != 0;
    return 0;
}

int rehearse_lines_end(struct rehearse_lines *lines, rehearse_line_cb visit, void *argument)
{
    return lines->rest.length > 0 || lines->too_long
               ? end_line(lines, SLICE_LITERAL(""), visit, argument)
               : 0;
}
