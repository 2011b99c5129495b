// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Requests of the control plane to addresses outside, whose URLs its users or others chose: sinks,
// identity providers, authorization servers, webhooks; and mail. The only door to libcurl, on one
// thread of its own.
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
// Begins what fetch_stop waits for, so that several can end at the same time. Any thread.
void fetch_halt(struct fetch *fetch);
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

// ---- Webhooks, signed as Standard Webhooks 1.0.0 has it: HMAC-SHA256 over id, time and body.
// Pure.
enum {
    FETCH_WEBHOOK_KEYS_MAX = 2, // a second while they are changed
    FETCH_WEBHOOK_KEY_LEAST = 24,
    FETCH_WEBHOOK_KEY_MOST = 64,
    FETCH_WEBHOOK_SIGNATURES = 160,
};
// Reads "whsec_" with base64 of 24 to 64 bytes behind it.
bool fetch_webhook_key_parse(struct slice text, unsigned char ret[FETCH_WEBHOOK_KEY_MOST],
                             size_t *ret_size);
struct fetch_webhook {
    const char *id; // "msg_...", at most 80 bytes; the same each time that the same is sent
    int64_t now_s;
    struct slice body;
    struct slice keys[FETCH_WEBHOOK_KEYS_MAX]; // their bytes; empty: none
};
struct fetch_webhook_headers { // "Name: value"
    char id[100], time[64], signatures[FETCH_WEBHOOK_SIGNATURES];
};
// ERROR_NO_MEMORY.
int fetch_webhook_sign(const struct fetch_webhook *webhook,
                       struct fetch_webhook_headers *ret) MUST_CHECK;
// What a Retry-After header asks for: seconds, or a date (RFC 9110). 0: nothing that is understood.
uint64_t fetch_retry_after_ms(struct slice value, int64_t now_ms);

// ---- Mail, by SMTP (RFC 5321). The server is one that the operator chose: the guard is not asked.
enum fetch_mail_security {
    FETCH_MAIL_STARTTLS, // or not at all
    FETCH_MAIL_TLS,      // from the first byte
    FETCH_MAIL_PLAIN,    // only to a loopback address, unless `anywhere`
};
enum {
    FETCH_MAIL_ADDRESS_MAX = 254,
    FETCH_MAIL_ADDRESSES_MAX = 32,
    FETCH_MAIL_LINE_MAX = 998,
    FETCH_MAIL_MESSAGE_MAX = 1024 * 1024,
};
// Copied at the start.
struct fetch_mail {
    const char *host; // a name or an address, IPv6 without brackets
    uint16_t port;
    enum fetch_mail_security security;
    bool anywhere;         // without TLS to any address; never with a password
    const char *user;      // NULL: it does not log in
    const char *password;  // by AUTH PLAIN or LOGIN
    const char *from;      // addresses as fetch_mail_address_is_good has them
    const char *const *to; // ended by NULL
    struct slice message;  // head and body, lines ended by CRLF
    int timeout_ms;        // for everything together
};
// An address of printable ASCII that needs no quotes: "a.b+c@example.com".
bool fetch_mail_address_is_good(struct slice address);
// As fetch_start. An answer's status is the server's last reply code: 250 when it has taken the
// message for one recipient at least; its head has the lines of all replies. ERROR_RANGE: nothing
// of it may be sent, a header that is none included. ERROR_DENIED: the server has no TLS.
// While a server thinks about a whole message, for 20 s at most, libcurl waits on the thread, but
// not beyond fetch_stop: mails that must not wait for one another go by different fetches.
int fetch_mail_start(struct fetch *fetch, const struct fetch_mail *mail, fetch_done_cb done,
                     void *argument, struct error *error) MUST_CHECK;
// As fetch_wait.
int fetch_mail_wait(struct fetch *fetch, const struct fetch_mail *mail, struct arena *arena,
                    struct fetch_answer *ret, struct error *error) MUST_CHECK;
