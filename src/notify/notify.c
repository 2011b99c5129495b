// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "notify/notify_internal.h"

#include "base/clock.h"
#include "base/memory.h"

// ---- Opening and closing

static char *copy(const char *text)
{
    return text == NULL ? NULL : memory_copy_string(text, strlen(text));
}

static int open_mail(struct notify *notify, const struct notify_options *options,
                     struct error *error)
{
    const struct notify_mail *mail = options->mail;
    const struct fetch_options fetch = {.guard = NULL, .ca_file = options->ca_file};
    if (mail == NULL || mail->host == NULL)
        return 0;
    notify->mail = *mail;
    notify->mail.host = copy(mail->host);
    notify->mail.user = copy(mail->user);
    notify->mail.password = copy(mail->password);
    notify->mail.from = copy(mail->from);
    int result = fetch_open(&fetch, &notify->mailer, error);
    for (size_t i = 0; i < NOTIFY_MAILS_MAX && result == 0; i++)
        result = fetch_open(&fetch, &notify->mailers[i].fetch, error);
    return result;
}

static int start(struct notify *notify, struct error *error)
{
    if (waker_open(&notify->waker) != 0)
        return error_set(error, ERROR_IO, "no descriptors for notices");
    notify->has_waker = true;
    int result = notify_walk(notify, true, error);
    if (result != 0)
        return result;
    if (thread_start(&notify->thread, notify_run, notify) != 0)
        return error_set(error, ERROR_NO_MEMORY, "the thread for notices cannot be started");
    notify->started = true;
    return 0;
}

int notify_open(const struct notify_options *options, struct notify **ret, struct error *error)
{
    struct notify *notify = memory_new(sizeof *notify);
    const struct fetch_options fetch = {.guard = options->guard, .ca_file = options->ca_file};
    notify->options = *options;
    notify->options.mail = NULL;
    notify->options.ca_file = NULL;
    list_init(&notify->posts);
    pthread_mutex_init(&notify->lock, NULL);
    pthread_cond_init(&notify->idle, NULL);
    int result = fetch_open(&fetch, &notify->web, error);
    if (result == 0)
        result = open_mail(notify, options, error);
    if (result == 0)
        result = start(notify, error);
    if (result == 0)
        *ret = notify;
    else
        notify_close(notify);
    return result;
}

void notify_stop(struct notify *notify)
{
    if (notify == NULL)
        return;
    pthread_mutex_lock(&notify->lock);
    notify->stopping = true;
    pthread_mutex_unlock(&notify->lock);
    if (notify->has_waker)
        waker_wake(&notify->waker);
    if (notify->started)
        pthread_join(notify->thread, NULL);
    notify->started = false;
    for (size_t i = 0; i < NOTIFY_MAILS_MAX; i++)
        fetch_halt(notify->mailers[i].fetch);
    fetch_stop(notify->web);
    fetch_stop(notify->mailer);
    for (size_t i = 0; i < NOTIFY_MAILS_MAX; i++)
        fetch_stop(notify->mailers[i].fetch);
    pthread_mutex_lock(&notify->lock);
    while (notify->busy > 0)
        pthread_cond_wait(&notify->idle, &notify->lock);
    pthread_mutex_unlock(&notify->lock);
}

static void free_text(const char *text)
{
    memory_free((char *)(uintptr_t)text);
}

void notify_close(struct notify *notify)
{
    if (notify == NULL)
        return;
    notify_stop(notify);
    fetch_close(notify->web);
    fetch_close(notify->mailer);
    for (size_t i = 0; i < NOTIFY_MAILS_MAX; i++)
        fetch_close(notify->mailers[i].fetch);
    notify_posts_free(notify);
    if (notify->has_waker)
        waker_close(&notify->waker);
    if (notify->mail.password != NULL)
        memory_wipe((char *)(uintptr_t)notify->mail.password, strlen(notify->mail.password));
    free_text(notify->mail.host);
    free_text(notify->mail.user);
    free_text(notify->mail.password);
    free_text(notify->mail.from);
    pthread_cond_destroy(&notify->idle);
    pthread_mutex_destroy(&notify->lock);
    memory_free(notify->public_url);
    memory_free(notify);
}

void notify_set_public_url(struct notify *notify, const char *url)
{
    pthread_mutex_lock(&notify->lock);
    if (notify->public_url == NULL)
        notify->public_url = copy(url);
    pthread_mutex_unlock(&notify->lock);
}

bool notify_has_mail(const struct notify *notify)
{
    return notify->mailer != NULL;
}

struct notify_state notify_state(struct notify *notify)
{
    struct notify_state state = {.sent = atomic_load(&notify->sent),
                                 .failed = atomic_load(&notify->failed),
                                 .given_up = atomic_load(&notify->given_up),
                                 .dropped = atomic_load(&notify->dropped)};
    pthread_mutex_lock(&notify->lock);
    state.waiting = notify->waiting;
    pthread_mutex_unlock(&notify->lock);
    return state;
}

// ---- Trying a channel

static int send_now(struct notify *notify, const struct notify_dispatch *dispatch,
                    struct arena *arena, struct notify_said *ret, struct error *error)
{
    struct fetch_answer answer = {.status = 0};
    int result = dispatch->mail
                     ? fetch_mail_wait(notify->mailer, &dispatch->letter, arena, &answer, error)
                     : fetch_wait(notify->web, &dispatch->request, arena, &answer, error);
    if (result == ERROR_NO_MEMORY || result == ERROR_CANCELLED)
        return result;
    if (result != 0)
        answer.error = error;
    notify_judge(dispatch, &answer, ret);
    return 0;
}

int notify_try(struct notify *notify, const struct store_channel *channel, struct slice secret,
               struct slice organisation_name, struct notify_said *ret, struct error *error)
{
    struct notify_dispatch dispatch;
    struct buffer body;
    notify_dispatch_init(&dispatch);
    buffer_init(&body, 0);
    buffer_append_string(&body, "{\"organisation\":");
    json_write_string(&body, organisation_name);
    buffer_append_string(&body, ",\"note\":\"a test message\"}");
    struct slice id = arena_format(&dispatch.arena, "tst_%.*s_%llu", SLICE_PRINT(channel->head.id),
                                   (unsigned long long)clock_monotonic_us());
    const struct notify_message message = {.event = "channel.test",
                                           .id = id.data,
                                           .created_ms = clock_wall_ms(),
                                           .body = buffer_slice(&body),
                                           .object = channel->head.id,
                                           .organisation = organisation_name};
    int result =
        id.data == NULL || body.failed ? error_set(error, ERROR_NO_MEMORY, "out of memory") : 0;
    if (result == 0)
        result = notify_dispatch_make(notify, channel, secret, &message, &dispatch, error);
    if (result == 0)
        result = send_now(notify, &dispatch, &dispatch.arena, ret, error);
    buffer_release(&body);
    notify_dispatch_release(&dispatch);
    return result;
}
