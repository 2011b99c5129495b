// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/clock.h"

static void formats_utc(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_SIZE];
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format(1798761600123, text);
    assert_string_equal(text, "2027-01-01T00:00:00.123Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void parses_rfc3339(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_true(clock_parse(SLICE_LITERAL("2027-01-01T00:00:00Z"), &ms));
    assert_int_equal(ms, 1798761600000);
    assert_true(clock_parse(SLICE_LITERAL("2027-01-01T01:30:00.25+01:30"), &ms));
    assert_int_equal(ms, 1798761600250);
    assert_true(clock_parse(SLICE_LITERAL("2024-02-29T00:00:00Z"), &ms));
}

static void refuses_other_texts(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",       "2027-01-01",           "2027-01-01T00:00:00",  "2027-13-01T00:00:00Z",
        "27-1-1", "2023-02-29T00:00:00Z", "2027-01-01T24:00:00Z", "2027-01-01T00:00:00.Z",
        "never",  "2027-01-01T00:00:00Zx"};
    int64_t ms = 7;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(clock_parse(slice_from_string(wrong[i]), &ms));
    assert_int_equal(ms, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(formats_utc),
                                       cmocka_unit_test(parses_rfc3339),
                                       cmocka_unit_test(refuses_other_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
