// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy`: a table of its own subcommands.
#include "cli/remote_internal.h"

static const struct cli_verb verbs[] = {
    {"check", cli_policy_check, "look for mistakes in policy files"},
    {"lint", cli_policy_lint, "look for what is in force and probably not meant"},
    {"test", cli_policy_test, "hold policies to files of expected decisions"},
    {"explain", cli_policy_explain, "say what a policy decides about a call, and why"},
    {"list", cli_policy_list, "the policies of a gateway"},
    {"show", cli_policy_show, "print a policy of a gateway"},
    {"save", cli_policy_save, "make a file the newest version of a gateway's policy"},
    {"versions", cli_policy_versions, "the versions of a policy"},
    {"change", cli_policy_change, "give a gateway's policy another name or note"},
    {"rollback", cli_policy_rollback, "make an older version the newest"},
    {"diff", cli_policy_diff, "say what differs between two policies for those who call"},
    {"replay", cli_policy_replay, "play recorded calls through a draft: what would have changed"},
    {"suggest", cli_policy_suggest, "write a policy that lets pass what a grant did"},
    {"remove", cli_policy_remove, "remove a policy from a gateway"},
};

int cli_policy(int argc, char **argv, const char *const *environment)
{
    return cli_run_verb("policy", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
