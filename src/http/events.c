// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Server-sent events. An event that is whole in the bytes fed is parsed where it lies; only what is
// cut off by their end is kept, line by line without comments, so that a stream that only
// comments for hours needs no memory.
#include "http/http_internal.h"
#include "base/memory.h"

void http_event_parser_init(struct http_event_parser *parser, size_t event_max)
{
    *parser = (struct http_event_parser){.at_start = true};
    buffer_init(&parser->partial, event_max);
    buffer_init(&parser->joined, event_max);
}

void http_event_parser_release(struct http_event_parser *parser)
{
    buffer_release(&parser->partial);
    buffer_release(&parser->joined);
}

static struct slice skip(struct slice s, size_t length)
{
    return slice_of(s.data + length, s.length - length);
}

// The first CR or LF, or NULL.
static const char *line_end(struct slice s)
{
    const char *lf = memchr(s.data, '\n', s.length);
    const char *cr = memchr(s.data, '\r', lf == NULL ? s.length : (size_t)(lf - s.data));
    return cr != NULL ? cr : lf;
}

// Cuts the first line off. False when it is not ended yet. `*ret_lone_cr`: it ended in a CR that is
// the last byte, so an LF may follow.
static bool take_line(struct slice *bytes, struct slice *ret_line, bool *ret_lone_cr)
{
    const char *end = line_end(*bytes);
    if (end == NULL)
        return false;
    size_t length = (size_t)(end - bytes->data), used = length + 1;
    *ret_lone_cr = *end == '\r' && used == bytes->length;
    if (*end == '\r' && used < bytes->length && bytes->data[used] == '\n')
        used++;
    *ret_line = slice_of(bytes->data, length);
    *bytes = skip(*bytes, used);
    return true;
}

struct event_builder {
    struct http_event event;
    struct buffer *joined;
    size_t data_lines;
    bool any;
    int error;
};

static int64_t parse_retry(struct slice value)
{
    int64_t ms = 0;
    if (value.length == 0 || value.length > 15)
        return -1;
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return -1;
        ms = ms * 10 + (value.data[i] - '0');
    }
    return ms;
}

static void add_data(struct event_builder *b, struct slice value)
{
    if (b->data_lines == 0) {
        b->event.data = value;
    } else {
        if (b->data_lines == 1) {
            buffer_clear(b->joined);
            b->error = buffer_append(b->joined, b->event.data);
        }
        if (b->error == 0)
            b->error = buffer_append(b->joined, SLICE_LITERAL("\n"));
        if (b->error == 0)
            b->error = buffer_append(b->joined, value);
        b->event.data = buffer_slice(b->joined);
    }
    b->data_lines++;
    b->event.has_data = b->any = true;
}

static void add_line(struct event_builder *b, struct slice line)
{
    const char *colon = memchr(line.data, ':', line.length);
    size_t length = colon == NULL ? line.length : (size_t)(colon - line.data);
    struct slice name = slice_of(line.data, length);
    struct slice value = colon == NULL ? slice_of("", 0) : skip(line, length + 1);
    if (value.length > 0 && value.data[0] == ' ')
        value = skip(value, 1);
    if (slice_equal_string(name, "data")) {
        add_data(b, value);
    } else if (slice_equal_string(name, "event")) {
        b->event.type = value;
        b->any = true;
    } else if (slice_equal_string(name, "id")) {
        if (memchr(value.data, '\0', value.length) != NULL)
            return;
        b->event.id = value;
        b->any = true;
    } else if (slice_equal_string(name, "retry") && parse_retry(value) >= 0) {
        b->event.retry_ms = parse_retry(value);
        b->any = true;
    }
}

// `block` holds whole lines, without the blank one.
static int dispatch_block(struct http_event_parser *parser, struct slice block, http_event_cb each,
                          void *argument)
{
    struct event_builder b = {
        .event = {.type = {"", 0}, .data = {"", 0}, .id = {NULL, 0}, .retry_ms = -1},
        .joined = &parser->joined};
    struct slice line;
    bool lone_cr;
    while (b.error == 0 && take_line(&block, &line, &lone_cr))
        add_line(&b, line);
    if (b.error != 0)
        return b.error;
    return b.any ? each(argument, &b.event) : 0;
}

// The length of the lines before the first blank line; SIZE_MAX when there is none yet.
// `*ret_used` takes the blank line in.
static size_t find_block(struct slice bytes, size_t *ret_used, bool *ret_lone_cr)
{
    struct slice rest = bytes, line;
    size_t before = 0;
    while (take_line(&rest, &line, ret_lone_cr)) {
        *ret_used = bytes.length - rest.length;
        if (line.length == 0)
            return before;
        before = *ret_used;
    }
    return SIZE_MAX;
}

// One line of an event that came in several feeds.
static int keep_line(struct http_event_parser *parser, http_event_cb each, void *argument)
{
    struct slice kept = buffer_slice(&parser->partial);
    struct slice line = skip(kept, parser->line_start);
    if (line.length == 0) {
        struct slice block = slice_of(kept.data, parser->line_start);
        int result = block.length == 0 ? 0 : dispatch_block(parser, block, each, argument);
        buffer_clear(&parser->partial);
        parser->line_start = 0;
        return result;
    }
    if (line.data[0] == ':') {
        parser->partial.length = parser->line_start;
        return 0;
    }
    int result = buffer_append(&parser->partial, SLICE_LITERAL("\n"));
    parser->line_start = parser->partial.length;
    return result;
}

static int feed_line(struct http_event_parser *parser, struct slice *bytes, http_event_cb each,
                     void *argument)
{
    struct slice line = *bytes;
    bool ended = take_line(bytes, &line, &parser->skip_lf);
    bool comment = parser->partial.length == parser->line_start && parser->in_comment;
    if (parser->partial.length == parser->line_start && line.length > 0 && !comment)
        comment = line.data[0] == ':';
    // Of a comment only the colon is kept, to know the line when it goes on.
    parser->in_comment = comment && !ended;
    if (comment) {
        if (!ended)
            *bytes = skip(*bytes, bytes->length);
        return 0;
    }
    int result = buffer_append(&parser->partial, line);
    if (!ended)
        *bytes = skip(*bytes, bytes->length);
    if (result != 0 || !ended)
        return result;
    return keep_line(parser, each, argument);
}

// A byte order mark may lead the stream, and may come in parts. 0, ERROR_AGAIN (more must come), or
// another error.
static int pass_mark(struct http_event_parser *parser, struct slice *bytes)
{
    static const char mark[3] = {'\xef', '\xbb', '\xbf'};
    while (parser->at_start && bytes->length > 0) {
        if (bytes->data[0] != mark[parser->mark_seen]) {
            // Not a mark: what looked like one is the first line's begin.
            parser->at_start = false;
            return parser->mark_seen == 0
                       ? 0
                       : buffer_append(&parser->partial, slice_of(mark, parser->mark_seen));
        }
        *bytes = skip(*bytes, 1);
        if (++parser->mark_seen == sizeof mark)
            parser->at_start = false;
    }
    return parser->at_start ? ERROR_AGAIN : 0;
}

int http_event_feed(struct http_event_parser *parser, struct slice bytes, http_event_cb each,
                    void *argument)
{
    bool by_line = false;
    int result = pass_mark(parser, &bytes);
    if (result == ERROR_AGAIN)
        return 0;
    while (result == 0 && bytes.length > 0) {
        if (parser->skip_lf && bytes.data[0] == '\n')
            bytes = skip(bytes, 1);
        parser->skip_lf = false;
        size_t used = 0, cap = parser->partial.cap, block = SIZE_MAX;
        bool lone_cr = false;
        if (parser->partial.length == 0 && !parser->in_comment && !by_line) {
            block = find_block(bytes, &used, &lone_cr);
            // Searched to the end once is enough: many comment lines would cost a search each.
            by_line = block == SIZE_MAX || (cap != 0 && block > cap);
        }
        if (block != SIZE_MAX && !by_line) {
            result = dispatch_block(parser, slice_of(bytes.data, block), each, argument);
            bytes = skip(bytes, used);
            parser->skip_lf = lone_cr;
        } else if (bytes.length > 0) {
            result = feed_line(parser, &bytes, each, argument);
        }
    }
    return result;
}

static void append_field(struct buffer *out, const char *name, struct slice value)
{
    buffer_append_string(out, name);
    buffer_append(out, value);
    buffer_append(out, SLICE_LITERAL("\n"));
}

// A value that would end its own line is left out: it could forge other fields.
static void append_line_field(struct buffer *out, const char *name, struct slice value)
{
    if (line_end(value) == NULL && memchr(value.data, '\0', value.length) == NULL)
        append_field(out, name, value);
}

void http_event_write(struct buffer *out, const struct http_event *event)
{
    if (event->type.length > 0)
        append_line_field(out, "event: ", event->type);
    if (event->id.data != NULL)
        append_line_field(out, "id: ", event->id);
    if (event->retry_ms >= 0) {
        buffer_append(out, SLICE_LITERAL("retry: "));
        buffer_append_number(out, (uint64_t)event->retry_ms);
        buffer_append(out, SLICE_LITERAL("\n"));
    }
    if (event->has_data) {
        struct slice rest = event->data, line;
        bool lone_cr = false;
        if (rest.data == NULL)
            rest = slice_of("", 0);
        while (take_line(&rest, &line, &lone_cr))
            append_field(out, "data: ", line);
        append_field(out, "data: ", rest);
    }
    buffer_append(out, SLICE_LITERAL("\n"));
}
