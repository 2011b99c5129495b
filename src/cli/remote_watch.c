// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport approvals watch`: calls that wait for a person, as they come.
#include "cli/remote_internal.h"

#include "base/memory.h"

#include <stdio.h>

enum { SEEN_MAX = 4096 };

struct watch {
    struct remote *remote;
    bool bell;
    uint64_t seen[SEEN_MAX]; // of questions and their versions, where their hash puts them
};

static bool is_new(struct watch *watch)
{
    static const uint64_t seed[2] = {1, 2};
    struct slice version =
        json_raw(&watch->remote->doc, json_get(&watch->remote->doc, 0, "version"));
    struct slice text =
        arena_format(&watch->remote->arena, "%.*s %.*s",
                     SLICE_PRINT(remote_text(watch->remote, 0, "id")), SLICE_PRINT(version));
    uint64_t hash = slice_hash(text, seed), *at = &watch->seen[hash % SEEN_MAX];
    bool new = *at != hash;
    *at = hash;
    return new;
}

static int print_event(void *argument, const struct http_event *event)
{
    struct watch *watch = argument;
    struct remote *remote = watch->remote;
    struct buffer out;
    arena_clear(&remote->arena);
    if (!event->has_data || json_scan(&remote->doc, event->data, NULL, NULL, NULL) != 0 ||
        json_get(&remote->doc, 0, "version") == JSON_NONE || !is_new(watch))
        return 0;
    buffer_init(&out, 0);
    if (remote->json) {
        buffer_append(&out, event->data);
        buffer_append_string(&out, "\n");
    } else {
        remote_write_question_line(&out, remote, 0);
    }
    cli_print(&out);
    if (watch->bell && slice_equal_string(remote_text(remote, 0, "state"), "asked"))
        fputc('\a', stderr);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : ERROR_CLOSED;
}

int cli_approvals_watch(int argc, char **argv, const char *const *environment)
{
    enum { BELL = REMOTE_FLAGS, FLAGS };
    static const struct cli_flag flags[FLAGS] = {
        REMOTE_FLAG_ROWS, [BELL] = {"bell", NULL, "ring the terminal's bell for each that waits"}};
    static const struct cli_usage usage = {
        .command = "approvals watch",
        .operands = "",
        .text =
            "Prints calls that wait, and what becomes of them, until it is stopped; with --json\n"
            "a line of JSON each.\n",
        .flags = flags,
        .flag_count = FLAGS};
    struct cli_arguments arguments;
    struct remote remote;
    int exit_code = 0;
    if (!cli_parse(&usage, argc, argv, &arguments, &exit_code))
        return exit_code;
    exit_code = remote_open(&remote, &arguments, environment);
    struct watch *watching = memory_new(sizeof *watching);
    watching->remote = &remote;
    watching->bell = arguments.values[BELL] != NULL;
    if (exit_code == CLI_OK)
        exit_code =
            remote_follow(&remote, SLICE_LITERAL("/approvals/stream"), print_event, watching);
    memory_free(watching);
    remote_close(&remote);
    return exit_code;
}
