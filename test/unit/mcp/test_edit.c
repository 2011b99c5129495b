// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "mcp/mcp.h"

static void apply(struct mcp_edits *edits, struct arena *arena, const char *text,
                  const char *wanted)
{
    struct slice *pieces;
    size_t count;
    struct buffer out;
    buffer_init(&out, 0);
    assert_int_equal(mcp_edits_pieces(edits, slice_from_string(text), arena, &pieces, &count), 0);
    for (size_t i = 0; i < count; i++)
        buffer_append(&out, pieces[i]);
    assert_true(slice_equal_string(buffer_slice(&out), wanted));
    buffer_release(&out);
}

static void edits_apply_in_text_order(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct mcp_edits none = {0}, some = {0};
    apply(&none, &arena, "abc", "abc");
    mcp_edit_add(&some, &arena, 6, 2, SLICE_LITERAL("HI"));
    mcp_edit_add(&some, &arena, 0, 1, (struct slice){"", 0});
    mcp_edit_add(&some, &arena, 3, 0, SLICE_LITERAL("+"));
    apply(&some, &arena, "abcdefgh", "bc+defHI");
    arena_release(&arena);
}

static void many_edits_grow(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct mcp_edits edits = {0};
    char text[201] = {0}, wanted[101] = {0};
    for (uint32_t i = 0; i < 100; i++) {
        text[2 * i] = 'x';
        text[2 * i + 1] = wanted[i] = (char)('a' + i % 26);
        mcp_edit_add(&edits, &arena, 2 * i, 1, (struct slice){"", 0});
    }
    apply(&edits, &arena, text, wanted);
    arena_release(&arena);
}

static void failure_is_sticky(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 16);
    struct mcp_edits edits = {0};
    struct slice *pieces;
    size_t count;
    mcp_edit_add(&edits, &arena, 0, 1, SLICE_LITERAL("x"));
    assert_true(edits.failed);
    assert_int_equal(mcp_edits_pieces(&edits, SLICE_LITERAL("abc"), &arena, &pieces, &count),
                     ERROR_NO_MEMORY);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(edits_apply_in_text_order),
                                       cmocka_unit_test(many_edits_grow),
                                       cmocka_unit_test(failure_is_sticky)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
