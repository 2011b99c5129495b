// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "admin/oidc_internal.h"

#include "admin/session_internal.h"
#include "base/memory.h"

#include <stdio.h>

// ---- What a sign-in page shows

static int find_organisation(struct admin_request *request, struct store_view *view,
                             struct slice name, struct slice *ret, struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    int result =
        store_find_organisation(view, (struct slice){0}, "name",
                                name.length == 0 ? SLICE_LITERAL("default") : name, &owner, error);
    *ret = result == 0 ? admin_keep(request, owner.head.id) : (struct slice){0};
    return result;
}

static void write_provider(struct buffer *out, const struct store_provider *row)
{
    buffer_append_string(out, out->data[out->start + out->length - 1] == '[' ? "" : ",");
    buffer_append_string(out, "{\"id\":");
    json_write_string(out, row->head.id);
    buffer_append_string(out, ",\"name\":");
    json_write_string(out, row->name);
    buffer_append_string(out, ",\"title\":");
    json_write_string(out, row->title.length == 0 ? row->name : row->title);
    buffer_append_string(out, "}");
}

static int list_providers(struct admin_request *request, struct store_view *view,
                          struct slice organisation, struct error *error)
{
    struct store_page page = {.limit = 0};
    for (bool more = true; more;) {
        const struct store_provider *rows = NULL;
        size_t count = 0;
        int result = store_list_provider(view, organisation, (struct slice){0}, &page, &rows,
                                         &count, &more, error);
        for (size_t i = 0; i < count && result == 0; i++) {
            page.after = rows[i].head.id;
            if (!rows[i].disabled && !request->out.failed)
                write_provider(&request->out, &rows[i]);
        }
        if (result != 0)
            return result;
    }
    return 0;
}

// An organisation that is not there looks like one without providers.
int admin_list_visits(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const names[] = {"organisation", NULL};
    struct slice name, organisation;
    int result = admin_query_only(request, names, error);
    if (result == 0)
        result = admin_query(request, "organisation", &name, error);
    if (result != 0)
        return result;
    buffer_append_string(&request->out, "{\"items\":[");
    result = find_organisation(request, view, name, &organisation, error);
    if (result == 0)
        result = list_providers(request, view, organisation, error);
    buffer_append_string(&request->out, "]}");
    request->status = 200;
    return result == ERROR_NOT_FOUND ? 0 : result;
}

// ---- The question

static const struct admin_field start_fields[] = {
    {"organisation", offsetof(struct admin_login, organisation), NULL, FIELD_TEXT, FIELD_GIVEN},
    {"to", offsetof(struct admin_login, to), NULL, FIELD_TEXT, FIELD_GIVEN},
};

static int new_visit(struct admin_request *request, struct error *error)
{
    request->visit = arena_take_zeroed(&request->arena, sizeof *request->visit);
    return request->visit != NULL ? 0 : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static int keep_provider(struct admin_request *request, struct store_view *view,
                         struct slice organisation, struct slice id, struct error *error)
{
    struct store_provider *kept = &request->visit->provider;
    int result = store_get_provider(view, organisation, id, kept, error);
    if (result == ERROR_NOT_FOUND || (result == 0 && kept->disabled))
        return error_set(error, ERROR_NOT_FOUND, "there is no such identity provider");
    struct slice *const texts[] = {
        &kept->head.id, &kept->head.organisation, &kept->name,  &kept->issuer,      &kept->client,
        &kept->scopes,  &kept->domains,           &kept->claim, &kept->claim_value, &kept->sealed};
    kept->title = (struct slice){0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts && result == 0; i++) {
        *texts[i] = admin_keep(request, *texts[i]);
        if (texts[i]->data == NULL)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    }
    return result;
}

int admin_find_provider(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct slice organisation;
    int result = admin_read_fields(request, 0, start_fields, 2, true, &request->login, error);
    if (result == 0 && request->login.to.length > 0 && !admin_is_place(request->login.to))
        result = admin_fault(request, "to", json_get(&request->doc, 0, "to"), error,
                             "must be the path of a page here, of at most %d bytes",
                             (int)ADMIN_PLACE_MAX);
    if (result == 0)
        result = new_visit(request, error);
    if (result == 0)
        result =
            find_organisation(request, view, request->login.organisation, &organisation, error);
    if (result == ERROR_NOT_FOUND)
        return error_set(error, ERROR_NOT_FOUND, "there is no such identity provider");
    return result == 0 ? keep_provider(request, view, organisation, request->parameters[0], error)
                       : result;
}

static const char *cookie_name(const struct admin_request *request)
{
    return admin_is_secure(request) ? "__Host-sallyport_visit" : "sallyport_visit";
}

// Lax, not Strict: the browser comes back from another site with it.
static void set_visit_cookie(struct admin_request *request, const char *value)
{
    request->set_cookie = arena_format(
        &request->arena, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s",
        cookie_name(request), value, VISIT_MS / 1000, admin_is_secure(request) ? "; Secure" : "");
}

static void begin_visit(struct admin_request *request, struct admin_pending *ret)
{
    const struct store_provider *provider = &request->visit->provider;
    char browser[OAUTH_SECRET_SIZE];
    *ret = (struct admin_pending){.until_ms = request->now_ms + VISIT_MS};
    oauth_new_secret(ret->state);
    oauth_new_secret(ret->nonce);
    oauth_new_secret(ret->verifier);
    oauth_new_secret(browser);
    identity_hash_token(slice_from_string(browser), ret->browser);
    snprintf(ret->organisation, VISIT_ID, "%.*s", SLICE_PRINT(provider->head.organisation));
    snprintf(ret->provider, VISIT_ID, "%.*s", SLICE_PRINT(provider->head.id));
    snprintf(ret->address, VISIT_ID, "%.*s", SLICE_PRINT(request->address));
    snprintf(ret->to, sizeof ret->to, "%.*s", SLICE_PRINT(request->login.to));
    set_visit_cookie(request, browser);
    memory_wipe(browser, sizeof browser);
}

int admin_start_visit(struct admin_request *request, struct error *error)
{
    const struct store_provider *provider = &request->visit->provider;
    struct oauth_server server;
    struct admin_pending visit;
    struct buffer url;
    struct slice back = admin_visit_back(request, error);
    if (back.data == NULL)
        return error->code;
    int result = admin_provider_metadata(request, &server, error);
    if (result != 0)
        return result;
    begin_visit(request, &visit);
    buffer_init(&url, 0);
    oauth_write_question(&url,
                         &(struct oauth_question){.endpoint = server.authorization,
                                                  .client = provider->client,
                                                  .redirect = back,
                                                  .state = slice_from_string(visit.state),
                                                  .verifier = slice_from_string(visit.verifier),
                                                  .scope = provider->scopes});
    oauth_add_field(&url, "nonce", slice_from_string(visit.nonce));
    if (url.failed || request->set_cookie.data == NULL) {
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    } else {
        admin_pending_add(request->admin->oidc, &visit);
        buffer_append_string(&request->out, "{\"url\":");
        json_write_string(&request->out, buffer_slice(&url));
        buffer_append_string(&request->out, "}");
        request->status = 201;
    }
    buffer_release(&url);
    memory_wipe(&visit, sizeof visit);
    return result;
}

// ---- The answer

// A value must come once; which others come is the provider's affair.
static int read_answer(struct admin_request *request, struct slice *ret_state, struct error *error)
{
    struct admin_visit *visit = request->visit;
    int result = admin_query(request, "state", ret_state, error);
    if (result == 0)
        result = admin_query(request, "code", &visit->code, error);
    if (result == 0)
        result = admin_query(request, "iss", &visit->issuer, error);
    if (result == 0)
        result = admin_query(request, "error", &visit->said, error);
    return result;
}

int admin_take_visit(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct admin_pending pending;
    struct slice state;
    int result = new_visit(request, error);
    if (result == 0)
        result = read_answer(request, &state, error);
    if (result != 0)
        return result;
    struct admin_visit *visit = request->visit;
    struct slice cookie = admin_cookie_of(request, cookie_name(request));
    if (!admin_pending_take(request->admin->oidc, state, cookie, request->parameters[0],
                            request->now_ms, &pending))
        return admin_refuse(request, 401, "authentication", ERROR_DENIED, error,
                            "this sign-in was not begun in this browser, or too long ago, or is "
                            "over already; begin it again");
    visit->nonce = admin_keep(request, slice_from_string(pending.nonce));
    visit->verifier = admin_keep(request, slice_from_string(pending.verifier));
    visit->to = admin_keep(request, slice_from_string(pending.to));
    result = keep_provider(request, view, slice_from_string(pending.organisation),
                           slice_from_string(pending.provider), error);
    memory_wipe(&pending, sizeof pending);
    return result == 0 ? control_open_provider(request->admin->options.control, &visit->provider,
                                               &request->client_secret, error)
                       : result;
}
