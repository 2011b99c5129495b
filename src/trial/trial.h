// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tries a server out as a client would: reaches it, agrees on a protocol of either era, lists its
// tools, page by page. No tool is called. Each trial has connections and processes of its own; any
// number may run on one loop, whose thread everything here belongs to.
#pragma once

#include "net/net.h"
#include "upstream/upstream.h"

enum {
    TRIAL_LEGS_MAX = 8,
    TRIAL_NAME_MAX = 256,
    TRIAL_ERROR_LINES = 10,
    TRIAL_ERROR_LINE_MAX = 300,
};

struct trial_options {
    const struct upstream_options *server; // what it points to must outlive the trial
    const char *ca_file;                   // as upstream_set_new
    const struct net_guard *guard;         // of guarded servers; borrowed
    uint64_t time_ms;                      // for everything but the end of a program
    uint64_t discover_ms; // how long a server of the older era may say nothing to a question of
                          // the newer one
    uint64_t end_ms;      // for a program to leave by itself; then it is killed
    size_t message_max;   // bytes of one message
    size_t pages_max, tools_max, tools_bytes_max; // of lists; beyond, `more` is true
    bool names, definitions; // what is kept of the tools: their names, and they as they were listed
    const struct loop_process_limits *limits; // of a program; NULL: none
};

struct trial_leg { // one part of the way
    const char *name;
    char detail[80];
    uint64_t took_us;
};

// What was found out. Texts of the server are bounded and without bytes that a terminal would obey.
struct trial_result {
    struct trial_leg legs[TRIAL_LEGS_MAX];
    size_t leg_count;
    struct net_tls_facts tls; // version empty: no TLS
    bool modern;
    char version[32]; // of the protocol; empty: they did not agree on one
    char server_name[TRIAL_NAME_MAX], server_version[64];
    size_t pages;
    struct buffer names, tools; // elements of JSON arrays, without brackets
    size_t tool_count;          // also those beyond the bounds, as far as they were seen
    bool more;                  // there are more than were kept
    // What went wrong: "lookup", "unreachable", "timeout", "guard", "tls", "unauthorized",
    // "forbidden", "not-found", "program", "ended", "protocol", "unusable", "stopped", "internal";
    // empty: nothing did.
    char kind[24], detail[600];
    char challenge[400]; // WWW-Authenticate
    char errors[TRIAL_ERROR_LINES][TRIAL_ERROR_LINE_MAX];
    size_t error_count; // lines on standard error; the last ones are in a ring
};

struct trial;
// Starts one. `done` is called once, later, when all is over, its program included: then it may be
// freed, in the callback too. NULL: no memory.
struct trial *trial_start(struct loop *loop, const struct trial_options *options,
                          void (*done)(void *argument), void *argument);
// Ends it soon, if it is not ending already: `done` will come.
void trial_stop(struct trial *trial, const char *text);
const struct trial_result *trial_get_result(const struct trial *trial);
// Before it is done, too: then its program is killed. NULL accepted.
void trial_free(struct trial *trial);
