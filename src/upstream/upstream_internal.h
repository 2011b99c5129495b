// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "base/table.h"
#include "upstream/upstream.h"

struct upstream_set {
    struct loop *loop;
    struct net_tls *tls;    // for https upstreams; owned; NULL until one is needed
    const char *ca_file;    // owned
    struct table servers;   // by name; each holds one reference
    struct list children;   // every child process of any server, closing ones too
    struct list idle_calls; // free list of call objects
    size_t idle_call_count;
    struct loop_timer *tick; // once a second: deadlines of calls to children
    struct json_doc doc;     // scratch of the message being delivered
    struct arena arena;      // scratch, cleared before each delivery
    void (*drained)(void *argument);
    void *drained_argument;
};

struct upstream_server {
    struct upstream_set *set;
    int references;
    bool retired;
    struct arena memory; // the copied options
    struct upstream_options options;
    struct http_client *client; // HTTP servers
    size_t children, calls;
    uint64_t failures;
    unsigned failures_in_row; // children that died young
    uint64_t next_start_us;   // no new child before
    bool last_attempt_failed;
};

struct upstream_call {
    struct list link; // in the child's or the free list
    struct upstream_server *server;
    struct upstream_call_events events;
    bool in_callback; // a callback runs: do not free under it
    bool over;        // ended or cancelled
    // HTTP
    struct http_call *http;
    int status;
    bool event_stream, is_json;
    struct buffer body;
    struct http_event_parser parser;
    // child
    struct upstream_link *child_link;
    struct buffer key;       // canonical id; the key of the link's table
    struct buffer own_id;    // the client's id as it stood, to restore
    struct buffer own_token; // the client's progress token, as it stood
    uint64_t number;         // our id in place of the client's
    uint64_t deadline_us;    // 0: none
    bool keeps_open;         // subscriptions/listen: silence is normal after the first message
};

// options.c: a copy in the arena; false when memory is short.
bool upstream_options_copy(struct arena *arena, const struct upstream_options *from,
                           struct upstream_options *ret);
// What is used where an option is 0.
enum {
    UPSTREAM_MESSAGE_MAX = 16 * 1024 * 1024,
    UPSTREAM_CONNECT_TIMEOUT_MS = 10000,
    UPSTREAM_ANSWER_TIMEOUT_MS = 300000,
    UPSTREAM_CALLS_MAX = 512,
    UPSTREAM_CHILDREN_MAX = 128, // processes of one server
};

// call.c
struct upstream_call *upstream_call_take(struct upstream_server *server,
                                         const struct upstream_call_events *events);
void upstream_call_recycle(struct upstream_call *call);
// Scans one message or a batch of them and hands each to `each`. ERROR_PROTOCOL with a sentence.
typedef void (*upstream_deliver_cb)(void *argument, struct upstream_message *message);
int upstream_read_messages(struct upstream_set *set, struct slice text, upstream_deliver_cb each,
                           void *argument, bool *stop, struct error *error) MUST_CHECK;

// http_call.c
int upstream_http_send(struct upstream_server *server, const struct upstream_request *request,
                       const struct upstream_call_events *events, struct upstream_call **ret,
                       struct error *error) MUST_CHECK;
// child_call.c
int upstream_child_send(struct upstream_link *link, const struct upstream_request *request,
                        const struct upstream_call_events *events, struct upstream_call **ret,
                        struct error *error) MUST_CHECK;
void upstream_child_cancel(struct upstream_call *call, bool tell);
void upstream_child_line(struct upstream_link *link, struct slice line);
void upstream_child_fail_calls(struct upstream_link *link, int code, const char *text);
void upstream_child_check_deadlines(struct upstream_link *link, uint64_t now_us);

// child.c: the process behind a link
enum child_state { CHILD_RUNNING, CHILD_STDIN_CLOSED, CHILD_TERMINATED, CHILD_KILLED };
struct upstream_link {
    struct list member; // of set->children
    struct upstream_server *server;
    struct upstream_link_events events;
    bool detached; // closed by its owner: no callbacks any more
    bool rewrite_ids;
    bool broken; // the child closed its stdout or exited
    bool in_callback;
    enum child_state state;
    struct loop_process *process;
    struct loop_io *in, *out, *errors;
    int in_fd, out_fd, error_fd;
    struct buffer to_child, from_child, error_text;
    bool paused;
    bool skip_line; // the rest of an over-long line is dropped
    struct loop_timer *closing;
    uint64_t started_us;
    bool answered;      // said something sensible since it started
    struct table calls; // canonical id -> upstream_call
    struct list call_list;
    uint64_t next_number;
    uint64_t log_second; // for the cap on logged lines
    unsigned log_lines;
};
int upstream_child_write(struct upstream_link *link, const struct slice *pieces, size_t count);
void upstream_child_kill(struct upstream_link *link);
