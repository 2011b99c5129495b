// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What an OpenID Connect provider says about somebody: its keys (RFC 7517, 7518, 8037) and ID
// tokens (RFC 7515, 7519; OpenID Connect Core 1.0, 3.1.3.7). Pure: no sockets, no clock, no
// storage. Signatures are checked by OpenSSL. Everything that is read comes from strangers.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum {
    OIDC_KEYS_MAX = 64, // of one set; more are not looked at
    OIDC_KEY_ID_MAX = 256,
    OIDC_TOKEN_MAX = 64 * 1024,
    OIDC_RSA_LEAST = 2048, // bits
    OIDC_RSA_MOST = 8192,
    OIDC_SKEW_S = 60,       // between the provider's clock and ours
    OIDC_AGE_MOST_S = 3600, // of an ID token: it was made for this sign-in
};

// ---- keys.c
struct oidc_keys;
// A JSON Web Key Set. Keys of other kinds and uses, private or symmetric ones and broken ones are
// left out. ERROR_PROTOCOL: it is none. ERROR_NO_MEMORY.
int oidc_keys_read(struct slice text, struct oidc_keys **ret, struct error *error) MUST_CHECK;
void oidc_keys_free(struct oidc_keys *keys); // NULL accepted
size_t oidc_keys_count(const struct oidc_keys *keys);

// ---- token.c
struct oidc_expected {
    struct slice issuer, client, nonce;
    struct slice access_token; // what came with it; empty: none
    int64_t now_ms;
};
struct oidc_claims {
    struct slice subject;
    struct slice email; // empty: not said
    bool email_verified;
    struct slice name;
    struct slice text; // all of them, JSON
    struct slice more; // what the provider says besides, JSON; empty: nothing
};
// Checks the signature with one of the keys, and then all that the token says for whom and when it
// is. What is returned lives in `arena`. ERROR_NOT_FOUND: the provider has no such key; get its
// keys anew and try again. ERROR_DENIED, ERROR_PROTOCOL, ERROR_NO_MEMORY: it proves nothing.
int oidc_token_check(struct slice token, const struct oidc_keys *keys,
                     const struct oidc_expected *expected, struct arena *arena,
                     struct oidc_claims *ret, struct error *error) MUST_CHECK;
// Does the token say the e-mail address with whether it is verified, and the claim of this name, if
// one is named? With response type "code" providers keep them for the UserInfo endpoint (Core 1.0,
// 5.4).
bool oidc_is_complete(const struct oidc_claims *claims, struct slice name);
// Adds what the UserInfo endpoint says (Core 1.0, 5.3.2) and the token does not; address and
// verification come from one of both, never half from each. `text` must live as long as the claims.
// ERROR_DENIED: it says of somebody else. ERROR_PROTOCOL: it is no object, or does not say of whom.
// ERROR_NO_MEMORY.
int oidc_claims_add(struct oidc_claims *claims, struct slice text, struct arena *arena,
                    struct error *error) MUST_CHECK;
// Has a claim this value, or a list that holds it? A claim of the token wins over one besides.
bool oidc_has_claim(const struct oidc_claims *claims, struct slice name, struct slice value);
