// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses: the URL of a server, the address to listen on. Stricter than the standards: what two
// readers could understand differently is refused.
#include "config/config_internal.h"

#include <arpa/inet.h>

enum { HOST_MAX = 253, URL_MAX = 4096 };

static bool is_v4(struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr address;
    if (host.length >= sizeof text)
        return false;
    memcpy(text, host.data, host.length);
    text[host.length] = '\0';
    return inet_pton(AF_INET, text, &address) == 1;
}

static bool parse_v6(struct slice host, struct in6_addr *ret)
{
    char text[INET6_ADDRSTRLEN];
    if (host.length >= sizeof text)
        return false;
    memcpy(text, host.data, host.length);
    text[host.length] = '\0';
    return inet_pton(AF_INET6, text, ret) == 1;
}

static bool is_v6(struct slice host)
{
    struct in6_addr address;
    return parse_v6(host, &address);
}

bool config_is_loopback(struct slice host)
{
    struct in6_addr address;
    if (is_v4(host))
        return slice_starts_with(host, SLICE_LITERAL("127."));
    if (parse_v6(host, &address))
        return IN6_IS_ADDR_LOOPBACK(&address);
    return slice_equal_ignoring_case(host, SLICE_LITERAL("localhost"));
}

static bool is_digits(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length > 0;
}

static bool parse_port(struct slice text, uint16_t *ret)
{
    if (!is_digits(text) || text.length > 5)
        return false;
    uint32_t port = 0;
    for (size_t i = 0; i < text.length; i++)
        port = port * 10 + (uint32_t)(text.data[i] - '0');
    if (port > UINT16_MAX)
        return false;
    *ret = (uint16_t)port;
    return true;
}

// "host", "host:port", "[v6]", "[v6]:port"; *ret_port is empty when there is none.
static bool split_port(struct slice text, struct slice *ret_host, struct slice *ret_port)
{
    size_t end = 0;
    bool bracketed = text.length > 0 && text.data[0] == '[';
    if (bracketed) {
        const char *bracket = memchr(text.data, ']', text.length);
        if (bracket == NULL)
            return false;
        *ret_host = slice_of(text.data + 1, (size_t)(bracket - text.data) - 1);
        if (!is_v6(*ret_host))
            return false;
        end = (size_t)(bracket - text.data) + 1;
    } else {
        const char *colon = memchr(text.data, ':', text.length);
        end = colon == NULL ? text.length : (size_t)(colon - text.data);
        *ret_host = slice_of(text.data, end);
    }
    *ret_port = slice_of(text.data + end, 0);
    if (end == text.length)
        return true;
    if (text.data[end] != ':' || end + 1 == text.length)
        return false;
    *ret_port = slice_of(text.data + end + 1, text.length - end - 1);
    return true;
}

bool config_split_address(struct slice text, struct slice *ret_host, uint16_t *ret_port)
{
    struct slice host, port;
    uint16_t number = 0;
    if (!split_port(text, &host, &port) || host.length == 0 || !parse_port(port, &number))
        return false;
    if (!is_v4(host) && !is_v6(host) && !slice_equal_string(host, "localhost") &&
        !slice_equal_string(host, "*"))
        return false;
    *ret_host = host;
    *ret_port = number;
    return true;
}

// A DNS name, or a dotted IPv4 address. A last label of digits only would be read as an address
// by some and as a name by others.
static bool is_host(struct slice host)
{
    if (host.length == 0 || host.length > HOST_MAX)
        return false;
    size_t label = 0;
    for (size_t i = 0; i < host.length; i++) {
        char c = host.data[i];
        if (c == '.' && (i == label || i + 1 == host.length))
            return false;
        if (c == '.')
            label = i + 1;
        else if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
                 c != '-' && c != '_')
            return false;
    }
    struct slice last = slice_of(host.data + label, host.length - label);
    bool hexadecimal = last.length > 1 && last.data[0] == '0' && (last.data[1] | 0x20) == 'x';
    return is_v4(host) || (!is_digits(last) && !hexadecimal);
}

bool config_split_host(struct slice text, struct slice *ret_host, uint16_t *ret_port)
{
    struct slice port;
    return split_port(text, ret_host, &port) && parse_port(port, ret_port) && *ret_port > 0 &&
           (text.data[0] == '[' || is_host(*ret_host));
}

static bool is_plain(struct slice url)
{
    for (size_t i = 0; i < url.length; i++)
        if (url.data[i] <= 0x20 || url.data[i] >= 0x7F ||
            strchr("\"<>\\^`{|}", url.data[i]) != NULL)
            return false;
    return url.length <= URL_MAX;
}

static const char *split_authority(struct slice authority, struct upstream_options *ret)
{
    struct slice host, port;
    if (memchr(authority.data, '@', authority.length) != NULL)
        return "must not hold a user name or password; use 'headers'";
    if (authority.length == 0)
        return "has no host";
    if (!split_port(authority, &host, &port))
        return "has a broken host or port";
    if (authority.data[0] != '[' && !is_host(host))
        return "has a host that is neither a name nor an IP address";
    uint16_t number = ret->tls ? 443 : 80;
    if (port.length > 0 && (!parse_port(port, &number) || number == 0))
        return "has a port that is not from 1 to 65535";
    ret->host = host;
    ret->port = number;
    return NULL;
}

bool config_split_url(struct slice url, struct arena *arena, struct upstream_options *ret,
                      const char **ret_why)
{
    const struct slice plain = SLICE_LITERAL("http://"), secure = SLICE_LITERAL("https://");
    struct slice head = slice_of(url.data, url.length < secure.length ? url.length : secure.length);
    ret->tls = slice_equal_ignoring_case(head, secure);
    size_t start = ret->tls ? secure.length : plain.length;
    head.length = head.length < plain.length ? head.length : plain.length;
    if (!ret->tls && !slice_equal_ignoring_case(head, plain)) {
        *ret_why = "must begin with http:// or https://";
        return false;
    }
    if (!is_plain(url)) {
        *ret_why = "holds characters that do not belong into a URL, or is too long";
        return false;
    }
    if (memchr(url.data, '#', url.length) != NULL) {
        *ret_why = "must not hold a fragment ('#')";
        return false;
    }
    size_t end = start;
    while (end < url.length && url.data[end] != '/' && url.data[end] != '?')
        end++;
    *ret_why = split_authority(slice_of(url.data + start, end - start), ret);
    if (*ret_why != NULL)
        return false;
    ret->target = slice_of(url.data + end, url.length - end);
    if (ret->target.length == 0 || ret->target.data[0] != '/')
        ret->target = arena_format(arena, "/%.*s", SLICE_PRINT(ret->target));
    return true;
}
