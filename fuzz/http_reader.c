// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "http_reader.h"

#include "base/memory.h"

#include <llhttp.h>
#include <stdlib.h>

enum { HEADERS_MAX = 32 };

void http_must(bool condition)
{
    if (!condition)
        abort();
}

void http_reading_release(struct http_reading *reading)
{
    buffer_release(&reading->body);
}

// ---- Ours

static void check_inside(struct slice head, const struct http_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        const struct http_header *h = &headers->items[i];
        http_must(h->name.length > 0 && h->name.data >= head.data);
        http_must(h->name.data + h->name.length < head.data + head.length);
        http_must(http_header_is_safe(h->name, h->value));
        if (h->value.length > 0)
            http_must(h->value.data > h->name.data &&
                      h->value.data + h->value.length < head.data + head.length);
    }
}

static int take_chunks(bool request, struct slice rest, size_t step, struct http_reading *r)
{
    struct http_chunks chunks;
    int result = ERROR_AGAIN;
    http_chunks_init(&chunks, !request);
    for (size_t at = 0; at < rest.length && result == ERROR_AGAIN; at += step) {
        size_t length = step < rest.length - at ? step : rest.length - at;
        struct slice piece = slice_of(rest.data + at, length), bytes;
        while ((result = http_chunks_next(&chunks, &piece, &bytes, &r->reason)) == 0)
            buffer_append(&r->body, bytes);
        r->used += length - piece.length;
    }
    r->extra = chunks.extra > 0;
    if (result == HTTP_CHUNKS_DONE)
        return READING_WHOLE;
    http_must(result == ERROR_AGAIN || r->reason != NULL);
    return result == ERROR_AGAIN ? READING_MORE : READING_REFUSED;
}

static int take_body(bool request, const struct http_framing *framing, struct slice rest,
                     size_t step, struct http_reading *r)
{
    switch (framing->kind) {
    case HTTP_BODY_NONE: return READING_WHOLE;
    case HTTP_BODY_LENGTH:
        if (rest.length < framing->length)
            return READING_MORE;
        buffer_append(&r->body, slice_of(rest.data, (size_t)framing->length));
        r->used += (size_t)framing->length;
        return READING_WHOLE;
    case HTTP_BODY_CHUNKED: return take_chunks(request, rest, step, r);
    case HTTP_BODY_TO_END:
        buffer_append(&r->body, rest);
        r->used += rest.length;
        return READING_TO_END;
    }
    abort();
}

static int judge_head(bool is_request, struct slice head, struct http_header_list *list,
                      struct http_framing *framing, struct http_reading *r)
{
    struct http_request request = {.tls = false};
    struct http_response response = {0};
    if (is_request) {
        r->code = http_request_judge(head, list, &request, framing, &r->reason);
        if (r->code != 0)
            return READING_REFUSED;
        r->method = request.method;
        bool asks = request.query.data == request.path.data + request.path.length + 1;
        r->target = slice_of(request.path.data,
                             request.path.length + (asks ? 1 : 0) + request.query.length);
        http_must(request.path.length > 0);
        check_inside(head, &request.headers);
    } else {
        if (http_response_judge(head, list, false, &response, framing, &r->reason) != 0)
            return READING_REFUSED;
        r->code = response.status;
        http_must(r->code >= 100 && r->code <= 599);
        check_inside(head, &response.headers);
    }
    r->close = framing->close;
    r->headers = list->count;
    r->reason = NULL;
    return READING_WHOLE;
}

static int find_head(struct slice all, size_t step, struct http_head_scan *scan, size_t *ret_length,
                     const char **ret_reason)
{
    int result = ERROR_AGAIN;
    for (size_t have = step; result == ERROR_AGAIN; have += step) {
        result = http_head_find(scan, slice_of(all.data, have < all.length ? have : all.length),
                                ret_length, ret_reason);
        if (have >= all.length)
            break;
    }
    return result;
}

void http_read_ours(bool request, struct slice all, size_t step, struct http_reading *ret)
{
    struct http_head_scan scan = {0, 0, 0};
    struct http_header_list list = {.max = HEADERS_MAX};
    struct http_framing framing;
    size_t length = 0;
    *ret = (struct http_reading){.status = READING_MORE};
    buffer_init(&ret->body, 0);
    int result = find_head(all, step, &scan, &length, &ret->reason);
    if (result == ERROR_SYNTAX) {
        ret->code = 400;
        ret->status = READING_REFUSED;
    } else if (result == 0 && scan.start > 0 && !request) {
        ret->reason = "an empty line before an answer";
        ret->status = READING_REFUSED;
    }
    if (ret->status != READING_MORE || result != 0)
        return;
    struct slice head = slice_of(all.data + scan.start, length - scan.start);
    ret->status = judge_head(request, head, &list, &framing, ret);
    http_must(ret->status == READING_WHOLE || ret->reason != NULL);
    if (ret->status == READING_WHOLE) {
        struct slice rest = slice_of(all.data + length, all.length - length);
        ret->used = length;
        ret->status = take_body(request, &framing, rest, step, ret);
    }
    http_header_list_release(&list);
}

// ---- The other's

struct other {
    llhttp_t parser; // first
    struct http_reading *reading;
    bool behind_head; // trailers are no headers
    bool complete;
};

static struct http_reading *reading_of(llhttp_t *parser)
{
    return ((struct other *)(void *)parser)->reading;
}

static int method_cb(llhttp_t *parser, const char *at, size_t length)
{
    struct slice *method = &reading_of(parser)->method;
    *method = slice_of(method->length == 0 ? at : method->data, method->length + length);
    return 0;
}

static int url_cb(llhttp_t *parser, const char *at, size_t length)
{
    struct slice *target = &reading_of(parser)->target;
    *target = slice_of(target->length == 0 ? at : target->data, target->length + length);
    return 0;
}

static int value_complete_cb(llhttp_t *parser)
{
    if (!((struct other *)(void *)parser)->behind_head)
        reading_of(parser)->headers++;
    return 0;
}

static int body_cb(llhttp_t *parser, const char *at, size_t length)
{
    buffer_append(&reading_of(parser)->body, slice_of(at, length));
    return 0;
}

static int headers_complete_cb(llhttp_t *parser)
{
    ((struct other *)(void *)parser)->behind_head = true;
    reading_of(parser)->close = !llhttp_should_keep_alive(parser);
    reading_of(parser)->upgrade = parser->upgrade;
    return 0;
}

static int complete_cb(llhttp_t *parser)
{
    ((struct other *)(void *)parser)->complete = true;
    return HPE_PAUSED;
}

void http_read_llhttp(bool request, struct slice all, struct http_reading *ret)
{
    static const llhttp_settings_t settings = {.on_method = method_cb,
                                               .on_url = url_cb,
                                               .on_header_value_complete = value_complete_cb,
                                               .on_headers_complete = headers_complete_cb,
                                               .on_body = body_cb,
                                               .on_message_complete = complete_cb};
    struct other other = {.reading = ret};
    *ret = (struct http_reading){.status = READING_MORE};
    buffer_init(&ret->body, 0);
    llhttp_init(&other.parser, request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    llhttp_errno_t result = llhttp_execute(&other.parser, all.data, all.length);
    ret->code = other.parser.status_code;
    if (other.complete) {
        ret->status = READING_WHOLE;
        ret->used = (size_t)(llhttp_get_error_pos(&other.parser) - all.data);
    } else if (result != HPE_OK) {
        ret->status = READING_REFUSED;
        ret->reason = llhttp_errno_name(result);
    } else if (llhttp_message_needs_eof(&other.parser) &&
               llhttp_finish(&other.parser) == HPE_PAUSED) {
        ret->status = READING_TO_END;
        ret->used = all.length;
    }
}

void http_readings_must_agree(const struct http_reading *ours, const struct http_reading *theirs)
{
    http_must(ours->used == theirs->used);
    http_must(slice_equal(buffer_slice(&ours->body), buffer_slice(&theirs->body)));
    http_must(ours->headers == theirs->headers);
    http_must(slice_equal(ours->method, theirs->method));
    http_must(slice_equal(ours->target, theirs->target));
    // We may end a connection that another keeps; never the other way round.
    http_must(ours->close || !theirs->close);
}
