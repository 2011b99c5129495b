// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 responses as proxies on this machine write them: Content-Length or chunked. Chunks are
// joined where they lie.
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIRST_SIZE = 4096, HEAD_MAX = 16384, LARGEST = 64 * 1024 * 1024 };

static bool grow(struct response *r, size_t wanted)
{
    size_t capacity = r->capacity == 0 ? FIRST_SIZE : r->capacity;
    while (capacity < wanted)
        capacity *= 2;
    if (capacity == r->capacity)
        return true;
    char *bytes = capacity > LARGEST ? NULL : realloc(r->bytes, capacity);
    if (bytes == NULL)
        return false;
    r->bytes = bytes;
    r->capacity = capacity;
    return true;
}

char *response_room(struct response *r, size_t *ret_size)
{
    size_t wanted = r->length + 1;
    if (r->head > 0 && !r->chunked)
        wanted = r->head + r->wanted + 1;
    if (!grow(r, wanted))
        return NULL;
    *ret_size = r->capacity - r->length;
    return r->bytes + r->length;
}

static bool name_is(const char *line, size_t length, const char *name)
{
    size_t size = strlen(name);
    return length > size && strncasecmp(line, name, size) == 0;
}

static void copy_session(struct response *r, const char *value, size_t length)
{
    while (length > 0 && *value == ' ') {
        value++;
        length--;
    }
    if (length >= sizeof r->session)
        return;
    memcpy(r->session, value, length);
    r->session[length] = '\0';
}

static void take_line(struct response *r, const char *line, size_t length)
{
    if (name_is(line, length, "content-length:"))
        r->wanted = strtoul(line + 15, NULL, 10);
    else if (name_is(line, length, "transfer-encoding:"))
        r->chunked = true;
    else if (name_is(line, length, "content-type:"))
        r->event_stream = memmem(line, length, "text/event-stream", 17) != NULL;
    else if (name_is(line, length, "mcp-session-id:"))
        copy_session(r, line + 15, length - 15);
}

static bool take_head(struct response *r)
{
    const char *end = memmem(r->bytes, r->length, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    const char *line = memchr(r->bytes, '\n', r->length) + 1;
    r->head = (size_t)(end - r->bytes) + 4;
    r->status = (int)strtol(r->bytes + 9, NULL, 10);
    r->wanted = 0;
    while (line < end + 2) {
        const char *next = memchr(line, '\n', (size_t)(end + 4 - line));
        take_line(r, line, (size_t)(next - line) - 1);
        line = next + 1;
    }
    if (r->chunked)
        r->wanted = 0;
    r->parsed = r->head;
    return true;
}

// The size line of a chunk, with the CRLF of the one before. 1: taken, 0: more must come, -1:
// broken.
static int take_size(struct response *r)
{
    const char *at = r->bytes + r->parsed;
    size_t left = r->length - r->parsed;
    if (left >= 2 && at[0] == '\r' && at[1] == '\n') {
        at += 2;
        left -= 2;
    }
    const char *end = left == 0 ? NULL : memchr(at, '\n', left);
    if (end == NULL)
        return left > 100 ? -1 : 0;
    char *stop;
    r->wanted = strtoul(at, &stop, 16);
    if (stop == at)
        return -1;
    r->parsed = (size_t)(end - r->bytes) + 1;
    r->in_chunk = true;
    return 1;
}

static enum response_result take_chunks(struct response *r)
{
    for (;;) {
        int taken = r->in_chunk ? 1 : take_size(r);
        if (taken <= 0)
            return taken == 0 ? RESPONSE_MORE : RESPONSE_BROKEN;
        size_t left = r->length - r->parsed;
        if (r->wanted == 0)
            return left >= 2 ? RESPONSE_WHOLE : RESPONSE_MORE; // no trailers here
        size_t take = left < r->wanted ? left : r->wanted;
        memmove(r->bytes + r->head + r->body, r->bytes + r->parsed, take);
        r->body += take;
        r->parsed += take;
        r->wanted -= take;
        if (r->wanted > 0)
            return RESPONSE_MORE;
        r->in_chunk = false;
    }
}

enum response_result response_take(struct response *r, size_t got)
{
    r->length += got;
    if (r->head == 0 && !take_head(r))
        return r->length > HEAD_MAX ? RESPONSE_BROKEN : RESPONSE_MORE;
    if (r->chunked)
        return take_chunks(r);
    r->body = r->length - r->head;
    if (r->body > r->wanted)
        return RESPONSE_BROKEN;
    return r->body == r->wanted ? RESPONSE_WHOLE : RESPONSE_MORE;
}

void response_clear(struct response *r)
{
    r->length = r->head = r->parsed = r->body = r->wanted = 0;
    r->status = 0;
    r->chunked = r->in_chunk = r->event_stream = false;
}

void response_shrink(struct response *r)
{
    free(r->bytes);
    r->bytes = NULL;
    r->capacity = 0;
    response_clear(r);
}
