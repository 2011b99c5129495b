// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Pages of the catalogue over HTTP: who may see one, and how it is sent.
#include "admin/catalogue_internal.h"

static const struct slice top = {"/catalogue", 10};

bool admin_look_owns(struct slice path)
{
    return (slice_starts_with(path, top) &&
            (path.length == top.length || path.data[top.length] == '/')) ||
           slice_equal_string(path, "/llms.txt") || slice_equal_string(path, "/robots.txt") ||
           slice_equal_string(path, "/sitemap.xml");
}

static const struct admin_route shared = {.method = "GET",
                                          .path = "/catalogue",
                                          .least = ADMIN_ANYBODY,
                                          .searches = true,
                                          .hash = admin_look_write};
static const struct admin_route members = {.method = "GET",
                                           .path = "/catalogue",
                                           .least = ADMIN_VIEWER,
                                           .searches = true,
                                           .hash = admin_look_write};

static void refuse(struct admin_request *request, int status, const char *why)
{
    struct error error = {0};
    int result = admin_refuse(request, status, "malformed", ERROR_UNSUPPORTED, &error, "%s", why);
    admin_problem_write(request, result, &error);
}

static struct slice tag_of(struct admin_request *request, struct slice bytes)
{
    uint64_t hash = slice_hash(bytes, request->admin->tag_key);
    return arena_format(&request->arena, "\"%016llx\"", (unsigned long long)hash);
}

void admin_ask_in(struct admin_request *request)
{
    struct buffer to;
    buffer_init(&to, 0);
    buffer_append(&to, SLICE_LITERAL("/sign-in?to="));
    pages_encode(&to, request->path);
    request->location = admin_keep(request, buffer_slice(&to));
    request->status = 303;
    buffer_release(&to);
}

void admin_look_take(struct admin_request *request)
{
    struct admin_look *look = arena_take_zeroed(&request->arena, sizeof *look);
    bool asks =
        slice_equal_string(request->method, "GET") || slice_equal_string(request->method, "HEAD");
    bool credentials = request->authorization.data != NULL || admin_cookie(request).length > 0;
    bool open = request->admin->options.catalogue_public;
    request->page.state = PAGE_LOOK;
    request->look = look;
    if (look != NULL)
        look->site =
            (struct pages_site){.root = {{"", 0}},
                                .contact = request->admin->options.contact_form,
                                .suffix = "",
                                .open = open,
                                .base.text = slice_from_string(request->admin->public_url)};
    if (look == NULL || !admin_look_read(request, look)) {
        refuse(request, 400, "the address cannot be read");
    } else if (!asks) {
        request->allow = SLICE_LITERAL("GET, HEAD");
        refuse(request, 405, "pages can only be read");
    } else if (look->kind == LOOK_FILE) {
        request->status = 200;
    } else if (look->kind == LOOK_ROBOTS) {
        request->status = 200;
        pages_write_robots(&request->out, &look->site);
    } else if (credentials || open) {
        request->route = credentials ? &members : &shared;
    } else {
        admin_ask_in(request);
    }
}

// ---- Sending

enum { HEADERS_MAX = 10 };

static void add(struct http_header *headers, size_t *count, const char *name, struct slice value)
{
    if (value.length > 0)
        headers[(*count)++] = (struct http_header){slice_from_string(name), value};
}

static size_t make_headers(struct admin_request *request, const char *type, struct slice tag,
                           struct http_header *headers)
{
    size_t count = 0;
    bool seen = request->who.kind != STORE_SYSTEM;
    bool file = request->look != NULL && request->look->kind == LOOK_FILE;
    add(headers, &count, "Content-Type", slice_from_string(type));
    add(headers, &count, "X-Content-Type-Options", SLICE_LITERAL("nosniff"));
    add(headers, &count, "Cache-Control",
        request->status >= 300 ? SLICE_LITERAL("no-store")
        : file                 ? SLICE_LITERAL("public, no-cache")
        : seen                 ? SLICE_LITERAL("private, no-cache")
                               : SLICE_LITERAL("public, max-age=60"));
    if (!file) {
        add(headers, &count, "Vary", SLICE_LITERAL("Cookie, Authorization"));
        add(headers, &count, "Referrer-Policy", SLICE_LITERAL("same-origin"));
        add(headers, &count, "Content-Security-Policy",
            SLICE_LITERAL("default-src 'none'; style-src 'self'; script-src 'self'; connect-src "
                          "'self'; img-src data:; form-action 'self'; base-uri 'none'; "
                          "frame-ancestors 'none'"));
    }
    add(headers, &count, "ETag", tag);
    add(headers, &count, "Location", request->location);
    add(headers, &count, "Allow", request->allow);
    if (request->status == 401)
        add(headers, &count, "WWW-Authenticate", SLICE_LITERAL("Bearer realm=\"sallyport\""));
    return count;
}

// "*", or a list that has the tag, weak or not.
static bool matches(struct slice given, struct slice tag)
{
    return given.length > 0 && tag.length > 0 &&
           (slice_equal_string(given, "*") ||
            memmem(given.data, given.length, tag.data, tag.length) != NULL);
}

static const char *type_of(const struct admin_request *request)
{
    enum admin_look_kind kind = request->look == NULL ? LOOK_NOTHING : request->look->kind;
    if (request->status == 200 && kind == LOOK_MAP)
        return "application/xml";
    return request->status == 200 && (kind == LOOK_LLMS || kind == LOOK_ROBOTS)
               ? "text/plain; charset=utf-8"
               : "text/html; charset=utf-8";
}

static void write_trouble(struct admin_request *request)
{
    static const struct admin_look none = {.site = {.suffix = ""}};
    const struct pages_site *site = request->look == NULL ? &none.site : &request->look->site;
    bool missing = request->status == 404;
    buffer_clear(&request->out);
    struct slice detail = admin_keep(request, request->problem.detail); // with a NUL behind it
    pages_write_notice(
        &request->out, &request->arena, site,
        missing ? "There is no such page" : "That did not work",
        missing ? "Nothing in the catalogue has this address. A server or tool may have been taken "
                  "out, or belong to another organisation."
                : detail.data,
        "/catalogue", "To the catalogue");
}

void admin_look_send(struct admin_request *request)
{
    struct http_header headers[HEADERS_MAX];
    struct admin_look *look = request->look;
    bool file = look != NULL && look->kind == LOOK_FILE && request->status == 200;
    if (request->status == 401 && request->authorization.data == NULL)
        admin_ask_in(request);
    if (request->status >= 400)
        write_trouble(request);
    if (request->status == 303)
        buffer_clear(&request->out);
    struct slice body = file ? look->file.bytes : buffer_slice(&request->out);
    struct slice tag = request->status == 200 ? tag_of(request, body) : (struct slice){0};
    size_t count = make_headers(request, file ? look->file.type : type_of(request), tag, headers);
    if (request->out.failed)
        http_reply_send(request->reply, 503, NULL, 0, (struct slice){0});
    else if (matches(request->if_none_match, tag))
        http_reply_send(request->reply, 304, headers, count, (struct slice){0});
    else
        http_reply_send(request->reply, request->status, headers, count, body);
    request->reply = NULL;
}
