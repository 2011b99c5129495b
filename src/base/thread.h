// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For background writers: start a thread, and let it sleep until somebody wakes it. Waking is one
// non-blocking write to a pipe, so it never makes the waker wait.
#pragma once

#include "base/error.h"

#include <pthread.h>

// The new thread takes no signals: those belong to the main thread. 0 or ERROR_NO_MEMORY.
int thread_start(pthread_t *ret_thread, void *(*run)(void *), void *argument) MUST_CHECK;
// The calling thread does what can wait: where a processor is short of time the others go first.
// Has an effect where priorities are a thread's own, which is Linux alone.
void thread_stand_back(void);

struct waker {
    int read_fd;
    int write_fd;
};

// 0 or ERROR_IO.
int waker_open(struct waker *waker) MUST_CHECK;
void waker_close(struct waker *waker);
// Any thread. Several wakes before the next wait count as one.
void waker_wake(const struct waker *waker);
// Sleeps until woken or until the time is over (-1: for ever). True when woken. One thread.
bool waker_wait(const struct waker *waker, int timeout_ms);
