// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is kept for clients that come back: how much of it, for how long, and which ids name it.
#include "lib/unit.h"
#include "pipeline/ledger_internal.h"
#include "pipeline/replay_internal.h"

enum { MEBIBYTE = 1024 * 1024, SESSIONS = 66 };

static char text[MEBIBYTE + 1];

struct scene {
    struct pipeline pipeline;
    struct session sessions[SESSIONS];
    struct replay_stream streams[SESSIONS]; // ended by hand: the exchanges here are not real
    struct exchange speakers[SESSIONS];
};

static struct scene *open_scene(void)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->pipeline.loop = loop_new();
    assert_non_null(scene->pipeline.loop);
    table_init(&scene->pipeline.grants);
    scene->pipeline.ledger = pipeline_ledger_new();
    for (size_t i = 0; i < SESSIONS; i++) {
        struct replay_stream *stream = &scene->streams[i];
        scene->sessions[i] =
            (struct session){.pipeline = &scene->pipeline,
                             .grant_id = "agent",
                             .usage = grant_usage_of(&scene->pipeline, SLICE_LITERAL("agent"))};
        struct replay *replay = replay_of(&scene->sessions[i]);
        assert_non_null(replay);
        scene->speakers[i] = (struct exchange){
            .pipeline = &scene->pipeline, .session = &scene->sessions[i], .stream = stream};
        *stream = (struct replay_stream){.number = 1, .ex = &scene->speakers[i]};
        list_append(&replay->streams, &stream->link);
    }
    return scene;
}

static const struct grant_usage *usage_of(struct scene *scene)
{
    return grant_usage_of(&scene->pipeline, SLICE_LITERAL("agent"));
}

static void close_scene(struct scene *scene)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        list_remove(&scene->streams[i].link);
        replay_forget_all(&scene->sessions[i]);
        replay_free(&scene->sessions[i]);
    }
    assert_int_equal(usage_of(scene)->kept_bytes, 0);
    table_release(&scene->pipeline.grants);
    pipeline_ledger_free(scene->pipeline.ledger);
    loop_free(scene->pipeline.loop);
    free(scene);
}

static struct slice keep(struct scene *scene, size_t session, size_t length,
                         char id[REPLAY_ID_SIZE])
{
    return replay_keep(&scene->speakers[session], slice_of(text, length), id);
}

static void a_session_keeps_so_much(void **state)
{
    struct scene *scene = open_scene();
    const struct replay *replay = scene->sessions[0].replay;
    char id[REPLAY_ID_SIZE];
    (void)state;
    for (size_t i = 0; i < 1001; i++)
        keep(scene, 0, 10, id);
    assert_int_equal(replay->count, 1000);
    assert_int_equal(scene->streams[0].lost, 1);
    keep(scene, 0, MEBIBYTE - 5, id);
    assert_int_equal(replay->count, 1);
    assert_int_equal(scene->streams[0].lost, 1001);
    keep(scene, 0, MEBIBYTE + 1, id); // cannot be had again, but its place has a name
    assert_int_equal(scene->streams[0].lost, 1003);
    assert_true(strstr(id, "-c1-3eb") != NULL);
    replay_lose(&scene->speakers[0]);
    assert_int_equal(scene->streams[0].lost, 1004);
    close_scene(scene);
}

static void a_grant_keeps_so_much(void **state)
{
    struct scene *scene = open_scene();
    char id[REPLAY_ID_SIZE];
    (void)state;
    for (size_t i = 0; i < 64; i++)
        keep(scene, i, MEBIBYTE, id);
    assert_int_equal(usage_of(scene)->kept_bytes, 64 * MEBIBYTE);
    keep(scene, 64, 1, id);
    assert_int_equal(scene->streams[64].lost, 1);
    assert_int_equal(scene->streams[0].lost, 0); // no other session pays for it
    replay_forget_all(&scene->sessions[0]);
    keep(scene, 64, 1, id);
    assert_int_equal(scene->streams[64].lost, 1);
    assert_int_equal(usage_of(scene)->kept_bytes, 63 * MEBIBYTE + 1);
    close_scene(scene);
}

static void for_five_minutes(void **state)
{
    struct scene *scene = open_scene();
    uint64_t now_us = loop_now_us(scene->pipeline.loop), minutes = 60 * 1000 * 1000;
    char id[REPLAY_ID_SIZE];
    (void)state;
    keep(scene, 0, 10, id);
    replay_sweep(&scene->sessions[0], now_us + 5 * minutes);
    assert_int_equal(scene->streams[0].kept, 1);
    replay_sweep(&scene->sessions[0], now_us + 5 * minutes + 1000 * 1000);
    assert_int_equal(scene->streams[0].kept, 0);
    close_scene(scene);
}

static bool reads(struct scene *scene, size_t session, const char *id, struct replay_place *place)
{
    return replay_read_id(&scene->sessions[session], slice_from_string(id), place);
}

static void an_id_has_one_spelling_and_one_session(void **state)
{
    struct scene *scene = open_scene();
    struct replay_place place;
    char id[REPLAY_ID_SIZE], other[REPLAY_ID_SIZE + 8];
    (void)state;
    keep(scene, 0, 10, id);
    assert_true(reads(scene, 0, id, &place));
    assert_int_equal(place.event, 1);
    assert_ptr_equal(replay_find(&scene->sessions[0], &place), &scene->streams[0]);
    assert_false(reads(scene, 1, id, &place));
    const char *rest = id + REPLAY_SECRET_SIZE - 1;
    static const char *const wrong[] = {"",
                                        "-",
                                        "-c",
                                        "-c1",
                                        "-c1-",
                                        "-c1-01",
                                        "-c01-1",
                                        "-c1-1-",
                                        "-x1-1",
                                        "-c1-A",
                                        "-c 1-1",
                                        "-g-1",
                                        "-c1-10000000000000000"};
    assert_string_equal(rest, "-c1-1");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(other, sizeof other, "%.*s%s", REPLAY_SECRET_SIZE - 1, id, wrong[i]);
        assert_false(reads(scene, 0, other, &place));
    }
    snprintf(other, sizeof other, "%.*s-c1-2", REPLAY_SECRET_SIZE - 1, id);
    assert_true(reads(scene, 0, other, &place));
    assert_null(replay_find(&scene->sessions[0], &place)); // not said yet
    close_scene(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_keeps_so_much),
        cmocka_unit_test(a_grant_keeps_so_much),
        cmocka_unit_test(for_five_minutes),
        cmocka_unit_test(an_id_has_one_spelling_and_one_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
