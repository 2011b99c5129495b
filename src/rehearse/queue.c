// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The log has calls in the order in which they were over, which is nearly the one in which they
// were decided. What comes in order is put behind the others; what comes late goes into a heap.
#include "base/memory.h"
#include "rehearse/rehearse_internal.h"

enum { FIRST_ROOM = 1024, MOST = 512 * 1024, AHEAD = 8, BYTES_MOST = 256 * 1024 * 1024 };

void rehearse_event_release(struct rehearse_event *event)
{
    memory_free(event->line);
    memory_free(event->receipts);
    *event = (struct rehearse_event){0};
}

void rehearse_queue_release(struct rehearse_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        rehearse_event_release(&queue->items[queue->first + i]);
    for (size_t i = 0; i < queue->late_count; i++)
        rehearse_event_release(&queue->late[i]);
    memory_free(queue->items);
    memory_free(queue->late);
    *queue = (struct rehearse_queue){0};
}

static bool is_earlier(const struct rehearse_event *a, const struct rehearse_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->place < b->place;
}

static int grow(struct rehearse_event **items, size_t *capacity)
{
    size_t wanted = *capacity == 0 ? FIRST_ROOM : *capacity * 2;
    struct rehearse_event *more = memory_try_resize(*items, wanted * sizeof *more);
    if (more == NULL)
        return ERROR_NO_MEMORY;
    *items = more;
    *capacity = wanted;
    return 0;
}

static int make_room(struct rehearse_queue *queue)
{
    if (queue->items == NULL || queue->first <= queue->capacity / 2)
        return grow(&queue->items, &queue->capacity);
    memmove(queue->items, queue->items + queue->first, queue->count * sizeof *queue->items);
    queue->first = 0;
    return 0;
}

static int append(struct rehearse_queue *queue, const struct rehearse_event *event)
{
    bool full = queue->items == NULL || queue->first + queue->count == queue->capacity;
    if (full && make_room(queue) != 0)
        return ERROR_NO_MEMORY;
    queue->items[queue->first + queue->count++] = *event;
    return 0;
}

static int push_late(struct rehearse_queue *queue, const struct rehearse_event *event)
{
    if (queue->late_count == queue->late_capacity && grow(&queue->late, &queue->late_capacity) != 0)
        return ERROR_NO_MEMORY;
    size_t at = queue->late_count++;
    while (at > 0 && is_earlier(event, &queue->late[(at - 1) / 2])) {
        queue->late[at] = queue->late[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->late[at] = *event;
    return 0;
}

static void pop_late(struct rehearse_queue *queue, struct rehearse_event *ret)
{
    *ret = queue->late[0];
    struct rehearse_event last = queue->late[--queue->late_count];
    size_t at = 0, count = queue->late_count;
    for (size_t child = 1; child < count; child = 2 * at + 1) {
        child += child + 1 < count && is_earlier(&queue->late[child + 1], &queue->late[child]);
        if (!is_earlier(&queue->late[child], &last))
            break;
        queue->late[at] = queue->late[child];
        at = child;
    }
    if (count > 0)
        queue->late[at] = last;
}

int rehearse_queue_put(struct rehearse_queue *queue, const struct rehearse_event *event)
{
    struct rehearse_event placed = *event;
    const struct rehearse_event *newest =
        queue->count == 0 ? NULL : &queue->items[queue->first + queue->count - 1];
    placed.place = queue->places++;
    int result = newest == NULL || newest->at_ms <= event->at_ms ? append(queue, &placed)
                                                                 : push_late(queue, &placed);
    if (result == 0 && event->line != NULL)
        queue->bytes += event->length;
    return result;
}

static bool is_full(const struct rehearse_queue *queue)
{
    return queue->count + queue->late_count >= MOST || queue->bytes > BYTES_MOST;
}

bool rehearse_queue_take(struct rehearse_queue *queue, int64_t until_ms, struct rehearse_event *ret)
{
    const struct rehearse_event *next = queue->count == 0 ? NULL : &queue->items[queue->first];
    bool late = queue->late_count > 0 && (next == NULL || is_earlier(&queue->late[0], next));
    if (late)
        next = &queue->late[0];
    if (next == NULL || (next->at_ms > until_ms && !is_full(queue)))
        return false;
    if (late) {
        pop_late(queue, ret);
    } else {
        *ret = *next;
        queue->first++;
        queue->count--;
        if (queue->count > AHEAD) // what is needed soon lies anywhere
            __builtin_prefetch(next[AHEAD].class);
    }
    if (ret->line != NULL)
        queue->bytes -= ret->length;
    queue->released_ms = ret->at_ms > queue->released_ms ? ret->at_ms : queue->released_ms;
    return true;
}
