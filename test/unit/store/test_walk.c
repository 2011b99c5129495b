// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "records.h"

#include "store/walk.h"

enum { ORGANISATIONS = 3, MEMBERS = 7 };

static struct records records;

static int setup(void **state)
{
    (void)state;
    records_make_in_memory(&records);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    records_remove(&records);
    return 0;
}

// So many members in each organisation but the second, which has none.
static int build(void *argument, struct store_view *view, struct error *error)
{
    (void)argument;
    for (int i = 0; i < ORGANISATIONS; i++) {
        struct store_organisation owner = {.name = arena_format(store_arena(view), "o%d", i),
                                           .title = TEXT("O")};
        assert_int_equal(store_add_organisation(view, &owner, error), 0);
        for (int k = 0; k < MEMBERS && i != 1; k++) {
            struct store_member member = {
                .head.organisation = owner.head.id,
                .email = arena_format(store_arena(view), "m%d.%d@example.com", i, k),
                .role = STORE_VIEWER,
                .password = TEXT("-")};
            assert_int_equal(store_add_member(view, &member, error), 0);
        }
    }
    return 0;
}

// Two walks, one inside of the other: what the inner one frees is not what the outer one needs.
static int count_members(void *argument, struct store_view *view, struct error *error)
{
    size_t page = *(size_t *)argument, organisations = 0, members = 0;
    struct store_walk outer = store_walk_organisations();
    int result = 0;
    while (store_walk_next(&outer, view, &result, error)) {
        char last[64] = "";
        struct store_walk inner = store_walk_over(STORE_MEMBER, outer.id, page);
        organisations++;
        while (store_walk_next(&inner, view, &result, error)) {
            const struct store_member *row = inner.row;
            assert_true(slice_equal(row->head.id, inner.id));
            assert_true(slice_equal(row->head.organisation, outer.id));
            assert_true(strncmp(last, inner.id.data, inner.id.length) < 0);
            snprintf(last, sizeof last, "%.*s", SLICE_PRINT(inner.id));
            members++;
        }
    }
    assert_int_equal(organisations, ORGANISATIONS);
    assert_int_equal(members, (ORGANISATIONS - 1) * MEMBERS);
    return result;
}

static void each_record_is_met_once(void **state)
{
    static const size_t pages[] = {1, 2, MEMBERS - 1, MEMBERS, MEMBERS + 1, 1000};
    (void)state;
    assert_int_equal(records_write(&records, build, NULL), 0);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        assert_int_equal(records_read(&records, count_members, (void *)(uintptr_t)&pages[i]), 0);
}

static int keep_members(void *argument, struct store_view *view, struct error *error)
{
    (void)argument;
    const struct store_organisation *owners = NULL;
    const struct store_member *kept[MEMBERS];
    size_t count = 0, found = 0;
    int result = store_list_organisation(view, (struct slice){0}, (struct slice){0}, NULL, &owners,
                                         &found, NULL, error);
    size_t first = 0; // their order is that of ids, which are random within a millisecond
    while (first < found && !slice_equal_string(owners[first].name, "o0"))
        first++;
    assert_true(first < found);
    struct store_walk walk = store_walk_over(STORE_MEMBER, owners[first].head.id, 2);
    walk.keeps = true;
    while (count < MEMBERS && store_walk_next(&walk, view, &result, error))
        kept[count++] = walk.row;
    assert_int_equal(count, MEMBERS);
    for (size_t i = 1; i < count; i++)
        assert_false(slice_equal(kept[i - 1]->email, kept[i]->email));
    return result;
}

static void rows_stay_when_asked_for(void **state)
{
    (void)state;
    assert_int_equal(records_write(&records, build, NULL), 0);
    assert_int_equal(records_read(&records, keep_members, NULL), 0);
}

static int break_off(void *argument, struct store_view *view, struct error *error)
{
    (void)argument;
    size_t seen = 0;
    int result = 0;
    struct store_walk walk = store_walk_organisations();
    while (store_walk_next(&walk, view, &result, error)) {
        seen++;
        result = ERROR_CONFLICT; // of who walks
    }
    assert_int_equal(seen, 1);
    assert_int_equal(result, ERROR_CONFLICT);
    result = 0;
    walk = store_walk_over(STORE_MEMBER, (struct slice){0}, 1); // of nobody
    assert_false(store_walk_next(&walk, view, &result, error));
    assert_int_equal(result, ERROR_NOT_FOUND);
    return 0;
}

static void a_failure_ends_it(void **state)
{
    (void)state;
    assert_int_equal(records_write(&records, build, NULL), 0);
    assert_int_equal(records_read(&records, break_off, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_record_is_met_once, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_stay_when_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_ends_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
