// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oidc/oidc_internal.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

enum { ES256_HALF = 32, DER_MAX = 80 };

bool oidc_algorithm_of(struct slice name, enum oidc_algorithm *ret)
{
    static const char *const names[] = {[OIDC_RS256] = "RS256",
                                        [OIDC_PS256] = "PS256",
                                        [OIDC_ES256] = "ES256",
                                        [OIDC_EDDSA] = "EdDSA"};
    for (int i = 0; i < OIDC_ALGORITHMS; i++)
        if (slice_equal_string(name, names[i])) {
            *ret = (enum oidc_algorithm)i;
            return true;
        }
    return false;
}

// A JWS has r and s behind each other (RFC 7518, 3.4), OpenSSL wants them as DER.
static size_t to_der(struct slice signature, unsigned char der[DER_MAX])
{
    const unsigned char *bytes = (const unsigned char *)signature.data;
    ECDSA_SIG *pair = signature.length == 2 * ES256_HALF ? ECDSA_SIG_new() : NULL;
    if (pair == NULL)
        return 0;
    BIGNUM *r = BN_bin2bn(bytes, ES256_HALF, NULL),
           *s = BN_bin2bn(bytes + ES256_HALF, ES256_HALF, NULL);
    int length = 0;
    if (r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else if (i2d_ECDSA_SIG(pair, NULL) <= DER_MAX) {
        length = i2d_ECDSA_SIG(pair, &der);
    }
    ECDSA_SIG_free(pair);
    return length > 0 ? (size_t)length : 0;
}

static bool set_padding(EVP_PKEY_CTX *context, enum oidc_algorithm algorithm)
{
    if (algorithm == OIDC_RS256)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    if (algorithm == OIDC_PS256)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
    return true;
}

bool oidc_signature_is_right(const struct oidc_key *key, enum oidc_algorithm algorithm,
                             struct slice text, struct slice signature)
{
    unsigned char der[DER_MAX];
    if (!key->fits[algorithm])
        return false;
    if (algorithm == OIDC_ES256)
        signature = slice_of((const char *)der, to_der(signature, der));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL; // the context's
    const EVP_MD *hash = algorithm == OIDC_EDDSA ? NULL : EVP_sha256();
    bool right = context != NULL && signature.length > 0 &&
                 EVP_DigestVerifyInit(context, &inner, hash, NULL, key->key) == 1 &&
                 set_padding(inner, algorithm) &&
                 EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.length,
                                  (const unsigned char *)text.data, text.length) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return right;
}

bool oidc_hash_is_right(enum oidc_algorithm algorithm, struct slice text, struct slice expected,
                        struct arena *arena)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    // Ed25519 hashes with SHA-512 inside, and so do its providers here.
    const EVP_MD *kind = algorithm == OIDC_EDDSA ? EVP_sha512() : EVP_sha256();
    struct slice half = oidc_decode(expected, arena);
    return EVP_Digest(text.data, text.length, hash, &length, kind, NULL) == 1 &&
           half.data != NULL && half.length == length / 2 &&
           CRYPTO_memcmp(half.data, hash, half.length) == 0;
}
