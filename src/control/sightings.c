// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Definitions that workers saw, on their way into the database: a bounded queue, and one job at a
// time that empties it. What gets lost is told again when a list shows it again.
#include "control/control_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/walk.h"

enum {
    QUEUE_BYTES_MAX = 96 * 1024 * 1024, // a whole draft fits (pipeline/watch.c)
    WAITING_MAX = 500,                  // definitions that wait, of one server
    PAGE = 500,
};

void control_sightings_open(struct control_sightings *sightings)
{
    pthread_mutex_init(&sightings->lock, NULL);
    list_init(&sightings->waiting);
    list_init(&sightings->taken);
}

static void drop_all(struct list *items)
{
    LIST_EACH(items, link)
    {
        struct control_sighting *item = LIST_ENTRY(link, struct control_sighting, link);
        list_remove(&item->link);
        memory_free(item);
    }
}

void control_sightings_close(struct control_sightings *sightings)
{
    drop_all(&sightings->waiting);
    drop_all(&sightings->taken);
    pthread_mutex_destroy(&sightings->lock);
}

// ---- Taking

static size_t size_of(const struct pipeline_sighting *sighting)
{
    return sizeof(struct control_sighting) + sighting->server.length + sighting->tool.length +
           sighting->definition.length;
}

static struct slice put(char **at, struct slice text)
{
    struct slice copy = slice_of(*at, text.length);
    if (text.length > 0)
        memcpy(*at, text.data, text.length);
    *at += text.length;
    return copy;
}

static struct control_sighting *copy_of(const struct pipeline_sighting *sighting)
{
    struct control_sighting *item = memory_try_new(size_of(sighting));
    if (item == NULL)
        return NULL;
    char *at = item->bytes;
    item->kind = sighting->kind;
    memcpy(item->print, sighting->print, sizeof item->print);
    item->server = put(&at, sighting->server);
    item->tool = put(&at, sighting->tool);
    item->text = put(&at, sighting->definition);
    return item;
}

// All of them or none: half a baseline would be one.
static bool take(struct control_sightings *sightings, const struct pipeline_sighting *given,
                 size_t count)
{
    struct list all;
    size_t bytes = 0;
    list_init(&all);
    for (size_t i = 0; i < count; i++)
        bytes += size_of(&given[i]);
    bool good = bytes <= QUEUE_BYTES_MAX - sightings->bytes;
    for (size_t i = 0; i < count && good; i++) {
        struct control_sighting *item = copy_of(&given[i]);
        good = item != NULL;
        if (good)
            list_append(&all, &item->link);
    }
    if (!good) {
        drop_all(&all);
        return false;
    }
    LIST_EACH(&all, link)
    {
        list_remove(link);
        list_append(&sightings->waiting, link);
    }
    sightings->bytes += bytes;
    return true;
}

// ---- Writing

struct writing {
    struct control *control;
    struct store_view *view;
    struct slice key, organisation, server; // the server whose records these are
    struct table sightings;                 // by tool: struct store_sighting
    struct table definitions;               // by fingerprint: anything
    bool found, settled;                    // settled: somebody has looked at it
};

static int find_server(struct writing *writing, struct error *error)
{
    struct slice key = writing->key, owner = SLICE_LITERAL("default");
    const char *slash = memchr(key.data, '/', key.length);
    struct store_organisation organisation = {.commands_allowed = false};
    struct store_server server = {.transport = STORE_HTTP};
    if (slash != NULL)
        owner = slice_of(key.data, (size_t)(slash - key.data));
    int result = store_find_organisation(writing->view, (struct slice){0}, "name", owner,
                                         &organisation, error);
    writing->organisation = organisation.head.id;
    if (result != 0)
        return result;
    if (slash == NULL) {
        writing->server =
            arena_format(store_arena(writing->view), CONTROL_FILE_PREFIX "%.*s", SLICE_PRINT(key));
        return writing->server.data == NULL ? ERROR_NO_MEMORY : 0;
    }
    struct slice name = slice_of(slash + 1, key.length - owner.length - 1);
    result = store_find_server(writing->view, organisation.head.id, "name", name, &server, error);
    writing->server = server.head.id;
    return result;
}

static int read_sightings(struct writing *writing, struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_SIGHTING, writing->organisation, PAGE);
    int result = 0;
    walk.parent = writing->server;
    walk.keeps = true;
    while (store_walk_next(&walk, writing->view, &result, error)) {
        const struct store_sighting *row = walk.row;
        result = table_put(&writing->sightings, row->tool, (void *)(uintptr_t)row);
    }
    return result;
}

static int read_definitions(struct writing *writing, struct error *error)
{
    struct store_walk walk = store_walk_over(STORE_DEFINITION, writing->organisation, PAGE);
    int result = 0;
    walk.parent = writing->server;
    walk.keeps = true;
    while (store_walk_next(&walk, writing->view, &result, error)) {
        const struct store_definition *row = walk.row;
        result = table_put(&writing->definitions, row->print, (void *)(uintptr_t)row);
    }
    return result;
}

static void release(struct writing *writing)
{
    table_release(&writing->sightings);
    table_release(&writing->definitions);
}

static int turn_to(struct writing *writing, struct slice key, struct error *error)
{
    if (slice_equal(writing->key, key))
        return 0;
    release(writing);
    table_init(&writing->sightings);
    table_init(&writing->definitions);
    writing->key = key;
    writing->found = false;
    int result = find_server(writing, error);
    if (result == 0)
        result = read_sightings(writing, error);
    if (result == 0)
        result = read_definitions(writing, error);
    writing->found = result == 0;
    writing->settled = writing->definitions.count > 0;
    return result;
}

static int write_waiting(struct writing *writing, const struct control_sighting *item,
                         struct error *error)
{
    struct store_sighting *before = table_get(&writing->sightings, item->tool);
    struct slice print = slice_of((const char *)item->print, sizeof item->print);
    struct store_sighting row = {.head = {.organisation = writing->organisation},
                                 .server = writing->server,
                                 .tool = item->tool,
                                 .print = print,
                                 .text = item->text};
    if (before != NULL && slice_equal(before->print, print))
        return 0;
    if (before != NULL) {
        row.head = before->head;
        int result = store_change_sighting(writing->view, &row, error);
        before->head = row.head;
        before->print = result == 0 ? print : before->print;
        return result;
    }
    if (writing->sightings.count >= WAITING_MAX)
        return error_set(error, ERROR_LIMIT, "%d definitions wait already", (int)WAITING_MAX);
    int result = store_add_sighting(writing->view, &row, error);
    struct store_sighting *kept = arena_take(store_arena(writing->view), sizeof *kept);
    if (result != 0 || kept == NULL)
        return result;
    *kept = row;
    return table_put(&writing->sightings, item->tool, kept);
}

static int write_reverted(struct writing *writing, const struct control_sighting *item,
                          struct error *error)
{
    const struct store_sighting *before = table_remove(&writing->sightings, item->tool);
    return before == NULL ? 0
                          : store_remove(writing->view, STORE_SIGHTING, writing->organisation,
                                         before->head.id, 0, error);
}

static int write_baseline(struct writing *writing, const struct control_sighting *item,
                          struct error *error)
{
    struct store_definition row = {.head = {.organisation = writing->organisation},
                                   .server = writing->server,
                                   .tool = item->tool,
                                   .print = slice_of((const char *)item->print, sizeof item->print),
                                   .state = STORE_ACCEPTED,
                                   .text = item->text,
                                   .note = SLICE_LITERAL("in the first list of the server"),
                                   .author = SLICE_LITERAL("the gateway")};
    return writing->settled ? 0 : store_add_definition(writing->view, &row, error);
}

static int write_item(struct writing *writing, const struct control_sighting *item,
                      struct error *error)
{
    int result = turn_to(writing, item->server, error);
    if (result != 0 || !writing->found)
        return result;
    switch (item->kind) {
    case PIPELINE_WAITS: return write_waiting(writing, item, error);
    case PIPELINE_REVERTED: return write_reverted(writing, item, error);
    case PIPELINE_BASELINE: return write_baseline(writing, item, error);
    }
    return 0;
}

static int write_all(void *argument, struct store_view *view, struct error *error)
{
    struct control *control = argument;
    struct writing writing = {.control = control, .view = view};
    int result = 0;
    table_init(&writing.sightings);
    table_init(&writing.definitions);
    LIST_EACH(&control->sightings.taken, link)
    {
        const struct control_sighting *item = LIST_ENTRY(link, struct control_sighting, link);
        struct error why = {0};
        int failed = write_item(&writing, item, &why);
        if (failed == ERROR_IO || failed == ERROR_NO_MEMORY) {
            *error = why;
            result = failed;
            break;
        }
        if (failed != 0)
            log_event(LOG_WARNING, "control", "a definition of server '%.*s' is not kept: %s",
                      SLICE_PRINT(item->server), why.text);
    }
    release(&writing);
    return result;
}

// ---- The job

static void written(void *argument, int result, const struct error *error);

// Under the lock.
static void begin(struct control *control)
{
    struct control_sightings *sightings = &control->sightings;
    sightings->busy = true;
    LIST_EACH(&sightings->waiting, link)
    {
        list_remove(link);
        list_append(&sightings->taken, link);
    }
    sightings->job = (struct store_job){
        .access = STORE_WRITE,
        .actor = {.kind = STORE_SYSTEM, .id = {"", 0}, .label = SLICE_LITERAL("gateway")},
        .run = write_all,
        .done = written,
        .argument = control};
    store_submit(control->records, &sightings->job);
}

static void written(void *argument, int result, const struct error *error)
{
    struct control *control = argument;
    struct control_sightings *sightings = &control->sightings;
    if (result != 0)
        log_event(LOG_WARNING, "control", "definitions of tools cannot be written down: %s",
                  error->text);
    pthread_mutex_lock(&sightings->lock);
    LIST_EACH(&sightings->taken, link)
    {
        const struct control_sighting *item = LIST_ENTRY(link, struct control_sighting, link);
        sightings->bytes -=
            sizeof *item + item->server.length + item->tool.length + item->text.length;
    }
    drop_all(&sightings->taken);
    sightings->busy = false;
    if (!list_empty(&sightings->waiting) && !sightings->closing)
        begin(control);
    pthread_mutex_unlock(&sightings->lock);
}

void control_sighted(void *argument, const struct pipeline_sighting *given, size_t count)
{
    struct control *control = argument;
    struct control_sightings *sightings = &control->sightings;
    pthread_mutex_lock(&sightings->lock);
    bool taken = !sightings->closing && take(sightings, given, count);
    if (taken && !sightings->busy)
        begin(control);
    pthread_mutex_unlock(&sightings->lock);
    if (!taken)
        log_event(LOG_WARNING, "control",
                  "%zu definitions of server '%.*s' are not written down now: too many wait", count,
                  SLICE_PRINT(given->server));
}

void control_sightings_end(struct control_sightings *sightings)
{
    pthread_mutex_lock(&sightings->lock);
    sightings->closing = true;
    pthread_mutex_unlock(&sightings->lock);
}
