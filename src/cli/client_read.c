// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads the servers of a client's JSON. Comments and trailing commas, which some clients take, are
// blanked out in a copy, so that every place in it is the same place in the file. What is not
// understood for certain is left as it is, with the reason.
#include "cli/client_internal.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

void client_leave(struct client_server *server, const char *format, ...)
{
    va_list arguments;
    if (server->why_not[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(server->why_not, sizeof server->why_not, format, arguments);
    va_end(arguments);
}

bool client_has_variable(struct slice text)
{
    return memmem(text.data, text.length, "${", 2) != NULL;
}

// ---- JSON with comments

// The place behind a string that begins here.
static size_t skip_string(const char *text, size_t at, size_t length)
{
    for (at++; at < length && text[at] != '"'; at++)
        if (text[at] == '\\')
            at++;
    return at < length ? at + 1 : length;
}

// Line ends stay, so that lines keep their numbers.
static size_t blank_until(char *text, size_t at, size_t length, const char *end)
{
    const char *found = memmem(text + at, length - at, end, strlen(end));
    size_t stop = found == NULL ? length : (size_t)(found - text);
    if (found != NULL && *end == '*')
        stop += 2;
    for (; at < stop; at++)
        if (text[at] != '\n' && text[at] != '\r')
            text[at] = ' ';
    return stop;
}

static void blank_comments(char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        bool slash = text[at] == '/' && at + 1 < length;
        if (text[at] == '"')
            at = skip_string(text, at, length);
        else if (slash && text[at + 1] == '/')
            at = blank_until(text, at, length, "\n");
        else if (slash && text[at + 1] == '*' && at + 2 < length) {
            text[at] = text[at + 1] = ' ';
            at = blank_until(text, at + 2, length, "*/");
        } else
            at++;
    }
}

// A comma with nothing but white space before the bracket.
static void blank_trailing_commas(char *text, size_t length)
{
    size_t comma = length;
    for (size_t at = 0; at < length;) {
        char c = text[at];
        if (c == '"') {
            comma = length;
            at = skip_string(text, at, length);
            continue;
        }
        if ((c == '}' || c == ']') && comma < length)
            text[comma] = ' ';
        if (c == ',')
            comma = at;
        else if (strchr(" \t\r\n", c) == NULL)
            comma = length;
        at++;
    }
}

// ---- One server

struct reading {
    struct client_file *file;
    struct json_doc doc;
};

static struct slice text_of(struct reading *reading, uint32_t node)
{
    struct slice text = {"", 0};
    if (node != JSON_NONE && json_type(&reading->doc, node) == JSON_STRING)
        text = json_string(&reading->doc, node, &reading->file->arena);
    return text.data == NULL ? (struct slice){"", 0} : text;
}

static void read_command(struct reading *reading, struct client_server *server, uint32_t object)
{
    const struct json_doc *doc = &reading->doc;
    uint32_t command = json_get(doc, object, "command"), args = json_get(doc, object, "args");
    size_t count =
        args != JSON_NONE && json_type(doc, args) == JSON_ARRAY ? json_at(doc, args)->count : 0;
    server->command =
        arena_take_zeroed(&reading->file->arena, (count + 1) * sizeof *server->command);
    if (server->command == NULL || json_type(doc, command) != JSON_STRING ||
        (args != JSON_NONE && json_type(doc, args) != JSON_ARRAY)) {
        client_leave(server, "its command is not understood");
        return;
    }
    server->command[server->command_count++] = text_of(reading, command);
    for (uint32_t item = count == 0 ? JSON_NONE : json_first_element(doc, args); item != JSON_NONE;
         item = json_next_element(doc, args, item)) {
        if (json_type(doc, item) != JSON_STRING)
            client_leave(server, "its arguments are not all strings");
        server->command[server->command_count++] = text_of(reading, item);
    }
    for (size_t i = 0; i < server->command_count; i++)
        if (client_has_variable(server->command[i]))
            client_leave(server, "its command has a variable that only the client fills in");
    const char *slash = memrchr(server->command[0].data, '/', server->command[0].length);
    struct slice program = server->command[0];
    if (slash != NULL)
        program = slice_of(slash + 1, (size_t)(program.data + program.length - slash) - 1);
    if (slice_equal_string(program, "sallyport"))
        client_leave(server, "it goes through Sallyport already");
}

static void read_secrets(struct reading *reading, struct client_server *server, uint32_t object)
{
    const struct json_doc *doc = &reading->doc;
    bool good = object == JSON_NONE || json_type(doc, object) == JSON_OBJECT;
    if (!good)
        client_leave(server, "its headers or variables are no object");
    for (uint32_t key = good && object != JSON_NONE ? json_first_key(doc, object) : JSON_NONE;
         key != JSON_NONE; key = json_next_key(doc, object, key)) {
        struct slice value = text_of(reading, key + 1);
        if (json_type(doc, key + 1) != JSON_STRING || value.length == 0 ||
            server->secret_count == CLIENT_SECRETS_MAX) {
            client_leave(server, "its headers or variables are not all texts with something in "
                                 "them");
            return;
        }
        if (client_has_variable(value))
            client_leave(server, "a header or variable of it is one that only the client fills in");
        server->secrets[server->secret_count++] =
            (struct client_secret){.name = text_of(reading, key), .value = value};
    }
}

static const char *const understood[] = {"type", "command",   "args",    "env",
                                         "url",  "serverUrl", "headers", "transport"};
// Members that would mean something else behind a gateway.
static const char *const in_the_way[] = {"envFile", "cwd", "oauth", "headersHelper", "auth"};

static void keep_others(struct reading *reading, struct client_server *server, uint32_t object)
{
    const struct json_doc *doc = &reading->doc;
    struct buffer kept;
    buffer_init(&kept, 0);
    for (uint32_t key = json_first_key(doc, object); key != JSON_NONE;
         key = json_next_key(doc, object, key)) {
        bool ours = false;
        for (size_t i = 0; i < sizeof understood / sizeof *understood; i++)
            ours = ours || json_string_equals(doc, key, slice_from_string(understood[i]));
        for (size_t i = 0; i < sizeof in_the_way / sizeof *in_the_way; i++)
            if (json_string_equals(doc, key, slice_from_string(in_the_way[i])))
                client_leave(server, "it has '%s', which only the client can do for it",
                             in_the_way[i]);
        if (ours)
            continue;
        // From the file itself: with the comments that stand inside.
        const char *text = buffer_slice(&reading->file->text).data;
        size_t from = json_at(doc, key)->start;
        size_t to = (size_t)json_at(doc, key + 1)->start + json_at(doc, key + 1)->length;
        buffer_append_string(&kept, kept.length == 0 ? "" : ", ");
        buffer_append(&kept, slice_of(text + from, to - from));
    }
    server->kept = arena_copy(&reading->file->arena, buffer_slice(&kept));
    buffer_release(&kept);
}

static void read_server(struct reading *reading, struct client_server *server, uint32_t key)
{
    const struct json_doc *doc = &reading->doc;
    uint32_t object = key + 1;
    server->name = text_of(reading, key);
    server->start = json_at(doc, object)->start;
    server->end = server->start + json_at(doc, object)->length;
    if (json_type(doc, object) != JSON_OBJECT) {
        client_leave(server, "it is no object");
        return;
    }
    uint32_t command = json_get(doc, object, "command"), url = json_get(doc, object, "url");
    if (url == JSON_NONE)
        url = json_get(doc, object, "serverUrl");
    struct slice type = text_of(reading, json_get(doc, object, "type"));
    if (type.length == 0)
        type = text_of(reading, json_get(doc, object, "transport"));
    server->program = command != JSON_NONE;
    server->sse = slice_equal_string(type, "sse");
    keep_others(reading, server, object);
    if ((command == JSON_NONE) == (url == JSON_NONE)) {
        client_leave(server, "it has not either a command or a URL");
    } else if (server->program) {
        read_command(reading, server, object);
        read_secrets(reading, server, json_get(doc, object, "env"));
    } else {
        server->url = text_of(reading, url);
        if (server->url.length == 0 || client_has_variable(server->url))
            client_leave(server, "its URL has a variable that only the client fills in");
        read_secrets(reading, server, json_get(doc, object, "headers"));
    }
}

// ---- All of them

void client_name_servers(struct client_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        struct client_server *server = &file->servers[i];
        size_t length = server->name.length < 64 ? server->name.length : 64;
        for (size_t k = 0; k < length; k++) {
            char c = server->name.data[k];
            bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '_';
            server->gateway_name[k] = plain ? c : '-';
        }
        if (length == 0)
            client_leave(server, "it has no name");
        for (size_t k = 0; k < i; k++)
            if (strcmp(file->servers[k].gateway_name, server->gateway_name) == 0)
                client_leave(server, "its name would be that of another one at the gateway");
    }
}

static int read_servers(struct reading *reading)
{
    struct client_file *file = reading->file;
    const char *member = file->kind == CLIENT_VS_CODE ? "servers" : "mcpServers";
    uint32_t servers = json_get(&reading->doc, 0, member);
    if (servers == JSON_NONE && file->may_have_none && json_type(&reading->doc, 0) == JSON_OBJECT)
        return CLI_OK;
    if (servers == JSON_NONE || json_type(&reading->doc, servers) != JSON_OBJECT)
        return cli_complain(CLI_FAILED, "'%s' has no object '%s', as a configuration of %s has",
                            file->path, member, client_names[file->kind]);
    if (json_at(&reading->doc, servers)->count > CLIENT_SERVERS_MAX)
        return cli_complain(CLI_FAILED, "'%s' has too many servers", file->path);
    for (uint32_t key = json_first_key(&reading->doc, servers); key != JSON_NONE;
         key = json_next_key(&reading->doc, servers, key))
        read_server(reading, &file->servers[file->count++], key);
    return CLI_OK;
}

int client_read_json(struct client_file *file)
{
    struct reading reading = {.file = file};
    struct error error = {0};
    struct slice copy = arena_copy(&file->arena, buffer_slice(&file->text));
    if (copy.data == NULL)
        return cli_complain(CLI_FAILED, "out of memory");
    blank_comments((char *)copy.data, copy.length);
    blank_trailing_commas((char *)copy.data, copy.length);
    json_doc_init(&reading.doc);
    int exit_code =
        json_scan(&reading.doc, copy, NULL, &error, NULL) == 0
            ? read_servers(&reading)
            : cli_complain(CLI_FAILED, "%s:%s; it is left alone", file->path, error.text);
    json_doc_release(&reading.doc);
    return exit_code;
}
