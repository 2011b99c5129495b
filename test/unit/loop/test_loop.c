// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/net/peers.h"
#include "base/memory.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct order {
    struct loop *loop;
    char text[16];
    size_t length;
    bool done;
};

static void note(struct order *order, char c)
{
    order->text[order->length++] = c;
}

static void third(void *argument)
{
    struct order *order = argument;
    note(order, '3');
    order->done = true;
}

static void first(void *argument)
{
    note(argument, '1');
    loop_defer(((struct order *)argument)->loop, third, argument);
}

static void second(void *argument)
{
    note(argument, '2');
}

// What deferred work defers comes after it, and the loop does not sleep over it.
static void deferred_work_runs_in_order(void **state)
{
    (void)state;
    struct order order = {.loop = loop_new()};
    loop_defer(order.loop, first, &order);
    loop_defer(order.loop, second, &order);
    turn_until(order.loop, &order.done);
    assert_string_equal(order.text, "123");
    loop_free(order.loop);
}

static void loop_free_runs_what_is_deferred(void **state)
{
    (void)state;
    struct order order = {.loop = loop_new()};
    loop_defer(order.loop, first, &order);
    loop_free(order.loop);
    assert_string_equal(order.text, "13");
    loop_free(NULL);
}

struct ticks {
    struct loop_timer *timer;
    int count;
    bool done;
};

static void tick(void *argument)
{
    struct ticks *ticks = argument;
    if (++ticks->count == 3) {
        loop_timer_stop(ticks->timer);
        ticks->done = true;
    }
}

static void timers_repeat_and_stop(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct ticks ticks = {0};
    ticks.timer = loop_timer_open(loop, tick, &ticks);
    loop_timer_start(ticks.timer, 1, 1);
    uint64_t before = loop_now_us(loop);
    turn_until(loop, &ticks.done);
    turn_for(loop, 10);
    assert_int_equal(ticks.count, 3);
    assert_true(loop_now_us(loop) > before);
    assert_true(loop_wall_ms(loop) > 1600000000000);
    loop_timer_close(ticks.timer);
    loop_timer_close(NULL);
    loop_free(loop);
}

struct seen {
    struct loop_io *io;
    int fd;
    int events;
    int count;
    bool done;
};

static void ready(void *argument, int events)
{
    struct seen *seen = argument;
    char bytes[16];
    seen->events |= events;
    seen->count++;
    seen->done = true;
    if ((events & LOOP_READ) && read(seen->fd, bytes, sizeof bytes) <= 0)
        loop_io_want(seen->io, 0);
}

static void readiness_is_reported_only_when_wanted(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    struct seen seen = {.fd = ends[0]};
    seen.io = loop_io_open(loop, ends[0], ready, &seen);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turn_for(loop, 5);
    assert_int_equal(seen.count, 0);
    assert_int_equal(loop_io_want(seen.io, LOOP_READ), 0);
    turn_until(loop, &seen.done);
    assert_int_equal(seen.events, LOOP_READ);
    assert_int_equal(loop_io_want(seen.io, LOOP_READ), 0);
    turn_for(loop, 5);
    assert_int_equal(seen.count, 1);

    seen = (struct seen){.fd = ends[0], .io = seen.io};
    assert_int_equal(loop_io_want(seen.io, LOOP_WRITE), 0);
    turn_until(loop, &seen.done);
    assert_int_equal(seen.events, LOOP_WRITE);

    seen = (struct seen){.fd = ends[0], .io = seen.io};
    assert_int_equal(loop_io_want(seen.io, LOOP_HANGUP), 0);
    close(ends[1]);
    turn_until(loop, &seen.done);
    assert_true(seen.events & LOOP_HANGUP);
    loop_io_close(seen.io);
    loop_io_close(NULL);
    close(ends[0]);
    loop_free(loop);
}

static void close_in_callback(void *argument, int events)
{
    struct seen *seen = argument;
    (void)events;
    seen->count++;
    loop_io_close(seen->io);
    seen->done = true;
}

static void nothing_comes_after_close(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    struct seen seen = {.fd = ends[0]};
    seen.io = loop_io_open(loop, ends[0], close_in_callback, &seen);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(loop_io_want(seen.io, LOOP_READ | LOOP_WRITE), 0);
    turn_until(loop, &seen.done);
    close(ends[0]);
    turn_for(loop, 5);
    assert_int_equal(seen.count, 1);
    close(ends[1]);
    loop_free(loop);
}

static void got_signal(void *argument, int number)
{
    assert_int_equal(number, SIGUSR1);
    *(bool *)argument = true;
}

static void signals_arrive(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    bool got = false;
    struct loop_signal *s = loop_signal_open(loop, SIGUSR1, got_signal, &got);
    assert_non_null(s);
    raise(SIGUSR1);
    turn_until(loop, &got);
    loop_signal_close(s);
    loop_signal_close(NULL);
    loop_free(loop);
}

static void woken(void *argument)
{
    *(bool *)argument = true;
}

static void *wake_thread(void *argument)
{
    loop_wake_send(argument);
    return NULL;
}

static void another_thread_wakes_the_loop(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    bool got = false;
    pthread_t thread;
    struct loop_wake *w = loop_wake_open(loop, woken, &got);
    assert_int_equal(pthread_create(&thread, NULL, wake_thread, w), 0);
    turn_until(loop, &got);
    pthread_join(thread, NULL);
    loop_wake_close(w);
    loop_wake_close(NULL);
    loop_free(loop);
}

struct answer {
    bool done;
    int error;
    size_t count;
    struct loop_address first;
};

static void looked_up(void *argument, int error, const struct loop_address *addresses, size_t count)
{
    struct answer *answer = argument;
    answer->done = true;
    answer->error = error;
    answer->count = count;
    if (count > 0)
        answer->first = addresses[0];
}

static void literal_addresses_need_no_resolver(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct answer answer = {0};
    loop_lookup_start(loop, "127.0.0.1", 9001, 20000, looked_up, &answer);
    assert_false(answer.done);
    turn_until(loop, &answer.done);
    assert_int_equal(answer.error, 0);
    assert_int_equal(answer.count, 1);
    char text[NET_ADDRESS_TEXT_SIZE];
    net_address_format(&answer.first, text);
    assert_string_equal(text, "127.0.0.1:9001");

    answer = (struct answer){0};
    loop_lookup_start(loop, "::1", 9001, 20000, looked_up, &answer);
    turn_until(loop, &answer.done);
    net_address_format(&answer.first, text);
    assert_string_equal(text, "[::1]:9001");
    loop_free(loop);
}

static void names_that_cannot_be_are_unreachable(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    char longer[400];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    const char *const names[] = {"no such name", "", "name.invalid", longer};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct answer answer = {0};
        loop_lookup_start(loop, names[i], 1, 20000, looked_up, &answer);
        turn_until(loop, &answer.done);
        assert_int_equal(answer.error, ERROR_UNREACHABLE);
        assert_int_equal(answer.count, 0);
    }
    loop_free(loop);
}

static void a_cancelled_lookup_is_silent(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct answer answer = {0};
    loop_lookup_cancel(loop_lookup_start(loop, "127.0.0.1", 1, 20000, looked_up, &answer));
    loop_lookup_cancel(loop_lookup_start(loop, "localhost", 1, 20000, looked_up, &answer));
    loop_lookup_cancel(NULL);
    turn_for(loop, 20);
    loop_free(loop);
    assert_false(answer.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_work_runs_in_order),
        cmocka_unit_test(loop_free_runs_what_is_deferred),
        cmocka_unit_test(timers_repeat_and_stop),
        cmocka_unit_test(readiness_is_reported_only_when_wanted),
        cmocka_unit_test(nothing_comes_after_close),
        cmocka_unit_test(signals_arrive),
        cmocka_unit_test(another_thread_wakes_the_loop),
        cmocka_unit_test(literal_addresses_need_no_resolver),
        cmocka_unit_test(names_that_cannot_be_are_unreachable),
        cmocka_unit_test(a_cancelled_lookup_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
