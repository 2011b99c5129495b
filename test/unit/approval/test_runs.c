// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "approval/approval.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { END_MS = 1000, THREADS = 4, ROUNDS = 2000 };

static const struct slice name = SLICE_LITERAL("a run");

static void a_round_is_good_once(void **state)
{
    (void)state;
    struct approval_runs *runs = approval_runs_new();
    assert_false(approval_runs_take(runs, name, 1, 0));
    assert_int_equal(approval_runs_expect(runs, name, 1, END_MS), 0);
    assert_false(approval_runs_take(runs, name, 2, 0));
    assert_false(approval_runs_take(runs, SLICE_LITERAL("another"), 1, 0));
    assert_true(approval_runs_take(runs, name, 1, 0));
    assert_false(approval_runs_take(runs, name, 1, 0));
    assert_int_equal(approval_runs_expect(runs, name, 2, END_MS), 0);
    assert_int_equal(approval_runs_expect(runs, name, 3, END_MS), 0);
    assert_false(approval_runs_take(runs, name, 2, 0));
    assert_false(approval_runs_take(runs, name, 3, END_MS));
    assert_true(approval_runs_take(runs, name, 3, END_MS - 1));
    approval_runs_free(runs);
    approval_runs_free(NULL);
}

static struct slice numbered(char text[16], unsigned number)
{
    return slice_of(text, (size_t)snprintf(text, 16, "%u", number));
}

static void the_oldest_make_room(void **state)
{
    (void)state;
    struct approval_runs *runs = approval_runs_new();
    char text[16];
    for (unsigned i = 0; i <= APPROVAL_RUNS_MAX; i++)
        assert_int_equal(approval_runs_expect(runs, numbered(text, i), 1, END_MS), 0);
    assert_false(approval_runs_take(runs, numbered(text, 0), 1, 0));
    assert_true(approval_runs_take(runs, numbered(text, 1), 1, 0));
    assert_true(approval_runs_take(runs, numbered(text, APPROVAL_RUNS_MAX), 1, 0));
    approval_runs_free(runs);
}

static atomic_int taken;

static void *take_all(void *argument)
{
    char text[16];
    for (unsigned i = 0; i < ROUNDS; i++)
        if (approval_runs_take(argument, numbered(text, i), 1, 0))
            atomic_fetch_add(&taken, 1);
    return NULL;
}

static void only_one_of_several_threads_gets_it(void **state)
{
    (void)state;
    struct approval_runs *runs = approval_runs_new();
    pthread_t threads[THREADS];
    char text[16];
    for (unsigned i = 0; i < ROUNDS; i++)
        assert_int_equal(approval_runs_expect(runs, numbered(text, i), 1, END_MS), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, runs), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&taken), ROUNDS);
    approval_runs_free(runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_is_good_once),
        cmocka_unit_test(the_oldest_make_room),
        cmocka_unit_test(only_one_of_several_threads_gets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
