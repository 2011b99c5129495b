// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is shared by all requests and knows nothing of them: how often, and on which threads.
#pragma once

#include "base/error.h"
#include "base/slice.h"

// ---- throttle.c: how often somebody may try a password. Any thread.
struct admin_throttle;
struct admin_throttle *admin_throttle_new(void);
void admin_throttle_free(struct admin_throttle *throttle);
// Counts an attempt; seconds to wait when there were too many, else 0.
int64_t admin_throttle_try(struct admin_throttle *throttle, struct slice account,
                           struct slice address, int64_t now_ms);
void admin_throttle_forgive(struct admin_throttle *throttle, struct slice account);

// ---- pool.c: a few threads for work that takes long
struct admin_pool;
// At most 8 threads.
int admin_pool_open(size_t threads, size_t waiting_max, struct admin_pool **ret,
                    struct error *error) MUST_CHECK;
void admin_pool_close(struct admin_pool *pool); // NULL accepted
struct admin_work {
    void (*run)(void *argument);
    void *argument;
    struct admin_work *next;
};
// False: too many wait.
bool admin_pool_submit(struct admin_pool *pool, struct admin_work *work);
