// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What to write into which client's configuration so that it uses a grant. There is never a token
// in these texts: clients that can take it out of the environment, or ask for it, do; for the
// others there is a word in its place.
#include "admin/admin_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define TOKEN_WORD "TOKEN_OF_THE_GRANT"

// ---- One server's entry

static void write_http_json(struct buffer *out, const char *url_key, const char *type,
                            struct slice url, const char *token)
{
    buffer_append_string(out, "{");
    if (type != NULL)
        buffer_append_format(out, " \"type\": \"%s\",", type);
    buffer_append_format(out, " \"%s\": ", url_key);
    json_write_string(out, url);
    buffer_append_format(out, ", \"headers\": { \"Authorization\": \"Bearer %s\" } }", token);
}

static void claude_desktop(struct buffer *out, struct slice name, struct slice url)
{
    (void)name;
    buffer_append_string(out, "{ \"command\": \"sallyport\", \"args\": [\"connect\", ");
    json_write_string(out, url);
    buffer_append_string(out, ", \"--token-env\", \"SALLYPORT_TOKEN\"],\n"
                              "      \"env\": { \"SALLYPORT_TOKEN\": \"" TOKEN_WORD "\" } }");
}

static void claude_code(struct buffer *out, struct slice name, struct slice url)
{
    (void)name;
    write_http_json(out, "url", "http", url, "${SALLYPORT_TOKEN}");
}

static void cursor(struct buffer *out, struct slice name, struct slice url)
{
    (void)name;
    write_http_json(out, "url", NULL, url, "${env:SALLYPORT_TOKEN}");
}

static void vs_code(struct buffer *out, struct slice name, struct slice url)
{
    (void)name;
    write_http_json(out, "url", "http", url, "${input:sallyport}");
}

static void windsurf(struct buffer *out, struct slice name, struct slice url)
{
    (void)name;
    write_http_json(out, "serverUrl", NULL, url, "${env:SALLYPORT_TOKEN}");
}

static void codex(struct buffer *out, struct slice name, struct slice url)
{
    buffer_append_format(out,
                         "[mcp_servers.%.*s]\nurl = \"%.*s\"\n"
                         "bearer_token_env_var = \"SALLYPORT_TOKEN\"\n",
                         SLICE_PRINT(name), SLICE_PRINT(url));
}

static void http(struct buffer *out, struct slice name, struct slice url)
{
    (void)name;
    buffer_append_format(out,
                         "curl -sS '%.*s' -H \"Authorization: Bearer $SALLYPORT_TOKEN\" \\\n"
                         "  -H 'Content-Type: application/json' -H 'Accept: application/json, "
                         "text/event-stream' \\\n"
                         "  -d '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
                         "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
                         "\"clientInfo\":{\"name\":\"curl\",\"version\":\"1\"}}}'\n",
                         SLICE_PRINT(url));
}

// ---- Clients

struct client {
    const char *name, *title, *file, *language, *token;
    // Around the entries; `key` before each: its name as a member.
    const char *open, *between, *close;
    bool key;
    void (*write)(struct buffer *out, struct slice name, struct slice url);
};
static const struct client clients[] = {
    {"claude-desktop", "Claude Desktop", "claude_desktop_config.json", "json", "inline",
     "{\n  \"mcpServers\": {\n", ",\n", "\n  }\n}\n", true, claude_desktop},
    {"claude-code", "Claude Code", ".mcp.json", "json", "environment", "{\n  \"mcpServers\": {\n",
     ",\n", "\n  }\n}\n", true, claude_code},
    {"cursor", "Cursor", "~/.cursor/mcp.json", "json", "environment", "{\n  \"mcpServers\": {\n",
     ",\n", "\n  }\n}\n", true, cursor},
    {"vscode", "VS Code", ".vscode/mcp.json", "json", "asked",
     "{\n  \"inputs\": [\n    { \"type\": \"promptString\", \"id\": \"sallyport\", "
     "\"description\": "
     "\"Token of the Sallyport grant\", \"password\": true }\n  ],\n  \"servers\": {\n",
     ",\n", "\n  }\n}\n", true, vs_code},
    {"windsurf", "Windsurf", "~/.codeium/windsurf/mcp_config.json", "json", "environment",
     "{\n  \"mcpServers\": {\n", ",\n", "\n  }\n}\n", true, windsurf},
    {"codex", "Codex", "~/.codex/config.toml", "toml", "environment", "", "\n", "", false, codex},
    {"http", "HTTP", "", "shell", "environment", "", "\n", "", false, http},
};
enum { CLIENTS = sizeof clients / sizeof *clients };

struct snippets {
    struct admin_request *request;
    struct slice base; // "https://gateway.example.com"
    const struct slice *names;
    size_t count;
};

static void write_text(struct snippets *snippets, const struct client *client, struct buffer *out)
{
    char url[700];
    buffer_append_string(out, client->open);
    for (size_t i = 0; i < snippets->count; i++) {
        struct slice name = snippets->names[i];
        int length = snprintf(url, sizeof url, "%.*s/mcp/%.*s", SLICE_PRINT(snippets->base),
                              SLICE_PRINT(name));
        buffer_append_string(out, i == 0 ? "" : client->between);
        if (client->key)
            buffer_append_format(out, "    \"%.*s\": ", SLICE_PRINT(name));
        client->write(out, name, slice_of(url, (size_t)length));
    }
    buffer_append_string(out, client->close);
}

static void write_snippet(struct snippets *snippets, const struct client *client, bool first)
{
    struct buffer *out = &snippets->request->out, text;
    buffer_init(&text, 0);
    write_text(snippets, client, &text);
    buffer_append_format(
        out,
        "%s{\"client\":\"%s\",\"title\":\"%s\",\"file\":\"%s\",\"language\":\"%s\","
        "\"token\":\"%s\",\"text\":",
        first ? "" : ",", client->name, client->title, client->file, client->language,
        client->token);
    json_write_string(out, buffer_slice(&text));
    buffer_append_string(out, "}");
    out->failed = out->failed || text.failed;
    buffer_release(&text);
}

// ---- The request

// Where this request came to, which is where the client will find the gateway, unless somebody is
// in between. It goes into commands: nothing but letters, digits and what addresses have.
static int find_base(struct admin_request *request, struct slice *ret, struct error *error)
{
    const char *own = request->admin->public_url;
    *ret = own != NULL ? slice_from_string(own)
                       : arena_format(&request->arena, "%s://%.*s", request->tls ? "https" : "http",
                                      SLICE_PRINT(request->host));
    if (ret->data == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    bool good = (own != NULL || request->host.length > 0) && ret->length <= 400;
    for (size_t i = 0; i < ret->length && good; i++) {
        char c = ret->data[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               strchr("/.:-[]_", c) != NULL;
    }
    if (!good)
        return admin_refuse(request, 400, "malformed", ERROR_SYNTAX, error,
                            "the Host of this request is no address for clients");
    return 0;
}

static int by_name(const void *a, const void *b)
{
    struct slice first = *(const struct slice *)a, second = *(const struct slice *)b;
    size_t shared = first.length < second.length ? first.length : second.length;
    int order = memcmp(first.data, second.data, shared);
    return order != 0 ? order : (first.length > second.length) - (first.length < second.length);
}

static int find_servers(struct snippets *snippets, struct store_view *view, struct error *error)
{
    struct admin_request *request = snippets->request;
    const struct store_page page = {.limit = REACH_MAX};
    const struct store_reach *rows = NULL;
    struct store_grant grant = {.mode = STORE_ENFORCE};
    size_t count = 0;
    int result =
        store_get_grant(view, request->who.organisation, request->parameters[0], &grant, error);
    if (result == 0)
        result = store_list_reach(view, request->who.organisation, grant.head.id, &page, &rows,
                                  &count, NULL, error);
    if (result != 0)
        return result;
    struct slice *names = arena_take(store_arena(view), (count + 1) * sizeof *names);
    if (names == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count && result == 0; i++) {
        struct store_server server = {.transport = STORE_HTTP};
        result = store_get_server(view, request->who.organisation, rows[i].server, &server, error);
        names[i] = server.name;
    }
    if (result == 0)
        qsort(names, count, sizeof *names, by_name);
    snippets->names = names;
    snippets->count = count;
    return result;
}

int admin_snippets(struct admin_request *request, struct store_view *view, struct error *error)
{
    static const char *const parameters[] = {"client", NULL};
    struct snippets snippets = {.request = request};
    struct slice wanted = {0};
    bool any = false;
    int result = admin_query_only(request, parameters, error);
    if (result == 0)
        result = admin_query(request, "client", &wanted, error);
    if (result == 0)
        result = find_servers(&snippets, view, error);
    if (result == 0)
        result = find_base(request, &snippets.base, error);
    if (result != 0)
        return result;
    buffer_append_string(&request->out, "{\"url\":");
    json_write_string(&request->out, snippets.base);
    buffer_append_string(&request->out, ",\"placeholder\":\"" TOKEN_WORD "\",\"snippets\":[");
    for (size_t i = 0; i < CLIENTS; i++) {
        if (wanted.data != NULL && !slice_equal_string(wanted, clients[i].name))
            continue;
        write_snippet(&snippets, &clients[i], !any);
        any = true;
    }
    buffer_append_string(&request->out, "]}");
    request->status = 200;
    return any ? 0
               : admin_fault(request, "client", JSON_NONE, error,
                             "must be claude-desktop, claude-code, cursor, vscode, windsurf, codex "
                             "or http");
}
