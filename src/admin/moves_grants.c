// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Grants move without their tokens: whoever takes one over gets a new one, once.
#include "admin/moves_internal.h"

#include "base/clock.h"
#include "base/memory.h"

static const struct admin_field fields[] = {
    ADMIN_FIELD(grant, "label", label, FIELD_TEXT, FIELD_GIVEN | FIELD_NEEDED),
    ADMIN_FIELD(grant, "tags", tags, FIELD_STRINGS, FIELD_GIVEN),
    ADMIN_WORDS(grant, "mode", mode, store_mode_words, FIELD_GIVEN),
    ADMIN_FIELD(grant, "expires_at", expires_ms, FIELD_TIME, FIELD_GIVEN),
    {"servers", 0, NULL, FIELD_ANY, FIELD_GIVEN | FIELD_NEEDED},
};
enum { FIELDS = sizeof fields / sizeof *fields };

// ---- What differs

static bool reaches(const struct store_reach *row, const struct control_reach *reach, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(reach[i].server, row->server))
            return slice_equal(reach[i].policy, row->policy) && reach[i].number == row->number;
    return false;
}

// "files=careful@2" for each, as the command line has it.
static int write_reach(struct moves *moves, struct slice server, struct slice policy,
                       int64_t number, struct buffer *out, struct error *error)
{
    struct store_server to = {.transport = STORE_HTTP};
    struct store_policy under = {.latest = 0};
    int result = store_get_server(moves->view, moves->organisation, server, &to, error);
    if (result == 0 && policy.length > 0)
        result = store_get_policy(moves->view, moves->organisation, policy, &under, error);
    buffer_append_format(out, "%s\"%.*s", out->length == 0 ? "[" : ",", SLICE_PRINT(to.name));
    if (policy.length > 0)
        buffer_append_format(out, "=%.*s", SLICE_PRINT(under.name));
    if (number > 0)
        buffer_append_format(out, "@%lld", (long long)number);
    buffer_append_string(out, "\"");
    return result;
}

static void end_reach(struct buffer *out)
{
    buffer_append_string(out, out->length == 0 ? "[]" : "]");
}

static int compare_reach(struct moves *moves, const struct store_grant *grant,
                         const struct control_reach *reach, size_t count, bool *ret_differs,
                         struct error *error)
{
    const struct store_page page = {.limit = REACH_MAX};
    const struct store_reach *rows = NULL;
    struct buffer from, to;
    size_t there = 0;
    int result = store_list_reach(moves->view, moves->organisation, grant->head.id, &page, &rows,
                                  &there, NULL, error);
    *ret_differs = there != count;
    for (size_t i = 0; i < there && result == 0; i++)
        *ret_differs = *ret_differs || !reaches(&rows[i], reach, count);
    if (result != 0 || !*ret_differs)
        return result;
    buffer_init(&from, 0);
    buffer_init(&to, 0);
    for (size_t i = 0; i < there && result == 0; i++)
        result = write_reach(moves, rows[i].server, rows[i].policy, rows[i].number, &from, error);
    for (size_t i = 0; i < count && result == 0; i++)
        result = write_reach(moves, reach[i].server, reach[i].policy, reach[i].number, &to, error);
    end_reach(&from);
    end_reach(&to);
    moves_differ(moves, "servers", buffer_slice(&from), buffer_slice(&to));
    moves->differences.failed = moves->differences.failed || from.failed || to.failed;
    buffer_release(&from);
    buffer_release(&to);
    return result;
}

static struct slice time_text(int64_t ms, char text[CLOCK_TEXT_SIZE])
{
    if (ms == 0)
        return SLICE_LITERAL("never");
    clock_format(ms, text);
    return slice_from_string(text);
}

static void compare(struct moves *moves, const struct store_grant *before,
                    const struct store_grant *grant)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
    struct slice tags = before->tags.length == 0 ? SLICE_LITERAL("[]") : before->tags;
    if (!moves_same_json(tags, grant->tags))
        moves_differ(moves, "tags", tags, grant->tags);
    moves_differ_text(moves, "mode", slice_from_string(store_mode_words[before->mode]),
                      slice_from_string(store_mode_words[grant->mode]));
    moves_differ_text(moves, "expires_at", time_text(before->expires_ms, from),
                      time_text(grant->expires_ms, to));
}

// ---- Changing

static void note_token(struct moves *moves, struct slice label, char token[IDENTITY_TOKEN_SIZE])
{
    struct buffer *out = &moves->tokens, row;
    buffer_init(&row, 0);
    json_write_string(&row, label);
    // Growing would leave a copy behind: the old bytes move into new ones here.
    if (buffer_capacity_with(out, row.length + 128) > out->capacity) {
        struct buffer larger;
        buffer_init(&larger, 0);
        buffer_reserve(&larger, 2 * (out->length + row.length) + 4096);
        buffer_append(&larger, buffer_slice(out));
        larger.failed = larger.failed || out->failed;
        buffer_wipe(out);
        *out = larger;
    }
    buffer_append_string(out, out->length == 0 ? "{\"grant\":" : ",{\"grant\":");
    buffer_append(out, buffer_slice(&row));
    buffer_append_string(out, ",\"token\":\"");
    buffer_append_string(out, token);
    buffer_append_string(out, "\"}");
    out->failed = out->failed || row.failed;
    memory_wipe(token, IDENTITY_TOKEN_SIZE);
    buffer_release(&row);
}

static int add_grant(struct moves *moves, struct store_grant *grant,
                     const struct control_reach *reach, size_t count, struct error *error)
{
    const struct control_who who = admin_control_who(moves->request);
    char token[IDENTITY_TOKEN_SIZE];
    int result = control_find_maker(moves->view, &who, &grant->owner, error);
    if (result == 0)
        result = control_add_grant(moves->view, grant, reach, count, token, error);
    if (result == 0)
        note_token(moves, grant->label, token);
    return result;
}

static int change_grant(struct moves *moves, const struct store_grant *before,
                        struct store_grant *grant, const struct control_reach *reach, size_t count,
                        struct error *error)
{
    bool elsewhere = false;
    compare(moves, before, grant);
    int result = compare_reach(moves, before, reach, count, &elsewhere, error);
    if (result != 0 || moves->differences.length == 0)
        return result;
    return elsewhere ? control_change_grant(moves->view, grant, reach, count, error)
                     : store_change_grant(moves->view, grant, error);
}

static int read_grant(struct moves *moves, uint32_t object, struct store_grant *ret,
                      struct control_reach **ret_reach, size_t *ret_count, struct error *error)
{
    *ret = (struct store_grant){.tags = SLICE_LITERAL("[]"), .mode = STORE_ENFORCE};
    int result = admin_read_fields(moves->request, object, fields, FIELDS, true, ret, error);
    if (result == 0)
        result = moves_compact(moves, &ret->tags, error);
    return result == 0
               ? admin_read_reach(moves->request, moves->view, object, ret_reach, ret_count, error)
               : result;
}

static int take_grant(struct moves *moves, uint32_t object, struct error *error)
{
    struct store_grant before = {.mode = STORE_ENFORCE}, grant;
    struct control_reach *reach = NULL;
    size_t count = 0;
    int result = read_grant(moves, object, &grant, &reach, &count, error);
    if (result != 0)
        return result;
    result =
        store_find_grant(moves->view, moves->organisation, "label", grant.label, &before, error);
    bool added = result == ERROR_NOT_FOUND;
    if (result == 0 && before.revoked_ms != 0)
        return admin_fault(moves->request, "label", object, error,
                           "is that of a revoked grant; remove that one first, or take another");
    if (result == 0) {
        grant.head = before.head;
        grant.used_ms = before.used_ms;
    }
    grant.head.organisation = moves->organisation;
    if (added)
        result = add_grant(moves, &grant, reach, count, error);
    else if (result == 0)
        result = change_grant(moves, &before, &grant, reach, count, error);
    if (result == 0)
        result = moves_keep(moves, grant.head.id, object, error);
    if (result == 0)
        moves_note_made(moves, added, "grant", grant.label);
    return result;
}

static int drop_grant(struct moves *moves, const struct store_head *record, struct error *error)
{
    const struct store_grant *grant = (const struct store_grant *)(const void *)record;
    if (table_get(&moves->kept, record->id) != NULL)
        return 0;
    moves_change(moves, "remove", "grant", grant->label,
                 grant->revoked_ms != 0 ? "it was revoked" : "nothing that was given names it");
    return store_remove(moves->view, STORE_GRANT, moves->organisation, record->id, 0, error);
}

int moves_grants(struct moves *moves, uint32_t array, struct error *error)
{
    return array == JSON_NONE
               ? moves_each(moves, STORE_GRANT, sizeof(struct store_grant), drop_grant, error)
               : moves_items(moves, array, take_grant, error);
}
