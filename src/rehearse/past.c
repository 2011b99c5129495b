// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is known of tools and grants beside the log. Of a tool the catalogue has its definitions
// since it was first seen, so its category is known for each time since then.
#include "base/memory.h"
#include "inventory/inventory.h"
#include "rehearse/rehearse_internal.h"

enum {
    PAST_MEMORY = 64 * 1024 * 1024,
    LOOK_MEMORY = 64 * 1024 * 1024, // of one tool's history
    TOOLS_MAX = 100000,
    SPANS_MAX = INVENTORY_VERSIONS_MAX + 1,
};

struct span {
    int64_t from_ms;
    enum catalogue_category category;
};
struct known { // of a tool, the oldest first; without any nothing is known
    struct span spans[SPANS_MAX];
    size_t count;
    bool overridden; // by a person, nobody knows when
};
struct tagged {
    const struct slice *tags;
    size_t count;
};
struct rehearse_past {
    struct inventory *inventory;
    struct arena arena, look;
    struct table tools, grants;
    struct json_doc doc;
};

struct rehearse_past *rehearse_past_new(struct inventory *inventory)
{
    struct rehearse_past *past = memory_try_new(sizeof *past);
    if (past == NULL)
        return NULL;
    *past = (struct rehearse_past){.inventory = inventory};
    arena_init(&past->arena, PAST_MEMORY);
    arena_init(&past->look, LOOK_MEMORY);
    table_init(&past->tools);
    table_init(&past->grants);
    json_doc_init(&past->doc);
    return past;
}

void rehearse_past_free(struct rehearse_past *past)
{
    if (past == NULL)
        return;
    table_release(&past->tools);
    table_release(&past->grants);
    json_doc_release(&past->doc);
    arena_release(&past->look);
    arena_release(&past->arena);
    memory_free(past);
}

// ---- Tags

int rehearse_past_add_grant(struct rehearse_past *past, struct slice organisation,
                            struct slice grant, const struct slice *tags, size_t count)
{
    struct slice key = limit_key(&past->arena, (struct slice[]){organisation, grant}, 2);
    struct tagged *known = arena_take(&past->arena, sizeof *known);
    struct slice *copies = arena_take(&past->arena, (count + 1) * sizeof *copies);
    if (key.data == NULL || known == NULL || copies == NULL)
        return ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        copies[i] = arena_copy(&past->arena, tags[i]);
        if (copies[i].data == NULL)
            return ERROR_NO_MEMORY;
    }
    *known = (struct tagged){copies, count};
    return table_put(&past->grants, key, known);
}

bool rehearse_past_tags(void *argument, struct slice organisation, struct slice grant,
                        const struct slice **ret, size_t *ret_count)
{
    struct rehearse_past *past = argument;
    struct slice key = limit_key(&past->look, (struct slice[]){organisation, grant}, 2);
    const struct tagged *known = key.data == NULL ? NULL : table_get(&past->grants, key);
    arena_clear(&past->look);
    if (known == NULL)
        return false;
    *ret = known->tags;
    *ret_count = known->count;
    return true;
}

// ---- Categories

// "ORGANISATION/NAME" of the log is NAME in the catalogue.
static struct slice own_name(struct slice organisation, struct slice server)
{
    const char *slash = organisation.length == 0 ? NULL : memchr(server.data, '/', server.length);
    return slash == NULL ? server
                         : slice_of(slash + 1, server.length - (size_t)(slash + 1 - server.data));
}

static void add_span(struct known *known, int64_t from_ms, enum catalogue_category category)
{
    if (known->count < SPANS_MAX)
        known->spans[known->count++] = (struct span){from_ms, category};
}

static enum catalogue_category classify(struct rehearse_past *past, struct slice server,
                                        struct slice definition)
{
    const struct json_limits limits = {.depth = JSON_DEPTH_MAX};
    struct catalogue_scratch scratch;
    struct catalogue_tool tool;
    struct catalogue_verdict verdict;
    if (json_scan(&past->doc, definition, &limits, NULL, NULL) != 0)
        return CATALOGUE_UNKNOWN;
    catalogue_read_tool(&past->doc, 0, &scratch, &tool);
    tool.server = server;
    catalogue_classify(&tool, &verdict);
    return verdict.category;
}

// Former definitions come newest first.
static int add_former(struct rehearse_past *past, const struct inventory_server *server,
                      struct slice tool, struct known *known)
{
    struct inventory_pasts pasts;
    struct error error;
    int result = inventory_history(past->inventory, server, tool, INVENTORY_VERSIONS_MAX,
                                   &past->look, &pasts, &error);
    for (size_t i = result == 0 ? pasts.count : 0; i > 0; i--) {
        const struct inventory_past *former = &pasts.items[i - 1];
        if (former->definition.length > 0)
            add_span(known, former->from_ms, classify(past, server->name, former->definition));
    }
    return result;
}

static void look(struct rehearse_past *past, struct slice organisation, struct slice name,
                 struct slice tool, struct known *known)
{
    struct inventory_server server;
    struct inventory_tool now = {.changes = 0};
    struct error error;
    if (past->inventory == NULL || inventory_get_server(past->inventory, organisation, name,
                                                        &past->look, &server, &error) != 0)
        return;
    int result = inventory_get_tool(past->inventory, &server, tool, &past->look, &now, &error);
    bool there = result == 0 && slice_equal(now.row.name, tool);
    if (result == 0 || result == ERROR_NOT_FOUND)
        result = add_former(past, &server, tool, known);
    if (there && (result == 0 || result == ERROR_NOT_FOUND)) {
        known->overridden = now.row.overridden;
        add_span(known, now.row.changed_ms, now.row.category);
    }
    inventory_tool_release(&now);
}

static struct slice tool_key(struct arena *arena, struct slice organisation, struct slice server,
                             struct slice tool)
{
    return limit_key(arena, (struct slice[]){organisation, own_name(organisation, server), tool},
                     3);
}

int rehearse_past_add_override(struct rehearse_past *past, struct slice organisation,
                               struct slice server, struct slice tool,
                               enum catalogue_category category)
{
    struct slice key = tool_key(&past->arena, organisation, server, tool);
    struct known *known = arena_take_zeroed(&past->arena, sizeof *known);
    if (key.data == NULL || known == NULL)
        return ERROR_NO_MEMORY;
    known->overridden = true;
    add_span(known, INT64_MIN, category);
    return table_put(&past->tools, key, known);
}

static struct known *find(struct rehearse_past *past, struct slice organisation,
                          struct slice server, struct slice tool)
{
    struct slice name = own_name(organisation, server);
    struct slice key = tool_key(&past->look, organisation, server, tool);
    struct known *known = key.data == NULL ? NULL : table_get(&past->tools, key);
    if (known == NULL && key.data != NULL && past->tools.count < TOOLS_MAX) {
        struct slice copy = arena_copy(&past->arena, key);
        known = arena_take_zeroed(&past->arena, sizeof *known);
        if (known != NULL)
            look(past, organisation, name, tool, known);
        if (known != NULL && (copy.data == NULL || table_put(&past->tools, copy, known) != 0))
            known = NULL;
    }
    arena_clear(&past->look);
    return known;
}

bool rehearse_past_category(void *argument, struct slice organisation, struct slice server,
                            struct slice tool, int64_t at_ms, struct rehearse_category *ret)
{
    const struct known *known = find(argument, organisation, server, tool);
    if (known == NULL || known->count == 0)
        return false;
    size_t next = 0;
    while (next < known->count && known->spans[next].from_ms <= at_ms)
        next++;
    const struct span *span = &known->spans[known->overridden ? known->count - 1
                                            : next == 0       ? 0
                                                              : next - 1];
    *ret = (struct rehearse_category){.category = span->category,
                                      .then = next > 0 && !known->overridden,
                                      .until_ms = next == known->count || known->overridden
                                                      ? INT64_MAX
                                                      : known->spans[next].from_ms};
    return true;
}
