// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where an SSE server wants to be posted to: RFC 3986 section 5.2 over the URL of its stream, for
// http and https. Only its own origin, so that it cannot make the gateway post elsewhere.
#include "upstream/sse_internal.h"

enum { REFERENCE_MAX = 8192 };

static struct slice skip(struct slice s, size_t length)
{
    return slice_of(s.data + length, s.length - length);
}

// What stands before the first of these characters.
static struct slice until(struct slice s, const char *ends)
{
    size_t length = 0;
    while (length < s.length && strchr(ends, s.data[length]) == NULL)
        length++;
    return slice_of(s.data, length);
}

static bool is_plain(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if (s.data[i] <= 0x20 || s.data[i] >= 0x7f || s.data[i] == '\\')
            return false;
    return s.length > 0 && s.length <= REFERENCE_MAX;
}

static bool is_scheme(struct slice s)
{
    for (size_t i = 0; i < s.length; i++) {
        char c = s.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !other))
            return false;
    }
    return s.length > 0;
}

static bool same_port(struct slice text, const struct upstream_options *options)
{
    uint32_t port = 0;
    if (text.length == 0)
        return options->port == (options->tls ? 443 : 80);
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || port > UINT16_MAX)
            return false;
        port = port * 10 + (uint32_t)(text.data[i] - '0');
    }
    return port == options->port;
}

static bool same_authority(struct slice authority, const struct upstream_options *options)
{
    struct slice host = until(authority, ":");
    if (authority.length > 0 && authority.data[0] == '[') {
        host = until(skip(authority, 1), "]");
        if (host.length + 2 > authority.length)
            return false;
        authority = skip(authority, host.length + 2);
    } else {
        authority = skip(authority, host.length);
    }
    if (authority.length > 0 && authority.data[0] != ':')
        return false;
    return slice_equal_ignoring_case(host, options->host) &&
           same_port(authority.length == 0 ? authority : skip(authority, 1), options);
}

// Takes "scheme:" and "//authority" off. False: another origin.
static bool take_origin(struct slice *rest, const struct upstream_options *options)
{
    struct slice scheme = until(*rest, ":/?#");
    bool absolute =
        scheme.length < rest->length && rest->data[scheme.length] == ':' && is_scheme(scheme);
    if (absolute) {
        if (!slice_equal_ignoring_case(scheme, slice_from_string(options->tls ? "https" : "http")))
            return false;
        *rest = skip(*rest, scheme.length + 1);
    }
    if (!slice_starts_with(*rest, SLICE_LITERAL("//")))
        return !absolute; // "http:path" is read in two ways, so not at all
    struct slice authority = until(skip(*rest, 2), "/?#");
    *rest = skip(*rest, 2 + authority.length);
    return same_authority(authority, options);
}

// Appends the path without "." and ".." segments (RFC 3986, 5.2.4); `path` starts with '/'.
static void append_path(struct buffer *out, struct slice path)
{
    size_t first = out->length;
    while (path.length > 0) {
        struct slice segment = until(skip(path, 1), "/");
        path = skip(path, 1 + segment.length);
        bool dot = slice_equal_string(segment, ".");
        bool up = slice_equal_string(segment, "..");
        if (up) {
            struct slice so_far = buffer_slice(out);
            while (out->length > first && so_far.data[out->length - 1] != '/')
                out->length--;
            if (out->length > first)
                out->length--;
        }
        if (!dot && !up) {
            buffer_append_string(out, "/");
            buffer_append(out, segment);
        } else if (path.length == 0) {
            buffer_append_string(out, "/");
        }
    }
}

// The folder of the stream's own path: "/a/b?c" -> "/a/".
static struct slice folder_of(struct slice target)
{
    struct slice path = until(target, "?#");
    while (path.length > 1 && path.data[path.length - 1] != '/')
        path.length--;
    return path;
}

int upstream_resolve_endpoint(const struct upstream_options *options, struct slice reference,
                              struct buffer *ret_target, struct error *error)
{
    struct slice rest = slice_trim(reference);
    if (!is_plain(rest))
        return error_set(error, ERROR_PROTOCOL, "the server named an endpoint that is no URL");
    if (!take_origin(&rest, options))
        return error_set(error, ERROR_PROTOCOL,
                         "the server named an endpoint of another origin, which is refused");
    struct slice path = until(rest, "?#");
    struct slice query = until(skip(rest, path.length), "#");
    struct buffer whole;
    buffer_init(&whole, 0);
    bool own_path = path.length == 0 && query.length > 0 && rest.data == slice_trim(reference).data;
    if (own_path)
        buffer_append(&whole, until(options->target, "?#"));
    else if (path.length == 0 || path.data[0] != '/')
        buffer_append(&whole, path.length == 0 ? SLICE_LITERAL("/") : folder_of(options->target));
    buffer_append(&whole, path);
    buffer_clear(ret_target);
    append_path(ret_target, buffer_slice(&whole));
    buffer_append(ret_target, query);
    bool failed = whole.failed || ret_target->failed;
    buffer_release(&whole);
    return failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
}
