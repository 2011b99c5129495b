// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the verbs of `sallyport policy` share.
#include "cli/cli_internal.h"

struct slice cli_policy_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct slice name = slice_from_string(slash == NULL ? path : slash + 1);
    const struct slice suffix = SLICE_LITERAL(".json");
    if (name.length > suffix.length &&
        memcmp(name.data + name.length - suffix.length, suffix.data, suffix.length) == 0)
        name.length -= suffix.length;
    return name;
}

int cli_read_policy(const char *path, struct policy **ret, struct policy_problems *ret_problems,
                    struct error *error)
{
    struct buffer text;
    *ret = NULL;
    *ret_problems = (struct policy_problems){0};
    buffer_init(&text, 0);
    int result = config_read_file(path, CLI_POLICY_FILE_MAX, &text, error);
    if (result == 0) {
        result = policy_compile(buffer_slice(&text), cli_policy_name(path), ret, ret_problems);
        if (result != 0 && ret_problems->count == 0)
            error_set(error, result, "%s", error_text(result));
    } else {
        struct error cause = *error;
        error_set(error, result, "cannot be read: %s", cause.text);
    }
    buffer_release(&text);
    return result;
}

void cli_write_problem(struct buffer *out, const char *path, const struct policy_problem *problem)
{
    buffer_append_string(out, path);
    if (problem->at.line > 0)
        buffer_append_format(out, ":%u:%u", problem->at.line, problem->at.column);
    buffer_append_format(out, ": %s: %s\n", problem->warning ? "warning" : "error", problem->text);
}

int cli_open_policy(const char *path, struct policy **ret)
{
    struct policy_problems problems;
    struct error error = {0};
    struct buffer out;
    int result = cli_read_policy(path, ret, &problems, &error);
    buffer_init(&out, 0);
    for (size_t i = 0; i < problems.count && result != 0; i++)
        if (!problems.items[i].warning)
            cli_write_problem(&out, path, &problems.items[i]);
    struct slice text = buffer_slice(&out);
    if (result != 0 && text.length > 0)
        cli_complain(CLI_USAGE, "'%s' is no policy:\n%.*s", path, (int)text.length - 1, text.data);
    else if (result != 0)
        cli_complain(CLI_USAGE, "'%s' %s", path, error.text);
    buffer_release(&out);
    policy_problems_release(&problems);
    return result == 0 ? CLI_OK : CLI_USAGE;
}

void cli_write_problem_members(struct buffer *out, const struct policy_problem *problem)
{
    buffer_append_format(
        out, "\"line\":%u,\"column\":%u,\"severity\":\"%s\",\"text\":", problem->at.line,
        problem->at.column, problem->warning ? "warning" : "error");
    json_write_string(out, slice_from_string(problem->text));
}

bool cli_category(struct slice word, enum catalogue_category *ret, const char **ret_near)
{
    const char *names[CATALOGUE_UNKNOWN + 1];
    struct slice bare = word;
    if (bare.length > 0 && *bare.data == '@')
        bare = slice_of(bare.data + 1, bare.length - 1);
    for (unsigned int i = 0; i <= CATALOGUE_UNKNOWN; i++) {
        names[i] = catalogue_category_name((enum catalogue_category)i);
        if (slice_equal_ignoring_case(bare, slice_from_string(names[i]))) {
            *ret = (enum catalogue_category)i;
            return true;
        }
    }
    *ret_near = config_nearest(word, names, CATALOGUE_UNKNOWN + 1);
    return false;
}
