// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where a text points to: file paths, URLs and their hosts, IP addresses. Each reader takes a
// strict subset and refuses the rest, so that no server can understand something else than we did.
#include "policy/policy_internal.h"

#include <arpa/inet.h>

// ---- File paths

static size_t drop_last(const char *out, size_t length)
{
    while (length > 0 && out[length - 1] != '/')
        length--;
    return length > 0 ? length - 1 : 0;
}

size_t path_normalise(struct slice path, char *out)
{
    if (path.length == 0 || path.data[0] != '/' || memchr(path.data, '\0', path.length) != NULL ||
        memchr(path.data, '\\', path.length) != NULL)
        return 0;
    size_t length = 0;
    for (size_t at = 0; at < path.length;) {
        while (at < path.length && path.data[at] == '/')
            at++;
        size_t start = at;
        while (at < path.length && path.data[at] != '/')
            at++;
        size_t size = at - start;
        if (size == 0 || (size == 1 && path.data[start] == '.'))
            continue;
        if (size == 2 && path.data[start] == '.' && path.data[start + 1] == '.') {
            length = drop_last(out, length);
            continue;
        }
        out[length++] = '/';
        memcpy(out + length, path.data + start, size);
        length += size;
    }
    if (length == 0)
        out[length++] = '/';
    return length;
}

bool path_is_within(struct slice path, struct slice folder)
{
    if (folder.length == 1)
        return true; // "/"
    return slice_starts_with(path, folder) &&
           (path.length == folder.length || path.data[folder.length] == '/');
}

// ---- Hosts

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

// "192.0.2.1" with exactly four decimal parts and no leading zeros.
static bool parse_ipv4(struct slice text, uint8_t address[4])
{
    size_t at = 0;
    for (int part = 0; part < 4; part++) {
        if (part > 0 && (at >= text.length || text.data[at++] != '.'))
            return false;
        unsigned value = 0;
        size_t start = at;
        while (at < text.length && at - start < 3 && is_digit(text.data[at]))
            value = value * 10 + (unsigned)(text.data[at++] - '0');
        if (at == start || value > 255 || (at - start > 1 && text.data[start] == '0'))
            return false;
        address[part] = (uint8_t)value;
    }
    return at == text.length;
}

static bool parse_ipv6(struct slice text, uint8_t address[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.length == 0 || text.length >= sizeof copy ||
        memchr(text.data, '\0', text.length) != NULL)
        return false;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return inet_pton(AF_INET6, copy, address) == 1; // refuses zone ids
}

// The last label decides whether browsers read the host as an IPv4 address, in whatever base.
static bool looks_numeric(struct slice host)
{
    size_t start = host.length;
    while (start > 0 && host.data[start - 1] != '.')
        start--;
    struct slice last = slice_of(host.data + start, host.length - start);
    if (last.length >= 2 && last.data[0] == '0' && last.data[1] == 'x')
        return true;
    for (size_t i = 0; i < last.length; i++)
        if (!is_digit(last.data[i]))
            return false;
    return true;
}

static bool good_label(const char *label, size_t length)
{
    if (length == 0 || length > 63 || label[0] == '-' || label[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_letter(label[i]) && !is_digit(label[i]) && label[i] != '-' && label[i] != '_')
            return false;
    return true;
}

static bool good_labels(struct slice host)
{
    size_t start = 0;
    for (size_t i = 0; i <= host.length; i++)
        if (i == host.length || host.data[i] == '.') {
            if (!good_label(host.data + start, i - start))
                return false;
            start = i + 1;
        }
    return true;
}

static bool normalise_ipv6(struct slice host, char out[HOST_SIZE], struct slice *ret)
{
    uint8_t address[16];
    if (!parse_ipv6(host, address) || inet_ntop(AF_INET6, address, out, HOST_SIZE) == NULL)
        return false;
    *ret = slice_from_string(out);
    return true;
}

bool host_normalise(struct slice host, char out[HOST_SIZE], struct slice *ret)
{
    if (host.length >= 2 && host.data[0] == '[' && host.data[host.length - 1] == ']')
        return normalise_ipv6(slice_of(host.data + 1, host.length - 2), out, ret);
    if (host.length > 0 && host.data[host.length - 1] == '.')
        host.length--;
    if (host.length == 0 || host.length > 253)
        return false;
    for (size_t i = 0; i < host.length; i++)
        out[i] = lower(host.data[i]);
    *ret = slice_of(out, host.length);
    uint8_t address[4];
    return good_labels(*ret) && (!looks_numeric(*ret) || parse_ipv4(*ret, address));
}

static bool only_printable(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= ' ' || byte == 0x7F || byte == '\\')
            return false;
    }
    return true;
}

static bool good_port(struct slice port)
{
    unsigned value = 0;
    if (port.length == 0 || port.length > 5)
        return false;
    for (size_t i = 0; i < port.length; i++) {
        if (!is_digit(port.data[i]))
            return false;
        value = value * 10 + (unsigned)(port.data[i] - '0');
    }
    return value <= 65535;
}

static bool split_port(struct slice authority, struct slice *ret_host)
{
    size_t host = 0;
    if (authority.length > 0 && authority.data[0] == '[') {
        while (host < authority.length && authority.data[host] != ']')
            host++;
        host++;
    } else {
        while (host < authority.length && authority.data[host] != ':')
            host++;
    }
    if (host > authority.length)
        return false;
    *ret_host = slice_of(authority.data, host);
    if (host == authority.length)
        return true;
    return authority.data[host] == ':' &&
           good_port(slice_of(authority.data + host + 1, authority.length - host - 1));
}

bool url_host(struct slice url, char out[HOST_SIZE], struct slice *ret)
{
    static const struct slice schemes[] = {{"https://", 8}, {"http://", 7}};
    if (!only_printable(url))
        return false;
    for (size_t i = 0; i < 2; i++) {
        struct slice scheme = schemes[i];
        if (url.length < scheme.length ||
            !slice_equal_ignoring_case(slice_of(url.data, scheme.length), scheme))
            continue;
        struct slice rest = slice_of(url.data + scheme.length, url.length - scheme.length);
        size_t length = 0;
        while (length < rest.length && memchr("/?#", rest.data[length], 3) == NULL)
            length++;
        struct slice host;
        return split_port(slice_of(rest.data, length), &host) && host_normalise(host, out, ret);
    }
    return false;
}

bool host_matches(const struct host_pattern *pattern, struct slice host)
{
    if (!pattern->below)
        return slice_equal(pattern->name, host);
    if (host.length <= pattern->name.length + 1)
        return false;
    size_t start = host.length - pattern->name.length;
    return host.data[start - 1] == '.' &&
           memcmp(host.data + start, pattern->name.data, pattern->name.length) == 0;
}

// ---- Addresses and networks

static bool is_mapped(const uint8_t address[16])
{
    static const uint8_t prefix[12] = {[10] = 0xFF, [11] = 0xFF};
    return memcmp(address, prefix, sizeof prefix) == 0;
}

bool address_parse(struct slice text, struct network *ret)
{
    *ret = (struct network){.bits = 32, .ipv4 = true};
    if (parse_ipv4(text, ret->address))
        return true;
    *ret = (struct network){.bits = 128};
    if (!parse_ipv6(text, ret->address))
        return false;
    if (is_mapped(ret->address)) {
        struct network ipv4 = {.bits = 32, .ipv4 = true};
        memcpy(ipv4.address, ret->address + 12, 4);
        *ret = ipv4;
    }
    return true;
}

static void mask(struct network *network, bool *ret_host_bits)
{
    *ret_host_bits = false;
    for (size_t bit = network->bits; bit < (network->ipv4 ? 32U : 128U); bit++) {
        uint8_t flag = (uint8_t)(0x80U >> (bit & 7));
        if ((network->address[bit / 8] & flag) != 0) {
            *ret_host_bits = true;
            network->address[bit / 8] = (uint8_t)(network->address[bit / 8] & ~flag);
        }
    }
}

bool network_parse(struct slice text, struct network *ret, bool *ret_host_bits)
{
    size_t slash = 0;
    while (slash < text.length && text.data[slash] != '/')
        slash++;
    struct slice address = slice_of(text.data, slash);
    *ret_host_bits = false;
    if (!address_parse(address, ret))
        return false;
    if (slash == text.length)
        return true;
    struct slice digits = slice_of(text.data + slash + 1, text.length - slash - 1);
    if (!good_port(digits) || digits.length > 3 || (digits.length > 1 && digits.data[0] == '0'))
        return false;
    unsigned bits = 0;
    for (size_t i = 0; i < digits.length; i++)
        bits = bits * 10 + (unsigned)(digits.data[i] - '0');
    // "::ffff:10.0.0.0/104" is 10.0.0.0/8.
    bool mapped = ret->ipv4 && memchr(address.data, ':', address.length) != NULL;
    if (mapped && bits < 96)
        return false;
    if (mapped)
        bits -= 96;
    if (bits > ret->bits)
        return false;
    ret->bits = (uint8_t)bits;
    mask(ret, ret_host_bits);
    return true;
}

bool network_contains(const struct network *network, const struct network *address)
{
    if (network->ipv4 != address->ipv4)
        return false;
    size_t bytes = network->bits / 8, bits = network->bits % 8;
    if (memcmp(network->address, address->address, bytes) != 0)
        return false;
    return bits == 0 || ((network->address[bytes] ^ address->address[bytes]) >> (8 - bits)) == 0;
}

// ---- URIs of resources

// What stands at `at`, with the escapes that could hide a dot or a slash undone.
static char uri_character(struct slice uri, size_t at, size_t *ret_bytes)
{
    *ret_bytes = 1;
    if (uri.data[at] != '%' || uri.length - at < 3)
        return uri.data[at];
    struct slice code = slice_of(uri.data + at + 1, 2);
    *ret_bytes = 3;
    if (slice_equal_string(code, "2e") || slice_equal_string(code, "2E"))
        return '.';
    if (slice_equal_string(code, "2f") || slice_equal_string(code, "2F"))
        return '/';
    if (slice_equal_string(code, "5c") || slice_equal_string(code, "5C"))
        return '\\';
    *ret_bytes = 1;
    return '%';
}

bool uri_is_ambiguous(struct slice uri)
{
    size_t dots = 0, others = 0, bytes;
    for (size_t at = 0; at < uri.length; at += bytes) {
        char c = uri_character(uri, at, &bytes);
        if (c == '\\' || (unsigned char)c < ' ')
            return true;
        if (c != '/' && c != '?' && c != '#') {
            dots += c == '.';
            others += c != '.';
            continue;
        }
        if (others == 0 && (dots == 1 || dots == 2))
            return true;
        dots = others = 0;
    }
    return others == 0 && (dots == 1 || dots == 2);
}
