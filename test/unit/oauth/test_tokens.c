// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Answers with tokens and clients, forms and the URL for the browser.
#include "lib/unit.h"
#include "oauth/oauth.h"

static struct arena arena;
static struct error error;
static const struct slice json = {"application/json; charset=utf-8", 31};

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

static void tokens_are_taken_or_refused(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *text;
        int result;
    } rows[] = {
        {200, "{\"access_token\":\"x\",\"token_type\":\"bearer\"}", 0},
        {200,
         "{\"access_token\":\"x\",\"token_type\":\"Bearer\",\"expires_in\":60,\"refresh_token\":"
         "\"r\",\"scope\":\"a b\"}",
         0},
        {200, "{\"access_token\":\"x\",\"token_type\":\"DPoP\"}", ERROR_PROTOCOL},
        {200, "{\"access_token\":\"x\"}", ERROR_PROTOCOL},
        {200, "{\"token_type\":\"bearer\"}", ERROR_PROTOCOL},
        {200, "{\"access_token\":\"x y\",\"token_type\":\"bearer\"}", ERROR_PROTOCOL},
        {200, "{\"access_token\":\"x\\r\\nHost: evil\",\"token_type\":\"bearer\"}", ERROR_PROTOCOL},
        {200, "{\"access_token\":[\"x\"],\"token_type\":\"bearer\"}", ERROR_PROTOCOL},
        {200, "{\"access_token\":\"x\",\"token_type\":\"bearer\",\"expires_in\":0}",
         ERROR_PROTOCOL},
        {200, "{\"access_token\":\"x\",\"token_type\":\"bearer\",\"expires_in\":-5}",
         ERROR_PROTOCOL},
        {200, "{\"access_token\":\"x\",\"token_type\":\"bearer\",\"expires_in\":\"soon\"}",
         ERROR_PROTOCOL},
        {200, "{\"access_token\":\"x\",\"access_token\":\"y\",\"token_type\":\"bearer\"}",
         ERROR_PROTOCOL},
        {200, "", ERROR_PROTOCOL},
        {400, "{\"error\":\"invalid_grant\"}", ERROR_DENIED},
        {401, "{\"error\":\"invalid_client\"}", ERROR_DENIED},
        {400, "{\"error\":\"temporarily_unavailable\"}", ERROR_UNREACHABLE},
        {503, "{\"error\":\"invalid_grant\"}", ERROR_UNREACHABLE},
        {429, "", ERROR_UNREACHABLE},
        {404, "<html>", ERROR_UNREACHABLE},
        {302, "", ERROR_UNREACHABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct oauth_tokens got;
        int result = oauth_read_tokens(rows[i].status, json, slice_from_string(rows[i].text),
                                       &arena, &got, &error);
        if (result != rows[i].result)
            fail_msg("%s gives %d", rows[i].text, result);
    }
    struct oauth_tokens got;
    assert_int_equal(
        oauth_read_tokens(200, json, slice_from_string(rows[1].text), &arena, &got, &error), 0);
    assert_int_equal(got.expires_s, 60);
    assert_true(slice_equal_string(got.refresh, "r") && slice_equal_string(got.scope, "a b"));
    assert_int_equal(oauth_read_tokens(200, SLICE_LITERAL("text/html"),
                                       slice_from_string(rows[0].text), &arena, &got, &error),
                     ERROR_PROTOCOL);
    assert_int_equal(oauth_read_tokens(400, json, SLICE_LITERAL("{\"error\":\"<script>\"}"), &arena,
                                       &got, &error),
                     ERROR_UNREACHABLE);
    assert_null(strstr(error.text, "script"));
}

static void clients_are_registered(void **state)
{
    (void)state;
    struct oauth_client got;
#define REGISTER(status, text)                                                                     \
    oauth_read_registration(status, json, SLICE_LITERAL(text), &arena, &got, &error)
    assert_int_equal(REGISTER(201, "{\"client_id\":\"c\"}"), 0);
    assert_int_equal(got.method, OAUTH_NONE);
    assert_int_equal(REGISTER(201, "{\"client_id\":\"c\",\"client_secret\":\"s\"}"), 0);
    assert_int_equal(got.method, OAUTH_BASIC);
    assert_int_equal(REGISTER(200, "{\"client_id\":\"c\",\"client_secret\":\"s\","
                                   "\"token_endpoint_auth_method\":\"none\"}"),
                     0);
    assert_true(got.method == OAUTH_NONE && got.secret.length == 0);
    assert_int_equal(REGISTER(201, "{}"), ERROR_PROTOCOL);
    assert_int_equal(REGISTER(201, "{\"client_id\":\"a b\"}"), ERROR_PROTOCOL);
    assert_int_equal(REGISTER(400, "{\"error\":\"invalid_redirect_uri\"}"), ERROR_DENIED);
#undef REGISTER
}

static void says(const struct buffer *out, const char *text)
{
    if (!slice_equal_string(buffer_slice(out), text))
        fail_msg("%.*s\n%s", SLICE_PRINT(buffer_slice(out)), text);
}

static void the_browser_is_sent_with_a_challenge(void **state)
{
    (void)state;
    // The verifier and the challenge of RFC 7636, appendix B.
    struct oauth_question question = {
        .endpoint = SLICE_LITERAL("https://as.example/a?tenant=1"),
        .client = SLICE_LITERAL("https://g.example/c"),
        .redirect = SLICE_LITERAL("https://g.example/back"),
        .state = SLICE_LITERAL("st"),
        .verifier = SLICE_LITERAL("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        .scope = SLICE_LITERAL("a offline_access"),
        .resource = SLICE_LITERAL("https://m.example/mcp")};
    struct buffer out;
    buffer_init(&out, 0);
    oauth_write_question(&out, &question);
    says(&out,
         "https://as.example/a?tenant=1&response_type=code&client_id=https%3A%2F%2Fg.example%2Fc"
         "&redirect_uri=https%3A%2F%2Fg.example%2Fback&state=st"
         "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
         "&code_challenge_method=S256&scope=a%20offline_access"
         "&resource=https%3A%2F%2Fm.example%2Fmcp&prompt=consent");
    buffer_release(&out);
    char a[OAUTH_SECRET_SIZE], b[OAUTH_SECRET_SIZE];
    oauth_new_secret(a);
    oauth_new_secret(b);
    assert_int_equal(strlen(a), 43);
    assert_string_not_equal(a, b);
}

static void a_client_says_who_it_is(void **state)
{
    (void)state;
    struct oauth_client client = {SLICE_LITERAL("a:b"), SLICE_LITERAL("p w"), OAUTH_BASIC};
    struct buffer form, header;
    buffer_init(&form, 0);
    buffer_init(&header, 0);
    oauth_add_field(&form, "grant_type", SLICE_LITERAL("x"));
    oauth_add_client(&form, &client, &header);
    says(&form, "grant_type=x");
    says(&header, "Authorization: Basic YSUzQWI6cCUyMHc="); // a%3Ab:p%20w
    client.method = OAUTH_POST;
    buffer_clear(&header);
    oauth_add_client(&form, &client, &header);
    says(&form, "grant_type=x&client_id=a%3Ab&client_secret=p%20w");
    says(&header, "");
    buffer_clear(&form);
    oauth_write_client(&form, (struct slice){0}, (struct slice){0}, SLICE_LITERAL("https://g/back"),
                       SLICE_LITERAL("a"));
    says(&form, "{\"client_name\":\"Sallyport\",\"scope\":\"a\",\"application_type\":\"web\","
                "\"redirect_uris\":[\"https://g/back\"],\"grant_types\":[\"authorization_code\","
                "\"refresh_token\"],\"response_types\":[\"code\"],"
                "\"token_endpoint_auth_method\":\"none\"}");
    buffer_release(&form);
    buffer_release(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_taken_or_refused),
        cmocka_unit_test(clients_are_registered),
        cmocka_unit_test(the_browser_is_sent_with_a_challenge),
        cmocka_unit_test(a_client_says_who_it_is),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
