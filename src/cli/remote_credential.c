// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport server credential`: the secrets that a running gateway sends to servers.
#include "cli/remote_internal.h"

static const char *const columns[] = {"place", "name", "grant", NULL};

static struct remote_kind credentials_at(struct slice path)
{
    struct remote_kind kind = {.path = path.data};
    memcpy(kind.columns, columns, sizeof columns);
    return kind;
}

// "/servers/ID/WHAT"; data NULL after a complaint.
static struct slice path_of(struct remote *remote, const char *server, const char *what)
{
    uint32_t node = 0;
    struct slice at = remote_find(remote, "/servers", "name", server, &node);
    return at.data == NULL ? at : arena_format(&remote->arena, "%.*s/%s", SLICE_PRINT(at), what);
}

// ---- set

enum { VALUE_ENV = REMOTE_FLAGS, VARIABLE, SET_GRANT, SET_FLAGS };

static const struct cli_flag set_flags[SET_FLAGS] = {
    REMOTE_FLAG_ROWS,
    [VALUE_ENV] = {"value-env", "NAME", "the environment variable that holds the secret"},
    [VARIABLE] = {"variable", NULL, "a variable of a program, in place of a header"},
    [SET_GRANT] = {"grant", "LABEL", "for this grant alone, in place of the server's own"}};
static const struct cli_usage set_usage = {
    .command = "server credential set",
    .operands = "SERVER HEADER",
    .text = "Sends a secret to a server with every message from now on, or another one than\n"
            "before. It is sealed in the gateway and never shown again.\n",
    .flags = set_flags,
    .flag_count = SET_FLAGS,
    .operands_least = 2,
    .operands_most = 2};

static void write_credential(struct buffer *body, const struct cli_arguments *arguments,
                             const char *value)
{
    buffer_append_format(body, "{\"place\":\"%s\",\"name\":",
                         arguments->values[VARIABLE] != NULL ? "environment" : "header");
    json_write_string(body, slice_from_string(arguments->operands[1]));
    buffer_append_string(body, ",\"value\":");
    json_write_string(body, slice_from_string(value));
    if (arguments->values[SET_GRANT] != NULL) {
        buffer_append_string(body, ",\"grant\":");
        json_write_string(body, slice_from_string(arguments->values[SET_GRANT]));
    }
    buffer_append_string(body, "}");
}

static int set(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer body;
    int exit_code = 0;
    if (!cli_parse(&set_usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *name = arguments.values[VALUE_ENV];
    if (name == NULL)
        return cli_mistake("server credential set",
                           "--value-env is needed; a secret on the command line could be read by "
                           "every user of this machine");
    const char *value = config_variable(environment, slice_from_string(name));
    if (value == NULL)
        return cli_complain(CLI_USAGE, "the environment variable '%s' is not set", name);
    buffer_init(&body, 0);
    write_credential(&body, &arguments, value);
    exit_code = remote_open(&remote, &arguments, environment);
    struct slice path = exit_code == CLI_OK ? path_of(&remote, arguments.operands[0], "credentials")
                                            : (struct slice){0};
    if (exit_code == CLI_OK)
        exit_code = path.data == NULL
                        ? CLI_FAILED
                        : remote_call(&remote, "POST", path, buffer_slice(&body), NULL);
    const struct remote_kind kind = credentials_at(path);
    if (exit_code == CLI_OK)
        exit_code = remote_print(&remote, &kind);
    remote_close(&remote);
    buffer_wipe(&body);
    return exit_code;
}

// ---- list

static const struct cli_flag list_flags[REMOTE_FLAGS] = {REMOTE_FLAG_ROWS};
static const struct cli_usage list_usage = {
    .command = "server credential list",
    .operands = "SERVER",
    .text = "Lists what is sent to a server, and for which grants, without the values.\n",
    .flags = list_flags,
    .flag_count = REMOTE_FLAGS,
    .operands_least = 1,
    .operands_most = 1};

int remote_list_below(const struct cli_usage *usage, const char *what, const char *const *shown,
                      int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    char path[128];
    int exit_code = 0;
    if (!cli_parse(usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK) {
        struct slice at = path_of(&remote, arguments.operands[0], what);
        bool fits = at.data != NULL && at.length < sizeof path;
        if (fits) // the list uses the arena again
            memcpy(path, at.data, at.length + 1);
        struct remote_kind kind = {.path = path};
        for (size_t i = 0; shown[i] != NULL; i++)
            kind.columns[i] = shown[i];
        exit_code = fits ? remote_list_all(&remote, &kind, "") : CLI_FAILED;
    }
    remote_close(&remote);
    return exit_code;
}

static int list(int argc, char **argv, const char *const *environment)
{
    return remote_list_below(&list_usage, "credentials", columns, argc, argv, environment);
}

// ---- remove

enum { REMOVE_GRANT = REMOTE_FLAGS, REMOVE_FLAGS };

static const struct cli_flag remove_flags[REMOVE_FLAGS] = {
    REMOTE_FLAG_ROWS, [REMOVE_GRANT] = {"grant", "LABEL", "the one of this grant"}};
static const struct cli_usage remove_usage = {.command = "server credential remove",
                                              .operands = "SERVER NAME",
                                              .text = "Sends it no longer.\n",
                                              .flags = remove_flags,
                                              .flag_count = REMOVE_FLAGS,
                                              .operands_least = 2,
                                              .operands_most = 2};

// `name` NULL: what has none.
static bool is_wanted(struct remote *remote, uint32_t item, const char *name, struct slice grant)
{
    return (name == NULL || slice_equal_ignoring_case(remote_text(remote, item, "name"),
                                                      slice_from_string(name))) &&
           slice_equal(remote_text(remote, item, "grant"), grant);
}

// The path of the one of this name; data NULL after a complaint.
static struct slice find_one(struct remote *remote, const struct cli_arguments *arguments,
                             const char *what, struct slice grant)
{
    struct slice path = path_of(remote, arguments->operands[0], what), next = {"", 0};
    const char *name = arguments->operand_count > 1 ? arguments->operands[1] : NULL;
    while (path.data != NULL) {
        struct slice target =
            arena_format(&remote->arena, "%.*s?limit=1000%s%.*s", SLICE_PRINT(path),
                         next.length > 0 ? "&after=" : "", SLICE_PRINT(next));
        if (remote_call(remote, "GET", target, (struct slice){0}, NULL) != CLI_OK)
            return (struct slice){0};
        uint32_t items = json_get(&remote->doc, 0, "items");
        for (uint32_t item = json_first_element(&remote->doc, items); item != JSON_NONE;
             item = json_next_element(&remote->doc, items, item))
            if (is_wanted(remote, item, name, grant))
                return arena_format(&remote->arena, "%.*s/%.*s", SLICE_PRINT(path),
                                    SLICE_PRINT(remote_text(remote, item, "id")));
        next = remote_text(remote, 0, "next");
        if (next.length == 0)
            break;
    }
    if (path.data != NULL)
        cli_complain(CLI_FAILED, "server '%s' has no %s%s%s%s%s", arguments->operands[0],
                     name == NULL ? "authorization" : "credential", name == NULL ? "" : " '",
                     name == NULL ? "" : name, name == NULL ? "" : "'",
                     grant.length > 0 ? " of this grant" : "");
    return (struct slice){0};
}

int remote_remove_below(const struct cli_usage *usage, const char *what, int grant_flag, int argc,
                        char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    struct slice grant = {"", 0};
    uint32_t node = 0;
    int exit_code = 0;
    if (!cli_parse(usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK && arguments.values[grant_flag] != NULL) {
        if (remote_find(&remote, "/grants", "label", arguments.values[grant_flag], &node).data ==
            NULL)
            exit_code = CLI_FAILED;
        else
            grant = arena_copy(&remote.arena, remote_text(&remote, node, "id"));
    }
    if (exit_code == CLI_OK) {
        struct slice at = find_one(&remote, &arguments, what, grant);
        exit_code = at.data == NULL ? CLI_FAILED
                                    : remote_call(&remote, "DELETE", at, (struct slice){0}, "*");
    }
    remote_close(&remote);
    return exit_code;
}

static int remove_one(int argc, char **argv, const char *const *environment)
{
    return remote_remove_below(&remove_usage, "credentials", REMOVE_GRANT, argc, argv, environment);
}

int cli_server_credential(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"set", set, "send a secret to a server, or another one than before"},
        {"list", list, "what is sent, without the values"},
        {"remove", remove_one, "send one no longer"},
    };
    return cli_run_verb("server credential", verbs, sizeof verbs / sizeof *verbs, argc, argv,
                        environment);
}
