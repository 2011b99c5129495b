// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A provider's key set, and the head and the claims of an ID token, parted by lines "---". The
// token is signed with a key of ours, which the set has not: it is never accepted with that set,
// and with our own key only if everything in it is as expected, told by another JSON reader.
// Without the very signature it is never accepted.
#include "base/buffer.h"
#include "oidc/oidc.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW_SIZE = 32, SIGNATURE_SIZE = 64, NOW_S = 1700000000 };

static const unsigned char secret[RAW_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
static const struct oidc_expected expected = {
    .issuer = {"https://as.example", 18},
    .client = {"us", 2},
    .nonce = {"n", 1},
    .access_token = {"abc", 3},
    .now_ms = NOW_S * INT64_C(1000),
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void encode(struct buffer *out, const void *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *in = bytes;
    for (size_t bit = 0; bit < length * 8; bit += 6) {
        unsigned pair = (unsigned)in[bit / 8] << 8 | (bit / 8 + 1 < length ? in[bit / 8 + 1] : 0);
        buffer_append(out, slice_of(&digits[pair >> (10 - bit % 8) & 63], 1));
    }
}

static void sign(EVP_PKEY *key, struct slice text, unsigned char ret[SIGNATURE_SIZE])
{
    size_t length = SIGNATURE_SIZE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
    require(EVP_DigestSign(context, ret, &length, (const unsigned char *)text.data, text.length) ==
            1);
    EVP_MD_CTX_free(context);
}

static struct oidc_keys *read_keys(struct slice text)
{
    struct oidc_keys *keys = NULL;
    struct error error = {0};
    int result = oidc_keys_read(text, &keys, &error);
    require((result == 0) == (keys != NULL) && (result != 0) == (error.text[0] != '\0'));
    require(keys == NULL || oidc_keys_count(keys) <= OIDC_KEYS_MAX);
    return keys;
}

static struct oidc_keys *own_keys(EVP_PKEY *key, struct buffer *scratch)
{
    unsigned char raw[RAW_SIZE];
    size_t length = sizeof raw;
    require(EVP_PKEY_get_raw_public_key(key, raw, &length) == 1);
    buffer_clear(scratch);
    buffer_append_string(scratch, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
    encode(scratch, raw, sizeof raw);
    buffer_append_string(scratch, "\"}]}");
    struct oidc_keys *keys = read_keys(buffer_slice(scratch));
    require(keys != NULL && oidc_keys_count(keys) == 1);
    return keys;
}

// ---- What an accepted token must say

static bool is_text(const json_t *value, struct slice text)
{
    return json_is_string(value) && json_string_length(value) == text.length &&
           memcmp(json_string_value(value), text.data, text.length) == 0;
}

static bool is_for_us(const json_t *claims)
{
    const json_t *audience = json_object_get(claims, "aud");
    const json_t *authorized = json_object_get(claims, "azp");
    bool found = is_text(audience, expected.client);
    for (size_t i = 0; i < json_array_size(audience); i++)
        found = found || is_text(json_array_get(audience, i), expected.client);
    return found && (json_array_size(audience) < 2 || authorized != NULL) &&
           (authorized == NULL || is_text(authorized, expected.client));
}

// NULL: what it alone cannot hold.
static json_t *load(struct slice text)
{
    json_error_t error;
    json_t *all =
        json_loadb(text.data, text.length, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    require(json_is_object(all) || json_error_code(&error) == json_error_numeric_overflow ||
            json_error_code(&error) == json_error_null_byte_in_key);
    return all;
}

static void check_claims(struct slice text, const struct oidc_claims *claims)
{
    json_t *all = load(text);
    if (all == NULL)
        return;
    require(is_for_us(all));
    require(is_text(json_object_get(all, "iss"), expected.issuer));
    require(is_text(json_object_get(all, "nonce"), expected.nonce));
    require(is_text(json_object_get(all, "sub"), claims->subject) && claims->subject.length > 0);
    require(json_number_value(json_object_get(all, "exp")) > NOW_S - OIDC_SKEW_S);
    require(json_number_value(json_object_get(all, "iat")) < NOW_S + OIDC_SKEW_S + 1);
    require(json_number_value(json_object_get(all, "iat")) >= NOW_S - OIDC_AGE_MOST_S);
    require(json_number_value(json_object_get(all, "nbf")) < NOW_S + OIDC_SKEW_S + 1);
    require(claims->email_verified == json_is_true(json_object_get(all, "email_verified")));
    require(claims->email.length == 0 || is_text(json_object_get(all, "email"), claims->email));
    require(claims->name.length == 0 || is_text(json_object_get(all, "name"), claims->name));
    require(slice_equal(claims->text, text));
    require(oidc_has_claim(claims, SLICE_LITERAL("sub"), claims->subject));
    json_decref(all);
}

static void check_head(struct slice text)
{
    json_t *head = load(text);
    if (head == NULL)
        return;
    require(is_text(json_object_get(head, "alg"), SLICE_LITERAL("EdDSA")));
    require(json_object_get(head, "crit") == NULL);
    json_decref(head);
}

// ---- Tokens

static int check(struct slice token, const struct oidc_keys *keys, struct arena *arena,
                 struct oidc_claims *ret)
{
    struct error error = {0};
    int result = oidc_token_check(token, keys, &expected, arena, ret, &error);
    require((result != 0) == (error.text[0] != '\0'));
    return result;
}

// HEAD.CLAIMS stands in `token`.
static void judge(struct buffer *token, EVP_PKEY *key, const struct oidc_keys *own,
                  const struct oidc_keys *theirs, const struct slice parts[2])
{
    unsigned char signature[SIGNATURE_SIZE];
    struct arena arena;
    struct oidc_claims claims;
    size_t signed_length = token->length;
    arena_init(&arena, 16 * 1024 * 1024);
    sign(key, buffer_slice(token), signature);
    buffer_append_string(token, ".");
    require(check(buffer_slice(token), own, &arena, &claims) != 0);
    encode(token, signature, sizeof signature);
    require(!token->failed);
    require(theirs == NULL || check(buffer_slice(token), theirs, &arena, &claims) != 0);
    if (check(buffer_slice(token), own, &arena, &claims) == 0) {
        check_head(parts[0]);
        check_claims(parts[1], &claims);
    }
    buffer_clear(token);
    encode(token, parts[0].data, parts[0].length);
    buffer_append_string(token, ".");
    encode(token, parts[1].data, parts[1].length);
    buffer_append_string(token, ".");
    signature[signed_length % sizeof signature] ^= (unsigned char)(1 << signed_length % 8);
    encode(token, signature, sizeof signature);
    require(check(buffer_slice(token), own, &arena, &claims) != 0);
    require(theirs == NULL || check(buffer_slice(token), theirs, &arena, &claims) != 0);
    arena_release(&arena);
}

static bool split(struct slice text, struct slice ret[3])
{
    static const char mark[] = "\n---\n";
    for (size_t i = 0; i < 3; i++) {
        const char *end = i == 2 ? text.data + text.length
                                 : memmem(text.data, text.length, mark, sizeof mark - 1);
        if (end == NULL)
            return false;
        ret[i] = slice_of(text.data, (size_t)(end - text.data));
        size_t used = ret[i].length + (i == 2 ? 0 : sizeof mark - 1);
        text = slice_of(text.data + used, text.length - used);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice parts[3];
    struct buffer token;
    struct arena arena;
    struct oidc_claims claims;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof secret);
    require(key != NULL);
    buffer_init(&token, 0);
    struct oidc_keys *own = own_keys(key, &token);
    arena_init(&arena, 16 * 1024 * 1024);
    require(check(slice_of((const char *)data, size), own, &arena, &claims) != 0);
    arena_release(&arena);
    if (split(slice_of((const char *)data, size), parts)) {
        struct oidc_keys *theirs = read_keys(parts[0]);
        buffer_clear(&token);
        encode(&token, parts[1].data, parts[1].length);
        buffer_append_string(&token, ".");
        encode(&token, parts[2].data, parts[2].length);
        judge(&token, key, own, theirs, parts + 1);
        oidc_keys_free(theirs);
    }
    oidc_keys_free(own);
    buffer_release(&token);
    EVP_PKEY_free(key);
    return 0;
}
