// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines of a log through a draft: what people answered, what went back, what is not known. That
// limits and rules come to what gateways do is tested with gateways (test/wire/rehearse.test.mjs).
#include "lib/unit.h"

#include "rehearse/rehearse.h"

struct play {
    struct policy *draft;
    struct rehearse *rehearse;
    uint64_t number;
};

static void begin(struct play *p, const char *document, struct rehearse_options options)
{
    struct policy_problems problems;
    assert_int_equal(
        policy_compile(slice_from_string(document), SLICE_LITERAL("draft"), &p->draft, &problems),
        0);
    policy_problems_release(&problems);
    options.draft = p->draft;
    options.everybody = true;
    options.to_ms = options.to_ms == 0 ? INT64_MAX : options.to_ms;
    options.from_ms = options.from_ms == 0 ? INT64_MIN : options.from_ms;
    assert_int_equal(rehearse_new(&options, &p->rehearse), 0);
    p->number = 0;
}

// A call of tool "t" at this second, with these members besides.
static void row(struct play *p, int second, const char *members)
{
    char line[1024];
    int length = snprintf(line, sizeof line,
                          "{\"time\":\"2026-11-21T09:%02d:%02d.000Z\",\"id\":\"%032d\",\"grant\":"
                          "\"g\",\"server\":\"s\",\"direction\":\"client\",\"method\":\"tools/"
                          "call\",\"subject\":\"t\",%s,\"decide_us\":1,\"total_us\":1,\"seq\":%d,"
                          "\"link\":\"00\"}",
                          second / 60, second % 60, second, members, (int)++p->number);
    assert_int_equal(rehearse_line(p->rehearse, slice_of(line, (size_t)length)), 0);
}

static const struct rehearse_counts *end(struct play *p)
{
    assert_int_equal(rehearse_finish(p->rehearse), 0);
    const struct rehearse_counts *counts = rehearse_counts(p->rehearse);
    assert_true(counts->replayed ==
                counts->same + counts->other_rule + counts->changed + counts->unsure);
    return counts;
}

static void release(struct play *p)
{
    rehearse_free(p->rehearse);
    policy_unref(p->draft);
}

#define ALLOWED "\"outcome\":\"allowed\",\"rule\":\"/tools/t\""
#define TWO_AN_HOUR                                                                                \
    "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"t\":{\"limits\":[{\"counter\":\"n\","    \
    "\"window\":\"hour\",\"max\":2}]}}}"
#define ASKS                                                                                       \
    "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"t\":{\"action\":\"require_approval\","   \
    "\"limits\":[{\"counter\":\"n\",\"window\":\"hour\",\"max\":1}]}}}"

static void what_people_answered_is_assumed_again(void **state)
{
    struct play p;
    (void)state;
    begin(&p, ASKS, (struct rehearse_options){0});
    row(&p, 1, "\"outcome\":\"pending\",\"rule\":\"/tools/t/action\",\"approval\":\"apr_1\"");
    row(&p, 2, "\"outcome\":\"denied\",\"rule\":\"/tools/t/action\",\"approval\":\"apr_2\"");
    row(&p, 3, ALLOWED); // nobody was asked: would wait, and is charged to nothing
    row(&p, 4, "\"outcome\":\"allowed\",\"rule\":\"/tools/t/action\",\"approval\":\"apr_1\"");
    row(&p, 5, "\"outcome\":\"allowed\",\"rule\":\"/tools/t/action\",\"approval\":\"apr_3\"");
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->same_question, 3);
    assert_int_equal(counts->matrix[REHEARSE_ALLOWED][REHEARSE_ASKED], 1);
    assert_int_equal(counts->matrix[REHEARSE_ALLOWED][REHEARSE_DENIED], 1); // one an hour
    assert_int_equal(counts->changed, 2);
    release(&p);
}

static void what_went_back_goes_back_again(void **state)
{
    struct play p;
    (void)state;
    begin(&p, TWO_AN_HOUR, (struct rehearse_options){0});
    row(&p, 1, ALLOWED ",\"answer\":\"error\"");                 // counts
    row(&p, 2, "\"outcome\":\"failed\",\"answer\":\"not_run\""); // does not
    row(&p, 3, ALLOWED);
    row(&p, 4, ALLOWED);
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->changed, 1);
    size_t count;
    const struct rehearse_group *group = rehearse_changes(p.rehearse, &count)[0];
    assert_int_equal(count, 1);
    assert_true(group->by_limit && slice_equal_string(group->is_rule, "/tools/t/limits/n"));
    assert_string_equal(group->examples[0].id, "00000000000000000000000000000004");
    release(&p);
}

static void rows_before_the_time_fill_the_limits(void **state)
{
    struct play p;
    (void)state;
    begin(&p, TWO_AN_HOUR, (struct rehearse_options){.from_ms = 1795252803000}); // 09:20:03
    row(&p, 1, ALLOWED);
    row(&p, 1202, ALLOWED);
    row(&p, 1204, ALLOWED);
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->before, 2);
    assert_int_equal(counts->replayed, 1);
    assert_int_equal(counts->changed, 1);
    release(&p);
}

// A call that began first and was over last is charged first.
static void calls_are_played_as_they_were_decided(void **state)
{
    struct play p;
    (void)state;
    begin(&p, TWO_AN_HOUR, (struct rehearse_options){0});
    row(&p, 2, ALLOWED);
    row(&p, 3, ALLOWED);
    row(&p, 9, ALLOWED ",\"upstream_us\":8000000");
    end(&p);
    size_t count;
    const struct rehearse_group *group = rehearse_changes(p.rehearse, &count)[0];
    assert_int_equal(count, 1);
    assert_string_equal(group->examples[0].id, "00000000000000000000000000000003");
    release(&p);
}

#define VALUE                                                                                      \
    "{\"version\":\"1\",\"default\":\"deny\",\"all_tools\":{\"limits\":[{\"counter\":\"n\","       \
    "\"window\":\"hour\",\"max\":2}]},\"tools\":{\"t\":{\"deny_if\":[{\"conditions\":[{\"path\":"  \
    "\"args.v\",\"op\":\"gt\",\"value\":5}]}]}}}"

static void what_is_not_in_the_log_is_not_guessed(void **state)
{
    struct play p;
    (void)state;
    begin(&p, VALUE, (struct rehearse_options){0});
    row(&p, 1, ALLOWED ",\"argument_keys\":[\"v\"]"); // may have been denied
    row(&p, 2, ALLOWED ",\"argument_keys\":[\"w\"]"); // surely not, and fits
    row(&p, 3, ALLOWED ",\"argument_keys\":[\"w\"]"); // fits if the first was denied
    row(&p, 4, ALLOWED ",\"argument_keys\":[\"V\"]"); // another case: surely denied
    row(&p, 5, ALLOWED ",\"argument_keys\":[\"v\"],\"arguments\":{\"v\":6}");
    row(&p, 6, ALLOWED ",\"argument_keys\":[\"v\"],\"arguments\":{\"v\":\"[redacted]\"}");
    row(&p, 7, ALLOWED ",\"argument_keys\":[\"v\"],\"arguments\":{},\"arguments_left_out\":1");
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->same, 1);
    assert_int_equal(counts->matrix[REHEARSE_ALLOWED][REHEARSE_DENIED], 2);
    assert_int_equal(counts->unsure, 4);
    size_t count;
    const struct rehearse_group *const *groups = rehearse_unsure(p.rehearse, &count);
    assert_int_equal(count, 2);
    assert_true(slice_equal_string(groups[0]->missing, "args.v"));
    assert_true(groups[1]->by_limit);
    release(&p);
}

static bool category_cb(void *argument, struct slice organisation, struct slice server,
                        struct slice tool, int64_t at_ms, struct rehearse_category *ret)
{
    const int64_t changed_ms = 1795252800000; // 09:20:00
    (void)argument;
    (void)organisation;
    assert_true(slice_equal_string(server, "s") && slice_equal_string(tool, "t"));
    bool later = at_ms >= changed_ms;
    *ret = (struct rehearse_category){later ? CATALOGUE_DESTRUCTIVE : CATALOGUE_READ, !later,
                                      later ? INT64_MAX : changed_ms};
    return true;
}

static void categories_are_those_of_then(void **state)
{
    static const char document[] =
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"@read\":{}}}";
    struct play p;
    (void)state;
    begin(&p, document, (struct rehearse_options){.category = category_cb});
    row(&p, 1, ALLOWED);
    row(&p, 2, ALLOWED);
    row(&p, 1300, ALLOWED);
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->changed, 1);
    assert_int_equal(counts->categories_of_today, 1);
    release(&p);
    begin(&p, document, (struct rehearse_options){0});
    row(&p, 1, ALLOWED);
    counts = end(&p);
    assert_int_equal(counts->unsure, 1);
    release(&p);
}

static void what_no_policy_decides_is_counted(void **state)
{
    static const char *const lines[] = {
        "no row", "{\"time\":\"2026-11-21T09:00:00.000Z\",\"note\":\"end\",\"seq\":9}",
        "{\"time\":\"2026-11-21T09:00:00.000Z\",\"id\":null,\"grant\":null"};
    struct play p;
    (void)state;
    begin(&p, TWO_AN_HOUR, (struct rehearse_options){0});
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(rehearse_line(p.rehearse, slice_from_string(lines[i])), 0);
    row(&p, 1, "\"outcome\":\"refused\"");
    row(&p, 2, "\"outcome\":\"denied\",\"rule\":\"(quarantined)\"");
    row(&p, 3, "\"outcome\":\"denied\",\"rule\":\"(paused)\"");
    row(&p, 4, "\"outcome\":\"denied\",\"reason\":\"The disk is full.\"");
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->replayed, 0);
    assert_int_equal(counts->strange, 2);
    assert_int_equal(counts->refused, 1);
    assert_int_equal(counts->gateways_own, 3);
    release(&p);
}

static void withheld_answers_and_observed_calls(void **state)
{
    struct play p;
    (void)state;
    begin(&p, TWO_AN_HOUR, (struct rehearse_options){0});
    row(&p, 1, "\"outcome\":\"denied\",\"rule\":\"/tools/t/results/deny_if/0\"");
    row(&p, 2, "\"outcome\":\"observed\",\"rule\":\"/tools/t/deny_if/0\"");
    row(&p, 3, "\"outcome\":\"observed\",\"rule\":\"/tools/t/limits/n\"");
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->matrix[REHEARSE_DENIED][REHEARSE_ALLOWED], 2);
    assert_int_equal(counts->same, 1);
    assert_int_equal(counts->observed, 2);
    release(&p);
}

// ---- The fuse

#define FUSE                                                                                       \
    "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"t\":{\"deny_if\":[{\"conditions\":[{"    \
    "\"path\":\"args.v\",\"op\":\"eq\",\"value\":0}]}]}},\"runaway\":{\"identical_calls\":{"       \
    "\"max\":2,\"window\":\"minute\"},\"denials_in_a_row\":3}}"
#define WITH(value) ALLOWED ",\"argument_keys\":[\"v\"],\"arguments\":{\"v\":" value "}"
#define PAUSED "\"outcome\":\"denied\",\"rule\":\"(paused)\""

static void identical_calls_pause_until_a_person_looked(void **state)
{
    struct play p;
    (void)state;
    begin(&p, FUSE, (struct rehearse_options){0});
    row(&p, 1, WITH("1"));
    row(&p, 2, WITH("2"));
    row(&p, 3, WITH("1.0"));
    row(&p, 4, WITH("1e0")); // blows it: the same number in other words
    row(&p, 5, WITH("2"));   // paused, as is the next
    row(&p, 200, WITH("3"));
    row(&p, 201, PAUSED); // a pause of then, which is not played
    row(&p, 202, WITH("4"));
    row(&p, 203, WITH("1"));
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->fuses, 1);
    assert_int_equal(counts->paused, 2);
    assert_int_equal(counts->gateways_own, 1);
    assert_int_equal(counts->matrix[REHEARSE_ALLOWED][REHEARSE_DENIED], 3);
    assert_int_equal(counts->fuse_unsure, 0);
    release(&p);
}

static void denials_in_a_row_pause(void **state)
{
    struct play p;
    (void)state;
    begin(&p, FUSE, (struct rehearse_options){0});
    row(&p, 1, WITH("0"));
    row(&p, 2, WITH("0"));
    row(&p, 3, WITH("5")); // not in a row
    row(&p, 71, WITH("0"));
    row(&p, 72, WITH("0"));
    row(&p, 140, WITH("0"));
    row(&p, 141, WITH("7"));
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->fuses, 1);
    assert_int_equal(counts->paused, 1);
    assert_int_equal(counts->matrix[REHEARSE_ALLOWED][REHEARSE_DENIED], 6);
    release(&p);
}

static void what_may_have_blown_the_fuse_is_counted(void **state)
{
    struct play p;
    (void)state;
    begin(&p, FUSE, (struct rehearse_options){0});
    for (int i = 1; i <= 3; i++)
        row(&p, i, ALLOWED ",\"argument_keys\":[\"w\"]"); // the same, or not
    row(&p, 4, ALLOWED ",\"argument_keys\":[\"x\"]");
    for (int i = 1000; i < 1120; i += 40)
        row(&p, i, ALLOWED ",\"argument_keys\":[\"v\"]"); // denied, or not
    for (int i = 2000; i < 2003; i++)
        row(&p, i, "\"outcome\":\"observed\",\"rule\":\"/tools/t\"");
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->fuses, 0);
    assert_int_equal(counts->paused, 0);
    assert_int_equal(counts->fuse_unsure, 2);
    assert_int_equal(counts->unsure, 3);
    release(&p);
}

static bool after_three(void *argument)
{
    return ++*(int *)argument > 3;
}

static void what_is_over_ends(void **state)
{
    struct play p;
    int asked = 0;
    (void)state;
    begin(&p, VALUE, (struct rehearse_options){.over = after_three, .over_argument = &asked});
    for (int i = 1; i <= 9; i++)
        row(&p, i, WITH("1"));
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->lines, 9);
    assert_int_equal(counts->replayed, 2); // the first question is about the class
    assert_int_equal(asked, 4);
    release(&p);
}

static void calls_without_arguments_are_identical(void **state)
{
    struct play p;
    (void)state;
    begin(&p, FUSE, (struct rehearse_options){0});
    for (int i = 1; i <= 4; i++)
        row(&p, i, ALLOWED);
    const struct rehearse_counts *counts = end(&p);
    assert_int_equal(counts->fuses, 1);
    assert_int_equal(counts->paused, 1);
    assert_int_equal(counts->changed, 2);
    release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_answered_is_assumed_again),
        cmocka_unit_test(identical_calls_pause_until_a_person_looked),
        cmocka_unit_test(denials_in_a_row_pause),
        cmocka_unit_test(what_may_have_blown_the_fuse_is_counted),
        cmocka_unit_test(calls_without_arguments_are_identical),
        cmocka_unit_test(what_is_over_ends),
        cmocka_unit_test(what_went_back_goes_back_again),
        cmocka_unit_test(rows_before_the_time_fill_the_limits),
        cmocka_unit_test(calls_are_played_as_they_were_decided),
        cmocka_unit_test(what_is_not_in_the_log_is_not_guessed),
        cmocka_unit_test(categories_are_those_of_then),
        cmocka_unit_test(what_no_policy_decides_is_counted),
        cmocka_unit_test(withheld_answers_and_observed_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
