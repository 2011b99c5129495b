// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Heads and framing, shared by both sides: a gateway and the servers around it must never disagree
// about where a message ends.
#pragma once

#include "http/http.h"

// ---- headers.c
bool http_name_is(struct slice name, const char *lower, size_t length);
// Is `token` (lower case) a member of the comma-separated list?
bool http_list_has(struct slice list, const char *token);
// RFC 9110, section 5.6.2.
bool http_is_token_byte(unsigned char c);
// May this be written into a head? Nothing that would end the line or start another.
bool http_header_is_safe(struct slice name, struct slice value);
bool http_value_is_safe(struct slice value);

// ---- head.c: finding the end of a head
struct http_head_scan {
    size_t start; // of the head; 2 after one leading empty line
    size_t line;  // start of the line being looked at
    size_t at;    // first byte not looked at yet
};
// `bytes` begins where it began last time. 0: `*ret_length` bytes, up to and with the empty line.
// ERROR_AGAIN; ERROR_SYNTAX with a reason: a bare LF or CR, a folded line, a second leading empty
// line.
int http_head_find(struct http_head_scan *scan, struct slice bytes, size_t *ret_length,
                   const char **ret_reason);

// ---- head.c: parsing it
struct http_header_list {
    struct http_header *items; // owned
    enum http_field *fields;   // owned; of each item
    size_t count;
    size_t capacity;
    size_t max;
};
void http_header_list_release(struct http_header_list *list);
static inline struct http_headers http_header_list_all(const struct http_header_list *list)
{
    return (struct http_headers){list->items, list->count, list->fields};
}
struct http_head {
    struct http_header_list *headers; // borrowed; slices into the head's bytes
    struct slice method;
    struct slice target;
    int minor; // HTTP/1.<minor>
    int status;
};
// `head` is what http_head_find said: whole, its line ends checked. 0, ERROR_SYNTAX,
// ERROR_UNSUPPORTED (version), ERROR_LIMIT (too many headers), ERROR_NO_MEMORY, with a reason.
int http_head_parse_request(struct slice head, struct http_head *ret, const char **ret_reason);
int http_head_parse_response(struct slice head, struct http_head *ret, const char **ret_reason);

// ---- framing.c: the fields that say where a message ends
enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_TO_END };
struct http_framing {
    enum http_body_kind kind;
    uint64_t length;
    bool close; // the connection ends with this message
    bool expects_continue;
    int minor;
};
// Fills `request` (not peer, tls, body) and the framing. 0, or the status to refuse with.
int http_request_judge(struct slice head, struct http_header_list *headers,
                       struct http_request *request, struct http_framing *ret,
                       const char **ret_reason);
// 0 or ERROR_PROTOCOL, ERROR_NO_MEMORY. `no_body` for the answer to HEAD.
int http_response_judge(struct slice head, struct http_header_list *headers, bool no_body,
                        struct http_response *response, struct http_framing *ret,
                        const char **ret_reason);

// ---- chunks.c: the chunked coding, stricter than RFC 9112 demands
struct http_chunks {
    uint64_t left;
    uint32_t extra; // bytes of extensions and trailers so far
    uint8_t digits;
    uint8_t state;
    bool trailers; // tolerated (and dropped), or refused
};
enum { HTTP_CHUNKS_DONE = 1 };
void http_chunks_init(struct http_chunks *chunks, bool trailers);
// Takes bytes off `input`. 0 with a non-empty piece of data; ERROR_AGAIN: input used up;
// HTTP_CHUNKS_DONE; ERROR_SYNTAX or ERROR_TOO_LARGE with a reason.
int http_chunks_next(struct http_chunks *chunks, struct slice *input, struct slice *ret_data,
                     const char **ret_reason);
