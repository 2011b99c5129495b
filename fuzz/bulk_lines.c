// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as lines of a bulk import into a catalogue on disk: every line is counted, what is
// refused is said, what was taken can be read again, and the same lines make no server twice.
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RUNS_A_FILE = 100, MEMORY_MAX = 64 * 1024 * 1024 };

static struct inventory *inventory;
static char folder[] = "/tmp/bulk_lines.XXXXXX";

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void complain(void *argument, uint64_t line, const char *why)
{
    uint64_t *complaints = argument;
    must(line > 0 && why != NULL && why[0] != '\0');
    (*complaints)++;
}

static void import(struct slice text, struct inventory_bulk_counts *counts)
{
    uint64_t complaints = 0, lines = 0;
    const struct inventory_bulk_options options = {.source = SLICE_LITERAL("import"),
                                                   .now_ms = 1,
                                                   .complain = complain,
                                                   .argument = &complaints};
    struct inventory_bulk *bulk;
    struct error error = {0};
    must(inventory_bulk_new(inventory, &options, &bulk, &error) == 0);
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end == NULL ? text.length : (size_t)(end - text.data);
        must(inventory_bulk_line(bulk, slice_of(text.data, length), &error) == 0);
        size_t taken = length + (end != NULL);
        text = slice_of(text.data + taken, text.length - taken);
        lines++;
    }
    must(inventory_bulk_end(bulk, &error) == 0);
    *counts = *inventory_bulk_counts(bulk);
    inventory_bulk_free(bulk);
    must(counts->lines == lines && counts->bad_lines == complaints && complaints <= lines);
}

static void remove_files(void)
{
    static const char *const files[] = {"catalogue.db", "catalogue.db-wal", "catalogue.db-shm"};
    inventory_close(inventory);
    inventory = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
}

static void remove_folder(void)
{
    remove_files();
    rmdir(folder);
}

// A new file now and then, so that none grows for ever.
static void prepare(void)
{
    static unsigned runs;
    struct error error = {0};
    if (runs == 0)
        must(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
    if (runs++ % RUNS_A_FILE == 0) {
        remove_files();
        must(inventory_open(folder, true, &inventory, &error) == 0);
    }
}

// Every server that was taken has as many tools as it says, each with a definition that reads.
static void check_servers(void)
{
    const struct inventory_filter filter = {.limit = INVENTORY_PAGE_MAX};
    struct inventory_servers servers;
    struct error error = {0};
    struct arena arena;
    arena_init(&arena, MEMORY_MAX);
    must(inventory_find_servers(inventory, &filter, &arena, &servers, &error) == 0);
    for (size_t i = 0; i < servers.count; i++) {
        struct inventory_rows rows;
        must(inventory_get_tools(inventory, &servers.items[i], &arena, &rows, &error) == 0);
        must(rows.count == servers.items[i].tools);
        for (size_t tool = 0; tool < rows.count; tool++) {
            struct inventory_tool found;
            must(inventory_get_tool(inventory, &servers.items[i], rows.items[tool].slug, &arena,
                                    &found, &error) == 0);
            inventory_tool_release(&found);
        }
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inventory_bulk_counts first, second;
    struct slice text = slice_of((const char *)data, size);
    prepare();
    import(text, &first);
    import(text, &second);
    must(second.new_servers == 0 && second.lists == first.lists);
    must(second.bad_lines == first.bad_lines && second.tools == first.tools);
    check_servers();
    return 0;
}
