// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes behind a line with a client's name as that client's configuration. What is written back
// is read again and has the same servers: those that were taken over reached through the gateway
// and otherwise as they were, every other byte in its place.
#include "base/memory.h"
#include "cli/client_internal.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice base = {"https://gate.example:8700", 25}, token = {"sallyport_x", 11};

static void require(bool condition)
{
    if (!condition)
        abort();
}

// In place of output.c: what is complained about is not looked at here.
int cli_complain(int exit_code, const char *format, ...)
{
    (void)format;
    return exit_code;
}

static bool begin(struct client_file *file, enum client_kind kind, struct slice text)
{
    *file = (struct client_file){.kind = kind, .path = "x"};
    buffer_init(&file->text, 0);
    arena_init(&file->arena, 8 * CLIENT_FILE_MAX);
    file->servers = memory_try_new(CLIENT_SERVERS_MAX * sizeof *file->servers);
    require(file->servers != NULL && buffer_append(&file->text, text) == 0);
    bool good = (kind == CLIENT_CODEX ? client_read_toml(file) : client_read_json(file)) == CLI_OK;
    if (good)
        client_name_servers(file);
    return good;
}

static void end(struct client_file *file)
{
    memory_free(file->servers);
    arena_release(&file->arena);
    buffer_release(&file->text);
}

static struct slice entry_of(const struct client_file *file, const struct client_server *server)
{
    struct slice text = buffer_slice(&file->text);
    require(server->start <= server->end && server->end <= text.length);
    return slice_of(text.data + server->start, server->end - server->start);
}

// A server with all that is promised of one that can be taken over.
static void check_taken(const struct client_file *file, const struct client_server *server)
{
    require(server->name.length > 0 && server->gateway_name[0] != '\0');
    require(entry_of(file, server).length > 0);
    require(server->program ? server->command_count > 0 : server->url.length > 0);
    for (size_t i = 0; i < server->secret_count; i++)
        require(server->secrets[i].name.data != NULL && server->secrets[i].value.length > 0);
}

// Reached through the gateway now, and nothing else of it has changed.
static void check_rewired(const struct client_file *file, const struct client_server *before,
                          const struct client_server *after)
{
    char url[200];
    snprintf(url, sizeof url, "%.*s/mcp/%s", SLICE_PRINT(base), before->gateway_name);
    if (file->kind == CLIENT_CLAUDE_DESKTOP) {
        require(after->program && slice_equal_string(after->command[0], "sallyport"));
        require(after->command_count == 5 && slice_equal_string(after->command[2], url));
    } else {
        require(after->why_not[0] == '\0' && !after->program && after->command_count == 0);
        require(slice_equal_string(after->url, url));
        require(slice_equal_string(after->secrets[0].value, "Bearer sallyport_x"));
    }
    require(after->secret_count == 1 && slice_starts_with(before->kept, after->kept));
}

static bool is_comment(struct slice text)
{
    bool inside = false;
    for (size_t i = 0; i < text.length; i++) {
        inside = text.data[i] != '\n' && (inside || text.data[i] == '#');
        if (!inside && strchr(" \t\r\n", text.data[i]) == NULL)
            return false;
    }
    return true;
}

// Where what was kept of a server ends in the new text. Comments of TOML that come last of it are
// read as the next one's, but stand there.
static size_t end_of_kept(const struct client_file *after, const struct client_server *before,
                          const struct client_server *server)
{
    struct slice text = buffer_slice(&after->text), kept = before->kept;
    size_t missing = kept.length - server->kept.length;
    require(missing == 0 || after->kind == CLIENT_CODEX);
    require(missing <= text.length - server->end);
    struct slice rest = slice_of(kept.data + server->kept.length, missing);
    require(is_comment(rest) && slice_equal(rest, slice_of(text.data + server->end, missing)));
    return server->end + missing;
}

static void check_both(const struct client_file *before, const struct client_file *after)
{
    struct slice old = buffer_slice(&before->text), new = buffer_slice(&after->text);
    size_t old_at = 0, new_at = 0;
    require(before->count == after->count);
    for (size_t i = 0; i < before->count; i++) {
        const struct client_server *a = &before->servers[i], *b = &after->servers[i];
        require(slice_equal(a->name, b->name) && strcmp(a->gateway_name, b->gateway_name) == 0);
        if (a->why_not[0] != '\0') {
            require(strcmp(a->why_not, b->why_not) == 0 && slice_equal(a->kept, b->kept));
            continue; // its bytes are among the others
        }
        check_taken(before, a);
        check_rewired(before, a, b);
        require(a->start >= old_at && b->start >= new_at);
        require(slice_equal(slice_of(old.data + old_at, a->start - old_at),
                            slice_of(new.data + new_at, b->start - new_at)));
        old_at = a->end;
        new_at = end_of_kept(after, a, b);
    }
    require(slice_equal(slice_of(old.data + old_at, old.length - old_at),
                        slice_of(new.data + new_at, new.length - new_at)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    const char *line = size == 0 ? NULL : memchr(data, '\n', size);
    struct client_file file, again;
    struct buffer out;
    int kind = 0;
    if (line == NULL)
        return 0;
    struct slice name = slice_of(text.data, (size_t)(line - text.data));
    while (kind < CLIENT_KINDS && !slice_equal_string(name, client_names[kind]))
        kind++;
    if (kind == CLIENT_KINDS)
        return 0;
    text = slice_of(line + 1, size - name.length - 1);
    buffer_init(&out, 0);
    if (begin(&file, (enum client_kind)kind, text)) {
        require(client_rewire(&file, base, token, &out));
        require(begin(&again, file.kind, buffer_slice(&out)));
        check_both(&file, &again);
        end(&again);
    }
    end(&file);
    buffer_release(&out);
    return 0;
}
