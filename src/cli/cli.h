// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The command line: one table of subcommands, one file per subcommand. Results go to standard
// output, complaints to standard error.
#pragma once

// Exit codes of every subcommand (docs/cli.md).
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,    // what was asked for went wrong
    CLI_USAGE = 2,     // the command line, the configuration or a policy is wrong
    CLI_DENIED = 3,    // policy explain --exit-code
    CLI_ASK = 4,       // policy explain --exit-code
    CLI_OPEN = 5,      // audit verify: the log is good, but has no signed end
    CLI_REACHED = 6,   // scan: some tool reaches --fail-on
    CLI_STOPPED = 130, // scan: a signal came
};

// Everything behind main().
int cli_main(int argc, char **argv, char **environment);
const char *cli_version(void);
