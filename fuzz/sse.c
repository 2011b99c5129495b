// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An event stream: the same events however it is cut; and what is written from them reads back the
// same.
#include "http/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct notes {
    struct buffer text;    // every field of every event, with lengths
    struct buffer written; // the events written anew
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void note(struct buffer *out, struct slice s)
{
    buffer_append_number(out, s.length);
    buffer_append_string(out, ":");
    buffer_append(out, s);
}

static int event_cb(void *argument, const struct http_event *event)
{
    struct notes *notes = argument;
    note(&notes->text, event->type);
    buffer_append_string(&notes->text, event->has_data ? "+" : "-");
    note(&notes->text, event->data);
    buffer_append_string(&notes->text, event->id.data != NULL ? "+" : "-");
    note(&notes->text, event->id.data != NULL ? event->id : slice_of("", 0));
    buffer_append_format(&notes->text, "%lld;", (long long)event->retry_ms);
    http_event_write(&notes->written, event);
    return 0;
}

static void parse(struct slice all, size_t step, struct notes *notes)
{
    struct http_event_parser parser;
    http_event_parser_init(&parser, 1 << 20);
    for (size_t at = 0; at < all.length; at += step) {
        size_t length = step < all.length - at ? step : all.length - at;
        // Of exact size, so that reading beyond it is seen.
        char *piece = malloc(length);
        memcpy(piece, all.data + at, length);
        must(http_event_feed(&parser, slice_of(piece, length), event_cb, notes) == 0);
        free(piece);
    }
    http_event_parser_release(&parser);
}

static void release(struct notes *notes)
{
    buffer_release(&notes->text);
    buffer_release(&notes->written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct notes whole = {0}, bytes = {0}, cut = {0}, again = {0};
    if (size < 2 || size > 65536)
        return 0;
    struct slice all = slice_of((const char *)data + 1, size - 1);
    parse(all, all.length, &whole);
    parse(all, 1, &bytes);
    parse(all, (size_t)data[0] + 1, &cut);
    must(slice_equal(buffer_slice(&whole.text), buffer_slice(&bytes.text)));
    must(slice_equal(buffer_slice(&whole.text), buffer_slice(&cut.text)));
    // A type that is empty and alone is the one thing that cannot be written.
    parse(buffer_slice(&whole.written), 7, &again);
    must(again.text.length <= whole.text.length);
    release(&whole);
    release(&bytes);
    release(&cut);
    release(&again);
    return 0;
}
