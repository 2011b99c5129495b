// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The contact form, a page for everybody where the configuration says so, and what came by it, for
// admins. Its `login` has the form's name, e-mail address and text (`next`). It needs no account
// and no cookie, so a page elsewhere gains nothing by sending it; browsers that say so are refused
// by their Origin anyway.
#include "admin/page_internal.h"

#include "control/control.h"
#include "pages/pages.h"

enum { NAME_MOST = 200, EMAIL_MOST = 254, TEXT_MOST = 4000 };

static const struct slice path = {"/contact", 8};

bool admin_contact_page_owns(struct slice asked)
{
    return slice_equal(asked, path);
}

// ---- The form

static int find_desk(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    struct slice account =
        arena_format(&request->arena, "contact %.*s", SLICE_PRINT(request->address));
    int result = account.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                      : admin_throttled(request, account, error);
    if (result == 0)
        result = store_find_organisation(view, (struct slice){0}, "name", SLICE_LITERAL("default"),
                                         &owner, error);
    if (result == 0)
        request->organisation_name = admin_keep(request, owner.head.id);
    return result;
}

static int keep_question(struct admin_request *request, struct store_view *view,
                         struct error *error)
{
    struct store_contact row = {.head.organisation = request->organisation_name,
                                .name = request->login.name,
                                .email = request->login.email,
                                .text = request->login.next,
                                .done_by = {"", 0}};
    int result = control_add_contact(view, &row, request->now_ms, error);
    if (result == ERROR_LIMIT)
        return admin_refuse(request, 429, "too-many", ERROR_LIMIT, error, "%s", error->text);
    request->location = SLICE_LITERAL("/contact?sent");
    request->status = 303;
    return result;
}

static const struct admin_route route = {.method = "POST",
                                         .path = "/contact",
                                         .least = ADMIN_ANYBODY,
                                         .read = find_desk,
                                         .write = keep_question,
                                         .form = true};

static bool is_text(struct slice text, size_t most, bool lines)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool breaks = c == '\n' || c == '\r' || c == '\t';
        if ((c < 0x20 && !(lines && breaks)) || c == 0x7F)
            return false;
    }
    return text.length <= most && json_is_utf8(text);
}

static bool is_address(struct slice text)
{
    const char *at = text.length == 0 ? NULL : memchr(text.data, '@', text.length);
    return at != NULL && at != text.data && at + 1 != text.data + text.length &&
           memchr(text.data, ' ', text.length) == NULL && is_text(text, EMAIL_MOST, false);
}

// What is wrong with it; NULL: nothing.
static const char *fault_of(const struct admin_login *form)
{
    if (!is_address(form->email))
        return "this is no e-mail address";
    if (!is_text(form->name, NAME_MOST, false))
        return "the name is too long, or has characters that names do not have";
    if (form->next.length == 0)
        return "there is no question";
    return is_text(form->next, TEXT_MOST, true) ? NULL
                                                : "a question has at most 4000 bytes of text";
}

// False: nobody can read it.
static bool read_form(struct admin_request *request, struct slice form, bool *ret_trapped)
{
    struct admin_login *login = &request->login;
    struct slice trap = {0};
    struct error error = {0};
    bool good = admin_form_value(request, form, "name", &login->name, &error) == 0 &&
                admin_form_value(request, form, "email", &login->email, &error) == 0 &&
                admin_form_value(request, form, "text", &login->next, &error) == 0 &&
                admin_form_value(request, form, "website", &trap, &error) == 0;
    if (login->next.data == NULL)
        login->next = (struct slice){"", 0};
    *ret_trapped = trap.length > 0;
    return good && json_is_utf8(login->name) && json_is_utf8(login->email) &&
           json_is_utf8(login->next);
}

static void take_form(struct admin_request *request, struct slice form)
{
    bool trapped = false;
    if (!admin_page_is_form(request)) {
        admin_page_refuse(request, 415, "a form is application/x-www-form-urlencoded");
    } else if (form.length > BODY_MAX) {
        admin_page_refuse(request, 413, "the form is too large");
    } else if (!read_form(request, form, &trapped)) {
        request->login = (struct admin_login){.next = {"", 0}};
        admin_page_refuse(request, 400, "the form cannot be read");
    } else if (trapped) { // a program filled in what people do not see
        request->location = SLICE_LITERAL("/contact?sent");
        request->status = 303;
    } else if (fault_of(&request->login) != NULL) {
        admin_page_refuse(request, 422, fault_of(&request->login));
    } else {
        request->route = &route;
    }
}

void admin_contact_page_take(struct admin_request *request, struct slice body)
{
    bool post = slice_equal_string(request->method, "POST");
    bool get =
        slice_equal_string(request->method, "GET") || slice_equal_string(request->method, "HEAD");
    request->page.state = PAGE_CONTACT;
    if (!request->admin->options.contact_form) {
        admin_page_refuse(request, 404, "there is no contact form here");
    } else if (!post && !get) {
        request->allow = SLICE_LITERAL("GET, HEAD, POST");
        admin_page_refuse(request, 405, "this page has other methods");
    } else if (get) {
        request->status = 200;
    } else {
        take_form(request, body);
    }
}

void admin_contact_page_write(struct admin_request *request, struct buffer *out)
{
    const struct admin_login *login = &request->login;
    const struct pages_site site = {
        .root = {{"", 0}}, .suffix = "", .contact = request->admin->options.contact_form};
    const struct pages_contact_form form = {
        .name = login->name,
        .email = login->email,
        .text = login->next,
        .trouble = request->status >= 400 ? request->problem.detail : (struct slice){"", 0},
        .sent = request->status == 200 && slice_equal_string(request->query, "sent")};
    if (request->status == 404)
        pages_write_notice(out, &request->arena, &site, "There is no such page",
                           "This gateway has no contact form.", "/catalogue", "To the catalogue");
    else
        pages_write_contact(out, &site, &form);
}

// ---- What came

static const struct admin_field fields[] = {
    ADMIN_FIELD(contact, "name", name, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(contact, "email", email, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(contact, "text", text, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(contact, "done_at", done_ms, FIELD_TIME, FIELD_SHOWN),
    ADMIN_FIELD(contact, "done_by", done_by, FIELD_TEXT, FIELD_SHOWN),
};
const struct admin_resource admin_contacts = {.kind = STORE_CONTACT,
                                              .size = sizeof(struct store_contact),
                                              .fields = fields,
                                              .count = sizeof fields / sizeof *fields,
                                              .newest_first = true};

int admin_end_contact(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_contact row = {.done_ms = 0};
    int result = admin_get(request, view, &row.head, error);
    if (result == 0)
        result = admin_check_version(request, &row.head, "contact", error);
    if (result == 0 && row.done_ms != 0)
        return error_set(error, ERROR_EXISTS, "somebody has taken care of it already");
    row.done_ms = request->now_ms;
    row.done_by = request->who.label;
    if (result == 0)
        result = store_change_contact(view, &row, error);
    return result == 0 ? admin_answer(request, view, 200, &row.head, error) : result;
}
