// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A person's approval in rounds, for clients of 2026-07-28 ("Multi Round-Trip Requests"): the call
// is answered with input_required and a sealed ticket, and the client sends it again with that. A
// ticket says which question a call waits for, or, once the call runs, which of its rounds comes
// next; it gives no right of its own: who has none, or none that fits, is asked anew.
#pragma once

#include "approval/approval.h"
#include "pipeline/pipeline_internal.h"

enum rounds_answer {
    ROUNDS_UNANSWERED,
    ROUNDS_OPENED,   // the page was opened, which decides nothing
    ROUNDS_DECLINED, // the client's user does not want the call any more
};

// What came back of a ticket; of the exchange's arena.
struct rounds {
    struct approval_ticket ticket;
    unsigned char print[APPROVAL_PRINT_SIZE];
    enum rounds_answer answer;
};

// May this exchange be answered with input_required?
bool rounds_possible(const struct exchange *ex);
// Both of these must find the exchange's document as that of its message, leave it so, and take
// what is the gateway's own out of the message.
// Of a call that nobody is asked about. ERROR_NO_MEMORY.
int rounds_pass(struct exchange *ex) MUST_CHECK;
// Of one that somebody is to be asked about; `print` is of its arena. ERROR_NO_MEMORY.
enum rounds_way {
    ROUNDS_NEW,      // it brought nothing that counts
    ROUNDS_AGAIN,    // ex->held.rounds says which question it has waited for
    ROUNDS_GIVEN_UP, // the same, and its client does not want the call any more
    ROUNDS_RUNS,     // it is the next round of the run ex->run.name: nobody is asked
    ROUNDS_USED,     // it was the next round of a run once
};
int rounds_begin(struct exchange *ex, const unsigned char *print, enum rounds_way *ret) MUST_CHECK;
// The call goes on waiting for this question: its client gets the ticket for the next round, and,
// with a page, is asked to open that. 0, or an error: nothing was answered.
int rounds_answer(struct exchange *ex, const struct approval_ticket *ticket,
                  struct slice page) MUST_CHECK;

// ---- Rounds of the run. ex->run.name names what was approved; empty: nothing was.
// The requestState that its client gets in place of the server's (raw; empty: it has none), as
// text that needs no escape. Appended to `out`. ERROR_TOO_LARGE, ERROR_NO_MEMORY.
int rounds_seal_state(struct exchange *ex, struct slice state, struct buffer *out) MUST_CHECK;
// A server's answer to an approved call that asks something. False: it was answered with an error.
bool rounds_wrap(struct exchange *ex, struct upstream_message *message);
