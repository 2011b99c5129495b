// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipeline/pipeline_internal.h"

// Writes into a new session's id which worker has it.
void route_mark_session(const struct pipeline *pipeline, char *id);
// True: the request has gone to the worker that has what it is about; the reply is dead.
bool route_away(struct pipeline *pipeline, struct http_reply *reply,
                const struct http_request *request, struct slice server_name);
