// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One server, its tools, one tool.
#include "inventory/inventory_internal.h"

#include <stdlib.h>

// ---- Copies

static bool copy(struct arena *arena, struct slice from, struct slice *ret)
{
    *ret = arena_copy(arena, from);
    return ret->data != NULL;
}

int inventory_copy_server(const struct store_catalogue_server *from, struct slice organisation,
                          struct arena *arena, struct inventory_server *ret)
{
    *ret = (struct inventory_server){.tools = (uint32_t)from->tools,
                                     .tokens = (uint64_t)from->tokens,
                                     .worst = (enum catalogue_severity)from->worst,
                                     .first_seen_ms = from->first_seen_ms,
                                     .seen_ms = from->seen_ms,
                                     .changed_ms = from->changed_ms};
    for (int i = 0; i < INVENTORY_CATEGORIES; i++)
        ret->counts[i] = (uint32_t)from->counts[i];
    if (from->owner == STORE_CATALOGUE_SHARED)
        organisation = slice_of("", 0);
    return copy(arena, from->slug, &ret->slug) && copy(arena, from->name, &ret->name) &&
                   copy(arena, from->title, &ret->title) &&
                   copy(arena, from->source, &ret->source) &&
                   copy(arena, organisation, &ret->organisation)
               ? 0
               : ERROR_NO_MEMORY;
}

int inventory_copy_row(const struct store_catalogue_tool *from, struct arena *arena,
                       struct inventory_row *ret)
{
    char slug[INVENTORY_SLUG_SIZE];
    enum catalogue_category category = (enum catalogue_category)from->category;
    inventory_tool_slug(from->name, slug);
    *ret = (struct inventory_row){.category = category,
                                  .severity = catalogue_severity_of(category),
                                  .confidence = (int)from->confidence,
                                  .overridden = from->said >= 0,
                                  .tokens = (uint32_t)from->tokens,
                                  .first_seen_ms = from->first_seen_ms,
                                  .changed_ms = from->changed_ms};
    memcpy(ret->fingerprint, from->fingerprint.data, CATALOGUE_FINGERPRINT_SIZE);
    return copy(arena, slice_from_string(slug), &ret->slug) &&
                   copy(arena, from->name, &ret->name) && copy(arena, from->summary, &ret->summary)
               ? 0
               : ERROR_NO_MEMORY;
}

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// ---- Servers

struct getting {
    struct slice organisation;
    struct arena *arena;
    struct inventory_server *server;
    struct inventory_meant *meant;
};

static int have_server(void *argument, const struct store_catalogue_server *server)
{
    struct getting *getting = argument;
    if (getting->meant != NULL)
        *getting->meant = (struct inventory_meant){server->id, server->owner};
    return getting->server == NULL ? 0
                                   : inventory_copy_server(server, getting->organisation,
                                                           getting->arena, getting->server);
}

static int get_server(struct inventory *inventory, struct slice organisation, struct slice slug,
                      struct getting *getting, struct error *error)
{
    int64_t owners[2];
    size_t count = 0;
    int result = inventory_owners(inventory, organisation, owners, &count, error);
    if (result != 0)
        return result;
    result = ERROR_NOT_FOUND;
    for (size_t i = 0; i < count && result == ERROR_NOT_FOUND; i++)
        result = store_catalogue_find_server(inventory->store, owners[i], slug, have_server,
                                             getting, error);
    return result == ERROR_NO_MEMORY ? no_memory(error) : result;
}

int inventory_find(struct inventory *inventory, struct slice organisation, struct slice slug,
                   struct inventory_meant *ret, struct error *error)
{
    struct getting getting = {.meant = ret};
    return get_server(inventory, organisation, slug, &getting, error);
}

int inventory_get_server(struct inventory *inventory, struct slice organisation, struct slice slug,
                         struct arena *arena, struct inventory_server *ret, struct error *error)
{
    struct getting getting = {.organisation = organisation, .arena = arena, .server = ret};
    return get_server(inventory, organisation, slug, &getting, error);
}

// The one that was got before, of its own organisation alone.
static int find_again(struct inventory *inventory, const struct inventory_server *server,
                      struct inventory_meant *ret, struct error *error)
{
    struct getting getting = {.meant = ret};
    int64_t owner = 0;
    int result = inventory_owner(inventory, server->organisation, false, &owner, error);
    return result == 0 ? store_catalogue_find_server(inventory->store, owner, server->name,
                                                     have_server, &getting, error)
                       : result;
}

// ---- Its tools

struct rows {
    const struct inventory_server *server;
    struct arena *arena;
    struct inventory_row *items;
    size_t count, most;
};

static int have_row(void *argument, const struct store_catalogue_tool *tool)
{
    struct rows *rows = argument;
    if (rows->count == rows->most)
        return 0; // more of them came meanwhile
    struct inventory_row *row = &rows->items[rows->count++];
    int result = inventory_copy_row(tool, rows->arena, row);
    row->server = rows->server->name;
    row->server_slug = rows->server->slug;
    row->organisation = rows->server->organisation;
    return result;
}

static int by_gravity(const void *a, const void *b)
{
    const struct inventory_row *left = a, *right = b;
    if (left->severity != right->severity)
        return left->severity < right->severity ? 1 : -1;
    if (left->category != right->category)
        return left->category < right->category ? 1 : -1;
    size_t least = left->name.length < right->name.length ? left->name.length : right->name.length;
    int order = memcmp(left->name.data, right->name.data, least);
    if (order == 0)
        return left->name.length < right->name.length ? -1 : left->name.length > right->name.length;
    return order;
}

int inventory_get_tools(struct inventory *inventory, const struct inventory_server *server,
                        struct arena *arena, struct inventory_rows *ret, struct error *error)
{
    struct inventory_meant meant = {0};
    struct rows rows = {.server = server, .arena = arena, .most = server->tools};
    *ret = (struct inventory_rows){0};
    int result = find_again(inventory, server, &meant, error);
    if (result != 0)
        return result;
    rows.items = arena_take_zeroed(arena, (rows.most + 1) * sizeof *rows.items);
    if (rows.items == NULL)
        return no_memory(error);
    result = store_catalogue_each_tool(inventory->store, meant.id, have_row, &rows, error);
    if (result != 0)
        return result == ERROR_NO_MEMORY ? no_memory(error) : result;
    qsort(rows.items, rows.count, sizeof *rows.items, by_gravity);
    *ret = (struct inventory_rows){rows.items, rows.count};
    return 0;
}

// ---- All definitions

struct writing {
    struct inventory *inventory;
    struct buffer *out;
    struct error *error;
    bool some;
};

static int write_pack(void *argument, int64_t id, struct slice data)
{
    struct writing *writing = argument;
    struct buffer raw;
    struct pack_entry entry;
    bool damaged = false;
    (void)id;
    buffer_init(&raw, 0);
    int result = inventory_expand(writing->inventory, data, &raw, writing->error);
    struct slice rest = buffer_slice(&raw);
    while (result == 0 && inventory_pack_next(&rest, &entry, &damaged)) {
        buffer_append_string(writing->out, writing->some ? "," : "");
        buffer_append(writing->out, entry.text);
        writing->some = true;
    }
    if (result == 0 && damaged)
        result = inventory_damaged(writing->error, "definitions");
    buffer_release(&raw);
    return result;
}

int inventory_write_tools(struct inventory *inventory, const struct inventory_server *server,
                          struct buffer *out, struct error *error)
{
    struct inventory_meant meant = {0};
    struct writing writing = {.inventory = inventory, .out = out, .error = error};
    int result = find_again(inventory, server, &meant, error);
    if (result != 0)
        return result;
    buffer_append_string(out, "[");
    result = store_catalogue_each_pack(inventory->store, meant.id, write_pack, &writing, error);
    buffer_append_string(out, "]");
    return result == 0 && out->failed ? no_memory(error) : result;
}

// ---- One tool

struct looking {
    struct slice wanted;
    struct arena *arena;
    struct inventory_row *row;
    int64_t id, changes;
    bool found, by_name;
    // Of the pack
    struct inventory *inventory;
    struct inventory_tool *tool;
    struct error *error;
};

static int look_at(void *argument, const struct store_catalogue_tool *tool)
{
    struct looking *looking = argument;
    char slug[INVENTORY_SLUG_SIZE];
    bool by_name = slice_equal(tool->name, looking->wanted);
    if (looking->by_name || (!by_name && looking->found))
        return 0;
    if (!by_name) {
        inventory_tool_slug(tool->name, slug);
        if (!slice_equal_string(looking->wanted, slug))
            return 0;
    }
    looking->found = true;
    looking->by_name = by_name;
    looking->id = tool->id;
    looking->changes = tool->changes;
    return inventory_copy_row(tool, looking->arena, looking->row);
}

static int look_into(void *argument, int64_t id, struct slice data)
{
    struct looking *looking = argument;
    struct pack_entry entry;
    struct buffer raw;
    bool damaged = false;
    uint32_t place = (uint32_t)(looking->id & (STORE_CATALOGUE_PLACES - 1));
    (void)id;
    buffer_init(&raw, 0);
    int result = inventory_expand(looking->inventory, data, &raw, looking->error);
    struct slice rest = buffer_slice(&raw), *definition = &looking->tool->definition;
    while (result == 0 && definition->data == NULL && inventory_pack_next(&rest, &entry, &damaged))
        if (entry.place == place && !copy(looking->arena, entry.text, definition))
            result = no_memory(looking->error);
    if (result == 0 && definition->data == NULL)
        result = inventory_damaged(looking->error, "a tool without definition");
    buffer_release(&raw);
    return result;
}

static int judge(struct inventory_tool *tool, struct error *error)
{
    const struct json_limits limits = {.depth = JSON_DEPTH_MAX};
    int result = json_scan(&tool->doc, tool->definition, &limits, NULL, NULL);
    if (result == ERROR_NO_MEMORY)
        return no_memory(error);
    if (result != 0)
        return inventory_damaged(error, "a definition is no JSON");
    catalogue_read_tool(&tool->doc, 0, &tool->scratch, &tool->tool);
    tool->tool.server = tool->row.server;
    catalogue_classify(&tool->tool, &tool->verdict);
    return 0;
}

int inventory_get_tool(struct inventory *inventory, const struct inventory_server *server,
                       struct slice tool, struct arena *arena, struct inventory_tool *ret,
                       struct error *error)
{
    struct inventory_meant meant = {0};
    struct looking looking = {.wanted = tool,
                              .arena = arena,
                              .row = &ret->row,
                              .inventory = inventory,
                              .tool = ret,
                              .error = error};
    *ret = (struct inventory_tool){0};
    json_doc_init(&ret->doc);
    int result = find_again(inventory, server, &meant, error);
    if (result == 0)
        result = store_catalogue_each_tool(inventory->store, meant.id, look_at, &looking, error);
    if (result != 0)
        return result == ERROR_NO_MEMORY ? no_memory(error) : result;
    if (!looking.found)
        return error_set(error, ERROR_NOT_FOUND, "the server has no such tool");
    ret->row.server = server->name;
    ret->row.server_slug = server->slug;
    ret->row.organisation = server->organisation;
    ret->changes = (uint32_t)looking.changes;
    result = store_catalogue_find_pack(inventory->store, looking.id, look_into, &looking, error);
    return result == 0 ? judge(ret, error) : result;
}

void inventory_tool_release(struct inventory_tool *tool)
{
    json_doc_release(&tool->doc);
}
