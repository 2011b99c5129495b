// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static bool parse_port(struct slice text, uint16_t *ret)
{
    unsigned port = 0;
    if (text.length == 0 || text.length > 5)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text.data[i] - '0');
    }
    *ret = (uint16_t)port;
    return port <= 65535;
}

static void set_v4(struct loop_address *address, struct in_addr host, uint16_t port)
{
    *address = (struct loop_address){.length = sizeof(struct sockaddr_in)};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->storage;
    v4->sin_family = AF_INET;
    v4->sin_addr = host;
    v4->sin_port = htons(port);
}

static void set_v6(struct loop_address *address, struct in6_addr host, uint16_t port)
{
    *address = (struct loop_address){.length = sizeof(struct sockaddr_in6)};
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->storage;
    v6->sin6_family = AF_INET6;
    v6->sin6_addr = host;
    v6->sin6_port = htons(port);
}

static bool parse_host(const char *host, bool bracketed, uint16_t port, struct loop_address *ret)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (bracketed) {
        if (inet_pton(AF_INET6, host, &v6) != 1)
            return false;
        set_v6(ret, v6, port);
        return true;
    }
    if (strcmp(host, "*") == 0) {
        set_v6(ret, in6addr_any, port);
        return true;
    }
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &v4) != 1)
        return false;
    set_v4(ret, v4, port);
    return true;
}

int net_address_parse(const char *text, struct loop_address *ret, struct error *error)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    char host[64];
    uint16_t port = 0;
    if (length == 0 || length >= sizeof host)
        return error_set(error, ERROR_CONFIG, "'%s' is not an address like 127.0.0.1:8700", text);
    if (!parse_port(slice_from_string(colon + 1), &port))
        return error_set(error, ERROR_CONFIG, "'%s' has no port between 0 and 65535", text);
    size_t skip = bracketed ? 1 : 0;
    memcpy(host, text + skip, length - 2 * skip);
    host[length - 2 * skip] = '\0';
    if (!parse_host(host, bracketed, port, ret))
        return error_set(error, ERROR_CONFIG,
                         "'%s' is not an address like 127.0.0.1:8700, [::1]:8700 or *:8700", text);
    return 0;
}

size_t net_address_format(const struct loop_address *address, char text[NET_ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";
    int length = 0;
    if (address->storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
            inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof host);
            length = snprintf(text, NET_ADDRESS_TEXT_SIZE, "%s:%u", host,
                              (unsigned)ntohs(v6->sin6_port));
        } else {
            inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
            length = snprintf(text, NET_ADDRESS_TEXT_SIZE, "[%s]:%u", host,
                              (unsigned)ntohs(v6->sin6_port));
        }
    } else if (address->storage.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        length =
            snprintf(text, NET_ADDRESS_TEXT_SIZE, "%s:%u", host, (unsigned)ntohs(v4->sin_port));
    } else {
        length = snprintf(text, NET_ADDRESS_TEXT_SIZE, "?");
    }
    return length < 0 ? 0 : (size_t)length;
}

bool net_address_is_loopback(const struct loop_address *address)
{
    if (address->storage.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    if (address->storage.ss_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
}

uint16_t net_address_port(const struct loop_address *address)
{
    if (address->storage.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address->storage)->sin6_port);
    if (address->storage.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
    return 0;
}
