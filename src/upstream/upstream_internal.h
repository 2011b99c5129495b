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
    struct list links;      // every link to any server, closing ones too
    struct list idle_calls; // free list of call objects
    size_t idle_call_count;
    struct backlog *waiting;           // borrowed; NULL: no common bound
    const struct net_guard *guard;     // borrowed; NULL: guarded servers are at public addresses
    struct loop_timer *tick;           // once a second: deadlines of calls to children
    struct json_doc doc;               // scratch of the message being delivered
    struct arena arena;                // scratch, cleared before each delivery
    upstream_challenged_cb challenged; // NULL: nobody wants to know
    void *challenged_argument;
    void (*drained)(void *argument);
    void *drained_argument;
    struct loop_process_limits limits;                     // of programs
    bool confined;                                         // they have them
    void (*error_line)(void *argument, struct slice line); // NULL: only the log
    void *error_argument;
};

// What may change while a server serves.
struct upstream_secrets {
    struct arena memory; // wiped
    const struct upstream_header *headers;
    size_t header_count;
    struct slice refusal;
    struct buffer lines; // HTTP: the headers that every POST has
};

struct upstream_server {
    struct upstream_set *set;
    int references;
    bool retired;
    bool kept;           // while a new list of servers is applied
    struct list gone;    // the same
    struct arena memory; // the copied options
    struct upstream_options options;
    struct upstream_secrets *secrets; // owned; `options` points into it
    struct upstream_secrets *next;    // while a new list of servers is applied; NULL: as they were
    struct http_client *client;       // HTTP servers; SSE servers: for what they are told
    struct http_client *streams;      // SSE servers: what they say
    size_t children, stream_links, calls;
    uint64_t failures;
    unsigned failures_in_row; // children that died young
    uint64_t next_start_us;   // no new child before
    bool last_attempt_failed;
    void *place; // of whoever sends to it
};

struct upstream_call {
    struct list link; // in the carrier's or the free list
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
    // over a link
    struct upstream_link *carrier;
    bool unsent;             // the message has surely not left yet
    struct buffer key;       // canonical id; the key of the link's table; empty: no answer comes
    struct buffer own_id;    // the client's id as it stood, to restore
    struct buffer own_token; // the client's progress token, as it stood
    uint64_t number;         // our id in place of the client's
    uint64_t deadline_us;    // 0: none
    bool keeps_open;         // subscriptions/listen: silence is normal after the first message
};

// secrets.c
bool upstream_secrets_equal(const struct upstream_options *a, const struct upstream_options *b);
int upstream_secrets_new(const struct upstream_options *from, struct upstream_secrets **ret,
                         struct error *error) MUST_CHECK;
void upstream_secrets_free(struct upstream_secrets *secrets); // NULL accepted
// Tells of a refusal, if it is one.
void upstream_note_status(const struct upstream_server *server,
                          const struct http_response *response);
int upstream_refused(const struct upstream_server *server, struct error *error);
void upstream_server_tell(struct upstream_server *server, struct upstream_secrets *secrets);

// options.c: a copy in the arena, but for what secrets.c keeps; false when memory is short.
bool upstream_options_copy(struct arena *arena, const struct upstream_options *from,
                           struct upstream_options *ret);
// What is used where an option is 0.
enum {
    UPSTREAM_MESSAGE_MAX = 16 * 1024 * 1024,
    UPSTREAM_CONNECT_TIMEOUT_MS = 10000,
    UPSTREAM_ANSWER_TIMEOUT_MS = 300000,
    UPSTREAM_CALLS_MAX = 512,
    UPSTREAM_CHILDREN_MAX = 128, // processes of one server
    UPSTREAM_STREAMS_MAX = 1024, // streams of one SSE server
    UPSTREAM_HEADERS_MAX = 64,   // of one request to a server
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
// The head of a request: what is configured wins over `request`'s headers. At most
// UPSTREAM_HEADERS_MAX; that many means there were more. The slices are borrowed.
size_t upstream_http_headers(const struct upstream_options *options,
                             const struct upstream_request *request, struct http_header *ret);
// The part of that which is the same for every POST, as lines of a head.
int upstream_http_prepare(const struct upstream_options *options, struct buffer *lines) MUST_CHECK;
bool upstream_http_is_type(struct slice value, const char *type); // of a Content-Type

// ---- Links: one conversation with a child process or with an SSE server

// What differs between the kinds.
struct upstream_link_kind {
    bool one_line; // a message must not hold line breaks
    bool confirms; // says whether it took a message that has no answer
    // Takes one message, whole or not at all, and tells `call` (NULL: nobody) if it could not be
    // delivered. `request` is NULL for a message of our own. ERROR_CLOSED, ERROR_LIMIT,
    // ERROR_NO_MEMORY. No callback comes inside.
    int (*write)(struct upstream_link *link, struct upstream_call *call,
                 const struct upstream_request *request, const struct slice *pieces, size_t count);
    void (*forget)(struct upstream_link *link, struct upstream_call *call); // it is over; or NULL
    void (*stop)(struct upstream_link *link);              // the link just broke; may be NULL
    void (*close)(struct upstream_link *link);             // its owner has left
    void (*kill)(struct upstream_link *link);              // at once
    void (*read)(struct upstream_link *link, bool wanted); // go on or pause
};

// The first member of each kind's own struct.
struct upstream_link {
    struct list member; // of set->links
    const struct upstream_link_kind *kind;
    struct upstream_server *server;
    struct upstream_link_events events;
    bool detached; // closed by its owner: no callbacks any more
    bool rewrite_ids;
    bool ending;        // reads no more; its end will come
    bool broken;        // nothing more comes and nothing can be sent
    bool in_callback;   // do not free under it
    bool answered;      // said something sensible since it started
    struct table calls; // canonical id -> upstream_call
    struct list call_list;
    uint64_t next_number;
};

// link.c
void upstream_link_init(struct upstream_link *link, const struct upstream_link_kind *kind,
                        struct upstream_server *server, bool rewrite_ids,
                        const struct upstream_link_events *events);
// It can no longer answer: everything that waits for it is told, once.
void upstream_link_break(struct upstream_link *link, int code, const char *text);
void upstream_link_kill(struct upstream_link *link);
// Leaves the set; `release` runs at the end of the turn and calls upstream_link_release.
void upstream_link_gone(struct upstream_link *link, void (*release)(void *argument),
                        void *argument);
void upstream_link_release(struct upstream_link *link);

// link_call.c
int upstream_link_send(struct upstream_link *link, const struct upstream_request *request,
                       const struct upstream_call_events *events, struct upstream_call **ret,
                       struct error *error) MUST_CHECK;
void upstream_link_cancel(struct upstream_call *call, bool tell);
void upstream_link_text(struct upstream_link *link, struct slice text); // one message or a batch
// Ends one call: `code` 0 is a good end.
void upstream_link_end_call(struct upstream_call *call, int code, bool sent, const char *text);
void upstream_link_fail_calls(struct upstream_link *link, int code, const char *text);
void upstream_link_check_deadlines(struct upstream_link *link, uint64_t now_us);

// child.c: processes; sse.c: the HTTP+SSE transport of 2024-11-05
int upstream_child_open(struct upstream_server *server, bool rewrite_ids,
                        const struct upstream_link_events *events, struct upstream_link **ret,
                        struct error *error) MUST_CHECK;
int upstream_sse_open(struct upstream_server *server, bool rewrite_ids,
                      const struct upstream_link_events *events, struct upstream_link **ret,
                      struct error *error) MUST_CHECK;
