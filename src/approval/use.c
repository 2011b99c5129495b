// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Using an approval up, on the writer's thread: what is committed here runs once, and what is not
// does not run.
#include "approval/approval_internal.h"

#include "base/log.h"

// Does its waiter still want it, and does the desk know nothing that speaks against it?
static bool may_begin(struct approval_work *work)
{
    struct approval_desk *desk = work->desk;
    pthread_mutex_lock(&desk->lock);
    const struct approval_entry *entry = table_get(&desk->by_id, work->id);
    bool good = work->waiter != NULL && entry != NULL && entry->state == STORE_APPROVED;
    bool over = good && approval_is_over(desk, entry->expires_ms, entry->deadline_us);
    pthread_mutex_unlock(&desk->lock);
    work->news = over ? APPROVAL_EXPIRED : APPROVAL_GONE;
    return good && !over;
}

int approval_use_run(void *argument, struct store_view *view, struct error *error)
{
    struct approval_work *work = argument;
    struct store_question row = {.state = STORE_ASKED};
    int64_t now_ms = approval_wall_ms(work->desk), yes = 0;
    if (!may_begin(work))
        return 0;
    int result = store_get_question(view, work->organisation, work->id, &row, error);
    if (result != 0)
        return result;
    if (row.state != STORE_APPROVED)
        return 0;
    result = work->desk->options.count_votes(view, &row, now_ms, &yes, error);
    if (result != 0)
        return result;
    bool enough = yes >= row.approvers && yes > 0;
    row.state = enough ? STORE_RAN : STORE_OVERTAKEN;
    row.ran_ms = enough ? now_ms : 0;
    if (!enough)
        row.note = SLICE_LITERAL("somebody who approved it may not approve any more");
    work->news = enough ? APPROVAL_USED : APPROVAL_GONE;
    return store_change_question(view, &row, error);
}

static bool pass_is_live(struct approval_work *work)
{
    struct approval_desk *desk = work->desk;
    pthread_mutex_lock(&desk->lock);
    const struct approval_pass *pass = approval_pass_of_id(desk, work->id);
    bool live = work->waiter != NULL && pass != NULL && !pass->spent &&
                !approval_is_over(desk, pass->expires_ms, pass->deadline_us);
    pthread_mutex_unlock(&desk->lock);
    return live;
}

int approval_pass_run(void *argument, struct store_view *view, struct error *error)
{
    struct approval_work *work = argument;
    struct store_exception row = {.uses = 0};
    work->news = APPROVAL_GONE;
    if (!pass_is_live(work))
        return 0;
    int result = store_get_exception(view, work->organisation, work->id, &row, error);
    if (result != 0)
        return result == ERROR_NOT_FOUND ? 0 : result;
    if (row.revoked_ms != 0 || (row.most_uses != 0 && row.uses >= row.most_uses))
        return 0;
    row.uses++;
    work->news = APPROVAL_USED;
    return store_change_exception(view, &row, error);
}

void approval_use_done(void *argument, int result, const struct error *error)
{
    struct approval_work *work = argument;
    struct approval_desk *desk = work->desk;
    pthread_mutex_lock(&desk->lock);
    if (result != 0) {
        log_event(LOG_ERROR, "approval", "an approval cannot be used: %s", error->text);
        desk->figures.failed++;
    }
    struct approval_entry *entry = table_get(&desk->by_id, work->id);
    if (entry != NULL) {
        entry->users--;
        entry->delivered = entry->delivered || (result != 0 && work->waiter != NULL);
        if (result == 0 && work->news == APPROVAL_EXPIRED && approval_is_open(entry->state)) {
            entry->heard = work->waiter != NULL;
            approval_entry_end(desk, entry, STORE_EXPIRED);
        } else {
            approval_entry_left(desk, entry);
        }
    }
    if (work->waiter != NULL) {
        work->waiter->work = NULL;
        approval_tell(work->waiter, result == 0 ? work->news : APPROVAL_UNAVAILABLE);
    }
    approval_settle_some(desk);
    pthread_mutex_unlock(&desk->lock);
    approval_work_free(work);
}
