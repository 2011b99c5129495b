// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What values become in each place of a page.
#include "lib/unit.h"
#include "pages/html_internal.h"

static void check(struct buffer *out, const char *expected)
{
    assert_false(out->failed);
    struct slice got = buffer_slice(out);
    if (!slice_equal_string(got, expected))
        fail_msg("expected '%s', got '%.*s'", expected, SLICE_PRINT(got));
    buffer_clear(out);
}

struct pair {
    const char *value, *expected;
};

static void text_is_escaped(void **state)
{
    static const struct pair pairs[] = {
        {"", ""},
        {"plain", "plain"},
        {"<script>alert('1' & \"2\")</script>",
         "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;"},
        {"a\tb\r\nc", "a\tb\nc"},
        {"a\x01\x1B\x7F", "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x80"},
        {"\xC2\x85", "\xEF\xBF\xBD"}, // a control character of C1
        // Cut, alone, overlong, a surrogate, too large
        {"\xC3", "\xEF\xBF\xBD"},
        {"\x80<", "\xEF\xBF\xBD&lt;"},
        {"\xC0\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xE0\x80\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xE2\x82<b>", "\xEF\xBF\xBD\xEF\xBF\xBD&lt;b&gt;"},
        // What nobody sees
        {"a\xE2\x80\xAE"
         "b",
         "a[U+202E]b"},
        {"\xE2\x80\x8B\xEF\xBB\xBF\xF3\xA0\x81\x81", "[U+200B][U+FEFF][U+E0041]"},
        {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", // joined emoji stay
         "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB"}};
    struct buffer out;
    (void)state;
    buffer_init(&out, 0);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        html_string(&out, pairs[i].value);
        check(&out, pairs[i].expected);
    }
    html_slice(&out, slice_of("a\0b", 3));
    check(&out, "a\xEF\xBF\xBD"
                "b");
    html_slice(&out, (struct slice){0});
    check(&out, "");
    buffer_release(&out);
}

static void parts_of_addresses_are_encoded(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 0);
    HTML_PART(&out, (const char *)"a/b?c#d&e=\"'<>%\xC3\xA9-._~Z9 \n");
    check(&out, "a%2Fb%3Fc%23d%26e%3D%22%27%3C%3E%25%C3%A9-._~Z9%20%0A");
    HTML_PART(&out, slice_of("\0", 1));
    check(&out, "%00");
    HTML_PART(&out, 1234U);
    check(&out, "1234");
    html_whole(&out, (struct html_url){SLICE_LITERAL("https://a/\"><b>&c")});
    check(&out, "https://a/&quot;&gt;&lt;b&gt;&amp;c");
    buffer_release(&out);
}

static void numbers_and_times(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 0);
    HTML_TEXT(&out, 0U);
    buffer_append_string(&out, " ");
    HTML_TEXT(&out, 999UL);
    buffer_append_string(&out, " ");
    HTML_TEXT(&out, 1000U);
    buffer_append_string(&out, " ");
    HTML_TEXT(&out, UINT64_MAX);
    check(&out, "0 999 1,000 18,446,744,073,709,551,615");
    HTML_ATTRIBUTE(&out, 1000U);
    check(&out, "1000");
    html_share(&out, 0);
    html_share(&out, 7);
    html_share(&out, 123);
    html_share(&out, 1000);
    check(&out, "0 %0.7 %12 %100 %");
    html_plural(&out, 1, "tool", "tools");
    html_plural(&out, 0, "tool", "tools");
    check(&out, "tooltools");
    html_date(&out, 1795312800000);
    buffer_append_string(&out, " ");
    html_iso(&out, 1795312800123);
    check(&out, "22 Nov 2026 2026-11-22T02:00:00Z");
    html_date(&out, 0);
    check(&out, "1 Jan 1970");
    buffer_release(&out);
}

static void cuts_are_between_characters(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 0);
    html_cut(&out, SLICE_LITERAL("abc"), 3);
    check(&out, "abc");
    html_cut(&out, SLICE_LITERAL("ab\xE2\x82\xAC"), 4);
    check(&out, "ab\xE2\x80\xA6");
    html_cut(&out, SLICE_LITERAL("a<b"), 2);
    check(&out, "a&lt;\xE2\x80\xA6");
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped), cmocka_unit_test(parts_of_addresses_are_encoded),
        cmocka_unit_test(numbers_and_times), cmocka_unit_test(cuts_are_between_characters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
