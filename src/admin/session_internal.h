// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Sessions of the dashboard.
#pragma once

#include "admin/admin_internal.h"

enum { SESSION_MS = 12 * 60 * 60 * 1000, SESSION_IDLE_MS = 2 * 60 * 60 * 1000 };
enum { ADMIN_PLACE_MAX = 1024 }; // bytes of the address of a page of ours

bool admin_is_secure(const struct admin_request *request); // the way to the browser is TLS
const char *admin_cookie_name(const struct admin_request *request);
// The session of the request's cookie: ERROR_NOT_FOUND when it is over.
int admin_find_session(struct admin_request *request, struct store_view *view,
                       struct store_session *ret, struct error *error) MUST_CHECK;

#define ADMIN_LOGIN(json, member, use)                                                             \
    {                                                                                              \
        json, offsetof(struct admin_login, member), NULL, FIELD_TEXT, use                          \
    }
// Counts an attempt: 429 when there were too many for the account or the address.
int admin_throttled(struct admin_request *request, struct slice account,
                    struct error *error) MUST_CHECK;
// The member that `login` names by organisation and e-mail address: admin_check_password is next.
int admin_find_account(struct admin_request *request, struct store_view *view,
                       struct error *error) MUST_CHECK;
int admin_check_length(struct admin_request *request, const char *field, struct slice password,
                       struct error *error) MUST_CHECK;
// Is it the path of a page of ours, with a query maybe, where a browser may be sent after signing
// in? (enter_page.c)
bool admin_is_place(struct slice text);
// A new session of the member, in place of the one that the browser had until now; sets the cookie.
int admin_open_session(struct admin_request *request, struct store_view *view,
                       const struct store_member *member, char csrf[IDENTITY_TOKEN_SIZE],
                       struct error *error) MUST_CHECK;
