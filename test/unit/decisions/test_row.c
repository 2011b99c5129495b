// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines as they are, and lines as nobody should write them.
#include "unit/decisions/decisions_world.h"

#define LINK "\"link\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}"

static bool read_line(const char *line, struct decisions_row *ret)
{
    return decisions_row_read(slice_from_string(line), ret);
}

static void assert_text(struct slice text, const char *expected)
{
    assert_true(slice_equal_string(text, expected));
}

static void the_members_are_found(void **state)
{
    (void)state;
    struct decisions_row row;
    assert_true(
        read_line("{\"time\":\"2026-11-21T09:18:10.123Z\",\"id\":\"5f\",\"organisation\":"
                  "\"org_1\",\"grant\":null,\"server\":\"a/\\\"b\\\\\",\"argument_keys\":["
                  "\"x\",\",\\\"rule\\\":\\\"no\\\"\"],\"values\":{\"rule\":\"no\",\"d\":[{}"
                  "]},\"outcome\":\"denied\",\"total_us\":31,\"seq\":1041," LINK,
                  &row));
    assert_int_equal(row.number, 1041);
    assert_int_equal(row.time_ms, 1795252690123);
    assert_false(row.note);
    assert_text(row.texts[DECISIONS_ID], "5f");
    assert_text(row.texts[DECISIONS_ORGANISATION], "org_1");
    assert_text(row.texts[DECISIONS_SERVER], "a/\\\"b\\\\");
    assert_text(row.texts[DECISIONS_OUTCOME], "denied");
    assert_null(row.texts[DECISIONS_GRANT].data);
    assert_null(row.texts[DECISIONS_RULE].data); // only the row's own members count
}

static void notes_are_told_apart(void **state)
{
    (void)state;
    struct decisions_row row;
    assert_true(read_line("{\"time\":\"2026-11-21T09:18:10.123Z\",\"note\":\"start\",\"rows\":0,"
                          "\"seq\":1," LINK,
                          &row));
    assert_true(row.note);
    assert_true(
        read_line("{\"time\":\"2026-11-21T09:18:10.123Z\",\"id\":\"note\",\"seq\":1," LINK, &row));
    assert_false(row.note);
}

static void what_is_strange_is_no_row(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "{}",
        "{\"time\":\"2026-11-21T09:18:10.123Z\"}",
        "{\"time\":\"2026-13-21T09:18:10.123Z\",\"seq\":1," LINK,
        "{\"tume\":\"2026-11-21T09:18:10.123Z\",\"seq\":1," LINK,
        "{\"time\":\"2026-11-21T09:18:10.123Z\",\"seq\":0," LINK,
        "{\"time\":\"2026-11-21T09:18:10.123Z\",id:1,\"seq\":1," LINK,
        "{\"time\":\"2026-11-21T09:18:10.123Z\",\"id\":\"open,\"seq\":1," LINK,
        "{\"time\":\"2026-11-21T09:18:10.123Z\",\"id\",\"seq\":1," LINK,
        "{\"time\":\"2026-11-21T09:18:10.123Z\",\"id\":\"x\\\",\"seq\":1," LINK,
        "{\"time\":\"2026-11-21T09:18:10.123Z\"\"id\":\"x\",\"seq\":1," LINK,
        "{\"time\":\"2026-11-21T09:18:10.123Z\",\"seq\":99999999999999999999," LINK,
    };
    struct decisions_row row;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (read_line(lines[i], &row))
            fail_msg("%s", lines[i]);
}

// Any byte of a row changed, or cut off: nothing is read beyond it, which the sanitizer watches.
static void changed_bytes_do_no_harm(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 7);
    world_add_mixed(&world, 30);
    struct slice text = buffer_slice(&world.text);
    struct decisions_row row;
    for (size_t round = 0; round < 20000; round++) {
        size_t start = world_random(&world, text.length), length = 1 + world_random(&world, 500);
        length = length > text.length - start ? text.length - start : length;
        char *copy = malloc(length);
        assert_non_null(copy);
        memcpy(copy, text.data + start, length);
        copy[world_random(&world, length)] = "\"\\{}[],:\n0"[world_random(&world, 10)];
        decisions_row_read(slice_of(copy, length), &row);
        free(copy);
    }
    const char *feed = memchr(text.data, '\n', text.length);
    for (size_t length = (size_t)(feed - text.data), at = 0; at < length; at++) {
        char *copy = malloc(length);
        assert_non_null(copy);
        memcpy(copy, text.data, length);
        copy[at] = '"';
        decisions_row_read(slice_of(copy, length), &row);
        free(copy);
    }
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_members_are_found),
        cmocka_unit_test(notes_are_told_apart),
        cmocka_unit_test(what_is_strange_is_no_row),
        cmocka_unit_test(changed_bytes_do_no_harm),
    };
    return cmocka_run_group_tests_name("decisions/test_row", tests, NULL, NULL);
}
