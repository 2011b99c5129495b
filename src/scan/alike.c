// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Names that an agent could take for each other, or that are the same: among the tools of one
// server, and among those of all servers of one client, which one agent has together.
#include "scan/scan_internal.h"

#include "base/table.h"

enum { OTHER_MAX = 160 };

struct named {
    struct scan_server *server;
    struct scan_tool *tool;
};

// The slot for it was left free.
static bool note(const struct named *one, const struct named *other)
{
    struct scan_tool *tool = one->tool;
    bool same = slice_equal(tool->name, other->tool->name);
    struct buffer words;
    size_t count = tool->signal_count;
    if (count > 0 && tool->signals[count - 1].signal == CATALOGUE_SIGNAL_LOOK_ALIKE)
        return true;
    buffer_init(&words, 0);
    scan_write_harmless(&words, other->server->name, OTHER_MAX / 2);
    buffer_append_string(&words, "/");
    scan_write_harmless(&words, other->tool->name, OTHER_MAX / 2);
    tool->signals[tool->signal_count++] = (struct scan_signal){
        .signal = CATALOGUE_SIGNAL_LOOK_ALIKE,
        .name = catalogue_signal_name(CATALOGUE_SIGNAL_LOOK_ALIKE),
        .says = same ? "has the name of another tool" : "looks like the name of another tool",
        .severity = same ? CATALOGUE_MEDIUM : CATALOGUE_HIGH,
        .source = CATALOGUE_FROM_NAME,
        .words = arena_copy(&one->server->arena, buffer_slice(&words))};
    bool good = !words.failed && tool->signals[tool->signal_count - 1].words.data != NULL;
    buffer_release(&words);
    return good;
}

static bool add_tool(struct table *all, struct scan_server *server, struct scan_tool *tool)
{
    struct buffer skeleton;
    struct named *one = arena_take(&server->arena, sizeof *one);
    buffer_init(&skeleton, 0);
    catalogue_skeleton(tool->name, &skeleton);
    struct slice key = arena_copy(&server->arena, buffer_slice(&skeleton));
    bool good = !skeleton.failed && one != NULL && key.data != NULL;
    buffer_release(&skeleton);
    if (!good)
        return false;
    *one = (struct named){server, tool};
    struct named *other = table_get(all, key);
    if (other == NULL)
        return table_put(all, key, one) == 0;
    return note(one, other) && note(other, one);
}

static bool add_server(struct table *all, struct scan_server *server)
{
    for (size_t i = 0; i < server->tool_count; i++)
        if (!add_tool(all, server, &server->tools[i]))
            return false;
    return true;
}

int scan_find_alike(struct scan *scan)
{
    bool good = true;
    for (size_t i = 0; i < scan->count && good; i++) {
        struct table all;
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen = seen || scan_are_together(scan->servers[k], scan->servers[i]);
        table_init(&all);
        for (size_t k = i; !seen && good && k < scan->count; k++)
            if (scan_are_together(scan->servers[i], scan->servers[k]))
                good = add_server(&all, scan->servers[k]);
        table_release(&all);
    }
    return good ? 0 : ERROR_NO_MEMORY;
}
