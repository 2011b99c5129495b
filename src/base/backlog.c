// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/backlog.h"

void backlog_init(struct backlog *backlog, size_t most)
{
    backlog->most = most;
    list_init(&backlog->holders);
    atomic_init(&backlog->used, 0);
    atomic_init(&backlog->cuts, 0);
}

void backlog_join(struct backlog_share *share, struct backlog *backlog, void (*cut)(void *argument),
                  void *argument)
{
    *share = (struct backlog_share){.all = backlog, .cut = cut, .argument = argument};
    list_init(&share->link);
}

static void set_held(struct backlog_share *share, size_t bytes)
{
    struct backlog *backlog = share->all;
    size_t used = atomic_load_explicit(&backlog->used, memory_order_relaxed);
    atomic_store_explicit(&backlog->used, used - share->held + bytes, memory_order_relaxed);
    if (share->held == 0 && bytes > 0)
        list_append(&backlog->holders, &share->link);
    if (bytes == 0)
        list_remove(&share->link);
    share->held = bytes;
}

static double weight(const struct backlog_share *share, size_t bytes, uint64_t now_us)
{
    uint64_t age_us = share->held == 0 || now_us < share->since_us ? 0 : now_us - share->since_us;
    return (double)bytes * ((double)age_us + 1000);
}

static struct backlog_share *heaviest(const struct backlog *backlog, uint64_t now_us)
{
    struct backlog_share *found = NULL;
    double most = 0;
    LIST_EACH(&backlog->holders, link)
    {
        struct backlog_share *share = LIST_ENTRY(link, struct backlog_share, link);
        double mine = weight(share, share->held, now_us);
        if (found == NULL || mine > most) {
            found = share;
            most = mine;
        }
    }
    return found;
}

static bool fits(const struct backlog_share *share, size_t bytes)
{
    const struct backlog *backlog = share->all;
    size_t used = atomic_load_explicit(&backlog->used, memory_order_relaxed);
    return backlog->most == 0 || used - share->held + bytes <= backlog->most;
}

bool backlog_hold(struct backlog_share *share, size_t bytes, uint64_t now_us)
{
    struct backlog *backlog = share->all;
    if (backlog == NULL)
        return true;
    while (bytes > share->held && !fits(share, bytes)) {
        struct backlog_share *victim = heaviest(backlog, now_us);
        atomic_fetch_add_explicit(&backlog->cuts, 1, memory_order_relaxed);
        if (victim == NULL || victim == share || bytes > backlog->most ||
            weight(share, bytes, now_us) > weight(victim, victim->held, now_us))
            return false;
        victim->cut(victim->argument);
    }
    if (share->held == 0) {
        share->since_us = now_us;
        share->mark = bytes;
    }
    set_held(share, bytes);
    return true;
}

void backlog_taken(struct backlog_share *share, size_t taken, size_t bytes, size_t waiting,
                   uint64_t now_us)
{
    if (share->all == NULL || share->held == 0)
        return;
    if (taken >= share->mark) { // all that waited then has gone: the backlog is younger now
        share->mark = waiting;
        share->since_us = now_us;
    } else {
        share->mark -= taken;
    }
    set_held(share, bytes);
}

void backlog_leave(struct backlog_share *share)
{
    if (share->all != NULL && share->held > 0)
        set_held(share, 0);
}
