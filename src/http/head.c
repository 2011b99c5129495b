// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The only door to llhttp. It sees a head once, when that is whole: nothing of it is kept between
// reads, and its known weaknesses (a bare CR as line end, "\r\n\rX" as end of the head) cannot
// matter, because every line end was checked before.
#include "http/http_internal.h"
#include "base/memory.h"

#include <llhttp.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// The first CR or LF, else `end`.
static const char *find_break(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, cr), _mm_cmpeq_epi8(bytes, lf));
        int mask = _mm_movemask_epi8(found);
        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at < end && *at != '\r' && *at != '\n')
        at++;
    return at;
}

// To the end of the line that scan->at is in: CR and LF, together and nowhere else.
static int find_line_end(struct http_head_scan *scan, struct slice bytes, size_t *ret_lf,
                         const char **ret_reason)
{
    const char *end = bytes.data + bytes.length, *found = find_break(bytes.data + scan->at, end);
    scan->at = (size_t)(found - bytes.data);
    // A CR at the very end is looked at again when there is more.
    if (found == end || (*found == '\r' && found + 1 == end))
        return ERROR_AGAIN;
    *ret_lf = scan->at + 1;
    *ret_reason = NULL;
    if (*found == '\n')
        *ret_reason = "a line ends in LF without CR";
    else if (found[1] != '\n')
        *ret_reason = "a CR inside a line";
    else if (bytes.data[scan->line] == ' ' || bytes.data[scan->line] == '\t')
        *ret_reason = "a folded or indented header line";
    return *ret_reason == NULL ? 0 : ERROR_SYNTAX;
}

int http_head_find(struct http_head_scan *scan, struct slice bytes, size_t *ret_length,
                   const char **ret_reason)
{
    while (scan->at < bytes.length) {
        size_t lf = 0, line = scan->line;
        int result = find_line_end(scan, bytes, &lf, ret_reason);
        if (result != 0)
            return result;
        scan->at = scan->line = lf + 1;
        if (lf - line > 1)
            continue;
        if (line > scan->start) {
            *ret_length = lf + 1;
            return 0;
        }
        if (line > 0) {
            *ret_reason = "empty lines before the head";
            return ERROR_SYNTAX;
        }
        scan->start = lf + 1;
    }
    return ERROR_AGAIN;
}

struct parse {
    llhttp_t parser; // first: callbacks get it
    struct http_head *head;
    int error;
};

static struct slice extend(struct slice s, const char *at, size_t length)
{
    if (s.data != NULL && s.data + s.length == at)
        return slice_of(s.data, s.length + length);
    return slice_of(at, length);
}

static int url_cb(llhttp_t *parser, const char *at, size_t length)
{
    struct parse *parse = (struct parse *)(void *)parser;
    parse->head->target = extend(parse->head->target, at, length);
    return 0;
}

static int method_cb(llhttp_t *parser, const char *at, size_t length)
{
    struct parse *parse = (struct parse *)(void *)parser;
    parse->head->method = extend(parse->head->method, at, length);
    return 0;
}

static int add_header(struct parse *parse)
{
    struct http_header_list *list = parse->head->headers;
    if (list->count == list->max) {
        parse->error = ERROR_LIMIT;
        return -1;
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        capacity = capacity > list->max ? list->max : capacity;
        struct http_header *items = memory_try_resize(list->items, capacity * sizeof *items);
        if (items == NULL) {
            parse->error = ERROR_NO_MEMORY;
            return -1;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct http_header){{NULL, 0}, {"", 0}};
    return 0;
}

static int field_cb(llhttp_t *parser, const char *at, size_t length)
{
    struct parse *parse = (struct parse *)(void *)parser;
    struct http_header_list *list = parse->head->headers;
    struct http_header *last = list->count == 0 ? NULL : &list->items[list->count - 1];
    bool goes_on = last != NULL && last->name.data + last->name.length == at;
    if (!goes_on && add_header(parse) != 0)
        return -1;
    last = &list->items[list->count - 1];
    last->name = extend(last->name, at, length);
    return 0;
}

static int value_cb(llhttp_t *parser, const char *at, size_t length)
{
    struct parse *parse = (struct parse *)(void *)parser;
    struct http_header_list *list = parse->head->headers;
    if (list->count == 0)
        return -1;
    struct http_header *last = &list->items[list->count - 1];
    // A value may come in parts; what lies between them belongs to it.
    const char *start = last->value.length == 0 ? at : last->value.data;
    last->value = slice_of(start, (size_t)(at + length - start));
    return 0;
}

static int complete_cb(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = url_cb,
    .on_method = method_cb,
    .on_header_field = field_cb,
    .on_header_value = value_cb,
    .on_headers_complete = complete_cb,
};

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

// Trims the values, and makes sure that llhttp saw the lines that were judged before: each is one
// name, a colon, one value, and none is left over. (8.1 takes a line without a name, for example.)
static bool lines_agree(struct slice head, const struct http_header_list *list)
{
    const char *at = memchr(head.data, '\n', head.length);
    for (size_t i = 0; i < list->count; i++) {
        struct http_header *header = &list->items[i];
        at++;
        if (header->name.data != at || header->name.length == 0)
            return false;
        at += header->name.length;
        if (*at != ':')
            return false;
        at = skip_blanks(at + 1);
        header->value = slice_trim(header->value);
        if (header->value.length > 0 && header->value.data != at)
            return false;
        at = skip_blanks(at + header->value.length);
        if (at[0] != '\r' || at[1] != '\n')
            return false;
        at++;
    }
    return at + 3 == head.data + head.length;
}

static int parse_head(llhttp_type_t type, struct slice bytes, struct http_head *head,
                      const char **ret_reason)
{
    struct parse parse = {.head = head};
    struct http_header_list *list = head->headers;
    list->count = 0;
    llhttp_init(&parse.parser, type, &settings);
    llhttp_errno_t result = llhttp_execute(&parse.parser, bytes.data, bytes.length);
    if (parse.error != 0) {
        *ret_reason = parse.error == ERROR_LIMIT ? "too many headers" : "out of memory";
        return parse.error;
    }
    // "PRI * HTTP/2.0" leaves llhttp waiting for the rest of a preface.
    bool preface = type == HTTP_REQUEST && parse.parser.method == HTTP_PRI && result == HPE_OK;
    if (result == HPE_INVALID_VERSION || result == HPE_PAUSED_H2_UPGRADE || preface) {
        *ret_reason = "only HTTP/1.1 and HTTP/1.0 are spoken here";
        return ERROR_UNSUPPORTED;
    }
    bool whole =
        result == HPE_PAUSED && llhttp_get_error_pos(&parse.parser) == bytes.data + bytes.length;
    if (!whole) {
        const char *reason = llhttp_get_error_reason(&parse.parser);
        *ret_reason = result == HPE_OK || result == HPE_PAUSED || reason == NULL
                          ? "the head does not end where its lines end"
                          : reason;
        return ERROR_SYNTAX;
    }
    if (parse.parser.http_major != 1 || parse.parser.http_minor > 1) {
        *ret_reason = "only HTTP/1.1 and HTTP/1.0 are spoken here";
        return ERROR_UNSUPPORTED;
    }
    head->minor = parse.parser.http_minor;
    head->status = parse.parser.status_code;
    if (!lines_agree(bytes, list)) {
        *ret_reason = "a header line without a name";
        return ERROR_SYNTAX;
    }
    return 0;
}

int http_head_parse_request(struct slice head, struct http_head *ret, const char **ret_reason)
{
    return parse_head(HTTP_REQUEST, head, ret, ret_reason);
}

int http_head_parse_response(struct slice head, struct http_head *ret, const char **ret_reason)
{
    return parse_head(HTTP_RESPONSE, head, ret, ret_reason);
}
