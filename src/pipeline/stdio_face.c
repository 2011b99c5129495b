// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The stdio face: one client on a pair of descriptors, one line per message, one conversation with
// one server. The same steps as over HTTP; only the way in and out differs.
#include "pipeline/pipeline_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 * 1024,
    LINE_MAX_BYTES = 4 * 1024 * 1024,
    OUT_MAX = 64 * 1024 * 1024,
    RETRY_DEFAULT_MS = 1000,
    REOPENS_IN_A_ROW = 10,
};

struct pipeline_stdio {
    struct list link; // pipeline->stdios
    struct pipeline *pipeline;
    struct session *session;
    char *grant_id; // owned
    int in_fd, out_fd;
    struct loop_io *in, *out;
    struct loop_timer *file_reader; // standard input is a file
    struct buffer from_client, to_client;
    bool skip_line, ended, closed_told;
    struct upstream_call *stream; // the server's GET stream
    struct loop_timer *reopen;
    struct buffer last_event_id;
    int64_t retry_ms;
    unsigned reopens;
    bool stream_refused;
    size_t open; // exchanges
    void (*closed)(void *argument);
    void *closed_argument;
};

// ---- The end

static void tell_closed(struct pipeline_stdio *stdio)
{
    if (!stdio->ended || stdio->open > 0 || stdio->closed_told)
        return;
    stdio->closed_told = true;
    stdio->closed(stdio->closed_argument);
}

// The conversation cannot go on as it should; what is still in flight is not waited for.
static void give_up(struct pipeline_stdio *stdio, const char *why)
{
    log_event(LOG_ERROR, "pipeline", "%s; the connection is closed", why);
    buffer_clear(&stdio->to_client);
    stdio->ended = true;
    if (!stdio->closed_told)
        stdio->closed(stdio->closed_argument);
    stdio->closed_told = true;
}

// ---- To the client

static void output_cb(void *argument, int events)
{
    struct pipeline_stdio *stdio = argument;
    (void)events;
    struct slice waiting = buffer_slice(&stdio->to_client);
    ssize_t sent = waiting.length == 0 ? 0 : write(stdio->out_fd, waiting.data, waiting.length);
    if (sent > 0)
        buffer_consume(&stdio->to_client, (size_t)sent);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        buffer_clear(&stdio->to_client); // the client is gone; the end of its input follows
        stdio->ended = true;
    }
    if (stdio->out != NULL)
        loop_io_want(stdio->out, stdio->to_client.length > 0 ? LOOP_WRITE : 0);
}

void stdio_write(struct pipeline_stdio *stdio, const struct slice *pieces, size_t count)
{
    if (stdio->closed_told) // a line may have been cut short: nothing may follow it
        return;
    for (size_t i = 0; i < count; i++) {
        // Raw line breaks stand only between tokens; a line must not hold them.
        struct slice rest = pieces[i];
        while (rest.length > 0) {
            size_t run = 0;
            while (run < rest.length && rest.data[run] != '\n' && rest.data[run] != '\r')
                run++;
            buffer_append(&stdio->to_client, slice_of(rest.data, run));
            run += run < rest.length ? 1 : 0;
            rest = slice_of(rest.data + run, rest.length - run);
        }
    }
    buffer_append_string(&stdio->to_client, "\n");
    if (stdio->to_client.failed) {
        give_up(stdio, "the client does not read, or there is no memory for what it is told");
        return;
    }
    output_cb(stdio, LOOP_WRITE);
    // A descriptor that cannot be polled (a file) takes everything at once or in turns.
    while (stdio->out == NULL && stdio->to_client.length > 0 && !stdio->ended)
        output_cb(stdio, LOOP_WRITE);
}

static void answer(struct exchange *ex, int status, const struct slice *pieces, size_t count)
{
    // Nobody reads an answer to a notification or to a response.
    if (count > 0 && (ex->message_kind == MCP_REQUEST || ex->method_name.length == 0))
        stdio_write(ex->face_state, pieces, count);
    // A response that was lost here would be waited for, and its client cannot know.
    if (status == 500 && ex->method_name.length == 0)
        give_up(ex->face_state, "a message was lost for want of memory");
}

static void stream_begin(struct exchange *ex)
{
    (void)ex;
}

static void stream_message(struct exchange *ex, const struct slice *pieces, size_t count,
                           struct slice id, int64_t retry_ms)
{
    struct pipeline_stdio *stdio = ex->face_state;
    (void)id;
    if (retry_ms >= 0)
        stdio->retry_ms = retry_ms;
    if (count > 0)
        stdio_write(stdio, pieces, count);
}

static void stream_end(struct exchange *ex)
{
    (void)ex;
}

const struct face stdio_face = {answer, stream_begin, stream_message, stream_end};

// ---- From the client

void stdio_exchange_over(struct pipeline_stdio *stdio)
{
    stdio->open--;
    tell_closed(stdio);
}

static struct exchange *open_exchange(struct pipeline_stdio *stdio)
{
    struct pipeline *pipeline = stdio->pipeline;
    struct exchange *ex = exchange_new(pipeline, &stdio_face, stdio);
    stdio->open++;
    ex->grant = identity_by_id(pipeline->rules->given.grants, slice_from_string(stdio->grant_id));
    ex->reach =
        ex->grant == NULL
            ? NULL
            : identity_reach(ex->grant, upstream_server_options(stdio->session->server)->name);
    ex->server = upstream_server_ref(stdio->session->server);
    ex->session = stdio->session;
    ex->accepts_stream = true;
    ex->observe = ex->grant != NULL && ex->grant->mode == IDENTITY_OBSERVE;
    if (ex->reach != NULL && ex->reach->policy >= 0)
        ex->policy = policy_ref(ex->rules->given.policies[ex->reach->policy].policy);
    return ex;
}

static void handle_line(struct pipeline_stdio *stdio, struct slice line)
{
    struct exchange *ex = open_exchange(stdio);
    ex->text = line;
    if (ex->grant == NULL || ex->reach == NULL) {
        exchange_refuse(ex, 404, MCP_ERROR_INVALID_REQUEST, "This grant does not reach the server");
        exchange_finish(ex);
        return;
    }
    steps_run(ex);
}

// A batch of 2025-03-26: every member is judged by itself and answered by a line of its own.
static bool handle_batch(struct pipeline_stdio *stdio, struct slice line)
{
    if (stdio->session->version != MCP_2025_03_26 || slice_trim(line).data[0] != '[')
        return false;
    struct json_doc doc;
    json_doc_init(&doc);
    bool whole = json_scan(&doc, line, NULL, NULL, NULL) == 0 && json_at(&doc, 0)->count > 0;
    for (uint32_t e = whole ? json_first_element(&doc, 0) : (uint32_t)JSON_NONE; e != JSON_NONE;
         e = json_next_element(&doc, 0, e))
        handle_line(stdio, json_raw(&doc, e));
    json_doc_release(&doc);
    return whole;
}

static void handle_lines(struct pipeline_stdio *stdio)
{
    struct slice rest = buffer_slice(&stdio->from_client);
    size_t used = 0;
    const char *end;
    while ((end = memchr(rest.data + used, '\n', rest.length - used)) != NULL) {
        struct slice line = slice_of(rest.data + used, (size_t)(end - rest.data) - used);
        used += line.length + 1;
        bool skip = stdio->skip_line;
        stdio->skip_line = false;
        while (line.length > 0 && line.data[line.length - 1] == '\r')
            line.length--;
        if (!skip && slice_trim(line).length > 0 && !handle_batch(stdio, line))
            handle_line(stdio, line);
    }
    buffer_consume(&stdio->from_client, used);
}

static void end_input(struct pipeline_stdio *stdio)
{
    if (stdio->in != NULL)
        loop_io_close(stdio->in);
    stdio->in = NULL;
    if (stdio->file_reader != NULL)
        loop_timer_stop(stdio->file_reader);
    stdio->ended = true;
    pipeline_end_streams(stdio->pipeline);
    tell_closed(stdio);
}

// What has come of the line is dropped, and so is its rest.
static void refuse_line(struct pipeline_stdio *stdio)
{
    struct exchange *ex = open_exchange(stdio);
    if (stdio->from_client.length >= LINE_MAX_BYTES)
        exchange_refuse(ex, 413, MCP_ERROR_INVALID_REQUEST, "The message is larger than %d bytes",
                        LINE_MAX_BYTES);
    else
        exchange_refuse(ex, 503, MCP_ERROR_INTERNAL, "There is no memory for the message");
    exchange_finish(ex);
    buffer_clear(&stdio->from_client);
    stdio->skip_line = true;
}

static void input_cb(void *argument, int events)
{
    struct pipeline_stdio *stdio = argument;
    (void)events;
    if (stdio->from_client.length >= LINE_MAX_BYTES)
        refuse_line(stdio);
    char *at = buffer_reserve(&stdio->from_client, READ_SIZE);
    if (at == NULL) {
        stdio->from_client.failed = false;
        if (stdio->from_client.length > 0)
            refuse_line(stdio);
        return; // what waits is read when there is memory
    }
    ssize_t got = read(stdio->in_fd, at, READ_SIZE);
    if (got > 0) {
        buffer_commit(&stdio->from_client, (size_t)got);
        handle_lines(stdio);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        // A last line without its line break still counts.
        if (stdio->from_client.length > 0 && buffer_append_string(&stdio->from_client, "\n") == 0)
            handle_lines(stdio);
        end_input(stdio);
    }
}

static void file_cb(void *argument)
{
    input_cb(argument, LOOP_READ);
}

// ---- The server's own stream over HTTP: what an HTTP client would open by GET, we open for this
// client

static void stream_message_cb(void *argument, struct upstream_message *message)
{
    struct pipeline_stdio *stdio = argument;
    if (stdio->stream_refused) // the refusal's own words answer nothing that the client asked
        return;
    if (message->event_id.length > 0) {
        buffer_clear(&stdio->last_event_id);
        buffer_append(&stdio->last_event_id, message->event_id);
    }
    if (message->retry_ms >= 0)
        stdio->retry_ms = message->retry_ms;
    if (message->doc == NULL)
        return;
    stdio->reopens = 0;
    struct exchange *judge = open_exchange(stdio);
    judge->kind = EXCHANGE_STREAM;
    judge->outcome = OUTCOME_ALLOWED;
    if (judge->grant != NULL && judge->reach != NULL) {
        judge->streaming = true;
        answer_message(judge, message);
    }
    judge->answered = true;
    exchange_finish(judge);
}

static void stream_head_cb(void *argument, const struct upstream_head *head)
{
    struct pipeline_stdio *stdio = argument;
    // 405: the server has no such stream (2025-03-26, "Listening for messages").
    stdio->stream_refused = !head->event_stream;
}

static void reopen_later(struct pipeline_stdio *stdio)
{
    stdio->stream = NULL;
    if (stdio->ended || stdio->stream_refused || ++stdio->reopens > REOPENS_IN_A_ROW)
        return;
    loop_timer_start(stdio->reopen, (uint64_t)stdio->retry_ms, 0);
}

static void stream_end_cb(void *argument)
{
    reopen_later(argument);
}

static void stream_error_cb(void *argument, int code, bool sent, const char *text)
{
    (void)code;
    (void)sent;
    log_event(LOG_DEBUG, "pipeline", "the server's event stream ended: %s", text);
    reopen_later(argument);
}

static void open_server_stream(void *argument)
{
    struct pipeline_stdio *stdio = argument;
    struct session *session = stdio->session;
    struct http_header headers[3];
    size_t count = send_session_headers(session, headers);
    enum mcp_version version =
        session->version == MCP_VERSION_NONE ? MCP_2025_03_26 : session->version;
    headers[count++] =
        (struct http_header){SLICE_LITERAL(VERSION_HEADER), mcp_version_text(version)};
    if (stdio->last_event_id.length > 0)
        headers[count++] = (struct http_header){SLICE_LITERAL("Last-Event-ID"),
                                                buffer_slice(&stdio->last_event_id)};
    struct upstream_call_events events = {stream_head_cb, stream_message_cb, stream_end_cb,
                                          stream_error_cb, stdio};
    struct upstream_request request = {
        .verb = UPSTREAM_GET, .headers = headers, .header_count = count};
    struct error error = {0};
    if (upstream_send(session->server, NULL, &request, &events, &stdio->stream, &error) != 0)
        reopen_later(stdio);
}

// Called when the server has taken notifications/initialized.
void stdio_session_ready(struct pipeline_stdio *stdio)
{
    if (!upstream_server_has_links(stdio->session->server) && stdio->stream == NULL &&
        !stdio->ended)
        open_server_stream(stdio);
}

// ---- Opening and closing

static bool make_pollable(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    // Other kinds (a terminal, a file) may be shared with programs that expect them to block.
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))
        return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
    return S_ISCHR(status.st_mode);
}

static int open_session(struct pipeline_stdio *stdio, struct slice server, struct error *error)
{
    struct pipeline *pipeline = stdio->pipeline;
    struct exchange opening = {.pipeline = pipeline};
    opening.grant =
        identity_by_id(pipeline->rules->given.grants, slice_from_string(stdio->grant_id));
    opening.server = upstream_find(pipeline->given.upstreams, server);
    opening.client_name = (struct slice){"", 0};
    if (opening.grant == NULL || opening.server == NULL)
        return error_set(error, ERROR_NOT_FOUND, "there is no server '%.*s' for grant '%s'",
                         SLICE_PRINT(server), stdio->grant_id);
    stdio->session = session_new(&opening);
    if (stdio->session == NULL)
        return error_set(error, ERROR_NO_MEMORY, "no memory for a session");
    stdio->session->stdio = stdio;
    return 0;
}

static int open_descriptors(struct pipeline_stdio *stdio, struct error *error)
{
    struct loop *loop = stdio->pipeline->loop;
    if (make_pollable(stdio->in_fd))
        stdio->in = loop_io_open(loop, stdio->in_fd, input_cb, stdio);
    if (stdio->in != NULL) {
        loop_io_want(stdio->in, LOOP_READ);
    } else {
        stdio->file_reader = loop_timer_open(loop, file_cb, stdio);
        if (stdio->file_reader == NULL)
            return error_set(error, ERROR_NO_MEMORY, "no memory to read standard input");
        loop_timer_start(stdio->file_reader, 1, 1);
    }
    if (make_pollable(stdio->out_fd))
        stdio->out = loop_io_open(loop, stdio->out_fd, output_cb, stdio);
    stdio->reopen = loop_timer_open(loop, open_server_stream, stdio);
    return stdio->reopen == NULL ? error_set(error, ERROR_NO_MEMORY, "no memory for a timer") : 0;
}

int pipeline_stdio_open(struct pipeline *pipeline, struct slice grant_id, struct slice server,
                        int in_fd, int out_fd, void (*closed)(void *argument), void *argument,
                        struct pipeline_stdio **ret, struct error *error)
{
    struct pipeline_stdio *stdio = memory_new(sizeof *stdio);
    stdio->pipeline = pipeline;
    stdio->grant_id = memory_copy_string(grant_id.data, grant_id.length);
    stdio->in_fd = in_fd;
    stdio->out_fd = out_fd;
    stdio->closed = closed;
    stdio->closed_argument = argument;
    stdio->retry_ms = RETRY_DEFAULT_MS;
    buffer_init(&stdio->from_client, LINE_MAX_BYTES + READ_SIZE);
    buffer_init(&stdio->to_client, OUT_MAX);
    buffer_init(&stdio->last_event_id, 4096);
    list_append(&pipeline->stdios, &stdio->link);
    int result = open_session(stdio, server, error);
    if (result == 0)
        result = open_descriptors(stdio, error);
    if (result != 0) {
        pipeline_stdio_free(stdio);
        return result;
    }
    *ret = stdio;
    return 0;
}

void pipeline_stdio_free(struct pipeline_stdio *stdio)
{
    if (stdio == NULL)
        return;
    stdio->closed_told = true;
    LIST_EACH(&stdio->pipeline->exchanges, item)
    {
        struct exchange *ex = LIST_ENTRY(item, struct exchange, link);
        if (ex->face == &stdio_face && ex->face_state == stdio) {
            ex->client_gone = true;
            exchange_finish(ex);
        }
    }
    if (stdio->stream != NULL)
        upstream_call_cancel(stdio->stream, false);
    if (stdio->session != NULL)
        session_free(stdio->session);
    if (stdio->in != NULL)
        loop_io_close(stdio->in);
    if (stdio->out != NULL)
        loop_io_close(stdio->out);
    if (stdio->file_reader != NULL)
        loop_timer_close(stdio->file_reader);
    if (stdio->reopen != NULL)
        loop_timer_close(stdio->reopen);
    buffer_release(&stdio->from_client);
    buffer_release(&stdio->to_client);
    buffer_release(&stdio->last_event_id);
    list_remove(&stdio->link);
    memory_free(stdio->grant_id);
    memory_free(stdio);
}
