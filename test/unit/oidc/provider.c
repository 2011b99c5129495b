// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/oidc/provider.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

void provider_encode(struct buffer *out, const void *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *in = bytes;
    for (size_t bit = 0; bit < length * 8; bit += 6) {
        unsigned pair = (unsigned)in[bit / 8] << 8 | (bit / 8 + 1 < length ? in[bit / 8 + 1] : 0);
        buffer_append(out, slice_of(&digits[pair >> (10 - bit % 8) & 63], 1));
    }
}

static void add_number(struct buffer *out, const char *name, EVP_PKEY *key, const char *parameter)
{
    BIGNUM *number = NULL;
    unsigned char bytes[1024];
    assert_int_equal(EVP_PKEY_get_bn_param(key, parameter, &number), 1);
    int least = strcmp(name, "x") == 0 || strcmp(name, "y") == 0 ? 32 : BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, bytes, least), least);
    buffer_append_format(out, ",\"%s\":\"", name);
    provider_encode(out, bytes, (size_t)least);
    buffer_append_string(out, "\"");
    BN_free(number);
}

void provider_open(struct provider *provider)
{
    unsigned char raw[32];
    size_t length = sizeof raw;
    provider->rsa = EVP_RSA_gen(2048);
    provider->ec = EVP_EC_gen("P-256");
    provider->ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_true(provider->rsa != NULL && provider->ec != NULL && provider->ed != NULL);
    buffer_init(&provider->set, 0);
    struct buffer *out = &provider->set;
    buffer_append_string(out, "{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":\"r\"");
    add_number(out, "n", provider->rsa, OSSL_PKEY_PARAM_RSA_N);
    add_number(out, "e", provider->rsa, OSSL_PKEY_PARAM_RSA_E);
    buffer_append_string(out, "},{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\"");
    add_number(out, "x", provider->ec, OSSL_PKEY_PARAM_EC_PUB_X);
    add_number(out, "y", provider->ec, OSSL_PKEY_PARAM_EC_PUB_Y);
    assert_int_equal(EVP_PKEY_get_raw_public_key(provider->ed, raw, &length), 1);
    buffer_append_string(out, "},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"o\",\"x\":\"");
    provider_encode(out, raw, sizeof raw);
    buffer_append_string(out, "\"}]}");
}

void provider_close(struct provider *provider)
{
    EVP_PKEY_free(provider->rsa);
    EVP_PKEY_free(provider->ec);
    EVP_PKEY_free(provider->ed);
    buffer_release(&provider->set);
}

static void from_der(const unsigned char *der, size_t length, unsigned char both[64])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
    assert_non_null(pair);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), both, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), both + 32, 32), 32);
    ECDSA_SIG_free(pair);
}

static void sign(EVP_PKEY *key, const char *algorithm, struct slice text, struct buffer *out)
{
    unsigned char made[1024], both[64];
    size_t length = sizeof made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL;
    bool ed = strcmp(algorithm, "EdDSA") == 0;
    assert_int_equal(EVP_DigestSignInit(context, &inner, ed ? NULL : EVP_sha256(), NULL, key), 1);
    if (strcmp(algorithm, "PS256") == 0) {
        EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST);
    }
    assert_int_equal(
        EVP_DigestSign(context, made, &length, (const unsigned char *)text.data, text.length), 1);
    EVP_MD_CTX_free(context);
    if (strcmp(algorithm, "ES256") == 0) {
        from_der(made, length, both);
        provider_encode(out, both, sizeof both);
    } else {
        provider_encode(out, made, length);
    }
}

void provider_sign(const struct provider *provider, const char *algorithm, const char *head,
                   const char *claims, const char *secret, struct buffer *out)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    struct buffer text;
    buffer_clear(out);
    buffer_init(&text, 0);
    provider_encode(&text, head, strlen(head));
    buffer_append_string(&text, ".");
    provider_encode(&text, claims, strlen(claims));
    struct slice whole = buffer_slice(&text);
    buffer_append(out, whole);
    buffer_append_string(out, ".");
    if (strcmp(algorithm, "HS256") == 0) {
        HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)whole.data,
             whole.length, mac, &length);
        provider_encode(out, mac, length);
    } else if (strcmp(algorithm, "none") != 0) {
        EVP_PKEY *key = algorithm[0] == 'R' || algorithm[0] == 'P' ? provider->rsa
                        : strcmp(algorithm, "ES256") == 0          ? provider->ec
                                                                   : provider->ed;
        sign(key, algorithm, whole, out);
    }
    buffer_release(&text);
}
