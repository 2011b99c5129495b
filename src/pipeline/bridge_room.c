// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The questions that wait for clients of 2026-07-28, and how many of them may.
#include "pipeline/bridge_internal.h"

void parked_forget(struct parked_question *question)
{
    list_remove(&question->link);
    buffer_release(&question->id);
    buffer_release(&question->method);
    buffer_release(&question->params);
    memory_free(question);
}

// What waits for clients may be large, and they may never come.
bool parked_keep_bytes(struct legacy_call *call, size_t bytes)
{
    struct bridge *bridge = call->conversation->pipeline->bridge;
    if (bytes > BRIDGE_PARKED_BYTES - bridge->parked_bytes)
        return false;
    bridge->parked_bytes += bytes;
    call->kept_bytes += bytes;
    return true;
}

bool parked_keep(struct legacy_call *call, struct slice id, struct slice method,
                 struct slice params)
{
    struct parked_question *question = memory_try_new(sizeof *question);
    if (question == NULL)
        return false;
    question->number = ++call->next_question;
    buffer_init(&question->id, 1024);
    buffer_init(&question->method, 1024);
    buffer_init(&question->params, BRIDGE_TEXT_MAX);
    list_append(&call->questions, &question->link);
    buffer_append(&question->id, id);
    buffer_append(&question->method, method);
    buffer_append(&question->params, params);
    if (!question->id.failed && !question->method.failed && !question->params.failed &&
        parked_keep_bytes(call, params.length))
        return true;
    parked_forget(question);
    return false;
}

static size_t count_questions(const struct legacy_call *call, struct slice id, bool *ret_same)
{
    size_t count = 0;
    for (struct list *q = call->questions.next; q != &call->questions; q = q->next) {
        const struct parked_question *question = LIST_ENTRY(q, struct parked_question, link);
        *ret_same = *ret_same || slice_equal(buffer_slice(&question->id), id);
        count++;
    }
    return count;
}

// Room for one more question? One grant's questions leave room for others.
bool parked_room_for(const struct conversation *c, struct slice id, bool *ret_same)
{
    size_t questions = 0, parked = 0;
    LIST_EACH(&c->pipeline->bridge->conversations, item)
    {
        const struct conversation *other = LIST_ENTRY(item, struct conversation, link);
        if (strcmp(other->grant_id, c->grant_id) != 0)
            continue;
        for (struct list *l = other->calls.next; l != &other->calls; l = l->next) {
            const struct legacy_call *call = LIST_ENTRY(l, struct legacy_call, link);
            bool same = false;
            size_t count = count_questions(call, id, &same);
            *ret_same = *ret_same || (same && other == c);
            questions += other == c ? count : 0;
            parked += count > 0;
        }
    }
    return questions < BRIDGE_PARKED_PER_CONVERSATION && parked <= BRIDGE_PARKED_PER_GRANT &&
           c->pipeline->bridge->parked.count < BRIDGE_PARKED_MAX;
}
