// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "http/http_internal.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool http_name_is(struct slice name, const char *text, size_t length)
{
    if (name.length != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (lower(name.data[i]) != text[i])
            return false;
    return true;
}

enum { KNOWN_LENGTH_MAX = 20, SAME_LENGTH_MAX = 3 };

struct known_field {
    const char *name;
    enum http_field field;
};

// Both of one length, `known` in lower case. A bit makes letters small and leaves '-' alone; no
// other byte of a name becomes one of these.
static bool is_known(const char *name, const char *known, size_t length)
{
    const uint64_t small = 0x2020202020202020u;
    uint64_t x, y;
    if ((name[0] | 0x20) != known[0])
        return false;
    if (length < sizeof x) {
        for (size_t i = 1; i < length; i++)
            if ((name[i] | 0x20) != known[i])
                return false;
        return true;
    }
    for (size_t i = 0;; i += sizeof x) {
        size_t at = i + sizeof x <= length ? i : length - sizeof x; // the last may overlap
        memcpy(&x, name + at, sizeof x);
        memcpy(&y, known + at, sizeof y);
        if ((x | small) != y)
            return false;
        if (at + sizeof x == length)
            return true;
    }
}

enum http_field http_field_of(struct slice name)
{
    // By the length of the name, which decides nearly always.
    static const struct known_field known[KNOWN_LENGTH_MAX + 1][SAME_LENGTH_MAX] = {
        [4] = {{"host", HTTP_HOST}},
        [6] = {{"accept", HTTP_ACCEPT}, {"origin", HTTP_ORIGIN}, {"expect", HTTP_EXPECT}},
        [7] = {{"baggage", HTTP_BAGGAGE}},
        [8] = {{"mcp-name", HTTP_MCP_NAME}},
        [10] = {{"connection", HTTP_CONNECTION},
                {"mcp-method", HTTP_MCP_METHOD},
                {"tracestate", HTTP_TRACESTATE}},
        [11] = {{"traceparent", HTTP_TRACEPARENT}},
        [12] = {{"content-type", HTTP_CONTENT_TYPE}},
        [13] = {{"authorization", HTTP_AUTHORIZATION}, {"last-event-id", HTTP_LAST_EVENT_ID}},
        [14] = {{"content-length", HTTP_CONTENT_LENGTH}, {"mcp-session-id", HTTP_MCP_SESSION_ID}},
        [16] = {{"content-encoding", HTTP_CONTENT_ENCODING}},
        [17] = {{"transfer-encoding", HTTP_TRANSFER_ENCODING}},
        [20] = {{"mcp-protocol-version", HTTP_MCP_PROTOCOL_VERSION}},
    };
    const struct slice parameter = SLICE_LITERAL("mcp-param-");
    const struct known_field *same = known[name.length <= KNOWN_LENGTH_MAX ? name.length : 0];
    for (size_t i = 0; i < SAME_LENGTH_MAX && same[i].name != NULL; i++)
        if (is_known(name.data, same[i].name, name.length))
            return same[i].field;
    bool is_parameter = name.length > parameter.length &&
                        slice_equal_ignoring_case_of(name.data, parameter.data, parameter.length);
    return is_parameter ? HTTP_MCP_PARAM : HTTP_OTHER;
}

struct slice http_header_get(struct http_headers headers, enum http_field field)
{
    for (size_t i = 0; i < headers.count; i++)
        if (http_headers_field(headers, i) == field)
            return headers.items[i].value;
    return (struct slice){NULL, 0};
}

size_t http_header_count(struct http_headers headers, enum http_field field)
{
    size_t count = 0;
    for (size_t i = 0; i < headers.count; i++)
        count += http_headers_field(headers, i) == field ? 1 : 0;
    return count;
}

bool http_list_has(struct slice list, const char *token)
{
    size_t length = strlen(token);
    while (list.length > 0) {
        const char *comma = memchr(list.data, ',', list.length);
        size_t span = comma == NULL ? list.length : (size_t)(comma - list.data);
        if (http_name_is(slice_trim(slice_of(list.data, span)), token, length))
            return true;
        size_t used = comma == NULL ? span : span + 1;
        list = slice_of(list.data + used, list.length - used);
    }
    return false;
}

// A high bit is left where one of eight bytes is a control (TAB too) or DEL; bytes beyond ASCII may
// be marked as well. Exact when there is none.
static uint64_t doubtful_bytes(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t delete = word ^ 0x7f7f7f7f7f7f7f7fu;
    return (((word - 0x2020202020202020u) & ~word) | ((delete - 0x0101010101010101u) & ~delete)) &
           0x8080808080808080u;
}

bool http_value_is_safe(struct slice value)
{
    size_t i = 0;
    while (i + 8 <= value.length && doubtful_bytes(value.data + i) == 0)
        i += 8;
    // The last word may overlap the one before.
    if (value.length >= 8 && i + 8 > value.length &&
        doubtful_bytes(value.data + value.length - 8) == 0)
        return true;
    unsigned bad = 0;
    for (; i < value.length; i++) {
        unsigned char c = (unsigned char)value.data[i];
        bad |= (c < 0x20 && c != '\t') | (c == 0x7f);
    }
    return bad == 0;
}

// RFC 9110, 5.6.2: what a token may hold; nothing beyond ASCII.
static const unsigned char token_bytes[256] = {
    // clang-format off
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0,
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0,
    // clang-format on
};

bool http_is_token_byte(unsigned char c)
{
    return token_bytes[c] != 0;
}

// Letters and '-' are nearly all that names are made of. May say no wrongly, never yes.
static bool are_eight_letters(const char *at)
{
    const uint64_t tops = 0x8080808080808080u;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    // Seven bits each, so that no sum reaches the next byte: the eighth tells what is above.
    uint64_t low = (word | 0x2020202020202020u) & ~tops,
             dash = (word ^ 0x2d2d2d2d2d2d2d2du) & ~tops;
    uint64_t letter = (low + 0x1f1f1f1f1f1f1f1fu) & ~(low + 0x0505050505050505u); // a to z
    uint64_t not_dash = dash + ~tops;
    return ((letter | ~not_dash) & ~word & tops) == tops;
}

static bool name_is_safe(struct slice name)
{
    size_t i = 0;
    while (i + 8 <= name.length && are_eight_letters(name.data + i))
        i += 8;
    // The last word may overlap the one before.
    if (name.length >= 8 && i + 8 > name.length && are_eight_letters(name.data + name.length - 8))
        return true;
    unsigned good = name.length > 0;
    for (; i < name.length; i++)
        good &= token_bytes[(unsigned char)name.data[i]];
    return good != 0;
}

bool http_header_is_safe(struct slice name, struct slice value)
{
    return name_is_safe(name) && http_value_is_safe(value);
}

const char *http_status_text(int status)
{
    switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
    }
}
