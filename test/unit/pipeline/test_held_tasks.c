// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "pipeline/held_tasks_internal.h"

enum { LONG_MS = 60 * 60 * 1000 };

static const struct held_task_owner mine = {SLICE_LITERAL("grant"), SLICE_LITERAL("server")};
static const struct slice done = SLICE_LITERAL("{\"content\":[]}");

static enum bridge_task_status status_of(struct held_tasks *tasks,
                                         const struct held_task_owner *owner, const char *id)
{
    enum bridge_task_status status = BRIDGE_TASK_UNKNOWN;
    struct buffer out;
    struct json_doc doc;
    buffer_init(&out, 0);
    json_doc_init(&doc);
    int result = held_tasks_show(tasks, owner, slice_from_string(id), &out, &status);
    if (result == 0)
        assert_int_equal(json_scan(&doc, buffer_slice(&out), NULL, NULL, NULL), 0);
    else
        assert_int_equal(result, ERROR_NOT_FOUND);
    json_doc_release(&doc);
    buffer_release(&out);
    return status;
}

static void a_task_is_its_owner_s(void **state)
{
    (void)state;
    static const struct held_task_owner others[] = {
        {SLICE_LITERAL("other"), SLICE_LITERAL("server")},
        {SLICE_LITERAL("grant"), SLICE_LITERAL("other")}};
    struct held_tasks *tasks = held_tasks_new();
    char id[HELD_TASK_ID_SIZE];
    assert_int_equal(held_tasks_add(tasks, &mine, LONG_MS, id), 0);
    assert_int_equal(status_of(tasks, &mine, id), BRIDGE_TASK_WORKING);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(status_of(tasks, &others[i], id), BRIDGE_TASK_UNKNOWN);
        assert_false(held_tasks_cancel(tasks, &others[i], slice_from_string(id)));
    }
    held_tasks_finish(tasks, slice_from_string(id), BRIDGE_TASK_COMPLETED, done);
    assert_int_equal(status_of(tasks, &mine, id), BRIDGE_TASK_COMPLETED);
    assert_false(held_tasks_cancel(tasks, &mine, slice_from_string(id)));
    held_tasks_free(tasks);
    held_tasks_free(NULL);
}

static void a_cancelled_task_stays_so(void **state)
{
    (void)state;
    struct held_tasks *tasks = held_tasks_new();
    char id[HELD_TASK_ID_SIZE];
    assert_int_equal(held_tasks_add(tasks, &mine, LONG_MS, id), 0);
    assert_false(held_tasks_is_unwanted(tasks, slice_from_string(id)));
    assert_true(held_tasks_cancel(tasks, &mine, slice_from_string(id)));
    assert_true(held_tasks_is_unwanted(tasks, slice_from_string(id)));
    held_tasks_finish(tasks, slice_from_string(id), BRIDGE_TASK_COMPLETED, done);
    assert_int_equal(status_of(tasks, &mine, id), BRIDGE_TASK_CANCELLED);
    held_tasks_free(tasks);
}

static void what_is_over_makes_room(void **state)
{
    (void)state;
    struct held_tasks *tasks = held_tasks_new();
    char first[HELD_TASK_ID_SIZE], id[HELD_TASK_ID_SIZE];
    assert_int_equal(held_tasks_add(tasks, &mine, LONG_MS, first), 0);
    for (int i = 1; i < HELD_TASKS_PER_GRANT; i++)
        assert_int_equal(held_tasks_add(tasks, &mine, LONG_MS, id), 0);
    assert_int_equal(held_tasks_add(tasks, &mine, LONG_MS, id), ERROR_LIMIT);
    const struct held_task_owner other = {SLICE_LITERAL("other"), SLICE_LITERAL("server")};
    assert_int_equal(held_tasks_add(tasks, &other, LONG_MS, id), 0);
    held_tasks_finish(tasks, slice_from_string(first), BRIDGE_TASK_FAILED, done);
    assert_int_equal(held_tasks_add(tasks, &mine, LONG_MS, id), 0);
    assert_int_equal(status_of(tasks, &mine, first), BRIDGE_TASK_UNKNOWN);
    held_tasks_free(tasks);
}

static void a_task_whose_time_is_over_is_forgotten(void **state)
{
    (void)state;
    struct held_tasks *tasks = held_tasks_new();
    char id[HELD_TASK_ID_SIZE];
    assert_int_equal(held_tasks_add(tasks, &mine, 0, id), 0);
    assert_int_equal(status_of(tasks, &mine, id), BRIDGE_TASK_UNKNOWN);
    assert_true(held_tasks_is_unwanted(tasks, slice_from_string(id)));
    held_tasks_finish(tasks, slice_from_string(id), BRIDGE_TASK_COMPLETED, done);
    held_tasks_free(tasks);
}

static void results_are_bounded_together(void **state)
{
    (void)state;
    struct held_tasks *tasks = held_tasks_new();
    char ids[3][HELD_TASK_ID_SIZE];
    struct buffer large;
    buffer_init(&large, 0);
    buffer_append_string(&large, "\"");
    while (large.length < HELD_TASKS_BYTES / 2 - 64)
        buffer_append_string(&large, "0123456789abcdef0123456789abcdef");
    buffer_append_string(&large, "\"");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(held_tasks_add(tasks, &mine, LONG_MS, ids[i]), 0);
        held_tasks_finish(tasks, slice_from_string(ids[i]), BRIDGE_TASK_COMPLETED,
                          buffer_slice(&large));
    }
    assert_int_equal(status_of(tasks, &mine, ids[1]), BRIDGE_TASK_COMPLETED);
    assert_int_equal(status_of(tasks, &mine, ids[2]), BRIDGE_TASK_FAILED);
    buffer_release(&large);
    held_tasks_free(tasks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_is_its_owner_s),
        cmocka_unit_test(a_cancelled_task_stays_so),
        cmocka_unit_test(what_is_over_makes_room),
        cmocka_unit_test(a_task_whose_time_is_over_is_forgotten),
        cmocka_unit_test(results_are_bounded_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
