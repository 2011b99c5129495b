// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The step that asks a person, and the one that uses the answer up. Between them the call may wait
// for minutes; when it goes on it is judged again from the beginning (asking_again.c).
#include "pipeline/asking_internal.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/page_internal.h"
#include "pipeline/replay_internal.h"
#include "pipeline/rounds_internal.h"

enum { TIMES_MAX = 3 }; // a call is asked anew, when others used its approvals up

static const char used_text[] = "What was approved was already used, or its question is over. Call "
                                "again without requestState to ask once more.";

static enum step_result deny(struct exchange *ex, const char *text)
{
    struct slice reason =
        arena_format(&ex->arena, "%.*s %s", SLICE_PRINT(ex->verdict.reason), text);
    return exchange_deny(ex, ex->verdict.rule, reason, false, -1);
}

// ---- What the desk says

static void end_with_denial(struct exchange *ex, const char *text, const char *logged)
{
    ex->approval = arena_copy(&ex->arena, slice_from_string(ex->asking->waiter.id));
    if (ex->approval.data == NULL)
        ex->approval = (struct slice){0};
    page_settle(ex);
    deny(ex, text);
    if (logged != NULL)
        ex->reason = slice_from_string(logged);
    exchange_finish(ex);
}

// The same for no and for no answer: there is nothing to find out by asking again.
static void end_unapproved(struct exchange *ex, enum approval_news news)
{
    end_with_denial(ex, "This was not approved. Do not call it again with the same arguments.",
                    news == APPROVAL_REJECTED ? "a person said no" : "nobody approved it in time");
}

// Held calls are counted apart from those in flight.
static bool count_again(struct exchange *ex)
{
    enum step_result result = ex->counted != NULL ? STEP_NEXT : session_count_call(ex);
    if (result == STEP_NEXT)
        return true;
    ex->outcome = OUTCOME_REFUSED;
    if (result == STEP_FAIL)
        exchange_refuse(ex, 500, MCP_ERROR_INTERNAL, "out of memory");
    approval_leave(&ex->asking->waiter, APPROVAL_COMES_AGAIN);
    exchange_finish(ex);
    return false;
}

static void go_on(struct exchange *ex)
{
    ex->asking->stage = ASKING_MAY_RUN;
    page_settle(ex);
    asking_let_go(ex);
    ex->approval = arena_copy(&ex->arena, slice_from_string(ex->asking->waiter.id));
    if (ex->approval.data == NULL)
        end_with_denial(ex, "There is no memory for it.", NULL);
    else if (count_again(ex))
        asking_judge_again(ex);
}

// What nobody is there for does not run (docs/approvals.md).
static void may_go_on(struct exchange *ex)
{
    ex->asking->waits_for_client = replay_is_detached(ex);
    if (!ex->asking->waits_for_client)
        go_on(ex);
}

void asking_returned(struct exchange *ex)
{
    if (asking_is_held(ex) && ex->asking->waits_for_client)
        may_go_on(ex);
}

static void ask_anew(struct exchange *ex)
{
    ex->asking->waits_for_client = false;
    limits_give_back(ex, false);
    ex->asking->stage = ASKING_NEW;
    ex->approval = (struct slice){0};
    asking_let_go(ex);
    if (count_again(ex))
        asking_judge_again(ex);
}

static void send_it(struct exchange *ex)
{
    ex->asking->stage = ASKING_USED;
    if (ex->modern) { // an exception is good for several runs
        ex->run.name =
            arena_format(&ex->arena, "%.*s.%s", SLICE_PRINT(ex->approval), ex->request_id);
        ex->run.print = ex->asking->print;
    }
    if (bridge_rescan(ex))
        steps_run(ex);
}

static void told_cb(void *argument, enum approval_news news)
{
    struct exchange *ex = ((struct asking *)argument)->ex;
    enum asking_stage stage = ex->asking->stage;
    switch (news) {
    case APPROVAL_ASKED:
        if (stage == ASKING_SUBMITTED)
            asking_hold(ex);
        return;
    case APPROVAL_FULL: asking_answer_pending(ex); return;
    case APPROVAL_APPROVED:
    case APPROVAL_EXEMPT:
        if (stage < ASKING_MAY_RUN)
            may_go_on(ex);
        return;
    case APPROVAL_USED: send_it(ex); return;
    case APPROVAL_GONE:
        if (ex->held.rounds != NULL) // its client holds a ticket of that question, and of no other
            end_with_denial(ex, used_text, NULL);
        else
            ask_anew(ex);
        return;
    case APPROVAL_REJECTED:
    case APPROVAL_EXPIRED:
        limits_give_back(ex, false);
        end_unapproved(ex, news);
        return;
    case APPROVAL_FLOODED:
        end_with_denial(ex,
                        "Too many calls of this grant wait for a person already: wait until "
                        "these are decided.",
                        NULL);
        return;
    case APPROVAL_UNAVAILABLE:
        limits_give_back(ex, false);
        end_with_denial(ex,
                        "This call needs a person's approval, which cannot be written down now, "
                        "so it is denied.",
                        NULL);
        return;
    }
}

// ---- The steps

static bool is_as_asked(const struct exchange *ex)
{
    const struct asking *asking = ex->asking;
    return slice_equal(asking->policy, policy_name(ex->policy)) &&
           slice_equal(asking->version, policy_version(ex->policy));
}

static struct asking *asking_new(struct exchange *ex)
{
    struct asking *asking = arena_take_zeroed(&ex->arena, sizeof *asking);
    if (asking == NULL)
        return NULL;
    asking->ex = ex;
    asking->waiter.told = told_cb;
    asking->waiter.argument = asking;
    ex->opens_pages = ex->modern && page_declared(ex);
    asking->way = asking_way_of(ex);
    asking->since_us = loop_now_us(ex->pipeline->loop);
    asking->had_session = ex->session != NULL;
    list_init(&asking->link);
    ex->asking = asking;
    asking_take_token(ex, ex);
    return asking;
}

// Until it is decided it is none of the calls in flight, which others must have room for.
static enum step_result wait_for_it(struct exchange *ex)
{
    struct pipeline *pipeline = ex->pipeline;
    ex->asking->stage = ASKING_SUBMITTED;
    if (ex->counted != NULL)
        usage_give_back(&ex->counted->calls);
    ex->counted = NULL;
    if (list_empty(&pipeline->asking))
        loop_timer_start(pipeline->asking_tick, ASKING_TICK_MS, ASKING_TICK_MS);
    list_append(&pipeline->asking, &ex->asking->link);
    return STEP_WAIT;
}

// What a client of 2026-07-28 brought back. STEP_NEXT: it is asked about.
static enum step_result take_round(struct exchange *ex)
{
    struct asking *asking = ex->asking;
    struct approval_desk *desk = ex->pipeline->given.desk;
    enum rounds_way way = ROUNDS_NEW;
    if (rounds_begin(ex, asking->print, &way) != 0)
        return STEP_FAIL;
    if (way == ROUNDS_RUNS)
        asking->stage = ASKING_USED;
    if (way == ROUNDS_GIVEN_UP)
        approval_withdraw(desk, ex->held.rounds->ticket.name);
    if (way == ROUNDS_GIVEN_UP)
        return deny(ex, "It was given up by the client's user.");
    bool stands = way != ROUNDS_AGAIN || approval_stands(desk, ex->held.rounds->ticket.name);
    return way == ROUNDS_USED || !stands ? deny(ex, used_text) : STEP_NEXT;
}

static enum step_result ask(struct exchange *ex)
{
    struct approval_call call;
    struct asking *asking = ex->asking != NULL ? ex->asking : asking_new(ex);
    if (asking == NULL || !send_keep_text(ex) || !headers_keep(ex))
        return STEP_FAIL;
    if (asking->times++ == TIMES_MAX)
        return deny(ex, "What was approved ran already. Call again to ask once more.");
    int result = asking_describe(ex, &call);
    if (result == 0) {
        asking->policy = arena_copy(&ex->arena, call.policy);
        asking->version = arena_copy(&ex->arena, call.policy_version);
        result = asking->policy.data == NULL || asking->version.data == NULL ? ERROR_NO_MEMORY : 0;
        memcpy(asking->print, call.print, sizeof asking->print);
    }
    enum step_result round = result == 0 && asking->times == 1 ? take_round(ex) : STEP_NEXT;
    if (round != STEP_NEXT)
        return round;
    if (asking->stage == ASKING_USED)
        return STEP_NEXT;                                  // the next round of what runs already
    approval_leave(&asking->waiter, APPROVAL_COMES_AGAIN); // of what it was asked before
    if (result == 0)
        result = approval_ask(ex->pipeline->lane, &asking->waiter, &call);
    if (result == ERROR_TOO_LARGE)
        return deny(ex, "This call needs a person's approval, and its arguments are more than a "
                        "person can be shown.");
    return result == 0 ? wait_for_it(ex) : STEP_FAIL;
}

// The policy does not ask any more: what people say of it does not matter.
static enum step_result pass(struct exchange *ex)
{
    if (ex->asking != NULL && ex->asking->stage == ASKING_MAY_RUN) {
        approval_leave(&ex->asking->waiter, APPROVAL_OVERTAKES);
        ex->asking->stage = ASKING_USED;
        ex->approval = (struct slice){0};
    }
    return ex->asking != NULL || rounds_pass(ex) == 0 ? STEP_NEXT : STEP_FAIL;
}

enum step_result step_approval(struct exchange *ex)
{
    if (ex->method == MCP_CANCELLED && ex->message_kind == MCP_NOTIFICATION && asking_cancel(ex)) {
        exchange_answer(ex, 202, (struct slice){0}); // the server never heard of that call
        return STEP_REPLY;
    }
    if (ex->denied || ex->verdict.outcome != POLICY_ASK)
        return pass(ex);
    if (ex->observe)
        return rounds_pass(ex) == 0 ? deny(ex, "A person would be asked.") : STEP_FAIL;
    if (ex->asking != NULL && ex->asking->stage == ASKING_MAY_RUN && is_as_asked(ex)) {
        ex->asking->judged_again = true;
        return STEP_NEXT;
    }
    if (ex->pipeline->lane == NULL)
        return deny(ex, "This call needs a person's approval, and this gateway has no database to "
                        "ask with (serve --data), so it is denied.");
    if (ex->message_kind != MCP_REQUEST)
        return deny(ex, "A notification cannot wait for a person.");
    return ask(ex);
}

enum step_result step_use(struct exchange *ex)
{
    if (ex->asking == NULL || ex->asking->stage != ASKING_MAY_RUN)
        return STEP_NEXT;
    ex->asking->stage = ASKING_USING;
    return approval_use(&ex->asking->waiter) == 0 ? STEP_WAIT : STEP_FAIL;
}

// ---- The end

static enum approval_leaving why_it_ends(const struct exchange *ex)
{
    const struct asking *asking = ex->asking;
    if (ex->pipeline->stopping)
        return APPROVAL_COMES_AGAIN;
    if (ex->client_gone || asking->stage != ASKING_MAY_RUN)
        return ex->held.rounds != NULL ? APPROVAL_WITHDRAWS : APPROVAL_GIVES_UP;
    // A limit that is full is no word against the approval.
    return asking->judged_again ? APPROVAL_COMES_AGAIN : APPROVAL_OVERTAKES;
}

void asking_release(struct exchange *ex)
{
    if (ex->asking == NULL)
        return;
    approval_leave(&ex->asking->waiter, why_it_ends(ex));
    page_settle(ex); // an answer that comes later must not go to the server
    asking_let_go(ex);
    ex->asking = NULL;
}

bool asking_cancel(struct exchange *ex)
{
    struct slice wanted = send_cancelled_id(ex);
    if (wanted.length == 0)
        return false;
    LIST_EACH(&ex->session->exchanges, item)
    {
        struct exchange *other = LIST_ENTRY(item, struct exchange, session_link);
        bool waits = other->asking != NULL && other->asking->stage != ASKING_USED;
        if (other == ex || !waits || !slice_equal(other->id, wanted))
            continue;
        limits_give_back(other, false);
        other->outcome = OUTCOME_DENIED;
        other->reason = SLICE_LITERAL("its client cancelled it while it waited for a person");
        other->client_gone = other->client_gone || other->face == &stdio_face;
        exchange_finish(other);
        return true;
    }
    return false;
}

bool asking_take_answer(struct exchange *ex)
{
    struct exchange *held = NULL;
    if (!page_take_answer(ex, &held))
        return false;
    if (held != NULL && held->asking != NULL && held->asking->stage == ASKING_HELD) {
        approval_leave(&held->asking->waiter, APPROVAL_WITHDRAWS);
        end_with_denial(held, "It was given up by the client's user.", NULL);
    }
    return true;
}
