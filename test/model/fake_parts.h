// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What surrounds the pipeline, without sockets: a loop with a clock that the test sets, replies
// that only remember, servers whose answers the test gives. Linked in place of loop/, upstream/ and
// the server side of http/. Each is strict about the contract of its header: a reply or call that
// is touched after its end fails the test.
#pragma once

#include "pipeline/pipeline.h"

enum { FAKE_DEFERRED = 64, FAKE_CALLS = 64, FAKE_TIMERS = 16 };

struct loop {
    uint64_t now_us;
    struct {
        void (*run)(void *argument);
        void *argument;
    } deferred[FAKE_DEFERRED];
    size_t deferred_count;
    struct loop_timer *timers[FAKE_TIMERS]; // the first is the pipeline's sweep
};
void fake_loop_settle(struct loop *loop); // runs what was deferred, and timers of no time at all
void fake_loop_fire(struct loop *loop);   // runs the sweep
bool fake_loop_has_timers(const struct loop *loop);

enum reply_state { REPLY_OPEN, REPLY_STREAMING, REPLY_ENDED, REPLY_GONE };
struct http_reply {
    struct http_reply_events events;
    enum reply_state state;
    int status;
    char session[80]; // Mcp-Session-Id
    char body[2048];
    size_t length;
};
void fake_reply_leave(struct http_reply *reply); // the client goes away

// One message that a server got.
struct upstream_call {
    bool over, cancelled, head, streaming;
    struct upstream_call_events events;
    enum upstream_verb verb;
    enum mcp_kind kind;
    enum mcp_method method;
    char id[32];
    char session[32]; // Mcp-Session-Id as it was sent
    int token;        // the member "n" of the arguments; -1 without
};
struct upstream_server {
    struct upstream_options options;
    size_t references;
    struct upstream_set *set;
    void *place;
};
struct upstream_set {
    struct upstream_server server;
    struct upstream_call calls[FAKE_CALLS];
    size_t count;
    bool fail_next; // the next message cannot be sent
};
void fake_set_open(struct upstream_set *set, const char *name);
void fake_set_close(struct upstream_set *set);

// What the server does. Nothing happens to a call that is over.
void fake_head(struct upstream_call *call, int status, bool stream, const char *session);
void fake_message(struct upstream_call *call, const char *text);
void fake_end(struct upstream_call *call);
void fake_error(struct upstream_call *call, int code, bool sent);
