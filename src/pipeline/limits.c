// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/ledger_internal.h"

// The verdict's charges in the form of the counters; NULL when memory is short.
static struct limit_charge *charges_of(struct exchange *ex)
{
    struct pipeline_payer payer = {.server = upstream_server_shown(ex->server),
                                   .grant = ex->grant->id,
                                   .client = ex->client_name};
    if (ex->session != NULL)
        payer.session = slice_from_string(ex->session->id);
    return pipeline_charges(&ex->verdict, &payer, &ex->arena);
}

static enum step_result deny_by_limit(struct exchange *ex, size_t index, int64_t retry_ms)
{
    const struct policy_charge *charge = &ex->verdict.charges[index];
    struct slice text = pipeline_limit_reason(charge, retry_ms, &ex->arena);
    return exchange_deny(ex, charge->rule, text, false, retry_ms);
}

static enum step_result with_limits(struct exchange *ex, bool reserve)
{
    struct pipeline *pipeline = ex->pipeline;
    if (ex->denied || ex->verdict.charge_count == 0)
        return STEP_NEXT;
    if (reserve && pipeline->given.limit_file != NULL &&
        !limit_file_healthy(pipeline->given.limit_file))
        return exchange_deny(ex, ex->verdict.charges[0].rule,
                             SLICE_LITERAL("The store of the limits cannot be written, so calls "
                                           "under a limit are denied until it can."),
                             false, -1);
    struct limit_charge *charges = charges_of(ex);
    if (charges == NULL)
        return STEP_FAIL;
    size_t count = ex->verdict.charge_count, index = 0;
    int64_t retry_ms = -1, now = loop_wall_ms(pipeline->loop);
    int result;
    if (reserve) {
        ex->receipts = arena_take_zeroed(&ex->arena, count * sizeof *ex->receipts);
        if (ex->receipts == NULL)
            return STEP_FAIL;
        result = limit_reserve(pipeline->given.limits, charges, count, now, ex->receipts, &index,
                               &retry_ms);
        if (result == 0)
            ex->receipt_count = count;
    } else {
        result = limit_check(pipeline->given.limits, charges, count, now, &index, &retry_ms);
    }
    if (result == ERROR_LIMIT)
        return deny_by_limit(ex, index, retry_ms);
    return result == 0 ? STEP_NEXT : STEP_FAIL;
}

// Nobody is asked about a call that a limit denies. Without a question the reservation that follows
// checks the same.
enum step_result step_check_limits(struct exchange *ex)
{
    return ex->verdict.outcome == POLICY_ASK ? with_limits(ex, false) : STEP_NEXT;
}

enum step_result step_reserve(struct exchange *ex)
{
    enum step_result result = with_limits(ex, true);
    uint64_t before;
    // Without room every rule on the count denied already; without memory this call would be
    // missing in it.
    if (result == STEP_NEXT && ex->method == MCP_TOOLS_CALL &&
        limits_session_calls(ex, true, &before) == ERROR_NO_MEMORY)
        return STEP_FAIL;
    return result;
}

void limits_give_back(struct exchange *ex, bool successes_only)
{
    for (size_t i = 0; i < ex->receipt_count; i++)
        if (!successes_only || ex->verdict.charges[i].successes_only)
            limit_give_back(ex->pipeline->given.limits, &ex->receipts[i]);
    ex->receipt_count = 0; // each reservation goes back at most once
}

// Tool calls of this session before this one; `count` adds this one. Where that is not known, the
// worst is assumed, so that a rule on session.calls denies.
int limits_session_calls(struct exchange *ex, bool count, uint64_t *ret_before)
{
    *ret_before = UINT64_MAX;
    if (ex->session != NULL) {
        *ret_before = ex->session->calls;
        ex->session->calls += count ? 1 : 0;
        return 0;
    }
    struct grant_usage *usage = grant_usage_of(ex->pipeline, ex->grant->id);
    struct slice parts[] = {ex->grant->id, upstream_server_shown(ex->server), ex->client_name};
    struct slice key = limit_key(&ex->arena, parts, 3);
    if (usage == NULL || key.data == NULL)
        return ERROR_NO_MEMORY;
    return ledger_tally(ex->pipeline->ledger, usage, key, count, ret_before);
}
