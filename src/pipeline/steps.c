// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The steps, in order. A step looks at the exchange, may change it, and says what comes next; it
// never calls another step. What happens after the send, when the server answers, is in answer.c.
#include "pipeline/bridge_internal.h"

static const struct {
    const char *name;
    enum step_result (*run)(struct exchange *ex);
} steps[] = {
    {"decode", step_decode},            // bytes -> message; refuses what is ambiguous
    {"session", step_session},          // which conversation it belongs to
    {"headers", step_headers},          // do headers and body agree
    {"fuse", step_fuse},                // is the grant paused, or has it just run away
    {"decide", step_decide},            // the policy's verdict
    {"limit/check", step_check_limits}, // would the quotas allow it
    {"approval", step_approval},        // does a human have to be asked
    {"limit/reserve", step_reserve},    // take from the quotas, all or none
    {"approval/use", step_use},         // a person's approval is good for one call
    {"audit/intent", step_intent},      // nothing leaves that could not be logged
    {"bridge", step_bridge},            // client and server of two eras: translate
    {"upstream/send", step_send},       // to the server; the answer comes later
};

static void return_to(struct exchange *ex, enum step_result (*run)(struct exchange *ex))
{
    while (ex->step > 0 && (ex->step >= sizeof steps / sizeof *steps || steps[ex->step].run != run))
        ex->step--;
}

void steps_return_to_bridge(struct exchange *ex)
{
    return_to(ex, step_bridge);
}

void steps_return_to_judgement(struct exchange *ex)
{
    return_to(ex, step_decide);
}

void steps_run(struct exchange *ex)
{
    while (ex->step < sizeof steps / sizeof *steps) {
        switch (steps[ex->step].run(ex)) {
        case STEP_NEXT: ex->step++; break;
        case STEP_WAIT: return;
        case STEP_REPLY: exchange_finish(ex); return;
        case STEP_FAIL:
            // An internal error is a denial, never a way through.
            log_event(LOG_ERROR, "pipeline", "request %s failed in step '%s'", ex->request_id,
                      steps[ex->step].name);
            ex->outcome = OUTCOME_FAILED;
            limits_give_back(ex, false);
            exchange_answer_error(
                ex, 500, MCP_ERROR_INTERNAL,
                SLICE_LITERAL("internal error in the gateway; the call was not made"),
                (struct slice){0});
            exchange_finish(ex);
            return;
        }
    }
}
