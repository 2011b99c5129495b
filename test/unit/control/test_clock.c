// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The system's clock jumps, ahead and back: changes go on, the audit stays one chain that is
// proven, and what had an end has it by the clock that is there.
#include "jump.h"
#include "world.h"

#include "audit/audit.h"
#include "base/log.h"

#define YEAR (365 * DAY)

static struct world world;

static int setup(void **state)
{
    (void)state;
    log_configure(LOG_ERROR + 1, LOG_TEXT);
    jumped_ms = 0;
    world_make(&world);
    world_must(&world, world_fill);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_remove(&world);
    return 0;
}

static int rename_policy(void *argument, struct store_view *view, struct error *error)
{
    static int number;
    const struct world *w = argument;
    struct store_policy policy;
    char note[32];
    int result = store_get_policy(view, kept(&w->organisation), kept(&w->policy), &policy, error);
    snprintf(note, sizeof note, "note %d", number++);
    policy.note = slice_from_string(note);
    return result == 0 ? store_change_policy(view, &policy, error) : result;
}

static void change_and_sign(void)
{
    world_must(&world, rename_policy);
    control_vouch(world.control);
    world_must(&world, world_nothing);
}

// ---- The audit

struct verdict {
    struct audit_proof proof;
    size_t starts;
};

static int verify(void *argument, struct store_view *view, struct error *error)
{
    static const struct audit_verify_options options = {.young = true};
    struct audit_verifier *verifier = audit_verifier_new(&options);
    const struct store_page page = {.limit = 1000};
    const struct store_audit *rows = NULL;
    struct verdict *verdict = argument;
    size_t count = 0;
    int result = store_list_audit(view, kept(&world.organisation), (struct slice){0}, &page, &rows,
                                  &count, NULL, error);
    audit_verifier_begin(verifier);
    for (size_t i = 0; result == 0 && i < count; i++) {
        verdict->starts += slice_equal_string(rows[i].object, "start");
        if (audit_verifier_feed(verifier, rows[i].line) == 0)
            (void)!audit_verifier_feed(verifier, SLICE_LITERAL("\n"));
    }
    (void)!audit_verifier_end(verifier, true);
    verdict->proof = *audit_verifier_finish(verifier);
    audit_verifier_free(verifier);
    return result;
}

static struct verdict look(void)
{
    struct verdict verdict = {.starts = 0};
    assert_int_equal(
        store_run(control_records(world.control), STORE_READ, NULL, verify, &verdict, &world.error),
        0);
    if (verdict.proof.bad)
        fail_msg("%s", verdict.proof.text);
    return verdict;
}

static void the_audit_stays_one_chain(void **state)
{
    (void)state;
    static const int64_t jumps[] = {10 * YEAR, -10 * YEAR, 2 * HOUR, -3 * HOUR, 2 * DAY, 0};
    control_sign_audit(world.control, NULL);
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        jumped_ms = jumps[i];
        change_and_sign();
        assert_int_equal(look().proof.vouched, look().proof.last);
    }
    // One at first, one for each day that has passed and for each time that it was not yet.
    assert_true(look().starts >= 4);
    world_reopen(&world);
    assert_true(look().proof.ended);
}

static void retention_leaves_what_can_be_proven(void **state)
{
    (void)state;
    world_keep_audit(&world, 7 * DAY);
    control_sign_audit(world.control, NULL);
    change_and_sign();
    jumped_ms = 2 * DAY;
    change_and_sign();
    assert_int_equal(look().proof.first, 1);
    jumped_ms = 8 * DAY;
    change_and_sign();
    change_and_sign();
    uint64_t first = look().proof.first, last = look().proof.last;
    assert_true(first > 1); // what was before the first start
    assert_int_equal(look().proof.gone, first - 1);
    jumped_ms = 20 * YEAR;
    change_and_sign();
    change_and_sign();
    assert_true(look().proof.first > first);
    assert_int_equal(look().proof.gone, look().proof.first - 1);
    assert_true(look().proof.last > last);
    jumped_ms = -YEAR;
    change_and_sign();
    assert_int_equal(look().proof.vouched, look().proof.last);
}

// ---- Grants

static int let_expire(void *argument, struct store_view *view, struct error *error)
{
    const struct world *w = argument;
    struct store_grant grant;
    int result = store_get_grant(view, kept(&w->organisation), kept(&w->grant), &grant, error);
    grant.expires_ms = clock_wall_ms() + HOUR;
    return result == 0 ? store_change_grant(view, &grant, error) : result;
}

static int why(void)
{
    struct control_rules *rules;
    int result = 0;
    world_resolve(&world, world.token, clock_wall_ms(), &result, &rules);
    control_rules_unref(rules);
    return result;
}

static void a_grant_ends_by_the_clock_that_is_there(void **state)
{
    (void)state;
    world_must(&world, let_expire);
    assert_int_equal(why(), 0);
    jumped_ms = 2 * HOUR;
    assert_int_not_equal(why(), 0);
    control_note_use(world.control); // nothing is removed that a clock set right would miss
    world_must(&world, world_nothing);
    jumped_ms = -YEAR;
    assert_int_equal(why(), 0);
    jumped_ms = 0;
    assert_int_equal(why(), 0);
    world_must(&world, rename_policy);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_audit_stays_one_chain),
        TEST(retention_leaves_what_can_be_proven),
        TEST(a_grant_ends_by_the_clock_that_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
