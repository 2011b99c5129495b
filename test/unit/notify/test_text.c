// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What strangers wrote, on its way into a mail; and how far attempts are apart.
#include "lib/unit.h"

#include "base/codec.h"
#include "notify/notify_internal.h"

struct row {
    const char *from, *to;
};

static void expect(const struct row *row, struct buffer *out)
{
    assert_false(out->failed);
    if (!slice_equal_string(buffer_slice(out), row->to))
        fail_msg("'%s' becomes '%.*s'", row->from, SLICE_PRINT(buffer_slice(out)));
    buffer_release(out);
}

static void a_line_stays_one(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"a\r\nBcc: b", "a\xEF\xBF\xBD Bcc: b"},
        {"tab\there", "tab here"},
        {"\x1B[2Jx\x7F", "\xEF\xBF\xBD[2Jx\xEF\xBF\xBD"},
        {"\xE2\x80\xAE", "[U+202E]"},
        {"\xE2\x80\x8B", "[U+200B]"},
        {"\xC2\x85", "\xEF\xBF\xBD"}, // a line end of C1
        {"\xE2\x80\xA8", "[U+2028]"}, // another one
        {"\xFF\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC3\xA4", "\xC3\xA4"},
        {"0123456789", "01234567\xE2\x80\xA6"},
        {"0123456\xC3\xA4x", "0123456\xC3\xA4\xE2\x80\xA6"}, // no half of a character
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        notify_write_line(&out, slice_from_string(rows[i].from), rows[i].from[0] == '0' ? 8 : 100);
        expect(&rows[i], &out);
    }
}

static void quoted_printable_is_that_of_the_standard(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", ""},
        {"a\n", "a\r\n"},
        {"a", "a\r\n"},
        {"\n\n", "\r\n\r\n"},
        {"a=b", "a=3Db\r\n"},
        {"\xC3\xA4", "=C3=A4\r\n"},
        {"end \n", "end=20\r\n"},
        {"end\t\n", "end=09\r\n"},
        {".\n.a\n", "=2E\r\n=2Ea\r\n"},
        {"From me\n", "=46rom me\r\n"},
        {"a\rb", "a=0Db\r\n"},
        {"--=_sallyport--", "--=3D_sallyport--\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        notify_write_quoted(&out, slice_from_string(rows[i].from));
        expect(&rows[i], &out);
    }
}

// Whatever the bytes: lines of 76 at most, nothing but visible ASCII, no dot in front, and back
// again it is the same.
static void quoted_printable_says_the_same(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int round = 0; round < 2000; round++) {
        char text[300], back[300];
        size_t length = 0, count = 0, column = 0;
        struct buffer out;
        for (size_t wanted = (size_t)(round % 299); length < wanted; length++) {
            seed = seed * 1103515245 + 12345;
            static const char often[] = "aF. =\n\t\xC3\r";
            text[length] = seed >> 28 < 9 ? often[seed >> 28] : (char)(seed >> 16);
        }
        buffer_init(&out, 0);
        notify_write_quoted(&out, slice_of(text, length));
        struct slice made = buffer_slice(&out);
        for (size_t i = 0; i < made.length;) {
            bool end = made.data[i] == '\r';
            assert_true(column > 0 || (made.data[i] != '.' && made.data[i] != 'F'));
            assert_true(end || (made.data[i] >= ' ' && made.data[i] <= '~') ||
                        made.data[i] == '\t');
            column = end ? 0 : column + 1;
            assert_true(column <= 76);
            unsigned char value = 0;
            if (end) {
                back[count++] = '\n';
                i += 2;
            } else if (made.data[i] == '=' && made.data[i + 1] == '\r') {
                column = 0;
                i += 3;
            } else if (made.data[i] == '=') {
                assert_true(codec_read_hex(slice_of(made.data + i + 1, 2), &value, 1));
                back[count++] = (char)value;
                column += 2;
                i += 3;
            } else {
                back[count++] = made.data[i++];
            }
        }
        if (length > 0 && text[length - 1] != '\n')
            count--; // the last line is ended
        assert_int_equal(count, length);
        assert_memory_equal(back, text, length);
        buffer_release(&out);
    }
}

static void headers_are_words_of_ascii(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"plain", "S: plain\r\n"},
        {"", "S: \r\n"},
        {"\xC3\xA4", "S: =?UTF-8?B?w6Q=?=\r\n"},
        {"=?x?=", "S: =?UTF-8?B?PT94Pz0=?=\r\n"},
        {"a\r\nB: c", "S: =?UTF-8?B?YQ0KQjogYw==?=\r\n"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xA4\xC3\xA4",
         "S: =?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=?=\r\n"
         " =?UTF-8?B?w6TDpA==?=\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        notify_write_header(&out, "S", slice_from_string(rows[i].from));
        expect(&rows[i], &out);
    }
}

static void dates_have_their_weekday(void **state)
{
    (void)state;
    char text[NOTIFY_DATE_SIZE];
    notify_write_date(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 +0000");
    notify_write_date(1795326300000, text);
    assert_string_equal(text, "Sun, 22 Nov 2026 05:45:00 +0000");
    notify_write_date(1709164799999, text);
    assert_string_equal(text, "Wed, 28 Feb 2024 23:59:59 +0000");
}

static void attempts_move_apart_and_end_within_a_day(void **state)
{
    (void)state;
    int64_t all = 0, before = 0;
    for (int64_t attempts = 1; attempts < NOTIFY_ATTEMPTS; attempts++) {
        int64_t longest = notify_backoff_ms(attempts, 0),
                shortest = notify_backoff_ms(attempts, 999);
        assert_true(longest > before && shortest <= longest && shortest >= longest * 4 / 5);
        before = longest;
        all += longest;
    }
    assert_int_equal(notify_backoff_ms(1, 0), 5000);
    assert_true(all < (int64_t)NOTIFY_HOURS * 60 * 60 * 1000);
    assert_true(all > (int64_t)NOTIFY_HOURS * 60 * 60 * 1000 * 3 / 4);
    assert_true(notify_backoff_ms(INT64_MAX, 0) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_stays_one),
        cmocka_unit_test(quoted_printable_is_that_of_the_standard),
        cmocka_unit_test(quoted_printable_says_the_same),
        cmocka_unit_test(headers_are_words_of_ascii),
        cmocka_unit_test(dates_have_their_weekday),
        cmocka_unit_test(attempts_move_apart_and_end_within_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
