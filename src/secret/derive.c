// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "secret/secret_internal.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>

static bool stretch(const struct secret_key *from, struct slice purpose, unsigned char *to)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    size_t length = SECRET_KEY_SIZE;
    bool good = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set1_hkdf_key(context, from->bytes, SECRET_KEY_SIZE) == 1 &&
                EVP_PKEY_CTX_add1_hkdf_info(context, (const unsigned char *)purpose.data,
                                            (int)purpose.length) == 1 &&
                EVP_PKEY_derive(context, to, &length) == 1 && length == SECRET_KEY_SIZE;
    EVP_PKEY_CTX_free(context);
    return good;
}

int secret_keys_derive(const struct secret_keys *keys, const char *purpose,
                       struct secret_keys **ret, struct error *error)
{
    struct secret_keys *derived = secret_keys_new();
    if (derived == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    derived->count = keys->count;
    for (size_t i = 0; i < keys->count; i++) {
        derived->items[i].number = keys->items[i].number;
        if (!stretch(&keys->items[i], slice_from_string(purpose), derived->items[i].bytes)) {
            secret_keys_unref(derived);
            return error_set(error, ERROR_INTERNAL, "a key cannot be derived");
        }
    }
    *ret = derived;
    return 0;
}
