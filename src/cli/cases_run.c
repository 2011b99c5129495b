// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Cases against a policy: decided and counted as the gateway decides and counts, on a clock that
// the case sets.
#include "cli/cases_internal.h"

enum { CASE_MEMORY = 256 * 1024 * 1024, CALL_MEMORY = 64 * 1024 * 1024 };

struct session_count {
    uint64_t calls;
};

void cases_runner_init(struct case_runner *runner, const struct cases *cases)
{
    *runner = (struct case_runner){.cases = cases};
    arena_init(&runner->memory, CASE_MEMORY);
    arena_init(&runner->call_memory, CALL_MEMORY);
    json_doc_init(&runner->returned);
}

void cases_runner_release(struct case_runner *runner)
{
    arena_release(&runner->memory);
    arena_release(&runner->call_memory);
    json_doc_release(&runner->returned);
}

static struct pipeline_payer payer_of(const struct case_call *step, struct arena *arena)
{
    const struct policy_call *call = &step->call;
    struct slice parts[] = {call->server, call->grant_label, call->client_name, step->session};
    return (struct pipeline_payer){.server = call->server,
                                   .grant = call->grant_label,
                                   .client = call->client_name,
                                   .session = limit_key(arena, parts, 4)};
}

// The count of the step's session, begun where the file says. NULL when memory is short.
static struct session_count *session_of(struct case_runner *runner, const struct case_call *step)
{
    struct slice key = payer_of(step, &runner->call_memory).session;
    if (key.data == NULL)
        return NULL;
    struct session_count *count = table_get(&runner->sessions, key);
    if (count != NULL)
        return count;
    count = arena_take_zeroed(&runner->memory, sizeof *count);
    key = arena_copy(&runner->memory, key);
    if (count == NULL || key.data == NULL || table_put(&runner->sessions, key, count) != 0)
        return NULL;
    count->calls = step->call.session_calls;
    return count;
}

static void no_memory(struct case_verdict *ret)
{
    *ret = (struct case_verdict){.outcome = CASE_DENY,
                                 .rule = SLICE_LITERAL("(error)"),
                                 .reason = SLICE_LITERAL("out of memory")};
}

// ---- The limits

// An answer that says it failed is not counted where only successes are.
static bool has_failed(const struct cases *cases, const struct case_call *step)
{
    uint32_t flag = json_get(&cases->doc, step->result, "isError");
    return flag != JSON_NONE && json_type(&cases->doc, flag) == JSON_TRUE;
}

static void give_back(struct case_runner *runner, const struct policy_verdict *verdict,
                      const struct limit_receipt *receipts)
{
    for (size_t i = 0; i < verdict->charge_count + verdict->watched_count; i++)
        if (verdict->charges[i].successes_only)
            limit_give_back(runner->limits, &receipts[i]);
}

static void would_deny(struct case_verdict *ret, struct slice rule, struct slice reason)
{
    if (!ret->observed.noted || ret->observed.outcome == POLICY_ASK)
        ret->observed = (struct policy_observation){
            .noted = true, .outcome = POLICY_DENY, .rule = rule, .reason = reason};
}

// Limits that only observe: each for itself, and a full one stops nothing.
static void watch(struct case_runner *runner, const struct policy_verdict *verdict,
                  const struct limit_charge *charges, int64_t now_ms,
                  struct limit_receipt *receipts, struct case_verdict *ret)
{
    for (size_t i = 0; i < verdict->watched_count; i++) {
        const struct policy_charge *charge = &verdict->charges[verdict->charge_count + i];
        size_t index = 0;
        int64_t retry_ms = -1;
        if (limit_reserve(runner->limits, &charges[i], 1, now_ms, &receipts[i], &index,
                          &retry_ms) != 0)
            would_deny(ret, charge->rule,
                       pipeline_limit_reason(charge, retry_ms, &runner->call_memory));
    }
}

// A call that would ask a person is only looked at, as in the gateway: it is charged once somebody
// agreed, and nobody does here.
static void charge(struct case_runner *runner, const struct case_call *step,
                   const struct policy_verdict *verdict, struct case_verdict *ret)
{
    struct arena *arena = &runner->call_memory;
    struct pipeline_payer payer = payer_of(step, arena);
    size_t count = verdict->charge_count, index = 0;
    int64_t retry_ms = -1, now = step->call.now_ms;
    struct limit_charge *charges =
        payer.session.data == NULL ? NULL : pipeline_charges(verdict, &payer, arena);
    struct limit_receipt *receipts =
        arena_take_zeroed(arena, (count + verdict->watched_count) * sizeof *receipts);
    if (charges == NULL || receipts == NULL) {
        no_memory(ret);
        return;
    }
    int result =
        count == 0 ? 0
        : ret->outcome == CASE_ASK
            ? limit_check(runner->limits, charges, count, now, &index, &retry_ms)
            : limit_reserve(runner->limits, charges, count, now, receipts, &index, &retry_ms);
    if (result == 0 && ret->outcome == CASE_ALLOW)
        watch(runner, verdict, charges + count, now, receipts + count, ret);
    if (result == 0 && ret->outcome == CASE_ALLOW && has_failed(runner->cases, step))
        give_back(runner, verdict, receipts);
    if (result == 0)
        return;
    if (result != ERROR_LIMIT) {
        no_memory(ret);
        return;
    }
    ret->outcome = CASE_DENY;
    ret->rule = verdict->charges[index].rule;
    ret->reason = pipeline_limit_reason(&verdict->charges[index], retry_ms, arena);
}

// ---- What comes back

// The result's text with what the policy changes in it.
static struct slice apply(const struct json_doc *doc, uint32_t result,
                          const struct policy_answer_verdict *verdict, struct arena *arena)
{
    struct buffer out;
    uint32_t at = json_at(doc, result)->start, end = at + json_at(doc, result)->length;
    buffer_init(&out, 0);
    for (size_t i = 0; i < verdict->change_count; i++) {
        const struct policy_change *change = &verdict->changes[i];
        buffer_append(&out, slice_of(doc->text.data + at, change->start - at));
        buffer_append(&out, change->replacement);
        at = change->start + change->length;
    }
    buffer_append(&out, slice_of(doc->text.data + at, end - at));
    struct slice text = out.failed ? (struct slice){0} : arena_copy(arena, buffer_slice(&out));
    buffer_release(&out);
    return text;
}

static void judge_result(struct case_runner *runner, const struct policy_call *call,
                         uint32_t result, struct case_verdict *ret)
{
    struct arena *arena = &runner->call_memory;
    struct policy_answer answer = {.doc = &runner->cases->doc, .whole = result, .result = result};
    struct policy_answer_verdict verdict;
    policy_decide_answer(runner->cases->policy, call, &answer, arena, &verdict);
    if (verdict.denied) {
        ret->outcome = CASE_DENY;
        ret->rule = verdict.rule;
        ret->reason = pipeline_withheld_reason(call->subject, verdict.reason, arena);
        return;
    }
    if (verdict.observed.noted)
        would_deny(ret, verdict.observed.rule, verdict.observed.reason);
    struct slice text = apply(answer.doc, result, &verdict, arena);
    if (text.data == NULL || json_scan(&runner->returned, text, NULL, NULL, NULL) != 0)
        no_memory(ret);
    else
        ret->returned = &runner->returned;
}

// ---- One call

static void judge(struct case_runner *runner, const struct case_call *step,
                  struct policy_call *call, struct session_count *session, struct case_verdict *ret)
{
    static const enum case_outcome outcomes[] = {
        [POLICY_ALLOW] = CASE_ALLOW, [POLICY_DENY] = CASE_DENY, [POLICY_ASK] = CASE_ASK};
    struct policy_verdict verdict;
    policy_decide(runner->cases->policy, call, &runner->call_memory, &verdict);
    *ret = (struct case_verdict){.outcome = verdict.hidden ? CASE_HIDE : outcomes[verdict.outcome],
                                 .rule = verdict.rule,
                                 .reason = verdict.reason,
                                 .observed = verdict.observed};
    if (verdict.outcome != POLICY_DENY && verdict.charge_count + verdict.watched_count > 0)
        charge(runner, step, &verdict, ret);
    if (ret->outcome == CASE_ALLOW && call->subject == POLICY_TOOL)
        session->calls++;
    call->session_calls = session->calls;
    if (ret->outcome == CASE_ALLOW && step->result != JSON_NONE)
        judge_result(runner, call, step->result, ret);
    if (ret->outcome == CASE_ALLOW && ret->observed.noted && step->expect == CASE_OBSERVE) {
        ret->outcome = CASE_OBSERVE;
        ret->rule = ret->observed.rule;
        ret->reason = ret->observed.reason;
    }
}

static void decide(struct case_runner *runner, const struct case_call *step, bool first,
                   struct case_verdict *ret)
{
    struct policy_call call = step->call;
    arena_clear(&runner->call_memory);
    struct session_count *session = session_of(runner, step);
    struct case_fuse *fuse = cases_fuse_of(runner, call.grant_label);
    if (session == NULL || fuse == NULL) {
        no_memory(ret);
        return;
    }
    if (first && step->sets_session_calls)
        session->calls = call.session_calls;
    call.doc = &runner->cases->doc;
    call.watcher = runner->coverage == NULL ? NULL : coverage_watcher(runner->coverage);
    call.session_calls = session->calls;
    if (!cases_fuse_stops(runner, fuse, &call, ret))
        judge(runner, step, &call, session, ret);
    cases_fuse_note(runner, fuse, &call, ret);
    if (runner->coverage != NULL)
        coverage_decided(runner->coverage, step, ret);
}

static bool holds(struct slice text, struct slice part)
{
    for (size_t i = 0; i + part.length <= text.length; i++)
        if (memcmp(text.data + i, part.data, part.length) == 0)
            return true;
    return false;
}

static bool is_as_expected(const struct cases *cases, const struct case_call *step,
                           const struct case_verdict *verdict)
{
    if (step->returns != JSON_NONE && verdict->returned != NULL &&
        !json_equal(&cases->doc, step->returns, verdict->returned, 0))
        return false;
    if (step->listed >= 0 && verdict->listed != (step->listed == 1))
        return false;
    if (step->expect == CASE_ANY)
        return true;
    return verdict->outcome == step->expect &&
           (step->rule.data == NULL || slice_equal(step->rule, verdict->rule)) &&
           (step->reason.data == NULL || holds(verdict->reason, step->reason));
}

static bool run_step(struct case_runner *runner, const struct case_call *step,
                     struct case_failure *ret)
{
    for (int64_t i = 1; i <= step->repeat; i++) {
        *ret = (struct case_failure){.step = step, .repetition = i};
        if (step->expect != CASE_ANY)
            decide(runner, step, i == 1, &ret->verdict);
        if (step->listed >= 0)
            ret->verdict.listed = policy_lists(runner->cases->policy, step->call.subject,
                                               step->call.name, step->call.category);
        if (!is_as_expected(runner->cases, step, &ret->verdict))
            return false;
    }
    return true;
}

bool cases_run(struct case_runner *runner, const struct case_entry *entry,
               struct case_failure *ret_failure)
{
    bool passed = true;
    arena_clear(&runner->memory);
    table_init(&runner->sessions);
    table_init(&runner->fuses);
    runner->limits = limit_table_new(0);
    for (size_t i = 0; passed && i < entry->step_count; i++)
        passed = run_step(runner, &entry->steps[i], ret_failure);
    limit_table_free(runner->limits);
    table_release(&runner->sessions);
    table_release(&runner->fuses);
    return passed;
}
