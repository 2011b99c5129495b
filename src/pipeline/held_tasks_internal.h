// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait for a person as tasks of the gateway's own: the client has its task at once, and
// the call waits and runs without it. held_tasks.c knows which tasks there are, for all workers and
// in memory alone; held_run.c is the call behind one.
#pragma once

#include "bridge/bridge.h"
#include "pipeline/pipeline_internal.h"

enum {
    HELD_TASKS_MAX = 1000,
    HELD_TASKS_PER_GRANT = 100,
    HELD_TASKS_BYTES = 64 * 1024 * 1024, // of results, and of all of them
    HELD_TASK_ID_SIZE = 43,              // with its NUL
    HELD_TASK_KEPT_MS = 5 * 60 * 1000,   // when it is over
};

struct held_tasks;
struct held_tasks *held_tasks_new(void);
void held_tasks_free(struct held_tasks *tasks); // NULL accepted
// Any thread, all of these. A task is found by its own grant at its own server only.
struct held_task_owner {
    struct slice grant, server;
};
// A new one, working, that lives at most so long. ERROR_LIMIT, ERROR_NO_MEMORY.
int held_tasks_add(struct held_tasks *tasks, const struct held_task_owner *owner, int64_t ttl_ms,
                   char ret_id[HELD_TASK_ID_SIZE]) MUST_CHECK;
// It is over, with this raw result or error; it stays cancelled when it is. An outcome that there
// is no room for makes it a failure that says so.
void held_tasks_finish(struct held_tasks *tasks, struct slice id, enum bridge_task_status status,
                       struct slice outcome);
// What the task is, as an object for bridge/; ERROR_NOT_FOUND, ERROR_NO_MEMORY.
int held_tasks_show(struct held_tasks *tasks, const struct held_task_owner *owner, struct slice id,
                    struct buffer *out, enum bridge_task_status *ret) MUST_CHECK;
// False: there is no such task, or it is over.
bool held_tasks_cancel(struct held_tasks *tasks, const struct held_task_owner *owner,
                       struct slice id);
// Nobody waits for what becomes of it: it was cancelled or is forgotten.
bool held_tasks_is_unwanted(struct held_tasks *tasks, struct slice id);

// ---- held_run.c
// Answers the call with a task, and makes it anew behind that. 0, or an error: nothing was
// answered, and nothing runs.
int held_run_begin(struct exchange *first, int64_t ttl_ms) MUST_CHECK;
// tasks/get, tasks/result, tasks/update and tasks/cancel of such a task. STEP_NEXT: it is none.
enum step_result held_task_step(struct exchange *ex);
// Ends what waits for a task that is over, and calls whose task nobody wants any more.
void held_run_sweep(struct pipeline *pipeline);
