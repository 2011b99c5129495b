// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Puts what a scan found into the catalogue of a data folder, where the gateway may be running.
#include "cli/scan_internal.h"

#include "inventory/inventory.h"

#include <stdio.h>

enum { NAME_SIZE = 1024 };

static bool is_before(const struct scan *scan, size_t at, struct slice name)
{
    for (size_t i = 0; i < at; i++)
        if (scan->servers[i]->state == SCAN_GOOD && slice_equal(scan->servers[i]->name, name))
            return true;
    return false;
}

// Two clients may have servers of one name that are not the same: "files", "files (cursor)".
static struct slice name_of(const struct scan *scan, size_t at, char text[NAME_SIZE])
{
    const struct scan_server *server = scan->servers[at];
    if (!is_before(scan, at, server->name) || server->name.length > NAME_SIZE / 2)
        return server->name;
    if (server->client.length == 0)
        snprintf(text, NAME_SIZE, "%.*s (%zu)", SLICE_PRINT(server->name), at + 1);
    else
        snprintf(text, NAME_SIZE, "%.*s (%.*s)", SLICE_PRINT(server->name),
                 SLICE_PRINT(server->client));
    return slice_from_string(text);
}

static void tell(struct slice name, const struct inventory_taken *taken)
{
    struct buffer line;
    if (!taken->known && taken->repeated + taken->unusable == 0)
        return;
    buffer_init(&line, 0);
    scan_write_harmless(&line, name, NAME_SIZE);
    buffer_append_format(&line, ": %zu new, %zu changed, %zu gone", taken->added, taken->changed,
                         taken->removed);
    if (taken->repeated + taken->unusable > 0)
        buffer_append_format(&line, "; %zu not kept", taken->repeated + taken->unusable);
    if (taken->added + taken->changed + taken->removed + taken->repeated + taken->unusable > 0)
        fprintf(stderr, "sallyport: catalogue: %.*s\n", SLICE_PRINT(buffer_slice(&line)));
    buffer_release(&line);
}

static int take_server(struct inventory *inventory, const struct scan *scan, size_t at,
                       int64_t now_ms, struct error *error)
{
    const struct scan_server *server = scan->servers[at];
    char text[NAME_SIZE];
    struct slice name = name_of(scan, at, text);
    struct inventory_taken taken;
    const struct inventory_list list = {.organisation = {"", 0},
                                        .server = name,
                                        .title = slice_from_string(server->server_name),
                                        .source = SLICE_LITERAL("scan"),
                                        .tools = buffer_slice(&server->list),
                                        .complete = !server->more,
                                        .now_ms = now_ms};
    int result = inventory_take(inventory, &list, NULL, &taken, error);
    if (result == 0)
        tell(name, &taken);
    return result;
}

static int take_all(struct inventory *inventory, const struct scan *scan, int64_t now_ms,
                    struct error *error)
{
    int result = inventory_begin(inventory, error), refused = 0;
    for (size_t i = 0; result == 0 && i < scan->count; i++) {
        if (scan->servers[i]->state != SCAN_GOOD)
            continue;
        result = take_server(inventory, scan, i, now_ms, error);
        if (result != ERROR_SYNTAX && result != ERROR_RANGE && result != ERROR_TOO_LARGE)
            continue;
        cli_complain(CLI_FAILED, "catalogue: %s", error->text);
        refused = result; // the others are taken all the same
        result = 0;
    }
    if (result == 0)
        result = inventory_commit(inventory, error);
    return result != 0 ? result : refused;
}

int scan_fill_catalogue(const struct scan *scan, const char *folder, int64_t now_ms)
{
    struct inventory *inventory = NULL;
    struct error error = {0};
    int result = inventory_open(folder, true, &inventory, &error);
    if (result == 0)
        result = take_all(inventory, scan, now_ms, &error);
    inventory_close(inventory);
    return result == 0 ? CLI_OK
                       : cli_complain(CLI_FAILED, "the catalogue of '%s' was not filled: %s",
                                      folder, error.text);
}
