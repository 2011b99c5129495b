// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Header lines about whom a proxy asks for: the first line of the input names the header and the
// trusted ranges, the second is what a client wrote, the others what proxies did. Nobody untrusted
// is believed, and once there is somebody untrusted, nothing in front of him counts. The texts of
// ranges and of addresses are read and written on the way.
#include "http/server_internal.h"

#include <netinet/in.h>
#include <stdlib.h>

enum { LINES_MAX = 8, RANGES_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct slice take_until(struct slice *rest, char end)
{
    const char *found = rest->length == 0 ? NULL : memchr(rest->data, end, rest->length);
    size_t length = found == NULL ? rest->length : (size_t)(found - rest->data);
    struct slice taken = slice_of(rest->data, length);
    size_t used = found == NULL ? length : length + 1;
    *rest = slice_of(rest->data + used, rest->length - used);
    return taken;
}

static void check_host(const struct net_host *host)
{
    char text[NET_ADDRESS_TEXT_SIZE];
    struct net_host again;
    size_t length = net_host_format(host, text);
    bool bracket = text[0] == '[';
    require(length > 0 && length == strlen(text) && bracket == !net_host_is_v4(host));
    require(net_host_parse(slice_of(text + bracket, length - 2 * (size_t)bracket), &again));
    require(memcmp(host, &again, sizeof again) == 0);
}

// Bit by bit, as the words mean it.
static bool range_has(const struct net_range *range, const struct net_host *host)
{
    if (range->bits < 96 && net_host_is_v4(host))
        return false;
    for (unsigned i = 0; i < range->bits; i++)
        if (((range->first.bytes[i / 8] ^ host->bytes[i / 8]) & (0x80 >> i % 8)) != 0)
            return false;
    return true;
}

static size_t read_ranges(struct slice line, struct net_range *ranges)
{
    size_t count = 0;
    while (line.length > 0 && count < RANGES_MAX) {
        struct error error = {0};
        struct net_range *range = &ranges[count];
        if (net_range_parse(take_until(&line, ' '), range, &error) != 0) {
            require(error.text[0] != '\0');
            continue;
        }
        require(range->bits <= 128 &&
                net_range_has(range, &range->first) == range_has(range, &range->first));
        check_host(&range->first);
        count++;
    }
    return count;
}

static bool is_trusted(const struct net_range *ranges, size_t count, const struct net_host *host)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        require(net_range_has(&ranges[i], host) == range_has(&ranges[i], host));
        found = found || range_has(&ranges[i], host);
    }
    return found;
}

// What a guard without exceptions lets pass is open to everybody, and stays so with exceptions.
static void check_guard(const struct net_host *host, const struct net_range *ranges, size_t count)
{
    struct loop_address address = {.length = sizeof(struct sockaddr_in6)};
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;
    struct net_guard *guard = net_guard_new();
    v6->sin6_family = AF_INET6;
    memcpy(&v6->sin6_addr, host->bytes, sizeof host->bytes);
    bool open = net_address_special(&address) == NULL;
    require(!open || !net_host_is_loopback(host));
    require((net_guard_check(guard, &address, NULL) == 0) == open);
    net_guard_allow(guard, ranges, count);
    bool passes = net_guard_check(guard, &address, NULL) == 0;
    require(!open || passes);
    require(!passes || open || is_trusted(ranges, count, host));
    net_guard_free(guard);
}

static void check_client(const struct http_server *server, const struct http_header *lines,
                         size_t count)
{
    const struct net_range *ranges = server->trusted;
    struct net_host peer = ranges[0].first, client, without, stranger = {{0x20, 0x01, [15] = 9}};
    struct http_headers all = {.items = lines, .count = count};
    struct http_headers later = {.items = lines + 1, .count = count - 1};
    if (!is_trusted(ranges, server->trusted_count, &stranger))
        require(!http_forwarded_client(server, &stranger, all, &client));
    if (!is_trusted(ranges, server->trusted_count, &peer))
        return;
    bool said = http_forwarded_client(server, &peer, all, &client);
    check_host(&client);
    check_guard(&client, ranges, server->trusted_count);
    require(said || memcmp(&client, &peer, sizeof peer) == 0);
    said = http_forwarded_client(server, &peer, later, &without);
    if (said && !is_trusted(ranges, server->trusted_count, &without))
        require(memcmp(&client, &without, sizeof client) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of((const char *)data, size), line = take_until(&rest, '\n');
    struct net_range ranges[RANGES_MAX];
    struct http_header lines[LINES_MAX];
    struct http_server server = {.trusted_count = 0};
    struct slice name = take_until(&line, ' ');
    size_t count = 0;
    struct http_trust trust = {.proxies = ranges, .count = read_ranges(line, ranges)};
    trust.header = slice_equal_string(name, "Forwarded") ? HTTP_FORWARDED : HTTP_X_FORWARDED_FOR;
    while (rest.length > 0 && count < LINES_MAX)
        lines[count++] = (struct http_header){name, slice_trim(take_until(&rest, '\n'))};
    if (trust.count == 0 || count == 0)
        return 0;
    require(http_server_trust(&server, &trust) == 0);
    check_client(&server, lines, count);
    require(http_server_trust(&server, &(struct http_trust){.count = 0}) == 0);
    return 0;
}
