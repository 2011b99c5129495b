// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the ways in tell of themselves; pipeline_internal.h includes it.
#pragma once

#include "pipeline/pipeline_internal.h"

// endpoints.c: /healthz, /readyz, /metrics. False when the path is none of these.
bool endpoints_handle(struct pipeline *pipeline, struct http_reply *reply,
                      const struct http_request *request);

// batch.c
void batch_open(struct pipeline *pipeline, struct http_reply *reply, struct exchange *first);

// stdio_face.c
extern const struct face stdio_face;
void stdio_write(struct pipeline_stdio *stdio, const struct slice *pieces, size_t count);
void stdio_session_ready(struct pipeline_stdio *stdio);
void stdio_exchange_over(struct pipeline_stdio *stdio);

#include "pipeline/results_internal.h"
