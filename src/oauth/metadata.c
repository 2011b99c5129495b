// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oauth/oauth_internal.h"

int oauth_scan(struct json_doc *doc, struct slice text, const char *what, struct error *error)
{
    static const struct json_limits limits = {.depth = 16, .nodes = 20000};
    int result = json_scan(doc, text, &limits, NULL, NULL);
    if (result == 0 && json_type(doc, 0) != JSON_OBJECT)
        result = ERROR_TYPE;
    if (result == 0 || result == ERROR_NO_MEMORY)
        return result == 0 ? 0 : error_set(error, result, "out of memory");
    return error_set(error, ERROR_PROTOCOL, "%s is not a JSON object", what);
}

int oauth_text(const struct json_doc *doc, const char *name, struct arena *arena, struct slice *ret,
               struct error *error)
{
    uint32_t node = json_get(doc, 0, name);
    *ret = (struct slice){"", 0};
    if (node == JSON_NONE || json_type(doc, node) == JSON_NULL)
        return 0;
    if (json_type(doc, node) != JSON_STRING)
        return error_set(error, ERROR_PROTOCOL, "its member '%s' is not a string", name);
    *ret = arena_copy(arena, json_string(doc, node, arena));
    return ret->data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}

static int url(const struct json_doc *doc, const char *name, struct arena *arena, struct slice *ret,
               struct error *error)
{
    int result = oauth_text(doc, name, arena, ret, error);
    if (result != 0 || ret->length == 0 || oauth_is_url(*ret))
        return result;
    return error_set(error, ERROR_DENIED, "its member '%s' is not an https URL", name);
}

// True when the array of strings has it.
static bool has(const struct json_doc *doc, const char *name, const char *wanted)
{
    uint32_t array = json_get(doc, 0, name);
    if (array == JSON_NONE || json_type(doc, array) != JSON_ARRAY)
        return false;
    for (uint32_t item = json_first_element(doc, array); item != JSON_NONE;
         item = json_next_element(doc, array, item))
        if (json_type(doc, item) == JSON_STRING &&
            json_string_equals(doc, item, slice_from_string(wanted)))
            return true;
    return false;
}

static bool is_true(const struct json_doc *doc, const char *name)
{
    uint32_t node = json_get(doc, 0, name);
    return node != JSON_NONE && json_type(doc, node) == JSON_TRUE;
}

// What is no scope, or would make the list too long, is left out: it cannot be asked for.
static int scopes(const struct json_doc *doc, struct arena *arena, struct slice *ret,
                  struct error *error)
{
    uint32_t array = json_get(doc, 0, "scopes_supported");
    *ret = (struct slice){"", 0};
    if (array == JSON_NONE || json_type(doc, array) != JSON_ARRAY)
        return 0;
    for (uint32_t item = json_first_element(doc, array); item != JSON_NONE;
         item = json_next_element(doc, array, item)) {
        struct slice scope = json_type(doc, item) == JSON_STRING ? json_string(doc, item, arena)
                                                                 : (struct slice){"", 0};
        if (scope.data == NULL)
            return error_set(error, ERROR_NO_MEMORY, "out of memory");
        if (scope.length == 0 || !oauth_is_scope(scope) ||
            memchr(scope.data, ' ', scope.length) != NULL ||
            ret->length + scope.length >= OAUTH_SCOPE_MAX)
            continue;
        *ret = oauth_join_scopes(*ret, scope, arena);
        if (ret->data == NULL)
            return error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    return 0;
}

static int issuers(const struct json_doc *doc, struct arena *arena, struct oauth_resource *ret,
                   struct error *error)
{
    uint32_t array = json_get(doc, 0, "authorization_servers");
    bool good = array != JSON_NONE && json_type(doc, array) == JSON_ARRAY;
    for (uint32_t item = good ? json_first_element(doc, array) : JSON_NONE;
         item != JSON_NONE && ret->server_count < OAUTH_SERVERS_MAX;
         item = json_next_element(doc, array, item)) {
        if (json_type(doc, item) != JSON_STRING)
            continue;
        struct slice issuer = arena_copy(arena, json_string(doc, item, arena));
        if (issuer.data == NULL)
            return error_set(error, ERROR_NO_MEMORY, "out of memory");
        if (oauth_is_url(issuer))
            ret->servers[ret->server_count++] = issuer;
    }
    return ret->server_count > 0
               ? 0
               : error_set(error, ERROR_PROTOCOL,
                           "the server's metadata names no authorization server by an https URL");
}

int oauth_read_resource(struct slice text, struct slice address, struct arena *arena,
                        struct oauth_resource *ret, struct error *error)
{
    struct json_doc doc;
    struct oauth_resource found = {.server_count = 0};
    json_doc_init(&doc);
    int result = oauth_scan(&doc, text, "the server's metadata", error);
    if (result == 0)
        result = oauth_text(&doc, "resource", arena, &found.resource, error);
    if (result == 0 && !oauth_covers(found.resource, address))
        result = error_set(error, ERROR_DENIED,
                           "the server's metadata is that of another resource than its address");
    if (result == 0)
        result = issuers(&doc, arena, &found, error);
    if (result == 0)
        result = scopes(&doc, arena, &found.scopes, error);
    json_doc_release(&doc);
    if (result == 0)
        *ret = found;
    return result;
}

static int endpoints(const struct json_doc *doc, struct arena *arena, struct oauth_server *ret,
                     struct error *error)
{
    int result = url(doc, "authorization_endpoint", arena, &ret->authorization, error);
    if (result == 0)
        result = url(doc, "token_endpoint", arena, &ret->token, error);
    if (result == 0)
        result = url(doc, "registration_endpoint", arena, &ret->registration, error);
    if (result == 0)
        result = url(doc, "revocation_endpoint", arena, &ret->revocation, error);
    if (result == 0 && ret->token.length == 0)
        result = error_set(error, ERROR_PROTOCOL, "the authorization server has no token endpoint");
    return result;
}

static void abilities(const struct json_doc *doc, struct oauth_server *ret)
{
    static const char methods[] = "token_endpoint_auth_methods_supported";
    ret->pkce = has(doc, "code_challenge_methods_supported", "S256");
    ret->says_issuer = is_true(doc, "authorization_response_iss_parameter_supported");
    ret->takes_documents = is_true(doc, "client_id_metadata_document_supported");
    bool said = json_get(doc, 0, methods) != JSON_NONE;
    ret->basic = !said || has(doc, methods, "client_secret_basic"); // RFC 8414, 2
    ret->post = has(doc, methods, "client_secret_post");
    ret->none = !said || has(doc, methods, "none");
}

int oauth_read_server(struct slice text, struct slice issuer, struct arena *arena,
                      struct oauth_server *ret, struct error *error)
{
    struct json_doc doc;
    struct oauth_server found = {.pkce = false};
    json_doc_init(&doc);
    int result = oauth_scan(&doc, text, "the authorization server's metadata", error);
    if (result == 0)
        result = oauth_text(&doc, "issuer", arena, &found.issuer, error);
    if (result == 0 && !slice_equal(found.issuer, issuer))
        result = error_set(error, ERROR_DENIED,
                           "the authorization server's metadata names another issuer than the "
                           "server does");
    if (result == 0)
        result = endpoints(&doc, arena, &found, error);
    if (result == 0)
        result = scopes(&doc, arena, &found.scopes, error);
    if (result == 0)
        abilities(&doc, &found);
    json_doc_release(&doc);
    if (result == 0)
        *ret = found;
    return result;
}
