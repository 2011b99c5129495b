// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which page, and what a form says.
#include "admin/page_internal.h"
#include "admin/question_internal.h"

#include "base/memory.h"

#include "page_css.h"
#include "page_js.h"

static const struct slice setup = {"/setup", 6}, invitation = {"/invitation", 11},
                          css = {"/setup/page.css", 15}, js = {"/setup/page.js", 14};

bool admin_page_owns(struct slice path)
{
    return slice_equal(path, setup) || slice_equal(path, invitation) || slice_equal(path, css) ||
           slice_equal(path, js) || admin_enter_page_owns(path) || admin_question_page_owns(path) ||
           admin_contact_page_owns(path);
}

static const struct admin_route look = {.method = "POST",
                                        .path = "/setup",
                                        .least = ADMIN_ANYBODY,
                                        .read = admin_page_look,
                                        .form = true};
static const struct admin_route join = {.method = "POST",
                                        .path = "/setup",
                                        .least = ADMIN_ANYBODY,
                                        .read = admin_page_check,
                                        .hash = admin_hash_password,
                                        .write = admin_page_join,
                                        .form = true};

static void take_file(struct admin_request *request)
{
    bool style = slice_equal(request->path, css);
    request->page.state = PAGE_FILE;
    request->page.type = style ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
    request->page.file =
        style ? slice_of(page_css, sizeof page_css) : slice_of(page_js, sizeof page_js);
    request->status = 200;
}

void admin_page_refuse(struct admin_request *request, int status, const char *why)
{
    struct error error = {0};
    int result = admin_refuse(request, status, "malformed", ERROR_UNSUPPORTED, &error, "%s", why);
    admin_problem_write(request, result, &error);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Ends of what was pasted or typed.
static struct slice trim(struct slice text)
{
    while (text.length > 0 && is_blank(text.data[0]))
        text = slice_of(text.data + 1, text.length - 1);
    while (text.length > 0 && is_blank(text.data[text.length - 1]))
        text.length--;
    return text;
}

// The whole link will do, too.
static struct slice code_of(struct slice text)
{
    const char *mark = text.length == 0 ? NULL : memrchr(text.data, '#', text.length);
    return mark == NULL ? text : slice_of(mark + 1, text.length - (size_t)(mark - text.data) - 1);
}

struct input {
    const char *name;
    size_t offset;
};

static bool read_form(struct admin_request *request, struct slice form)
{
    static const struct input inputs[] = {{"code", offsetof(struct admin_login, token)},
                                          {"email", offsetof(struct admin_login, email)},
                                          {"name", offsetof(struct admin_login, name)},
                                          {"password", offsetof(struct admin_login, password)},
                                          {"repeat", offsetof(struct admin_login, next)}};
    struct admin_login *login = &request->login;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        struct slice *at = (struct slice *)(void *)((char *)login + inputs[i].offset);
        struct error error = {0};
        if (admin_form_value(request, form, inputs[i].name, at, &error) != 0 || !json_is_utf8(*at))
            return false;
    }
    struct slice key = {0};
    if (admin_form_value(request, form, "key", &key, &(struct error){0}) != 0)
        return false;
    request->page.wants_key = key.length > 0;
    login->token = code_of(trim(login->token));
    login->email = trim(login->email);
    login->name = trim(login->name);
    return true;
}

bool admin_page_is_form(const struct admin_request *request)
{
    static const struct slice type = {"application/x-www-form-urlencoded", 33};
    struct slice given = request->content_type;
    return given.length >= type.length && request->content_encoding.length == 0 &&
           slice_equal_ignoring_case(slice_of(given.data, type.length), type) &&
           (given.length == type.length || given.data[type.length] == ';');
}

static void take_form(struct admin_request *request, struct slice form)
{
    if (!admin_page_is_form(request)) {
        admin_page_refuse(request, 415, "a form is application/x-www-form-urlencoded");
    } else if (form.length > BODY_MAX) {
        admin_page_refuse(request, 413, "the form is too large");
    } else if (!read_form(request, form)) {
        admin_page_refuse(request, 400, "the form cannot be read");
    } else if (request->login.token.length == 0) {
        request->status = 200;
    } else {
        request->route = request->login.password.data == NULL ? &look : &join;
    }
}

void admin_page_take(struct admin_request *request, struct slice body)
{
    if (admin_enter_page_owns(request->path)) {
        admin_enter_page_take(request, body);
        return;
    }
    if (admin_question_page_owns(request->path)) {
        admin_question_page_take(request, body);
        return;
    }
    if (admin_contact_page_owns(request->path)) {
        admin_contact_page_take(request, body);
        return;
    }
    bool page = slice_equal(request->path, setup) || slice_equal(request->path, invitation);
    request->page.setup = slice_equal(request->path, setup);
    request->page.state = PAGE_ASKS;
    if (page && slice_equal_string(request->method, "POST")) {
        take_form(request, body);
    } else if (!slice_equal_string(request->method, "GET")) {
        request->allow = page ? SLICE_LITERAL("GET, POST") : SLICE_LITERAL("GET");
        admin_page_refuse(request, 405, "this page has other methods");
    } else if (page) {
        request->status = 200;
    } else {
        take_file(request);
    }
}

// ---- Sending

static const struct http_header page_headers[] = {
    {{"Content-Type", 12}, {"text/html; charset=utf-8", 24}},
    {{"Cache-Control", 13}, {"no-store", 8}},
    {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
    {{"Content-Security-Policy", 23},
     {"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
      "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      151}},
    // Not no-referrer: a browser would say Origin: null with the form.
    {{"Referrer-Policy", 15}, {"same-origin", 11}},
    {{"Cross-Origin-Opener-Policy", 26}, {"same-origin", 11}}};
enum { PAGE_HEADERS = sizeof page_headers / sizeof *page_headers };

static void send_file(struct admin_request *request)
{
    const struct http_header headers[] = {
        {{"Content-Type", 12}, slice_from_string(request->page.type)},
        {{"Cache-Control", 13}, {"no-cache", 8}},
        {{"X-Content-Type-Options", 22}, {"nosniff", 7}}};
    http_reply_send(request->reply, request->status, headers, 3, request->page.file);
}

void admin_page_send(struct admin_request *request)
{
    struct http_header headers[PAGE_HEADERS + 4];
    size_t count = PAGE_HEADERS;
    if (request->page.state == PAGE_LOOK) {
        admin_look_send(request);
        return;
    }
    if (request->page.state == PAGE_FILE) {
        send_file(request);
        request->reply = NULL;
        return;
    }
    if (request->page.state == PAGE_QUESTION)
        admin_question_page_finish(request);
    memcpy(headers, page_headers, sizeof page_headers);
    if (request->problem.retry_after_s > 0)
        headers[count++] = (struct http_header){
            {"Retry-After", 11},
            arena_format(&request->arena, "%lld", (long long)request->problem.retry_after_s)};
    if (request->allow.length > 0)
        headers[count++] = (struct http_header){{"Allow", 5}, request->allow};
    if (request->status == 303) {
        headers[count++] = (struct http_header){{"Location", 8}, request->location};
        if (request->set_cookie.length > 0)
            headers[count++] = (struct http_header){{"Set-Cookie", 10}, request->set_cookie};
    }
    if (request->page.state != PAGE_QUESTION) {
        buffer_clear(&request->out);
        buffer_reserve(&request->out, 32 * 1024); // growing would leave a copy of a key behind
        admin_page_write(request, &request->out);
    }
    http_reply_send(request->reply, request->out.failed ? 503 : request->status, headers, count,
                    buffer_slice(&request->out));
    if (request->out.data != NULL)
        memory_wipe(request->out.data, request->out.capacity);
    request->reply = NULL;
}
