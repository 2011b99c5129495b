// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

int thread_start(pthread_t *ret_thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(ret_thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? 0 : ERROR_NO_MEMORY;
}

void thread_stand_back(void)
{
#ifdef __linux__
    enum { LEAST = 19 };
    // 0 is the calling thread there (setpriority(2), "C library/kernel differences").
    int ignored = setpriority(PRIO_PROCESS, 0, LEAST);
    (void)ignored;
#endif
}

static bool prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

int waker_open(struct waker *waker)
{
    int fds[2];
    if (pipe(fds) != 0)
        return ERROR_IO;
    *waker = (struct waker){fds[0], fds[1]};
    if (prepare(fds[0]) && prepare(fds[1]))
        return 0;
    waker_close(waker);
    return ERROR_IO;
}

void waker_close(struct waker *waker)
{
    close(waker->read_fd);
    close(waker->write_fd);
    *waker = (struct waker){-1, -1};
}

void waker_wake(const struct waker *waker)
{
    // A full pipe means that a wake is pending already.
    ssize_t ignored = write(waker->write_fd, "", 1);
    (void)ignored;
}

bool waker_wait(const struct waker *waker, int timeout_ms)
{
    struct pollfd wanted = {.fd = waker->read_fd, .events = POLLIN};
    if (poll(&wanted, 1, timeout_ms) <= 0)
        return false;
    char bytes[64];
    while (read(waker->read_fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        continue;
    return true;
}
