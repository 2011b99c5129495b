// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait for a person (docs/approvals.md): the step, how a client is kept waiting, and
// what becomes of the call when it is decided.
#pragma once

#include "approval/approval.h"
#include "pipeline/bridge_internal.h"

enum { ASKING_TICK_MS = 250 };

enum asking_stage {
    ASKING_NEW,
    ASKING_SUBMITTED, // it is being written down
    ASKING_HELD,      // nobody has decided it
    ASKING_MAY_RUN,   // approved or exempt; it is judged again
    ASKING_USING,     // that is being written down
    ASKING_USED,      // this call may go out
};

// How a client is kept waiting. One for each kind of client.
struct asking_way {
    const char *name;
    // For so long its call is held, of what the policy says; 0: not at all.
    uint64_t (*hold_ms)(const struct exchange *ex, uint64_t wait_ms);
    // The call is held from now on.
    void (*begin)(struct exchange *ex);
    // The time is over: answers, and says whether the client may come again.
    void (*over)(struct exchange *ex);
};

struct asking {
    struct approval_waiter waiter;
    struct list link; // pipeline->asking
    struct exchange *ex;
    const struct asking_way *way;
    enum asking_stage stage;
    unsigned times;    // how often it was asked
    bool judged_again; // the policy asks still
    bool had_session;
    bool has_token;
    bool waits_for_client;   // it may run as soon as its client has come back
    unsigned char token[32]; // what its client came with, as identity/ knows it
    unsigned char print[APPROVAL_PRINT_SIZE];
    struct slice policy, version; // in the arena
    uint64_t since_us, until_us, told_us;
};

// ---- approval.c
// The client does not want the call of this request id any more. True: it waited for a person, and
// is over.
bool asking_cancel(struct exchange *ex);
// An answer of the client: is it to the page that it was offered? Then it was answered.
bool asking_take_answer(struct exchange *ex);
// Its client has come back to its stream; the exchange may be gone afterwards.
void asking_returned(struct exchange *ex);
// The exchange ends, whichever way.
void asking_release(struct exchange *ex);
// ---- fuse.c
// Is its grant paused? Then it was answered (STEP_REPLY).
enum step_result fuse_check_pause(struct exchange *ex);
// What became of a tool call, for a policy that counts denials in a row.
void fuse_note_outcome(struct exchange *ex);
// ---- asking_call.c: what a person is asked
int asking_describe(struct exchange *ex, struct approval_call *ret) MUST_CHECK;
// ---- asking_ways.c
// By what the client can do; the exchange's document must be that of its message.
const struct asking_way *asking_way_of(const struct exchange *ex);
// ---- asking_hold.c
void asking_note_pending(struct exchange *ex); // for the log
// Its client has to come again: answers with [APPROVAL PENDING], and ends the exchange.
void asking_answer_pending(struct exchange *ex);
void asking_hold(struct exchange *ex);
bool asking_is_held(const struct exchange *ex);
void asking_let_go(struct exchange *ex); // it is held no more
int asking_open(struct pipeline *pipeline) MUST_CHECK;
void asking_close(struct pipeline *pipeline);
// The gateway stops: who waits is told to come again.
void asking_drain(struct pipeline *pipeline);
// ---- asking_again.c
// Judges the call once more, by the rules of now. The exchange may be gone afterwards.
void asking_judge_again(struct exchange *ex);
// The client has come back with the token of that exchange.
void asking_take_token(struct exchange *ex, const struct exchange *with);
// May who came with the call's token still call? `ret` is that token, of these rules, or NULL when
// it came without one.
bool asking_token_is_good(const struct exchange *ex, const struct rules *rules,
                          const struct identity_token **ret);
