// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/memory.h"
#include "json/json.h"

struct fixture {
    struct json_doc doc;
    struct json_doc other;
    struct arena arena;
};

static int set_up(void **state)
{
    struct fixture *f = memory_new(sizeof *f);
    json_doc_init(&f->doc);
    json_doc_init(&f->other);
    arena_init(&f->arena, 65536);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    json_doc_release(&f->doc);
    json_doc_release(&f->other);
    arena_release(&f->arena);
    memory_free(f);
    return 0;
}

static void scan(struct json_doc *doc, const char *text)
{
    struct json_limits deep = {.depth = JSON_DEPTH_MAX};
    assert_int_equal(json_scan(doc, slice_from_string(text), &deep, NULL, NULL), 0);
}

static void types_have_names(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"array",  "null",   "boolean", "boolean",
                                        "number", "string", "object"};
    scan(&f->doc, "[null,false,true,1,\"\",{}]");
    for (uint32_t i = 0; i < f->doc.count; i++)
        assert_string_equal(json_type_name(json_type(&f->doc, i)), names[i]);
}

static void members_are_found_by_their_decoded_name(void **state)
{
    struct fixture *f = *state;
    scan(&f->doc, "{\"a\":{\"x\":0},\"\\u00e9\\n\":1,\"\":2,\"ab\":3}");
    assert_true(slice_equal_string(json_raw(&f->doc, json_get(&f->doc, 0, "a")), "{\"x\":0}"));
    assert_true(slice_equal_string(json_raw(&f->doc, json_get(&f->doc, 0, "\xC3\xA9\n")), "1"));
    assert_true(slice_equal_string(json_raw(&f->doc, json_get(&f->doc, 0, "")), "2"));
    assert_true(slice_equal_string(json_raw(&f->doc, json_get(&f->doc, 0, "ab")), "3"));
    assert_int_equal(json_get_slice(&f->doc, 0, slice_of("abc", 1)), json_get(&f->doc, 0, "a"));
    // Not a member of this level, other case, escape as it stands, prefix.
    static const char *const absent[] = {"x", "A", "\\u00e9\\n", "abc", "\xC3\xA9"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_int_equal(json_get(&f->doc, 0, absent[i]), JSON_NONE);
    assert_int_equal(json_get(&f->doc, JSON_NONE, "a"), JSON_NONE);
    assert_int_equal(json_get(&f->doc, 1, "a"), JSON_NONE);
}

static void case_variants_are_found(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        uint32_t key;
    } cases[] = {
        {"{\"name\":1}", JSON_NONE},        {"{\"name\":1,\"Name\":2}", 3},
        {"{\"x\":[],\"nam\\u0045\":2}", 3}, {"{\"names\":1,\"nam\":2}", JSON_NONE},
        {"{\"n\xC3\xA4me\":1}", JSON_NONE}, {"{}", JSON_NONE},
        {"[\"NAME\"]", JSON_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scan(&f->doc, cases[i].text);
        assert_int_equal(json_find_case_variant(&f->doc, 0, slice_from_string("name")),
                         cases[i].key);
    }
    scan(&f->doc, "{\"u\xC5\xBF"
                  "er\":1,\"\\u212Aey\":2}");
    assert_int_equal(json_find_case_variant(&f->doc, 0, slice_from_string("user")), 1);
    assert_int_equal(json_find_case_variant(&f->doc, 0, slice_from_string("key")), 3);
    assert_int_equal(json_find_case_variant(&f->doc, 0, slice_from_string("uter")), JSON_NONE);
    scan(&f->doc, "{\"@[`{\":1}");
    assert_int_equal(json_find_case_variant(&f->doc, 0, slice_from_string("`[@{")), JSON_NONE);
    assert_int_equal(json_find_case_variant(&f->doc, JSON_NONE, slice_from_string("a")), JSON_NONE);
}

static void objects_and_arrays_are_walked(void **state)
{
    struct fixture *f = *state;
    scan(&f->doc, "{\"a\":[1,[2,3],{}],\"b\":{\"c\":4},\"d\":5}");
    uint32_t a = json_first_key(&f->doc, 0), b = json_next_key(&f->doc, 0, a);
    uint32_t d = json_next_key(&f->doc, 0, b);
    assert_true(json_string_equals(&f->doc, a, SLICE_LITERAL("a")));
    assert_true(json_string_equals(&f->doc, b, SLICE_LITERAL("b")));
    assert_true(json_string_equals(&f->doc, d, SLICE_LITERAL("d")));
    assert_int_equal(json_next_key(&f->doc, 0, d), JSON_NONE);
    uint32_t element = json_first_element(&f->doc, a + 1);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(json_element(&f->doc, a + 1, i), element);
        element = json_next_element(&f->doc, a + 1, element);
    }
    assert_int_equal(element, JSON_NONE);
    assert_int_equal(json_element(&f->doc, a + 1, 3), JSON_NONE);
    // Last key of an inner object: the walk must not run into the outer one.
    assert_int_equal(json_next_key(&f->doc, b + 1, json_first_key(&f->doc, b + 1)), JSON_NONE);
}

static void walking_the_wrong_thing_finds_nothing(void **state)
{
    struct fixture *f = *state;
    scan(&f->doc, "[[],{},1]");
    assert_int_equal(json_first_element(&f->doc, 1), JSON_NONE);
    assert_int_equal(json_first_key(&f->doc, 2), JSON_NONE);
    assert_int_equal(json_first_key(&f->doc, 0), JSON_NONE);
    assert_int_equal(json_first_element(&f->doc, 2), JSON_NONE);
    assert_int_equal(json_element(&f->doc, 3, 0), JSON_NONE);
    assert_int_equal(json_first_element(&f->doc, JSON_NONE), JSON_NONE);
    assert_int_equal(json_element(&f->doc, JSON_NONE, 0), JSON_NONE);
}

static void strings_are_decoded(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        const char *value;
        size_t length;
        size_t characters;
    } cases[] = {
        {"\"\"", "", 0, 0},
        {"\"abc\"", "abc", 3, 3},
        {"\"\xC3\xA9\xF0\x9F\x98\x80\"", "\xC3\xA9\xF0\x9F\x98\x80", 6, 2},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8, 8},
        {"\"a\\u0000b\"", "a\0b", 3, 3},
        {"\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF",
         11, 5},
        {"\"\\ud800\\udc00\\uDBFF\\uDFFF\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8, 2},
        {"\"x\\u00E9y\"", "x\xC3\xA9y", 4, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scan(&f->doc, cases[i].text);
        struct slice wanted = slice_of(cases[i].value, cases[i].length);
        assert_true(slice_equal(json_string(&f->doc, 0, &f->arena), wanted));
        assert_true(json_string_equals(&f->doc, 0, wanted));
        assert_false(json_string_equals(&f->doc, 0, SLICE_LITERAL("other")));
        assert_int_equal(json_string_characters(&f->doc, 0), cases[i].characters);
        if (wanted.length > 0)
            assert_false(json_string_equals(&f->doc, 0, slice_of(wanted.data, wanted.length - 1)));
    }
    scan(&f->doc, "\"a\\n\"");
    assert_false(json_string_equals(&f->doc, 0, SLICE_LITERAL("a\nb")));
}

static void plain_strings_are_not_copied(void **state)
{
    struct fixture *f = *state;
    scan(&f->doc, "\"abc\"");
    assert_ptr_equal(json_string(&f->doc, 0, NULL).data, f->doc.text.data + 1);
}

static void the_start_of_a_string_is_decoded(void **state)
{
    struct fixture *f = *state;
    char out[8];
    scan(&f->doc, "\"a\\n\\u00e4bcdefgh\"");
    assert_int_equal(json_string_start(&f->doc, 0, out, sizeof out), sizeof out);
    assert_memory_equal(out,
                        "a\n\xc3\xa4"
                        "bcde",
                        sizeof out);
    // An escaped character is not cut.
    assert_int_equal(json_string_start(&f->doc, 0, out, 3), 2);
    assert_int_equal(json_string_start(&f->doc, 0, out, 0), 0);
    scan(&f->doc, "\"\"");
    assert_int_equal(json_string_start(&f->doc, 0, out, sizeof out), 0);
}

static void full_arena_gives_no_string(void **state)
{
    struct fixture *f = *state;
    struct arena tiny;
    arena_init(&tiny, 1);
    scan(&f->doc, "\"\\n\"");
    assert_null(json_string(&f->doc, 0, &tiny).data);
    assert_null(json_string(&f->doc, 0, NULL).data);
    arena_release(&tiny);
}

static void integers_are_exact(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } cases[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"0.0e5", 0, 0},
        {"7", 0, 7},
        {"1.0", 0, 1},
        {"1e3", 0, 1000},
        {"10e-1", 0, 1},
        {"-1.50e1", 0, -15},
        {"999999999999999999", 0, 999999999999999999},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775807.000", 0, INT64_MAX},
        {"922337203685477580700e-2", 0, INT64_MAX},
        {"9223372036854775808", ERROR_RANGE, 0},
        {"-9223372036854775809", ERROR_RANGE, 0},
        {"1e19", ERROR_RANGE, 0},
        {"1e9999", ERROR_RANGE, 0},
        {"1234567890123456789012345678901234567890123", ERROR_RANGE, 0},
        {"1234567890123456789012345678901234567890123e9", ERROR_RANGE, 0},
        {"1.5", ERROR_TYPE, 0},
        {"1e-1", ERROR_TYPE, 0},
        {"1e-9999", ERROR_TYPE, 0},
        {"9223372036854775807.1", ERROR_TYPE, 0},
        {"1234567890123456789012345678901234567890123.5", ERROR_TYPE, 0},
        {"\"1\"", ERROR_TYPE, 0},
        {"null", ERROR_TYPE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scan(&f->doc, cases[i].text);
        int64_t value = 4711;
        assert_int_equal(json_integer(&f->doc, 0, &value), cases[i].result);
        assert_int_equal(value, cases[i].result == 0 ? cases[i].value : 4711);
    }
    int64_t value;
    assert_int_equal(json_integer(&f->doc, JSON_NONE, &value), ERROR_TYPE);
}

static bool equal(struct fixture *f, const char *a, const char *b)
{
    scan(&f->doc, a);
    scan(&f->other, b);
    bool result = json_equal(&f->doc, 0, &f->other, 0);
    assert_int_equal(json_equal(&f->other, 0, &f->doc, 0), result);
    return result;
}

static void equality_goes_by_value(void **state)
{
    struct fixture *f = *state;
    static const char *const same[][2] = {
        {"null", " null "},
        {"1", "1.0"},
        {"1e2", "100"},
        {"-0", "0.000"},
        {"1e400", "10e399"},
        {"\"\\u0061\\/\"", "\"a/\""},
        {"[1,[2]]", "[1.0,[20e-1]]"},
        {"{\"a\":1,\"b\":[]}", "{ \"b\" : [ ] , \"\\u0061\" : 1.0 }"},
    };
    static const char *const different[][2] = {
        {"null", "false"},
        {"true", "false"},
        {"1", "\"1\""},
        {"0.1", "0.10000000000000000001"},
        {"1e400", "1e401"},
        {"9007199254740992", "9007199254740993"},
        {"\"a\"", "\"A\""},
        {"\"\\n\"", "\"n\""},
        {"[1,2]", "[2,1]"},
        {"[1]", "[1,1]"},
        {"{\"a\":1}", "{\"a\":2}"},
        {"{\"a\":1}", "{\"b\":1}"},
        {"{\"a\":1}", "{\"A\":1}"},
        {"{\"a\":1}", "{\"a\":1,\"b\":1}"},
        {"{}", "[]"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_true(equal(f, same[i][0], same[i][1]));
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        assert_false(equal(f, different[i][0], different[i][1]));
}

static char *build_object(int count, bool backwards, int odd)
{
    char *text = memory_new((size_t)count * 24 + 3);
    size_t length = 0;
    for (int i = 0; i < count; i++) {
        int k = backwards ? count - 1 - i : i;
        length += (size_t)snprintf(text + length, 24, "%c\"%sey%d\":%d", i == 0 ? '{' : ',',
                                   backwards ? "\\u006b" : "k", k, k + (k == odd));
    }
    text[length] = '}';
    return text;
}

// The runner's time limit would notice quadratic work.
static void large_objects_compare_in_any_order(void **state)
{
    struct fixture *f = *state;
    static const int counts[] = {16, 17, 1000, 50000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char *forward = build_object(counts[i], false, -1);
        char *backward = build_object(counts[i], true, -1);
        char *odd = build_object(counts[i], true, counts[i] / 2);
        assert_true(equal(f, forward, backward));
        assert_false(equal(f, forward, odd));
        memory_free(forward);
        memory_free(backward);
        memory_free(odd);
    }
}

static void equality_needs_no_memory(void **state)
{
    struct fixture *f = *state;
    char *forward = build_object(100, false, -1), *backward = build_object(100, true, -1);
    scan(&f->doc, forward);
    scan(&f->other, backward);
    for (size_t number = 1; number <= 3; number++) {
        memory_fail_at(number, 0);
        assert_true(json_equal(&f->doc, 0, &f->other, 0));
        memory_fail_at(0, 0);
    }
    memory_free(forward);
    memory_free(backward);
}

static void deepest_values_compare(void **state)
{
    struct fixture *f = *state;
    char text[2 * JSON_DEPTH_MAX + 1];
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    text[2 * JSON_DEPTH_MAX] = '\0';
    assert_true(equal(f, text, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(types_have_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_found_by_their_decoded_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(case_variants_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_and_arrays_are_walked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(walking_the_wrong_thing_finds_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings_are_decoded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plain_strings_are_not_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_start_of_a_string_is_decoded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_arena_gives_no_string, set_up, tear_down),
        cmocka_unit_test_setup_teardown(integers_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equality_goes_by_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_objects_compare_in_any_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equality_needs_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deepest_values_compare, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
