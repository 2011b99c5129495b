// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/memory.h"
#include "catalogue/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TEXT_MAX = 4096 };

// The text with every secret replaced by "#". Secrets must come in order and not overlap.
static void mask(const char *text, char out[TEXT_MAX])
{
    struct slice whole = slice_from_string(text);
    size_t at = 0, start, length, used = 0;
    while (catalogue_find_secret(whole, at, &start, &length)) {
        assert_true(start >= at && length > 0 && start + length <= whole.length);
        used += (size_t)snprintf(out + used, TEXT_MAX - used, "%.*s#", (int)(start - at),
                                 whole.data + at);
        at = start + length;
    }
    snprintf(out + used, TEXT_MAX - used, "%s", text + at);
}

static void expect(const char *text, const char *masked)
{
    char out[TEXT_MAX];
    mask(text, out);
    assert_string_equal(out, masked);
}

// `{A16}` stands for 16 letters and digits, `{X..}` for upper-case ones, `{H..}` for hexadecimal
// ones: no line of this file looks like a real credential to those who search for them.
static void fill(const char *form, char out[TEXT_MAX])
{
    static const char *const sets[] = {
        ['A'] = "a1B2c3D4e5", ['X'] = "A1B2C3D4E5", ['H'] = "a1b2c3d4e5"};
    size_t used = 0;
    for (const char *at = form; *at != '\0'; at++) {
        if (*at != '{' || strchr("AXH", at[1]) == NULL) {
            out[used++] = *at;
            continue;
        }
        const char *set = sets[(unsigned char)at[1]];
        char *end;
        unsigned long count = strtoul(at + 2, &end, 10);
        for (unsigned long i = 0; i < count; i++)
            out[used++] = set[i % 10];
        at = end;
    }
    out[used] = '\0';
}

static void forms_are_found(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "AKIA{X16}",
        "ASIA{X16}",
        "ABIA{X16}",
        "ACCA{X16}",
        "AIza{A35}",
        "GOCSPX-{A28}",
        "ya29.{A30}",
        "ghp_{A36}",
        "gho_{A36}",
        "ghu_{A36}",
        "ghs_{A40}",
        "ghr_{A36}",
        "github_pat_{A22}_{A40}",
        "glpat-{A20}",
        "glsa_{A32}_{H8}",
        "xoxb-1{A10}-{A24}",
        "xoxp-1{A20}",
        "xoxa-1{A20}",
        "xoxr-1{A20}",
        "xoxs-1{A20}",
        "xoxe-1{A20}",
        "xapp-1-{A20}",
        "sk_live_{A24}",
        "sk_test_{A24}",
        "rk_live_{A24}",
        "rk_test_{A24}",
        "whsec_{A32}",
        "sk-{A48}",
        "sk-proj-{A40}_{A20}",
        "sk-ant-api03-{A40}-{A20}",
        "gsk_{A52}",
        "xai-{A60}",
        "hf_{A34}",
        "r8_{A37}",
        "npm_{A36}",
        "pypi-{A60}",
        "dop_v1_{H64}",
        "shpat_{H32}",
        "shpss_{H32}",
        "dapi{H32}",
        "hvs.{A24}",
        "lin_api_{A40}",
        "SG.{A22}.{A43}",
        "AGE-SECRET-KEY-1{X58}",
        "eyJ{A20}.eyJ{A30}.{A43}",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char secret[TEXT_MAX], text[TEXT_MAX * 3], masked[TEXT_MAX];
        fill(forms[i], secret);
        snprintf(text, sizeof text, "a %s, \"%s\" b", secret, secret);
        mask(text, masked);
        if (strcmp(masked, "a #, \"#\" b") != 0)
            fail_msg("%s: %s", forms[i], masked);
        // Inside of another word it is none.
        snprintf(text, sizeof text, "x%s", secret);
        mask(text, masked);
        assert_string_equal(masked, text);
    }
}

static void words_are_no_secrets(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "AKIA",
        "AKIA is a prefix; AKIAshort",
        "sk-loading-spinner-container-outer",
        "the password is required",
        "password: short",
        "\"password\": \"\"",
        "password=$PASSWORD_FROM_ENV",
        "password: <your password here>",
        "api_key={{ vault.key }}",
        "max_tokens: 4096, token: 5, tokens=1234567890123456",
        "nextPageToken: a1B2c3D4e5a1B2c3D4e5",
        "token: abcdefghijklmnopqrstuvwxyz",
        "Bearer of bad news arrives-tomorrow",
        "https://example.com:8080/path@x",
        "https://user@example.com/",
        "eyJhbGciOiJub25lIn0.not.a",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "a: b = c :: == =",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect(texts[i], texts[i]);
}

static void values_behind_names_are_found(void **state)
{
    (void)state;
    expect("password=correct-horse next", "password=# next");
    expect("DB_PASSWORD: 'a b' x", "DB_PASSWORD: '#' x");
    expect("{\"client_secret\":\"s\",\"b\":1}", "{\"client_secret\":\"#\",\"b\":1}");
    expect("{\\\"apiKey\\\": \\\"abc\\\"}", "{\\\"apiKey\\\": \\\"#\\\"}");
    expect("api-key = a1B2c3D4e5, b", "api-key = #, b");
    expect("?access_key=abcdefgh1234&x=1", "?access_key=#&x=1");
    expect("access_token: a1B2c3D4e5a1B2c3D4e5", "access_token: #");
    expect("Authorization: Bearer a1B2c3D4e5a1B2c3D4e5", "Authorization: Bearer #");
    expect("basic a1B2c3D4e5a1B2c3D4e5==", "basic #");
    expect("postgres://bob:hunter2@db.example/x", "postgres://bob:#@db.example/x");
    expect("redis://:hunter2@db", "redis://:#@db");
    expect("passwd=first-one\npwd=second-one", "passwd=#\npwd=#");
}

static void private_keys_are_taken_whole(void **state)
{
    (void)state;
    expect("a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b", "a # b");
    expect("-----BEGIN PRIVATE KEY-----\nMIIE", "#");
    expect("-----BEGIN OPENSSH PRIVATE KEY-----x-----END OPENSSH PRIVATE KEY-----", "#");
}

static void names_make_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool secret;
    } rows[] = {
        {"password", "x", true},
        {"Password", "x", true},
        {"db-password", "x", true},
        {"clientSecret", "x", true},
        {"API_KEY", "x", true},
        {"pwd", "x", true},
        {"password", "", false},
        {"passwords", "x", false},
        {"cwd", "x", false},
        {"secretary", "x", false},
        {"token", "short", false},
        {"token", "a1B2c3D4e5a1B2c3D4e5", true},
        {"cursor_token", "a1B2c3D4e5a1B2c3D4e5", false},
        {"", "x", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(catalogue_names_secret(slice_from_string(rows[i].name),
                                                slice_from_string(rows[i].value)),
                         rows[i].secret);
}

// Texts that invite reading the same bytes again and again: twice the text, twice the time, not
// four times. Counted in processor time, with much room.
static double seconds_for(const char *pattern, size_t bytes)
{
    size_t unit = strlen(pattern), start, length, at = 0;
    char *text = memory_new(bytes + unit);
    for (size_t i = 0; i < bytes; i += unit)
        memcpy(text + i, pattern, unit);
    clock_t before = clock();
    while (catalogue_find_secret(slice_of(text, bytes), at, &start, &length))
        at = start + length;
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    memory_free(text);
    return seconds;
}

static void time_grows_with_the_length_alone(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "token=",      "token=$",   "a=a=",    "eyJ", "eyJ.", "eyJaaaaa.eyJaaaaa.",
        "-----BEGIN ", "://a:",     "Bearer ", "sk-", "AKIA", "xoxb-",
        "password=",   "secret:\"", "=:=:",    "a ",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (seconds_for(patterns[i], 512 << 10) > 5)
            fail_msg("'%s' takes too long", patterns[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_found),
        cmocka_unit_test(words_are_no_secrets),
        cmocka_unit_test(values_behind_names_are_found),
        cmocka_unit_test(private_keys_are_taken_whole),
        cmocka_unit_test(names_make_secrets),
        cmocka_unit_test(time_grows_with_the_length_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
