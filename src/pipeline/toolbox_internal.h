// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the lists of a server told about its tools: their category and the headers that they want.
#pragma once

#include "pipeline/pipeline_internal.h"

struct tool_header {
    struct slice argument;
    struct slice header; // without "Mcp-Param-"
};
struct tool {
    char *name; // owned, the key
    enum catalogue_category category;
    bool learned;
    uint64_t definition;         // hash of what the category was read off
    struct tool_header *headers; // owned
    size_t header_count;
    bool may_be_task; // its calls may be asked for as tasks (2025-11-25)
    bool unusable;    // over HTTP of 2026-07-28: its declarations of headers are wrong
};
void toolbox_learn(struct pipeline *pipeline, struct slice server,
                   const struct upstream_message *message);
const struct tool *toolbox_find(struct pipeline *pipeline, struct slice server, struct slice name);
void toolbox_release(struct pipeline *pipeline);
