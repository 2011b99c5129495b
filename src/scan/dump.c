// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tools out of a file that somebody wrote: an answer to tools/list, a list, lists of several
// servers, or JSON lines.
#include "scan/scan.h"

#include "base/memory.h"
#include "base/table.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, LINE_MAX_BYTES = 4 * 1024 * 1024 };

struct dump {
    struct scan *scan;
    struct slice path, name;
    struct buffer text;
    struct json_doc doc;
    struct table servers; // by name, of JSON lines
    struct arena arena;   // of names, for as long as the dump is read
    struct error *error;
};

static int refuse(struct dump *dump, int code, size_t line, const char *text)
{
    return error_set(dump->error, code, "%.*s:%zu: %s", SLICE_PRINT(dump->path), line, text);
}

static int read_all(struct dump *dump, int file)
{
    for (;;) {
        char *at = buffer_reserve(&dump->text, CHUNK);
        if (at == NULL)
            return error_set(dump->error, ERROR_TOO_LARGE, "%.*s is larger than %d MiB",
                             SLICE_PRINT(dump->path), SCAN_ALL_BYTES_MAX / (1024 * 1024));
        ssize_t got = read(file, at, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(dump->error, ERROR_IO, "%.*s cannot be read: %s",
                             SLICE_PRINT(dump->path), strerror(errno));
        if (got == 0)
            return 0;
        buffer_commit(&dump->text, (size_t)got);
    }
}

static int add_server(struct dump *dump, struct slice name, size_t line, struct scan_server **ret)
{
    int result = scan_add(dump->scan, name, ret);
    if (result == ERROR_LIMIT)
        return error_set(dump->error, result, "%.*s has more than %d servers",
                         SLICE_PRINT(dump->path), SCAN_SERVERS_MAX);
    if (result != 0)
        return result;
    (*ret)->file = dump->path;
    (*ret)->line = (uint32_t)line;
    (*ret)->state = SCAN_GOOD;
    return 0;
}

// ---- Tools and servers

// `server` and `tool` or `name`, as a tool of a list.
static void write_tool(const struct json_doc *doc, uint32_t node, struct buffer *out)
{
    static const struct {
        const char *from, *to;
    } members[] = {{"tool", "name"},
                   {"name", "name"},
                   {"title", "title"},
                   {"description", "description"},
                   {"input_schema", "inputSchema"},
                   {"inputSchema", "inputSchema"},
                   {"output_schema", "outputSchema"},
                   {"outputSchema", "outputSchema"},
                   {"annotations", "annotations"}};
    size_t before = out->length;
    const char *last = "";
    buffer_append_string(out, before > 1 ? "," : "");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        uint32_t value = json_get(doc, node, members[i].from);
        if (value == JSON_NONE || json_type(doc, value) == JSON_NULL ||
            strcmp(last, members[i].to) == 0)
            continue;
        buffer_append_string(out, *last == '\0' ? "{" : ",");
        json_write_key(out, members[i].to);
        buffer_append(out, json_raw(doc, value));
        last = members[i].to;
    }
    buffer_append_string(out, *last == '\0' ? "{}" : "}");
}

// The one that an object of the document names.
static int find_server(struct dump *dump, uint32_t object, size_t line, struct scan_server **ret)
{
    uint32_t node = json_get(&dump->doc, object, "server");
    struct slice name = dump->name;
    if (node != JSON_NONE && json_type(&dump->doc, node) == JSON_STRING &&
        json_at(&dump->doc, node)->length > 2)
        name = json_string(&dump->doc, node, &dump->arena);
    if (name.data == NULL)
        return ERROR_NO_MEMORY;
    // It becomes a member's name in reports, where strict readers refuse this.
    if (memchr(name.data, '\0', name.length) != NULL)
        return refuse(dump, ERROR_SYNTAX, line, "a server's name that holds a NUL");
    *ret = table_get(&dump->servers, name);
    if (*ret != NULL)
        return 0;
    int result = add_server(dump, name, line, ret);
    if (result != 0)
        return result;
    (*ret)->name = arena_copy(&(*ret)->arena, name);
    buffer_append_string(&(*ret)->list, "[");
    return (*ret)->name.data == NULL ? ERROR_NO_MEMORY
                                     : table_put(&dump->servers, (*ret)->name, *ret);
}

// ---- One document

static uint32_t find_list(const struct json_doc *doc)
{
    static const char *const members[] = {"tools", "result"};
    uint32_t node = 0;
    for (size_t i = sizeof members / sizeof *members; i-- > 0;) {
        uint32_t inner = json_get(doc, node, members[i]);
        node = inner == JSON_NONE ? node : inner;
    }
    return json_type(doc, node) == JSON_ARRAY ? node : JSON_NONE;
}

static int take_document(struct dump *dump)
{
    struct scan_server *server = NULL;
    uint32_t list = find_list(&dump->doc);
    uint32_t next = json_get(&dump->doc, json_get(&dump->doc, 0, "result"), "nextCursor");
    if (list == JSON_NONE)
        return refuse(dump, ERROR_SYNTAX, 1, "there is no list of tools");
    int result = add_server(dump, dump->name, 1, &server);
    if (result != 0)
        return result;
    if (next == JSON_NONE)
        next = json_get(&dump->doc, 0, "nextCursor");
    server->more = next != JSON_NONE && json_type(&dump->doc, next) == JSON_STRING;
    if (buffer_append(&server->list, json_raw(&dump->doc, list)) != 0)
        scan_fail(server, "limit", "its definitions are larger than %d MiB",
                  SCAN_TOOLS_BYTES_MAX / (1024 * 1024));
    return 0;
}

// {"servers":[{"server":...,"tools":[...]}]}
static int take_servers(struct dump *dump, uint32_t list)
{
    const struct json_doc *doc = &dump->doc;
    int result = 0;
    for (uint32_t item = json_first_element(doc, list); item != JSON_NONE && result == 0;
         item = json_next_element(doc, list, item)) {
        struct scan_server *server = NULL;
        uint32_t tools = json_get(doc, item, "tools");
        size_t line = json_position(doc->text, json_at(doc, item)->start).line;
        if (tools == JSON_NONE || json_type(doc, tools) != JSON_ARRAY)
            return refuse(dump, ERROR_SYNTAX, line, "a server without a list of tools");
        result = find_server(dump, item, line, &server);
        for (uint32_t tool = server != NULL ? json_first_element(doc, tools) : JSON_NONE;
             tool != JSON_NONE; tool = json_next_element(doc, tools, tool))
            write_tool(doc, tool, &server->list);
        if (server != NULL && server->list.failed)
            return refuse(dump, ERROR_TOO_LARGE, line, "the server's definitions are too large");
    }
    return result;
}

// ---- Lines

static int take_line(struct dump *dump, struct slice line, size_t number)
{
    struct error why = {0};
    struct scan_server *server = NULL;
    if (line.length > LINE_MAX_BYTES)
        return refuse(dump, ERROR_TOO_LARGE, number, "longer than 4 MiB");
    int result = json_scan(&dump->doc, line, NULL, &why, NULL);
    if (result != 0)
        return result == ERROR_NO_MEMORY ? result : refuse(dump, ERROR_SYNTAX, number, why.text);
    if (json_type(&dump->doc, 0) != JSON_OBJECT)
        return refuse(dump, ERROR_SYNTAX, number, "no JSON object");
    result = find_server(dump, 0, number, &server);
    if (result != 0 || server == NULL)
        return result;
    write_tool(&dump->doc, 0, &server->list);
    if (server->list.failed)
        return refuse(dump, ERROR_TOO_LARGE, number, "the server's definitions are too large");
    return 0;
}

static int take_lines(struct dump *dump)
{
    struct slice rest = buffer_slice(&dump->text);
    int result = 0;
    for (size_t number = 1; rest.length > 0 && result == 0; number++) {
        const char *feed = memchr(rest.data, '\n', rest.length);
        size_t length = feed == NULL ? rest.length : (size_t)(feed - rest.data);
        struct slice line = slice_trim(slice_of(rest.data, length));
        if (line.length > 0)
            result = take_line(dump, line, number);
        length += feed != NULL;
        rest = slice_of(rest.data + length, rest.length - length);
    }
    return result;
}

// ---- All of it

static void end_list(void *argument, struct slice name, void *value)
{
    struct scan_server *server = value;
    (void)argument;
    (void)name;
    buffer_append_string(&server->list, "]");
}

static bool has_lines(struct slice text)
{
    return memchr(text.data, '\n', text.length) != NULL;
}

// Is the first line a document of its own?
static bool starts_with_line(struct dump *dump, struct slice text)
{
    const char *feed = memchr(text.data, '\n', text.length);
    struct error why = {0};
    return feed != NULL && json_scan(&dump->doc, slice_of(text.data, (size_t)(feed - text.data)),
                                     NULL, &why, NULL) == 0;
}

static int take(struct dump *dump)
{
    struct error why = {0};
    struct slice text = buffer_slice(&dump->text);
    if (slice_trim(text).length == 0)
        return refuse(dump, ERROR_SYNTAX, 1, "there is nothing in it");
    int result = json_scan(&dump->doc, text, NULL, &why, NULL);
    if (result == ERROR_NO_MEMORY)
        return result;
    if (result != 0)
        return starts_with_line(dump, text) ? take_lines(dump)
                                            : error_set(dump->error, ERROR_SYNTAX, "%.*s:%s",
                                                        SLICE_PRINT(dump->path), why.text);
    uint32_t servers = json_get(&dump->doc, 0, "servers");
    if (servers != JSON_NONE && json_type(&dump->doc, servers) == JSON_ARRAY)
        return take_servers(dump, servers);
    if (find_list(&dump->doc) != JSON_NONE || has_lines(slice_trim(text)))
        return take_document(dump);
    return take_lines(dump);
}

int scan_read_dump(struct scan *scan, int file, struct slice path, struct slice name,
                   struct error *error)
{
    struct dump dump = {.scan = scan, .path = path, .name = name, .error = error};
    buffer_init(&dump.text, SCAN_ALL_BYTES_MAX);
    json_doc_init(&dump.doc);
    arena_init(&dump.arena, SCAN_ALL_BYTES_MAX);
    table_init(&dump.servers);
    int result = read_all(&dump, file);
    if (result == 0)
        result = take(&dump);
    table_each(&dump.servers, end_list, NULL);
    if (result == ERROR_NO_MEMORY)
        error_set(error, result, "out of memory");
    table_release(&dump.servers);
    arena_release(&dump.arena);
    json_doc_release(&dump.doc);
    buffer_release(&dump.text);
    return result;
}
