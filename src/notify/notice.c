// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From a change to notices: what happened, who wants to hear of it, and what is said. Runs on the
// writer's thread, inside the transaction of the change.
#include "notify/notify_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>

enum { ASKED, DECIDED, PAUSED, CONTACT };
const char *const notify_events[] = {"approval.asked", "approval.decided", "grant.paused",
                                     "contact.sent", NULL};
static const uint64_t TELL_US = 600000000;

struct telling {
    struct notify *notify;
    struct store_view *view;
    struct slice organisation;
    int event;
    struct slice object;
    struct slice body;
};

// ---- What is said

static void write_text(struct buffer *out, const char *name, struct slice text)
{
    buffer_append_string(out, ",");
    json_write_key(out, name);
    json_write_string(out, text);
}

static void write_time(struct buffer *out, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    if (ms <= 0)
        return;
    clock_format(ms, text);
    write_text(out, name, slice_from_string(text));
}

static void write_grant(struct buffer *out, struct slice id, struct slice label)
{
    buffer_append_string(out, ",\"grant\":{\"id\":");
    json_write_string(out, id);
    write_text(out, "label", label);
    buffer_append_string(out, "}");
}

static void begin_body(struct buffer *out, const struct store_organisation *owner)
{
    buffer_append_string(out, "{\"organisation\":");
    json_write_string(out, owner->name);
}

static void write_question(struct buffer *out, const struct store_question *question)
{
    write_text(out, "approval", question->head.id);
    write_text(out, "outcome", slice_from_string(store_question_words[question->state]));
    write_grant(out, question->grant, question->grant_label);
    write_text(out, "server", question->server_name);
    write_text(out, "tool", question->tool);
    write_text(out, "client", question->client);
    write_text(out, "category", question->category);
    write_text(out, "severity", question->severity);
    write_text(out, "policy", question->policy);
    write_text(out, "policy_version", question->policy_version);
    write_text(out, "rule", question->rule);
    write_text(out, "reason", question->reason);
    buffer_append_format(out, ",\"approvers\":%" PRId64, question->approvers);
    write_time(out, "asked", question->head.created_ms);
    write_time(out, "expires", question->expires_ms);
    write_time(out, "decided", question->decided_ms);
    if (question->note.length > 0)
        write_text(out, "note", question->note);
}

// ---- Who hears of it

static int wants(const struct store_channel *channel, const char *event, bool *ret)
{
    struct json_doc doc;
    json_doc_init(&doc);
    int result = json_scan(&doc, channel->events, NULL, NULL, NULL);
    *ret = false;
    for (uint32_t item = result == 0 ? json_first_element(&doc, 0) : JSON_NONE; item != JSON_NONE;
         item = json_next_element(&doc, 0, item))
        *ret = *ret || json_string_equals(&doc, item, slice_from_string(event));
    json_doc_release(&doc);
    return result == ERROR_NO_MEMORY ? result : 0;
}

// The question is decided: that it was asked is no news any more. True: nobody there knows of it.
static int drop_asked(const struct telling *telling, struct notify_post *post, bool *ret_unknown,
                      struct error *error)
{
    int result = 0;
    LIST_EACH(&post->waiting, link)
    {
        struct notify_waiting *waiting = LIST_ENTRY(link, struct notify_waiting, link);
        if (!waiting->asks || waiting->attempted || waiting->sending ||
            !slice_equal_string(telling->object, waiting->object))
            continue;
        result = store_remove(telling->view, STORE_NOTICE, telling->organisation,
                              slice_from_string(waiting->id), 0, error);
        if (result != 0 && result != ERROR_NOT_FOUND)
            return result;
        *ret_unknown = true; // who comes to send it finds that it is gone
    }
    return 0;
}

static void tell_full(struct notify *notify, const struct store_channel *channel)
{
    uint64_t now_us = clock_monotonic_us();
    atomic_fetch_add(&notify->dropped, 1);
    if (notify->told_full_us != 0 && now_us - notify->told_full_us < TELL_US)
        return;
    notify->told_full_us = now_us;
    log_event(LOG_ERROR, "notify", "channel '%.*s' has %d notices that wait: others are dropped",
              SLICE_PRINT(channel->name), (int)NOTIFY_WAITING_MAX);
}

// Under the lock.
static int add_notice(const struct telling *telling, const struct store_channel *channel,
                      struct error *error)
{
    struct notify *notify = telling->notify;
    struct notify_post *post = notify_post_of(notify, telling->organisation, channel->head.id);
    bool unknown = false;
    int result = telling->event == DECIDED ? drop_asked(telling, post, &unknown, error) : 0;
    if (result != 0 || (unknown && channel->kind == STORE_MAIL))
        return result;
    if (post->count >= NOTIFY_WAITING_MAX) {
        tell_full(notify, channel);
        return 0;
    }
    struct store_notice notice = {.head.organisation = telling->organisation,
                                  .channel = channel->head.id,
                                  .event = slice_from_string(notify_events[telling->event]),
                                  .object = telling->object,
                                  .body = telling->body,
                                  .next_ms = clock_wall_ms()};
    result = store_add_notice(telling->view, &notice, error);
    if (result == 0)
        notify_queue(notify, post, &notice);
    return result;
}

static int tell_channels(const struct telling *telling, struct error *error)
{
    struct notify *notify = telling->notify;
    const struct store_channel *channels = NULL;
    size_t count = 0;
    int result = store_list_channel(telling->view, telling->organisation, (struct slice){0}, NULL,
                                    &channels, &count, NULL, error);
    for (size_t i = 0; i < count && result == 0; i++) {
        bool wanted = false;
        if (!channels[i].disabled)
            result = wants(&channels[i], notify_events[telling->event], &wanted);
        if (result != 0 || !wanted)
            continue;
        pthread_mutex_lock(&notify->lock);
        result = add_notice(telling, &channels[i], error);
        pthread_mutex_unlock(&notify->lock);
    }
    return result;
}

// ---- What happened

static int finish_body(struct telling *telling, struct buffer *body, struct error *error)
{
    buffer_append_string(body, "}");
    telling->body = body->failed ? (struct slice){NULL, 0}
                                 : arena_copy(store_arena(telling->view), buffer_slice(body));
    buffer_release(body);
    return telling->body.data == NULL ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                                      : tell_channels(telling, error);
}

static int tell_question(struct telling *telling, struct error *error)
{
    struct store_question question = {.approvers = 0};
    struct store_organisation owner = {.commands_allowed = false};
    struct buffer body;
    int result =
        store_get_question(telling->view, telling->organisation, telling->object, &question, error);
    if (result == 0)
        result = store_get_organisation(telling->view, telling->organisation, telling->organisation,
                                        &owner, error);
    // That it ran is what was decided before.
    if (result != 0 || question.state == STORE_RAN)
        return result;
    telling->event = question.state == STORE_ASKED ? ASKED : DECIDED;
    buffer_init(&body, 0);
    begin_body(&body, &owner);
    write_question(&body, &question);
    return finish_body(telling, &body, error);
}

static int tell_grant(struct telling *telling, struct error *error)
{
    struct store_grant grant = {.paused_ms = 0};
    struct store_organisation owner = {.commands_allowed = false};
    struct buffer body;
    int result =
        store_get_grant(telling->view, telling->organisation, telling->object, &grant, error);
    if (result == 0)
        result = store_get_organisation(telling->view, telling->organisation, telling->organisation,
                                        &owner, error);
    if (result != 0 || grant.paused_ms == 0)
        return result;
    telling->event = PAUSED;
    buffer_init(&body, 0);
    begin_body(&body, &owner);
    write_grant(&body, grant.head.id, grant.label);
    write_time(&body, "paused", grant.paused_ms);
    write_text(&body, "reason", grant.paused_why);
    return finish_body(telling, &body, error);
}

static int tell_contact(struct telling *telling, struct error *error)
{
    struct store_contact contact = {.done_ms = 0};
    struct store_organisation owner = {.commands_allowed = false};
    struct buffer body;
    int result =
        store_get_contact(telling->view, telling->organisation, telling->object, &contact, error);
    if (result == 0)
        result = store_get_organisation(telling->view, telling->organisation, telling->organisation,
                                        &owner, error);
    if (result != 0)
        return result;
    telling->event = CONTACT;
    buffer_init(&body, 0);
    begin_body(&body, &owner);
    write_text(&body, "contact", contact.head.id);
    write_text(&body, "name", contact.name);
    write_text(&body, "email", contact.email);
    write_text(&body, "text", contact.text);
    write_time(&body, "sent", contact.head.created_ms);
    return finish_body(telling, &body, error);
}

static bool is_news(const struct store_change *change)
{
    return !change->removed &&
           ((change->kind == STORE_QUESTION && store_changed(change, "state")) ||
            (change->kind == STORE_CONTACT && change->columns == UINT64_MAX) ||
            (change->kind == STORE_GRANT && store_changed(change, "paused_ms")));
}

// The record is read as it is after all of them.
static bool is_last(const struct store_change *changes, size_t count, size_t at)
{
    for (size_t i = at + 1; i < count; i++)
        if (changes[i].kind == changes[at].kind && is_news(&changes[i]) &&
            slice_equal(changes[i].id, changes[at].id))
            return false;
    return true;
}

int notify_committing(struct notify *notify, struct store_view *view,
                      const struct store_change *changes, size_t count, struct error *error)
{
    int result = 0;
    bool any = false;
    for (size_t i = 0; i < count && result == 0; i++) {
        // A new grant is not paused.
        bool fresh = changes[i].kind == STORE_GRANT && changes[i].columns == UINT64_MAX;
        if (fresh || !is_news(&changes[i]) || !is_last(changes, count, i))
            continue;
        struct telling telling = {.notify = notify,
                                  .view = view,
                                  .organisation = changes[i].organisation,
                                  .object = changes[i].id};
        result = changes[i].kind == STORE_QUESTION  ? tell_question(&telling, error)
                 : changes[i].kind == STORE_CONTACT ? tell_contact(&telling, error)
                                                    : tell_grant(&telling, error);
        any = true;
        if (result == ERROR_NOT_FOUND) // removed in the same transaction
            result = 0;
    }
    if (any)
        waker_wake(&notify->waker);
    if (result != 0)
        log_event(LOG_ERROR, "notify", "nobody outside is told of a change: %s", error->text);
    return result;
}
