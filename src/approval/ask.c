// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Writing a question down, on the writer's thread: once, whoever else asks the same.
#include "approval/approval_internal.h"

#include "base/log.h"
#include "base/memory.h"

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "out of memory");
}

static bool is_same_policy(const struct approval_call *call, const struct store_question *row)
{
    return slice_equal(row->policy, call->policy) &&
           slice_equal(row->policy_version, call->policy_version);
}

// What the desk knows of a question's end that the database does not know yet.
static bool has_ended(struct approval_desk *desk, struct slice id,
                      enum store_question_state *ret_state)
{
    pthread_mutex_lock(&desk->lock);
    const struct approval_entry *entry = table_get(&desk->by_id, id);
    bool ended = entry != NULL && entry->unwritten;
    if (ended)
        *ret_state = entry->state;
    pthread_mutex_unlock(&desk->lock);
    return ended;
}

static int end_row(struct store_view *view, const struct store_question *listed,
                   enum store_question_state state, struct error *error)
{
    struct store_question row = {.state = STORE_ASKED};
    int result = store_get_question(view, listed->head.organisation, listed->head.id, &row, error);
    if (result != 0)
        return result;
    row.state = state;
    return store_change_question(view, &row, error);
}

static void take(struct approval_work *work, const struct store_question *row, bool joined)
{
    approval_copy_id(work->found, row->head.id);
    work->state = row->state;
    work->created_ms = row->head.created_ms;
    work->expires_ms = row->expires_ms;
    work->joined = joined;
}

// Looks at what was asked of the same call before; work->found when one of these stands.
static int look_back(struct approval_work *work, struct store_view *view, struct error *error)
{
    const struct approval_call *call = &work->call;
    const struct store_question *rows = NULL;
    size_t count = 0;
    struct slice print = slice_of((const char *)call->print, APPROVAL_PRINT_SIZE);
    int64_t now_ms = approval_wall_ms(work->desk);
    int result = store_find_questions(view, call->organisation, print, &rows, &count, error);
    for (size_t i = 0; i < count && result == 0; i++) {
        enum store_question_state state = STORE_OVERTAKEN;
        bool same = is_same_policy(call, &rows[i]), open = approval_is_open(rows[i].state);
        bool ended = has_ended(work->desk, rows[i].head.id, &state);
        bool over = now_ms >= rows[i].expires_ms;
        if (open && !ended && same && over)
            state = STORE_EXPIRED;
        if (open && (ended || !same || over))
            result = end_row(view, &rows[i], state, error);
        else if (same && work->found[0] == '\0' && (open || rows[i].state == STORE_REFUSED) &&
                 !over && now_ms >= rows[i].head.created_ms)
            take(work, &rows[i], true);
    }
    return result;
}

struct slice approval_place(struct slice organisation, struct slice id, struct arena *arena)
{
    return arena_format(arena, "question/%.*s/%.*s", SLICE_PRINT(organisation), SLICE_PRINT(id));
}

static int seal(struct approval_work *work, struct store_view *view, struct slice id,
                struct slice *ret, struct error *error)
{
    const struct approval_options *options = &work->desk->options;
    struct slice place = approval_place(work->call.organisation, id, store_arena(view));
    struct buffer out;
    buffer_init(&out, 0);
    int result = place.data == NULL
                     ? no_memory(error)
                     : options->seal(options->argument, work->call.arguments, place, &out, error);
    *ret = result == 0 ? arena_copy(store_arena(view), buffer_slice(&out)) : (struct slice){0};
    if (result == 0 && (out.failed || ret->data == NULL))
        result = no_memory(error);
    buffer_release(&out);
    return result;
}

enum { CLIENT_MOST = 1000, TEXT_MOST = 4000 }; // bytes, as the records have room for

// Cut before a character rather than inside.
static struct slice cut(struct slice text, size_t most)
{
    if (text.length <= most)
        return text;
    while (most > 0 && ((unsigned char)text.data[most] & 0xC0) == 0x80)
        most--;
    return slice_of(text.data, most);
}

static int add_row(struct approval_work *work, struct store_view *view, struct error *error)
{
    const struct approval_call *call = &work->call;
    int64_t now_ms = approval_wall_ms(work->desk);
    struct store_question row = {
        .head = {.organisation = call->organisation, .id = store_make_id(view, STORE_QUESTION)},
        .grant = call->grant,
        .grant_label = call->grant_label,
        .server = call->server,
        .server_name = call->server_name,
        .tool = call->method.length == 0
                    ? call->tool
                    : arena_format(store_arena(view), "%.*s %.*s", SLICE_PRINT(call->method),
                                   SLICE_PRINT(call->tool)),
        .client = cut(call->client, CLIENT_MOST),
        .print = slice_of((const char *)call->print, APPROVAL_PRINT_SIZE),
        .policy = call->policy,
        .policy_version = call->policy_version,
        .rule = cut(call->rule, TEXT_MOST),
        .reason = cut(call->reason, TEXT_MOST),
        .category = call->category,
        .severity = call->severity,
        .facts = call->facts,
        .approvers = call->approvers,
        .expires_ms = now_ms + call->life_ms};
    int result = row.head.id.data == NULL || row.tool.data == NULL
                     ? no_memory(error)
                     : seal(work, view, row.head.id, &row.arguments, error);
    if (result == 0)
        result = store_add_question(view, &row, error);
    if (result == 0)
        take(work, &row, false);
    return result;
}

int approval_ask_run(void *argument, struct store_view *view, struct error *error)
{
    struct approval_work *work = argument;
    if (work->call.organisation.length == 0)
        return error_set(error, ERROR_NOT_FOUND, "there is no organisation 'default'");
    int result = look_back(work, view, error);
    if (result == 0 && work->found[0] == '\0')
        result = add_row(work, view, error);
    return result;
}

// ---- It is written down, or not

static void tell_failure(struct approval_desk *desk, struct approval_entry *entry)
{
    desk->figures.failed++;
    LIST_EACH(&entry->waiters, item)
    {
        struct approval_waiter *waiter = LIST_ENTRY(item, struct approval_waiter, link);
        approval_detach(desk, waiter);
        approval_tell(waiter, APPROVAL_UNAVAILABLE);
    }
    approval_entry_unlist(desk, entry);
    approval_entry_settle(desk, entry);
}

static void tell_open(const struct approval_entry *entry)
{
    LIST_EACH(&entry->waiters, item)
    {
        struct approval_waiter *waiter = LIST_ENTRY(item, struct approval_waiter, link);
        approval_copy_id(waiter->id, slice_from_string(entry->id));
        approval_tell(waiter, entry->state == STORE_ASKED ? APPROVAL_ASKED : APPROVAL_APPROVED);
    }
}

static void take_over(struct approval_desk *desk, struct approval_entry *entry,
                      const struct approval_work *work)
{
    entry->expires_ms = work->expires_ms;
    entry->deadline_us = approval_deadline_us(desk, work->created_ms, work->expires_ms);
    entry->delivered = work->joined; // who asked it before may come again
    desk->figures.asked += !work->joined;
    if (work->state != STORE_ASKED)
        approval_entry_turn(desk, entry, work->state);
    else if (list_empty(&entry->waiters) && !entry->delivered)
        approval_entry_end(desk, entry, STORE_WITHDRAWN);
    else
        tell_open(entry);
}

void approval_ask_done(void *argument, int result, const struct error *error)
{
    struct approval_work *work = argument;
    struct approval_desk *desk = work->desk;
    pthread_mutex_lock(&desk->lock);
    struct approval_entry *entry = work->entry;
    entry->making = false;
    if (result != 0)
        log_event(LOG_ERROR, "approval", "a question cannot be written down: %s", error->text);
    if (result != 0 || approval_entry_name(desk, entry, work->found) != 0)
        tell_failure(desk, entry);
    else
        take_over(desk, entry, work);
    approval_settle_some(desk);
    pthread_mutex_unlock(&desk->lock);
    approval_work_free(work);
}
