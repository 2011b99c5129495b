// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What changes a fingerprint, and what must not.
#include "lib/unit.h"

#include "base/memory.h"
#include "catalogue/catalogue.h"

#define TOOL                                                                                       \
    "{\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\",\"maximum\":" \
    "1}}"

static void print_of(const char *text, unsigned char ret[CATALOGUE_FINGERPRINT_SIZE])
{
    struct json_doc doc;
    struct buffer scratch;
    json_doc_init(&doc);
    buffer_init(&scratch, 0);
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, NULL, NULL), 0);
    assert_int_equal(catalogue_fingerprint(&doc, 0, &scratch, ret), 0);
    buffer_release(&scratch);
    json_doc_release(&doc);
}

static bool same(const char *a, const char *b)
{
    unsigned char one[CATALOGUE_FINGERPRINT_SIZE], other[CATALOGUE_FINGERPRINT_SIZE];
    print_of(a, one);
    print_of(b, other);
    return memcmp(one, other, sizeof one) == 0;
}

static void spelling_does_not_matter(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{ \"inputSchema\": {\"maximum\":1.0,\"type\":\"object\"}, \"description\":\"Pays\",\n"
        "\"name\":\"pay\"}",
        "{\"name\":\"p\\u0061y\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":10e-1}}",
        "{\"name\":\"pay\",\"_meta\":{\"at\":17},\"description\":\"Pays\",\"inputSchema\":{"
        "\"type\":"
        "\"object\",\"maximum\":1},\"execution\":{\"taskSupport\":\"optional\"}}",
        "{\"_m\\u0065ta\":1,\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":"
        "\"object\",\"maximum\":1}}",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(same(TOOL, others[i]));
}

static void every_part_counts(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{\"name\":\"Pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":1}}",
        "{\"name\":\"pay\",\"description\":\"Pays "
        "\",\"inputSchema\":{\"type\":\"object\",\"maximum\":1}}",
        "{\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":2}}",
        "{\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":1,"
        "\"_meta\":{}}}",
        "{\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":1},"
        "\"annotations\":{}}",
        "{\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":1},"
        "\"title\":\"\"}",
        "{\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":1},"
        "\"outputSchema\":{}}",
        "{\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":1},"
        "\"_META\":{}}",
        "{\"name\":\"pay\",\"description\":\"Pays\",\"inputSchema\":{\"type\":\"object\","
        "\"maximum\":\"1\"}}",
        "[]",
        "\"pay\"",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(same(TOOL, others[i]));
}

static void want_of_memory_is_said(void **state)
{
    (void)state;
    unsigned char print[CATALOGUE_FINGERPRINT_SIZE];
    struct json_doc doc;
    struct buffer scratch;
    json_doc_init(&doc);
    assert_int_equal(json_scan(&doc, slice_from_string(TOOL), NULL, NULL, NULL), 0);
    buffer_init(&scratch, 16);
    assert_int_equal(catalogue_fingerprint(&doc, 0, &scratch, print), ERROR_TOO_LARGE);
    buffer_release(&scratch);
    buffer_init(&scratch, 0);
    memory_fail_at(1, 1);
    int result = catalogue_fingerprint(&doc, 0, &scratch, print);
    memory_fail_at(0, 0);
    assert_int_equal(result, ERROR_NO_MEMORY);
    buffer_release(&scratch);
    json_doc_release(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(spelling_does_not_matter),
                                       cmocka_unit_test(every_part_counts),
                                       cmocka_unit_test(want_of_memory_is_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
