// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/ledger_internal.h"

struct limit_charge *limits_charges(struct exchange *ex)
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

// Limits that only observe count what they would have let through; a call that they would have
// denied goes on, and the log says so.
static void watch_limits(struct exchange *ex, const struct limit_charge *charges, int64_t now_ms)
{
    size_t first = ex->verdict.charge_count, index = 0;
    for (size_t i = first; i < first + ex->verdict.watched_count; i++) {
        int64_t retry_ms = -1;
        struct limit_receipt *receipt = &ex->receipts[ex->receipt_count];
        int result = limit_reserve(ex->pipeline->given.limits, &charges[i], 1, now_ms, receipt,
                                   &index, &retry_ms);
        const struct policy_charge *charge = &ex->verdict.charges[i];
        if (result == ERROR_LIMIT)
            decide_observe(ex, POLICY_DENY, charge->rule,
                           pipeline_limit_reason(charge, retry_ms, &ex->arena));
        if (result == 0)
            ex->charged[ex->receipt_count++] = charge;
    }
    ex->charge_count = ex->receipt_count;
}

static bool make_room(struct exchange *ex)
{
    size_t count = ex->verdict.charge_count + ex->verdict.watched_count;
    ex->charge_count = 0;
    ex->receipts = arena_take_zeroed(&ex->arena, count * sizeof *ex->receipts);
    ex->charged = arena_take_zeroed(&ex->arena, count * sizeof *ex->charged);
    for (size_t i = 0; ex->charged != NULL && i < count; i++)
        ex->charged[i] = &ex->verdict.charges[i];
    return ex->receipts != NULL && ex->charged != NULL;
}

static int reserve_all(struct exchange *ex, const struct limit_charge *charges, int64_t now_ms,
                       size_t *ret_index, int64_t *ret_retry_ms)
{
    size_t count = ex->verdict.charge_count;
    if (!make_room(ex))
        return ERROR_NO_MEMORY;
    int result = count == 0 ? 0
                            : limit_reserve(ex->pipeline->given.limits, charges, count, now_ms,
                                            ex->receipts, ret_index, ret_retry_ms);
    if (result != 0)
        return result;
    ex->receipt_count = count;
    ex->gave_back = false; // what was asked about anew is charged anew
    watch_limits(ex, charges, now_ms);
    return 0;
}

static enum step_result deny_by_store(struct exchange *ex)
{
    return exchange_deny(ex, ex->verdict.charges[0].rule,
                         SLICE_LITERAL("The store of the limits cannot be written, so calls "
                                       "under a limit are denied until it can."),
                         false, -1);
}

static enum step_result with_limits(struct exchange *ex, bool reserve)
{
    struct pipeline *pipeline = ex->pipeline;
    size_t count = ex->verdict.charge_count, index = 0;
    if (ex->denied || count + ex->verdict.watched_count == 0)
        return STEP_NEXT;
    if (reserve && count > 0 && pipeline->given.limit_file != NULL &&
        !limit_file_healthy(pipeline->given.limit_file))
        return deny_by_store(ex);
    struct limit_charge *charges = limits_charges(ex);
    if (charges == NULL)
        return STEP_FAIL;
    int64_t retry_ms = -1, now = loop_wall_ms(pipeline->loop);
    int result = reserve
                     ? reserve_all(ex, charges, now, &index, &retry_ms)
                     : limit_check(pipeline->given.limits, charges, count, now, &index, &retry_ms);
    if (result == ERROR_LIMIT)
        return deny_by_limit(ex, index, retry_ms);
    if (result == ERROR_IO)
        return deny_by_store(ex);
    return result == 0 ? STEP_NEXT : STEP_FAIL;
}

// Nobody is asked about a call that a limit denies. Without a question, or behind one, the
// reservation that follows checks the same.
enum step_result step_check_limits(struct exchange *ex)
{
    return ex->verdict.outcome == POLICY_ASK && ex->asking == NULL ? with_limits(ex, false)
                                                                   : STEP_NEXT;
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
        if (!successes_only || ex->charged[i]->successes_only)
            limit_give_back(ex->pipeline->given.limits, &ex->receipts[i]);
    ex->gave_back = ex->gave_back || !successes_only;
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
    struct grant_usage *usage = exchange_usage(ex);
    struct slice parts[] = {ex->grant->id, upstream_server_shown(ex->server), ex->client_name};
    struct slice key = limit_key(&ex->arena, parts, 3);
    if (usage == NULL || key.data == NULL)
        return ERROR_NO_MEMORY;
    return ledger_tally(ex->pipeline->ledger, usage, key, count, ret_before);
}
