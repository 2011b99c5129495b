// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "unit/oidc/provider.h"
#include "oidc/oidc.h"

#define NOW "1800000000"
static const char good_claims[] =
    "{\"iss\":\"https://id.example.com\",\"sub\":\"u-1\",\"aud\":\"gateway\",\"nonce\":\"n-0\","
    "\"iat\":1799999990,\"exp\":1800000300,\"email\":\"a@example.com\",\"email_verified\":true,"
    "\"name\":\"A\",\"groups\":[\"dev\",\"ops\"],\"unit\":\"x\"}";

struct world {
    struct provider provider;
    struct oidc_keys *keys;
    struct arena arena;
    struct buffer token;
    struct oidc_claims claims;
    struct oidc_expected expected;
    struct error error;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    provider_open(&world->provider);
    assert_int_equal(oidc_keys_read(buffer_slice(&world->provider.set), &world->keys, NULL), 0);
    assert_int_equal(oidc_keys_count(world->keys), 3);
    arena_init(&world->arena, 16 << 20);
    buffer_init(&world->token, 0);
    world->expected = (struct oidc_expected){.issuer = SLICE_LITERAL("https://id.example.com"),
                                             .client = SLICE_LITERAL("gateway"),
                                             .nonce = SLICE_LITERAL("n-0"),
                                             .now_ms = INT64_C(1800000000000)};
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    oidc_keys_free(world->keys);
    provider_close(&world->provider);
    buffer_release(&world->token);
    arena_release(&world->arena);
    free(world);
    return 0;
}

static int check_as(struct world *world, const char *algorithm, const char *head,
                    const char *claims)
{
    provider_sign(&world->provider, algorithm, head, claims, "secret", &world->token);
    return oidc_token_check(buffer_slice(&world->token), world->keys, &world->expected,
                            &world->arena, &world->claims, &world->error);
}

static int check(struct world *world, const char *claims)
{
    return check_as(world, "ES256", "{\"alg\":\"ES256\",\"kid\":\"e\"}", claims);
}

static void takes_what_is_signed_well(void **state)
{
    struct world *world = *state;
    static const char *const good[][2] = {
        {"RS256", "r"}, {"PS256", "r"}, {"ES256", "e"}, {"EdDSA", "o"}};
    for (size_t i = 0; i < 4; i++)
        for (int named = 0; named < 2; named++) {
            char head[100];
            if (named)
                snprintf(head, sizeof head, "{\"alg\":\"%s\",\"kid\":\"%s\"}", good[i][0],
                         good[i][1]);
            else
                snprintf(head, sizeof head, "{\"typ\":\"JWT\",\"alg\":\"%s\"}", good[i][0]);
            if (check_as(world, good[i][0], head, good_claims) != 0)
                fail_msg("%s: %s", head, world->error.text);
        }
    assert_true(slice_equal_string(world->claims.subject, "u-1"));
    assert_true(slice_equal_string(world->claims.email, "a@example.com"));
    assert_true(world->claims.email_verified);
    assert_true(slice_equal_string(world->claims.name, "A"));
    assert_true(oidc_has_claim(&world->claims, SLICE_LITERAL("groups"), SLICE_LITERAL("ops")));
    assert_true(oidc_has_claim(&world->claims, SLICE_LITERAL("unit"), SLICE_LITERAL("x")));
    assert_false(oidc_has_claim(&world->claims, SLICE_LITERAL("groups"), SLICE_LITERAL("op")));
    assert_false(oidc_has_claim(&world->claims, SLICE_LITERAL("iat"), SLICE_LITERAL("1799999990")));
    assert_false(oidc_has_claim(&world->claims, SLICE_LITERAL("none"), SLICE_LITERAL("")));
}

static void refuses_what_is_signed_otherwise(void **state)
{
    struct world *world = *state;
    static const char *const bad[][2] = {
        {"none", "{\"alg\":\"none\"}"},
        {"none", "{\"alg\":\"None\",\"kid\":\"e\"}"},
        {"none", "{\"alg\":\"ES256\",\"kid\":\"e\"}"},
        {"HS256", "{\"alg\":\"HS256\",\"kid\":\"r\"}"},
        {"HS256", "{\"alg\":\"RS256\",\"kid\":\"r\"}"},
        {"RS256", "{\"alg\":\"PS256\",\"kid\":\"r\"}"},
        {"PS256", "{\"alg\":\"RS256\",\"kid\":\"r\"}"},
        {"RS256", "{\"alg\":\"ES256\",\"kid\":\"e\"}"},
        {"ES256", "{\"alg\":\"EdDSA\",\"kid\":\"o\"}"},
        {"ES256", "{\"alg\":\"ES256\",\"kid\":\"r\"}"}, // a key of another kind
        {"ES256", "{\"alg\":\"ES256\",\"kid\":\"z\"}"},
        {"ES256", "{\"alg\":\"ES256\",\"kid\":\"e\",\"crit\":[\"x\"]}"},
        {"ES256", "{\"alg\":[\"ES256\"]}"},
        {"ES256", "{\"alg\":\"ES256\",\"alg\":\"none\"}"},
        {"ES256", "{}"},
        {"ES256", "[]"},
        {"ES256", ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int result = check_as(world, bad[i][0], bad[i][1], good_claims);
        if (result != ERROR_DENIED && result != ERROR_PROTOCOL && result != ERROR_NOT_FOUND)
            fail_msg("%s as %s: %d", bad[i][1], bad[i][0], result);
    }
    // The public key is known to everybody: it is never a secret.
    struct provider *provider = &world->provider;
    buffer_append(&provider->set, slice_of("", 1));
    provider_sign(provider, "HS256", "{\"alg\":\"HS256\"}", good_claims,
                  buffer_slice(&provider->set).data, &world->token);
    assert_int_equal(oidc_token_check(buffer_slice(&world->token), world->keys, &world->expected,
                                      &world->arena, &world->claims, &world->error),
                     ERROR_DENIED);
}

static void refuses_what_was_changed(void **state)
{
    struct world *world = *state;
    assert_int_equal(check(world, good_claims), 0);
    struct slice token = buffer_slice(&world->token);
    char *bytes = (char *)(uintptr_t)token.data;
    for (size_t i = 0; i < token.length; i++) {
        char before = bytes[i];
        bytes[i] = before == 'A' ? 'B' : 'A';
        assert_int_not_equal(oidc_token_check(token, world->keys, &world->expected, &world->arena,
                                              &world->claims, &world->error),
                             0);
        bytes[i] = before;
        assert_int_not_equal(oidc_token_check(slice_of(token.data, i), world->keys,
                                              &world->expected, &world->arena, &world->claims,
                                              &world->error),
                             0);
    }
    assert_int_equal(oidc_token_check(token, world->keys, &world->expected, &world->arena,
                                      &world->claims, &world->error),
                     0);
}

// One claim in another way: {what stands there, what it becomes}.
static void refuses_what_is_not_for_us(void **state)
{
    struct world *world = *state;
    static const char *const changes[][2] = {
        {"\"iss\":\"https://id.example.com\"", "\"iss\":\"https://id.example.com/\""},
        {"\"iss\":\"https://id.example.com\"", "\"iss\":\"https://evil.example.com\""},
        {"\"iss\":\"https://id.example.com\",", ""},
        {"\"iss\":\"https://id.example.com\"", "\"iss\":[\"https://id.example.com\"]"},
        {"\"sub\":\"u-1\",", ""},
        {"\"sub\":\"u-1\"", "\"sub\":\"\""},
        {"\"sub\":\"u-1\"", "\"sub\":1"},
        {"\"aud\":\"gateway\",", ""},
        {"\"aud\":\"gateway\"", "\"aud\":\"another\""},
        {"\"aud\":\"gateway\"", "\"aud\":[\"another\"]"},
        {"\"aud\":\"gateway\"", "\"aud\":[]"},
        {"\"aud\":\"gateway\"", "\"aud\":{\"gateway\":1}"},
        {"\"aud\":\"gateway\"", "\"aud\":[\"gateway\",\"another\"]"},
        {"\"aud\":\"gateway\"", "\"aud\":[\"gateway\",\"another\"],\"azp\":\"another\""},
        {"\"aud\":\"gateway\"", "\"aud\":\"gateway\",\"azp\":\"another\""},
        {"\"aud\":\"gateway\"", "\"aud\":\"gateway\",\"azp\":1"},
        {"\"nonce\":\"n-0\",", ""},
        {"\"nonce\":\"n-0\"", "\"nonce\":\"n-1\""},
        {"\"nonce\":\"n-0\"", "\"nonce\":\"n-0\",\"nonce\":\"n-0\""},
        {"\"exp\":1800000300", "\"exp\":1799999940"},
        {"\"exp\":1800000300", "\"exp\":\"1800000300\""},
        {"\"exp\":1800000300", "\"exp\":18e8"},
        {"\"exp\":1800000300", "\"exp\":-1"},
        {"\"exp\":1800000300", "\"exp\":99999999999999999999"},
        {"\"exp\":1800000300,", ""},
        {"\"iat\":1799999990,", ""},
        {"\"iat\":1799999990", "\"iat\":1800000061"},
        {"\"iat\":1799999990", "\"iat\":1799996399"},
        {"\"iat\":1799999990", "\"iat\":1799999990,\"nbf\":1800000061"},
        {"\"iat\":1799999990", "\"iat\":1799999990,\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAA\""},
        {"\"iat\":1799999990", "\"iat\":1799999990,\"at_hash\":7"},
    };
    static const char *const fine[][2] = {
        {"\"aud\":\"gateway\"", "\"aud\":[\"gateway\"]"},
        {"\"aud\":\"gateway\"", "\"aud\":[\"another\",\"gateway\"],\"azp\":\"gateway\""},
        {"\"exp\":1800000300", "\"exp\":1799999941"},
        {"\"exp\":1800000300", "\"exp\":1800000300.5"},
        {"\"iat\":1799999990", "\"iat\":1800000060,\"nbf\":1800000060"},
        {"\"email_verified\":true", "\"email_verified\":\"true\""},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes + sizeof fine / sizeof *fine; i++) {
        bool is_fine = i >= sizeof changes / sizeof *changes;
        const char *const *change =
            is_fine ? fine[i - sizeof changes / sizeof *changes] : changes[i];
        char claims[1000];
        const char *at = strstr(good_claims, change[0]);
        assert_non_null(at);
        snprintf(claims, sizeof claims, "%.*s%s%s", (int)(at - good_claims), good_claims, change[1],
                 at + strlen(change[0]));
        int result = check(world, claims);
        if ((result == 0) != is_fine || result == ERROR_NOT_FOUND)
            fail_msg("%s: %d %s", change[1], result, world->error.text);
    }
    assert_false(world->claims.email_verified);
    world->expected.nonce = (struct slice){"", 0};
    assert_int_equal(check(world, good_claims), ERROR_DENIED);
}

static void ties_the_access_token(void **state)
{
    struct world *world = *state;
    char claims[1000];
    unsigned char hash[32];
    struct buffer text;
    buffer_init(&text, 0);
    EVP_Digest("access", 6, hash, NULL, EVP_sha256(), NULL);
    provider_encode(&text, hash, 16);
    snprintf(claims, sizeof claims, "{\"at_hash\":\"%.*s\",%s", (int)text.length,
             buffer_slice(&text).data, good_claims + 1);
    buffer_release(&text);
    assert_int_equal(check(world, claims), ERROR_DENIED);
    world->expected.access_token = SLICE_LITERAL("access");
    assert_int_equal(check(world, claims), 0);
    world->expected.access_token = SLICE_LITERAL("another");
    assert_int_equal(check(world, claims), ERROR_DENIED);
}

static size_t keys_in(const char *text)
{
    struct oidc_keys *keys = NULL;
    assert_int_equal(oidc_keys_read(slice_from_string(text), &keys, NULL), 0);
    size_t count = oidc_keys_count(keys);
    oidc_keys_free(keys);
    return count;
}

static void leaves_out_keys_that_are_no_good(void **state)
{
    struct world *world = *state;
    static const char *const sets[] = {
        "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", "not json"};
    struct oidc_keys *keys = NULL;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        assert_int_equal(oidc_keys_read(slice_from_string(sets[i]), &keys, NULL), ERROR_PROTOCOL);
    assert_int_equal(keys_in("{\"keys\":[]}"), 0);
    assert_int_equal(keys_in("{\"keys\":[1,null,{},{\"kty\":\"oct\",\"k\":\"AAAA\"},"
                             "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},"
                             "{\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\"},"
                             "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"},"
                             "{\"kty\":\"EC\",\"crv\":\"P-256\","
                             "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
                             "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"},"
                             "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"},"
                             "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":"
                             "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}"),
                     0);
    // The right key, published for something else.
    char text[4000];
    const char *set = buffer_slice(&world->provider.set).data;
    const char *ed = strstr(set, "{\"kty\":\"OKP\"");
    static const char *const others[] = {"\"use\":\"enc\"", "\"d\":\"AAAA\"", "\"k\":\"AAAA\""};
    for (size_t i = 0; i < 3; i++) {
        snprintf(
            text, sizeof text, "{\"keys\":[{%s,%.*s]}", others[i],
            (int)(strlen("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"o\",\"x\":\"\"}") + 43),
            ed + 1);
        assert_int_equal(keys_in(text), 0);
    }
    snprintf(text, sizeof text, "{\"keys\":[{\"alg\":\"RS256\",%.*s]}",
             (int)(strlen("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"o\",\"x\":\"\"}") + 43),
             ed + 1);
    assert_int_equal(oidc_keys_read(slice_from_string(text), &keys, NULL), 0);
    oidc_keys_free(world->keys);
    world->keys = keys;
    assert_int_equal(check_as(world, "EdDSA", "{\"alg\":\"EdDSA\"}", good_claims), ERROR_NOT_FOUND);
}

// What the token leaves out (Core 1.0, 5.4); nothing of it is mixed with what another place says.
static void takes_the_rest_from_elsewhere(void **state)
{
    static const char start[] =
        "{\"iss\":\"https://id.example.com\",\"sub\":\"u-1\",\"aud\":\"gateway\",\"nonce\":\"n-0\","
        "\"iat\":1799999990,\"exp\":1800000300";
    static const struct {
        const char *token, *more;
        int result;
        bool complete, verified, ops;
        const char *email;
    } rows[] = {
        {"}", "{\"sub\":\"u-1\",\"email\":\"b@c\",\"email_verified\":true,\"groups\":[\"ops\"]}", 0,
         false, true, true, "b@c"},
        {"}", "{\"sub\":\"u-1\",\"email\":\"b@c\",\"email_verified\":\"true\"}", 0, false, false,
         false, "b@c"},
        {"}", "{\"sub\":\"u-1\"}", 0, false, false, false, ""},
        {",\"email\":\"a@c\"}", "{\"sub\":\"u-1\",\"email_verified\":true}", 0, false, false, false,
         "a@c"},
        {",\"email_verified\":true}", "{\"sub\":\"u-1\",\"email\":\"b@c\"}", 0, false, false, false,
         "b@c"},
        {",\"email\":\"a@c\",\"email_verified\":true}",
         "{\"sub\":\"u-1\",\"email\":\"b@c\",\"email_verified\":false}", 0, false, true, false,
         "a@c"},
        {",\"email\":\"a@c\",\"email_verified\":false,\"groups\":[]}",
         "{\"sub\":\"u-1\",\"email\":\"a@c\",\"email_verified\":true,\"groups\":[\"ops\"]}", 0,
         true, false, false, "a@c"},
        {"}", "{\"sub\":\"u-2\",\"email\":\"b@c\",\"email_verified\":true}", ERROR_DENIED, false,
         false, false, ""},
        {"}", "{\"sub\":\"\"}", ERROR_DENIED, false, false, false, ""},
        {"}", "{\"email\":\"b@c\",\"email_verified\":true}", ERROR_PROTOCOL, false, false, false,
         ""},
        {"}", "{\"sub\":[\"u-1\"]}", ERROR_PROTOCOL, false, false, false, ""},
        {"}", "{\"sub\":\"u-1\",\"sub\":\"u-1\"}", ERROR_PROTOCOL, false, false, false, ""},
        {"}", "[]", ERROR_PROTOCOL, false, false, false, ""},
        {"}", "", ERROR_PROTOCOL, false, false, false, ""},
    };
    struct world *world = *state;
    struct oidc_claims *claims = &world->claims;
    struct slice groups = SLICE_LITERAL("groups"), ops = SLICE_LITERAL("ops");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[500];
        snprintf(text, sizeof text, "%s%s", start, rows[i].token);
        assert_int_equal(check(world, text), 0);
        assert_int_equal(oidc_is_complete(claims, groups), rows[i].complete);
        int result =
            oidc_claims_add(claims, slice_from_string(rows[i].more), &world->arena, &world->error);
        if (result != rows[i].result)
            fail_msg("%s %s: %d", rows[i].token, rows[i].more, result);
        assert_true(slice_equal_string(claims->email, rows[i].email));
        assert_int_equal(claims->email_verified, rows[i].verified);
        assert_int_equal(oidc_has_claim(claims, groups, ops), rows[i].ops);
    }
    assert_int_equal(check(world, good_claims), 0);
    assert_true(oidc_is_complete(claims, groups));
    assert_true(oidc_is_complete(claims, SLICE_LITERAL("")));
    assert_false(oidc_is_complete(claims, SLICE_LITERAL("else")));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_what_is_signed_well),     TEST(refuses_what_is_signed_otherwise),
        TEST(refuses_what_was_changed),      TEST(refuses_what_is_not_for_us),
        TEST(ties_the_access_token),         TEST(leaves_out_keys_that_are_no_good),
        TEST(takes_the_rest_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
