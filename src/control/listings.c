// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What servers list, on its way into the catalogue: a bounded queue, and a thread that empties it.
// Nobody who serves calls waits for it; what there was no room for is told again.
#include "control/control_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "inventory/inventory.h"

enum {
    QUEUE_BYTES_MAX = 64 * 1024 * 1024,
    WORK_MEMORY_MAX = 64 * 1024 * 1024, // rows of one server
    KEEP_TRIES = 3,
};

struct listing {
    struct list link;
    struct slice server, tools; // behind the struct; tools empty: only its overrides changed
    bool complete;
    char bytes[];
};

void control_filler_open(struct control_filler *filler)
{
    pthread_mutex_init(&filler->lock, NULL);
    pthread_cond_init(&filler->filled, NULL);
    list_init(&filler->waiting);
}

void control_filler_stop(struct control_filler *filler)
{
    pthread_mutex_lock(&filler->lock);
    bool started = filler->started;
    filler->ending = true;
    filler->started = false;
    pthread_cond_signal(&filler->filled);
    pthread_mutex_unlock(&filler->lock);
    if (started)
        pthread_join(filler->thread, NULL);
}

void control_filler_close(struct control_filler *filler)
{
    LIST_EACH(&filler->waiting, link)
    {
        list_remove(link);
        memory_free(LIST_ENTRY(link, struct listing, link));
    }
    inventory_close(filler->inventory);
    pthread_cond_destroy(&filler->filled);
    pthread_mutex_destroy(&filler->lock);
}

// ---- The queue

static struct listing *copy_of(const struct pipeline_listing *given)
{
    size_t name = given->server.length, tools = given->tools.length;
    struct listing *listing = memory_try_new(sizeof *listing + name + tools);
    if (listing == NULL)
        return NULL;
    memcpy(listing->bytes, given->server.data, name);
    if (tools > 0)
        memcpy(listing->bytes + name, given->tools.data, tools);
    listing->server = slice_of(listing->bytes, name);
    listing->tools = slice_of(listing->bytes + name, tools);
    listing->complete = given->complete;
    return listing;
}

static size_t size_of(const struct listing *listing)
{
    return sizeof *listing + listing->server.length + listing->tools.length;
}

bool control_listed(void *argument, const struct pipeline_listing *given)
{
    struct control *control = argument;
    struct control_filler *filler = &control->filler;
    size_t size = sizeof(struct listing) + given->server.length + given->tools.length;
    pthread_mutex_lock(&filler->lock);
    struct listing *listing =
        filler->started && size <= QUEUE_BYTES_MAX - filler->bytes ? copy_of(given) : NULL;
    if (listing != NULL) {
        filler->bytes += size;
        list_append(&filler->waiting, &listing->link);
        pthread_cond_signal(&filler->filled);
    }
    pthread_mutex_unlock(&filler->lock);
    if (listing == NULL)
        atomic_fetch_add(&filler->refused, 1);
    return listing != NULL;
}

void control_tell_overrides(struct control *control, struct slice key)
{
    const struct pipeline_listing none = {.server = key};
    (void)control_listed(control, &none); // else with the server's next list
}

struct control_filling control_filling(struct control *control)
{
    const struct control_filler *filler = &control->filler;
    return (struct control_filling){atomic_load(&filler->taken), atomic_load(&filler->refused),
                                    atomic_load(&filler->failing)};
}

// NULL: the end.
static struct listing *next_of(struct control_filler *filler)
{
    struct listing *listing = NULL;
    pthread_mutex_lock(&filler->lock);
    while (list_empty(&filler->waiting) && !filler->ending)
        pthread_cond_wait(&filler->filled, &filler->lock);
    if (!filler->ending) {
        listing = LIST_ENTRY(filler->waiting.next, struct listing, link);
        list_remove(&listing->link);
    }
    pthread_mutex_unlock(&filler->lock);
    return listing;
}

static void free_listing(struct control_filler *filler, struct listing *listing)
{
    pthread_mutex_lock(&filler->lock);
    filler->bytes -= size_of(listing);
    pthread_mutex_unlock(&filler->lock);
    memory_free(listing);
}

// ---- The thread

// Whose a server is: the organisation in its key, or the one that what the file declares belongs
// to.
struct owner {
    struct slice name;
    char id[64];
};

static int find_owner(void *argument, struct store_view *view, struct error *error)
{
    struct owner *owner = argument;
    struct store_organisation row = {.commands_allowed = false};
    int result = store_find_organisation(view, (struct slice){0}, "name", owner->name, &row, error);
    if (result == 0 && row.head.id.length < sizeof owner->id)
        memcpy(owner->id, row.head.id.data, row.head.id.length);
    return result;
}

struct telling {
    struct inventory *inventory;
    struct slice organisation, server;
    struct error *error;
    int result;
};

static void override_cb(void *argument, struct slice tool, enum catalogue_category category)
{
    struct telling *telling = argument;
    int result = telling->result;
    if (result == 0)
        result = inventory_override(telling->inventory, telling->organisation, telling->server,
                                    tool, category, telling->error);
    telling->result = result == ERROR_NOT_FOUND ? 0 : result; // it has no such tool (yet)
}

static bool is_overridden(const struct control_pins_view *pins, struct slice tool)
{
    enum catalogue_category category;
    return pins != NULL && (filter_pins_category(pins->kept, tool, &category) ||
                            filter_pins_category(pins->said, tool, &category));
}

// What is not overridden any more goes back to what its definition says.
static int take_back(struct telling *telling, const struct control_pins_view *pins)
{
    struct inventory_server server;
    struct inventory_rows rows = {.count = 0};
    struct arena arena;
    arena_init(&arena, WORK_MEMORY_MAX);
    int result = inventory_get_server(telling->inventory, telling->organisation, telling->server,
                                      &arena, &server, telling->error);
    if (result == 0 && slice_equal(server.organisation, telling->organisation))
        result = inventory_get_tools(telling->inventory, &server, &arena, &rows, telling->error);
    for (size_t i = 0; result == 0 && i < rows.count; i++)
        if (rows.items[i].overridden && !is_overridden(pins, rows.items[i].name))
            result = inventory_override(telling->inventory, telling->organisation, telling->server,
                                        rows.items[i].name, CATALOGUE_UNKNOWN, telling->error);
    arena_release(&arena);
    return result == ERROR_NOT_FOUND ? 0 : result;
}

static int tell_all(struct control *control, struct slice key, struct telling *telling)
{
    struct control_rules *rules = control_rules(control);
    const struct control_view *view = control_rules_view(rules);
    const struct control_pins_view *pins = NULL;
    for (size_t i = 0; i < view->pin_count; i++)
        if (slice_equal(view->pins[i].server, key))
            pins = &view->pins[i];
    telling->result = take_back(telling, pins);
    filter_pins_each_override(pins == NULL ? NULL : pins->said, override_cb, telling);
    filter_pins_each_override(pins == NULL ? NULL : pins->kept, override_cb, telling);
    control_rules_unref(rules);
    return telling->result;
}

static int take(struct control *control, struct inventory **inventory,
                const struct pipeline_listing *listing, struct error *error)
{
    struct slice key = listing->server;
    const char *slash = memchr(key.data, '/', key.length);
    struct owner owner = {.name = SLICE_LITERAL("default")};
    if (slash != NULL)
        owner.name = slice_of(key.data, (size_t)(slash - key.data));
    int result = store_run(control->records, STORE_READ, NULL, find_owner, &owner, error);
    if (result == 0 && *inventory == NULL)
        result = inventory_open(control->folder, true, inventory, error);
    struct telling telling = {*inventory, slice_from_string(owner.id), key, error, 0};
    if (slash != NULL)
        telling.server = slice_of(slash + 1, key.length - owner.name.length - 1);
    const struct inventory_list list = {.organisation = telling.organisation,
                                        .server = telling.server,
                                        .title = {"", 0},
                                        .source = SLICE_LITERAL("gateway"),
                                        .tools = listing->tools,
                                        .complete = listing->complete,
                                        .now_ms = clock_wall_ms()};
    struct inventory_taken taken;
    if (result == 0 && listing->tools.length > 0)
        result = inventory_take(*inventory, &list, NULL, &taken, error);
    return result == 0 ? tell_all(control, key, &telling) : result;
}

int control_keep_listing(struct control *control, const struct pipeline_listing *listing,
                         struct error *error)
{
    struct inventory *inventory = NULL; // of its own: the thread's is the thread's
    int result = take(control, &inventory, listing, error);
    // On a slow disk others may be longer at it than one waits for them.
    for (int tries = 1; tries < KEEP_TRIES && result == ERROR_IO; tries++)
        result = take(control, &inventory, listing, error);
    inventory_close(inventory);
    return result;
}

static void *fill(void *argument)
{
    struct control *control = argument;
    struct control_filler *filler = &control->filler;
    struct listing *listing;
    thread_stand_back();
    while ((listing = next_of(filler)) != NULL) {
        struct error error = {0};
        const struct pipeline_listing given = {listing->server, listing->tools, listing->complete};
        int result = take(control, &filler->inventory, &given, &error);
        atomic_store(&filler->failing, result == ERROR_IO || result == ERROR_CONFIG);
        if (result != 0)
            log_event(LOG_WARNING, "control", "the tools of server '%.*s' are not catalogued: %s",
                      SLICE_PRINT(listing->server), error.text);
        else if (listing->tools.length > 0)
            atomic_fetch_add(&filler->taken, 1);
        free_listing(filler, listing);
    }
    return NULL;
}

int control_fill_catalogue(struct control *control, struct error *error)
{
    struct control_filler *filler = &control->filler;
    if (thread_start(&filler->thread, fill, control) != 0)
        return error_set(error, ERROR_NO_MEMORY, "the catalogue's thread cannot be started");
    pthread_mutex_lock(&filler->lock);
    filler->started = true;
    pthread_mutex_unlock(&filler->lock);
    return 0;
}
