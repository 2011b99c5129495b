// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One record per message: what was decided, by which rule, and what came of it.
#include "pipeline/asking_internal.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/metrics_internal.h"

enum step_result step_intent(struct exchange *ex)
{
    struct audit_log *audit = ex->pipeline->given.audit;
    if (audit == NULL || audit_ready(audit, ex->pipeline->given.worker))
        return STEP_NEXT;
    limits_give_back(ex, false);
    ex->outcome = OUTCOME_DENIED;
    return exchange_refuse(
        ex, 503, MCP_ERROR_INTERNAL,
        "The decision log cannot be written, so nothing is let through until it can");
}

static int64_t span(uint64_t from, uint64_t to)
{
    return from == 0 || to < from ? 0 : (int64_t)(to - from);
}

static struct slice hash_of(const struct session *session)
{
    return session == NULL ? (struct slice){0} : slice_from_string(session->hash);
}

// Whoever adds up the log again must know what went back.
static enum audit_answer answer_of(const struct exchange *ex)
{
    if (ex->gave_back)
        return AUDIT_ANSWER_NONE;
    return ex->result_failed ? AUDIT_ANSWER_ERROR : AUDIT_ANSWER_COUNTS;
}

void outcome_record(struct exchange *ex)
{
    struct pipeline *pipeline = ex->pipeline;
    bool silent_stream = ex->kind == EXCHANGE_STREAM && ex->outcome == OUTCOME_ALLOWED;
    if (silent_stream)
        return;
    if (ex->result_failed)
        limits_give_back(ex, true);
    fuse_note_outcome(ex);
    metrics_count(pipeline->metrics, ex->outcome);
    seen_note(ex);
    uint64_t now = clock_monotonic_us();
    metrics_time(pipeline->metrics, ex, now);
    if (pipeline->given.audit == NULL)
        return;
    struct slice client = ex->client_name;
    if (client.length == 0 && ex->session != NULL && ex->session->client_name != NULL)
        client = slice_from_string(ex->session->client_name);
    struct audit_record record = {
        .time_ms = loop_wall_ms(pipeline->loop),
        .request_id = slice_from_string(ex->request_id),
        .organisation = ex->grant == NULL ? (struct slice){0} : ex->grant->organisation,
        .grant = ex->grant == NULL ? (struct slice){0} : ex->grant->label,
        .server = ex->server == NULL ? (struct slice){0} : upstream_server_shown(ex->server),
        .session = hash_of(ex->session),
        .client = client,
        .direction = SLICE_LITERAL("client"),
        .method =
            ex->message_kind == MCP_RESPONSE && ex->method_name.length == 0 && ex->rule.length > 0
                ? SLICE_LITERAL("(response)")
                : ex->method_name,
        .subject = ex->subject,
        .outcome = slice_from_string(outcome_names[ex->outcome]),
        .rule = ex->rule,
        .reason = ex->reason,
        .policy = ex->policy == NULL ? (struct slice){0} : policy_name(ex->policy),
        .policy_version = ex->policy == NULL ? (struct slice){0} : policy_version(ex->policy),
        .argument_keys = ex->argument_keys,
        .argument_key_count = ex->argument_key_count,
        .approval = ex->approval,
        .arguments = ex->arguments,
        .arguments_left_out = ex->arguments_left_out,
        .redacted = ex->redacted,
        .charged = charges_told(ex),
        .answer = answer_of(ex),
        .upstream_status = ex->upstream_status,
        .decide_us = span(ex->started_us, ex->decided_us),
        .upstream_us = ex->sent_us == 0 ? 0 : span(ex->sent_us, now),
        .total_us = span(ex->started_us, now),
        .peer = ex->peer,
        .trace = ex->trace,
    };
    audit_write(pipeline->given.audit, pipeline->given.worker, &record);
}

void outcome_record_part(struct exchange *ex, enum outcome outcome, struct slice subject,
                         const struct policy_verdict *verdict)
{
    enum outcome whole = ex->outcome;
    struct slice kept[] = {ex->subject, ex->rule, ex->reason};
    ex->outcome = outcome;
    ex->subject = subject;
    ex->rule = verdict->rule;
    ex->reason = verdict->reason;
    outcome_record(ex);
    ex->outcome = whole;
    ex->subject = kept[0];
    ex->rule = kept[1];
    ex->reason = kept[2];
}

void outcome_record_refusal(struct pipeline *pipeline, const char *reason, struct slice peer,
                            struct slice server, struct slice grant)
{
    metrics_count(pipeline->metrics, OUTCOME_REFUSED);
    if (pipeline->given.audit == NULL)
        return;
    struct audit_record record = {
        .time_ms = loop_wall_ms(pipeline->loop),
        .grant = grant,
        .server = server,
        .direction = SLICE_LITERAL("client"),
        .outcome = slice_from_string(outcome_names[OUTCOME_REFUSED]),
        .reason = slice_from_string(reason),
        .peer = peer,
    };
    audit_write(pipeline->given.audit, pipeline->given.worker, &record);
}

void outcome_record_server(struct pipeline *pipeline, const struct session *session,
                           const struct exchange *ex, struct slice method, bool allowed,
                           struct slice rule)
{
    enum outcome outcome = allowed ? OUTCOME_ALLOWED : OUTCOME_DENIED;
    metrics_count(pipeline->metrics, outcome);
    if (pipeline->given.audit == NULL)
        return;
    struct audit_record record = {
        .time_ms = loop_wall_ms(pipeline->loop),
        .request_id = slice_from_string(ex->request_id),
        .organisation = ex->grant->organisation,
        .grant = ex->grant->label,
        .server = upstream_server_shown(ex->server),
        .session = hash_of(session),
        .direction = SLICE_LITERAL("server"),
        .method = method,
        .outcome = slice_from_string(outcome_names[outcome]),
        .rule = rule,
        .policy = ex->policy == NULL ? (struct slice){0} : policy_name(ex->policy),
        .policy_version = ex->policy == NULL ? (struct slice){0} : policy_version(ex->policy),
    };
    audit_write(pipeline->given.audit, pipeline->given.worker, &record);
}
