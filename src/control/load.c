// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "control/control_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/walk.h"

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

// ---- Everything

static int load_servers_of(struct control *control, struct store_view *view,
                           struct slice organisation, struct slice name, struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_SERVER, organisation, PAGE);
    int result = 0;
    while (store_walk_next(&walk, view, &result, error))
        control_load_server_row(control, view, walk.row, name);
    return result;
}

static int load_servers(struct control *control, struct store_view *view, struct slice organisation,
                        struct error *error)
{
    struct store_organisation owner = {0};
    int result = store_get_organisation(view, organisation, organisation, &owner, error);
    if (result != 0)
        return result;
    char *name = memory_copy_string(owner.name.data, owner.name.length); // the walk frees the row
    result = load_servers_of(control, view, organisation, slice_from_string(name), error);
    memory_free(name);
    return result;
}

static int load_grants(struct control *control, struct store_view *view, struct slice organisation,
                       struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_GRANT, organisation, PAGE);
    int result = 0;
    while (store_walk_next(&walk, view, &result, error)) {
        const struct store_grant *row = walk.row;
        if (row->revoked_ms == 0)
            result = control_load_grant_row(control, view, row, error);
    }
    return result;
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
    struct store_walk walk = store_walk_organisations();
    int result = control_load_retention(control, view, error);
    while (store_walk_next(&walk, view, &result, error))
        result = control_load_organisation(control, view, walk.id, error);
    return result;
}
