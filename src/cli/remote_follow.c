// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Streams of a running gateway: they end now and then, and then go on.
#include "cli/remote_internal.h"

#include "base/memory.h"

#include <stdio.h>
#include <unistd.h>

enum { EVENT_MAX = 1024 * 1024 };

struct follower {
    struct http_event_parser parser;
    http_event_cb each;
    void *argument;
    char last[24], from[24]; // ids: of the newest event, and that it was asked from
};

static int event_cb(void *argument, const struct http_event *event)
{
    struct follower *follower = argument;
    if (event->id.data != NULL && event->id.length < sizeof follower->last)
        snprintf(follower->last, sizeof follower->last, "%.*s", SLICE_PRINT(event->id));
    return follower->each(follower->argument, event);
}

static int take_events(void *argument, struct slice data)
{
    struct follower *follower = argument;
    return http_event_feed(&follower->parser, data, event_cb, follower);
}

int remote_follow(struct remote *remote, struct slice target, http_event_cb each, void *argument)
{
    struct follower *follower = memory_new(sizeof *follower);
    char *path = memory_copy_string(target.data, target.length);
    int exit_code = CLI_OK;
    follower->each = each;
    follower->argument = argument;
    remote->take = take_events;
    remote->take_argument = follower;
    while (exit_code == CLI_OK) {
        http_event_parser_init(&follower->parser, EVENT_MAX);
        memcpy(follower->from, follower->last, sizeof follower->from);
        remote->last_event = slice_from_string(follower->from);
        exit_code = remote_call(remote, "GET", slice_from_string(path), (struct slice){0}, NULL);
        http_event_parser_release(&follower->parser);
        if (exit_code == CLI_OK)
            sleep(1); // it may be stopping
    }
    memory_free(follower);
    memory_free(path);
    return exit_code;
}
