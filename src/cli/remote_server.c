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

// ---- test

static void print_legs(struct buffer *out, struct remote *remote)
{
    uint32_t legs = json_get(&remote->doc, 0, "legs");
    for (uint32_t leg = legs == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, legs);
         leg != JSON_NONE; leg = json_next_element(&remote->doc, legs, leg)) {
        buffer_append_string(out, "ok    ");
        remote_print_value(out, remote, json_get(&remote->doc, leg, "name"));
        buffer_append_string(out, " in ");
        remote_print_value(out, remote, json_get(&remote->doc, leg, "milliseconds"));
        buffer_append_string(out, " ms ");
        remote_print_value(out, remote, json_get(&remote->doc, leg, "detail"));
        buffer_append_string(out, "\n");
    }
}

// "LABEL VALUE", nothing when there is none.
static void print_fact(struct buffer *out, struct remote *remote, const char *label,
                       uint32_t object, const char *member)
{
    uint32_t node = json_get(&remote->doc, object, member);
    if (node == JSON_NONE || json_type(&remote->doc, node) == JSON_NULL)
        return;
    buffer_append_string(out, label);
    remote_print_value(out, remote, node);
    buffer_append_string(out, "\n");
}

static void print_trial(struct remote *remote)
{
    struct buffer out;
    uint32_t tls = json_get(&remote->doc, 0, "tls"), tools = json_get(&remote->doc, 0, "tools"),
             problem = json_get(&remote->doc, 0, "problem"),
             errors = json_get(&remote->doc, 0, "errors");
    buffer_init(&out, 0);
    print_legs(&out, remote);
    print_fact(&out, remote, "certificate of ", tls, "subject");
    print_fact(&out, remote, "  issued by    ", tls, "issuer");
    print_fact(&out, remote, "  until        ", tls, "expires_at");
    print_fact(&out, remote, "server         ", 0, "server_name");
    print_fact(&out, remote, "  version      ", 0, "server_version");
    print_fact(&out, remote, "protocol       ", 0, "protocol_version");
    print_fact(&out, remote, "era            ", 0, "era");
    print_fact(&out, remote, "tools          ", tools, "count");
    print_fact(&out, remote, "  named        ", tools, "names");
    print_fact(&out, remote, "fail  ", problem, "detail");
    print_fact(&out, remote, "      ", problem, "advice");
    for (uint32_t line = errors == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, errors);
         line != JSON_NONE; line = json_next_element(&remote->doc, errors, line)) {
        buffer_append_string(&out, "wrote ");
        remote_print_value(&out, remote, line);
        buffer_append_string(&out, "\n");
    }
    cli_print(&out);
}

static int test(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[REMOTE_FLAGS] = {REMOTE_FLAG_ROWS};
    static const struct cli_usage usage = {
        .command = "server test",
        .operands = "NAME",
        .text = "Tries a server out from the gateway, with its credentials: reaches it, agrees on\n"
                "a protocol and lists its tools. Takes 15 seconds at most.\n",
        .flags = flags,
        .flag_count = REMOTE_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct remote remote;
    uint32_t node = 0;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK) {
        struct slice at =
            remote_find(&remote, kind.path, kind.find_by, arguments.operands[0], &node);
        struct slice target = arena_format(&remote.arena, "%.*s/test", SLICE_PRINT(at));
        exit_code = at.data == NULL ? CLI_FAILED
                                    : remote_call(&remote, "POST", target, (struct slice){0}, NULL);
    }
    if (exit_code == CLI_OK && remote.json)
        exit_code = remote_print(&remote, &kind);
    else if (exit_code == CLI_OK)
        print_trial(&remote);
    uint32_t good = exit_code == CLI_OK ? json_get(&remote.doc, 0, "good") : JSON_NONE;
    if (good != JSON_NONE && json_type(&remote.doc, good) == JSON_FALSE)
        exit_code = CLI_FAILED;
    remote_close(&remote);
    return exit_code;
}

static int change(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {REMOTE_FLAG_ROWS,
                                            {"name", "NAME", "another name"},
                                            {"url", "URL", "another URL"},
                                            {"settings", "JSON", "these settings and no others"},
                                            {"disable", NULL, "calls to it are refused"},
                                            {"enable", NULL, "they are judged again"}};
    static const struct remote_field fields[] = {{"name", REMOTE_TEXT, NULL},
                                                 {"url", REMOTE_TEXT, NULL},
                                                 {"settings", REMOTE_JSON_TEXT, NULL},
                                                 {"disabled", REMOTE_FIXED, "true"},
                                                 {"disabled", REMOTE_FIXED, "false"}};
    return remote_change(&kind, "server change", "NAME", flags, fields,
                         sizeof fields / sizeof *fields, argc, argv, environment);
}

int cli_server(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", list, "the servers of a gateway"},
        {"show", show, "one of them"},
        {"add", add, "add a server"},
        {"change", change, "change a server"},
        {"credential", cli_server_credential, "the secrets that are sent to servers"},
        {"test", test, "try a server out"},
        {"authorize", cli_server_authorize, "let the gateway into a server that wants OAuth"},
        {"answer", cli_server_answer, "finish that with the address in which the browser ended"},
        {"authorizations", cli_server_authorizations,
         "where the gateway is authorized at a server"},
        {"deauthorize", cli_server_deauthorize, "end that"},
        {"remove", remove_one, "remove a server"},
    };
    return cli_run_verb("server", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
