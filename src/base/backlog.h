// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One bound on what many holders keep for peers that do not take it. When it is reached, the holder
// with the largest product of bytes and time is cut: who takes what it is given has a short backlog
// and stays; who takes little of much goes first, whatever others do. One thread; `used` and `cuts`
// may be read by any.
#pragma once

#include "base/error.h"
#include "base/list.h"

#include <stdatomic.h>
#include <stdint.h>

struct backlog {
    size_t most; // bytes; 0: no bound
    struct list holders;
    atomic_size_t used;
    atomic_ullong cuts;
};
void backlog_init(struct backlog *backlog, size_t most);

// What one holder keeps; lives in the holder. All zero: holds nothing, belongs to none.
struct backlog_share {
    struct list link; // in backlog->holders, while it holds something
    struct backlog *all;
    size_t held;
    size_t mark;       // of the bytes that waited at `since_us`, how many still do
    uint64_t since_us; // monotonic
    // Gives back all that is held (backlog_leave) before it returns. It comes inside backlog_hold
    // of another holder, so it may not call anybody back.
    void (*cut)(void *argument);
    void *argument;
};
// `backlog` NULL: everything is allowed.
void backlog_join(struct backlog_share *share, struct backlog *backlog, void (*cut)(void *argument),
                  void *argument);
// It is to hold `bytes` in all. False: it is the one to be cut, or they are more than the whole
// bound; then it holds what it held before.
bool backlog_hold(struct backlog_share *share, size_t bytes, uint64_t now_us) MUST_CHECK;
// The peer has taken some; `bytes` are still held, of which `waiting` are to be taken.
void backlog_taken(struct backlog_share *share, size_t taken, size_t bytes, size_t waiting,
                   uint64_t now_us);
void backlog_leave(struct backlog_share *share); // holds nothing any more; may join again
