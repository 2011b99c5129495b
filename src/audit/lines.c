// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "audit/audit_internal.h"

void audit_lines_init(struct audit_lines *lines)
{
    buffer_init(&lines->rest, AUDIT_LOOSE_MAX);
}

void audit_lines_release(struct audit_lines *lines)
{
    buffer_release(&lines->rest);
}

int audit_lines_feed(struct audit_lines *lines, struct slice piece, audit_line_cb visit,
                     void *argument)
{
    const char *at = piece.data, *end = piece.data + piece.length, *feed;
    while (at < end && (feed = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        struct slice line = slice_of(at, (size_t)(feed - at));
        int result = lines->rest.length > 0 ? buffer_append(&lines->rest, line) : 0;
        if (result == 0)
            result = visit(argument, lines->rest.length > 0 ? buffer_slice(&lines->rest) : line);
        if (result != 0)
            return result;
        buffer_clear(&lines->rest);
        at = feed + 1;
    }
    return at == end ? 0 : buffer_append(&lines->rest, slice_of(at, (size_t)(end - at)));
}
