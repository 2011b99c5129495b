// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What would become of a call now: what the steps from the fuse to the reservation would say, one
// after the other, without counting anything.
#include "pipeline/ledger_internal.h"
#include "pipeline/pins_internal.h"

struct outlook {
    const struct pipeline_circumstances *now;
    const struct policy_call *call;
    const struct policy_verdict *verdict;
    struct pipeline_payer payer;
    struct arena *arena;
    struct pipeline_prospect *ret;
    bool observe, no_memory;
};

// Denies, or where the grant only observes, notes it.
static void deny(struct outlook *o, struct slice rule, struct slice reason, int64_t retry_ms)
{
    o->no_memory = o->no_memory || reason.data == NULL;
    o->ret->outcome = POLICY_DENY;
    o->ret->rule = rule;
    o->ret->reason = reason;
    o->ret->retry_ms = retry_ms;
    o->ret->observed = o->observe;
    o->ret->hidden = false;
}

// ---- The fuse

static struct grant_usage *usage_of(const struct outlook *o)
{
    return o->now->ledger == NULL ? NULL : table_get(&o->now->ledger->grants, o->now->grant->id);
}

static void look_at_pause(struct outlook *o)
{
    struct pipeline_ledger *ledger = o->now->ledger;
    o->ret->paused = o->now->grant->paused_ms != 0;
    o->ret->paused_why = o->now->grant->paused_why;
    if (ledger == NULL)
        return;
    pthread_mutex_lock(&ledger->lock);
    struct grant_usage *usage = usage_of(o);
    int state = usage == NULL ? FUSE_WHOLE : atomic_load(&usage->fuse);
    o->ret->older = state == FUSE_SAVED && !o->ret->paused;
    if (usage != NULL)
        o->ret->denials = (int64_t)atomic_load(&usage->denials_in_a_row);
    if (state == FUSE_BLOWN || state == FUSE_SAVING) {
        o->ret->paused = true;
        o->ret->paused_why = arena_copy(o->arena, slice_from_string(usage->fuse_why));
        o->no_memory = o->no_memory || o->ret->paused_why.data == NULL;
    }
    pthread_mutex_unlock(&ledger->lock);
}

// True when one more would blow the fuse.
static bool runs_away(struct outlook *o, const struct policy_runaway *runaway)
{
    struct limit_charge charge;
    struct limit_view view;
    if (o->now->limits == NULL || runaway->identical_max == 0)
        return false;
    if (pipeline_identical(runaway, &o->payer, o->call, o->arena, &charge) != 0) {
        o->no_memory = true;
        return false;
    }
    limit_stand(o->now->limits, &charge, o->now->now_ms, &view);
    o->ret->identical = view.used;
    return decimal_compare(view.used, charge.max) >= 0;
}

static bool stopped_by_fuse(struct outlook *o)
{
    const struct policy_runaway *runaway =
        o->now->policy == NULL ? NULL : policy_runaway(o->now->policy);
    bool away = runaway != NULL && o->call->subject == POLICY_TOOL && runs_away(o, runaway);
    look_at_pause(o);
    if (o->observe || o->call->subject == POLICY_METHOD || !(away || o->ret->paused))
        return false;
    if (o->ret->paused)
        deny(o, SLICE_LITERAL("(paused)"), pipeline_pause_reason(o->ret->paused_why, o->arena), -1);
    else
        deny(o, SLICE_LITERAL("/runaway/identical_calls"),
             pipeline_pause_reason(pipeline_pause_why(runaway, true, o->arena), o->arena), -1);
    return true;
}

// ---- Definitions

static void look_at_definition(struct outlook *o)
{
    static const enum pipeline_definition words[] = {[WATCH_GOOD] = PIPELINE_ACCEPTED,
                                                     [WATCH_NEW] = PIPELINE_NEW,
                                                     [WATCH_CHANGED] = PIPELINE_CHANGED};
    if (o->call->subject == POLICY_TOOL && filter_pins_pinning(o->now->said) != FILTER_PINNING_OFF)
        o->ret->definition =
            words[pins_ask(o->now->watch, o->now->kept, o->now->server, o->call->name)];
}

static bool stopped_by_definition(struct outlook *o)
{
    enum pipeline_definition definition = o->ret->definition;
    if (filter_pins_pinning(o->now->said) != FILTER_PINNING_QUARANTINE ||
        (definition != PIPELINE_NEW && definition != PIPELINE_CHANGED))
        return false;
    o->observe = false; // as in pins_judge_call
    deny(o, SLICE_LITERAL("(quarantined)"),
         pins_reason(definition == PIPELINE_NEW ? WATCH_NEW : WATCH_CHANGED), -1);
    return true;
}

// ---- Limits

static struct pipeline_standing *look_at_limits(struct outlook *o,
                                                const struct limit_charge *charges, size_t count)
{
    struct pipeline_standing *standings = arena_take_zeroed(o->arena, count * sizeof *standings);
    for (size_t i = 0; standings != NULL && i < count; i++) {
        struct limit_view view;
        size_t index;
        int64_t retry_ms;
        limit_stand(o->now->limits, &charges[i], o->now->now_ms, &view);
        standings[i] = (struct pipeline_standing){
            .fits = limit_would_fit(o->now->limits, &charges[i], 1, o->now->now_ms, &index,
                                    &retry_ms) == 0,
            .used = view.used,
            .unsummed = view.unsummed,
            .frees_ms = view.frees_ms};
    }
    o->no_memory = o->no_memory || standings == NULL;
    return standings;
}

// What the limits that only observe would have said.
static void look_at_watched(struct outlook *o, const struct pipeline_standing *standings)
{
    const struct policy_verdict *verdict = o->verdict;
    size_t first = verdict->charge_count;
    bool graver = o->ret->observed && o->ret->outcome == POLICY_DENY;
    for (size_t i = first; i < first + verdict->watched_count && !graver; i++) {
        if (standings[i].fits)
            continue;
        deny(o, verdict->charges[i].rule, verdict->charges[i].on_deny, -1);
        o->ret->observed = graver = true;
    }
}

static void judge_limits(struct outlook *o)
{
    const struct policy_verdict *verdict = o->verdict;
    size_t all = verdict->charge_count + verdict->watched_count, index = 0;
    int64_t retry_ms = -1;
    if (all == 0 || o->now->limits == NULL)
        return;
    struct limit_charge *charges = pipeline_charges(verdict, &o->payer, o->arena);
    struct pipeline_standing *standings = charges == NULL ? NULL : look_at_limits(o, charges, all);
    o->no_memory = o->no_memory || charges == NULL;
    if (o->no_memory)
        return;
    o->ret->standings = standings;
    if (limit_would_fit(o->now->limits, charges, verdict->charge_count, o->now->now_ms, &index,
                        &retry_ms) != 0) {
        index = index < verdict->charge_count ? index : 0;
        deny(o, verdict->charges[index].rule,
             pipeline_limit_reason(&verdict->charges[index], retry_ms, o->arena), retry_ms);
    } else if (verdict->outcome == POLICY_ALLOW) {
        look_at_watched(o, standings);
    }
}

// ---- One after the other

// What the policy says, and what it would have said where it only observes.
static void take_verdict(struct outlook *o)
{
    const struct policy_observation *observed = &o->verdict->observed;
    o->ret->outcome = o->verdict->outcome;
    o->ret->hidden = o->verdict->hidden;
    o->ret->rule = o->verdict->rule;
    o->ret->reason = o->verdict->reason;
    o->ret->observed = o->observe && o->verdict->outcome != POLICY_ALLOW;
    if (o->verdict->outcome != POLICY_ALLOW || !observed->noted)
        return;
    o->ret->observed = true;
    o->ret->outcome = observed->outcome;
    o->ret->hidden = observed->hidden;
    o->ret->rule = observed->rule;
    o->ret->reason = observed->reason;
}

static void go_through(struct outlook *o)
{
    const struct identity_grant *grant = o->now->grant;
    o->ret->expired = grant->expires_ms != 0 && o->now->now_ms >= grant->expires_ms;
    look_at_definition(o);
    if (o->ret->expired) {
        o->observe = false;
        deny(o, SLICE_LITERAL("(expired)"), SLICE_LITERAL("The grant has expired."), -1);
        return;
    }
    if (stopped_by_fuse(o))
        return;
    take_verdict(o);
    if (o->verdict->outcome == POLICY_DENY && !o->observe)
        return;
    if (!stopped_by_definition(o) && o->verdict->outcome != POLICY_DENY)
        judge_limits(o);
}

int pipeline_foresee(const struct pipeline_circumstances *now, const struct policy_call *call,
                     const struct policy_verdict *verdict, struct arena *arena,
                     struct pipeline_prospect *ret)
{
    struct outlook o = {
        .now = now,
        .call = call,
        .verdict = verdict,
        .arena = arena,
        .payer = {.server = now->shown, .grant = now->grant->id, .client = call->client_name},
        .ret = ret,
        .observe = now->grant->mode == IDENTITY_OBSERVE};
    *ret = (struct pipeline_prospect){.retry_ms = -1};
    go_through(&o);
    return o.no_memory ? ERROR_NO_MEMORY : 0;
}
