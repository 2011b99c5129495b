// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport admin organisation`: who has the machine says which organisations there are. No member
// of one can make another, whatever his role.
#include "cli/cli_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "store/walk.h"

#include <stdio.h>

enum { DATA, KEY_FILE, TITLE, URL, FLAGS };
enum { LINK_MS = 24 * 60 * 60 * 1000 };

static const struct cli_flag flags[FLAGS] = {
    [DATA] = {"data", "FOLDER", "the folder of the database"},
    [KEY_FILE] = {"key-file", "FILE", "its key file; else $SALLYPORT_KEYS or 'keys' in the folder"},
    [TITLE] = {"title", "TEXT", "what people see; else the name"},
    [URL] = {"url", "URL", "where browsers reach the gateway, for the link"},
};

static int add(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "admin organisation add",
        .operands = "NAME",
        .text =
            "Adds an organisation and prints a link for its first admin, once usable and for a\n"
            "day. What one organisation has, no other sees. The gateway must not run meanwhile.\n",
        .flags = flags,
        .flag_count = FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct control *control;
    struct error error = {0};
    char token[IDENTITY_TOKEN_SIZE] = "";
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *name = arguments.operands[0], *url = arguments.values[URL];
    const char *title = arguments.values[TITLE] == NULL ? name : arguments.values[TITLE];
    exit_code = cli_open_control(usage.command, arguments.values[DATA], arguments.values[KEY_FILE],
                                 environment, &control);
    if (exit_code != CLI_OK)
        return exit_code;
    int result =
        control_add_organisation(control, slice_from_string(name), slice_from_string(title),
                                 clock_wall_ms() + LINK_MS, token, &error);
    control_close(control);
    if (result == ERROR_EXISTS)
        return cli_complain(CLI_FAILED, "there is an organisation '%s' already", name);
    if (result != 0)
        return cli_complain(result == ERROR_RANGE ? CLI_USAGE : CLI_FAILED, "%s", error.text);
    printf("%s/invitation#%s\n", url == NULL ? "http://127.0.0.1:8700" : url, token);
    memory_wipe(token, sizeof token);
    return CLI_OK;
}

static void print_one(const struct store_organisation *row, struct buffer *out)
{
    buffer_append(out, row->name);
    for (size_t width = row->name.length; width < 18; width++)
        buffer_append_string(out, " ");
    for (size_t i = 0; i < row->title.length; i++) {
        unsigned char c = (unsigned char)row->title.data[i];
        buffer_append(out, c < 0x20 || c == 0x7F ? SLICE_LITERAL("?")
                                                 : slice_of(row->title.data + i, 1));
    }
    buffer_append_string(out, "\n");
}

static int print_all(void *argument, struct store_view *view, struct error *error)
{
    struct store_walk walk = store_walk_organisations();
    int result = 0;
    while (store_walk_next(&walk, view, &result, error))
        print_one(walk.row, argument);
    return result;
}

static int list(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {.command = "admin organisation list",
                                           .operands = "",
                                           .text = "Lists the organisations of the database.\n",
                                           .flags = flags,
                                           .flag_count = TITLE};
    struct cli_arguments arguments;
    struct control *control;
    struct error error = {0};
    struct buffer out;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = cli_open_control(usage.command, arguments.values[DATA], arguments.values[KEY_FILE],
                                 environment, &control);
    if (exit_code != CLI_OK)
        return exit_code;
    buffer_init(&out, 0);
    int result = store_run(control_records(control), STORE_READ, NULL, print_all, &out, &error);
    control_close(control);
    if (result == 0)
        cli_print(&out);
    else
        buffer_release(&out);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "%s", error.text);
}

static const struct cli_verb verbs[] = {
    {"add", add, "add one, and print a link for its first admin"},
    {"list", list, "those that there are"},
};

int cli_admin_organisation(int argc, char **argv, const char *const *environment)
{
    return cli_run_verb("admin organisation", verbs, sizeof verbs / sizeof *verbs, argc, argv,
                        environment);
}
