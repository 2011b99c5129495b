// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The small pure parts of sinks.
#include "lib/unit.h"

#include "base/clock.h"
#include "sink/http_internal.h"

static void secrets_are_strict_base64(void **state)
{
    (void)state;
    unsigned char bytes[SINK_SECRET_MOST];
    size_t size;
    static const char *const good[] = {
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", // 24 bytes
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
    };
    static const size_t sizes[] = {24, 32, 31};
    static const char *const bad[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==",             // 22 bytes
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",              // no whole group
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",             // no digit
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw====",         // too much of it
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", // bits left over
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AA", // 66 bytes
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(sink_secret_parse(slice_from_string(good[i]), bytes, &size));
        assert_int_equal(size, sizes[i]);
    }
    assert_true(sink_secret_parse(slice_from_string(good[1]), bytes, &size));
    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i], i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(sink_secret_parse(slice_from_string(bad[i]), bytes, &size));
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    (void)state;
    int64_t now;
    assert_true(clock_parse(SLICE_LITERAL("1994-11-06T08:49:30Z"), &now));
    static const struct {
        const char *text;
        uint64_t ms;
    } rows[] = {{"120", 120000},
                {"0", 0},
                {"Sun, 06 Nov 1994 08:49:37 GMT", 7000},
                {"Sun, 06 Nov 1994 08:49:29 GMT", 0},
                {"Sun, 06 Nou 1994 08:49:37 GMT", 0},
                {"Sun, 96 Nov 1994 08:49:37 GMT", 0},
                {"", 0},
                {"-1", 0},
                {"1.5", 0},
                {"99999999999999999999", 0},
                {"soon", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(sink_retry_after_ms(slice_from_string(rows[i].text), now), rows[i].ms);
}

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
        cmocka_unit_test(secrets_are_strict_base64),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(attempts_move_apart),
        cmocka_unit_test(rows_are_sorted_by_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
