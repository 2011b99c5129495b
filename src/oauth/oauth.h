// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What an OAuth 2.1 client says and reads: challenges of servers, metadata of authorization
// servers, forms, tokens (MCP, "Authorization", 2025-11-25 and 2026-07-28). Pure: no sockets, no
// clock, no storage. Everything that is read comes from strangers; what is returned lives in the
// given arena.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

enum {
    OAUTH_URL_MAX = 2048,
    OAUTH_SCOPE_MAX = 2000,      // characters of a list of scopes
    OAUTH_TOKEN_MAX = 16 * 1024, // of an access or refresh token
    OAUTH_SERVERS_MAX = 8,  // authorization servers that a resource names; more are not looked at
    OAUTH_SECRET_SIZE = 44, // 256 random bits as base64url, and a NUL
};

// ---- challenge.c: WWW-Authenticate (RFC 9110, 11.6.1; RFC 6750, 3; RFC 9728, 5.1)
struct oauth_challenge {
    struct slice resource_metadata, scope, error; // empty: not said
};
// The Bearer challenge of one header's value. ERROR_NOT_FOUND: it has none; ERROR_SYNTAX,
// ERROR_AMBIGUOUS (a parameter or the scheme twice), ERROR_NO_MEMORY.
int oauth_read_challenge(struct slice value, struct arena *arena,
                         struct oauth_challenge *ret) MUST_CHECK;
// Is it a list of scopes (RFC 6749, 3.3) of at most OAUTH_SCOPE_MAX characters? Empty is none.
bool oauth_is_scope(struct slice text);
// Both lists in one, nothing twice; data NULL when memory is short or it is too long.
struct slice oauth_join_scopes(struct slice a, struct slice b, struct arena *arena);
bool oauth_has_scope(struct slice list, struct slice scope);

// ---- url.c
// https, or http on the loopback of a machine; a host and perhaps a port in digits; without user
// name and fragment.
bool oauth_is_url(struct slice url);
// Scheme, host and port, as far as "/" of the path; empty when it is none.
struct slice oauth_origin(struct slice url);
// Is the resource the server's own address, or one above it? (RFC 8707, 2)
bool oauth_covers(struct slice resource, struct slice url);
// Where the metadata of a resource or an issuer may be, in the order to try: `place` from 0.
// False behind the last one.
enum oauth_kind { OAUTH_RESOURCE, OAUTH_SERVER };
bool oauth_well_known(struct slice url, enum oauth_kind kind, size_t place, struct buffer *out);

// ---- metadata.c
struct oauth_resource {
    struct slice resource;
    struct slice servers[OAUTH_SERVERS_MAX]; // issuers
    size_t server_count;
    struct slice scopes; // with blanks between; empty: not said
};
// ERROR_DENIED when it is the metadata of something else than `url`.
int oauth_read_resource(struct slice text, struct slice url, struct arena *arena,
                        struct oauth_resource *ret, struct error *error) MUST_CHECK;
struct oauth_server {
    struct slice issuer;
    struct slice authorization, token, registration, revocation; // URLs; empty: none
    struct slice scopes;
    bool pkce;              // S256
    bool says_issuer;       // its answers carry `iss` (RFC 9207)
    bool takes_documents;   // Client ID Metadata Documents
    bool basic, post, none; // how a client may authenticate itself
};
// ERROR_DENIED when its issuer is not exactly the given one.
int oauth_read_server(struct slice text, struct slice issuer, struct arena *arena,
                      struct oauth_server *ret, struct error *error) MUST_CHECK;

// ---- tokens.c
struct oauth_tokens {
    struct slice access, refresh, scope; // refresh, scope: may be empty
    int64_t expires_s;                   // 0: not said
};
// ERROR_DENIED: refused for good, somebody has to do something. ERROR_UNREACHABLE: try again.
// ERROR_PROTOCOL: what was answered is no answer.
int oauth_read_tokens(int status, struct slice type, struct slice text, struct arena *arena,
                      struct oauth_tokens *ret, struct error *error) MUST_CHECK;
enum oauth_method { OAUTH_NONE, OAUTH_BASIC, OAUTH_POST };
struct oauth_client {
    struct slice id, secret; // secret: empty for public clients
    enum oauth_method method;
};
// RFC 7591, 3.2. Errors as for tokens.
int oauth_read_registration(int status, struct slice type, struct slice text, struct arena *arena,
                            struct oauth_client *ret, struct error *error) MUST_CHECK;
// How a client with this secret says who it is there. ERROR_UNSUPPORTED.
int oauth_choose_method(const struct oauth_server *server, bool secret, enum oauth_method *ret,
                        struct error *error) MUST_CHECK;

// ---- request.c
void oauth_new_secret(char ret[OAUTH_SECRET_SIZE]);
// PKCE's S256 of a verifier (RFC 7636, 4.2).
void oauth_hash_verifier(struct slice verifier, char ret[OAUTH_SECRET_SIZE]);
// `name=value`, with "&" in front where something stands already. Nothing for an empty value.
void oauth_add_field(struct buffer *form, const char *name, struct slice value);
// The client's own fields of a form, or for OAUTH_BASIC the header line in `ret_header`.
void oauth_add_client(struct buffer *form, const struct oauth_client *client,
                      struct buffer *ret_header);
struct oauth_question {
    struct slice endpoint, client, redirect, state, verifier, scope, resource;
};
// The URL for the browser.
void oauth_write_question(struct buffer *out, const struct oauth_question *question);
// The client as others see it: at `url` for metadata documents; to be registered when empty.
void oauth_write_client(struct buffer *out, struct slice url, struct slice home,
                        struct slice redirect, struct slice scope);
