// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: turning a loop until something is true, and raw peers that say exactly the bytes a
// test wants. Everything runs on one loop in one thread.
#pragma once

#include "base/buffer.h"
#include "loop/loop.h"
#include "net/net.h"

// Turns the loop until `*flag` or `check(argument)` is true. Fails the test after 20 s.
void turn_until(struct loop *loop, const bool *flag);
void turn_until_true(struct loop *loop, bool (*check)(void *argument), void *argument);
// One turn, without waiting.
void turn_once(struct loop *loop);
// Turns the loop for a while in which nothing is expected.
void turn_for(struct loop *loop, uint64_t ms);

struct raw {
    struct loop *loop;
    int fd;
    struct loop_io *io;
    struct buffer got;
    struct buffer unsent;
    bool ended; // the other side closed or reset
    bool reset;
    bool paused;
};
// Connects to a port of 127.0.0.1.
struct raw *raw_connect(struct loop *loop, uint16_t port);
struct raw *raw_adopt(struct loop *loop, int fd);
void raw_send(struct raw *raw, struct slice bytes);
void raw_say(struct raw *raw, const char *text);
void raw_pause(struct raw *raw, bool paused); // does not read
void raw_finish(struct raw *raw);             // half-closes
void raw_close(struct raw *raw);
// Closes so that the other side gets a reset.
void raw_reset(struct raw *raw);
// Turns the loop until the text was received, the other side ended, or so many bytes are there.
void raw_expect(struct raw *raw, const char *text);
void raw_expect_end(struct raw *raw);
void raw_expect_bytes(struct raw *raw, size_t count);
// How often the text is in what was received.
size_t raw_count(const struct raw *raw, const char *text);

// A listener of raw peers, newest in `peer`.
struct raw_server {
    struct loop *loop;
    struct net_listener *listener;
    uint16_t port;
    struct raw *peers[64];
    size_t count;
};
struct raw_server *raw_server_open(struct loop *loop);
void raw_server_close(struct raw_server *server); // and all its peers
// Turns the loop until the n-th connection (from 0) is there.
struct raw *raw_server_peer(struct raw_server *server, size_t n);
