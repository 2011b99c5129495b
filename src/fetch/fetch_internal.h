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
    bool stopping;
    struct list running; // the thread's own
};

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
    bool plain;         // http
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
// Hands it to the multi handle, at first and for each redirect. CURLcode of a failure.
CURLcode transfer_begin(struct transfer *transfer) MUST_CHECK;
// libcurl is through with it. True: a redirect was followed, it goes on. False: `done` was called.
bool transfer_goes_on(struct transfer *transfer, CURLcode code);
void transfer_fail(struct transfer *transfer, int code, const char *text); // calls `done`

// ---- url.c: ERROR_RANGE with a sentence that quotes no path.
struct url_origin {
    char text[320]; // "https://example.com:443"
    bool plain;     // http
};
int fetch_url_check(const char *url, struct url_origin *ret, struct error *error) MUST_CHECK;
// Is it a header that a caller may set, well formed?
bool fetch_header_is_good(const char *header);
bool fetch_header_is(const char *header, const char *name);
