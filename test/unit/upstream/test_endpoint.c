// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "upstream/sse_internal.h"

static const struct upstream_options plain = {.name = SLICE_LITERAL("old"),
                                              .transport = UPSTREAM_SSE,
                                              .host = SLICE_LITERAL("mcp.example"),
                                              .port = 8000,
                                              .target = SLICE_LITERAL("/a/b/sse?key=1")};

// The target, or what the refusal says.
static const char *resolve(const struct upstream_options *options, struct slice reference)
{
    static char text[512];
    struct buffer target;
    struct error error = {0};
    buffer_init(&target, 16384);
    int result = upstream_resolve_endpoint(options, reference, &target, &error);
    struct slice said = result == 0 ? buffer_slice(&target) : slice_from_string(error.text);
    assert_true(said.length < sizeof text);
    memcpy(text, said.data, said.length);
    text[said.length] = '\0';
    if (result != 0)
        assert_int_equal(result, ERROR_PROTOCOL);
    buffer_release(&target);
    return text;
}
#define LEADS_TO(reference, target)                                                                \
    assert_string_equal(resolve(&plain, slice_from_string(reference)), target)
#define FOREIGN(options, reference)                                                                \
    assert_non_null(strstr(resolve(options, slice_from_string(reference)), "another origin"))
#define NO_URL(reference) assert_non_null(strstr(resolve(&plain, reference), "no URL"))

static void references_are_resolved(void **state)
{
    (void)state;
    LEADS_TO("/messages?session=x", "/messages?session=x");
    LEADS_TO("messages", "/a/b/messages");
    LEADS_TO("./messages", "/a/b/messages");
    LEADS_TO("../messages", "/a/messages");
    LEADS_TO("../../../messages", "/messages");
    LEADS_TO("/x/./y/../z", "/x/z");
    LEADS_TO("/x/..", "/");
    LEADS_TO("/x/.", "/x/");
    LEADS_TO("/x//y", "/x//y");
    LEADS_TO("?session=x", "/a/b/sse?session=x");
    LEADS_TO("/m?next=../x#part", "/m?next=../x");
    LEADS_TO("  /m\t", "/m");
}

static void the_same_origin_in_other_words(void **state)
{
    (void)state;
    LEADS_TO("http://mcp.example:8000/m", "/m");
    LEADS_TO("HTTP://MCP.example:08000/m", "/m");
    LEADS_TO("//mcp.example:8000/m", "/m");
    LEADS_TO("http://mcp.example:8000", "/");
    LEADS_TO("http://mcp.example:8000?x=1", "/?x=1");
    struct upstream_options standard = plain;
    standard.tls = true;
    standard.port = 443;
    assert_string_equal(resolve(&standard, SLICE_LITERAL("https://mcp.example/m")), "/m");
    assert_string_equal(resolve(&standard, SLICE_LITERAL("https://mcp.example:443/m")), "/m");
    FOREIGN(&standard, "http://mcp.example:443/m");
    FOREIGN(&standard, "https://mcp.example:80/m");
    struct upstream_options v6 = plain;
    v6.host = SLICE_LITERAL("::1");
    assert_string_equal(resolve(&v6, SLICE_LITERAL("http://[::1]:8000/m")), "/m");
    FOREIGN(&v6, "http://[::2]:8000/m");
    FOREIGN(&v6, "http://[::1/m");
    FOREIGN(&v6, "http://[::1]8000/m");
}

static void other_origins_are_refused(void **state)
{
    (void)state;
    static const char *const foreign[] = {
        "https://mcp.example:8000/m",
        "http://mcp.example/m",
        "http://mcp.example:8001/m",
        "http://mcp.example.:8000/m",
        "http://evil.example:8000/m",
        "//evil.example/m",
        "///m",
        "http:///m",
        "http:m",
        "ftp://mcp.example:8000/m",
        "javascript:alert(1)",
        "http://u@mcp.example:8000/m",
        "http://mcp.example:8000@evil.example/m",
        "http://mcp.example:80x/m",
        "http://mcp.example:73536/m",
        "http://mcp.example:4294975296/m",
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        FOREIGN(&plain, foreign[i]);
}

static void what_is_no_reference_is_refused(void **state)
{
    (void)state;
    NO_URL(SLICE_LITERAL(""));
    NO_URL(SLICE_LITERAL("  "));
    NO_URL(SLICE_LITERAL("/a b"));
    NO_URL(SLICE_LITERAL("/a\r\nHost: x"));
    NO_URL(SLICE_LITERAL("/a\0b"));
    NO_URL(SLICE_LITERAL("\\\\evil.example/m"));
    NO_URL(SLICE_LITERAL("/\xc3\xa9"));
    static char longer[9000];
    memset(longer, 'a', sizeof longer);
    NO_URL(slice_of(longer, sizeof longer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_resolved),
        cmocka_unit_test(the_same_origin_in_other_words),
        cmocka_unit_test(other_origins_are_refused),
        cmocka_unit_test(what_is_no_reference_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
