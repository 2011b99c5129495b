// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What records say of the tools of servers: overrides, and definitions that somebody looked at or
// that wait for it.
#include "control/control_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/walk.h"

enum { PAGE = 500 };
static const struct slice prefix = {CONTROL_FILE_PREFIX, sizeof CONTROL_FILE_PREFIX - 1};
static const struct slice file_owner = {"default", 7};

// ---- Reading a server's records

struct filling {
    struct store_view *view;
    struct slice organisation, server;
    struct filter_pins *pins;
    size_t count; // records
};

// What is beyond a bound is left out: a tool that is not accepted is denied, and one without an
// override keeps its own category.
static int note(struct filling *filling, int result)
{
    filling->count++;
    return result == ERROR_LIMIT ? 0 : result;
}

static const unsigned char *print_of(struct slice print)
{
    return (const unsigned char *)print.data;
}

static int add_override(struct filling *filling, const void *row)
{
    const struct store_override *override = row;
    return note(filling, filter_pins_override(filling->pins, override->tool,
                                              (enum catalogue_category) override->category));
}

static int add_definition(struct filling *filling, const void *row)
{
    const struct store_definition *definition = row;
    filter_pins_settle(filling->pins);
    return note(filling, definition->state == STORE_ACCEPTED
                             ? filter_pins_accept(filling->pins, definition->tool,
                                                  print_of(definition->print))
                             : 0);
}

static int add_sighting(struct filling *filling, const void *row)
{
    const struct store_sighting *sighting = row;
    return note(filling,
                filter_pins_wait(filling->pins, sighting->tool, print_of(sighting->print)));
}

static const struct {
    enum store_kind kind;
    int (*add)(struct filling *filling, const void *row);
} kinds[] = {
    {STORE_OVERRIDE, add_override},
    {STORE_DEFINITION, add_definition},
    {STORE_SIGHTING, add_sighting},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

// The arena is not forgotten: a server's row that somebody still looks at may be in it.
static int fill_of_kind(struct filling *filling, size_t kind, struct error *error)
{
    struct store_walk walk = store_walk_over(kinds[kind].kind, filling->organisation, PAGE);
    int result = 0;
    walk.parent = filling->server;
    walk.keeps = true;
    while (store_walk_next(&walk, filling->view, &result, error))
        result = kinds[kind].add(filling, walk.row);
    return result;
}

static int keep(struct control_state *state, struct slice id, struct slice key,
                struct filter_pins *pins)
{
    struct control_pins *kept = memory_new(sizeof *kept);
    kept->id = memory_copy_string(id.data, id.length);
    kept->key = memory_copy_string(key.data, key.length);
    kept->pins = filter_pins_ref(pins);
    if (table_put(&state->pins, slice_from_string(kept->id), kept) == 0)
        return 0;
    filter_pins_unref(kept->pins);
    memory_free(kept->id);
    memory_free(kept->key);
    memory_free(kept);
    return ERROR_NO_MEMORY;
}

void control_load_pins(struct control *control, struct store_view *view, struct slice organisation,
                       struct slice id, struct slice key)
{
    struct filling filling = {view, organisation, id, filter_pins_new(FILTER_PINNING_OFF), 0};
    struct error error = {0};
    int result = 0;
    for (size_t i = 0; i < KINDS && result == 0; i++)
        result = fill_of_kind(&filling, i, &error);
    control_forget_pins(&control->state, id);
    if (result != 0) { // settled and empty: nothing of it is accepted
        filter_pins_unref(filling.pins);
        filling.pins = filter_pins_new(FILTER_PINNING_OFF);
        filter_pins_settle(filling.pins);
        control_note_failure(control, result);
        log_event(LOG_ERROR, "control",
                  "what is decided about the tools of '%.*s' cannot be read: %s", SLICE_PRINT(key),
                  error.text);
    }
    if ((result != 0 || filling.count > 0) && keep(&control->state, id, key, filling.pins) != 0)
        control_note_failure(control, ERROR_NO_MEMORY);
    filter_pins_unref(filling.pins);
}

static void free_pins_cb(void *argument, struct slice id, void *value)
{
    (void)argument;
    (void)id;
    struct control_pins *kept = value;
    filter_pins_unref(kept->pins);
    memory_free(kept->id);
    memory_free(kept->key);
    memory_free(kept);
}

void control_forget_pins(struct control_state *state, struct slice id)
{
    struct control_pins *kept = table_remove(&state->pins, id);
    if (kept != NULL)
        free_pins_cb(NULL, id, kept);
}

void control_pins_clear(struct control_state *state)
{
    table_each(&state->pins, free_pins_cb, NULL);
    table_release(&state->pins);
}

// ---- Servers of the configuration file

void control_load_tools(struct control *control, struct store_view *view, struct slice organisation,
                        struct slice id)
{
    const struct control_known *known = control_state_server(&control->state, id);
    if (slice_starts_with(id, prefix))
        control_load_pins(control, view, organisation, id,
                          slice_of(id.data + prefix.length, id.length - prefix.length));
    else if (known != NULL)
        control_load_pins(control, view, organisation, id, slice_from_string(known->key));
}

static void load_if_of_file(struct control *control, struct store_view *view,
                            struct slice organisation, struct slice id)
{
    if (slice_starts_with(id, prefix))
        control_load_tools(control, view, organisation, id);
}

static int load_file_pins_of(struct control *control, struct store_view *view,
                             struct slice organisation, size_t kind, struct error *error)
{
    struct store_walk walk = store_walk_over(kinds[kind].kind, organisation, PAGE);
    int result = 0;
    while (store_walk_next(&walk, view, &result, error)) {
        const struct store_override *any = walk.row; // the three kinds begin alike
        if (table_get(&control->state.pins, any->server) == NULL)
            load_if_of_file(control, view, organisation, any->server);
    }
    return result;
}

int control_load_file_pins(struct control *control, struct store_view *view,
                           struct slice organisation, struct error *error)
{
    struct store_organisation owner = {0};
    int result = store_get_organisation(view, organisation, organisation, &owner, error);
    if (result != 0 || !slice_equal(owner.name, file_owner))
        return result;
    for (size_t i = 0; i < KINDS && result == 0; i++)
        result = load_file_pins_of(control, view, organisation, i, error);
    return result;
}

// ---- For rules

struct copying {
    const struct control_state *state;
    struct control_pins_view *pins;
    size_t count, waiting;
};

static void add_view(struct copying *copying, const char *key, struct filter_pins *said,
                     struct filter_pins *kept)
{
    size_t length = strlen(key);
    copying->pins[copying->count++] = (struct control_pins_view){
        slice_of(memory_copy_string(key, length), length),
        said == NULL ? NULL : filter_pins_ref(said), kept == NULL ? NULL : filter_pins_ref(kept)};
    copying->waiting += filter_pins_waiting(kept);
}

static void find_made_cb(void *argument, struct slice grant, void *value)
{
    (void)grant;
    const struct control_server **made = argument;
    const struct control_own *own = value;
    if (*made == NULL)
        *made = own->served.server;
}

static void copy_server_cb(void *argument, struct slice id, void *value)
{
    struct copying *copying = argument;
    const struct control_known *known = value;
    const struct control_pins *kept = table_get(&copying->state->pins, id);
    const struct control_server *server = known->served.server;
    table_each(&known->own, find_made_cb, &server); // those of grants have the same settings
    struct filter_pins *said = server == NULL ? NULL : server->config->pins[0];
    if (said != NULL || kept != NULL)
        add_view(copying, known->key, said, kept == NULL ? NULL : kept->pins);
}

static void copy_file_cb(void *argument, struct slice id, void *value)
{
    const struct control_pins *kept = value;
    if (slice_starts_with(id, prefix))
        add_view(argument, kept->key, NULL, kept->pins);
}

int control_pins_copy(const struct control_state *state, struct control_pins_view **ret,
                      size_t *ret_count, size_t *ret_waiting)
{
    size_t most = state->servers.count + state->pins.count;
    struct copying copying = {.state = state,
                              .pins = memory_try_new((most + 1) * sizeof *copying.pins)};
    if (copying.pins == NULL)
        return ERROR_NO_MEMORY;
    table_each(&state->servers, copy_server_cb, &copying);
    table_each(&state->pins, copy_file_cb, &copying);
    *ret = copying.pins;
    *ret_count = copying.count;
    *ret_waiting = copying.waiting;
    return 0;
}

void control_pins_free(struct control_pins_view *pins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        filter_pins_unref(pins[i].said);
        filter_pins_unref(pins[i].kept);
        memory_free((char *)(uintptr_t)pins[i].server.data);
    }
    memory_free(pins);
}
