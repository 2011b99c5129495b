// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Everything behind the gateway: what a server is, HTTP connections and child processes, and one
// way to send a message to either. It moves messages; it judges nothing. One loop thread.
#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "http/http.h"
#include "loop/loop.h"
#include "mcp/mcp.h"

enum upstream_transport { UPSTREAM_HTTP, UPSTREAM_SSE, UPSTREAM_CHILD };
enum upstream_sharing { UPSTREAM_PER_SESSION, UPSTREAM_SHARED };
// Which protocol era the server speaks: found out, or as the operator says.
enum upstream_era { UPSTREAM_ERA_AUTO, UPSTREAM_ERA_LEGACY, UPSTREAM_ERA_MODERN };

struct upstream_header {
    struct slice name;
    struct slice value; // secret: never logged
};

// One server of the configuration. Filled by config/, owned by it; compared by value at reload.
struct upstream_options {
    struct slice name;  // unique: what everything that belongs to the server is kept by
    struct slice shown; // what people are told it is called; data NULL: its name
    enum upstream_transport transport;
    // UPSTREAM_HTTP, UPSTREAM_SSE
    bool tls;
    struct slice host;
    uint16_t port;
    struct slice target; // path and query, starts with '/'
    const struct upstream_header *headers;
    size_t header_count;
    struct slice refusal; // why nothing may be sent to it now, a sentence; empty: it may
    bool guarded;         // not the operator named it: the set's guard judges every address of it
    // UPSTREAM_CHILD
    const char *const *command;     // NULL-terminated
    const char *const *environment; // NULL-terminated, "NAME=value", complete
    enum upstream_sharing sharing;
    enum upstream_era era;
    // Limits; 0 takes the documented default
    size_t message_max;          // bytes of one message from the server; 16 MiB
    uint64_t connect_timeout_ms; // 10 s
    // 300 s, to the head of an answer, then to the end of a body or for each pause of a stream
    uint64_t answer_timeout_ms;
    size_t calls_max; // in flight at the same time; 512
};

static inline struct slice upstream_shown(const struct upstream_options *options)
{
    return options->shown.data == NULL ? options->name : options->shown;
}
// Do both describe the same server, so that a reload may leave it alone? Headers and refusals do
// not count: they are exchanged while the server serves.
bool upstream_options_equal(const struct upstream_options *a, const struct upstream_options *b);

// ---- The set of servers of one loop
struct upstream_set;
struct upstream_server;

// `ca_file` (PEM) is trusted for https instead of the system's; NULL: the system's.
int upstream_set_new(struct loop *loop, const char *ca_file, struct upstream_set **ret,
                     struct error *error) MUST_CHECK;
// Counts what waits for programs that do not read in `backlog` (borrowed). Before the first link.
void upstream_set_count_waiting(struct upstream_set *set, struct backlog *backlog);
// What guarded servers may be connected to, from now on; borrowed. NULL: public addresses only.
void upstream_set_guard(struct upstream_set *set, const struct net_guard *guard);
// What programs write to standard error, a line at a time, besides the log. Before the first link.
void upstream_set_listen_to_errors(struct upstream_set *set,
                                   void (*line)(void *argument, struct slice line), void *argument);
// Programs get these limits, copied; NULL: none. Before the first link.
void upstream_set_confine(struct upstream_set *set, const struct loop_process_limits *limits);
// A server refused with 401 or 403, and what it says about that (WWW-Authenticate; may be empty).
// Inside of other callbacks: must not wait, nor touch the set.
typedef void (*upstream_challenged_cb)(void *argument, struct slice server, int status,
                                       struct slice challenge);
void upstream_set_hear(struct upstream_set *set, upstream_challenged_cb challenged, void *argument);
// Makes the set hold exactly these servers. Unchanged ones stay as they are, but for the headers
// and the refusal that the next message meets; changed and removed ones are retired: what is in
// flight on them ends by itself, upstream_server_retired tells. Options are copied.
int upstream_set_apply(struct upstream_set *set, const struct upstream_options *options,
                       size_t count, struct error *error) MUST_CHECK;
// Closes every link, children the way the specification orders, and calls `done` when the last is
// gone (maybe at once, inside).
void upstream_set_drain(struct upstream_set *set, void (*done)(void *argument), void *argument);
bool upstream_set_has_children(const struct upstream_set *set);
void upstream_set_free(struct upstream_set *set); // kills what is left
struct upstream_server *upstream_find(const struct upstream_set *set, struct slice name);

const struct upstream_options *upstream_server_options(const struct upstream_server *server);
static inline struct slice upstream_server_shown(const struct upstream_server *server)
{
    return upstream_shown(upstream_server_options(server));
}
bool upstream_server_retired(const struct upstream_server *server);
struct upstream_server *upstream_server_ref(struct upstream_server *server);
void upstream_server_unref(struct upstream_server *server);
// What whoever sends to it keeps by it; NULL at first, borrowed.
void **upstream_server_place(struct upstream_server *server);
struct upstream_health {
    size_t connections, idle, children, calls;
    uint64_t failures; // connects and spawns that failed, children that died
    bool last_attempt_failed;
};
struct upstream_health upstream_server_health(const struct upstream_server *server);
// Calls back for each server that is not retired.
void upstream_each(const struct upstream_set *set,
                   void (*visit)(void *argument, struct upstream_server *server), void *argument);

// ---- What comes back
struct upstream_message {
    struct slice text;          // one JSON-RPC message as it came; empty for an event without data
    const struct json_doc *doc; // of `text`'s surroundings; NULL for an event without data
    const struct mcp_message *message;
    struct arena *arena;    // scratch, valid during the callback
    struct mcp_edits edits; // what must change before `text` is passed on (offsets of doc)
    uint32_t start;         // where `text` starts in doc->text
    bool is_event;          // came as a server-sent event
    struct slice event_id;  // data NULL when absent
    int64_t retry_ms;       // -1 when absent
};
struct upstream_head {
    int status;
    bool event_stream;
    struct slice session_id; // Mcp-Session-Id, data NULL when absent
    struct slice challenge;  // WWW-Authenticate of a 401, data NULL when absent
};

// ---- A link: one conversation with a child process or with an SSE server (2024-11-05), which has
// one stream for everything it says. Servers over streamable HTTP need none.
struct upstream_link;
bool upstream_server_has_links(const struct upstream_server *server);
struct upstream_link_events {
    // A message that belongs to no call: the server's own requests and notifications.
    void (*on_message)(void *argument, struct upstream_message *message);
    // The server is gone; open calls had on_error before. The link must still be closed.
    void (*on_closed)(void *argument, const char *text);
    void *argument;
};
// `rewrite_ids`: several clients share the link, so ids and progress tokens are replaced on the
// way out and restored on the way back. Starts the child: ERROR_UNREACHABLE (cannot be started, or
// waiting after failures), ERROR_LIMIT, with a sentence. An SSE server's stream opens later:
// messages wait for it, and when it cannot be opened they fail, then the link.
int upstream_link_open(struct upstream_server *server, bool rewrite_ids,
                       const struct upstream_link_events *events, struct upstream_link **ret,
                       struct error *error) MUST_CHECK;
// No more callbacks. A child is closed: stdin, then SIGTERM, then SIGKILL, 2 s apart; a stream at
// once.
void upstream_link_close(struct upstream_link *link);
// False once the other side has stopped reading: it is being ended, and on_closed will come.
bool upstream_link_takes_messages(const struct upstream_link *link);
void upstream_link_pause(struct upstream_link *link); // stop reading what it says
void upstream_link_resume(struct upstream_link *link);

// ---- Calls
struct upstream_call;
// Exactly one of on_end and on_error ends a call; the handle is dead then. `sent` false is a
// promise that the server did not get the message. Callbacks never come inside upstream_send.
struct upstream_call_events {
    void (*on_head)(void *argument, const struct upstream_head *head);
    void (*on_message)(void *argument, struct upstream_message *message);
    void (*on_end)(void *argument);
    void (*on_error)(void *argument, int code, bool sent, const char *text);
    void *argument;
};
enum upstream_verb { UPSTREAM_POST, UPSTREAM_GET, UPSTREAM_DELETE };
struct upstream_request {
    enum upstream_verb verb;
    struct slice text;          // the message; empty for GET and DELETE
    const struct json_doc *doc; // of text; for a link, to find ids
    const struct mcp_message *message;
    const struct http_header
        *headers; // to forward (protocol and trace headers); configured ones win
    size_t header_count;
    bool repeatable; // may be sent again when a kept-alive connection was stale
};
// `link` is NULL for HTTP. A message that gets no answer (notification, response) to a child is
// written and *ret_call is NULL; over HTTP and SSE the call ends when the server took it. A call to
// an SSE server has on_head only when its POST was answered with an error status. ERROR_EXISTS: the
// id is in use on this link. ERROR_LIMIT: too many calls or bytes waiting.
int upstream_send(struct upstream_server *server, struct upstream_link *link,
                  const struct upstream_request *request, const struct upstream_call_events *events,
                  struct upstream_call **ret_call, struct error *error) MUST_CHECK;
void upstream_call_pause(struct upstream_call *call);
void upstream_call_resume(struct upstream_call *call);
// No further callback. HTTP: the connection is closed; link: notifications/cancelled is sent when
// `tell`.
void upstream_call_cancel(struct upstream_call *call, bool tell);
