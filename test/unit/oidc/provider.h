// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: keys, what a provider publishes of them, and tokens signed with them.
#pragma once

#include "base/buffer.h"

#include <openssl/evp.h>

struct provider {
    EVP_PKEY *rsa, *ec, *ed;
    struct buffer set; // JSON Web Key Set: "r", "e", "o"
};
void provider_open(struct provider *provider);
void provider_close(struct provider *provider);
// Appends base64url.
void provider_encode(struct buffer *out, const void *bytes, size_t length);
// "HEAD.CLAIMS.SIGNATURE", made for the algorithm of the head's name. `algorithm`: "RS256",
// "PS256", "ES256", "EdDSA", "HS256" (with `secret`), "none".
void provider_sign(const struct provider *provider, const char *algorithm, const char *head,
                   const char *claims, const char *secret, struct buffer *out);
