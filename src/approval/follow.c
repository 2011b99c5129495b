// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From the database to the desk: what is open at the start, and what changes.
#include "approval/approval_internal.h"

#include "base/log.h"
#include "store/walk.h"

enum { PAGE = 200 };

static int add_entry(struct approval_desk *desk, const struct store_question *row)
{
    struct arena arena;
    char id[APPROVAL_ID_SIZE];
    arena_init(&arena, 64 * 1024);
    struct slice key =
        approval_key(&arena, row->head.organisation, row->print, row->policy, row->policy_version);
    bool known = key.data != NULL && table_get(&desk->by_key, key) != NULL; // it is being made
    struct approval_entry *entry =
        known || key.data == NULL
            ? NULL
            : approval_entry_new(desk, key, row->head.organisation, row->grant);
    arena_release(&arena);
    if (entry == NULL)
        return known ? 0 : ERROR_NO_MEMORY;
    approval_copy_id(id, row->head.id);
    entry->making = false;
    entry->delivered = true;
    entry->expires_ms = row->expires_ms;
    entry->deadline_us = approval_deadline_us(desk, row->head.created_ms, row->expires_ms);
    int result = approval_entry_name(desk, entry, id);
    if (result != 0)
        approval_entry_unlist(desk, entry);
    else
        entry->state = row->state;
    approval_entry_settle(desk, entry);
    return result;
}

// ---- The start

static int load_questions(struct approval_desk *desk, struct store_view *view,
                          struct slice organisation, struct error *error)
{
    char after[APPROVAL_ID_SIZE] = "";
    bool more = true;
    while (more) {
        const struct store_page page = {.after = slice_from_string(after), .limit = PAGE};
        const struct store_question *rows = NULL;
        size_t count = 0;
        int result =
            store_list_open_questions(view, organisation, &page, &rows, &count, &more, error);
        for (size_t i = 0; i < count && result == 0; i++)
            result = add_entry(desk, &rows[i]);
        if (result != 0)
            return result;
        if (count > 0)
            approval_copy_id(after, rows[count - 1].head.id);
    }
    return 0;
}

static int load_exceptions(struct approval_desk *desk, struct store_view *view,
                           struct slice organisation, struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_EXCEPTION, organisation, PAGE);
    int result = 0;
    while (store_walk_next(&walk, view, &result, error)) {
        const struct store_exception *row = walk.row;
        if (row->expires_ms > approval_wall_ms(desk))
            result = approval_pass_note(desk, row);
    }
    return result;
}

static int load_organisation(struct approval_desk *desk, struct store_view *view,
                             const struct store_walk *at, struct error *error)
{
    const struct store_organisation *row = at->row;
    if (slice_equal_string(row->name, "default"))
        approval_copy_id(desk->owner, at->id);
    int result = load_questions(desk, view, at->id, error);
    return result == 0 ? load_exceptions(desk, view, at->id, error) : result;
}

int approval_desk_load(struct approval_desk *desk, struct store_view *view, struct error *error)
{
    struct store_walk walk = store_walk_organisations();
    int result = 0;
    pthread_mutex_lock(&desk->lock);
    while (store_walk_next(&walk, view, &result, error))
        result = load_organisation(desk, view, &walk, error);
    pthread_mutex_unlock(&desk->lock);
    return result == ERROR_NO_MEMORY ? error_set(error, result, "no memory for open questions")
                                     : result;
}

// ---- What changes

static void follow_question(struct approval_desk *desk, struct store_view *view,
                            const struct store_change *change)
{
    struct store_question row = {.state = STORE_ASKED};
    struct error error = {0};
    if (change->removed)
        return;
    int result = store_get_question(view, change->organisation, change->id, &row, &error);
    pthread_mutex_lock(&desk->lock);
    struct approval_entry *entry = table_get(&desk->by_id, change->id);
    if (result != 0 && result != ERROR_NOT_FOUND && entry != NULL)
        entry->stale = true;
    if (result == 0 && entry == NULL && approval_is_open(row.state)) {
        result = add_entry(desk, &row);
    } else if (result == 0 && entry != NULL) {
        bool open = approval_is_open(row.state);
        entry->unwritten = entry->unwritten && open;
        if (!entry->unwritten)
            approval_entry_turn(desk, entry, row.state);
    }
    pthread_mutex_unlock(&desk->lock);
    if (result != 0 && result != ERROR_NOT_FOUND)
        log_event(LOG_ERROR, "approval", "a question cannot be read: %s", error.text);
}

static void follow_exception(struct approval_desk *desk, struct store_view *view,
                             const struct store_change *change)
{
    struct store_exception row = {.uses = 0};
    struct error error = {0};
    int result = change->removed
                     ? ERROR_NOT_FOUND
                     : store_get_exception(view, change->organisation, change->id, &row, &error);
    pthread_mutex_lock(&desk->lock);
    if (result == 0)
        result = approval_pass_note(desk, &row);
    struct approval_pass *pass = result == 0 ? NULL : approval_pass_of_id(desk, change->id);
    if (pass != NULL) // what cannot be followed is no exception
        approval_pass_forget(desk, pass);
    pthread_mutex_unlock(&desk->lock);
    if (result != 0 && result != ERROR_NOT_FOUND)
        log_event(LOG_ERROR, "approval", "an exception cannot be read: %s", error.text);
}

void approval_desk_committed(struct approval_desk *desk, struct store_view *view,
                             const struct store_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind == STORE_QUESTION)
            follow_question(desk, view, &changes[i]);
        else if (changes[i].kind == STORE_EXCEPTION)
            follow_exception(desk, view, &changes[i]);
        else
            continue;
        store_forget(view);
    }
}
