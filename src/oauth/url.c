// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "oauth/oauth.h"

#include <string.h>

static const struct slice secure = {"https://", 8}, plain = {"http://", 7};

static bool is_printable(struct slice url)
{
    for (size_t i = 0; i < url.length; i++)
        if (url.data[i] <= 0x20 || url.data[i] >= 0x7F ||
            strchr("\"<>\\^`{|}#", url.data[i]) != NULL)
            return false;
    return url.length <= OAUTH_URL_MAX;
}

struct slice oauth_origin(struct slice url)
{
    size_t start = slice_starts_with(url, secure)  ? secure.length
                   : slice_starts_with(url, plain) ? plain.length
                                                   : 0;
    size_t end = start;
    while (end < url.length && url.data[end] != '/' && url.data[end] != '?')
        end++;
    return start == 0 || end == start ? (struct slice){"", 0} : slice_of(url.data, end);
}

static bool is_loopback(struct slice authority)
{
    static const struct slice names[] = {{"localhost", 9}, {"127.0.0.1", 9}, {"[::1]", 5}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_starts_with(authority, names[i]) &&
            (authority.length == names[i].length || authority.data[names[i].length] == ':'))
            return true;
    return false;
}

static bool consists_of(struct slice text, const char *others)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            strchr(others, c) == NULL)
            return false;
    }
    return true;
}

// A name or an address, and perhaps a port; a user name or "%" would be read in more than one way.
static bool is_authority(struct slice authority)
{
    bool bracketed = authority.length > 0 && authority.data[0] == '[';
    size_t length = 0;
    while (length < authority.length && authority.data[length] != (bracketed ? ']' : ':'))
        length++;
    struct slice host = slice_of(authority.data + bracketed, length - bracketed);
    length += bracketed;
    if (length > authority.length || host.length == 0 ||
        !consists_of(host, bracketed ? ":." : "-._"))
        return false;
    struct slice port = slice_of(authority.data + length, authority.length - length);
    for (size_t i = 1; i < port.length; i++)
        if (port.data[i] < '0' || port.data[i] > '9')
            return false;
    return port.length == 0 || (port.data[0] == ':' && port.length >= 2 && port.length <= 6);
}

bool oauth_is_url(struct slice url)
{
    struct slice origin = oauth_origin(url);
    if (!is_printable(url) || origin.length == 0)
        return false;
    bool tls = slice_starts_with(origin, secure);
    size_t scheme = tls ? secure.length : plain.length;
    struct slice authority = slice_of(origin.data + scheme, origin.length - scheme);
    return is_authority(authority) && (tls || is_loopback(authority));
}

// Scheme and host ignore case.
static bool same_origin(struct slice a, struct slice b)
{
    return a.length > 0 && slice_equal_ignoring_case(a, b);
}

static struct slice path_of(struct slice url)
{
    size_t start = oauth_origin(url).length, end = start;
    while (end < url.length && url.data[end] != '?')
        end++;
    return slice_of(url.data + start, end - start);
}

bool oauth_covers(struct slice resource, struct slice url)
{
    struct slice above = path_of(resource), path = path_of(url);
    if (!oauth_is_url(resource) || !same_origin(oauth_origin(resource), oauth_origin(url)))
        return false;
    if (oauth_origin(resource).length + above.length != resource.length)
        return slice_equal(resource, url); // with a query it is that one address
    while (above.length > 0 && above.data[above.length - 1] == '/')
        above.length--;
    return slice_starts_with(path, above) &&
           (path.length == above.length || path.data[above.length] == '/');
}

// RFC 9728, 3.1 and RFC 8414, 3.1: the well-known part between host and path; then for a resource
// that of its host; for an issuer as OpenID Connect Discovery has it, in both places.
bool oauth_well_known(struct slice url, enum oauth_kind kind, size_t place, struct buffer *out)
{
    struct slice origin = oauth_origin(url), path = path_of(url);
    while (path.length > 0 && path.data[path.length - 1] == '/')
        path.length--;
    bool resource = kind == OAUTH_RESOURCE, bare = path.length == 0;
    size_t last = resource ? (bare ? 0 : 1) : (bare ? 1 : 2);
    if (place > last)
        return false;
    bool behind = !resource && place == 2;
    const char *name = resource     ? "/.well-known/oauth-protected-resource"
                       : place == 0 ? "/.well-known/oauth-authorization-server"
                                    : "/.well-known/openid-configuration";
    buffer_append(out, origin);
    if (behind)
        buffer_append(out, path);
    buffer_append_string(out, name);
    if (!behind && !(resource && place == 1))
        buffer_append(out, path);
    return true;
}
