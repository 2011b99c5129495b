// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a message: decoding must stay inside them, what was accepted must hold what it
// promises, and pruning its lists must leave well-formed JSON behind.
#include "filter/filter.h"
#include "mcp/mcp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static bool some(void *argument, enum mcp_list list, struct slice name, uint32_t entry)
{
    (void)argument;
    (void)entry;
    (void)list;
    return name.length % 2 == 0;
}

static void prune(const struct json_doc *doc, uint32_t result, struct arena *arena)
{
    struct mcp_edits edits = {0};
    struct slice *pieces;
    size_t count, removed;
    struct buffer out;
    struct json_doc again;
    filter_lists(doc, result, 0, true, some, NULL, arena, &edits, &removed);
    if (mcp_edits_pieces(&edits, doc->text, arena, &pieces, &count) != 0)
        return;
    buffer_init(&out, 0);
    json_doc_init(&again);
    for (size_t i = 0; i < count; i++)
        buffer_append(&out, pieces[i]);
    must(json_scan(&again, buffer_slice(&out), NULL, NULL, NULL) == 0);
    json_doc_release(&again);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc;
    struct arena arena;
    struct mcp_message message;
    int code;
    json_doc_init(&doc);
    arena_init(&arena, 1 << 20);
    if (json_scan(&doc, slice_of((const char *)data, size), NULL, NULL, NULL) == 0) {
        if (mcp_decode(&doc, 0, &arena, &message, &code, NULL) == 0) {
            must(message.kind != MCP_REQUEST || message.id != JSON_NONE);
            must(message.method != MCP_TOOLS_CALL || message.kind == MCP_RESPONSE ||
                 message.subject.data != NULL);
            must(message.arguments == JSON_NONE ||
                 json_type(&doc, message.arguments) == JSON_OBJECT);
            mcp_client_name(&doc, &message, &arena);
        }
        prune(&doc, 0, &arena);
    }
    arena_release(&arena);
    json_doc_release(&doc);
    return 0;
}
