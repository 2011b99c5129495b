// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What servers with pinned definitions last said of their tools, whichever worker heard it. A
// server that nobody has looked at has a draft: the definitions of its first list, which become its
// baseline when the list ends.
#include "pipeline/pins_internal.h"

#include <pthread.h>

enum {
    SEEN_MAX = 20000,                    // of one server: tools that are accepted, and others
    UNKNOWN_MAX = 10000,                 // of these, tools that nobody ever accepted
    DRAFTS_BYTES_MAX = 64 * 1024 * 1024, // of all drafts together
    TELL_AGAIN_US = 60 * 1000 * 1000,
};

struct seen {                                        // a tool
    unsigned char print[CATALOGUE_FINGERPRINT_SIZE]; // what was listed last
    unsigned char told[CATALOGUE_FINGERPRINT_SIZE];
    uint64_t told_us; // 0: never
    char name[];      // the key
};
struct drafted {
    struct list link;
    unsigned char print[CATALOGUE_FINGERPRINT_SIZE];
    size_t name_length, length;
    char bytes[]; // the name, the key; then the definition
};
struct watched {       // a server
    char *name;        // owned, the key
    struct table seen; // by tool
    size_t unknown;
    struct table draft; // by tool: struct drafted
    struct list order;  // the same, as they came
    size_t draft_bytes;
    bool closed; // the draft is a whole list
};

struct pipeline_watch {
    pthread_mutex_t lock;
    pipeline_sighted_cb sighted;
    void *argument;
    struct table servers; // struct watched
    size_t draft_bytes;
};

struct pipeline_watch *pipeline_watch_new(pipeline_sighted_cb sighted, void *argument)
{
    struct pipeline_watch *watch = memory_new(sizeof *watch);
    pthread_mutex_init(&watch->lock, NULL);
    watch->sighted = sighted;
    watch->argument = argument;
    table_init(&watch->servers);
    return watch;
}

static void free_value_cb(void *argument, struct slice key, void *value)
{
    (void)argument;
    (void)key;
    memory_free(value);
}

static void drop_draft(struct pipeline_watch *watch, struct watched *server)
{
    table_each(&server->draft, free_value_cb, NULL);
    table_release(&server->draft);
    table_init(&server->draft);
    list_init(&server->order);
    watch->draft_bytes -= server->draft_bytes;
    server->draft_bytes = 0;
    server->closed = false;
}

static void free_watched_cb(void *argument, struct slice key, void *value)
{
    (void)key;
    struct watched *server = value;
    drop_draft(argument, server);
    table_release(&server->draft);
    table_each(&server->seen, free_value_cb, NULL);
    table_release(&server->seen);
    memory_free(server->name);
    memory_free(server);
}

void pipeline_watch_free(struct pipeline_watch *watch)
{
    if (watch == NULL)
        return;
    table_each(&watch->servers, free_watched_cb, watch);
    table_release(&watch->servers);
    pthread_mutex_destroy(&watch->lock);
    memory_free(watch);
}

static struct watched *watched_of(struct pipeline_watch *watch, struct slice name, bool make)
{
    struct watched *server = table_get(&watch->servers, name);
    if (server != NULL || !make)
        return server;
    server = memory_new(sizeof *server);
    server->name = memory_copy_string(name.data, name.length);
    table_init(&server->seen);
    table_init(&server->draft);
    list_init(&server->order);
    if (table_put(&watch->servers, slice_from_string(server->name), server) == 0)
        return server;
    memory_free(server->name);
    memory_free(server);
    return NULL;
}

// ---- Drafts

static bool is_drafted(const struct watched *own, struct slice tool, const unsigned char *print)
{
    const struct drafted *item = own == NULL ? NULL : table_get(&own->draft, tool);
    return item != NULL &&
           (print == NULL || memcmp(item->print, print, CATALOGUE_FINGERPRINT_SIZE) == 0);
}

// The first definition of a name in the first list is the one that counts.
static bool add_to_draft(struct pipeline_watch *watch, struct watched *own, struct slice tool,
                         const unsigned char *print, struct slice definition)
{
    size_t size = sizeof(struct drafted) + tool.length + definition.length;
    if (own->closed || table_get(&own->draft, tool) != NULL ||
        own->draft.count >= FILTER_TOOLS_MAX || definition.length > PIPELINE_DEFINITION_MAX ||
        size > DRAFTS_BYTES_MAX - watch->draft_bytes)
        return false;
    struct drafted *item = memory_try_new(size);
    if (item == NULL)
        return false;
    item->name_length = tool.length;
    item->length = definition.length;
    memcpy(item->print, print, sizeof item->print);
    memcpy(item->bytes, tool.data, tool.length);
    memcpy(item->bytes + tool.length, definition.data, definition.length);
    if (table_put(&own->draft, slice_of(item->bytes, tool.length), item) != 0) {
        memory_free(item);
        return false;
    }
    list_append(&own->order, &item->link);
    own->draft_bytes += size;
    watch->draft_bytes += size;
    return true;
}

static void tell_baseline(struct pipeline_watch *watch, const struct watched *own)
{
    struct pipeline_sighting *all = memory_try_new(own->draft.count * sizeof *all);
    size_t count = 0;
    if (all == NULL)
        return; // the next list ends, too
    LIST_EACH(&own->order, link)
    {
        const struct drafted *item = LIST_ENTRY(link, struct drafted, link);
        all[count++] =
            (struct pipeline_sighting){PIPELINE_BASELINE, slice_from_string(own->name),
                                       slice_of(item->bytes, item->name_length), item->print,
                                       slice_of(item->bytes + item->name_length, item->length)};
    }
    watch->sighted(watch->argument, all, count);
    memory_free(all);
}

void watch_list_ended(const struct watch_view *view)
{
    if (filter_pins_settled(view->kept))
        return;
    pthread_mutex_lock(&view->watch->lock);
    struct watched *own = watched_of(view->watch, view->own, false);
    // A server that shows nothing yet has not been looked at.
    if (own != NULL && own->draft.count > 0) {
        own->closed = true;
        tell_baseline(view->watch, own);
    }
    pthread_mutex_unlock(&view->watch->lock);
}

// ---- Sightings

// NULL: no room or no memory.
static struct seen *seen_of(struct watched *server, struct slice tool, bool known)
{
    struct seen *seen = table_get(&server->seen, tool);
    if (seen != NULL)
        return seen;
    if (server->seen.count >= SEEN_MAX || (!known && server->unknown >= UNKNOWN_MAX))
        return NULL;
    seen = memory_try_new(sizeof *seen + tool.length);
    if (seen == NULL)
        return NULL;
    memcpy(seen->name, tool.data, tool.length);
    if (table_put(&server->seen, slice_of(seen->name, tool.length), seen) != 0) {
        memory_free(seen);
        return NULL;
    }
    server->unknown += !known;
    return seen;
}

// Lists come again and again; what was told is not told again soon.
static void tell(const struct watch_view *view, struct seen *seen, bool good, struct slice tool,
                 struct slice definition)
{
    uint64_t now_us = clock_monotonic_us();
    if (seen->told_us != 0 && now_us - seen->told_us < TELL_AGAIN_US &&
        memcmp(seen->told, seen->print, sizeof seen->told) == 0)
        return;
    const struct pipeline_sighting sighting = {good ? PIPELINE_REVERTED : PIPELINE_WAITS, view->own,
                                               tool, seen->print, definition};
    seen->told_us = now_us;
    memcpy(seen->told, seen->print, sizeof seen->told);
    if (!good)
        log_event(LOG_WARNING, "pipeline",
                  "server '%.*s' lists a definition of tool '%.*s' that nobody has accepted%s",
                  SLICE_PRINT(view->own), SLICE_PRINT(tool),
                  definition.length > PIPELINE_DEFINITION_MAX ? ", and it is too large for it"
                                                              : "");
    if (!good && definition.length > PIPELINE_DEFINITION_MAX)
        return;
    view->watch->sighted(view->watch->argument, &sighting, 1);
}

static bool is_good(const struct watch_view *view, const struct watched *own, struct slice tool,
                    const unsigned char *print)
{
    return filter_pins_accepts(view->kept, tool, print) || is_drafted(own, tool, print);
}

static bool saw(const struct watch_view *view, struct slice tool, const unsigned char *print,
                struct slice definition)
{
    struct pipeline_watch *watch = view->watch;
    struct watched *server = watched_of(watch, view->server, true),
                   *own = watched_of(watch, view->own, true);
    if (server == NULL || own == NULL)
        return false;
    bool settled = filter_pins_settled(view->kept);
    if (settled && own->draft.count > 0)
        drop_draft(watch, own);
    bool good = is_good(view, own, tool, print) ||
                (!settled && add_to_draft(watch, own, tool, print, definition));
    bool known = good || filter_pins_knows(view->kept, tool) || is_drafted(own, tool, NULL);
    struct seen *seen = seen_of(server, tool, known);
    if (seen == NULL)
        return false; // what cannot be noted is not shown
    memcpy(seen->print, print, sizeof seen->print);
    bool waits = filter_pins_waits(view->kept, tool, good ? NULL : print);
    if (good == waits)
        tell(view, seen, good, tool, definition);
    return good;
}

bool watch_saw(const struct watch_view *view, struct slice tool,
               const unsigned char print[CATALOGUE_FINGERPRINT_SIZE], struct slice definition)
{
    pthread_mutex_lock(&view->watch->lock);
    bool good = saw(view, tool, print, definition);
    pthread_mutex_unlock(&view->watch->lock);
    return good;
}

enum watch_answer watch_ask(const struct watch_view *view, struct slice tool)
{
    enum watch_answer answer = WATCH_NEW;
    pthread_mutex_lock(&view->watch->lock);
    const struct watched *server = watched_of(view->watch, view->server, false),
                         *own = watched_of(view->watch, view->own, false);
    const struct seen *seen = server == NULL ? NULL : table_get(&server->seen, tool);
    if (!filter_pins_knows(view->kept, tool) && !is_drafted(own, tool, NULL))
        answer = WATCH_NEW;
    else if (seen != NULL)
        answer = is_good(view, own, tool, seen->print) ? WATCH_GOOD : WATCH_CHANGED;
    else // not listed since the start: what it was when it was last seen
        answer = filter_pins_waits(view->kept, tool, NULL) ? WATCH_CHANGED : WATCH_GOOD;
    pthread_mutex_unlock(&view->watch->lock);
    return answer;
}
