// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The least that can stand between a client and a child: what comes on standard input goes to the
// child, what the child says goes to standard output, in whatever pieces it comes. What a gateway
// on pipes is measured against. usage: relay COMMAND [ARGUMENT...]
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

extern char **environ;

static bool pass(int from, int to)
{
    static char bytes[65536];
    ssize_t got = read(from, bytes, sizeof bytes), done = 0;
    while (done < got) {
        ssize_t put = write(to, bytes + done, (size_t)(got - done));
        if (put <= 0)
            return false;
        done += put;
    }
    return got > 0;
}

int main(int argc, char **argv)
{
    int in[2], out[2];
    posix_spawn_file_actions_t actions;
    pid_t child;
    if (argc < 2 || pipe(in) != 0 || pipe(out) != 0)
        return 2;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addclose(&actions, in[1]);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    if (posix_spawnp(&child, argv[1], &actions, NULL, argv + 1, environ) != 0) {
        perror("relay");
        return 1;
    }
    close(in[0]);
    close(out[1]);
    struct pollfd ends[] = {{.fd = 0, .events = POLLIN}, {.fd = out[0], .events = POLLIN}};
    while (poll(ends, 2, -1) > 0) {
        if (ends[0].revents != 0 && !pass(0, in[1]))
            return 0;
        if (ends[1].revents != 0 && !pass(out[0], 1))
            return 0;
    }
    return 1;
}
