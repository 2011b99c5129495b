// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One attempt. It is claimed in the database before anything is sent, so that whoever is killed in
// between does not send it again at once and without end; then sent; then its row is removed or
// told what went wrong. Each part ends in a callback that begins the next, and nobody waits.
#include "notify/notify_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"

enum {
    FIRST_MS = 5000,
    PEACE_MS = 1000,
    PEACE_MOST_MS = 60 * 1000,
    ASKED_MOST_MS = 60 * 60 * 1000,
    AGAIN_MS = 10 * 1000, // when the database cannot be written
    STATUS_GONE = 410,
};

struct sending {
    struct notify *notify;
    struct notify_post *post;
    struct notify_waiting *waiting; // stays in the post's list meanwhile
    struct store_job job;
    struct notify_dispatch dispatch;
    struct notify_said said;
    struct error error; // of what cannot be sent as it is; code 0: none
    bool mail;          // it counts as one
    bool wanted;        // there is somebody to send it to
    bool cancelled;     // the gateway stops
    bool given_up;      // the last attempt
    int64_t next_ms;
};

static const struct store_actor actor = {.kind = STORE_SYSTEM, .label = SLICE_LITERAL("notify")};

int64_t notify_backoff_ms(int64_t attempts, uint32_t chance)
{
    int64_t wait = FIRST_MS;
    for (int64_t i = 1; i < attempts && i < NOTIFY_ATTEMPTS; i++)
        wait = wait * 5 / 2;
    return wait - wait / 5 * (int64_t)(chance % 1000) / 1000;
}

static int64_t put_off(int64_t attempts)
{
    uint32_t chance;
    random_bytes(&chance, sizeof chance);
    return clock_wall_ms() + notify_backoff_ms(attempts, chance);
}

// ---- The end of it, however it ended

enum end { END_GONE, END_WAITS };

static void end(struct sending *sending, enum end how)
{
    struct notify *notify = sending->notify;
    struct notify_post *post = sending->post;
    pthread_mutex_lock(&notify->lock);
    sending->waiting->sending = false;
    sending->waiting->next_ms = sending->next_ms;
    if (how == END_GONE)
        notify_unqueue(notify, post, sending->waiting);
    post->busy = false;
    post->mail = sending->dispatch.mail;
    notify->sending[sending->mail]--;
    notify_dispatch_end(notify, &sending->dispatch);
    if (--notify->busy == 0)
        pthread_cond_broadcast(&notify->idle);
    // Under the lock: behind it, whoever waits for the end may have closed it.
    waker_wake(&notify->waker);
    pthread_mutex_unlock(&notify->lock);
    notify_dispatch_release(&sending->dispatch);
    memory_free(sending);
}

// The next attempts of the channel are put off, too: what fails is mostly the receiver.
static void note_result(struct sending *sending)
{
    struct notify_post *post = sending->post;
    uint64_t peace_ms = 0;
    pthread_mutex_lock(&sending->notify->lock);
    post->failures = sending->said.delivered ? 0 : post->failures + 1;
    if (!sending->said.delivered) {
        unsigned doubled = post->failures < 7 ? post->failures - 1 : 6;
        peace_ms = (uint64_t)PEACE_MS << doubled;
        peace_ms = peace_ms < PEACE_MOST_MS ? peace_ms : PEACE_MOST_MS;
    }
    if (sending->said.wait_ms > ASKED_MOST_MS)
        sending->said.wait_ms = ASKED_MOST_MS;
    if (sending->said.wait_ms > peace_ms)
        peace_ms = sending->said.wait_ms;
    post->peace_us = peace_ms == 0 ? 0 : clock_monotonic_us() + peace_ms * 1000;
    pthread_mutex_unlock(&sending->notify->lock);
    atomic_fetch_add(sending->said.delivered ? &sending->notify->sent : &sending->notify->failed,
                     1);
}

// ---- What came of it, into the database

static bool may_keep(struct sending *sending)
{
    struct notify *notify = sending->notify;
    pthread_mutex_lock(&notify->lock);
    bool room = sending->post->given_up < NOTIFY_GIVEN_UP_MAX;
    sending->post->given_up += room;
    pthread_mutex_unlock(&notify->lock);
    return room;
}

static int note_failure(struct sending *sending, struct store_view *view,
                        struct store_notice *notice, struct error *error)
{
    int64_t now_ms = clock_wall_ms(), asked_ms = now_ms + (int64_t)sending->said.wait_ms;
    int64_t end_ms = notice->head.created_ms + (int64_t)NOTIFY_HOURS * 60 * 60 * 1000;
    if (sending->cancelled) {
        notice->attempts--;
        notice->next_ms = now_ms;
    } else if (notice->next_ms < asked_ms) {
        notice->next_ms = asked_ms;
    }
    sending->given_up =
        !sending->cancelled && (notice->attempts >= NOTIFY_ATTEMPTS || notice->next_ms > end_ms ||
                                sending->said.status == STATUS_GONE);
    sending->next_ms = notice->next_ms;
    if (!sending->cancelled)
        notice->last_error = slice_from_string(sending->said.text);
    if (!sending->given_up)
        return store_change_notice(view, notice, error);
    notice->next_ms = 0;
    return may_keep(sending) ? store_change_notice(view, notice, error)
                             : store_remove(view, STORE_NOTICE, notice->head.organisation,
                                            notice->head.id, 0, error);
}

static int settle(void *argument, struct store_view *view, struct error *error)
{
    struct sending *sending = argument;
    struct slice organisation = slice_from_string(sending->post->organisation);
    struct store_notice notice = {.attempts = 0};
    int result = store_get_notice(view, organisation, slice_from_string(sending->waiting->id),
                                  &notice, error);
    if (result == 0 && sending->said.delivered)
        result = store_remove(view, STORE_NOTICE, organisation, notice.head.id, 0, error);
    else if (result == 0)
        result = note_failure(sending, view, &notice, error);
    return result;
}

static void settled(void *argument, int result, const struct error *error)
{
    struct sending *sending = argument;
    bool kept = result == 0 || result == ERROR_NOT_FOUND;
    if (!kept) {
        log_event(LOG_WARNING, "notify", "what became of a notice cannot be written: %s",
                  error->text);
        sending->next_ms = clock_wall_ms() + AGAIN_MS;
    }
    if (kept && sending->given_up) {
        atomic_fetch_add(&sending->notify->given_up, 1);
        log_event(LOG_WARNING, "notify", "notice '%s' of channel '%s' is given up: %s",
                  sending->waiting->id, sending->post->channel, sending->said.text);
    }
    bool gone =
        result == ERROR_NOT_FOUND || (kept && (sending->said.delivered || sending->given_up));
    end(sending, gone ? END_GONE : END_WAITS);
}

static void submit(struct sending *sending,
                   int (*run)(void *argument, struct store_view *view, struct error *error),
                   void (*done)(void *argument, int result, const struct error *error))
{
    sending->job = (struct store_job){
        .access = STORE_WRITE, .actor = actor, .run = run, .done = done, .argument = sending};
    store_submit(sending->notify->options.records, &sending->job);
}

static void fetched(void *argument, const struct fetch_answer *answer)
{
    struct sending *sending = argument;
    notify_judge(&sending->dispatch, answer, &sending->said);
    sending->cancelled = answer->error != NULL && answer->error->code == ERROR_CANCELLED;
    if (!sending->cancelled)
        note_result(sending);
    submit(sending, settle, settled);
}

// ---- Its beginning

static int open_sealed(const struct notify *notify, enum notify_sealed what,
                       const struct store_head *record, struct slice sealed, struct buffer *out,
                       struct error *error)
{
    if (sealed.length == 0)
        return 0;
    return notify->options.open(notify->options.argument, what, record, out, error);
}

static int make(struct sending *sending, struct store_view *view,
                const struct store_channel *channel, const struct store_notice *notice,
                const struct store_question *question, struct error *error)
{
    struct notify *notify = sending->notify;
    struct store_organisation owner = {.commands_allowed = false};
    struct buffer secret, arguments;
    buffer_init(&secret, 0);
    buffer_init(&arguments, 0);
    int result = store_get_organisation(view, notice->head.organisation, notice->head.organisation,
                                        &owner, error);
    if (result == 0)
        result =
            open_sealed(notify, NOTIFY_SECRET, &channel->head, channel->sealed, &secret, error);
    if (result == 0 && channel->arguments && question != NULL)
        result = open_sealed(notify, NOTIFY_ARGUMENTS, &question->head, question->arguments,
                             &arguments, error);
    struct slice event = arena_copy(store_arena(view), notice->event);
    struct slice id = arena_copy(store_arena(view), notice->head.id);
    const struct notify_message message = {.event = event.data,
                                           .id = id.data,
                                           .created_ms = notice->head.created_ms,
                                           .body = notice->body,
                                           .arguments = buffer_slice(&arguments),
                                           .object = notice->object,
                                           .organisation = owner.name};
    if (result == 0 && (event.data == NULL || id.data == NULL))
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    if (result == 0)
        result = notify_dispatch_make(notify, channel, buffer_slice(&secret), &message,
                                      &sending->dispatch, error);
    buffer_wipe(&secret);
    buffer_wipe(&arguments);
    return result;
}

// That a question was asked is told while it can be answered.
static int look_at_question(struct sending *sending, struct store_view *view,
                            const struct store_notice *notice, struct store_question *question,
                            struct error *error)
{
    int result =
        store_get_question(view, notice->head.organisation, notice->object, question, error);
    bool over = result == ERROR_NOT_FOUND || (result == 0 && question->state != STORE_ASKED);
    sending->wanted = sending->wanted && !over;
    return result == ERROR_NOT_FOUND ? 0 : result;
}

static int claim(void *argument, struct store_view *view, struct error *error)
{
    struct sending *sending = argument;
    struct slice organisation = slice_from_string(sending->post->organisation);
    struct store_channel channel = {.disabled = false};
    struct store_notice notice = {.attempts = 0};
    struct store_question question = {.approvers = 0};
    bool asks = sending->waiting->asks;
    int result = store_get_notice(view, organisation, slice_from_string(sending->waiting->id),
                                  &notice, error);
    if (result == 0)
        result = store_get_channel(view, organisation, notice.channel, &channel, error);
    sending->wanted = result == 0 && !channel.disabled;
    if (result == 0 && asks)
        result = look_at_question(sending, view, &notice, &question, error);
    if (result == 0 && !sending->wanted)
        return store_remove(view, STORE_NOTICE, organisation, notice.head.id, 0, error);
    if (result == 0 && make(sending, view, &channel, &notice, asks ? &question : NULL,
                            &sending->error) == ERROR_NO_MEMORY)
        result = error_set(error, ERROR_NO_MEMORY, "out of memory");
    notice.next_ms = sending->next_ms = put_off(++notice.attempts);
    return result == 0 ? store_change_notice(view, &notice, error) : result;
}

// Nothing went out.
static void fail(struct sending *sending, const struct error *error)
{
    error_set(&sending->error, error->code, "%s", error->text);
    const struct fetch_answer answer = {.error = &sending->error};
    fetched(sending, &answer);
}

static void claimed(void *argument, int result, const struct error *error)
{
    struct sending *sending = argument;
    struct error why = {0};
    if (result == ERROR_NOT_FOUND || (result == 0 && !sending->wanted)) {
        end(sending, END_GONE);
    } else if (result != 0) {
        log_event(LOG_WARNING, "notify", "a notice cannot be read: %s", error->text);
        sending->next_ms = clock_wall_ms() + AGAIN_MS;
        end(sending, END_WAITS);
    } else if (sending->error.code != 0) {
        why = sending->error;
        fail(sending, &why);
    } else if (notify_dispatch_start(sending->notify, &sending->dispatch, fetched, sending, &why) !=
               0) {
        fail(sending, &why);
    }
}

void notify_send(struct notify *notify, struct notify_post *post, struct notify_waiting *waiting)
{
    struct sending *sending = memory_new(sizeof *sending);
    sending->notify = notify;
    sending->post = post;
    sending->waiting = waiting;
    sending->next_ms = waiting->next_ms;
    notify_dispatch_init(&sending->dispatch);
    waiting->sending = waiting->attempted = true;
    sending->mail = post->mail;
    post->busy = true;
    notify->busy++;
    notify->sending[sending->mail]++;
    submit(sending, claim, claimed);
}
