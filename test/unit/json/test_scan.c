// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/memory.h"
#include "json/json.h"

static void assert_refused(struct slice text, const struct json_limits *limits, int code,
                           const char *sentence, size_t offset)
{
    struct json_doc doc;
    struct error error = {0};
    size_t found = SIZE_MAX;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, text, limits, &error, &found), code);
    assert_string_equal(error.text, sentence);
    assert_int_equal(error.code, code);
    assert_int_equal(found, offset);
    assert_int_equal(doc.count, 0);
    json_doc_release(&doc);
}

static void nodes_point_into_the_text(void **state)
{
    (void)state;
    struct slice text = SLICE_LITERAL(" {\"a\" : [1, \"x\\n\", {}], \"b\":null} ");
    static const struct {
        const char *raw;
        enum json_type type;
        uint32_t next;
        uint32_t count;
        bool is_key;
        bool escaped;
    } wanted[] = {
        {"{\"a\" : [1, \"x\\n\", {}], \"b\":null}", JSON_OBJECT, 8, 2, false, false},
        {"\"a\"", JSON_STRING, 2, 0, true, false},
        {"[1, \"x\\n\", {}]", JSON_ARRAY, 6, 3, false, false},
        {"1", JSON_NUMBER, 4, 0, false, false},
        {"\"x\\n\"", JSON_STRING, 5, 0, false, true},
        {"{}", JSON_OBJECT, 6, 0, false, false},
        {"\"b\"", JSON_STRING, 7, 0, true, false},
        {"null", JSON_NULL, 8, 0, false, false},
    };
    struct json_doc doc;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, text, NULL, NULL, NULL), 0);
    assert_int_equal(doc.count, sizeof wanted / sizeof *wanted);
    for (uint32_t i = 0; i < doc.count; i++) {
        assert_true(slice_equal_string(json_raw(&doc, i), wanted[i].raw));
        assert_int_equal(json_type(&doc, i), wanted[i].type);
        assert_int_equal(json_at(&doc, i)->next, wanted[i].next);
        assert_int_equal(json_at(&doc, i)->count, wanted[i].count);
        assert_int_equal(json_at(&doc, i)->is_key, wanted[i].is_key);
        assert_int_equal(json_at(&doc, i)->escaped, wanted[i].escaped);
    }
    json_doc_release(&doc);
}

static void faults_say_where_and_what(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *sentence;
        size_t offset;
    } cases[] = {
        {"", "1:1: expected a value, found the end of the text", 0},
        {"  ", "1:3: expected a value, found the end of the text", 2},
        {"x", "1:1: expected a value, found 'x'", 0},
        {"[1 2]", "1:4: expected ',' or ']', found '2'", 3},
        {"{\"a\":1\n \"b\":2}", "2:2: expected ',' or '}', found '\"'", 8},
        {"{x}", "1:2: expected a key or '}', found 'x'", 1},
        {"{\"a\":1,}", "1:8: expected a key, found '}'", 7},
        {"{\"a\"}", "1:5: expected ':', found '}'", 4},
        {"[1,]", "1:4: expected a value, found ']'", 3},
        {"tru", "1:4: expected 'true', found the end of the text", 3},
        {"fxlse", "1:2: expected 'false', found 'x'", 1},
        {"nul\xC3\xA9", "1:4: expected 'null', found U+00E9", 3},
        {"1 1", "1:3: expected the end of the text, found '1'", 2},
        {"01", "1:2: expected no digit behind a leading 0, found '1'", 1},
        {"-x", "1:2: expected a digit, found 'x'", 1},
        {"1.", "1:3: expected a digit, found the end of the text", 2},
        {"1e+", "1:4: expected a digit, found the end of the text", 3},
        {"\"abc", "1:5: expected '\"' at the end of the string, found the end of the text", 4},
        {"\"a\tb\"", "1:3: expected control characters to be escaped, found U+0009", 2},
        {"\"\\q\"", "1:3: expected one of \"\\/bfnrtu behind the backslash, found 'q'", 2},
        {"\"\\u12x4\"", "1:6: expected four hexadecimal digits behind \\u, found 'x'", 5},
        {"\"\\udc00\"", "1:2: expected a high surrogate before this low one, found '\\'", 1},
        {"\"\\ud800x\"", "1:2: expected a low surrogate behind this high one, found '\\'", 1},
        {"\"\xC3\xA9\xE2\x82\xAC\xFF\"", "1:4: expected well-formed UTF-8, found byte 0xFF", 6},
        {"\xEF\xBB\xBF{}", "1:1: expected a value, found a byte order mark (U+FEFF)", 0},
        {"[\x7F]", "1:2: expected a value, found U+007F", 1},
        {"{\"a\\u0000\":1}", "1:4: expected a key without NUL, found '\\'", 3},
        {"{\"\\u0000\":1}", "1:3: expected a key without NUL, found '\\'", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(slice_from_string(cases[i].text), NULL, ERROR_SYNTAX, cases[i].sentence,
                       cases[i].offset);
    assert_refused(slice_of("[]\0", 3), NULL, ERROR_SYNTAX,
                   "1:3: expected the end of the text, found U+0000", 2);
    assert_refused(slice_of(NULL, 0), NULL, ERROR_SYNTAX,
                   "1:1: expected a value, found the end of the text", 0);
}

static void duplicates_are_named(void **state)
{
    (void)state;
    assert_refused(SLICE_LITERAL("{\"a\":1,\n\"a\":2}"), NULL, ERROR_AMBIGUOUS,
                   "2:1: duplicate key 'a'", 8);
    assert_refused(SLICE_LITERAL("{\"\xC3\xA9\":1,\"\\u00e9\":2}"), NULL, ERROR_AMBIGUOUS,
                   "1:8: duplicate key '\\u00e9'", 8);
    assert_refused(SLICE_LITERAL("[{\"\xF0\x9F\x98\x80\":1,\"\xF0\x9F\x98\x80\":2}]"), NULL,
                   ERROR_AMBIGUOUS, "1:9: duplicate key '\\u{1F600}'", 11);
}

static void long_duplicate_key_is_cut(void **state)
{
    (void)state;
    char text[2 * 300 + 32], key[301];
    memset(key, 'k', 300);
    key[300] = '\0';
    int length = snprintf(text, sizeof text, "{\"%s\":1,\"%s\":2}", key, key);
    struct json_doc doc;
    struct error error;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, slice_of(text, (size_t)length), NULL, &error, NULL),
                     ERROR_AMBIGUOUS);
    assert_in_range(strlen(error.text), 60, 160);
    assert_non_null(strstr(error.text, "kkk...'"));
    json_doc_release(&doc);
}

static int scan_nested(size_t levels, const struct json_limits *limits)
{
    struct json_doc doc;
    json_doc_init(&doc);
    char *text = memory_new(2 * levels + 1);
    memset(text, '[', levels);
    memset(text + levels, ']', levels);
    int result = json_scan(&doc, slice_of(text, 2 * levels), limits, NULL, NULL);
    memory_free(text);
    json_doc_release(&doc);
    return result;
}

static void depth_is_limited(void **state)
{
    (void)state;
    assert_int_equal(scan_nested(64, NULL), 0);
    assert_int_equal(scan_nested(65, NULL), ERROR_TOO_LARGE);
    assert_int_equal(scan_nested(2, &(struct json_limits){.depth = 1}), ERROR_TOO_LARGE);
    assert_int_equal(scan_nested(1, &(struct json_limits){.depth = 1}), 0);
    assert_int_equal(scan_nested(1000, &(struct json_limits){.depth = 1000}), 0);
    assert_int_equal(scan_nested(1001, &(struct json_limits){.depth = 100000}), ERROR_TOO_LARGE);
    assert_refused(SLICE_LITERAL("[[{}]]"), &(struct json_limits){.depth = 2}, ERROR_TOO_LARGE,
                   "1:3: arrays and objects nested deeper than the limit of 2", 2);
}

static void nodes_are_limited(void **state)
{
    (void)state;
    struct json_doc doc;
    json_doc_init(&doc);
    struct slice five = SLICE_LITERAL("{\"a\":[1,2]}");
    assert_int_equal(json_scan(&doc, five, &(struct json_limits){.nodes = 5}, NULL, NULL), 0);
    assert_int_equal(doc.count, 5);
    assert_int_equal(json_scan(&doc, five, &(struct json_limits){.nodes = 4}, NULL, NULL),
                     ERROR_TOO_LARGE);
    // A tight limit of one scan does not bind the next.
    assert_int_equal(json_scan(&doc, five, NULL, NULL, NULL), 0);
    json_doc_release(&doc);
    assert_refused(five, &(struct json_limits){.nodes = 4}, ERROR_TOO_LARGE,
                   "1:9: more values and keys than the limit of 4", 8);
}

static void numbers_are_limited(void **state)
{
    (void)state;
    assert_refused(SLICE_LITERAL("[1e-10000]"), NULL, ERROR_TOO_LARGE,
                   "1:9: an exponent beyond the limit of 9999", 8);
    char digits[1026];
    memset(digits, '1', sizeof digits);
    assert_refused(slice_of(digits, 1025), NULL, ERROR_TOO_LARGE,
                   "1:1: a number of more characters than the limit of 1024", 0);
    struct json_doc doc;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, slice_of(digits, 1024), NULL, NULL, NULL), 0);
    json_doc_release(&doc);
}

static void text_beyond_two_gigabytes_is_refused_unread(void **state)
{
    (void)state;
    assert_refused(slice_of("1", (size_t)INT32_MAX + 1), NULL, ERROR_TOO_LARGE,
                   "1:1: more bytes than the limit of 2147483647", 0);
}

// Every stop byte at every distance from the end: blocks of 16, of 8 and single bytes must agree.
static void stop_bytes_are_seen_at_every_place(void **state)
{
    (void)state;
    static const char stops[] = {'\x00', '\x1F', '\n', '\x80', '\xFF', '\xC3', '"'};
    struct json_doc doc;
    json_doc_init(&doc);
    for (size_t length = 1; length < 70; length++)
        for (size_t at = 0; at < length; at++)
            for (size_t k = 0; k < sizeof stops; k++) {
                char *text = memory_new(length + 2);
                memset(text, 'a', length + 2);
                text[0] = text[length + 1] = '"';
                text[1 + at] = stops[k];
                size_t offset;
                assert_int_equal(json_scan(&doc, slice_of(text, length + 2), NULL, NULL, &offset),
                                 ERROR_SYNTAX);
                assert_int_equal(offset, 1 + at + (stops[k] == '"'));
                memory_free(text);
            }
    json_doc_release(&doc);
}

// Cut anywhere, no text of this shape is complete, and nothing behind its end is read.
static void every_prefix_is_refused(void **state)
{
    (void)state;
    static const char text[] =
        "{\"name\":\"\\ud83d\\ude00 \xC3\xA9\xE2\x82\xAC\",\"n\":[-1.5e-3,true,"
        "false,null,{},[]],\"long\":\"aaaaaaaaaaaaaaaaaaaaaaaaaa\\n\"}";
    struct json_doc doc;
    json_doc_init(&doc);
    for (size_t length = 0; length < sizeof text - 1; length++) {
        // No byte more than the text, so that a sanitizer sees any read behind it.
        char *copy = memory_try_resize(NULL, length == 0 ? 1 : length);
        memcpy(copy, text, length);
        size_t offset;
        assert_int_equal(json_scan(&doc, slice_of(copy, length), NULL, NULL, &offset),
                         ERROR_SYNTAX);
        assert_in_range(offset, 0, length);
        memory_free(copy);
    }
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, NULL, NULL), 0);
    json_doc_release(&doc);
}

static void nodes_are_reused(void **state)
{
    (void)state;
    char text[2001];
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 2 * i, i == 0 ? "[1" : ",1", 2);
    text[2000] = ']';
    struct json_doc doc;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, slice_of(text, 2001), NULL, NULL, NULL), 0);
    memory_fail_at(1, SIZE_MAX / 2);
    assert_int_equal(json_scan(&doc, SLICE_LITERAL("{\"a\":1}"), NULL, NULL, NULL), 0);
    assert_int_equal(doc.count, 3);
    assert_int_equal(json_scan(&doc, slice_of(text, 2001), NULL, NULL, NULL), 0);
    assert_int_equal(doc.count, 1001);
    assert_int_equal(memory_attempts(), 0);
    memory_fail_at(0, 0);
    json_doc_release(&doc);
}

static void failed_allocations_are_reported(void **state)
{
    (void)state;
    char text[4096];
    int length = snprintf(text, sizeof text, "[{\"\\u0061\":0");
    for (int i = 0; i < 200; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, ",\"k%d\":[]", i);
    length += snprintf(text + length, sizeof text - (size_t)length, "}]");
    struct json_doc doc;
    json_doc_init(&doc);
    int result = ERROR_NO_MEMORY;
    size_t number = 0;
    while (result != 0) {
        struct error error;
        json_doc_release(&doc);
        memory_fail_at(++number, 0);
        result = json_scan(&doc, slice_of(text, (size_t)length), NULL, &error, NULL);
        memory_fail_at(0, 0);
        if (result != 0) {
            assert_int_equal(result, ERROR_NO_MEMORY);
            assert_non_null(strstr(error.text, "out of memory"));
            assert_int_equal(doc.count, 0);
        }
    }
    // Four growths of the node array, the set of keys, the decoded key.
    assert_int_equal(number, 7);
    assert_int_equal(doc.count, 404);
    json_doc_release(&doc);
}

static void position_counts_characters(void **state)
{
    (void)state;
    struct slice text = SLICE_LITERAL("a\xC3\xA9\r\n\xF0\x9F\x98\x80z");
    static const struct {
        size_t offset;
        uint32_t line, column;
    } cases[] = {{0, 1, 1}, {1, 1, 2}, {3, 1, 3}, {5, 2, 1}, {9, 2, 2}, {10, 2, 3}, {99, 2, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_position position = json_position(text, cases[i].offset);
        assert_int_equal(position.line, cases[i].line);
        assert_int_equal(position.column, cases[i].column);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_point_into_the_text),
        cmocka_unit_test(faults_say_where_and_what),
        cmocka_unit_test(duplicates_are_named),
        cmocka_unit_test(long_duplicate_key_is_cut),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(nodes_are_limited),
        cmocka_unit_test(numbers_are_limited),
        cmocka_unit_test(text_beyond_two_gigabytes_is_refused_unread),
        cmocka_unit_test(stop_bytes_are_seen_at_every_place),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(nodes_are_reused),
        cmocka_unit_test(failed_allocations_are_reported),
        cmocka_unit_test(position_counts_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
