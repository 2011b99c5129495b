// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A call that was asked about is judged again before it runs: by the rules of that moment, for the
// grant as it is then. What was decided about it is good for the policy that asked, and no other.
#include "pipeline/asking_internal.h"

static bool end_with(struct exchange *ex, const char *rule, const char *text)
{
    exchange_deny(ex, slice_from_string(rule), slice_from_string(text), false, -1);
    exchange_finish(ex);
    return false;
}

// In the state before the judgement; what pointed into the old rules does so no more.
static void take_rules(struct exchange *ex, const struct identity_grant *grant,
                       const struct identity_reach *reach)
{
    struct rules *before = ex->rules;
    struct policy *policy = ex->policy;
    ex->rules = rules_ref(ex->pipeline->rules);
    ex->grant = grant;
    ex->reach = reach;
    ex->policy = NULL;
    if (reach->policy >= 0)
        ex->policy = policy_ref(ex->rules->given.policies[reach->policy].policy);
    ex->observe = grant->mode == IDENTITY_OBSERVE;
    ex->verdict = (struct policy_verdict){.outcome = POLICY_DENY};
    ex->rule = ex->reason = (struct slice){0};
    ex->denied = false;
    ex->retry_ms = -1;
    policy_unref(policy);
    rules_unref(before);
}

static bool is_not_paused(struct exchange *ex)
{
    enum step_result result = fuse_check_pause(ex);
    if (result == STEP_NEXT)
        return true;
    if (result == STEP_FAIL)
        exchange_refuse(ex, 500, MCP_ERROR_INTERNAL, "out of memory");
    exchange_finish(ex);
    return false;
}

void asking_take_token(struct exchange *ex, const struct exchange *with)
{
    if (ex->asking == NULL)
        return;
    ex->asking->has_token = with->token != NULL;
    if (with->token != NULL)
        memcpy(ex->asking->token, with->token->sha256, sizeof ex->asking->token);
}

bool asking_token_is_good(const struct exchange *ex, const struct rules *rules,
                          const struct identity_token **ret)
{
    *ret = NULL;
    if (!ex->asking->has_token)
        return true;
    *ret = identity_token_of(rules->given.grants, ex->asking->token, ex->grant->id,
                             loop_wall_ms(ex->pipeline->loop));
    return *ret != NULL;
}

static bool renew(struct exchange *ex)
{
    struct pipeline *pipeline = ex->pipeline;
    const struct identity_token *token;
    const struct identity_grant *grant =
        identity_by_id(pipeline->rules->given.grants, ex->grant->id);
    ex->observe = false; // it waited, so it was enforced
    if (grant == NULL ||
        (grant->expires_ms != 0 && grant->expires_ms <= loop_wall_ms(pipeline->loop)))
        return end_with(ex, "(grant ended)", "The grant has ended while the call waited.");
    if (!asking_token_is_good(ex, pipeline->rules, &token))
        return end_with(ex, "(token ended)",
                        "The token of this call was replaced while the call waited, or is over. "
                        "Call again with the new one.");
    struct slice name = upstream_server_options(ex->server)->name;
    const struct identity_reach *reach = identity_reach(grant, name);
    if (reach == NULL || upstream_find(pipeline->given.upstreams, name) != ex->server)
        return end_with(ex, "(server changed)",
                        "The server was changed while the call waited. Call again.");
    if (ex->asking->had_session && ex->session == NULL)
        return end_with(ex, "(session ended)", "The session has ended while the call waited.");
    take_rules(ex, grant, reach);
    ex->token = token;
    return is_not_paused(ex);
}

void asking_judge_again(struct exchange *ex)
{
    ex->asking->judged_again = false;
    if (!renew(ex))
        return;
    steps_return_to_judgement(ex);
    if (bridge_rescan(ex))
        steps_run(ex);
}
