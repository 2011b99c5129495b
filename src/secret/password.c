// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "secret/secret_internal.h"

#include <sodium.h>

_Static_assert(SECRET_PASSWORD_SIZE >= crypto_pwhash_argon2id_STRBYTES, "room for a hash");

// Of a password that nobody knows; what is compared when there is none.
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

int secret_hash_password(struct slice password, char text[SECRET_PASSWORD_SIZE],
                         struct error *error)
{
    if (password.length < SECRET_PASSWORD_LEAST || password.length > SECRET_PASSWORD_MOST)
        return error_set(error, ERROR_RANGE, "a password has %d to %d bytes",
                         (int)SECRET_PASSWORD_LEAST, (int)SECRET_PASSWORD_MOST);
    if (sodium_init() < 0 ||
        crypto_pwhash_argon2id_str(text, password.data, password.length,
                                   crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
                                   crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) != 0)
        return error_set(error, ERROR_NO_MEMORY, "no memory to hash a password");
    return 0;
}

bool secret_check_password(struct slice hash, struct slice password)
{
    char text[SECRET_PASSWORD_SIZE] = {0};
    bool known = hash.length > 0 && hash.length < sizeof text;
    memcpy(text, known ? hash.data : nobody, known ? hash.length : sizeof nobody);
    bool right = password.length <= SECRET_PASSWORD_MOST && sodium_init() >= 0 &&
                 crypto_pwhash_argon2id_str_verify(text, password.length == 0 ? "" : password.data,
                                                   password.length) == 0;
    return known && right;
}
