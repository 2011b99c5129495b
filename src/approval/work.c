// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Jobs for one waiter.
#include "approval/approval_internal.h"

#include "base/memory.h"

enum { WORK_MEMORY_MAX = 4 * APPROVAL_ARGUMENTS_MAX };

struct approval_work *approval_work_new(struct approval_desk *desk, enum approval_work_kind kind)
{
    static int (*const runs[])(void *, struct store_view *,
                               struct error *) = {[WORK_ASK] = approval_ask_run,
                                                  [WORK_USE] = approval_use_run,
                                                  [WORK_PASS] = approval_pass_run};
    struct approval_work *work = memory_try_new(sizeof *work);
    if (work == NULL)
        return NULL;
    work->desk = desk;
    work->kind = kind;
    work->news = APPROVAL_UNAVAILABLE;
    arena_init(&work->arena, WORK_MEMORY_MAX);
    work->job = (struct store_job){.access = STORE_WRITE,
                                   .run = runs[kind],
                                   .done = kind == WORK_ASK ? approval_ask_done : approval_use_done,
                                   .argument = work};
    return work;
}

void approval_work_free(struct approval_work *work)
{
    if (work == NULL)
        return;
    memory_wipe_slice(work->call.arguments);
    arena_release(&work->arena);
    memory_free(work);
}

bool approval_work_submit(struct approval_work *work)
{
    if (work->desk->closing)
        return false;
    store_submit(work->desk->options.records, &work->job);
    return true;
}
