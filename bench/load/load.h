// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The load generator. One thread. A virtual user is one connection with one MCP session; it calls
// one thing after the other with ids that are never used twice, and looks at every answer. Either
// every user calls again at once (closed loop), or calls are due at a fixed rate and take whatever
// user is free; then latency counts from the moment a call was due, so that a stalled server is
// charged for the calls that it kept waiting too.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

// ---- histogram.c: nanoseconds, within 0.8 %
enum { HISTOGRAM_SIZE = 64 * 128 };
struct histogram {
    uint64_t counts[HISTOGRAM_SIZE];
    uint64_t total, sum, max;
};
void histogram_add(struct histogram *h, uint64_t ns);
double histogram_percentile_us(const struct histogram *h, double percent);

// ---- transport.c: a non-blocking connection, plain or TLS
struct transport {
    int fd;
    SSL *ssl;
};
// NULL on failure, after a complaint. `ca` is the only authority trusted.
SSL_CTX *transport_tls(const char *ca);
bool transport_open(struct transport *t, uint16_t port, SSL_CTX *tls);
void transport_close(struct transport *t);
// More than 0: bytes; 0: nothing now; -1: the end, proper or not.
ssize_t transport_read(struct transport *t, void *bytes, size_t size);
ssize_t transport_write(struct transport *t, const void *bytes, size_t size);

// ---- response.c: one HTTP response after the other
struct response {
    char *bytes; // head, then the body, chunks joined
    size_t capacity, length;
    size_t head;   // length of the head; 0: not whole yet
    size_t parsed; // chunked: bytes looked at
    size_t body;   // bytes of body so far
    size_t wanted; // Content-Length, or what is left of a chunk
    int status;
    bool chunked, in_chunk, event_stream;
    char session[128];
};
enum response_result { RESPONSE_MORE, RESPONSE_WHOLE, RESPONSE_BROKEN };
// Where at least one byte can be read to; NULL when there is no memory.
char *response_room(struct response *r, size_t *ret_size);
enum response_result response_take(struct response *r, size_t got);
void response_clear(struct response *r); // for the next one
void response_shrink(struct response *r);

// ---- message.c: requests and what their answers must look like
enum kind { KIND_CALL, KIND_DENY, KIND_LIST, KIND_LARGE, KIND_STREAM, KIND_PING, KIND_COUNT };
enum { ID_DIGITS = 10, REQUEST_SIZE = 2048 };
struct message_options {
    enum kind kind;
    bool modern;
    const char *path;   // of the URL
    const char *token;  // NULL: none
    const char *hidden; // tools beginning so must not be in a list; NULL: none
    bool any_type;      // JSON where a stream is expected and the other way round is fine
};
struct request {
    char bytes[REQUEST_SIZE];
    size_t length;
    size_t places[2]; // of the id's digits
    size_t place_count;
};
bool message_kind(const char *name, enum kind *ret);
void message_init(void);
// A call, or one of a session's begin: `session` empty for none.
void message_call(const struct message_options *o, const char *session, struct request *ret);
void message_initialize(const struct message_options *o, struct request *ret);
void message_initialized(const struct message_options *o, const char *session, struct request *ret);
void message_listen(const struct message_options *o, const char *session, struct request *ret);
// The same as one line of a pipe, with a line's end.
void message_line(enum kind kind, struct request *ret);
void message_initialize_line(struct request *ret);
void message_initialized_line(struct request *ret);
void message_set_id(struct request *request, uint64_t id);
// Is this body the answer to the call with this id? NULL: yes; else what is wrong.
const char *message_check(const struct message_options *o, const char *body, size_t length,
                          bool event_stream, uint64_t id);

// ---- process.c: what a process costs, from /proc
enum { WATCHED_MAX = 8 };
// CPU time of all threads in nanoseconds; 0 when the process is gone.
uint64_t process_cpu_ns(pid_t pid);
uint64_t process_now_ns(void);

// ---- user.c
enum user_state {
    USER_CONNECT,
    USER_INITIALIZE,
    USER_INITIALIZED,
    USER_IDLE,
    USER_BUSY,
    USER_LISTEN
};
struct load;
struct user {
    struct load *load;
    struct transport transport;
    enum user_state state;
    struct request *request; // the call, made once
    struct request *opening; // NULL after the session's begin
    const struct request *sending;
    size_t sent;
    bool wants_write;
    uint64_t id;
    uint64_t since_ns; // when the call was due
    struct response response;
    struct user *next; // among the free ones
};

struct load {
    // what was asked for
    struct message_options message;
    uint16_t port;
    SSL_CTX *tls; // NULL: plain
    size_t user_count;
    double seconds, warmup;
    double rate;       // 0: closed loop
    size_t call_count; // 0: a time instead
    bool hold, listen;
    pid_t watched[WATCHED_MAX];
    size_t watched_count;
    // running
    int epoll;
    struct user *users;
    struct user *free_users, *last_free; // who has waited longest is first
    size_t connecting, ready, busy;
    uint64_t next_id;
    bool calling; // a free user calls again at once
    uint64_t from_ns, until_ns;
    struct histogram latency;
    uint64_t calls, bytes, wrong;
    const char *complaint; // the first
    bool failed;
};
bool user_open(struct user *u, struct load *load);
void user_ready(struct user *u, uint32_t events);
void user_call(struct user *u, uint64_t due_ns);
void user_close(struct user *u);
void load_complain(struct load *load, const char *text);
