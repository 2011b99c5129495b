// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport policy diff FILE FILE`: what differs for those who call. Nothing is asked of a
// gateway.
#include "cli/cli_internal.h"

enum { COMPARISON_MAX = 256 * 1024 * 1024 };

static int compare(const struct policy *from, const struct policy *to, bool json)
{
    struct policy_differences all;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, COMPARISON_MAX);
    buffer_init(&out, 0);
    int result = policy_compare(from, to, &arena, &all);
    if (result == 0 && json) {
        buffer_append_string(&out, "{\"changes\":");
        policy_differences_json(&all, &out);
        buffer_append_format(&out, ",\"complete\":%s}\n", all.too_many ? "false" : "true");
    } else if (result == 0) {
        policy_differences_text(&all, &out);
    }
    cli_print(&out);
    arena_release(&arena);
    return result == 0 ? CLI_OK : cli_complain(CLI_FAILED, "out of memory");
}

int cli_policy_diff_files(const char *from, const char *to, bool json)
{
    struct policy *policies[2] = {NULL, NULL};
    int code = cli_open_policy(from, &policies[0]);
    if (code == CLI_OK)
        code = cli_open_policy(to, &policies[1]);
    if (code == CLI_OK)
        code = compare(policies[0], policies[1], json);
    policy_unref(policies[0]);
    policy_unref(policies[1]);
    return code;
}
