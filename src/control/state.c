// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "control/control_internal.h"

#include "base/memory.h"

enum { KEY_MEMORY = 4096 };

int control_state_open(struct control_state *state, struct error *error)
{
    static const char nothing[] = "{\"version\":\"1\",\"default\":\"deny\",\"hide\":[\"*\"]}";
    struct policy_problems problems = {0};
    table_init(&state->servers);
    table_init(&state->pins);
    table_init(&state->slots_by_key);
    int result = policy_compile(slice_from_string(nothing), SLICE_LITERAL("(unavailable)"),
                                &state->nothing, &problems);
    policy_problems_release(&problems);
    return result == 0 ? 0 : error_set(error, result, "no memory for a policy");
}

void control_served_clear(struct control_served *served)
{
    control_server_unref(served->server);
    memory_free(served->made_of);
    served->server = NULL;
    served->made_of = NULL;
    served->unusable = served->sealed = false;
}

void control_own_free(struct control_own *own)
{
    control_served_clear(&own->served);
    memory_free(own->served.key);
    memory_free(own->grant);
    memory_free(own);
}

static void free_own_cb(void *argument, struct slice grant, void *own)
{
    (void)argument;
    (void)grant;
    control_own_free(own);
}

static void free_known(struct control_known *known)
{
    control_served_clear(&known->served);
    table_each(&known->own, free_own_cb, NULL);
    table_release(&known->own);
    memory_free(known->served.key);
    memory_free(known->id);
    memory_free(known->name);
    memory_free(known->key);
    memory_free(known->organisation);
    memory_free(known);
}

static void free_known_cb(void *argument, struct slice id, void *known)
{
    (void)argument;
    (void)id;
    free_known(known);
}

void control_state_clear(struct control_state *state)
{
    table_each(&state->servers, free_known_cb, NULL);
    table_release(&state->servers);
    for (size_t i = 0; i < state->slot_count; i++) {
        memory_free(state->slots[i].key);
        policy_unref(state->slots[i].compiled);
    }
    state->slot_count = state->free_slots = state->own_count = 0;
    table_release(&state->slots_by_key);
    control_masks_clear(state);
    control_pins_clear(state);
    identity_table_free(state->grants);
    state->grants = NULL;
}

void control_state_close(struct control_state *state)
{
    control_state_clear(state);
    memory_free(state->slots);
    policy_unref(state->nothing);
    *state = (struct control_state){0};
}

struct control_known *control_state_server(struct control_state *state, struct slice id)
{
    return table_get(&state->servers, id);
}

void control_state_forget_server(struct control_state *state, struct slice id)
{
    struct control_known *known = table_remove(&state->servers, id);
    control_forget_pins(state, id);
    if (known == NULL)
        return;
    state->own_count -= known->own.count;
    free_known(known);
}

static bool room_for_slot(struct control_state *state)
{
    if (state->slot_count < state->slot_capacity)
        return true;
    size_t capacity = state->slot_capacity == 0 ? 64 : state->slot_capacity * 2;
    struct control_slot *slots = memory_try_resize(state->slots, capacity * sizeof *slots);
    if (slots == NULL)
        return false;
    state->slots = slots;
    state->slot_capacity = capacity;
    return true;
}

static size_t free_place(const struct control_state *state)
{
    for (size_t i = 0; i < state->slot_count && state->free_slots > 0; i++)
        if (state->slots[i].key == NULL)
            return i;
    return state->slot_count;
}

int control_state_slot(struct control_state *state, struct slice policy, int64_t number)
{
    struct arena arena;
    arena_init(&arena, KEY_MEMORY);
    struct slice key = arena_format(&arena, "%.*s/%lld", SLICE_PRINT(policy), (long long)number);
    uintptr_t found = key.data == NULL ? 0 : (uintptr_t)table_get(&state->slots_by_key, key);
    size_t place = free_place(state);
    int result = found == 0 ? -1 : (int)(found - 1);
    if (found == 0 && key.data != NULL && place < INT32_MAX && room_for_slot(state)) {
        struct control_slot slot = {.key = memory_copy_string(key.data, key.length),
                                    .id_length = policy.length,
                                    .number = number};
        if (table_put(&state->slots_by_key, slice_from_string(slot.key),
                      (void *)(uintptr_t)(place + 1)) == 0) {
            if (place == state->slot_count)
                state->slot_count++;
            else
                state->free_slots--;
            state->slots[place] = slot;
            result = (int)place;
        } else {
            memory_free(slot.key);
        }
    }
    arena_release(&arena);
    return result;
}

bool control_slot_is_of(const struct control_slot *slot, struct slice policy)
{
    return slot->key != NULL && slice_equal(slice_of(slot->key, slot->id_length), policy);
}

void control_state_free_slot(struct control_state *state, size_t place)
{
    struct control_slot *slot = &state->slots[place];
    table_remove(&state->slots_by_key, slice_from_string(slot->key));
    policy_unref(slot->compiled);
    memory_free(slot->key);
    *slot = (struct control_slot){0};
    state->free_slots++;
}
