// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A request from the wire: however its bytes are cut it must be judged the same, every slice must
// lie inside the head, and where llhttp also accepts the whole, both must agree on the body
// and on where the request ends.
#include "http/http_internal.h"
#include "base/memory.h"

#include <llhttp.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_MAX = 4096, HEADERS_MAX = 32 };

struct verdict {
    int status; // 0 accepted, -1 more bytes needed
    size_t used;
    struct buffer body;
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_inside(struct slice head, const struct http_request *request)
{
    for (size_t i = 0; i < request->headers.count; i++) {
        const struct http_header *h = &request->headers.items[i];
        must(h->name.length > 0 && h->name.data >= head.data);
        must(h->name.data + h->name.length < head.data + head.length);
        must(http_header_is_safe(h->name, h->value));
        if (h->value.length > 0)
            must(h->value.data > h->name.data &&
                 h->value.data + h->value.length < head.data + head.length);
    }
    must(request->path.length > 0);
}

static int take_body(const struct http_framing *framing, struct slice rest, size_t step,
                     struct verdict *v)
{
    struct http_chunks chunks;
    const char *reason;
    int result = ERROR_AGAIN;
    if (framing->kind == HTTP_BODY_NONE)
        return 0;
    if (framing->kind == HTTP_BODY_LENGTH) {
        if (rest.length < framing->length)
            return -1;
        buffer_append(&v->body, slice_of(rest.data, (size_t)framing->length));
        v->used += (size_t)framing->length;
        return 0;
    }
    http_chunks_init(&chunks, false);
    for (size_t at = 0; at < rest.length && result == ERROR_AGAIN; at += step) {
        size_t length = step < rest.length - at ? step : rest.length - at;
        struct slice piece = slice_of(rest.data + at, length), bytes;
        while ((result = http_chunks_next(&chunks, &piece, &bytes, &reason)) == 0)
            buffer_append(&v->body, bytes);
        v->used += length - piece.length;
    }
    return result == HTTP_CHUNKS_DONE ? 0 : result == ERROR_AGAIN ? -1 : 400;
}

static void judge(struct slice all, size_t step, struct verdict *v)
{
    struct http_head_scan scan = {0, 0, 0};
    struct http_header_list list = {.max = HEADERS_MAX};
    struct http_request request = {.tls = false};
    struct http_framing framing;
    const char *reason = NULL;
    size_t length = 0;
    int result = ERROR_AGAIN;
    *v = (struct verdict){.status = -1};
    for (size_t have = step; result == ERROR_AGAIN; have += step) {
        result = http_head_find(&scan, slice_of(all.data, have < all.length ? have : all.length),
                                &length, &reason);
        if (have >= all.length)
            break;
    }
    if (result == ERROR_SYNTAX)
        v->status = 400;
    if (result != 0)
        return;
    struct slice head = slice_of(all.data + scan.start, length - scan.start);
    v->status = http_request_judge(head, &list, &request, &framing, &reason);
    must(v->status == 0 || reason != NULL);
    if (v->status == 0) {
        check_inside(head, &request);
        v->used = length;
        v->status = take_body(&framing, slice_of(all.data + length, all.length - length), step, v);
    }
    memory_free(list.items);
}

// ---- The other reader

struct other {
    llhttp_t parser; // first
    struct buffer body;
    bool complete;
};

static int body_cb(llhttp_t *parser, const char *at, size_t length)
{
    buffer_append(&((struct other *)(void *)parser)->body, slice_of(at, length));
    return 0;
}

static int complete_cb(llhttp_t *parser)
{
    ((struct other *)(void *)parser)->complete = true;
    return HPE_PAUSED;
}

static void compare_with_llhttp(struct slice all, const struct verdict *ours)
{
    static const llhttp_settings_t settings = {.on_body = body_cb,
                                               .on_message_complete = complete_cb};
    struct other other = {.complete = false};
    llhttp_init(&other.parser, HTTP_REQUEST, &settings);
    llhttp_execute(&other.parser, all.data, all.length);
    // What it does not understand it refuses, as an upgrade for example; that is its right.
    if (other.complete && !other.parser.upgrade) {
        const char *end = llhttp_get_error_pos(&other.parser);
        must(end == all.data + ours->used);
        must(slice_equal(buffer_slice(&other.body), buffer_slice(&ours->body)));
    }
    buffer_release(&other.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct verdict whole, pieces;
    if (size == 0 || size > HEAD_MAX)
        return 0;
    struct slice all = slice_of((const char *)data, size);
    judge(all, size, &whole);
    judge(all, 1, &pieces);
    must(whole.status == pieces.status);
    if (whole.status == 0) {
        must(whole.used == pieces.used);
        must(slice_equal(buffer_slice(&whole.body), buffer_slice(&pieces.body)));
        compare_with_llhttp(all, &whole);
    }
    buffer_release(&whole.body);
    buffer_release(&pieces.body);
    return 0;
}
