// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Files of decision logs as the command line names them.
#include "cli/audit_internal.h"

int audit_files_open(char **paths, int count, struct proof_files *ret)
{
    struct error error = {0};
    return proof_files_open(paths, (size_t)count, ret, &error) == 0
               ? CLI_OK
               : cli_complain(CLI_USAGE, "%s", error.text);
}

int audit_files_must_open(char **paths, int count, struct proof_files *ret)
{
    int code = audit_files_open(paths, count, ret);
    return code != CLI_OK || ret->count > 0
               ? code
               : cli_complain(CLI_USAGE, "there is no log among these files");
}

int audit_files_read(struct proof_files *files, size_t number,
                     int (*take)(void *argument, struct slice piece), void *argument)
{
    struct error error = {0};
    int result = proof_files_read(files, number, take, argument, &error);
    if (result == ERROR_IO)
        cli_complain(CLI_USAGE, "%s", error.text);
    return result;
}
