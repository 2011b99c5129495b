// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "unit/inventory/inventory_world.h"

void world_open(struct world *world)
{
    *world = (struct world){.now_ms = 1800000000000};
    scratch_make_in_memory(&world->scratch);
    arena_init(&world->arena, 256 * 1024 * 1024);
    assert_int_equal(inventory_open(world->scratch.folder, true, &world->inventory, &world->error),
                     0);
}

void world_reopen(struct world *world)
{
    inventory_close(world->inventory);
    world->inventory = NULL;
    assert_int_equal(inventory_open(world->scratch.folder, true, &world->inventory, &world->error),
                     0);
}

void world_close(struct world *world)
{
    inventory_close(world->inventory);
    arena_release(&world->arena);
    scratch_remove(&world->scratch);
}

int world_take(struct world *world, const char *organisation, const char *server, const char *tools,
               bool complete)
{
    const struct inventory_list list = {.organisation = slice_from_string(organisation),
                                        .server = slice_from_string(server),
                                        .source = SLICE_LITERAL("test"),
                                        .tools = slice_from_string(tools),
                                        .complete = complete,
                                        .now_ms = world->now_ms};
    return inventory_take(world->inventory, &list, &world->arena, &world->taken, &world->error);
}

void world_put(struct world *world, const char *server, const char *tools)
{
    int result = world_take(world, "", server, tools, true);
    if (result != 0)
        fail_msg("%s: %s", server, world->error.text);
}

struct inventory_server world_server(struct world *world, const char *organisation,
                                     const char *slug)
{
    struct inventory_server server = {0};
    int result =
        inventory_get_server(world->inventory, slice_from_string(organisation),
                             slice_from_string(slug), &world->arena, &server, &world->error);
    if (result != 0)
        fail_msg("%s: %s", slug, world->error.text);
    return server;
}

const char *world_search(struct world *world, struct inventory_filter filter, const char *text,
                         struct inventory_found *found)
{
    static char names[4096];
    size_t length = 0;
    struct inventory_found own;
    found = found == NULL ? &own : found;
    filter.text = slice_from_string(text);
    filter.limit = filter.limit == 0 ? 50 : filter.limit;
    int result = inventory_search(world->inventory, &filter, &world->arena, found, &world->error);
    if (result != 0)
        fail_msg("'%s': %s", text, world->error.text);
    names[0] = '\0';
    for (size_t i = 0; i < found->count; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%.*s",
                                   i > 0 ? " " : "", SLICE_PRINT(found->items[i].name));
    return names;
}

struct inventory_counts world_counts(struct world *world, const char *organisation)
{
    struct inventory_counts counts;
    assert_int_equal(
        inventory_count(world->inventory, slice_from_string(organisation), &counts, &world->error),
        0);
    return counts;
}

static void check_server(struct world *world, const struct inventory_server *server,
                         struct inventory_counts *sums)
{
    struct inventory_rows rows;
    uint32_t counts[INVENTORY_CATEGORIES] = {0};
    uint64_t tokens = 0;
    enum catalogue_severity worst = CATALOGUE_LOW;
    assert_int_equal(
        inventory_get_tools(world->inventory, server, &world->arena, &rows, &world->error), 0);
    assert_int_equal(rows.count, server->tools);
    for (size_t i = 0; i < rows.count; i++) {
        const struct inventory_row *row = &rows.items[i];
        struct inventory_tool tool;
        unsigned char hash[CATALOGUE_FINGERPRINT_SIZE];
        if (i > 0)
            assert_true(rows.items[i - 1].severity >= row->severity);
        counts[row->category]++;
        tokens += row->tokens;
        worst = row->severity > worst ? row->severity : worst;
        int result = inventory_get_tool(world->inventory, server, row->slug, &world->arena, &tool,
                                        &world->error);
        if (result != 0)
            fail_msg("%.*s: %s", SLICE_PRINT(row->name), world->error.text);
        assert_true(slice_equal(tool.row.name, row->name));
        struct buffer room;
        buffer_init(&room, 0);
        assert_int_equal(catalogue_fingerprint(&tool.doc, 0, &room, hash), 0);
        buffer_release(&room);
        assert_memory_equal(hash, row->fingerprint, sizeof hash);
        if (!row->overridden)
            assert_int_equal(tool.verdict.category, row->category);
        inventory_tool_release(&tool);
    }
    assert_memory_equal(counts, server->counts, sizeof counts);
    assert_int_equal(tokens, server->tokens);
    assert_int_equal(worst, server->worst);
    for (int c = 0; c < INVENTORY_CATEGORIES; c++)
        sums->by_category[c] += counts[c];
    sums->tools += rows.count;
    sums->tokens += tokens;
    sums->by_worst[worst]++;
    sums->servers++;
}

void world_check(struct world *world, const char *organisation)
{
    struct inventory_counts sums = {0}, counts = world_counts(world, organisation);
    struct inventory_filter filter = {.organisation = slice_from_string(organisation), .limit = 7};
    struct inventory_servers servers;
    char cursor[INVENTORY_CURSOR_SIZE] = "";
    do {
        filter.after = slice_from_string(cursor);
        assert_int_equal(inventory_find_servers(world->inventory, &filter, &world->arena, &servers,
                                                &world->error),
                         0);
        for (size_t i = 0; i < servers.count; i++)
            check_server(world, &servers.items[i], &sums);
        memcpy(cursor, servers.page.next, sizeof cursor);
    } while (cursor[0] != '\0');
    sums.changed_ms = counts.changed_ms;
    assert_memory_equal(&sums, &counts, sizeof sums);
}
