// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport import DIR`: like apply, into an organisation that has nothing of it yet.
#include "cli/moves_internal.h"

int cli_import(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[MOVES_FLAGS - 1] = {MOVES_FLAG_ROWS};
    static const struct cli_usage usage = {
        .command = "import",
        .operands = "DIR",
        .text = "Adds what the files of DIR have ('sallyport export' writes such files). Nothing\n"
                "that is there already is changed.\n",
        .flags = flags,
        .flag_count = MOVES_FLAGS - 1,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    return moves_apply(&arguments, true, environment);
}
