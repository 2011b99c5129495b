// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The run of characters that is read off an expression is in each of its matches: else a search for
// the run would miss some. PCRE2 says what the matches are, for expressions and texts made at
// random.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "policy/regex_internal.h"

#include <stdarg.h> // cmocka.h needs these three
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>
#include <pcre2.h>

enum {
    EXPRESSIONS = 30000,
    TEXTS = 8,
    TEXT_PIECES = 40,
    OPTIONS = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY
};

static uint64_t state = 0x5EEDULL;

static unsigned pick(unsigned count)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % count;
}

#define PICK(array) array[pick(sizeof array / sizeof *array)]

static const char *const atoms[] = {
    "a",        "b",      "k",     "S",        "s",           "A",           "1",      "-",
    "_",        "\\.",    "\\-",   "\\d",      "\\w",         "\\s",         "\\D",    "\\W",
    "\\S",      ".",      "[ab]",  "[a-k]",    "[0-9]",       "[^a]",        "[A-F1]", "[a1-]",
    "[\\d_]",   "[-a]",   "[]a]",  "[\\]a]",   "\\b",         "\\B",         "(a|b)",  "(?:ab)",
    "(?=a)",    "(?!b)",  "(a1)",  "\xC3\xA9", "[a\xC3\xA9]", "[[:digit:]]", "[\\w.]", "[+-.]",
    "[a-cx-z]", "[ \\t]", "[!-~]", "\\x61",    "\\Qa\\E",     "[\\x61]",     "(?i)",   "[k-t]",
    "$",        "^",      "|",     "(?#x)a"};
static const char *const repeats[] = {"",  "",    "",      "",    "",     "",   "*",   "+",
                                      "?", "{2}", "{1,2}", "{0}", "{2,}", "+?", "{3}", "*+"};
// Also an e with an accent, the long s and the sign of kelvin.
static const char *const pieces[] = {"a", "b", "k",  "s",        "S",        "A",
                                     "1", "2", "-",  "_",        ".",        " ",
                                     "F", "z", "+",  "\xC3\xA9", "\xC5\xBF", "\xE2\x84\xAA",
                                     "]", "t", "\n", "ab",       "aa",       "11"};

static void make_expression(char *out, size_t size)
{
    size_t length = (size_t)snprintf(out, size, "%s", pick(4) == 0 ? "(?i)" : "");
    for (unsigned i = 0, count = 1 + pick(6); i < count; i++)
        length += (size_t)snprintf(out + length, size - length, "%s%s", PICK(atoms), PICK(repeats));
}

static void make_text(char *out, size_t size)
{
    size_t length = 0;
    for (unsigned i = 0, count = pick(TEXT_PIECES); i < count; i++)
        length += (size_t)snprintf(out + length, size - length, "%s", PICK(pieces));
    out[length] = '\0';
}

// Where the match ends up, it holds the run; and begins with it, if all do.
static size_t check_matches(pcre2_code *code, pcre2_match_data *data, const char *expression,
                            const struct regex_literal *run, struct slice text)
{
    size_t from = 0, matches = 0;
    while (from <= text.length &&
           pcre2_match(code, (PCRE2_SPTR)text.data, text.length, from, 0, data, NULL) > 0) {
        const PCRE2_SIZE *span = pcre2_get_ovector_pointer(data);
        size_t place = regex_literal_find(run, text, span[0]);
        if (place == SIZE_MAX || place + run->length > span[1] || (run->prefix && place != span[0]))
            fail_msg("'%s' in '%s': a match at %zu to %zu, the run at %zu", expression, text.data,
                     span[0], span[1], place);
        matches++;
        from = span[1] > span[0] ? span[1] : text.length + 1;
    }
    return matches;
}

static size_t check_expression(const char *expression, const struct regex_literal *run)
{
    int error;
    PCRE2_SIZE at;
    size_t matches = 0;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, OPTIONS, &error, &at, NULL);
    if (code == NULL)
        return 0;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    for (int i = 0; i < TEXTS; i++) {
        char text[TEXT_PIECES * 4];
        make_text(text, sizeof text);
        matches += check_matches(code, data, expression, run, slice_from_string(text));
    }
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return matches;
}

static void each_match_holds_the_run(void **unused)
{
    size_t runs = 0, matches = 0;
    (void)unused;
    for (int i = 0; i < EXPRESSIONS; i++) {
        char expression[160];
        struct regex_literal run;
        make_expression(expression, sizeof expression);
        regex_literal_read(slice_from_string(expression), &run);
        if (run.length == 0)
            continue;
        runs++;
        matches += check_expression(expression, &run);
    }
    // Else nothing was tried.
    assert_true(runs > EXPRESSIONS / 4);
    assert_true(matches > EXPRESSIONS);
}

// ---- What is read off

static void reads(const char *expression, size_t length, const char *text)
{
    struct regex_literal run;
    regex_literal_read(slice_from_string(expression), &run);
    if (run.length != length)
        fail_msg("'%s': %zu characters, not %zu", expression, run.length, length);
    if (text != NULL)
        assert_int_not_equal(regex_literal_find(&run, slice_from_string(text), 0), SIZE_MAX);
}

static void the_run_that_tells_most_is_read(void **unused)
{
    (void)unused;
    reads("\\bACME-[0-9]{6}\\b", 11, "x ACME-123456");
    reads("\\b[A-Z]{2}[0-9]{6}[A-D]\\b", 9, "QQ123456C");
    reads("(?i)internal use only: [^\\n]+", 10, "INTERNAL USE");
    reads("[0-9]{4}( ?[0-9]{4}){3}", 4, "1234");
    reads("\\d{40}", 32, "12345678901234567890123456789012");
    reads("a+b{2,}c", 2, "bb"); // of which the last may be another's first
    reads("a|b", 0, NULL);
    reads("(?x) a b", 0, NULL);
    reads("\\Qa.b\\E", 0, NULL);
    reads("(*UCP)\\d", 0, NULL);
    reads("(?i)[a-z]{8}", 0, NULL); // the long s, the sign of kelvin
    reads("[^a]{8}", 0, NULL);
}

// In long texts, at every distance from what is looked at many places at a time.
static void it_is_found_wherever_it_stands(void **unused)
{
    (void)unused;
    enum { LONGEST = 80 };
    struct regex_literal run;
    regex_literal_read(SLICE_LITERAL("[A-Z]{2}[0-9]{3}[a-f0-9]"), &run);
    for (size_t length = 6; length < LONGEST; length++)
        for (size_t place = 0; place + 6 <= length; place++) {
            char text[LONGEST];
            memset(text, 'A', sizeof text);
            memcpy(text + place, "ZZ123e", 6);
            assert_int_equal(regex_literal_find(&run, slice_of(text, length), 0), place);
            assert_int_equal(regex_literal_find(&run, slice_of(text, length), place), place);
            assert_true(regex_literal_find(&run, slice_of(text, length), place + 1) == SIZE_MAX);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_match_holds_the_run),
        cmocka_unit_test(the_run_that_tells_most_is_read),
        cmocka_unit_test(it_is_found_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
