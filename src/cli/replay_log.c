// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The files of a log, fed to a rehearsal.
#include "cli/replay_internal.h"

#include "base/clock.h"
#include "cli/audit_internal.h"

#include <inttypes.h>

static int read_time(const char *command, const char *text, int64_t standard, int64_t *ret_ms)
{
    char whole[64];
    *ret_ms = standard;
    if (text == NULL)
        return CLI_OK;
    if (strlen(text) == 10)
        snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
    else
        snprintf(whole, sizeof whole, "%.63s", text);
    return clock_parse(slice_from_string(whole), ret_ms)
               ? CLI_OK
               : cli_mistake(command, "'%s' is no time like 2027-01-31T12:00:00Z", text);
}

int log_read_flags(const char *command, const struct cli_arguments *arguments,
                   struct rehearse_options *ret)
{
    int code = read_time(command, arguments->values[LOG_FROM], INT64_MIN, &ret->from_ms);
    ret->grant = slice_from_string(arguments->values[LOG_GRANT]);
    ret->server = slice_from_string(arguments->values[LOG_SERVER]);
    return code == CLI_OK ? read_time(command, arguments->values[LOG_TO], INT64_MAX, &ret->to_ms)
                          : code;
}

static void write_time(struct buffer *out, const char *name, const char *given, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    if (given == NULL)
        return;
    clock_format(ms, text);
    remote_write_text(out, name, text);
}

void log_write_flags(struct buffer *out, const struct cli_arguments *arguments,
                     const struct rehearse_options *asked)
{
    write_time(out, "from", arguments->values[LOG_FROM], asked->from_ms);
    write_time(out, "to", arguments->values[LOG_TO], asked->to_ms);
    remote_write_text(out, "server", arguments->values[LOG_SERVER]);
}

static bool says(struct remote *remote, const char *name, enum json_type type)
{
    uint32_t node = json_get(&remote->doc, 0, name);
    return node != JSON_NONE && json_type(&remote->doc, node) == type;
}

void log_tell_reading(struct remote *remote)
{
    struct slice reached = remote_text(remote, 0, "reached");
    int64_t missing = 0;
    uint32_t node = json_get(&remote->doc, 0, "missing");
    if (!says(remote, "complete", JSON_TRUE))
        cli_complain(
            CLI_OK,
            "the gateway did not read all of it (%.*s): it came to %.*s; ask for a shorter "
            "time",
            SLICE_PRINT(remote_text(remote, 0, "cut")), SLICE_PRINT(reached));
    if (node != JSON_NONE && json_integer(&remote->doc, node, &missing) == 0 && missing > 0)
        cli_complain(CLI_OK, "%" PRId64 " rows are not in the log any more", missing);
}

static int feed_files(char **files, int count, const struct log_taker *taker)
{
    struct proof_files inputs = {0};
    int result = 0, code = audit_files_must_open(files, count, &inputs);
    for (size_t i = 0; code == CLI_OK && i < inputs.count && result == 0; i++) {
        result = audit_files_read(&inputs, i, taker->feed, taker->argument);
        if (result == 0)
            result = taker->end_file(taker->argument);
    }
    proof_files_release(&inputs);
    if (code != CLI_OK || result == ERROR_IO)
        return CLI_USAGE;
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "out of memory");
}

int log_feed(const char *folder, char **files, int count, const struct log_taker *taker)
{
    glob_t found = {0};
    if (folder == NULL)
        return feed_files(files, count, taker);
    int code = audit_data_logs(folder, &found);
    if (code == CLI_OK && found.gl_pathc == 0)
        code = cli_complain(CLI_USAGE, "there is no decision log in '%s'", folder);
    if (code == CLI_OK)
        code = feed_files(found.gl_pathv, (int)found.gl_pathc, taker);
    globfree(&found);
    return code;
}

static int feed(void *argument, struct slice piece)
{
    return rehearse_feed(argument, piece);
}

static int end_file(void *argument)
{
    return rehearse_end_file(argument);
}

int log_rehearse(const char *folder, char **files, int count, struct rehearse *rehearse)
{
    const struct log_taker taker = {feed, end_file, rehearse};
    int code = log_feed(folder, files, count, &taker);
    if (code == CLI_OK && rehearse_finish(rehearse) != 0)
        code = cli_complain(CLI_FAILED, "out of memory");
    return code;
}
