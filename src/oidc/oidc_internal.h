// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// keys.c reads keys, signature.c uses them, token.c judges what was signed,
// claims.c keeps what is said of somebody.
#pragma once

#include "oidc/oidc.h"

#include "json/json.h"

#include <openssl/evp.h>

enum oidc_algorithm { OIDC_RS256, OIDC_PS256, OIDC_ES256, OIDC_EDDSA, OIDC_ALGORITHMS };

struct oidc_key {
    EVP_PKEY *key;   // owned
    struct slice id; // in the set's arena; data NULL: it has none
    bool fits[OIDC_ALGORITHMS];
};
struct oidc_keys {
    struct arena arena;
    struct oidc_key items[OIDC_KEYS_MAX];
    size_t count;
};

// base64url without padding (RFC 7515, appendix C); what is not canonical is refused. data NULL.
struct slice oidc_decode(struct slice text, struct arena *arena);

// "RS256", "PS256", "ES256", "EdDSA"; false for all others, and above all for "none" and "HS256".
bool oidc_algorithm_of(struct slice name, enum oidc_algorithm *ret);
// Does the key sign this? `signature` as in a JWS.
bool oidc_signature_is_right(const struct oidc_key *key, enum oidc_algorithm algorithm,
                             struct slice text, struct slice signature);
// at_hash of an access token (Core 1.0, 3.1.3.6), as base64url text of up to 43 digits.
bool oidc_hash_is_right(enum oidc_algorithm algorithm, struct slice text, struct slice expected,
                        struct arena *arena);

// ---- claims.c
// An object within bounds. ERROR_PROTOCOL, ERROR_NO_MEMORY.
int oidc_scan(struct json_doc *doc, struct slice text, struct error *error) MUST_CHECK;
// The text of a claim; data NULL when it is not there or no text.
struct slice oidc_text(const struct json_doc *doc, const char *name, struct arena *arena);
// Of a token that was judged.
int oidc_claims_keep(const struct json_doc *doc, struct arena *arena, struct oidc_claims *ret,
                     struct error *error) MUST_CHECK;
