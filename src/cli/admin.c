// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport admin`: what is done to a database while no gateway has it.
#include "cli/cli_internal.h"

#include <stdio.h>
#include <unistd.h>

enum { DATA, KEY_FILE, FLAGS };

static const struct cli_flag flags[FLAGS] = {
    [DATA] = {"data", "FOLDER", "the folder of the database"},
    [KEY_FILE] = {"key-file", "FILE", "its key file; else $SALLYPORT_KEYS or 'keys' in the folder"},
};

static bool has_database(const char *folder)
{
    struct buffer path;
    buffer_init(&path, 0);
    buffer_append_format(&path, "%s/control.db", folder);
    buffer_append(&path, slice_of("", 1));
    bool there = !path.failed && access(buffer_slice(&path).data, F_OK) == 0;
    buffer_release(&path);
    return there;
}

int cli_open_control(const char *command, const char *folder, const char *key_file,
                     const char *const *environment, struct control **ret)
{
    struct error error = {0};
    if (folder == NULL)
        return cli_mistake(command, "--data is missing");
    if (!has_database(folder))
        return cli_complain(CLI_USAGE, "there is no database in '%s'", folder);
    const struct control_options options = {
        .folder = folder, .key_file = key_file, .environment = environment};
    int result = control_open(&options, ret, &error);
    return result == 0
               ? CLI_OK
               : cli_complain(result == ERROR_CONFIG ? CLI_USAGE : CLI_FAILED, "%s", error.text);
}

static int rotate_keys(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "admin rotate-keys",
        .operands = "",
        .text =
            "Seals the credentials of the database under a new key, which is added to the key\n"
            "file, and drops the old keys from it. Keys that come from $SALLYPORT_KEYS are not\n"
            "changed: everything is sealed under the one with the highest number.\n",
        .flags = flags,
        .flag_count = FLAGS};
    struct cli_arguments arguments;
    struct control *control = NULL;
    struct error error = {0};
    int exit_code;
    struct control_rotation rotation = {.noted = false};
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = cli_open_control(usage.command, arguments.values[DATA], arguments.values[KEY_FILE],
                                 environment, &control);
    if (exit_code != CLI_OK)
        return exit_code;
    int result = control_rotate_keys(control, &rotation, &error);
    control_close(control);
    if (result != 0)
        return cli_complain(result == ERROR_CONFIG ? CLI_USAGE : CLI_FAILED, "%s", error.text);
    printf("%llu credentials are sealed under key %u\n", (unsigned long long)rotation.sealed,
           rotation.number);
    return CLI_OK;
}

static const struct cli_verb verbs[] = {
    {"rotate-keys", rotate_keys, "seal credentials under a new key"},
    {"organisation", cli_admin_organisation, "add and list organisations"},
};

int cli_admin(int argc, char **argv, const char *const *environment)
{
    return cli_run_verb("admin", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
