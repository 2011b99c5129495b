// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files of this folder share. Every object embeds its libuv handle and is freed in the
// handle's close callback, one turn after its owner let go of it.
#pragma once

#include "loop/loop.h"
#include "base/list.h"
#include "base/memory.h"

#include <uv.h>

struct loop_deferred {
    void (*run)(void *argument);
    void *argument;
};

struct loop_deferred_queue {
    struct loop_deferred *items; // owned
    size_t count;
    size_t capacity;
};

struct loop_resolver;

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;       // running while deferred work waits: polling must not sleep then
    uv_signal_t children; // SIGCHLD
    bool children_watched;
    struct list processes;
    struct loop_resolver *resolver;
    struct list questions; // names that are asked for; lookup.c
    size_t asking;         // threads that do
    struct loop_deferred_queue deferred;
    struct loop_deferred_queue running; // the batch being run; swapped with `deferred`
    uint64_t now_us;                    // 0: not read in this turn yet
    int64_t wall_ms;                    // 0: likewise
    char *scratch;                      // LOOP_SCRATCH_SIZE bytes
};

// Runs everything deferred, also what that defers; for loop_free.
void loop_run_deferred(struct loop *l);
// lookup.c. NULL: no memory or descriptors. Closing waits for no thread.
struct loop_resolver *loop_resolver_open(struct loop *l);
void loop_resolver_close(struct loop *l);
// Kills and reaps every child that is left.
void loop_reap_all(struct loop *l);
