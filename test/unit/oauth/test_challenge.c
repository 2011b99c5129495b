// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Challenges, scopes, URLs and where metadata is looked for.
#include "lib/unit.h"
#include "oauth/oauth.h"

#define TEXT(literal) SLICE_LITERAL(literal)

struct row {
    const char *value;
    int result;
    const char *metadata, *scope, *error;
};

static void challenges_are_read_strictly(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Bearer", 0, "", "", ""},
        {"bearer  realm=\"x\"", 0, "", "", ""},
        {"Bearer resource_metadata=\"https://a/b\", scope=\"one two\"", 0, "https://a/b", "one two",
         ""},
        {"Bearer scope=one,error=invalid_token", 0, "", "one", "invalid_token"},
        {"Bearer error = \"insufficient_scope\" , scope = \"a\"", 0, "", "a", "insufficient_scope"},
        {"Basic realm=\"a, Bearer scope=\\\"x\\\"\", Bearer scope=\"y\"", 0, "", "y", ""},
        {"Negotiate abc/d==, Bearer scope=\"y\"", 0, "", "y", ""},
        {"Negotiate, Bearer scope=\"y\"", 0, "", "y", ""},
        {"Bearer scope=\"y\", Basic realm=\"z\"", 0, "", "y", ""},
        {"Bearer scope=\"a\\\"b\"", 0, "", "a\"b", ""},
        {", ,Bearer SCOPE=x,,", 0, "", "x", ""},
        {"Basic realm=\"x\"", ERROR_NOT_FOUND, NULL, NULL, NULL},
        {"", ERROR_NOT_FOUND, NULL, NULL, NULL},
        {"Bearer scope=a, scope=b", ERROR_AMBIGUOUS, NULL, NULL, NULL},
        {"Bearer scope=a, Bearer scope=b", ERROR_AMBIGUOUS, NULL, NULL, NULL},
        {"Bearer scope=\"open", ERROR_SYNTAX, NULL, NULL, NULL},
        {"Bearer scope=\"open\\", ERROR_SYNTAX, NULL, NULL, NULL},
        {"Bearer scope=\"a\" b=\"c\"", ERROR_SYNTAX, NULL, NULL, NULL},
        {"Bearer scope=\"a\nb\"", ERROR_SYNTAX, NULL, NULL, NULL},
        {"=x", ERROR_SYNTAX, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct oauth_challenge got;
        struct arena arena;
        arena_init(&arena, 65536);
        int result = oauth_read_challenge(slice_from_string(rows[i].value), &arena, &got);
        if (result != rows[i].result)
            fail_msg("'%s' gives %d", rows[i].value, result);
        if (result == 0 && !(slice_equal_string(got.resource_metadata, rows[i].metadata) &&
                             slice_equal_string(got.scope, rows[i].scope) &&
                             slice_equal_string(got.error, rows[i].error)))
            fail_msg("'%s': '%.*s' '%.*s' '%.*s'", rows[i].value,
                     SLICE_PRINT(got.resource_metadata), SLICE_PRINT(got.scope),
                     SLICE_PRINT(got.error));
        arena_release(&arena);
    }
}

static void scopes_are_joined_once(void **state)
{
    (void)state;
    static const char *const good[] = {"", "a", "a b:c", "https://x/y"};
    static const char *const bad[] = {" a", "a ", "a  b", "a\"", "a\\", "a\tb", "\x80"};
    struct arena arena;
    arena_init(&arena, 65536);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(oauth_is_scope(slice_from_string(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(oauth_is_scope(slice_from_string(bad[i])));
    assert_true(slice_equal_string(oauth_join_scopes(TEXT("a b"), TEXT("b c a"), &arena), "a b c"));
    assert_true(slice_equal_string(oauth_join_scopes(TEXT(""), TEXT("b b"), &arena), "b"));
    assert_true(slice_equal_string(oauth_join_scopes(TEXT("ab"), TEXT("a"), &arena), "ab a"));
    char large[OAUTH_SCOPE_MAX];
    memset(large, 'x', sizeof large);
    assert_null(oauth_join_scopes(slice_of(large, sizeof large), TEXT("y"), &arena).data);
    arena_release(&arena);
}

static void only_safe_urls_are_followed(void **state)
{
    (void)state;
    static const char *const good[] = {"https://a",
                                       "https://a.example/b?c=d",
                                       "http://localhost:1",
                                       "http://127.0.0.1/x",
                                       "http://[::1]:8/x",
                                       "https://a_b.example:8443?x",
                                       "https://[2001:db8::1]"};
    static const char *const bad[] = {"",
                                      "a",
                                      "http://a.example",
                                      "ftp://a",
                                      "https://",
                                      "https:///x",
                                      "https://u@a",
                                      "https://a#f",
                                      "https://a b",
                                      "http://localhost.evil.example",
                                      "http://127.0.0.1.evil.example",
                                      "javascript:alert(1)",
                                      "https://a\\@b",
                                      "https://a:",
                                      "https://:1",
                                      "https://a:b",
                                      "https://a:1:2",
                                      "https://a:123456",
                                      "https://a%2eb",
                                      "https://[::1",
                                      "https://[]:1",
                                      "https://[::1]x",
                                      "http://[::1]:68%x"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!oauth_is_url(slice_from_string(good[i])))
            fail_msg("'%s' is good", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (oauth_is_url(slice_from_string(bad[i])))
            fail_msg("'%s' is bad", bad[i]);
}

static void a_resource_covers_what_is_below_it(void **state)
{
    (void)state;
    static const struct {
        const char *resource, *url;
        bool covers;
    } rows[] = {
        {"https://a/mcp", "https://a/mcp", true},
        {"https://a/mcp/", "https://a/mcp", true},
        {"https://a", "https://a/mcp", true},
        {"https://a/", "https://a/mcp", true},
        {"https://A/mcp", "https://a/mcp/x", true},
        {"https://a/mcp", "https://a/mcp?x=1", true},
        {"https://a/mcp", "https://a/mcpx", false},
        {"https://a/mcp/x", "https://a/mcp", false},
        {"https://b/mcp", "https://a/mcp", false},
        {"https://a:8443/mcp", "https://a/mcp", false},
        {"http://localhost/m", "https://localhost/m", false},
        {"", "https://a/mcp", false},
        {"https://a/mcp?x=1", "https://a/mcp?x=1", true},
        {"https://a/mcp?x=1", "https://a/mcp", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (oauth_covers(slice_from_string(rows[i].resource), slice_from_string(rows[i].url)) !=
            rows[i].covers)
            fail_msg("'%s' and '%s'", rows[i].resource, rows[i].url);
}

static void check_places(const char *url, enum oauth_kind kind, const char *const *want)
{
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; want[i] != NULL; i++) {
        buffer_clear(&out);
        assert_true(oauth_well_known(slice_from_string(url), kind, i, &out));
        if (!slice_equal_string(buffer_slice(&out), want[i]))
            fail_msg("'%.*s' in place of '%s'", SLICE_PRINT(buffer_slice(&out)), want[i]);
        assert_true(!oauth_well_known(slice_from_string(url), kind, i + 1, &out) ||
                    want[i + 1] != NULL);
    }
    buffer_release(&out);
}

static void metadata_is_looked_for_in_order(void **state)
{
    (void)state;
    check_places("https://a/mcp?x", OAUTH_RESOURCE,
                 (const char *[]){"https://a/.well-known/oauth-protected-resource/mcp",
                                  "https://a/.well-known/oauth-protected-resource", NULL});
    check_places("https://a/", OAUTH_RESOURCE,
                 (const char *[]){"https://a/.well-known/oauth-protected-resource", NULL});
    check_places("https://a", OAUTH_SERVER,
                 (const char *[]){"https://a/.well-known/oauth-authorization-server",
                                  "https://a/.well-known/openid-configuration", NULL});
    check_places("https://a/t/1", OAUTH_SERVER,
                 (const char *[]){"https://a/.well-known/oauth-authorization-server/t/1",
                                  "https://a/.well-known/openid-configuration/t/1",
                                  "https://a/t/1/.well-known/openid-configuration", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges_are_read_strictly),
        cmocka_unit_test(scopes_are_joined_once),
        cmocka_unit_test(only_safe_urls_are_followed),
        cmocka_unit_test(a_resource_covers_what_is_below_it),
        cmocka_unit_test(metadata_is_looked_for_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
