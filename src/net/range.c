// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
enum { MAPPED_BITS = 96, HOST_BITS = 128 };

static void set_v4(struct net_host *host, const void *address)
{
    memcpy(host->bytes, mapped, sizeof mapped);
    memcpy(host->bytes + sizeof mapped, address, 4);
}

struct net_host net_host_of(const struct loop_address *address)
{
    struct net_host host = {{0}};
    if (address->storage.ss_family == AF_INET)
        set_v4(&host, &((const struct sockaddr_in *)&address->storage)->sin_addr);
    else if (address->storage.ss_family == AF_INET6)
        memcpy(host.bytes, &((const struct sockaddr_in6 *)&address->storage)->sin6_addr, 16);
    return host;
}

bool net_host_parse(struct slice text, struct net_host *ret)
{
    char copy[INET6_ADDRSTRLEN + 1];
    struct in_addr v4;
    if (text.length == 0 || text.length >= sizeof copy ||
        memchr(text.data, '\0', text.length) != NULL)
        return false;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        set_v4(ret, &v4);
        return true;
    }
    return inet_pton(AF_INET6, copy, ret->bytes) == 1;
}

bool net_host_is_v4(const struct net_host *host)
{
    return memcmp(host->bytes, mapped, sizeof mapped) == 0;
}

bool net_host_is_loopback(const struct net_host *host)
{
    static const struct net_host v6 = {{[15] = 1}};
    return net_host_is_v4(host) ? host->bytes[12] == 127
                                : memcmp(host->bytes, v6.bytes, sizeof v6.bytes) == 0;
}

size_t net_host_format(const struct net_host *host, char text[NET_ADDRESS_TEXT_SIZE])
{
    char plain[INET6_ADDRSTRLEN] = "?";
    bool v4 = net_host_is_v4(host);
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? host->bytes + 12 : host->bytes, plain, sizeof plain);
    int length = snprintf(text, NET_ADDRESS_TEXT_SIZE, v4 ? "%s" : "[%s]", plain);
    return length < 0 ? 0 : (size_t)length;
}

// ---- Ranges

static bool same_bits(const struct net_host *a, const struct net_host *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    unsigned char mask = (unsigned char)(0xff00u >> rest);
    return memcmp(a->bytes, b->bytes, whole) == 0 &&
           (rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0);
}

bool net_range_has(const struct net_range *range, const struct net_host *host)
{
    return (range->bits >= MAPPED_BITS || !net_host_is_v4(host)) &&
           same_bits(&range->first, host, range->bits);
}

static bool parse_bits(struct slice text, unsigned most, unsigned *ret)
{
    unsigned bits = 0;
    if (text.length == 0 || text.length > 3 || (text.length > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        bits = bits * 10 + (unsigned)(text.data[i] - '0');
    }
    *ret = bits;
    return bits <= most;
}

static bool has_more_bits(const struct net_range *range)
{
    for (unsigned i = range->bits; i < HOST_BITS; i++)
        if ((range->first.bytes[i / 8] & (0x80u >> i % 8)) != 0)
            return true;
    return false;
}

int net_range_parse(struct slice text, struct net_range *ret, struct error *error)
{
    const char *slash = text.length == 0 ? NULL : memchr(text.data, '/', text.length);
    struct slice host = text;
    ret->bits = HOST_BITS;
    if (slash != NULL)
        host.length = (size_t)(slash - text.data);
    bool good = net_host_parse(host, &ret->first);
    unsigned before = good && memchr(host.data, ':', host.length) == NULL ? MAPPED_BITS : 0;
    if (good && slash != NULL) {
        good = parse_bits(slice_of(slash + 1, text.length - host.length - 1), HOST_BITS - before,
                          &ret->bits);
        ret->bits += before;
    }
    if (!good)
        return error_set(error, ERROR_CONFIG,
                         "'%.*s' is neither an address nor a range like 10.0.0.0/8 or "
                         "2001:db8::/32",
                         SLICE_PRINT(text));
    if (has_more_bits(ret))
        return error_set(error, ERROR_CONFIG, "'%.*s' has bits behind its first %u; leave them 0",
                         SLICE_PRINT(text), ret->bits - before);
    return 0;
}
