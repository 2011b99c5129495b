// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What people decided about the tools of servers: categories, and definitions that they accepted or
// rejected, which move as a whole: whoever applies them has accepted what stands there. What is
// about servers of the configuration file stays behind.
#include "admin/moves_internal.h"

#include "store/walk.h"

#include <stdio.h>

enum { PAGE = 500, PRINT_SHOWN = 8 };

// ---- Exports

// Begins the list of a server before its first record.
static void begin_tool(struct moves *moves, const struct store_server *server, bool first,
                       struct slice tool)
{
    struct buffer *out = &moves->request->out;
    if (first) {
        moves_separate(out, "{\"server\":");
        json_write_string(out, server->name);
        buffer_append_string(out, ",\"tools\":[");
    }
    moves_separate(out, "{\"tool\":");
    json_write_string(out, tool);
}

static const struct admin_field override_fields[] = {
    ADMIN_FIELD(override, "tool", tool, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_WORDS(override, "category", category, store_category_words,
                FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_FIELD(override, "note", note, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN),
};

int moves_write_overrides(struct moves *moves, const struct store_head *record, struct error *error)
{
    struct buffer *out = &moves->request->out;
    struct store_walk walk = store_walk_over(STORE_OVERRIDE, moves->organisation, PAGE);
    bool any = false;
    int result = 0;
    walk.parent = record->id;
    walk.keeps = true;
    for (; store_walk_next(&walk, moves->view, &result, error); any = true) {
        const struct store_override *override = walk.row;
        begin_tool(moves, (const struct store_server *)(const void *)record, !any, override->tool);
        admin_write_fields(out, override_fields, 3, override);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, any ? "]}" : "");
    return result;
}

static const struct admin_field definition_fields[] = {
    ADMIN_FIELD(definition, "tool", tool, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_WORDS(definition, "state", state, store_looked_words,
                FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_FIELD(definition, "note", note, FIELD_TEXT, FIELD_SHOWN | FIELD_GIVEN),
    ADMIN_FIELD(definition, "definition", text, FIELD_OBJECT,
                FIELD_SHOWN | FIELD_GIVEN | FIELD_NEEDED),
};

int moves_write_definitions(struct moves *moves, const struct store_head *record,
                            struct error *error)
{
    struct buffer *out = &moves->request->out;
    struct store_walk walk = store_walk_over(STORE_DEFINITION, moves->organisation, PAGE);
    bool any = false;
    int result = 0;
    walk.parent = record->id;
    walk.keeps = true;
    for (; store_walk_next(&walk, moves->view, &result, error); any = true) {
        struct store_definition row = {.state = STORE_ACCEPTED}; // lists are without the text
        result = store_get_definition(moves->view, moves->organisation, walk.id, &row, error);
        if (result == 0)
            result = moves_compact(moves, &row.text, error);
        begin_tool(moves, (const struct store_server *)(const void *)record, !any, row.tool);
        admin_write_fields(out, definition_fields, 4, &row);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, any ? "]}" : "");
    return result;
}

// ---- What is there of a server

struct there {
    const struct store_server *server;
    struct table rows; // overrides by their tool, definitions by their fingerprint
};

static struct slice key_of(enum store_kind kind, const void *row)
{
    return kind == STORE_OVERRIDE ? ((const struct store_override *)row)->tool
                                  : ((const struct store_definition *)row)->print;
}

static int load(struct moves *moves, enum store_kind kind, struct there *there, struct error *error)
{
    struct store_walk walk = store_walk_over(kind, moves->organisation, PAGE);
    int result = 0;
    walk.parent = there->server->head.id;
    walk.keeps = true;
    while (store_walk_next(&walk, moves->view, &result, error))
        if (table_put(&there->rows, key_of(kind, walk.row), (void *)(uintptr_t)walk.row) != 0)
            result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    return result;
}

// So that a second one of the same key is noticed.
static int remember(struct there *there, struct slice key, void *row, struct error *error)
{
    return table_put(&there->rows, key, row) == 0
               ? 0
               : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

// "files sync", and what begins a fingerprint.
static struct slice name_tool(struct moves *moves, struct slice server, struct slice tool,
                              struct slice print)
{
    char hex[PRINT_SHOWN + 1] = "";
    for (size_t i = 0; i < print.length && i < PRINT_SHOWN / 2; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)print.data[i]);
    return arena_format(store_arena(moves->view), "%.*s %.*s%s%s", SLICE_PRINT(server),
                        SLICE_PRINT(tool), *hex == '\0' ? "" : " ", hex);
}

static int check_tool(struct moves *moves, uint32_t object, struct slice tool, struct error *error)
{
    return tool.length == 0 || tool.length > FILTER_NAME_MAX ||
                   memchr(tool.data, '\0', tool.length) != NULL
               ? admin_fault(moves->request, "tool", object, error, "must have 1 to %d bytes",
                             FILTER_NAME_MAX)
               : 0;
}

// ---- Overrides

static int change_override(struct moves *moves, const struct store_override *before,
                           struct store_override *override, struct error *error)
{
    override->head = before->head;
    moves_differ_text(moves, "category", slice_from_string(store_category_words[before->category]),
                      slice_from_string(store_category_words[override->category]));
    moves_differ_text(moves, "note", before->note, override->note);
    return moves->differences.length > 0 ? store_change_override(moves->view, override, error) : 0;
}

static int take_override(struct moves *moves, struct there *there, uint32_t object,
                         struct error *error)
{
    struct store_override *override = arena_take_zeroed(store_arena(moves->view), sizeof *override);
    if (override == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result =
        admin_read_fields(moves->request, object, override_fields, 3, true, override, error);
    if (result == 0)
        result = check_tool(moves, object, override->tool, error);
    if (result != 0)
        return result;
    const struct store_override *before = table_get(&there->rows, override->tool);
    override->head.organisation = moves->organisation;
    override->server = there->server->head.id;
    override->author = moves->request->who.label;
    result = before == NULL ? store_add_override(moves->view, override, error)
                            : change_override(moves, before, override, error);
    if (result == 0)
        result = moves_keep(moves, override->head.id, object, error);
    if (result == 0)
        moves_note_made(moves, before == NULL, "override",
                        name_tool(moves, there->server->name, override->tool, (struct slice){0}));
    return result == 0 ? remember(there, override->tool, override, error) : result;
}

// ---- Definitions

// Its tool and its fingerprint are those of the definition itself.
static int read_definition(struct moves *moves, uint32_t object, struct store_definition *ret,
                           struct error *error)
{
    const struct json_doc *doc = &moves->request->doc;
    unsigned char print[CATALOGUE_FINGERPRINT_SIZE];
    struct buffer scratch;
    int result = admin_read_fields(moves->request, object, definition_fields, 4, true, ret, error);
    if (result == 0)
        result = check_tool(moves, object, ret->tool, error);
    if (result != 0)
        return result;
    uint32_t node = json_get(doc, object, "definition"), name = json_get(doc, node, "name");
    if (name == JSON_NONE || json_type(doc, name) != JSON_STRING ||
        !json_string_equals(doc, name, ret->tool))
        return admin_fault(moves->request, "definition", node, error, "is that of another tool");
    if (ret->text.length > PIPELINE_DEFINITION_MAX)
        return admin_fault(moves->request, "definition", node, error, "must have %d bytes at most",
                           PIPELINE_DEFINITION_MAX);
    buffer_init(&scratch, 0);
    result = catalogue_fingerprint(doc, node, &scratch, print);
    buffer_release(&scratch);
    if (result != 0)
        return error_set(error, result, "out of memory");
    ret->print = arena_copy(store_arena(moves->view), slice_of((const char *)print, sizeof print));
    return ret->print.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                   : moves_compact(moves, &ret->text, error);
}

static int change_definition(struct moves *moves, const struct store_definition *before,
                             struct store_definition *definition, struct error *error)
{
    definition->head = before->head;
    moves_differ_text(moves, "state", slice_from_string(store_looked_words[before->state]),
                      slice_from_string(store_looked_words[definition->state]));
    moves_differ_text(moves, "note", before->note, definition->note);
    return moves->differences.length > 0 ? control_bring_definition(moves->view, definition, error)
                                         : 0;
}

static int take_definition(struct moves *moves, struct there *there, uint32_t object,
                           struct error *error)
{
    struct store_definition *row = arena_take_zeroed(store_arena(moves->view), sizeof *row);
    if (row == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result = read_definition(moves, object, row, error);
    if (result != 0)
        return result;
    const struct store_definition *before = table_get(&there->rows, row->print);
    row->head.organisation = moves->organisation;
    row->server = there->server->head.id;
    row->author = moves->request->who.label;
    result = before == NULL ? control_bring_definition(moves->view, row, error)
                            : change_definition(moves, before, row, error);
    if (result == 0)
        result = moves_keep(moves, row->head.id, object, error);
    if (result == 0)
        moves_note_made(moves, before == NULL, "definition",
                        name_tool(moves, there->server->name, row->tool, row->print));
    return result == 0 ? remember(there, row->print, row, error) : result;
}

// ---- Of one server

static int take_all(struct moves *moves, enum store_kind kind, struct there *there, uint32_t array,
                    struct error *error)
{
    const struct json_doc *doc = &moves->request->doc;
    int result = load(moves, kind, there, error);
    for (uint32_t item = json_first_element(doc, array); item != JSON_NONE && result == 0;
         item = json_next_element(doc, array, item))
        if (json_type(doc, item) != JSON_OBJECT)
            result = admin_fault(moves->request, "tools", item, error, "must hold objects");
        else if (kind == STORE_OVERRIDE)
            result = take_override(moves, there, item, error);
        else
            result = take_definition(moves, there, item, error);
    return result;
}

static int take_server(struct moves *moves, enum store_kind kind, uint32_t object,
                       struct error *error)
{
    struct given {
        struct slice server;
    } given = {{"", 0}};
    static const struct admin_field fields[] = {
        {"server", offsetof(struct given, server), NULL, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED},
        {"tools", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED}};
    struct store_server server = {.transport = STORE_HTTP};
    struct there there = {.server = &server};
    int result = admin_read_fields(moves->request, object, fields, 2, true, &given, error);
    if (result != 0)
        return result;
    uint32_t array = json_get(&moves->request->doc, object, "tools");
    if (json_type(&moves->request->doc, array) != JSON_ARRAY)
        return admin_fault(moves->request, "tools", array, error, "must be an array");
    result =
        store_find_server(moves->view, moves->organisation, "name", given.server, &server, error);
    if (result == ERROR_NOT_FOUND)
        return admin_fault(moves->request, "server",
                           json_get(&moves->request->doc, object, "server"), error,
                           "names nothing that is there");
    table_init(&there.rows);
    if (result == 0)
        result = take_all(moves, kind, &there, array, error);
    table_release(&there.rows);
    return result;
}

static int take_overrides(struct moves *moves, uint32_t object, struct error *error)
{
    return take_server(moves, STORE_OVERRIDE, object, error);
}

static int take_definitions(struct moves *moves, uint32_t object, struct error *error)
{
    return take_server(moves, STORE_DEFINITION, object, error);
}

// ---- What is not named

// What belongs to a server that goes, goes with it.
static int drop(struct moves *moves, enum store_kind kind, const struct store_head *record,
                struct slice server, struct slice tool, struct error *error)
{
    struct store_server of = {.transport = STORE_HTTP};
    if (table_get(&moves->kept, record->id) != NULL || table_get(&moves->kept, server) == NULL)
        return 0;
    int result = store_get_server(moves->view, moves->organisation, server, &of, error);
    return result == 0
               ? moves_drop(
                     moves, kind, kind == STORE_OVERRIDE ? "override" : "definition", record,
                     name_tool(moves, of.name, tool,
                               kind == STORE_OVERRIDE ? (struct slice){0} : key_of(kind, record)),
                     error)
               : result;
}

static int drop_override(struct moves *moves, const struct store_head *record, struct error *error)
{
    const struct store_override *row = (const struct store_override *)(const void *)record;
    return drop(moves, STORE_OVERRIDE, record, row->server, row->tool, error);
}

static int drop_definition(struct moves *moves, const struct store_head *record,
                           struct error *error)
{
    const struct store_definition *row = (const struct store_definition *)(const void *)record;
    return drop(moves, STORE_DEFINITION, record, row->server, row->tool, error);
}

int moves_overrides(struct moves *moves, uint32_t array, struct error *error)
{
    return array == JSON_NONE ? moves_each(moves, STORE_OVERRIDE, sizeof(struct store_override),
                                           drop_override, error)
                              : moves_items(moves, array, take_overrides, error);
}

int moves_definitions(struct moves *moves, uint32_t array, struct error *error)
{
    return array == JSON_NONE ? moves_each(moves, STORE_DEFINITION, sizeof(struct store_definition),
                                           drop_definition, error)
                              : moves_items(moves, array, take_definitions, error);
}
