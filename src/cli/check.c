// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy check`: the problems of policy files are its result, so they go to standard
// output.
#include "cli/cli_internal.h"

enum { JSON, FLAGS };

static const struct cli_flag flags[FLAGS] = {[JSON] = {"json", NULL, "print a JSON object"}};
static const struct cli_usage usage = {
    .command = "policy check",
    .operands = "FILE...",
    .text = "Prints every mistake in the given policy files, and every warning about what is\n"
            "probably not meant, as FILE:LINE:COLUMN. Exit code 2 when there are mistakes.\n",
    .flags = flags,
    .flag_count = FLAGS,
    .operands_least = 1,
    .operands_most = -1};

struct check {
    bool json;
    struct buffer out;
    size_t errors, warnings;
};

static void report(struct check *check, const char *path, const struct policy_problem *problem,
                   bool first)
{
    if (problem->warning)
        check->warnings++;
    else
        check->errors++;
    if (!check->json) {
        cli_write_problem(&check->out, path, problem);
        return;
    }
    buffer_append_string(&check->out, first ? "{" : ",{");
    cli_write_problem_members(&check->out, problem);
    buffer_append_string(&check->out, "}");
}

static void report_whole(struct check *check, const char *path, const char *text)
{
    struct policy_problem problem = {0};
    struct slice words = slice_from_string(text);
    size_t length = words.length < sizeof problem.text ? words.length : sizeof problem.text - 1;
    memcpy(problem.text, words.data, length);
    report(check, path, &problem, true);
}

static void check_file(struct check *check, const char *path)
{
    struct policy *policy;
    struct policy_problems problems;
    struct error error = {0};
    int result = cli_read_policy(path, &policy, &problems, &error);
    for (size_t i = 0; i < problems.count; i++)
        report(check, path, &problems.items[i], i == 0);
    if (result != 0 && problems.count == 0)
        report_whole(check, path, error.text);
    policy_problems_release(&problems);
    policy_unref(policy);
}

static void check_files(struct check *check, char **paths)
{
    for (size_t i = 0; paths[i] != NULL; i++) {
        if (check->json) {
            buffer_append_string(&check->out, i == 0 ? "{\"file\":" : ",{\"file\":");
            json_write_string(&check->out, slice_from_string(paths[i]));
            buffer_append_string(&check->out, ",\"problems\":[");
        }
        check_file(check, paths[i]);
        if (check->json)
            buffer_append_string(&check->out, "]}");
    }
}

static void summarise(struct check *check, int files)
{
    if (check->json)
        buffer_append_format(&check->out, "],\"errors\":%zu,\"warnings\":%zu}\n", check->errors,
                             check->warnings);
    else
        buffer_append_format(&check->out, "%d file%s, %zu error%s, %zu warning%s\n", files,
                             files == 1 ? "" : "s", check->errors, check->errors == 1 ? "" : "s",
                             check->warnings, check->warnings == 1 ? "" : "s");
}

int cli_policy_check(int argc, char **argv, const char *const *environment)
{
    (void)environment;
    struct cli_arguments arguments;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    struct check check = {.json = arguments.values[JSON] != NULL};
    buffer_init(&check.out, 0);
    if (check.json)
        buffer_append_string(&check.out, "{\"files\":[");
    check_files(&check, arguments.operands);
    summarise(&check, arguments.operand_count);
    cli_print(&check.out);
    return check.errors > 0 ? CLI_USAGE : CLI_OK;
}
