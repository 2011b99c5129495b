// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 and server-sent events, both sides, stricter than RFC 9112 demands: exactly one Host,
// never Content-Length with Transfer-Encoding, no obs-fold, no bare CR or LF, bounded heads and
// bodies. The pipeline sees requests and replies, never bytes of
// framing.
//
// One loop thread. A reply or a call belongs to this module; the handle is valid until the function
// or callback that ends it, as said below. No callback runs inside the function that caused it
// except where said.
#pragma once

#include "base/backlog.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "loop/loop.h"
#include "net/net.h"

// The fields that somebody here looks at. A name is compared once, when it is read.
enum http_field {
    HTTP_ACCEPT,
    HTTP_AUTHORIZATION,
    HTTP_BAGGAGE,
    HTTP_CONNECTION,
    HTTP_CONTENT_ENCODING,
    HTTP_CONTENT_LENGTH,
    HTTP_CONTENT_TYPE,
    HTTP_EXPECT,
    HTTP_HOST,
    HTTP_LAST_EVENT_ID,
    HTTP_MCP_METHOD,
    HTTP_MCP_NAME,
    HTTP_MCP_PROTOCOL_VERSION,
    HTTP_MCP_SESSION_ID,
    HTTP_ORIGIN,
    HTTP_TRACEPARENT,
    HTTP_TRACESTATE,
    HTTP_TRANSFER_ENCODING,
    HTTP_MCP_PARAM, // any name that begins with Mcp-Param- and goes on
    HTTP_OTHER,
};
struct http_header {
    struct slice name;  // as received; compare without case
    struct slice value; // trimmed
};
struct http_headers {
    const struct http_header *items;
    size_t count;
    const enum http_field *fields; // what each name means; NULL: nobody has read them yet
};
// What a name (a token of RFC 9110) means.
enum http_field http_field_of(struct slice name);
static inline enum http_field http_headers_field(struct http_headers headers, size_t i)
{
    return headers.fields != NULL ? headers.fields[i] : http_field_of(headers.items[i].name);
}
// The value of the first header of this field, or a slice with data NULL.
struct slice http_header_get(struct http_headers headers, enum http_field field);
// How many headers are of this field.
size_t http_header_count(struct http_headers headers, enum http_field field);
const char *http_status_text(int status);

// ---- Server side
struct http_server;
struct http_reply; // the answer to one request

struct http_request {
    struct slice method; // "POST"
    struct slice path;   // without query, as sent (not percent-decoded)
    struct slice query;  // without '?', empty if none
    struct http_headers headers;
    struct slice body; // whole; transfer coding removed
    // "127.0.0.1:50412"; without a port where a trusted proxy said whom it serves
    struct slice peer;
    bool peer_is_loopback;
    bool tls;
    bool moved; // another server of the group has handed it over
};

struct http_server_options {
    size_t head_max;         // bytes of request line and headers; 0: 16384
    size_t header_count_max; // 0: 100
    size_t body_max;         // 0: 4 MiB
    // Bytes of all bodies that are still coming in, without the first 16 KiB of each; beyond it a
    // body is refused with 503. 0: 256 MiB, or 8 bodies of the largest size if that is more.
    size_t bodies_max;
    size_t connections_max;    // 0: 20000; further ones are closed at accept
    uint64_t head_timeout_ms;  // first byte to end of head; 0: 10000
    uint64_t body_timeout_ms;  // longest pause between body bytes; 0: 30000
    uint64_t body_total_ms;    // end of head to end of body, however steadily it drips; 0: 120000
    uint64_t idle_timeout_ms;  // keep-alive without a request; 0: 75000
    uint64_t write_timeout_ms; // longest pause of a reader that does not read; 0: 30000
    size_t unsent_high; // reply bytes waiting above which writers are asked to pause; 0: 262144
    struct backlog *waiting;  // for all bytes that wait for clients; NULL: no such bound; borrowed
    struct net_tls *tls;      // NULL: plain; borrowed
    bool share_port;          // SO_REUSEPORT: one server per worker loop on the same address
    struct http_group *group; // the servers on that address, NULL: only this one; borrowed
    size_t member;            // which of them this one is, from 0
};

// Called for each whole request, on the loop, after the previous one on the connection was
// answered. Everything in `request` stays valid until the reply ends. The handler may answer at
// once (inside) or later.
typedef void (*http_request_cb)(void *argument, struct http_reply *reply,
                                const struct http_request *request);
// A connection's bytes were refused before a request existed (status that was sent, our reason).
typedef void (*http_refused_cb)(void *argument, int status, const char *reason, struct slice peer);

// `address` is "127.0.0.1:8700", "[::1]:8700", "localhost:0"; port 0 picks a free one.
int http_server_open(struct loop *loop, const char *address,
                     const struct http_server_options *options, http_request_cb handle,
                     http_refused_cb refused, void *argument, struct http_server **ret,
                     struct error *error) MUST_CHECK;
uint16_t http_server_port(const struct http_server *server);
// Proxies that are believed when they say for whom they ask: of those that the header names, the
// last one that is none of these proxies is the request's peer. Anybody else's header is ignored,
// and so is the header that is not asked for: a proxy passes on what it does not know. Copied; with
// no memory nobody is trusted.
enum http_forwarded { HTTP_X_FORWARDED_FOR, HTTP_FORWARDED /* RFC 7239 */ };
struct http_trust {
    const struct net_range *proxies;
    size_t count;
    enum http_forwarded header;
};
int http_server_trust(struct http_server *server, const struct http_trust *trust) MUST_CHECK;
// Stops accepting; idle connections close at once, others after their reply. `drained` is called
// once none is left (may be at once, inside), of the whole group where there is one; then by
// whichever server saw the last one go, and perhaps by more than one.
void http_server_drain(struct http_server *server, void (*drained)(void *argument), void *argument);
void http_server_free(struct http_server *server); // closes everything now; replies get on_gone
size_t http_server_connections(const struct http_server *server);

// ---- Several servers, each in its own thread's loop, on one address: a request can move from one
// to the other. The group outlives its servers; any thread may use it.
struct http_group *http_group_new(size_t count);
void http_group_free(struct http_group *group); // NULL accepted
size_t http_group_count(const struct http_group *group);
size_t http_group_connections(const struct http_group *group); // of all servers together
// For the request handler, before anything is answered: the connection moves to that member, whose
// handler gets the same request, marked as moved. The handle is dead here. False: nothing happened,
// because it is that member already, has moved once, or that server is not there.
bool http_reply_hand_over(struct http_reply *reply, size_t member);

// What may befall a reply that is still open. on_gone: the client went away (reset, or closed its
// side, or the reader stalled beyond the limit); the handle is dead after it. on_drained: after a
// write said ERROR_AGAIN, there is room again.
struct http_reply_events {
    void (*on_gone)(void *argument);
    void (*on_drained)(void *argument);
    void *argument;
};
void http_reply_listen(struct http_reply *reply, struct http_reply_events events);
// Answers whole and ends the reply. Content-Length and Date-free minimal head are written here;
// `headers` gives the others. The body is copied as far as it cannot be sent at once.
void http_reply_send(struct http_reply *reply, int status, const struct http_header *headers,
                     size_t header_count, struct slice body);
// The same with the body in pieces (writev): nothing is joined in memory.
void http_reply_send_pieces(struct http_reply *reply, int status, const struct http_header *headers,
                            size_t header_count, const struct slice *pieces, size_t piece_count);
// For a reply that lives long: frees the request's memory, whose slices end here.
void http_reply_forget_request(struct http_reply *reply);
// Streams: head now (flushed at once), then writes (chunked), then finish. A write answers 0, or
// ERROR_AGAIN: taken, but please pause until on_drained. Writes to a dead stream are dropped.
void http_reply_start(struct http_reply *reply, int status, const struct http_header *headers,
                      size_t header_count);
int http_reply_write(struct http_reply *reply, struct slice data);
void http_reply_finish(struct http_reply *reply); // ends the reply and frees the handle
void http_reply_abort(struct http_reply *reply);  // closes the connection without a proper end

// ---- Client side: one pool of kept-alive connections per origin
struct http_client;
struct http_call;

struct http_client_options {
    struct slice host; // name or address, without brackets
    uint16_t port;
    bool tls;
    struct net_tls *tls_context;   // for tls; borrowed
    bool guarded;                  // connects only where the guard lets it
    const struct net_guard *guard; // borrowed; NULL: public addresses only
    size_t
        connections_max; // at the same time; 0: 512; more calls wait (bounded by calls_waiting_max)
    size_t calls_waiting_max;    // 0: 1024; beyond that http_client_start fails with ERROR_LIMIT
    size_t idle_max;             // kept for reuse; 0: 64
    size_t head_max;             // 0: 32768
    uint64_t connect_timeout_ms; // DNS + TCP + TLS, all addresses together; 0: 10000
    uint64_t head_timeout_ms;    // request sent to the head's last byte; 0: 300000
    uint64_t
        idle_body_timeout_ms; // longest pause inside a body; 0: none (event streams may be silent)
    uint64_t idle_timeout_ms; // an unused connection is closed after; 0: 30000
    uint64_t lookup_ttl_ms;   // addresses are asked anew after; 0: 30000
};

struct http_response {
    int status;
    struct http_headers headers; // valid during on_head only
};
// Exactly one of on_end and on_error ends a call; the handle is dead then. `sent` says whether the
// upstream may have received the request: false is a promise that it did not see all of it. A stale
// kept-alive connection that dies before the first byte of a reply is retried on a fresh one only
// when `sent` would be false or the request is marked repeatable.
struct http_call_events {
    void (*on_head)(void *argument, const struct http_response *head);
    void (*on_body)(void *argument, struct slice data); // transfer coding removed; borrowed
    void (*on_end)(void *argument);
    void (*on_error)(void *argument, int code, bool sent, const char *text);
    void *argument;
};
struct http_call_request {
    struct slice method;
    struct slice target; // path and query
    const struct http_header
        *headers; // Host, Content-Length are added here; Connection is never sent
    size_t header_count;
    struct slice lines; // more headers, made once for many requests by http_lines_append
    struct slice body;  // copied as far as it cannot be sent at once, or always when repeatable
    bool repeatable;
    uint64_t head_timeout_ms; // 0: the client's
};

// Writes headers as the lines of a head, but those that a request gets anyway. ERROR_SYNTAX (one
// that would forge a head), ERROR_NO_MEMORY.
int http_lines_append(struct buffer *lines, const struct http_header *headers,
                      size_t count) MUST_CHECK;

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options);
// Open calls get on_error(ERROR_CANCELLED) inside.
void http_client_free(struct http_client *client);
// 0, or ERROR_LIMIT / ERROR_NO_MEMORY / ERROR_SYNTAX (a method, target or header that would forge a
// head) / ERROR_CONFIG (TLS without a context), with no callback. Callbacks never come inside this
// function.
int http_client_start(struct http_client *client, const struct http_call_request *request,
                      const struct http_call_events *events, struct http_call **ret) MUST_CHECK;
// For on_head, which knows what follows: the whole body must come within `whole_ms`, and no pause
// in it may be longer than `pause_ms`; 0: no limit besides the client's. ERROR_TIMEOUT ends the
// call.
void http_call_limit_body(struct http_call *call, uint64_t whole_ms, uint64_t pause_ms);
void http_call_pause(struct http_call *call); // stop reading the body
void http_call_resume(struct http_call *call);
void http_call_cancel(struct http_call *call); // closes its connection; no further callback
struct http_client_stats {
    size_t open, idle, waiting;
    uint64_t connects, failures;
};
struct http_client_stats http_client_stats(const struct http_client *client);

// ---- Server-sent events (WHATWG HTML 9.2)
struct http_event {
    struct slice type; // "event:" field, empty if none
    struct slice data; // lines joined by LF
    struct slice id;   // data NULL when the field is absent
    int64_t retry_ms;  // -1 when absent
    bool has_data;     // a data field was there (it may be empty)
};
// A parser keeps a partial event, at most `event_max` bytes.
struct http_event_parser {
    struct buffer partial;
    struct buffer joined;
    size_t line_start; // of the unfinished line in `partial`
    uint8_t mark_seen; // bytes of a byte order mark so far
    bool at_start;     // a byte order mark may come
    bool skip_lf;      // the last line ended in CR
    bool in_comment;   // the unfinished line is one
};
void http_event_parser_init(struct http_event_parser *parser, size_t event_max);
void http_event_parser_release(struct http_event_parser *parser);
// Calls back for each whole event (blank-line ended; also those with only an id or retry); comments
// are skipped. The callback answers 0 to go on; anything else stops and is returned.
// ERROR_TOO_LARGE, ERROR_NO_MEMORY. The parser must not be released inside the callback.
typedef int (*http_event_cb)(void *argument, const struct http_event *event);
int http_event_feed(struct http_event_parser *parser, struct slice bytes, http_event_cb each,
                    void *argument) MUST_CHECK;
// Appends one event; data may hold line breaks.
void http_event_write(struct buffer *out, const struct http_event *event);
