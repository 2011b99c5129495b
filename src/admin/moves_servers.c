// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Servers move without their secrets: of a credential only its place and name are told, and whoever
// takes the server over is told which ones he must still set.
#include "admin/moves_internal.h"

enum { CREDENTIALS_MAX = 1000 };

struct credentials {
    const struct store_credential *rows;
    size_t count;
};

static const struct admin_field fields[] = {
    ADMIN_FIELD(server, "name", name, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_WORDS(server, "transport", transport, store_transport_words, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_FIELD(server, "url", url, FIELD_TEXT, FIELD_GIVEN),
    ADMIN_FIELD(server, "command", command, FIELD_STRINGS, FIELD_GIVEN),
    ADMIN_FIELD(server, "settings", settings, FIELD_OBJECT, FIELD_GIVEN),
    ADMIN_FIELD(server, "disabled", disabled, FIELD_FLAG, FIELD_GIVEN),
    {"credentials", 0, NULL, FIELD_ANY, FIELD_GIVEN},
};
enum { FIELDS = sizeof fields / sizeof *fields };

struct given_credential {
    enum store_place place;
    struct slice name;
};

static int read_credential(struct moves *moves, uint32_t object, struct given_credential *ret,
                           struct error *error)
{
    static const struct admin_field members[] = {{"place", offsetof(struct given_credential, place),
                                                  store_place_words, FIELD_WORD,
                                                  FIELD_GIVEN | FIELD_NEEDED},
                                                 {"name", offsetof(struct given_credential, name),
                                                  NULL, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED}};
    if (json_type(&moves->request->doc, object) != JSON_OBJECT)
        return admin_fault(moves->request, "credentials", object, error, "must hold objects");
    return admin_read_fields(moves->request, object, members, 2, true, ret, error);
}

static void note_missing(struct moves *moves, struct slice server,
                         const struct given_credential *credential)
{
    struct buffer *out = &moves->missing;
    buffer_append_string(out, out->length == 0 ? "{\"server\":" : ",{\"server\":");
    json_write_string(out, server);
    buffer_append_format(out, ",\"place\":\"%s\",\"name\":", store_place_words[credential->place]);
    json_write_string(out, credential->name);
    buffer_append_string(out, "}");
}

// Which of those that the text names are there; the others are to be set by somebody.
static int compare_credentials(struct moves *moves, uint32_t object,
                               const struct store_server *server, const struct credentials *there,
                               bool *found, struct error *error)
{
    const struct json_doc *doc = &moves->request->doc;
    uint32_t array = json_get(doc, object, "credentials");
    if (array == JSON_NONE)
        return 0;
    if (json_type(doc, array) != JSON_ARRAY || json_at(doc, array)->count > CREDENTIALS_MAX)
        return admin_fault(moves->request, "credentials", array, error, "must be an array");
    for (uint32_t item = json_first_element(doc, array); item != JSON_NONE;
         item = json_next_element(doc, array, item)) {
        struct given_credential given = {.place = STORE_HEADER};
        bool known = false;
        int result = read_credential(moves, item, &given, error);
        if (result != 0)
            return result;
        for (size_t i = 0; i < there->count; i++)
            if (there->rows[i].grant.length == 0 && there->rows[i].place == given.place &&
                slice_equal(there->rows[i].name, given.name))
                found[i] = known = true;
        if (!known)
            note_missing(moves, server->name, &given);
    }
    return 0;
}

static int drop_credentials(struct moves *moves, const struct credentials *there, const bool *found,
                            struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < there->count && result == 0; i++) {
        if (found[i] || there->rows[i].grant.length > 0)
            continue;
        moves_differ_text(moves, "credentials", there->rows[i].name, (struct slice){"", 0});
        result = store_remove(moves->view, STORE_CREDENTIAL, moves->organisation,
                              there->rows[i].head.id, 0, error);
    }
    return result;
}

static int take_credentials(struct moves *moves, uint32_t object, const struct store_server *server,
                            struct error *error)
{
    const struct store_page page = {.limit = CREDENTIALS_MAX};
    struct credentials there = {.count = 0};
    int result = 0;
    if (server->head.id.length > 0)
        result = store_list_credential(moves->view, moves->organisation, server->head.id, &page,
                                       &there.rows, &there.count, NULL, error);
    if (result != 0)
        return result;
    bool *found = arena_take_zeroed(store_arena(moves->view), there.count + 1);
    if (found == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    result = compare_credentials(moves, object, server, &there, found, error);
    if (result == 0 && moves->prune)
        result = drop_credentials(moves, &there, found, error);
    return result;
}

// ---- Servers

static void compare(struct moves *moves, const struct store_server *before,
                    const struct store_server *server)
{
    moves_differ_text(moves, "transport",
                      slice_from_string(store_transport_words[before->transport]),
                      slice_from_string(store_transport_words[server->transport]));
    moves_differ_text(moves, "url", before->url, server->url);
    struct slice command = before->command.length == 0 ? SLICE_LITERAL("[]") : before->command;
    if (!moves_same_json(command, server->command))
        moves_differ(moves, "command", command, server->command);
    struct slice settings = before->settings.length == 0 ? SLICE_LITERAL("{}") : before->settings;
    if (!moves_same_json(settings, server->settings))
        moves_differ(moves, "settings", settings, server->settings);
    moves_differ_flag(moves, "disabled", before->disabled, server->disabled);
}

static int read_server(struct moves *moves, uint32_t object, struct store_server *ret,
                       struct error *error)
{
    *ret = (struct store_server){.head.organisation = moves->organisation,
                                 .command = SLICE_LITERAL("[]"),
                                 .settings = SLICE_LITERAL("{}")};
    int result = admin_read_fields(moves->request, object, fields, FIELDS, true, ret, error);
    if (result == 0)
        result = moves_compact(moves, &ret->command, error);
    return result == 0 ? moves_compact(moves, &ret->settings, error) : result;
}

static int write_server(struct moves *moves, uint32_t object, const struct store_server *before,
                        struct store_server *server, struct error *error)
{
    int result = admin_check_server(moves->request, moves->view, object, before, server, error);
    if (result != 0)
        return result;
    return before == NULL ? store_add_server(moves->view, server, error)
                          : store_change_server(moves->view, server, error);
}

static int take_server(struct moves *moves, uint32_t object, struct error *error)
{
    struct store_server before = {.transport = STORE_HTTP}, server;
    int result = read_server(moves, object, &server, error);
    if (result != 0)
        return result;
    result =
        store_find_server(moves->view, moves->organisation, "name", server.name, &before, error);
    bool added = result == ERROR_NOT_FOUND;
    if (result == 0 || added)
        server.head = before.head;
    server.head.organisation = moves->organisation;
    if (result == 0 || added)
        result = take_credentials(moves, object, &server, error);
    if (result == 0 && !added)
        compare(moves, &before, &server);
    bool differs = moves->differences.length > 0;
    if (result == 0 && (added || differs))
        result = write_server(moves, object, added ? NULL : &before, &server, error);
    if (result == 0)
        result = moves_keep(moves, server.head.id, object, error);
    if (result == 0)
        moves_note_made(moves, added, "server", server.name);
    return result;
}

static int drop_server(struct moves *moves, const struct store_head *record, struct error *error)
{
    return moves_drop(moves, STORE_SERVER, "server", record,
                      ((const struct store_server *)(const void *)record)->name, error);
}

int moves_servers(struct moves *moves, uint32_t array, struct error *error)
{
    return array == JSON_NONE
               ? moves_each(moves, STORE_SERVER, sizeof(struct store_server), drop_server, error)
               : moves_items(moves, array, take_server, error);
}
