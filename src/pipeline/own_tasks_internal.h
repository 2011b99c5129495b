// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks of the gateway's own. A client of 2025-11-25 that asked for a task waits for one, whatever
// becomes of its call: one that was denied, or that a server of 2026-07-28 answered at once,
// becomes a task that is over already and has that as its result.
#pragma once

#include "pipeline/pipeline_internal.h"

// Did this call ask for a task where tasks are offered?
bool own_task_due(const struct exchange *ex);
// Keeps the result (a raw object) and answers the call with a task. `judged`: it needs no judgement
// when it is asked for. ERROR_LIMIT, ERROR_NO_MEMORY: not answered.
int own_task_answer(struct exchange *ex, struct slice result, bool judged);
// tasks/get, tasks/result and tasks/cancel of such a task. STEP_NEXT: it is not one.
enum step_result own_task_step(struct exchange *ex);
void own_tasks_expire(struct session *session);
void own_tasks_release(struct session *session);
