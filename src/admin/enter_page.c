// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The page where people sign in, and go on to what they wanted to see. The API's steps do the work.
#include "admin/page_internal.h"
#include "pages/pages.h"

static const struct slice path = {"/sign-in", 8};

bool admin_enter_page_owns(struct slice asked)
{
    return slice_equal(asked, path);
}

static int enter(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = admin_sign_in(request, view, error);
    if (result != 0)
        return result;
    request->status = 303;
    request->location = request->page.to;
    return 0;
}

static const struct admin_route sign_in = {.method = "POST",
                                           .path = "/sign-in",
                                           .least = ADMIN_ANYBODY,
                                           .read = admin_find_account,
                                           .hash = admin_check_password,
                                           .write = enter,
                                           .form = true};

// Only pages of ours: nobody is sent elsewhere by a link to this one.
static struct slice place_of(struct slice given)
{
    for (size_t i = 0; i < given.length; i++)
        if ((unsigned char)given.data[i] <= 0x20 || (unsigned char)given.data[i] >= 0x7F ||
            given.data[i] == '\\' || given.data[i] == '"')
            return SLICE_LITERAL("/catalogue");
    const char *query = given.length == 0 ? NULL : memchr(given.data, '?', given.length);
    size_t length = query == NULL ? given.length : (size_t)(query - given.data);
    return admin_look_owns(slice_of(given.data, length)) ? given : SLICE_LITERAL("/catalogue");
}

static bool read_values(struct admin_request *request, struct slice values)
{
    struct admin_login *login = &request->login;
    struct slice to = {0};
    struct error error = {0};
    int result = admin_form_value(request, values, "to", &to, &error);
    if (result == 0)
        result = admin_form_value(request, values, "organisation", &login->organisation, &error);
    if (result == 0)
        result = admin_form_value(request, values, "email", &login->email, &error);
    if (result == 0)
        result = admin_form_value(request, values, "password", &login->password, &error);
    request->page.to = place_of(to);
    return result == 0 && json_is_utf8(login->organisation) && json_is_utf8(login->email) &&
           json_is_utf8(login->password);
}

void admin_enter_page_take(struct admin_request *request, struct slice body)
{
    bool post = slice_equal_string(request->method, "POST");
    bool get =
        slice_equal_string(request->method, "GET") || slice_equal_string(request->method, "HEAD");
    request->page.state = PAGE_ENTERS;
    request->page.to = SLICE_LITERAL("/catalogue");
    if (!post && !get) {
        request->allow = SLICE_LITERAL("GET, HEAD, POST");
        admin_page_refuse(request, 405, "this page has other methods");
    } else if (post && !admin_page_is_form(request)) {
        admin_page_refuse(request, 415, "a form is application/x-www-form-urlencoded");
    } else if (body.length > BODY_MAX) {
        admin_page_refuse(request, 413, "the form is too large");
    } else if (!read_values(request, post ? body : request->query)) {
        admin_page_refuse(request, 400, "the form cannot be read");
    } else if (get) {
        request->login.password = (struct slice){0};
        request->status = 200;
    } else {
        if (request->login.organisation.length == 0)
            request->login.organisation = SLICE_LITERAL("default");
        request->route = &sign_in;
    }
}

void admin_enter_page_write(struct admin_request *request, struct buffer *out)
{
    const struct admin_login *login = &request->login;
    bool failed = request->status >= 400, again = login->email.length > 0;
    const struct pages_field fields[] = {{.name = "email",
                                          .label = "E-mail",
                                          .type = "email",
                                          .complete = "username",
                                          .value = login->email,
                                          .focus = !again},
                                         {.name = "password",
                                          .label = "Password",
                                          .type = "password",
                                          .complete = "current-password",
                                          .focus = again}};
    const struct pages_join join = {.title = failed ? "Error: sign in" : "Sign in",
                                    .action.text = path,
                                    .trouble =
                                        failed ? request->problem.detail : (struct slice){"", 0},
                                    .organisation = login->organisation,
                                    .to = request->page.to,
                                    .fields = {fields, 2}};
    pages_write_sign_in(out, &join);
}
