// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"

#include "base/memory.h"
#include "detect/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TEXT_MAX = 4096 };

// The text with every secret replaced by "#". Secrets must come in order and not overlap.
static void mask(const char *text, char out[TEXT_MAX])
{
    struct slice whole = slice_from_string(text);
    size_t at = 0, used = 0;
    struct detect_finding found;
    struct detect_work work = {0};
    while (detect_find(whole, DETECT_SECRET, at, &work, &found) == DETECT_FOUND) {
        assert_true(found.start >= at && found.length > 0 && found.kind == DETECT_SECRET);
        assert_true(found.start + found.length <= whole.length);
        used += (size_t)snprintf(out + used, TEXT_MAX - used, "%.*s#", (int)(found.start - at),
                                 whole.data + at);
        at = found.start + found.length;
    }
    snprintf(out + used, TEXT_MAX - used, "%s", text + at);
}

static void expect(const char *text, const char *masked)
{
    char out[TEXT_MAX];
    mask(text, out);
    assert_string_equal(out, masked);
}

// Classes of data/secrets/forms.txt, as many of them as a form needs at least, less `fewer` of the
// last. "{A16}" becomes sixteen letters and digits: no line of these files looks like a real
// credential to those who search for them.
static void fill(const char *form, unsigned long fewer, char out[TEXT_MAX])
{
    static const char *const sets[] = {
        ['A'] = "a1B2c3D4e5", ['L'] = "a1b2c3d4e5", ['X'] = "A1B2C3D4E5",
        ['D'] = "1234567890", ['H'] = "a1b2C3d4e5", ['h'] = "a1b2c3d4e5",
        ['W'] = "a1B2c3_4e-", ['B'] = "a1B2c3D4e5", ['T'] = "a1B2c3.4e5"};
    const char *last = strrchr(form, '{');
    size_t used = 0;
    for (const char *at = form; *at != '\0' && *at != ' '; at++) {
        if (*at != '{') {
            out[used++] = *at;
            continue;
        }
        const char *set = sets[(unsigned char)at[1]];
        unsigned long count = strtoul(at + 2, NULL, 10) - (at == last ? fewer : 0);
        for (unsigned long i = 0; i < count; i++)
            out[used++] = set[i % 10];
        at = strchr(at, '}');
        assert_non_null(at);
    }
    out[used] = '\0';
}

static void check_form(const char *form)
{
    char secret[TEXT_MAX], text[TEXT_MAX * 3], masked[TEXT_MAX];
    fill(form, 0, secret);
    snprintf(text, sizeof text, "a %s, \"%s\" b", secret, secret);
    mask(text, masked);
    if (strcmp(masked, "a #, \"#\" b") != 0)
        fail_msg("%s: %s", form, masked);
    // Inside of another word it is none; behind an escape of JSON in a text it is.
    snprintf(text, sizeof text, "x%s", secret);
    mask(text, masked);
    if (memchr(form, '.', strcspn(form, "{")) == NULL) // a part behind a dot may be one of its own
        assert_string_equal(masked, text);
    snprintf(text, sizeof text, "{\\\"a\\\":\\\"x\\n%s\\u003e\\\"}", secret);
    mask(text, masked);
    if (strcmp(masked, "{\\\"a\\\":\\\"x\\n#\\u003e\\\"}") != 0)
        fail_msg("%s: %s", form, masked);
    fill(form, 1, text);
    mask(text, masked);
    if (strcmp(masked, text) != 0)
        fail_msg("%s: one character less is found, too", form);
}

static char *next_column(char **line)
{
    char *column = *line + strspn(*line, " "), *end = strchr(column, '|');
    *line = end == NULL ? column + strlen(column) : end + 1;
    if (end == NULL)
        end = column + strcspn(column, "\n");
    while (end > column && end[-1] == ' ')
        end--;
    *end = '\0';
    return column;
}

static const char *forms_path;

static void every_form_is_found_and_no_near_miss(void **state)
{
    (void)state;
    char line[TEXT_MAX], text[TEXT_MAX];
    size_t forms = 0;
    FILE *file = fopen(forms_path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = line;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        (void)next_column(&rest);
        check_form(next_column(&rest));
        forms++;
        for (char *miss = strtok_r(next_column(&rest), " ", &rest); miss != NULL;
             miss = strtok_r(NULL, " ", &rest)) {
            fill(miss, 0, text);
            expect(text, text);
        }
    }
    fclose(file);
    assert_true(forms > 100);
}

static void other_forms_are_found(void **state)
{
    (void)state;
    static const char *const forms[] = {"eyJ{A20}.eyJ{A30}.{A43}", "{D9}:AA{W33}"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char secret[TEXT_MAX], text[TEXT_MAX];
        fill(forms[i], 0, secret);
        snprintf(text, sizeof text, "bot=%.3000s;", secret);
        expect(text, "bot=#;");
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
        "secret = read_secret(file); password: options.password[0], passwd = login->passwd;",
        "max_tokens: 4096, token: 5, tokens=1234567890123456",
        "nextPageToken: a1B2c3D4e5a1B2c3D4e5",
        "token: abcdefghijklmnopqrstuvwxyz",
        "Bearer of bad news arrives-tomorrow",
        "https://example.com:8080/path@x",
        "https://user@example.com/",
        "eyJhbGciOiJub25lIn0.not.a",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "a: b = c :: == =",
        "if (text.startsWith(\"-----BEGIN PRIVATE KEY-----\")) return {password: options.password}",
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
        assert_int_equal(
            detect_names_secret(slice_from_string(rows[i].name), slice_from_string(rows[i].value)),
            rows[i].secret);
}

// Texts that invite reading the same bytes again and again: twice the text, twice the time, not
// four times. Counted in processor time, with much room.
static double seconds_for(const char *pattern, size_t bytes)
{
    size_t unit = strlen(pattern), at = 0;
    struct detect_finding found;
    char *text = memory_new(bytes + unit);
    for (size_t i = 0; i < bytes; i += unit)
        memcpy(text + i, pattern, unit);
    clock_t before = clock();
    for (struct detect_work work = {0};
         detect_find(slice_of(text, bytes), DETECT_SECRET, at, &work, &found) == DETECT_FOUND;
         work.looks = 0)
        at = found.start + found.length;
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    memory_free(text);
    return seconds;
}

static void time_grows_with_the_length_alone(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "token=",
        "token=$",
        "secret=a(",
        "secret=a.b[",
        "a=a=",
        "eyJ",
        "eyJ.",
        "eyJaaaaa.eyJaaaaa.",
        "-----BEGIN ",
        "://a:",
        "Bearer ",
        "sk-",
        "AKIA",
        "xoxb-",
        "password=",
        "secret:\"",
        "=:=:",
        "a ",
        "xoxd-a/",
        "glc_a+",
        "ATATT3xFfGF0/",
        "hooks.slack.com/services/T",
        "-----BEGIN A PRIVATE KEY",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (seconds_for(patterns[i], 512 << 10) > 5)
            fail_msg("'%s' takes too long", patterns[i]);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    forms_path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_found_and_no_near_miss),
        cmocka_unit_test(other_forms_are_found),
        cmocka_unit_test(words_are_no_secrets),
        cmocka_unit_test(values_behind_names_are_found),
        cmocka_unit_test(private_keys_are_taken_whole),
        cmocka_unit_test(names_make_secrets),
        cmocka_unit_test(time_grows_with_the_length_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
