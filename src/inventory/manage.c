// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is changed by other than a list: an override, a server that is taken out.
#include "inventory/inventory_internal.h"

struct managing {
    struct inventory *inventory;
    struct error *error;
    struct store_catalogue_server server; // its texts are in the arena
    struct slice tool;
    int64_t said; // -1: nobody says anything
    bool found;
    struct arena arena;
    struct store_catalogue_tool before;
    struct store_catalogue_sums sums;
};

enum { ARENA_MAX = 64 * 1024 * 1024 };

static struct slice keep(struct managing *m, struct slice text)
{
    return arena_copy(&m->arena, text);
}

static int have_server(void *argument, const struct store_catalogue_server *server)
{
    struct managing *m = argument;
    m->server = *server;
    m->server.name = keep(m, server->name);
    m->server.slug = keep(m, server->slug);
    m->server.fold = keep(m, server->fold);
    m->server.title = keep(m, server->title);
    m->server.source = keep(m, server->source);
    return m->server.name.data == NULL || m->server.slug.data == NULL ||
                   m->server.fold.data == NULL || m->server.title.data == NULL ||
                   m->server.source.data == NULL
               ? error_set(m->error, ERROR_NO_MEMORY, "out of memory")
               : 0;
}

static int find_server(struct managing *m, struct slice organisation, struct slice name)
{
    int64_t owner = 0;
    int result = inventory_owner(m->inventory, organisation, false, &owner, m->error);
    if (result == 0)
        result =
            store_catalogue_find_server(m->inventory->store, owner, name, have_server, m, m->error);
    return result == 0 && !slice_equal(m->server.name, name)
               ? error_set(m->error, ERROR_NOT_FOUND, "there is no such server")
               : result;
}

static int put(struct managing *m, const struct store_catalogue_tool *before,
               const struct store_catalogue_tool *after)
{
    struct store_catalogue_tool was = *before, is = after == NULL ? *before : *after;
    struct buffer words[2];
    struct fold folds[2];
    buffer_init(&words[0], 0);
    buffer_init(&words[1], 0);
    int result = inventory_describe(m->server.name, &was, &folds[0], &words[0]);
    if (result == 0)
        result = inventory_describe(m->server.name, &is, &folds[1], &words[1]);
    if (result == 0)
        result = store_catalogue_put_tool(m->inventory->store, &was, after == NULL ? NULL : &is,
                                          m->error);
    buffer_release(&words[0]);
    buffer_release(&words[1]);
    return result;
}

static void count(struct managing *m, const struct store_catalogue_tool *tool, int sign)
{
    m->sums.items[tool->category] += sign;
    m->sums.tokens[tool->category] += sign * tool->tokens;
    m->server.counts[tool->category] += sign;
}

// ---- Overrides

static int have_tool(void *argument, const struct store_catalogue_tool *tool)
{
    struct managing *m = argument;
    if (m->found || !slice_equal(tool->name, m->tool))
        return 0;
    m->found = true;
    m->before = *tool;
    m->before.name = keep(m, tool->name);
    m->before.summary = keep(m, tool->summary);
    m->before.fingerprint = keep(m, tool->fingerprint);
    return m->before.name.data == NULL || m->before.summary.data == NULL ||
                   m->before.fingerprint.data == NULL
               ? error_set(m->error, ERROR_NO_MEMORY, "out of memory")
               : 0;
}

static int override(struct managing *m)
{
    int result =
        store_catalogue_each_tool(m->inventory->store, m->server.id, have_tool, m, m->error);
    if (result == 0 && !m->found)
        result = error_set(m->error, ERROR_NOT_FOUND, "the server has no such tool");
    if (result != 0 || m->before.said == m->said)
        return result;
    struct store_catalogue_tool after = m->before;
    after.said = m->said;
    after.category = after.said >= 0 ? after.said : after.own;
    result = put(m, &m->before, &after);
    if (result != 0)
        return result;
    count(m, &m->before, -1);
    count(m, &after, 1);
    m->sums.items[STORE_CATALOGUE_WORST + m->server.worst]--;
    m->server.worst = inventory_worst_of(&m->server);
    m->sums.items[STORE_CATALOGUE_WORST + m->server.worst]++;
    result = store_catalogue_put_server(m->inventory->store, &m->server, m->error);
    return result == 0
               ? store_catalogue_add_sums(m->inventory->store, m->server.owner, &m->sums, m->error)
               : result;
}

// ---- Out

struct dropping {
    struct managing *m;
    int64_t ids[256];
    size_t count;
};

static int collect(void *argument, const struct store_catalogue_tool *tool)
{
    struct dropping *dropping = argument;
    if (dropping->count == sizeof dropping->ids / sizeof *dropping->ids)
        return ERROR_AGAIN;
    dropping->ids[dropping->count++] = tool->id;
    return 0;
}

static int drop_one(void *argument, const struct store_catalogue_tool *tool)
{
    struct managing *m = argument;
    m->before = *tool;
    m->before.name = keep(m, tool->name);
    m->before.summary = keep(m, tool->summary);
    m->before.fingerprint = keep(m, tool->fingerprint);
    m->found = true;
    return m->before.name.data == NULL || m->before.summary.data == NULL ||
                   m->before.fingerprint.data == NULL
               ? error_set(m->error, ERROR_NO_MEMORY, "out of memory")
               : 0;
}

// Some of its tools. ERROR_AGAIN: there are more.
static int drop_some(struct managing *m)
{
    struct dropping dropping = {.m = m};
    int more =
        store_catalogue_each_tool(m->inventory->store, m->server.id, collect, &dropping, m->error);
    int result = more == ERROR_AGAIN ? 0 : more;
    for (size_t i = 0; i < dropping.count && result == 0; i++) {
        result =
            store_catalogue_get_tool(m->inventory->store, dropping.ids[i], drop_one, m, m->error);
        if (result == 0)
            result = put(m, &m->before, NULL);
        count(m, &m->before, -1);
    }
    return result == 0 ? more : result;
}

static int forget(struct managing *m)
{
    int result = ERROR_AGAIN;
    while (result == ERROR_AGAIN)
        result = drop_some(m);
    if (result == 0)
        result = store_catalogue_drop_server(m->inventory->store, m->server.id, m->error);
    m->sums.items[STORE_CATALOGUE_WORST + m->server.worst]--;
    return result == 0
               ? store_catalogue_add_sums(m->inventory->store, m->server.owner, &m->sums, m->error)
               : result;
}

// ---- In a transaction of its own, or in the one that is open

static int manage(struct managing *m, struct slice organisation, struct slice server,
                  int (*act)(struct managing *m))
{
    bool own = !m->inventory->batch;
    int result = own ? store_catalogue_begin(m->inventory->store, true, m->error) : 0;
    if (result != 0)
        return result;
    arena_init(&m->arena, ARENA_MAX);
    result = find_server(m, organisation, server);
    if (result == 0)
        result = act(m);
    if (result == 0 && own)
        result = store_catalogue_commit(m->inventory->store, m->error);
    if (result != 0 && (own || result != ERROR_NOT_FOUND))
        inventory_rollback(m->inventory);
    arena_release(&m->arena);
    return result;
}

int inventory_override(struct inventory *inventory, struct slice organisation, struct slice server,
                       struct slice tool, enum catalogue_category category, struct error *error)
{
    struct managing m = {.inventory = inventory,
                         .error = error,
                         .tool = tool,
                         .said = category == CATALOGUE_UNKNOWN ? -1 : (int64_t)category};
    return manage(&m, organisation, server, override);
}

int inventory_forget(struct inventory *inventory, struct slice organisation, struct slice server,
                     struct error *error)
{
    struct managing m = {.inventory = inventory, .error = error};
    return manage(&m, organisation, server, forget);
}
