// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport channel`: where people outside are told of what waits for them.
#include "cli/remote_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const struct remote_kind channels = {
    "/channels", "name", {"name", "kind", "url", "to", "events", "disabled"}};

enum { URL = REMOTE_FLAGS, TO, EVENTS, ARGUMENTS, SECRET_ENV, ADD_FLAGS };

// The variable's value, never a word of the command line, which others can see.
static bool write_secret(struct buffer *out, const char *name)
{
    const char *value = name == NULL ? NULL : getenv(name);
    if (name != NULL && value == NULL) {
        cli_complain(CLI_USAGE, "the variable '%s' of --secret-env is not set", name);
        return false;
    }
    remote_write_text(out, "secret", value);
    return true;
}

static bool write_channel(struct buffer *out, const struct cli_arguments *arguments)
{
    const char *url = arguments->values[URL], *to = arguments->values[TO];
    if ((url == NULL) == (to == NULL)) {
        cli_complain(CLI_USAGE, "a channel has either --url or --to");
        return false;
    }
    remote_write_text(out, "name", arguments->operands[0]);
    remote_write_text(out, "kind", url != NULL ? "webhook" : "mail");
    remote_write_text(out, "url", url);
    if (to != NULL) {
        buffer_append_string(out, ",\"to\":");
        remote_write_list(out, to);
    }
    if (arguments->values[EVENTS] != NULL) {
        buffer_append_string(out, ",\"events\":");
        remote_write_list(out, arguments->values[EVENTS]);
    }
    if (arguments->values[ARGUMENTS] != NULL)
        buffer_append_string(out, ",\"arguments\":true");
    if (!write_secret(out, arguments->values[SECRET_ENV]))
        return false;
    buffer_append_string(out, "}");
    return true;
}

static int channel_add(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[ADD_FLAGS] = {
        REMOTE_FLAG_ROWS,
        [URL] = {"url", "URL", "a webhook there"},
        [TO] = {"to", "A,B", "e-mail to these addresses"},
        [EVENTS] = {"events", "A,B",
                    "of approval.asked, approval.decided, grant.paused and contact.sent; else all"},
        [ARGUMENTS] = {"arguments", NULL, "tell the values of calls' arguments, too"},
        [SECRET_ENV] = {"secret-env", "NAME",
                        "the environment variable with the secret to sign with; else a new one is "
                        "made and shown once"}};
    static const struct cli_usage usage = {
        .command = "channel add",
        .operands = "NAME",
        .text = "Adds a channel: a webhook or e-mail addresses that are told when a call waits\n"
                "for a person, and what came of it.\n",
        .flags = flags,
        .flag_count = ADD_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    return remote_add(&usage, &channels, write_channel, argc, argv, environment);
}

static bool write_new_secret(struct buffer *out, const struct cli_arguments *arguments)
{
    if (arguments->values[REMOTE_FLAGS] == NULL)
        buffer_append_string(out, "{\"secret\":null");
    else if (!write_secret(out, arguments->values[REMOTE_FLAGS]))
        return false;
    buffer_append_string(out, "}");
    return true;
}

static int channel_secret(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {
        REMOTE_FLAG_ROWS,
        {"secret-env", "NAME", "the environment variable with it; else a new one is made"}};
    static const struct cli_usage usage = {.command = "channel secret",
                                           .operands = "NAME",
                                           .text = "Replaces what a webhook is signed with.\n",
                                           .flags = flags,
                                           .flag_count = REMOTE_FLAGS + 1,
                                           .operands_least = 1,
                                           .operands_most = 1};
    const struct remote_request request = {
        .kind = &channels, .method = "PATCH", .action = "", .write = write_new_secret};
    return remote_send(&usage, &request, argc, argv, environment);
}

static int channel_change(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {REMOTE_FLAG_ROWS,
                                            {"name", "NAME", "its new name"},
                                            {"url", "URL", "of a webhook"},
                                            {"to", "A,B", "of mail"},
                                            {"events", "A,B", "what it is told"},
                                            {"arguments", NULL, "tell values of arguments"},
                                            {"no-arguments", NULL, "do not tell them"},
                                            {"disable", NULL, "it gets nothing"},
                                            {"enable", NULL, "it gets notices again"}};
    static const struct remote_field fields[] = {
        {"name", REMOTE_TEXT, NULL},         {"url", REMOTE_TEXT, NULL},
        {"to", REMOTE_LIST, NULL},           {"events", REMOTE_LIST, NULL},
        {"arguments", REMOTE_FIXED, "true"}, {"arguments", REMOTE_FIXED, "false"},
        {"disabled", REMOTE_FIXED, "true"},  {"disabled", REMOTE_FIXED, "false"}};
    return remote_change(&channels, "channel change", "NAME", flags, fields,
                         sizeof fields / sizeof *fields, argc, argv, environment);
}

static int channel_list(int argc, char **argv, const char *const *environment)
{
    return remote_list(&channels, "channel list", argc, argv, environment);
}

static int channel_show(int argc, char **argv, const char *const *environment)
{
    return remote_show(&channels, "channel show", argc, argv, environment);
}

static int channel_remove(int argc, char **argv, const char *const *environment)
{
    return remote_act(&channels, "channel remove", "Removes a channel, and what waits for it.\n",
                      NULL, argc, argv, environment);
}

static bool write_nothing(struct buffer *out, const struct cli_arguments *arguments)
{
    (void)out;
    (void)arguments;
    return true;
}

// A receiver that does not take it makes the command fail.
static int print_test(struct remote *remote, const struct remote_kind *kind,
                      const struct cli_arguments *arguments)
{
    static const struct remote_kind shown = {"/channels", NULL, {"delivered", "status", "text"}};
    uint32_t node = json_get(&remote->doc, 0, "delivered");
    bool delivered = node != JSON_NONE && json_type(&remote->doc, node) == JSON_TRUE;
    (void)kind;
    (void)arguments;
    int exit_code = remote_print(remote, &shown);
    return exit_code == CLI_OK && !delivered ? CLI_FAILED : exit_code;
}

static int channel_test(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {REMOTE_FLAG_ROWS};
    static const struct cli_usage usage = {
        .command = "channel test",
        .operands = "NAME",
        .text = "Sends a test message and prints what the receiver answers; fails when it does\n"
                "not take it.\n",
        .flags = flags,
        .flag_count = REMOTE_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    const struct remote_request request = {.kind = &channels,
                                           .method = "POST",
                                           .action = "/test",
                                           .write = write_nothing,
                                           .print = print_test};
    return remote_send(&usage, &request, argc, argv, environment);
}

static int list_notices(struct remote *remote, const char *name)
{
    char path[128];
    uint32_t node = JSON_NONE;
    struct slice at = remote_find(remote, channels.path, channels.find_by, name, &node);
    if (at.data == NULL)
        return CLI_FAILED;
    // The list uses the arena again.
    int length = snprintf(path, sizeof path, "%.*s/notices", SLICE_PRINT(at));
    const struct remote_kind kind = {
        path, NULL, {"event", "object", "state", "attempts", "next_attempt_at", "last_error"}};
    return length > 0 && (size_t)length < sizeof path ? remote_list_all(remote, &kind, "")
                                                      : CLI_FAILED;
}

static int channel_notices(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[] = {REMOTE_FLAG_ROWS};
    static const struct cli_usage usage = {
        .command = "channel notices",
        .operands = "NAME",
        .text = "Lists what waits for a channel's receiver, and what was given up in the last\n"
                "days, with what went wrong.\n",
        .flags = flags,
        .flag_count = REMOTE_FLAGS,
        .operands_least = 1,
        .operands_most = 1};
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = CLI_USAGE;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = list_notices(&remote, arguments.operands[0]);
    remote_close(&remote);
    return exit_code;
}

int cli_channel(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", channel_list, "the channels of the organisation"},
        {"show", channel_show, "one of them"},
        {"add", channel_add, "add a channel"},
        {"change", channel_change, "change a channel"},
        {"secret", channel_secret, "replace what a webhook is signed with"},
        {"test", channel_test, "send a test message"},
        {"notices", channel_notices, "what waits, and what was given up"},
        {"remove", channel_remove, "remove a channel"},
    };
    return cli_run_verb("channel", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
