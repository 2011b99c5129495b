// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which addresses a request may go to whose URL somebody other than the operator chose. What is
// special is listed by IANA ("IPv4 Special-Purpose Address Registry" and its IPv6 twin, RFC 6890);
// everything that is not plainly a public unicast address is refused.
#include "net/net.h"
#include "base/memory.h"

#include <pthread.h>
#include <sys/socket.h>

enum { HOST_BITS = 128 };

struct special {
    const char *range;
    const char *what;
};

// The first that holds an address says what it is.
static const struct special specials[] = {
    {"169.254.169.254/32", "a cloud's metadata address"},
    {"169.254.170.2/32", "a cloud's metadata address"},
    {"169.254.170.23/32", "a cloud's metadata address"},
    {"100.100.100.200/32", "a cloud's metadata address"},
    {"168.63.129.16/32", "a cloud's metadata address"},
    {"192.0.0.192/32", "a cloud's metadata address"},
    {"0.0.0.0/8", "an unspecified address"},
    {"10.0.0.0/8", "a private address"},
    {"100.64.0.0/10", "an address behind a carrier's NAT"},
    {"127.0.0.0/8", "a loopback address"},
    {"169.254.0.0/16", "a link-local address"},
    {"172.16.0.0/12", "a private address"},
    {"192.0.0.0/24", "a protocol's own address"},
    {"192.0.2.0/24", "an address of documentation"},
    {"192.88.99.0/24", "a relay's address"},
    {"192.168.0.0/16", "a private address"},
    {"198.18.0.0/15", "an address of benchmarks"},
    {"198.51.100.0/24", "an address of documentation"},
    {"203.0.113.0/24", "an address of documentation"},
    {"224.0.0.0/4", "a multicast address"},
    {"255.255.255.255/32", "the broadcast address"},
    {"240.0.0.0/4", "a reserved address"},
    {"fd00:ec2::254/128", "a cloud's metadata address"},
    {"fd00:ec2::23/128", "a cloud's metadata address"},
    {"fd20:ce::254/128", "a cloud's metadata address"},
    {"fd00:42::42/128", "a cloud's metadata address"},
    {"::/128", "an unspecified address"},
    {"::1/128", "a loopback address"},
    {"::/96", "an IPv4 address in IPv6 (compatible)"},
    {"64:ff9b:1::/48", "an IPv4 address in IPv6 (local NAT64)"},
    {"fe80::/10", "a link-local address"},
    {"fec0::/10", "a site-local address"},
    {"fc00::/7", "a unique local address"},
    {"ff00::/8", "a multicast address"},
    {"2001::/32", "an IPv4 address in IPv6 (Teredo)"},
    {"2001:2::/48", "an address of benchmarks"},
    {"2001::/23", "a protocol's own address"},
    {"2001:db8::/32", "an address of documentation"},
    {"2002::/16", "an IPv4 address in IPv6 (6to4)"},
    {"3fff::/20", "an address of documentation"},
};

struct net_guard {
    pthread_mutex_t lock;
    struct net_range allowed[NET_GUARD_RANGES_MAX];
    size_t count;
};

static const char *find_special(const struct net_host *host)
{
    struct net_range range;
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (net_range_parse(slice_from_string(specials[i].range), &range, NULL) != 0 ||
            net_range_has(&range, host))
            return specials[i].what;
    return NULL;
}

// NAT64's well-known prefix (RFC 6052): leads to the IPv4 address in its last four bytes.
static bool is_nat64(const struct net_host *host)
{
    static const unsigned char prefix[12] = {0, 0x64, 0xff, 0x9b};
    return memcmp(host->bytes, prefix, sizeof prefix) == 0;
}

// The same for ISATAP's interface identifiers (RFC 5214), under any prefix.
static bool is_isatap(const struct net_host *host)
{
    const unsigned char *id = host->bytes + 8;
    return (id[0] & 0xfd) == 0 && id[1] == 0 && id[2] == 0x5e && id[3] == 0xfe;
}

static bool has_special_v4_inside(const struct net_host *host)
{
    struct net_host inner = {.bytes = {[10] = 0xff, [11] = 0xff}};
    if (!is_nat64(host) && !is_isatap(host))
        return false;
    memcpy(inner.bytes + 12, host->bytes + 12, 4);
    return find_special(&inner) != NULL;
}

const char *net_address_special(const struct loop_address *address)
{
    if (address->storage.ss_family != AF_INET && address->storage.ss_family != AF_INET6)
        return "an address of another family";
    struct net_host host = net_host_of(address);
    const char *what = find_special(&host);
    if (what != NULL || net_host_is_v4(&host))
        return what;
    if (has_special_v4_inside(&host))
        return "an IPv4 address in IPv6 that is not public";
    // Only 2000::/3 is given out as global unicast (RFC 4291).
    return is_nat64(&host) || (host.bytes[0] & 0xe0) == 0x20 ? NULL : "a reserved address";
}

// ---- The operator's exceptions

struct net_guard *net_guard_new(void)
{
    struct net_guard *guard = memory_new(sizeof *guard);
    pthread_mutex_init(&guard->lock, NULL);
    return guard;
}

void net_guard_free(struct net_guard *guard)
{
    if (guard == NULL)
        return;
    pthread_mutex_destroy(&guard->lock);
    memory_free(guard);
}

void net_guard_allow(struct net_guard *guard, const struct net_range *ranges, size_t count)
{
    pthread_mutex_lock(&guard->lock);
    guard->count = count < NET_GUARD_RANGES_MAX ? count : NET_GUARD_RANGES_MAX;
    for (size_t i = 0; i < guard->count; i++)
        guard->allowed[i] = ranges[i];
    pthread_mutex_unlock(&guard->lock);
}

// "Everything private" was not meant to open the metadata addresses in it.
static bool opens(const struct net_range *range, const struct net_host *host, const char *what)
{
    return net_range_has(range, host) &&
           (range->bits == HOST_BITS || strstr(what, "metadata") == NULL);
}

static bool is_allowed(const struct net_guard *guard, const struct net_host *host, const char *what)
{
    struct net_guard *shared = (struct net_guard *)(uintptr_t)guard; // its lock alone changes
    bool allowed = false;
    pthread_mutex_lock(&shared->lock);
    for (size_t i = 0; i < guard->count && !allowed; i++)
        allowed = opens(&guard->allowed[i], host, what);
    pthread_mutex_unlock(&shared->lock);
    return allowed;
}

int net_guard_check(const struct net_guard *guard, const struct loop_address *address,
                    struct error *error)
{
    char text[NET_ADDRESS_TEXT_SIZE];
    const char *what = net_address_special(address);
    if (what == NULL)
        return 0;
    struct net_host host = net_host_of(address);
    if (guard != NULL && is_allowed(guard, &host, what))
        return 0;
    net_address_format(address, text);
    return error_set(error, ERROR_DENIED,
                     "%s is %s, which this gateway does not connect to unless its operator allows "
                     "it (outside.allow, or serve --allow-outside)",
                     text, what);
}
