// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For clients that hold a ticket of a question, and are not there between two rounds.
#include "approval/approval_internal.h"

#include "base/memory.h"

bool approval_desk_has_tickets(const struct approval_desk *desk)
{
    return desk->has_tickets;
}

static struct secret_keys *tickets(struct approval_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    struct secret_keys *keys = secret_keys_ref(desk->options.tickets);
    pthread_mutex_unlock(&desk->lock);
    return keys;
}

int approval_desk_seal(struct approval_desk *desk, const struct approval_ticket *ticket,
                       struct buffer *out)
{
    struct secret_keys *keys = tickets(desk);
    int result = approval_ticket_seal(keys, ticket, out);
    secret_keys_unref(keys);
    return result;
}

int approval_desk_open(struct approval_desk *desk, struct slice text, struct buffer *scratch,
                       struct approval_ticket *ret)
{
    struct secret_keys *keys = tickets(desk);
    int result = approval_ticket_open(keys, text, scratch, ret);
    secret_keys_unref(keys);
    return result;
}

void approval_desk_renew_keys(struct approval_desk *desk, struct secret_keys *keys)
{
    pthread_mutex_lock(&desk->lock);
    struct secret_keys *before = desk->options.tickets;
    desk->options.tickets = keys;
    pthread_mutex_unlock(&desk->lock);
    secret_keys_unref(before);
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
