// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/backlog.h"
#include "lib/unit.h"

#include <stdbool.h>

struct holder {
    struct backlog_share share;
    int cuts;
};

static void cut_cb(void *argument)
{
    struct holder *holder = argument;
    holder->cuts++;
    backlog_leave(&holder->share);
}

static void join(struct backlog *all, struct holder *holders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        holders[i] = (struct holder){0};
        backlog_join(&holders[i].share, all, cut_cb, &holders[i]);
    }
}

static void who_holds_most_for_longest_goes_first(void **state)
{
    (void)state;
    struct backlog all;
    struct holder h[4];
    backlog_init(&all, 1000);
    join(&all, h, 4);
    assert_true(backlog_hold(&h[0].share, 400, 0));
    assert_true(backlog_hold(&h[1].share, 300, 0));
    assert_true(backlog_hold(&h[2].share, 300, 1000000)); // a second later
    assert_int_equal(all.used, 1000);
    assert_true(backlog_hold(&h[3].share, 300, 1000001));
    assert_int_equal(h[0].cuts, 1);
    assert_int_equal(all.used, 900);
    assert_true(backlog_hold(&h[3].share, 600, 1000001)); // two more of the old ones must go
    assert_int_equal(h[1].cuts, 1);
    assert_int_equal(h[2].cuts + h[3].cuts, 0);
    assert_int_equal(all.used, 900);
    assert_int_equal(all.cuts, 2);
    backlog_leave(&h[2].share);
    backlog_leave(&h[3].share);
    assert_int_equal(all.used, 0);
    assert_true(list_empty(&all.holders));
}

static void who_is_the_heaviest_is_refused_itself(void **state)
{
    (void)state;
    struct backlog all;
    struct holder h[2];
    backlog_init(&all, 1000);
    join(&all, h, 2);
    assert_true(backlog_hold(&h[0].share, 700, 0));
    assert_true(backlog_hold(&h[1].share, 100, 0));
    assert_false(backlog_hold(&h[0].share, 950, 5000000));
    assert_int_equal(h[0].share.held, 700);
    assert_false(backlog_hold(&h[1].share, 1001, 5000000)); // more than all: nobody goes for it
    assert_int_equal(h[0].cuts + h[1].cuts, 0);
    assert_int_equal(all.used, 800);
}

// One has had something waiting for a minute, and took it all the time; the other took next to
// nothing of a quarter of that for a second.
static void who_takes_what_it_is_given_stays(void **state)
{
    (void)state;
    struct backlog all;
    struct holder h[3];
    backlog_init(&all, 1000);
    join(&all, h, 3);
    uint64_t now = 0;
    assert_true(backlog_hold(&h[0].share, 400, now));
    for (int i = 0; i < 6000; i++) {
        now += 10000;
        backlog_taken(&h[0].share, 200, 200, 200, now);
        assert_true(backlog_hold(&h[0].share, 400, now));
    }
    assert_true(backlog_hold(&h[1].share, 100, now));
    for (int i = 0; i < 10; i++) {
        now += 100000;
        backlog_taken(&h[1].share, 1, 100, 99 - (size_t)i, now);
        backlog_taken(&h[0].share, 400, 0, 0, now);
        assert_true(backlog_hold(&h[0].share, 400, now));
    }
    assert_true(backlog_hold(&h[2].share, 600, now));
    assert_int_equal(h[1].cuts, 1);
    assert_int_equal(h[0].cuts, 0);
}

static void without_a_bound_all_is_allowed(void **state)
{
    (void)state;
    struct backlog all;
    struct holder h[2];
    backlog_init(&all, 0);
    join(&all, h, 1);
    join(NULL, h + 1, 1);
    assert_true(backlog_hold(&h[0].share, SIZE_MAX / 2, 0));
    assert_true(backlog_hold(&h[1].share, SIZE_MAX, 0));
    backlog_leave(&h[1].share);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_holds_most_for_longest_goes_first),
        cmocka_unit_test(who_is_the_heaviest_is_refused_itself),
        cmocka_unit_test(who_takes_what_it_is_given_stays),
        cmocka_unit_test(without_a_bound_all_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
