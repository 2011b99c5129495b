// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is written beside changes, in their own transaction.
#include "records.h"

struct scene {
    struct records records;
    struct records_id organisation, grant;
    unsigned called, told;
    bool fails, revoked, tagged, added;
};

static int committing(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count, struct error *error)
{
    struct scene *scene = argument;
    char hash[32] = "hash", key[32];
    int result = 0;
    scene->called++;
    for (size_t i = 0; i < count && result == 0; i++) {
        if (changes[i].kind != STORE_GRANT)
            continue;
        scene->revoked = store_changed(&changes[i], "revoked_ms");
        scene->tagged = store_changed(&changes[i], "tags");
        scene->added = store_changed(&changes[i], "label");
        assert_false(store_changed(&changes[i], "no such column"));
        snprintf(key, sizeof key, "beside %u", scene->called);
        struct store_request beside = {.head.organisation = changes[i].organisation,
                                       .key = slice_from_string(key),
                                       .fingerprint = slice_of(hash, sizeof hash),
                                       .answer = TEXT("{}")};
        struct store_policy policy = {.head.organisation = changes[i].organisation,
                                      .name = slice_from_string(key + 7)};
        result = store_add_request(view, &beside, error);
        if (result == 0)
            result = store_add_policy(view, &policy, error); // one that others are told of
    }
    return result != 0 ? result : scene->fails ? ERROR_NO_MEMORY : 0;
}

static void committed(void *argument, struct store_view *view, const struct store_change *changes,
                      size_t count)
{
    struct scene *scene = argument;
    (void)view;
    for (size_t i = 0; i < count; i++)
        assert_true(changes[i].kind != STORE_POLICY);
    scene->told++;
}

static int prepare(void *argument, struct store_view *view, struct error *error)
{
    struct scene *scene = argument;
    struct store_organisation owner = {.name = TEXT("one"), .title = TEXT("One")};
    assert_int_equal(store_add_organisation(view, &owner, error), 0);
    struct store_grant grant = {
        .head.organisation = owner.head.id, .label = TEXT("agent"), .tags = TEXT("[]")};
    assert_int_equal(store_add_grant(view, &grant, error), 0);
    scene->organisation = records_keep(owner.head.id);
    scene->grant = records_keep(grant.head.id);
    return 0;
}

static int end_grant(void *argument, struct store_view *view, struct error *error)
{
    struct scene *scene = argument;
    struct store_grant grant;
    int result = store_get_grant(view, records_id(&scene->organisation), records_id(&scene->grant),
                                 &grant, error);
    grant.revoked_ms++;
    return result == 0 ? store_change_grant(view, &grant, error) : result;
}

static int fail_behind(void *argument, struct store_view *view, struct error *error)
{
    int result = end_grant(argument, view, error);
    return result == 0 ? error_set(error, ERROR_DENIED, "no") : result;
}

struct found {
    struct scene *scene;
    bool request, policy;
    const char *key;
    int64_t revoked_ms;
};

static int look(void *argument, struct store_view *view, struct error *error)
{
    struct found *found = argument;
    struct slice owner = records_id(&found->scene->organisation);
    struct store_request request;
    struct store_policy policy;
    struct store_grant grant;
    found->request =
        store_find_request(view, owner, "key", slice_from_string(found->key), &request, error) == 0;
    found->policy = store_find_policy(view, owner, "name", slice_from_string(found->key + 7),
                                      &policy, error) == 0;
    int result = store_get_grant(view, owner, records_id(&found->scene->grant), &grant, error);
    found->revoked_ms = grant.revoked_ms;
    return result;
}

static struct found find(struct scene *scene, const char *key)
{
    struct found found = {.scene = scene, .key = key};
    assert_int_equal(records_read(&scene->records, look, &found), 0);
    return found;
}

static void open_scene(struct scene *scene)
{
    *scene = (struct scene){.called = 0};
    scratch_make_in_memory(&scene->records.scratch);
    const struct store_records_options options = {
        .path = scratch_path(&scene->records.scratch, "records.db"),
        .committing = committing,
        .committed = committed,
        .argument = scene};
    assert_int_equal(store_records_open(&options, &scene->records.store, &scene->records.error), 0);
    assert_int_equal(records_write(&scene->records, prepare, scene), 0);
}

static void is_committed_with_the_changes(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene);
    assert_true(scene.revoked && scene.tagged && scene.added); // of a new record, every column
    struct found found = find(&scene, "beside 1");
    assert_true(found.request && found.policy);
    assert_int_equal(records_write(&scene.records, end_grant, &scene), 0);
    assert_true(scene.revoked && !scene.tagged && !scene.added);
    assert_int_equal(scene.called, 2);
    assert_int_equal(scene.told, 2);
    found = find(&scene, "beside 2");
    assert_true(found.request && found.policy);
    records_remove(&scene.records);
}

static void alone_is_undone_when_it_fails(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene);
    scene.fails = true;
    assert_int_equal(records_write(&scene.records, end_grant, &scene), 0);
    struct found found = find(&scene, "beside 2");
    assert_false(found.request || found.policy);
    assert_int_equal(found.revoked_ms, 1);
    assert_int_equal(scene.told, 2);
    records_remove(&scene.records);
}

static void is_not_asked_for_nothing(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene);
    assert_int_equal(records_write(&scene.records, fail_behind, &scene), ERROR_DENIED);
    assert_int_equal(scene.called, 1);
    assert_int_equal(find(&scene, "beside 2").revoked_ms, 0);
    records_remove(&scene.records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_committed_with_the_changes),
        cmocka_unit_test(alone_is_undone_when_it_fails),
        cmocka_unit_test(is_not_asked_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
