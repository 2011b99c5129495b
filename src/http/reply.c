// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The answering half. A whole answer leaves in one system call. A stream's small writes are
// gathered until the turn ends, the stream ends, or they are no longer small.
#include "http/server_internal.h"

enum { CORK_MAX = 16384, DIRECT_MIN = 4096, PIECES_ON_STACK = 32, JOIN_MAX = 4096 };

static void append_status(struct buffer *head, int status)
{
    if (status == 200) {
        buffer_append(head, SLICE_LITERAL("HTTP/1.1 200 OK\r\n"));
        return;
    }
    buffer_append(head, SLICE_LITERAL("HTTP/1.1 "));
    buffer_append_number(head, (uint64_t)status);
    buffer_append(head, SLICE_LITERAL(" "));
    buffer_append_string(head, http_status_text(status));
    buffer_append(head, SLICE_LITERAL("\r\n"));
}

static bool is_framing_name(struct slice name)
{
    return http_name_is(name, "content-length", 14) || http_name_is(name, "connection", 10) ||
           http_name_is(name, "transfer-encoding", 17);
}

// Everything but the framing fields and the empty line. A header that could split the head is left
// out, and so is a framing field: those belong to this module.
static void append_head(struct buffer *head, int status, const struct http_header *headers,
                        size_t count)
{
    append_status(head, status);
    for (size_t i = 0; i < count; i++) {
        if (!http_header_is_safe(headers[i].name, headers[i].value) ||
            is_framing_name(headers[i].name))
            continue;
        buffer_append(head, headers[i].name);
        buffer_append(head, SLICE_LITERAL(": "));
        buffer_append(head, headers[i].value);
        buffer_append(head, SLICE_LITERAL("\r\n"));
    }
}

static void append_close(struct buffer *head, const struct server_connection *c)
{
    if (c->close_after || c->server->listener == NULL)
        buffer_append(head, SLICE_LITERAL("Connection: close\r\n\r\n"));
    else
        buffer_append(head, SLICE_LITERAL("\r\n"));
}

static bool status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

// The handle is dead after this.
static void end_reply(struct http_reply *reply)
{
    struct server_connection *c = reply->connection;
    http_reply_give_back(reply);
    if (c != NULL)
        http_connection_reply_ended(c);
}

static size_t gather(struct iovec *out, struct slice head, const struct slice *pieces, size_t count)
{
    size_t used = 0;
    out[used++] = (struct iovec){(void *)head.data, head.length};
    for (size_t i = 0; i < count; i++)
        if (pieces[i].length > 0)
            out[used++] = (struct iovec){(void *)pieces[i].data, pieces[i].length};
    return used;
}

static void send_whole(struct http_reply *reply, struct slice head, const struct slice *pieces,
                       size_t count)
{
    struct iovec out[PIECES_ON_STACK + 1];
    size_t batch = count < PIECES_ON_STACK ? count : PIECES_ON_STACK;
    http_connection_send(reply->connection, out, gather(out, head, pieces, batch));
    while ((count -= batch) > 0) {
        pieces += batch;
        batch = count < PIECES_ON_STACK ? count : PIECES_ON_STACK;
        size_t used = gather(out, slice_of("", 0), pieces, batch);
        http_connection_send(reply->connection, out + 1, used - 1);
    }
}

void http_reply_listen(struct http_reply *reply, struct http_reply_events events)
{
    reply->events = events;
}

void http_reply_send(struct http_reply *reply, int status, const struct http_header *headers,
                     size_t header_count, struct slice body)
{
    http_reply_send_pieces(reply, status, headers, header_count, &body, 1);
}

void http_reply_send_pieces(struct http_reply *reply, int status, const struct http_header *headers,
                            size_t header_count, const struct slice *pieces, size_t piece_count)
{
    struct server_connection *c = reply->connection;
    if (c == NULL) {
        end_reply(reply);
        return;
    }
    struct buffer *head = &reply->server->head;
    buffer_clear(head);
    append_head(head, status, headers, header_count);
    size_t length = 0;
    for (size_t i = 0; i < piece_count; i++)
        length += pieces[i].length;
    if (status_has_body(status)) {
        buffer_append(head, SLICE_LITERAL("Content-Length: "));
        buffer_append_number(head, length);
        buffer_append(head, SLICE_LITERAL("\r\n"));
    } else {
        piece_count = 0;
    }
    append_close(head, c);
    if (reply->bodiless)
        piece_count = 0;
    // Copying a small body behind the head costs less than handing the kernel two pieces.
    if (length <= JOIN_MAX) {
        for (size_t i = 0; i < piece_count; i++)
            buffer_append(head, pieces[i]);
        piece_count = 0;
    }
    if (head->failed)
        http_reply_abort(reply);
    else {
        send_whole(reply, buffer_slice(head), pieces, piece_count);
        end_reply(reply);
    }
}

static void flush(struct http_reply *reply)
{
    struct slice bytes = buffer_slice(&reply->corked);
    list_remove(&reply->corked_link);
    if (reply->connection != NULL && reply->corked.failed)
        http_connection_break(reply->connection);
    if (reply->connection != NULL && bytes.length > 0) {
        struct iovec piece = {(void *)bytes.data, bytes.length};
        http_connection_send(reply->connection, &piece, 1);
    }
    buffer_clear(&reply->corked);
}

void http_reply_flush_all(void *argument)
{
    struct http_server *server = argument;
    server->flush_deferred = false;
    while (!list_empty(&server->corked)) {
        struct http_reply *reply = LIST_ENTRY(server->corked.next, struct http_reply, corked_link);
        flush(reply);
        if (reply->connection != NULL)
            http_connection_settle(reply->connection);
    }
}

static void flush_later(struct http_reply *reply)
{
    struct http_server *server = reply->server;
    if (list_empty(&reply->corked_link))
        list_append(&server->corked, &reply->corked_link);
    if (server->flush_deferred)
        return;
    server->flush_deferred = true;
    loop_defer(server->loop, http_reply_flush_all, server);
}

void http_reply_start(struct http_reply *reply, int status, const struct http_header *headers,
                      size_t header_count)
{
    struct server_connection *c = reply->connection;
    reply->started = true;
    if (c == NULL)
        return;
    reply->bodiless |= !status_has_body(status);
    reply->chunked = reply->framing.minor > 0 && status_has_body(status);
    append_head(&reply->corked, status, headers, header_count);
    if (reply->chunked)
        buffer_append(&reply->corked, SLICE_LITERAL("Transfer-Encoding: chunked\r\n"));
    append_close(&reply->corked, c);
    flush_later(reply);
}

static size_t chunk_line(char line[20], size_t length)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 18;
    line[18] = '\r';
    line[19] = '\n';
    do {
        line[--at] = digits[length % 16];
        length /= 16;
    } while (length > 0);
    return at;
}

static void cork_chunk(struct http_reply *reply, struct slice line, struct slice data)
{
    buffer_append(&reply->corked, line);
    buffer_append(&reply->corked, data);
    if (reply->chunked)
        buffer_append(&reply->corked, SLICE_LITERAL("\r\n"));
    if (reply->corked.length >= CORK_MAX)
        flush(reply);
    else
        flush_later(reply);
}

static void send_chunk(struct http_reply *reply, struct slice line, struct slice data)
{
    struct slice before = buffer_slice(&reply->corked);
    struct iovec out[4];
    size_t count = 0;
    if (reply->corked.failed)
        http_connection_break(reply->connection);
    list_remove(&reply->corked_link);
    if (before.length > 0)
        out[count++] = (struct iovec){(void *)before.data, before.length};
    if (line.length > 0)
        out[count++] = (struct iovec){(void *)line.data, line.length};
    out[count++] = (struct iovec){(void *)data.data, data.length};
    if (reply->chunked)
        out[count++] = (struct iovec){(void *)(uintptr_t) "\r\n", 2};
    http_connection_send(reply->connection, out, count);
    buffer_clear(&reply->corked);
}

int http_reply_write(struct http_reply *reply, struct slice data)
{
    char line[20];
    struct server_connection *c = reply->connection;
    if (c == NULL || c->broken || reply->bodiless || data.length == 0)
        return 0;
    size_t at = chunk_line(line, data.length);
    struct slice size = reply->chunked ? slice_of(line + at, sizeof line - at) : slice_of("", 0);
    if (data.length >= DIRECT_MIN)
        send_chunk(reply, size, data);
    else
        cork_chunk(reply, size, data);
    if (!c->working)
        http_connection_settle(c);
    if (c->unsent.length <= reply->server->options.unsent_high)
        return 0;
    reply->blocked = true;
    return ERROR_AGAIN;
}

void http_reply_finish(struct http_reply *reply)
{
    struct server_connection *c = reply->connection;
    if (c != NULL && !reply->started) {
        http_reply_abort(reply);
        return;
    }
    if (c != NULL) {
        if (reply->chunked && !reply->bodiless)
            buffer_append(&reply->corked, SLICE_LITERAL("0\r\n\r\n"));
        flush(reply);
    }
    end_reply(reply);
}

void http_reply_abort(struct http_reply *reply)
{
    struct server_connection *c = reply->connection;
    // Without chunks a plain close would be the proper end of the body.
    if (c != NULL && reply->started && !reply->chunked)
        net_socket_reset_at_close(&c->socket);
    http_reply_give_back(reply);
    if (c == NULL)
        return;
    c->reply = NULL;
    http_connection_close(c);
}
