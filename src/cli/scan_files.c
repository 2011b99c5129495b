// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The servers of clients' files, for a scan. Where such a file may lead is less than what the user
// may type: not to a cloud's metadata or other special addresses.
#include "cli/client_internal.h"
#include "cli/scan_internal.h"

#include <stdio.h>
#include <sys/stat.h>

// ---- A server that is described in the words of the configuration

static struct config *load(struct scanning *scanning, struct slice text, struct scan_server *server)
{
    struct config_problems problems;
    struct config *config = NULL;
    int result = config_load_text(text, scanning->environment, &config, &problems);
    for (size_t i = 0; result != 0 && i < problems.count; i++)
        if (!problems.items[i].warning && server->state != SCAN_BAD)
            scan_fail(server, "description", "%s", problems.items[i].text);
    if (result != 0 && server->state != SCAN_BAD)
        scan_fail(server, "description", "%s", error_text(result));
    config_problems_release(&problems);
    return result == 0 ? config : NULL;
}

int scan_add_described(struct scanning *scanning, struct scan_server *server,
                       struct slice description, bool guarded)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_reserve(&text, description.length + 200); // growing would leave copies of secrets
    buffer_append_string(&text, "{\"listen\":\"127.0.0.1:0\",\"servers\":{\"server\":");
    buffer_append(&text, description);
    buffer_append_string(&text, "}}");
    struct config *config = text.failed ? NULL : load(scanning, buffer_slice(&text), server);
    buffer_wipe(&text);
    if (config == NULL)
        return server->state == SCAN_BAD ? CLI_OK : cli_complain(CLI_FAILED, "out of memory");
    scanning->configs[scanning->config_count++] = config;
    struct upstream_options *options = arena_take(&scanning->arena, sizeof *options);
    if (options == NULL || config->server_count != 1)
        return cli_complain(CLI_FAILED, "out of memory");
    *options = config->servers[0];
    options->shown = server->name;
    options->guarded = guarded && options->transport != UPSTREAM_CHILD;
    server->options = options;
    return CLI_OK;
}

// ---- A client's file

static void write_secrets(struct buffer *out, const struct client_server *server)
{
    buffer_append_string(out, server->program ? ",\"env\":{" : ",\"headers\":{");
    for (size_t i = 0; i < server->secret_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, server->secrets[i].name);
        buffer_append_string(out, ":");
        json_write_string(out, server->secrets[i].value);
    }
    buffer_append_string(out, "}");
}

static void write_description(struct scanning *scanning, const struct client_server *server,
                              struct buffer *out)
{
    buffer_append_string(out, server->program ? "{\"command\":[" : "{\"url\":");
    for (size_t i = 0; i < server->command_count; i++) {
        buffer_append_string(out, i == 0 ? "" : ",");
        json_write_string(out, server->command[i]);
    }
    if (server->program) {
        buffer_append_string(out, "]");
        scan_write_inherited(out, scanning->environment);
        buffer_append_string(out, "]");
    } else {
        json_write_string(out, server->url);
        buffer_append_string(out, server->sse ? ",\"transport\":\"sse\"" : "");
    }
    write_secrets(out, server);
    buffer_append_string(out, "}");
}

static int describe(struct scanning *scanning, const struct client_server *from,
                    struct scan_server *server)
{
    struct buffer out;
    size_t room = 4096;
    for (size_t i = 0; i < from->secret_count; i++)
        room += 6 * (from->secrets[i].name.length + from->secrets[i].value.length + 8);
    for (size_t i = 0; i < from->command_count; i++)
        room += 6 * from->command[i].length + 8;
    buffer_init(&out, 0);
    buffer_reserve(&out, room + 6 * from->url.length); // growing would leave copies of secrets
    write_description(scanning, from, &out);
    int exit_code = out.failed ? cli_complain(CLI_FAILED, "out of memory")
                               : scan_add_described(scanning, server, buffer_slice(&out), true);
    buffer_wipe(&out);
    return exit_code;
}

static int add_server(struct scanning *scanning, const struct client_file *file,
                      const struct client_server *from, struct slice path)
{
    struct scan_server *server = NULL;
    // TOML can write a NUL, JSON cannot where this becomes a member's name.
    size_t length = from->name.length == 0 ? 0 : strnlen(from->name.data, from->name.length);
    struct slice name = arena_copy(&scanning->arena, slice_of(from->name.data, length));
    if (name.data == NULL || scan_add(&scanning->scan, name, &server) != 0)
        return cli_complain(CLI_FAILED, "more than %d servers, or out of memory", SCAN_SERVERS_MAX);
    server->client = slice_from_string(client_names[file->kind]);
    server->file = path;
    server->line = json_position(buffer_slice(&file->text), from->start).line;
    if (from->why_not[0] == '\0')
        return describe(scanning, from, server);
    scan_skip(server, from->why_not);
    return CLI_OK;
}

static int add_file(struct scanning *scanning, const char *path, const char *client, bool optional)
{
    struct client_file file;
    int exit_code = client_file_open(path, client, optional, &file);
    struct slice kept = arena_copy(&scanning->arena, slice_from_string(path));
    if (exit_code == CLI_OK && kept.data == NULL)
        exit_code = cli_complain(CLI_FAILED, "out of memory");
    for (size_t i = 0; exit_code == CLI_OK && i < file.count; i++)
        exit_code = add_server(scanning, &file, &file.servers[i], kept);
    client_file_close(&file);
    return exit_code;
}

int scan_add_client_file(struct scanning *scanning, const char *path, const char *client)
{
    return add_file(scanning, path, client, false);
}

// ---- All clients of the user

// Below the home folder; the second ones are those of macOS.
static const struct {
    enum client_kind kind;
    const char *path;
} known[] = {
    {CLIENT_CLAUDE_DESKTOP, ".config/Claude/claude_desktop_config.json"},
    {CLIENT_CLAUDE_DESKTOP, "Library/Application Support/Claude/claude_desktop_config.json"},
    {CLIENT_CLAUDE_CODE, ".claude.json"},
    {CLIENT_CURSOR, ".cursor/mcp.json"},
    {CLIENT_VS_CODE, ".config/Code/User/mcp.json"},
    {CLIENT_VS_CODE, "Library/Application Support/Code/User/mcp.json"},
    {CLIENT_WINDSURF, ".codeium/windsurf/mcp_config.json"},
    {CLIENT_CODEX, ".codex/config.toml"},
};

int scan_add_all_clients(struct scanning *scanning)
{
    const char *home = config_variable(scanning->environment, SLICE_LITERAL("HOME"));
    int exit_code = CLI_OK;
    if (home == NULL || *home == '\0')
        return cli_complain(CLI_FAILED, "HOME is not set: there is no place to look for clients");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char path[4096];
        struct stat status;
        int length = snprintf(path, sizeof path, "%s/%s", home, known[i].path);
        if (length < 0 || (size_t)length >= sizeof path || stat(path, &status) != 0)
            continue;
        // One client's broken file stops no other's.
        if (add_file(scanning, path, client_names[known[i].kind], true) != CLI_OK)
            exit_code = CLI_FAILED;
    }
    scanning->file_failed = exit_code != CLI_OK;
    return CLI_OK;
}
