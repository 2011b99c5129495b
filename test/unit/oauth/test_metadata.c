// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Metadata of servers and of authorization servers, honest and not.
#include "lib/unit.h"
#include "oauth/oauth.h"

#include <stdio.h>

static struct arena arena;
static struct error error;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static int resource(const char *text, struct oauth_resource *ret)
{
    return oauth_read_resource(slice_from_string(text), SLICE_LITERAL("https://a.example/mcp"),
                               &arena, ret, &error);
}

static void a_resource_names_its_servers(void **state)
{
    (void)state;
    struct oauth_resource got;
    assert_int_equal(
        resource("{\"resource\":\"https://a.example/mcp\",\"authorization_servers\":"
                 "[\"https://as.example\",5,\"http://plain.example\",\"https://b/t\"],"
                 "\"scopes_supported\":[\"read\",\"wr ite\",\"read\",7,\"go\\u0022\",\"write\"]}",
                 &got),
        0);
    assert_int_equal(got.server_count, 2);
    assert_true(slice_equal_string(got.servers[1], "https://b/t"));
    assert_true(slice_equal_string(got.scopes, "read write"));
}

static void metadata_of_something_else_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
    } rows[] = {
        {"{\"resource\":\"https://evil.example/mcp\",\"authorization_servers\":[\"https://as\"]}",
         ERROR_DENIED},
        {"{\"resource\":\"https://a.example/other\",\"authorization_servers\":[\"https://as\"]}",
         ERROR_DENIED},
        {"{\"authorization_servers\":[\"https://as\"]}", ERROR_DENIED},
        {"{\"resource\":\"https://a.example/mcp\"}", ERROR_PROTOCOL},
        {"{\"resource\":\"https://a.example/mcp\",\"authorization_servers\":\"https://as\"}",
         ERROR_PROTOCOL},
        {"{\"resource\":\"https://a.example/mcp\",\"authorization_servers\":[]}", ERROR_PROTOCOL},
        {"{\"resource\":[\"https://a.example/mcp\"]}", ERROR_PROTOCOL},
        {"{\"resource\":1,\"resource\":2}", ERROR_PROTOCOL},
        {"[]", ERROR_PROTOCOL},
        {"<html>", ERROR_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct oauth_resource got;
        if (resource(rows[i].text, &got) != rows[i].result)
            fail_msg("%s", rows[i].text);
    }
}

static int server(const char *more, struct oauth_server *ret)
{
    char text[2000];
    snprintf(
        text, sizeof text,
        "{\"issuer\":\"https://as.example\",\"authorization_endpoint\":\"https://as.example/a\","
        "\"token_endpoint\":\"https://as.example/t\"%s}",
        more);
    return oauth_read_server(slice_from_string(text), SLICE_LITERAL("https://as.example"), &arena,
                             ret, &error);
}

static void what_an_authorization_server_can(void **state)
{
    (void)state;
    struct oauth_server got;
    enum oauth_method method;
    assert_int_equal(server("", &got), 0);
    assert_false(got.pkce || got.says_issuer || got.takes_documents);
    assert_true(got.basic && got.none && !got.post);
    assert_int_equal(server(",\"code_challenge_methods_supported\":[\"plain\"],"
                            "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]",
                            &got),
                     0);
    assert_false(got.pkce || got.none || got.basic);
    assert_int_equal(oauth_choose_method(&got, false, &method, &error), ERROR_UNSUPPORTED);
    assert_int_equal(oauth_choose_method(&got, true, &method, &error), 0);
    assert_int_equal(method, OAUTH_POST);
    assert_int_equal(server(",\"code_challenge_methods_supported\":[\"plain\",\"S256\"],"
                            "\"authorization_response_iss_parameter_supported\":true,"
                            "\"client_id_metadata_document_supported\":true,"
                            "\"scopes_supported\":[\"offline_access\"],"
                            "\"revocation_endpoint\":null",
                            &got),
                     0);
    assert_true(got.pkce && got.says_issuer && got.takes_documents && got.revocation.length == 0);
    assert_true(oauth_has_scope(got.scopes, SLICE_LITERAL("offline_access")));
}

static void another_issuer_and_unsafe_endpoints_are_refused(void **state)
{
    (void)state;
    struct oauth_server got;
    static const char *const issuers[] = {"https://as.example/", "https://AS.example",
                                          "https://evil.example", ""};
    for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++)
        assert_int_equal(
            oauth_read_server(SLICE_LITERAL("{\"issuer\":\"https://as.example\","
                                            "\"token_endpoint\":\"https://as.example/t\"}"),
                              slice_from_string(issuers[i]), &arena, &got, &error),
            ERROR_DENIED);
    assert_int_equal(server(",\"registration_endpoint\":\"http://as.example/r\"", &got),
                     ERROR_DENIED);
    assert_int_equal(server(",\"revocation_endpoint\":\"file:///etc/passwd\"", &got), ERROR_DENIED);
    assert_int_equal(server(",\"registration_endpoint\":7", &got), ERROR_PROTOCOL);
    assert_int_equal(oauth_read_server(SLICE_LITERAL("{\"issuer\":\"https://as.example\"}"),
                                       SLICE_LITERAL("https://as.example"), &arena, &got, &error),
                     ERROR_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resource_names_its_servers),
        cmocka_unit_test(metadata_of_something_else_is_refused),
        cmocka_unit_test(what_an_authorization_server_can),
        cmocka_unit_test(another_issuer_and_unsafe_endpoints_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
