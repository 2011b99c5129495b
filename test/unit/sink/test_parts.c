// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The small pure parts of sinks.
#include "lib/unit.h"

#include "sink/http_internal.h"

static void attempts_move_apart(void **state)
{
    (void)state;
    uint64_t before = 0;
    for (unsigned int failures = 1; failures < 40; failures++) {
        uint64_t longest = sink_backoff_ms(failures, 0, 0);
        uint64_t shortest = sink_backoff_ms(failures, 0, 999);
        assert_true(longest >= before && longest <= 60000 && longest >= 500);
        assert_true(shortest >= longest / 2 && shortest < longest);
        before = longest;
    }
    assert_int_equal(before, 60000);
    assert_int_equal(sink_backoff_ms(1, 7000, 0), 7000);
    assert_int_equal(sink_backoff_ms(20, 7000, 0), 60000);
    assert_int_equal(sink_backoff_ms(1, UINT64_MAX, 0), 3600000);
}

static void rows_are_sorted_by_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum sink_severity severity;
        bool all, denied, kraken, quiet;
    } rows[] = {
        {"{\"time\":\"t\",\"server\":\"kraken\",\"outcome\":\"allowed\"}", SINK_INFORMATION, true,
         false, true, true},
        {"{\"time\":\"t\",\"server\":null,\"outcome\":\"denied\"}", SINK_WARNING, true, true, false,
         true},
        {"{\"time\":\"t\",\"server\":\"kr\\u0061ken\",\"outcome\":\"failed\"}", SINK_ERROR, true,
         false, false, true},
        {"{\"time\":\"t\",\"note\":\"checkpoint\"}", SINK_NOTICE, true, true, true, false},
        {"{\"time\":\"t\",\"note\":\"lost\"}", SINK_ERROR, true, true, true, false},
    };
    const struct slice denied = SLICE_LITERAL("denied"), kraken = SLICE_LITERAL("kraken");
    const struct sink_options all = {.notes = true}, quiet = {.notes = false};
    const struct sink_options some = {.notes = true, .outcomes = &denied, .outcome_count = 1};
    const struct sink_options one = {.notes = true, .servers = &kraken, .server_count = 1};
    struct json_doc doc;
    json_doc_init(&doc);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sink_row row;
        assert_true(sink_row_read(&doc, slice_from_string(rows[i].line), 7, &row));
        assert_int_equal(sink_row_severity(&row), rows[i].severity);
        assert_int_equal(sink_row_wanted(&all, &row), rows[i].all);
        assert_int_equal(sink_row_wanted(&some, &row), rows[i].denied);
        assert_int_equal(sink_row_wanted(&one, &row), rows[i].kraken);
        assert_int_equal(sink_row_wanted(&quiet, &row), rows[i].quiet);
    }
    struct sink_row row;
    assert_false(sink_row_read(&doc, SLICE_LITERAL("{\"time\":7}"), 7, &row));
    assert_false(sink_row_read(&doc, SLICE_LITERAL("[]"), 7, &row));
    json_doc_release(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_move_apart),
        cmocka_unit_test(rows_are_sorted_by_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
