// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The servers of a scan: a command, a URL, files. Each is described in the words of the gateway's
// configuration and read by its parser, so that both mean the same by them.
#include "cli/scan_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

// What a program that is started by hand expects, and nothing that may hold a secret.
static const char *const inherited[] = {
    "PATH",     "HOME", "USER",   "LOGNAME",        "SHELL",           "LANG",          "LC_ALL",
    "LC_CTYPE", "TZ",   "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
};

void scan_write_inherited(struct buffer *out, const char *const *environment)
{
    bool first = true;
    buffer_append_string(out, ",\"inherit_env\":[");
    for (size_t i = 0; i < sizeof inherited / sizeof *inherited; i++) {
        if (config_variable(environment, slice_from_string(inherited[i])) == NULL)
            continue;
        buffer_append_format(out, "%s\"%s\"", first ? "" : ",", inherited[i]);
        first = false;
    }
}

static int out_of_memory(void)
{
    return cli_complain(CLI_FAILED, "out of memory");
}

// ---- One server of the command line

static struct scan_server *add(struct scanning *scanning, struct slice name)
{
    struct scan_server *server = NULL;
    if (scanning->arguments.values[SCAN_NAME] != NULL)
        name = slice_from_string(scanning->arguments.values[SCAN_NAME]);
    if (scan_add(&scanning->scan, name, &server) != 0)
        cli_complain(CLI_FAILED, "more than %d servers, or out of memory", SCAN_SERVERS_MAX);
    return server;
}

// A description is taken over whether it was good or not.
static int add_described(struct scanning *scanning, struct slice name, struct buffer *description)
{
    struct scan_server *server = add(scanning, name);
    int exit_code = CLI_FAILED;
    if (description->failed)
        exit_code = out_of_memory();
    else if (server != NULL)
        exit_code = scan_add_described(scanning, server, buffer_slice(description), false);
    buffer_wipe(description);
    if (exit_code == CLI_OK && server != NULL && server->state == SCAN_BAD)
        return cli_complain(CLI_USAGE, "%s", server->detail);
    return exit_code;
}

static struct slice base_of(struct slice path)
{
    const char *slash = memrchr(path.data, '/', path.length);
    return slash == NULL ? path
                         : slice_of(slash + 1, (size_t)(path.data + path.length - slash) - 1);
}

static bool says_nothing(struct slice name)
{
    static const char *const names[] = {"index", "main", "dist", "build",    "src", "lib", "bin",
                                        "out",   "cli",  "app",  "__main__", "",    "."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_equal_string(name, names[i]))
            return true;
    return false;
}

// "files" of "files.json" and "files/dist/index.js", "server-files" of "@scope/server-files@1.2".
static struct slice short_name(struct slice path)
{
    for (struct slice rest = path; rest.length > 0;) {
        struct slice name = base_of(rest);
        const char *end = name.length < 2 ? NULL : memchr(name.data + 1, '@', name.length - 1);
        if (end == NULL && name.length > 1)
            end = memrchr(name.data + 1, '.', name.length - 1);
        struct slice shown = end == NULL ? name : slice_of(name.data, (size_t)(end - name.data));
        if (!says_nothing(shown))
            return shown;
        rest.length -= name.length < rest.length ? name.length + 1 : rest.length;
    }
    return base_of(path);
}

// What the command starts, where the program is one that starts others.
static struct slice name_of_command(char **words, int count)
{
    static const char *const starters[] = {"npx",     "uvx",  "bunx", "node",   "python",
                                           "python3", "deno", "bun",  "docker", "pipx"};
    static const char *const verbs[] = {"run", "exec", "dlx"};
    struct slice name = base_of(slice_from_string(words[0]));
    bool starter = false;
    for (size_t i = 0; i < sizeof starters / sizeof *starters; i++)
        starter = starter || slice_equal_string(name, starters[i]);
    for (int at = 1; starter && at < count; at++) {
        bool verb = words[at][0] == '-' || words[at][0] == '\0';
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
            verb = verb || strcmp(words[at], verbs[i]) == 0;
        if (!verb)
            return short_name(slice_from_string(words[at]));
    }
    return name;
}

static bool is_own(const char *name)
{
    return strncmp(name, "SALLYPORT", 9) == 0;
}

static int add_command(struct scanning *scanning)
{
    const struct cli_arguments *arguments = &scanning->arguments;
    struct buffer out;
    buffer_init(&out, 0);
    buffer_append_string(&out, "{\"command\":[");
    for (int i = 0; i < arguments->operand_count; i++) {
        buffer_append_string(&out, i == 0 ? "" : ",");
        json_write_string(&out, slice_from_string(arguments->operands[i]));
    }
    buffer_append_string(&out, "]");
    scan_write_inherited(&out, scanning->environment);
    for (size_t i = 0; i < arguments->repeated_count; i++) {
        if (arguments->repeated[i].flag != SCAN_ENV)
            continue;
        buffer_append_string(&out, ",");
        json_write_string(&out, slice_from_string(arguments->repeated[i].value));
    }
    buffer_append_string(&out, "]}");
    return add_described(scanning, name_of_command(arguments->operands, arguments->operand_count),
                         &out);
}

static int add_url(struct scanning *scanning, const char *url)
{
    const struct cli_arguments *arguments = &scanning->arguments;
    struct buffer out;
    bool first = true;
    buffer_init(&out, 0);
    buffer_append_string(&out, "{\"url\":");
    json_write_string(&out, slice_from_string(url));
    buffer_append_string(&out, arguments->values[SCAN_SSE] != NULL
                                   ? ",\"transport\":\"sse\",\"headers\":{"
                                   : ",\"headers\":{");
    for (size_t i = 0; i < arguments->repeated_count; i++) {
        const char *header = arguments->repeated[i].value, *colon = strchr(header, ':');
        if (arguments->repeated[i].flag != SCAN_HEADER)
            continue;
        buffer_append_string(&out, first ? "" : ",");
        json_write_string(&out, slice_of(header, (size_t)(colon - header)));
        buffer_append_string(&out, ":");
        json_write_string(&out, slice_trim(slice_from_string(colon + 1)));
        first = false;
    }
    buffer_append_string(&out, "}}");
    const char *host = strstr(url, "://"), *start = host == NULL ? url : host + 3;
    return add_described(scanning, slice_of(start, strcspn(start, ":/?#")), &out);
}

static int add_dump(struct scanning *scanning, const char *path)
{
    const char *name = scanning->arguments.values[SCAN_NAME];
    struct slice shown =
        name != NULL ? slice_from_string(name) : short_name(slice_from_string(path));
    struct error error = {0};
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return cli_complain(CLI_FAILED, "'%s' cannot be opened: %s", path, strerror(errno));
    int result =
        scan_read_dump(&scanning->scan, file, slice_from_string(standard ? "standard input" : path),
                       shown, &error);
    if (!standard)
        close(file);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "%s", error.text);
}

// ---- All of them

static int check(const struct scanning *scanning)
{
    const struct cli_arguments *arguments = &scanning->arguments;
    bool url = arguments->values[SCAN_URL] != NULL, command = arguments->operand_count > 0;
    bool files =
        arguments->values[SCAN_CONFIG] != NULL || arguments->values[SCAN_ALL_CLIENTS] != NULL;
    bool dump = arguments->values[SCAN_FROM] != NULL;
    if (url + command + files + dump != 1)
        return cli_mistake("scan", "give one of: a command behind --, --url, --config or "
                                   "--all-clients, --from");
    if ((arguments->values[SCAN_HEADER] != NULL || arguments->values[SCAN_SSE] != NULL) && !url)
        return cli_mistake("scan", "--header and --sse need --url");
    if (arguments->values[SCAN_ENV] != NULL && !command)
        return cli_mistake("scan", "--env needs a command");
    if (arguments->values[SCAN_CLIENT] != NULL && arguments->values[SCAN_CONFIG] == NULL)
        return cli_mistake("scan", "--client needs --config");
    if (arguments->values[SCAN_NAME] != NULL && files)
        return cli_mistake("scan", "--name is for one server; those of a file have names");
    for (size_t i = 0; i < arguments->repeated_count; i++) {
        const char *value = arguments->repeated[i].value;
        if (arguments->repeated[i].flag == SCAN_HEADER && strchr(value, ':') == NULL)
            return cli_mistake("scan", "a header is written 'NAME: VALUE'");
        if (arguments->repeated[i].flag == SCAN_ENV &&
            (strchr(value, '=') != NULL || is_own(value)))
            return cli_mistake("scan", "--env takes the name of a variable, and none of "
                                       "Sallyport's own; its value is read from the environment");
    }
    return CLI_OK;
}

int scan_add_sources(struct scanning *scanning)
{
    const struct cli_arguments *arguments = &scanning->arguments;
    int exit_code = check(scanning);
    if (exit_code != CLI_OK)
        return exit_code;
    if (arguments->operand_count > 0)
        return add_command(scanning);
    if (arguments->values[SCAN_URL] != NULL)
        return add_url(scanning, arguments->values[SCAN_URL]);
    if (arguments->values[SCAN_FROM] != NULL)
        return add_dump(scanning, arguments->values[SCAN_FROM]);
    for (size_t i = 0; i < arguments->repeated_count && exit_code == CLI_OK; i++)
        if (arguments->repeated[i].flag == SCAN_CONFIG)
            exit_code = scan_add_client_file(scanning, arguments->repeated[i].value,
                                             arguments->values[SCAN_CLIENT]);
    if (exit_code == CLI_OK && arguments->values[SCAN_ALL_CLIENTS] != NULL)
        exit_code = scan_add_all_clients(scanning);
    return exit_code;
}
