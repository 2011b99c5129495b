// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/decimal.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NINES_36 "999999999999999999999999999999999999"

static struct decimal parse(const char *text)
{
    struct decimal d;
    assert_int_equal(decimal_parse(slice_from_string(text), &d), 0);
    return d;
}

static void assert_formats(struct decimal d, const char *wanted)
{
    char text[DECIMAL_TEXT_SIZE];
    memset(text, '#', sizeof text);
    decimal_format(d, text);
    assert_string_equal(text, wanted);
}

static void numbers_follow_the_grammar(void **state)
{
    (void)state;
    static const char *const plain[] = {"0", "-0", "7", "10", "0.0", "-1.50", "123456789.000"};
    static const char *const with_exponent[] = {"1e0", "1E+5", "-0.5e-3", "0e99", "1e007"};
    static const char *const none[] = {"",     "-",   "+1",   "01",    "-01", ".5",      "1.",
                                       "1.e1", "1e",  "1e+",  "1e1.5", "0x1", " 1",      "1 ",
                                       "1a",   "--1", "1..2", "NaN",   "1,5", "\xD9\xA1"};
    for (size_t i = 0; i < COUNT(plain); i++) {
        assert_true(decimal_is_number(slice_from_string(plain[i])));
        assert_true(decimal_is_plain(slice_from_string(plain[i])));
    }
    for (size_t i = 0; i < COUNT(with_exponent); i++) {
        assert_true(decimal_is_number(slice_from_string(with_exponent[i])));
        assert_false(decimal_is_plain(slice_from_string(with_exponent[i])));
    }
    struct decimal d;
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_false(decimal_is_number(slice_from_string(none[i])));
        assert_false(decimal_is_plain(slice_from_string(none[i])));
        assert_int_equal(decimal_parse(slice_from_string(none[i]), &d), ERROR_SYNTAX);
    }
    assert_false(decimal_is_number(slice_of("1\0", 2)));
    assert_false(decimal_is_number(slice_of(NULL, 0)));
}

// Every pair of this ascending list compares as its places say; one line holds equal numbers.
static const char *const ascending[][5] = {
    {"-1e401"},
    {"-1e400", "-10e399"},
    {"-" NINES_36},
    {"-2"},
    {"-1.5", "-15e-1"},
    {"-0.001", "-1e-3"},
    {"-1e-400"},
    {"0", "-0", "0.0", "0e9999", "-0.00e-5"},
    {"1e-401"},
    {"1e-400"},
    {"0.1", "0.10", "1e-1", "100e-3"},
    {"0.10000000000000000000000000000000000001"},
    {"0.3"},
    {"0.99999999999999999999999999999999999999999999"},
    {"1", "1.0", "1e0", "10e-1", "0.1e1"},
    {"1.00000000000000000000000000000000000000000001"},
    {"9"},
    {"10", "1e1", "10.0"},
    {"9007199254740992"},
    {"9007199254740993"},
    {NINES_36},
    {"1e36", "1000000000000000000000000000000000000"},
    {"1e400", "0.1e401"},
    {"1e401"},
    {"1e100000000000000000"},
};

static void texts_compare_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t k = 0; k < COUNT(ascending); k++)
            for (size_t x = 0; x < 5 && ascending[i][x] != NULL; x++)
                for (size_t y = 0; y < 5 && ascending[k][y] != NULL; y++)
                    assert_int_equal(decimal_compare_text(slice_from_string(ascending[i][x]),
                                                          slice_from_string(ascending[k][y])),
                                     (i > k) - (i < k));
}

static void values_compare_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t k = 0; k < COUNT(ascending); k++) {
            struct decimal a, b;
            if (decimal_parse(slice_from_string(ascending[i][0]), &a) == 0 &&
                decimal_parse(slice_from_string(ascending[k][0]), &b) == 0)
                assert_int_equal(decimal_compare(a, b), (i > k) - (i < k));
        }
}

static void parsing_has_borders(void **state)
{
    (void)state;
    struct decimal d = {4711, 3};
    assert_int_equal(decimal_parse(SLICE_LITERAL(NINES_36 "9"), &d), ERROR_RANGE);
    assert_int_equal(decimal_parse(SLICE_LITERAL("0." NINES_36 "1"), &d), ERROR_RANGE);
    assert_int_equal(decimal_parse(SLICE_LITERAL("1e10000"), &d), ERROR_RANGE);
    assert_int_equal(decimal_parse(SLICE_LITERAL("10e9999"), &d), ERROR_RANGE);
    assert_int_equal(decimal_parse(SLICE_LITERAL("1e-10000"), &d), ERROR_RANGE);
    assert_int_equal(decimal_parse(SLICE_LITERAL("0.1e-9999"), &d), ERROR_RANGE);
    assert_int_equal(decimal_parse(SLICE_LITERAL("1e99999999999999999999"), &d), ERROR_RANGE);
    // Outputs stay as they were.
    assert_true(d.coefficient == 4711 && d.exponent == 3);
    // Zeros at either end are not significant.
    d = parse("0.00" NINES_36 "000");
    assert_int_equal(d.exponent, -38);
    d = parse(NINES_36 "0000");
    assert_int_equal(d.exponent, 4);
    d = parse("-1e9999");
    assert_true(d.coefficient == -1 && d.exponent == 9999);
    d = parse("10e-10000");
    assert_true(d.coefficient == 1 && d.exponent == -9999);
    d = parse("0e99999");
    assert_true(d.coefficient == 0 && d.exponent == 0);
}

static void zero_has_no_sign(void **state)
{
    (void)state;
    struct decimal d = parse("-0.000");
    assert_true(decimal_is_zero(d));
    assert_false(decimal_is_negative(d));
    assert_formats(d, "0");
    assert_true(decimal_is_negative(parse("-0.1")));
    assert_false(decimal_is_zero(parse("1e-9999")));
}

static void integers_convert(void **state)
{
    (void)state;
    assert_formats(decimal_from_integer(INT64_MIN), "-9223372036854775808");
    assert_formats(decimal_from_integer(INT64_MAX), "9223372036854775807");
    assert_formats(decimal_from_integer(0), "0");
    struct decimal d = decimal_from_integer(-1200);
    assert_true(d.coefficient == -12 && d.exponent == 2);
}

static void sums_are_exact(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"0.1", "0.2", "0.3"},
        {"1.5", "-1.5", "0"},
        {"0", "-7", "-7"},
        {"-7", "0", "-7"},
        {"99.99", "0.01", "100"},
        {"-0.003", "12.5", "12.497"},
        {NINES_36, "1", "1e36"},
        {"-" NINES_36, "-1", "-1e36"},
        {"1e36", "-1", NINES_36},
        {"1e40", "-" NINES_36 "e4", "10000"},
        {"1e35", "1", "100000000000000000000000000000000001"},
        {"1e-9999", "1e-9999", "2e-9999"},
        {"9e9999", "-1e9999", "8e9999"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decimal a = parse(cases[i][0]), b = parse(cases[i][1]), sum, back;
        assert_int_equal(decimal_add(a, b, &sum), 0);
        assert_formats(sum, cases[i][2]);
        assert_int_equal(decimal_add(b, a, &back), 0);
        assert_int_equal(decimal_compare(sum, back), 0);
        assert_int_equal(decimal_subtract(sum, b, &back), 0);
        assert_int_equal(decimal_compare(back, a), 0);
    }
}

static void sums_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"1e36", "1"},          {"1e37", "-1"},       {"1e38", "1"},        {"1e9999", "1"},
        {"1e9999", "1e-9999"},  {"5e9999", "5e9999"}, {"1", "1e-36"},       {NINES_36, "0.1"},
        {"-" NINES_36, "-0.9"}, {NINES_36, "2"},      {NINES_36 "e2", "1"}, {NINES_36 "e3", "1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decimal sum = {1, 1};
        assert_int_equal(decimal_add(parse(cases[i][0]), parse(cases[i][1]), &sum), ERROR_RANGE);
        assert_true(sum.coefficient == 1 && sum.exponent == 1);
    }
}

static void a_thousand_cents_make_ten(void **state)
{
    (void)state;
    struct decimal sum = {0}, cent = parse("0.01");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(decimal_add(sum, cent, &sum), 0);
    assert_formats(sum, "10");
}

static void formats_are_short(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"12.50", "12.5"},
        {"-0.003", "-0.003"},
        {"0.000001", "0.000001"},
        {"0.0000001", "1e-7"},
        {"-0.00000012", "-1.2e-7"},
        {"1e19", "10000000000000000000"},
        {"1e20", "1e20"},
        {"1e40", "1e40"},
        {"12e20", "1.2e21"},
        {"-" NINES_36, "-" NINES_36},
        {"-" NINES_36 "e-9999", "-9.99999999999999999999999999999999999e-9964"},
        {"-" NINES_36 "e9999", "-9.99999999999999999999999999999999999e10034"},
        {"-0.00000" NINES_36, "-0.00000" NINES_36},
        {"0.5e1", "5"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_formats(parse(cases[i][0]), cases[i][1]);
}

static size_t canonical(const char *text, char *out, size_t size)
{
    memset(out, '#', size);
    size_t length = decimal_canonical_text(slice_from_string(text), out);
    assert_true(length <= strlen(text) + 16);
    assert_int_equal(out[length], '#');
    out[length] = '\0';
    return length;
}

// One text for each value, and it means the value.
static void canonical_texts_are_one_per_value(void **state)
{
    (void)state;
    char first[256], other[256];
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t x = 0; x < 5 && ascending[i][x] != NULL; x++) {
            canonical(ascending[i][0], first, sizeof first);
            canonical(ascending[i][x], other, sizeof other);
            assert_string_equal(first, other);
            assert_int_equal(
                decimal_compare_text(slice_from_string(other), slice_from_string(ascending[i][x])),
                0);
            canonical(first, other, sizeof other);
            assert_string_equal(first, other);
        }
    assert_int_equal(decimal_canonical_text(SLICE_LITERAL("x"), first), 0);
}

static void canonical_texts_of_any_length(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"-0", "0"},
        {"-0.0e-99", "0"},
        {"1.0E+0002", "100"},
        {"1e-0", "1"},
        {"-1e19", "-10000000000000000000"},
        {"-1e20", "-1e20"},
        {"123456789012345678901234567890123456789012345.60",
         "123456789012345678901234567890123456789012345.6"},
        {"0.000000100", "1e-7"},
        {"1000000000000000000000000000", "1e27"},
        {"100200e-2", "1002"},
        {"123e-2", "1.23"},
        {"91e9999", "9.1e10000"},
    };
    char out[256];
    for (size_t i = 0; i < COUNT(cases); i++) {
        canonical(cases[i][0], out, sizeof out);
        assert_string_equal(out, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_follow_the_grammar),
        cmocka_unit_test(texts_compare_exactly),
        cmocka_unit_test(values_compare_exactly),
        cmocka_unit_test(parsing_has_borders),
        cmocka_unit_test(zero_has_no_sign),
        cmocka_unit_test(integers_convert),
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(sums_that_do_not_fit_are_refused),
        cmocka_unit_test(a_thousand_cents_make_ten),
        cmocka_unit_test(formats_are_short),
        cmocka_unit_test(canonical_texts_are_one_per_value),
        cmocka_unit_test(canonical_texts_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
