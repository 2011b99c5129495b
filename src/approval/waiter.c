// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait, each told on its own worker's loop: joining a question, leaving it.
#include "approval/approval_internal.h"

#include "base/memory.h"

// ---- Lanes

static void told_cb(void *argument)
{
    struct approval_lane *lane = argument;
    pthread_mutex_lock(&lane->desk->lock);
    while (!list_empty(&lane->news)) {
        struct approval_waiter *waiter =
            LIST_ENTRY(lane->news.next, struct approval_waiter, news_link);
        enum approval_news news = waiter->news;
        list_remove(&waiter->news_link);
        pthread_mutex_unlock(&lane->desk->lock);
        waiter->told(waiter->argument, news);
        pthread_mutex_lock(&lane->desk->lock);
    }
    pthread_mutex_unlock(&lane->desk->lock);
}

struct approval_lane *approval_lane_open(struct approval_desk *desk, struct loop *loop)
{
    struct approval_lane *lane = memory_new(sizeof *lane);
    lane->desk = desk;
    list_init(&lane->news);
    lane->wake = loop_wake_open(loop, told_cb, lane);
    if (lane->wake != NULL)
        return lane;
    memory_free(lane);
    return NULL;
}

void approval_lane_close(struct approval_lane *lane)
{
    if (lane == NULL)
        return;
    loop_wake_close(lane->wake);
    memory_free(lane);
}

// ---- Under the lock

void approval_tell(struct approval_waiter *waiter, enum approval_news news)
{
    waiter->news = news;
    if (list_empty(&waiter->news_link)) {
        list_append(&waiter->lane->news, &waiter->news_link);
        loop_wake_send(waiter->lane->wake);
    }
}

void approval_detach(struct approval_desk *desk, struct approval_waiter *waiter)
{
    struct approval_entry *entry = waiter->entry;
    if (entry == NULL)
        return;
    list_remove(&waiter->link);
    waiter->entry = NULL;
    entry->party->held--;
    desk->figures.held--;
    waiter->holds = false;
}

void approval_attach(struct approval_entry *entry, struct approval_waiter *waiter)
{
    waiter->entry = entry;
    waiter->holds = true;
    list_append(&entry->waiters, &waiter->link);
    entry->party->held++;
    waiter->lane->desk->figures.held++;
    approval_copy_id(waiter->id, slice_from_string(entry->id));
}

// ---- Asking

// An open question that is found by its key; one that is over ends here.
static bool join(struct approval_desk *desk, struct approval_entry *entry,
                 struct approval_waiter *waiter)
{
    bool full = entry->party->held >= APPROVAL_HELD_PER_GRANT;
    if (!entry->making && approval_is_over(desk, entry->expires_ms, entry->deadline_us)) {
        approval_entry_end(desk, entry, STORE_EXPIRED);
        return false;
    }
    if (entry->making || !full || entry->state == STORE_APPROVED) {
        approval_attach(entry, waiter);
        if (!entry->making)
            approval_tell(waiter, entry->state == STORE_ASKED ? APPROVAL_ASKED : APPROVAL_APPROVED);
        return true;
    }
    entry->delivered = true; // its client is told to come again
    approval_copy_id(waiter->id, slice_from_string(entry->id));
    approval_tell(waiter, APPROVAL_FULL);
    return true;
}

// Did the waiter meet a question that is there, or its end?
static bool meet(struct approval_desk *desk, struct slice key, struct approval_waiter *waiter)
{
    struct approval_entry *entry = table_get(&desk->by_key, key);
    if (entry == NULL)
        return false;
    if (entry->making || approval_is_open(entry->state)) {
        if (join(desk, entry, waiter))
            return true;
        entry = table_get(&desk->by_key, key); // its time was over, which nobody heard of yet
        if (entry == NULL)
            return false;
    }
    bool rejected = entry->state == STORE_REFUSED &&
                    !approval_is_over(desk, entry->expires_ms, entry->deadline_us);
    bool expired = entry->state == STORE_EXPIRED && !entry->heard;
    approval_copy_id(waiter->id, slice_from_string(entry->id));
    if (!rejected) {
        entry->heard = true;
        approval_entry_unlist(desk, entry);
        approval_entry_settle(desk, entry);
    }
    if (rejected || expired)
        approval_tell(waiter, rejected ? APPROVAL_REJECTED : APPROVAL_EXPIRED);
    return rejected || expired;
}

static bool has_room(struct approval_desk *desk, struct slice organisation, struct slice grant)
{
    const struct approval_party *party = approval_party_of(desk, organisation, grant);
    bool flood = party != NULL && party->open >= desk->options.open_per_grant;
    flood |= desk->figures.open >= desk->options.open;
    desk->figures.flooded += flood;
    return !flood;
}

static bool copy(struct arena *arena, struct slice *text)
{
    *text = text->length == 0 ? (struct slice){"", 0} : arena_copy(arena, *text);
    return text->data != NULL;
}

static bool copy_call(struct approval_work *work, const struct approval_call *from)
{
    struct approval_call *to = &work->call;
    *to = *from;
    struct slice *texts[] = {&to->organisation, &to->grant,    &to->grant_label,    &to->server,
                             &to->server_name,  &to->method,   &to->tool,           &to->client,
                             &to->arguments,    &to->policy,   &to->policy_version, &to->rule,
                             &to->reason,       &to->category, &to->severity,       &to->facts};
    bool good = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && good; i++)
        good = copy(&work->arena, texts[i]);
    if (!good) // what is the caller's is not to be wiped
        *to = (struct approval_call){0};
    return good;
}

static int begin(struct approval_desk *desk, struct approval_waiter *waiter,
                 const struct approval_call *call, struct slice key)
{
    struct approval_work *work = approval_work_new(desk, WORK_ASK);
    if (work == NULL || !copy_call(work, call)) {
        approval_work_free(work);
        return ERROR_NO_MEMORY;
    }
    struct approval_entry *entry = approval_entry_new(desk, key, call->organisation, call->grant);
    if (entry == NULL) {
        approval_work_free(work);
        return ERROR_NO_MEMORY;
    }
    work->entry = entry;
    approval_attach(entry, waiter);
    if (approval_work_submit(work))
        return 0;
    approval_detach(desk, waiter);
    entry->making = false;
    approval_entry_unlist(desk, entry);
    approval_entry_settle(desk, entry);
    approval_work_free(work);
    return ERROR_NO_MEMORY;
}

static int ask(struct approval_desk *desk, struct approval_waiter *waiter,
               const struct approval_call *call, struct arena *arena)
{
    struct slice print = slice_of((const char *)call->print, APPROVAL_PRINT_SIZE);
    struct slice key =
        approval_key(arena, call->organisation, print, call->policy, call->policy_version);
    struct slice pass_key =
        approval_key(arena, call->organisation, print, (struct slice){0}, (struct slice){0});
    if (key.data == NULL || pass_key.data == NULL)
        return ERROR_NO_MEMORY;
    const struct approval_pass *pass = approval_pass_find(desk, pass_key);
    if (pass != NULL) {
        approval_copy_id(waiter->id, slice_from_string(pass->id));
        approval_tell(waiter, APPROVAL_EXEMPT);
        return 0;
    }
    if (meet(desk, key, waiter))
        return 0;
    if (has_room(desk, call->organisation, call->grant))
        return begin(desk, waiter, call, key);
    approval_tell(waiter, APPROVAL_FLOODED);
    return 0;
}

static void prepare(struct approval_lane *lane, struct approval_waiter *waiter)
{
    waiter->lane = lane;
    waiter->entry = NULL;
    waiter->work = NULL;
    waiter->holds = false;
    waiter->id[0] = '\0';
    list_init(&waiter->link);
    if (waiter->news_link.next == NULL)
        list_init(&waiter->news_link);
}

int approval_ask(struct approval_lane *lane, struct approval_waiter *waiter,
                 const struct approval_call *call)
{
    struct approval_desk *desk = lane->desk;
    struct approval_call own = *call;
    struct arena arena;
    if (call->arguments.length > APPROVAL_ARGUMENTS_MAX)
        return ERROR_TOO_LARGE;
    arena_init(&arena, 64 * 1024);
    pthread_mutex_lock(&desk->lock);
    prepare(lane, waiter);
    if (own.organisation.length == 0)
        own.organisation = slice_from_string(desk->owner);
    int result = ask(desk, waiter, &own, &arena);
    pthread_mutex_unlock(&desk->lock);
    arena_release(&arena);
    return result;
}

// ---- Using

int approval_use(struct approval_waiter *waiter)
{
    struct approval_desk *desk = waiter->lane->desk;
    pthread_mutex_lock(&desk->lock);
    struct approval_entry *entry = waiter->entry;
    const struct approval_pass *pass = approval_pass_of_id(desk, slice_from_string(waiter->id));
    bool usable = pass != NULL || (entry != NULL && entry->state == STORE_APPROVED);
    struct approval_work *work =
        usable ? approval_work_new(desk, pass != NULL ? WORK_PASS : WORK_USE) : NULL;
    struct slice owner = {0};
    if (work != NULL) {
        owner = slice_from_string(pass != NULL ? pass->organisation : entry->organisation);
        work->organisation = arena_copy(&work->arena, owner);
        work->id = arena_copy(&work->arena, slice_from_string(waiter->id));
    }
    bool good = work != NULL && work->organisation.data != NULL && work->id.data != NULL;
    if (good) {
        work->waiter = waiter;
        good = approval_work_submit(work);
    }
    approval_detach(desk, waiter);
    waiter->work = good ? work : NULL;
    if (entry != NULL && pass == NULL) {
        entry->users += good;
        entry->delivered = entry->delivered || !good; // its client may come again
    }
    if (!good)
        approval_work_free(work);
    if (!usable)
        approval_tell(waiter, APPROVAL_GONE);
    pthread_mutex_unlock(&desk->lock);
    return good || !usable ? 0 : ERROR_NO_MEMORY;
}

// ---- Leaving

static bool is_unwanted(const struct approval_entry *entry)
{
    return approval_is_open(entry->state) && !entry->making && !entry->delivered &&
           entry->awaited_us == 0 && entry->users == 0 && list_empty(&entry->waiters);
}

void approval_entry_left(struct approval_desk *desk, struct approval_entry *entry)
{
    if (is_unwanted(entry))
        approval_entry_end(desk, entry, STORE_WITHDRAWN);
    else
        approval_entry_settle(desk, entry);
}

void approval_entry_unpromise(struct approval_entry *entry)
{
    entry->delivered = false;
    entry->awaited_us = 0;
}

static void leave_entry(struct approval_desk *desk, struct approval_entry *entry,
                        enum approval_leaving why)
{
    if (why == APPROVAL_COMES_AGAIN)
        entry->delivered = true;
    else if (why == APPROVAL_WITHDRAWS)
        approval_entry_unpromise(entry);
    if (why == APPROVAL_OVERTAKES && approval_is_open(entry->state) && !entry->making)
        approval_entry_end(desk, entry, STORE_OVERTAKEN);
    else
        approval_entry_left(desk, entry);
    approval_settle_some(desk);
}

void approval_leave(struct approval_waiter *waiter, enum approval_leaving why)
{
    if (waiter->lane == NULL)
        return;
    struct approval_desk *desk = waiter->lane->desk;
    pthread_mutex_lock(&desk->lock);
    struct approval_entry *entry = waiter->entry;
    if (waiter->work != NULL)
        waiter->work->waiter = NULL;
    waiter->work = NULL;
    list_remove(&waiter->news_link);
    approval_detach(desk, waiter);
    if (entry != NULL)
        leave_entry(desk, entry, why);
    pthread_mutex_unlock(&desk->lock);
    waiter->lane = NULL;
}

void approval_leave_with_ticket(struct approval_waiter *waiter, int64_t good_ms)
{
    if (waiter->lane == NULL)
        return;
    struct approval_desk *desk = waiter->lane->desk;
    pthread_mutex_lock(&desk->lock);
    if (waiter->entry != NULL)
        waiter->entry->awaited_us = approval_now_us(desk) + (uint64_t)good_ms * 1000;
    pthread_mutex_unlock(&desk->lock);
    approval_leave(waiter, APPROVAL_GIVES_UP);
}
