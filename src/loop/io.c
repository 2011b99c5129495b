// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Readiness of descriptors over uv_poll_t. A change of the wanted set costs libuv two system calls,
// so an unchanged set is never passed on.
#include "loop/loop_internal.h"

struct loop_io {
    uv_poll_t poll;
    loop_io_cb ready;
    void *argument;
    int wanted;
    bool closed;
};

static void poll_cb(uv_poll_t *handle, int status, int events)
{
    struct loop_io *io = handle->data;
    int seen = 0;
    if (status < 0) {
        // libuv has stopped the handle: an error is pending on the descriptor. Whoever reads or
        // writes now learns which.
        io->wanted = 0;
        seen = LOOP_READ | LOOP_WRITE | LOOP_HANGUP;
    } else {
        seen = ((events & UV_READABLE) ? LOOP_READ : 0) |
               ((events & UV_WRITABLE) ? LOOP_WRITE : 0) |
               ((events & UV_DISCONNECT) ? LOOP_HANGUP : 0);
    }
    if (!io->closed && seen != 0)
        io->ready(io->argument, seen);
}

struct loop_io *loop_io_open(struct loop *l, int fd, loop_io_cb ready, void *argument)
{
    struct loop_io *io = memory_try_new(sizeof *io);
    if (io == NULL)
        return NULL;
    if (uv_poll_init(&l->uv, &io->poll, fd) != 0) {
        memory_free(io);
        return NULL;
    }
    io->poll.data = io;
    io->ready = ready;
    io->argument = argument;
    return io;
}

int loop_io_want(struct loop_io *io, int events)
{
    if (events == io->wanted)
        return 0;
    int uv_events = ((events & LOOP_READ) ? UV_READABLE : 0) |
                    ((events & LOOP_WRITE) ? UV_WRITABLE : 0) |
                    ((events & LOOP_HANGUP) ? UV_DISCONNECT : 0);
    int result =
        events == 0 ? uv_poll_stop(&io->poll) : uv_poll_start(&io->poll, uv_events, poll_cb);
    if (result != 0)
        return ERROR_IO;
    io->wanted = events;
    return 0;
}

static void closed_cb(uv_handle_t *handle)
{
    memory_free(handle->data);
}

void loop_io_close(struct loop_io *io)
{
    if (io == NULL || io->closed)
        return;
    io->closed = true;
    uv_close((uv_handle_t *)&io->poll, closed_cb);
}
