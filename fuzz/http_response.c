// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An answer from the wire: the same judgement however it is cut, and agreement with llhttp about
// the body and the end wherever both accept.
#include "http/http_internal.h"
#include "base/memory.h"

#include <llhttp.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_LIMIT = 4096, HEADERS_MAX = 32 };

struct verdict {
    int status; // 0 whole, 1 goes to the end of the connection, -1 more needed, ERROR_PROTOCOL
    size_t used;
    struct buffer body;
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static int take_body(const struct http_framing *framing, struct slice rest, size_t step,
                     struct verdict *v)
{
    struct http_chunks chunks;
    const char *reason;
    int result = ERROR_AGAIN;
    if (framing->kind == HTTP_BODY_NONE)
        return 0;
    if (framing->kind == HTTP_BODY_TO_END)
        return 1;
    if (framing->kind == HTTP_BODY_LENGTH) {
        if (rest.length < framing->length)
            return -1;
        buffer_append(&v->body, slice_of(rest.data, (size_t)framing->length));
        v->used += (size_t)framing->length;
        return 0;
    }
    http_chunks_init(&chunks, true);
    for (size_t at = 0; at < rest.length && result == ERROR_AGAIN; at += step) {
        size_t length = step < rest.length - at ? step : rest.length - at;
        struct slice piece = slice_of(rest.data + at, length), bytes;
        while ((result = http_chunks_next(&chunks, &piece, &bytes, &reason)) == 0)
            buffer_append(&v->body, bytes);
        v->used += length - piece.length;
    }
    return result == HTTP_CHUNKS_DONE ? 0 : result == ERROR_AGAIN ? -1 : ERROR_PROTOCOL;
}

static void judge(struct slice all, size_t step, struct verdict *v)
{
    struct http_head_scan scan = {0, 0, 0};
    struct http_header_list list = {.max = HEADERS_MAX};
    struct http_response response = {0};
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
    if (result == ERROR_SYNTAX || (result == 0 && scan.start > 0))
        v->status = ERROR_PROTOCOL;
    if (v->status != -1 || result != 0)
        return;
    v->status =
        http_response_judge(slice_of(all.data, length), &list, false, &response, &framing, &reason);
    must(v->status == 0 || reason != NULL);
    if (v->status == 0) {
        must(response.status >= 100 && response.status <= 599);
        v->used = length;
        v->status = take_body(&framing, slice_of(all.data + length, all.length - length), step, v);
    }
    memory_free(list.items);
}

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
    llhttp_init(&other.parser, HTTP_RESPONSE, &settings);
    llhttp_execute(&other.parser, all.data, all.length);
    if (other.complete && !other.parser.upgrade) {
        // llhttp reads a body behind 204 and 304 when a length says so; no server sends one.
        int status = other.parser.status_code;
        bool bare = status < 200 || status == 204 || status == 304;
        if (!bare) {
            must(llhttp_get_error_pos(&other.parser) == all.data + ours->used);
            must(slice_equal(buffer_slice(&other.body), buffer_slice(&ours->body)));
        }
    }
    buffer_release(&other.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct verdict whole, pieces;
    if (size == 0 || size > SIZE_LIMIT)
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
