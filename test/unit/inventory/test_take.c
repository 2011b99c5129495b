// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists that are taken: what is new, changed and gone, its history, and all sums.
#include "unit/inventory/inventory_world.h"

#define READ "{\"name\":\"list_files\",\"description\":\"Lists files. Also folders.\"}"
#define DROP "{\"name\":\"delete_file\",\"description\":\"Deletes a file for ever.\"}"
#define PAY "{\"name\":\"send_payment\",\"description\":\"Sends money to an account.\"}"

static void takes_lists(void **state)
{
    struct world world;
    (void)state;
    world_open(&world);
    world_put(&world, "@acme/files", "[" READ "," DROP "]");
    assert_false(world.taken.known);
    assert_int_equal(world.taken.added, 2);
    assert_null(world.taken.changes);
    struct inventory_server server = world_server(&world, "", "_acme~files");
    assert_true(slice_equal_string(server.name, "@acme/files"));
    assert_int_equal(server.tools, 2);
    assert_int_equal(server.counts[CATALOGUE_DESTRUCTIVE], 1);
    assert_int_equal(server.worst, CATALOGUE_CRITICAL);
    assert_int_equal(server.first_seen_ms, world.now_ms);
    assert_int_equal(server.organisation.length, 0);
    world_check(&world, "");
    // The name itself is understood, too.
    world_server(&world, "", "@acme/files");
    world_reopen(&world);
    world_check(&world, "");
    world_close(&world);
}

static void tells_what_changed(void **state)
{
    struct world world;
    struct inventory_pasts pasts;
    (void)state;
    world_open(&world);
    world_put(&world, "files", "[" READ "," DROP "]");
    int64_t first = world.now_ms;
    world.now_ms += 1000;
    world_put(&world, "files", "[" READ "," DROP "]");
    assert_int_equal(world.taken.added + world.taken.changed + world.taken.removed, 0);
    world.now_ms += 1000;
    world_put(&world, "files",
              "[{\"name\":\"list_files\",\"description\":\"Deletes all of them.\"}," PAY "]");
    assert_true(world.taken.known);
    assert_int_equal(world.taken.change_count, 3);
    assert_int_equal(world.taken.changes[0].kind, INVENTORY_CHANGED);
    assert_true(slice_equal_string(world.taken.changes[0].before, READ));
    assert_int_equal(world.taken.changes[1].kind, INVENTORY_REMOVED);
    assert_true(slice_equal_string(world.taken.changes[1].name, "delete_file"));
    assert_int_equal(world.taken.changes[2].kind, INVENTORY_ADDED);
    assert_true(slice_equal_string(world.taken.changes[2].after, PAY));
    struct inventory_server server = world_server(&world, "", "files");
    assert_int_equal(server.first_seen_ms, first);
    assert_int_equal(server.changed_ms, world.now_ms);
    assert_int_equal(inventory_history(world.inventory, &server, slice_of("", 0), 100, &world.arena,
                                       &pasts, &world.error),
                     0);
    assert_int_equal(pasts.count, 3);
    assert_int_equal(inventory_history(world.inventory, &server, SLICE_LITERAL("delete_file"), 100,
                                       &world.arena, &pasts, &world.error),
                     0);
    assert_int_equal(pasts.count, 1);
    assert_int_equal(pasts.items[0].kind, INVENTORY_REMOVED);
    assert_true(slice_equal_string(pasts.items[0].definition, DROP));
    assert_int_equal(pasts.items[0].from_ms, first);
    assert_int_equal(pasts.items[0].at_ms, world.now_ms);
    assert_string_equal(world_search(&world, (struct inventory_filter){0}, "delete_fi", NULL), "");
    assert_string_equal(world_search(&world, (struct inventory_filter){0}, "deletes", NULL),
                        "list_files");
    world_check(&world, "");
    world_close(&world);
}

static void a_part_of_a_list_removes_nothing(void **state)
{
    struct world world;
    (void)state;
    world_open(&world);
    world_put(&world, "files", "[" READ "," DROP "]");
    assert_int_equal(world_take(&world, "", "files", "[" PAY "]", false), 0);
    assert_int_equal(world.taken.added, 1);
    assert_int_equal(world.taken.removed, 0);
    assert_int_equal(world.taken.tools, 3);
    assert_int_equal(world_take(&world, "", "files", "[" PAY "]", true), 0);
    assert_int_equal(world.taken.removed, 2);
    assert_int_equal(world_take(&world, "", "files", "[]", true), 0);
    assert_int_equal(world_server(&world, "", "files").tools, 0);
    world_check(&world, "");
    world_close(&world);
}

static void counts_what_it_cannot_use(void **state)
{
    struct world world;
    (void)state;
    world_open(&world);
    world_put(&world, "odd", "[1, {}, {\"name\":\"\"}, {\"name\":2}, " READ ", " READ ", null]");
    assert_int_equal(world.taken.tools, 1);
    assert_int_equal(world.taken.repeated, 1);
    assert_int_equal(world.taken.unusable, 5);
    assert_int_equal(world_take(&world, "", "odd", "{}", true), ERROR_SYNTAX);
    assert_int_equal(world_take(&world, "", "odd", "[", true), ERROR_SYNTAX);
    assert_int_equal(world_take(&world, "", "", "[]", true), ERROR_RANGE);
    assert_int_equal(world_take(&world, "", "\xff", "[]", true), ERROR_RANGE);
    assert_int_equal(world_server(&world, "", "odd").tools, 1);
    world_check(&world, "");
    world_close(&world);
}

// "_meta" is said anew with each list; white space, the order of members and how a number is
// written mean nothing.
static void knows_the_same_definition(void **state)
{
    struct world world;
    (void)state;
    world_open(&world);
    world_put(&world, "s", "[{\"name\":\"a\",\"x\":1.0,\"y\":\"z\"}]");
    world_put(&world, "s", "[ { \"y\":\"\\u007a\", \"_meta\":{\"t\":1}, \"x\":1,\"name\":\"a\"}]");
    assert_int_equal(world.taken.changed, 0);
    world_put(&world, "s", "[{\"name\":\"a\",\"x\":1.0,\"y\":\"Z\"}]");
    assert_int_equal(world.taken.changed, 1);
    world_close(&world);
}

static void keeps_organisations_apart(void **state)
{
    struct world world;
    struct inventory_server server;
    (void)state;
    world_open(&world);
    world_put(&world, "files", "[" READ "]");
    assert_int_equal(world_take(&world, "org_a", "files", "[" DROP "]", true), 0);
    assert_int_equal(world_take(&world, "org_a", "bank", "[" PAY "]", true), 0);
    assert_int_equal(world_take(&world, "org_b", "mail", "[" READ "]", true), 0);
    for (int i = 0; i < 3; i++)
        world_check(&world, i == 0 ? "" : i == 1 ? "org_a" : "org_b");
    assert_int_equal(world_counts(&world, "").tools, 1);
    assert_int_equal(world_counts(&world, "org_a").tools, 3);
    assert_int_equal(world_counts(&world, "org_b").tools, 2);
    assert_int_equal(world_counts(&world, "org_unknown").tools, 1);
    assert_int_equal(world_server(&world, "", "files").counts[CATALOGUE_READ], 1);
    assert_int_equal(world_server(&world, "org_a", "files").counts[CATALOGUE_DESTRUCTIVE], 1);
    assert_int_equal(world_server(&world, "org_b", "files").counts[CATALOGUE_READ], 1);
    static const char *const strangers[] = {"", "org_b", "org_unknown"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(inventory_get_server(world.inventory, slice_from_string(strangers[i]),
                                              SLICE_LITERAL("bank"), &world.arena, &server,
                                              &world.error),
                         ERROR_NOT_FOUND);
        const struct inventory_filter filter = {.organisation = slice_from_string(strangers[i])};
        assert_string_equal(world_search(&world, filter, "payment", NULL), "");
        assert_string_equal(world_search(&world, filter, "send_p", NULL), "");
    }
    const struct inventory_filter own = {.organisation = SLICE_LITERAL("org_a")};
    assert_string_equal(world_search(&world, own, "payment", NULL), "send_payment");
    world_close(&world);
}

static void forgets_old_versions(void **state)
{
    struct world world;
    struct inventory_pasts pasts;
    struct inventory_tool tool;
    (void)state;
    world_open(&world);
    for (int i = 0; i < INVENTORY_VERSIONS_MAX + 6; i++) {
        char text[64];
        snprintf(text, sizeof text, "[{\"name\":\"a\",\"x\":%d}]", i);
        world.now_ms += 10;
        world_put(&world, "s", text);
    }
    struct inventory_server server = world_server(&world, "", "s");
    assert_int_equal(inventory_history(world.inventory, &server, SLICE_LITERAL("a"), 100,
                                       &world.arena, &pasts, &world.error),
                     0);
    assert_int_equal(pasts.count, INVENTORY_VERSIONS_MAX);
    assert_int_equal(pasts.forgotten, 5);
    assert_true(slice_equal_string(pasts.items[0].definition, "{\"name\":\"a\",\"x\":24}"));
    assert_int_equal(inventory_get_tool(world.inventory, &server, SLICE_LITERAL("a"), &world.arena,
                                        &tool, &world.error),
                     0);
    assert_int_equal(tool.changes, INVENTORY_VERSIONS_MAX + 5);
    inventory_tool_release(&tool);
    world_close(&world);
}

static void a_person_is_right(void **state)
{
    struct world world;
    (void)state;
    world_open(&world);
    assert_int_equal(world_take(&world, "org_a", "files", "[" READ "," DROP "]", true), 0);
    for (int i = 0; i < 2; i++) // the same again changes nothing
        assert_int_equal(inventory_override(world.inventory, SLICE_LITERAL("org_a"),
                                            SLICE_LITERAL("files"), SLICE_LITERAL("list_files"),
                                            CATALOGUE_FINANCIAL, &world.error),
                         0);
    struct inventory_server server = world_server(&world, "org_a", "files");
    assert_int_equal(server.counts[CATALOGUE_FINANCIAL], 1);
    assert_int_equal(server.counts[CATALOGUE_READ], 0);
    const struct inventory_filter paying = {.organisation = SLICE_LITERAL("org_a"),
                                            .categories = 1U << CATALOGUE_FINANCIAL};
    assert_string_equal(world_search(&world, paying, "", NULL), "list_files");
    assert_string_equal(world_search(&world, paying, "files", NULL), "list_files");
    world_check(&world, "org_a");
    // It stays when the definition changes,
    assert_int_equal(world_take(&world, "org_a", "files", "[{\"name\":\"list_files\"}]", true), 0);
    assert_int_equal(world_server(&world, "org_a", "files").counts[CATALOGUE_FINANCIAL], 1);
    world_check(&world, "org_a");
    // and ends when it is taken back.
    assert_int_equal(inventory_override(world.inventory, SLICE_LITERAL("org_a"),
                                        SLICE_LITERAL("files"), SLICE_LITERAL("list_files"),
                                        CATALOGUE_UNKNOWN, &world.error),
                     0);
    assert_int_equal(world_server(&world, "org_a", "files").counts[CATALOGUE_READ], 1);
    world_check(&world, "org_a");
    assert_int_equal(inventory_override(world.inventory, SLICE_LITERAL("org_a"),
                                        SLICE_LITERAL("files"), SLICE_LITERAL("other"),
                                        CATALOGUE_READ, &world.error),
                     ERROR_NOT_FOUND);
    assert_int_equal(inventory_override(world.inventory, SLICE_LITERAL("org_b"),
                                        SLICE_LITERAL("files"), SLICE_LITERAL("list_files"),
                                        CATALOGUE_READ, &world.error),
                     ERROR_NOT_FOUND);
    world_close(&world);
}

static void takes_a_server_out(void **state)
{
    struct world world;
    struct buffer list;
    (void)state;
    world_open(&world);
    buffer_init(&list, 0);
    for (int i = 0; i < 600; i++)
        buffer_append_format(&list, "%s{\"name\":\"tool_%d\"}", i == 0 ? "[" : ",", i);
    buffer_append(&list, slice_of("]", 2));
    world_put(&world, "large", list.data);
    world_put(&world, "other", "[" READ "]");
    world_check(&world, "");
    assert_int_equal(
        inventory_forget(world.inventory, slice_of("", 0), SLICE_LITERAL("large"), &world.error),
        0);
    assert_int_equal(world_counts(&world, "").tools, 1);
    assert_string_equal(world_search(&world, (struct inventory_filter){0}, "tool", NULL), "");
    assert_int_equal(
        inventory_forget(world.inventory, slice_of("", 0), SLICE_LITERAL("large"), &world.error),
        ERROR_NOT_FOUND);
    world_check(&world, "");
    buffer_release(&list);
    world_close(&world);
}

// Any order of lists ends in what the last one said.
static void survives_random_lists(void **state)
{
    struct world world;
    struct buffer list;
    unsigned seed = 7;
    (void)state;
    world_open(&world);
    buffer_init(&list, 0);
    for (int round = 0; round < 200; round++) {
        char server[16];
        buffer_clear(&list);
        buffer_append_string(&list, "[");
        for (int i = 0; i < 40; i++) {
            seed = seed * 1664525 + 1013904223;
            if ((seed >> 16) % 3 == 0)
                buffer_append_format(&list, "%s{\"name\":\"%s_thing_%d\",\"description\":\"%0*u\"}",
                                     list.length > 1 ? "," : "", i % 4 == 0 ? "delete" : "get", i,
                                     (int)(seed >> 8 & 0xfff), (seed >> 20) % 2);
        }
        buffer_append(&list, slice_of("]", 2));
        snprintf(server, sizeof server, "server-%u", seed % 3);
        assert_int_equal(world_take(&world, seed >> 30 == 0 ? "org" : "", server,
                                    buffer_slice(&list).data, (seed >> 24) % 2 == 0),
                         0);
        world.now_ms += 1000;
        arena_clear(&world.arena);
        if (round % 20 == 19) {
            world_check(&world, "");
            world_check(&world, "org");
        }
    }
    buffer_release(&list);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_lists),
        cmocka_unit_test(tells_what_changed),
        cmocka_unit_test(a_part_of_a_list_removes_nothing),
        cmocka_unit_test(counts_what_it_cannot_use),
        cmocka_unit_test(knows_the_same_definition),
        cmocka_unit_test(keeps_organisations_apart),
        cmocka_unit_test(forgets_old_versions),
        cmocka_unit_test(a_person_is_right),
        cmocka_unit_test(takes_a_server_out),
        cmocka_unit_test(survives_random_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
