// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Slugs, and what differs between two definitions.
#include "unit/inventory/inventory_world.h"

static const char *slug_of(struct slice name, bool server)
{
    static char text[INVENTORY_SLUG_SIZE];
    memset(text, 'x', sizeof text);
    (server ? inventory_server_slug : inventory_tool_slug)(name, text);
    return text;
}

static const char *slug(const char *name, bool server)
{
    return slug_of(slice_from_string(name), server);
}

static void keeps_plain_names(void **state)
{
    (void)state;
    assert_string_equal(slug("github", true), "github");
    assert_string_equal(slug("@acme/files", true), "_acme~files");
    assert_string_equal(slug("io.github.user/server_1", true), "io.github.user~server_1");
    assert_string_equal(slug("getUserById", false), "getUserById");
    assert_string_equal(slug("_x", false), "_x");
    assert_string_equal(slug("admin/users.list", false), "admin~users.list");
}

static void makes_the_rest_plain(void **state)
{
    char longest[10001];
    (void)state;
    memset(longest, 'a', sizeof longest);
    longest[10000] = '\0';
    static const char *const odd[] = {"Kraken Pro MCP",
                                      "attacks",
                                      "Risk",
                                      "_acme/files",
                                      "a--b",
                                      "../x",
                                      ".",
                                      "..",
                                      ".hidden",
                                      "a/",
                                      "/a",
                                      "a.",
                                      "-a",
                                      "a-",
                                      "@",
                                      "a@b",
                                      "\xd0\xbc\xd0\xb8\xd1\x80",
                                      "<script>",
                                      "a b",
                                      "a%2fb",
                                      "\xff\xfe",
                                      "\"",
                                      "con:x",
                                      "a~b",
                                      "\n",
                                      "GitHub",
                                      "index",
                                      "sitemap.xml"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char text[INVENTORY_SLUG_SIZE];
        snprintf(text, sizeof text, "%s", slug(odd[i], true));
        const char *end = strstr(text, "--");
        assert_non_null(end);
        assert_int_equal(strlen(end), 18);
        assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(text));
        assert_string_equal(text, slug(odd[i], true));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(text, slug(odd[j], true));
    }
    assert_string_equal(
        strncmp(slug("Kraken Pro MCP", true), "kraken-pro-mcp--", 16) == 0 ? "" : "x", "");
    assert_true(strlen(slug(longest, true)) < INVENTORY_SLUG_SIZE);
    assert_true(strlen(slug(longest, false)) < INVENTORY_SLUG_SIZE);
    assert_true(strstr(slug_of(slice_of("a\0b", 3), false), "--") != NULL);
    assert_true(strstr(slug("", false), "--") != NULL);
}

static const char *diff(const char *before, const char *after)
{
    static char text[4096];
    struct buffer out;
    struct error error = {0};
    buffer_init(&out, 0);
    int result = inventory_diff(slice_from_string(before), slice_from_string(after), &out, &error);
    snprintf(text, sizeof text, "%.*s", (int)out.length, buffer_slice(&out).data);
    if (result != 0)
        snprintf(text, sizeof text, "%s", error_name(result));
    buffer_release(&out);
    return text;
}

static void tells_what_differs(void **state)
{
    (void)state;
    assert_string_equal(diff("{\"a\":1}", "{\"a\":1.0}"), "[]");
    assert_string_equal(diff("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"), "[]");
    assert_string_equal(diff("{\"a\":{\"b\":\"x\"}}", "{\"a\":{\"b\":\"y\"}}"),
                        "[{\"path\":\"/a/b\",\"before\":\"x\",\"after\":\"y\"}]");
    assert_string_equal(diff("{\"a\":1}", "{\"b\":[1, 2]}"),
                        "[{\"path\":\"/a\",\"before\":1},{\"path\":\"/b\",\"after\":[1,2]}]");
    assert_string_equal(diff("{\"a/b\":1,\"~\":1}", "{\"a/b\":2,\"~\":2}"),
                        "[{\"path\":\"/a~1b\",\"before\":1,\"after\":2},"
                        "{\"path\":\"/~0\",\"before\":1,\"after\":2}]");
    assert_string_equal(diff("{\"\\u0061\":[1]}", "{\"a\":[2]}"),
                        "[{\"path\":\"/a\",\"before\":[1],\"after\":[2]}]");
    assert_string_equal(diff("", "{}"), "[{\"path\":\"\",\"after\":{}}]");
    assert_string_equal(diff("", ""), "[]");
    assert_string_equal(diff("{", "{}"), "ERROR_SYNTAX");
}

static void ends_a_long_difference(void **state)
{
    struct buffer before, after, out;
    struct error error = {0};
    struct json_doc doc;
    (void)state;
    buffer_init(&before, 0);
    buffer_init(&after, 0);
    buffer_init(&out, 0);
    json_doc_init(&doc);
    for (int i = 0; i < 50000; i++) {
        buffer_append_format(&before, "%s\"a%d\":1", i == 0 ? "{" : ",", i);
        buffer_append_format(&after, "%s\"b%d\":1", i == 0 ? "{" : ",", i);
    }
    buffer_append_string(&before, "}");
    buffer_append_string(&after, "}");
    assert_int_equal(inventory_diff(buffer_slice(&before), buffer_slice(&after), &out, &error), 0);
    assert_int_equal(json_scan(&doc, buffer_slice(&out), NULL, &error, NULL), 0);
    assert_int_equal(json_at(&doc, 0)->count, 201);
    json_doc_release(&doc);
    buffer_release(&before);
    buffer_release(&after);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_plain_names),
        cmocka_unit_test(makes_the_rest_plain),
        cmocka_unit_test(tells_what_differs),
        cmocka_unit_test(ends_a_long_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
