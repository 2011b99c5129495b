// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The form: 1, the key's number in four bytes (largest first), the nonce, the text, the tag.
#include "secret/secret_internal.h"

#include "base/memory.h"
#include "base/random.h"

#include <openssl/evp.h>

enum { FORM = 1, NONCE = 12, TAG = 16, HEAD = 5 + NONCE, PLAIN_MAX = 1024 * 1024 };

uint32_t secret_key_of(struct slice sealed)
{
    const unsigned char *bytes = (const unsigned char *)sealed.data;
    if (sealed.length < HEAD + TAG || bytes[0] != FORM)
        return 0;
    return (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 | bytes[4];
}

const struct secret_key *secret_key_find(const struct secret_keys *keys, uint32_t number)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].number == number)
            return &keys->items[i];
    return NULL;
}

static bool start(EVP_CIPHER_CTX *context, const struct secret_key *key, const unsigned char *nonce,
                  struct slice place, bool sealing)
{
    int unused;
    return EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, nonce, sealing) == 1 &&
           (place.length == 0 ||
            EVP_CipherUpdate(context, NULL, &unused, (const unsigned char *)place.data,
                             (int)place.length) == 1);
}

static bool turn(EVP_CIPHER_CTX *context, struct slice from, unsigned char *to)
{
    int length = 0;
    return from.length == 0 ||
           (EVP_CipherUpdate(context, to, &length, (const unsigned char *)from.data,
                             (int)from.length) == 1 &&
            (size_t)length == from.length);
}

int secret_seal(const struct secret_keys *keys, struct slice plain, struct slice place,
                struct buffer *out, struct error *error)
{
    const struct secret_key *key = &keys->items[keys->count - 1];
    if (plain.length > PLAIN_MAX || place.length > PLAIN_MAX)
        return error_set(error, ERROR_TOO_LARGE, "the secret is too long");
    size_t size = HEAD + plain.length + TAG;
    unsigned char *to = (unsigned char *)buffer_reserve(out, size);
    EVP_CIPHER_CTX *context = to == NULL ? NULL : EVP_CIPHER_CTX_new();
    if (context == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    const unsigned char head[5] = {FORM, (unsigned char)(key->number >> 24),
                                   (unsigned char)(key->number >> 16),
                                   (unsigned char)(key->number >> 8), (unsigned char)key->number};
    int unused;
    memcpy(to, head, sizeof head);
    random_bytes(to + sizeof head, NONCE);
    bool good =
        start(context, key, to + sizeof head, place, true) && turn(context, plain, to + HEAD) &&
        EVP_CipherFinal_ex(context, to + HEAD + plain.length, &unused) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, to + HEAD + plain.length) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!good)
        return error_set(error, ERROR_INTERNAL, "the secret cannot be sealed");
    buffer_commit(out, size);
    return 0;
}

int secret_open(const struct secret_keys *keys, struct slice sealed, struct slice place,
                struct buffer *out, struct error *error)
{
    uint32_t number = secret_key_of(sealed);
    const struct secret_key *key = secret_key_find(keys, number);
    if (number == 0 || place.length > PLAIN_MAX || sealed.length > PLAIN_MAX + HEAD + TAG)
        return error_set(error, ERROR_DENIED, "a sealed secret was damaged");
    if (key == NULL)
        return error_set(error, ERROR_NOT_FOUND,
                         "key %u, which a secret is sealed under, is "
                         "not among the keys",
                         number);
    const unsigned char *bytes = (const unsigned char *)sealed.data;
    struct slice text = slice_of(sealed.data + HEAD, sealed.length - HEAD - TAG);
    unsigned char *to = (unsigned char *)buffer_reserve(out, text.length + 1);
    EVP_CIPHER_CTX *context = to == NULL ? NULL : EVP_CIPHER_CTX_new();
    if (context == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int unused;
    bool good = start(context, key, bytes + 5, place, false) && turn(context, text, to) &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG,
                                    (void *)(uintptr_t)(bytes + HEAD + text.length)) == 1 &&
                EVP_CipherFinal_ex(context, to + text.length, &unused) == 1;
    EVP_CIPHER_CTX_free(context);
    if (good)
        buffer_commit(out, text.length);
    else
        memory_wipe(to, text.length);
    return good ? 0 : error_set(error, ERROR_DENIED, "a sealed secret was damaged or moved");
}
