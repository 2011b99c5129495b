// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The dashboard: the same page at each of its addresses, and its files. Nothing of them is secret;
// what the page shows it asks the API for.
#include "admin/admin_internal.h"

#include "base/codec.h"
#include "base/random.h"
#include "window/window.h"

#include <stdio.h>

enum { NONCE_BYTES = 16, NONCE_SIZE = 25, POLICY_SIZE = 320, HEADERS_MOST = 8 };

struct head {
    struct http_header items[HEADERS_MOST];
    size_t count;
};

static void add(struct head *head, const char *name, struct slice value)
{
    head->items[head->count++] = (struct http_header){slice_from_string(name), value};
}

bool admin_window_owns(struct slice path)
{
    return window_shows(path) || slice_starts_with(path, SLICE_LITERAL("/assets/"));
}

static struct slice value_of(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->headers.count; i++)
        if (slice_equal_ignoring_case(request->headers.items[i].name, slice_from_string(name)))
            return request->headers.items[i].value;
    return (struct slice){0};
}

static void send_notice(struct http_reply *reply, int status, const char *text)
{
    struct head head = {.count = 0};
    add(&head, "Content-Type", SLICE_LITERAL("text/plain; charset=utf-8"));
    add(&head, "Cache-Control", SLICE_LITERAL("no-store"));
    if (status == 405)
        add(&head, "Allow", SLICE_LITERAL("GET, HEAD"));
    http_reply_send(reply, status, head.items, head.count, slice_from_string(text));
}

// Accept-Encoding is a list; one that refuses gzip by q=0 is taken at its word.
static bool takes_gzip(struct slice accepted)
{
    static const char name[] = "gzip";
    const char *at =
        accepted.length == 0 ? NULL : memmem(accepted.data, accepted.length, name, sizeof name - 1);
    if (at == NULL)
        return false;
    struct slice rest = slice_of(at, accepted.length - (size_t)(at - accepted.data));
    const char *end = memchr(rest.data, ',', rest.length);
    if (end != NULL)
        rest.length = (size_t)(end - rest.data);
    return memmem(rest.data, rest.length, "q=0", 3) == NULL ||
           memmem(rest.data, rest.length, "q=0.", 4) != NULL;
}

static void send_file(struct http_reply *reply, const struct http_request *request,
                      const struct window_file *file)
{
    struct head head = {.count = 0};
    struct slice known = value_of(request, "If-None-Match"), etag = slice_from_string(file->etag);
    bool packed = file->packed.length > 0 && takes_gzip(value_of(request, "Accept-Encoding"));
    add(&head, "Content-Type", slice_from_string(file->type));
    add(&head, "X-Content-Type-Options", SLICE_LITERAL("nosniff"));
    add(&head, "Cache-Control",
        file->lasting ? SLICE_LITERAL("public, max-age=31536000, immutable")
                      : SLICE_LITERAL("public, no-cache"));
    add(&head, "ETag", etag);
    add(&head, "Vary", SLICE_LITERAL("Accept-Encoding"));
    if (known.length > 0 && memmem(known.data, known.length, etag.data, etag.length) != NULL) {
        http_reply_send(reply, 304, head.items, head.count, (struct slice){0});
        return;
    }
    if (packed)
        add(&head, "Content-Encoding", SLICE_LITERAL("gzip"));
    http_reply_send(reply, 200, head.items, head.count, packed ? file->packed : file->bytes);
}

// Components write styles at run time: those that carry this answer's number are let through, and
// no others.
static void send_page(struct http_reply *reply, const struct window_page *page)
{
    unsigned char bytes[NONCE_BYTES];
    char nonce[NONCE_SIZE], policy[POLICY_SIZE];
    struct head head = {.count = 0};
    random_bytes(bytes, sizeof bytes);
    size_t length =
        codec_write_base64(slice_of((const char *)bytes, sizeof bytes), CODEC_BASE64_URL, nonce);
    int written = snprintf(
        policy, sizeof policy,
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%.*s'; connect-src 'self'; "
        "img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
        (int)length, nonce);
    struct slice pieces[] = {page->before, slice_of(nonce, length), page->after};
    add(&head, "Content-Type", SLICE_LITERAL("text/html; charset=utf-8"));
    add(&head, "X-Content-Type-Options", SLICE_LITERAL("nosniff"));
    add(&head, "Cache-Control", SLICE_LITERAL("no-store"));
    add(&head, "Referrer-Policy", SLICE_LITERAL("same-origin"));
    add(&head, "Content-Security-Policy", slice_of(policy, (size_t)written));
    http_reply_send_pieces(reply, 200, head.items, head.count, pieces,
                           sizeof pieces / sizeof *pieces);
}

void admin_window_send(struct http_reply *reply, const struct http_request *request, bool admitted)
{
    bool reads =
        slice_equal_string(request->method, "GET") || slice_equal_string(request->method, "HEAD");
    const struct window_page *page = window_page();
    const struct window_file *file = window_find(request->path);
    if (!admitted)
        send_notice(reply, 403,
                    "this Host or Origin is not allowed; see allowed_hosts and allowed_origins in "
                    "the configuration\n");
    else if (!reads)
        send_notice(reply, 405, "the dashboard's pages can only be read\n");
    else if (file != NULL)
        send_file(reply, request, file);
    else if (!window_shows(request->path))
        send_notice(reply, 404, "there is no such file\n");
    else if (page == NULL)
        send_notice(reply, 404,
                    "This program was built without the dashboard. The catalogue is at /catalogue, "
                    "the API at /api/v1; "
                    "'./dev build' builds both.\n");
    else
        send_page(reply, page);
}
