// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport token`: the token is shown once and stored nowhere; the configuration has its hash.
#include "cli/cli_internal.h"

#include "base/memory.h"

#include <stdio.h>

enum { FROM_STDIN, JSON, FLAGS };
enum { TOKEN_LEAST = 20, LINE_SIZE = 4096 };

static const struct cli_flag flags[FLAGS] = {
    [FROM_STDIN] = {"from-stdin", NULL, "hash the token on standard input instead of making one"},
    [JSON] = {"json", NULL, "print a JSON object"},
};
static const struct cli_usage usage = {
    .command = "token",
    .operands = "",
    .text =
        "Makes a random token for a grant. The first line is the token: give it to the agent, it\n"
        "is stored nowhere. The second line belongs into the grant in the configuration.\n",
    .flags = flags,
    .flag_count = FLAGS};

static void format_hash(const char *token, char text[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[32];
    identity_hash_token(slice_from_string(token), hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    text[64] = '\0';
}

static int hash_stdin(bool json)
{
    char line[LINE_SIZE], hash[65];
    if (fgets(line, sizeof line, stdin) == NULL)
        return cli_complain(CLI_FAILED, "there is no token on standard input");
    line[strcspn(line, "\r\n")] = '\0';
    if (strlen(line) < TOKEN_LEAST) {
        memory_wipe(line, sizeof line);
        return cli_complain(CLI_FAILED, "a token must have at least %d characters", TOKEN_LEAST);
    }
    format_hash(line, hash);
    memory_wipe(line, sizeof line);
    printf(json ? "{\"token_sha256\":\"%s\"}\n" : "\"token_sha256\": \"%s\"\n", hash);
    return CLI_OK;
}

int cli_token(int argc, char **argv, const char *const *environment)
{
    (void)environment;
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    bool json = arguments.values[JSON] != NULL;
    if (arguments.values[FROM_STDIN] != NULL)
        return hash_stdin(json);
    char token[IDENTITY_TOKEN_SIZE], hash[65];
    identity_new_token(token);
    format_hash(token, hash);
    printf(json ? "{\"token\":\"%s\",\"token_sha256\":\"%s\"}\n" : "%s\n\"token_sha256\": \"%s\"\n",
           token, hash);
    memory_wipe(token, sizeof token);
    return CLI_OK;
}
