// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A list of tools that is given to the catalogue, as if the gateway had asked the server itself. It
// is taken on a thread for searches; then the audit gets its row.
#include "admin/catalogue_internal.h"

enum { TAKE_ARENA_MAX = 128 * 1024 * 1024 };

static int text_member(struct admin_request *request, const char *name, bool needed,
                       struct slice *ret, struct error *error)
{
    uint32_t node = json_get(&request->doc, 0, name);
    *ret = slice_of("", 0);
    if (node == JSON_NONE && !needed)
        return 0;
    if (node == JSON_NONE || json_type(&request->doc, node) != JSON_STRING)
        return admin_fault(request, name, node, error, "must be a text");
    *ret = json_string(&request->doc, node, &request->arena);
    if (ret->data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    return ret->length > 0 && ret->length <= 1024
               ? 0
               : admin_fault(request, name, node, error, "must have 1 to 1024 bytes");
}

static int read_list(struct admin_request *request, struct inventory_list *ret, struct error *error)
{
    static const char *const names[] = {"server", "title", "tools", "complete", NULL};
    const struct json_doc *doc = &request->doc;
    for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE;
         key = json_next_key(doc, 0, key)) {
        size_t i = 0;
        while (names[i] != NULL && !json_string_equals(doc, key, slice_from_string(names[i])))
            i++;
        if (names[i] == NULL)
            return admin_fault(request, "", key, error,
                               "only server, title, tools and complete "
                               "may be given");
    }
    uint32_t tools = json_get(doc, 0, "tools"), complete = json_get(doc, 0, "complete");
    *ret = (struct inventory_list){.organisation = request->who.organisation,
                                   .source = SLICE_LITERAL("API"),
                                   .complete = true,
                                   .now_ms = request->now_ms};
    int result = text_member(request, "server", true, &ret->server, error);
    if (result == 0)
        result = text_member(request, "title", false, &ret->title, error);
    if (result != 0)
        return result;
    if (tools == JSON_NONE || json_type(doc, tools) != JSON_ARRAY)
        return admin_fault(request, "tools", tools, error, "must be an array of tools");
    ret->tools = json_raw(doc, tools);
    if (complete == JSON_NONE)
        return 0;
    ret->complete = json_type(doc, complete) == JSON_TRUE;
    return ret->complete || json_type(doc, complete) == JSON_FALSE
               ? 0
               : admin_fault(request, "complete", complete, error, "must be true or false");
}

static void write_taken(struct buffer *out, const struct inventory_server *server,
                        const struct inventory_taken *taken)
{
    buffer_append_string(out, "{\"server\":");
    inventory_write_server(out, server);
    buffer_append_format(out,
                         ",\"known\":%s,\"added\":%zu,\"changed\":%zu,\"removed\":%zu,"
                         "\"repeated\":%zu,\"unusable\":%zu}",
                         taken->known ? "true" : "false", taken->added, taken->changed,
                         taken->removed, taken->repeated, taken->unusable);
}

static int take(struct admin_request *request, struct inventory *inventory,
                const struct inventory_list *list, struct error *error)
{
    struct inventory_taken taken;
    struct inventory_server server;
    struct arena arena;
    arena_init(&arena, TAKE_ARENA_MAX);
    int result = inventory_take(inventory, list, NULL, &taken, error);
    if (result == 0)
        result = inventory_get_server(inventory, list->organisation, list->server, &arena, &server,
                                      error);
    if (result == 0)
        write_taken(&request->out, &server, &taken);
    arena_release(&arena);
    return result;
}

int admin_take_tools(struct admin_request *request, struct error *error)
{
    struct inventory_list list;
    struct inventory *inventory = NULL;
    int result = admin_query_only(request, (const char *const[]){NULL}, error);
    if (result == 0)
        result = read_list(request, &list, error);
    if (result != 0)
        return result;
    // One that writes looks at the file anew each time: lists are given now and then.
    result = inventory_open(admin_shelf_folder(request->admin->shelf), true, &inventory, error);
    if (result == 0)
        result = take(request, inventory, &list, error);
    inventory_close(inventory);
    request->status = 200;
    return admin_catalogue_broken(request, result, error);
}

// What was taken stays, also when this fails: then the caller is told so, and gives the list again.
int admin_note_tools(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct slice server;
    int result = text_member(request, "server", true, &server, error);
    return result != 0 ? result
                       : store_add_audit_act(view, request->who.organisation, "catalogue.import",
                                             server, buffer_slice(&request->out), error);
}
