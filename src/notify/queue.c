// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "notify/notify_internal.h"

#include "base/memory.h"

enum { FAR_MS = 25 * 60 * 60 * 1000 }; // further away than any attempt is put off

static char *copy(struct slice text)
{
    return memory_copy_string(text.data == NULL ? "" : text.data, text.length);
}

struct notify_post *notify_post_of(struct notify *notify, struct slice organisation,
                                   struct slice channel)
{
    LIST_EACH(&notify->posts, link)
    {
        struct notify_post *post = LIST_ENTRY(link, struct notify_post, link);
        if (slice_equal_string(channel, post->channel) &&
            slice_equal_string(organisation, post->organisation))
            return post;
    }
    struct notify_post *post = memory_new(sizeof *post);
    post->organisation = copy(organisation);
    post->channel = copy(channel);
    list_init(&post->waiting);
    list_append(&notify->posts, &post->link);
    return post;
}

struct notify_waiting *notify_queue(struct notify *notify, struct notify_post *post,
                                    const struct store_notice *notice)
{
    struct notify_waiting *waiting = memory_new(sizeof *waiting);
    waiting->id = copy(notice->head.id);
    waiting->object = copy(notice->object);
    waiting->asks = slice_equal_string(notice->event, notify_events[0]);
    waiting->attempted = notice->attempts > 0;
    waiting->next_ms = notice->next_ms;
    list_append(&post->waiting, &waiting->link);
    post->count++;
    notify->waiting++;
    return waiting;
}

static void waiting_free(struct notify_waiting *waiting)
{
    memory_free(waiting->id);
    memory_free(waiting->object);
    memory_free(waiting);
}

void notify_unqueue(struct notify *notify, struct notify_post *post, struct notify_waiting *waiting)
{
    list_remove(&waiting->link);
    post->count--;
    notify->waiting--;
    waiting_free(waiting);
}

static bool is_first(const struct notify_post *post, const struct notify_waiting *waiting)
{
    for (const struct list *at = post->waiting.next; at != &waiting->link; at = at->next)
        if (strcmp(LIST_ENTRY((uintptr_t)at, struct notify_waiting, link)->object,
                   waiting->object) == 0)
            return false;
    return true;
}

struct notify_waiting *notify_due(struct notify_post *post, int64_t now_ms, int64_t *wake_ms)
{
    LIST_EACH(&post->waiting, link)
    {
        struct notify_waiting *waiting = LIST_ENTRY(link, struct notify_waiting, link);
        // A clock that was set back must not keep it for ever.
        bool due = waiting->next_ms <= now_ms || waiting->next_ms - now_ms > FAR_MS;
        if (due && is_first(post, waiting))
            return waiting;
        if (!due && waiting->next_ms < *wake_ms)
            *wake_ms = waiting->next_ms;
    }
    return NULL;
}

void notify_posts_free(struct notify *notify)
{
    LIST_EACH(&notify->posts, link)
    {
        struct notify_post *post = LIST_ENTRY(link, struct notify_post, link);
        LIST_EACH(&post->waiting, one)
        waiting_free(LIST_ENTRY(one, struct notify_waiting, link));
        memory_free(post->organisation);
        memory_free(post->channel);
        memory_free(post);
    }
}
