// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Searches: the order of what is found, pages, filters, and what people type.
#include "unit/inventory/inventory_world.h"

static const struct inventory_filter all = {0};

static void fill(struct world *world)
{
    world_open(world);
    world_put(world, "github",
              "[{\"name\":\"search\",\"description\":\"Finds code.\"},"
              "{\"name\":\"search_issues\",\"description\":\"Finds issues.\"},"
              "{\"name\":\"advancedSearch\",\"description\":\"Finds more. Never deletes.\"},"
              "{\"name\":\"find\",\"description\":\"A search for anything.\"},"
              "{\"name\":\"delete_repository\",\"description\":\"Deletes a repository.\"}]");
    world_put(world, "stripe",
              "[{\"name\":\"create_refund\",\"description\":\"Sends money back.\"},"
              "{\"name\":\"search_refunds\",\"description\":\"Lists refunds.\"}]");
}

static void puts_the_best_first(void **state)
{
    struct world world;
    struct inventory_found found;
    (void)state;
    fill(&world);
    assert_string_equal(world_search(&world, all, "search", &found),
                        "search search_issues search_refunds advancedSearch find");
    assert_int_equal(found.page.total, 5);
    assert_false(found.page.more);
    assert_true(slice_equal_string(found.items[2].server, "stripe"));
    assert_true(slice_equal_string(found.items[3].slug, "advancedSearch"));
    assert_string_equal(world_search(&world, all, "SEARCH_IS", NULL), "search_issues");
    // A single letter at the end is no word yet, but a part of the beginning of a name.
    assert_string_equal(world_search(&world, all, "search_i", NULL),
                        "search_issues search advancedSearch search_refunds find");
    assert_string_equal(world_search(&world, all, "sea", NULL),
                        "search search_issues search_refunds advancedSearch find");
    assert_string_equal(world_search(&world, all, "advancedS", NULL), "advancedSearch");
    // One letter: names that begin with it.
    assert_string_equal(world_search(&world, all, "s", &found),
                        "search search_issues search_refunds");
    assert_int_equal(found.page.total, 3);
    assert_string_equal(world_search(&world, all, "issues search", NULL), "search_issues");
    // The server's name, and the first sentence alone.
    assert_string_equal(world_search(&world, all, "stripe refund", NULL),
                        "create_refund search_refunds");
    assert_string_equal(world_search(&world, all, "never", NULL), "");
    world_close(&world);
}

static void understands_whatever_is_typed(void **state)
{
    struct world world;
    (void)state;
    static const char *const odd[] = {"\"",
                                      "'",
                                      "*",
                                      "a\"b",
                                      "search*",
                                      "(",
                                      ")",
                                      "AND",
                                      "OR",
                                      "NOT",
                                      "NEAR(a b)",
                                      "name:",
                                      "-",
                                      "^",
                                      "{",
                                      "%",
                                      "_",
                                      "\\",
                                      "c0",
                                      "c3",
                                      "\xff",
                                      "\xd0",
                                      " ",
                                      "  ",
                                      "\n",
                                      "a\"\"b*",
                                      ";",
                                      "--",
                                      "\xf0\x9f\x98\x80",
                                      "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a"};
    fill(&world);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        world_search(&world, all, odd[i], NULL);
    assert_string_equal(world_search(&world, all, "c3", NULL), "");
    assert_string_equal(world_search(&world, all, "\"search\"", NULL),
                        "search search_issues advancedSearch search_refunds find");
    char longest[20001];
    memset(longest, 'a', 20000);
    longest[20000] = '\0';
    assert_string_equal(world_search(&world, all, longest, NULL), "");
    for (size_t i = 0; i < 20000; i += 2)
        longest[i] = ' ';
    assert_string_equal(world_search(&world, all, longest, NULL), "");
    world_close(&world);
}

static void narrows(void **state)
{
    struct world world;
    struct inventory_found found;
    (void)state;
    fill(&world);
    struct inventory_filter filter = {.categories = inventory_categories_of(CATALOGUE_CRITICAL)};
    assert_string_equal(world_search(&world, filter, "", &found),
                        "create_refund delete_repository");
    assert_int_equal(found.page.total, 2);
    assert_string_equal(world_search(&world, filter, "re", NULL),
                        "delete_repository create_refund");
    filter.server = SLICE_LITERAL("stripe");
    assert_string_equal(world_search(&world, filter, "", NULL), "create_refund");
    filter.categories = 0;
    assert_string_equal(world_search(&world, filter, "s", NULL), "search_refunds");
    assert_string_equal(world_search(&world, filter, "se", NULL), "search_refunds create_refund");
    assert_string_equal(world_search(&world, filter, "search", NULL), "search_refunds");
    filter.server = SLICE_LITERAL("nobody");
    filter.limit = 5;
    assert_int_equal(inventory_search(world.inventory, &filter, &world.arena, &found, &world.error),
                     ERROR_NOT_FOUND);
    world_close(&world);
}

// All pages together are the one large page, whatever their size.
static void turns_pages(void **state)
{
    struct world world;
    (void)state;
    static const char *const texts[] = {"", "s", "search", "thing", "get thing", "nothing", "a"};
    static const char *const servers[] = {"", "files"};
    struct buffer list;
    world_open(&world);
    buffer_init(&list, 0);
    for (int i = 0; i < 60; i++)
        buffer_append_format(&list, "%s{\"name\":\"%s_%s\",\"description\":\"A %s of thing %d.\"}",
                             i == 0 ? "[" : ",", i % 3 == 0 ? "get" : "search",
                             i % 5 == 0 ? "thing" : "all", i % 7 == 0 ? "search" : "list", i);
    // Names that are the same in one list count once: each gets a server of its own.
    buffer_append(&list, slice_of("]", 2));
    world_put(&world, "files", buffer_slice(&list).data);
    for (int i = 0; i < 25; i++) {
        char server[16];
        snprintf(server, sizeof server, "server-%d", i * 7 % 25);
        assert_int_equal(
            world_take(&world, i % 4 == 0 ? "org" : "", server, buffer_slice(&list).data, true), 0);
    }
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t i = 0; i < 2; i++)
            for (unsigned categories = 0; categories < 2; categories++) {
                struct inventory_filter filter = {.organisation = SLICE_LITERAL("org"),
                                                  .server = slice_from_string(servers[i]),
                                                  .categories = categories,
                                                  .limit = 1000};
                struct inventory_found whole, part;
                world_search(&world, filter, texts[t], &whole);
                size_t seen = 0;
                char cursor[INVENTORY_CURSOR_SIZE] = "";
                filter.limit = 7;
                do {
                    filter.after = slice_from_string(cursor);
                    world_search(&world, filter, texts[t], &part);
                    assert_true(seen + part.count <= whole.count);
                    for (size_t k = 0; k < part.count; k++, seen++) {
                        assert_true(slice_equal(part.items[k].name, whole.items[seen].name));
                        assert_true(slice_equal(part.items[k].server, whole.items[seen].server));
                    }
                    memcpy(cursor, part.page.next, sizeof cursor);
                } while (cursor[0] != '\0');
                assert_int_equal(seen, whole.count);
                if (!whole.page.more)
                    assert_int_equal(whole.page.total, whole.count);
                arena_clear(&world.arena);
            }
    buffer_release(&list);
    world_close(&world);
}

static void refuses_made_up_cursors(void **state)
{
    struct world world;
    struct inventory_found found;
    (void)state;
    static const char *const odd[] = {"x",
                                      "0",
                                      "0.",
                                      "9.1.",
                                      "0.1",
                                      "0.1.6",
                                      "0.1.zz",
                                      "0.11111111111111111.",
                                      "0.8000000000000000.",
                                      "..",
                                      "1.1.6g"};
    fill(&world);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        const struct inventory_filter filter = {.after = slice_from_string(odd[i]), .limit = 5};
        assert_int_equal(
            inventory_search(world.inventory, &filter, &world.arena, &found, &world.error),
            ERROR_RANGE);
    }
    for (int tier = 0; tier < 4; tier++) {
        char cursor[32];
        snprintf(cursor, sizeof cursor, "%d.7fffffffffffff.ff", tier);
        const struct inventory_filter filter = {
            .text = SLICE_LITERAL("search"), .after = slice_from_string(cursor), .limit = 5};
        assert_int_equal(
            inventory_search(world.inventory, &filter, &world.arena, &found, &world.error), 0);
    }
    world_close(&world);
}

static void finds_servers(void **state)
{
    struct world world;
    struct inventory_servers servers;
    (void)state;
    fill(&world);
    struct inventory_filter filter = {.text = SLICE_LITERAL("HUB"), .limit = 10};
    assert_int_equal(
        inventory_find_servers(world.inventory, &filter, &world.arena, &servers, &world.error), 0);
    assert_int_equal(servers.count, 1);
    assert_int_equal(servers.page.total, 1);
    assert_true(slice_equal_string(servers.items[0].name, "github"));
    filter.text = slice_of("", 0);
    filter.categories = 1U << CATALOGUE_FINANCIAL;
    assert_int_equal(
        inventory_find_servers(world.inventory, &filter, &world.arena, &servers, &world.error), 0);
    assert_int_equal(servers.count, 1);
    assert_true(slice_equal_string(servers.items[0].name, "stripe"));
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_the_best_first),
        cmocka_unit_test(understands_whatever_is_typed),
        cmocka_unit_test(narrows),
        cmocka_unit_test(turns_pages),
        cmocka_unit_test(refuses_made_up_cursors),
        cmocka_unit_test(finds_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
