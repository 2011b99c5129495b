// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the benchmark's servers answer, made without a JSON parser: enough for the load generator's
// requests and for those of real MCP clients that write compact JSON.
//
//   tools/call read PATH     the text PATH: whoever gets it can check that it is his own
//   tools/call stream PATH   the same as a server-sent event
//   tools/call large PATH    the text PATH, then a megabyte of filling
//   tools/list               20 tools, or with `big_list` a megabyte of them, half named write_*
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { ANSWER_LARGE = 1024 * 1024, ANSWER_SMALL_TOOLS = 20 };

struct answer {
    bool none;       // a notification or a response: nothing to say
    bool stream;     // as an event
    bool initialize; // a session begins
    char head[1024];
    size_t head_length;
    const char *middle; // lives as long as the program
    size_t middle_length;
    char tail[128];
    size_t tail_length;
};

// Once, before the rest. Ends the program when there is no memory.
void answer_init(bool big_list);
// The body between the marks is one JSON-RPC message. Nothing of it is kept.
void answer_make(const char *body, size_t length, struct answer *ret);
// The megabyte that follows PATH in a large answer.
const char *answer_filling(void);
