// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What organisations want to have logged of arguments.
#include "control/control_internal.h"

#include "base/log.h"
#include "base/memory.h"

static struct policy_mask *compile(struct control *control, const struct store_organisation *row)
{
    struct policy_mask *mask = NULL;
    struct policy_problems problems = {0};
    int result = policy_mask_compile(row->log_arguments, &mask, &problems);
    control_note_failure(control, result);
    if (result != 0)
        log_event(LOG_ERROR, "control",
                  "no arguments of organisation '%.*s' are logged, its rules cannot be used: %s",
                  SLICE_PRINT(row->name),
                  problems.count > 0 ? problems.items[0].text : error_text(result));
    policy_problems_release(&problems);
    return mask;
}

static void free_mask(struct control_mask *mask)
{
    policy_mask_unref(mask->mask);
    memory_free(mask->organisation);
}

static void forget(struct control_state *state, struct slice organisation)
{
    for (size_t i = 0; i < state->mask_count; i++) {
        if (!slice_equal_string(organisation, state->masks[i].organisation))
            continue;
        free_mask(&state->masks[i]);
        state->masks[i] = state->masks[--state->mask_count];
        return;
    }
}

static int add(struct control_state *state, struct slice organisation, struct policy_mask *mask)
{
    struct control_mask *masks =
        memory_try_resize(state->masks, (state->mask_count + 1) * sizeof *masks);
    if (masks == NULL)
        return ERROR_NO_MEMORY;
    state->masks = masks;
    masks[state->mask_count++] = (struct control_mask){
        memory_copy_string(organisation.data, organisation.length), policy_mask_ref(mask)};
    return 0;
}

int control_load_mask(struct control *control, struct store_view *view, struct slice organisation,
                      struct error *error)
{
    struct store_organisation row = {0};
    int result = store_get_organisation(view, organisation, organisation, &row, error);
    forget(&control->state, organisation);
    if (result != 0 || row.log_arguments.length == 0)
        return result == ERROR_NOT_FOUND ? 0 : result;
    struct policy_mask *mask = compile(control, &row);
    if (mask != NULL && add(&control->state, organisation, mask) != 0)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    policy_mask_unref(mask);
    return result;
}

void control_masks_clear(struct control_state *state)
{
    for (size_t i = 0; i < state->mask_count; i++)
        free_mask(&state->masks[i]);
    memory_free(state->masks);
    state->masks = NULL;
    state->mask_count = 0;
}

int control_masks_copy(const struct control_state *state, struct pipeline_mask **ret)
{
    *ret = memory_try_new((state->mask_count + 1) * sizeof **ret);
    if (*ret == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < state->mask_count; i++) {
        const struct control_mask *mask = &state->masks[i];
        size_t length = strlen(mask->organisation);
        (*ret)[i] =
            (struct pipeline_mask){slice_of(memory_copy_string(mask->organisation, length), length),
                                   policy_mask_ref(mask->mask)};
    }
    return 0;
}

void control_masks_free(struct pipeline_mask *masks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        policy_mask_unref(masks[i].mask);
        memory_free((char *)masks[i].organisation.data);
    }
    memory_free(masks);
}
