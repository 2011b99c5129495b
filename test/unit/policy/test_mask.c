// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is logged of arguments: nothing that a rule names, and nothing that was not looked at.
#include "lib/unit.h"

#include "base/memory.h"
#include "policy/policy.h"

static struct buffer out;
static size_t left_out;
static bool patient = true;

static bool may_go_on(void *argument)
{
    (void)argument;
    return patient;
}

static struct policy_mask *compile(const char *text)
{
    struct policy_mask *mask = NULL;
    struct policy_problems problems;
    if (policy_mask_compile(slice_from_string(text), &mask, &problems) != 0)
        fail_msg("%s", problems.count > 0 ? problems.items[0].text : "no memory");
    policy_problems_release(&problems);
    return mask;
}

static struct slice write_with(const struct policy_mask *mask, struct slice args)
{
    struct json_doc doc;
    struct arena arena;
    struct error error;
    json_doc_init(&doc);
    arena_init(&arena, 16 * 1024 * 1024);
    buffer_clear(&out);
    out.cap = POLICY_MASK_MOST;
    if (json_scan(&doc, args, NULL, &error, NULL) != 0)
        fail_msg("%s", error.text);
    const struct policy_masked_call call = {.doc = &doc, .args = 0, .may_go_on = may_go_on};
    left_out = policy_mask_write(mask, &call, &arena, &out);
    arena_release(&arena);
    json_doc_release(&doc);
    assert_false(out.failed);
    return buffer_slice(&out);
}

static void expect(const char *rules, const char *args, const char *wanted, size_t wanted_left_out)
{
    struct policy_mask *mask = compile(rules);
    struct slice written = write_with(mask, slice_from_string(args));
    if (!slice_equal_string(written, wanted))
        fail_msg("%s with %s: %.*s, not %s", args, rules, SLICE_PRINT(written), wanted);
    assert_int_equal(left_out, wanted_left_out);
    policy_mask_unref(mask);
}

static const char *const cases[][3] = {
    {"{}", "{ \"a\" : 1.50 , \"b\":[true,null,{\"c\":\"x\\ny\"}] }",
     "{\"a\":1.50,\"b\":[true,null,{\"c\":\"x\\ny\"}]}"},
    {"{}", "{}", "{}"},
    // Names, at any depth, whatever is behind them.
    {"{\"names\":[\"PIN\",\"*_key\"]}",
     "{\"pin\":1,\"Pin\":[2],\"pins\":3,\"x\":[{\"API_KEY\":{\"y\":4}}]}",
     "{\"pin\":\"[redacted]\",\"Pin\":\"[redacted]\",\"pins\":3,\"x\":[{\"API_KEY\":\"[redacted]\"}"
     "]}"},
    // In JSON in a text as well, and in a text in that.
    {"{\"names\":[\"pin\"]}", "{\"body\":\"{\\\"a\\\":1,\\\"pin\\\":\\\"1234\\\"}\"}",
     "{\"body\":\"{\\\"a\\\":1,\\\"pin\\\":\\\"[redacted]\\\"}\"}"},
    {"{\"names\":[\"pin\"]}", "{\"body\":\" [{\\\"in\\\":\\\"{\\\\\\\"pin\\\\\\\":1}\\\"}]\"}",
     "{\"body\":\"[{\\\"in\\\":\\\"{\\\\\\\"pin\\\\\\\":\\\\\\\"[redacted]\\\\\\\"}\\\"}]\"}"},
    {"{\"names\":[\"pin\"]}",
     "{\"b\":\"[\\\"[\\\\\\\"[\\\\\\\\\\\\\\\"x\\\\\\\\\\\\\\\"]\\\\\\\"]\\\"]\"}",
     "{\"b\":\"[\\\"[\\\\\\\"[redacted]\\\\\\\"]\\\"]\"}"},
    {"{\"names\":[\"pin\"]}", "{\"b\":\"{\\\"pin\\\":1,\\\"pin\\\":2}\",\"c\":\"{not json\"}",
     "{\"b\":\"[redacted]\",\"c\":\"{not json\"}"},
    // Paths.
    {"{\"paths\":[\"args.card.number\",\"args.items[*].note\",\"args.list[1]\",\"args[\\\"a.b\\\"]"
     "\"]}",
     "{\"card\":{\"number\":\"4\",\"Number\":5,\"numbers\":6},\"items\":[{\"note\":1},{\"x\":2,"
     "\"note\":3}],"
     "\"list\":[7,8,9],\"a.b\":10,\"number\":11}",
     "{\"card\":{\"number\":\"[redacted]\",\"Number\":\"[redacted]\",\"numbers\":6},\"items\":[{"
     "\"note\":"
     "\"[redacted]\"},{\"x\":2,\"note\":\"[redacted]\"}],\"list\":[7,\"[redacted]\",9],\"a.b\":\"["
     "redacted]\","
     "\"number\":11}"},
    // Expressions, in texts, numbers and names.
    {"{\"patterns\":[\"\\\\d{4}\"]}",
     "{\"a\":\"x 1234 y 56789\",\"b\":12345,\"c\":123,\"d\":[\"1111\"]}",
     "{\"a\":\"x [redacted] y "
     "[redacted]9\",\"b\":\"[redacted]\",\"c\":123,\"d\":[\"[redacted]\"]}"},
    {"{\"patterns\":[\"s3cret\"]}", "{\"x\":{\"s3cret\":1,\"y\":2}}", "{\"x\":\"[redacted]\"}"},
    {"{\"patterns\":[\"\\\\d{4}\"]}", "{\"a\":\"\\u0031234\"}", "{\"a\":\"[redacted]\"}"},
    // What is known of secrets.
    {"{}", "{\"password\":\"hunter2hunter2\",\"note\":\"AKIAIOSFODNN7EXAMPLE here\"}",
     "{\"password\":\"[redacted]\",\"note\":\"[redacted] here\"}"},
    {"{\"secrets\":false}", "{\"password\":\"hunter2hunter2\"}",
     "{\"password\":\"hunter2hunter2\"}"},
    // Cut, and what was in front of the cut was looked at as a whole.
    {"{\"max_value_bytes\":16,\"patterns\":[\"a+b\"]}",
     "{\"x\":\"0123456789aaaaaaaaaaaaaaaaaaaaab\",\"y\":\"0123456789012345\xC3\xA4\",\"z\":"
     "\"012345678901234\xC3\xA4\"}",
     "{\"x\":\"0123456789[redac\xE2\x80\xA6 [20 bytes in "
     "all]\",\"y\":\"0123456789012345\xE2\x80\xA6 [18 bytes in "
     "all]\",\"z\":\"012345678901234\xE2\x80\xA6 [17 bytes in all]\"}"},
    {"{\"max_value_bytes\":16}", "{\"n\":11111111111111111111}",
     "{\"n\":\"[left out: 20 bytes]\"}"},
};

static void what_is_left_of_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i][0], cases[i][1], cases[i][2], 0);
}

static void arguments_that_are_too_much_are_counted(void **state)
{
    (void)state;
    expect(
        "{\"max_bytes\":256,\"max_value_bytes\":1024}",
        "{\"a\":1,\"long\":\"0123456789012345678901234567890123456789012345678901234567890123456789"
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345"
        "67890123456789012345678901234567890123456789012345678901234567890123456789012345678901\","
        "\"b\":2}",
        "{\"a\":1,\"b\":2}", 1);
    expect("{\"patterns\":[\"s3cret\"]}", "{\"s3cret\":1,\"b\":2}", "{\"b\":2}", 1);
}

static void what_cannot_be_looked_at_is_left_out(void **state)
{
    (void)state;
    struct policy_mask *mask = compile("{\"patterns\":[\"x\"],\"max_bytes\":65536}");
    struct buffer args;
    buffer_init(&args, 0);
    buffer_append_string(&args, "{\"a\":\"");
    for (int i = 0; i < 70000; i++)
        buffer_append_string(&args, "y");
    buffer_append_string(&args, "\"}");
    assert_true(slice_equal_string(write_with(mask, buffer_slice(&args)),
                                   "{\"a\":\"[left out: 70000 bytes]\"}"));
    // All that is looked into of one call.
    buffer_clear(&args);
    buffer_append_string(&args, "{\"a\":[0");
    for (int i = 0; i < 6; i++) {
        buffer_append_string(&args, ",\"");
        for (int j = 0; j < 60000; j++)
            buffer_append_string(&args, "y");
        buffer_append_string(&args, "\"");
    }
    buffer_append_string(&args, "]}");
    struct slice written = write_with(mask, buffer_slice(&args));
    assert_non_null(memmem(written.data, written.length, ",\"[redacted]\",\"[redacted]\"]}", 27));
    buffer_release(&args);
    // No time left.
    patient = false;
    written = write_with(mask, SLICE_LITERAL("{\"b\":\"why\",\"n\":1,\"t\":true}"));
    patient = true;
    assert_true(slice_equal_string(written, "{}"));
    assert_int_equal(left_out, 3);
    policy_mask_unref(mask);
}

// Every allocation that may fail does so once: nothing that a rule names is ever written.
static void short_memory_shows_nothing(void **state)
{
    (void)state;
    struct policy_mask *mask = compile("{\"names\":[\"pin\"],\"patterns\":[\"\\\\d{4}\"]}");
    const struct slice args = SLICE_LITERAL("{\"pin\":\"abcd\",\"b\":\"{\\\"pin\\\":\\\"abcd\\\","
                                            "\\\"c\\\":\\\"x 9999\\\"}\",\"d\":[\"9999\"]}");
    struct json_doc doc;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, args, NULL, NULL, NULL), 0);
    for (size_t n = 1; n < 200; n++) {
        struct arena arena;
        arena_init(&arena, 0);
        buffer_release(&out);
        memory_fail_at(n, 1);
        const struct policy_masked_call call = {.doc = &doc, .args = 0};
        policy_mask_write(mask, &call, &arena, &out);
        memory_fail_at(0, 0);
        struct slice written = buffer_slice(&out);
        if (written.data != NULL && written.length > 0) {
            assert_null(memmem(written.data, written.length, "abcd", 4));
            assert_null(memmem(written.data, written.length, "9999", 4));
        }
        arena_release(&arena);
    }
    json_doc_release(&doc);
    policy_mask_unref(mask);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"[]", "1:1: the rules of what is logged of arguments must be an object, not array"},
        {"{\"name\":[]}",
         "1:2: unknown key 'name' in the rules of what is logged of arguments; did "
         "you mean 'names'?"},
        {"{\"names\":\"x\"}", "1:10: 'names' must be an array, not string"},
        {"{\"names\":[\"\"]}", "1:11: a name has 1 to 128 bytes"},
        {"{\"paths\":[\"tool.name\"]}",
         "1:11: 'tool.name' is no part of the arguments: write args.NAME"},
        {"{\"paths\":[\"args\"]}", "1:11: 'args' is no part of the arguments: write args.NAME"},
        {"{\"patterns\":[\"(\"]}",
         "1:14: wrong regular expression, at character 2: missing closing "
         "parenthesis"},
        {"{\"patterns\":[\"a*\"]}", "1:14: the pattern matches where nothing is"},
        {"{\"secrets\":1}", "1:12: 'secrets' must be true or false, not number"},
        {"{\"max_bytes\":65537}", "1:14: 'max_bytes' must be a whole number from 256 to 65536"},
        {"{\"max_value_bytes\":\"1 KiB\"}",
         "1:20: 'max_value_bytes' must be a whole number from 16 to 16384"},
        {"{", "1:2: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct policy_mask *mask = NULL;
        struct policy_problems problems;
        char text[480];
        assert_int_equal(policy_mask_compile(slice_from_string(rows[i][0]), &mask, &problems),
                         ERROR_CONFIG);
        assert_null(mask);
        assert_true(problems.count > 0);
        snprintf(text, sizeof text, "%u:%u: %s", problems.items[0].at.line,
                 problems.items[0].at.column, problems.items[0].text);
        if (strncmp(text, rows[i][1], strlen(rows[i][1])) != 0)
            fail_msg("%s: %s", rows[i][0], text);
        policy_problems_release(&problems);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_of_arguments),
        cmocka_unit_test(arguments_that_are_too_much_are_counted),
        cmocka_unit_test(what_cannot_be_looked_at_is_left_out),
        cmocka_unit_test(short_memory_shows_nothing),
        cmocka_unit_test(mistakes_are_told),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_release(&out);
    return result;
}
