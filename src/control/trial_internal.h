// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One trial of a server: what all of its parts share.
#pragma once

#include "control/control.h"

#include "net/net.h"
#include "upstream/upstream.h"

enum {
    TRIAL_TIME_MS = 13000,    // everything but the end of a program
    TRIAL_DISCOVER_MS = 3000, // a server of the older era may say nothing at all
    TRIAL_AGAIN_MS = 700,     // before a program that ended is started once more
    TRIAL_END_MS = 1800,      // for a program to leave by itself
    TRIAL_WATCH_MS = 100,
    TRIAL_MESSAGE_MAX = 4 * 1024 * 1024,
    TRIAL_PAGES_MAX = 50,
    TRIAL_TOOLS_MAX = 2000,
    TRIAL_NAME_MAX = 256,
    TRIAL_ERROR_LINES = 10,
    TRIAL_ERROR_LINE_MAX = 300,
};

enum trial_step { TRIAL_DISCOVER, TRIAL_INITIALIZE, TRIAL_INITIALIZED, TRIAL_LIST };

struct trial {
    const struct control_trial *given;
    struct upstream_options server; // bounded
    struct loop *loop;
    struct loop_timer *timer; // for everything, then for the end
    struct loop_timer *patience;
    struct loop_timer *watch;
    bool over;
    // ---- trial_reach.c
    struct net_tls *tls;
    struct loop_lookup *lookup;
    struct net_dial *dial;
    struct net_socket socket;
    struct loop_io *io;
    struct net_tls_facts facts;
    char host[256];
    // ---- trial.c
    struct upstream_set *set;
    struct upstream_server *upstream;
    struct upstream_link *link;
    struct upstream_call *call;
    enum trial_step step;
    int status;
    bool answered, modern;
    int64_t error_code; // of the answer; 0: none
    char session[1024]; // id; empty: none
    char cursor[4096];  // raw JSON string of the next page; empty: that was the last
    bool has_tools;
    size_t pages;
    // ---- What was found out
    uint64_t leg_us; // when the present leg began
    struct buffer legs, tools;
    size_t tool_count;
    bool more_tools;
    char version[32], server_name[TRIAL_NAME_MAX], server_version[64];
    char kind[24], detail[600]; // of the problem; empty: none
    char challenge[400];
    char errors[TRIAL_ERROR_LINES][TRIAL_ERROR_LINE_MAX];
    size_t error_count;
};

// trial.c: the address answers; now the protocol
void trial_speak(struct trial *trial);
// Ends it; the first problem counts. `kind` NULL: all is well.
void trial_end(struct trial *trial, const char *kind, const char *format, ...) PRINTF_LIKE(3, 4);
void trial_leg(struct trial *trial, const char *name, const char *detail);
// trial_reach.c: a server over HTTP: name, connection, TLS
void trial_reach(struct trial *trial);
void trial_reach_stop(struct trial *trial);
// trial_talk.c
void trial_keep_text(char *text, size_t size, struct slice from);
void trial_write_message(struct trial *trial, struct buffer *out); // of the present step
size_t trial_headers(const struct trial *trial, struct http_header headers[3]);
void trial_on_head(void *argument, const struct upstream_head *head);
void trial_on_message(void *argument, struct upstream_message *message);
// trial_write.c
void trial_write(const struct trial *trial, struct buffer *out);
