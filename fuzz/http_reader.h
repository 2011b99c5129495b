// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One message read by our codec, and the same message read by llhttp alone, in a form in which the
// two can be compared.
#pragma once

#include "http/http_internal.h"

enum {
    READING_WHOLE = 0,
    READING_TO_END = 1, // an answer whose body goes to the end of the connection
    READING_MORE = -1,  // more bytes are needed
    READING_REFUSED = -2
};

struct http_reading {
    int status;
    int code; // of a request refused by us: the status to answer; of an answer: its status
    size_t used;
    struct buffer body;
    size_t headers;
    struct slice method, target; // target: path and query together
    bool close;                  // the connection must not be used again
    bool extra;                  // ours only: chunk extensions or trailers were dropped
    bool upgrade;                // llhttp only: the client asks for another protocol
    const char *reason;          // of a refusal
};

// The bytes are handed over `step` at a time.
void http_read_ours(bool request, struct slice all, size_t step, struct http_reading *ret);
// With the strict mode that it was compiled with, and nothing else.
void http_read_llhttp(bool request, struct slice all, struct http_reading *ret);
void http_reading_release(struct http_reading *reading);
// Both accepted: do they agree about everything that matters for framing?
void http_readings_must_agree(const struct http_reading *ours, const struct http_reading *theirs);
void http_must(bool condition);
