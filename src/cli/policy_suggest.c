// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy suggest`: a policy from what a grant did, and the proof that it lets that pass;
// of files or of a gateway.
#include "cli/replay_internal.h"

#include <inttypes.h>
#include <stdlib.h>

enum { OBSERVED = LOG_FLAGS, MARGIN, DATA, FLAGS };

static const struct cli_flag flags[FLAGS] = {
    LOG_FLAG_ROWS,
    [OBSERVED] = {"include-observed", NULL, "with calls that passed because they were observed"},
    [MARGIN] = {"margin", "N", "limits are N times the highest rate seen; 2 unless given"},
    [DATA] = {"data", "FOLDER", "the decision log in this folder, in place of FILE..."}};
static const struct cli_usage usage = {
    .command = "policy suggest",
    .operands = "[FILE...]",
    .text =
        "Writes the tightest policy under which the calls of a grant that passed would pass\n"
        "again: by name, with bounds from their values where the log has them, and with limits.\n"
        "Destructive and financial tools ask a person. It is played against the same log.\n"
        "Without FILE... and --data a gateway is asked.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_most = -1};

static int feed(void *argument, struct slice piece)
{
    return suggestion_feed(argument, piece);
}

static int end_file(void *argument)
{
    return suggestion_end_file(argument);
}

// ---- Does what passed pass again?

struct playing {
    const struct cli_arguments *arguments;
    int code;
};

static int play(void *argument, struct rehearse *rehearse)
{
    struct playing *playing = argument;
    const struct cli_arguments *arguments = playing->arguments;
    playing->code = log_rehearse(arguments->values[DATA], arguments->operands,
                                 arguments->operand_count, rehearse);
    return playing->code == CLI_OK ? 0 : ERROR_IO;
}

static int tell(int64_t margin, const struct suggestion_proof *proof)
{
    if (proof->margin > margin)
        cli_complain(CLI_OK,
                     "limits are %" PRId64 " times the highest rate: with less, calls that were "
                     "denied then would use them up",
                     proof->margin);
    cli_complain(CLI_OK,
                 "played against the same log: of the calls that passed, %" PRIu64
                 " would be denied, %" PRIu64 " would wait for a person",
                 proof->lost, proof->asked);
    return proof->lost == 0 ? CLI_OK
                            : cli_complain(CLI_FAILED, "the suggestion denies what had passed; see "
                                                       "'policy replay'");
}

static int write_proven(struct suggestion *suggestion, const struct cli_arguments *arguments,
                        int64_t margin, struct buffer *out)
{
    struct playing playing = {arguments, CLI_OK};
    struct suggestion_proof proof;
    int result = suggestion_prove(suggestion, margin, 0, play, &playing, out, &proof);
    if (playing.code != CLI_OK)
        return playing.code;
    return result == 0 ? tell(margin, &proof)
                       : cli_complain(CLI_FAILED, "the suggestion cannot be played: %s",
                                      error_text(result));
}

// ---- The whole

static void say_counts(const struct suggestion_counts *counts)
{
    cli_complain(CLI_OK,
                 "founded on %" PRIu64 " calls; %" PRIu64 " that did not pass are left out, and so "
                 "are %" PRIu64 " of other servers",
                 counts->calls, counts->left_out, counts->other_servers);
    if (counts->observed > 0)
        cli_complain(CLI_OK, "%" PRIu64 " of them passed only because they were observed",
                     counts->observed);
    if (counts->masked > 0)
        cli_complain(CLI_OK,
                     "the log does not have the values of %" PRIu64 " of them "
                     "('decision_log_arguments')",
                     counts->masked);
    if (counts->unnamed + counts->too_many > 0)
        cli_complain(CLI_OK,
                     "%" PRIu64 " calls of names that no selector says exactly would be denied",
                     counts->unnamed + counts->too_many);
}

static int run(const struct suggestion_options *options, int64_t margin,
               const struct cli_arguments *arguments)
{
    struct suggestion *suggestion = NULL;
    struct buffer out;
    buffer_init(&out, 0);
    int code = suggestion_new(options, &suggestion) == 0
                   ? CLI_OK
                   : cli_complain(CLI_FAILED, "out of memory");
    if (code == CLI_OK)
        code = log_feed(arguments->values[DATA], arguments->operands, arguments->operand_count,
                        &(struct log_taker){feed, end_file, suggestion});
    if (code == CLI_OK && suggestion_counts(suggestion)->calls == 0)
        code = cli_complain(CLI_FAILED, "no call of grant '%.*s' passed in this log",
                            SLICE_PRINT(options->grant));
    if (code == CLI_OK) {
        say_counts(suggestion_counts(suggestion));
        code = write_proven(suggestion, arguments, margin, &out);
        cli_print(&out);
    }
    buffer_release(&out);
    suggestion_free(suggestion);
    return code;
}

static int run_with(struct suggestion_options *options, int64_t margin,
                    const struct cli_arguments *arguments)
{
    struct replay_data data;
    int code = replay_data_open(arguments->values[DATA], &data);
    if (data.past != NULL) {
        options->category = rehearse_past_category;
        options->argument = data.past;
    }
    if (code == CLI_OK)
        code = run(options, margin, arguments);
    replay_data_close(&data);
    return code;
}

// ---- Of a gateway

static int64_t number_of(struct remote *remote, const char *name)
{
    int64_t value = 0;
    uint32_t node = json_get(&remote->doc, 0, name);
    return node != JSON_NONE && json_integer(&remote->doc, node, &value) == 0 ? value : 0;
}

static int print_answer(struct remote *remote, int64_t margin)
{
    uint32_t document = json_get(&remote->doc, 0, "document");
    struct buffer out;
    if (document == JSON_NONE || json_type(&remote->doc, document) != JSON_OBJECT)
        return cli_complain(CLI_FAILED, "no call of this grant passed in the gateway's log");
    buffer_init(&out, 0);
    buffer_append(&out,
                  remote->json ? buffer_slice(&remote->body) : json_raw(&remote->doc, document));
    buffer_append_string(&out, "\n");
    cli_print(&out);
    const struct suggestion_counts counts = {
        .calls = (uint64_t)number_of(remote, "calls"),
        .left_out = (uint64_t)number_of(remote, "left_out"),
        .observed = (uint64_t)number_of(remote, "observed"),
        .masked = (uint64_t)number_of(remote, "without_values"),
        .unnamed = (uint64_t)number_of(remote, "unnamed"),
        .other_servers = (uint64_t)number_of(remote, "other_servers")};
    const struct suggestion_proof proof = {.margin = number_of(remote, "margin"),
                                           .lost = (uint64_t)number_of(remote, "lost"),
                                           .asked = (uint64_t)number_of(remote, "asks")};
    say_counts(&counts);
    log_tell_reading(remote);
    return tell(margin, &proof);
}

static int ask_gateway(const struct cli_arguments *arguments, const struct rehearse_options *asked,
                       int64_t margin, const char *const *environment)
{
    struct remote remote;
    struct buffer body;
    uint32_t node = 0;
    struct slice at = {0};
    buffer_init(&body, 0);
    buffer_append_format(&body, "{\"margin\":%" PRId64 ",\"include_observed\":%s", margin,
                         arguments->values[OBSERVED] != NULL ? "true" : "false");
    log_write_flags(&body, arguments, asked);
    buffer_append_string(&body, "}");
    int code = remote_open(&remote, arguments, environment);
    if (code == CLI_OK)
        at = remote_find(&remote, "/grants", "label", arguments->values[LOG_GRANT], &node);
    if (code == CLI_OK)
        code = at.data == NULL
                   ? CLI_FAILED
                   : remote_call(&remote, "POST",
                                 arena_format(&remote.arena, "%.*s/suggest", SLICE_PRINT(at)),
                                 buffer_slice(&body), NULL);
    if (code == CLI_OK)
        code = print_answer(&remote, margin);
    remote_close(&remote);
    buffer_release(&body);
    return code;
}

int cli_policy_suggest(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct rehearse_options asked = {0};
    int code;
    if (!cli_parse(&usage, argc, argv, &arguments, &code))
        return code;
    bool files = arguments.operand_count > 0, data = arguments.values[DATA] != NULL;
    if (files && data)
        return cli_mistake(usage.command, "FILE... and --data exclude each other");
    if (arguments.values[LOG_GRANT] == NULL)
        return cli_mistake(usage.command, "whose calls? --grant LABEL");
    code = log_read_flags(usage.command, &arguments, &asked);
    const char *word = arguments.values[MARGIN];
    int64_t margin = word == NULL ? SUGGESTION_MARGIN : strtol(word, NULL, 10);
    struct suggestion_options options = {.from_ms = asked.from_ms,
                                         .to_ms = asked.to_ms,
                                         .everybody = true,
                                         .grant = asked.grant,
                                         .server = asked.server,
                                         .include_observed = arguments.values[OBSERVED] != NULL};
    if (code == CLI_OK && (margin < 1 || margin > SUGGESTION_MARGIN_MAX))
        return cli_mistake(usage.command, "the margin is a whole number of 1 to %d",
                           SUGGESTION_MARGIN_MAX);
    if (code != CLI_OK)
        return code;
    return files || data ? run_with(&options, margin, &arguments)
                         : ask_gateway(&arguments, &asked, margin, environment);
}
