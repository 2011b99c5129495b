// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport limit`: what limits have counted at a running gateway, and making counters empty.
#include "cli/remote_internal.h"

static const struct remote_kind limits = {
    "/limits", "counter", {"server", "grant", "counter", "per", "used", "max", "frees_at"}};

enum { SERVER = REMOTE_FLAGS, GRANT, COUNTER, LIST_FLAGS, ALL = LIST_FLAGS, RESET_FLAGS };
static const struct cli_flag flags[] = {
    REMOTE_FLAG_ROWS,
    [SERVER] = {"server", "NAME", "those of this server"},
    [GRANT] = {"grant", "LABEL", "those that are this grant's alone"},
    [COUNTER] = {"counter", "NAME", "those with this name"},
    [ALL] = {"all", NULL, "all of the organisation"},
};

// The id of the grant with the label of --grant, in the arena; empty without the flag, data NULL
// after a complaint.
static struct slice grant_of(struct remote *remote, const struct cli_arguments *arguments)
{
    const char *label = arguments->values[GRANT];
    uint32_t node = 0;
    if (label == NULL)
        return (struct slice){"", 0};
    bool found = remote_find(remote, "/grants", "label", label, &node).data != NULL;
    return found ? remote_text(remote, node, "id") : (struct slice){0};
}

static int list(struct remote *remote, const struct cli_arguments *arguments)
{
    static const int chosen[] = {SERVER, COUNTER};
    struct slice grant = grant_of(remote, arguments);
    struct buffer query;
    int exit_code = grant.data == NULL ? CLI_FAILED : CLI_OK;
    buffer_init(&query, 0);
    if (grant.length > 0)
        buffer_append_format(&query, "&grant=%.*s", SLICE_PRINT(grant));
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen && exit_code == CLI_OK; i++) {
        const char *value = arguments->values[chosen[i]];
        struct slice text = value == NULL ? (struct slice){"", 0} : remote_encode(remote, value);
        if (text.data == NULL)
            exit_code = cli_complain(CLI_USAGE, "--%s is too long", flags[chosen[i]].name);
        else if (value != NULL)
            buffer_append_format(&query, "&%s=%.*s", flags[chosen[i]].name, SLICE_PRINT(text));
    }
    buffer_append(&query, slice_of("", 1));
    if (exit_code == CLI_OK)
        exit_code = remote_list_all(remote, &limits, query.data + query.start);
    buffer_release(&query);
    return exit_code;
}

static int limit_list(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "limit list",
        .operands = "",
        .text =
            "Lists counters that hold something: server, grant, name, what splits them, what is "
            "used,\n"
            "the most that the policy in force allows, and when some of it is free again. At "
            "most 1,000.\n",
        .flags = flags,
        .flag_count = LIST_FLAGS};
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = CLI_USAGE;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = list(&remote, &arguments);
    remote_close(&remote);
    return exit_code;
}

static int print_reset(struct remote *remote)
{
    int64_t reset = 0, left = 0;
    struct buffer out;
    buffer_init(&out, 0);
    if (remote->json) {
        buffer_append(&out, buffer_slice(&remote->body));
        buffer_append_string(&out, "\n");
    } else if (json_integer(&remote->doc, json_get(&remote->doc, 0, "reset"), &reset) == 0 &&
               json_integer(&remote->doc, json_get(&remote->doc, 0, "left"), &left) == 0) {
        buffer_append_format(&out, "%lld %s empty now\n", (long long)reset,
                             reset == 1 ? "counter is" : "counters are");
        if (left > 0)
            buffer_append_format(&out,
                                 "%lld left as they were: the limits' file cannot be written\n",
                                 (long long)left);
    }
    cli_print(&out);
    return left == 0 ? CLI_OK : CLI_FAILED;
}

static int reset(struct remote *remote, const struct cli_arguments *arguments)
{
    struct slice grant = grant_of(remote, arguments);
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_format(&body, "{\"all\":%s", arguments->values[ALL] != NULL ? "true" : "false");
    if (arguments->values[SERVER] != NULL)
        remote_write_text(&body, "server", arguments->values[SERVER]);
    if (arguments->values[COUNTER] != NULL)
        remote_write_text(&body, "counter", arguments->values[COUNTER]);
    bool found = grant.data != NULL;
    if (grant.length > 0) {
        buffer_append_string(&body, ",\"grant\":");
        json_write_string(&body, grant);
    }
    buffer_append_string(&body, "}");
    int exit_code = CLI_FAILED;
    if (found)
        exit_code =
            remote_call(remote, "POST", SLICE_LITERAL("/limits/reset"), buffer_slice(&body), NULL);
    buffer_release(&body);
    return found && exit_code == CLI_OK ? print_reset(remote) : exit_code;
}

static int limit_empty(int argc, char **argv, const char *const *environment)
{
    static const struct cli_usage usage = {
        .command = "limit reset",
        .operands = "",
        .text = "Makes counters of a gateway's limits empty, so that what they hold back runs "
                "again: those\n"
                "that fit everything that is named. The admin audit says who did it.\n",
        .flags = flags,
        .flag_count = RESET_FLAGS};
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = CLI_USAGE;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    bool some = arguments.values[SERVER] != NULL || arguments.values[GRANT] != NULL ||
                arguments.values[COUNTER] != NULL;
    if (some == (arguments.values[ALL] != NULL)) {
        cli_mistake("limit reset",
                    "which counters: some of --server, --grant, --counter, or --all");
        return CLI_USAGE;
    }
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = reset(&remote, &arguments);
    remote_close(&remote);
    return exit_code;
}

int cli_limit(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {{"list", limit_list, "what is used up, and until when"},
                                            {"reset", limit_empty, "make counters empty"}};
    return cli_run_verb("limit", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
