// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Timers, signals and wake-ups: thin owners of one libuv handle each.
#include "loop/loop_internal.h"

struct loop_timer {
    uv_timer_t timer;
    loop_timer_cb fire;
    void *argument;
    bool closed;
};

struct loop_signal {
    uv_signal_t signal;
    loop_signal_cb got;
    void *argument;
    bool closed;
};

struct loop_wake {
    uv_async_t async;
    loop_timer_cb woken;
    void *argument;
    bool closed;
};

static void closed_cb(uv_handle_t *handle)
{
    memory_free(handle->data);
}

static void timer_cb(uv_timer_t *handle)
{
    struct loop_timer *t = handle->data;
    if (!t->closed)
        t->fire(t->argument);
}

struct loop_timer *loop_timer_open(struct loop *l, loop_timer_cb fire, void *argument)
{
    struct loop_timer *t = memory_new(sizeof *t);
    uv_timer_init(&l->uv, &t->timer);
    t->timer.data = t;
    t->fire = fire;
    t->argument = argument;
    return t;
}

void loop_timer_start(struct loop_timer *t, uint64_t after_ms, uint64_t repeat_ms)
{
    uv_update_time(t->timer.loop);
    uv_timer_start(&t->timer, timer_cb, after_ms, repeat_ms);
}

void loop_timer_stop(struct loop_timer *t)
{
    uv_timer_stop(&t->timer);
}

void loop_timer_close(struct loop_timer *t)
{
    if (t == NULL || t->closed)
        return;
    t->closed = true;
    uv_close((uv_handle_t *)&t->timer, closed_cb);
}

static void signal_cb(uv_signal_t *handle, int number)
{
    struct loop_signal *s = handle->data;
    if (!s->closed)
        s->got(s->argument, number);
}

struct loop_signal *loop_signal_open(struct loop *l, int number, loop_signal_cb got, void *argument)
{
    struct loop_signal *s = memory_new(sizeof *s);
    s->signal.data = s;
    s->got = got;
    s->argument = argument;
    if (uv_signal_init(&l->uv, &s->signal) != 0) {
        memory_free(s);
        return NULL;
    }
    if (uv_signal_start(&s->signal, signal_cb, number) != 0) {
        loop_signal_close(s);
        return NULL;
    }
    return s;
}

void loop_signal_close(struct loop_signal *s)
{
    if (s == NULL || s->closed)
        return;
    s->closed = true;
    uv_close((uv_handle_t *)&s->signal, closed_cb);
}

static void async_cb(uv_async_t *handle)
{
    struct loop_wake *w = handle->data;
    if (!w->closed)
        w->woken(w->argument);
}

struct loop_wake *loop_wake_open(struct loop *l, loop_timer_cb woken, void *argument)
{
    struct loop_wake *w = memory_new(sizeof *w);
    if (uv_async_init(&l->uv, &w->async, async_cb) != 0) {
        memory_free(w);
        return NULL;
    }
    w->async.data = w;
    w->woken = woken;
    w->argument = argument;
    return w;
}

void loop_wake_send(struct loop_wake *w)
{
    uv_async_send(&w->async);
}

void loop_wake_close(struct loop_wake *w)
{
    if (w == NULL || w->closed)
        return;
    w->closed = true;
    uv_close((uv_handle_t *)&w->async, closed_cb);
}
