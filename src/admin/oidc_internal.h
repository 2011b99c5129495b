// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Signing in with an identity provider (OpenID Connect Core 1.0, 3.1; RFC 9700). A visit begins
// with a question that a browser takes to the provider, and ends when it brings the answer back:
// oidc.c has both ends, oidc_cache.c what is remembered between them and of providers, oidc_ask.c
// asks the provider, oidc_enter.c decides who comes in.
#pragma once

#include "admin/session_internal.h"

#include "oauth/oauth.h"
#include "oidc/oidc.h"

enum {
    VISIT_MS = 10 * 60 * 1000, // from question to answer
    VISITS_MAX = 1024,
    VISITS_PER_ADDRESS = 32,
    PROVIDERS_KEPT = 32,
    DOCUMENT_MAX = 256 * 1024,    // of a provider: its metadata, its keys, its tokens
    DOCUMENT_MS = 60 * 60 * 1000, // and how long it is kept
    VISIT_ID = 64,
};

// Who comes from an identity provider.
struct admin_visit {
    struct store_provider provider;
    struct slice code, issuer, nonce, verifier, said; // of the answer; `said`: its error
    struct slice to;                                  // where to go on
    struct slice subject, email, name;                // "ISSUER SUBJECT" and so on, proven
    bool email_verified, has_claim;
};

// ---- oidc_cache.c: any thread
struct admin_oidc *admin_oidc_new(void);
void admin_oidc_free(struct admin_oidc *oidc); // NULL accepted
struct admin_pending {
    char state[OAUTH_SECRET_SIZE], nonce[OAUTH_SECRET_SIZE], verifier[OAUTH_SECRET_SIZE];
    unsigned char browser[32]; // SHA-256 of its cookie
    char organisation[VISIT_ID], provider[VISIT_ID];
    char address[VISIT_ID];
    char to[ADMIN_PLACE_MAX + 1]; // where the browser goes on; "": to the front page
    int64_t until_ms;             // 0: free
};
// The oldest one of this address goes when it has too many, the oldest of all when there are.
void admin_pending_add(struct admin_oidc *oidc, const struct admin_pending *pending);
// Takes it out, once: false when nobody asked for this, too long ago, or in another browser.
bool admin_pending_take(struct admin_oidc *oidc, struct slice state, struct slice cookie,
                        struct slice provider, int64_t now_ms, struct admin_pending *ret);

enum admin_document { DOCUMENT_METADATA, DOCUMENT_KEYS, DOCUMENTS };
// A copy in the arena; data NULL: it is not there, or old.
struct slice admin_document_get(struct admin_oidc *oidc, struct slice issuer,
                                enum admin_document which, int64_t now_ms, struct arena *arena);
void admin_document_put(struct admin_oidc *oidc, struct slice issuer, enum admin_document which,
                        struct slice text, int64_t now_ms);

// ---- oidc_ask.c: on a thread that may wait
// The provider's metadata, checked.
int admin_provider_metadata(struct admin_request *request, struct oauth_server *ret,
                            struct error *error) MUST_CHECK;
// "https://gateway.example.com/api/v1/sign-in/ID/callback"; data NULL after refusing.
struct slice admin_visit_back(struct admin_request *request, struct error *error);
