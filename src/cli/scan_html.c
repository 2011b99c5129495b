// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A scan as the page that shows it has it.
#include "cli/scan_internal.h"

#include "pages/pages.h"

static struct pages_scan_mark mark_of(enum catalogue_severity severity)
{
    return (struct pages_scan_mark){catalogue_severity_name(severity)};
}

static bool take_signals(struct arena *arena, const struct scan_tool *tool,
                         struct pages_scan_signals *ret)
{
    struct pages_scan_signal *items = arena_take(arena, (tool->signal_count + 1) * sizeof *items);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < tool->signal_count; i++)
        items[i] = (struct pages_scan_signal){.mark = mark_of(tool->signals[i].severity),
                                              .name = tool->signals[i].name,
                                              .says = tool->signals[i].says,
                                              .words = tool->signals[i].words};
    *ret = (struct pages_scan_signals){items, tool->signal_count};
    return true;
}

static bool take_tools(struct arena *arena, const struct scan_server *server,
                       struct pages_scan_tools *ret)
{
    struct pages_scan_tool *items = arena_take(arena, (server->tool_count + 1) * sizeof *items);
    bool good = items != NULL;
    for (size_t i = 0; good && i < server->tool_count; i++) {
        const struct scan_tool *tool = &server->tools[i];
        items[i] = (struct pages_scan_tool){.mark = mark_of(tool->severity),
                                            .category = catalogue_category_name(tool->category),
                                            .name = tool->name,
                                            .why = tool->why,
                                            .tokens = tool->tokens};
        good = take_signals(arena, tool, &items[i].signals);
    }
    *ret = (struct pages_scan_tools){items, server->tool_count};
    return good;
}

static bool take_servers(struct arena *arena, const struct scan *scan,
                         struct pages_scan_servers *ret)
{
    struct pages_scan_server *items = arena_take(arena, (scan->count + 1) * sizeof *items);
    bool good = items != NULL;
    for (size_t i = 0; good && i < scan->count; i++) {
        const struct scan_server *server = scan->servers[i];
        items[i] = (struct pages_scan_server){
            .name = server->name,
            .client = server->client,
            .file = server->file,
            .state = scan_state_name(server->state),
            .detail = server->detail,
            .advice = server->state == SCAN_BAD ? scan_advice(server->kind) : "",
            .version = server->version,
            .told = server->server_name,
            .tokens = server->tokens,
            .line = server->line,
            .odd = server->odd,
            .good = server->state == SCAN_GOOD,
            .more = server->more};
        good = take_tools(arena, server, &items[i].tools);
    }
    *ret = (struct pages_scan_servers){items, scan->count};
    return good;
}

// ---- What agents can do

static struct slice keep(struct arena *arena, struct buffer *text)
{
    struct slice kept =
        text->failed ? (struct slice){NULL, 0} : arena_copy(arena, buffer_slice(text));
    buffer_release(text);
    return kept;
}

static bool take_dangers(struct arena *arena, const struct stack_report *report,
                         struct pages_scan_dangers *ret)
{
    size_t count = report->combination_count;
    struct pages_scan_danger *items = arena_take(arena, (count + 1) * sizeof *items);
    for (size_t i = 0; items != NULL && i < count; i++) {
        const struct stack_combination *c = &report->combinations[i];
        struct buffer fix;
        buffer_init(&fix, 0);
        stack_say_fix(&fix, c);
        items[i] = (struct pages_scan_danger){.title = c->title,
                                              .says = c->says,
                                              .starter = scan_words_of(c->states[STACK_STARTER]),
                                              .fix = keep(arena, &fix)};
        if (items[i].fix.data == NULL)
            return false;
    }
    *ret = (struct pages_scan_dangers){items, count};
    return items != NULL;
}

static bool take_agents(struct arena *arena, const struct scan *scan, struct pages_scan_agents *ret)
{
    struct pages_scan_agent *items = arena_take(arena, (scan->together_count + 1) * sizeof *items);
    bool good = items != NULL;
    for (size_t i = 0; good && i < scan->together_count; i++) {
        const struct scan_together *together = &scan->together[i];
        struct buffer who;
        buffer_init(&who, 0);
        scan_write_who(&who, together);
        items[i] =
            (struct pages_scan_agent){.who = keep(arena, &who), .too_large = together->too_large};
        good =
            items[i].who.data != NULL && take_dangers(arena, &together->report, &items[i].dangers);
    }
    *ret = (struct pages_scan_agents){items, scan->together_count};
    return good;
}

void scan_write_html(struct buffer *out, const struct scan *scan, int64_t now_ms)
{
    struct scan_totals totals = scan_count(scan);
    struct pages_scan_sum sums[CATALOGUE_CRITICAL + 1];
    struct pages_scan page = {.now_ms = now_ms,
                              .product = cli_version(),
                              .tools = totals.tools,
                              .good = totals.good,
                              .bad = totals.bad,
                              .skipped = totals.skipped};
    struct arena arena;
    size_t count = 0;
    for (int i = CATALOGUE_CRITICAL; i >= CATALOGUE_LOW; i--)
        if (totals.severities[i] > 0)
            sums[count++] =
                (struct pages_scan_sum){mark_of((enum catalogue_severity)i), totals.severities[i]};
    page.sums = (struct pages_scan_sums){sums, count};
    arena_init(&arena, SCAN_ALL_BYTES_MAX);
    if (take_servers(&arena, scan, &page.servers) && take_agents(&arena, scan, &page.agents))
        pages_write_scan(out, &page);
    else
        out->failed = true;
    arena_release(&arena);
}
