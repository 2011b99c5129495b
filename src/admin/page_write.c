// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a page about a link shows (pages/ has its words).
#include "admin/page_internal.h"
#include "pages/pages.h"
#include "window/window.h"

enum { FIELDS_MAX = 4 };

static struct slice fault_of(const struct admin_request *request, const char *name)
{
    const struct admin_problem *problem = &request->problem;
    for (size_t i = 0; i < problem->fault_count; i++)
        if (slice_equal_string(problem->faults[i].field, name))
            return problem->faults[i].text;
    return (struct slice){0};
}

static const char *title_of(const struct admin_request *request)
{
    bool failed = request->status >= 400;
    switch (request->page.state) {
    case PAGE_WELCOMES: return failed ? "Error: make your account" : "Make your account";
    case PAGE_DONE: return "Done";
    case PAGE_USED: return "Used already";
    case PAGE_EXPIRED: return "Expired";
    default: break;
    }
    if (request->status == 404)
        return "Unknown link";
    return failed ? "That did not work" : request->page.setup ? "Set up" : "Join";
}

static void tell_time_left(const struct admin_request *request, struct pages_join *join)
{
    int64_t minutes = (request->page.expires_ms - request->now_ms) / 60000 + 1;
    uint64_t left = minutes > 0 ? (uint64_t)minutes : 0;
    join->left_unit = left < 120 ? 0 : left < (uint64_t)48 * 60 ? 1 : 2;
    join->left = join->left_unit == 0 ? left : join->left_unit == 1 ? left / 60 : left / 60 / 24;
}

static struct pages_join join_of(const struct admin_request *request)
{
    static const char *const may[] = {
        [STORE_VIEWER] = "You may look at servers, grants and the names of policies.",
        [STORE_POLICY_MANAGER] = "You may write policies and attach them to what grants reach.",
        [STORE_ADMIN] = "You may add servers, write policies, hand out grants and invite others."};
    static const char *const as[] = {[STORE_VIEWER] = "a viewer",
                                     [STORE_POLICY_MANAGER] = "a policy manager",
                                     [STORE_ADMIN] = "an admin"};
    const struct admin_page *page = &request->page;
    const struct admin_login *login = &request->login;
    struct pages_join join = {.title = title_of(request),
                              .action.text = page->setup ? SLICE_LITERAL("/setup")
                                                         : SLICE_LITERAL("/invitation"),
                              .setup = page->setup,
                              .admin = page->role == STORE_ADMIN,
                              .used = page->state == PAGE_USED,
                              .wants_key = page->wants_key,
                              .secure = admin_is_secure(request),
                              .start = window_page() != NULL,
                              .organisation = page->organisation,
                              .name = login->name,
                              .email = login->email,
                              .invited = page->invited,
                              .code = login->token,
                              .host = page->host,
                              .key = slice_from_string(request->secret),
                              .as = as[page->role],
                              .may = may[page->role]};
    join.wide = join.admin && page->state == PAGE_DONE;
    if (request->status >= 400) {
        join.trouble = request->problem.detail;
        join.faults = request->problem.fault_count;
    }
    tell_time_left(request, &join);
    return join;
}

static void write_code(const struct admin_request *request, struct buffer *out,
                       void (*write)(struct buffer *out, const struct pages_join *join))
{
    const struct pages_field code = {.name = "code",
                                     .label = "Code",
                                     .type = "text",
                                     .complete = "off",
                                     .hint = "What stands behind the # of the link.",
                                     .focus = true,
                                     .code = true};
    struct pages_join join = join_of(request);
    join.fields = (struct pages_fields){&code, 1};
    write(out, &join);
}

static void write_welcome(const struct admin_request *request, struct buffer *out)
{
    const struct admin_login *login = &request->login;
    struct pages_field fields[FIELDS_MAX] = {
        {.name = "email",
         .label = "E-mail",
         .type = "email",
         .complete = "username",
         .value = login->email},
        {.name = "name",
         .label = "Name",
         .type = "text",
         .complete = "name",
         .hint = "As others see it, in the audit for instance.",
         .value = login->name},
        {.name = "password",
         .label = "Password",
         .type = "password",
         .complete = "new-password",
         .hint = "At least 12 characters. A sentence is good."},
        {.name = "repeat",
         .label = "Password again",
         .type = "password",
         .complete = "new-password"}};
    struct pages_join join = join_of(request);
    size_t first = join.invited.length > 0 ? 1 : 0;
    bool focused = false;
    for (size_t i = first; i < FIELDS_MAX; i++) {
        fields[i].fault = fault_of(request, fields[i].name);
        fields[i].focus = !focused && (join.faults == 0 || fields[i].fault.data != NULL);
        focused = focused || fields[i].focus;
    }
    join.fields = (struct pages_fields){fields + first, FIELDS_MAX - first};
    pages_write_join_welcome(out, &join);
}

void admin_page_write(struct admin_request *request, struct buffer *out)
{
    struct pages_join join = join_of(request);
    switch (request->page.state) {
    case PAGE_WELCOMES: write_welcome(request, out); return;
    case PAGE_DONE: pages_write_join_done(out, &join); return;
    case PAGE_EXPIRED:
    case PAGE_USED: pages_write_join_over(out, &join); return;
    case PAGE_CONTACT: admin_contact_page_write(request, out); return;
    case PAGE_ENTERS: admin_enter_page_write(request, out); return;
    default: break;
    }
    if (request->status == 404)
        write_code(request, out, pages_write_join_unknown);
    else if (request->status >= 400)
        pages_write_join_trouble(out, &join);
    else
        write_code(request, out, pages_write_join_asks);
}
