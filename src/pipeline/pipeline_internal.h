// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/table.h"
#include "filter/filter.h"
#include "mcp/mcp.h"
#include "pipeline/pipeline.h"
#include "pipeline/task_internal.h"

#define METHOD_HEADER "Mcp-Method"
#define VERSION_HEADER "MCP-Protocol-Version"
#define NAME_HEADER "Mcp-Name"
#define SESSION_HEADER "Mcp-Session-Id"
// Of all counters: those of organisations differ in the server, whose name is unique.
#define ORGANISATION "default"

struct bridge;
struct bridge_session;
struct exchange;
struct grant_usage;
struct legacy_call;
struct metrics_set;
struct modern_call;
struct pins_screen;
struct shared_child;

enum { REQUEST_ID_SIZE = 33, SESSION_ID_SIZE = 65, SESSION_HASH_SIZE = 17, FORWARD_MAX = 32 };

// ---- A snapshot with its users counted
struct rules {
    int references;
    struct pipeline_rules given;
};
struct rules *rules_ref(struct rules *rules);
void rules_unref(struct rules *rules);
// Do both show the same to this grant at this server? (session.c)
bool rules_agree(const struct rules *a, const struct rules *b, struct slice grant_id,
                 const struct upstream_server *server);

// ---- How an answer reaches the client: one table per kind of client (http_face.c, batch.c,
// stdio_face.c). The exchange outlives its face; after `client_gone` none of these is called.
struct face {
    // The whole answer; no pieces: nothing but the status (202).
    void (*answer)(struct exchange *ex, int status, const struct slice *pieces, size_t count);
    void (*stream_begin)(struct exchange *ex);
    // `id` data NULL and retry -1 when absent; no pieces: an event with empty data.
    void (*stream_message)(struct exchange *ex, const struct slice *pieces, size_t count,
                           struct slice id, int64_t retry_ms);
    void (*stream_end)(struct exchange *ex);
};

enum step_result { STEP_NEXT, STEP_WAIT, STEP_REPLY, STEP_FAIL };

enum exchange_kind {
    EXCHANGE_MESSAGE, // one message of a client
    EXCHANGE_STREAM,  // a client's (or our own) GET stream
};

// What became of it; the words of the decision log.
enum outcome {
    OUTCOME_ALLOWED,
    OUTCOME_DENIED,
    OUTCOME_HIDDEN,
    OUTCOME_OBSERVED,
    OUTCOME_REFUSED, // before judgement: not understood, not identified
    OUTCOME_FAILED,  // judged, but the server could not be asked
    OUTCOME_PENDING, // a person is asked; its client was told to come again
    OUTCOME_COUNT,
};
extern const char *const outcome_names[OUTCOME_COUNT];

struct origins { // calls whose answers may come on another way; the oldest are forgotten
    struct list items;
    struct table by_key;
};

// One message on its way, or one stream. Taken from and given back to the pipeline's free list.
struct exchange {
    struct list link;         // in pipeline->exchanges
    struct list session_link; // in session->exchanges
    struct list wait_link;    // in a shared child's waiting list
    struct list soon_link;    // replay.c
    struct pipeline *pipeline;
    struct arena arena;
    struct rules *rules;
    enum exchange_kind kind;
    size_t step;
    char request_id[REQUEST_ID_SIZE];

    const struct face *face;
    void *face_state;             // NULL: a resumable stream without a connection
    struct replay_stream *stream; // what its client may come back to (replay.c)
    bool client_gone;
    bool streaming;
    bool answered; // the reply is complete for the client
    bool accepts_stream;

    const struct identity_grant *grant;
    const struct identity_reach *reach;
    const struct identity_token *token; // of `rules`; NULL: it came without one (a pipe)
    struct policy *policy;              // referenced; NULL denies all
    struct upstream_server *server;     // referenced
    struct session *session;
    struct session *minted; // the session that this initialize opened
    bool modern, observe;
    struct grant_usage *usage; // its grant's, once it was looked up (exchange_usage)
    // Among whose calls in flight it is, and whose session it may become; or NULL.
    struct grant_usage *counted, *initializing;
    bool in_batch;
    bool must_heal;              // the child was started anew for it
    bool healed;                 // waited for the server's new session once already
    bool aborted;                // the reply was given up; the sweep ends the exchange
    bool is_http;                // the client speaks HTTP, so headers must agree with the body
    struct slice origin;         // an allowed Origin, data NULL when absent
    struct slice session_header; // as the client sent it, data NULL when absent
    bool holds_back;             // its slow reader made the server's output pause
    size_t unsent;               // stream bytes written since the client stopped keeping up

    bool took_asked; // it is the answer to a request of the server

    struct slice text;          // the client's bytes; valid until the reply ends
    struct mcp_message message; // nodes of pipeline->doc, only until the message is sent
    enum mcp_method method;
    enum mcp_kind message_kind;
    struct slice method_name, subject, client_name, id, peer, trace; // in the arena
    struct slice progress_token;
    const struct slice *argument_keys;
    size_t argument_key_count;
    struct slice arguments; // their values as they may be logged; in the arena, empty: not at all
    size_t arguments_left_out;
    bool has_cursor;              // of a list: it asks for a later page
    bool wants_log;               // modern: _meta logLevel is set
    bool wants_task, opens_pages; // 2025-11-25: as a task; elicitation by URL is declared
    int64_t task_ttl_ms;          // of that; -1: not said
    bool listens_tools, listens_prompts, listens_resources; // of a subscriptions/listen
    struct http_header *forward;                            // headers to pass on; in the arena
    size_t forward_count;

    struct policy_verdict verdict;
    struct asking *asking;     // a person is asked (asking_internal.h); in the arena, else NULL
    struct slice approval;     // id of the question or exception that it went by; in the arena
    struct exchange_held held; // while it waits for a person
    struct exchange_run run;   // an approved one
    struct limit_receipt *receipts;
    const struct policy_charge **charged; // what each receipt is for
    size_t receipt_count, charge_count;   // 0 once they went back; and with those that did
    bool gave_back;                       // all of them: the call surely did not run
    bool denied;
    int64_t retry_ms;
    enum outcome outcome;
    struct slice rule, reason; // what the log says; in the arena or the policy

    struct modern_call *to_modern; // a legacy client's message for a modern server
    struct legacy_call *to_legacy; // a modern client's message for a legacy server
    bool era_settled;              // the server's era is not asked for it again
    bool era_doubt;                // the answer below says that the server speaks the other era
    struct slice era_answer;       // in the arena; data NULL: the status alone
    int era_status;                // of that answer
    bool text_kept;                // `text` is in the arena

    struct upstream_call *call;
    int upstream_status;
    bool upstream_answered;           // the response itself has come
    bool result_failed;               // an error or isError came back
    bool origin_noted;                // its answer may come once more on a resumed stream
    const struct pins_screen *screen; // of the list that is being pruned, else NULL
    size_t redacted;                  // parts of its answer that the policy took out
    struct resume *resume;            // asks for the rest of a broken answer (resume.c)
    bool has_event_id;                // its stream can be resumed
    uint64_t started_us, decided_us, sent_us;
    uint64_t over_us;       // nobody waits for the call any more; 0: somebody does
    uint64_t last_write_us; // of a stream, for keep-alive comments
};

// ---- A conversation
struct session {
    struct list link; // pipeline->sessions
    struct pipeline *pipeline;
    char id[SESSION_ID_SIZE];
    char hash[SESSION_HASH_SIZE]; // what logs say in place of the id
    char *grant_id;               // owned
    struct grant_usage *usage;
    struct upstream_server *server; // referenced
    enum mcp_version version;
    bool opens_pages;          // its client declared elicitation by URL
    char *client_name;         // owned
    struct buffer upstream_id; // the server's own session id, may be empty
    struct upstream_link *child;
    struct shared_child *shared; // owner of the child when several sessions use it
    struct list exchanges;       // in flight
    struct exchange *listener;   // the open GET stream
    struct list waiting;         // server messages that no stream could take yet
    struct list asked;           // ids of the server\'s requests that were passed on
    size_t asked_count;
    size_t waiting_bytes, waiting_count;
    struct backlog_share waiting_share;
    struct replay *replay;  // what was said on streams; NULL until there is one
    struct origins replays; // by request id
    uint64_t last_used_us;
    uint64_t calls; // tool calls so far
    struct session_tasks tasks;
    bool ended;
    struct pipeline_stdio *stdio;  // set for the stdio face
    struct bridge_session *bridge; // set when the server is of the modern era
    // heal.c, for the stdio face
    struct buffer greeting; // the client's initialize, as it was sent
    struct upstream_call *greeting_call;
    struct list held; // exchanges that wait for the greeting's answer
    bool healing, healed;
    bool ungreeted; // the process was started anew, and nobody has initialized it
};

struct pipeline {
    struct pipeline_options given;
    struct loop *loop;
    struct rules *rules;
    struct json_doc doc; // scratch of the client message being decoded
    struct list exchanges;
    struct list idle_exchanges;
    size_t exchange_count, idle_exchange_count;
    struct list sessions;
    struct table sessions_by_id;
    struct identity_hasher *hasher;
    struct pipeline_ledger *ledger;
    bool owns_ledger;
    struct table grants;                            // what the ledger has for a grant, by label
    struct table toolboxes;                         // by server name
    struct list shared;                             // struct shared_child
    struct list stdios;                             // struct pipeline_stdio
    struct loop_timer *tick, *settle, *asking_tick; // the second: a held task is over
    struct replay_soon *soon;
    struct approval_lane *lane; // NULL: nobody can be asked
    struct list asking;         // struct asking: calls that wait for a person
    struct metrics_set *metrics;
    struct bridge *bridge; // between protocol eras
    bool draining, stopping;
    uint64_t next_request;
    char request_prefix[17];
};

// exchange.c
struct exchange *exchange_new(struct pipeline *pipeline, const struct face *face, void *state);
// Ends it: gives back what must be, writes the decision log, frees. The face is not called any
// more.
void exchange_finish(struct exchange *ex);
void exchange_client_gone(struct exchange *ex);
// Answers, unless the client is gone.
void exchange_answer(struct exchange *ex, int status, struct slice body);
void exchange_answer_pieces(struct exchange *ex, int status, const struct slice *pieces,
                            size_t count);
void exchange_answer_buffer(struct exchange *ex, int status, const struct buffer *body);
// A JSON-RPC error of our own, as the whole answer or as the last message of the stream.
void exchange_answer_error(struct exchange *ex, int status, int code, struct slice text,
                           struct slice data);
// Refusals before judgement set what the log says. Returns STEP_REPLY after answering.
COLD enum step_result exchange_refuse(struct exchange *ex, int status, int code, const char *format,
                                      ...) PRINTF_LIKE(4, 5);

// steps.c: runs steps until one waits or replies.
void steps_run(struct exchange *ex);
enum step_result step_decode(struct exchange *ex);       // decode.c
enum step_result step_session(struct exchange *ex);      // session.c
enum step_result step_headers(struct exchange *ex);      // headers.c
enum step_result step_fuse(struct exchange *ex);         // fuse.c
enum step_result step_decide(struct exchange *ex);       // decide.c
enum step_result step_check_limits(struct exchange *ex); // limits.c
// The verdict's charges in the form of the counters; NULL when memory is short.
struct limit_charge *limits_charges(struct exchange *ex);
enum step_result step_approval(struct exchange *ex); // approval.c
enum step_result step_reserve(struct exchange *ex);  // limits.c
enum step_result step_use(struct exchange *ex);      // approval.c
enum step_result step_intent(struct exchange *ex);   // outcome.c
enum step_result step_bridge(struct exchange *ex);   // bridge_step.c
enum step_result step_send(struct exchange *ex);     // send.c

// decide.c
// Denies (or observes). Returns STEP_NEXT in observe mode, else STEP_REPLY after answering.
enum step_result exchange_deny(struct exchange *ex, struct slice rule, struct slice reason,
                               bool hidden, int64_t retry_ms);
// Notes what a part of the policy that only observes would have decided, unless something graver is
// noted; `rule` and `reason` live as long as the exchange.
void decide_observe(struct exchange *ex, enum policy_outcome would, struct slice rule,
                    struct slice reason);
bool decide_method_allowed(const struct exchange *ex, struct slice method);
bool decide_visible(void *exchange, enum mcp_list list, struct slice name, uint32_t entry);
// A server's own message to the client of `grant`: may it pass? Logs a denial.
bool decide_server_message(struct pipeline *pipeline, struct exchange *ex, struct session *session,
                           struct upstream_message *message);
// Who asks, and for what; without the call's arguments.
void decide_describe(struct exchange *ex, enum policy_subject subject, struct slice name,
                     struct policy_call *call);
// Answers a request with a denial that was written already.
void decide_answer(struct exchange *ex, const struct buffer *body);
// What the judged message's tool does.
enum catalogue_category decide_category(const struct exchange *ex);
// A denial in the form that the method's answers have.
void decide_write_denial(struct exchange *ex, enum mcp_method method, struct slice id,
                         struct slice rule, struct slice reason, struct buffer *out);

// subscriptions.c: what a subscriptions/listen may hear of; takes the rest out of the message.
enum step_result subscriptions_judge(struct exchange *ex);

// origin.c
void origins_init(struct origins *origins);
void origins_release(struct origins *origins);
// The call's answer may be replayed later on a stream of its own.
void origin_note_call(struct exchange *ex);
bool origin_of_replay(const struct exchange *ex, struct slice id, enum mcp_method *ret_method,
                      struct slice *ret_subject);

// limits.c
void limits_give_back(struct exchange *ex, bool successes_only);
int limits_session_calls(struct exchange *ex, bool count, uint64_t *ret_before);

// answer.c
void answer_head(void *exchange, const struct upstream_head *head);
void answer_message(void *exchange, struct upstream_message *message);
void answer_end(void *exchange);
void answer_error(void *exchange, int code, bool sent, const char *text);
// The client's stream gets a message of the server, with its edits applied.
void answer_pass(struct exchange *ex, struct upstream_message *message);

// session.c
// A conversation of this exchange's client; it becomes ex->session. NULL: no memory.
struct session *session_new(struct exchange *ex);
// A request is one of the calls in flight from now on. STEP_REPLY: there are too many, answered.
enum step_result session_count_call(struct exchange *ex);
// The session of this id when it belongs to the exchange's grant and server, else NULL.
struct session *session_find(const struct exchange *ex, struct slice id);
void session_free(struct session *session);
// After a reload: ends what the new rules do not reach, tells others that lists may have changed.
void session_apply_rules(struct session *session, const struct rules *before);
void session_end(struct session *session, const char *why); // later use of its id: 404
void session_sweep(struct pipeline *pipeline, uint64_t now_us);
// session_talk.c: what a server says outside of calls
void session_forget_talk(struct session *session); // the session is freed
int session_start_child(struct session *session, struct error *error);
void session_deliver(struct session *session, const struct slice *pieces, size_t count,
                     bool about_a_call);
void session_flush_waiting(struct session *session);
// Requests of the server that are passed on, by raw id; an answer is taken once. False: no room.
bool session_note_asked(struct session *session, struct slice id) MUST_CHECK;
bool session_take_asked(struct session *session, struct slice id);
// A message of the child that belongs to no call: judged, then delivered to this session.
void session_child_said(struct session *session, struct upstream_message *message);

// shared.c: children that several clients use
struct upstream_link *shared_child(struct exchange *ex, struct error *error);
// Closes that child unless somebody uses it.
void shared_discard(struct exchange *ex);
// For a legacy session of a server with "share": "server". STEP_NEXT: send on through
// session->child; STEP_REPLY: it was answered here; STEP_WAIT: another session's initialize is
// under way.
enum step_result shared_prepare(struct exchange *ex, struct error *error);
// The first session's initialize was answered; the others get the same.
void shared_initialized(const struct exchange *ex, const struct upstream_message *message);
// It ended, whichever way: who still waits for it is told.
void shared_exchange_over(const struct exchange *ex);
void shared_sweep(struct pipeline *pipeline, uint64_t now_us);
void shared_close_all(struct pipeline *pipeline);

// headers.c
// Those of a request that go on to the server, at most FORWARD_MAX; none when memory is short.
void headers_forward(struct exchange *ex, const struct http_request *request);
// Copies them into the exchange's own memory; false when that is short.
bool headers_keep(struct exchange *ex);
// Mcp-Method, Mcp-Name, Mcp-Param-*: headers of the modern era. In the legacy one nobody compares
// them with the body, so they are not passed on.
bool headers_is_modern(const struct http_header *header);
bool headers_is_of_trace(const struct http_header *header); // W3C Trace Context and Baggage
static inline struct http_headers exchange_headers(const struct exchange *ex)
{
    return (struct http_headers){ex->forward, ex->forward_count, NULL};
}
// The headers that a modern HTTP server needs, made from the message itself (stdio face).
int headers_from_message(struct exchange *ex);
// The same for a message that the bridge wrote; the client's trace context stays.
int headers_for_modern(struct exchange *ex);
bool headers_host_allowed(const struct rules *rules, const struct http_request *request);
bool headers_origin_allowed(const struct rules *rules, struct slice origin);

// outcome.c
void outcome_record(struct exchange *ex);
// A line of its own for a part of the message that was refused.
void outcome_record_part(struct exchange *ex, enum outcome outcome, struct slice subject,
                         const struct policy_verdict *verdict);
void outcome_record_refusal(struct pipeline *pipeline, const char *reason, struct slice peer,
                            struct slice server, struct slice grant);
void outcome_record_server(struct pipeline *pipeline, const struct session *session,
                           const struct exchange *ex, struct slice method, bool allowed,
                           struct slice rule);

#include "pipeline/faces_internal.h"
#include "pipeline/send_internal.h"
