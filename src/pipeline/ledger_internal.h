// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the pipelines of all workers count together. A grant's entry lives as long as the ledger, so
// each pipeline looks it up once and keeps the pointer; on the path of a message there are atomic
// additions and no lock.
#pragma once

#include "base/metrics.h"
#include "pipeline/pipeline_internal.h"

#include <pthread.h>
#include <stdatomic.h>

// A grant that runs away is paused: at once here, for all workers, and for good by whoever keeps
// grants. Once that is in force (SAVED) the rules say whether it still is.
enum fuse_state { FUSE_WHOLE, FUSE_BLOWN, FUSE_SAVING, FUSE_SAVED };
enum { FUSE_WHY_MAX = 512 };

struct grant_usage {
    char *label;     // owned, the key
    atomic_int fuse; // enum fuse_state
    atomic_size_t denials_in_a_row;
    char fuse_why[FUSE_WHY_MAX]; // under the ledger's lock
    atomic_size_t sessions, calls, kept_bytes;
    size_t tallies;       // under the ledger's lock
    struct origins tasks; // by server and task id; under the ledger's lock
};

struct pipeline_ledger {
    pthread_mutex_t lock;
    struct table grants;     // grant_usage by label
    struct table tallies;    // calls of clients that have no sessions
    struct held_tasks *held; // has a lock of its own
    struct table modern;     // names of servers that are known to speak 2026-07-28
    struct table seen;       // what was last seen of servers, by what people call them (seen.c)
    struct table tasks;      // names of servers that offer tasks to clients of 2026-07-28
    struct metrics *figures[METRICS_PARTS_MAX];
    size_t figures_count;
};

// NULL: no memory.
struct grant_usage *grant_usage_of(struct pipeline *pipeline, struct slice label);
// That of the exchange's grant; NULL: no memory.
static inline struct grant_usage *exchange_usage(struct exchange *ex)
{
    if (ex->usage == NULL)
        ex->usage =
            ex->session != NULL ? ex->session->usage : grant_usage_of(ex->pipeline, ex->grant->id);
    return ex->usage;
}
// One more, unless there are `most` already.
bool usage_take(atomic_size_t *count, size_t most);
void usage_give_back(atomic_size_t *count);

// Tool calls of one client of a grant so far; `count` adds one. ERROR_LIMIT: unknown, and no room
// to remember it. ERROR_NO_MEMORY.
int ledger_tally(struct pipeline_ledger *ledger, struct grant_usage *usage, struct slice key,
                 bool count, uint64_t *ret_before) MUST_CHECK;

// charges.c: what a row of the log says of the limits that the call was charged to, as members with
// a comma before each; in the arena. Empty when there are none, or no room.
struct slice charges_told(struct exchange *ex);

// What a worker found out of a server, for those that have not talked to it yet.
void ledger_note_era(struct pipeline_ledger *ledger, const char *server, bool modern);
bool ledger_is_modern(struct pipeline_ledger *ledger, struct slice server);
// Did the server's last server/discover, as a client got it, have the tasks extension?
void ledger_note_tasks(struct pipeline_ledger *ledger, struct slice server, bool offered);
bool ledger_offers_tasks(struct pipeline_ledger *ledger, struct slice server);

// seen.c: what a message that is done with showed of its server; and the revision that it agreed
// on.
void seen_note(struct exchange *ex);
void seen_note_version(struct pipeline *pipeline, struct upstream_server *server,
                       enum mcp_version version);

// All figures that the ledger was given.
void ledger_show_figures(struct pipeline_ledger *ledger, struct buffer *out);
