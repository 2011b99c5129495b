// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/clock.h"
#include "base/thread.h"

#include <signal.h>

static void wakes_are_remembered_once(void **state)
{
    (void)state;
    struct waker waker;
    assert_int_equal(waker_open(&waker), 0);
    assert_false(waker_wait(&waker, 0));
    for (int i = 0; i < 100000; i++) // more than a pipe holds
        waker_wake(&waker);
    assert_true(waker_wait(&waker, -1));
    assert_false(waker_wait(&waker, 0));
    waker_close(&waker);
}

static void waits_as_long_as_told(void **state)
{
    (void)state;
    struct waker waker;
    assert_int_equal(waker_open(&waker), 0);
    uint64_t started = clock_monotonic_us();
    assert_false(waker_wait(&waker, 20));
    assert_true(clock_monotonic_us() - started >= 20000);
    waker_close(&waker);
}

static void *wake_it(void *argument)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    waker_wake(argument);
    return sigismember(&blocked, SIGTERM) == 1 ? argument : NULL;
}

static void another_thread_wakes_and_takes_no_signals(void **state)
{
    (void)state;
    struct waker waker;
    pthread_t thread;
    void *result = NULL;
    sigset_t blocked;
    assert_int_equal(waker_open(&waker), 0);
    assert_int_equal(thread_start(&thread, wake_it, &waker), 0);
    assert_true(waker_wait(&waker, -1));
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &waker);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked); // ours are as before
    assert_int_equal(sigismember(&blocked, SIGTERM), 0);
    waker_close(&waker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wakes_are_remembered_once),
        cmocka_unit_test(waits_as_long_as_told),
        cmocka_unit_test(another_thread_wakes_and_takes_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
