// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One trial of a server: what all of its parts share.
#pragma once

#include "trial/trial.h"

enum {
    TRIAL_AGAIN_MS = 700, // before a program that ended is started once more
};

enum trial_step { TRIAL_DISCOVER, TRIAL_INITIALIZE, TRIAL_INITIALIZED, TRIAL_LIST };

struct trial {
    struct trial_options given;
    struct upstream_options server; // bounded
    void (*done)(void *argument);
    void *argument;
    struct loop *loop;
    struct loop_timer *timer; // for everything, then for the end
    struct loop_timer *patience;
    bool over, told;
    bool freed; // what was deferred for it frees it
    size_t deferred;
    struct trial_result result;
    uint64_t leg_us; // when the present leg began
    // ---- reach.c
    struct net_tls *tls;
    struct loop_lookup *lookup;
    struct net_dial *dial;
    struct net_socket socket;
    struct loop_io *io;
    char host[256];
    // ---- trial.c
    struct upstream_set *set;
    struct upstream_server *upstream;
    struct upstream_link *link;
    struct upstream_call *call;
    enum trial_step step;
    int status;
    bool answered;
    bool no_list;       // an answer to tools/list that holds none
    int64_t error_code; // of the answer; 0: none
    char session[1024]; // id; empty: none
    char cursor[4096];  // raw JSON string of the next page; empty: that was the last
    bool has_tools;
};

// trial.c: the address answers; now the protocol
void trial_speak(struct trial *trial);
// Ends it; the first problem counts. `kind` NULL: all is well.
void trial_end(struct trial *trial, const char *kind, const char *format, ...) PRINTF_LIKE(3, 4);
void trial_leg(struct trial *trial, const char *name, const char *detail);
// reach.c: a server over HTTP: name, connection, TLS
void trial_reach(struct trial *trial);
void trial_reach_stop(struct trial *trial);
// talk.c
void trial_keep_text(char *text, size_t size, struct slice from);
void trial_write_message(struct trial *trial, struct buffer *out); // of the present step
size_t trial_headers(const struct trial *trial, struct http_header headers[3]);
void trial_on_head(void *argument, const struct upstream_head *head);
void trial_on_message(void *argument, struct upstream_message *message);
