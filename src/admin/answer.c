// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From what a request came to, to its answer.
#include "admin/admin_internal.h"

enum { HEADERS_MAX = 12 };

static void add_header(struct http_header *headers, size_t *count, const char *name,
                       struct slice value)
{
    if (value.length > 0)
        headers[(*count)++] = (struct http_header){slice_from_string(name), value};
}

static size_t make_headers(struct admin_request *request, struct http_header *headers)
{
    size_t count = 0;
    bool problem = request->status >= 400 && !request->html;
    add_header(headers, &count, "Content-Type",
               problem         ? SLICE_LITERAL("application/problem+json")
               : request->html ? SLICE_LITERAL("text/html; charset=utf-8")
                               : SLICE_LITERAL("application/json"));
    add_header(headers, &count, "Cache-Control", SLICE_LITERAL("no-store"));
    add_header(headers, &count, "X-Content-Type-Options", SLICE_LITERAL("nosniff"));
    if (request->html) { // its address holds a code: it is told to nobody
        add_header(headers, &count, "Referrer-Policy", SLICE_LITERAL("no-referrer"));
        add_header(headers, &count, "Content-Security-Policy",
                   SLICE_LITERAL("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
                                 "form-action 'none'"));
    }
    if (request->status == 401 && !request->html)
        add_header(headers, &count, "WWW-Authenticate",
                   SLICE_LITERAL("Bearer realm=\"sallyport\""));
    if (request->problem.retry_after_s > 0)
        add_header(
            headers, &count, "Retry-After",
            arena_format(&request->arena, "%lld", (long long)request->problem.retry_after_s));
    add_header(headers, &count, "Allow", request->allow);
    if (problem)
        return count;
    add_header(headers, &count, "Set-Cookie", request->set_cookie);
    add_header(headers, &count, "Location", request->location);
    if (request->etag > 0)
        add_header(headers, &count, "ETag",
                   arena_format(&request->arena, "\"%lld\"", (long long)request->etag));
    if (request->replayed)
        add_header(headers, &count, "Idempotency-Replayed", SLICE_LITERAL("true"));
    return count;
}

void admin_send(struct admin_request *request)
{
    struct http_header headers[HEADERS_MAX];
    if (request->page.state != PAGE_NONE) {
        admin_page_send(request);
        return;
    }
    struct slice out = buffer_slice(&request->out);
    struct slice pieces[6] = {out};
    size_t count = 1;
    bool secret = request->secret[0] != '\0' && request->status < 400;
    if (secret && out.length > 0) { // in place of the last bracket
        pieces[0].length--;
        pieces[count++] = SLICE_LITERAL(",\"");
        pieces[count++] =
            slice_from_string(request->secret_name == NULL ? "token" : request->secret_name);
        pieces[count++] = SLICE_LITERAL("\":\"");
        pieces[count++] = slice_from_string(request->secret);
        pieces[count++] = SLICE_LITERAL("\"}");
    }
    size_t header_count = make_headers(request, headers);
    http_reply_send_pieces(request->reply, request->status, headers, header_count, pieces, count);
    request->reply = NULL;
}
