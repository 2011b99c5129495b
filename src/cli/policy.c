// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy`: a table of its own subcommands.
#include "cli/cli_internal.h"

#include <stdio.h>

struct verb {
    const char *name;
    int (*run)(int argc, char **argv, const char *const *environment);
    const char *summary;
};

static const struct verb verbs[] = {
    {"check", cli_policy_check, "look for mistakes in policy files"},
    {"test", cli_policy_test, "hold policies to files of expected decisions"},
    {"explain", cli_policy_explain, "say what a policy decides about a call, and why"},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

static void print_help(void)
{
    printf("usage: sallyport policy COMMAND [ARGUMENTS]\n\ncommands:\n");
    for (size_t i = 0; i < VERBS; i++)
        printf("  %-8s  %s\n", verbs[i].name, verbs[i].summary);
    printf("\n'sallyport policy COMMAND --help' says more about one command.\n");
}

int cli_policy(int argc, char **argv, const char *const *environment)
{
    const char *names[VERBS];
    if (argc < 2)
        return cli_mistake("policy", "'policy' needs a command: check, test or explain");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return CLI_OK;
    }
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1, environment);
        names[i] = verbs[i].name;
    }
    const char *near = config_nearest(slice_from_string(argv[1]), names, VERBS);
    if (near == NULL)
        return cli_mistake("policy", "unknown command 'policy %s'", argv[1]);
    return cli_mistake("policy", "unknown command 'policy %s'; did you mean 'policy %s'?", argv[1],
                       near);
}
