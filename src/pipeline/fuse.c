// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The fuse: an agent that makes the same call again and again, or is denied again and again, is
// stopped until a person has looked. What identical calls are is counted as a limit is, so it holds
// for all workers and over restarts.
#include "pipeline/asking_internal.h"
#include "pipeline/ledger_internal.h"

#include <stdio.h>

// What a person must look at first; lists and housekeeping go on, so that a session lives.
static bool is_call(const struct exchange *ex)
{
    return ex->method == MCP_TOOLS_CALL || ex->method == MCP_RESOURCES_READ ||
           ex->method == MCP_RESOURCES_SUBSCRIBE || ex->method == MCP_PROMPTS_GET;
}

struct slice pipeline_pause_reason(struct slice why, struct arena *arena)
{
    return arena_format(arena,
                        "This grant is paused, and every call of it is denied, until a person has "
                        "looked at it: %.*s",
                        SLICE_PRINT(why));
}

static enum step_result deny(struct exchange *ex, struct slice rule, struct slice why)
{
    struct slice text = pipeline_pause_reason(why, &ex->arena);
    ex->decided_us = clock_monotonic_us();
    return text.data == NULL ? STEP_FAIL : exchange_deny(ex, rule, text, false, -1);
}

// ---- Blowing

static void save(struct exchange *ex, struct grant_usage *usage, struct slice why)
{
    const struct pipeline_fuse *fuse = &ex->pipeline->given.fuse;
    int blown = FUSE_BLOWN;
    // Of a grant of the configuration file nobody can keep it.
    if (fuse->blown == NULL || ex->grant->organisation.length == 0 ||
        !atomic_compare_exchange_strong(&usage->fuse, &blown, FUSE_SAVING))
        return;
    fuse->blown(fuse->argument, ex->grant->organisation, ex->grant->id, why);
}

static void blow(struct exchange *ex, struct grant_usage *usage, struct slice why)
{
    struct pipeline_ledger *ledger = ex->pipeline->ledger;
    bool first = false;
    pthread_mutex_lock(&ledger->lock);
    int state = atomic_load(&usage->fuse);
    if (state == FUSE_WHOLE || state == FUSE_SAVED) {
        first = true;
        snprintf(usage->fuse_why, sizeof usage->fuse_why, "%.*s", SLICE_PRINT(why));
        atomic_store(&usage->fuse, FUSE_BLOWN);
        atomic_store(&usage->denials_in_a_row, 0);
    }
    pthread_mutex_unlock(&ledger->lock);
    if (!first)
        return;
    log_event(LOG_WARNING, "pipeline", "grant '%.*s' is paused: %.*s",
              SLICE_PRINT(ex->grant->label), SLICE_PRINT(why));
    save(ex, usage, why);
}

void pipeline_fuse_saved(struct pipeline_ledger *ledger, struct slice grant_id, bool kept)
{
    pthread_mutex_lock(&ledger->lock);
    struct grant_usage *usage = table_get(&ledger->grants, grant_id);
    if (usage != NULL && atomic_load(&usage->fuse) == FUSE_SAVING)
        atomic_store(&usage->fuse, kept ? FUSE_SAVED : FUSE_BLOWN);
    pthread_mutex_unlock(&ledger->lock);
}

struct slice pipeline_pause_why(const struct policy_runaway *runaway, bool identical,
                                struct arena *arena)
{
    if (runaway->reason.length > 0)
        return runaway->reason;
    return identical ? arena_format(arena, "more than %lld identical calls",
                                    (long long)runaway->identical_max)
                     : arena_format(arena, "%lld denials in a row", (long long)runaway->denials);
}

// ---- Paused

static bool is_blown(struct exchange *ex, struct grant_usage *usage, struct slice *ret_why)
{
    struct pipeline_ledger *ledger = ex->pipeline->ledger;
    int state = atomic_load(&usage->fuse);
    if (state == FUSE_WHOLE)
        return false;
    if (state == FUSE_SAVED) {
        // The rules said so, and say so no more: a person has looked.
        atomic_compare_exchange_strong(&usage->fuse, &state, FUSE_WHOLE);
        atomic_store(&usage->denials_in_a_row, 0);
        return false;
    }
    pthread_mutex_lock(&ledger->lock);
    *ret_why = arena_copy(&ex->arena, slice_from_string(usage->fuse_why));
    pthread_mutex_unlock(&ledger->lock);
    save(ex, usage, *ret_why);
    return true;
}

// ---- Identical calls

static enum step_result run_away(struct exchange *ex, const struct policy_runaway *runaway,
                                 const struct limit_charge *charge)
{
    struct slice why = pipeline_pause_why(runaway, true, &ex->arena);
    blow(ex, exchange_usage(ex), why);
    // Anew once a person has looked.
    limit_clear(ex->pipeline->given.limits, charge, loop_wall_ms(ex->pipeline->loop));
    return deny(ex, SLICE_LITERAL("/runaway/identical_calls"), why);
}

static enum step_result count_identical(struct exchange *ex, const struct policy_runaway *runaway)
{
    struct limit_table *limits = ex->pipeline->given.limits;
    struct limit_receipt receipt;
    struct limit_charge charge;
    struct limit_view view = {.window_ms = 0};
    struct slice why = {0};
    size_t index;
    int64_t retry_ms = -1, now_ms = loop_wall_ms(ex->pipeline->loop);
    const struct pipeline_payer payer = {.server = upstream_server_shown(ex->server),
                                         .grant = ex->grant->id};
    const struct policy_call call = {
        .name = ex->subject, .doc = &ex->pipeline->doc, .args = ex->message.arguments};
    if (pipeline_identical(runaway, &payer, &call, &ex->arena, &charge) != 0)
        return STEP_FAIL;
    int result = limit_reserve(limits, &charge, 1, now_ms, &receipt, &index, &retry_ms);
    if (result != 0)
        limit_stand(limits, &charge, now_ms, &view);
    // Another worker that blows it empties the counter then: what was counted since would pass.
    if (is_blown(ex, exchange_usage(ex), &why)) {
        if (result == 0)
            limit_give_back(limits, &receipt);
        return deny(ex, SLICE_LITERAL("(paused)"), why);
    }
    if (result == 0)
        return STEP_NEXT;
    if (decimal_compare(view.used, charge.max) >= 0)
        return run_away(ex, runaway, &charge);
    return exchange_deny( // the counters are full, or cannot be noted
        ex, SLICE_LITERAL("/runaway/identical_calls"),
        SLICE_LITERAL("Identical calls cannot be counted just now, so this one is denied."), false,
        retry_ms);
}

// ---- The step

enum step_result fuse_check_pause(struct exchange *ex)
{
    if (!is_call(ex) || ex->message_kind == MCP_RESPONSE || ex->observe)
        return STEP_NEXT;
    struct grant_usage *usage = exchange_usage(ex);
    struct slice why = ex->grant->paused_why;
    if (usage == NULL)
        return STEP_FAIL;
    if (ex->grant->paused_ms != 0 || is_blown(ex, usage, &why))
        return deny(ex, SLICE_LITERAL("(paused)"), why);
    return STEP_NEXT;
}

enum step_result step_fuse(struct exchange *ex)
{
    enum step_result result = fuse_check_pause(ex);
    if (result != STEP_NEXT || ex->method != MCP_TOOLS_CALL || ex->policy == NULL || ex->observe ||
        ex->message_kind == MCP_RESPONSE)
        return result;
    const struct policy_runaway *runaway = policy_runaway(ex->policy);
    return runaway != NULL && runaway->identical_max > 0 ? count_identical(ex, runaway) : STEP_NEXT;
}

void fuse_note_outcome(struct exchange *ex)
{
    const struct policy_runaway *runaway = ex->policy == NULL ? NULL : policy_runaway(ex->policy);
    if (runaway == NULL || runaway->denials == 0 || ex->method != MCP_TOOLS_CALL ||
        ex->grant == NULL || ex->observe || slice_equal_string(ex->rule, "(paused)"))
        return;
    struct grant_usage *usage = exchange_usage(ex);
    if (usage == NULL)
        return;
    if (ex->outcome == OUTCOME_ALLOWED)
        atomic_store(&usage->denials_in_a_row, 0);
    else if ((ex->outcome == OUTCOME_DENIED || ex->outcome == OUTCOME_HIDDEN) &&
             atomic_fetch_add(&usage->denials_in_a_row, 1) + 1 >= (size_t)runaway->denials)
        blow(ex, usage, pipeline_pause_why(runaway, false, &ex->arena));
}
