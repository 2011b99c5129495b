// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The page where people sign in, and go on to what they wanted to see. The API's steps do the work.
#include "admin/page_internal.h"
#include "admin/question_internal.h"
#include "pages/pages.h"
#include "window/window.h"

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

static struct slice home(void)
{
    return window_page() == NULL ? SLICE_LITERAL("/catalogue") : SLICE_LITERAL("/");
}

static bool is_plain(char c)
{
    return c > 0x20 && c < 0x7F && strchr("\\\"<>`", c) == NULL;
}

bool admin_is_place(struct slice text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++)
        if (!is_plain(text.data[i]))
            return false;
    while (length < text.length && text.data[length] != '?' && text.data[length] != '#')
        length++;
    struct slice page = slice_of(text.data, length);
    for (size_t i = 0; i + 1 < length; i++)
        if (page.data[i] == '/' && (page.data[i + 1] == '/' || page.data[i + 1] == '.'))
            return false;
    return text.length <= ADMIN_PLACE_MAX &&
           (admin_look_owns(page) || admin_question_page_owns(page) || window_shows(page));
}

// Nobody is sent elsewhere by a link to this page.
static struct slice place_of(struct slice given)
{
    return admin_is_place(given) ? given : home();
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
    request->page.to = home();
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
