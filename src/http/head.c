// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Heads: where one ends, and what it says. Every line end was checked when the end was found, so
// the parser sees whole lines and one way to read them (RFC 9112, sections 2 to 5, without what it
// only tolerates). llhttp is the second opinion of the differential fuzzing.
#include "http/http_internal.h"
#include "base/memory.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { FIRST_HEADERS = 16 };

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

// The first control character (CR, LF and tab are such) or DEL, else `end`.
static const char *find_control(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i last = _mm_set1_epi8(0x1f), delete = _mm_set1_epi8(0x7f);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last), bytes);
        int mask = _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(bytes, delete)));
        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at < end && (unsigned char)*at > 0x1f && *at != 0x7f)
        at++;
    return at;
}

// A head under the parser. The last two bytes are the empty line's, so that a line's end is always
// found before `end`.
struct reading {
    const char *at;
    const char *end;
    const char *reason; // of a refusal
};

static int refuse(struct reading *r, int code, const char *reason)
{
    r->reason = reason;
    return code;
}

static const char *skip_token(const char *at)
{
    while (http_is_token_byte((unsigned char)*at))
        at++;
    return at;
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

// Text of any bytes but controls; a tab is none. Leaves `at` behind the line.
static int read_text(struct reading *r, struct slice *ret)
{
    const char *start = r->at, *stop = start;
    while (*(stop = find_control(stop, r->end)) == '\t')
        stop++;
    if (*stop != '\r')
        return refuse(r, ERROR_SYNTAX, "a control character in the head");
    r->at = stop + 2;
    *ret = slice_trim(slice_of(start, (size_t)(stop - start)));
    return 0;
}

void http_header_list_release(struct http_header_list *list)
{
    memory_free(list->items);
    memory_free(list->fields);
    list->items = NULL;
    list->fields = NULL;
    list->count = list->capacity = 0;
}

static int make_room(struct reading *r, struct http_header_list *list)
{
    if (list->count < list->capacity)
        return 0;
    if (list->count == list->max)
        return refuse(r, ERROR_LIMIT, "too many headers");
    size_t capacity = list->capacity == 0 ? FIRST_HEADERS : list->capacity * 2;
    capacity = capacity > list->max ? list->max : capacity;
    struct http_header *items = memory_try_resize(list->items, capacity * sizeof *items);
    if (items != NULL)
        list->items = items;
    enum http_field *fields = memory_try_resize(list->fields, capacity * sizeof *fields);
    if (fields != NULL)
        list->fields = fields;
    if (items == NULL || fields == NULL)
        return refuse(r, ERROR_NO_MEMORY, "out of memory");
    list->capacity = capacity;
    return 0;
}

// field-line = field-name ":" OWS field-value OWS (RFC 9112, section 5), and never a space between
// the name and the colon.
static int read_field(struct reading *r, struct http_header_list *list)
{
    int code = make_room(r, list);
    if (code != 0)
        return code;
    const char *colon = skip_token(r->at);
    if (*colon != ':' || colon == r->at)
        return refuse(r, ERROR_SYNTAX, "a header line without a plain name and a colon");
    struct slice name = slice_of(r->at, (size_t)(colon - r->at));
    r->at = skip_blanks(colon + 1);
    list->items[list->count].name = name;
    list->fields[list->count] = http_field_of(name);
    return read_text(r, &list->items[list->count++].value);
}

static int read_fields(struct reading *r, struct http_header_list *list)
{
    int code = 0;
    list->count = 0;
    while (code == 0 && *r->at != '\r')
        code = read_field(r, list);
    if (code == 0 && r->at + 2 != r->end)
        code = refuse(r, ERROR_SYNTAX, "the head does not end where its lines end");
    return code;
}

static const char other_version[] = "only HTTP/1.1 and HTTP/1.0 are spoken here";

// "HTTP/1.1" or "HTTP/1.0".
static int read_version(struct reading *r, int *ret_minor)
{
    struct slice left = slice_of(r->at, (size_t)(r->end - r->at));
    bool named = slice_starts_with(left, SLICE_LITERAL("HTTP/")) && left.length >= 10;
    if (!named || left.data[5] < '0' || left.data[5] > '9')
        return refuse(r, ERROR_SYNTAX, "this is not HTTP");
    if (left.data[5] != '1' || left.data[6] != '.' || (left.data[7] | 1) != '1')
        return refuse(r, ERROR_UNSUPPORTED, other_version);
    *ret_minor = left.data[7] - '0';
    r->at += 8;
    return 0;
}

// request-line = method SP request-target SP HTTP-version (RFC 9112, section 3), single spaces.
static int read_request_line(struct reading *r, struct http_head *head)
{
    const char *stop = skip_token(r->at);
    if (stop == r->at || *stop != ' ')
        return refuse(r, ERROR_SYNTAX, "this is not HTTP");
    head->method = slice_of(r->at, (size_t)(stop - r->at));
    r->at = stop + 1;
    for (stop = r->at; (unsigned char)*stop > ' ';)
        stop++;
    head->target = slice_of(r->at, (size_t)(stop - r->at));
    if (*stop == '\r')
        return refuse(r, ERROR_UNSUPPORTED, other_version);
    if (*stop != ' ')
        return refuse(r, ERROR_SYNTAX, "a control character in the request line");
    if (stop == r->at || stop[1] == ' ')
        return refuse(r, ERROR_SYNTAX, "the request line has more spaces than two");
    r->at = stop + 1;
    int code = read_version(r, &head->minor);
    if (code != 0)
        return code;
    if (*r->at != '\r')
        return refuse(r, ERROR_UNSUPPORTED, other_version);
    r->at += 2;
    return 0;
}

// status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112, section 4); the second
// space is missed by some servers that have no phrase.
static int read_status_line(struct reading *r, struct http_head *head)
{
    struct slice phrase;
    int code = read_version(r, &head->minor);
    if (code != 0)
        return code;
    if (*r->at != ' ')
        return refuse(r, ERROR_SYNTAX, "the status line has no status");
    r->at++;
    head->status = 0;
    for (int i = 0; i < 3; i++, r->at++) {
        if (*r->at < '0' || *r->at > '9')
            return refuse(r, ERROR_SYNTAX, "the status is not three digits");
        head->status = head->status * 10 + (*r->at - '0');
    }
    if (*r->at != ' ' && *r->at != '\r')
        return refuse(r, ERROR_SYNTAX, "the status is not three digits");
    return read_text(r, &phrase);
}

static int parse(struct slice bytes, struct http_head *head,
                 int (*read_line)(struct reading *, struct http_head *), const char **ret_reason)
{
    struct reading r = {.at = bytes.data, .end = bytes.data + bytes.length};
    int code = read_line(&r, head);
    if (code == 0)
        code = read_fields(&r, head->headers);
    *ret_reason = r.reason;
    return code;
}

int http_head_parse_request(struct slice head, struct http_head *ret, const char **ret_reason)
{
    return parse(head, ret, read_request_line, ret_reason);
}

int http_head_parse_response(struct slice head, struct http_head *ret, const char **ret_reason)
{
    return parse(head, ret, read_status_line, ret_reason);
}
