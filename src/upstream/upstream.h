// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Everything behind the gateway: what a server is, HTTP pools, child processes.
// (Contract of the options; the rest of this header is written with the implementation.)
#pragma once

#include "base/error.h"
#include "base/slice.h"

enum upstream_transport { UPSTREAM_HTTP, UPSTREAM_SSE, UPSTREAM_CHILD };
enum upstream_sharing { UPSTREAM_PER_SESSION, UPSTREAM_SHARED };

struct upstream_header {
    struct slice name;
    struct slice value; // secret: never logged
};

// One server of the configuration. Filled by config/, owned by it; compared by value at reload.
struct upstream_options {
    struct slice name;
    enum upstream_transport transport;
    // UPSTREAM_HTTP, UPSTREAM_SSE
    bool tls;
    struct slice host;
    uint16_t port;
    struct slice target; // path and query, starts with '/'
    const struct upstream_header *headers;
    size_t header_count;
    // UPSTREAM_CHILD
    const char *const *command;     // NULL-terminated
    const char *const *environment; // NULL-terminated, "NAME=value", complete
    enum upstream_sharing sharing;
    // Limits; 0 takes the documented default
    size_t message_max;            // bytes of one message from the server; 16 MiB
    uint64_t connect_timeout_ms;   // 10 s
    uint64_t answer_timeout_ms;    // 300 s, from request to first byte of the answer
    size_t calls_max;              // in flight at the same time; 512
};
