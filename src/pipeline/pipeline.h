// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The request state machine: every message of every client passes these steps, in this order, and
// no other way leads to a server. Start reading at steps.c. One loop thread owns everything here.
#pragma once

#include "approval/approval.h"
#include "audit/audit.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/table.h"
#include "filter/filter.h"
#include "http/http.h"
#include "identity/identity.h"
#include "limit/limit.h"
#include "policy/policy.h"
#include "upstream/upstream.h"

struct pipeline;

struct pipeline_policy {
    struct slice name;
    struct policy *policy; // borrowed from the owner
};

// What of arguments is logged of an organisation's calls.
struct pipeline_mask {
    struct slice organisation; // its id; empty: of grants of the configuration file
    struct policy_mask *mask;  // borrowed from the owner
};

// What people decided about the tools of one server (filter/filter.h); borrowed from the owner.
struct pipeline_pins {
    const struct filter_pins *said; // by whoever configured it: pinning, overrides; may be NULL
    const struct filter_pins *kept; // in the database: overrides, definitions; may be NULL
};

// What the operator configured, as one immutable snapshot. A message is judged by the snapshot that
// was current when it came. `release` is called once nobody uses it any more.
struct pipeline_rules {
    const struct identity_table *grants;
    const struct pipeline_policy *policies; // identity_reach.policy is an index of these
    size_t policy_count;
    const struct slice *allowed_hosts; // besides the loopback names, when the listener is loopback
    size_t allowed_host_count;
    const struct slice *allowed_origins;
    size_t allowed_origin_count;
    const struct pipeline_mask *masks; // organisations that are not among these: nothing
    size_t mask_count;
    // By the server's name (without what stands behind a '#'): struct pipeline_pins. NULL: nothing
    // is decided of any.
    const struct table *pins;
    bool loopback_names; // accept localhost, 127.0.0.1 and [::1] with any port
    bool metrics_public;
    bool servers_by_grant;         // names of servers mean something only together with a grant
    size_t sessions_max_per_grant; // 0: 1000
    size_t calls_max_per_grant;    // 0: 1000
    uint64_t session_idle_ms;      // 0: 30 minutes
    uint64_t question_time_ms;     // a server's request waits for its answer; 0: 1 hour
    uint64_t left_call_time_ms;    // a call goes on without its client; 0: 5 minutes
    size_t approval_rounds;        // answers before a waiting call of 2026-07-28 is pending
    uint64_t keep_alive_ms;        // a stream is silent before it gets a comment; 0: 15 s
    void (*release)(void *owner);
    void *owner;
};

// What the pipelines of all workers count together: sessions and calls of each grant, calls of
// clients without sessions, which call a task came from, and the figures. Any thread.
struct pipeline_ledger;
struct pipeline_ledger *pipeline_ledger_new(void);
void pipeline_ledger_free(struct pipeline_ledger *ledger); // after its pipelines; NULL accepted
// /metrics shows these too, until they are taken out again. False: there are too many already.
bool pipeline_ledger_show(struct pipeline_ledger *ledger, struct metrics *figures);
void pipeline_ledger_hide(struct pipeline_ledger *ledger, struct metrics *figures);

// Pauses grants that run away (docs/policy.md, "Runaway agents") for longer than the process lives.
struct pipeline_fuse {
    // On a worker's thread: must not wait. When it is in force, pipeline_fuse_saved is due, from
    // any thread. Slices live until it returns.
    void (*blown)(void *argument, struct slice organisation, struct slice grant_id,
                  struct slice why);
    void *argument;
};
// Is it kept? If not it is tried again with the grant's next call, and the grant stays paused.
void pipeline_fuse_saved(struct pipeline_ledger *ledger, struct slice grant_id, bool kept);

// What the gateway has seen of the tools of servers whose definitions are pinned: shared by all
// workers, and told to whoever keeps it. Any thread.
struct pipeline_watch;
enum pipeline_sighting_kind {
    PIPELINE_WAITS,    // a definition that nobody has accepted
    PIPELINE_REVERTED, // the tool's accepted one is back: none of it waits
    PIPELINE_BASELINE, // of the first whole list of a server that nobody had looked at
};
struct pipeline_sighting {
    enum pipeline_sighting_kind kind;
    struct slice server; // without what stands behind a '#'
    struct slice tool;
    const unsigned char *print; // CATALOGUE_FINGERPRINT_SIZE bytes
    struct slice definition;    // JSON, as the server gave it
};
// On a worker's thread, under a lock: must not wait nor call back. What it is given lives until it
// returns. Of a baseline all come at once, and again with a later list if nothing came of it.
typedef void (*pipeline_sighted_cb)(void *argument, const struct pipeline_sighting *sightings,
                                    size_t count);
enum { PIPELINE_DEFINITION_MAX = 256 * 1024 }; // bytes; of larger ones nothing can be accepted
struct pipeline_watch *pipeline_watch_new(pipeline_sighted_cb sighted, void *argument);
void pipeline_watch_free(struct pipeline_watch *watch); // after its pipelines; NULL accepted

// What a server lists, told to whoever keeps a catalogue: each list or page once, and again when
// something of it changes.
struct pipeline_listing {
    struct slice server; // its name, without what stands behind a '#'
    struct slice tools;  // a JSON array, as the server gave it
    bool complete;       // all tools of the server
};
struct pipeline_listener {
    // On a worker's thread: must not wait. What it is given lives until it returns. False: there is
    // no room now; it is told again with the next list.
    bool (*listed)(void *argument, const struct pipeline_listing *listing);
    void *argument;
};

// A part of the gateway that /readyz tells of.
struct pipeline_part {
    const char *name;    // "database"
    const char *trouble; // what follows from it, for people; NULL: it works
    bool stops;          // calls are refused because of it: the gateway is not ready
};
enum { PIPELINE_PARTS_MAX = 8 };
// Parts that the pipeline does not know. Any thread; must not wait.
struct pipeline_besides {
    size_t (*look)(void *argument, struct pipeline_part parts[PIPELINE_PARTS_MAX]);
    void *argument;
};

struct pipeline_options {
    struct loop *loop;
    struct upstream_set *upstreams; // borrowed
    struct limit_table *limits;     // borrowed
    struct limit_file *limit_file;  // borrowed; may be NULL
    struct audit_log *audit;        // borrowed; NULL: no decision log
    struct pipeline_ledger *ledger; // borrowed; NULL: one of its own
    struct backlog *waiting;        // borrowed; for all bytes that wait for peers, NULL: no bound
    struct http_group *group;       // borrowed; the servers of all workers, NULL: no other workers
    struct pipeline_watch *watch;   // borrowed; NULL: nothing is pinned
    struct approval_desk *desk;     // borrowed; NULL: nobody can be asked
    struct pipeline_listener listener; // listed NULL: nobody wants to know
    struct pipeline_besides besides;   // look NULL: there are no other parts
    struct pipeline_fuse fuse;         // blown NULL: who is paused stays so until the next start
    size_t worker; // which of them this one is, from 0; also its decision log's lane
};

struct pipeline *pipeline_new(const struct pipeline_options *options);
// Ends every session and call; no callback afterwards.
void pipeline_free(struct pipeline *pipeline);
// Swaps the snapshot (taken over, also on failure). Sessions of grants and servers that are gone
// end; clients of others are told that lists may have changed.
int pipeline_apply(struct pipeline *pipeline, const struct pipeline_rules *rules) MUST_CHECK;
// /readyz answers 503 from now on; messages are still served.
void pipeline_begin_drain(struct pipeline *pipeline);
// Ends streams that would never end by themselves (GET streams, subscriptions), so that a drain can
// finish.
void pipeline_end_streams(struct pipeline *pipeline);
size_t pipeline_calls_in_flight(const struct pipeline *pipeline); // any thread

// Handlers for http_server_open; the argument is the pipeline.
void pipeline_handle_http(void *pipeline, struct http_reply *reply,
                          const struct http_request *request);
// Are its Host and Origin allowed? For what else is answered on the same address.
bool pipeline_admits(const struct pipeline *pipeline, const struct http_request *request);
void pipeline_handle_refused(void *pipeline, int status, const char *reason, struct slice peer);

// ---- The stdio face: one client on a pair of descriptors, one server, one grant.
struct pipeline_stdio;
// `closed` is called once the client closed its side and everything in flight was answered or given
// up.
int pipeline_stdio_open(struct pipeline *pipeline, struct slice grant_id, struct slice server,
                        int in_fd, int out_fd, void (*closed)(void *argument), void *argument,
                        struct pipeline_stdio **ret, struct error *error) MUST_CHECK;
void pipeline_stdio_free(struct pipeline_stdio *stdio);

// ---- Which counters a call is charged to, and words. Pure: for `sallyport policy test` besides
// the pipeline.
struct pipeline_payer {
    struct slice server;
    struct slice grant;
    struct slice client;  // what it calls itself; empty when unknown
    struct slice session; // data NULL: none, the grant together with the client stands for it
};
// One for each of the verdict's charges; NULL when the arena is full.
struct limit_charge *pipeline_charges(const struct policy_verdict *verdict,
                                      const struct pipeline_payer *payer, struct arena *arena);
// What counts how often the call is made with the same arguments. Of `call` the name and the
// arguments are looked at. 0 or ERROR_NO_MEMORY.
int pipeline_identical(const struct policy_runaway *runaway, const struct pipeline_payer *payer,
                       const struct policy_call *call, struct arena *arena,
                       struct limit_charge *ret) MUST_CHECK;
// Why a grant is paused, by identical calls or by denials; and what the agent is told then. data is
// NULL when the arena is full.
struct slice pipeline_pause_why(const struct policy_runaway *runaway, bool identical,
                                struct arena *arena);
struct slice pipeline_pause_reason(struct slice why, struct arena *arena);
// What the agent is told when this charge does not fit; `retry_ms` as limit_check gave it. data is
// NULL when the arena is full.
struct slice pipeline_limit_reason(const struct policy_charge *charge, int64_t retry_ms,
                                   struct arena *arena);
// What the agent is told when the answer of a call is withheld: of a tool, that it has run. data is
// NULL when the arena is full.
struct slice pipeline_withheld_reason(enum policy_subject subject, struct slice reason,
                                      struct arena *arena);

// ---- What would become of a call now, for explanations. Nothing is counted, and nobody is asked.
struct pipeline_circumstances {
    struct limit_table *limits;     // NULL: nothing was counted
    struct pipeline_watch *watch;   // NULL: nobody looks at definitions
    struct pipeline_ledger *ledger; // NULL: there were no calls
    const struct identity_grant *grant;
    struct slice server, shown;            // as the gateway knows it, and as people do
    const struct filter_pins *said, *kept; // what is decided about its tools; may be NULL
    const struct policy *policy;           // NULL: none
    int64_t now_ms;                        // wall clock: really now, whatever time the call has
};
struct pipeline_standing { // of a limit that the call would be charged to
    bool fits;
    struct decimal used;
    bool unsummed;
    int64_t frees_ms; // wall clock; 0: it holds nothing
};
enum pipeline_definition { PIPELINE_UNPINNED, PIPELINE_ACCEPTED, PIPELINE_NEW, PIPELINE_CHANGED };
struct pipeline_prospect {
    enum policy_outcome outcome; // ASK: a person is asked
    bool hidden, observed;       // observed: it goes on, and the log says what would have come
    struct slice rule, reason;   // in the arena or the policy
    int64_t retry_ms;            // -1: unknown
    bool expired, paused;
    bool older; // the grant was paused, and these rules do not say so: newer ones may
    struct slice paused_why;
    enum pipeline_definition definition;
    struct decimal identical;                  // such calls so far, where the policy counts them
    int64_t denials;                           // in a row so far
    const struct pipeline_standing *standings; // one for each of the verdict's charges
};
// `verdict` is the policy's on the call. Session limits are those of a client without sessions.
// 0 or ERROR_NO_MEMORY. Any thread.
int pipeline_foresee(const struct pipeline_circumstances *now, const struct policy_call *call,
                     const struct policy_verdict *verdict, struct arena *arena,
                     struct pipeline_prospect *ret) MUST_CHECK;
// What was last seen of a server, by what people are told it is called. 0: never; since the ledger
// was made. Any thread.
struct pipeline_seen {
    int64_t answered_ms, failed_ms; // wall clock
    enum mcp_version version;       // that it spoke; MCP_VERSION_NONE: not known yet
};
void pipeline_seen(struct pipeline_ledger *ledger, struct slice shown, struct pipeline_seen *ret);
// Somebody else saw it: what is 0 stays as it was.
void pipeline_note_seen(struct pipeline_ledger *ledger, struct slice shown,
                        const struct pipeline_seen *news);
// Tool calls of a client without sessions so far.
uint64_t pipeline_calls_so_far(struct pipeline_ledger *ledger, struct slice grant,
                               struct slice shown, struct slice client, struct arena *arena);
