// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions as they come and change (server-sent events). What changed is kept for a while as ids;
// who listens has a place among them, reads the questions themselves, and begins anew when it was
// too slow.
#include "admin/decisions_internal.h"
#include "admin/question_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>

enum { RUNGS = 1024, ID_SIZE = 48, AT_ONCE = 100, OPEN_AT_ONCE = 1000, LIFE_MS = 3600000 };

struct rung {
    char organisation[ID_SIZE], id[ID_SIZE];
};
struct admin_bell {
    pthread_mutex_t lock; // of what follows
    uint64_t next;        // so many rang so far
    struct rung rungs[RUNGS];
};

struct admin_bell *admin_bell_new(void)
{
    struct admin_bell *bell = memory_new(sizeof *bell);
    pthread_mutex_init(&bell->lock, NULL);
    return bell;
}

void admin_bell_free(struct admin_bell *bell)
{
    if (bell == NULL)
        return;
    pthread_mutex_destroy(&bell->lock);
    memory_free(bell);
}

static bool ring(struct admin_bell *bell, const struct store_change *change)
{
    bool vote = change->kind == STORE_VOTE;
    struct rung rung;
    if ((!vote && change->kind != STORE_QUESTION) || change->removed)
        return false;
    snprintf(rung.organisation, sizeof rung.organisation, "%.*s",
             SLICE_PRINT(change->organisation));
    snprintf(rung.id, sizeof rung.id, "%.*s", SLICE_PRINT(vote ? change->parent : change->id));
    pthread_mutex_lock(&bell->lock);
    bell->rungs[bell->next++ % RUNGS] = rung;
    pthread_mutex_unlock(&bell->lock);
    return true;
}

void admin_tell_changes(struct admin *admin, const struct store_change *changes, size_t count)
{
    bool rang = false;
    for (size_t i = 0; i < count; i++)
        rang = ring(admin->bell, &changes[i]) || rang;
    if (rang)
        admin_tell_news(admin);
}

bool admin_bell_rang(struct admin_request *request)
{
    struct admin_bell *bell = request->admin->bell;
    pthread_mutex_lock(&bell->lock);
    bool rang = bell->next != request->stream->heard;
    pthread_mutex_unlock(&bell->lock);
    return rang;
}

// ---- What is sent

static void write_event(struct admin_request *request, const struct store_question *row)
{
    buffer_append_string(&request->out, "event: approval\ndata: ");
    admin_write_question(&request->out, row, request->now_ms);
    buffer_append_string(&request->out, "}\n\n");
}

// All that wait for somebody.
static int write_open(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct store_page page = {.limit = OPEN_AT_ONCE};
    struct admin_bell *bell = request->admin->bell;
    pthread_mutex_lock(&bell->lock);
    request->stream->heard = bell->next; // of what comes now some may be read twice, none never
    pthread_mutex_unlock(&bell->lock);
    for (bool more = true; more;) {
        const struct store_question *rows = NULL;
        size_t count = 0;
        int result = store_list_open_questions(view, request->who.organisation, &page, &rows,
                                               &count, &more, error);
        if (result != 0)
            return result;
        for (size_t i = 0; i < count; i++) {
            page.after = rows[i].head.id;
            if (admin_question_state(&rows[i], request->now_ms) == STORE_ASKED)
                write_event(request, &rows[i]);
        }
    }
    buffer_append_string(&request->out, "event: level\ndata: {}\n\n");
    return 0;
}

struct heard {
    struct rung rungs[AT_ONCE];
    size_t count;
    bool missed, more;
};

static void hear(struct admin_request *request, struct heard *heard)
{
    struct admin_bell *bell = request->admin->bell;
    struct admin_stream *stream = request->stream;
    pthread_mutex_lock(&bell->lock);
    heard->missed = bell->next - stream->heard > RUNGS;
    while (!heard->missed && stream->heard < bell->next && heard->count < AT_ONCE) {
        const struct rung *rung = &bell->rungs[stream->heard++ % RUNGS];
        if (slice_equal_string(request->who.organisation, rung->organisation))
            heard->rungs[heard->count++] = *rung;
    }
    heard->more = stream->heard < bell->next;
    pthread_mutex_unlock(&bell->lock);
}

static int write_heard(struct admin_request *request, struct store_view *view, struct error *error)
{
    struct heard heard = {.count = 0};
    int result = 0;
    hear(request, &heard);
    if (heard.missed)
        return write_open(request, view, error);
    for (size_t i = 0; i < heard.count && result == 0; i++) {
        struct store_question row = {.state = STORE_ASKED};
        bool again = false;
        for (size_t k = i + 1; k < heard.count && !again; k++)
            again = strcmp(heard.rungs[i].id, heard.rungs[k].id) == 0;
        if (again)
            continue; // its last change says it all
        result = store_get_question(view, request->who.organisation,
                                    slice_from_string(heard.rungs[i].id), &row, error);
        if (result == 0)
            write_event(request, &row);
        result = result == ERROR_NOT_FOUND ? 0 : result;
    }
    request->stream->more = heard.more;
    return result;
}

int admin_write_questions(struct admin_request *request, struct store_view *view, bool first,
                          struct error *error)
{
    return first ? write_open(request, view, error) : write_heard(request, view, error);
}

// A piece; the first one has all that are open.
int admin_hear_questions(struct admin_request *request, struct store_view *view,
                         struct error *error)
{
    static const char *const names[] = {NULL};
    bool first = request->stream == NULL;
    int result = admin_query_only(request, names, error);
    if (result == 0 && first)
        result = admin_stream_begin(request, true, error);
    if (result != 0)
        return result;
    struct admin_stream *stream = request->stream;
    stream->questions = true;
    result = admin_write_questions(request, view, first, error);
    if (request->out.length == 0 && stream->beat)
        buffer_append_string(&request->out, ": \n\n");
    stream->beat = false;
    stream->over = clock_wall_ms() - stream->begun_ms > LIFE_MS;
    request->status = 200;
    return result;
}
