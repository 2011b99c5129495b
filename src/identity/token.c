// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"
#include "base/codec.h"
#include "base/memory.h"
#include "base/random.h"

#include <openssl/evp.h>

struct identity_hasher {
    EVP_MD *sha256; // owned; NULL when it could not be had: then it is looked up each time
    EVP_MD_CTX *context;
};

struct identity_hasher *identity_hasher_new(void)
{
    struct identity_hasher *hasher = memory_new(sizeof *hasher);
    hasher->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    hasher->context = EVP_MD_CTX_new();
    return hasher;
}

void identity_hasher_free(struct identity_hasher *hasher)
{
    if (hasher == NULL)
        return;
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->sha256);
    memory_free(hasher);
}

void identity_hash_with(struct identity_hasher *hasher, struct slice token, unsigned char ret[32])
{
    unsigned int length = 0;
    const EVP_MD *sha256 = hasher->sha256 == NULL ? EVP_sha256() : hasher->sha256;
    if (hasher->context != NULL && EVP_DigestInit_ex(hasher->context, sha256, NULL) == 1 &&
        EVP_DigestUpdate(hasher->context, token.data == NULL ? "" : token.data, token.length) ==
            1 &&
        EVP_DigestFinal_ex(hasher->context, ret, &length) == 1 && length == 32)
        return;
    random_bytes(ret, 32); // out of memory: a hash that no token has
}

void identity_hash_token(struct slice token, unsigned char ret[32])
{
    struct identity_hasher once = {.context = EVP_MD_CTX_new()};
    identity_hash_with(&once, token, ret);
    EVP_MD_CTX_free(once.context);
}

bool identity_parse_hash(struct slice text, unsigned char ret[32])
{
    unsigned char bytes[32];
    bool good = codec_read_hex(text, bytes, sizeof bytes);
    if (good)
        memcpy(ret, bytes, sizeof bytes);
    return good;
}

void identity_new_token(char text[IDENTITY_TOKEN_SIZE])
{
    unsigned char secret[32];
    random_bytes(secret, sizeof secret);
    memcpy(text, "sp_", 3);
    codec_write_base64(slice_of((const char *)secret, sizeof secret), CODEC_BASE64_URL, text + 3);
    text[46] = '\0';
    memory_wipe(secret, sizeof secret);
}
