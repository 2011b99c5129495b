// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From a server's address to the metadata of its authorization server (RFC 9728, RFC 8414).
#include "control/sign_in_internal.h"

static int get(struct sign_in_search *search, struct slice url, struct fetch_answer *ret,
               struct error *error)
{
    static const char *const headers[] = {"Accept: application/json", NULL};
    struct slice whole = arena_copy(search->sign_in->arena, url);
    if (whole.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    const struct fetch_request request = {
        .url = whole.data, .headers = headers, .answer_max = DOCUMENT_MAX, .follow = true};
    return fetch_wait(search->fetch, &request, search->sign_in->arena, ret, error);
}

static void read_challenges(struct sign_in_search *search, const struct fetch_answer *answer)
{
    struct slice value = fetch_answer_header(answer, "WWW-Authenticate");
    if (value.data == NULL ||
        oauth_read_challenge(value, search->sign_in->arena, &search->challenge) != 0)
        search->challenge = (struct oauth_challenge){{"", 0}, {"", 0}, {"", 0}};
    if (!oauth_is_scope(search->challenge.scope))
        search->challenge.scope = (struct slice){"", 0};
}

// What it says to a stranger. A ping changes nothing anywhere.
static int knock(struct sign_in_search *search, struct error *error)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Accept: application/json, text/event-stream",
                                          "MCP-Protocol-Version: 2025-11-25", NULL};
    struct fetch_answer answer = {.status = 0};
    const struct fetch_request request = {
        .method = "POST",
        .url = search->sign_in->address.url.data,
        .headers = headers,
        .body = SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"),
        .answer_max = DOCUMENT_MAX};
    int result = fetch_wait(search->fetch, &request, search->sign_in->arena, &answer, error);
    if (result == 0)
        read_challenges(search, &answer);
    return result;
}

static bool is_missing(const struct fetch_answer *answer)
{
    return answer->status >= 400 && answer->status < 500;
}

static int read_resource(struct sign_in_search *search, struct slice url, bool *ret_found,
                         struct error *error)
{
    struct fetch_answer answer = {.status = 0};
    int result = get(search, url, &answer, error);
    *ret_found = result == 0 && answer.status == 200;
    if (*ret_found)
        return oauth_read_resource(answer.body, search->sign_in->address.url,
                                   search->sign_in->arena, &search->resource, error);
    if (result == 0 && !is_missing(&answer))
        return error_set(error, ERROR_PROTOCOL, "the server's metadata comes with status %d",
                         answer.status);
    return result;
}

static int find_resource(struct sign_in_search *search, struct error *error)
{
    struct control_sign_in *sign_in = search->sign_in;
    struct slice named = search->challenge.resource_metadata;
    bool found = false;
    int result = 0;
    if (named.length > 0 && !oauth_is_url(named))
        return error_set(error, ERROR_DENIED,
                         "the server says that its metadata is where none may be read");
    if (named.length > 0) {
        result = read_resource(search, named, &found, error);
        return result != 0 || found
                   ? result
                   : error_set(error, ERROR_PROTOCOL, "the server's metadata is not where it says");
    }
    struct buffer url;
    buffer_init(&url, 0);
    for (size_t i = 0; result == 0 && !found; i++) {
        buffer_clear(&url);
        if (!oauth_well_known(sign_in->address.url, OAUTH_RESOURCE, i, &url))
            break;
        result = read_resource(search, buffer_slice(&url), &found, error);
    }
    buffer_release(&url);
    if (result != 0 || found)
        return result;
    // Servers of 2025-03-26 are their own authorization servers.
    search->resource.resource = sign_in->address.url;
    search->resource.servers[0] = oauth_origin(sign_in->address.url);
    search->resource.server_count = 1;
    return 0;
}

static struct slice choose_issuer(const struct sign_in_search *search)
{
    const struct oauth_resource *resource = &search->resource;
    for (size_t i = 0; i < resource->server_count; i++)
        if (slice_equal(resource->servers[i], search->sign_in->row.issuer))
            return resource->servers[i];
    return resource->servers[0];
}

static int find_issuer(struct sign_in_search *search, struct error *error)
{
    struct control_sign_in *sign_in = search->sign_in;
    struct slice issuer = choose_issuer(search);
    struct buffer url;
    bool found = false;
    int result = 0;
    buffer_init(&url, 0);
    for (size_t i = 0; result == 0 && !found; i++) {
        struct fetch_answer answer = {.status = 0};
        buffer_clear(&url);
        if (!oauth_well_known(issuer, OAUTH_SERVER, i, &url))
            break;
        result = get(search, buffer_slice(&url), &answer, error);
        found = result == 0 && answer.status == 200;
        if (found)
            result =
                oauth_read_server(answer.body, issuer, sign_in->arena, &sign_in->issuer, error);
    }
    buffer_release(&url);
    if (result == 0 && !found)
        result = error_set(error, ERROR_NOT_FOUND,
                           "the server's authorization server has no metadata that can be found");
    return result;
}

int sign_in_discover(struct sign_in_search *search, struct error *error)
{
    int result = knock(search, error);
    if (result == 0)
        result = find_resource(search, error);
    return result == 0 ? find_issuer(search, error) : result;
}
