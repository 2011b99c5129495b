// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Inside identity/: hashing a token with an algorithm that was looked up before. Looking it up
// costs OpenSSL more than hashing a token does, and every message brings one.
#pragma once

#include "identity/identity.h"

#include <openssl/evp.h>

void identity_hash_with(const EVP_MD *sha256, struct slice token, unsigned char ret[32]);
