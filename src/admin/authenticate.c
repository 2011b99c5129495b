// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who asks: an API key, or the session of a member who signed in.
#include "admin/session_internal.h"

#include "base/memory.h"

#include <openssl/crypto.h>

static int nobody(struct admin_request *request, struct error *error, const char *why)
{
    return admin_refuse(request, 401, "authentication", ERROR_DENIED, error, "%s", why);
}

static struct slice hash_of(struct slice token, unsigned char hash[32])
{
    identity_hash_token(token, hash);
    return slice_of((const char *)hash, 32);
}

// Who listens is looked at again and again, and is the same each time.
static struct slice keep_text(struct admin_request *request, struct slice before, struct slice text)
{
    return before.data != NULL && slice_equal(before, text) ? before : admin_keep(request, text);
}

static int keep_who(struct admin_request *request, const struct admin_who *who, struct error *error)
{
    const struct admin_who before = request->who;
    request->who = *who;
    request->who.organisation = keep_text(request, before.organisation, who->organisation);
    request->who.id = keep_text(request, before.id, who->id);
    request->who.label = keep_text(request, before.label, who->label);
    request->who.session = keep_text(request, before.session, who->session);
    return request->who.organisation.data != NULL && request->who.id.data != NULL &&
                   request->who.label.data != NULL && request->who.session.data != NULL
               ? 0
               : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static int by_key(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const struct slice scheme = {"Bearer ", 7};
    struct slice given = request->authorization;
    struct store_api_key key = {.role = STORE_VIEWER};
    unsigned char hash[32];
    if (given.length <= scheme.length ||
        !slice_equal_ignoring_case(slice_of(given.data, scheme.length), scheme))
        return nobody(request, error, "Authorization must be 'Bearer' and an API key");
    struct slice token =
        slice_trim(slice_of(given.data + scheme.length, given.length - scheme.length));
    int result =
        store_find_api_key(view, (struct slice){0}, "token", hash_of(token, hash), &key, error);
    if (result == ERROR_NOT_FOUND)
        return nobody(request, error, "this API key is not known here");
    if (result != 0)
        return result;
    if (key.revoked_ms != 0)
        return nobody(request, error, "this API key was revoked");
    if (key.expires_ms != 0 && key.expires_ms <= request->now_ms)
        return nobody(request, error, "this API key has expired");
    const struct admin_who who = {.kind = STORE_BY_KEY,
                                  .organisation = key.head.organisation,
                                  .id = key.head.id,
                                  .label = key.label,
                                  .role = key.role,
                                  .used_ms = key.used_ms};
    return keep_who(request, &who, error);
}

// ---- Sessions

void admin_csrf_of(struct slice token, char text[IDENTITY_TOKEN_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char made[IDENTITY_TOKEN_SIZE + 8] = "csrf:";
    unsigned char hash[32];
    size_t length = token.length < IDENTITY_TOKEN_SIZE ? token.length : IDENTITY_TOKEN_SIZE;
    if (length > 0)
        memcpy(made + 5, token.data, length);
    identity_hash_token(slice_of(made, 5 + length), hash);
    for (size_t i = 0; i < 16; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    text[32] = '\0';
    memory_wipe(made, sizeof made);
}

// Where browsers come by a proxy that speaks TLS, the last part of the way does not.
bool admin_is_secure(const struct admin_request *request)
{
    const char *url = request->admin->public_url;
    return request->tls || (url != NULL && strncmp(url, "https://", 8) == 0);
}

const char *admin_cookie_name(const struct admin_request *request)
{
    return admin_is_secure(request) ? "__Host-sallyport_session" : "sallyport_session";
}

struct slice admin_cookie_of(const struct admin_request *request, const char *wanted)
{
    struct slice rest = request->cookie, name = slice_from_string(wanted);
    while (rest.length > 0) {
        const char *end = memchr(rest.data, ';', rest.length);
        size_t length = end == NULL ? rest.length : (size_t)(end - rest.data);
        struct slice pair = slice_trim(slice_of(rest.data, length));
        if (slice_starts_with(pair, name) && pair.length > name.length &&
            pair.data[name.length] == '=')
            return slice_of(pair.data + name.length + 1, pair.length - name.length - 1);
        size_t used = end == NULL ? length : length + 1;
        rest = slice_of(rest.data + used, rest.length - used);
    }
    return (struct slice){0};
}

struct slice admin_cookie(const struct admin_request *request)
{
    return admin_cookie_of(request, admin_cookie_name(request));
}

// A page of somebody else makes a browser send the cookie, but cannot know this.
static bool csrf_is_right(const struct admin_request *request, struct slice expected)
{
    unsigned char hash[32];
    struct slice given = hash_of(request->csrf, hash);
    return request->csrf.length > 0 && given.length == expected.length &&
           CRYPTO_memcmp(given.data, expected.data, expected.length) == 0;
}

int admin_find_session(struct admin_request *request, struct store_view *view,
                       struct store_session *ret, struct error *error)
{
    unsigned char hash[32];
    struct slice token = admin_cookie(request);
    int result =
        store_find_session(view, (struct slice){0}, "token", hash_of(token, hash), ret, error);
    if (result == 0 &&
        (ret->expires_ms <= request->now_ms || ret->used_ms + SESSION_IDLE_MS <= request->now_ms))
        result = ERROR_NOT_FOUND;
    return result;
}

static int by_session(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_session session = {.used_ms = 0};
    struct store_member member = {.role = STORE_VIEWER};
    int result = admin_find_session(request, view, &session, error);
    if (result == 0)
        result = store_get_member(view, session.head.organisation, session.member, &member, error);
    if (result == ERROR_NOT_FOUND || (result == 0 && member.disabled))
        return nobody(request, error, "the session is over; sign in again");
    if (result != 0)
        return result;
    bool reads =
        slice_equal_string(request->method, "GET") || slice_equal_string(request->method, "HEAD");
    if (!reads && !csrf_is_right(request, session.csrf))
        return admin_refuse(request, 403, "csrf", ERROR_DENIED, error,
                            "send X-CSRF-Token with what POST or GET /session gave as csrf_token");
    const struct admin_who who = {.kind = STORE_BY_MEMBER,
                                  .organisation = member.head.organisation,
                                  .id = member.head.id,
                                  .label = member.email,
                                  .session = session.head.id,
                                  .role = member.role,
                                  .used_ms = session.used_ms};
    return keep_who(request, &who, error);
}

int admin_authenticate(struct admin_request *request, struct store_view *view, struct error *error)
{
    if (request->authorization.data != NULL)
        return by_key(request, view, error);
    if (admin_cookie(request).length > 0)
        return by_session(request, view, error);
    return nobody(request, error, "send an API key ('Authorization: Bearer ...') or sign in");
}

int admin_touch(struct admin_request *request, struct store_view *view, struct error *error)
{
    const struct admin_who *who = &request->who;
    if (who->kind == STORE_SYSTEM || request->route->least == ADMIN_ANYBODY)
        return 0;
    bool session = who->kind == STORE_BY_MEMBER;
    return store_touch(view, session ? STORE_SESSION : STORE_API_KEY, who->organisation,
                       session ? who->session : who->id, request->now_ms, error);
}
