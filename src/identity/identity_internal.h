// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside identity/: hashing a token with an algorithm and a context that were made before. Making
// them costs OpenSSL more than hashing a token does, and every message brings one.
#pragma once

#include "identity/identity.h"

#include <openssl/evp.h>

void identity_hash_with(EVP_MD_CTX *context, const EVP_MD *sha256, struct slice token,
                        unsigned char ret[32]);
