// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The n-th read, write, connect, accept, start of a child or question for a name goes wrong while a
// whole conversation passes through the gateway (and through the agent and the server in the same
// process). What is only a nuisance (interrupted, not now, one byte) changes nothing at all; after
// a real failure requests are answered or their connections closed in time, nothing forbidden
// happens, and the next conversation works.
//
// Arguments: a test, and one n.
#include "conversations.h"

#include "base/log.h"
#include "base/memory.h"
#include "lib/shards.h"
#include "unit/net/certificate.h"

#include <errno.h>
#include <netdb.h>
#include <spawn.h>

enum call { ACCEPT, CONNECT, LOOKUP, PIPE, READ, RECEIVE, SEND, SPAWN, WRITE, CALLS };
enum manner { ERROR, INTERRUPTED, NOT_NOW, ONE_BYTE };

static struct {
    enum call call;
    enum manner manner;
    size_t n; // 0: nothing fails
    size_t seen;
    int error;
} fault;

static size_t only;

static bool is_due(enum call call)
{
    return fault.n > 0 && call == fault.call && ++fault.seen == fault.n;
}

// The result of a call that goes wrong; `size` is cut when it goes through in part.
static bool spoil(enum call call, size_t *size)
{
    if (!is_due(call))
        return false;
    switch (fault.manner) {
    case ONE_BYTE: *size = *size > 0 ? 1 : 0; return false;
    case INTERRUPTED: errno = EINTR; return true;
    case NOT_NOW: errno = EAGAIN; return true;
    default: errno = fault.error; return true;
    }
}

// ---- In the places of the system's

ssize_t __real_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
    return spoil(RECEIVE, &size) ? -1 : __real_recv(fd, bytes, size, flags);
}

ssize_t __real_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
    return spoil(SEND, &size) ? -1 : __real_send(fd, bytes, size, flags);
}

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    size_t size = SIZE_MAX;
    if (spoil(SEND, &size))
        return -1;
    if (size == SIZE_MAX)
        return __real_sendmsg(fd, message, flags);
    return __real_send(fd, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len > 0 ? 1 : 0,
                       flags);
}

ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    return spoil(READ, &size) ? -1 : __real_read(fd, bytes, size);
}

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    return spoil(WRITE, &size) ? -1 : __real_write(fd, bytes, size);
}

int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    size_t none = 0;
    return spoil(CONNECT, &none) ? -1 : __real_connect(fd, address, length);
}

int __real_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    size_t none = 0;
    return spoil(ACCEPT, &none) ? -1 : __real_accept4(fd, address, length, flags);
}

int __real_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags)
{
    size_t none = 0;
    return spoil(PIPE, &none) ? -1 : __real_pipe2(ends, flags);
}

int __real_posix_spawn(pid_t *id, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[],
                       char *const environment[]);
int __wrap_posix_spawn(pid_t *id, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[],
                       char *const environment[]);
int __wrap_posix_spawn(pid_t *id, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[],
                       char *const environment[])
{
    if (is_due(SPAWN))
        return fault.error; // it says so by its result
    return __real_posix_spawn(id, path, actions, attributes, arguments, environment);
}

int __real_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret);
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret);
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret)
{
    if (is_due(LOOKUP))
        return fault.error;
    return __real_getaddrinfo(name, service, hints, ret);
}

// ---- One fault at a time

struct trial {
    struct conversation conversation;
    enum call call;
    enum manner manner;
    int error;
    size_t least; // so many calls of the kind there must be
};

static bool is_nuisance(enum manner manner)
{
    return manner == INTERRUPTED || manner == NOT_NOW || manner == ONE_BYTE;
}

// What a whole and undisturbed conversation leaves behind.
static void it_all_happened(struct gateway_world *world, const struct conversation *conversation)
{
    bool http =
        strcmp(conversation->server, "fake") == 0 || strcmp(conversation->server, "old") == 0;
    if (conversation->run != converse_legacy)
        return;
    if (http)
        assert_int_equal(fake_count(&world->fake, "tools/call add"), 2);
    else
        assert_int_equal(gateway_world_told(world, "\"tools/call\" \"add\""), 2);
}

static bool try_one(const void *argument, size_t n)
{
    const struct trial *trial = argument;
    const struct conversation *conversation = &trial->conversation;
    // An answer of a client that is lost for good leaves its call waiting, no longer than this.
    const struct world_options options = {.host = trial->call == LOOKUP ? "localhost" : NULL,
                                          .tls = conversation->tls,
                                          .answer_timeout_ms = conversation->again ? 500 : 0};
    struct gateway_world *world = gateway_world_open(&options);
    fault.call = trial->call;
    fault.manner = trial->manner;
    fault.error = trial->error;
    fault.seen = 0;
    fault.n = n;
    bool good = conversation->run(world, conversation->server);
    bool reached = fault.seen >= n;
    fault.n = 0;
    nothing_forbidden_happened(world);
    if (is_nuisance(trial->manner)) {
        assert_true(good);
        it_all_happened(world, conversation);
    }
    works_again(world, conversation, true);
    nothing_forbidden_happened(world);
    gateway_world_close(world);
    return reached;
}

static void try_all(const struct trial *trial)
{
    if (only > 0) {
        try_one(trial, only);
        return;
    }
    size_t count = shards_try(try_one, trial);
    print_message("each of %zu calls\n", count);
    assert_true(count >= trial->least);
}

static int say_where(void **state)
{
    (void)state;
    if (fault.n > 0)
        print_error("when call %zu went wrong\n", fault.n);
    fault.n = 0;
    shards_end_failed();
    return 0;
}

#define DEFINE_TRIAL(name, ...)                                                                    \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        try_all(&(const struct trial){__VA_ARGS__});                                               \
    }

static const struct conversation over_http[] = {{"fake", converse_legacy, false, NULL},
                                                {"fake", converse_modern, false, NULL},
                                                {"fake", converse_batch, false, NULL}};
static const struct conversation over_sse[] = {{"old", converse_legacy, false, NULL},
                                               {"old", converse_modern, false, NULL}};
static const struct conversation with_child[] = {{"child", converse_legacy, false, NULL},
                                                 {"shared", converse_legacy, false, NULL}};

static struct certificates certificates;
static const struct conversation over_tls[] = {{"fake", converse_legacy, false, &certificates},
                                               {"new", converse_modern, false, &certificates}};
static const struct conversation asked[] = {{"new", converse_asked_legacy, true, NULL},
                                            {"fake", converse_asked_modern, true, NULL},
                                            {"child", converse_asked_modern, true, NULL}};
static const struct conversation watching[] = {{"new", converse_watch_legacy, true, NULL},
                                               {"fake", converse_watch_modern, true, NULL}};
static const struct conversation lines[] = {{"child", converse_run, true, NULL},
                                            {"fake", converse_run, true, NULL},
                                            {"far", converse_connect, true, NULL}};

// clang-format off
#define TRIALS(TRIAL) \
    TRIAL(receive_fails, over_http[0], RECEIVE, ERROR, ECONNRESET, 20) \
    TRIAL(receive_fails_modern, over_http[1], RECEIVE, ERROR, ECONNRESET, 20) \
    TRIAL(receive_fails_batch, over_http[2], RECEIVE, ERROR, ECONNRESET, 10) \
    TRIAL(receive_is_interrupted, over_http[0], RECEIVE, INTERRUPTED, 0, 20) \
    TRIAL(receive_has_to_wait, over_http[0], RECEIVE, NOT_NOW, 0, 20) \
    TRIAL(receive_gets_one_byte, over_http[0], RECEIVE, ONE_BYTE, 0, 20) \
    TRIAL(send_fails, over_http[0], SEND, ERROR, EPIPE, 20) \
    TRIAL(send_fails_modern, over_http[1], SEND, ERROR, ECONNRESET, 20) \
    TRIAL(send_is_interrupted, over_http[0], SEND, INTERRUPTED, 0, 20) \
    TRIAL(send_has_to_wait, over_http[0], SEND, NOT_NOW, 0, 20) \
    TRIAL(send_takes_one_byte, over_http[0], SEND, ONE_BYTE, 0, 20) \
    TRIAL(receive_fails_sse, over_sse[0], RECEIVE, ERROR, ECONNRESET, 20) \
    TRIAL(receive_gets_one_byte_sse, over_sse[0], RECEIVE, ONE_BYTE, 0, 20) \
    TRIAL(receive_has_to_wait_sse, over_sse[0], RECEIVE, NOT_NOW, 0, 20) \
    TRIAL(send_fails_sse, over_sse[0], SEND, ERROR, EPIPE, 20) \
    TRIAL(send_fails_sse_modern, over_sse[1], SEND, ERROR, EPIPE, 20) \
    TRIAL(send_takes_one_byte_sse, over_sse[0], SEND, ONE_BYTE, 0, 20) \
    TRIAL(connect_fails_sse, over_sse[0], CONNECT, ERROR, ENETUNREACH, 2) \
    TRIAL(connect_fails, over_http[0], CONNECT, ERROR, ENETUNREACH, 2) \
    TRIAL(accept_fails, over_http[0], ACCEPT, ERROR, EMFILE, 2) \
    TRIAL(accept_is_interrupted, over_http[0], ACCEPT, INTERRUPTED, 0, 2) \
    TRIAL(name_is_refused, over_http[0], LOOKUP, ERROR, EAI_FAIL, 1) \
    TRIAL(name_has_no_answer, over_http[0], LOOKUP, ERROR, EAI_AGAIN, 1) \
    TRIAL(read_fails, with_child[0], READ, ERROR, EIO, 5) \
    TRIAL(read_fails_shared, with_child[1], READ, ERROR, EIO, 5) \
    TRIAL(read_is_interrupted, with_child[0], READ, INTERRUPTED, 0, 5) \
    TRIAL(read_has_to_wait, with_child[0], READ, NOT_NOW, 0, 5) \
    TRIAL(read_gets_one_byte, with_child[0], READ, ONE_BYTE, 0, 5) \
    TRIAL(write_fails, with_child[0], WRITE, ERROR, EPIPE, 5) \
    TRIAL(write_fails_shared, with_child[1], WRITE, ERROR, EPIPE, 5) \
    TRIAL(write_is_interrupted, with_child[0], WRITE, INTERRUPTED, 0, 5) \
    TRIAL(write_has_to_wait, with_child[0], WRITE, NOT_NOW, 0, 5) \
    TRIAL(write_takes_one_byte, with_child[0], WRITE, ONE_BYTE, 0, 5) \
    TRIAL(no_pipe, with_child[0], PIPE, ERROR, ENFILE, 3) \
    TRIAL(no_child, with_child[0], SPAWN, ERROR, EAGAIN, 1) \
    TRIAL(no_shared_child, with_child[1], SPAWN, ERROR, ENOMEM, 1) \
    TRIAL(receive_fails_tls, over_tls[0], RECEIVE, ERROR, ECONNRESET, 20) \
    TRIAL(receive_is_interrupted_tls, over_tls[0], RECEIVE, INTERRUPTED, 0, 20) \
    TRIAL(receive_has_to_wait_tls, over_tls[0], RECEIVE, NOT_NOW, 0, 20) \
    TRIAL(receive_gets_one_byte_tls, over_tls[0], RECEIVE, ONE_BYTE, 0, 20) \
    TRIAL(send_fails_tls, over_tls[0], SEND, ERROR, EPIPE, 20) \
    TRIAL(send_fails_tls_modern, over_tls[1], SEND, ERROR, ECONNRESET, 20) \
    TRIAL(send_has_to_wait_tls, over_tls[0], SEND, NOT_NOW, 0, 20) \
    TRIAL(send_takes_one_byte_tls, over_tls[0], SEND, ONE_BYTE, 0, 20) \
    TRIAL(connect_fails_tls, over_tls[0], CONNECT, ERROR, ENETUNREACH, 2) \
    TRIAL(receive_fails_before_modern, asked[0], RECEIVE, ERROR, ECONNRESET, 10) \
    TRIAL(receive_gets_one_byte_before_modern, asked[0], RECEIVE, ONE_BYTE, 0, 10) \
    TRIAL(send_fails_before_modern, asked[0], SEND, ERROR, EPIPE, 10) \
    TRIAL(connect_fails_before_modern, asked[0], CONNECT, ERROR, ENETUNREACH, 2) \
    TRIAL(receive_fails_before_legacy, asked[1], RECEIVE, ERROR, ECONNRESET, 10) \
    TRIAL(receive_gets_one_byte_before_legacy, asked[1], RECEIVE, ONE_BYTE, 0, 10) \
    TRIAL(send_fails_before_legacy, asked[1], SEND, ERROR, EPIPE, 10) \
    TRIAL(connect_fails_before_legacy, asked[1], CONNECT, ERROR, ENETUNREACH, 2) \
    TRIAL(read_fails_before_legacy, asked[2], READ, ERROR, EIO, 5) \
    TRIAL(write_fails_before_legacy, asked[2], WRITE, ERROR, EPIPE, 5) \
    TRIAL(no_child_before_legacy, asked[2], SPAWN, ERROR, EAGAIN, 1) \
    TRIAL(receive_fails_watching_modern, watching[0], RECEIVE, ERROR, ECONNRESET, 10) \
    TRIAL(receive_gets_one_byte_watching_modern, watching[0], RECEIVE, ONE_BYTE, 0, 10) \
    TRIAL(send_fails_watching_modern, watching[0], SEND, ERROR, EPIPE, 10) \
    TRIAL(receive_fails_watching_legacy, watching[1], RECEIVE, ERROR, ECONNRESET, 10) \
    TRIAL(receive_gets_one_byte_watching_legacy, watching[1], RECEIVE, ONE_BYTE, 0, 10) \
    TRIAL(send_fails_watching_legacy, watching[1], SEND, ERROR, EPIPE, 10) \
    TRIAL(read_fails_run, lines[0], READ, ERROR, EIO, 10) \
    TRIAL(read_is_interrupted_run, lines[0], READ, INTERRUPTED, 0, 10) \
    TRIAL(read_has_to_wait_run, lines[0], READ, NOT_NOW, 0, 10) \
    TRIAL(read_gets_one_byte_run, lines[0], READ, ONE_BYTE, 0, 10) \
    TRIAL(write_fails_run, lines[0], WRITE, ERROR, EPIPE, 10) \
    TRIAL(write_has_to_wait_run, lines[0], WRITE, NOT_NOW, 0, 10) \
    TRIAL(write_takes_one_byte_run, lines[0], WRITE, ONE_BYTE, 0, 10) \
    TRIAL(no_child_run, lines[0], SPAWN, ERROR, EAGAIN, 1) \
    TRIAL(receive_fails_run, lines[1], RECEIVE, ERROR, ECONNRESET, 10) \
    TRIAL(send_fails_run, lines[1], SEND, ERROR, EPIPE, 10) \
    TRIAL(receive_gets_one_byte_run, lines[1], RECEIVE, ONE_BYTE, 0, 10) \
    TRIAL(connect_fails_run, lines[1], CONNECT, ERROR, ENETUNREACH, 2) \
    TRIAL(receive_fails_connect, lines[2], RECEIVE, ERROR, ECONNRESET, 10) \
    TRIAL(send_fails_connect, lines[2], SEND, ERROR, EPIPE, 10) \
    TRIAL(write_fails_connect, lines[2], WRITE, ERROR, EPIPE, 5)
// clang-format on

TRIALS(DEFINE_TRIAL)

static int make_certificates(void **state)
{
    (void)state;
    certificates_make(&certificates);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    certificates_remove(&certificates);
    return 0;
}

int main(int argc, char **argv)
{
#define TEST_OF_TRIAL(name, ...) cmocka_unit_test_teardown(name, say_where),
    const struct CMUnitTest tests[] = {TRIALS(TEST_OF_TRIAL)};
    log_configure((enum log_level)(LOG_ERROR + 1), LOG_TEXT);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    if (argc > 2)
        only = strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
