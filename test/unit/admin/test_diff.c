// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "admin/admin_internal.h"

#include <stdlib.h>

enum { LINES = 14, ROUNDS = 3000 };

static struct buffer out;

static struct json_doc differ(const char *before, const char *after)
{
    struct json_doc doc;
    buffer_init(&out, 0);
    json_doc_init(&doc);
    assert_int_equal(admin_diff_lines(slice_from_string(before), slice_from_string(after), &out),
                     0);
    assert_int_equal(json_scan(&doc, buffer_slice(&out), NULL, NULL, NULL), 0);
    return doc;
}

static bool is(const struct json_doc *doc, uint32_t item, const char *change)
{
    return json_string_equals(doc, json_get(doc, item, "change"), slice_from_string(change));
}

// What is the same and what went is the text before; what is the same and what came the text after.
static size_t check(const char *before, const char *after)
{
    struct json_doc doc = differ(before, after);
    char texts[2][256] = {"", ""};
    size_t changes = 0;
    for (uint32_t item = json_first_element(&doc, 0); item != JSON_NONE;
         item = json_next_element(&doc, 0, item)) {
        struct slice text = json_raw(&doc, json_get(&doc, item, "text"));
        for (size_t i = 0; i < 2; i++)
            if (is(&doc, item, "same") || is(&doc, item, i == 0 ? "removed" : "added"))
                strncat(strncat(texts[i], text.data + 1, text.length - 2), "\n", 2);
        changes += !is(&doc, item, "same");
    }
    assert_string_equal(texts[0], before);
    assert_string_equal(texts[1], after);
    json_doc_release(&doc);
    buffer_release(&out);
    return changes;
}

// The fewest changes, by trying everything.
static size_t fewest(const char *a, const char *b)
{
    size_t table[LINES + 1][LINES + 1] = {{0}}, m = strlen(a) / 2, n = strlen(b) / 2;
    for (size_t i = m + 1; i-- > 0;)
        for (size_t k = n + 1; k-- > 0;) {
            if (i == m || k == n)
                table[i][k] = m - i + n - k;
            else if (a[2 * i] == b[2 * k])
                table[i][k] = table[i + 1][k + 1];
            else
                table[i][k] =
                    1 + (table[i + 1][k] < table[i][k + 1] ? table[i + 1][k] : table[i][k + 1]);
        }
    return table[0][0];
}

static void any_two_texts_differ_by_the_fewest_lines(void **state)
{
    (void)state;
    srand(7);
    for (size_t round = 0; round < ROUNDS; round++) {
        char texts[2][2 * LINES + 1] = {"", ""};
        for (size_t i = 0; i < 2; i++) {
            size_t lines = (size_t)rand() % (LINES + 1);
            for (size_t k = 0; k < lines; k++) {
                texts[i][2 * k] = (char)('a' + rand() % 4);
                texts[i][2 * k + 1] = '\n';
            }
        }
        assert_int_equal(check(texts[0], texts[1]), fewest(texts[0], texts[1]));
    }
}

static void texts_without_a_last_line_end_are_compared(void **state)
{
    (void)state;
    struct json_doc doc = differ("a\nb", "a\nb\n");
    assert_int_equal(json_at(&doc, 0)->count, 2);
    json_doc_release(&doc);
    buffer_release(&out);
    doc = differ("", "");
    assert_int_equal(json_at(&doc, 0)->count, 0);
    json_doc_release(&doc);
    buffer_release(&out);
}

static void what_is_too_different_goes_and_comes_as_a_whole(void **state)
{
    (void)state;
    struct buffer before, after;
    buffer_init(&before, 0);
    buffer_init(&after, 0);
    for (int i = 0; i < 3000; i++) {
        buffer_append_format(&before, "old %d\nsame\n", i);
        buffer_append_format(&after, "new %d\nsame\n", i);
    }
    buffer_init(&out, 0);
    assert_int_equal(admin_diff_lines(buffer_slice(&before), buffer_slice(&after), &out), 0);
    assert_null(memmem(buffer_slice(&out).data, buffer_slice(&out).length, "\"same\",", 7));
    buffer_release(&out);
    buffer_clear(&before);
    for (int i = 0; i < 100001; i++)
        buffer_append_string(&before, "\n");
    assert_int_equal(admin_diff_lines(buffer_slice(&before), buffer_slice(&after), &out),
                     ERROR_TOO_LARGE);
    buffer_release(&out);
    buffer_release(&before);
    buffer_release(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_two_texts_differ_by_the_fewest_lines),
        cmocka_unit_test(texts_without_a_last_line_end_are_compared),
        cmocka_unit_test(what_is_too_different_goes_and_comes_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
