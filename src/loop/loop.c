// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "loop/loop_internal.h"
#include "base/clock.h"

#include <signal.h>

static void forget_time(struct loop *l)
{
    l->now_us = 0;
    l->wall_ms = 0;
}

// One batch: what the batch itself defers waits for the next one, so that nobody starves I/O.
static void run_batch(struct loop *l)
{
    struct loop_deferred_queue batch = l->deferred;
    l->deferred = l->running;
    l->deferred.count = 0;
    l->running = (struct loop_deferred_queue){0};
    for (size_t i = 0; i < batch.count; i++)
        batch.items[i].run(batch.items[i].argument);
    l->running = batch;
    l->running.count = 0;
}

void loop_run_deferred(struct loop *l)
{
    while (l->deferred.count > 0)
        run_batch(l);
}

static void idle_cb(uv_idle_t *handle)
{
    (void)handle;
}

static void end_of_turn(struct loop *l)
{
    if (l->deferred.count > 0)
        run_batch(l);
    if (l->deferred.count > 0)
        uv_idle_start(&l->idle, idle_cb);
    else
        uv_idle_stop(&l->idle);
}

// After timers, before polling.
static void prepare_cb(uv_prepare_t *handle)
{
    struct loop *l = handle->data;
    end_of_turn(l);
    forget_time(l);
}

// After polling.
static void check_cb(uv_check_t *handle)
{
    struct loop *l = handle->data;
    end_of_turn(l);
    forget_time(l);
}

// A pipe to a dead child has no MSG_NOSIGNAL, so the signal must go; a handler is left alone.
static void ignore_broken_pipes(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

struct loop *loop_new(void)
{
    struct loop *l = memory_try_new(sizeof *l);
    char *scratch = memory_try_new(LOOP_SCRATCH_SIZE);
    if (l == NULL || scratch == NULL || uv_loop_init(&l->uv) != 0) {
        memory_free(l);
        memory_free(scratch);
        return NULL;
    }
    list_init(&l->processes);
    list_init(&l->questions);
    l->resolver = loop_resolver_open(l);
    if (l->resolver == NULL) {
        uv_loop_close(&l->uv);
        memory_free(l);
        memory_free(scratch);
        return NULL;
    }
    ignore_broken_pipes();
    l->scratch = scratch;
    uv_prepare_init(&l->uv, &l->prepare);
    uv_check_init(&l->uv, &l->check);
    uv_idle_init(&l->uv, &l->idle);
    l->prepare.data = l->check.data = l->idle.data = l;
    uv_prepare_start(&l->prepare, prepare_cb);
    uv_check_start(&l->check, check_cb);
    return l;
}

// An owner forgot to close this one: its memory leaks, but the end does not hang on it.
static void close_forgotten(uv_handle_t *handle, void *argument)
{
    (void)argument;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    loop_run_deferred(l);
    loop_reap_all(l);
    loop_resolver_close(l);
    uv_walk(&l->uv, close_forgotten, NULL);
    // Handles that were closed but not yet freed.
    do {
        uv_run(&l->uv, UV_RUN_DEFAULT);
        loop_run_deferred(l);
    } while (uv_loop_close(&l->uv) == UV_EBUSY && uv_loop_alive(&l->uv));
    memory_free(l->deferred.items);
    memory_free(l->running.items);
    memory_free(l->scratch);
    memory_free(l);
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

uint64_t loop_now_us(struct loop *l)
{
    if (l->now_us == 0)
        l->now_us = clock_monotonic_us();
    return l->now_us;
}

int64_t loop_wall_ms(struct loop *l)
{
    if (l->wall_ms == 0)
        l->wall_ms = clock_wall_ms();
    return l->wall_ms;
}

char *loop_scratch(struct loop *l)
{
    return l->scratch;
}

void loop_defer(struct loop *l, void (*run)(void *argument), void *argument)
{
    struct loop_deferred_queue *queue = &l->deferred;
    if (queue->count == queue->capacity) {
        size_t capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
        struct loop_deferred *items = memory_new(capacity * sizeof *items);
        if (queue->count > 0)
            memcpy(items, queue->items, queue->count * sizeof *items);
        memory_free(queue->items);
        queue->items = items;
        queue->capacity = capacity;
    }
    queue->items[queue->count++] = (struct loop_deferred){run, argument};
}

#ifdef __SANITIZE_THREAD__
// libuv closes descriptors by syscall(), which ThreadSanitizer does not see: when another thread
// is given the number next, all that it does with it looks like a race. Here it is told.
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

long syscall(long number, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < 6; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_close)
        return close((int)arguments[0]);
    return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                arguments[5]);
}
#endif
