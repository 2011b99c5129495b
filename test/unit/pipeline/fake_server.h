// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An MCP server over streamable HTTP for tests, on the same loop as the gateway. It writes down
// what reached it and allocates nothing itself, so that failing allocations are the gateway's.
//
// Tools: add, plain (JSON); stream (a progress notification and the answer as events); fail (an
// answer with isError); hold (no answer until fake_release); ask (elicits something first; then the
// text is "asked"); drop, secret, few (as plain). At /new it speaks 2026-07-28 and nothing else.
#pragma once

#include "http/http.h"

// The same behind the transport of 2024-11-05 at /sse: each stream names /post?N.
enum { FAKE_STREAMS = 8 };
struct fake_stream {
    struct http_reply *reply; // NULL: free
};

struct fake_server {
    struct http_server *server;
    uint16_t port;
    char calls[16384]; // "initialize\n", "tools/call add\n", ...
    size_t length;
    bool saw_token;      // a client's credentials came through
    bool saw_foreign_id; // a session id that this server did not give
    struct http_reply *held;
    char held_id[64];
    bool got_hold, lost_hold;
    struct http_reply *asking; // the stream of a call of "ask" in the older era
    char asking_id[64];
    unsigned questions;
    struct http_reply *listening; // the stream of a subscriptions/listen
    bool modern;                  // while a message to /new is answered
    struct fake_stream streams[FAKE_STREAMS];
    struct fake_stream *posted_to; // while a message is answered; NULL: streamable HTTP
};
// `tls` NULL: plain; borrowed.
void fake_open(struct fake_server *fake, struct loop *loop, struct net_tls *tls);
void fake_close(struct fake_server *fake);
// How often such a line was written down.
size_t fake_count(const struct fake_server *fake, const char *line);
void fake_forget(struct fake_server *fake);
void fake_release(struct fake_server *fake); // answers the held call
