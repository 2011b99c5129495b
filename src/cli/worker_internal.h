// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Workers of `sallyport serve`. All functions but worker_tell and worker_is_draining belong to the
// worker's own thread once it is started; before that, and after worker_close has joined it, to the
// main thread.
#pragma once

#include "admin/admin.h"
#include "cli/cli_internal.h"

#include <pthread.h>
#include <stdatomic.h>

struct worker_mail {
    struct gateway_snapshot *snapshot; // judge by this from now on; NULL: no change
    bool refuse;                       // every call, until the next snapshot
    bool drain, stop;
};

struct worker {
    struct gateway gateway;
    struct http_server *server;
    struct admin_face *admin; // NULL: there is no control plane
    struct loop_wake *wake;
    struct identity_table *nobody; // for a worker that must refuse everybody
    size_t number;                 // from 0, which is the main thread's
    bool opened, started;
    pthread_t thread;
    pthread_mutex_t lock; // of the mail
    struct worker_mail mail;
    atomic_bool draining;
    atomic_uint_fast64_t serial;     // of the rules that it judges by
    void (*drained)(void *argument); // any thread: the last connection may have gone
    void (*applied)(void *argument); // its own thread: `serial` changed; may be NULL
    void *argument;
};

// The caller set `drained`, the rest is zero. worker_close is due also after a failure.
int worker_open(struct worker *worker, struct gateway_stores *stores, size_t number,
                struct gateway_snapshot *snapshot, struct error *error) MUST_CHECK;
// Answers the control plane's API too. Before it listens.
int worker_add_admin(struct worker *worker, struct admin *admin, struct error *error) MUST_CHECK;
int worker_listen(struct worker *worker, const char *address,
                  const struct http_server_options *options, struct error *error) MUST_CHECK;
// Takes over which proxies its configuration trusts.
void worker_trust_proxies(struct worker *worker);
// Runs its loop in a thread of its own until it is told to stop.
int worker_start(struct worker *worker, struct error *error) MUST_CHECK;
// Judges by this from now on. When it cannot, it refuses every call until it can.
void worker_apply(struct worker *worker, struct gateway_snapshot *snapshot);
void worker_tell(struct worker *worker, struct worker_mail mail);
// Stops accepting and lets calls in flight finish.
void worker_drain(struct worker *worker);
bool worker_is_draining(struct worker *worker);
// Ends connections, sessions and children; the loop has stopped.
void worker_finish(struct worker *worker);
// Waits for its thread (which was told to stop), finishes it if it has none, and frees all.
void worker_close(struct worker *worker);
