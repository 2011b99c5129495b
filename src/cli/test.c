// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy test`: files of cases, each against its policy. Failed cases are the result and
// go to standard output; mistakes in the files are complaints.
#include "cli/cases_internal.h"

#include <stdio.h>

enum { POLICY, JSON, TAP, JUNIT, COVERAGE, REQUIRE_COVERAGE, FLAGS };

static const struct cli_flag flags[FLAGS] = {
    [POLICY] = {"policy", "FILE", "test this policy, not the ones that the files name"},
    [JSON] = {"json", NULL, "print a JSON object"},
    [TAP] = {"tap", NULL, "print the Test Anything Protocol"},
    [JUNIT] = {"junit", "FILE", "also write a report in the form of JUnit's XML"},
    [COVERAGE] = {"coverage", NULL, "say which parts of the policies decided no call"},
    [REQUIRE_COVERAGE] = {"require-coverage", "PERCENT",
                          "fail when a smaller share of the parts decided a call"},
};
static const struct cli_usage usage = {
    .command = "policy test",
    .operands = "FILE...",
    .text = "Asks policies about the calls of the given files and compares what they decide with\n"
            "what the files expect. Limits count, on the clock of the file; nothing is sent. Exit\n"
            "code 1 when a case fails or too little is covered, 2 when a file or a policy has\n"
            "mistakes.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_least = 1,
    .operands_most = -1};

struct test {
    bool json, tap, shows_coverage;
    int required_percent; // -1: none
    const char *policy_path, *junit_path;
    struct buffer out;
    struct buffer complaints;
    struct buffer suites; // of JUnit
    struct junit_suite suite;
    struct coverage *coverage;
    size_t passed, failed, errors, points;
};

static void report_case(struct test *test, const struct cases *cases,
                        const struct case_entry *entry, const struct case_failure *failure)
{
    test->points++;
    if (test->json)
        cases_write_json(cases, entry, failure, &test->out);
    else if (test->tap)
        tap_write_case(cases, entry, failure, test->points, &test->out);
    else
        cases_write_text(cases, entry, failure, &test->out);
    if (test->junit_path != NULL)
        junit_write_case(cases, entry, failure, &test->suite);
    *(failure == NULL ? &test->passed : &test->failed) += 1;
}

static void run_cases(struct test *test, const struct cases *cases)
{
    struct case_runner runner;
    cases_runner_init(&runner, cases);
    runner.coverage = test->coverage;
    if (test->coverage != NULL &&
        !coverage_begin(test->coverage, cases->policy_path, cases->policy)) {
        test->out.failed = true; // reported as a failure of the whole
        runner.coverage = NULL;
    }
    for (size_t i = 0; i < cases->count; i++) {
        const struct case_entry *entry = &cases->entries[i];
        struct case_failure failure;
        bool passed = cases_run(&runner, entry, &failure);
        if (test->json && i > 0)
            buffer_append_string(&test->out, ",");
        report_case(test, cases, entry, passed ? NULL : &failure);
    }
    cases_runner_release(&runner);
}

static void open_json(struct test *test, const struct cases *cases)
{
    buffer_append_string(&test->out, "{\"file\":");
    json_write_string(&test->out, slice_from_string(cases->path));
    buffer_append_string(&test->out, ",\"policy\":");
    if (cases->policy_path == NULL)
        buffer_append_string(&test->out, "null");
    else
        json_write_string(&test->out, slice_from_string(cases->policy_path));
    buffer_append_string(&test->out, ",\"problems\":[");
}

static void test_file(struct test *test, const char *path)
{
    struct cases cases;
    cases_load(&cases, path, test->policy_path);
    test->errors += cases.errors;
    if (test->json)
        open_json(test, &cases);
    cases_write_problems(&cases, test->json, test->json ? &test->out : &test->complaints);
    if (test->json)
        buffer_append_string(&test->out, "],\"cases\":[");
    test->suite = (struct junit_suite){0};
    buffer_init(&test->suite.cases, 0);
    if (cases.errors == 0)
        run_cases(test, &cases);
    else if (test->tap)
        tap_write_broken(&cases, ++test->points, &test->out);
    if (test->json)
        buffer_append_string(&test->out, "]}");
    if (test->junit_path != NULL)
        junit_write_suite(&cases, &test->suite, &test->suites);
    buffer_release(&test->suite.cases);
    cases_release(&cases);
}

static void summarise(struct test *test)
{
    struct buffer *out = &test->out;
    if (test->json) {
        buffer_append_format(out, "],\"passed\":%zu,\"failed\":%zu,\"errors\":%zu", test->passed,
                             test->failed, test->errors);
        if (test->shows_coverage) {
            buffer_append_string(out, ",\"coverage\":");
            coverage_write_json(test->coverage, out);
        }
        buffer_append_string(out, "}\n");
    } else if (test->tap) {
        buffer_append_format(out, "1..%zu\n", test->points);
    } else {
        buffer_append_format(out, "%zu passed, %zu failed\n", test->passed, test->failed);
    }
    if (test->shows_coverage && !test->json)
        coverage_write_text(test->coverage, test->tap ? &test->complaints : out);
}

static bool covers_too_little(struct test *test)
{
    if (test->required_percent < 0 || test->errors > 0)
        return false;
    unsigned int percent = coverage_percent(test->coverage);
    bool too_little = percent < (unsigned int)test->required_percent;
    if (too_little)
        cli_complain(CLI_FAILED, "%u %% of the policies' parts decided a call, %d %% are required",
                     percent, test->required_percent);
    return too_little;
}

static int finish(struct test *test)
{
    bool broken = false;
    summarise(test);
    if (test->complaints.length > 0)
        fwrite(buffer_slice(&test->complaints).data, 1, test->complaints.length, stderr);
    if (test->junit_path != NULL &&
        junit_save(test->junit_path, buffer_slice(&test->suites)) != 0) {
        cli_complain(CLI_FAILED, "'%s' cannot be written", test->junit_path);
        broken = true;
    }
    broken |= test->complaints.failed || test->out.failed || test->suites.failed;
    cli_print(&test->out);
    broken |= covers_too_little(test);
    buffer_release(&test->complaints);
    buffer_release(&test->suites);
    coverage_free(test->coverage);
    if (test->errors > 0)
        return CLI_USAGE;
    return test->failed > 0 || broken ? CLI_FAILED : CLI_OK;
}

// 0 to 100 in digits; -1 for anything else.
static int percentage(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    int value = 0;
    if (digits == 0 || digits > 3 || text[digits] != '\0')
        return -1;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    return value <= 100 ? value : -1;
}

int cli_policy_test(int argc, char **argv, const char *const *environment)
{
    (void)environment;
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    const char *const *values = arguments.values;
    struct test test = {.json = values[JSON] != NULL,
                        .tap = values[TAP] != NULL,
                        .shows_coverage = values[COVERAGE] != NULL,
                        .required_percent = -1,
                        .policy_path = values[POLICY],
                        .junit_path = values[JUNIT]};
    if (test.json && test.tap)
        return cli_mistake(usage.command, "--json and --tap exclude each other");
    if (values[REQUIRE_COVERAGE] != NULL &&
        (test.required_percent = percentage(values[REQUIRE_COVERAGE])) < 0)
        return cli_mistake(usage.command, "--require-coverage takes a number from 0 to 100");
    if (test.shows_coverage || test.required_percent >= 0)
        test.coverage = coverage_new();
    buffer_init(&test.out, 0);
    buffer_init(&test.complaints, 0);
    buffer_init(&test.suites, 0);
    buffer_append_string(&test.out, test.json  ? "{\"files\":["
                                    : test.tap ? "TAP version 14\n"
                                               : "");
    for (int i = 0; i < arguments.operand_count; i++) {
        if (test.json && i > 0)
            buffer_append_string(&test.out, ",");
        test_file(&test, arguments.operands[i]);
    }
    return finish(&test);
}
