// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions to people, their votes, exceptions, and who is told: what the database holds to.
#include "records.h"

static struct records records;

enum { DAY_MS = 24 * 60 * 60 * 1000 };

struct world {
    struct records_id organisation, grant, question, other, exception, channel;
};

static int setup(void **state)
{
    (void)state;
    records_make(&records);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    records_remove(&records);
    return 0;
}

static struct slice print_of(char letter, char room[32])
{
    memset(room, letter, 32);
    return slice_of(room, 32);
}

static struct store_question question(const struct world *world, struct slice print,
                                      const char *policy_version)
{
    return (struct store_question){.head.organisation = records_id(&world->organisation),
                                   .grant = records_id(&world->grant),
                                   .grant_label = TEXT("laptop"),
                                   .server = TEXT("file.billing"),
                                   .server_name = TEXT("billing"),
                                   .tool = TEXT("refund"),
                                   .print = print,
                                   .arguments = TEXT("\x01\x02 sealed"),
                                   .policy = TEXT("careful"),
                                   .policy_version = slice_from_string(policy_version),
                                   .rule = TEXT("/tools/refund/action"),
                                   .facts = TEXT("{}"),
                                   .approvers = 1,
                                   .expires_ms = 5000};
}

static int build(void *argument, struct store_view *view, struct error *error)
{
    struct world *world = argument;
    char room[32];
    struct store_organisation owner = {.name = TEXT("one")};
    assert_int_equal(store_add_organisation(view, &owner, error), 0);
    world->organisation = records_keep(owner.head.id);
    struct store_grant grant = {.head.organisation = owner.head.id,
                                .label = TEXT("laptop"),
                                .tags = TEXT("[]"),
                                .owner = TEXT("mem_1"),
                                .paused_ms = 7,
                                .paused_why = TEXT("it ran away")};
    assert_int_equal(store_add_grant(view, &grant, error), 0);
    world->grant = records_keep(grant.head.id);
    struct store_question row = question(world, print_of('a', room), "1");
    assert_int_equal(store_add_question(view, &row, error), 0);
    world->question = records_keep(row.head.id);
    struct store_exception exception = {.head.organisation = owner.head.id,
                                        .grant = grant.head.id,
                                        .grant_label = TEXT("laptop"),
                                        .server = TEXT("file.billing"),
                                        .tool = TEXT("refund"),
                                        .print = print_of('a', room),
                                        .most_uses = 3,
                                        .expires_ms = 9000,
                                        .question = row.head.id};
    assert_int_equal(store_add_exception(view, &exception, error), 0);
    world->exception = records_keep(exception.head.id);
    return 0;
}

static struct world make_world(void)
{
    struct world world = {.question = {""}};
    assert_int_equal(records_write(&records, build, &world), 0);
    return world;
}

// ---- One open question of a print

static int ask_again(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    char room[32];
    struct store_question same = question(world, print_of('a', room), "1");
    struct store_question newer = question(world, print_of('a', room), "2");
    struct store_question first = {.state = STORE_ASKED};
    assert_int_equal(store_add_question(view, &same, error), ERROR_EXISTS);
    assert_int_equal(store_add_question(view, &newer, error), 0);
    assert_int_equal(store_get_question(view, records_id(&world->organisation),
                                        records_id(&world->question), &first, error),
                     0);
    assert_true(slice_equal_string(first.arguments, "\x01\x02 sealed"));
    first.state = STORE_APPROVED;
    assert_int_equal(store_change_question(view, &first, error), 0);
    same.head = (struct store_head){.organisation = records_id(&world->organisation)};
    assert_int_equal(store_add_question(view, &same, error), ERROR_EXISTS);
    first.state = STORE_RAN;
    first.tool = TEXT("another"); // fixed
    assert_int_equal(store_change_question(view, &first, error), 0);
    assert_true(slice_equal_string(first.tool, "refund"));
    same.head = (struct store_head){.organisation = records_id(&world->organisation)};
    assert_int_equal(store_add_question(view, &same, error), 0);
    return 0;
}

static void one_question_of_a_call_is_open(void **state)
{
    (void)state;
    struct world world = make_world();
    assert_int_equal(records_write(&records, ask_again, &world), 0);
}

static int list_open(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    const struct store_question *rows = NULL;
    struct slice owner = records_id(&world->organisation);
    size_t count = 0;
    bool more = true;
    const struct store_page newest = {.newest_first = true, .limit = 1};
    assert_int_equal(store_list_open_questions(view, owner, NULL, &rows, &count, &more, error), 0);
    assert_int_equal(count, 2);
    assert_false(more);
    assert_int_equal(rows[0].arguments.length, 0); // left out of lists
    assert_true(strcmp(records_keep(rows[0].head.id).text, records_keep(rows[1].head.id).text) < 0);
    struct records_id last = records_keep(rows[1].head.id);
    assert_int_equal(store_list_open_questions(view, owner, &newest, &rows, &count, &more, error),
                     0);
    assert_true(count == 1 && more && slice_equal_string(rows[0].head.id, last.text));
    assert_int_equal(
        store_list_open_questions(view, TEXT("org_other"), NULL, &rows, &count, &more, error), 0);
    assert_int_equal(count, 0);
    assert_int_equal(
        store_list_open_questions(view, (struct slice){0}, NULL, &rows, &count, &more, error),
        ERROR_NOT_FOUND);
    assert_int_equal(store_list_question(view, owner, records_id(&world->grant), NULL, &rows,
                                         &count, NULL, error),
                     0);
    assert_int_equal(count, 3);
    char room[32];
    assert_int_equal(store_find_questions(view, owner, print_of('a', room), &rows, &count, error),
                     0);
    assert_int_equal(count, 3);
    // The newest first, by ids, which are random within a millisecond.
    bool known = false;
    for (size_t i = 0; i < count; i++) {
        known = known || slice_equal_string(rows[i].head.id, world->question.text);
        assert_true(i == 0 || strcmp(records_keep(rows[i - 1].head.id).text,
                                     records_keep(rows[i].head.id).text) > 0);
    }
    assert_true(known);
    assert_int_equal(store_find_questions(view, owner, print_of('b', room), &rows, &count, error),
                     0);
    assert_int_equal(count, 0);
    return 0;
}

static void open_questions_are_listed(void **state)
{
    (void)state;
    struct world world = make_world();
    assert_int_equal(records_write(&records, ask_again, &world), 0);
    assert_int_equal(records_read(&records, list_open, &world), 0);
}

// ---- Votes, exceptions

static int vote(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct store_vote yes = {.head.organisation = records_id(&world->organisation),
                             .question = records_id(&world->question),
                             .member = TEXT("mem_2"),
                             .label = TEXT("Tess"),
                             .yes = true};
    struct store_vote no = yes, stray = yes;
    no.yes = false;
    stray.question = TEXT("apr_gone");
    assert_int_equal(store_add_vote(view, &yes, error), 0);
    assert_int_equal(store_add_vote(view, &no, error), ERROR_EXISTS);
    assert_int_equal(store_add_vote(view, &stray, error), ERROR_NOT_FOUND);
    return 0;
}

static void a_person_votes_once(void **state)
{
    (void)state;
    struct world world = make_world();
    assert_int_equal(records_write(&records, vote, &world), 0);
}

static int use_exception(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct slice owner = records_id(&world->organisation);
    char room[32];
    const struct store_exception *rows = NULL;
    size_t count = 0;
    assert_int_equal(store_find_exceptions(view, owner, print_of('b', room), &rows, &count, error),
                     0);
    assert_int_equal(count, 0);
    assert_int_equal(store_find_exceptions(view, owner, print_of('a', room), &rows, &count, error),
                     0);
    assert_int_equal(count, 1);
    struct store_exception row = rows[0];
    row.uses = 3;
    assert_int_equal(store_change_exception(view, &row, error), 0);
    row.uses = 4; // one more than it has
    assert_int_equal(store_change_exception(view, &row, error), ERROR_RANGE);
    assert_int_equal(store_remove(view, STORE_GRANT, owner, records_id(&world->grant), 0, error),
                     0);
    assert_int_equal(store_find_exceptions(view, owner, print_of('a', room), &rows, &count, error),
                     0);
    assert_int_equal(count, 0);
    struct store_question kept = {.state = STORE_ASKED};
    return store_get_question(view, owner, records_id(&world->question), &kept, error);
}

static void exceptions_end_with_their_grant_and_questions_stay(void **state)
{
    (void)state;
    struct world world = make_world();
    assert_int_equal(records_write(&records, use_exception, &world), 0);
}

// ---- What is over is forgotten

struct forgetting {
    const struct world *world;
    int64_t now_ms;
    bool there, full;
};

static int forget(void *argument, struct store_view *view, struct error *error)
{
    const struct forgetting *forgetting = argument;
    struct slice owner = records_id(&forgetting->world->organisation);
    struct store_question row = {.state = STORE_ASKED};
    struct store_audit before = {.sequence = 0}, after = {.sequence = 0};
    assert_int_equal(store_last_audit(view, owner, &before, error), 0);
    assert_int_equal(store_forget_questions(view, forgetting->now_ms, error), 0);
    assert_int_equal(store_last_audit(view, owner, &after, error), 0);
    assert_int_equal(before.sequence, after.sequence);
    int result =
        store_get_question(view, owner, records_id(&forgetting->world->question), &row, error);
    assert_int_equal(result, forgetting->there ? 0 : ERROR_NOT_FOUND);
    assert_true(!forgetting->there || (row.arguments.length > 0) == forgetting->full);
    return 0;
}

static int end_question(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct store_question row = {.state = STORE_ASKED};
    assert_int_equal(store_get_question(view, records_id(&world->organisation),
                                        records_id(&world->question), &row, error),
                     0);
    row.state = STORE_EXPIRED;
    return store_change_question(view, &row, error);
}

static int read_time(void *argument, struct store_view *view, struct error *error)
{
    struct forgetting *forgetting = argument;
    struct store_question row = {.state = STORE_ASKED};
    int result = store_get_question(view, records_id(&forgetting->world->organisation),
                                    records_id(&forgetting->world->question), &row, error);
    forgetting->now_ms = row.head.changed_ms;
    return result;
}

static int64_t changed_at(const struct world *world)
{
    struct forgetting looking = {.world = world};
    assert_int_equal(records_read(&records, read_time, &looking), 0);
    return looking.now_ms;
}

static void arguments_go_after_a_day_and_questions_later(void **state)
{
    (void)state;
    struct world world = make_world();
    assert_int_equal(records_write(&records, vote, &world), 0);
    struct forgetting open = {&world, changed_at(&world) + INT64_C(1000) * DAY_MS, true, true};
    assert_int_equal(records_write(&records, forget, &open), 0);
    assert_int_equal(records_write(&records, end_question, &world), 0);
    int64_t over_ms = changed_at(&world);
    struct forgetting steps[] = {{&world, over_ms + DAY_MS - 1, true, true},
                                 {&world, over_ms + DAY_MS, true, false},
                                 {&world, over_ms + INT64_C(400) * DAY_MS - 1, true, false},
                                 {&world, over_ms + INT64_C(400) * DAY_MS, false, false}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        assert_int_equal(records_write(&records, forget, &steps[i]), 0);
}

// ---- What the audit says

static int find_audit(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    const struct store_audit *rows = NULL;
    size_t count = 0;
    assert_int_equal(store_list_audit(view, records_id(&world->organisation),
                                      records_id(&world->question), NULL, &rows, &count, NULL,
                                      error),
                     0);
    assert_int_equal(count, 1);
    struct slice line = rows[0].line, masked = TEXT("\"arguments\":\"(secret)\"");
    bool found = false;
    for (size_t i = 0; i + masked.length <= line.length; i++)
        found |= slice_equal(slice_of(line.data + i, masked.length), masked);
    assert_true(found);
    return 0;
}

static void arguments_are_masked_in_the_audit(void **state)
{
    (void)state;
    struct world world = make_world();
    assert_int_equal(records_read(&records, find_audit, &world), 0);
}

// ---- Channels and notices

static int tell(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct slice owner = records_id(&world->organisation);
    struct store_audit before = {.sequence = 0}, after = {.sequence = 0};
    struct store_channel channel = {.head.organisation = owner,
                                    .name = TEXT("duty"),
                                    .kind = STORE_WEBHOOK,
                                    .address = TEXT("https://example.com/hook"),
                                    .events = TEXT("[\"approval.asked\"]")};
    struct store_channel same = channel;
    assert_int_equal(store_add_channel(view, &channel, error), 0);
    assert_int_equal(store_add_channel(view, &same, error), ERROR_EXISTS);
    assert_int_equal(store_find_channel(view, owner, "name", TEXT("duty"), &same, error), 0);
    struct store_notice notice = {.head.organisation = owner,
                                  .channel = channel.head.id,
                                  .event = TEXT("approval.asked"),
                                  .object = records_id(&world->question),
                                  .body = TEXT("{}")};
    assert_int_equal(store_last_audit(view, owner, &before, error), 0);
    assert_int_equal(store_add_notice(view, &notice, error), 0);
    notice.attempts = 2;
    assert_int_equal(store_change_notice(view, &notice, error), 0);
    assert_int_equal(store_last_audit(view, owner, &after, error), 0);
    assert_int_equal(before.sequence, after.sequence);
    assert_int_equal(store_remove(view, STORE_CHANNEL, owner, channel.head.id, 0, error), 0);
    assert_int_equal(store_get_notice(view, owner, notice.head.id, &notice, error),
                     ERROR_NOT_FOUND);
    return 0;
}

static void notices_go_with_their_channel(void **state)
{
    (void)state;
    struct world world = make_world();
    assert_int_equal(records_write(&records, tell, &world), 0);
}

static int read_grant(void *argument, struct store_view *view, struct error *error)
{
    const struct world *world = argument;
    struct store_grant grant = {.mode = STORE_ENFORCE};
    assert_int_equal(store_get_grant(view, records_id(&world->organisation),
                                     records_id(&world->grant), &grant, error),
                     0);
    assert_true(slice_equal_string(grant.owner, "mem_1") && grant.paused_ms == 7 &&
                slice_equal_string(grant.paused_why, "it ran away"));
    grant.owner = TEXT("mem_9");
    assert_int_equal(store_change_grant(view, &grant, error), 0);
    assert_true(slice_equal_string(grant.owner, "mem_1"));
    return 0;
}

static void a_grant_keeps_its_owner(void **state)
{
    (void)state;
    struct world world = make_world();
    assert_int_equal(records_write(&records, read_grant, &world), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_question_of_a_call_is_open, setup, teardown),
        cmocka_unit_test_setup_teardown(open_questions_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_person_votes_once, setup, teardown),
        cmocka_unit_test_setup_teardown(exceptions_end_with_their_grant_and_questions_stay, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(arguments_go_after_a_day_and_questions_later, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(arguments_are_masked_in_the_audit, setup, teardown),
        cmocka_unit_test_setup_teardown(notices_go_with_their_channel, setup, teardown),
        cmocka_unit_test_setup_teardown(a_grant_keeps_its_owner, setup, teardown),
    };
    return cmocka_run_group_tests_name("store/questions", tests, NULL, NULL);
}
