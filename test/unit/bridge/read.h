// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A text read as a message or a part of one, and what a translation made of it.
#pragma once

#include "lib/unit.h"

#include "bridge/bridge.h"

struct read {
    struct json_doc doc;
    struct arena arena;
    struct mcp_message message;
    struct buffer out;
};

static inline void open_text(struct read *read, const char *text)
{
    int code;
    json_doc_init(&read->doc);
    arena_init(&read->arena, 1 << 20);
    buffer_init(&read->out, 0);
    assert_int_equal(json_scan(&read->doc, slice_from_string(text), NULL, NULL, NULL), 0);
    if (mcp_decode(&read->doc, 0, &read->arena, &read->message, &code, NULL) != 0)
        read->message.node = JSON_NONE; // a part of a message
}

static inline void close_text(struct read *read, const char *wanted)
{
    assert_false(read->out.failed);
    if (!slice_equal_string(buffer_slice(&read->out), wanted))
        fail_msg("gave   %.*s\nwanted %s", SLICE_PRINT(buffer_slice(&read->out)), wanted);
    struct json_doc again;
    json_doc_init(&again);
    assert_int_equal(json_scan(&again, buffer_slice(&read->out), NULL, NULL, NULL), 0);
    json_doc_release(&again);
    buffer_release(&read->out);
    arena_release(&read->arena);
    json_doc_release(&read->doc);
}
