// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a server is told with each message besides the message. It may change while the server
// serves: a refreshed token must not cost a session.
#include "upstream/upstream_internal.h"

#include "base/memory.h"

enum { SECRETS_MAX = 1024 * 1024 };

bool upstream_secrets_equal(const struct upstream_options *a, const struct upstream_options *b)
{
    if (a->header_count != b->header_count || !slice_equal(a->refusal, b->refusal))
        return false;
    for (size_t i = 0; i < a->header_count; i++)
        if (!slice_equal(a->headers[i].name, b->headers[i].name) ||
            !slice_equal(a->headers[i].value, b->headers[i].value))
            return false;
    return true;
}

static int copy(struct upstream_secrets *secrets, const struct upstream_options *from)
{
    struct arena *arena = &secrets->memory;
    struct upstream_header *headers = arena_take(arena, (from->header_count + 1) * sizeof *headers);
    secrets->refusal = arena_copy(arena, from->refusal);
    if (headers == NULL || secrets->refusal.data == NULL)
        return ERROR_NO_MEMORY;
    secrets->headers = headers;
    for (size_t i = 0; i < from->header_count; i++) {
        headers[i].name = arena_copy(arena, from->headers[i].name);
        headers[i].value = arena_copy(arena, from->headers[i].value);
        if (headers[i].name.data == NULL || headers[i].value.data == NULL)
            return ERROR_NO_MEMORY;
        secrets->header_count++;
    }
    return from->transport == UPSTREAM_CHILD ? 0 : upstream_http_prepare(from, &secrets->lines);
}

int upstream_secrets_new(const struct upstream_options *from, struct upstream_secrets **ret,
                         struct error *error)
{
    struct upstream_secrets *secrets = memory_try_new(sizeof *secrets);
    if (secrets == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    *secrets = (struct upstream_secrets){.header_count = 0};
    arena_init(&secrets->memory, SECRETS_MAX);
    buffer_init(&secrets->lines, 0);
    int result = copy(secrets, from);
    if (result == 0) {
        *ret = secrets;
        return 0;
    }
    upstream_secrets_free(secrets);
    return error_set(error, result, "server '%.*s': its headers cannot be sent",
                     SLICE_PRINT(upstream_shown(from)));
}

void upstream_secrets_free(struct upstream_secrets *secrets)
{
    if (secrets == NULL)
        return;
    for (size_t i = 0; i < secrets->header_count; i++)
        memory_wipe_slice(secrets->headers[i].value);
    buffer_wipe(&secrets->lines);
    arena_release(&secrets->memory);
    memory_free(secrets);
}

// A request under way keeps what it was begun with: its head was written then.
void upstream_server_tell(struct upstream_server *server, struct upstream_secrets *secrets)
{
    upstream_secrets_free(server->secrets);
    server->secrets = secrets;
    server->options.headers = secrets->headers;
    server->options.header_count = secrets->header_count;
    server->options.refusal = secrets->refusal;
}

void upstream_note_status(const struct upstream_server *server,
                          const struct http_response *response)
{
    const struct upstream_set *set = server->set;
    struct slice challenge = {"", 0};
    if ((response->status != 401 && response->status != 403) || set->challenged == NULL)
        return;
    for (size_t i = 0; i < response->headers.count; i++)
        if (slice_equal_ignoring_case(response->headers.items[i].name,
                                      SLICE_LITERAL("WWW-Authenticate")))
            challenge = response->headers.items[i].value;
    set->challenged(set->challenged_argument, server->options.name, response->status, challenge);
}

int upstream_refused(const struct upstream_server *server, struct error *error)
{
    return error_set(error, ERROR_DENIED, "server '%.*s' %.*s",
                     SLICE_PRINT(upstream_server_shown(server)),
                     SLICE_PRINT(server->options.refusal));
}
