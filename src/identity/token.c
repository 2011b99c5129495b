// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.h"
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

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool identity_parse_hash(struct slice text, unsigned char ret[32])
{
    unsigned char bytes[32];
    if (text.length != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high * 16 + low);
    }
    memcpy(ret, bytes, 32);
    return true;
}

void identity_new_token(char text[IDENTITY_TOKEN_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char secret[33] = {0}; // one byte of padding: 43 digits hold 258 bits
    random_bytes(secret, 32);
    memcpy(text, "sp_", 3);
    for (size_t i = 0; i < 43; i++) {
        size_t bit = i * 6, byte = bit / 8;
        unsigned pair = (unsigned)secret[byte] << 8 | secret[byte + 1 < 33 ? byte + 1 : 32];
        text[3 + i] = digits[pair >> (10 - bit % 8) & 63];
    }
    text[46] = '\0';
    memory_wipe(secret, sizeof secret);
}
