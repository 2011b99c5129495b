// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Commands that have commands of their own.
#include "cli/cli_internal.h"

#include <stdio.h>

enum { VERBS_MAX = 16 };

static void print_help(const char *command, const struct cli_verb *verbs, size_t count)
{
    printf("usage: sallyport %s COMMAND [ARGUMENTS]\n\ncommands:\n", command);
    for (size_t i = 0; i < count; i++)
        printf("  %-8s  %s\n", verbs[i].name, verbs[i].summary);
    printf("\n'sallyport %s COMMAND --help' says more about one command.\n", command);
}

// "check, test or explain"
static void write_names(const struct cli_verb *verbs, size_t count, char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s",
                                   i == 0           ? ""
                                   : i + 1 == count ? " or "
                                                    : ", ",
                                   verbs[i].name);
}

int cli_run_verb(const char *command, const struct cli_verb *verbs, size_t count, int argc,
                 char **argv, const char *const *environment)
{
    const char *names[VERBS_MAX];
    char all[200];
    write_names(verbs, count, all, sizeof all);
    if (argc < 2)
        return cli_mistake(command, "'%s' needs a command: %s", command, all);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(command, verbs, count);
        return CLI_OK;
    }
    for (size_t i = 0; i < count && i < VERBS_MAX; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1, environment);
        names[i] = verbs[i].name;
    }
    const char *near = config_nearest(slice_from_string(argv[1]), names, count);
    if (near == NULL)
        return cli_mistake(command, "unknown command '%s %s'", command, argv[1]);
    return cli_mistake(command, "unknown command '%s %s'; did you mean '%s %s'?", command, argv[1],
                       command, near);
}
