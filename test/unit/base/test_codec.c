// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/codec.h"
#include "base/random.h"

#include <openssl/evp.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool reads(const char *text, enum codec_base64 kind, const char *wanted)
{
    unsigned char bytes[64];
    size_t length = 0;
    return codec_read_base64(slice_from_string(text), kind, bytes, sizeof bytes, &length) &&
           length == strlen(wanted) && memcmp(bytes, wanted, length) == 0;
}

// RFC 4648, section 10.
static void base64_follows_the_vectors(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xFB\xEF\xFF", "++//", "--__"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t kind = 0; kind < 2; kind++) {
            char text[16];
            struct slice bytes = slice_from_string(rows[i][0]);
            struct slice got =
                slice_of(text, codec_write_base64(bytes, (enum codec_base64)kind, text));
            assert_true(slice_equal_string(got, rows[i][1 + kind]));
            assert_true(reads(rows[i][1 + kind], (enum codec_base64)kind, rows[i][0]));
        }
}

static void base64_is_that_of_openssl(void **state)
{
    (void)state;
    for (size_t length = 0; length < 200; length++) {
        unsigned char bytes[200], again[200];
        char text[CODEC_BASE64_LENGTH(200)], theirs[CODEC_BASE64_LENGTH(200) + 1];
        size_t count = 0;
        random_bytes(bytes, length);
        struct slice all = slice_of((const char *)bytes, length);
        size_t size = codec_write_base64(all, CODEC_BASE64, text);
        assert_int_equal(EVP_EncodeBlock((unsigned char *)theirs, bytes, (int)length), size);
        assert_memory_equal(text, theirs, size);
        assert_true(codec_read_base64(slice_of(text, size), CODEC_BASE64, again, length, &count));
        assert_int_equal(count, length);
        assert_memory_equal(bytes, again, length);
        assert_true(length == 0 || !codec_read_base64(slice_of(text, size), CODEC_BASE64, again,
                                                      length - 1, &count));
    }
}

static void base64_has_one_text_for_a_value(void **state)
{
    (void)state;
    static const char *const padded[] = {"Zg",   "Zg=",  "Zh==", "Zm9=",     "Zm9v=", "Zm9v====",
                                         "====", "=",    "Z===", "Zg==Zg==", "Z g=",  "Zg==\n",
                                         " Zg=", "Zm9-", "Zm9_", "Zm9\xC3",  "Zg=A",  "A=A="};
    static const char *const url[] = {"Zg==", "Zh",   "Zm9",  "Z",   "Zm9vZ",
                                      "Zm9+", "Zm9/", "Zm8=", " Zm8"};
    unsigned char bytes[64];
    size_t length;
    for (size_t i = 0; i < COUNT(padded); i++)
        assert_false(codec_read_base64(slice_from_string(padded[i]), CODEC_BASE64, bytes,
                                       sizeof bytes, &length));
    for (size_t i = 0; i < COUNT(url); i++)
        assert_false(codec_read_base64(slice_from_string(url[i]), CODEC_BASE64_URL, bytes,
                                       sizeof bytes, &length));
}

static void hexadecimal_digits_are_counted(void **state)
{
    (void)state;
    static const char *const bad[] = {"",        "0",     "00a",  "00aG", "00 a",
                                      "00a\x1A", "00af0", "0x0a", "@0aa"};
    unsigned char bytes[2];
    assert_true(codec_read_hex(SLICE_LITERAL("0aFf"), bytes, 2));
    assert_memory_equal(bytes, "\x0A\xFF", 2);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(codec_read_hex(slice_from_string(bad[i]), bytes, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_follows_the_vectors),
        cmocka_unit_test(base64_is_that_of_openssl),
        cmocka_unit_test(base64_has_one_text_for_a_value),
        cmocka_unit_test(hexadecimal_digits_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
