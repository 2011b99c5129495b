// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Passwords: signing in and out, and another password.
#include "admin/session_internal.h"

#include "base/memory.h"

static const struct admin_field sign_in_fields[] = {
    ADMIN_LOGIN("organisation", organisation, FIELD_GIVEN),
    ADMIN_LOGIN("email", email, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_LOGIN("password", password, FIELD_GIVEN | FIELD_NEEDED),
};

void admin_new_token(const char prefix[5], char ret[IDENTITY_TOKEN_SIZE])
{
    char made[IDENTITY_TOKEN_SIZE];
    identity_new_token(made);
    memcpy(ret, prefix, 4);
    memcpy(ret + 4, made + 3, strlen(made + 3) + 1);
    memory_wipe(made, sizeof made);
}

int admin_throttled(struct admin_request *request, struct slice account, struct error *error)
{
    int64_t wait_s =
        admin_throttle_try(request->admin->throttle, account, request->address, request->now_ms);
    if (wait_s == 0)
        return 0;
    request->problem.retry_after_s = wait_s;
    return admin_refuse(request, 429, "too-many", ERROR_LIMIT, error,
                        "too many attempts; try again in %lld seconds", (long long)wait_s);
}

int admin_check_length(struct admin_request *request, const char *field, struct slice password,
                       struct error *error)
{
    if (password.length >= SECRET_PASSWORD_LEAST && password.length <= SECRET_PASSWORD_MOST)
        return 0;
    return admin_fault(request, field, JSON_NONE, error, "must have %d to %d bytes",
                       (int)SECRET_PASSWORD_LEAST, (int)SECRET_PASSWORD_MOST);
}

// ---- Signing in

// Letters of any case are the same account to the database, so they must be to the throttle.
static struct slice account_of(struct admin_request *request)
{
    struct slice text =
        arena_format(&request->arena, "%.*s %.*s", SLICE_PRINT(request->login.organisation),
                     SLICE_PRINT(request->login.email));
    char *data = (char *)(uintptr_t)text.data;
    for (size_t i = 0; data != NULL && i < text.length; i++)
        if (data[i] >= 'A' && data[i] <= 'Z')
            data[i] = (char)(data[i] | 0x20);
    return text;
}

// Who is not there, or disabled, has no password: what follows takes as long.
int admin_find_account(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_login *login = &request->login;
    struct store_organisation owner = {.commands_allowed = false};
    struct store_member member = {.role = STORE_VIEWER};
    int result = admin_throttled(request, account_of(request), error);
    if (result != 0)
        return result;
    result = store_find_organisation(view, (struct slice){0}, "name", login->organisation, &owner,
                                     error);
    if (result == 0)
        result = store_find_member(view, owner.head.id, "email", login->email, &member, error);
    if (result == ERROR_NOT_FOUND || (result == 0 && member.disabled))
        return 0;
    request->who.organisation = admin_keep(request, owner.head.id);
    login->member = admin_keep(request, member.head.id);
    login->hash = admin_keep(request, member.password);
    return result;
}

int admin_find_member(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_login *login = &request->login;
    login->organisation = SLICE_LITERAL("default");
    int result = admin_read_fields(request, 0, sign_in_fields, 3, true, login, error);
    return result == 0 ? admin_find_account(request, view, error) : result;
}

int admin_check_password(struct admin_request *request, struct error *error)
{
    struct admin_login *login = &request->login;
    if (secret_check_password(login->hash, login->password)) {
        request->who.kind = STORE_BY_MEMBER; // for the audit
        request->who.id = login->member;
        request->who.label = login->email;
        return 0;
    }
    return admin_refuse(request, 401, "authentication", ERROR_DENIED, error,
                        "the e-mail address or the password is wrong");
}

static void set_cookie(struct admin_request *request, const char *value, int64_t seconds)
{
    request->set_cookie =
        arena_format(&request->arena, "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
                     admin_cookie_name(request), value, (long long)seconds,
                     admin_is_secure(request) ? "; Secure" : "");
}

static void write_session(struct admin_request *request, const struct store_member *member,
                          int64_t expires_ms, const char *csrf)
{
    const struct slice csrf_text = slice_from_string(csrf);
    const struct shown {
        struct slice organisation, id, email, name;
        enum store_role role;
        int64_t expires_ms;
        struct slice csrf;
    } shown = {member->head.organisation,
               member->head.id,
               member->email,
               member->name,
               member->role,
               expires_ms,
               csrf_text};
#define SHOWN(json, member, kind, words)                                                           \
    {                                                                                              \
        json, offsetof(struct shown, member), words, kind, FIELD_SHOWN                             \
    }
    static const struct admin_field fields[] = {
        SHOWN("organisation", organisation, FIELD_TEXT, NULL),
        SHOWN("email", email, FIELD_TEXT, NULL),
        SHOWN("name", name, FIELD_TEXT, NULL),
        SHOWN("role", role, FIELD_WORD, store_role_words),
        SHOWN("expires_at", expires_ms, FIELD_TIME, NULL),
        SHOWN("csrf_token", csrf, FIELD_TEXT, NULL)};
#undef SHOWN
    buffer_append_string(&request->out, "{\"member\":");
    json_write_string(&request->out, shown.id);
    admin_write_fields(&request->out, fields, sizeof fields / sizeof *fields, &shown);
    buffer_append_string(&request->out, "}");
}

static int add_session(struct admin_request *request, struct store_view *view,
                       const struct store_member *member, const char *token, const char *csrf,
                       struct error *error)
{
    unsigned char hashes[2][32];
    identity_hash_token(slice_from_string(token), hashes[0]);
    identity_hash_token(slice_from_string(csrf), hashes[1]);
    struct store_session session = {.head.organisation = member->head.organisation,
                                    .member = member->head.id,
                                    .token = slice_of((const char *)hashes[0], 32),
                                    .csrf = slice_of((const char *)hashes[1], 32),
                                    .address = request->address,
                                    .expires_ms = request->now_ms + SESSION_MS,
                                    .used_ms = request->now_ms};
    return store_add_session(view, &session, error);
}

// The one that the browser had until now.
static int remove_old_session(struct admin_request *request, struct store_view *view,
                              struct error *error)
{
    struct store_session mine = {.used_ms = 0};
    int result = admin_find_session(request, view, &mine, error);
    if (result == ERROR_NOT_FOUND)
        return 0;
    return result == 0
               ? store_remove(view, STORE_SESSION, mine.head.organisation, mine.head.id, 0, error)
               : result;
}

int admin_open_session(struct admin_request *request, struct store_view *view,
                       const struct store_member *member, char csrf[IDENTITY_TOKEN_SIZE],
                       struct error *error)
{
    char token[IDENTITY_TOKEN_SIZE];
    admin_new_token("sps_", token);
    admin_csrf_of(slice_from_string(token), csrf);
    int result = remove_old_session(request, view, error);
    if (result == 0)
        result = add_session(request, view, member, token, csrf, error);
    // Not a change of the member: who edits it meanwhile has lost nothing.
    if (result == 0)
        result = store_touch(view, STORE_MEMBER, member->head.organisation, member->head.id,
                             request->now_ms, error);
    set_cookie(request, token, SESSION_MS / 1000);
    memory_wipe(token, sizeof token);
    return result;
}

int admin_sign_in(struct admin_request *request, struct store_view *view, struct error *error)
{
    char csrf[IDENTITY_TOKEN_SIZE] = "";
    struct store_member member = {.role = STORE_VIEWER};
    int result =
        store_get_member(view, request->who.organisation, request->login.member, &member, error);
    // The password may have been another one's a moment ago.
    if (result == ERROR_NOT_FOUND ||
        (result == 0 && (member.disabled || !slice_equal(member.password, request->login.hash))))
        return admin_refuse(request, 401, "authentication", ERROR_DENIED, error,
                            "the e-mail address or the password is wrong");
    if (result == 0)
        result = admin_open_session(request, view, &member, csrf, error);
    write_session(request, &member, request->now_ms + SESSION_MS, csrf);
    request->status = 201;
    admin_throttle_forgive(request->admin->throttle, account_of(request));
    return result;
}

int admin_show_session(struct admin_request *request, struct store_view *view, struct error *error)
{
    char csrf[IDENTITY_TOKEN_SIZE];
    struct store_session session = {.used_ms = 0};
    struct store_member member = {.role = STORE_VIEWER};
    if (request->who.kind != STORE_BY_MEMBER)
        return error_set(error, ERROR_NOT_FOUND, "an API key has no session");
    int result = admin_find_session(request, view, &session, error);
    if (result == 0)
        result = store_get_member(view, request->who.organisation, request->who.id, &member, error);
    if (result != 0)
        return result;
    admin_csrf_of(admin_cookie(request), csrf);
    write_session(request, &member, session.expires_ms, csrf);
    request->status = 200;
    return 0;
}

int admin_sign_out(struct admin_request *request, struct store_view *view, struct error *error)
{
    if (request->who.kind != STORE_BY_MEMBER)
        return error_set(error, ERROR_NOT_FOUND, "an API key has no session");
    set_cookie(request, "", 0);
    request->status = 204;
    return store_remove(view, STORE_SESSION, request->who.organisation, request->who.session, 0,
                        error);
}

// ---- Another password

static const struct admin_field change_fields[] = {
    ADMIN_LOGIN("password", password, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_LOGIN("new_password", next, FIELD_GIVEN | FIELD_NEEDED),
};

int admin_find_password(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_login *login = &request->login;
    struct store_member member = {.role = STORE_VIEWER};
    if (request->who.kind != STORE_BY_MEMBER)
        return error_set(error, ERROR_NOT_FOUND, "an API key has no password");
    int result = admin_read_fields(request, 0, change_fields, 2, true, login, error);
    if (result == 0)
        result = admin_check_length(request, "new_password", login->next, error);
    if (result == 0)
        result = admin_throttled(request, request->who.id, error);
    if (result == 0)
        result = store_get_member(view, request->who.organisation, request->who.id, &member, error);
    login->hash = admin_keep(request, member.password);
    return result;
}

int admin_replace_password(struct admin_request *request, struct error *error)
{
    struct admin_login *login = &request->login;
    if (!secret_check_password(login->hash, login->password))
        return admin_fault(request, "password", JSON_NONE, error, "is not the one until now");
    return secret_hash_password(login->next, login->made, error);
}

// All other sessions end: whoever knew the old password is out.
static int end_other_sessions(struct admin_request *request, struct store_view *view,
                              struct error *error)
{
    struct store_page page = {.limit = 0};
    for (bool more = true; more;) {
        const struct store_session *rows = NULL;
        size_t count = 0;
        int result = store_list_session(view, request->who.organisation, request->who.id, &page,
                                        &rows, &count, &more, error);
        for (size_t i = 0; i < count && result == 0; i++) {
            page.after = rows[i].head.id;
            if (!slice_equal(rows[i].head.id, request->who.session))
                result = store_remove(view, STORE_SESSION, request->who.organisation,
                                      rows[i].head.id, 0, error);
        }
        if (result != 0)
            return result;
    }
    return 0;
}

int admin_change_password(struct admin_request *request, struct store_view *view,
                          struct error *error)
{
    struct store_member member = {.role = STORE_VIEWER};
    int result = store_get_member(view, request->who.organisation, request->who.id, &member, error);
    if (result == 0 && !slice_equal(member.password, request->login.hash))
        return error_set(error, ERROR_CONFLICT, "the password was changed meanwhile");
    member.password = slice_from_string(request->login.made);
    if (result == 0)
        result = store_change_member(view, &member, error);
    request->status = 204;
    admin_throttle_forgive(request->admin->throttle, request->who.id);
    return result == 0 ? end_other_sessions(request, view, error) : result;
}
