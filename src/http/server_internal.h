// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The server side: server.c owns the lists and the clock, connection.c keeps connections, receive.c
// takes requests in, reply.c answers them, group.c lets them move between the servers of several
// threads.
//
//   HANDSHAKE -> IDLE -> HEAD -> BODY -> OPEN -> IDLE          (WRITE while bytes wait to be sent)
//                          \-> refused -> LINGER -> closed
//
// A connection is in the list of its phase, longest there first, so that one coarse timer finds
// what is overdue. Objects that an event may still touch are freed at the end of the turn.
#pragma once

#include "http/http_internal.h"
#include "base/backlog.h"
#include "base/list.h"

enum connection_phase {
    PHASE_HANDSHAKE,
    PHASE_IDLE,
    PHASE_HEAD,
    PHASE_BODY,
    PHASE_OPEN,
    PHASE_WRITE,
    PHASE_LINGER,
    PHASE_COUNT
};

struct http_server {
    struct loop *loop;
    struct http_server_options options; // defaults filled in
    http_request_cb handle;
    http_refused_cb refused;
    void *argument;
    struct net_listener *listener; // NULL: draining
    struct loop_timer *timer;
    struct list phases[PHASE_COUNT];
    size_t connections;
    size_t bodies;     // bytes of bodies that are coming in, without the first BODY_FREE of each
    struct list spare; // replies to use again
    size_t spare_count;
    struct list corked; // replies with bytes to flush at the end of the turn
    bool flush_deferred;
    struct buffer head; // where reply heads are written
    void (*drained)(void *argument);
    void *drained_argument;
    struct net_range *trusted; // owned
    size_t trusted_count;
    enum http_forwarded trusted_header;
    bool freed;
};

struct server_connection {
    struct list link; // in server->phases[phase]
    struct http_server *server;
    struct loop_io *io;
    struct net_socket socket;
    struct http_reply *reply; // being received or answered; NULL: idle
    struct buffer unsent;
    struct backlog_share waiting; // for `unsent`
    struct buffer pending;        // received after the request that is being answered
    uint64_t since_ms;
    enum connection_phase phase;
    bool active;      // something happened since the last settle: the phase's time begins anew
    bool close_after; // nothing more is taken from this peer
    bool surplus;     // ... though it has sent more: linger, so that the answer survives
    bool refused;
    bool ended;  // the peer has finished sending
    bool broken; // sending failed
    bool dead;
    bool working; // inside the receive loop
    bool resume_deferred;
    bool leaving; // for another server of the group, at the end of the turn
    bool peer_is_loopback;
    size_t leaving_for;
    uint8_t peer_length;
    char peer[NET_ADDRESS_TEXT_SIZE];
    struct net_host host; // the same without its port
};

enum reply_stage { REPLY_HEAD, REPLY_BODY, REPLY_OPEN };

struct http_reply {
    struct list link;                     // in server->spare, or nowhere
    struct list corked_link;              // in server->corked, or nowhere
    struct http_server *server;           // NULL: gone, and nobody listened
    struct server_connection *connection; // NULL: gone
    struct http_reply_events events;
    enum reply_stage stage;
    struct buffer head; // request bytes
    struct buffer body;
    struct buffer corked; // reply bytes of this turn
    struct http_head_scan scan;
    struct http_header_list headers;
    struct http_framing framing;
    struct http_chunks chunks;
    uint64_t left;  // of a body with a length
    size_t counted; // of the body, in server->bodies
    uint64_t body_since_ms;
    struct http_request request;
    char client[NET_ADDRESS_TEXT_SIZE]; // the peer, where a proxy said who it is
    bool started;
    bool chunked;
    bool bodiless; // HEAD, 204, 304
    bool blocked;  // a write said ERROR_AGAIN
};

// ---- server.c
uint64_t http_server_now_ms(struct http_server *server);
struct http_reply *http_reply_take(struct http_server *server); // NULL: no memory
void http_reply_give_back(struct http_reply *reply);
// Whether `more` bytes of its body may come in; they are counted until it is whole or given up.
bool http_reply_count_body(struct http_reply *reply, size_t more);
void http_reply_uncount_body(struct http_reply *reply);
void http_server_left(struct http_server *server); // a connection has gone

// ---- connection.c
void http_connection_accept_cb(void *argument, int fd, const struct loop_address *peer);
// Sends now what fits and keeps the rest. Failure shows later, never inside.
void http_connection_send(struct server_connection *c, struct iovec *pieces, size_t count);
// Closes at the end of the turn: for failures inside functions that must not call back.
COLD void http_connection_break(struct server_connection *c);
// The reply has ended: next request, or the end of the connection.
void http_connection_reply_ended(struct server_connection *c);
// Finds phase and wanted events anew after something happened.
void http_connection_settle(struct server_connection *c);
COLD void http_connection_refuse(struct server_connection *c, int status, const char *reason);
// Closes now; an open reply gets on_gone.
void http_connection_close(struct server_connection *c);

// Takes a connection that another server let go, with a whole request. False: it was not taken.
bool http_connection_adopt(struct http_server *server, struct server_connection *c);

bool http_connection_wants_read(const struct server_connection *c);
// The peer has finished sending, or is gone.
void http_connection_peer_ended(struct server_connection *c);

// ---- receive.c
// Reads what is there and hands out whole requests.
void http_receive(struct server_connection *c);
// A connection has come from another server, with a whole request.
void http_receive_moved(struct server_connection *c);
// Pipelined requests wait and could go on now: later, as callbacks must not nest.
void http_receive_resume_later(struct server_connection *c);

// ---- group.c
void http_group_came(struct http_group *group);
bool http_group_left(struct http_group *group); // true: it was the last connection
int http_group_join(struct http_server *server) MUST_CHECK;
// What is on its way to this server is dropped.
void http_group_part(struct http_server *server);

// ---- reply.c
void http_reply_flush_all(void *server);

// ---- forwarded.c: whom does this peer ask for? False: for itself.
bool http_forwarded_client(const struct http_server *server, const struct net_host *peer,
                           struct http_headers headers, struct net_host *ret);
