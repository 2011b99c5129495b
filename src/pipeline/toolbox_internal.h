// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the lists of a server told about its tools: their category and the headers that they want.
#pragma once

#include "pipeline/pins_internal.h"

struct tool_header {
    struct slice argument;
    struct slice header; // without "Mcp-Param-"
};
struct tool {
    char *name; // owned, the key
    enum catalogue_category category;
    bool learned;
    uint64_t definition; // hash of what the category was read off
    uint64_t printed;    // hash of what the fingerprint is of; 0: there is none
    unsigned char print[CATALOGUE_FINGERPRINT_SIZE];
    struct tool_header *headers; // owned
    size_t header_count;
    bool may_be_task; // its calls may be asked for as tasks (2025-11-25)
    bool must_be_task;
    bool unusable; // over HTTP of 2026-07-28: its declarations of headers are wrong
};
// Of what the screen refuses nothing is learned. `whole`: the answer to a request for all tools.
void toolbox_learn(struct pipeline *pipeline, struct slice server,
                   const struct upstream_message *message, const struct pins_screen *screen,
                   bool whole);
// The fingerprint of a definition that a server lists now; remembered, since lists come again and
// again. What catalogue_fingerprint returns.
int toolbox_print(struct pipeline *pipeline, struct slice server, struct slice name,
                  const struct json_doc *doc, uint32_t entry, struct buffer *scratch,
                  unsigned char ret[CATALOGUE_FINGERPRINT_SIZE]) MUST_CHECK;
const struct tool *toolbox_find(struct pipeline *pipeline, struct slice server, struct slice name);
void toolbox_release(struct pipeline *pipeline);
