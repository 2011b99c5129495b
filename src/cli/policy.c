// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy`: a table of its own subcommands.
#include "cli/cli_internal.h"

static const struct cli_verb verbs[] = {
    {"check", cli_policy_check, "look for mistakes in policy files"},
    {"test", cli_policy_test, "hold policies to files of expected decisions"},
    {"explain", cli_policy_explain, "say what a policy decides about a call, and why"},
};

int cli_policy(int argc, char **argv, const char *const *environment)
{
    return cli_run_verb("policy", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
