// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport server`: the servers of a running gateway.
#include "cli/remote_internal.h"

static const struct remote_kind kind = {
    "/servers", "name", {"name", "transport", "disabled", "url", NULL}};

static int list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&kind, "server list", argc, argv, environment);
}

static int show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&kind, "server show", argc, argv, environment);
}

static int remove_one(int argc, char **argv, const char *const *environment)
{
    return remote_act(&kind, "server remove",
                      "Removes a server that no grant reaches, with its credentials.\n", NULL, argc,
                      argv, environment);
}

// ---- add

enum { SSE = REMOTE_FLAGS, PROGRAM, SETTINGS, ADD_FLAGS };

static const struct cli_flag add_flags[ADD_FLAGS] = {
    REMOTE_FLAG_ROWS, [SSE] = {"sse", NULL, "the URL speaks the older HTTP with SSE (2024-11-05)"},
    [PROGRAM] = {"program", NULL, "what follows NAME is a command on the gateway's machine"},
    [SETTINGS] = {"settings", "JSON", "an object in the configuration file's words for a server"}};
static const struct cli_usage add_usage = {
    .command = "server add",
    .operands = "NAME URL | --program NAME -- COMMAND...",
    .text = "Adds a server. Programs need an organisation that allows them.\n",
    .flags = add_flags,
    .flag_count = ADD_FLAGS,
    .operands_least = 2,
    .operands_most = -1};

static void write_server(struct buffer *out, const struct cli_arguments *arguments)
{
    bool program = arguments->values[PROGRAM] != NULL;
    buffer_append_string(out, "{\"name\":");
    json_write_string(out, slice_from_string(arguments->operands[0]));
    buffer_append_string(out, program ? ",\"transport\":\"stdio\",\"command\":["
                              : arguments->values[SSE] != NULL
                                  ? ",\"transport\":\"sse\",\"url\":"
                                  : ",\"transport\":\"http\",\"url\":");
    for (int i = 1; i < arguments->operand_count; i++) {
        buffer_append_string(out, i == 1 ? "" : ",");
        json_write_string(out, slice_from_string(arguments->operands[i]));
    }
    buffer_append_string(out, program ? "]" : "");
    if (arguments->values[SETTINGS] != NULL) {
        buffer_append_string(out, ",\"settings\":");
        buffer_append_string(out, arguments->values[SETTINGS]);
    }
    buffer_append_string(out, "}");
}

static int add(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer body;
    int exit_code = 0;
    if (!cli_parse(&add_usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.values[PROGRAM] == NULL && arguments.operand_count != 2)
        return cli_mistake("server add", "'server add' takes NAME and URL, or --program");
    buffer_init(&body, 0);
    write_server(&body, &arguments);
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code =
            remote_call(&remote, "POST", slice_from_string(kind.path), buffer_slice(&body), NULL);
    if (exit_code == CLI_OK)
        exit_code = remote_print(&remote, &kind);
    remote_close(&remote);
    buffer_release(&body);
    return exit_code;
}

int cli_server(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", list, "the servers of a gateway"},
        {"show", show, "one of them"},
        {"add", add, "add a server"},
        {"credential", cli_server_credential, "the secrets that are sent to servers"},
        {"remove", remove_one, "remove a server"},
    };
    return cli_run_verb("server", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
