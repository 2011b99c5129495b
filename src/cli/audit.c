// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport audit`: a table of its own subcommands.
#include "cli/remote_internal.h"

static const struct cli_verb verbs[] = {
    {"verify", cli_audit_verify, "prove that decision logs are in order and complete"},
    {"list", cli_audit_list, "who changed what at a running gateway"},
    {"export", cli_audit_export, "take decisions out of a log, as JSON lines or CSV"},
};

int cli_audit(int argc, char **argv, const char *const *environment)
{
    return cli_run_verb("audit", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
