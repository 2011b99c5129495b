// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses of people and of their machines: e-mail, telephone, IP.
#include "detect/detect_internal.h"

#include <arpa/inet.h>

// ---- E-mail: from its '@' to both sides
enum { LOCAL_MAX = 64, DOMAIN_MAX = 253, LABEL_MAX = 63 };

static bool is_beyond_ascii(char c)
{
    return (unsigned char)c >= 0x80;
}

static bool is_local(char c)
{
    return detect_is(c, CLASS_A | CLASS_DASH) || is_beyond_ascii(c) || c == '.' || c == '+' ||
           c == '%' || c == '\'';
}

// Where the part before the '@' begins.
static size_t local_start(struct slice text, size_t at)
{
    size_t start = at;
    while (start > 0 && at - start < LOCAL_MAX && is_local(text.data[start - 1]) &&
           (start == at || !detect_begins(text, start, CLASS_A) ||
            !detect_is(text.data[start - 1], CLASS_A)))
        start--;
    while (start < at && !detect_is(text.data[start], CLASS_A) &&
           !is_beyond_ascii(text.data[start]))
        start++;
    return start;
}

// The length of a domain of two labels or more, the last one of letters.
static size_t domain_length(struct slice text, size_t at)
{
    size_t end = at, good = 0;
    for (int labels = 1; end - at <= DOMAIN_MAX; labels++) {
        size_t start = end;
        bool letters = true;
        for (; end < text.length && (detect_is(text.data[end], CLASS_A) || text.data[end] == '-' ||
                                     is_beyond_ascii(text.data[end]));
             end++)
            letters = letters && !detect_is(text.data[end], CLASS_D) && text.data[end] != '-';
        size_t length = end - start;
        if (length == 0 || length > LABEL_MAX || text.data[start] == '-')
            break;
        if (labels > 1 && letters && length > 1)
            good = end - at;
        if (end >= text.length || text.data[end] != '.')
            break;
        end++;
    }
    return good;
}

// "icon@2x.png" is a picture, "git@host:path" a place of source code.
static bool is_no_person(struct slice local, struct slice domain)
{
    return slice_equal_string(local, "git") ||
           (domain.length > 2 && detect_is(domain.data[0], CLASS_D) && domain.data[1] == 'x' &&
            domain.data[2] == '.');
}

size_t detect_email_at(struct slice text, size_t at, size_t *ret_start)
{
    size_t start = local_start(text, at), length = domain_length(text, at + 1);
    if (start == at || length == 0 ||
        is_no_person(slice_of(text.data + start, at - start), slice_of(text.data + at + 1, length)))
        return 0;
    *ret_start = start;
    return at + 1 + length - start;
}

// ---- Telephone
enum { PHONE_LEAST = 9, PHONE_MOST = 15, GAP_MOST = 2 };

static bool is_gap(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

// No country has a number that begins with these two digits.
static bool is_no_country(char first, char second)
{
    return first == '0' || (first == '2' && second == '8') || (first == '8' && second == '3') ||
           (first == '8' && second == '9');
}

// "+" and the digits of all groups, with at most two characters between them; none but the first
// group is a single digit.
static size_t international(struct slice text, size_t at)
{
    size_t end = at + 1, good = 0, digits = 0;
    for (size_t groups = 0;; groups++) {
        size_t run = detect_run(text, end, CLASS_D);
        if (run == 0 || (run == 1 && groups > 0))
            break;
        digits += run;
        end += run;
        good = end;
        size_t gap = 0;
        while (gap < GAP_MOST && end + gap < text.length && is_gap(text.data[end + gap]))
            gap++;
        if (gap == 0 || digits > PHONE_MOST)
            break;
        end += gap;
    }
    if (digits < PHONE_LEAST || digits > PHONE_MOST || detect_at(text, good, CLASS_A | CLASS_DASH))
        return 0;
    return good - at;
}

// An area or an exchange of North America: 200 to 999.
static bool is_triple(struct slice text, size_t at)
{
    return detect_run(text, at, CLASS_D) == 3 && text.data[at] >= '2';
}

// From the area's first digit: "212-555-0143", with ")" where brackets are.
static size_t north_american(struct slice text, size_t area, char separator)
{
    size_t at = area + 3;
    if (!is_triple(text, area))
        return 0;
    if (separator == ')') {
        if (at >= text.length || text.data[at++] != ')')
            return 0;
        at += at < text.length && text.data[at] == ' ';
    } else if (at >= text.length || text.data[at++] != separator) {
        return 0;
    }
    if (!is_triple(text, at) || at + 3 >= text.length ||
        (separator == ')' ? strchr("-. ", text.data[at + 3]) == NULL
                          : text.data[at + 3] != separator) ||
        detect_run(text, at + 4, CLASS_D) != 4 ||
        detect_at(text, at + 8, CLASS_LETTER | CLASS_DASH))
        return 0;
    return at + 8 - area;
}

// A number that is a part of a longer one, or of a name, is none. "1-" may stand before.
static bool follows_number(struct slice text, size_t start, size_t *ret_start)
{
    *ret_start = start;
    if (start >= 2 && detect_is(text.data[start - 1], CLASS_DASH | CLASS_DOT) &&
        text.data[start - 2] == '1' && detect_begins(text, start - 2, CLASS_A | CLASS_DASH))
        *ret_start = start - 2;
    else if (start > 0 && text.data[start - 1] == '.' && start > 1)
        return detect_is(text.data[start - 2], CLASS_A);
    return !detect_begins(text, *ret_start, CLASS_A | CLASS_DASH);
}

size_t detect_phone_at(struct slice text, size_t at, size_t *ret_start)
{
    char c = text.data[at];
    *ret_start = at;
    if (c == '+') {
        if (!detect_begins(text, at, CLASS_A | CLASS_SIGN | CLASS_DASH) || at + 2 >= text.length ||
            is_no_country(text.data[at + 1], text.data[at + 2]))
            return 0;
        return international(text, at);
    }
    if (c == '(') {
        size_t length = north_american(text, at + 1, ')');
        return length == 0 ? 0 : length + 1;
    }
    if (at < 3 || follows_number(text, at - 3, ret_start))
        return 0;
    size_t length = north_american(text, at - 3, c);
    return length == 0 ? 0 : at - 3 + length - *ret_start;
}

// ---- IP addresses

static bool read_octet(struct slice text, size_t *at, unsigned *ret)
{
    size_t length = detect_run(text, *at, CLASS_D);
    *ret = 0;
    if (length == 0 || length > 3 || (length > 1 && text.data[*at] == '0'))
        return false;
    for (size_t i = 0; i < length; i++)
        *ret = *ret * 10 + (unsigned)(text.data[*at + i] - '0');
    *at += length;
    return *ret <= 255;
}

// "version 1.2.3.4", "\"version\": \"1.2.3.4\""
static bool is_version(struct slice text, size_t start)
{
    static const char word[] = "ersion";
    size_t at = start;
    while (at > 0 && start - at < 6 && strchr(" \"'`:=\\\t", text.data[at - 1]) != NULL)
        at--;
    return at >= sizeof word - 1 &&
           memcmp(text.data + at - (sizeof word - 1), word, sizeof word - 1) == 0;
}

size_t detect_ipv4_at(struct slice text, size_t at, size_t *ret_start)
{
    unsigned octets[4];
    size_t start = at;
    while (start > 0 && at - start < 4 && detect_is(text.data[start - 1], CLASS_D))
        start--;
    size_t end = start;
    for (int i = 0; i < 4; i++) {
        if (!read_octet(text, &end, &octets[i]) ||
            (i < 3 && (end >= text.length || text.data[end++] != '.')))
            return 0;
    }
    bool goes_on = detect_at(text, end, CLASS_A | CLASS_UPPER) ||
                   (end < text.length && text.data[end] == '_') ||
                   (end < text.length && strchr(".-", text.data[end]) != NULL &&
                    detect_at(text, end + 1, text.data[end] == '.' ? CLASS_A : CLASS_LETTER));
    bool broadcast = octets[0] == 255 && octets[1] == 255 && octets[2] == 255 && octets[3] == 255;
    if (goes_on || octets[0] == 0 || octets[0] == 127 || broadcast || is_version(text, start) ||
        !detect_begins(text, start, CLASS_A | CLASS_DASH | CLASS_DOT))
        return 0;
    *ret_start = start;
    return end - start;
}

size_t detect_ipv6_at(struct slice text, size_t at, size_t *ret_start)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t start = at, length = 0;
    bool digit = false;
    while (start > 0 && at - start < 4 && detect_is(text.data[start - 1], CLASS_H))
        start--;
    if (!detect_begins(text, start, CLASS_A | CLASS_DASH | CLASS_DOT) ||
        (start > 0 && text.data[start - 1] == ':'))
        return 0;
    for (; start + length < text.length && length < sizeof copy - 1; length++) {
        char c = copy[length] = text.data[start + length];
        if (!detect_is(c, CLASS_H) && c != ':' && c != '.')
            break;
        digit = digit || detect_is(c, CLASS_D);
    }
    if (detect_at(text, start + length, CLASS_A | CLASS_DASH))
        return 0;
    // A full stop behind it, or the colon of a sentence.
    while (length > 2 &&
           (copy[length - 1] == '.' || (copy[length - 1] == ':' && copy[length - 2] != ':')))
        length--;
    copy[length] = '\0';
    if (!digit || inet_pton(AF_INET6, copy, &address) != 1 || IN6_IS_ADDR_LOOPBACK(&address) ||
        IN6_IS_ADDR_UNSPECIFIED(&address))
        return 0;
    *ret_start = start;
    return length;
}
