// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A grant of the database as the data path has it.
#include "control/control_internal.h"

#include "base/log.h"
#include "base/memory.h"

enum { PAGE = 200, TOKENS_MAX = 64, REACH_MAX = 10000 };

static int slot_for(struct control *control, struct store_view *view,
                    const struct store_reach *reach)
{
    struct control_state *state = &control->state;
    struct store_policy row = {0};
    struct error error = {0};
    if (reach->policy.length == 0)
        return -1;
    size_t count = state->slot_count;
    int place = control_state_slot(state, reach->policy, reach->number);
    bool fresh = place >= 0 && ((size_t)place >= count || state->slots[place].compiled == NULL);
    int result =
        fresh ? store_get_policy(view, reach->head.organisation, reach->policy, &row, &error) : 0;
    control_note_failure(control, place < 0 ? ERROR_NO_MEMORY : result);
    if (fresh && result == 0)
        control_fill_slot(control, &state->slots[place], view, &row);
    return place;
}

struct grant_parts {
    struct identity_token tokens[TOKENS_MAX];
    size_t token_count;
    struct identity_reach *reach; // in the view
    size_t reach_count;
    struct slice *tags; // in the view
    size_t tag_count;
};

static int read_tokens(struct store_view *view, const struct store_grant *row,
                       struct grant_parts *parts, struct error *error)
{
    const struct store_grant_token *tokens = NULL;
    // The newest ones, if there are very many.
    const struct store_page page = {.limit = TOKENS_MAX, .newest_first = true};
    int result = store_list_grant_token(view, row->head.organisation, row->head.id, &page, &tokens,
                                        &parts->token_count, NULL, error);
    for (size_t i = 0; result == 0 && i < parts->token_count; i++) {
        memcpy(parts->tokens[i].sha256, tokens[i].token.data, sizeof parts->tokens[i].sha256);
        parts->tokens[i].expires_ms = tokens[i].expires_ms;
    }
    return result;
}

static int add_reach(struct control *control, struct store_view *view,
                     const struct store_reach *rows, size_t count, struct grant_parts *parts,
                     struct error *error)
{
    struct identity_reach *reach =
        arena_take(store_arena(view), (parts->reach_count + count) * sizeof *reach);
    if (reach == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (parts->reach_count > 0)
        memcpy(reach, parts->reach, parts->reach_count * sizeof *reach);
    parts->reach = reach;
    for (size_t i = 0; i < count; i++) {
        const struct control_known *known = control_state_server(&control->state, rows[i].server);
        const struct control_own *own =
            known == NULL ? NULL : table_get(&known->own, rows[i].grant);
        if (known != NULL)
            reach[parts->reach_count++] = (struct identity_reach){
                .server = slice_from_string(own == NULL ? known->key : own->served.key),
                .name = slice_from_string(known->name),
                .id = rows[i].server,
                .policy = slot_for(control, view, &rows[i])};
    }
    return 0;
}

static int read_reach(struct control *control, struct store_view *view,
                      const struct store_grant *row, struct grant_parts *parts, struct error *error)
{
    struct store_page page = {.limit = PAGE};
    bool more = true;
    int result = 0;
    while (result == 0 && more && parts->reach_count < REACH_MAX) {
        const struct store_reach *rows = NULL;
        size_t count = 0;
        result = store_list_reach(view, row->head.organisation, row->head.id, &page, &rows, &count,
                                  &more, error);
        if (result == 0 && count > 0) {
            page.after = rows[count - 1].head.id;
            result = add_reach(control, view, rows, count, parts, error);
        }
    }
    return result;
}

static bool copy_tags(struct store_view *view, const struct json_doc *doc,
                      struct grant_parts *parts)
{
    parts->tags =
        arena_take_zeroed(store_arena(view), (json_at(doc, 0)->count + 1) * sizeof *parts->tags);
    if (parts->tags == NULL)
        return false;
    for (uint32_t item = json_first_element(doc, 0); item != JSON_NONE;
         item = json_next_element(doc, 0, item)) {
        struct slice tag = json_string(doc, item, store_arena(view));
        if (tag.data == NULL)
            return false;
        parts->tags[parts->tag_count++] = tag;
    }
    return true;
}

static int read_tags(struct store_view *view, const struct store_grant *row,
                     struct grant_parts *parts, struct error *error)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = json_scan(&doc, row->tags, NULL, error, NULL);
    if (result == 0 && !copy_tags(view, &doc, parts))
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    json_doc_release(&doc);
    return result;
}

static int put_grant(struct control *control, const struct store_grant *row,
                     const struct grant_parts *parts, struct error *error)
{
    const struct identity_grant grant = {.id = row->head.id,
                                         .organisation = row->head.organisation,
                                         .label = row->label,
                                         .tags = parts->tags,
                                         .tag_count = parts->tag_count,
                                         .reach = parts->reach,
                                         .reach_count = parts->reach_count,
                                         .mode = row->mode == STORE_OBSERVE ? IDENTITY_OBSERVE
                                                                            : IDENTITY_ENFORCE,
                                         .expires_ms = row->expires_ms,
                                         .paused_ms = row->paused_ms,
                                         .paused_why = row->paused_why};
    struct identity_entry *entry = identity_entry_new(&grant, parts->tokens, parts->token_count);
    if (entry == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    const struct identity_entry *before = identity_table_get(control->state.grants, row->head.id);
    int64_t used_ms = before == NULL ? 0 : identity_entry_used_ms(before);
    identity_entry_set_used(entry, used_ms > row->used_ms ? used_ms : row->used_ms);
    int result = identity_table_put(control->state.grants, entry, error);
    identity_entry_unref(entry);
    return result;
}

int control_load_grant_row(struct control *control, struct store_view *view,
                           const struct store_grant *row, struct error *error)
{
    struct grant_parts parts = {.token_count = 0};
    int result = read_tokens(view, row, &parts, error);
    if (result == 0)
        result = read_reach(control, view, row, &parts, error);
    if (result == 0)
        result = read_tags(view, row, &parts, error);
    if (result == 0)
        result = put_grant(control, row, &parts, error);
    return result;
}

void control_load_grant(struct control *control, struct store_view *view, struct slice organisation,
                        struct slice id)
{
    struct store_grant row = {.revoked_ms = 0};
    struct error error = {0};
    int result = store_get_grant(view, organisation, id, &row, &error);
    if (result == 0 && row.revoked_ms == 0)
        result = control_load_grant_row(control, view, &row, &error);
    else if (result == 0)
        result = ERROR_NOT_FOUND;
    if (result == 0)
        return;
    identity_table_remove(control->state.grants, id);
    if (result == ERROR_NOT_FOUND && row.revoked_ms == 0)
        control_forget_owns(control, id);
    control_note_failure(control, result);
    if (result != ERROR_NOT_FOUND)
        log_event(LOG_ERROR, "control", "a grant cannot be read and is refused: %s", error.text);
}
