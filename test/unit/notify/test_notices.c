// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From changes to notices, without anybody who takes them: port 1 answers nobody.
#include "../store/records.h"

#include "base/clock.h"
#include "base/memory.h"
#include "notify/notify.h"

#include <stdatomic.h>

struct scene {
    struct records records;
    struct notify *_Atomic notify;
    struct records_id organisation, grant, channel, question;
};

static int committing(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count, struct error *error)
{
    struct notify *notify = atomic_load(&((struct scene *)argument)->notify);
    return notify == NULL ? 0 : notify_committing(notify, view, changes, count, error);
}

static int never_opens(void *argument, enum notify_sealed what, const struct store_head *record,
                       struct buffer *out, struct error *error)
{
    (void)argument;
    (void)what;
    (void)record;
    (void)out;
    return error_set(error, ERROR_NOT_FOUND, "its key is gone");
}

static int prepare(void *argument, struct store_view *view, struct error *error)
{
    struct scene *scene = argument;
    struct store_organisation owner = {.name = TEXT("one"), .title = TEXT("One")};
    assert_int_equal(store_add_organisation(view, &owner, error), 0);
    struct store_grant grant = {
        .head.organisation = owner.head.id, .label = TEXT("agent"), .tags = TEXT("[]")};
    assert_int_equal(store_add_grant(view, &grant, error), 0);
    struct store_channel channel = {.head.organisation = owner.head.id,
                                    .name = TEXT("hook"),
                                    .address = TEXT("http://127.0.0.1:1/"),
                                    .events = TEXT("[\"grant.paused\", \"approval.asked\"]")};
    assert_int_equal(store_add_channel(view, &channel, error), 0);
    struct store_channel other = {.head.organisation = owner.head.id,
                                  .name = TEXT("other"),
                                  .address = TEXT("http://127.0.0.1:1/"),
                                  .events = TEXT("[\"approval.decided\"]")};
    assert_int_equal(store_add_channel(view, &other, error), 0);
    scene->organisation = records_keep(owner.head.id);
    scene->grant = records_keep(grant.head.id);
    scene->channel = records_keep(channel.head.id);
    return 0;
}

static void open_scene(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scratch_make_in_memory(&scene->records.scratch);
    const struct store_records_options records = {
        .path = scratch_path(&scene->records.scratch, "records.db"),
        .committing = committing,
        .argument = scene};
    assert_int_equal(store_records_open(&records, &scene->records.store, &scene->records.error), 0);
    assert_int_equal(records_write(&scene->records, prepare, scene), 0);
    struct notify *notify = NULL;
    const struct notify_options options = {.records = scene->records.store, .open = never_opens};
    assert_int_equal(notify_open(&options, &notify, &scene->records.error), 0);
    atomic_store(&scene->notify, notify);
}

static void close_scene(struct scene *scene)
{
    notify_stop(scene->notify);
    records_remove(&scene->records);
    notify_close(scene->notify);
}

// ---- Changes

static int change_grant(void *argument, struct store_view *view, struct error *error)
{
    struct scene *scene = argument;
    struct store_grant grant;
    int result = store_get_grant(view, records_id(&scene->organisation), records_id(&scene->grant),
                                 &grant, error);
    if (result != 0)
        return result;
    bool paused = grant.paused_ms != 0;
    grant.paused_ms = paused ? 0 : clock_wall_ms();
    grant.paused_why = paused ? TEXT("") : TEXT("the \"same\" call 100 times\n");
    return store_change_grant(view, &grant, error);
}

static int rename_grant(void *argument, struct store_view *view, struct error *error)
{
    struct scene *scene = argument;
    struct store_grant grant;
    int result = store_get_grant(view, records_id(&scene->organisation), records_id(&scene->grant),
                                 &grant, error);
    grant.label = TEXT("another");
    return result == 0 ? store_change_grant(view, &grant, error) : result;
}

struct counting {
    struct scene *scene;
    size_t count;
    int64_t paused_ms;
    char body[1000], event[64];
};

static int count_notices(void *argument, struct store_view *view, struct error *error)
{
    struct counting *counting = argument;
    const struct store_notice *rows = NULL;
    struct store_grant grant;
    struct slice owner = records_id(&counting->scene->organisation);
    int result = store_list_notice(view, owner, (struct slice){0}, NULL, &rows, &counting->count,
                                   NULL, error);
    if (result == 0 && counting->count > 0) {
        const struct store_notice *last = &rows[counting->count - 1];
        snprintf(counting->body, sizeof counting->body, "%.*s", SLICE_PRINT(last->body));
        snprintf(counting->event, sizeof counting->event, "%.*s", SLICE_PRINT(last->event));
        assert_true(slice_equal(last->channel, records_id(&counting->scene->channel)));
        assert_true(slice_equal(last->object, records_id(&counting->scene->grant)));
    }
    if (result == 0)
        result = store_get_grant(view, owner, records_id(&counting->scene->grant), &grant, error);
    counting->paused_ms = grant.paused_ms;
    return result;
}

static struct counting look(struct scene *scene)
{
    struct counting counting = {.scene = scene};
    assert_int_equal(records_read(&scene->records, count_notices, &counting), 0);
    return counting;
}

static void a_paused_grant_is_told_once(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene);
    assert_int_equal(records_write(&scene.records, rename_grant, &scene), 0);
    assert_int_equal(look(&scene).count, 0);
    assert_int_equal(records_write(&scene.records, change_grant, &scene), 0);
    struct counting found = look(&scene);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.event, "grant.paused");
    assert_non_null(strstr(found.body, "{\"organisation\":\"one\",\"grant\":{\"id\":\"grt_"));
    assert_non_null(strstr(found.body, "\"label\":\"another\"}"));
    assert_non_null(strstr(found.body, "\"reason\":\"the \\\"same\\\" call 100 times\\n\"}"));
    assert_int_equal(records_write(&scene.records, change_grant, &scene), 0); // it goes on
    assert_int_equal(look(&scene).count, 1);
    close_scene(&scene);
}

// A pause is not undone because nobody can be told of it, and no half of a notice stays.
static void the_change_stands_whatever_fails(void **state)
{
    struct scene scene;
    size_t told = 0, number;
    (void)state;
    open_scene(&scene);
    notify_stop(scene.notify); // its thread allocates, too
    for (number = 1; number < 1000; number++) {
        memory_fail_at(number, 0);
        int result = records_write(&scene.records, change_grant, &scene);
        bool over = memory_attempts() < number;
        memory_fail_at(0, 0);
        struct counting found = look(&scene);
        assert_true(found.count == told || found.count == told + 1);
        assert_true(result == 0 || found.count == told);
        told = found.count;
        if (over)
            break;
        if (found.paused_ms != 0)
            assert_int_equal(records_write(&scene.records, change_grant, &scene), 0);
    }
    assert_true(number < 1000 && told > 0);
    close_scene(&scene);
}

static int pause_often(void *argument, struct store_view *view, struct error *error)
{
    int result = 0;
    for (int i = 0; i < 3 && result == 0; i++)
        result = change_grant(argument, view, error);
    return result;
}

// Several changes of one commit are told as what they come to.
static void a_commit_is_told_as_it_ends(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene);
    assert_int_equal(records_write(&scene.records, pause_often, &scene), 0);
    assert_int_equal(look(&scene).count, 1);
    close_scene(&scene);
}

static void what_has_no_room_is_dropped_and_counted(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene);
    notify_stop(scene.notify);
    for (int i = 0; i < 2 * (NOTIFY_WAITING_MAX + 3); i++)
        assert_int_equal(records_write(&scene.records, change_grant, &scene), 0);
    struct notify_state known = notify_state(scene.notify);
    assert_int_equal(known.waiting, NOTIFY_WAITING_MAX);
    assert_int_equal(known.dropped, 3);
    close_scene(&scene);
}

// Its secret cannot be opened: the attempt failed, and is told.
static void what_cannot_be_sent_is_a_failure(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene);
    assert_int_equal(records_write(&scene.records, change_grant, &scene), 0);
    uint64_t until_us = clock_monotonic_us() + 10000000;
    while (notify_state(scene.notify).failed == 0 && clock_monotonic_us() < until_us)
        look(&scene);
    assert_int_equal(notify_state(scene.notify).failed, 1);
    assert_int_equal(notify_state(scene.notify).sent, 0);
    assert_int_equal(look(&scene).count, 1);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_paused_grant_is_told_once),
        cmocka_unit_test(the_change_stands_whatever_fails),
        cmocka_unit_test(a_commit_is_told_as_it_ends),
        cmocka_unit_test(what_has_no_room_is_dropped_and_counted),
        cmocka_unit_test(what_cannot_be_sent_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
