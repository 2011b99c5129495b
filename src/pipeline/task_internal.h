// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Whose tasks there are (origin.c), and what a session of 2025-11-25 keeps for them: own_tasks.c
// and held_news.c. Included by pipeline_internal.h.
#pragma once

#include "base/list.h"
#include "base/slice.h"
#include "mcp/mcp.h"

struct exchange;
struct rounds;
struct session;
struct upstream_message;

struct exchange_held {
    struct slice task;     // that is its client (held_run.c); empty: it has another
    bool awaits;           // tasks/result of such a task that is not over
    struct rounds *rounds; // what came back of the question that it waits for (rounds.c); or NULL
    struct slice page;     // raw id of the question that offered a page (page.c); empty: none
};
// Of an approved call, what its rounds are bound to (rounds.c).
struct exchange_run {
    struct slice name; // empty: nothing was approved
    unsigned round;
    const unsigned char *print; // APPROVAL_PRINT_SIZE bytes
};

struct session_tasks {
    bool offered;    // its server takes calls as tasks
    struct list own; // of the gateway's own, oldest first
    size_t own_count;
    struct list news; // that overtook the answer of its call, oldest first
    size_t news_count, news_bytes;
};

// origin.c
// A task is its grant's: no other grant may ask for it.
bool origin_is_task_method(enum mcp_method method);
void origin_note_task(struct exchange *ex, struct slice task, struct slice tool);
bool origin_has_task(const struct exchange *ex, struct slice task);
struct slice origin_of_task(struct exchange *ex, struct slice task); // empty: unknown

// own_tasks.c: a client that asked for a task waits for one, whatever becomes of its call. One that
// was denied, or that a server of 2026-07-28 answered at once, becomes a task that is over already
// and has that as its result.
// Did this call ask for a task where tasks are offered?
bool own_task_due(const struct exchange *ex);
// Keeps the result (a raw object) and answers the call with a task. `judged`: it needs no judgement
// when it is asked for. ERROR_LIMIT: no room, nothing was answered.
int own_task_answer(struct exchange *ex, struct slice result, bool judged);
// tasks/get, tasks/result and tasks/cancel of such a task. STEP_NEXT: it is not one.
enum step_result own_task_step(struct exchange *ex);
void own_tasks_expire(struct session *session);
void own_tasks_release(struct session *session);

// held_news.c: news of a task that overtakes the answer of the call that becomes it. Whose task it
// is is known by that answer only, so the news waits for it, and goes when no such call is left.
// Keeps news of an unknown task while a call of the session may become that task. False: none may.
bool held_news_keep(struct exchange *ex, struct session *session,
                    const struct upstream_message *message);
// A call that asked for a task is over: what waited for it goes on, or is refused.
void held_news_settle(struct exchange *ex);
void held_news_release(struct session *session);
