// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The client side: client.c owns the pool, the queue, the addresses and the clock; call.c starts
// and ends calls; exchange.c moves bytes on a connection.
//
//   RESOLVE -> DIAL -> IDLE <-> BUSY -> closed
//
// A new connection belongs to the call it was opened for; a freed one goes to the first in the
// queue, else to the idle list, whose newest is used first.
#pragma once

#include "http/http_internal.h"
#include "base/list.h"

enum client_state { CLIENT_RESOLVE, CLIENT_DIAL, CLIENT_IDLE, CLIENT_BUSY };

struct http_client {
    struct loop *loop;
    struct http_client_options options; // defaults filled in; host points to `host`
    char *host;
    char *origin;    // "host:port", for people
    char *authority; // for the Host header
    struct loop_timer *timer;
    struct list idle; // oldest first
    struct list others;
    struct list waiting; // calls
    struct list spare;   // calls to use again
    size_t open, idle_count, waiting_count, spare_count;
    uint64_t connects, failures;
    struct loop_lookup *lookup; // running
    struct loop_address addresses[8];
    size_t address_count;
    uint64_t addresses_at_ms;
    struct buffer head;              // where request heads are written
    struct http_header_list headers; // of the response being judged
    bool pump_deferred;
    bool freed;
};

struct client_connection {
    struct list link; // in client->idle or client->others
    struct http_client *client;
    enum client_state state;
    struct net_socket socket;
    struct loop_io *io;
    struct net_dial *dial;
    struct http_call *call;
    struct buffer partial; // received, not yet taken
    struct http_head_scan scan;
    struct http_framing framing;
    struct http_chunks chunks;
    uint64_t left;
    uint64_t since_ms;
    unsigned interim; // 1xx heads skipped for this call
    bool in_body;
    bool served;   // has answered a call before
    bool answered; // a byte of the current answer has come
    bool ended;    // the peer closed; what it sent is still being delivered
    bool working;
    bool resume_deferred;
    bool dead;
};

struct http_call {
    struct list link; // in client->waiting or client->spare
    struct http_client *client;
    struct client_connection *connection; // NULL: waiting
    struct http_call_events events;
    struct buffer bytes; // the request, when it could not leave at once or may be repeated
    size_t sent;         // of `bytes`
    uint64_t since_ms;   // waiting since
    uint64_t head_timeout_ms;
    uint64_t body_by_ms; // 0: no limit
    uint64_t body_pause_ms;
    unsigned attempts;
    bool sent_all;
    bool repeatable;
    bool no_body; // an answer to HEAD
    bool paused;
};

enum { HTTP_ATTEMPTS_MAX = 3 };

// ---- client.c
uint64_t http_client_now_ms(const struct http_client *client);
// Opens a connection for the call; its failure is reported later.
void http_client_open(struct http_client *client, struct http_call *call);
bool http_client_has_room(const struct http_client *client);
void http_client_wait(struct http_client *client, struct http_call *call, bool first);
// The connection is free: to the next call that waits, to the idle list, or closed.
void http_client_put_idle(struct client_connection *c);
struct client_connection *http_client_take_idle(struct http_client *client);
void http_client_drop(struct client_connection *c); // closes; its call was taken off before

// ---- call.c
void http_call_give_back(struct http_call *call);
void http_call_attach(struct http_call *call, struct client_connection *c);
// Ends the call with an error, or starts it anew if that is safe.
void http_call_fail(struct http_call *call, int code, const char *text);
// The connection broke: takes its call off, closes it, and lets the call fail or start anew.
COLD void http_call_connection_failed(struct client_connection *c, int code, const char *text);
void http_call_done(struct client_connection *c, bool reusable);

// ---- exchange.c
void http_exchange_ready_cb(void *argument, int events);
// Sends what is stored of the call's request.
void http_exchange_send_stored(struct client_connection *c);
void http_exchange_settle(struct client_connection *c);
void http_exchange_resume(struct client_connection *c);
