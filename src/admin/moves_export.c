// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// GET /export: everything that POST /apply takes. Revoked grants are history and stay behind.
#include "admin/moves_internal.h"

void moves_separate(struct buffer *out, const char *text)
{
    struct slice all = buffer_slice(out);
    bool first = all.length > 0 && all.data[all.length - 1] == '[';
    buffer_append_string(out, first ? "" : ",");
    buffer_append_string(out, text);
}

void moves_begin_record(struct moves *moves, struct slice name)
{
    moves_separate(&moves->request->out, "{\"name\":");
    json_write_string(&moves->request->out, name);
}

// The name of what has this id, kept by the exports of servers and policies.
static const struct slice *name_of(const struct moves *moves, struct slice id)
{
    static const struct slice none = {"", 0};
    const struct slice *name = table_get(&moves->kept, id);
    return name == NULL ? &none : name;
}

static int keep_name(struct moves *moves, struct slice id, struct slice name, struct error *error)
{
    struct slice *kept = arena_take(store_arena(moves->view), sizeof *kept);
    if (kept == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    *kept = name;
    return table_put(&moves->kept, id, kept) == 0
               ? 0
               : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static int write_server(struct moves *moves, const struct store_head *record, struct error *error)
{
    static const struct admin_field members[] = {
        ADMIN_WORDS(server, "transport", transport, store_transport_words, FIELD_SHOWN),
        ADMIN_FIELD(server, "url", url, FIELD_TEXT, FIELD_SHOWN),
        ADMIN_FIELD(server, "command", command, FIELD_STRINGS, FIELD_SHOWN),
        ADMIN_FIELD(server, "settings", settings, FIELD_OBJECT, FIELD_SHOWN),
        ADMIN_FIELD(server, "disabled", disabled, FIELD_FLAG, FIELD_SHOWN)};
    const struct store_server *server = (const struct store_server *)(const void *)record;
    const struct store_credential *rows = NULL;
    const struct store_page page = {.limit = 1000};
    struct buffer *out = &moves->request->out;
    size_t count = 0;
    moves_begin_record(moves, server->name);
    admin_write_fields(out, members, 5, server);
    int result = store_list_credential(moves->view, moves->organisation, record->id, &page, &rows,
                                       &count, NULL, error);
    buffer_append_string(out, ",\"credentials\":[");
    for (size_t i = 0; i < count && result == 0; i++) {
        if (rows[i].grant.length > 0) // grants move without theirs
            continue;
        moves_separate(out, "{\"place\":");
        json_write_string(out, slice_from_string(store_place_words[rows[i].place]));
        buffer_append_string(out, ",\"name\":");
        json_write_string(out, rows[i].name);
        buffer_append_string(out, "}");
    }
    buffer_append_string(out, "]}");
    return result == 0 ? keep_name(moves, record->id, server->name, error) : result;
}

// ---- Policies

// Grants are bound to these versions.
static int note_bound(struct moves *moves, const struct store_head *record, struct error *error)
{
    const struct store_reach *reach = (const struct store_reach *)(const void *)record;
    struct store_grant grant = {.mode = STORE_ENFORCE};
    if (reach->number == 0)
        return 0;
    int result = store_get_grant(moves->view, moves->organisation, reach->grant, &grant, error);
    if (result != 0 || grant.revoked_ms != 0)
        return result;
    struct slice key = arena_format(store_arena(moves->view), "%.*s %lld",
                                    SLICE_PRINT(reach->policy), (long long)reach->number);
    return key.data != NULL && table_put(&moves->kept, key, moves) == 0
               ? 0
               : error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static int write_bound(struct moves *moves, const struct store_policy_version *version,
                       struct error *error)
{
    struct store_policy_version whole = {.number = 0};
    struct slice key = arena_format(store_arena(moves->view), "%.*s %lld",
                                    SLICE_PRINT(version->policy), (long long)version->number);
    if (key.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (table_get(&moves->kept, key) == NULL)
        return 0;
    int result = control_get_policy_version(moves->view, moves->organisation, version->policy,
                                            version->number, &whole, error);
    moves_separate(&moves->request->out, "{\"number\":");
    json_write_integer(&moves->request->out, version->number);
    buffer_append_string(&moves->request->out, ",\"document\":");
    json_write_string(&moves->request->out, whole.document);
    buffer_append_string(&moves->request->out, "}");
    return result;
}

static int write_versions(struct moves *moves, struct slice policy, struct error *error)
{
    struct store_page page = {.limit = 1000};
    int result = 0;
    for (bool more = true; more && result == 0;) {
        const struct store_policy_version *rows = NULL;
        size_t count = 0;
        result = store_list_policy_version(moves->view, moves->organisation, policy, &page, &rows,
                                           &count, &more, error);
        for (size_t i = 0; i < count && result == 0; i++) {
            page.after = rows[i].head.id;
            result = write_bound(moves, &rows[i], error);
        }
    }
    return result;
}

static int write_policy(struct moves *moves, const struct store_head *record, struct error *error)
{
    const struct store_policy *policy = (const struct store_policy *)(const void *)record;
    struct store_policy_version latest = {.number = 0};
    struct buffer *out = &moves->request->out;
    int result = control_get_policy_version(moves->view, moves->organisation, record->id,
                                            policy->latest, &latest, error);
    moves_begin_record(moves, policy->name);
    buffer_append_string(out, ",\"note\":");
    json_write_string(out, policy->note);
    buffer_append_string(out, ",\"document\":");
    json_write_string(out, latest.document);
    buffer_append_string(out, ",\"versions\":[");
    if (result == 0)
        result = write_versions(moves, record->id, error);
    buffer_append_string(out, "]}");
    return result == 0 ? keep_name(moves, record->id, policy->name, error) : result;
}

// ---- Grants

static void write_reach(struct moves *moves, const struct store_reach *reach)
{
    struct buffer *out = &moves->request->out;
    moves_separate(out, "{\"server\":");
    json_write_string(out, *name_of(moves, reach->server));
    buffer_append_string(out, ",\"policy\":");
    if (reach->policy.length == 0) {
        buffer_append_string(out, "null}");
        return;
    }
    json_write_string(out, *name_of(moves, reach->policy));
    buffer_append_string(out, ",\"policy_version\":");
    if (reach->number > 0)
        json_write_integer(out, reach->number);
    else
        buffer_append_string(out, "\"latest\"");
    buffer_append_string(out, "}");
}

static int write_grant(struct moves *moves, const struct store_head *record, struct error *error)
{
    static const struct admin_field members[] = {
        ADMIN_FIELD(grant, "tags", tags, FIELD_STRINGS, FIELD_SHOWN),
        ADMIN_WORDS(grant, "mode", mode, store_mode_words, FIELD_SHOWN),
        ADMIN_FIELD(grant, "expires_at", expires_ms, FIELD_TIME, FIELD_SHOWN)};
    const struct store_grant *grant = (const struct store_grant *)(const void *)record;
    const struct store_page page = {.limit = REACH_MAX};
    const struct store_reach *rows = NULL;
    struct buffer *out = &moves->request->out;
    size_t count = 0;
    if (grant->revoked_ms != 0)
        return 0;
    moves_separate(out, "{\"label\":");
    json_write_string(out, grant->label);
    admin_write_fields(out, members, 3, grant);
    int result = store_list_reach(moves->view, moves->organisation, record->id, &page, &rows,
                                  &count, NULL, error);
    buffer_append_string(out, ",\"servers\":[");
    for (size_t i = 0; i < count && result == 0; i++)
        write_reach(moves, &rows[i]);
    buffer_append_string(out, "]}");
    return result;
}

// ---- All of it

// Bound versions are noted before policies are written, and names before grants use them.
static const struct {
    const char *member;
    enum store_kind kind;
    size_t size;
    moves_cb write;
} parts[] = {
    {"servers", STORE_SERVER, sizeof(struct store_server), write_server},
    {"policies", STORE_POLICY, sizeof(struct store_policy), write_policy},
    {"grants", STORE_GRANT, sizeof(struct store_grant), write_grant},
    {"channels", STORE_CHANNEL, sizeof(struct store_channel), moves_write_channel},
    {"providers", STORE_PROVIDER, sizeof(struct store_provider), moves_write_provider},
    {"overrides", STORE_SERVER, sizeof(struct store_server), moves_write_overrides},
    {"definitions", STORE_SERVER, sizeof(struct store_server), moves_write_definitions},
};
enum { PARTS = sizeof parts / sizeof *parts };

static int write_parts(struct moves *moves, struct error *error)
{
    struct buffer *out = &moves->request->out;
    int result = 0;
    for (size_t i = 0; i < PARTS && result == 0; i++) {
        buffer_append_format(out, "%s\"%s\":[", i == 0 ? "{" : ",", parts[i].member);
        result = moves_each(moves, parts[i].kind, parts[i].size, parts[i].write, error);
        buffer_append_string(out, "]");
    }
    buffer_append_string(out, "}");
    return result;
}

int admin_export(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct moves moves = {
        .request = request, .view = view, .organisation = request->who.organisation};
    static const char *const names[] = {NULL};
    int result = admin_query_only(request, names, error);
    table_init(&moves.kept);
    buffer_init(&moves.differences, 0);
    if (result == 0)
        result = moves_state(&moves, &request->etag, error);
    if (result == 0)
        result = moves_each(&moves, STORE_REACH, sizeof(struct store_reach), note_bound, error);
    if (result == 0)
        result = write_parts(&moves, error);
    table_release(&moves.kept);
    buffer_release(&moves.differences);
    request->status = 200;
    return result;
}
