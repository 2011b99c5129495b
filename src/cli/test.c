// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy test`: files of cases, each against its policy. Failed cases are the result and
// go to standard output; mistakes in the files are complaints.
#include "cli/cases_internal.h"

#include <stdio.h>

enum { POLICY, JSON, FLAGS };

static const struct cli_flag flags[FLAGS] = {
    [POLICY] = {"policy", "FILE", "test this policy, not the ones that the files name"},
    [JSON] = {"json", NULL, "print a JSON object"},
};
static const struct cli_usage usage = {
    .command = "policy test",
    .operands = "FILE...",
    .text = "Asks policies about the calls of the given files and compares what they decide with\n"
            "what the files expect. Limits count, on the clock of the file; nothing is sent. Exit\n"
            "code 1 when a case fails, 2 when a file or a policy has mistakes.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_least = 1,
    .operands_most = -1};

struct test {
    bool json;
    const char *policy_path;
    struct buffer out;
    struct buffer complaints;
    size_t passed, failed, errors;
};

static void run_cases(struct test *test, const struct cases *cases)
{
    struct case_runner runner;
    cases_runner_init(&runner, cases);
    for (size_t i = 0; i < cases->count; i++) {
        const struct case_entry *entry = &cases->entries[i];
        struct case_failure failure;
        bool passed = cases_run(&runner, entry, &failure);
        if (test->json && i > 0)
            buffer_append_string(&test->out, ",");
        (test->json ? cases_write_json : cases_write_text)(cases, entry, passed ? NULL : &failure,
                                                           &test->out);
        *(passed ? &test->passed : &test->failed) += 1;
    }
    cases_runner_release(&runner);
}

static void test_file(struct test *test, const char *path)
{
    struct cases cases;
    cases_load(&cases, path, test->policy_path);
    test->errors += cases.errors;
    if (test->json) {
        buffer_append_string(&test->out, "{\"file\":");
        json_write_string(&test->out, slice_from_string(path));
        buffer_append_string(&test->out, ",\"policy\":");
        if (cases.policy_path == NULL)
            buffer_append_string(&test->out, "null");
        else
            json_write_string(&test->out, slice_from_string(cases.policy_path));
        buffer_append_string(&test->out, ",\"problems\":[");
    }
    cases_write_problems(&cases, test->json, test->json ? &test->out : &test->complaints);
    if (test->json)
        buffer_append_string(&test->out, "],\"cases\":[");
    if (cases.errors == 0)
        run_cases(test, &cases);
    if (test->json)
        buffer_append_string(&test->out, "]}");
    cases_release(&cases);
}

static int finish(struct test *test)
{
    if (test->complaints.length > 0)
        fwrite(buffer_slice(&test->complaints).data, 1, test->complaints.length, stderr);
    bool broken = test->complaints.failed || test->out.failed;
    buffer_release(&test->complaints);
    if (test->json)
        buffer_append_format(&test->out, "],\"passed\":%zu,\"failed\":%zu,\"errors\":%zu}\n",
                             test->passed, test->failed, test->errors);
    else
        buffer_append_format(&test->out, "%zu passed, %zu failed\n", test->passed, test->failed);
    cli_print(&test->out);
    if (test->errors > 0)
        return CLI_USAGE;
    return test->failed > 0 || broken ? CLI_FAILED : CLI_OK;
}

int cli_policy_test(int argc, char **argv, const char *const *environment)
{
    (void)environment;
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    struct test test = {.json = arguments.values[JSON] != NULL,
                        .policy_path = arguments.values[POLICY]};
    buffer_init(&test.out, 0);
    buffer_init(&test.complaints, 0);
    if (test.json)
        buffer_append_string(&test.out, "{\"files\":[");
    for (int i = 0; i < arguments.operand_count; i++) {
        if (test.json && i > 0)
            buffer_append_string(&test.out, ",");
        test_file(&test, arguments.operands[i]);
    }
    return finish(&test);
}
