// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/memory.h"
#include "json/json.h"

static void assert_written(const struct buffer *out, const char *wanted)
{
    assert_false(out->failed);
    if (!slice_equal_string(buffer_slice(out), wanted))
        fail_msg("wrote %.*s instead of %s", SLICE_PRINT(buffer_slice(out)), wanted);
}

static void strings_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        size_t length;
        const char *text;
    } cases[] = {
        {"", 0, "\"\""},
        {"abc", 3, "\"abc\""},
        {"a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x1F\x7F", 3, "\"\\u0000\\u001f\x7F\""},
        {"\xC3\xA9\xF0\x9F\x98\x80", 6, "\"\xC3\xA9\xF0\x9F\x98\x80\""},
        {"a\xFFz", 3, "\"a\xEF\xBF\xBDz\""},
        {"\xC3", 1, "\"\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\n\xE2\x82\n", 4, "\"\\n\xEF\xBF\xBD\xEF\xBF\xBD\\n\""},
    };
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_clear(&out);
        json_write_string(&out, slice_of(cases[i].value, cases[i].length));
        assert_written(&out, cases[i].text);
    }
    buffer_clear(&out);
    json_write_string(&out, slice_of(NULL, 0));
    assert_written(&out, "\"\"");
    buffer_release(&out);
}

// Every ASCII byte at every place: what needs an escape gets one, however many bytes are looked at
// at once.
static void escapes_are_found_anywhere(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t length = 1; length <= 19; length++)
        for (size_t at = 0; at < length; at++)
            for (unsigned byte = 0; byte < 0x80; byte++) {
                char value[19];
                memset(value, 'v', sizeof value);
                value[at] = (char)byte;
                buffer_clear(&out);
                json_write_string(&out, slice_of(value, length));
                bool escaped = byte < ' ' || byte == '"' || byte == '\\';
                struct slice got = buffer_slice(&out);
                assert_int_equal(got.length > length + 2, escaped);
                assert_int_equal(got.data[at + 1], escaped ? '\\' : (char)byte);
                assert_memory_equal(got.data + 1, value, at);
            }
    buffer_release(&out);
}

// Whatever the bytes, the result is a string that the scanner takes, and good bytes come back.
static void written_strings_scan(void **state)
{
    (void)state;
    struct buffer out;
    struct json_doc doc;
    struct arena arena;
    buffer_init(&out, 0);
    json_doc_init(&doc);
    arena_init(&arena, 1 << 20);
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++) {
            char value[3] = {(char)first, (char)second, 'x'};
            buffer_clear(&out);
            json_write_string(&out, slice_of(value, 3));
            assert_int_equal(json_scan(&doc, buffer_slice(&out), NULL, NULL, NULL), 0);
            if (first < 0x80 && second < 0x80)
                assert_true(json_string_equals(&doc, 0, slice_of(value, 3)));
        }
    arena_release(&arena);
    json_doc_release(&doc);
    buffer_release(&out);
}

static void keys_and_integers_are_written(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    json_write_key(&out, "a\n");
    json_write_integer(&out, INT64_MIN);
    json_write_integer(&out, INT64_MAX);
    json_write_integer(&out, 0);
    json_write_integer(&out, -1);
    assert_written(&out, "\"a\\n\":-922337203685477580892233720368547758070-1");
    buffer_release(&out);
}

static const struct {
    const char *text;
    const char *compact;
    const char *canonical;
} forms[] = {
    {" null ", "null", "null"},
    {" [ 1 , 2.50 , { } ,\n[ ]\t] ", "[1,2.50,{},[]]", "[1,2.5,{},[]]"},
    {"{ \"b\" : \" x \" , \"a\" : true }", "{\"b\":\" x \",\"a\":true}",
     "{\"a\":true,\"b\":\" x \"}"},
    {"\"\\u0061\\/\\u000A\\u001F\\u00e9\\ud83d\\ude00\\\"\\u005c\"",
     "\"\\u0061\\/\\u000A\\u001F\\u00e9\\ud83d\\ude00\\\"\\u005c\"",
     "\"a/\\n\\u001f\xC3\xA9\xF0\x9F\x98\x80\\\"\\\\\""},
    {"\"\\u0000\\u007f\"", "\"\\u0000\\u007f\"", "\"\\u0000\x7F\""},
    // By code point: U+FF5E stands before U+1F600, unlike in UTF-16 order.
    {"{\"\\ud83d\\ude00\":1,\"\xEF\xBD\x9E\":2,\"\\u0061\":3,\"B\":4,\"\":5,\"aa\":6}",
     "{\"\\ud83d\\ude00\":1,\"\xEF\xBD\x9E\":2,\"\\u0061\":3,\"B\":4,\"\":5,\"aa\":6}",
     "{\"\":5,\"B\":4,\"a\":3,\"aa\":6,\"\xEF\xBD\x9E\":2,\"\xF0\x9F\x98\x80\":1}"},
    {"[-0, 1.0, 1e0, 100e-2, 1E+2, 0.10, 1e-7, 1e30, 120e20]",
     "[-0,1.0,1e0,100e-2,1E+2,0.10,1e-7,1e30,120e20]", "[0,1,1,1,100,0.1,1e-7,1e30,1.2e22]"},
};

static void compact_and_canonical_forms(void **state)
{
    (void)state;
    struct buffer out;
    struct json_doc doc;
    buffer_init(&out, 0);
    json_doc_init(&doc);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        assert_int_equal(json_scan(&doc, slice_from_string(forms[i].text), NULL, NULL, NULL), 0);
        buffer_clear(&out);
        json_write_compact(&out, &doc, 0);
        assert_written(&out, forms[i].compact);
        buffer_clear(&out);
        assert_int_equal(json_write_canonical(&out, &doc, 0), 0);
        assert_written(&out, forms[i].canonical);
    }
    json_doc_release(&doc);
    buffer_release(&out);
}

static void a_part_is_written_alone(void **state)
{
    (void)state;
    struct buffer out;
    struct json_doc doc;
    buffer_init(&out, 0);
    json_doc_init(&doc);
    struct slice text = SLICE_LITERAL("{\"a\" : [ 1, {\"y\" :2 , \"x\": 3} ], \"b\" : 4}");
    assert_int_equal(json_scan(&doc, text, NULL, NULL, NULL), 0);
    json_write_compact(&out, &doc, json_get(&doc, 0, "a"));
    assert_int_equal(json_write_canonical(&out, &doc, json_get(&doc, 0, "a")), 0);
    json_write_compact(&out, &doc, json_get(&doc, 0, "b"));
    assert_written(&out, "[1,{\"y\":2,\"x\":3}][1,{\"x\":3,\"y\":2}]4");
    json_doc_release(&doc);
    buffer_release(&out);
}

static void large_object_is_sorted(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    struct buffer text, out;
    struct json_doc doc;
    buffer_init(&text, 0);
    buffer_init(&out, 0);
    json_doc_init(&doc);
    for (int i = 0; i < COUNT; i++)
        (void)buffer_append_format(&text, "%s\"%04d\":0", i == 0 ? "{" : ",", i * 7919 % COUNT);
    (void)buffer_append_string(&text, "}");
    assert_int_equal(json_scan(&doc, buffer_slice(&text), NULL, NULL, NULL), 0);
    assert_int_equal(json_write_canonical(&out, &doc, 0), 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(strtol(buffer_slice(&out).data + 2 + 9 * i, NULL, 10), i);
    json_doc_release(&doc);
    buffer_release(&text);
    buffer_release(&out);
}

static void failures_are_told_apart(void **state)
{
    (void)state;
    struct json_doc doc;
    json_doc_init(&doc);
    struct slice text = SLICE_LITERAL("{\"b\":[1,2,3],\"a\":{\"long name\":\"long value\"}}");
    assert_int_equal(json_scan(&doc, text, NULL, NULL, NULL), 0);
    for (size_t cap = 1; cap < 60; cap++) {
        struct buffer out;
        buffer_init(&out, cap);
        int result = json_write_canonical(&out, &doc, 0);
        // Numbers reserve a little more than they need.
        assert_true(result == ERROR_TOO_LARGE || (result == 0 && cap >= text.length));
        assert_int_equal(out.failed, result != 0);
        buffer_release(&out);
    }
    int result = ERROR_NO_MEMORY;
    for (size_t number = 1; result != 0; number++) {
        struct buffer out;
        buffer_init(&out, 0);
        memory_fail_at(number, 0);
        result = json_write_canonical(&out, &doc, 0);
        memory_fail_at(0, 0);
        assert_true(result == 0 || result == ERROR_NO_MEMORY);
        assert_int_equal(out.failed, result != 0);
        assert_in_range(number, 1, 10);
        buffer_release(&out);
    }
    json_doc_release(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(escapes_are_found_anywhere),
        cmocka_unit_test(written_strings_scan),
        cmocka_unit_test(keys_and_integers_are_written),
        cmocka_unit_test(compact_and_canonical_forms),
        cmocka_unit_test(a_part_is_written_alone),
        cmocka_unit_test(large_object_is_sorted),
        cmocka_unit_test(failures_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
