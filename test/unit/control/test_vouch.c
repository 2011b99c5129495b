// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Signatures of the admin audit: when they come, what they cover, and what is left of it after
// retention.
#include "world.h"

#include "audit/audit.h"
#include "base/log.h"

static struct world world;

static int setup(void **state)
{
    (void)state;
    log_configure(LOG_ERROR + 1, LOG_TEXT);
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

// What is submitted before is done when this returns.
static void vouch(void)
{
    control_vouch(world.control);
    world_must(&world, world_nothing);
}

static void sign(int64_t keep_ms)
{
    world_keep_audit(&world, keep_ms);
    control_sign_audit(world.control, NULL);
    world_must(&world, world_nothing);
}

static int rename_policy(void *argument, struct store_view *view, struct error *error)
{
    static int number;
    struct store_policy policy;
    char note[32];
    (void)argument;
    int result =
        store_get_policy(view, kept(&world.organisation), kept(&world.policy), &policy, error);
    snprintf(note, sizeof note, "note %d", number++);
    policy.note = slice_from_string(note);
    return result == 0 ? store_change_policy(view, &policy, error) : result;
}

static void change(int times)
{
    while (times-- > 0)
        world_must(&world, rename_policy);
}

// ---- What the chain is now

struct chain {
    struct kept organisation;
    struct audit_verifier *verifier;
    struct audit_proof proof;
    char notes[64]; // the first letter of each, '.' for a change
};

static int read_chain(void *argument, struct store_view *view, struct error *error)
{
    struct chain *chain = argument;
    const struct store_audit *rows = NULL;
    const struct store_page page = {.limit = 1000};
    size_t count = 0;
    int result = store_list_audit(view, kept(&chain->organisation), (struct slice){0}, &page, &rows,
                                  &count, NULL, error);
    assert_true(count < sizeof chain->notes);
    audit_verifier_begin(chain->verifier);
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct slice kind = audit_note_kind(rows[i].line);
        chain->notes[i] = kind.length == 0 ? '.' : kind.data[0];
        if (kind.length > 0)
            assert_true(slice_equal(kind, rows[i].object));
        if (audit_verifier_feed(chain->verifier, rows[i].line) == 0)
            (void)!audit_verifier_feed(chain->verifier, SLICE_LITERAL("\n"));
    }
    (void)!audit_verifier_end(chain->verifier, true);
    chain->proof = *audit_verifier_finish(chain->verifier);
    return result;
}

static struct chain look_at(struct kept organisation)
{
    static const struct audit_verify_options options = {.young = true};
    struct chain chain = {.organisation = organisation, .verifier = audit_verifier_new(&options)};
    if (store_run(control_records(world.control), STORE_READ, NULL, read_chain, &chain,
                  &world.error) != 0)
        fail_msg("%s", world.error.text);
    audit_verifier_free(chain.verifier);
    if (chain.proof.bad)
        fail_msg("%s: %s", chain.notes, chain.proof.text);
    return chain;
}

static struct chain look(void)
{
    return look_at(world.organisation);
}

// ---- Signatures

static void what_is_there_is_signed_at_once_and_then_what_comes(void **state)
{
    (void)state;
    size_t rows = look().proof.last;
    assert_int_equal(look().proof.signatures, 0);
    sign(0);
    struct chain chain = look();
    assert_int_equal(chain.proof.signatures, 1);
    assert_int_equal(chain.proof.vouched, rows + 1);
    assert_int_equal(chain.proof.organisations, 1);
    change(3);
    assert_int_equal(look().proof.last - look().proof.vouched, 3);
    vouch();
    assert_string_equal(look().notes + rows, "s...c");
    vouch();
    vouch();
    assert_string_equal(look().notes + rows, "s...c");
    assert_false(look().proof.ended);
}

static void a_stop_signs_the_end_and_a_start_without_changes_nothing(void **state)
{
    (void)state;
    size_t rows = look().proof.last;
    sign(0);
    change(1);
    world_reopen(&world);
    assert_true(look().proof.ended);
    assert_string_equal(look().notes + rows, "s.e");
    sign(0);
    world_reopen(&world);
    assert_string_equal(look().notes + rows, "s.e");
    sign(0);
    change(1);
    world_reopen(&world);
    assert_string_equal(look().notes + rows, "s.e.se");
    assert_true(look().proof.ended);
}

static void nothing_is_signed_unless_it_was_asked_for(void **state)
{
    (void)state;
    size_t rows = look().proof.last;
    vouch();
    world_reopen(&world);
    assert_int_equal(look().proof.last, rows);
}

static int add_second(void *argument, struct store_view *view, struct error *error)
{
    struct store_organisation second = {.name = SLICE_LITERAL("beta")};
    int result = store_add_organisation(view, &second, error);
    *(struct kept *)argument = keep(second.head.id);
    return result;
}

static void a_new_organisation_is_told_of_in_the_first_ones_chain(void **state)
{
    (void)state;
    struct kept second;
    sign(0);
    assert_int_equal(store_run(control_records(world.control), STORE_WRITE, NULL, add_second,
                               &second, &world.error),
                     0);
    vouch();
    assert_int_equal(look().proof.organisations, 2);
    assert_string_equal(look_at(second).notes, ".s");
    vouch();
    assert_string_equal(look_at(second).notes, ".s");
}

// ---- Keys

static void the_old_key_vouches_for_the_new_one(void **state)
{
    (void)state;
    size_t rows = look().proof.last;
    sign(0);
    change(1);
    vouch();
    struct chain before = look();
    assert_int_equal(unlink(scratch_path(&world.scratch, "audit.key")), 0);
    change(1);
    vouch();
    struct chain after = look();
    assert_string_equal(after.notes + rows, "s.c.kc");
    assert_string_not_equal(before.proof.key, after.proof.key);
}

static void a_chain_of_a_process_before_is_handed_over_too(void **state)
{
    (void)state;
    size_t rows = look().proof.last;
    sign(0);
    world_reopen(&world);
    sign(0);
    assert_int_equal(unlink(scratch_path(&world.scratch, "audit.key")), 0);
    vouch();
    assert_string_equal(look().notes + rows, "sesk");
    world_reopen(&world);
    assert_true(look().proof.ended);
}

static void changes_go_on_while_the_key_cannot_be_read(void **state)
{
    (void)state;
    size_t rows = look().proof.last;
    const char *path = scratch_path(&world.scratch, "audit.key");
    scratch_write(path, "no key", 6);
    sign(0);
    change(2);
    vouch();
    assert_string_equal(look().notes + rows, "..");
    assert_int_equal(unlink(scratch_path(&world.scratch, "audit.key")), 0);
    vouch();
    assert_string_equal(look().notes + rows, "..s");
}

// ---- Retention

// A start, the end, what retention says.
#define RETAINED                                                                                   \
    "s"                                                                                            \
    "e"                                                                                            \
    "r"

static void rows_are_removed_up_to_a_start_and_the_rest_is_complete(void **state)
{
    (void)state;
    size_t rows = look().proof.last;
    for (int day = 0; day < 3; day++) {
        sign(0);
        change(2);
        world_reopen(&world);
    }
    assert_string_equal(look().notes + rows, "s..e..se..se");
    usleep(5000); // so that the newest start is older than what is kept
    sign(1);
    struct chain chain = look();
    assert_string_equal(chain.notes, RETAINED);
    assert_int_equal(chain.proof.first, rows + 11);
    assert_int_equal(chain.proof.gone, rows + 10);
    vouch();
    assert_string_equal(look().notes, RETAINED);
    world_reopen(&world);
    assert_string_equal(look().notes, RETAINED "e");
    assert_true(look().proof.ended);
}

static void nothing_is_removed_that_is_young_enough(void **state)
{
    (void)state;
    sign(0);
    change(1);
    world_reopen(&world);
    sign(24LL * 60 * 60 * 1000);
    change(1);
    vouch();
    assert_int_equal(look().proof.first, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_there_is_signed_at_once_and_then_what_comes),
        TEST(a_stop_signs_the_end_and_a_start_without_changes_nothing),
        TEST(nothing_is_signed_unless_it_was_asked_for),
        TEST(a_new_organisation_is_told_of_in_the_first_ones_chain),
        TEST(the_old_key_vouches_for_the_new_one),
        TEST(a_chain_of_a_process_before_is_handed_over_too),
        TEST(changes_go_on_while_the_key_cannot_be_read),
        TEST(rows_are_removed_up_to_a_start_and_the_rest_is_complete),
        TEST(nothing_is_removed_that_is_young_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
