// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The servers that one agent has together: those of one client's file, or a single one that was
// named. Servers of a dump are a collection, and nobody's.
#include "scan/scan_internal.h"

#include "base/memory.h"

enum { ARENA_MAX = 256 * 1024 * 1024 };

bool scan_are_together(const struct scan_server *a, const struct scan_server *b)
{
    return a == b || (a->client.length > 0 && slice_equal(a->client, b->client) &&
                      slice_equal(a->file, b->file));
}

static bool read_tools(struct scan_server *from, struct arena *arena, struct stack_server *ret)
{
    struct stack_tool *tools = arena_take(arena, (from->tool_count + 1) * sizeof *tools);
    *ret = (struct stack_server){.name = from->name, .tools = tools};
    for (size_t i = 0; tools != NULL && i < from->tool_count; i++)
        ret->count +=
            stack_read_tool(&from->doc, from->tools[i].node, from->name, arena, &tools[ret->count]);
    return tools != NULL;
}

static size_t count_tools(const struct scan *scan, size_t at, size_t *ret_servers)
{
    size_t tools = 0;
    for (size_t i = at; i < scan->count; i++)
        if (scan->servers[i]->state == SCAN_GOOD &&
            scan_are_together(scan->servers[at], scan->servers[i])) {
            tools += scan->servers[i]->tool_count;
            ++*ret_servers;
        }
    return tools;
}

static int look(struct scan *scan, size_t at, struct scan_together *ret)
{
    size_t count = 0;
    ret->named_by = scan->servers[at];
    arena_init(&ret->arena, ARENA_MAX);
    count_tools(scan, at, &count);
    struct stack_server *servers = arena_take(&ret->arena, (count + 1) * sizeof *servers);
    if (servers == NULL)
        return ERROR_NO_MEMORY;
    ret->stack.servers = servers;
    for (size_t i = at; i < scan->count; i++) {
        if (scan->servers[i]->state != SCAN_GOOD ||
            !scan_are_together(scan->servers[at], scan->servers[i]))
            continue;
        if (!read_tools(scan->servers[i], &ret->arena, &servers[ret->stack.count]))
            return ERROR_NO_MEMORY;
        ret->stack.count++;
    }
    return stack_look(&ret->stack, &ret->report);
}

static bool is_first(const struct scan *scan, size_t at)
{
    size_t servers = 0;
    for (size_t i = 0; i < at; i++)
        if (scan_are_together(scan->servers[i], scan->servers[at]))
            return false;
    return (scan->servers[at]->client.length > 0 || scan->servers[at]->options != NULL) &&
           count_tools(scan, at, &servers) > 0;
}

int scan_look_together(struct scan *scan)
{
    int result = 0;
    for (size_t i = 0; i < scan->count && result == 0; i++) {
        if (!is_first(scan, i))
            continue;
        size_t size = (scan->together_count + 1) * sizeof *scan->together;
        struct scan_together *more = memory_try_resize(scan->together, size);
        if (more == NULL)
            return ERROR_NO_MEMORY;
        scan->together = more;
        struct scan_together *one = &more[scan->together_count++];
        *one = (struct scan_together){.too_large = false};
        result = look(scan, i, one);
        one->too_large = result == ERROR_TOO_LARGE;
        result = one->too_large ? 0 : result;
    }
    return result;
}

void scan_release_together(struct scan *scan)
{
    for (size_t i = 0; i < scan->together_count; i++) {
        stack_report_release(&scan->together[i].report);
        arena_release(&scan->together[i].arena);
    }
    memory_free(scan->together);
}

const char *scan_words_of(enum stack_state state)
{
    switch (state) {
    case STACK_POSSIBLE: return "possible";
    case STACK_RESTRICTED: return "possible under conditions";
    case STACK_NEEDS_PERSON: return "only with a person";
    case STACK_BROKEN: return "broken";
    }
    return "";
}
