// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The thread, which looks for what is due; and what it reads at the start.
#include "notify/notify_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum { NAP_MS = 60 * 1000, WALK_MS = 60 * 60 * 1000, PAGE = 500 };

// ---- Reading what there is

struct walk {
    struct notify *notify;
    bool loading;
    int64_t now_ms;
    char organisation[64], channel[64]; // the last ones that were looked at
    bool over;
};

static void keep(char to[64], struct slice id)
{
    size_t length = id.length < 63 ? id.length : 63;
    memcpy(to, id.data, length);
    to[length] = '\0';
}

static int look_at_notice(struct walk *walk, struct store_view *view, struct notify_post *post,
                          const struct store_notice *notice, struct error *error)
{
    const int64_t kept_ms = (int64_t)NOTIFY_GIVEN_UP_DAYS * 24 * 60 * 60 * 1000;
    bool old = notice->next_ms == 0 && walk->now_ms - notice->head.changed_ms > kept_ms;
    if (old && !walk->loading && post->given_up > 0)
        post->given_up--;
    if (old)
        return store_remove(view, STORE_NOTICE, notice->head.organisation, notice->head.id, 0,
                            error);
    if (walk->loading && notice->next_ms == 0)
        post->given_up++;
    else if (walk->loading)
        notify_queue(walk->notify, post, notice);
    return 0;
}

static int look_at_channel(struct walk *walk, struct store_view *view, struct slice organisation,
                           struct slice channel, struct error *error)
{
    struct store_page page = {.limit = PAGE};
    char last[64] = "";
    int result = 0;
    for (bool more = true; more && result == 0;) {
        const struct store_notice *rows = NULL;
        size_t count = 0;
        page.after = slice_from_string(last);
        result = store_list_notice(view, organisation, channel, &page, &rows, &count, &more, error);
        pthread_mutex_lock(&walk->notify->lock);
        struct notify_post *post =
            count == 0 ? NULL : notify_post_of(walk->notify, organisation, channel);
        for (size_t i = 0; i < count && result == 0; i++)
            result = look_at_notice(walk, view, post, &rows[i], error);
        pthread_mutex_unlock(&walk->notify->lock);
        if (count > 0)
            keep(last, rows[count - 1].head.id);
        more = more && count > 0;
    }
    return result;
}

// One channel with each job, so that nobody waits for all of them.
static int step(void *argument, struct store_view *view, struct error *error)
{
    struct walk *walk = argument;
    const struct store_organisation *owners = NULL;
    const struct store_channel *channels = NULL;
    size_t count = 0;
    struct slice owner = slice_from_string(walk->organisation);
    struct store_page page = {.after = slice_from_string(walk->channel), .limit = 1};
    int result = 0;
    if (owner.length > 0)
        result = store_list_channel(view, owner, (struct slice){0}, &page, &channels, &count, NULL,
                                    error);
    if (result == 0 && count > 0) {
        keep(walk->channel, channels[0].head.id);
        return look_at_channel(walk, view, owner, slice_from_string(walk->channel), error);
    }
    page.after = owner;
    if (result == 0)
        result = store_list_organisation(view, (struct slice){0}, (struct slice){0}, &page, &owners,
                                         &count, NULL, error);
    walk->over = result == 0 && count == 0;
    walk->channel[0] = '\0';
    if (result == 0 && count > 0)
        keep(walk->organisation, owners[0].head.id);
    return result;
}

int notify_walk(struct notify *notify, bool loading, struct error *error)
{
    struct walk walk = {.notify = notify, .loading = loading, .now_ms = clock_wall_ms()};
    int result = 0;
    while (result == 0 && !walk.over)
        result = store_run(notify->options.records, STORE_WRITE, NULL, step, &walk, error);
    return result;
}

// ---- The thread

static bool has_peace(const struct notify_post *post, int64_t now_ms, int64_t *wake_ms)
{
    uint64_t now_us = clock_monotonic_us();
    if (post->peace_us <= now_us)
        return false;
    int64_t until_ms = now_ms + (int64_t)((post->peace_us - now_us) / 1000) + 1;
    *wake_ms = until_ms < *wake_ms ? until_ms : *wake_ms;
    return true;
}

// When to look again; wall clock. Where no more attempts may be under way, the end of one wakes the
// thread.
static int64_t send_what_is_due(struct notify *notify, int64_t now_ms)
{
    int64_t wake_ms = now_ms + NAP_MS;
    struct list served;
    list_init(&served);
    LIST_EACH(&notify->posts, link)
    {
        struct notify_post *post = LIST_ENTRY(link, struct notify_post, link);
        if (post->busy || list_empty(&post->waiting) || has_peace(post, now_ms, &wake_ms) ||
            notify->sending[post->mail] >= (post->mail ? NOTIFY_MAILS_MAX : NOTIFY_WEBHOOKS_MAX))
            continue;
        struct notify_waiting *waiting = notify_due(post, now_ms, &wake_ms);
        if (waiting == NULL)
            continue;
        list_remove(&post->link);
        list_append(&served, &post->link);
        notify_send(notify, post, waiting);
    }
    // Whoever had a turn comes last next time.
    LIST_EACH(&served, link)
    {
        list_remove(link);
        list_append(&notify->posts, link);
    }
    return wake_ms;
}

void *notify_run(void *argument)
{
    struct notify *notify = argument;
    uint64_t walked_us = clock_monotonic_us();
    for (;;) {
        int64_t now_ms = clock_wall_ms();
        pthread_mutex_lock(&notify->lock);
        bool stopping = notify->stopping;
        int64_t wake_ms = stopping ? 0 : send_what_is_due(notify, now_ms);
        pthread_mutex_unlock(&notify->lock);
        if (stopping)
            return NULL;
        waker_wait(&notify->waker, (int)(wake_ms - now_ms) + 1);
        struct error error = {0};
        if (clock_monotonic_us() - walked_us < (uint64_t)WALK_MS * 1000)
            continue;
        walked_us = clock_monotonic_us();
        if (notify_walk(notify, false, &error) != 0)
            log_event(LOG_WARNING, "notify", "old notices cannot be removed: %s", error.text);
    }
}
