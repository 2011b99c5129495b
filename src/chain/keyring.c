// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "chain/chain.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static bool has(const struct chain_keyring *ring, const unsigned char bytes[CHAIN_PUBLIC_SIZE])
{
    for (size_t i = 0; i < ring->count; i++)
        if (memcmp(chain_key_public(ring->keys[i]), bytes, CHAIN_PUBLIC_SIZE) == 0)
            return true;
    return false;
}

bool chain_keyring_add(struct chain_keyring *ring, const unsigned char bytes[CHAIN_PUBLIC_SIZE])
{
    if (has(ring, bytes))
        return true;
    if (ring->count == CHAIN_KEYS_MAX)
        return false;
    struct chain_key *key = chain_key_from_public(bytes);
    if (key != NULL)
        ring->keys[ring->count++] = key;
    return key != NULL;
}

static int add_pem(struct chain_keyring *ring, EVP_PKEY *pkey, const char *path,
                   struct error *error)
{
    unsigned char bytes[CHAIN_PUBLIC_SIZE];
    size_t size = sizeof bytes;
    if (EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(pkey, bytes, &size) != 1)
        return error_set(error, ERROR_CONFIG, "'%s' holds a key that is not for Ed25519", path);
    return chain_keyring_add(ring, bytes)
               ? 0
               : error_set(error, ERROR_TOO_LARGE, "'%s' holds more than %d keys", path,
                           CHAIN_KEYS_MAX);
}

int chain_keyring_read(struct chain_keyring *ring, const char *path, struct error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(error, ERROR_IO, "cannot read '%s': %s", path, strerror(errno));
    int result = 0;
    size_t found = 0;
    EVP_PKEY *pkey;
    while (result == 0 && (pkey = PEM_read_PUBKEY(file, NULL, NULL, NULL)) != NULL) {
        result = add_pem(ring, pkey, path, error);
        EVP_PKEY_free(pkey);
        found++;
    }
    ERR_clear_error(); // of looking for one more
    fclose(file);
    if (result == 0 && found == 0)
        result = error_set(error, ERROR_CONFIG, "'%s' holds no public key in PEM", path);
    return result;
}

const struct chain_key *chain_keyring_find(const struct chain_keyring *ring, struct slice id)
{
    for (size_t i = 0; i < ring->count; i++)
        if (slice_equal_string(id, chain_key_id(ring->keys[i])))
            return ring->keys[i];
    return NULL;
}

void chain_keyring_release(struct chain_keyring *ring)
{
    for (size_t i = 0; i < ring->count; i++)
        chain_key_free(ring->keys[i]);
    ring->count = 0;
}
