// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What was last seen of each server, by all workers together: that it answered or failed, and the
// revision of the protocol that it spoke. An entry lives as long as the ledger, so who talks to a
// server looks it up once; on the path of a message there are atomic stores and no lock.
#include "pipeline/bridge_internal.h"
#include "pipeline/ledger_internal.h"

enum { SEEN_MAX = 20000, STORE_EVERY_MS = 100 };

struct server_seen {
    atomic_int_fast64_t answered_ms, failed_ms; // wall clock; 0: never
    atomic_int version;                         // enum mcp_version
    char name[];                                // what people are told it is called; the key
};

// NULL: there is none and none is made, or no room.
static struct server_seen *find(struct pipeline_ledger *ledger, struct slice shown, bool make)
{
    pthread_mutex_lock(&ledger->lock);
    struct server_seen *seen = table_get(&ledger->seen, shown);
    if (seen == NULL && make && ledger->seen.count < SEEN_MAX)
        seen = memory_try_new(sizeof *seen + shown.length);
    else
        make = false;
    if (seen != NULL && make) {
        memcpy(seen->name, shown.data, shown.length);
        if (table_put(&ledger->seen, slice_of(seen->name, shown.length), seen) != 0) {
            memory_free(seen);
            seen = NULL;
        }
    }
    pthread_mutex_unlock(&ledger->lock);
    return seen;
}

static struct server_seen *seen_of(struct pipeline *pipeline, struct upstream_server *server)
{
    void **place = upstream_server_place(server);
    if (*place == NULL)
        *place = find(pipeline->ledger, upstream_server_shown(server), true);
    return *place;
}

// Workers write to the same line of the cache now and then, not with each message.
static void store(atomic_int_fast64_t *time, int64_t now_ms)
{
    int64_t before = atomic_load_explicit(time, memory_order_relaxed);
    if (now_ms - before >= STORE_EVERY_MS || now_ms < before)
        atomic_store_explicit(time, now_ms, memory_order_relaxed);
}

void seen_note_version(struct pipeline *pipeline, struct upstream_server *server,
                       enum mcp_version version)
{
    struct server_seen *seen = seen_of(pipeline, server);
    if (seen != NULL && version != MCP_VERSION_NONE &&
        atomic_load_explicit(&seen->version, memory_order_relaxed) != (int)version)
        atomic_store_explicit(&seen->version, (int)version, memory_order_relaxed);
}

static bool spoke_modern(const struct exchange *ex)
{
    return ex->modern ? era_is_modern(ex->pipeline, ex->server)
                      : ex->session != NULL && ex->session->bridge != NULL;
}

void seen_note(struct exchange *ex)
{
    bool failed = ex->outcome == OUTCOME_FAILED;
    if (ex->server == NULL || (!failed && !ex->upstream_answered))
        return;
    struct server_seen *seen = seen_of(ex->pipeline, ex->server);
    if (seen == NULL)
        return;
    store(failed ? &seen->failed_ms : &seen->answered_ms, loop_wall_ms(ex->pipeline->loop));
    if (!failed && atomic_load_explicit(&seen->version, memory_order_relaxed) != MCP_2026_07_28 &&
        spoke_modern(ex))
        seen_note_version(ex->pipeline, ex->server, MCP_2026_07_28);
}

// ---- For others

void pipeline_note_seen(struct pipeline_ledger *ledger, struct slice shown,
                        const struct pipeline_seen *news)
{
    struct server_seen *seen = find(ledger, shown, true);
    if (seen == NULL)
        return;
    if (news->answered_ms != 0)
        atomic_store_explicit(&seen->answered_ms, news->answered_ms, memory_order_relaxed);
    if (news->failed_ms != 0)
        atomic_store_explicit(&seen->failed_ms, news->failed_ms, memory_order_relaxed);
    if (news->version != MCP_VERSION_NONE)
        atomic_store_explicit(&seen->version, (int)news->version, memory_order_relaxed);
}

void pipeline_seen(struct pipeline_ledger *ledger, struct slice shown, struct pipeline_seen *ret)
{
    const struct server_seen *seen = ledger == NULL ? NULL : find(ledger, shown, false);
    *ret = (struct pipeline_seen){.version = MCP_VERSION_NONE};
    if (seen == NULL)
        return;
    ret->answered_ms = atomic_load_explicit(&seen->answered_ms, memory_order_relaxed);
    ret->failed_ms = atomic_load_explicit(&seen->failed_ms, memory_order_relaxed);
    ret->version = (enum mcp_version)atomic_load_explicit(&seen->version, memory_order_relaxed);
}
