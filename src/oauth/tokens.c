// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Answers of token and registration endpoints (RFC 6749, 5; RFC 7591, 3.2).
#include "oauth/oauth_internal.h"

enum { SHOWN = 60, EXPIRES_MOST_S = 10 * 365 * 24 * 3600 };

// It goes into a header as it is.
static bool is_visible(struct slice text, size_t most)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7F)
            return false;
    return text.length > 0 && text.length <= most;
}

static bool is_json(struct slice type)
{
    static const struct slice json = {"application/json", 16};
    return type.length >= json.length &&
           slice_equal_ignoring_case(slice_of(type.data, json.length), json) &&
           (type.length == json.length || strchr("; \t", type.data[json.length]) != NULL);
}

// The code that an endpoint gives for a refusal, as far as it may be shown.
static struct slice refusal(const struct json_doc *doc, struct arena *arena)
{
    struct slice code = {"", 0};
    if (oauth_text(doc, "error", arena, &code, NULL) != 0)
        return (struct slice){"", 0};
    for (size_t i = 0; i < code.length; i++)
        if (!(code.data[i] >= 'a' && code.data[i] <= 'z') && code.data[i] != '_')
            return (struct slice){"", 0};
    return slice_of(code.data, code.length > SHOWN ? SHOWN : code.length);
}

static int refused(int status, struct slice type, struct slice text, struct arena *arena,
                   struct error *error)
{
    struct json_doc doc;
    struct slice code = {"", 0};
    json_doc_init(&doc);
    if (is_json(type) && oauth_scan(&doc, text, "", NULL) == 0)
        code = refusal(&doc, arena);
    json_doc_release(&doc);
    bool later = status >= 500 || status == 429 || status == 408 ||
                 slice_equal_string(code, "temporarily_unavailable") ||
                 slice_equal_string(code, "server_error");
    // Whoever stands in front of the endpoint says no in other words; only itself says it for good.
    bool for_good = !later && code.length > 0;
    return error_set(error, for_good ? ERROR_DENIED : ERROR_UNREACHABLE,
                     "the authorization server answered with status %d%s%.*s", status,
                     code.length > 0 ? " and " : "", SLICE_PRINT(code));
}

static int expiry(const struct json_doc *doc, int64_t *ret, struct error *error)
{
    uint32_t node = json_get(doc, 0, "expires_in");
    *ret = 0;
    if (node == JSON_NONE || json_type(doc, node) == JSON_NULL)
        return 0;
    if (json_integer(doc, node, ret) != 0 || *ret <= 0)
        return error_set(error, ERROR_PROTOCOL, "the token's 'expires_in' is no time");
    if (*ret > EXPIRES_MOST_S)
        *ret = EXPIRES_MOST_S;
    return 0;
}

static int tokens_of(const struct json_doc *doc, struct arena *arena, struct oauth_tokens *ret,
                     struct error *error)
{
    struct slice type = {"", 0};
    int result = oauth_text(doc, "token_type", arena, &type, error);
    if (result == 0 && !slice_equal_ignoring_case(type, SLICE_LITERAL("Bearer")))
        result = error_set(error, ERROR_PROTOCOL, "the token is not a bearer token");
    if (result == 0)
        result = oauth_text(doc, "access_token", arena, &ret->access, error);
    if (result == 0)
        result = oauth_text(doc, "refresh_token", arena, &ret->refresh, error);
    if (result == 0)
        result = oauth_text(doc, "scope", arena, &ret->scope, error);
    if (result == 0)
        result = expiry(doc, &ret->expires_s, error);
    if (result == 0 && (!is_visible(ret->access, OAUTH_TOKEN_MAX) ||
                        (ret->refresh.length > 0 && !is_visible(ret->refresh, OAUTH_TOKEN_MAX)) ||
                        !oauth_is_scope(ret->scope)))
        result = error_set(error, ERROR_PROTOCOL, "the token or its scope cannot be used");
    return result;
}

int oauth_read_tokens(int status, struct slice type, struct slice text, struct arena *arena,
                      struct oauth_tokens *ret, struct error *error)
{
    struct json_doc doc;
    struct oauth_tokens found = {.expires_s = 0};
    if (status != 200)
        return refused(status, type, text, arena, error);
    if (!is_json(type))
        return error_set(error, ERROR_PROTOCOL, "the authorization server's answer is not JSON");
    json_doc_init(&doc);
    int result = oauth_scan(&doc, text, "the authorization server's answer", error);
    if (result == 0)
        result = tokens_of(&doc, arena, &found, error);
    json_doc_release(&doc);
    if (result == 0)
        *ret = found;
    return result;
}

static int method_of(const struct json_doc *doc, struct arena *arena, struct oauth_client *ret,
                     struct error *error)
{
    struct slice word = {"", 0};
    int result = oauth_text(doc, "token_endpoint_auth_method", arena, &word, error);
    if (result != 0)
        return result;
    ret->method = ret->secret.length == 0                          ? OAUTH_NONE
                  : slice_equal_string(word, "client_secret_post") ? OAUTH_POST
                  : slice_equal_string(word, "none")               ? OAUTH_NONE
                                                                   : OAUTH_BASIC;
    if (ret->method == OAUTH_NONE)
        ret->secret = (struct slice){"", 0};
    return 0;
}

int oauth_read_registration(int status, struct slice type, struct slice text, struct arena *arena,
                            struct oauth_client *ret, struct error *error)
{
    struct json_doc doc;
    struct oauth_client found = {.method = OAUTH_NONE};
    if (status != 200 && status != 201)
        return refused(status, type, text, arena, error);
    if (!is_json(type))
        return error_set(error, ERROR_PROTOCOL, "the authorization server's answer is not JSON");
    json_doc_init(&doc);
    int result = oauth_scan(&doc, text, "the authorization server's answer", error);
    if (result == 0)
        result = oauth_text(&doc, "client_id", arena, &found.id, error);
    if (result == 0)
        result = oauth_text(&doc, "client_secret", arena, &found.secret, error);
    if (result == 0 && (!is_visible(found.id, OAUTH_URL_MAX) ||
                        (found.secret.length > 0 && !is_visible(found.secret, OAUTH_URL_MAX))))
        result = error_set(error, ERROR_PROTOCOL, "the client that was registered cannot be used");
    if (result == 0)
        result = method_of(&doc, arena, &found, error);
    json_doc_release(&doc);
    if (result == 0)
        *ret = found;
    return result;
}

int oauth_choose_method(const struct oauth_server *server, bool secret, enum oauth_method *ret,
                        struct error *error)
{
    if (!secret && server->none)
        *ret = OAUTH_NONE;
    else if (secret && (server->basic || server->post))
        *ret = server->basic ? OAUTH_BASIC : OAUTH_POST;
    else
        return error_set(error, ERROR_UNSUPPORTED,
                         secret ? "the authorization server does not take a client secret"
                                : "the authorization server wants a client secret");
    return 0;
}
