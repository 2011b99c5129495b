// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Changes of what is decided about tools, inside of jobs.
#include "control/control_internal.h"

#include "inventory/inventory.h"
#include "store/walk.h"

enum { PAGE = 500 };

// A record of a server: an override or a sighting by its tool, the accepted definition of a tool,
// or what has a fingerprint, of which the tool's name is a part.
struct looking {
    enum store_kind kind;
    struct slice organisation, server, tool, print;
};

static bool is_it(const struct looking *looking, const void *row)
{
    switch (looking->kind) {
    case STORE_OVERRIDE:
        return slice_equal(((const struct store_override *)row)->tool, looking->tool);
    case STORE_SIGHTING: {
        const struct store_sighting *sighting = row;
        return looking->print.length > 0 ? slice_equal(sighting->print, looking->print)
                                         : slice_equal(sighting->tool, looking->tool);
    }
    default: {
        const struct store_definition *definition = row;
        if (looking->print.length > 0)
            return slice_equal(definition->print, looking->print);
        return definition->state == STORE_ACCEPTED && slice_equal(definition->tool, looking->tool);
    }
    }
}

// With its bulk.
static int find(struct store_view *view, const struct looking *looking, bool newest,
                struct store_head *ret, struct error *error)
{
    struct store_walk walk = store_walk_over(looking->kind, looking->organisation, PAGE);
    int result = 0;
    walk.page.newest_first = newest;
    walk.parent = looking->server;
    walk.keeps = true;
    while (store_walk_next(&walk, view, &result, error))
        if (is_it(looking, walk.row))
            return store_get(view, looking->kind, looking->organisation, walk.id, ret, error);
    return result != 0 ? result : error_set(error, ERROR_NOT_FOUND, "there is no such definition");
}

int control_set_override(struct store_view *view, struct store_override *override,
                         struct error *error)
{
    struct store_override before = {.category = STORE_READ_ONLY};
    const struct looking looking = {
        STORE_OVERRIDE, override->head.organisation, override->server, override->tool, {0}};
    int result = find(view, &looking, false, &before.head, error);
    if (result == ERROR_NOT_FOUND)
        return store_add_override(view, override, error);
    if (result != 0)
        return result;
    override->head = before.head;
    return store_change_override(view, override, error);
}

static int find_sighting(struct store_view *view, const struct store_definition *of,
                         struct slice tool, struct slice print, struct store_sighting *ret,
                         struct error *error)
{
    const struct looking looking = {STORE_SIGHTING, of->head.organisation, of->server, tool, print};
    return find(view, &looking, false, &ret->head, error);
}

static int find_looked_at(struct store_view *view, const struct store_definition *of,
                          struct slice tool, struct slice print, struct store_definition *ret,
                          struct error *error)
{
    const struct looking looking = {STORE_DEFINITION, of->head.organisation, of->server, tool,
                                    print};
    return find(view, &looking, true, &ret->head, error);
}

// Accepted, it waits no more.
static int forget_sighting(struct store_view *view, const struct store_definition *definition,
                           struct error *error)
{
    struct store_sighting sighting = {.tool = {0}};
    int result =
        find_sighting(view, definition, (struct slice){0}, definition->print, &sighting, error);
    if (result == ERROR_NOT_FOUND)
        return 0;
    return result != 0 ? result
                       : store_remove(view, STORE_SIGHTING, sighting.head.organisation,
                                      sighting.head.id, 0, error);
}

// Rejected, it is remembered as the server's last one, if nothing newer is: also after a restart.
static int keep_sighting(struct store_view *view, const struct store_definition *definition,
                         struct error *error)
{
    struct store_sighting sighting = {.tool = {0}};
    int result =
        find_sighting(view, definition, definition->tool, (struct slice){0}, &sighting, error);
    if (result != ERROR_NOT_FOUND)
        return result;
    sighting = (struct store_sighting){.head = {.organisation = definition->head.organisation},
                                       .server = definition->server,
                                       .tool = definition->tool,
                                       .print = definition->print,
                                       .text = definition->text};
    return store_add_sighting(view, &sighting, error);
}

int control_look_at_definition(struct store_view *view, struct store_definition *definition,
                               struct error *error)
{
    struct store_definition before = {.state = STORE_ACCEPTED};
    struct store_sighting sighting = {.tool = {0}};
    int result =
        find_looked_at(view, definition, (struct slice){0}, definition->print, &before, error);
    if (result == 0) {
        definition->head = before.head;
        definition->tool = before.tool;
        definition->text = before.text;
        result = store_change_definition(view, definition, error);
    } else if (result == ERROR_NOT_FOUND) {
        result =
            find_sighting(view, definition, (struct slice){0}, definition->print, &sighting, error);
        if (result != 0)
            return result;
        definition->tool = sighting.tool;
        definition->text = sighting.text;
        result = store_add_definition(view, definition, error);
    }
    if (result != 0)
        return result;
    return definition->state == STORE_ACCEPTED ? forget_sighting(view, definition, error)
                                               : keep_sighting(view, definition, error);
}

// What a server showed last is for the server to say: a rejected one is not put there.
int control_bring_definition(struct store_view *view, struct store_definition *definition,
                             struct error *error)
{
    int result = definition->head.id.length == 0 ? store_add_definition(view, definition, error)
                                                 : store_change_definition(view, definition, error);
    return result == 0 && definition->state == STORE_ACCEPTED
               ? forget_sighting(view, definition, error)
               : result;
}

int control_find_definition(struct store_view *view, struct slice organisation, struct slice server,
                            struct slice print, struct store_definition *ret, bool *ret_waits,
                            struct error *error)
{
    const struct store_definition of = {.head = {.organisation = organisation}, .server = server};
    struct store_sighting sighting = {.tool = {0}};
    *ret_waits = false;
    int result = find_looked_at(view, &of, (struct slice){0}, print, ret, error);
    if (result != ERROR_NOT_FOUND)
        return result;
    result = find_sighting(view, &of, (struct slice){0}, print, &sighting, error);
    if (result != 0)
        return result;
    *ret_waits = true;
    *ret = (struct store_definition){.head = sighting.head,
                                     .server = sighting.server,
                                     .tool = sighting.tool,
                                     .print = sighting.print,
                                     .text = sighting.text};
    return 0;
}

int control_accepted_definition(struct store_view *view, struct slice organisation,
                                struct slice server, struct slice tool,
                                struct store_definition *ret, struct error *error)
{
    const struct store_definition of = {.head = {.organisation = organisation}, .server = server};
    return find_looked_at(view, &of, tool, (struct slice){0}, ret, error);
}

// ---- The baseline of a server that the gateway knows already

static int accept_all(struct store_view *view, const struct store_server *server,
                      struct slice author, struct slice tools, struct error *error)
{
    struct json_doc doc;
    struct buffer scratch;
    json_doc_init(&doc);
    buffer_init(&scratch, 0);
    int result = json_scan(&doc, tools, NULL, error, NULL);
    for (uint32_t e = result == 0 ? json_first_element(&doc, 0) : JSON_NONE;
         e != JSON_NONE && result == 0; e = json_next_element(&doc, 0, e)) {
        unsigned char print[CATALOGUE_FINGERPRINT_SIZE];
        uint32_t name = json_get(&doc, e, "name");
        struct store_definition row = {.head = {.organisation = server->head.organisation},
                                       .server = server->head.id,
                                       .state = STORE_ACCEPTED,
                                       .print = slice_of((const char *)print, sizeof print),
                                       .text = json_raw(&doc, e),
                                       .note = SLICE_LITERAL("as it was when pinning began"),
                                       .author = author};
        if (name == JSON_NONE || json_type(&doc, name) != JSON_STRING)
            continue;
        row.tool = json_string(&doc, name, store_arena(view));
        if (row.tool.length == 0 || row.tool.length > FILTER_NAME_MAX ||
            row.text.length > PIPELINE_DEFINITION_MAX ||
            memchr(row.tool.data, '\0', row.tool.length) != NULL)
            continue;
        result = catalogue_fingerprint(&doc, e, &scratch, print);
        if (result == 0)
            result = store_add_definition(view, &row, error);
    }
    buffer_release(&scratch);
    json_doc_release(&doc);
    return result;
}

// Appends nothing when the gateway has not seen a list of the server.
static int read_tools(const struct control *control, struct store_view *view,
                      const struct store_server *server, struct buffer *out, struct error *error)
{
    struct inventory *inventory = NULL;
    struct inventory_server known;
    int result = inventory_open(control->folder, false, &inventory, error);
    if (result == 0)
        result = inventory_get_server(inventory, server->head.organisation, server->name,
                                      store_arena(view), &known, error);
    if (result == 0 && slice_equal(known.organisation, server->head.organisation))
        result = inventory_write_tools(inventory, &known, out, error);
    inventory_close(inventory);
    return result == ERROR_NOT_FOUND ? 0 : result;
}

int control_begin_pinning(struct control *control, struct store_view *view,
                          const struct store_server *server, struct slice author,
                          struct error *error)
{
    const struct store_definition *rows = NULL;
    const struct store_page page = {.limit = 1};
    struct buffer tools;
    size_t count = 0;
    int result = store_list_definition(view, server->head.organisation, server->head.id, &page,
                                       &rows, &count, NULL, error);
    if (result != 0 || count > 0)
        return result;
    buffer_init(&tools, INVENTORY_LIST_MAX);
    result = read_tools(control, view, server, &tools, error);
    if (result == 0 && tools.length > 0)
        result = accept_all(view, server, author, buffer_slice(&tools), error);
    buffer_release(&tools);
    return result;
}
