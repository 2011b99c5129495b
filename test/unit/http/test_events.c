// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "http/http.h"
#include "base/memory.h"

// Writes an event as one line: "type|data|id|retry;" with "-" for what is absent.
static int note_cb(void *argument, const struct http_event *event)
{
    struct buffer *notes = argument;
    buffer_append(notes, event->type);
    buffer_append_string(notes, "|");
    if (event->has_data)
        buffer_append(notes, event->data);
    else
        buffer_append_string(notes, "-");
    buffer_append_string(notes, "|");
    if (event->id.data != NULL)
        buffer_append(notes, event->id);
    else
        buffer_append_string(notes, "-");
    buffer_append_format(notes, "|%lld;", (long long)event->retry_ms);
    return 0;
}

struct row {
    const char *stream;
    const char *events;
};

static const struct row rows[] = {
    {"data: x\n\n", "|x|-|-1;"},
    {"data:x\n\n", "|x|-|-1;"},
    {"data:  x\n\n", "| x|-|-1;"},
    {"data\n\n", "||-|-1;"},
    {"data:\n\n", "||-|-1;"},
    {"data: a\ndata: b\n\n", "|a\nb|-|-1;"},
    {"data\ndata\n\n", "|\n|-|-1;"},
    {"data: a\ndata\ndata: c\n\n", "|a\n\nc|-|-1;"},
    {"data: a\r\ndata: b\r\n\r\n", "|a\nb|-|-1;"},
    {"data: a\rdata: b\r\r", "|a\nb|-|-1;"},
    {"data: a\r\n\rdata: b\n\n", "|a|-|-1;|b|-|-1;"},
    {"data: a\n\r\ndata: b\r\r\n", "|a|-|-1;|b|-|-1;"},
    {"event: message\nid: 7\nretry: 250\ndata: {}\n\n", "message|{}|7|250;"},
    {"id\n\n", "|-||-1;"},
    {"id: 1\n\nid: 2\n\n", "|-|1|-1;|-|2|-1;"},
    {"retry: 1x\n\n", ""},
    {"retry: 10\n\n", "|-|-|10;"},
    {"event: ping\n\n", "ping|-|-|-1;"},
    {": comment\n\n", ""},
    {":\n:\n: ping\ndata: a\n:\n\n", "|a|-|-1;"},
    {"data: a\n: between\ndata: b\n\n", "|a\nb|-|-1;"},
    {"unknown: a\ndatax: b\ndata: c\n\n", "|c|-|-1;"},
    {"\n\n\ndata: a\n\n\n\n", "|a|-|-1;"},
    {"\xef\xbb\xbf"
     "data: a\n\n",
     "|a|-|-1;"},
    {"data: a\n\n\xef\xbb\xbf"
     "data: b\n\n",
     "|a|-|-1;"},
    {"\xef\xbb"
     "data: b\n\ndata: c\n\n",
     "|c|-|-1;"},
    {"data: unfinished", ""},
    {"data: unfinished\n", ""},
    {"data: a:b: c\n\n", "|a:b: c|-|-1;"},
    {" data: x\n\ndata: y\n\n", "|y|-|-1;"},
    {"event: a\nevent: b\ndata: x\n\n", "b|x|-|-1;"},
};

static void parse(const char *stream, size_t first, size_t step, struct buffer *notes)
{
    struct http_event_parser parser;
    struct slice all = slice_from_string(stream);
    http_event_parser_init(&parser, 1000);
    buffer_clear(notes);
    for (size_t at = 0; at < all.length;) {
        size_t length = at == 0 && first > 0 ? first : step;
        if (length > all.length - at)
            length = all.length - at;
        // A copy of exact size: reading beyond it is an error that sanitizers see.
        char *piece = malloc(length);
        memcpy(piece, all.data + at, length);
        assert_int_equal(http_event_feed(&parser, slice_of(piece, length), note_cb, notes), 0);
        free(piece);
        at += length;
    }
    http_event_parser_release(&parser);
}

static void parses_at_every_split(void **state)
{
    (void)state;
    struct buffer notes = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = strlen(rows[i].stream);
        for (size_t split = 1; split <= length; split++) {
            // In two parts, and in pieces of this size.
            for (int kind = 0; kind < 2; kind++) {
                parse(rows[i].stream, kind == 0 ? split : 0, kind == 0 ? length : split, &notes);
                if (!slice_equal_string(buffer_slice(&notes), rows[i].events))
                    fail_msg("'%s' cut at %zu became '%.*s'", rows[i].stream, split,
                             SLICE_PRINT(buffer_slice(&notes)));
            }
        }
    }
    buffer_release(&notes);
}

static void bounds_an_event(void **state)
{
    (void)state;
    struct buffer notes = {0};
    struct http_event_parser parser;
    for (size_t step = 1; step < 200; step++) {
        http_event_parser_init(&parser, 64);
        int result = 0;
        size_t fed = 0;
        while (result == 0 && fed < 10000) {
            char bytes[200];
            memset(bytes, 'd', sizeof bytes);
            result = http_event_feed(&parser, slice_of(bytes, step), note_cb, &notes);
            fed += step;
        }
        assert_int_equal(result, ERROR_TOO_LARGE);
        assert_true(fed < 64 + 200 + 1);
        http_event_parser_release(&parser);
    }
    // Many lines count together, also the joined text.
    http_event_parser_init(&parser, 64);
    int result = 0;
    for (int i = 0; i < 20 && result == 0; i++)
        result = http_event_feed(&parser, SLICE_LITERAL("data: abc\n"), note_cb, &notes);
    assert_int_equal(result, ERROR_TOO_LARGE);
    http_event_parser_release(&parser);
    http_event_parser_init(&parser, 8);
    assert_int_equal(
        http_event_feed(&parser, SLICE_LITERAL("data: 0123456789\n\n"), note_cb, &notes),
        ERROR_TOO_LARGE);
    http_event_parser_release(&parser);
    buffer_release(&notes);
}

// A server that only comments for hours needs no memory, however its bytes are cut.
static void comments_cost_nothing(void **state)
{
    (void)state;
    struct buffer notes = {0};
    struct http_event_parser parser;
    for (size_t step = 1; step < 8; step++) {
        http_event_parser_init(&parser, 64);
        const char *text = ": keep-alive\n";
        size_t length = strlen(text);
        for (size_t i = 0; i < 5000; i++)
            for (size_t at = 0; at < length; at += step)
                assert_int_equal(
                    http_event_feed(&parser,
                                    slice_of(text + at, step < length - at ? step : length - at),
                                    note_cb, &notes),
                    0);
        assert_int_equal(http_event_feed(&parser, SLICE_LITERAL("data: x\n\n"), note_cb, &notes),
                         0);
        http_event_parser_release(&parser);
    }
    assert_true(slice_equal_string(buffer_slice(&notes), "|x|-|-1;|x|-|-1;|x|-|-1;|x|-|-1;|x|-|-1;"
                                                         "|x|-|-1;|x|-|-1;"));
    buffer_release(&notes);
}

static int stop_cb(void *argument, const struct http_event *event)
{
    (void)event;
    ++*(int *)argument;
    return ERROR_CANCELLED;
}

static void a_callback_stops(void **state)
{
    (void)state;
    struct http_event_parser parser;
    int count = 0;
    http_event_parser_init(&parser, 100);
    assert_int_equal(
        http_event_feed(&parser, SLICE_LITERAL("data: a\n\ndata: b\n\n"), stop_cb, &count),
        ERROR_CANCELLED);
    assert_int_equal(count, 1);
    http_event_parser_release(&parser);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    const struct {
        struct http_event event;
        const char *text;
        const char *note;
    } cases[] = {
        {{.type = SLICE_LITERAL("message"),
          .data = SLICE_LITERAL("{}"),
          .has_data = true,
          .id = SLICE_LITERAL("4"),
          .retry_ms = -1},
         "event: message\nid: 4\ndata: {}\n\n",
         "message|{}|4|-1;"},
        {{.data = SLICE_LITERAL("a\nb\r\nc\rd"), .has_data = true, .retry_ms = -1},
         "data: a\ndata: b\ndata: c\ndata: d\n\n",
         "|a\nb\nc\nd|-|-1;"},
        {{.data = SLICE_LITERAL("a\n"), .has_data = true, .retry_ms = -1},
         "data: a\ndata: \n\n",
         "|a\n|-|-1;"},
        {{.has_data = true, .retry_ms = -1}, "data: \n\n", "||-|-1;"},
        {{.id = SLICE_LITERAL(""), .retry_ms = 5}, "id: \nretry: 5\n\n", "|-||5;"},
        {{.type = SLICE_LITERAL("x\ndata: forged"),
          .id = SLICE_LITERAL("1\n2"),
          .has_data = true,
          .data = SLICE_LITERAL("d"),
          .retry_ms = -1},
         "data: d\n\n",
         "|d|-|-1;"},
    };
    struct buffer text = {0}, notes = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_clear(&text);
        http_event_write(&text, &cases[i].event);
        assert_true(slice_equal_string(buffer_slice(&text), cases[i].text));
        buffer_append(&text, slice_of("", 1));
        parse(text.data, 0, 5, &notes);
        assert_true(slice_equal_string(buffer_slice(&notes), cases[i].note));
    }
    buffer_release(&text);
    buffer_release(&notes);
}

static void survives_a_failing_allocation(void **state)
{
    (void)state;
    struct buffer notes = {0};
    buffer_reserve(&notes, 4096);
    for (size_t n = 1; n < 20; n++) {
        struct http_event_parser parser;
        http_event_parser_init(&parser, 10000);
        memory_fail_at(n, 0);
        int result = http_event_feed(&parser, SLICE_LITERAL("data: a\nda"), note_cb, &notes);
        if (result == 0)
            result = http_event_feed(&parser, SLICE_LITERAL("ta: b\n\n"), note_cb, &notes);
        bool reached = memory_attempts() >= n;
        memory_fail_at(0, 0);
        http_event_parser_release(&parser);
        assert_int_equal(result, reached ? ERROR_NO_MEMORY : 0);
        if (!reached)
            break;
        assert_true(n < 19);
    }
    buffer_release(&notes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_at_every_split),
        cmocka_unit_test(bounds_an_event),
        cmocka_unit_test(comments_cost_nothing),
        cmocka_unit_test(a_callback_stops),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(survives_a_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
