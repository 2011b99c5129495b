// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP clients, for those who have to do with them beyond struct face.
#pragma once

#include "pipeline/pipeline_internal.h"

// http_request.c
struct slice http_request_token(const struct http_request *request); // data NULL: none

// http_face.c
extern const struct face http_face;
enum { HTTP_FACE_HEADERS_MAX = 8 };
// What every answer says: no caching, the session, CORS. Room for more is left. The slices are
// borrowed from the exchange.
size_t http_face_headers(const struct exchange *ex, struct http_header *ret);
void http_face_start(struct exchange *ex); // the head of a stream
void http_face_write(struct exchange *ex, const struct http_event *event);
void http_face_comment(struct exchange *ex); // keeps a silent stream alive
void http_face_listen(struct exchange *ex);  // its reply reports to this exchange
void http_face_leave(struct exchange *ex);   // ends its reply, not the exchange
