// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The two halves of a conversation over HTTP+SSE (2024-11-05): the stream (sse.c) and what is
// posted (sse_post.c).
#pragma once

#include "upstream/upstream_internal.h"

struct sse_post;

struct sse_link {
    struct upstream_link link;
    struct http_call *stream;
    struct http_event_parser parser;
    struct loop_timer *patience; // until the endpoint is named
    struct buffer target; // where to post; empty: not named yet; secret, it holds a session id
    struct list posts;    // waiting and under way, in the order they came
    size_t waiting_bytes;
    struct sse_post *greeting; // notifications/initialized under way: what follows waits for it
    char text[96];             // why it broke
};

// endpoint.c: where a reference that the server named leads, as a request's target. Pure.
// ERROR_PROTOCOL with a sentence when it is no reference or leads to another origin.
int upstream_resolve_endpoint(const struct upstream_options *options, struct slice reference,
                              struct buffer *ret_target, struct error *error) MUST_CHECK;

// sse_post.c
int upstream_sse_write(struct upstream_link *link, struct upstream_call *call,
                       const struct upstream_request *request, const struct slice *pieces,
                       size_t count);
void upstream_sse_forget(struct upstream_link *link, struct upstream_call *call);
void upstream_sse_send_waiting(struct sse_link *sse);
void upstream_sse_drop_posts(struct sse_link *sse); // no callback
