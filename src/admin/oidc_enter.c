// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who comes in: the member that this subject is; else the one with this e-mail address, if no
// subject is that member yet; else who was invited; else whom the provider's record lets in. An
// e-mail address counts only when the provider has verified it.
#include "admin/oidc_internal.h"

#include "admin/session_internal.h"
#include "base/log.h"

static int refuse(struct admin_request *request, struct error *error, const char *why)
{
    log_event(LOG_WARNING, "admin", "sign-in with '%.*s' from %.*s was refused: %s",
              SLICE_PRINT(request->visit->provider.name), SLICE_PRINT(request->address), why);
    return admin_refuse(request, 403, "forbidden", ERROR_DENIED, error, "%s", why);
}

static bool is_of_domain(struct slice email, struct slice domain)
{
    const char *at = memrchr(email.data, '@', email.length);
    return at != NULL && domain.length > 0 &&
           slice_equal_ignoring_case(slice_of(at + 1, email.length - (size_t)(at + 1 - email.data)),
                                     domain);
}

static bool is_let_in(struct admin_request *request)
{
    const struct admin_visit *visit = request->visit;
    struct json_doc doc;
    bool found = visit->has_claim;
    json_doc_init(&doc);
    uint32_t item = json_scan(&doc, visit->provider.domains, NULL, NULL, NULL) == 0
                        ? json_first_element(&doc, 0)
                        : JSON_NONE;
    for (; item != JSON_NONE && !found; item = json_next_element(&doc, 0, item))
        found = is_of_domain(visit->email, json_string(&doc, item, &request->arena));
    json_doc_release(&doc);
    return found;
}

// An open invitation of this address.
static int find_invitation(struct admin_request *request, struct store_view *view,
                           struct store_invitation *ret, struct error *error)
{
    struct store_page page = {.limit = 0};
    for (bool more = true; more;) {
        const struct store_invitation *rows = NULL;
        size_t count = 0;
        int result = store_list_invitation(view, request->visit->provider.head.organisation,
                                           (struct slice){0}, &page, &rows, &count, &more, error);
        if (result != 0)
            return result;
        for (size_t i = 0; i < count; i++) {
            page.after = rows[i].head.id;
            if (rows[i].accepted_ms == 0 && rows[i].expires_ms > request->now_ms &&
                slice_equal_ignoring_case(rows[i].email, request->visit->email)) {
                *ret = rows[i];
                return 0;
            }
        }
    }
    return ERROR_NOT_FOUND;
}

static int add_member(struct admin_request *request, struct store_view *view, enum store_role role,
                      struct store_member *ret, struct error *error)
{
    const struct admin_visit *visit = request->visit;
    *ret = (struct store_member){.head.organisation = visit->provider.head.organisation,
                                 .email = visit->email,
                                 .name = visit->name.length > 0 ? visit->name : visit->email,
                                 .role = role,
                                 .subject = visit->subject};
    return store_add_member(view, ret, error);
}

static int join(struct admin_request *request, struct store_view *view, struct store_member *ret,
                struct error *error)
{
    struct store_invitation invitation = {.role = STORE_VIEWER};
    int result = find_invitation(request, view, &invitation, error);
    if (result == 0) {
        invitation.accepted_ms = request->now_ms;
        result = store_change_invitation(view, &invitation, error);
        return result == 0 ? add_member(request, view, invitation.role, ret, error) : result;
    }
    if (result != ERROR_NOT_FOUND)
        return result;
    return is_let_in(request)
               ? add_member(request, view, request->visit->provider.role, ret, error)
               : refuse(request, error, "nobody has invited you; ask an admin of the organisation");
}

static int find_by_email(struct admin_request *request, struct store_view *view,
                         struct store_member *ret, struct error *error)
{
    const struct admin_visit *visit = request->visit;
    if (visit->email.length == 0 || !visit->email_verified)
        return refuse(request, error,
                      "the identity provider does not say that your e-mail address is verified, "
                      "so nobody here can be found by it");
    int result = store_find_member(view, visit->provider.head.organisation, "email", visit->email,
                                   ret, error);
    if (result == ERROR_NOT_FOUND)
        return join(request, view, ret, error);
    if (result == 0 && ret->subject.length > 0)
        return refuse(request, error,
                      "the member with your e-mail address signs in as somebody else");
    if (result != 0 || ret->disabled)
        return result;
    ret->subject = visit->subject;
    ret->head.version = 0;
    return store_change_member(view, ret, error);
}

int admin_enter(struct admin_request *request, struct store_view *view, struct error *error)
{
    const struct admin_visit *visit = request->visit;
    struct store_provider provider = {.role = STORE_VIEWER};
    struct store_member member = {.role = STORE_VIEWER};
    char csrf[IDENTITY_TOKEN_SIZE];
    // It may have been taken away while it was asked.
    int result = store_get_provider(view, visit->provider.head.organisation,
                                    visit->provider.head.id, &provider, error);
    if (result == 0 && provider.disabled)
        result = error_set(error, ERROR_NOT_FOUND, "there is no such identity provider");
    if (result != 0)
        return result;
    result = store_find_member(view, visit->provider.head.organisation, "subject", visit->subject,
                               &member, error);
    if (result == ERROR_NOT_FOUND)
        result = find_by_email(request, view, &member, error);
    if (result == 0 && member.disabled)
        result = refuse(request, error, "an admin has disabled you here");
    if (result == 0)
        result = admin_open_session(request, view, &member, csrf, error);
    request->status = 303;
    request->location =
        arena_format(&request->arena, "%s%.*s", request->admin->public_url,
                     SLICE_PRINT(visit->to.length > 0 ? visit->to : SLICE_LITERAL("/")));
    return result;
}
