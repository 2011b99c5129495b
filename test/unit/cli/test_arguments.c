// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How words become flags and operands. What is printed, test/cli looks at.
#include "lib/unit.h"

#include "cli/cli_internal.h"

enum { FILE_FLAG, JSON_FLAG, FLAGS };
enum { WORDS_MAX = 12 };

static const struct cli_flag flags[FLAGS] = {
    [FILE_FLAG] = {"file", "FILE", ""}, [JSON_FLAG] = {"json", NULL, ""}};
static const struct cli_usage usage = {.command = "x",
                                       .operands = "A...",
                                       .text = "",
                                       .flags = flags,
                                       .flag_count = FLAGS,
                                       .operands_most = -1};

struct parsed {
    char *words[WORDS_MAX + 1];
    struct cli_arguments arguments;
    bool good;
    int exit_code;
};

// Words are divided by spaces; "_" is an empty word.
static void parse(const struct cli_usage *with, char *text, struct parsed *ret)
{
    int count = 0;
    *ret = (struct parsed){0};
    for (char *word = text; word != NULL; count++) {
        char *space = strchr(word, ' ');
        if (space != NULL)
            *space++ = '\0';
        assert_true(count < WORDS_MAX);
        if (strcmp(word, "_") == 0)
            *word = '\0';
        ret->words[count] = word;
        word = space;
    }
    ret->good = cli_parse(with, count, ret->words, &ret->arguments, &ret->exit_code);
}

static void takes_flags_in_any_place(void **state)
{
    (void)state;
    static const char *const lines[] = {"x --file f --json a b", "x a --file=f b --json",
                                        "x a b --json --file f"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[64];
        struct parsed parsed;
        snprintf(text, sizeof text, "%s", lines[i]);
        parse(&usage, text, &parsed);
        assert_true(parsed.good);
        assert_string_equal(parsed.arguments.values[FILE_FLAG], "f");
        assert_string_equal(parsed.arguments.values[JSON_FLAG], "");
        assert_int_equal(parsed.arguments.operand_count, 2);
        assert_string_equal(parsed.arguments.operands[0], "a");
        assert_string_equal(parsed.arguments.operands[1], "b");
        assert_null(parsed.arguments.operands[2]);
    }
}

static void ends_flags_at_two_dashes(void **state)
{
    (void)state;
    char text[] = "x --json -- --file -- a --help";
    struct parsed parsed;
    parse(&usage, text, &parsed);
    assert_true(parsed.good);
    assert_null(parsed.arguments.values[FILE_FLAG]);
    assert_int_equal(parsed.arguments.operand_count, 4);
    assert_string_equal(parsed.arguments.operands[0], "--file");
    assert_string_equal(parsed.arguments.operands[1], "--");
    assert_string_equal(parsed.arguments.operands[3], "--help");
}

static void may_stop_at_the_first_operand(void **state)
{
    (void)state;
    struct cli_usage stopping = usage;
    stopping.stop_at_operand = true;
    char text[] = "x --json cmd --file f -z";
    struct parsed parsed;
    parse(&stopping, text, &parsed);
    assert_true(parsed.good);
    assert_null(parsed.arguments.values[FILE_FLAG]);
    assert_non_null(parsed.arguments.values[JSON_FLAG]);
    assert_int_equal(parsed.arguments.operand_count, 4);
    assert_string_equal(parsed.arguments.operands[3], "-z");
}

static void keeps_empty_words_and_single_dashes(void **state)
{
    (void)state;
    char text[] = "x - _ --file= a";
    struct parsed parsed;
    parse(&usage, text, &parsed);
    assert_true(parsed.good);
    assert_string_equal(parsed.arguments.values[FILE_FLAG], "");
    assert_int_equal(parsed.arguments.operand_count, 3);
    assert_string_equal(parsed.arguments.operands[0], "-");
    assert_string_equal(parsed.arguments.operands[1], "");
}

static void takes_dashes_as_a_value(void **state)
{
    (void)state;
    char text[] = "x --file -- --json";
    struct parsed parsed;
    parse(&usage, text, &parsed);
    assert_true(parsed.good);
    assert_string_equal(parsed.arguments.values[FILE_FLAG], "--");
    assert_non_null(parsed.arguments.values[JSON_FLAG]);
}

static void refuses_mistakes(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "x --nope", "x --file",        "x --json=1",          "x -f",
        "x --jso",  "x --json --json", "x --file a --file b", "x --",
        "x"};
    struct cli_usage needing = usage;
    needing.operands_least = 1;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[64];
        struct parsed parsed;
        snprintf(text, sizeof text, "%s", lines[i]);
        parse(&needing, text, &parsed);
        assert_false(parsed.good);
        assert_int_equal(parsed.exit_code, CLI_USAGE);
    }
}

static void names_policies_by_their_file(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"policies/kraken.json", "kraken"},
                                          {"kraken.json", "kraken"},
                                          {"a/b", "b"},
                                          {".json", ".json"},
                                          {"a.json.json", "a.json"},
                                          {"a/", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(slice_equal_string(cli_policy_name(rows[i][0]), rows[i][1]));
}

static void finds_the_configuration(void **state)
{
    (void)state;
    static const char *const named[] = {"SALLYPORT_CONFIG=env.json", NULL};
    static const char *const empty[] = {"SALLYPORT_CONFIG=", NULL};
    assert_string_equal(cli_config_path("flag.json", named), "flag.json");
    assert_string_equal(cli_config_path(NULL, named), "env.json");
    assert_string_equal(cli_config_path(NULL, empty), "sallyport.json");
    assert_string_equal(cli_config_path(NULL, NULL), "sallyport.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_flags_in_any_place),
        cmocka_unit_test(ends_flags_at_two_dashes),
        cmocka_unit_test(may_stop_at_the_first_operand),
        cmocka_unit_test(keeps_empty_words_and_single_dashes),
        cmocka_unit_test(takes_dashes_as_a_value),
        cmocka_unit_test(refuses_mistakes),
        cmocka_unit_test(names_policies_by_their_file),
        cmocka_unit_test(finds_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
