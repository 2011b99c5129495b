// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport catalogue import`: tools of many servers, from JSON lines.
#include "cli/catalogue_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

enum { DATA, ORGANISATION, SOURCE, JSON, FLAGS };
enum { SAY_US = 1000 * 1000, COMPLAINTS_MAX = 100 };

static const struct cli_flag flags[FLAGS] = {
    [DATA] = {"data", "FOLDER", "the data folder of a gateway"},
    [ORGANISATION] = {"organisation", "NAME", "whose entries they are; else all organisations'"},
    [SOURCE] = {"source", "TEXT", "where they are from, unless a line says it; else 'import'"},
    [JSON] = {"json", NULL, "print the counts as JSON"},
};

static const struct cli_usage usage = {
    .command = "catalogue import",
    .operands = "FILE.jsonl|-",
    .text =
        "Takes tools over into the catalogue. Each line is a tool as JSON (server, tool or name,\n"
        "description, input_schema or inputSchema, annotations) or a server with all of its\n"
        "tools (server, tools). Lines of one server should follow each other: that is faster, not\n"
        "more. Tools that are not in the file stay, but for servers with 'tools'. A line that is\n"
        "neither is named on standard error and left out; the exit code is then 1. The gateway\n"
        "may run meanwhile, and what is imported already can be imported again.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_least = 1,
    .operands_most = 1};

struct importing {
    const char *path;
    struct cli_lines lines;
    struct inventory_bulk *bulk;
    uint64_t begun_us, said_us;
    uint64_t complaints;
    bool talks; // somebody looks at standard error
};

static void complain(void *argument, uint64_t line, const char *why)
{
    struct importing *importing = argument;
    if (importing->complaints++ < COMPLAINTS_MAX)
        fprintf(stderr, "%s:%" PRIu64 ": %s\n", importing->path, line, why);
    else if (importing->complaints == COMPLAINTS_MAX + 1)
        fprintf(stderr, "%s: there are more such lines\n", importing->path);
}

static void say_progress(struct importing *importing)
{
    uint64_t now = clock_monotonic_us();
    if (!importing->talks || now - importing->said_us < SAY_US)
        return;
    const struct inventory_bulk_counts *counts = inventory_bulk_counts(importing->bulk);
    fprintf(stderr, "\r%" PRIu64 " tools of %" PRIu64 " servers, %.0f s ", counts->tools,
            counts->lists, (double)(now - importing->begun_us) / 1e6);
    importing->said_us = now;
}

static int read_all(struct importing *importing)
{
    struct error error = {0};
    int result = 0;
    // A line that is too long is none that could be JSON: the reader has its start alone.
    while (result == 0 && cli_lines_next(&importing->lines)) {
        struct slice line = buffer_slice(&importing->lines.line);
        if (importing->lines.too_long)
            line.length = INVENTORY_DEFINITION_MAX + 1;
        result = inventory_bulk_line(importing->bulk, line, &error);
        say_progress(importing);
    }
    if (result == 0)
        result = inventory_bulk_end(importing->bulk, &error);
    if (importing->talks && importing->said_us > importing->begun_us)
        fputc('\n', stderr);
    if (result != 0)
        return cli_catalogue_failed(result, &error);
    if (ferror(importing->lines.file) != 0)
        return cli_complain(CLI_FAILED, "%s cannot be read: %s", importing->path, strerror(errno));
    return inventory_bulk_counts(importing->bulk)->bad_lines > 0 ? CLI_FAILED : CLI_OK;
}

static void print_counts(const struct importing *importing, bool json)
{
    const struct inventory_bulk_counts *counts = inventory_bulk_counts(importing->bulk);
    double seconds = (double)(clock_monotonic_us() - importing->begun_us) / 1e6;
    printf(json ? "{\"lines\":%" PRIu64 ",\"bad_lines\":%" PRIu64 ",\"new_servers\":%" PRIu64
                  ",\"tools\":%" PRIu64 ",\"added\":%" PRIu64 ",\"changed\":%" PRIu64
                  ",\"removed\":%" PRIu64 ",\"repeated\":%" PRIu64 ",\"unusable\":%" PRIu64
                  ",\"seconds\":%.3f}\n"
                : "%" PRIu64 " lines, %" PRIu64 " of them bad; %" PRIu64 " new servers; %" PRIu64
                  " tools: %" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " removed, %" PRIu64
                  " repeated, %" PRIu64 " unusable; %.1f s\n",
           counts->lines, counts->bad_lines, counts->new_servers, counts->tools, counts->added,
           counts->changed, counts->removed, counts->repeated, counts->unusable, seconds);
}

int cli_catalogue_import(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct inventory *inventory = NULL;
    struct error error = {0};
    char organisation[CATALOGUE_ID_SIZE];
    int exit_code;
    (void)environment;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *source = arguments.values[SOURCE];
    struct importing importing = {.path = arguments.operands[0],
                                  .begun_us = clock_monotonic_us(),
                                  .talks = isatty(STDERR_FILENO) == 1};
    importing.said_us = importing.begun_us;
    exit_code = cli_open_catalogue(usage.command, arguments.values[DATA],
                                   arguments.values[ORGANISATION], true, &inventory, organisation);
    if (exit_code != CLI_OK)
        return exit_code;
    const struct inventory_bulk_options options = {
        .organisation = slice_from_string(organisation),
        .source = slice_from_string(source == NULL ? "import" : source),
        .now_ms = clock_wall_ms(),
        .complain = complain,
        .argument = &importing};
    if (inventory_bulk_new(inventory, &options, &importing.bulk, &error) != 0)
        exit_code = cli_catalogue_failed(ERROR_NO_MEMORY, &error);
    else if (!cli_lines_open(&importing.lines, importing.path, INVENTORY_DEFINITION_MAX))
        exit_code = CLI_FAILED;
    else
        exit_code = read_all(&importing);
    if (importing.lines.file != NULL)
        print_counts(&importing, arguments.values[JSON] != NULL);
    cli_lines_close(&importing.lines);
    inventory_bulk_free(importing.bulk);
    inventory_close(inventory);
    return exit_code;
}
