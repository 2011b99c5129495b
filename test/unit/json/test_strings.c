// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Long strings are decoded many bytes at a time: as the decoder that reads one after the other
// does, and within the room that there is.
#include "lib/unit.h"

#include "base/memory.h"
#include "json/json.h"
#include "json/json_internal.h"

enum { STRINGS = 4000, PIECES = 60 };

static const char *const pieces[] = {
    "\\\"",    "\\\"",    "\\n", "\\t",     "\\\\",    "\\\\\\\\", "\\/",
    "\\b",     "\\f",     "\\r", "\\u0041", "\\u00e9", "\\u20AC",  "\\ud83d\\ude00",
    "\\u005c", "\\u0000", "n",   "u00e9",   " ",       "\xC3\xA9"};

static uint64_t state = 0x5EED;

static unsigned pick(unsigned count)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % count;
}

static void make_string(struct buffer *out)
{
    buffer_append_string(out, "\"");
    for (unsigned i = 0, count = pick(PIECES); i < count; i++) {
        for (unsigned plain = pick(3) == 0 ? pick(90) : pick(4); plain > 0; plain--)
            buffer_append_string(out, "x");
        buffer_append_string(out, pieces[pick(sizeof pieces / sizeof *pieces)]);
    }
    buffer_append_string(out, "\"");
}

// In blocks of just the size, so that a sanitizer sees each byte too many.
static void check(struct slice text)
{
    struct json_doc doc;
    size_t room = text.length - 2;
    char *copy = memory_new(text.length), *out = memory_new(room + 1);
    memcpy(copy, text.data, text.length);
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, slice_of(copy, text.length), NULL, NULL, NULL), 0);
    size_t length = json_decode(&doc, 0, out + 1);
    struct json_stream stream = json_stream_of(&doc, 0);
    for (size_t i = 0; i < length; i++)
        assert_int_equal((unsigned char)out[i + 1], json_stream_next(&stream));
    assert_int_equal(json_stream_next(&stream), -1);
    json_doc_release(&doc);
    memory_free(copy);
    memory_free(out);
}

static void strings_are_decoded_alike(void **unused)
{
    (void)unused;
    for (int i = 0; i < STRINGS; i++) {
        struct buffer text;
        buffer_init(&text, 0);
        make_string(&text);
        check(buffer_slice(&text));
        buffer_release(&text);
    }
}

// Each escape at each place of a block and across its end.
static void escapes_stand_anywhere(void **unused)
{
    enum { PLACES = 200 };
    (void)unused;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        for (size_t before = 0; before < PLACES; before++) {
            struct buffer text;
            buffer_init(&text, 0);
            buffer_append_string(&text, "\"");
            for (size_t j = 0; j < PLACES; j++)
                buffer_append_string(&text, j == before ? pieces[i] : "x");
            buffer_append_string(&text, "\"");
            check(buffer_slice(&text));
            buffer_release(&text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_decoded_alike),
        cmocka_unit_test(escapes_stand_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
