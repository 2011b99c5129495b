// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy replay`: recorded calls through a draft, of files or of a gateway.
#include "cli/replay_internal.h"

enum { POLICY = LOG_FLAGS, ALL, MOST, DATA, FLAGS };

static const struct cli_flag flags[FLAGS] = {
    LOG_FLAG_ROWS, [POLICY] = {"policy", "NAME", "calls that the policy of this name decided"},
    [ALL] = {"all-calls", NULL, "of a gateway: also those of other policies"},
    [MOST] = {"most", "N", "of a gateway: rows to be read at most"},
    [DATA] = {"data", "FOLDER", "the decision log in this folder, in place of FILE..."}};
static const struct cli_usage usage = {
    .command = "policy replay",
    .operands = "DRAFT [FILE...]",
    .text = "Plays the calls of a decision log through another policy, and says what would have\n"
            "changed: who would have been denied, let through, or made to wait for a person.\n"
            "Limits count on the clock of the log. Without FILE... and --data a gateway is asked\n"
            "about the calls of --policy NAME.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_least = 1,
    .operands_most = -1};

static int print(struct rehearse *rehearse, const char *draft, bool json)
{
    struct buffer out;
    buffer_init(&out, 0);
    if (json) {
        buffer_append_string(&out, "{");
        rehearse_write_json(rehearse, &out);
        buffer_append_string(&out, "}\n");
    } else {
        rehearse_write_text(rehearse, slice_from_string(draft), &out);
    }
    cli_print(&out);
    return CLI_OK;
}

static int run(struct policy *draft, const struct cli_arguments *arguments)
{
    struct rehearse_options options = {.draft = draft, .everybody = true};
    struct rehearse *rehearse = NULL;
    struct replay_data data = {0};
    int code = log_read_flags(usage.command, arguments, &options);
    options.policy = slice_from_string(arguments->values[POLICY]);
    if (code == CLI_OK)
        code = replay_data_open(arguments->values[DATA], &data);
    if (data.past != NULL) {
        options.category = rehearse_past_category;
        options.tags = rehearse_past_tags;
        options.argument = data.past;
    }
    if (code == CLI_OK && rehearse_new(&options, &rehearse) != 0)
        code = cli_complain(CLI_FAILED, "out of memory");
    if (code == CLI_OK)
        code = log_rehearse(arguments->values[DATA], arguments->operands + 1,
                            arguments->operand_count - 1, rehearse);
    if (code == CLI_OK)
        code = print(rehearse, arguments->operands[0], arguments->values[REMOTE_JSON] != NULL);
    rehearse_free(rehearse);
    replay_data_close(&data);
    return code;
}

// ---- Of a gateway

static int write_body(struct buffer *out, const struct cli_arguments *arguments)
{
    struct rehearse_options asked = {0};
    struct error error = {0};
    struct buffer draft;
    const char *most = arguments->values[MOST];
    int code = log_read_flags(usage.command, arguments, &asked);
    if (code == CLI_OK && most != NULL &&
        (*most == '\0' || strspn(most, "0123456789") != strlen(most)))
        code = cli_mistake(usage.command, "'%s' is no number of rows", most);
    buffer_init(&draft, 0);
    if (code == CLI_OK &&
        config_read_file(arguments->operands[0], CLI_POLICY_FILE_MAX, &draft, &error) != 0)
        code =
            cli_complain(CLI_USAGE, "'%s' cannot be read: %s", arguments->operands[0], error.text);
    buffer_append_string(out, "{\"document\":");
    json_write_string(out, buffer_slice(&draft));
    log_write_flags(out, arguments, &asked);
    remote_write_text(out, "grant", arguments->values[LOG_GRANT]);
    remote_write_text(out, "calls", arguments->values[ALL] != NULL ? "all" : NULL);
    if (most != NULL)
        buffer_append_format(out, ",\"most\":%s", most);
    buffer_append_string(out, "}");
    buffer_release(&draft);
    return code;
}

static int print_answer(struct remote *remote)
{
    struct buffer out;
    buffer_init(&out, 0);
    buffer_append(&out,
                  remote->json ? buffer_slice(&remote->body) : remote_text(remote, 0, "text"));
    buffer_append_string(&out, remote->json ? "\n" : "");
    cli_print(&out);
    log_tell_reading(remote);
    return CLI_OK;
}

static int ask_gateway(const struct cli_arguments *arguments, const char *const *environment)
{
    struct remote remote;
    struct buffer body;
    uint32_t node = 0;
    buffer_init(&body, 0);
    int code = write_body(&body, arguments);
    if (code == CLI_OK) {
        code = remote_open(&remote, arguments, environment);
        struct slice at = {0};
        if (code == CLI_OK)
            at = remote_find(&remote, "/policies", "name", arguments->values[POLICY], &node);
        if (code == CLI_OK)
            code = at.data == NULL
                       ? CLI_FAILED
                       : remote_call(&remote, "POST",
                                     arena_format(&remote.arena, "%.*s/replay", SLICE_PRINT(at)),
                                     buffer_slice(&body), NULL);
        if (code == CLI_OK)
            code = print_answer(&remote);
        remote_close(&remote);
    }
    buffer_release(&body);
    return code;
}

int cli_policy_replay(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct policy *draft = NULL;
    int code;
    if (!cli_parse(&usage, argc, argv, &arguments, &code))
        return code;
    bool files = arguments.operand_count > 1, local = files || arguments.values[DATA] != NULL;
    if (files && arguments.values[DATA] != NULL)
        return cli_mistake(usage.command, "FILE... and --data exclude each other");
    if (!local && arguments.values[POLICY] == NULL)
        return cli_mistake(usage.command,
                           "'policy replay' needs FILE..., --data, or --policy NAME of a gateway");
    code = cli_open_policy(arguments.operands[0], &draft);
    if (code == CLI_OK)
        code = local ? run(draft, &arguments) : ask_gateway(&arguments, environment);
    policy_unref(draft);
    return code;
}
