// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A program that a scan started may put a helper into a session of its own, which outlives the
// process group that is killed with the program. On Linux such orphans can be made to come to us.
#include "scan/scan_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { ROUNDS = 200 }; // an orphan's own children come to us when it dies

void scan_adopt_leftovers(void)
{
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); // refused: then they are left to the system
#endif
}

#ifdef __linux__
// Kills those that the kernel lists as children of the main thread; false when there are none.
static bool kill_children(void)
{
    char path[64], list[4096];
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    size_t length = fread(list, 1, sizeof list - 1, file);
    fclose(file);
    list[length] = '\0';
    bool some = false;
    for (char *at = list, *end; *at != '\0'; at = end) {
        long id = strtol(at, &end, 10);
        if (end == at)
            break;
        // A number that the read cut off ends at the text's end.
        if (id > 1 && *end == ' ')
            some = kill((pid_t)id, SIGKILL) == 0 || some;
    }
    return some;
}
#endif

void scan_end_leftovers(void)
{
#ifdef __linux__
    for (int round = 0; round < ROUNDS && kill_children(); round++)
        while (waitpid(-1, NULL, 0) < 0 && errno == EINTR)
            continue;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
#endif
}
