// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "control/control_internal.h"

#include "base/log.h"
#include "base/memory.h"

enum { PAGE = 200 };

// What may be there next time is tried again; what is wrong in itself waits for a change.
void control_note_failure(struct control *control, int result)
{
    if (result == ERROR_IO || result == ERROR_NO_MEMORY)
        control->incomplete = true;
}

// ---- Policies

static struct policy *compile(struct control *control, struct store_view *view,
                              const struct store_policy *row, int64_t number)
{
    struct store_policy_version version = {0};
    struct policy_problems problems = {0};
    struct policy *compiled = NULL;
    struct error error = {0};
    int result = control_get_policy_version(view, row->head.organisation, row->head.id, number,
                                            &version, &error);
    if (result == 0)
        result = policy_compile(version.document, row->name, &compiled, &problems);
    control_note_failure(control, result);
    if (result != 0)
        log_event(LOG_ERROR, "control", "policy '%.*s' cannot be used, what needs it is denied: %s",
                  SLICE_PRINT(row->name),
                  problems.count > 0      ? problems.items[0].text
                  : error.text[0] != '\0' ? error.text
                                          : error_text(result));
    policy_problems_release(&problems);
    return result == 0 ? compiled : NULL;
}

void control_fill_slot(struct control *control, struct control_slot *slot, struct store_view *view,
                       const struct store_policy *row)
{
    struct policy *before = slot->compiled;
    slot->compiled = compile(control, view, row, slot->number == 0 ? row->latest : slot->number);
    policy_unref(before);
}

void control_load_policy(struct control *control, struct store_view *view,
                         struct slice organisation, struct slice id)
{
    struct control_state *state = &control->state;
    struct store_policy row = {0};
    struct error error = {0};
    int result = store_get_policy(view, organisation, id, &row, &error);
    control_note_failure(control, result);
    for (size_t i = 0; i < state->slot_count; i++) {
        struct control_slot *slot = &state->slots[i];
        if (!control_slot_is_of(slot, id))
            continue;
        if (result == 0) {
            control_fill_slot(control, slot, view, &row);
        } else if (result == ERROR_NOT_FOUND) { // nothing refers to it any more
            control_state_free_slot(state, i);
        } else {
            policy_unref(slot->compiled);
            slot->compiled = NULL;
        }
    }
}

// ---- Everything, a page at a time so that memory stays small

struct control_walk control_walk_start(size_t limit)
{
    return (struct control_walk){.page = {.limit = limit}, .more = true};
}

void control_walk_on(struct control_walk *walk, const struct store_head *last)
{
    if (last == NULL)
        return;
    size_t length = last->id.length < sizeof walk->after ? last->id.length : sizeof walk->after;
    memcpy(walk->after, last->id.data, length);
    walk->page.after = slice_of(walk->after, length);
}

static int load_servers(struct control *control, struct store_view *view, struct slice organisation,
                        struct error *error)
{
    for (struct control_walk walk = control_walk_start(PAGE); walk.more;) {
        const struct store_server *rows = NULL;
        struct store_organisation owner = {0};
        size_t count = 0;
        int result = store_get_organisation(view, organisation, organisation, &owner, error);
        if (result == 0)
            result = store_list_server(view, organisation, (struct slice){0}, &walk.page, &rows,
                                       &count, &walk.more, error);
        if (result != 0)
            return result;
        for (size_t i = 0; i < count; i++)
            control_load_server_row(control, view, &rows[i], owner.name);
        control_walk_on(&walk, count == 0 ? NULL : &rows[count - 1].head);
        store_forget(view);
    }
    return 0;
}

static int load_grants(struct control *control, struct store_view *view, struct slice organisation,
                       struct error *error)
{
    for (struct control_walk walk = control_walk_start(PAGE); walk.more;) {
        const struct store_grant *rows = NULL;
        size_t count = 0;
        int result = store_list_grant(view, organisation, (struct slice){0}, &walk.page, &rows,
                                      &count, &walk.more, error);
        for (size_t i = 0; result == 0 && i < count; i++)
            if (rows[i].revoked_ms == 0)
                result = control_load_grant_row(control, view, &rows[i], error);
        if (result != 0)
            return result;
        control_walk_on(&walk, count == 0 ? NULL : &rows[count - 1].head);
        store_forget(view);
    }
    return 0;
}

int control_load_organisation(struct control *control, struct store_view *view,
                              struct slice organisation, struct error *error)
{
    int result = control_load_mask(control, view, organisation, error);
    if (result == 0)
        result = load_servers(control, view, organisation, error);
    if (result == 0)
        result = control_load_file_pins(control, view, organisation, error);
    return result == 0 ? load_grants(control, view, organisation, error) : result;
}

int control_load_all(struct control *control, struct store_view *view, struct error *error)
{
    for (struct control_walk walk = control_walk_start(1); walk.more;) {
        const struct store_organisation *rows = NULL;
        size_t count = 0;
        int result = store_list_organisation(view, (struct slice){0}, (struct slice){0}, &walk.page,
                                             &rows, &count, &walk.more, error);
        if (result != 0)
            return result;
        control_walk_on(&walk, count == 0 ? NULL : &rows[0].head);
        store_forget(view);
        if (count > 0)
            result = control_load_organisation(control, view, walk.page.after, error);
        if (result != 0)
            return result;
    }
    return 0;
}
