// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The doctor's look at the network: blocking, short, and without saying a word to the other side.
#include "cli/cli_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct cli_probe failed(int code, const char *text)
{
    struct cli_probe probe = {.code = code};
    snprintf(probe.text, sizeof probe.text, "%s", text);
    return probe;
}

static int resolve(struct slice host, uint16_t port, int flags, struct addrinfo **ret)
{
    char name[256], service[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    if (host.length >= sizeof name)
        return EAI_NONAME;
    memcpy(name, host.data, host.length);
    name[host.length] = '\0';
    snprintf(service, sizeof service, "%u", (unsigned int)port);
    return getaddrinfo(name, service, &hints, ret);
}

struct cli_probe cli_probe_listen(const char *address)
{
    struct slice host;
    uint16_t port = 0;
    struct addrinfo *found = NULL;
    if (!config_split_address(slice_from_string(address), &host, &port))
        return failed(EINVAL, "not an address and a port");
    if (slice_equal_string(host, "*"))
        host = SLICE_LITERAL("::");
    int result = resolve(host, port, AI_PASSIVE, &found);
    if (result != 0)
        return failed(EINVAL, gai_strerror(result));
    int on = 1, code = 0;
    int file = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0 || setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(file, found->ai_addr, found->ai_addrlen) != 0 || listen(file, 1) != 0)
        code = errno;
    if (file >= 0)
        close(file);
    freeaddrinfo(found);
    return failed(code, code == 0 ? "" : strerror(code));
}

// Waits for a connection under way; 0 or an errno.
static int wait_connected(int file, int timeout_ms)
{
    struct pollfd ready = {.fd = file, .events = POLLOUT};
    int code = 0;
    socklen_t size = sizeof code;
    int count = poll(&ready, 1, timeout_ms);
    if (count < 0)
        return errno;
    if (count == 0)
        return ETIMEDOUT;
    return getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

static int connect_one(const struct addrinfo *address, int timeout_ms)
{
    int file = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return errno;
    int code = fcntl(file, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
    if (code == 0 && connect(file, address->ai_addr, address->ai_addrlen) != 0)
        code = errno == EINPROGRESS ? wait_connected(file, timeout_ms) : errno;
    close(file);
    return code;
}

struct cli_probe cli_probe_connect(struct slice host, uint16_t port, int timeout_ms)
{
    struct addrinfo *found = NULL;
    int result = resolve(host, port, 0, &found), code = ENOENT;
    if (result != 0)
        return failed(ENOENT, gai_strerror(result));
    for (const struct addrinfo *one = found; one != NULL && code != 0; one = one->ai_next)
        code = connect_one(one, timeout_ms);
    freeaddrinfo(found);
    return failed(code, code == 0 ? "" : strerror(code));
}
