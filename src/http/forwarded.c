// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who stands behind a proxy. Each proxy appends whom it serves, so the header is read from its end,
// as far as those who wrote it are trusted; what stands before that may be anybody's invention.
#include "http/server_internal.h"

#include "base/memory.h"

enum { HOPS_MAX = 32 };

// The last ones of all header lines together, as text; data NULL: it cannot be read.
struct hops {
    struct slice items[HOPS_MAX];
    size_t count; // of all, also those that are not kept
};

int http_server_trust(struct http_server *server, const struct http_trust *trust)
{
    struct net_range *copy = NULL;
    if (trust->count > 0)
        copy = memory_try_new(trust->count * sizeof *copy);
    memory_free(server->trusted);
    server->trusted = copy;
    server->trusted_count = copy == NULL ? 0 : trust->count;
    server->trusted_header = trust->header;
    if (copy != NULL)
        memcpy(copy, trust->proxies, trust->count * sizeof *copy);
    return copy == NULL && trust->count > 0 ? ERROR_NO_MEMORY : 0;
}

static bool is_trusted(const struct http_server *server, const struct net_host *host)
{
    for (size_t i = 0; i < server->trusted_count; i++)
        if (net_range_has(&server->trusted[i], host))
            return true;
    return false;
}

static void add_hop(struct hops *hops, struct slice text)
{
    hops->items[hops->count++ % HOPS_MAX] = text;
}

// ---- X-Forwarded-For: addresses between commas

static void read_list(struct slice line, struct hops *hops)
{
    for (;;) {
        const char *comma = line.length == 0 ? NULL : memchr(line.data, ',', line.length);
        size_t length = comma == NULL ? line.length : (size_t)(comma - line.data);
        add_hop(hops, slice_trim(slice_of(line.data, length)));
        if (comma == NULL)
            return;
        line = slice_of(comma + 1, line.length - length - 1);
    }
}

// ---- Forwarded: NAME=VALUE;NAME=VALUE, ...

static bool is_token_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static struct slice take_token(struct slice *rest)
{
    size_t length = 0;
    while (length < rest->length && is_token_byte(rest->data[length]))
        length++;
    struct slice token = slice_of(rest->data, length);
    *rest = slice_of(rest->data + length, rest->length - length);
    return token;
}

// A backslash is no part of an address, so a text that has one is not taken.
static struct slice take_value(struct slice *rest)
{
    if (rest->length == 0 || rest->data[0] != '"')
        return take_token(rest);
    const char *end = memchr(rest->data + 1, '"', rest->length - 1);
    size_t length = end == NULL ? 0 : (size_t)(end - rest->data) - 1;
    struct slice value = slice_of(rest->data + 1, length);
    if (end == NULL || memchr(value.data, '\\', length) != NULL)
        return (struct slice){0};
    *rest = slice_of(end + 1, rest->length - length - 2);
    return value;
}

static struct slice skip_blanks(struct slice rest)
{
    while (rest.length > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t'))
        rest = slice_of(rest.data + 1, rest.length - 1);
    return rest;
}

// One element. False: what follows cannot be told from it.
static bool take_element(struct slice *rest, struct slice *ret_for)
{
    *ret_for = (struct slice){0};
    for (;;) {
        struct slice name = take_token(rest);
        if (name.length == 0 || rest->length == 0 || rest->data[0] != '=')
            return false;
        *rest = slice_of(rest->data + 1, rest->length - 1);
        struct slice value = take_value(rest);
        if (value.length == 0)
            return false;
        if (slice_equal_ignoring_case(name, SLICE_LITERAL("for"))) {
            if (ret_for->data != NULL)
                return false;
            *ret_for = value;
        }
        if (rest->length == 0 || rest->data[0] != ';')
            return true;
        *rest = slice_of(rest->data + 1, rest->length - 1);
    }
}

static void read_forwarded(struct slice line, struct hops *hops)
{
    for (;;) {
        struct slice client;
        line = skip_blanks(line);
        if (!take_element(&line, &client)) {
            add_hop(hops, (struct slice){0});
            return;
        }
        line = skip_blanks(line);
        bool more = line.length > 0 && line.data[0] == ',';
        add_hop(hops, more || line.length == 0 ? client : (struct slice){0});
        if (!more)
            return;
        line = slice_of(line.data + 1, line.length - 1);
    }
}

// ---- Both

static bool is_port(struct slice text)
{
    for (size_t i = 1; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length == 0 || (text.length >= 2 && text.length <= 6 && text.data[0] == ':');
}

// "203.0.113.7", "203.0.113.7:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711"
static bool parse_hop(struct slice text, struct net_host *ret)
{
    if (text.length > 0 && text.data[0] == '[') {
        const char *close = memchr(text.data, ']', text.length);
        size_t end = close == NULL ? 0 : (size_t)(close - text.data);
        return close != NULL && is_port(slice_of(close + 1, text.length - end - 1)) &&
               memchr(text.data, ':', end) != NULL &&
               net_host_parse(slice_of(text.data + 1, end - 1), ret);
    }
    if (net_host_parse(text, ret))
        return true;
    const char *colon = text.length == 0 ? NULL : memchr(text.data, ':', text.length);
    size_t length = colon == NULL ? 0 : (size_t)(colon - text.data);
    return colon != NULL && is_port(slice_of(colon, text.length - length)) &&
           net_host_parse(slice_of(text.data, length), ret);
}

static void read_headers(const struct http_server *server, struct http_headers headers,
                         struct hops *hops)
{
    static const struct slice names[] = {
        [HTTP_X_FORWARDED_FOR] = {"X-Forwarded-For", 15}, [HTTP_FORWARDED] = {"Forwarded", 9}};
    struct slice name = names[server->trusted_header];
    for (size_t i = 0; i < headers.count; i++) {
        if (!slice_equal_ignoring_case(headers.items[i].name, name))
            continue;
        if (server->trusted_header == HTTP_FORWARDED)
            read_forwarded(headers.items[i].value, hops);
        else
            read_list(headers.items[i].value, hops);
    }
}

bool http_forwarded_client(const struct http_server *server, const struct net_host *peer,
                           struct http_headers headers, struct net_host *ret)
{
    struct hops hops = {.count = 0};
    if (!is_trusted(server, peer))
        return false;
    *ret = *peer;
    read_headers(server, headers, &hops);
    size_t least = hops.count > HOPS_MAX ? hops.count - HOPS_MAX : 0;
    for (size_t i = hops.count; i > least && is_trusted(server, ret); i--) {
        struct net_host hop;
        if (!parse_hop(hops.items[(i - 1) % HOPS_MAX], &hop))
            break;
        *ret = hop;
    }
    return hops.count > 0;
}
