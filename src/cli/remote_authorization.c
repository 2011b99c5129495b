// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport server authorize` and its kin: a running gateway's authorizations at servers, by
// OAuth.
#include "cli/remote_internal.h"

static const char *const columns[] = {"state", "flow", "grant", "issuer", "scope", NULL};

static int print_authorization(struct remote *remote)
{
    struct remote_kind kind = {.path = "/servers"};
    memcpy(kind.columns, columns, sizeof columns);
    int exit_code = remote_print(remote, &kind);
    struct slice url = remote_text(remote, 0, "authorization_url");
    if (exit_code != CLI_OK || remote->json || url.length == 0)
        return exit_code;
    struct buffer out;
    buffer_init(&out, 0);
    buffer_append_string(&out, "open this in a browser, within ten minutes:\n  ");
    remote_print_value(&out, remote, json_get(&remote->doc, 0, "authorization_url"));
    buffer_append_string(&out, "\nand then: sallyport server answer ADDRESS, with the address in "
                               "which the browser ends\n");
    cli_print(&out);
    return CLI_OK;
}

// ---- authorize

enum { GRANT = REMOTE_FLAGS, CLIENT_ID, SECRET_ENV, SCOPE, MACHINE, AUTHORIZE_FLAGS };

static const struct cli_flag authorize_flags[AUTHORIZE_FLAGS] = {
    REMOTE_FLAG_ROWS,
    [GRANT] = {"grant", "LABEL", "for this grant alone"},
    [CLIENT_ID] = {"client-id", "ID", "who the gateway is there; else it finds out by itself"},
    [SECRET_ENV] = {"client-secret-env", "NAME", "the environment variable with that one's secret"},
    [SCOPE] = {"scope", "SCOPES", "with blanks between; else what the server asks for"},
    [MACHINE] = {"machine", NULL, "with the client's secret alone: nobody signs in"}};
static const struct cli_usage authorize_usage = {
    .command = "server authorize",
    .operands = "SERVER",
    .text = "Lets the gateway into a server that wants OAuth: prints the address that a person\n"
            "opens. Again when the server needs more than was granted, or a person is needed.\n",
    .flags = authorize_flags,
    .flag_count = AUTHORIZE_FLAGS,
    .operands_least = 1,
    .operands_most = 1};

static void add_text(struct buffer *body, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buffer_append_string(body, ",");
    json_write_key(body, name);
    json_write_string(body, slice_from_string(value));
}

int cli_server_authorize(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer body;
    uint32_t node = 0;
    int exit_code = 0;
    if (!cli_parse(&authorize_usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *variable = arguments.values[SECRET_ENV];
    const char *secret =
        variable == NULL ? NULL : config_variable(environment, slice_from_string(variable));
    if (variable != NULL && secret == NULL)
        return cli_complain(CLI_USAGE, "the environment variable '%s' is not set", variable);
    buffer_init(&body, 0);
    buffer_append_format(&body, "{\"flow\":\"%s\"",
                         arguments.values[MACHINE] != NULL ? "client_credentials"
                                                           : "authorization_code");
    add_text(&body, "grant", arguments.values[GRANT]);
    add_text(&body, "client_id", arguments.values[CLIENT_ID]);
    add_text(&body, "client_secret", secret);
    add_text(&body, "scope", arguments.values[SCOPE]);
    buffer_append_string(&body, "}");
    exit_code = remote_open(&remote, &arguments, environment);
    struct slice at = {0};
    if (exit_code == CLI_OK)
        at = remote_find(&remote, "/servers", "name", arguments.operands[0], &node);
    if (exit_code == CLI_OK)
        exit_code =
            at.data == NULL
                ? CLI_FAILED
                : remote_call(&remote, "POST",
                              arena_format(&remote.arena, "%.*s/authorizations", SLICE_PRINT(at)),
                              buffer_slice(&body), NULL);
    if (exit_code == CLI_OK)
        exit_code = print_authorization(&remote);
    remote_close(&remote);
    buffer_wipe(&body);
    return exit_code;
}

// ---- answer

static const struct cli_flag answer_flags[REMOTE_FLAGS] = {REMOTE_FLAG_ROWS};
static const struct cli_usage answer_usage = {
    .command = "server answer",
    .operands = "ADDRESS",
    .text =
        "Finishes what 'server authorize' began, with the address in which the browser ended.\n",
    .flags = answer_flags,
    .flag_count = REMOTE_FLAGS,
    .operands_least = 1,
    .operands_most = 1};

int cli_server_answer(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer body;
    int exit_code = 0;
    if (!cli_parse(&answer_usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    buffer_init(&body, 0);
    buffer_append_string(&body, "{\"address\":");
    json_write_string(&body, slice_from_string(arguments.operands[0]));
    buffer_append_string(&body, "}");
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code =
            remote_call(&remote, "POST", SLICE_LITERAL("/oauth/answer"), buffer_slice(&body), NULL);
    if (exit_code == CLI_OK)
        exit_code = print_authorization(&remote);
    remote_close(&remote);
    buffer_release(&body);
    return exit_code;
}

// ---- authorizations, deauthorize

static const struct cli_usage list_usage = {
    .command = "server authorizations",
    .operands = "SERVER",
    .text =
        "Lists the gateway's authorizations at a server: for all grants, and for single ones.\n",
    .flags = answer_flags,
    .flag_count = REMOTE_FLAGS,
    .operands_least = 1,
    .operands_most = 1};

int cli_server_authorizations(int argc, char **argv, const char *const *environment)
{
    return remote_list_below(&list_usage, "authorizations", columns, argc, argv, environment);
}

enum { OF_GRANT = REMOTE_FLAGS, REMOVE_FLAGS };

static const struct cli_flag remove_flags[REMOVE_FLAGS] = {
    REMOTE_FLAG_ROWS, [OF_GRANT] = {"grant", "LABEL", "the one of this grant"}};
static const struct cli_usage remove_usage = {
    .command = "server deauthorize",
    .operands = "SERVER",
    .text = "Ends the gateway's tokens at the authorization server and forgets them.\n",
    .flags = remove_flags,
    .flag_count = REMOVE_FLAGS,
    .operands_least = 1,
    .operands_most = 1};

int cli_server_deauthorize(int argc, char **argv, const char *const *environment)
{
    return remote_remove_below(&remove_usage, "authorizations", OF_GRANT, argc, argv, environment);
}
