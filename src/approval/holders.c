// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For clients that hold a ticket of a question, and are not there between two rounds.
#include "approval/approval_internal.h"

#include "base/memory.h"

const struct secret_keys *approval_desk_tickets(const struct approval_desk *desk)
{
    return desk->options.tickets;
}

struct approval_runs *approval_desk_runs(const struct approval_desk *desk)
{
    return desk->runs;
}

void approval_desk_show_pages(struct approval_desk *desk, const char *url)
{
    char *copy = memory_copy_string(url, strlen(url));
    pthread_mutex_lock(&desk->lock);
    char *before = desk->pages;
    desk->pages = copy;
    pthread_mutex_unlock(&desk->lock);
    memory_free(before);
}

struct slice approval_page_of(struct approval_desk *desk, struct slice id, struct arena *arena)
{
    pthread_mutex_lock(&desk->lock);
    struct slice page = {0};
    if (desk->pages != NULL)
        page = arena_format(arena, "%s/approvals/%.*s", desk->pages, SLICE_PRINT(id));
    pthread_mutex_unlock(&desk->lock);
    return page;
}

bool approval_has_pages(struct approval_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    bool known = desk->pages != NULL;
    pthread_mutex_unlock(&desk->lock);
    return known;
}

bool approval_stands(struct approval_desk *desk, struct slice id)
{
    pthread_mutex_lock(&desk->lock);
    const struct approval_entry *entry = table_get(&desk->by_id, id);
    bool stands = entry != NULL && entry->listed &&
                  (approval_is_open(entry->state) || entry->state == STORE_REFUSED);
    pthread_mutex_unlock(&desk->lock);
    return stands;
}

void approval_withdraw(struct approval_desk *desk, struct slice id)
{
    pthread_mutex_lock(&desk->lock);
    struct approval_entry *entry = table_get(&desk->by_id, id);
    if (entry != NULL) {
        approval_entry_unpromise(entry);
        approval_entry_left(desk, entry);
        approval_settle_some(desk);
    }
    pthread_mutex_unlock(&desk->lock);
}
