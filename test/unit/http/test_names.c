// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The system's resolver is replaced by one whose answers, and whose silence, a test decides: a name
// that is never answered costs its own callers their time and nobody else anything.
#include "base/clock.h"
#include "lib/unit.h"
#include "unit/http/http_world.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { STUCK = 40, MORE_THAN_THREADS = 70, PATIENCE_MS = 80, PROMPT_US = 2000000 };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool silent;     // names that begin with "stuck" get no answer
    size_t asked;    // for any name
    size_t inside;   // threads that wait for an answer
    size_t fail_nth; // this question has no answer; 0: none
} names = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct addrinfo *address_of(const char *text, struct addrinfo *next)
{
    struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct sockaddr_in));
    struct sockaddr_in *v4 = (struct sockaddr_in *)(info + 1);
    v4->sin_family = AF_INET;
    assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
    info->ai_family = AF_INET;
    info->ai_addrlen = sizeof *v4;
    info->ai_addr = (struct sockaddr *)v4;
    info->ai_next = next;
    return info;
}

// In the places of the C library's; called on threads of the loop.
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    (void)service;
    (void)hints;
    pthread_mutex_lock(&names.mutex);
    names.inside++;
    bool fails = ++names.asked == names.fail_nth;
    while (names.silent && strncmp(name, "stuck", 5) == 0)
        pthread_cond_wait(&names.changed, &names.mutex);
    names.inside--;
    pthread_mutex_unlock(&names.mutex);
    if (fails)
        return EAI_AGAIN;
    struct addrinfo *good = address_of("127.0.0.1", NULL);
    // An address on which nobody listens comes first.
    *ret = strcmp(name, "two") == 0 ? address_of("127.0.0.2", good) : good;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    while (info != NULL) {
        struct addrinfo *next = info->ai_next;
        free(info);
        info = next;
    }
}

static size_t how_many_are(size_t *what)
{
    pthread_mutex_lock(&names.mutex);
    size_t count = *what;
    pthread_mutex_unlock(&names.mutex);
    return count;
}

static void be_silent(bool silent)
{
    pthread_mutex_lock(&names.mutex);
    names.silent = silent;
    pthread_cond_broadcast(&names.changed);
    pthread_mutex_unlock(&names.mutex);
    while (!silent && how_many_are(&names.inside) > 0)
        sched_yield(); // no thread is left behind
}

static void fail_at(size_t n)
{
    pthread_mutex_lock(&names.mutex);
    names.asked = 0;
    names.fail_nth = n;
    pthread_mutex_unlock(&names.mutex);
}

static struct http_client *client_of(struct world *world, const char *name)
{
    struct http_client_options options = {.host = slice_from_string(name),
                                          .port = world->port,
                                          .connect_timeout_ms = PATIENCE_MS,
                                          .lookup_ttl_ms = 1};
    return http_client_new(world->loop, &options);
}

static void call(struct world *world, struct http_client *client, struct result *result)
{
    *result = (struct result){0};
    assert_int_equal(world_call(client, result, "/", "x", false), 0);
    turn_until(world->loop, &result->done);
}

static void works(struct world *world, struct http_client *client)
{
    struct result result;
    call(world, client, &result);
    if (!result.ended)
        fail_msg("%s", result.text);
    result_release(&result);
}

static void a_name_that_is_never_answered_times_out(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct http_client *client = client_of(world, "stuck");
    struct result result;
    be_silent(true);
    for (int i = 0; i < 2; i++) {
        call(world, client, &result);
        assert_int_equal(result.code, ERROR_TIMEOUT);
        assert_false(result.sent);
        assert_int_equal(world->requests, 0);
    }
    be_silent(false);
    works(world, client);
    http_client_free(client);
    world_close(world);
}

// Nothing of the one that can be reached waits for any of the others.
static void names_that_are_never_answered_delay_no_other(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct http_client *stuck[STUCK], *good = client_of(world, "good");
    struct result results[STUCK] = {{0}};
    be_silent(true);
    for (size_t i = 0; i < STUCK; i++) {
        char name[16];
        snprintf(name, sizeof name, "stuck-%zu", i);
        stuck[i] = client_of(world, name);
        assert_int_equal(world_call(stuck[i], &results[i], "/", "x", false), 0);
    }
    works(world, good);
    for (size_t i = 0; i < STUCK; i++)
        assert_false(results[i].ended);
    assert_int_equal(world->requests, 1);
    // A server that is taken away in the meantime does not wait for its name either.
    http_client_free(stuck[0]);
    be_silent(false);
    for (size_t i = 1; i < STUCK; i++)
        turn_until(world->loop, &results[i].done);
    for (size_t i = 1; i < STUCK; i++) {
        works(world, stuck[i]);
        result_release(&results[i]);
        http_client_free(stuck[i]);
    }
    http_client_free(good);
    world_close(world);
}

// More than there may be threads: each gives up in its time, and is asked for when there is room.
static void more_names_than_threads_wait_their_turn(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct http_client *stuck[MORE_THAN_THREADS];
    struct result results[MORE_THAN_THREADS] = {{0}};
    size_t before = how_many_are(&names.inside);
    be_silent(true);
    for (size_t i = 0; i < MORE_THAN_THREADS; i++) {
        char name[16];
        snprintf(name, sizeof name, "stuck-%zu", i);
        stuck[i] = client_of(world, name);
        assert_int_equal(world_call(stuck[i], &results[i], "/", "x", false), 0);
    }
    for (size_t i = 0; i < MORE_THAN_THREADS; i++) {
        turn_until(world->loop, &results[i].done);
        assert_int_equal(results[i].code, ERROR_TIMEOUT);
        result_release(&results[i]);
    }
    assert_in_range(how_many_are(&names.inside), before + 1, 64);
    be_silent(false);
    for (size_t i = 0; i < MORE_THAN_THREADS; i++) {
        works(world, stuck[i]);
        http_client_free(stuck[i]);
    }
    world_close(world);
}

// A server whose name was answered once is reached while the name service is silent.
static void addresses_of_before_serve_in_the_meantime(void **state)
{
    (void)state;
    struct http_server_options options = {.idle_timeout_ms = 20}; // a connection for each call
    struct world *world = world_open(&options);
    struct http_client *client = client_of(world, "stuck");
    works(world, client);
    be_silent(true);
    for (int i = 0; i < 2; i++) {
        while (http_server_connections(world->server) > 0)
            turn_for(world->loop, 5);
        turn_for(world->loop, 5);
        works(world, client);
    }
    be_silent(false);
    http_client_free(client);
    world_close(world);
}

// However often it is asked for, it holds one thread; and nobody waits for that at the end.
static void the_end_waits_for_no_name(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct http_client *stuck[2] = {client_of(world, "stuck"), client_of(world, "stuck")};
    struct result results[2];
    size_t asked = how_many_are(&names.asked);
    be_silent(true);
    for (int i = 0; i < 4; i++) {
        call(world, stuck[i % 2], &results[i % 2]);
        assert_int_equal(results[i % 2].code, ERROR_TIMEOUT);
        result_release(&results[i % 2]);
    }
    assert_int_equal(how_many_are(&names.asked), asked + 1);
    uint64_t began = clock_monotonic_us();
    http_client_free(stuck[0]);
    http_client_free(stuck[1]);
    world_close(world);
    assert_in_range(clock_monotonic_us() - began, 0, PROMPT_US);
    assert_int_equal(how_many_are(&names.inside), 1);
    be_silent(false); // its thread cleans up behind itself
}

static void the_next_address_is_tried(void **state)
{
    (void)state;
    struct world *world = world_open(NULL);
    struct http_client *client = client_of(world, "two");
    works(world, client);
    http_client_free(client);
    world_close(world);
}

// Each question in turn fails: the call says so, or goes on with the address that was known before.
static void every_answer_may_fail(void **state)
{
    (void)state;
    struct http_server_options options = {.idle_timeout_ms = 20}; // a connection for each call
    for (size_t n = 1; n <= 3; n++) {
        struct world *world = world_open(&options);
        struct http_client *client = client_of(world, "good");
        fail_at(n);
        for (size_t i = 1; i <= 4; i++) {
            struct result result;
            call(world, client, &result);
            assert_true(result.ended != (n == 1 && i == 1));
            if (!result.ended)
                assert_string_equal(result.text, "the name 'good' has no address");
            assert_true(result.ended || !result.sent);
            result_release(&result);
            while (http_server_connections(world->server) > 0)
                turn_for(world->loop, 5);
            turn_for(world->loop, 5);
        }
        http_client_free(client);
        world_close(world);
    }
    fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_never_answered_times_out),
        cmocka_unit_test(names_that_are_never_answered_delay_no_other),
        cmocka_unit_test(more_names_than_threads_wait_their_turn),
        cmocka_unit_test(addresses_of_before_serve_in_the_meantime),
        cmocka_unit_test(the_end_waits_for_no_name),
        cmocka_unit_test(the_next_address_is_tried),
        cmocka_unit_test(every_answer_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
