// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport decisions`: what a running gateway decided: found, counted, taken out, heard of.
#include "cli/remote_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_STANDARD = 50 };

// What each of the commands may ask for; the parameters of the API have the same names.
enum { GRANT = REMOTE_FLAGS, SERVER, TOOL, METHOD, OUTCOME, RULE, POLICY, COMMON_FLAGS };
#define COMMON_ROWS                                                                                \
    REMOTE_FLAG_ROWS, [GRANT] = {"grant", "LABEL", "of this grant"},                               \
                      [SERVER] = {"server", "NAME", "of this server"},                             \
                      [TOOL] = {"tool", "NAME", "about this tool, prompt or resource"},            \
                      [METHOD] = {"method", "NAME", "of this MCP method"},                         \
                      [OUTCOME] = {"outcome", "A,B", "with one of these outcomes"},                \
                      [RULE] = {"rule", "RULE", "decided by this rule"},                           \
                      [POLICY] = {"policy", "NAME", "by this policy"}
#define TIME_ROWS(from, to)                                                                        \
    [from] = {"from", "TIME", "of this time and later (RFC 3339, or a date)"},                     \
    [to] = {"to", "TIME", "before this time"}
#define TEXT_ROW(text) [text] = {"text", "TEXT", "with this in the names, the rule or the reason"}

// "PATH?name=value&..." of the flags that are given.
static int write_target(struct remote *remote, struct buffer *out, const char *path,
                        const struct cli_usage *usage, const struct cli_arguments *arguments)
{
    buffer_append_string(out, path);
    for (size_t i = REMOTE_FLAGS; i < usage->flag_count; i++) {
        if (arguments->values[i] == NULL)
            continue;
        struct slice value = remote_encode(remote, arguments->values[i]);
        if (value.data == NULL)
            return cli_complain(CLI_USAGE, "--%s is too long", usage->flags[i].name);
        buffer_append_string(out,
                             memchr(buffer_slice(out).data, '?', out->length) == NULL ? "?" : "&");
        buffer_append_format(out, "%s=%.*s", usage->flags[i].name, SLICE_PRINT(value));
    }
    return out->failed ? cli_complain(CLI_FAILED, "out of memory") : CLI_OK;
}

static void print_row(struct buffer *out, struct remote *remote, uint32_t row)
{
    static const char *const columns[] = {"seq",    "time",   "outcome", "grant",
                                          "server", "method", "subject", "rule"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        buffer_append_string(out, i == 0 ? "" : "  ");
        uint32_t node = json_get(&remote->doc, row, columns[i]);
        if (node == JSON_NONE)
            buffer_append_string(out, "-");
        else
            remote_print_value(out, remote, node);
    }
    buffer_append_string(out, "\n");
}

// Runs one of them with a connection and a target.
typedef int (*decisions_run)(struct remote *remote, const struct cli_arguments *arguments,
                             struct slice target);
static int run(const struct cli_usage *usage, const char *path, decisions_run act, int argc,
               char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    struct remote remote;
    struct buffer target;
    int exit_code = 0;
    if (!cli_parse(usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    buffer_init(&target, 0);
    exit_code = remote_open(&remote, &arguments, environment);
    if (exit_code == CLI_OK)
        exit_code = write_target(&remote, &target, path, usage, &arguments);
    if (exit_code == CLI_OK)
        exit_code = act(&remote, &arguments, buffer_slice(&target));
    buffer_release(&target);
    remote_close(&remote);
    return exit_code;
}

// ---- list

enum { LIST_FROM = COMMON_FLAGS, LIST_TO, LIST_TEXT, LIST_ID, LIST_ORDER, LIST_LIMIT, LIST_FLAGS };

static size_t print_items(struct remote *remote, struct buffer *out, size_t most, size_t before)
{
    uint32_t items = json_get(&remote->doc, 0, "items");
    size_t count = 0;
    for (uint32_t item = items == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, items);
         item != JSON_NONE && count < most; item = json_next_element(&remote->doc, items, item)) {
        if (remote->json) {
            buffer_append_string(out, before + count == 0 ? "" : ",");
            buffer_append(out, json_raw(&remote->doc, item));
        } else {
            print_row(out, remote, item);
        }
        count++;
    }
    return count;
}

static int list_rows(struct remote *remote, const struct cli_arguments *arguments,
                     struct slice target)
{
    const char *limit = arguments->values[LIST_LIMIT];
    size_t most = limit == NULL ? ROWS_STANDARD : strtoul(limit, NULL, 10), count = 0;
    char next[80] = "";
    struct buffer out, page;
    int exit_code = CLI_OK;
    buffer_init(&out, 0);
    buffer_init(&page, 0);
    buffer_append_string(&out, remote->json ? "{\"items\":[" : "");
    // A page may end before it is full, when what is asked for is rare.
    do {
        bool first = memchr(target.data, '?', target.length) == NULL;
        buffer_clear(&page);
        buffer_append(&page, target);
        if (next[0] != '\0')
            buffer_append_format(&page, "%safter=%s", first ? "?" : "&", next);
        exit_code = remote_call(remote, "GET", buffer_slice(&page), (struct slice){0}, NULL);
        if (exit_code != CLI_OK)
            break;
        count += print_items(remote, &out, most - count, count);
        struct slice cursor = remote_text(remote, 0, "next");
        snprintf(next, sizeof next, "%.*s", (int)(cursor.length % sizeof next), cursor.data);
        arena_clear(&remote->arena);
    } while (next[0] != '\0' && count < most);
    buffer_append_string(&out, remote->json ? "]}\n" : "");
    if (exit_code == CLI_OK)
        cli_print(&out);
    buffer_release(&out);
    buffer_release(&page);
    return exit_code;
}

static int list(int argc, char **argv, const char *const *environment)
{
    static const struct cli_flag flags[LIST_FLAGS] = {
        COMMON_ROWS,
        TIME_ROWS(LIST_FROM, LIST_TO),
        TEXT_ROW(LIST_TEXT),
        [LIST_ID] = {"id", "ID", "with this id, as a denial has it"},
        [LIST_ORDER] = {"order", "ORDER", "newest (the default) or oldest first"},
        [LIST_LIMIT] = {"limit", "N", "at most so many, 1 to 1000; else 50"}};
    static const struct cli_usage usage = {
        .command = "decisions list",
        .operands = "",
        .text = "Lists decisions, a line each: number, time, outcome, grant, server, method,\n"
                "subject and rule.\n",
        .flags = flags,
        .flag_count = LIST_FLAGS};
    return run(&usage, "/decisions", list_rows, argc, argv, environment);
}

// ---- summary

static int print_summary(struct remote *remote, const struct cli_arguments *arguments,
                         struct slice target)
{
    struct buffer out;
    (void)arguments;
    int exit_code = remote_call(remote, "GET", target, (struct slice){0}, NULL);
    if (exit_code != CLI_OK)
        return exit_code;
    buffer_init(&out, 0);
    uint32_t items = json_get(&remote->doc, 0, "items");
    if (remote->json) {
        buffer_append(&out, buffer_slice(&remote->body));
        buffer_append_string(&out, "\n");
        items = JSON_NONE;
    }
    for (uint32_t item = items == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, items);
         item != JSON_NONE; item = json_next_element(&remote->doc, items, item)) {
        remote_print_value(&out, remote, json_get(&remote->doc, item, "time"));
        buffer_append_string(&out, "  ");
        remote_print_value(&out, remote, json_get(&remote->doc, item, "count"));
        buffer_append_string(&out, "  ");
        remote_print_value(&out, remote, json_get(&remote->doc, item, "key"));
        buffer_append_string(&out, "\n");
        arena_clear(&remote->arena);
    }
    cli_print(&out);
    return CLI_OK;
}

static int summary(int argc, char **argv, const char *const *environment)
{
    enum { FROM = COMMON_FLAGS, TO, BY, INTERVAL, FLAGS };
    static const struct cli_flag flags[FLAGS] = {
        COMMON_ROWS, TIME_ROWS(FROM, TO),
        [BY] = {"by", "WHAT", "outcome (the default), server, grant, tool, method, rule, policy"},
        [INTERVAL] = {"interval", "SECONDS", "how long each is"}};
    static const struct cli_usage usage = {
        .command = "decisions summary",
        .operands = "",
        .text = "Counts decisions over time, of the last 24 hours if not told otherwise.\n",
        .flags = flags,
        .flag_count = FLAGS};
    return run(&usage, "/decisions/summary", print_summary, argc, argv, environment);
}

// ---- export

static int write_piece(void *argument, struct slice data)
{
    (void)argument;
    return fwrite(data.data, 1, data.length, stdout) == data.length ? 0 : ERROR_CLOSED;
}

static int export_rows(struct remote *remote, const struct cli_arguments *arguments,
                       struct slice target)
{
    (void)arguments;
    remote->take = write_piece;
    int exit_code = remote_call(remote, "GET", target, (struct slice){0}, NULL);
    if (fflush(stdout) != 0)
        return CLI_FAILED;
    return exit_code == CLI_OK || remote->status != 200
               ? exit_code
               : cli_complain(exit_code, "what was written is not all");
}

static int export(int argc, char **argv, const char *const *environment)
{
    enum { FROM = COMMON_FLAGS, TO, TEXT, FORMAT, FLAGS };
    static const struct cli_flag flags[FLAGS] = {
        COMMON_ROWS, TIME_ROWS(FROM, TO), TEXT_ROW(TEXT),
        [FORMAT] = {"format", "NAME", "jsonl (the lines as they are; the default) or csv"}};
    static const struct cli_usage usage = {
        .command = "decisions export",
        .operands = "",
        .text = "Writes all decisions that are asked for to standard output, oldest first.\n"
                "'audit export' does so from files, without a gateway.\n",
        .flags = flags,
        .flag_count = FLAGS};
    return run(&usage, "/decisions/export", export_rows, argc, argv, environment);
}

// ---- tail

static int print_event(void *argument, const struct http_event *event)
{
    struct remote *remote = argument;
    struct error error;
    struct buffer out;
    if (!event->has_data)
        return 0;
    if (!slice_equal_string(event->type, "decision")) {
        cli_complain(CLI_OK, "too slow: some were missed, %.*s", (int)(event->data.length % 200),
                     event->data.data);
        return 0;
    }
    buffer_init(&out, 0);
    arena_clear(&remote->arena);
    if (remote->json) {
        buffer_append(&out, event->data);
        buffer_append_string(&out, "\n");
    } else if (json_scan(&remote->doc, event->data, NULL, &error, NULL) == 0) {
        print_row(&out, remote, 0);
    }
    cli_print(&out);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : ERROR_CLOSED;
}

static int follow_rows(struct remote *remote, const struct cli_arguments *arguments,
                       struct slice target)
{
    (void)arguments;
    return remote_follow(remote, target, print_event, remote);
}

static int tail_rows(int argc, char **argv, const char *const *environment)
{
    enum { TEXT = COMMON_FLAGS, FLAGS };
    static const struct cli_flag flags[FLAGS] = {COMMON_ROWS, TEXT_ROW(TEXT)};
    static const struct cli_usage usage = {
        .command = "decisions tail",
        .operands = "",
        .text = "Prints decisions as they are made, until it is stopped; with --json a line of\n"
                "JSON each.\n",
        .flags = flags,
        .flag_count = FLAGS};
    return run(&usage, "/decisions/stream", follow_rows, argc, argv, environment);
}

int cli_decisions(int argc, char **argv, const char *const *environment)
{
    static const struct cli_verb verbs[] = {
        {"list", list, "find decisions"},
        {"tail", tail_rows, "hear of them as they are made"},
        {"export", export, "take them out as JSON lines or CSV"},
        {"summary", summary, "count them over time"},
    };
    return cli_run_verb("decisions", verbs, sizeof verbs / sizeof *verbs, argc, argv, environment);
}
