// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The gateway's authorizations at servers, by OAuth: begun by an admin, finished by the same one.
#include "admin/admin_internal.h"

#include "base/clock.h"

// ---- Records

// What only the answer to a beginning has.
static int write_beginning(struct admin_request *request, struct store_view *view,
                           const struct store_head *record, struct error *error)
{
    const struct store_authorization *row =
        (const struct store_authorization *)(const void *)record;
    const struct control_sign_in *begun = request->sign_in;
    struct store_bearer bearer = {.expires_ms = 0};
    struct buffer *out = &request->out;
    char text[CLOCK_TEXT_SIZE];
    int result = store_find_bearer(view, row->head.organisation, "authorization", row->head.id,
                                   &bearer, error);
    if (result != 0 && result != ERROR_NOT_FOUND)
        return result;
    clock_format(bearer.expires_ms, text);
    buffer_append_format(out,
                         bearer.expires_ms == 0 || result != 0 ? ",\"token_expires_at\":null"
                                                               : ",\"token_expires_at\":\"%s\"",
                         text);
    buffer_append_string(out, ",\"authorization_url\":");
    if (begun == NULL || begun->url.length == 0) {
        buffer_append_string(out, "null,\"begun_until\":null");
        return 0;
    }
    json_write_string(out, begun->url);
    clock_format(begun->expires_ms, text);
    buffer_append_format(out, ",\"begun_until\":\"%s\"", text);
    return 0;
}

static const struct admin_field authorization_fields[] = {
    ADMIN_FIELD(authorization, "server", server, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(authorization, "grant", grant, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_WORDS(authorization, "flow", flow, store_flow_words, FIELD_SHOWN),
    ADMIN_WORDS(authorization, "state", state, store_standing_words, FIELD_SHOWN),
    ADMIN_WORDS(authorization, "client_source", client_source, store_client_words, FIELD_SHOWN),
    ADMIN_FIELD(authorization, "issuer", issuer, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(authorization, "client_id", client, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(authorization, "resource", resource, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(authorization, "asked_scope", asked_scope, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(authorization, "scope", scope, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(authorization, "missing_scope", missing_scope, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(authorization, "note", note, FIELD_TEXT, FIELD_SHOWN),
};
const struct admin_resource admin_authorizations = {
    .kind = STORE_AUTHORIZATION,
    .size = sizeof(struct store_authorization),
    .fields = authorization_fields,
    .count = sizeof authorization_fields / sizeof *authorization_fields,
    .more = write_beginning,
    .parent = STORE_SERVER,
    .parent_offset = offsetof(struct store_authorization, server)};

// ---- Beginning

static const struct admin_field given_fields[] = {
    {"flow", offsetof(struct control_sign_in, flow), store_flow_words, FIELD_WORD, FIELD_GIVEN},
    {"client_id", offsetof(struct control_sign_in, client), NULL, FIELD_TEXT, FIELD_GIVEN},
    {"client_secret", offsetof(struct control_sign_in, client_secret), NULL, FIELD_TEXT,
     FIELD_GIVEN},
    {"scope", offsetof(struct control_sign_in, scope), NULL, FIELD_TEXT, FIELD_GIVEN},
    {"grant", 0, NULL, FIELD_ANY, FIELD_GIVEN},
};

static bool is_visible(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7F)
            return false;
    return text.length <= OAUTH_URL_MAX;
}

static int check_given(struct admin_request *request, const struct control_sign_in *given,
                       struct error *error)
{
    if (!is_visible(given->client))
        return admin_fault(request, "client_id", JSON_NONE, error, "is no id of a client");
    if (!is_visible(given->client_secret))
        return admin_fault(request, "client_secret", JSON_NONE, error, "is no secret of a client");
    if (given->client.length == 0 && given->client_secret.length > 0)
        return admin_fault(request, "client_id", JSON_NONE, error, "is missing");
    return oauth_is_scope(given->scope)
               ? 0
               : admin_fault(request, "scope", JSON_NONE, error,
                             "is no list of scopes with single blanks between");
}

int admin_read_sign_in(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_server server = {.transport = STORE_HTTP};
    struct control_sign_in *given = arena_take_zeroed(&request->arena, sizeof *given);
    struct slice grant = {"", 0};
    if (given == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result =
        store_get_server(view, request->who.organisation, request->parameters[0], &server, error);
    if (result == 0)
        result = admin_read_fields(request, 0, given_fields, 5, true, given, error);
    if (result == 0)
        result = admin_refer_grant(request, view, &grant, error);
    if (result == 0)
        result = check_given(request, given, error);
    given->organisation = request->who.organisation;
    given->server = request->parameters[0];
    given->grant = admin_keep(request, grant);
    given->who = request->who.id;
    given->public_url = request->admin->public_url == NULL
                            ? (struct slice){"", 0}
                            : slice_from_string(request->admin->public_url);
    given->arena = &request->arena;
    request->sign_in = given;
    return result;
}

// What is wrong outside is neither the caller's fault nor the gateway's.
static int from_outside(struct admin_request *request, int result, struct error *error)
{
    if (result == 0 || result == ERROR_NO_MEMORY || result == ERROR_IO)
        return result;
    bool ours = result == ERROR_CONFIG || result == ERROR_EXISTS;
    struct error said = *error;
    return admin_refuse(request, ours ? 409 : 502, ours ? "conflict" : "outside", result, error,
                        "%s", said.text);
}

int admin_ask_sign_in(struct admin_request *request, struct error *error)
{
    return from_outside(
        request, control_begin_sign_in(request->admin->options.control, request->sign_in, error),
        error);
}

int admin_keep_sign_in(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_authorization row;
    int result =
        control_keep_sign_in(request->admin->options.control, view, request->sign_in, &row, error);
    return result == 0 ? admin_answer_added(request, view, &row.head, error) : result;
}

// ---- Removing

int admin_ask_revocation(struct admin_request *request, struct error *error)
{
    (void)error;
    control_revoke_authorization(request->admin->options.control, request->who.organisation,
                                 request->parameters[1]);
    return 0;
}

// Before anything is said to the authorization server.
int admin_find_authorization(struct admin_request *request, struct store_view *view,
                             struct error *error)
{
    struct store_authorization row = {.flow = STORE_BY_PERSON};
    int result = admin_get(request, view, &row.head, error);
    return result == 0 ? admin_check_version(request, &row.head, "authorization", error) : result;
}

// ---- Finishing

static int read_answer(struct admin_request *request, struct error *error)
{
    static const char *const names[] = {"state", "code", "iss", "error"};
    struct control_answer *answer = arena_take_zeroed(&request->arena, sizeof *answer);
    struct slice *const texts[] = {&answer->state, &answer->code, &answer->issuer,
                                   &answer->failure};
    int result = 0;
    if (answer == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < 4 && result == 0; i++)
        result = admin_query(request, names[i], texts[i], error);
    answer->organisation = request->who.organisation;
    answer->who = request->who.id;
    answer->arena = &request->arena;
    request->answer = answer;
    return result;
}

// The address in which a browser ended, brought by whoever began without one.
int admin_read_answer(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const struct admin_field fields[] = {
        {"address", 0, NULL, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED}};
    struct slice address = {"", 0};
    (void)view;
    int result = admin_read_fields(request, 0, fields, 1, true, &address, error);
    if (result != 0)
        return result;
    const char *query = memchr(address.data, '?', address.length);
    size_t skipped = query == NULL ? address.length : (size_t)(query + 1 - address.data);
    request->query = slice_of(address.data + skipped, address.length - skipped);
    return read_answer(request, error);
}

int admin_ask_tokens(struct admin_request *request, struct error *error)
{
    int result = control_take_answer(request->admin->options.control, request->answer, error);
    struct error said = *error;
    if (result == ERROR_NOT_FOUND)
        return admin_refuse(request, 409, "conflict", result, error, "%s", said.text);
    return from_outside(request, result, error);
}

int admin_keep_answer(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_authorization row;
    int result =
        control_keep_answer(request->admin->options.control, view, request->answer, &row, error);
    return result == 0 ? admin_answer(request, view, 200, &row.head, error) : result;
}

// ---- Finishing in a browser

static void write_html(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        switch (text.data[i]) {
        case '&': buffer_append_string(out, "&amp;"); break;
        case '<': buffer_append_string(out, "&lt;"); break;
        case '>': buffer_append_string(out, "&gt;"); break;
        case '"': buffer_append_string(out, "&quot;"); break;
        case '\'': buffer_append_string(out, "&#39;"); break;
        default: buffer_append(out, slice_of(text.data + i, 1));
        }
}

static void write_page(struct admin_request *request, int status, const char *head,
                       struct slice more, const char *text)
{
    struct buffer *out = &request->out;
    request->html = true;
    request->status = status;
    buffer_append_string(out, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                              "<title>Sallyport</title>");
    buffer_append_string(out, head);
    write_html(out, more);
    buffer_append_string(out, more.length > 0 ? "\">" : "");
    buffer_append_string(out, "</head><body><p>");
    buffer_append_string(out, text);
    buffer_append_string(out, "</p></body></html>\n");
}

static int check_admin(struct admin_request *request, struct store_view *view, struct error *error)
{
    int result = admin_authenticate(request, view, error);
    if (result != 0 || request->who.role == STORE_ADMIN)
        return result;
    return admin_refuse(request, 403, "role", ERROR_DENIED, error, "this needs the role 'admin'");
}

// A browser that comes from another site does not bring its cookie along (SameSite=Strict): this
// page, which is of the gateway's own site, makes it ask once more.
int admin_take_browser(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct slice again;
    int result = admin_query(request, "again", &again, error);
    if (result != 0)
        return result;
    if (admin_cookie(request).length > 0 || request->authorization.length > 0) {
        result = check_admin(request, view, error);
        return result == 0 ? read_answer(request, error) : result;
    }
    struct slice target = arena_format(&request->arena, "%s?%.*s&again=1", CONTROL_CALLBACK,
                                       SLICE_PRINT(request->query));
    if (target.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (again.data == NULL)
        write_page(request, 200, "<meta http-equiv=\"refresh\" content=\"0;url=", target,
                   "One moment.");
    else
        write_page(request, 401, "", (struct slice){"", 0},
                   "Nobody is signed in to Sallyport in this browser. Whoever began this on the "
                   "command line finishes it there, within ten minutes, with the address of this "
                   "page: <code>sallyport server answer ADDRESS</code>");
    return 0;
}

int admin_keep_browser(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_authorization row;
    int result = check_admin(request, view, error);
    if (result == 0)
        result = control_keep_answer(request->admin->options.control, view, request->answer, &row,
                                     error);
    if (result == 0)
        write_page(request, 200, "", (struct slice){"", 0},
                   "Done: the gateway may use this server. This page can be closed.");
    return result;
}

int admin_show_client(struct admin_request *request, struct store_view *view, struct error *error)
{
    (void)view;
    if (request->admin->public_url == NULL)
        return error_set(error, ERROR_NOT_FOUND, "this gateway has no 'public_url'");
    control_write_client(slice_from_string(request->admin->public_url), &request->out);
    request->status = 200;
    return 0;
}
