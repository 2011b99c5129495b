// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// fetch.c owns the thread and the queue, transfer.c one request, url.c what URLs and headers may
// look like, answer.c what callers see.
#pragma once

#include "fetch/fetch.h"

#include "base/buffer.h"
#include "base/list.h"

#include <curl/curl.h>
#include <pthread.h>

struct fetch {
    const struct net_guard *guard;
    char *ca_file; // owned; NULL
    CURLM *multi;  // of the thread, but for waking it
    pthread_t thread;
    pthread_mutex_t lock; // of the rest
    struct list started;  // transfers that the thread has not seen yet
    size_t open;          // all that are not done
    bool stopping, joined;
    struct list running; // the thread's own
};

// To one address of each family at most, until one of them answers.
enum { TRANSFER_SOCKETS_MAX = 4 };

struct transfer {
    struct list link; // in fetch->started, then in fetch->running
    struct fetch *fetch;
    CURL *easy;
    struct curl_slist *headers; // as libcurl wants them
    struct arena arena;         // method, URL and body
    const char *method;
    const char *url;
    struct slice body;
    size_t answer_max;
    uint64_t deadline_us; // monotonic
    unsigned redirects;
    bool follow, secret;
    bool plain;                        // http
    bool mail;                         // SMTP: `body` is the message
    bool anywhere;                     // ... without TLS to other addresses than loopback, too
    size_t sent;                       // ... bytes of it
    int sockets[TRANSFER_SOCKETS_MAX]; // ... those that libcurl has open; -1: none
    struct curl_slist *recipients;
    bool head_over;     // of the answer that is coming in
    size_t heads_bytes; // of all that came
    struct buffer head; // lines of the last one, each ended by '\n'
    struct buffer answer;
    struct error error;   // why one of our callbacks ended it; code 0: none did
    struct error refused; // what the guard said of the last address that it refused
    char detail[CURL_ERROR_SIZE];
    fetch_done_cb done;
    void *argument;
};

// ---- transfer.c
int transfer_new(struct fetch *fetch, const struct fetch_request *request, struct transfer **ret,
                 struct error *error) MUST_CHECK;
void transfer_free(struct transfer *transfer);
// One without a request; NULL: no memory.
struct transfer *transfer_make(struct fetch *fetch, int timeout_ms) MUST_CHECK;
// What is true of all of them; `protocols` as libcurl names them.
CURLcode transfer_set_safety(struct transfer *transfer, const char *protocols) MUST_CHECK;
// Hands it to the multi handle, at first and for each redirect. CURLcode of a failure.
CURLcode transfer_begin(struct transfer *transfer) MUST_CHECK;
// libcurl is through with it. True: a redirect was followed, it goes on. False: `done` was called.
bool transfer_goes_on(struct transfer *transfer, CURLcode code);
void transfer_fail(struct transfer *transfer, int code, const char *text); // calls `done`

bool fetch_is_stopping(struct fetch *fetch);
// ---- fetch.c: hands it to the thread, whatever it is. It is freed when this fails.
int fetch_put(struct transfer *transfer, fetch_done_cb done, void *argument,
              struct error *error) MUST_CHECK;

// ---- mail.c
void transfer_swap_socket(struct transfer *transfer, int from, int to); // one of `sockets`
int transfer_judge_mail(const struct transfer *transfer, const struct loop_address *address,
                        struct error *error);

// ---- url.c: ERROR_RANGE with a sentence that quotes no path.
struct url_origin {
    char text[320]; // "https://example.com:443"
    bool plain;     // http
};
int fetch_url_check(const char *url, struct url_origin *ret, struct error *error) MUST_CHECK;
// Is it a header that a caller may set, well formed?
bool fetch_header_is_good(const char *header);
bool fetch_header_is(const char *header, const char *name);
