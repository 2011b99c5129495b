// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Requests of the control plane to addresses outside, whose URLs its users or others chose: sinks,
// identity providers, authorization servers. The only door to libcurl, on one thread of its own.
// Every address that is connected to is judged by the guard, after the name was resolved, for each
// redirect, and again when a connection is used anew. http and https only; no proxy, cookie, netrc
// or content encoding; TLS always verified.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "net/net.h"

struct fetch;

enum {
    FETCH_OPEN_MAX = 1024, // requests started and not done
    FETCH_URL_MAX = 8192,
    FETCH_HEADS_MAX = 64 * 1024,    // bytes of the heads of an answer, interim ones included
    FETCH_ANSWER_MAX = 1024 * 1024, // what answer_max 0 means
    FETCH_TIMEOUT_MS = 10 * 1000,   // what timeout_ms 0 means
    FETCH_TIMEOUT_MOST_MS = 10 * 60 * 1000,
    FETCH_REDIRECTS_MAX = 5,
};

struct fetch_options {
    const struct net_guard *guard; // borrowed; NULL: public addresses only
    const char *ca_file;           // PEM, in place of the system's authorities; NULL; copied
};
int fetch_open(const struct fetch_options *options, struct fetch **ret,
               struct error *error) MUST_CHECK;
// Ends what is under way with ERROR_CANCELLED, each `done` before this returns; what is started
// later is refused with the same. Never on fetch's own thread. Idempotent; NULL accepted.
void fetch_stop(struct fetch *fetch);
// Stops and frees; nobody may start anything any more. NULL accepted.
void fetch_close(struct fetch *fetch);

// Everything is copied at the start.
struct fetch_request {
    const char *method; // upper case; NULL: "GET"
    const char *url;    // absolute; without user name or password
    // "Name: value", ended by NULL; may be NULL. Host, lengths and connection are not for callers.
    const char *const *headers;
    struct slice body;
    size_t answer_max; // bytes of the body; more is ERROR_TOO_LARGE
    int timeout_ms;    // for everything together, redirects too
    // Follow redirects (GET and HEAD only; else, and with any other method, the 3xx is the
    // answer). Never from https to http; to another origin without the caller's headers, but
    // Accept.
    bool follow;
    // It carries a credential, or its answer will: over plain http it goes only to an allowed
    // loopback address. Implied by Authorization and Cookie.
    bool secret;
};

// Status, head and body of an answer, whatever the status; or `error`.
struct fetch_answer {
    int status;                // 0 when there is an error
    struct slice head;         // the final answer's header lines, for fetch_answer_header
    struct slice body;         // data is never NULL
    const struct error *error; // ERROR_DENIED (the guard, a redirect), ERROR_UNREACHABLE,
                               // ERROR_TIMEOUT, ERROR_TLS, ERROR_TOO_LARGE, ERROR_PROTOCOL,
                               // ERROR_CANCELLED, ERROR_NO_MEMORY; never quotes path or query
};
// The first header of this name, trimmed; data NULL when there is none.
struct slice fetch_answer_header(const struct fetch_answer *answer, const char *name);

// Any thread. `done` is called exactly once, on fetch's thread, unless this fails; it must not wait
// for anything, the answer is gone when it returns, and it may start the next. ERROR_RANGE: the
// request is no good (the sentence says what). ERROR_LIMIT: too many are open. ERROR_NO_MEMORY.
typedef void (*fetch_done_cb)(void *argument, const struct fetch_answer *answer);
int fetch_start(struct fetch *fetch, const struct fetch_request *request, fetch_done_cb done,
                void *argument, struct error *error) MUST_CHECK;
// Waits for the answer and copies it to `arena`. Not on an event loop, not on fetch's thread. 0, or
// the answer's error.
int fetch_wait(struct fetch *fetch, const struct fetch_request *request, struct arena *arena,
               struct fetch_answer *ret, struct error *error) MUST_CHECK;
