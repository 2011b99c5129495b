// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Becoming a member by a link: of the first start, or of an invitation. Programs send JSON,
// browsers the form of a page.
#include "admin/page_internal.h"

static int find(const struct admin_request *request, struct store_view *view,
                struct store_invitation *ret, struct error *error)
{
    unsigned char hash[32];
    identity_hash_token(request->login.token, hash);
    return store_find_invitation(view, (struct slice){0}, "token",
                                 slice_of((const char *)hash, sizeof hash), ret, error);
}

// ---- The API's way

static const struct admin_field accept_fields[] = {
    ADMIN_LOGIN("token", token, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_LOGIN("email", email, FIELD_GIVEN),
    ADMIN_LOGIN("name", name, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_LOGIN("password", password, FIELD_GIVEN | FIELD_NEEDED),
};

// The link is tried before a password is hashed for it: hashing is dear.
int admin_find_invitation(struct admin_request *request, struct store_view *view,
                          struct error *error)
{
    struct admin_login *login = &request->login;
    struct store_invitation invitation = {.role = STORE_VIEWER};
    int result = admin_read_fields(request, 0, accept_fields, 4, true, login, error);
    if (result == 0)
        result = admin_throttled(request, login->token, error);
    if (result == 0)
        result = admin_check_length(request, "password", login->password, error);
    if (result != 0)
        return result;
    result = find(request, view, &invitation, error);
    if (result == 0 && (invitation.accepted_ms != 0 || invitation.expires_ms <= request->now_ms))
        return error_set(error, ERROR_NOT_FOUND, "this invitation was used or has expired");
    if (result == 0 && invitation.email.length == 0 && login->email.length == 0)
        return admin_fault(request, "email", JSON_NONE, error, "is missing");
    if (result == 0 && invitation.email.length > 0 && login->email.length > 0 &&
        !slice_equal_ignoring_case(invitation.email, login->email))
        return admin_fault(request, "email", JSON_NONE, error,
                           "is not the address that was invited; leave it out");
    if (result == ERROR_NOT_FOUND)
        error_set(error, result, "there is no such invitation");
    return result;
}

int admin_hash_password(struct admin_request *request, struct error *error)
{
    return secret_hash_password(request->login.password, request->login.made, error);
}

static int join(struct admin_request *request, struct store_view *view, struct store_member *ret,
                struct error *error)
{
    const struct admin_login *login = &request->login;
    *ret = (struct store_member){
        .email = login->email, .name = login->name, .password = slice_from_string(login->made)};
    request->status = 201;
    return control_accept(view, login->token, request->now_ms, ret, error);
}

int admin_accept(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_member member = {.role = STORE_VIEWER};
    int result = join(request, view, &member, error);
    buffer_append_string(&request->out, "{\"member\":");
    json_write_string(&request->out, member.head.id);
    buffer_append_string(&request->out, ",\"email\":");
    json_write_string(&request->out, member.email);
    buffer_append_format(&request->out, ",\"role\":\"%s\"}", store_role_words[member.role]);
    return result;
}

// ---- The page's way

static int keep_page(struct admin_request *request, struct store_view *view,
                     const struct store_invitation *invitation, struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    struct admin_page *page = &request->page;
    int result = store_get_organisation(view, invitation->head.organisation,
                                        invitation->head.organisation, &owner, error);
    page->organisation = admin_keep(request, owner.title.length > 0 ? owner.title : owner.name);
    page->name = admin_keep(request, owner.name);
    page->invited = admin_keep(request, invitation->email);
    page->role = invitation->role;
    page->expires_ms = invitation->expires_ms;
    return result;
}

int admin_page_look(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_invitation invitation = {.role = STORE_VIEWER};
    int result = admin_throttled(request, request->login.token, error);
    if (result != 0)
        return result;
    request->page.state = PAGE_UNKNOWN;
    result = find(request, view, &invitation, error);
    if (result == 0)
        result = keep_page(request, view, &invitation, error);
    if (result != 0)
        return result;
    request->page.state = invitation.accepted_ms != 0                ? PAGE_USED
                          : invitation.expires_ms <= request->now_ms ? PAGE_EXPIRED
                                                                     : PAGE_WELCOMES;
    request->status = 200;
    // Nobody guesses it, and who has it may mistype his password as often as he likes.
    if (request->page.state == PAGE_WELCOMES)
        admin_throttle_forgive(request->admin->throttle, request->login.token);
    return request->page.state == PAGE_WELCOMES
               ? 0
               : admin_refuse(request, 410, "not-found", ERROR_NOT_FOUND, error, "it is over");
}

static bool is_line(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
            return false;
    return text.length > 0;
}

static bool is_email(struct slice text)
{
    const char *at = text.length == 0 ? NULL : memchr(text.data, '@', text.length);
    return is_line(text) && at != NULL && at != text.data && at + 1 != text.data + text.length &&
           memchr(text.data, ' ', text.length) == NULL;
}

// All that is wrong is said at once.
int admin_page_check(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_login *login = &request->login;
    int result = admin_page_look(request, view, error);
    if (result != 0)
        return result;
    if (request->page.invited.length > 0)
        login->email = (struct slice){"", 0};
    else if (!is_email(login->email))
        result = admin_fault(request, "email", JSON_NONE, error,
                             "Enter an e-mail address, like ada@example.com.");
    if (!is_line(login->name))
        result = admin_fault(request, "name", JSON_NONE, error, "Enter your name.");
    if (login->password.length < SECRET_PASSWORD_LEAST)
        result = admin_fault(request, "password", JSON_NONE, error, "Use at least %d characters.",
                             (int)SECRET_PASSWORD_LEAST);
    else if (login->password.length > SECRET_PASSWORD_MOST)
        result =
            admin_fault(request, "password", JSON_NONE, error,
                        "This is too long: use at most %d characters.", (int)SECRET_PASSWORD_MOST);
    else if (!slice_equal(login->password, login->next))
        result =
            admin_fault(request, "repeat", JSON_NONE, error, "The two passwords are not the same.");
    return result;
}

// Named by the member, and by his id where somebody of this address had one before.
static int add_key(struct admin_request *request, struct store_view *view,
                   const struct store_member *member, struct error *error)
{
    unsigned char hash[32];
    struct store_api_key key = {.head.organisation = member->head.organisation,
                                .role = member->role,
                                .created_by = member->head.id};
    struct store_api_key other = {.role = STORE_VIEWER};
    key.label = arena_format(&request->arena, "command line of %.*s", SLICE_PRINT(member->email));
    int result = store_find_api_key(view, key.head.organisation, "label", key.label, &other, error);
    if (result == 0)
        key.label = arena_format(&request->arena, "%.*s (%.*s)", SLICE_PRINT(key.label),
                                 SLICE_PRINT(member->head.id));
    if (result != 0 && result != ERROR_NOT_FOUND)
        return result;
    admin_new_token("spk_", request->secret);
    identity_hash_token(slice_from_string(request->secret), hash);
    key.token = slice_of((const char *)hash, sizeof hash);
    return store_add_api_key(view, &key, error);
}

int admin_page_join(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_member member = {.role = STORE_VIEWER};
    int result = join(request, view, &member, error);
    if (result == 0 && request->page.wants_key && member.role == STORE_ADMIN)
        result = add_key(request, view, &member, error);
    if (result == 0) {
        request->page.state = PAGE_DONE;
        request->login.email = admin_keep(request, member.email);
    }
    return result;
}
