// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport grant snippet`: what to write into a client's configuration. A token is put in here,
// on this side: the gateway never sends one with a snippet.
#include "cli/remote_internal.h"

#include <stdio.h>

// The text with the token in place of the word that stands for it.
static void put_token_in(struct buffer *out, struct slice text, struct slice word,
                         struct slice token)
{
    while (text.length > 0) {
        const char *found =
            word.length == 0 ? NULL : memmem(text.data, text.length, word.data, word.length);
        size_t before = found == NULL ? text.length : (size_t)(found - text.data);
        buffer_append(out, slice_of(text.data, before));
        if (found == NULL)
            return;
        buffer_append(out, token);
        text = slice_of(found + word.length, text.length - before - word.length);
    }
}

static bool is_token(struct slice token)
{
    for (size_t i = 0; i < token.length; i++) {
        char c = token.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_' && c != '-')
            return false;
    }
    return token.length > 0 && token.length < 200;
}

// What people must know besides, on standard error: standard output has the text alone.
static void explain(struct remote *remote, uint32_t snippet, bool has_token)
{
    struct slice file = remote_text(remote, snippet, "file"),
                 where = remote_text(remote, snippet, "token");
    if (file.length > 0)
        fprintf(stderr, "sallyport: for %.*s\n", SLICE_PRINT(file));
    if (slice_equal_string(where, "environment"))
        fputs("sallyport: the client reads the token from the variable SALLYPORT_TOKEN\n", stderr);
    if (slice_equal_string(where, "asked"))
        fputs("sallyport: the client asks for the token\n", stderr);
    if (slice_equal_string(where, "inline") && !has_token)
        fputs("sallyport: put the grant's token where TOKEN_OF_THE_GRANT stands\n", stderr);
}

int remote_snippet(struct remote *remote, struct slice grant_at, const char *client,
                   struct slice token)
{
    struct buffer out;
    if (strspn(client, "abcdefghijklmnopqrstuvwxyz-") != strlen(client) || strlen(client) > 40)
        return cli_complain(CLI_USAGE, "'%s' is no client", client);
    struct slice target =
        arena_format(&remote->arena, "%.*s/snippets?client=%s", SLICE_PRINT(grant_at), client);
    int exit_code = remote_call(remote, "GET", target, (struct slice){0}, NULL);
    if (exit_code != CLI_OK)
        return exit_code;
    uint32_t list = json_get(&remote->doc, 0, "snippets");
    uint32_t snippet = list == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, list);
    if (snippet == JSON_NONE)
        return cli_complain(CLI_FAILED, "the gateway knows no such client");
    struct slice text = remote_text(remote, snippet, "text");
    buffer_init(&out, 0);
    buffer_reserve(&out, text.length + 64 * 1024); // growing would leave the token behind
    if (remote->json) {
        buffer_append(&out, buffer_slice(&remote->body));
        buffer_append_string(&out, "\n");
    } else {
        explain(remote, snippet, token.length > 0);
        put_token_in(&out, text,
                     token.length > 0 ? remote_text(remote, 0, "placeholder") : (struct slice){0},
                     token);
    }
    fwrite(buffer_slice(&out).data, 1, buffer_slice(&out).length, stdout);
    buffer_wipe(&out);
    return CLI_OK;
}

enum { CLIENT = REMOTE_FLAGS, TOKEN_ENV, SNIPPET_FLAGS };

static int snippet(struct remote *remote, const struct cli_arguments *arguments, struct slice token)
{
    uint32_t node = 0;
    struct slice at = remote_find(remote, "/grants", "label", arguments->operands[0], &node);
    return at.data == NULL ? CLI_FAILED
                           : remote_snippet(remote, at, arguments->values[CLIENT], token);
}

int cli_grant_snippet(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[SNIPPET_FLAGS] = {
        REMOTE_FLAG_ROWS,
        [CLIENT] = {"client", "NAME",
                    "claude-desktop, claude-code, cursor, vscode, windsurf, codex or http"},
        [TOKEN_ENV] = {"token-env", "NAME",
                       "the environment variable with the grant's token, for clients that have it "
                       "in their file"}};
    static const struct cli_usage usage = {
        .command = "grant snippet",
        .operands = "LABEL",
        .text = "Prints what to write into a client's configuration so that it uses the grant.\n",
        .flags = flags,
        .flag_count = SNIPPET_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct remote remote;
    struct slice token = {0};
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.values[CLIENT] == NULL)
        return cli_mistake("grant snippet", "--client is needed");
    const char *name = arguments.values[TOKEN_ENV];
    if (name != NULL) {
        token = slice_from_string(config_variable(environment, slice_from_string(name)));
        if (!is_token(token))
            return cli_complain(CLI_USAGE, "the environment variable '%s' holds no token", name);
    }
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = snippet(&remote, &arguments, token);
    remote_close(&remote);
    return exit_code;
}
