// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The pages behind the links of the first start and of invitations. They are plain HTML that needs
// no scripts; what a form sends goes the API's way through the threads.
#pragma once

#include "admin/session_internal.h"

// ---- join.c: the steps behind a form
int admin_page_look(struct admin_request *request, struct store_view *view,
                    struct error *error) MUST_CHECK;
int admin_page_check(struct admin_request *request, struct store_view *view,
                     struct error *error) MUST_CHECK;
int admin_page_join(struct admin_request *request, struct store_view *view,
                    struct error *error) MUST_CHECK;

// ---- page.c
void admin_page_refuse(struct admin_request *request, int status, const char *why);
bool admin_page_is_form(const struct admin_request *request);

// ---- enter_page.c: where people sign in
bool admin_enter_page_owns(struct slice asked);
void admin_enter_page_take(struct admin_request *request, struct slice body);
void admin_enter_page_write(struct admin_request *request, struct buffer *out);

// ---- contacts.c: the contact form
bool admin_contact_page_owns(struct slice asked);
void admin_contact_page_take(struct admin_request *request, struct slice body);
void admin_contact_page_write(struct admin_request *request, struct buffer *out);

// ---- page_write.c: the page of what the request came to
void admin_page_write(struct admin_request *request, struct buffer *out);
