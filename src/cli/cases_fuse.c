// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The fuse of a policy within a case, as the gateway has it: a grant that runs away is paused for
// the rest of the case.
#include "cli/cases_internal.h"

#include "limit/limit.h"
#include "pipeline/pipeline.h"

struct case_fuse *cases_fuse_of(struct case_runner *runner, struct slice grant)
{
    struct case_fuse *fuse = table_get(&runner->fuses, grant);
    if (fuse != NULL)
        return fuse;
    fuse = arena_take_zeroed(&runner->memory, sizeof *fuse);
    struct slice key = arena_copy(&runner->memory, grant);
    if (fuse == NULL || key.data == NULL || table_put(&runner->fuses, key, fuse) != 0)
        return NULL;
    return fuse;
}

static void blow(struct case_runner *runner, struct case_fuse *fuse,
                 const struct policy_runaway *runaway, bool identical)
{
    fuse->why = pipeline_pause_why(runaway, identical, &runner->memory);
    if (fuse->why.data == NULL)
        fuse->why = SLICE_LITERAL("out of memory");
}

static bool deny(struct case_runner *runner, const struct case_fuse *fuse, struct slice rule,
                 struct case_verdict *ret)
{
    *ret = (struct case_verdict){.outcome = CASE_DENY,
                                 .rule = rule,
                                 .reason = pipeline_pause_reason(fuse->why, &runner->call_memory)};
    return true;
}

bool cases_fuse_stops(struct case_runner *runner, struct case_fuse *fuse,
                      const struct policy_call *call, struct case_verdict *ret)
{
    const struct policy_runaway *runaway = policy_runaway(runner->cases->policy);
    const struct pipeline_payer payer = {.server = call->server, .grant = call->grant_label};
    struct limit_charge charge;
    struct limit_receipt receipt;
    size_t index;
    int64_t retry_ms;
    if (runaway == NULL || call->subject == POLICY_METHOD)
        return false;
    if (fuse->why.data != NULL)
        return deny(runner, fuse, SLICE_LITERAL("(paused)"), ret);
    if (call->subject != POLICY_TOOL || runaway->identical_max == 0)
        return false;
    if (pipeline_identical(runaway, &payer, call, &runner->call_memory, &charge) == 0 &&
        limit_reserve(runner->limits, &charge, 1, call->now_ms, &receipt, &index, &retry_ms) == 0)
        return false;
    blow(runner, fuse, runaway, true);
    return deny(runner, fuse, SLICE_LITERAL("/runaway/identical_calls"), ret);
}

void cases_fuse_note(struct case_runner *runner, struct case_fuse *fuse,
                     const struct policy_call *call, struct case_verdict *verdict)
{
    const struct policy_runaway *runaway = policy_runaway(runner->cases->policy);
    if (runaway == NULL || runaway->denials == 0 || call->subject != POLICY_TOOL ||
        fuse->why.data != NULL)
        return;
    if (verdict->outcome == CASE_ALLOW || verdict->outcome == CASE_OBSERVE)
        fuse->denials = 0;
    else if (verdict->outcome != CASE_ASK && ++fuse->denials >= runaway->denials) {
        blow(runner, fuse, runaway, false);
        verdict->paused_by_denials = true;
    }
}
