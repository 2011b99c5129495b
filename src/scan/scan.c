// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "scan/scan_internal.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { ARENA_MAX = 128 * 1024 * 1024 };

void scan_init(struct scan *scan)
{
    *scan = (struct scan){.servers = memory_new(SCAN_SERVERS_MAX * sizeof *scan->servers)};
}

void scan_release(struct scan *scan)
{
    scan_release_together(scan);
    for (size_t i = 0; i < scan->count; i++) {
        struct scan_server *server = scan->servers[i];
        json_doc_release(&server->doc);
        buffer_release(&server->list);
        arena_release(&server->arena);
        memory_free(server);
    }
    memory_free(scan->servers);
    *scan = (struct scan){.servers = NULL};
}

int scan_add(struct scan *scan, struct slice name, struct scan_server **ret)
{
    if (scan->count == SCAN_SERVERS_MAX)
        return ERROR_LIMIT;
    struct scan_server *server = memory_try_new(sizeof *server);
    if (server == NULL)
        return ERROR_NO_MEMORY;
    server->name = name;
    buffer_init(&server->list, SCAN_TOOLS_BYTES_MAX + 16);
    json_doc_init(&server->doc);
    arena_init(&server->arena, ARENA_MAX);
    scan->servers[scan->count++] = server;
    *ret = server;
    return 0;
}

void scan_fail(struct scan_server *server, const char *kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(server->detail, sizeof server->detail, format, arguments);
    va_end(arguments);
    snprintf(server->kind, sizeof server->kind, "%s", kind);
    server->state = SCAN_BAD;
}

void scan_skip(struct scan_server *server, const char *why)
{
    snprintf(server->detail, sizeof server->detail, "%s", why);
    server->state = SCAN_SKIPPED;
}

const char *scan_advice(const char *kind)
{
    static const struct {
        const char *kind, *text;
    } advices[] = {
        {"lookup", "check the host in the server's URL"},
        {"unreachable", "check the port, and whether the server runs"},
        {"timeout", "give it longer with --timeout, or start its command by hand"},
        {"guard", "the address is one that a file should not lead to; name it with --url"},
        {"tls", "check the certificate's name, dates and issuer; --ca names an own authority"},
        {"unauthorized", "give it a credential: --header 'Authorization: Bearer ${TOKEN}', or in "
                         "the client's file"},
        {"forbidden", "the server knows the credential and refuses it"},
        {"not-found", "check the path in the server's URL"},
        {"program", "check the command"},
        {"ended", "start the command by hand; a variable that it needs may be missing (--env)"},
        {"protocol", "what answers may be no MCP server, or need another transport (--sse)"},
        {"list", "its list of tools is not what the protocol says"},
    };
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (strcmp(advices[i].kind, kind) == 0)
            return advices[i].text;
    return "";
}

const char *scan_state_name(enum scan_state state)
{
    switch (state) {
    case SCAN_GOOD: return "scanned";
    case SCAN_SKIPPED: return "skipped";
    case SCAN_WAITING:
    case SCAN_RUNNING:
    case SCAN_BAD: break;
    }
    return "failed";
}
