// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport serve`: what its parts share. Unless said otherwise everything belongs to the main
// thread.
#pragma once

#include "cli/data_internal.h"
#include "cli/worker_internal.h"

enum { SERVE_WATCHES_MAX = 256, SERVE_SIGNALS = 3 };

struct serving {
    struct gateway_stores stores;
    struct worker *workers; // owned; the first one's loop is the main thread's
    size_t worker_count;
    struct loop *loop;                 // of the first worker
    const struct config *config;       // the current one; owned by its snapshot
    struct gateway_snapshot *snapshot; // the current one
    struct serve_data *data;           // NULL: no database
    const char *path;                  // of the configuration; NULL: there is none
    const char *const *environment;
    struct net_tls *tls;
    struct loop_wake *drained;
    struct loop_signal *signals[SERVE_SIGNALS];
    struct loop_watch *watches[SERVE_WATCHES_MAX];
    size_t watch_count;
    struct loop_timer *drain_timer;
    struct metrics *figures; // owned; NULL: no database
    bool draining, stopping, reload_wanted;
};

// ---- health.c: what /readyz and /metrics tell of the database
struct pipeline_besides serve_besides(struct serving *serving);
void serve_show_figures(struct serving *serving); // once there are workers
void serve_hide_figures(struct serving *serving);

// ---- reload.c
void serve_watch_files(struct serving *serving);
// Loads the configuration anew at the end of this turn.
void serve_reload_soon(void *serving);
// CLI_OK, or another exit code when the configuration needs a database that is not there.
int serve_check_data(const struct serving *serving, const struct config *config);
void serve_show_declared(struct serving *serving);                 // to the API, if there is one
struct control_rules *serve_newest_rules(struct serving *serving); // NULL: no database
// Takes over what the database says now.
void serve_take_rules(void *serving);
// Tells the database which of its rules all workers judge by. Any worker's thread.
void serve_applied_cb(void *serving);
