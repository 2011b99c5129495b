// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "config/config_internal.h"

static void parses_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"0s", 0},
                {"10s", 10000},
                {"500ms", 500},
                {"5m", 300000},
                {"1h", 3600000},
                {"7d", 604800000},
                {"213503982334d", 18446744073657600000U}};
    static const char *const wrong[] = {
        "",    "s",    "10",  "10 s", "-1s",           "1.5s",
        "10S", "10ss", "1h1", "+1s",  "213503982335d", "99999999999999999999s"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t ms = 1;
        assert_true(config_parse_duration(slice_from_string(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
        char shown[CONFIG_AMOUNT_SIZE];
        config_show_duration(ms, shown);
        assert_string_equal(shown, good[i].text);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint64_t ms = 1;
        assert_false(config_parse_duration(slice_from_string(wrong[i]), &ms));
        assert_int_equal(ms, 1);
    }
}

static void parses_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
        const char *shown;
    } good[] = {{"0", 0, "0 bytes"},           {"100 bytes", 100, "100 bytes"},
                {"1024", 1024, "1 KiB"},       {"4MiB", 4194304, "4 MiB"},
                {"4 MiB", 4194304, "4 MiB"},   {"1536 KiB", 1572864, "1536 KiB"},
                {"1 GiB", 1073741824, "1 GiB"}};
    static const char *const wrong[] = {"",
                                        "MiB",
                                        "4 MB",
                                        "4  MiB",
                                        "-1",
                                        "1.5K",
                                        "4 MiB ",
                                        "1e3",
                                        "18446744073709551616",
                                        "17179869184 GiB"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t bytes = 1;
        char shown[CONFIG_AMOUNT_SIZE];
        assert_true(config_parse_bytes(slice_from_string(good[i].text), &bytes));
        assert_int_equal(bytes, good[i].bytes);
        config_show_bytes(bytes, shown);
        assert_string_equal(shown, good[i].shown);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint64_t bytes = 1;
        assert_false(config_parse_bytes(slice_from_string(wrong[i]), &bytes));
        assert_int_equal(bytes, 1);
    }
}

static void knows_names(void **state)
{
    (void)state;
    char longest[66];
    memset(longest, 'a', sizeof longest);
    assert_true(config_is_name(slice_of(longest, 64)));
    assert_false(config_is_name(slice_of(longest, 65)));
    assert_false(config_is_name(slice_of(longest, 0)));
    assert_true(config_is_name(SLICE_LITERAL("aZ_0-9")));
    assert_false(config_is_name(SLICE_LITERAL("a.b")));
    assert_false(config_is_name(SLICE_LITERAL("a b")));
    assert_false(config_is_name(SLICE_LITERAL("\xC3\xA4")));
    assert_true(config_is_variable(SLICE_LITERAL("_A9")));
    assert_false(config_is_variable(SLICE_LITERAL("9A")));
    assert_false(config_is_variable(SLICE_LITERAL("A-B")));
    assert_false(config_is_variable(SLICE_LITERAL("")));
}

static void finds_variables(void **state)
{
    (void)state;
    static const char *const environment[] = {"AB=1", "A=2", "EMPTY=", "A=3", NULL};
    assert_string_equal(config_variable(environment, SLICE_LITERAL("A")), "2");
    assert_string_equal(config_variable(environment, SLICE_LITERAL("EMPTY")), "");
    assert_null(config_variable(environment, SLICE_LITERAL("B")));
    assert_null(config_variable(NULL, SLICE_LITERAL("A")));
}

static void finds_the_nearest_word(void **state)
{
    (void)state;
    static const char *const known[] = {"policies", "policy", "servers", "tls", "serve"};
    static const struct {
        const char *word, *near;
    } rows[] = {{"polices", "policies"},
                {"polciy", "policy"},
                {"server", "servers"},
                {"SERVERS", "servers"},
                {"tsl", "tls"},
                {"xyz", NULL},
                {"", NULL},
                {"policiesandmore", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *near = config_nearest(slice_from_string(rows[i].word), known, 5);
        if (rows[i].near == NULL)
            assert_null(near);
        else
            assert_string_equal(near, rows[i].near);
    }
    char endless[200];
    memset(endless, 'p', sizeof endless);
    assert_null(config_nearest(slice_of(endless, sizeof endless), known, 5));
}

static void splits_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *target;
        bool tls;
        uint16_t port;
    } good[] = {
        {"http://a", "a", "/", false, 80},
        {"https://mcp.example.com/mcp", "mcp.example.com", "/mcp", true, 443},
        {"HTTPS://Mcp.Example.com:8443/a/b?c=d&e", "Mcp.Example.com", "/a/b?c=d&e", true, 8443},
        {"http://127.0.0.1:9001/sse", "127.0.0.1", "/sse", false, 9001},
        {"http://[::1]:9001", "::1", "/", false, 9001},
        {"https://[2001:db8::1]/x", "2001:db8::1", "/x", true, 443},
        {"http://a?x=/y", "a", "/?x=/y", false, 80},
        {"http://a:65535/", "a", "/", false, 65535},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct arena arena;
        arena_init(&arena, 4096);
        struct upstream_options options = {0};
        const char *why = NULL;
        assert_true(config_split_url(slice_from_string(good[i].url), &arena, &options, &why));
        assert_true(slice_equal_string(options.host, good[i].host));
        assert_true(slice_equal_string(options.target, good[i].target));
        assert_int_equal(options.tls, good[i].tls);
        assert_int_equal(options.port, good[i].port);
        arena_release(&arena);
    }
}

static void refuses_doubtful_urls(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "a",
                                        "ftp://a",
                                        "http:/a",
                                        "http://",
                                        "http:///x",
                                        "http://?x",
                                        "http://:80",
                                        "http://a:0",
                                        "http://a:65536",
                                        "http://a:",
                                        "http://a:8x",
                                        "http://u@a",
                                        "http://u:p@a",
                                        "http://a/#f",
                                        "http://a b",
                                        "http://a\\b",
                                        "http://a/\x7f",
                                        "http://\xC3\xA4",
                                        "http://a..b",
                                        "http://.a",
                                        "http://a.",
                                        "http://1.2.3",
                                        "http://0x7f000001",
                                        "http://2130706433",
                                        "http://1.2.3.256",
                                        "http://[::1",
                                        "http://[::1]x",
                                        "http://[1.2.3.4]",
                                        "http://[fe80::1%25e]",
                                        "http://[]",
                                        "http://::1",
                                        "http://a/\n",
                                        "https:/a",
                                        "http//a"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct arena arena;
        arena_init(&arena, 4096);
        struct upstream_options options = {0};
        const char *why = NULL;
        if (config_split_url(slice_from_string(wrong[i]), &arena, &options, &why))
            fail_msg("'%s' was accepted", wrong[i]);
        assert_non_null(why);
        arena_release(&arena);
    }
}

static void splits_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
        bool loopback;
    } good[] = {
        {"127.0.0.1:8700", "127.0.0.1", 8700, true}, {"[::1]:0", "::1", 0, true},
        {"localhost:1", "localhost", 1, true},       {"0.0.0.0:8700", "0.0.0.0", 8700, false},
        {"[::]:65535", "::", 65535, false},          {"127.9.9.9:1", "127.9.9.9", 1, true},
        {"192.168.1.1:1", "192.168.1.1", 1, false},  {"*:80", "*", 80, false}};
    static const char *const wrong[] = {"",
                                        "8700",
                                        ":8700",
                                        "127.0.0.1",
                                        "::1:8700",
                                        "[::1]",
                                        "example.com:1",
                                        "127.0.0.1:",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:-1",
                                        "[127.0.0.1]:1",
                                        "127.1:1",
                                        "LOCALHOST:1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct slice host = {0};
        uint16_t port = 9;
        assert_true(config_split_address(slice_from_string(good[i].text), &host, &port));
        assert_true(slice_equal_string(host, good[i].host));
        assert_int_equal(port, good[i].port);
        assert_int_equal(config_is_loopback(host), good[i].loopback);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct slice host = {0};
        uint16_t port = 9;
        if (config_split_address(slice_from_string(wrong[i]), &host, &port))
            fail_msg("'%s' was accepted", wrong[i]);
    }
}

static void cuts_messages_between_characters(void **state)
{
    (void)state;
    char text[120];
    memset(text, 'a', sizeof text);
    assert_int_equal(config_shown_length(slice_of(text, 80)), 80);
    assert_int_equal(config_shown_length(slice_of(text, 81)), 80);
    memcpy(text + 79, "\xC3\xA4", 2);
    assert_int_equal(config_shown_length(slice_of(text, 120)), 79);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_durations),
        cmocka_unit_test(parses_sizes),
        cmocka_unit_test(knows_names),
        cmocka_unit_test(finds_variables),
        cmocka_unit_test(finds_the_nearest_word),
        cmocka_unit_test(splits_urls),
        cmocka_unit_test(refuses_doubtful_urls),
        cmocka_unit_test(splits_addresses),
        cmocka_unit_test(cuts_messages_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
