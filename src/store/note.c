// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The admin audit: one row for each change, written with it or not at all. Its line is JSON in a
// fixed order of members, tied to the line before it; each organisation has a chain of its own.
#include "store/store_internal.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "json/json.h"

#include <inttypes.h>

enum { LINE_MAX_BYTES = 1024 * 1024 };

static void write_text(struct buffer *out, const struct store_column *column, struct slice value)
{
    static const char digits[] = "0123456789abcdef";
    if (column->bulk) {
        buffer_append_format(out, "\"(%zu bytes)\"", value.length);
    } else if (column->kind == COLUMN_BYTES) {
        buffer_append_string(out, "\"");
        for (size_t i = 0; i < value.length; i++) {
            unsigned char byte = (unsigned char)value.data[i];
            char pair[2] = {digits[byte >> 4], digits[byte & 15]};
            buffer_append(out, slice_of(pair, 2));
        }
        buffer_append_string(out, "\"");
    } else {
        json_write_string(out, value);
    }
}

static void write_value(struct buffer *out, const struct store_column *column,
                        const struct store_head *record, bool changed)
{
    int64_t number;
    if (store_is_text(column)) {
        struct slice value = *store_text(record, column);
        if (column->secret && value.length > 0)
            buffer_append_string(out, changed ? "\"(secret, changed)\"" : "\"(secret)\"");
        else
            write_text(out, column, value);
        return;
    }
    number = store_number(record, column);
    if (column->kind == COLUMN_WORD)
        json_write_string(out, slice_from_string(column->words[number]));
    else if (column->kind == COLUMN_FLAG)
        buffer_append_string(out, number != 0 ? "true" : "false");
    else
        json_write_integer(out, number);
}

// Of a change only what differs; `other` is NULL for additions and removals.
static void write_record(struct buffer *out, const char *member, const struct store_table *table,
                         const struct store_head *record, const struct store_head *other)
{
    bool first = true;
    if (record == NULL)
        return;
    buffer_append_format(out, ",\"%s\":{", member);
    for (size_t i = 0; i < table->count; i++) {
        const struct store_column *column = &table->columns[i];
        if (other != NULL && store_same(record, other, column))
            continue;
        buffer_append_string(out, first ? "" : ",");
        json_write_key(out, column->name);
        write_value(out, column, record, other != NULL);
        first = false;
    }
    buffer_append_string(out, "}");
}

static void write_actor(struct buffer *out, const struct store_actor *actor)
{
    buffer_append_format(out,
                         ",\"actor\":{\"kind\":\"%s\",\"id\":", store_actor_words[actor->kind]);
    json_write_string(out, actor->id);
    buffer_append_string(out, ",\"label\":");
    json_write_string(out, actor->label);
    buffer_append_string(out, "},\"address\":");
    json_write_string(out, actor->address);
}

static void write_body(struct buffer *out, const struct store_audit *row,
                       const struct store_actor *actor, const struct store_table *table,
                       const struct store_head *before, const struct store_head *after)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format(row->head.created_ms, time);
    buffer_append_format(out, "{\"time\":\"%s\",\"organisation\":", time);
    json_write_string(out, row->head.organisation);
    write_actor(out, actor);
    buffer_append_string(out, ",\"action\":");
    json_write_string(out, row->action);
    buffer_append_string(out, ",\"object\":");
    json_write_string(out, row->object);
    write_record(out, "before", table, before, after);
    write_record(out, "after", table, after, before);
}

// `state` is that of the row before, then this one's.
static int add_row(struct store_view *view, struct store_audit *row, struct chain_state *state,
                   struct slice body, struct error *error)
{
    struct buffer line;
    buffer_init(&line, 0);
    int result = chain_append(view->hasher, state, body, &line);
    if (line.failed) // it has no cap
        result = ERROR_NO_MEMORY;
    if (result == 0) {
        struct slice whole = buffer_slice(&line);
        row->line = slice_of(whole.data, whole.length - 1); // without its line feed
        row->link = slice_of((const char *)state->link, sizeof state->link);
        result = store_rows_insert(view->connection, STORE_AUDIT, &row->head, error);
    } else {
        error_set(error, result, "a row of the audit cannot be made: %s", error_text(result));
    }
    buffer_release(&line);
    return result;
}

// The row that follows the newest one, but for its line, and where the chain stands before it.
static int next_row(struct store_view *view, struct slice organisation, struct store_audit *ret,
                    struct chain_state *ret_state, struct error *error)
{
    struct store_audit last = {0};
    int result = store_last_audit(view, organisation, &last, error);
    if (result != 0)
        return result;
    int64_t now_ms = clock_wall_ms();
    *ret = (struct store_audit){.head = {.organisation = organisation,
                                         .version = 1,
                                         .created_ms = now_ms,
                                         .changed_ms = now_ms},
                                .sequence = last.sequence + 1};
    ret->head.id = arena_format(&view->arena, "adt_%020" PRId64, ret->sequence);
    if (ret->head.id.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for a row of the audit");
    *ret_state = (struct chain_state){.rows = (uint64_t)last.sequence};
    if (last.link.length == CHAIN_LINK_SIZE)
        memcpy(ret_state->link, last.link.data, CHAIN_LINK_SIZE);
    return 0;
}

int store_note(struct store_view *view, enum store_kind kind, const char *verb,
               const struct store_head *before, const struct store_head *after, int64_t now_ms,
               struct error *error)
{
    const struct store_table *table = &store_tables[kind];
    const struct store_head *subject = after == NULL ? before : after;
    const struct store_actor nobody = {0}, *actor = view->actor == NULL ? &nobody : view->actor;
    struct chain_state state;
    struct store_audit row;
    struct buffer body;
    if (table->quiet || table->unaudited)
        return 0;
    int result = next_row(view, subject->organisation, &row, &state, error);
    if (result != 0)
        return result;
    row.head.created_ms = row.head.changed_ms = now_ms;
    row.actor_kind = actor->kind;
    row.actor = actor->id;
    row.action = arena_format(&view->arena, "%s.%s", table->name, verb);
    row.object = subject->id;
    buffer_init(&body, LINE_MAX_BYTES);
    write_body(&body, &row, actor, table, before, after);
    if (row.action.data == NULL || body.failed)
        result = error_set(error, ERROR_NO_MEMORY, "no memory for a row of the audit");
    else
        result = add_row(view, &row, &state, buffer_slice(&body), error);
    buffer_release(&body);
    return result;
}

int store_last_audit(struct store_view *view, struct slice organisation, struct store_audit *ret,
                     struct error *error)
{
    return store_rows_last_audit(view->connection, organisation, &view->arena, ret, error);
}

int store_add_audit_note(struct store_view *view, struct slice organisation, const char *what,
                         struct slice body, struct error *error)
{
    struct chain_state state;
    struct store_audit row;
    int result = view->changes == NULL
                     ? error_set(error, ERROR_INTERNAL, "a job that reads tried to add a note")
                     : next_row(view, organisation, &row, &state, error);
    if (result != 0)
        return result;
    row.actor_kind = STORE_SYSTEM;
    row.action = arena_format(&view->arena, "audit.%s", what);
    row.object = slice_from_string(what);
    if (row.action.data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for a row of the audit");
    return add_row(view, &row, &state, body, error);
}

int store_add_audit_act(struct store_view *view, struct slice organisation, const char *action,
                        struct slice object, struct slice after, struct error *error)
{
    const struct store_actor nobody = {0}, *actor = view->actor == NULL ? &nobody : view->actor;
    struct chain_state state = {0};
    struct store_audit row = {0};
    struct buffer body;
    int result = view->changes == NULL
                     ? error_set(error, ERROR_INTERNAL, "a job that reads tried to add a row")
                     : next_row(view, organisation, &row, &state, error);
    if (result != 0)
        return result;
    row.actor_kind = actor->kind;
    row.actor = actor->id;
    row.action = slice_from_string(action);
    row.object = object;
    buffer_init(&body, LINE_MAX_BYTES);
    write_body(&body, &row, actor, NULL, NULL, NULL);
    buffer_append_string(&body, ",\"after\":");
    buffer_append(&body, after);
    result = body.failed ? error_set(error, ERROR_NO_MEMORY, "no memory for a row of the audit")
                         : add_row(view, &row, &state, buffer_slice(&body), error);
    buffer_release(&body);
    return result;
}

int store_forget_audit(struct store_view *view, struct slice organisation, int64_t sequence,
                       struct error *error)
{
    return view->changes == NULL
               ? error_set(error, ERROR_INTERNAL, "a job that reads tried to remove rows")
               : store_rows_forget_audit(view->connection, organisation, sequence, error);
}
