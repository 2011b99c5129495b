// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// In this order: the form, the algorithm, the key, the signature; nothing of what a token says is
// looked at before it is known who says it, but which key it names.
#include "oidc/oidc_internal.h"

#include "base/codec.h"

struct parts {
    struct slice signed_text; // "HEAD.CLAIMS"
    struct slice head, claims, signature;
};

static int no_token(struct error *error)
{
    return error_set(error, ERROR_PROTOCOL, "the provider's ID token is no signed token");
}

struct slice oidc_decode(struct slice text, struct arena *arena)
{
    size_t length, room = CODEC_BASE64_BYTES(text.length) + 1;
    char *out = arena_take(arena, room);
    if (out == NULL || !codec_read_base64(text, CODEC_BASE64_URL, out, room, &length))
        return (struct slice){NULL, 0};
    return slice_of(out, length);
}

static int split(struct slice token, struct arena *arena, struct parts *ret, struct error *error)
{
    const char *first = memchr(token.data, '.', token.length);
    const char *last = memrchr(token.data, '.', token.length);
    if (first == NULL || first == last || token.length > OIDC_TOKEN_MAX ||
        memchr(first + 1, '.', (size_t)(last - first - 1)) != NULL)
        return no_token(error);
    const char *end = token.data + token.length;
    ret->signed_text = slice_of(token.data, (size_t)(last - token.data));
    ret->head = oidc_decode(slice_of(token.data, (size_t)(first - token.data)), arena);
    ret->claims = oidc_decode(slice_of(first + 1, (size_t)(last - first - 1)), arena);
    ret->signature = oidc_decode(slice_of(last + 1, (size_t)(end - last - 1)), arena);
    return ret->head.data != NULL && ret->claims.data != NULL && ret->signature.data != NULL
               ? 0
               : no_token(error);
}

static int scan(struct json_doc *doc, struct slice text, struct error *error)
{
    int result = oidc_scan(doc, text, error);
    return result == ERROR_PROTOCOL ? no_token(error) : result;
}

static int read_head(struct slice text, struct arena *arena, enum oidc_algorithm *ret_algorithm,
                     struct slice *ret_key, struct error *error)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = scan(&doc, text, error);
    if (result == 0 && !oidc_algorithm_of(oidc_text(&doc, "alg", arena), ret_algorithm))
        result =
            error_set(error, ERROR_DENIED,
                      "the provider's ID token is not signed with RS256, PS256, ES256 or EdDSA");
    if (result == 0 && json_get(&doc, 0, "crit") != JSON_NONE)
        result = error_set(error, ERROR_DENIED,
                           "the provider's ID token needs extensions that nobody here knows");
    if (result == 0) {
        struct slice key = oidc_text(&doc, "kid", arena);
        *ret_key = key.data == NULL ? key : arena_copy(arena, key);
    }
    json_doc_release(&doc);
    return result;
}

static int check_signature(const struct parts *parts, const struct oidc_keys *keys,
                           enum oidc_algorithm algorithm, struct slice id, struct error *error)
{
    bool tried = false;
    for (size_t i = 0; i < keys->count; i++) {
        const struct oidc_key *key = &keys->items[i];
        if (!key->fits[algorithm] ||
            (id.data != NULL && (key->id.data == NULL || !slice_equal(key->id, id))))
            continue;
        tried = true;
        if (oidc_signature_is_right(key, algorithm, parts->signed_text, parts->signature))
            return 0;
    }
    // Without a name for the key it may be a new one.
    if (!tried || id.data == NULL)
        return error_set(error, ERROR_NOT_FOUND,
                         "the provider's ID token is signed with a key that is not among its keys");
    return error_set(error, ERROR_DENIED, "the signature of the provider's ID token is wrong");
}

static bool is_for(const struct json_doc *doc, struct slice client, struct arena *arena)
{
    uint32_t audience = json_get(doc, 0, "aud");
    uint32_t authorized = json_get(doc, 0, "azp");
    if (audience == JSON_NONE)
        return false;
    // Whoever else it is for, it must have been made for this client.
    if (authorized != JSON_NONE &&
        (json_type(doc, authorized) != JSON_STRING || !json_string_equals(doc, authorized, client)))
        return false;
    if (json_type(doc, audience) == JSON_STRING)
        return slice_equal(json_string(doc, audience, arena), client);
    bool found = false;
    for (uint32_t node = json_type(doc, audience) == JSON_ARRAY ? json_first_element(doc, audience)
                                                                : JSON_NONE;
         node != JSON_NONE; node = json_next_element(doc, audience, node))
        found =
            found || (json_type(doc, node) == JSON_STRING && json_string_equals(doc, node, client));
    return found && (json_at(doc, audience)->count == 1 || authorized != JSON_NONE);
}

// Seconds since 1970; providers may write fractions. False when it is not there or absurd.
static bool time_of(const struct json_doc *doc, const char *name, int64_t *ret)
{
    uint32_t node = json_get(doc, 0, name);
    if (node == JSON_NONE || json_type(doc, node) != JSON_NUMBER)
        return false;
    struct slice text = json_raw(doc, node);
    int64_t seconds = 0;
    size_t i = 0;
    for (; i < text.length && text.data[i] >= '0' && text.data[i] <= '9' && i < 13; i++)
        seconds = seconds * 10 + (text.data[i] - '0');
    *ret = seconds;
    return i > 0 && i < 13 && (i == text.length || text.data[i] == '.') &&
           memchr(text.data, 'e', text.length) == NULL &&
           memchr(text.data, 'E', text.length) == NULL;
}

static int check_times(const struct json_doc *doc, int64_t now_ms, struct error *error)
{
    int64_t now = now_ms / 1000, expires, issued, from = 0;
    if (!time_of(doc, "exp", &expires) || !time_of(doc, "iat", &issued) ||
        (json_get(doc, 0, "nbf") != JSON_NONE && !time_of(doc, "nbf", &from)))
        return error_set(error, ERROR_PROTOCOL,
                         "the provider's ID token does not say when it was made and expires");
    if (expires + OIDC_SKEW_S <= now)
        return error_set(error, ERROR_DENIED, "the provider's ID token has expired");
    if (issued - OIDC_SKEW_S > now || from - OIDC_SKEW_S > now)
        return error_set(error, ERROR_DENIED,
                         "the provider's ID token is of the future; are both clocks right?");
    if (issued + OIDC_AGE_MOST_S < now)
        return error_set(error, ERROR_DENIED, "the provider's ID token is too old");
    return 0;
}

static int check_claims(const struct json_doc *doc, const struct oidc_expected *expected,
                        enum oidc_algorithm algorithm, struct arena *arena, struct error *error)
{
    struct slice subject = oidc_text(doc, "sub", arena), hash = oidc_text(doc, "at_hash", arena);
    if (!slice_equal(oidc_text(doc, "iss", arena), expected->issuer) ||
        expected->issuer.length == 0)
        return error_set(error, ERROR_DENIED, "the ID token is of another issuer");
    if (!is_for(doc, expected->client, arena))
        return error_set(error, ERROR_DENIED, "the provider's ID token is for another client");
    if (!slice_equal(oidc_text(doc, "nonce", arena), expected->nonce) ||
        expected->nonce.length == 0)
        return error_set(error, ERROR_DENIED, "the ID token belongs to another sign-in");
    if (subject.length == 0 || subject.length > 255)
        return error_set(error, ERROR_PROTOCOL, "the provider's ID token says of nobody");
    bool has_hash = json_get(doc, 0, "at_hash") != JSON_NONE;
    if (has_hash && (hash.data == NULL || expected->access_token.length == 0 ||
                     !oidc_hash_is_right(algorithm, expected->access_token, hash, arena)))
        return error_set(error, ERROR_DENIED, "the ID token belongs to another access token");
    return check_times(doc, expected->now_ms, error);
}

int oidc_token_check(struct slice token, const struct oidc_keys *keys,
                     const struct oidc_expected *expected, struct arena *arena,
                     struct oidc_claims *ret, struct error *error)
{
    struct parts parts = {0};
    struct slice id = {0};
    struct json_doc doc;
    enum oidc_algorithm algorithm = OIDC_RS256;
    *ret = (struct oidc_claims){0};
    json_doc_init(&doc);
    int result = token.length == 0 ? no_token(error) : split(token, arena, &parts, error);
    if (result == 0)
        result = read_head(parts.head, arena, &algorithm, &id, error);
    if (result == 0)
        result = check_signature(&parts, keys, algorithm, id, error);
    if (result == 0)
        result = scan(&doc, parts.claims, error);
    if (result == 0)
        result = check_claims(&doc, expected, algorithm, arena, error);
    if (result == 0)
        result = oidc_claims_keep(&doc, arena, ret, error);
    json_doc_release(&doc);
    return result;
}
