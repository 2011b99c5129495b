// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport import`: of a folder as `sallyport export` writes one, or of a client's configuration.
// A folder is a folder, anything else is a client's file.
#include "cli/client_internal.h"
#include "cli/moves_internal.h"

#include <sys/stat.h>

_Static_assert((int)IMPORT_CLIENT == (int)MOVES_PRUNE, "the flags of both share a table");

int cli_import(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[IMPORT_FLAGS] = {
        MOVES_FLAG_ROWS,
        [IMPORT_CLIENT] =
            {"client", "NAME",
             "whose file it is: claude-desktop, claude-code, cursor, vscode, windsurf "
             "or codex"},
        [IMPORT_GRANT] = {"grant", "LABEL", "of the client's new grant; else the client's name"},
        [IMPORT_POLICY] = {"policy", "NAME", "the policy of the gateway for that grant"},
        [IMPORT_UNDO] = {"undo", NULL, "put a client's file back to what it was before"}};
    static const struct cli_usage usage = {
        .command = "import",
        .operands = "DIR | CLIENT-CONFIG",
        .text = "Adds what the files of DIR have ('sallyport export' writes such files), or takes\n"
                "the servers of a client's configuration over into the gateway, makes a grant for\n"
                "the client, and rewrites its configuration so that it goes through the gateway.\n"
                "Nothing that is at the gateway already is changed.\n",
        .flags = flags,
        .flag_count = IMPORT_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct stat status;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (stat(arguments.operands[0], &status) == 0 && !S_ISDIR(status.st_mode))
        return client_import(&arguments, environment);
    return moves_apply(&arguments, true, environment);
}
