// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport connect`: for clients that speak only over standard input and output, a way to a
// Sallyport elsewhere. The policy is there; here nothing is judged beyond the form of messages.
#include "cli/cli_internal.h"

#include "base/random.h"

#include <stdio.h>

enum { TOKEN_ENV, FLAGS };
enum { HASH_DIGITS = 64 };

static const struct cli_flag flags[FLAGS] = {
    [TOKEN_ENV] = {"token-env", "NAME", "the environment variable that holds the grant's token"},
};
static const struct cli_usage usage = {
    .command = "connect",
    .operands = "URL",
    .text = "Connects a client on standard input and output to a server of a Sallyport elsewhere, "
            "such\n"
            "as https://gateway.example.com/mcp/files. What may pass is decided there.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_least = 1,
    .operands_most = 1};

static const char pass_everything[] = "{\"version\":\"1\",\"description\":\"the gateway at the far "
                                      "end decides\",\"default\":\"allow\"}";

static int compile(struct policy **ret)
{
    struct policy_problems problems = {0};
    int result = policy_compile(slice_from_string(pass_everything), SLICE_LITERAL("connect"), ret,
                                &problems);
    policy_problems_release(&problems);
    return result;
}

int cli_connect(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *name = arguments.values[TOKEN_ENV];
    if (name == NULL)
        return cli_mistake("connect", "--token-env is needed; a token on the command line could be "
                                      "read by every user of this machine");
    struct policy *policy;
    if (compile(&policy) != 0)
        return cli_complain(CLI_FAILED, "out of memory");
    char hash[HASH_DIGITS + 1];
    random_hex(hash, HASH_DIGITS / 2);
    struct buffer document;
    buffer_init(&document, 0);
    buffer_append_string(&document, "{\"listen\":\"127.0.0.1:0\",\"log\":{\"level\":\"warning\"},"
                                    "\"servers\":{\"server\":{\"url\":");
    json_write_string(&document, slice_from_string(arguments.operands[0]));
    buffer_append_format(&document, ",\"headers\":{\"Authorization\":\"Bearer ${%s}\"}}},", name);
    buffer_append_format(&document,
                         "\"grants\":{\"local\":{\"token_sha256\":\"%s\",\"servers\":{\"server\":"
                         "null}}}}",
                         hash);
    exit_code = cli_wrap(buffer_slice(&document), policy, environment);
    buffer_release(&document);
    policy_unref(policy);
    return exit_code;
}
