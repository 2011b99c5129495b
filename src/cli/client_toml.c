// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Codex keeps its servers in TOML, in tables [mcp_servers.NAME]. What is needed of TOML 1.0 is read
// here: where every table, key and value stands, and the values of a few kinds. Debian has no
// library for it in C, and others do not tell places, which a file needs whose other bytes stay.
// Whatever is written in another way than Codex writes it is left alone, with the reason.
#include "cli/client_internal.h"

#include <stdio.h>

enum { DEPTH_MAX = 32, PARTS_MAX = 8 };

struct toml {
    struct client_file *file;
    struct slice text;
    size_t at;
    struct slice parts[PARTS_MAX]; // of the key or the table's name just read
    size_t part_count;
    const char *problem; // NULL: none so far
};

static char here(const struct toml *toml)
{
    return toml->at < toml->text.length ? toml->text.data[toml->at] : '\0';
}

static bool fail(struct toml *toml, const char *problem)
{
    if (toml->problem == NULL)
        toml->problem = problem;
    return false;
}

static bool starts(const struct toml *toml, const char *text)
{
    return slice_starts_with(slice_of(toml->text.data + toml->at, toml->text.length - toml->at),
                             slice_from_string(text));
}

static void skip_blanks(struct toml *toml)
{
    while (here(toml) == ' ' || here(toml) == '\t')
        toml->at++;
}

static void skip_line(struct toml *toml)
{
    while (toml->at < toml->text.length && here(toml) != '\n')
        toml->at++;
}

// White space, comments and line ends.
static void skip_space(struct toml *toml)
{
    for (;;) {
        skip_blanks(toml);
        if (here(toml) == '#')
            skip_line(toml);
        else if (here(toml) == '\n' || starts(toml, "\r\n"))
            toml->at++;
        else
            return;
    }
}

// ---- Values, whose places count

static bool skip_value(struct toml *toml, unsigned depth);

static bool skip_string(struct toml *toml)
{
    char quote = here(toml);
    bool basic = quote == '"';
    bool block = starts(toml, basic ? "\"\"\"" : "'''");
    toml->at += block ? 3 : 1;
    for (; toml->at < toml->text.length; toml->at++) {
        if (basic && here(toml) == '\\') {
            toml->at++;
        } else if (block && starts(toml, basic ? "\"\"\"" : "'''")) {
            toml->at += 3;
            while (here(toml) == quote) // up to two quotes may stand before the end
                toml->at++;
            return true;
        } else if (!block && here(toml) == quote) {
            toml->at++;
            return true;
        } else if (!block && here(toml) == '\n') {
            break;
        }
    }
    return fail(toml, "a string without an end");
}

// Brackets with anything inside: what a list or an inline table consists of is nobody's business
// here but for strings and comments, which may hold brackets.
static bool skip_brackets(struct toml *toml, unsigned depth)
{
    char end = here(toml) == '[' ? ']' : '}';
    if (depth > DEPTH_MAX)
        return fail(toml, "brackets too deep");
    toml->at++;
    for (;;) {
        skip_space(toml);
        char c = here(toml);
        if (toml->at >= toml->text.length)
            return fail(toml, "a bracket without an end");
        if (c == end) {
            toml->at++;
            return true;
        }
        if (c == ']' || c == '}')
            return fail(toml, "a bracket that was not opened");
        if (c == '"' || c == '\'' || c == '[' || c == '{') {
            if (!skip_value(toml, depth + 1))
                return false;
        } else {
            toml->at++;
        }
    }
}

static bool skip_value(struct toml *toml, unsigned depth)
{
    char c = here(toml);
    if (c == '"' || c == '\'')
        return skip_string(toml);
    if (c == '[' || c == '{')
        return skip_brackets(toml, depth);
    size_t before = toml->at;
    while (toml->at < toml->text.length && strchr(" \t\r\n#,]}", here(toml)) == NULL)
        toml->at++;
    return toml->at > before || fail(toml, "a value is missing");
}

// ---- Values that are read: plain strings

// Basic strings with the escapes that JSON has too, and literal ones; of one line, between single
// quotation marks. Data NULL: another value.
static struct slice string_of(const struct toml *toml, struct slice raw)
{
    struct slice none = {0};
    if (raw.length < 2 || memchr(raw.data, '\n', raw.length) != NULL ||
        slice_starts_with(raw, SLICE_LITERAL("'''")))
        return none;
    if (raw.data[0] == '\'')
        return arena_copy(&toml->file->arena, slice_of(raw.data + 1, raw.length - 2));
    struct json_doc doc;
    json_doc_init(&doc);
    bool good = raw.data[0] == '"' && json_scan(&doc, raw, NULL, NULL, NULL) == 0 &&
                json_type(&doc, 0) == JSON_STRING;
    struct slice value = good ? json_string(&doc, 0, &toml->file->arena) : none;
    if (value.data != NULL)
        value = arena_copy(&toml->file->arena, value);
    json_doc_release(&doc);
    return value;
}

// One part of a key or of a table's name.
static bool read_part(struct toml *toml)
{
    size_t from = toml->at;
    if (toml->part_count == PARTS_MAX)
        return fail(toml, "a key with too many parts");
    if (here(toml) == '"' || here(toml) == '\'') {
        if (!skip_string(toml))
            return false;
        struct slice value = string_of(toml, slice_of(toml->text.data + from, toml->at - from));
        if (value.data == NULL)
            return fail(toml, "a key that is not understood");
        toml->parts[toml->part_count++] = value;
        return true;
    }
    while (toml->at < toml->text.length &&
           ((here(toml) >= 'a' && here(toml) <= 'z') || (here(toml) >= 'A' && here(toml) <= 'Z') ||
            (here(toml) >= '0' && here(toml) <= '9') || here(toml) == '-' || here(toml) == '_'))
        toml->at++;
    if (toml->at == from)
        return fail(toml, "a key is missing");
    toml->parts[toml->part_count++] = slice_of(toml->text.data + from, toml->at - from);
    return true;
}

static bool read_key(struct toml *toml)
{
    toml->part_count = 0;
    for (;;) {
        skip_blanks(toml);
        if (!read_part(toml))
            return false;
        skip_blanks(toml);
        if (here(toml) != '.')
            return true;
        toml->at++;
    }
}

// ---- Servers

static struct client_server *server_of(struct toml *toml, struct slice name)
{
    struct client_file *file = toml->file;
    for (size_t i = 0; i < file->count; i++)
        if (slice_equal(file->servers[i].name, name))
            return &file->servers[i];
    if (file->count == CLIENT_SERVERS_MAX) {
        fail(toml, "too many servers");
        return NULL;
    }
    struct client_server *server = &file->servers[file->count++];
    server->name = name;
    return server;
}

// A header or a variable.
static void add_secret(struct toml *toml, struct client_server *server, struct slice name,
                       struct slice raw)
{
    struct slice value = string_of(toml, raw);
    if (value.data == NULL || value.length == 0 || server->secret_count == CLIENT_SECRETS_MAX)
        client_leave(server, "its headers or variables are not all texts with something in them");
    else
        server->secrets[server->secret_count++] =
            (struct client_secret){.name = name, .value = value};
}

// The strings of a list or the pairs of an inline table.
static bool read_items(struct toml *toml, struct client_server *server, struct slice raw)
{
    struct toml inner = {.file = toml->file, .text = slice_of(raw.data, raw.length - 1), .at = 1};
    bool pairs = raw.data[0] == '{';
    for (skip_space(&inner); inner.at < inner.text.length; skip_space(&inner)) {
        struct slice name = {0};
        if (pairs) {
            if (!read_key(&inner) || inner.part_count != 1 || here(&inner) != '=')
                return false;
            name = inner.parts[0];
            inner.at++;
            skip_blanks(&inner);
        }
        size_t from = inner.at;
        if (!skip_value(&inner, 0))
            return false;
        struct slice value = slice_of(inner.text.data + from, inner.at - from);
        if (pairs)
            add_secret(toml, server, name, value);
        else if ((server->command[server->command_count++] = string_of(toml, value)).data == NULL)
            return false;
        skip_space(&inner);
        if (here(&inner) == ',')
            inner.at++;
        else if (inner.at < inner.text.length)
            return false;
    }
    return true;
}

static void read_args(struct toml *toml, struct client_server *server, struct slice raw)
{
    struct slice program = server->command_count > 0 ? server->command[0] : (struct slice){"", 0};
    size_t most = 2; // no more items than commas, and the program
    for (size_t i = 0; i < raw.length; i++)
        most += raw.data[i] == ',' || raw.data[i] == '\'' || raw.data[i] == '"';
    server->command = arena_take_zeroed(&toml->file->arena, most * sizeof *server->command);
    server->command_count = 1;
    if (server->command == NULL || raw.data[0] != '[' || !read_items(toml, server, raw))
        client_leave(server, "its arguments are not understood");
    if (server->command != NULL)
        server->command[0] = program;
}

static void read_program(struct toml *toml, struct client_server *server, struct slice raw)
{
    struct slice program = string_of(toml, raw);
    if (program.data == NULL)
        client_leave(server, "its command is not understood");
    server->program = true;
    if (server->command == NULL)
        server->command = arena_take_zeroed(&toml->file->arena, sizeof *server->command);
    if (server->command == NULL)
        client_leave(server, "there is no memory for it");
    else
        server->command[0] = program.data == NULL ? (struct slice){"", 0} : program;
    if (server->command_count == 0)
        server->command_count = 1;
    if (slice_equal_string(server->command[0], "sallyport"))
        client_leave(server, "it goes through Sallyport already");
}

static void note_kind(struct client_server *server, struct slice key)
{
    server->has_headers = server->has_headers || slice_equal_string(key, "http_headers");
    server->has_variables = server->has_variables || slice_equal_string(key, "env");
}

// True: the gateway does it from now on, and the line goes.
static bool take_member(struct toml *toml, struct client_server *server, struct slice key,
                        struct slice raw)
{
    static const char *const in_the_way[] = {"cwd",
                                             "env_vars",
                                             "bearer_token_env_var",
                                             "env_http_headers",
                                             "oauth",
                                             "experimental_environment"};
    for (size_t i = 0; i < sizeof in_the_way / sizeof *in_the_way; i++)
        if (slice_equal_string(key, in_the_way[i]))
            client_leave(server, "it has '%s', which only the client can do for it", in_the_way[i]);
    if (slice_equal_string(key, "command")) {
        read_program(toml, server, raw);
    } else if (slice_equal_string(key, "args")) {
        read_args(toml, server, raw);
    } else if (slice_equal_string(key, "url")) {
        server->url = string_of(toml, raw);
        if (server->url.data == NULL || server->url.length == 0)
            client_leave(server, "its URL is not understood");
    } else if (slice_equal_string(key, "env") || slice_equal_string(key, "http_headers")) {
        note_kind(server, key);
        if (raw.data[0] != '{' || !read_items(toml, server, raw))
            client_leave(server, "its headers or variables are not understood");
    } else {
        return false;
    }
    return true;
}

// ---- The file, line by line

struct place {                    // where the present lines belong
    struct client_server *server; // NULL: nowhere near
    bool secrets;                 // its table of headers or variables
};

static void keep_line(struct toml *toml, struct client_server *server, size_t from)
{
    struct slice line = slice_of(toml->text.data + from, toml->at - from);
    struct slice both =
        arena_format(&toml->file->arena, "%.*s%.*s", SLICE_PRINT(server->kept), SLICE_PRINT(line));
    if (both.data == NULL)
        fail(toml, "out of memory");
    server->kept = both;
}

// Up to the line's end; a comment may stand there.
static bool end_line(struct toml *toml)
{
    skip_blanks(toml);
    if (here(toml) == '#')
        skip_line(toml);
    if (here(toml) == '\r')
        toml->at++;
    if (toml->at < toml->text.length && here(toml) != '\n')
        return fail(toml, "something behind a value");
    toml->at += toml->at < toml->text.length;
    return true;
}

static bool read_header(struct toml *toml, struct place *place)
{
    size_t from = toml->at;
    bool list = starts(toml, "[[");
    toml->at += list ? 2 : 1;
    if (!read_key(toml))
        return false;
    if (!starts(toml, list ? "]]" : "]"))
        return fail(toml, "a table's name without an end");
    toml->at += list ? 2 : 1;
    if (!end_line(toml))
        return false;
    struct client_server *before = place->server;
    *place = (struct place){.server = NULL};
    if (!slice_equal_string(toml->parts[0], "mcp_servers"))
        return true;
    if (list || toml->part_count == 1)
        return fail(toml, "servers that are not written as [mcp_servers.NAME]");
    struct client_server *server = server_of(toml, toml->parts[1]);
    if (server == NULL)
        return false;
    if (toml->part_count == 2) {
        if (server->end > 0)
            return fail(toml, "a server that stands there twice");
        server->start = from;
        server->end = toml->at;
    } else {
        bool secrets =
            toml->part_count == 3 && (slice_equal_string(toml->parts[2], "env") ||
                                      slice_equal_string(toml->parts[2], "http_headers"));
        // What is replaced is one range of the file.
        if (!secrets || before != server)
            client_leave(server, "it has a table that is not understood");
        place->secrets = secrets;
        note_kind(server, toml->parts[toml->part_count - 1]);
        server->end = toml->at;
    }
    place->server = server;
    return true;
}

static bool read_line(struct toml *toml, struct place *place)
{
    size_t from = toml->at;
    if (!read_key(toml))
        return false;
    if (here(toml) != '=')
        return fail(toml, "a key without a value");
    toml->at++;
    skip_blanks(toml);
    size_t start = toml->at;
    if (!skip_value(toml, 0))
        return false;
    struct slice raw = slice_of(toml->text.data + start, toml->at - start);
    if (!end_line(toml))
        return false;
    struct client_server *server = place->server;
    if (server == NULL)
        return !slice_equal_string(toml->parts[0], "mcp_servers") ||
               fail(toml, "servers that are not written as [mcp_servers.NAME]");
    if (toml->part_count != 1)
        client_leave(server, "it has a key with a dot");
    else if (place->secrets)
        add_secret(toml, server, toml->parts[0], raw);
    else if (!take_member(toml, server, toml->parts[0], raw))
        keep_line(toml, server, from);
    server->end = toml->at;
    return true;
}

static bool read_all(struct toml *toml)
{
    struct place place = {.server = NULL};
    for (;;) {
        size_t from = toml->at;
        skip_space(toml);
        // Comments between a server's lines stay; those behind its last line are the next one's.
        if (toml->at >= toml->text.length)
            return true;
        bool header = here(toml) == '[';
        if (!header && place.server != NULL) {
            size_t at = toml->at;
            if (memchr(toml->text.data + from, '#', at - from) != NULL && !place.secrets)
                keep_line(toml, place.server, from);
        }
        if (header ? !read_header(toml, &place) : !read_line(toml, &place))
            return false;
    }
}

int client_read_toml(struct client_file *file)
{
    struct toml toml = {.file = file, .text = buffer_slice(&file->text)};
    if (memchr(toml.text.data, '\0', toml.text.length) != NULL)
        fail(&toml, "a byte that is no text");
    if (toml.problem != NULL || !read_all(&toml) || toml.problem != NULL) {
        struct json_position at = json_position(toml.text, toml.at);
        return cli_complain(CLI_FAILED, "%s:%u:%u: %s; it is left alone", file->path, at.line,
                            at.column, toml.problem == NULL ? "not understood" : toml.problem);
    }
    for (size_t i = 0; i < file->count; i++) {
        struct client_server *server = &file->servers[i];
        if (server->end == 0 || server->start == server->end ||
            server->program == (server->url.length > 0) ||
            (!server->program && server->command_count > 0))
            client_leave(server, "it has not either a command or a URL");
        if (server->program ? server->has_headers : server->has_variables)
            client_leave(server, "it has headers for a program or variables for a URL");
    }
    return CLI_OK;
}

// [mcp_servers.NAME] with what is left of its lines.
void client_write_toml(const struct client_file *file, const struct client_server *server,
                       struct slice base, struct slice token, struct buffer *out)
{
    struct slice text = buffer_slice(&file->text);
    const char *first = memchr(text.data + server->start, '\n', server->end - server->start);
    size_t head =
        first == NULL ? server->end - server->start : (size_t)(first - text.data) - server->start;
    buffer_append(out, slice_of(text.data + server->start, head));
    buffer_append_format(out,
                         "\nurl = \"%.*s/mcp/%s\"\nhttp_headers = { \"Authorization\" = \"Bearer "
                         "%.*s\" }\n",
                         SLICE_PRINT(base), server->gateway_name, SLICE_PRINT(token));
    buffer_append(out, server->kept);
}
