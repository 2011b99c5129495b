// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Duplicate keys in objects of every size, and objects made to be slow.
#include "lib/unit.h"

#include "base/buffer.h"
#include "json/json.h"

// An object of `count` keys; the key at `twin` (from 1, if any) repeats key 0.
static void build_object(struct buffer *out, int count, int twin, const char *first,
                         const char *repeat)
{
    buffer_clear(out);
    for (int i = 0; i < count; i++) {
        (void)buffer_append_string(out, i == 0 ? "{" : ",");
        if (i == 0 || i == twin)
            (void)buffer_append_format(out, "\"%s\":%d", i == 0 ? first : repeat, i);
        else
            (void)buffer_append_format(out, "\"k%d\":%d", i, i);
    }
    (void)buffer_append_string(out, "}");
}

static int scan(struct slice text)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = json_scan(&doc, text, NULL, NULL, NULL);
    json_doc_release(&doc);
    return result;
}

static void twins_are_found_wherever_they_stand(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"name", "name"},
        {"name", "n\\u0061me"},
        {"\\u006eame", "name"},
        {"a\\/b", "a/b"},
        {"", ""},
        {"\\u00e9", "\xC3\xA9"},
        {"\\uD83D\\uDE00", "\xF0\x9F\x98\x80"},
    };
    struct buffer text;
    buffer_init(&text, 0);
    for (int count = 2; count <= 40; count++)
        for (int twin = 1; twin < count; twin++)
            for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
                build_object(&text, count, twin, pairs[i][0], pairs[i][1]);
                assert_int_equal(scan(buffer_slice(&text)), ERROR_AMBIGUOUS);
            }
    buffer_release(&text);
}

static void neighbours_are_no_twins(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"name", "Name"},         {"name", "name "},  {"name", "\\u0041ame"}, {"", " "},
        {"\\\\n", "\\n"},         {"\\\\u0061", "a"}, {"ab", "ba"},           {"aXb", "aYb"},
        {"a\\u0301", "\xC3\xA1"}, {"\\\"", "\\\\"},   {"kk", "\\u006b"},
    };
    struct buffer text;
    buffer_init(&text, 0);
    for (int count = 2; count <= 40; count += 2)
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
            build_object(&text, count, count - 1, pairs[i][0], pairs[i][1]);
            assert_int_equal(scan(buffer_slice(&text)), 0);
        }
    buffer_release(&text);
}

// The report is of the second of the two, however large the object.
static void offset_is_of_the_later_twin(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 0);
    for (int count = 3; count <= 60; count++) {
        build_object(&text, count, 2, "same", "same");
        struct json_doc doc;
        json_doc_init(&doc);
        size_t offset = 0;
        assert_int_equal(json_scan(&doc, buffer_slice(&text), NULL, NULL, &offset),
                         ERROR_AMBIGUOUS);
        assert_int_equal(offset, strlen("{\"same\":0,\"k1\":1,"));
        json_doc_release(&doc);
    }
    buffer_release(&text);
}

// Quadratic work would take minutes here; the runner's time limit is the assertion.
static void huge_objects_stay_fast(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct buffer text;
    buffer_init(&text, 0);
    build_object(&text, COUNT, COUNT, "k", "");
    assert_int_equal(scan(buffer_slice(&text)), 0);
    build_object(&text, COUNT, COUNT - 1, "k", "\\u006b");
    assert_int_equal(scan(buffer_slice(&text)), ERROR_AMBIGUOUS);
    buffer_release(&text);
}

// Same length, same first and last byte, one long common start: cheap tests cannot tell them apart.
static void alike_keys_stay_fast(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    struct buffer text;
    buffer_init(&text, 0);
    for (int i = 0; i < COUNT; i++)
        (void)buffer_append_format(&text, "%s\"%0100dz\":0", i == 0 ? "{" : ",", i);
    (void)buffer_append_string(&text, "}");
    assert_int_equal(scan(buffer_slice(&text)), 0);
    buffer_release(&text);
}

static void many_middling_objects_work(void **state)
{
    (void)state;
    struct buffer text, object;
    buffer_init(&text, 0);
    buffer_init(&object, 0);
    build_object(&object, 17, 17, "\\u0061", "");
    for (int i = 0; i < 1000; i++) {
        (void)buffer_append_string(&text, i == 0 ? "[" : ",");
        (void)buffer_append(&text, buffer_slice(&object));
    }
    (void)buffer_append_string(&text, "]");
    assert_int_equal(scan(buffer_slice(&text)), 0);
    buffer_release(&object);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twins_are_found_wherever_they_stand),
        cmocka_unit_test(neighbours_are_no_twins),
        cmocka_unit_test(offset_is_of_the_later_twin),
        cmocka_unit_test(huge_objects_stay_fast),
        cmocka_unit_test(alike_keys_stay_fast),
        cmocka_unit_test(many_middling_objects_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
