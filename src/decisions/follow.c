// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The thread that keeps the index level with the log. It only reads the log's files, so that
// nothing that happens here can hold up who writes them.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "decisions/decisions_internal.h"

#include <sys/stat.h>
#include <unistd.h>

enum { NAP_MS = 100, RETRY_MS = 2000 };
static const uint64_t SCAN_US = 5000000; // between looks at which files there are

// ---- The index's file

static int open_index(struct follower *follower, struct error *error)
{
    struct decisions *decisions = follower->decisions;
    int result = store_index_open(decisions->options.index, true, &follower->index, error);
    if (result == 0)
        result = follow_load(follower, error);
    if (result != 0)
        return result;
    pthread_rwlock_wrlock(&decisions->gate);
    decisions->ready = true;
    pthread_rwlock_unlock(&decisions->gate);
    return 0;
}

static void close_index(struct follower *follower)
{
    if (follower->index != NULL)
        store_index_rollback(follower->index);
    follower->in_change = false;
    follow_forget(follower);
    store_index_close(follower->index);
    follower->index = NULL;
}

// Nobody looks meanwhile.
static void delete_index(struct decisions *decisions)
{
    pthread_rwlock_wrlock(&decisions->gate);
    decisions->ready = false;
    readers_close(decisions);
    store_index_delete(decisions->options.index);
    pthread_rwlock_unlock(&decisions->gate);
}

static void give_up(struct follower *follower, int result, const struct error *error)
{
    struct decisions *decisions = follower->decisions;
    close_index(follower);
    atomic_store(&decisions->up, false);
    if (result == ERROR_CONFIG) {
        log_event(LOG_WARNING, "decisions", "the index is made anew from the decision log: %s",
                  error->text);
        delete_index(decisions);
    } else if (!follower->told) {
        log_event(LOG_ERROR, "decisions",
                  "%s; until it can be written, queries do not find the newest decisions",
                  error->text);
    }
    follower->told = follower->told || result != ERROR_CONFIG;
}

static int commit(struct follower *follower, struct error *error)
{
    if (!follower->in_change)
        return 0;
    int result = store_index_commit(follower->index, error);
    if (result == 0)
        follower->in_change = false;
    return result;
}

// ---- What there is to do

// The log's own file, which may be another one by now.
static bool look_at_log(struct follower *follower)
{
    struct stat status;
    if (stat(follower->decisions->options.log, &status) != 0 || status.st_size == 0)
        return true; // it has been moved away, or is new: nothing is there yet
    for (struct segment *segment = follower->segments; segment != NULL; segment = segment->next)
        if (segment->inode == (int64_t)status.st_ino) {
            segment->size = status.st_size;
            return status.st_size >= segment->indexed;
        }
    return false;
}

static int scan_if_due(struct follower *follower, struct error *error)
{
    uint64_t now = clock_monotonic_us();
    bool known = look_at_log(follower);
    if (known && now < follower->scan_at_us)
        return 0;
    follower->scan_at_us = now + SCAN_US;
    return follow_scan(follower, error);
}

static struct segment *next_segment(const struct follower *follower)
{
    for (struct segment *segment = follower->segments; segment != NULL; segment = segment->next)
        if (segment->size > segment->indexed && segment->size != segment->tried)
            return segment;
    return NULL;
}

static int take_next(struct follower *follower, bool *ret_more, struct error *error)
{
    struct segment *segment = next_segment(follower);
    bool there = true, more = false;
    if (segment == NULL)
        return 0;
    int result = follow_open(follower, segment, &there, error);
    if (result == 0 && there)
        result = follow_take(follower, &more, error);
    if (!there) {
        segment->tried = segment->size;
        follower->scan_at_us = 0;
    }
    *ret_more = more || next_segment(follower) != NULL;
    return result;
}

static void publish(struct follower *follower)
{
    struct decisions *decisions = follower->decisions;
    uint64_t row = 0, behind = 0;
    for (const struct segment *segment = follower->segments; segment != NULL;
         segment = segment->next) {
        row = (uint64_t)segment->last_row > row ? (uint64_t)segment->last_row : row;
        if (segment->size > segment->indexed && segment->size != segment->tried)
            behind += (uint64_t)(segment->size - segment->indexed);
    }
    if (follower->told)
        log_event(LOG_INFO, "decisions", "the index of the decision log can be written again");
    follower->told = false;
    atomic_store(&decisions->up, true);
    atomic_store(&decisions->behind, behind);
    if (behind == 0)
        atomic_store(&decisions->level_us, clock_monotonic_us());
    bool news = atomic_exchange(&decisions->row, row) != row;
    if (news && decisions->options.advanced != NULL)
        decisions->options.advanced(decisions->options.argument);
}

static int turn(struct follower *follower, bool *ret_more)
{
    struct error error = {0};
    *ret_more = false;
    int result = follower->index != NULL ? 0 : open_index(follower, &error);
    if (result == 0 && atomic_exchange(&follower->decisions->suspect, false))
        result = error_set(&error, ERROR_CONFIG, "the index of the decision log is damaged");
    if (result == 0)
        result = scan_if_due(follower, &error);
    if (result == 0)
        result = take_next(follower, ret_more, &error);
    if (result == 0)
        result = commit(follower, &error);
    if (result == 0)
        publish(follower);
    else
        give_up(follower, result, &error);
    return result;
}

void *follow_run(void *argument)
{
    struct decisions *decisions = argument;
    struct follower follower = {.decisions = decisions, .fd = -1, .bytes = follow_bytes()};
    shapes_init(&follower.shapes);
    packer_init(&follower.packer);
    band_init(&follower.band);
    buffer_init(&follower.scratch, 0);
    buffer_init(&follower.packed, 0);
    thread_stand_back(); // calls first: an index that is behind says so, and catches up
    while (!atomic_load(&decisions->stop) && follower.bytes != NULL) {
        bool more = false;
        int result = turn(&follower, &more);
        if (result != 0 && result != ERROR_CONFIG)
            waker_wait(&decisions->waker, RETRY_MS);
        else if (!more)
            waker_wait(&decisions->waker, NAP_MS);
    }
    close_index(&follower);
    shapes_release(&follower.shapes);
    packer_release(&follower.packer);
    band_release(&follower.band);
    buffer_release(&follower.scratch);
    buffer_release(&follower.packed);
    memory_free(follower.bytes);
    return NULL;
}
