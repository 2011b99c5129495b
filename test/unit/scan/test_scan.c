// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a terminal is given, what makes a scan fail, and memory that runs out anywhere between a
// dump and its reports.
#include "lib/unit.h"

#include "base/memory.h"
#include "scan/scan.h"

#include <stdio.h>

static const char dump[] =
    "{\"servers\":[{\"server\":\"mail\",\"tools\":[{\"name\":\"read_emails\",\"description\":"
    "\"Reads your inbox \\u202e\"},{\"name\":\"read_\\u0435mails\"},7]},{\"server\":\"web\","
    "\"tools\":[{\"name\":\"http_post\",\"inputSchema\":{\"properties\":{\"url\":{},\"body\":{}}}}"
    "]}]}";

static void is_shown(const char *text, size_t columns, const char *shown, size_t used)
{
    struct buffer out;
    buffer_init(&out, 0);
    assert_int_equal(scan_write_harmless(&out, slice_from_string(text), columns), used);
    buffer_append(&out, slice_of("", 1));
    assert_string_equal(buffer_slice(&out).data, shown);
    buffer_release(&out);
}

static void harmless(void **state)
{
    (void)state;
    is_shown("read_file", 20, "read_file", 9);
    is_shown("read_file", 9, "read_file", 9);
    is_shown("read_file", 8, "read_fi…", 8);
    is_shown("read_file", 1, "…", 1);
    is_shown("read_file", 0, "", 0);
    is_shown("", 5, "", 0);
    is_shown("a\x1b[2J\r\n\tb", 80, "a<U+001B>[2J<U+000D><U+000A><U+0009>b", 37);
    is_shown("\x7f\xc2\x9b", 80, "<U+007F><U+009B>", 16);
    is_shown("\xe2\x80\xae\xe2\x80\x8b\xef\xbb\xbf", 80, "<U+202E><U+200B><U+FEFF>", 24);
    is_shown("\xf3\xa0\x81\x81", 80, "<U+E0041>", 9);
    // Not inside what is written out, and an ellipsis in its place.
    is_shown("ab\x1b", 9, "ab…", 3);
    // Two columns each; none for the first mark over a letter, and no heap of them.
    is_shown("中文", 4, "中文", 4);
    is_shown("中文", 3, "中…", 3);
    is_shown("e\xcc\x81", 4, "e\xcc\x81", 1);
    is_shown("e\xcc\x81\xcc\x82", 20, "e\xcc\x81<U+0302>", 9);
    // Bytes that are no UTF-8: alone, cut off, overlong.
    is_shown("\xff"
             "a\xe4\xb8",
             80, "<FF>a<E4><B8>", 13);
    is_shown("\xc0\xaf", 80, "<C0><AF>", 8);
}

static void bar(void **state)
{
    (void)state;
    struct scan_bar bar;
    struct error error = {0};
    struct scan_signal signal = {.signal = CATALOGUE_SIGNAL_URL, .severity = CATALOGUE_MEDIUM};
    struct scan_tool tool = {.severity = CATALOGUE_LOW, .signals = &signal, .signal_count = 1};
    assert_int_equal(scan_parse_bar("high,medium", &bar, &error), 0);
    assert_true(scan_reaches(&tool, &bar)); // the lower one, by the signal
    assert_int_equal(scan_parse_bar("high", &bar, &error), 0);
    assert_false(scan_reaches(&tool, &bar));
    assert_int_equal(scan_parse_bar("critical,signal:takes-url", &bar, &error), 0);
    assert_true(scan_reaches(&tool, &bar));
    assert_int_equal(scan_parse_bar("signal:takes-sql", &bar, &error), 0);
    assert_false(scan_reaches(&tool, &bar));
    static const char *const wrong[] = {
        "",       ",",       "high,",    "HIGH",        "high medium",
        "signal", "signal:", "signal:x", "signal:high", "low,,low"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(scan_parse_bar(wrong[i], &bar, &error), ERROR_CONFIG);
        assert_true(error.text[0] != '\0');
    }
}

// What an agent can do may be told more gravely when memory ran out on the way: not the same.
static void json_report_is_whole(const struct scan *scan)
{
    struct buffer out;
    struct json_doc doc;
    buffer_init(&out, 0);
    json_doc_init(&doc);
    scan_write_json(&out, scan, 0);
    if (!out.failed)
        assert_true(json_scan(&doc, buffer_slice(&out), NULL, NULL, NULL) != ERROR_SYNTAX);
    json_doc_release(&doc);
    buffer_release(&out);
}

// All of it, as far as memory goes.
static int scan_once(bool agents, struct buffer *out)
{
    struct scan scan;
    struct error error = {0};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(dump, 1, sizeof dump - 1, file), sizeof dump - 1);
    rewind(file);
    scan_init(&scan);
    int result =
        scan_read_dump(&scan, fileno(file), SLICE_LITERAL("x.json"), SLICE_LITERAL("x"), &error);
    static const struct upstream_options asked;
    for (size_t i = 0; agents && i < scan.count; i++) {
        scan.servers[i]->client = SLICE_LITERAL("cursor");
        scan.servers[i]->options = &asked;
    }
    if (result == 0)
        result = scan_judge_all(&scan);
    if (result == 0) {
        const struct scan_look look = {.width = 80, .symbols = true};
        scan_write_table(out, &scan, &look);
        scan_write_sarif(out, &scan, "1.0.0");
        json_report_is_whole(&scan);
    }
    scan_release(&scan);
    fclose(file);
    return result;
}

static void fail_each(bool agents)
{
    struct buffer whole;
    buffer_init(&whole, 0);
    assert_int_equal(scan_once(agents, &whole), 0);
    assert_false(whole.failed);
    size_t n = 1;
    for (bool reached = true; reached; n++) {
        struct buffer out;
        buffer_init(&out, 0);
        memory_fail_at(n, 0);
        int result = scan_once(agents, &out);
        reached = memory_attempts() >= n;
        memory_fail_at(0, 0);
        assert_true(result == 0 || result == ERROR_NO_MEMORY || result == ERROR_TOO_LARGE);
        // A report is whole, or is said not to be.
        assert_true(agents || result != 0 || out.failed ||
                    slice_equal(buffer_slice(&out), buffer_slice(&whole)));
        buffer_release(&out);
    }
    assert_true(n > 50);
    buffer_release(&whole);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fail_each(false);
    fail_each(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(harmless), cmocka_unit_test(bar),
                                       cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
