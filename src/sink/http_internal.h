// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the sinks that speak HTTP share.
#pragma once

#include "sink/sink_internal.h"

struct sink_http_request {
    struct slice body;
    const char *const *headers; // besides those of the options; NULL-terminated
    const int *never;           // statuses that say that this body is no good; ended by 0
    void (*read)(struct sink *sink, struct slice body, struct sink_delivery *ret); // of a success
};
// Posts to the sink's URL and waits for the answer.
void sink_http_post(struct sink *sink, const struct sink_http_request *request,
                    struct sink_delivery *ret);
