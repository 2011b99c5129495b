// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Mutates HTTP messages and event streams by their structure: lines are dropped, repeated, moved
// and ended otherwise, the value of one field goes to another, fields that matter come in, numbers
// change. Now and then plain bytes change.
#include "mutate.h"

enum { LINES_MAX = 128 };

static const char *const lines_that_matter[] = {
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: close\r\n",
    "Host: a\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: h2c\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "5;a=\"b\"\r\nhello\r\n",
    "\r\n",
    " folded\r\n",
    "data: x\n",
    "data\n",
    "id: 1\n",
    "event: message\n",
    "retry: 5\n",
    ": comment\n",
    "\n",
};
static const char *const ends[] = {"\r\n", "\n", "\r", "\r\r\n", "", " \r\n"};
static const char *const numbers[] = {
    "0", "1", "5", "00", "-1", "+5", "5 ", "0x10", "4294967296", "ffffffff", "1000000000000000000"};

struct lines {
    struct slice items[LINES_MAX]; // with their ends
    size_t count;
};

#define ANY(m, list) slice_from_string(list[mutate_below(&(m)->chance, sizeof list / sizeof *list)])

static void split(struct slice text, struct lines *lines)
{
    lines->count = 0;
    while (text.length > 0 && lines->count < LINES_MAX) {
        const char *lf = memchr(text.data, '\n', text.length);
        bool last = lf == NULL || lines->count + 1 == LINES_MAX;
        size_t length = last ? text.length : (size_t)(lf - text.data) + 1;
        lines->items[lines->count++] = slice_of(text.data, length);
        text = slice_of(text.data + length, text.length - length);
    }
}

static size_t offset_of(const struct mutation *m, struct slice line)
{
    return (size_t)(line.data - m->text.data);
}

static void end_otherwise(struct mutation *m, struct slice line)
{
    size_t length = line.length;
    while (length > 0 && (line.data[length - 1] == '\n' || line.data[length - 1] == '\r'))
        length--;
    mutate_splice(m, offset_of(m, line) + length, line.length - length, ANY(m, ends));
}

// The value of one field behind the name of another.
static void exchange_value(struct mutation *m, struct slice line, struct slice other)
{
    const char *colon = memchr(line.data, ':', line.length);
    const char *from = memchr(other.data, ':', other.length);
    if (colon == NULL || from == NULL)
        return;
    size_t keep = (size_t)(colon - line.data), skip = (size_t)(from - other.data);
    mutate_splice(m, offset_of(m, line) + keep, line.length - keep,
                  slice_of(other.data + skip, other.length - skip));
}

static void change_number(struct mutation *m, struct slice line)
{
    size_t start = 0;
    while (start < line.length && !(line.data[start] >= '0' && line.data[start] <= '9'))
        start++;
    size_t end = start;
    while (end < line.length && line.data[end] >= '0' && line.data[end] <= '9')
        end++;
    if (end > start)
        mutate_splice(m, offset_of(m, line) + start, end - start, ANY(m, numbers));
}

static void change(struct mutation *m)
{
    struct lines lines;
    split(m->text, &lines);
    struct slice line = lines.items[mutate_below(&m->chance, lines.count)];
    struct slice other = lines.items[mutate_below(&m->chance, lines.count)];
    size_t at = offset_of(m, line);
    switch (mutate_below(&m->chance, 8)) {
    case 0: mutate_splice(m, at, line.length, slice_of("", 0)); break;
    case 1: mutate_splice(m, at, 0, other); break; // repeated, or moved to here as well
    case 2: mutate_splice(m, at, line.length, other); break;
    case 3: mutate_splice(m, at, 0, ANY(m, lines_that_matter)); break;
    case 4: end_otherwise(m, line); break;
    case 5: exchange_value(m, line, other); break;
    case 6: change_number(m, line); break;
    default: mutate_bytes(m, at, line.length); break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return mutate_with(data, size, max, seed, change);
}
