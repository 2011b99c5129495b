// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "identity/identity.h"

static void hashes_as_published(void **state)
{
    (void)state;
    unsigned char want[32], got[32];
    // The examples of FIPS 180-4.
    assert_true(identity_parse_hash(
        SLICE_LITERAL("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), want));
    identity_hash_token(SLICE_LITERAL("abc"), got);
    assert_memory_equal(got, want, 32);
    assert_true(identity_parse_hash(
        SLICE_LITERAL("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"), want));
    identity_hash_token((struct slice){0}, got);
    assert_memory_equal(got, want, 32);
}

static void refuses_other_hashes(void **state)
{
    (void)state;
    char text[66];
    unsigned char bytes[32] = {7};
    memset(text, 'a', sizeof text);
    assert_false(identity_parse_hash(slice_of(text, 63), bytes));
    assert_false(identity_parse_hash(slice_of(text, 65), bytes));
    static const char wrong[] = "g/:@G` \n\x80";
    for (size_t i = 0; i < sizeof wrong; i++) { // the NUL as well
        text[63] = wrong[i];
        assert_false(identity_parse_hash(slice_of(text, 64), bytes));
    }
    assert_int_equal(bytes[0], 7);
}

static void makes_tokens(void **state)
{
    (void)state;
    char a[IDENTITY_TOKEN_SIZE], b[IDENTITY_TOKEN_SIZE];
    bool last_digit_varies = false;
    identity_new_token(a);
    for (int i = 0; i < 200; i++) {
        identity_new_token(b);
        assert_int_equal(strlen(b), 46);
        assert_memory_equal(b, "sp_", 3);
        assert_int_equal(
            strspn(b + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
        assert_string_not_equal(a, b);
        last_digit_varies = last_digit_varies || a[45] != b[45];
        // 43 digits hold 258 bits: the last two are zero.
        assert_non_null(strchr("AEIMQUYcgkosw048", b[45]));
    }
    assert_true(last_digit_varies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_as_published),
        cmocka_unit_test(refuses_other_hashes),
        cmocka_unit_test(makes_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
