// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport catalogue search` and `show`. What servers said may hold anything: only what can be
// printed reaches the terminal.
#include "cli/catalogue_internal.h"

#include "scan/scan.h"

#include <inttypes.h>

enum { DATA, ORGANISATION, JSON, COMMON, CATEGORY = COMMON, SEVERITY, SERVER, LIMIT, SEARCH_FLAGS };
enum { HISTORY = COMMON, SHOW_FLAGS };
enum { ARENA_MAX = 256 * 1024 * 1024, FOUND_STANDARD = 50, PAST_MOST = 200, WIDEST = 1000 };

#define COMMON_FLAGS                                                                               \
    [DATA] = {"data", "FOLDER", "the data folder of a gateway"},                                   \
    [ORGANISATION] = {"organisation", "NAME", "also its own entries, not only what is shared"},    \
    [JSON] = {"json", NULL, "print JSON"}

struct looking {
    struct inventory *inventory;
    char organisation[CATALOGUE_ID_SIZE];
    struct arena arena;
    struct buffer out;
    struct error error;
    bool json;
};

static int open_looking(const char *command, const struct cli_arguments *arguments,
                        struct looking *ret)
{
    *ret = (struct looking){.json = arguments->values[JSON] != NULL};
    buffer_init(&ret->out, 0);
    arena_init(&ret->arena, ARENA_MAX);
    return cli_open_catalogue(command, arguments->values[DATA], arguments->values[ORGANISATION],
                              false, &ret->inventory, ret->organisation);
}

static int close_looking(struct looking *looking, int result)
{
    int exit_code = result == 0 ? CLI_OK : cli_catalogue_failed(result, &looking->error);
    if (result == 0)
        cli_print(&looking->out);
    buffer_release(&looking->out);
    arena_release(&looking->arena);
    inventory_close(looking->inventory);
    return exit_code;
}

// ---- search

static int read_categories(const struct cli_arguments *arguments, unsigned *ret)
{
    const char *category = arguments->values[CATEGORY], *severity = arguments->values[SEVERITY];
    const char *near = NULL;
    enum catalogue_category one;
    *ret = 0;
    if (category != NULL) {
        if (!cli_category(slice_from_string(category), &one, &near))
            return cli_mistake("catalogue search", "'%s' is no category%s%s", category,
                               near == NULL ? "" : "; did you mean ", near == NULL ? "" : near);
        *ret = 1U << one;
    }
    if (severity == NULL)
        return CLI_OK;
    for (int s = CATALOGUE_LOW; s <= CATALOGUE_CRITICAL; s++)
        if (strcmp(severity, catalogue_severity_name((enum catalogue_severity)s)) == 0) {
            unsigned of = inventory_categories_of((enum catalogue_severity)s);
            *ret = *ret == 0 ? of : *ret & of;
            return *ret != 0 ? CLI_OK
                             : cli_mistake("catalogue search", "no '%s' tool is of severity '%s'",
                                           category, severity);
        }
    return cli_mistake("catalogue search", "'%s' is no severity: low, medium, high or critical",
                       severity);
}

static int read_limit(const char *text, size_t *ret)
{
    *ret = FOUND_STANDARD;
    if (text == NULL)
        return CLI_OK;
    for (*ret = 0; *text >= '0' && *text <= '9' && *ret <= INVENTORY_PAGE_MAX; text++)
        *ret = *ret * 10 + (size_t)(*text - '0');
    return *text == '\0' && *ret > 0 && *ret <= INVENTORY_PAGE_MAX
               ? CLI_OK
               : cli_mistake("catalogue search", "--limit is a number from 1 to %d",
                             INVENTORY_PAGE_MAX);
}

static void print_found(struct looking *looking, const struct inventory_found *found)
{
    struct buffer *out = &looking->out;
    if (looking->json) {
        buffer_append_string(out, "{\"items\":[");
        for (size_t i = 0; i < found->count; i++) {
            buffer_append_string(out, i > 0 ? "," : "");
            inventory_write_row(out, &found->items[i]);
        }
        buffer_append_format(out, "],\"total\":%" PRIu64 ",\"more\":%s}\n", found->page.total,
                             found->page.more ? "true" : "false");
        return;
    }
    for (size_t i = 0; i < found->count; i++) {
        const struct inventory_row *row = &found->items[i];
        buffer_append_format(out, "%-8s  %-11s  ", catalogue_severity_name(row->severity),
                             catalogue_category_name(row->category));
        scan_write_harmless(out, row->server, WIDEST);
        buffer_append_string(out, "  ");
        scan_write_harmless(out, row->name, WIDEST);
        buffer_append_string(out, "\n");
    }
    if (found->page.more || found->page.total > found->count)
        buffer_append_format(out, "%zu of %s%" PRIu64 "; say more words, or --limit\n",
                             found->count, found->page.more ? "more than " : "", found->page.total);
}

int cli_catalogue_search(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[SEARCH_FLAGS] = {
        COMMON_FLAGS,
        [CATEGORY] = {"category", "CATEGORY", "read, write, execute, destructive or financial"},
        [SEVERITY] = {"severity", "LEVEL", "low, medium, high or critical"},
        [SERVER] = {"server", "NAME", "of this server alone"},
        [LIMIT] = {"limit", "N", "at most so many, up to 1000 (50)"},
    };
    static const struct cli_usage usage = {
        .command = "catalogue search",
        .operands = "[WORD...]",
        .text =
            "Finds tools: first those of this very name, then those whose name begins so, then\n"
            "those with all of the words in their name, then those with all of them in name,\n"
            "server and first sentence. The last word may be a beginning.\n",
        .flags = flags,
        .flag_count = SEARCH_FLAGS,
        .operands_least = 0,
        .operands_most = -1};
    struct cli_arguments arguments;
    struct looking looking;
    struct inventory_found found;
    struct buffer text;
    unsigned categories;
    size_t limit;
    int exit_code;
    (void)environment;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = read_categories(&arguments, &categories);
    if (exit_code == CLI_OK)
        exit_code = read_limit(arguments.values[LIMIT], &limit);
    if (exit_code != CLI_OK)
        return exit_code;
    exit_code = open_looking(usage.command, &arguments, &looking);
    if (exit_code != CLI_OK)
        return exit_code;
    buffer_init(&text, 0);
    for (int i = 0; i < arguments.operand_count; i++)
        buffer_append_format(&text, "%s%s", i > 0 ? " " : "", arguments.operands[i]);
    const struct inventory_filter filter = {.organisation = slice_from_string(looking.organisation),
                                            .text = buffer_slice(&text),
                                            .categories = categories,
                                            .server = slice_from_string(arguments.values[SERVER]),
                                            .limit = limit};
    int result =
        inventory_search(looking.inventory, &filter, &looking.arena, &found, &looking.error);
    if (result == 0)
        print_found(&looking, &found);
    buffer_release(&text);
    return close_looking(&looking, result);
}

// ---- show

static int show_server(struct looking *looking, const struct inventory_server *server)
{
    struct inventory_rows rows;
    struct buffer *out = &looking->out;
    int result =
        inventory_get_tools(looking->inventory, server, &looking->arena, &rows, &looking->error);
    if (result != 0)
        return result;
    if (looking->json) {
        buffer_append_string(out, "{\"server\":");
        inventory_write_server(out, server);
        buffer_append_string(out, ",\"tools\":[");
        for (size_t i = 0; i < rows.count; i++) {
            buffer_append_string(out, i > 0 ? "," : "");
            inventory_write_row(out, &rows.items[i]);
        }
        buffer_append_string(out, "]}\n");
        return 0;
    }
    scan_write_harmless(out, server->name, WIDEST);
    buffer_append_format(out, ": %u tools, %" PRIu64 " tokens\n", server->tools, server->tokens);
    for (size_t i = 0; i < rows.count; i++) {
        buffer_append_format(out, "%-8s  %-11s  ", catalogue_severity_name(rows.items[i].severity),
                             catalogue_category_name(rows.items[i].category));
        scan_write_harmless(out, rows.items[i].name, WIDEST);
        buffer_append_string(out, rows.items[i].overridden ? "  (said by a person)\n" : "\n");
    }
    return 0;
}

static void print_tool(struct looking *looking, const struct inventory_tool *tool)
{
    struct buffer why, *out = &looking->out;
    if (looking->json) {
        inventory_write_tool(out, tool);
        buffer_append_string(out, "\n");
        return;
    }
    buffer_init(&why, 0);
    catalogue_write_why(&why, &tool->verdict);
    scan_write_harmless(out, tool->row.name, WIDEST);
    buffer_append_format(out, ": %s, %s%s\n", catalogue_category_name(tool->row.category),
                         catalogue_severity_name(tool->row.severity),
                         tool->row.overridden ? " (said by a person)" : "");
    scan_write_harmless(out, tool->row.summary, WIDEST);
    buffer_append_string(out, "\n");
    scan_write_harmless(out, buffer_slice(&why), WIDEST);
    buffer_append_format(out, "\n%u tokens; its definition changed %u times\nrecommended rule: ",
                         tool->row.tokens, tool->changes);
    catalogue_write_rule(out, tool->row.category);
    buffer_append_string(out, "\n");
    buffer_release(&why);
}

static int show(struct looking *looking, const struct cli_arguments *arguments)
{
    struct inventory_server server;
    struct inventory_tool tool = {0};
    struct slice name = slice_from_string(arguments->operands[1]);
    int result = inventory_get_server(looking->inventory, slice_from_string(looking->organisation),
                                      slice_from_string(arguments->operands[0]), &looking->arena,
                                      &server, &looking->error);
    if (result != 0)
        return result;
    if (arguments->values[HISTORY] != NULL) {
        result = inventory_write_history(looking->inventory, &server, name, PAST_MOST,
                                         &looking->arena, &looking->out, &looking->error);
        buffer_append_string(&looking->out, "\n");
        return result;
    }
    if (name.data == NULL)
        return show_server(looking, &server);
    result = inventory_get_tool(looking->inventory, &server, name, &looking->arena, &tool,
                                &looking->error);
    if (result == 0)
        print_tool(looking, &tool);
    inventory_tool_release(&tool);
    return result;
}

int cli_catalogue_show(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[SHOW_FLAGS] = {
        COMMON_FLAGS,
        [HISTORY] = {"history", NULL, "what changed, and what differs, as JSON"},
    };
    static const struct cli_usage usage = {
        .command = "catalogue show",
        .operands = "SERVER [TOOL]",
        .text = "Says what is known of a server and its tools, the gravest first, or of one tool.\n"
                "Both are named by their name or as in the URLs of their pages.\n",
        .flags = flags,
        .flag_count = SHOW_FLAGS,
        .operands_least = 1,
        .operands_most = 2};
    struct cli_arguments arguments;
    struct looking looking;
    int exit_code;
    (void)environment;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = open_looking(usage.command, &arguments, &looking);
    return exit_code != CLI_OK ? exit_code : close_looking(&looking, show(&looking, &arguments));
}
