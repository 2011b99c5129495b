// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into a gateway (held.test.mjs): the process is killed at the moment at which it would
// give a certain call to the kernel, so that nothing of it leaves.
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void look(const void *bytes, size_t length)
{
    static const char method[] = "tools/call", marked[] = "die before this is sent";
    if (memmem(bytes, length, method, sizeof method - 1) != NULL &&
        memmem(bytes, length, marked, sizeof marked - 1) != NULL)
        kill(getpid(), SIGKILL);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    look(bytes, length);
    return syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    for (size_t i = 0; i < message->msg_iovlen; i++)
        look(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    return syscall(SYS_sendmsg, fd, message, flags);
}
