// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The same file with the servers that were taken over reached through the gateway. Every byte
// outside of their entries stays.
#include "cli/client_internal.h"

static void write_entry(const struct client_file *file, const struct client_server *server,
                        struct slice base, struct slice token, struct buffer *out)
{
    const char *url_key = file->kind == CLIENT_WINDSURF ? "serverUrl" : "url";
    bool typed = file->kind == CLIENT_CLAUDE_CODE || file->kind == CLIENT_VS_CODE;
    if (file->kind == CLIENT_CLAUDE_DESKTOP) {
        buffer_append_format(out,
                             "{ \"command\": \"sallyport\", \"args\": [\"connect\", "
                             "\"%.*s/mcp/%s\", \"--token-env\", \"SALLYPORT_TOKEN\"], "
                             "\"env\": { \"SALLYPORT_TOKEN\": \"%.*s\" }",
                             SLICE_PRINT(base), server->gateway_name, SLICE_PRINT(token));
    } else {
        buffer_append_format(out,
                             "{ %s\"%s\": \"%.*s/mcp/%s\", \"headers\": { \"Authorization\": "
                             "\"Bearer %.*s\" }",
                             typed ? "\"type\": \"http\", " : "", url_key, SLICE_PRINT(base),
                             server->gateway_name, SLICE_PRINT(token));
    }
    if (server->kept.length > 0) {
        buffer_append_string(out, ", ");
        buffer_append(out, server->kept);
    }
    buffer_append_string(out, " }");
}

bool client_rewire(const struct client_file *file, struct slice base, struct slice token,
                   struct buffer *out)
{
    struct slice text = buffer_slice(&file->text);
    size_t at = 0;
    buffer_reserve(out, text.length + file->count * 1024 + 4096); // no copies of the token
    for (size_t i = 0; i < file->count; i++) {
        const struct client_server *server = &file->servers[i];
        if (server->why_not[0] != '\0')
            continue;
        buffer_append(out, slice_of(text.data + at, server->start - at));
        if (file->kind == CLIENT_CODEX)
            client_write_toml(file, server, base, token, out);
        else
            write_entry(file, server, base, token, out);
        at = server->end;
    }
    buffer_append(out, slice_of(text.data + at, text.length - at));
    return !out->failed;
}
