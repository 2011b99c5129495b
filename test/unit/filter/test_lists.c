// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "filter/filter.h"

static bool not_hidden(void *argument, enum mcp_list list, struct slice name, uint32_t entry)
{
    (void)argument;
    (void)entry;
    (void)list;
    return memchr(name.data, 'h', name.length) == NULL;
}

static bool bare; // what filtered() asks for

static void filtered(const char *text, const char *wanted, size_t wanted_removed)
{
    struct json_doc doc;
    struct arena arena;
    struct mcp_edits edits = {0};
    struct slice *pieces;
    size_t count, removed;
    struct buffer out;
    json_doc_init(&doc);
    arena_init(&arena, 1 << 20);
    buffer_init(&out, 0);
    assert_int_equal(json_scan(&doc, slice_from_string(text), NULL, NULL, NULL), 0);
    filter_lists(&doc, 0, 0, bare, not_hidden, NULL, &arena, &edits, &removed);
    assert_int_equal(mcp_edits_pieces(&edits, slice_from_string(text), &arena, &pieces, &count), 0);
    for (size_t i = 0; i < count; i++)
        buffer_append(&out, pieces[i]);
    if (!slice_equal_string(buffer_slice(&out), wanted))
        fail_msg("%s gave %.*s", text, SLICE_PRINT(buffer_slice(&out)));
    assert_int_equal(removed, wanted_removed);
    buffer_release(&out);
    arena_release(&arena);
    json_doc_release(&doc);
}

static void entries_go_with_one_comma(void **state)
{
    (void)state;
    filtered("{\"Tools\":[{\"name\":\"a\"}]}", "{\"Tools\":[]}", 0);
    filtered("{\"tools\":\"a\",\"prompts\":{\"x\":[]}}", "{\"tools\":[],\"prompts\":[]}", 2);
    filtered("{\"tools\":[{\"name\":\"a\"},{\"name\":\"h\"},{\"name\":\"b\"}]}",
             "{\"tools\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", 1);
    filtered("{\"tools\":[{\"name\":\"h\"},{\"name\":\"b\"}]}", "{\"tools\":[{\"name\":\"b\"}]}",
             1);
    filtered("{\"tools\":[{\"name\":\"a\"} , {\"name\":\"h\"}]}", "{\"tools\":[{\"name\":\"a\"}]}",
             1);
    filtered("{\"tools\":[{\"name\":\"h\"}]}", "{\"tools\":[]}", 1);
    filtered("{\"tools\":[{\"name\":\"h\"},{\"name\":\"h2\"}]}", "{\"tools\":[]}", 2);
    filtered("{\"tools\":[{\"name\":\"a\"},{\"name\":\"h\"},{\"name\":\"h\"},{\"name\":\"b\"},"
             "{\"name\":\"h\"}]}",
             "{\"tools\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", 3);
    filtered("{\"tools\":[]}", "{\"tools\":[]}", 0);
}

static void what_cannot_be_judged_goes(void **state)
{
    (void)state;
    filtered("{\"tools\":[1,{\"title\":\"a\"},{\"name\":7},{\"name\":\"a\",\"Name\":\"h\"},"
             "{\"name\":\"a\"}]}",
             "{\"tools\":[{\"name\":\"a\"}]}", 4);
    filtered("{\"tools\":[{\"n\\u0061me\":\"\\u0068\"}]}", "{\"tools\":[]}", 1);
}

static void every_kind_of_list(void **state)
{
    (void)state;
    filtered(
        "{\"resources\":[{\"uri\":\"h\"}],\"prompts\":[{\"name\":\"h\"}],"
        "\"resourceTemplates\":[{\"uriTemplate\":\"h\"}],\"other\":[{\"name\":\"h\"}]}",
        "{\"resources\":[],\"prompts\":[],\"resourceTemplates\":[],\"other\":[{\"name\":\"h\"}]}",
        3);
}

static void a_cacheable_list_becomes_private(void **state)
{
    (void)state;
    filtered("{\"tools\":[],\"cacheScope\":\"public\",\"ttlMs\":3600000}",
             "{\"tools\":[],\"cacheScope\":\"private\",\"ttlMs\":10000}", 0);
    filtered("{\"tools\":[],\"ttlMs\":0,\"cacheScope\":\"private\"}",
             "{\"tools\":[],\"ttlMs\":0,\"cacheScope\":\"private\"}", 0);
    filtered("{\"content\":[],\"ttlMs\":3600000}", "{\"content\":[],\"ttlMs\":3600000}", 0);
}

static bool no_sampling(void *argument, struct slice method)
{
    (void)argument;
    return !slice_equal_string(method, "sampling/createMessage");
}

static void refused_inputs_are_found(void **state)
{
    (void)state;
    struct json_doc doc;
    struct arena arena;
    struct slice method;
    json_doc_init(&doc);
    arena_init(&arena, 4096);
    assert_int_equal(
        json_scan(&doc,
                  SLICE_LITERAL("{\"inputRequests\":{\"a\":{\"method\":\"roots/list\"},"
                                "\"b\":{\"method\":\"sampling/createMessage\"}}}"),
                  NULL, NULL, NULL),
        0);
    assert_true(filter_find_refused_input(&doc, 0, no_sampling, NULL, &arena, &method));
    assert_true(slice_equal_string(method, "sampling/createMessage"));
    assert_int_equal(
        json_scan(&doc, SLICE_LITERAL("{\"inputRequests\":{\"a\":{}}}"), NULL, NULL, NULL), 0);
    assert_true(filter_find_refused_input(&doc, 0, no_sampling, NULL, &arena, &method));
    // Readers that ignore case must not find questions that were not judged.
    static const char *const spellings[] = {
        "{\"InputRequests\":{\"a\":{\"method\":\"sampling/createMessage\"}}}",
        "{\"inputRequests\":{\"a\":{\"method\":\"roots/list\",\"Method\":\"x\"}}}"};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        assert_int_equal(json_scan(&doc, slice_from_string(spellings[i]), NULL, NULL, NULL), 0);
        assert_true(filter_find_refused_input(&doc, 0, no_sampling, NULL, &arena, &method));
        assert_true(slice_equal_string(method, "(unreadable)"));
    }
    assert_int_equal(json_scan(&doc, SLICE_LITERAL("{\"content\":[]}"), NULL, NULL, NULL), 0);
    assert_false(filter_find_refused_input(&doc, 0, no_sampling, NULL, &arena, &method));
    arena_release(&arena);
    json_doc_release(&doc);
}

static void what_a_fingerprint_leaves_out_is_emptied(void **state)
{
    (void)state;
    bare = true;
    filtered(
        "{\"tools\":[{\"name\":\"h\",\"_meta\":{\"a\":1}},{\"name\":\"a\",\"execution\":{\"x\":1},"
        "\"_m\\u0065ta\":[1]},{\"name\":\"b\",\"execution\":{\"taskSupport\":\"required\"}}]}",
        "{\"tools\":[{\"name\":\"a\",\"execution\":{},\"_m\\u0065ta\":{}},{\"name\":\"b\","
        "\"execution\":{\"taskSupport\":\"required\"}}]}",
        1);
    filtered(
        "{\"tools\":[{\"name\":\"a\",\"execution\":{\"taskSupport\":\"x\"}},{\"name\":\"b\","
        "\"execution\":\"forbidden\"},{\"name\":\"c\",\"execution\":{\"taskSupport\":\"optional\","
        "\"y\":0}}],\"prompts\":[{\"name\":\"p\",\"_meta\":{\"a\":1}}]}",
        "{\"tools\":[{\"name\":\"a\",\"execution\":{}},{\"name\":\"b\",\"execution\":{}},"
        "{\"name\":\"c\",\"execution\":{}}],\"prompts\":[{\"name\":\"p\",\"_meta\":{\"a\":1}}]}",
        0);
    bare = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_a_fingerprint_leaves_out_is_emptied),
                                       cmocka_unit_test(entries_go_with_one_comma),
                                       cmocka_unit_test(what_cannot_be_judged_goes),
                                       cmocka_unit_test(every_kind_of_list),
                                       cmocka_unit_test(a_cacheable_list_becomes_private),
                                       cmocka_unit_test(refused_inputs_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
