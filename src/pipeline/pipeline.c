// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/asking_internal.h"
#include "pipeline/held_tasks_internal.h"
#include "pipeline/metrics_internal.h"
#include "pipeline/replay_internal.h"
#include "pipeline/toolbox_internal.h"
#include "pipeline/http_face_internal.h"

enum {
    TICK_MS = 5000,
    TICK_LEAST_MS = 250,
    KEEP_ALIVE_MS = 15 * 1000, // below the idle timers of common proxies and clients
    SILENT_CALL_MS = 10 * 1000,
    LEFT_CALL_MS = 5 * 60 * 1000,
    ANSWERED_US = 10 * 1000 * 1000,
    NODES_KEPT = 64 * 1024,
};

static uint64_t keep_alive_ms(const struct pipeline *pipeline)
{
    uint64_t ms = pipeline->rules == NULL ? 0 : pipeline->rules->given.keep_alive_ms;
    return ms == 0 ? KEEP_ALIVE_MS : ms;
}

// May its answer come as a stream that the gateway begins? An initialize over HTTP may not: the
// session's id is in the head.
static bool may_begin_stream(const struct exchange *ex)
{
    return ex->call != NULL && ex->message_kind == MCP_REQUEST && ex->accepts_stream &&
           (ex->method != MCP_INITIALIZE || upstream_server_has_links(ex->server));
}

// Silent streams get a comment; a call that takes long becomes a stream, so that nothing on the way
// to the client takes the silence for death.
static void keep_alive(struct pipeline *pipeline, uint64_t now_us)
{
    uint64_t silence_us = keep_alive_ms(pipeline) * 1000;
    uint64_t begin_us = (uint64_t)SILENT_CALL_MS * 1000;
    begin_us = silence_us < begin_us ? silence_us : begin_us;
    LIST_EACH(&pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        if (ex->face != &http_face || ex->client_gone || ex->answered)
            continue;
        if (!ex->streaming && may_begin_stream(ex) &&
            clock_monotonic_us() - ex->started_us > begin_us) {
            ex->streaming = true;
            ex->face->stream_begin(ex);
        }
        if (ex->streaming && now_us - ex->last_write_us > silence_us)
            http_face_comment(ex);
    }
}

// Replies that were given up while a message was being handed over end here.
static void end_aborted(struct pipeline *pipeline)
{
    struct list *item = pipeline->exchanges.next;
    while (item != &pipeline->exchanges) {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        item = item->next;
        if (!ex->aborted)
            continue;
        ex->aborted = false;
        exchange_client_gone(ex);
        item = pipeline->exchanges.next; // ending one may have ended others
    }
}

// How long a call may go on that nobody waits for.
static uint64_t over_limit_us(const struct exchange *ex)
{
    uint64_t ms = ex->pipeline->rules->given.left_call_time_ms;
    if (ex->upstream_answered && !bridge_is_asking(ex)) // the stream has nothing more to say
        return ANSWERED_US;
    return (ms == 0 ? LEFT_CALL_MS : ms) * 1000;
}

// In the legacy era a call goes on when its client has left, and a server may keep a stream open
// behind its answer; but neither for good. True when one was ended.
static bool end_one_over(struct pipeline *pipeline, uint64_t now_us)
{
    LIST_EACH(&pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        bool lasts = ex->call != NULL || replay_is_detached(ex);
        if (!lasts || ex->over_us == 0 || now_us - ex->over_us <= over_limit_us(ex))
            continue;
        if (ex->call != NULL && ex->to_legacy == NULL) // else it is the bridge's to end
            upstream_call_cancel(ex->call, !ex->upstream_answered);
        ex->call = NULL;
        if (!ex->upstream_answered) {
            ex->outcome = OUTCOME_FAILED;
            ex->reason = SLICE_LITERAL("given up: its client had left, and it did not end");
        }
        exchange_finish(ex);
        return true;
    }
    return false;
}

static void settle_cb(void *argument)
{
    held_run_sweep(argument);
}

static void tick_cb(void *argument)
{
    struct pipeline *pipeline = argument;
    uint64_t now_us = loop_now_us(pipeline->loop);
    // One huge message must not hold memory for good.
    if (pipeline->doc.capacity > NODES_KEPT)
        json_doc_release(&pipeline->doc);
    keep_alive(pipeline, now_us);
    end_aborted(pipeline);
    while (end_one_over(pipeline, now_us))
        ; // ending one may have ended others
    session_sweep(pipeline, now_us);
    shared_sweep(pipeline, now_us);
    bridge_sweep(pipeline, now_us);
    held_run_sweep(pipeline);
    metrics_look_at_servers(pipeline);
}

// Often enough that a silent stream gets its comment soon after its time.
static void start_tick(struct pipeline *pipeline)
{
    uint64_t ms = keep_alive_ms(pipeline) / 3;
    ms = ms > TICK_MS ? TICK_MS : ms < TICK_LEAST_MS ? TICK_LEAST_MS : ms;
    loop_timer_start(pipeline->tick, ms, ms);
}

struct pipeline *pipeline_new(const struct pipeline_options *options)
{
    struct pipeline *pipeline = memory_new(sizeof *pipeline);
    pipeline->given = *options;
    pipeline->loop = options->loop;
    json_doc_init(&pipeline->doc);
    list_init(&pipeline->exchanges);
    list_init(&pipeline->idle_exchanges);
    list_init(&pipeline->sessions);
    list_init(&pipeline->shared);
    list_init(&pipeline->stdios);
    table_init(&pipeline->sessions_by_id);
    table_init(&pipeline->grants);
    table_init(&pipeline->toolboxes);
    random_hex(pipeline->request_prefix, sizeof pipeline->request_prefix / 2);
    pipeline->hasher = identity_hasher_new();
    pipeline->owns_ledger = options->ledger == NULL;
    pipeline->ledger = pipeline->owns_ledger ? pipeline_ledger_new() : options->ledger;
    pipeline->metrics = metrics_set_new(pipeline);
    pipeline->bridge = bridge_new(pipeline);
    pipeline->tick = loop_timer_open(pipeline->loop, tick_cb, pipeline);
    pipeline->settle = loop_timer_open(pipeline->loop, settle_cb, pipeline);
    if (!replay_open(pipeline) || asking_open(pipeline) != 0 || pipeline->tick == NULL ||
        pipeline->settle == NULL) {
        pipeline_free(pipeline);
        return NULL;
    }
    start_tick(pipeline);
    return pipeline;
}

static void end_everything(struct pipeline *pipeline)
{
    while (!list_empty(&pipeline->exchanges)) {
        struct exchange *ex = LIST_ENTRY(pipeline->exchanges.next, struct exchange, link);
        exchange_answer_error(ex, 503, MCP_ERROR_INTERNAL, SLICE_LITERAL("The gateway stops"),
                              (struct slice){0});
        exchange_finish(ex);
    }
    while (!list_empty(&pipeline->sessions))
        session_free(LIST_ENTRY(pipeline->sessions.next, struct session, link));
    shared_close_all(pipeline);
}

void pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    pipeline->stopping = true;
    end_everything(pipeline);
    asking_close(pipeline);
    bridge_free(pipeline->bridge);
    LIST_EACH(&pipeline->idle_exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        arena_release(&ex->arena);
        memory_free(ex);
    }
    if (pipeline->tick != NULL)
        loop_timer_close(pipeline->tick);
    if (pipeline->settle != NULL)
        loop_timer_close(pipeline->settle);
    replay_close(pipeline);
    table_release(&pipeline->grants);
    table_release(&pipeline->sessions_by_id);
    toolbox_release(pipeline);
    identity_hasher_free(pipeline->hasher);
    metrics_set_free(pipeline->metrics, pipeline->ledger);
    if (pipeline->owns_ledger)
        pipeline_ledger_free(pipeline->ledger);
    json_doc_release(&pipeline->doc);
    rules_unref(pipeline->rules);
    memory_free(pipeline);
}

// Clients of the stateless era hear of a change on their open subscriptions.
static void tell_listeners(struct pipeline *pipeline, const struct rules *before)
{
    static const char *const kinds[] = {"tools", "prompts", "resources"};
    LIST_EACH(&pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        if (ex->grant == NULL || ex->server == NULL ||
            rules_agree(before, pipeline->rules, ex->grant->id, ex->server))
            continue;
        bool wants[] = {ex->listens_tools, ex->listens_prompts, ex->listens_resources};
        for (size_t i = 0; i < 3; i++) {
            if (!wants[i] || !ex->streaming || ex->client_gone || ex->answered)
                continue;
            struct slice pieces[] = {
                SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"),
                slice_from_string(kinds[i]),
                SLICE_LITERAL("/list_changed\",\"params\":{\"_meta\":{"
                              "\"io.modelcontextprotocol/subscriptionId\":"),
                ex->id, SLICE_LITERAL("}}}")};
            ex->face->stream_message(ex, pieces, 5, (struct slice){0}, -1);
        }
    }
}

// A subscription of the stateless era lasts as long as its grant and its server.
static bool end_one_listener(struct pipeline *pipeline)
{
    LIST_EACH(&pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        if (ex->method != MCP_LISTEN || ex->session != NULL || ex->grant == NULL ||
            ex->server == NULL || ex->answered)
            continue;
        const struct identity_grant *grant =
            identity_by_id(pipeline->rules->given.grants, ex->grant->id);
        struct slice server = upstream_server_options(ex->server)->name;
        if (grant != NULL && identity_reach(grant, server) != NULL &&
            !upstream_server_retired(ex->server))
            continue;
        exchange_answer(ex, 200, (struct slice){0});
        exchange_finish(ex);
        return true;
    }
    return false;
}

int pipeline_apply(struct pipeline *pipeline, const struct pipeline_rules *given)
{
    struct rules *rules = memory_new(sizeof *rules);
    rules->references = 1;
    rules->given = *given;
    struct rules *before = pipeline->rules;
    pipeline->rules = rules;
    start_tick(pipeline);
    if (before == NULL)
        return 0;
    LIST_EACH(&pipeline->sessions, item)
    {
        session_apply_rules(LIST_ENTRY(item, struct session, link), before);
    }
    while (end_one_listener(pipeline))
        ; // ending one may have ended others
    tell_listeners(pipeline, before);
    rules_unref(before);
    return 0;
}

void pipeline_begin_drain(struct pipeline *pipeline)
{
    pipeline->draining = true;
    asking_drain(pipeline);
}

void pipeline_end_streams(struct pipeline *pipeline)
{
    LIST_EACH(&pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        if (ex->kind != EXCHANGE_STREAM && ex->method != MCP_LISTEN)
            continue;
        exchange_answer(ex, 200, (struct slice){0});
        exchange_finish(ex);
        pipeline_end_streams(pipeline); // finishing one may have touched the list
        return;
    }
}

size_t pipeline_calls_in_flight(const struct pipeline *pipeline)
{
    return metrics_calls(pipeline->metrics);
}
