// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Signed webhooks: keys, signatures, and what receivers ask for.
#include "lib/unit.h"

#include "base/clock.h"
#include "fetch/fetch.h"

static void secrets_are_strict_base64(void **state)
{
    (void)state;
    unsigned char bytes[FETCH_WEBHOOK_KEY_MOST];
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
        assert_true(fetch_webhook_key_parse(slice_from_string(good[i]), bytes, &size));
        assert_int_equal(size, sizes[i]);
    }
    assert_true(fetch_webhook_key_parse(slice_from_string(good[1]), bytes, &size));
    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i], i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(fetch_webhook_key_parse(slice_from_string(bad[i]), bytes, &size));
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
        assert_int_equal(fetch_retry_after_ms(slice_from_string(rows[i].text), now), rows[i].ms);
}

// The example of the specification's own libraries.
static void signatures_are_those_of_the_specification(void **state)
{
    (void)state;
    unsigned char key[FETCH_WEBHOOK_KEY_MOST];
    size_t size;
    struct fetch_webhook_headers headers;
    assert_true(fetch_webhook_key_parse(SLICE_LITERAL("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                        key, &size));
    struct fetch_webhook webhook = {.id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                    .now_s = 1614265330,
                                    .body = SLICE_LITERAL("{\"test\": 2432232314}"),
                                    .keys = {{(const char *)key, size}, {NULL, 0}}};
    assert_int_equal(fetch_webhook_sign(&webhook, &headers), 0);
    assert_string_equal(headers.id, "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek");
    assert_string_equal(headers.time, "webhook-timestamp: 1614265330");
    assert_string_equal(headers.signatures,
                        "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    webhook.keys[1] = webhook.keys[0];
    assert_int_equal(fetch_webhook_sign(&webhook, &headers), 0);
    assert_string_equal(headers.signatures,
                        "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= "
                        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_strict_base64),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(signatures_are_those_of_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
