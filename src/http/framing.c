// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where does a message end, and may it be read at all? Anything two readers could understand
// differently is refused (RFC 9112, sections 3.2 and 6; the advisories about request smuggling).
#include "http/http_internal.h"

enum { TARGET_MAX = 8192, LENGTH_DIGITS_MAX = 15 };

struct fields {
    struct slice host, length, coding;
    unsigned host_count, length_count, coding_count;
    bool close, expects_continue;
};

static void collect(const struct http_header_list *headers, struct fields *fields)
{
    *fields = (struct fields){0};
    for (size_t i = 0; i < headers->count; i++) {
        struct slice value = headers->items[i].value;
        switch (headers->fields[i]) {
        case HTTP_HOST:
            fields->host = value;
            fields->host_count++;
            break;
        case HTTP_CONTENT_LENGTH:
            fields->length = value;
            fields->length_count++;
            break;
        case HTTP_TRANSFER_ENCODING:
            fields->coding = value;
            fields->coding_count++;
            break;
        case HTTP_CONNECTION: fields->close |= http_list_has(value, "close"); break;
        case HTTP_EXPECT: fields->expects_continue |= http_list_has(value, "100-continue"); break;
        default: break;
        }
    }
}

static bool parse_length(struct slice text, uint64_t *ret)
{
    uint64_t length = 0;
    if (text.length == 0 || text.length > LENGTH_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        length = length * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret = length;
    return true;
}

// Readers differ about a tab behind "chunked" (llhttp 8.1 takes it for another coding). The value
// lies in the head, and so does what follows it.
static bool ends_its_line(struct slice value)
{
    return value.length == 0 || value.data[value.length] == '\r';
}

// Of a list that holds chunked, that must be the last (RFC 9112, section 6.1); others are not
// known.
static int judge_coding(struct slice coding, struct http_framing *ret, const char **ret_reason)
{
    const struct slice chunked = SLICE_LITERAL("chunked");
    size_t before = coding.length < chunked.length ? 0 : coding.length - chunked.length;
    struct slice last = slice_of(coding.data + before, coding.length - before);
    ret->kind = HTTP_BODY_CHUNKED;
    if (slice_equal_ignoring_case(coding, chunked))
        return 0;
    if (http_list_has(coding, "chunked") && !slice_equal_ignoring_case(last, chunked)) {
        *ret_reason = "a transfer coding behind chunked";
        return ERROR_SYNTAX;
    }
    *ret_reason = "the only transfer coding known here is chunked";
    return ERROR_UNSUPPORTED;
}

// Fills kind (NONE, LENGTH, CHUNKED) and length. 0, ERROR_SYNTAX or ERROR_UNSUPPORTED.
static int judge_framing(const struct fields *fields, int minor, struct http_framing *ret,
                         const char **ret_reason)
{
    *ret = (struct http_framing){.kind = HTTP_BODY_NONE, .minor = minor};
    if (fields->length_count > 1) {
        *ret_reason = "more than one Content-Length";
        return ERROR_SYNTAX;
    }
    if (fields->coding_count > 0 && fields->length_count > 0) {
        *ret_reason = "both Content-Length and Transfer-Encoding";
        return ERROR_SYNTAX;
    }
    if (fields->coding_count > 0 && minor == 0) {
        *ret_reason = "Transfer-Encoding in HTTP/1.0";
        return ERROR_SYNTAX;
    }
    if (fields->coding_count > 1) {
        *ret_reason = "more than one Transfer-Encoding";
        return ERROR_SYNTAX;
    }
    if (!ends_its_line(fields->coding) || !ends_its_line(fields->length)) {
        *ret_reason = "white space behind Content-Length or Transfer-Encoding";
        return ERROR_SYNTAX;
    }
    if (fields->coding_count == 1)
        return judge_coding(fields->coding, ret, ret_reason);
    if (fields->length_count == 1) {
        *ret_reason = "Content-Length is not a plain number";
        if (!parse_length(fields->length, &ret->length))
            return ERROR_SYNTAX;
        ret->kind = ret->length == 0 ? HTTP_BODY_NONE : HTTP_BODY_LENGTH;
    }
    return 0;
}

// RFC 9110, section 9.1, and PATCH: what is none of these means nothing to any server behind.
static bool method_is_known(struct slice method)
{
    static const struct slice methods[] = {{"POST", 4},    {"GET", 3},   {"DELETE", 6},
                                           {"OPTIONS", 7}, {"HEAD", 4},  {"PUT", 3},
                                           {"PATCH", 5},   {"TRACE", 5}, {"CONNECT", 7}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (slice_equal(method, methods[i]))
            return true;
    return false;
}

static int judge_line(const struct http_head *head, const char **ret_reason)
{
    struct slice target = head->target;
    if (!method_is_known(head->method)) {
        *ret_reason = "a method that is not known here";
        return 400;
    }
    if (target.length > TARGET_MAX) {
        *ret_reason = "the target is too long";
        return 414;
    }
    if (slice_equal_string(target, "*") && slice_equal_string(head->method, "OPTIONS"))
        return 0;
    if (target.data[0] != '/') {
        *ret_reason = "the target is not a path";
        return 400;
    }
    for (size_t i = 0; i < target.length; i++) {
        if (target.data[i] > 0x20 && target.data[i] < 0x7f && target.data[i] != '#')
            continue;
        *ret_reason = "the target holds a byte that must be percent-encoded";
        return 400;
    }
    return 0;
}

static void split_target(struct slice target, struct http_request *request)
{
    const char *mark = memchr(target.data, '?', target.length);
    size_t path = mark == NULL ? target.length : (size_t)(mark - target.data);
    request->path = slice_of(target.data, path);
    request->query = mark == NULL ? slice_of("", 0) : slice_of(mark + 1, target.length - path - 1);
}

// A host and perhaps a port: no user, no path, no list, no space.
static bool host_is_plain(struct slice host)
{
    for (size_t i = 0; i < host.length; i++) {
        unsigned char c = (unsigned char)host.data[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!word && (c == 0 || strchr("-._:[]~%", c) == NULL))
            return false;
    }
    return true;
}

static int judge_host(const struct fields *fields, int minor, const char **ret_reason)
{
    if (fields->host_count > 1)
        *ret_reason = "more than one Host";
    else if (fields->host_count == 0 && minor > 0)
        *ret_reason = "no Host";
    else if (fields->host_count == 1 && !host_is_plain(fields->host))
        *ret_reason = "Host is not a plain host and port";
    else
        return 0;
    return 400;
}

static int status_of(int error)
{
    switch (error) {
    case ERROR_UNSUPPORTED: return 505;
    case ERROR_LIMIT: return 431;
    case ERROR_NO_MEMORY: return 503;
    default: return 400;
    }
}

int http_request_judge(struct slice bytes, struct http_header_list *headers,
                       struct http_request *request, struct http_framing *ret,
                       const char **ret_reason)
{
    struct http_head head = {.headers = headers};
    struct fields fields;
    int result = http_head_parse_request(bytes, &head, ret_reason);
    if (result != 0)
        return status_of(result);
    int status = judge_line(&head, ret_reason);
    if (status != 0)
        return status;
    collect(headers, &fields);
    status = judge_host(&fields, head.minor, ret_reason);
    if (status != 0)
        return status;
    result = judge_framing(&fields, head.minor, ret, ret_reason);
    if (result != 0)
        return result == ERROR_UNSUPPORTED ? 501 : 400;
    ret->close = fields.close || head.minor == 0;
    ret->expects_continue = fields.expects_continue && head.minor > 0;
    request->method = head.method;
    split_target(head.target, request);
    request->headers = http_header_list_all(headers);
    return 0;
}

int http_response_judge(struct slice bytes, struct http_header_list *headers, bool no_body,
                        struct http_response *response, struct http_framing *ret,
                        const char **ret_reason)
{
    struct http_head head = {.headers = headers};
    struct fields fields;
    int result = http_head_parse_response(bytes, &head, ret_reason);
    if (result != 0)
        return result == ERROR_NO_MEMORY ? result : ERROR_PROTOCOL;
    if (head.status < 100 || head.status > 599 || head.status == 101) {
        *ret_reason = "a status that no answer to this request can have";
        return ERROR_PROTOCOL;
    }
    collect(headers, &fields);
    if (judge_framing(&fields, head.minor, ret, ret_reason) != 0)
        return ERROR_PROTOCOL;
    ret->close = fields.close || head.minor == 0;
    bool bare = no_body || head.status < 200 || head.status == 204 || head.status == 304;
    if (bare) {
        // What a confused server sends after such a head must not be taken for the next answer.
        ret->close |= !no_body && head.status != 304 && ret->kind != HTTP_BODY_NONE;
        ret->kind = HTTP_BODY_NONE;
    } else if (fields.length_count + fields.coding_count == 0) {
        ret->kind = HTTP_BODY_TO_END;
        ret->close = true;
    }
    response->status = head.status;
    response->headers = http_header_list_all(headers);
    return 0;
}
