// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport run`: a policy in front of one server, for a client that speaks over standard input
// and output.
#include "cli/cli_internal.h"

#include "base/random.h"

#include <stdio.h>

enum { POLICY, URL, SSE, HEADER, DECISION_LOG, LIMITS_FILE, OBSERVE, FLAGS };
enum { HASH_DIGITS = 64 };

static const struct cli_flag flags[FLAGS] = {
    [POLICY] = {"policy", "FILE", "the policy; without one every call is denied"},
    [URL] = {"url", "URL", "a server over HTTP in place of a command"},
    [SSE] = {"sse", NULL, "the URL speaks the older HTTP with SSE (2024-11-05)"},
    [HEADER] = {"header", "'NAME: VALUE'",
                "sent to the server; may be repeated; ${NAME} is read from the environment"},
    [DECISION_LOG] = {"decision-log", "FILE", "append a JSON line per decision"},
    [LIMITS_FILE] = {"limits-file", "FILE", "keep counters of limits across restarts"},
    [OBSERVE] = {"observe", NULL, "decide and log, never block"},
};
static const struct cli_usage usage = {
    .command = "run",
    .operands = "-- COMMAND...",
    .text =
        "Stands between a client on standard input and output and one MCP server: a command that\n"
        "is started here, or a URL. The command gets this program's environment. The policy is\n"
        "loaded anew when its file changes.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .repeats = 1U << HEADER,
    .operands_least = 0,
    .operands_most = -1,
    .stop_at_operand = true};

static void write_string(struct buffer *out, const char *text)
{
    json_write_string(out, slice_from_string(text));
}

static void write_list(struct buffer *out, char **items, int count)
{
    buffer_append_string(out, "[");
    for (int i = 0; i < count; i++) {
        buffer_append_string(out, i > 0 ? "," : "");
        write_string(out, items[i]);
    }
    buffer_append_string(out, "]");
}

// The names of all variables: a wrapped command expects what its client set for it.
static void write_environment(struct buffer *out, const char *const *environment)
{
    buffer_append_string(out, ",\"inherit_env\":[");
    bool first = true;
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        struct slice name =
            slice_of(*environment, equals == NULL ? 0 : (size_t)(equals - *environment));
        bool plain = name.length > 0 && !(name.data[0] >= '0' && name.data[0] <= '9');
        for (size_t i = 0; plain && i < name.length; i++)
            plain = (name.data[i] >= '0' && name.data[i] <= '9') ||
                    (name.data[i] >= 'A' && name.data[i] <= 'Z') ||
                    (name.data[i] >= 'a' && name.data[i] <= 'z') || name.data[i] == '_';
        if (!plain)
            continue;
        buffer_append_string(out, first ? "" : ",");
        json_write_string(out, name);
        first = false;
    }
    buffer_append_string(out, "]");
}

static bool write_headers(struct buffer *out, const struct cli_arguments *arguments)
{
    buffer_append_string(out, ",\"headers\":{");
    for (size_t i = 0; i < arguments->repeated_count; i++) {
        const char *header = arguments->repeated[i].value, *colon = strchr(header, ':');
        if (colon == NULL)
            return false;
        buffer_append_string(out, i > 0 ? "," : "");
        json_write_string(out, slice_of(header, (size_t)(colon - header)));
        buffer_append_string(out, ":");
        json_write_string(out, slice_trim(slice_from_string(colon + 1)));
    }
    buffer_append_string(out, "}");
    return true;
}

static void write_grant(struct buffer *out, const struct cli_arguments *arguments)
{
    char hash[HASH_DIGITS + 1];
    random_hex(hash, HASH_DIGITS / 2); // of no token: this grant is not for HTTP
    if (arguments->values[POLICY] != NULL) {
        buffer_append_string(out, ",\"policies\":{\"policy\":");
        write_string(out, arguments->values[POLICY]);
        buffer_append_string(out, "}");
    }
    buffer_append_format(out,
                         ",\"grants\":{\"local\":{\"token_sha256\":\"%s\",\"mode\":\"%s\","
                         "\"servers\":{\"server\":%s}}}",
                         hash, arguments->values[OBSERVE] != NULL ? "observe" : "enforce",
                         arguments->values[POLICY] != NULL ? "\"policy\"" : "null");
}

static bool write_document(struct buffer *out, const struct cli_arguments *arguments,
                           const char *const *environment)
{
    bool good = true;
    buffer_append_string(out, "{\"listen\":\"127.0.0.1:0\",\"log\":{\"level\":\"warning\"},"
                              "\"servers\":{\"server\":{");
    if (arguments->values[URL] != NULL) {
        buffer_append_string(out, "\"url\":");
        write_string(out, arguments->values[URL]);
        if (arguments->values[SSE] != NULL)
            buffer_append_string(out, ",\"transport\":\"sse\"");
        good = write_headers(out, arguments);
    } else {
        buffer_append_string(out, "\"command\":");
        write_list(out, arguments->operands, arguments->operand_count);
        write_environment(out, environment);
    }
    buffer_append_string(out, "}}");
    write_grant(out, arguments);
    if (arguments->values[DECISION_LOG] != NULL) {
        buffer_append_string(out, ",\"decision_log\":");
        write_string(out, arguments->values[DECISION_LOG]);
    }
    if (arguments->values[LIMITS_FILE] != NULL) {
        buffer_append_string(out, ",\"limits_file\":");
        write_string(out, arguments->values[LIMITS_FILE]);
    }
    buffer_append_string(out, "}");
    return good;
}

int cli_run(int argc, char **argv, const char *const *environment)
{
    struct cli_arguments arguments;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    bool url = arguments.values[URL] != NULL;
    if (url == (arguments.operand_count > 0))
        return cli_mistake("run", url ? "give either --url or a command, not both"
                                      : "a command behind -- or --url is needed");
    if (arguments.repeated_count > 0 && !url)
        return cli_mistake("run", "--header needs --url");
    if (arguments.values[SSE] != NULL && !url)
        return cli_mistake("run", "--sse needs --url");
    struct buffer document;
    buffer_init(&document, 0);
    if (!write_document(&document, &arguments, environment)) {
        buffer_release(&document);
        return cli_mistake("run", "a header is written 'NAME: VALUE'");
    }
    exit_code = cli_wrap(buffer_slice(&document), NULL, environment);
    buffer_release(&document);
    return exit_code;
}
