// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "admin/moves_internal.h"
#include "admin/seen_internal.h"

static int check_command(struct admin_request *request, struct store_view *view, uint32_t node,
                         const struct store_server *server, struct error *error)
{
    struct store_organisation owner = {.commands_allowed = false};
    if (server->transport != STORE_STDIO)
        return server->url.length == 0 ? admin_fault(request, "url", node, error,
                                                     "is missing: a server over HTTP needs one")
                                       : 0;
    int result = store_get_organisation(view, request->who.organisation, request->who.organisation,
                                        &owner, error);
    if (result != 0 || owner.commands_allowed)
        return result;
    return admin_refuse(request, 403, "commands", ERROR_DENIED, error,
                        "this organisation may not add programs of this machine as servers; set "
                        "'commands_allowed' of the organisation first");
}

// What says where a server is, and its secrets, have places of their own.
static int check_settings(struct admin_request *request, uint32_t object, struct error *error)
{
    static const char *const elsewhere[] = {"url", "command", "transport", "headers", "env"};
    uint32_t settings = json_get(&request->doc, object, "settings");
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        uint32_t node = json_get(&request->doc, settings, elsewhere[i]);
        if (node != JSON_NONE)
            return admin_fault(request, "settings", node, error, "must not have '%s': %s",
                               elsewhere[i],
                               i < 3 ? "it is a member of the server" : "add it as a credential");
    }
    return 0;
}

// Those of a program are variables, those of all others headers.
static int check_credentials(struct admin_request *request, struct store_view *view, uint32_t node,
                             const struct store_server *before, const struct store_server *server,
                             struct error *error)
{
    const struct store_credential *rows = NULL;
    const struct store_page page = {.limit = 1};
    size_t count = 0;
    if (before == NULL || (before->transport == STORE_STDIO) == (server->transport == STORE_STDIO))
        return 0;
    int result = store_list_credential(view, request->who.organisation, before->head.id, &page,
                                       &rows, &count, NULL, error);
    return result == 0 && count > 0 ? admin_fault(request, "transport", node, error,
                                                  "cannot change while there are credentials")
                                    : result;
}

static bool is_pinned(struct slice settings)
{
    struct json_doc doc;
    json_doc_init(&doc);
    bool pinned = json_scan(&doc, settings, NULL, NULL, NULL) == 0;
    uint32_t node = pinned ? json_get(&doc, 0, "pinning") : JSON_NONE;
    pinned = node != JSON_NONE && json_type(&doc, node) == JSON_STRING &&
             !json_string_equals(&doc, node, SLICE_LITERAL("off"));
    json_doc_release(&doc);
    return pinned;
}

// What its agents saw until now is what is pinned.
static int begin_pinning(struct admin_request *request, struct store_view *view,
                         const struct store_server *before, const struct store_server *server,
                         struct error *error)
{
    return before != NULL && !is_pinned(before->settings) && is_pinned(server->settings)
               ? control_begin_pinning(request->admin->options.control, view, before,
                                       request->who.label, error)
               : 0;
}

int admin_check_server(struct admin_request *request, struct store_view *view, uint32_t object,
                       const struct store_server *before, struct store_server *server,
                       struct error *error)
{
    uint32_t node = object == 0 ? JSON_NONE : object; // the whole body is no place
    if (server->settings.length == 0)
        server->settings = SLICE_LITERAL("{}");
    int result = check_settings(request, object, error);
    if (result == 0)
        result = check_command(request, view, node, server, error);
    if (result == 0)
        result = check_credentials(request, view, node, before, server, error);
    if (result == 0)
        result = control_check_server(request->admin->options.control, server, error);
    if (result == 0)
        return begin_pinning(request, view, before, server, error);
    return result == ERROR_CONFIG ? admin_fault(request, "", node, error, "%s", error->text)
                                  : result;
}

static int check_server(struct admin_request *request, struct store_view *view,
                        const struct store_head *before, struct store_head *record,
                        struct error *error)
{
    return admin_check_server(request, view, 0, (const struct store_server *)(const void *)before,
                              (struct store_server *)(void *)record, error);
}

static const struct admin_field server_fields[] = {
    ADMIN_FIELD(server, "name", name, FIELD_TEXT, FIELD_EDITED | FIELD_NEEDED),
    ADMIN_WORDS(server, "transport", transport, store_transport_words, FIELD_EDITED | FIELD_NEEDED),
    ADMIN_FIELD(server, "url", url, FIELD_TEXT, FIELD_EDITED),
    ADMIN_FIELD(server, "command", command, FIELD_STRINGS, FIELD_EDITED),
    ADMIN_FIELD(server, "settings", settings, FIELD_OBJECT, FIELD_EDITED),
    ADMIN_FIELD(server, "disabled", disabled, FIELD_FLAG, FIELD_EDITED),
};
const struct admin_resource admin_servers = {.kind = STORE_SERVER,
                                             .size = sizeof(struct store_server),
                                             .find_by = "name",
                                             .fields = server_fields,
                                             .count = 6,
                                             .check = check_server,
                                             .more = admin_write_server_seen};

// ---- Credentials: what is written is never read again

struct given_credential {
    enum store_place place;
    struct slice name, value, grant;
};
static const struct admin_field given_fields[] = {
    {"place", offsetof(struct given_credential, place), store_place_words, FIELD_WORD,
     FIELD_GIVEN | FIELD_NEEDED},
    {"name", offsetof(struct given_credential, name), NULL, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED},
    {"value", offsetof(struct given_credential, value), NULL, FIELD_TEXT,
     FIELD_GIVEN | FIELD_NEEDED},
    {"grant", 0, NULL, FIELD_ANY, FIELD_GIVEN},
};
static const struct admin_field credential_fields[] = {
    ADMIN_FIELD(credential, "server", server, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_FIELD(credential, "grant", grant, FIELD_TEXT, FIELD_SHOWN),
    ADMIN_WORDS(credential, "place", place, store_place_words, FIELD_SHOWN),
    ADMIN_FIELD(credential, "name", name, FIELD_TEXT, FIELD_SHOWN),
};
const struct admin_resource admin_credentials = {.kind = STORE_CREDENTIAL,
                                                 .size = sizeof(struct store_credential),
                                                 .fields = credential_fields,
                                                 .count = 4,
                                                 .parent = STORE_SERVER,
                                                 .parent_offset =
                                                     offsetof(struct store_credential, server)};

static bool is_same(const struct store_credential *row, const struct given_credential *given)
{
    return row->place == given->place && slice_equal(row->name, given->name) &&
           slice_equal(row->grant, given->grant);
}

// The one of this name that is there already.
static int find_credential(struct admin_request *request, struct store_view *view,
                           const struct given_credential *given, struct store_credential *ret,
                           struct error *error)
{
    struct store_page page = {.limit = 1000};
    *ret = (struct store_credential){.head.organisation = request->who.organisation,
                                     .server = request->parameters[0],
                                     .grant = given->grant,
                                     .place = given->place,
                                     .name = given->name};
    for (bool more = true; more;) {
        const struct store_credential *rows = NULL;
        size_t count = 0;
        int result = store_list_credential(view, request->who.organisation, request->parameters[0],
                                           &page, &rows, &count, &more, error);
        if (result != 0)
            return result;
        for (size_t i = 0; i < count; i++)
            if (is_same(&rows[i], given)) {
                *ret = rows[i];
                return 0;
            }
        page.after = count == 0 ? page.after : rows[count - 1].head.id;
    }
    return 0;
}

// Of a grant that is over nothing is sent any more.
int admin_refer_grant(struct admin_request *request, struct store_view *view, struct slice *ret,
                      struct error *error)
{
    uint32_t node = json_get(&request->doc, 0, "grant");
    struct store_grant grant = {.mode = STORE_ENFORCE};
    if (node == JSON_NONE || json_type(&request->doc, node) == JSON_NULL)
        return 0;
    int result = admin_refer(request, view, STORE_GRANT, "grant", node, &grant.head, error);
    if (result == 0 && grant.revoked_ms != 0)
        return admin_fault(request, "grant", node, error, "is revoked");
    *ret = grant.head.id;
    return result;
}

int admin_set_credential(struct admin_request *request, struct store_view *view,
                         struct error *error)
{
    struct given_credential given = {.place = STORE_HEADER};
    struct store_server server = {.transport = STORE_HTTP};
    struct store_credential credential;
    int result =
        store_get_server(view, request->who.organisation, request->parameters[0], &server, error);
    if (result == 0)
        result = admin_read_fields(request, 0, given_fields, 4, true, &given, error);
    if (result == 0)
        result = admin_refer_grant(request, view, &given.grant, error);
    if (result == 0)
        result = find_credential(request, view, &given, &credential, error);
    if (result != 0)
        return result;
    if ((server.transport == STORE_STDIO) != (given.place == STORE_ENVIRONMENT))
        return admin_fault(request, "place", JSON_NONE, error,
                           server.transport == STORE_STDIO ? "must be environment for a program"
                                                           : "must be header for this server");
    result = control_set_credential(request->admin->options.control, view, &credential, given.value,
                                    error);
    if (result == ERROR_CONFIG || result == ERROR_LIMIT)
        return admin_fault(request, "", JSON_NONE, error, "%s", error->text);
    return result == 0 ? admin_answer_added(request, view, &credential.head, error) : result;
}
