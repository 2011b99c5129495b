// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline_internal.h"

enum { HELD_MAX = 16, HELD_BYTES_MAX = 64 * 1024 }; // of a session

struct held {
    struct list link; // session->tasks.news, oldest first
    size_t length;
    char text[];
};

static void drop(struct session *session, struct held *held)
{
    session->tasks.news_count--;
    session->tasks.news_bytes -= held->length;
    list_remove(&held->link);
    memory_free(held);
}

void held_news_release(struct session *session)
{
    while (!list_empty(&session->tasks.news))
        drop(session, LIST_ENTRY(session->tasks.news.next, struct held, link));
}

static bool may_become_task(const struct session *session, const struct exchange *but)
{
    for (struct list *l = session->exchanges.next; l != &session->exchanges; l = l->next) {
        const struct exchange *ex = LIST_ENTRY(l, struct exchange, session_link);
        if (ex != but && ex->wants_task)
            return true;
    }
    return false;
}

bool held_news_keep(struct exchange *ex, struct session *session,
                    const struct upstream_message *message)
{
    session = session == NULL ? ex->session : session;
    if (session == NULL || session->ended || !may_become_task(session, NULL) ||
        message->edits.count > 0 || message->text.length > HELD_BYTES_MAX)
        return false;
    while (session->tasks.news_count >= HELD_MAX ||
           session->tasks.news_bytes + message->text.length > HELD_BYTES_MAX)
        drop(session, LIST_ENTRY(session->tasks.news.next, struct held, link));
    struct held *held = memory_try_new(sizeof *held + message->text.length);
    if (held == NULL)
        return false;
    held->length = message->text.length;
    memcpy(held->text, message->text.data, held->length);
    session->tasks.news_count++;
    session->tasks.news_bytes += held->length;
    list_append(&session->tasks.news, &held->link);
    return true;
}

// True: it is over. The session hears it if the task is its grant's now; else it may wait on.
static bool settle(struct exchange *ex, const struct held *held, bool last)
{
    struct json_doc doc;
    struct arena arena;
    struct mcp_message read;
    int code;
    json_doc_init(&doc);
    arena_init(&arena, 256 * 1024);
    struct upstream_message message = {.text = slice_of(held->text, held->length),
                                       .doc = &doc,
                                       .message = &read,
                                       .arena = &arena,
                                       .retry_ms = -1};
    bool good = json_scan(&doc, message.text, NULL, NULL, NULL) == 0 &&
                mcp_decode(&doc, 0, &arena, &read, &code, NULL) == 0;
    uint32_t id = good ? json_get(&doc, read.params, "taskId") : (uint32_t)JSON_NONE;
    struct slice task = {0};
    if (id != JSON_NONE && json_type(&doc, id) == JSON_STRING)
        task = json_string(&doc, id, &arena);
    bool known = task.data != NULL && origin_has_task(ex, task);
    if (known)
        session_child_said(ex->session, &message);
    else if (last && good)
        outcome_record_server(ex->pipeline, ex->session, ex, read.method_name, false,
                              SLICE_LITERAL("(unknown task)"));
    arena_release(&arena);
    json_doc_release(&doc);
    return known || last;
}

void held_news_settle(struct exchange *ex)
{
    struct session *session = ex->session;
    struct list waiting;
    if (!ex->wants_task || session == NULL || session->tasks.news_count == 0)
        return;
    bool last = !may_become_task(session, ex);
    list_init(&waiting); // what is said may end the session
    while (!list_empty(&session->tasks.news)) {
        struct list *item = session->tasks.news.next;
        list_remove(item);
        list_append(&waiting, item);
    }
    while (!list_empty(&waiting)) {
        struct held *held = LIST_ENTRY(waiting.next, struct held, link);
        bool over = session->ended || settle(ex, held, last);
        list_remove(&held->link);
        list_append(&session->tasks.news, &held->link);
        if (over || session->ended)
            drop(session, held);
    }
}
