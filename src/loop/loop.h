// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The only door to libuv: readiness of file descriptors, timers, signals, wake-ups from other
// threads, name resolution, file watching, child processes. One loop per worker thread; every
// function but loop_wake_send belongs to the loop's thread. Objects are owned by the caller through
// the pointer returned; closing is asynchronous inside, but after *_close returns no callback
// comes.
#pragma once

#include "base/error.h"
#include "base/slice.h"

#include <sys/socket.h>
#include <sys/types.h>

struct loop;
struct loop_io;
struct loop_timer;
struct loop_signal;
struct loop_wake;
struct loop_watch;
struct loop_lookup;
struct loop_process;

struct loop *loop_new(void);    // NULL: no memory or descriptors
void loop_free(struct loop *l); // NULL accepted; runs pending closes
void loop_run(struct loop *l);  // until loop_stop
void loop_stop(struct loop *l);
// Microseconds of the monotonic clock, and milliseconds of the wall clock, read once per turn.
uint64_t loop_now_us(struct loop *l);
int64_t loop_wall_ms(struct loop *l);
// One block of LOOP_SCRATCH_SIZE bytes per loop for reading into: whoever needs the bytes after
// returning to the loop copies them.
enum { LOOP_SCRATCH_SIZE = 65536 };
char *loop_scratch(struct loop *l);
// Runs `run` at the end of this turn, once (freeing what events may still touch).
void loop_defer(struct loop *l, void (*run)(void *argument), void *argument);

// ---- Readiness (level-triggered). The descriptor stays the caller's and must be non-blocking;
// close it only after loop_io_close.
enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };
typedef void (*loop_io_cb)(void *argument, int events);
struct loop_io *loop_io_open(struct loop *l, int fd, loop_io_cb ready, void *argument);
// Which events to wait for; 0 pauses. Cheap when nothing changes. 0 or ERROR_IO.
int loop_io_want(struct loop_io *io, int events);
void loop_io_close(struct loop_io *io);

// ---- Timers
typedef void (*loop_timer_cb)(void *argument);
struct loop_timer *loop_timer_open(struct loop *l, loop_timer_cb fire, void *argument);
void loop_timer_start(struct loop_timer *t, uint64_t after_ms, uint64_t repeat_ms);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_close(struct loop_timer *t);

// ---- Signals
typedef void (*loop_signal_cb)(void *argument, int number);
struct loop_signal *loop_signal_open(struct loop *l, int number, loop_signal_cb got,
                                     void *argument);
void loop_signal_close(struct loop_signal *s);

// ---- Wake-ups from other threads
struct loop_wake *loop_wake_open(struct loop *l, loop_timer_cb woken, void *argument);
void loop_wake_send(struct loop_wake *w); // any thread
void loop_wake_close(struct loop_wake *w);

// ---- Watching a file for change: in place, by rename over it, by an editor's save. Watches the
// folder, so the file may vanish and come back; calls are merged (100 ms).
struct loop_watch *loop_watch_open(struct loop *l, const char *path, loop_timer_cb changed,
                                   void *argument);
void loop_watch_close(struct loop_watch *w);

// ---- Names to addresses, off the loop. At most 8 addresses; error is 0, ERROR_UNREACHABLE, or
// ERROR_TIMEOUT after `limit_ms`. A name that the system does not answer holds up no other, and not
// the end of the loop; literal addresses are not asked for.
struct loop_address {
    struct sockaddr_storage storage;
    socklen_t length;
};
typedef void (*loop_lookup_cb)(void *argument, int error, const struct loop_address *addresses,
                               size_t count);
struct loop_lookup *loop_lookup_start(struct loop *l, const char *host, uint16_t port,
                                      uint64_t limit_ms, loop_lookup_cb done, void *argument);
// No callback comes any more; NULL accepted. Not inside or after the callback.
void loop_lookup_cancel(struct loop_lookup *lookup);

// ---- Child processes: posix_spawn (never fork, never a shell) with pipes, each in a process group
// of its own. Exits are noticed through SIGCHLD; the library reaps only what it spawned. When the
// child has ended, what is left of its group is killed: helpers of a dead server would hold its
// pipes.
struct loop_process_options {
    const char *const *command;     // NULL-terminated; [0] is looked up in `search_path`
    const char *const *environment; // NULL-terminated "NAME=value"; exactly this, nothing more
    const char *search_path;        // a PATH value, NULL for the gateway's own
    const struct loop_process_limits *limits; // NULL: none
};
// Set right after the start, for the child and all that it starts from then on; 0: not limited.
// It writes no core files either. Only where the system can limit another process (Linux).
struct loop_process_limits {
    uint64_t memory;     // bytes that it may write to: heap, stacks, private mappings
    uint64_t cpu_s;      // seconds of one processor
    uint64_t file_bytes; // of the largest file that it writes
    uint64_t files;      // open at the same time
};
// `status` as of waitpid.
typedef void (*loop_exit_cb)(void *argument, int status);
// On success the caller owns the three non-blocking, close-on-exec descriptors.
// ERROR_NOT_FOUND (no such program), ERROR_DENIED, ERROR_IO, with a sentence in `error`.
int loop_process_spawn(struct loop *l, const struct loop_process_options *options,
                       loop_exit_cb exited, void *argument, struct loop_process **ret,
                       int *ret_stdin, int *ret_stdout, int *ret_stderr,
                       struct error *error) MUST_CHECK;
pid_t loop_process_id(const struct loop_process *p);
// To the whole process group. Does nothing after the exit was reported.
void loop_process_signal(struct loop_process *p, int number);
// No more callback; a child still alive is killed (its group, SIGKILL) and reaped in the
// background.
void loop_process_close(struct loop_process *p);
