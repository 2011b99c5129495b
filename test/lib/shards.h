// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Many trials that are apart from each other and mostly wait, in several processes at the same
// time. Each ends by itself, so the sanitizer looks for leaks in each.
#pragma once

#include "lib/unit.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHARDS = 8 };

// To be called from the test's teardown: in a process of its own a failed trial ends all of it.
static inline bool *shards_inside(void)
{
    static bool inside;
    return &inside;
}

static inline void shards_end_failed(void)
{
    if (*shards_inside())
        exit(EXIT_FAILURE);
}

// Tries number 1, 2, ... until one answers false, which then is not counted. How many there were.
static inline size_t shards_try(bool (*try_one)(const void *argument, size_t number),
                                const void *argument)
{
    atomic_size_t *tried =
        mmap(NULL, sizeof *tried, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t processes[SHARDS];
    bool good = true;
    assert_ptr_not_equal(tried, MAP_FAILED);
    atomic_init(tried, 0);
    fflush(NULL);
    for (size_t i = 0; i < SHARDS; i++) {
        processes[i] = fork();
        assert_true(processes[i] >= 0);
        if (processes[i] > 0)
            continue;
        *shards_inside() = true;
        for (size_t number = i + 1; try_one(argument, number); number += SHARDS)
            atomic_fetch_add(tried, 1);
        munmap(tried, sizeof *tried);
        exit(EXIT_SUCCESS);
    }
    for (size_t i = 0; i < SHARDS; i++) {
        int status;
        good = waitpid(processes[i], &status, 0) == processes[i] && status == 0 && good;
    }
    size_t count = atomic_load(tried);
    munmap(tried, sizeof *tried);
    assert_true(good);
    return count;
}
