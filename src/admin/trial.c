// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The button that tries a server: as it is in force, with its credentials.
#include "admin/admin_internal.h"

static int find_in_force(struct admin_request *request, struct slice organisation,
                         const struct store_server *server, struct error *error)
{
    struct slice key = arena_format(&request->arena, "%.*s/%.*s", SLICE_PRINT(organisation),
                                    SLICE_PRINT(server->name));
    if (key.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    request->rules = control_rules(request->admin->options.control);
    const struct control_view *view =
        request->rules == NULL ? NULL : control_rules_view(request->rules);
    for (size_t i = 0; view != NULL && i < view->server_count; i++)
        if (slice_equal(view->servers[i].name, key))
            request->tried = &view->servers[i];
    return 0;
}

int admin_find_trial(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_server server = {.transport = STORE_HTTP};
    struct store_organisation owner = {.commands_allowed = false};
    int result =
        store_get_server(view, request->who.organisation, request->parameters[0], &server, error);
    if (result == 0 && server.transport == STORE_STDIO && request->who.role != STORE_ADMIN)
        return admin_refuse(request, 403, "role", ERROR_DENIED, error,
                            "this server is a program: only admins may start it");
    if (result == 0)
        result = store_get_organisation(view, request->who.organisation, request->who.organisation,
                                        &owner, error);
    if (result == 0 && server.disabled)
        return admin_refuse(request, 409, "conflict", ERROR_EXISTS, error,
                            "the server is disabled");
    if (result == 0)
        result = find_in_force(request, owner.name, &server, error);
    if (result == 0 && request->tried == NULL)
        return admin_refuse(request, 409, "conflict", ERROR_EXISTS, error,
                            "the gateway cannot use this server as it is; its log says why");
    return result;
}

int admin_try_server(struct admin_request *request, struct error *error)
{
    struct admin *admin = request->admin;
    const struct control_trial trial = {.control = admin->options.control,
                                        .server = request->tried,
                                        .ca_file = admin->ca_file,
                                        .guard = admin->options.guard,
                                        .ledger = admin->path.ledger,
                                        .stop = &admin->ending};
    request->status = 200;
    return control_try_server(&trial, &request->out, error);
}
