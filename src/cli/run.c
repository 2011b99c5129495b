// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport run`: a policy in front of one server, for a client that speaks over standard input
// and output.
#include "cli/cli_internal.h"

#include "base/random.h"

#include <stdio.h>

enum { POLICY, URL, SSE, HEADER, DECISION_LOG, LIMITS_FILE, OBSERVE, FLAGS };
enum { HEADERS_MAX = 32, HASH_DIGITS = 64 };

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
    .operands_least = 0,
    .operands_most = -1,
    .stop_at_operand = true};

struct headers {
    const char *items[HEADERS_MAX];
    size_t count;
};

// Is the word behind this flag its value?
static bool takes_value(const char *word)
{
    for (size_t i = 0; i < FLAGS; i++)
        if (strncmp(word, "--", 2) == 0 && strcmp(word + 2, flags[i].name) == 0)
            return flags[i].value != NULL;
    return false;
}

// Takes every --header out of argv, which cli_parse would refuse the second time.
static bool take_headers(int *argc, char **argv, struct headers *ret)
{
    int kept = 0;
    bool command = false; // from here on the words are the command's own
    for (int i = 0; i < *argc; i++) {
        bool inlined = strncmp(argv[i], "--header=", 9) == 0;
        bool separate = strcmp(argv[i], "--header") == 0 && i + 1 < *argc;
        command = command || strcmp(argv[i], "--") == 0 || (i > 0 && argv[i][0] != '-');
        if (command || (!inlined && !separate)) {
            argv[kept++] = argv[i];
            if (!command && takes_value(argv[i]) && i + 1 < *argc)
                argv[kept++] = argv[++i];
            continue;
        }
        if (ret->count == HEADERS_MAX)
            return false;
        ret->items[ret->count++] = inlined ? argv[i] + 9 : argv[++i];
    }
    argv[kept] = NULL;
    *argc = kept;
    return true;
}

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

static bool write_headers(struct buffer *out, const struct headers *headers)
{
    buffer_append_string(out, ",\"headers\":{");
    for (size_t i = 0; i < headers->count; i++) {
        const char *colon = strchr(headers->items[i], ':');
        if (colon == NULL)
            return false;
        buffer_append_string(out, i > 0 ? "," : "");
        json_write_string(out, slice_of(headers->items[i], (size_t)(colon - headers->items[i])));
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
                           const struct headers *headers, const char *const *environment)
{
    bool good = true;
    buffer_append_string(out, "{\"listen\":\"127.0.0.1:0\",\"log\":{\"level\":\"warning\"},"
                              "\"servers\":{\"server\":{");
    if (arguments->values[URL] != NULL) {
        buffer_append_string(out, "\"url\":");
        write_string(out, arguments->values[URL]);
        if (arguments->values[SSE] != NULL)
            buffer_append_string(out, ",\"transport\":\"sse\"");
        good = write_headers(out, headers);
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
    struct headers headers = {0};
    struct cli_arguments arguments;
    int exit_code;
    if (!take_headers(&argc, argv, &headers))
        return cli_mistake("run", "more than %d headers", HEADERS_MAX);
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    bool url = arguments.values[URL] != NULL;
    if (url == (arguments.operand_count > 0))
        return cli_mistake("run", url ? "give either --url or a command, not both"
                                      : "a command behind -- or --url is needed");
    if (headers.count > 0 && !url)
        return cli_mistake("run", "--header needs --url");
    if (arguments.values[SSE] != NULL && !url)
        return cli_mistake("run", "--sse needs --url");
    struct buffer document;
    buffer_init(&document, 0);
    if (!write_document(&document, &arguments, &headers, environment)) {
        buffer_release(&document);
        return cli_mistake("run", "a header is written 'NAME: VALUE'");
    }
    exit_code = cli_wrap(buffer_slice(&document), NULL, environment);
    buffer_release(&document);
    return exit_code;
}
