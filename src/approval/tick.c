// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What ends without anybody's word: questions whose time is over, those that nobody wants any more.
// It counts at once, and is written down as soon as that is possible.
#include "approval/approval_internal.h"

#include "base/log.h"

static const uint64_t unheard_us = UINT64_C(3600) * 1000 * 1000;

static int settle_run(void *argument, struct store_view *view, struct error *error)
{
    struct approval_desk *desk = argument;
    struct approval_settle *settle = &desk->settle;
    for (size_t i = 0; i < settle->count; i++) {
        struct store_question row = {.state = STORE_ASKED};
        int result = store_get_question(view, slice_from_string(settle->items[i].organisation),
                                        slice_from_string(settle->items[i].id), &row, error);
        if (result == ERROR_NOT_FOUND)
            continue;
        bool open = result == 0 && approval_is_open(row.state);
        if (settle->items[i].reads)
            settle->items[i].state = row.state;
        row.state = settle->items[i].state;
        if (open && !settle->items[i].reads)
            result = store_change_question(view, &row, error);
        if (result != 0)
            return result;
    }
    return 0;
}

static void settle_done(void *argument, int result, const struct error *error)
{
    struct approval_desk *desk = argument;
    struct approval_settle *settle = &desk->settle;
    pthread_mutex_lock(&desk->lock);
    settle->busy = false;
    if (result != 0)
        log_event(LOG_WARNING, "approval", "the end of questions cannot be written down: %s",
                  error->text);
    for (size_t i = 0; i < settle->count && result == 0; i++) {
        struct approval_entry *entry =
            table_get(&desk->by_id, slice_from_string(settle->items[i].id));
        if (entry == NULL)
            continue;
        entry->stale = false;
        if (settle->items[i].reads) {
            if (!entry->unwritten)
                approval_entry_turn(desk, entry, settle->items[i].state);
            continue;
        }
        entry->unwritten = false;
        approval_entry_settle(desk, entry);
    }
    if (result == 0)
        approval_settle_some(desk);
    pthread_mutex_unlock(&desk->lock);
}

void approval_settle_some(struct approval_desk *desk)
{
    struct approval_settle *settle = &desk->settle;
    if (settle->busy || desk->closing)
        return;
    settle->count = 0;
    LIST_EACH(&desk->entries, item)
    {
        const struct approval_entry *entry = LIST_ENTRY(item, struct approval_entry, link);
        if (!(entry->unwritten || entry->stale) || settle->count == SETTLE_MAX)
            continue;
        settle->items[settle->count].reads = !entry->unwritten;
        approval_copy_id(settle->items[settle->count].id, slice_from_string(entry->id));
        approval_copy_id(settle->items[settle->count].organisation,
                         slice_from_string(entry->organisation));
        settle->items[settle->count++].state = entry->state;
    }
    if (settle->count == 0)
        return;
    settle->busy = true;
    settle->job = (struct store_job){
        .access = STORE_WRITE, .run = settle_run, .done = settle_done, .argument = desk};
    store_submit(desk->options.records, &settle->job);
}

// Who had it would have come by now.
static void forget_ticket(struct approval_desk *desk, struct approval_entry *entry)
{
    entry->awaited_us = 0;
    approval_entry_left(desk, entry);
}

static void look_at(struct approval_desk *desk, struct approval_entry *entry)
{
    if (entry->making)
        return;
    bool over = approval_is_over(desk, entry->expires_ms, entry->deadline_us);
    if (approval_is_open(entry->state)) {
        if (over)
            approval_entry_end(desk, entry, STORE_EXPIRED);
        else if (entry->awaited_us != 0 && approval_now_us(desk) >= entry->awaited_us)
            forget_ticket(desk, entry);
        return;
    }
    bool long_ago = approval_now_us(desk) - entry->ended_us > unheard_us;
    if (entry->listed && (entry->state == STORE_REFUSED ? over : entry->heard || long_ago)) {
        approval_entry_unlist(desk, entry);
        approval_entry_settle(desk, entry);
    }
}

void approval_desk_tick(struct approval_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    LIST_EACH(&desk->entries, item)
    {
        look_at(desk, LIST_ENTRY(item, struct approval_entry, link));
    }
    LIST_EACH(&desk->passes, item)
    {
        struct approval_pass *pass = LIST_ENTRY(item, struct approval_pass, link);
        if (pass->spent || approval_is_over(desk, pass->expires_ms, pass->deadline_us))
            approval_pass_forget(desk, pass);
    }
    approval_settle_some(desk);
    pthread_mutex_unlock(&desk->lock);
}
