// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the catalogue takes to answer: bench_catalogue FOLDER ROUNDS. What is asked for is a mix
// of what people type letter by letter, with and without filters; each answer is timed whole, in
// microseconds of processor time, and written as JSON where the API writes JSON. Prints lines of
// tab-separated values: what, how often, p50, p99, the slowest, what was slowest.
// `./dev bench catalogue` fills the folder.
#include "base/clock.h"
#include "inventory/inventory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 64 * 1024 * 1024, SAMPLES_MAX = 200000 };

static const char *const texts[] = {"",
                                    "g",
                                    "ge",
                                    "get",
                                    "get_",
                                    "get_us",
                                    "get user",
                                    "c",
                                    "cr",
                                    "cre",
                                    "create",
                                    "create i",
                                    "create issue",
                                    "d",
                                    "de",
                                    "del",
                                    "delete",
                                    "delete_",
                                    "delete file",
                                    "s",
                                    "se",
                                    "sea",
                                    "search",
                                    "search r",
                                    "search repository",
                                    "l",
                                    "li",
                                    "list",
                                    "list_",
                                    "list iss",
                                    "pay",
                                    "payment",
                                    "th",
                                    "fr",
                                    "in",
                                    "a",
                                    "re",
                                    "x",
                                    "zq",
                                    "zoom",
                                    "qqqq",
                                    "message",
                                    "file",
                                    "user",
                                    "github",
                                    "github issue",
                                    "run query",
                                    "get list create",
                                    "acme",
                                    "order cancel",
                                    "the",
                                    "database table",
                                    "update",
                                    "upda",
                                    "send_e",
                                    "send email"};
enum { TEXTS = sizeof texts / sizeof *texts };

struct bench {
    struct inventory *inventory;
    struct arena arena;
    struct buffer out;
    uint32_t samples[SAMPLES_MAX];
    size_t count;
    uint32_t slowest;
    char what[128];
};

static void die(const char *what, const struct error *error)
{
    fprintf(stderr, "%s: %s\n", what, error->text);
    exit(1);
}

static void note(struct bench *bench, uint64_t begun_us, const char *what)
{
    uint32_t took = (uint32_t)(clock_thread_us() - begun_us);
    if (bench->count < SAMPLES_MAX)
        bench->samples[bench->count++] = took;
    if (took < bench->slowest)
        return;
    bench->slowest = took;
    snprintf(bench->what, sizeof bench->what, "%s", what);
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void report(struct bench *bench, const char *what)
{
    qsort(bench->samples, bench->count, sizeof *bench->samples, by_size);
    printf("%s\t%zu\t%u\t%u\t%u\t%s\n", what, bench->count, bench->samples[bench->count / 2],
           bench->samples[bench->count * 99 / 100], bench->slowest, bench->what);
    fflush(stdout);
    bench->count = 0;
    bench->slowest = 0;
}

static void search(struct bench *bench, const char *text, unsigned categories)
{
    const struct inventory_filter filter = {
        .text = slice_from_string(text), .categories = categories, .limit = 50};
    struct inventory_found found;
    struct error error = {0};
    char what[128];
    snprintf(what, sizeof what, "'%s' of %x", text, categories);
    arena_clear(&bench->arena);
    buffer_clear(&bench->out);
    uint64_t begun = clock_thread_us();
    if (inventory_search(bench->inventory, &filter, &bench->arena, &found, &error) != 0)
        die("search", &error);
    for (size_t i = 0; i < found.count; i++)
        inventory_write_row(&bench->out, &found.items[i]);
    note(bench, begun, what);
}

static void look(struct bench *bench, const struct inventory_server *server, bool tools)
{
    struct inventory_server again;
    struct inventory_rows rows;
    struct error error = {0};
    uint64_t begun = clock_thread_us();
    if (inventory_get_server(bench->inventory, slice_of("", 0), server->slug, &bench->arena, &again,
                             &error) != 0 ||
        inventory_get_tools(bench->inventory, &again, &bench->arena, &rows, &error) != 0)
        die("server", &error);
    char name[100];
    snprintf(name, sizeof name, "%.*s (%zu tools)", (int)again.name.length, again.name.data,
             rows.count);
    if (!tools)
        note(bench, begun, name);
    for (size_t i = 0; tools && i < rows.count && i < 3; i++) {
        struct inventory_tool tool;
        buffer_clear(&bench->out);
        begun = clock_thread_us();
        if (inventory_get_tool(bench->inventory, &again, rows.items[i].slug, &bench->arena, &tool,
                               &error) != 0)
            die("tool", &error);
        inventory_write_tool(&bench->out, &tool);
        inventory_tool_release(&tool);
        note(bench, begun, name);
    }
}

// Servers from all over, and of all sizes.
static void look_around(struct bench *bench, bool tools)
{
    struct inventory_filter filter = {.limit = 20};
    struct inventory_servers servers;
    struct error error = {0};
    char start[2] = "";
    for (int i = 0; i < 26; i++) {
        start[0] = (char)('a' + i);
        filter.text = slice_from_string(start);
        arena_clear(&bench->arena);
        if (inventory_find_servers(bench->inventory, &filter, &bench->arena, &servers, &error) != 0)
            die("servers", &error);
        for (size_t k = 0; k < servers.count; k++)
            look(bench, &servers.items[k], tools);
    }
}

static void list_servers(struct bench *bench)
{
    static const char *const parts[] = {"",    "acme", "northwind/file", "github",
                                        "io.", "zzz",  "server-42"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct inventory_filter filter = {.text = slice_from_string(parts[i]), .limit = 50};
        struct inventory_servers servers;
        struct error error = {0};
        arena_clear(&bench->arena);
        uint64_t begun = clock_thread_us();
        if (inventory_find_servers(bench->inventory, &filter, &bench->arena, &servers, &error) != 0)
            die("servers", &error);
        note(bench, begun, parts[i]);
    }
}

static void count(struct bench *bench)
{
    struct inventory_counts counts;
    struct error error = {0};
    uint64_t begun = clock_thread_us();
    if (inventory_count(bench->inventory, slice_of("", 0), &counts, &error) != 0)
        die("counts", &error);
    note(bench, begun, "");
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct error error = {0};
    if (argc != 3 || inventory_open(argv[1], false, &bench.inventory, &error) != 0)
        die("usage: bench_catalogue FOLDER ROUNDS", &error);
    long rounds = strtol(argv[2], NULL, 10);
    arena_init(&bench.arena, ARENA_MAX);
    buffer_init(&bench.out, 0);
    for (long round = 0; round < rounds; round++)
        for (size_t i = 0; i < TEXTS; i++)
            search(&bench, texts[i], 0);
    report(&bench, "search");
    for (long round = 0; round < rounds; round++)
        for (size_t i = 0; i < TEXTS; i++)
            for (unsigned c = 0; c < INVENTORY_CATEGORIES; c++)
                search(&bench, texts[i], 1U << c);
    report(&bench, "search with a category");
    for (long round = 0; round < rounds; round++)
        list_servers(&bench);
    report(&bench, "servers");
    look_around(&bench, false);
    report(&bench, "a server with its tools");
    look_around(&bench, true);
    report(&bench, "a tool");
    for (long round = 0; round < 100 * rounds; round++)
        count(&bench);
    report(&bench, "sums");
    buffer_release(&bench.out);
    arena_release(&bench.arena);
    inventory_close(bench.inventory);
    return 0;
}
